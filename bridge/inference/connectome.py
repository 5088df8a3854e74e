"""The inferred synapses and their significance."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr
from scipy.stats import false_discovery_control, truncnorm

from bridge.evaluation.measures import NORMAL_95
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bridge.inference.kernel import SynapticKernel

CENTRE = 1.5
"""|z| in units of the null spread up to which scores count as those of absent synapses."""
NORMAL_QUARTILE = 0.6744897501960817
"""Median of |z| of N(0, 1)."""
CENTRAL_VARIANCE = float(truncnorm.var(-CENTRE, CENTRE))
"""Variance of N(0, 1) within `CENTRE`."""
FEWEST_PAIRS = 50
"""Pairs below which the spread is estimated at other lags."""
FEWEST_SCORES = 10
"""Scores at other lags below which it is not estimated."""


@dataclass(frozen=True, eq=False)
class Connectome:
    """Synapses between neurons: rows are presynaptic, columns postsynaptic neurons.

    NaN marks pairs that were not or cannot be fitted: a neuron onto itself, onto neurons that were
    not selected or have too few spikes, and from silent ones.

    Attributes
    ----------
    weights : (n, n) ndarray
        Change of the postsynaptic log-odds to fire in a bin, at the peak of the kernel.
    standard_errors : (n, n) ndarray
        Standard errors of the weights, given the data and the prior.
    z : (n, n) ndarray
        Weights over their standard deviation without a synapse: near N(0, 1) for absent synapses.
    intercepts : (n,) ndarray
        Log-odds to fire in a bin, long after the last spike and without input, averaged over
        baseline and stimulus.
    cross_entropy : (n,) ndarray
        Cross-entropy of each neuron's spikes (nats, all bins together). Of two kernels, the one
        with the smaller sum describes a recording better.
    rates : (n,) ndarray
        Firing rates while present (Hz).
    neurons : (n,) ndarray of int or str
        Names of the neurons.
    kernel : SynapticKernel
    bin_width : float
        ms.
    prior_sd : float
        Standard deviation of the prior of the weights; infinite without a ridge.
    evaluations : (n,) ndarray of int
        Evaluations of the likelihood for each neuron.
    converged : (n,) ndarray of bool
    stimulus_weights : (n_features, n) ndarray
        Change of the log-odds per standard deviation of each feature of the stimulus.
    flatness : (n, n) ndarray
        p-values of flat residuals of the postsynaptic neuron, 0 to 80 ms after the presynaptic
        neuron's spikes (χ² over seven bands of lags). Small ones show that the model does not hold.
    synchrony : (n, n) ndarray
        z of the postsynaptic neuron's residuals in the very bins in which the presynaptic neuron
        fires. No synapse acts so early: an excess shows input that both share.
    distant : (n, n, n_lags) ndarray
        z of residuals 100 to 500 ms after the presynaptic neuron's spikes, which no synapse
        reaches; only for few neurons.
    """

    weights: NDArray[np.float64]
    standard_errors: NDArray[np.float64]
    z: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    cross_entropy: NDArray[np.float64]
    rates: NDArray[np.float64]
    neurons: NDArray
    kernel: SynapticKernel
    bin_width: float
    prior_sd: float
    evaluations: NDArray[np.int64]
    converged: NDArray[np.bool_]
    stimulus_weights: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    flatness: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    synchrony: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    distant: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0, 0)))

    @cached_property
    def null_sd(self) -> float:
        """Spread of z about 0 among absent synapses, at least 1.

        The central z, those within 1.5 sd of 0, are matched to N(0, sd²) (after Efron 2004, J. Am.
        Stat. Assoc. 99:96). The limit starts from the median of |z| and follows the estimate, so it
        suits any spread, and synapses hardly widen it as long as most pairs have none. With fewer
        than 50 pairs, the residuals at lags that no synapse reaches are used instead. Where too few
        spikes are expected even for these, it is 1, and `infer_synapses` warns.
        """
        scores = self.null_scores
        return max(1.0, _central_spread(scores)) if len(scores) else 1.0

    @cached_property
    def null_scores(self) -> NDArray[np.float64]:
        """Scores from which `null_sd` is estimated, shape (n_scores,); empty if there are none."""
        known = self.z[np.isfinite(self.z)]
        if len(known) >= FEWEST_PAIRS:
            return known
        distant = self.distant[np.isfinite(self.distant)]
        return distant if len(distant) >= FEWEST_SCORES else np.empty(0)

    @property
    def p_values(self) -> NDArray[np.float64]:
        """Two-sided p-values of z without a synapse, whose spread is `null_sd`; shape (n, n)."""
        return 2.0 * ndtr(-np.abs(self.z) / self.null_sd)

    def called(self, fdr: float = 0.01) -> NDArray[np.bool_]:
        """Return which synapses are called present, at a false discovery rate of `fdr`.

        Benjamini & Hochberg 1995, J. R. Stat. Soc. B 57:289; shape (n, n), False where unknown.
        """
        if not 0.0 < fdr < 1.0:
            raise NeurosimError(f"fdr = {fdr:g} is outside 0 to 1: give a false discovery rate")
        known = np.isfinite(self.z)
        called = np.zeros(self.z.shape, dtype=bool)
        if known.any():
            called[known] = false_discovery_control(self.p_values[known]) <= fdr
        return called

    def misfits(self, fdr: float = 0.001) -> NDArray[np.bool_]:
        """Return the pairs whose `flatness` is rejected, shape (n, n); False where unknown.

        Without any misfit, some pair is returned in a share of `fdr` of recordings.
        """
        known = np.isfinite(self.flatness)
        found = np.zeros(self.flatness.shape, dtype=bool)
        if known.any():
            found[known] = false_discovery_control(self.flatness[known]) <= fdr
        return found

    @property
    def shared_input(self) -> float:
        """Combined z of `synchrony` over all pairs, near N(0, 1) without shared input."""
        known = self.synchrony[np.isfinite(self.synchrony)]
        # Both directions of a pair count the same coincidences.
        return float(known.sum() / np.sqrt(2.0 * len(known))) if len(known) else 0.0

    @property
    def signs(self) -> NDArray[np.int8]:
        """+1 for excitatory, −1 for inhibitory, 0 for unknown; shape (n, n)."""
        return np.sign(np.nan_to_num(self.weights)).astype(np.int8)

    @property
    def interval(self) -> NDArray[np.float64]:
        """95 % intervals of the weights, shape (n, n, 2)."""
        half = NORMAL_95 * self.standard_errors
        return np.stack([self.weights - half, self.weights + half], axis=-1)

    def psps(self, beta: ArrayLike) -> NDArray[np.float64]:
        """Return the strengths in mV, shape (n, n).

        Parameters
        ----------
        beta : float or (n,) array_like
            Log-odds per mV of each postsynaptic neuron: 1/Δ for escape noise, `membrane_beta` for
            membrane noise. Intervals are those of the weights, divided likewise.
        """
        beta = np.asarray(beta, dtype=float)
        if beta.shape not in ((), (len(self.neurons),)) or (beta <= 0).any():
            raise NeurosimError(
                f"beta of shape {beta.shape}: give one number above 0 per mV, or one for each of "
                f"the {len(self.neurons)} neurons"
            )
        return self.weights / beta


def _central_spread(z: NDArray[np.float64]) -> float:
    """Return the sd for which the z within `CENTRE` sd of 0 spread as those of N(0, sd²) would."""
    squares = np.sort(z**2)
    sums = np.cumsum(squares)
    # The median of all is at least that of absent synapses: the iteration starts from above.
    spread = float(np.sqrt(np.median(squares))) / NORMAL_QUARTILE
    for _ in range(200):
        inside = int(np.searchsorted(squares, (CENTRE * spread) ** 2, side="right"))
        if inside == 0:
            break
        last, spread = spread, float(np.sqrt(sums[inside - 1] / inside / CENTRAL_VARIANCE))
        if abs(spread - last) <= 1e-9 * last:
            break
    return spread
