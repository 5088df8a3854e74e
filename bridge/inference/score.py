"""Accuracy of inferred synapses of simulated networks."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from bridge.evaluation.measures import NORMAL_95, Measure, auc, wilson_interval
from bridge.inference.connectome import Connectome
from bridge.neuron.rates import siegert_rate
from bridge.recordings.glm.synaptic_kernel import SynapticKernel
from neurosim import LIF, NeurosimError


def score_connectome(
    connectome: Connectome, truth: ArrayLike, *, least: float = 1.0, fdr: float = 0.01
) -> dict[str, Measure]:
    """Return measures of the accuracy of inferred synapses.

    Parameters
    ----------
    connectome : Connectome
    truth : (n, n) array_like
        PSP of each synapse (mV), 0 for no synapse; rows are presynaptic neurons.
    least : float
        Smallest strength (mV) of synapses in `auc_existence` and `found`.
    fdr : float
        False discovery rate of the called synapses.

    Returns
    -------
    dict of str to Measure
        `auc_existence`: AUC of abs(z) for synapses of at least `least` mV against absent ones;
        `auc_all`: the same for all synapses; `found`: fraction of synapses of at least `least` mV
        that are called; `false_calls`: fraction of called synapses that do not exist;
        `sign_accuracy`: fraction of correct signs of called synapses that exist;
        `strength_correlation`: Pearson correlation over all synapses; `log_odds_per_mv`: slope
        through the origin of weight against PSP; `null_sd`: standard deviation of z of absent
        synapses. Intervals assume independent pairs.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge.inference import infer_synapses, score_connectome
    >>> rng = np.random.default_rng(1)
    >>> first = np.cumsum(rng.uniform(10.0, 200.0, 500))
    >>> second = first[::2] + rng.uniform(1.0, 9.0, 250)
    >>> third = np.sort(rng.uniform(0.0, first[-1], 300))
    >>> found = infer_synapses([first, second, third], duration=first[-1] + 10.0)
    >>> measures = score_connectome(found, [[0.0, 5.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    >>> float(measures["found"].value)
    1.0
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
        "found": _fraction(
            strong & called, strong, f"synapses {unit}, called at an FDR of {fdr:g}"
        ),
        "false_calls": _fraction(absent & called, called, f"synapses called at an FDR of {fdr:g}"),
        "sign_accuracy": _fraction(exists & called & right, exists & called, "called and present"),
        "strength_correlation": _correlation(weights, psps),
        "log_odds_per_mv": _slope(weights, psps),
        "null_sd": _spread(null),
    }


def existence_auc(score: ArrayLike, truth: ArrayLike, *, least: float = 0.0) -> Measure:
    """Return the AUC of abs(score) for the existence of synapses.

    Parameters
    ----------
    score : (n, n) array_like
        z of any method; NaN is ignored.
    truth : (n, n) array_like
        PSPs (mV), 0 for no synapse.
    least : float
        Weaker synapses (mV) are ignored.

    Examples
    --------
    Scores that rank every true synapse above every absent one:

    >>> import numpy as np
    >>> from bridge.inference import existence_auc
    >>> truth = np.zeros((6, 6))
    >>> truth[0, 1], truth[2, 3] = 2.0, -1.0
    >>> score = 5.0 * truth + np.random.default_rng(1).normal(size=(6, 6))
    >>> existence_auc(score, truth).value
    1.0
    """
    score = np.asarray(score, dtype=float)
    truth = check_truth(truth, score.shape)
    used = np.isfinite(score) & ((truth == 0) | (np.abs(truth) >= least))
    present = truth[used] != 0
    if present.all() or not present.any():
        raise NeurosimError(
            f"{int(present.sum())} of {len(present)} pairs have a synapse of {least:g} mV or more: "
            "an AUC needs pairs with and without synapse"
        )
    found = auc(present, np.abs(score[used]))
    note = f"{int(present.sum()):,} synapses, {int((~present).sum()):,} absent"
    low, high = (None if bound is None else min(bound, 1.0) for bound in (found.low, found.high))
    return replace(found, low=low, high=high, note=note)


def membrane_beta(
    rate: ArrayLike,
    neuron: LIF,
    sigma: float,
    kernel: SynapticKernel | ArrayLike,
    *,
    dt: float = 0.1,
) -> NDArray[np.float64]:
    """Return the log-odds per mV of a neuron with membrane noise, by linear response.

    An input of J mV causes J·τ_m·dν/dμ additional spikes, a weight w causes ν·w·area. Therefore
    β = τ_m/area · d ln ν/dμ, at the mean potential μ for the given rate (Siegert's formula). For J
    that is not small compared to σ, excitatory weights are larger and inhibitory ones smaller.

    Parameters
    ----------
    rate : float or (n,) array_like
        Firing rate (Hz).
    neuron : LIF
    sigma : float
        Standard deviation of the free potential (mV), including synaptic noise.
    kernel : SynapticKernel or array_like
        Kernel with a peak of 1, or the integral (ms) of the time course of each pair or neuron; see
        `Connectome.areas`.
    dt : float
        Simulation step (ms).

    Returns
    -------
    (n,) or (n, n) ndarray
        Per mV.

    Examples
    --------
    >>> import neurosim as ns
    >>> from bridge.inference import SynapticKernel, membrane_beta
    >>> membrane_beta([5.0, 10.0], ns.LIF(), sigma=3.0, kernel=SynapticKernel()).round(2)
    array([0.85, 0.54])
    """
    top = 0.95e3 / max(neuron.t_ref, 1.0)
    rates = np.atleast_1d(np.asarray(rate, dtype=float))
    if not ((rates > 0) & (rates < top)).all():
        raise NeurosimError(f"rates must lie above 0 and below {top:g} Hz")

    def log_rate(mu: float, offset: float = 0.0) -> float:
        return math.log(max(float(siegert_rate(mu, sigma, neuron, dt=dt)), 1e-300)) - offset

    low, high = neuron.v_threshold - 25.0 * sigma, neuron.v_threshold + 1e4
    slopes = np.empty(len(rates))
    for k, one in enumerate(rates):
        mu = float(brentq(log_rate, low, high, args=(math.log(one),)))
        slopes[k] = (log_rate(mu + 1e-3) - log_rate(mu - 1e-3)) / 2e-3
    area = kernel.area if isinstance(kernel, SynapticKernel) else np.asarray(kernel, dtype=float)
    return slopes * neuron.tau_m / area


def check_truth(truth: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the true PSPs as an array, which must be finite and have the given shape."""
    truth = np.asarray(truth, dtype=float)
    if truth.shape != shape or not np.isfinite(truth).all():
        raise NeurosimError(
            f"truth of shape {truth.shape}: give finite PSPs in mV, shape {shape}, 0 for no synapse"
        )
    return truth


def _fraction(hits: NDArray[np.bool_], of: NDArray[np.bool_], note: str) -> Measure:
    """Return a fraction with its interval."""
    n, k = int(of.sum()), int(hits.sum())
    low, high = wilson_interval(k, n)
    value = k / n if n else math.nan
    return Measure(value, "", float(low), float(high), f"of {n:,} {note}")


def _correlation(weights: NDArray, psps: NDArray) -> Measure:
    """Return Pearson's correlation with the interval from Fisher's z."""
    n = len(weights)
    if n < 4 or np.ptp(psps) == 0 or np.ptp(weights) == 0:
        return Measure(math.nan, "", math.nan, math.nan, f"of {n:,} synapses")
    value = float(np.corrcoef(weights, psps)[0, 1])
    centre, half = np.arctanh(value), NORMAL_95 / math.sqrt(n - 3)
    low, high = np.tanh([centre - half, centre + half])
    return Measure(value, "", float(low), float(high), f"of {n:,} synapses that exist")


def _slope(weights: NDArray, psps: NDArray) -> Measure:
    """Return the slope of a line through the origin, with a robust interval."""
    square = float(psps @ psps)
    value = float(weights @ psps) / square
    error = math.sqrt(float((psps**2) @ (weights - value * psps) ** 2)) / square
    half = NORMAL_95 * error
    return Measure(value, "per mV", value - half, value + half, "weight against true PSP")


def _spread(values: NDArray) -> Measure:
    """Return the standard deviation about 0, with an interval from the fourth moment."""
    n = len(values)
    square = float(np.mean(values**2))
    error = float(np.std(values**2)) / math.sqrt(n) / (2.0 * math.sqrt(square))
    sd, half = math.sqrt(square), NORMAL_95 * error
    return Measure(
        sd, "", sd - half, sd + half, f"z of {n:,} absent synapses; 1 for a correct model"
    )
