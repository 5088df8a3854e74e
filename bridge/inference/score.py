"""How well recovered synapses agree with the true ones."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq

from bridge.evaluation.measures import NORMAL_95, Measure, auc, wilson_interval
from bridge.neuron.rates import siegert_rate
from neurosim import LIF, NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bridge.inference.connectome import Connectome
    from bridge.inference.kernel import SynapticKernel


def score_connectome(
    connectome: Connectome, truth: ArrayLike, *, least: float = 1.0, fdr: float = 0.01
) -> dict[str, Measure]:
    """Return how well the synapses of a simulated network were recovered.

    Parameters
    ----------
    connectome : Connectome
    truth : (n, n) array_like
        PSP of each synapse (mV), 0 where there is none; row by presynaptic neuron.
    least : float
        Size (mV) of the synapses that `auc_existence` and `found` are about.
    fdr : float
        Share of false calls at which synapses are called present.

    Returns
    -------
    dict of str to Measure
        `auc_existence`: by abs(z), of synapses of `least` mV and more against absent ones;
        `auc_all`: of all synapses; `found`: share of those of `least` and more that are called;
        `false_calls`: share of the called that do not exist; `sign_accuracy`: of those called that
        exist; `strength_correlation`: Pearson's, over all synapses that exist;
        `log_odds_per_mv`: slope through the origin of weight against PSP; `null_sd`: of z among
        absent synapses. Intervals take pairs to be independent.
    """
    truth = check_truth(truth, connectome.z.shape)
    known = np.isfinite(connectome.z)
    exists, called = known & (truth != 0), known & connectome.called(fdr)
    strong, absent = known & (np.abs(truth) >= least), known & (truth == 0)
    right = np.sign(connectome.weights) == np.sign(truth)
    weights, psps = connectome.weights[exists], truth[exists]
    null = connectome.z[absent]
    unit = f"of {least:g} mV and more"
    return {
        "auc_existence": existence_auc(connectome.z, truth, least=least),
        "auc_all": existence_auc(connectome.z, truth),
        "found": _share(strong & called, strong, f"synapses {unit}, called at an FDR of {fdr:g}"),
        "false_calls": _share(absent & called, called, f"synapses called at an FDR of {fdr:g}"),
        "sign_accuracy": _share(exists & called & right, exists & called, "called and present"),
        "strength_correlation": _correlation(weights, psps),
        "log_odds_per_mv": _slope(weights, psps),
        "null_sd": _spread(null),
    }


def existence_auc(score: ArrayLike, truth: ArrayLike, *, least: float = 0.0) -> Measure:
    """Return the AUC of abs(score) for telling present synapses from absent ones.

    Parameters
    ----------
    score : (n, n) array_like
        z of any method; pairs with NaN are left out.
    truth : (n, n) array_like
        mV, 0 where there is none.
    least : float
        mV; weaker synapses are left out.
    """
    score = np.asarray(score, dtype=float)
    truth = check_truth(truth, score.shape)
    used = np.isfinite(score) & ((truth == 0) | (np.abs(truth) >= least))
    present = truth[used] != 0
    if present.all() or not present.any():
        raise NeurosimError(
            f"{int(present.sum())} of {len(present)} pairs have a synapse of {least:g} mV or more: "
            "an AUC needs pairs with and without"
        )
    found = auc(present, np.abs(score[used]))
    note = f"{int(present.sum()):,} synapses, {int((~present).sum()):,} absent"
    low, high = (None if bound is None else min(bound, 1.0) for bound in (found.low, found.high))
    return replace(found, low=low, high=high, note=note)


def membrane_beta(
    rate: ArrayLike, neuron: LIF, sigma: float, kernel: SynapticKernel, *, dt: float = 0.1
) -> NDArray[np.float64]:
    """Return the log-odds per mV of a neuron with membrane noise, by linear response.

    A kick of J mV brings, all in all, J·τ_m·dν/dμ more spikes; a weight w brings ν·w·area. So β =
    τ_m/area · d ln ν/dμ, at the μ at which the neuron fires at the rate it has (Siegert's formula).
    What excites gets more than this and what inhibits less, as far as J is not small beside σ.

    Parameters
    ----------
    rate : float or (n,) array_like
        Hz.
    neuron : LIF
    sigma : float
        Standard deviation of the free potential (mV), synaptic noise included.
    kernel : SynapticKernel
    dt : float
        Step of the simulation (ms).

    Returns
    -------
    (n,) ndarray
        Per mV.
    """
    top = 0.95e3 / max(neuron.t_ref, 1.0)
    rates = np.atleast_1d(np.asarray(rate, dtype=float))
    if not ((rates > 0) & (rates < top)).all():
        raise NeurosimError(f"rates must lie above 0 and below {top:g} Hz")

    def log_rate(mu: float, less: float = 0.0) -> float:
        return math.log(max(float(siegert_rate(mu, sigma, neuron, dt=dt)), 1e-300)) - less

    low, high = neuron.v_threshold - 25.0 * sigma, neuron.v_threshold + 1e4
    slopes = np.empty(len(rates))
    for k, one in enumerate(rates):
        mu = float(brentq(log_rate, low, high, args=(math.log(one),)))
        slopes[k] = (log_rate(mu + 1e-3) - log_rate(mu - 1e-3)) / 2e-3
    return slopes * neuron.tau_m / kernel.area


def check_truth(truth: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the true PSPs as an array, refused unless finite and of that shape."""
    truth = np.asarray(truth, dtype=float)
    if truth.shape != shape or not np.isfinite(truth).all():
        raise NeurosimError(
            f"truth of shape {truth.shape}: give finite PSPs in mV, shape {shape}, 0 where there "
            "is no synapse"
        )
    return truth


def _share(hits: NDArray[np.bool_], of: NDArray[np.bool_], note: str) -> Measure:
    n, k = int(of.sum()), int(hits.sum())
    low, high = wilson_interval(k, n)
    value = k / n if n else math.nan
    return Measure(value, "", float(low), float(high), f"of {n:,} {note}")


def _correlation(weights: NDArray, psps: NDArray) -> Measure:
    """Pearson's correlation with the interval of Fisher's z."""
    n = len(weights)
    if n < 4 or np.ptp(psps) == 0 or np.ptp(weights) == 0:
        return Measure(math.nan, "", math.nan, math.nan, f"of {n:,} synapses")
    value = float(np.corrcoef(weights, psps)[0, 1])
    centre, half = np.arctanh(value), NORMAL_95 / math.sqrt(n - 3)
    low, high = np.tanh([centre - half, centre + half])
    return Measure(value, "", float(low), float(high), f"of {n:,} synapses that exist")


def _slope(weights: NDArray, psps: NDArray) -> Measure:
    """Slope of a line through the origin, with the spread about it (robust to its width)."""
    square = float(psps @ psps)
    value = float(weights @ psps) / square
    error = math.sqrt(float((psps**2) @ (weights - value * psps) ** 2)) / square
    half = NORMAL_95 * error
    return Measure(value, "per mV", value - half, value + half, "weight against true PSP")


def _spread(values: NDArray) -> Measure:
    """Standard deviation about 0, with the interval that its fourth moment gives."""
    n = len(values)
    square = float(np.mean(values**2))
    error = float(np.std(values**2)) / math.sqrt(n) / (2.0 * math.sqrt(square))
    sd, half = math.sqrt(square), NORMAL_95 * error
    return Measure(sd, "", sd - half, sd + half, f"z of {n:,} absent synapses; 1 if all is right")
