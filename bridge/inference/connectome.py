"""Inferred synapses and their significance."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr
from scipy.stats import false_discovery_control, truncnorm

from bridge.evaluation.measures import NORMAL_95
from bridge.recordings.glm.synaptic_kernel import SynapticKernel
from neurosim import NeurosimError

# Largest |z|, in standard deviations, of scores attributed to absent synapses.
CENTRE = 1.5
# Median of |z| of N(0, 1).
NORMAL_QUARTILE = 0.6744897501960817
# Variance of N(0, 1) within `CENTRE`.
CENTRAL_VARIANCE = float(truncnorm.var(-CENTRE, CENTRE))
# Smallest number of pairs from which the standard deviation is estimated.
FEWEST_PAIRS = 50
# Smallest number of scores at other lags from which it is estimated.
FEWEST_SCORES = 10


@dataclass(frozen=True, eq=False)
class Connectome:
    """Synapses between neurons: rows are presynaptic, columns postsynaptic neurons.

    NaN marks pairs that were not fitted: from a neuron to itself, to neurons that were not selected
    or have too few spikes, and from silent neurons.

    Attributes
    ----------
    weights : (n, n) ndarray
        Change of the postsynaptic log-odds of a spike in a bin, at the peak of the kernel.
    standard_errors : (n, n) ndarray
        Standard errors of the weights, given the data and the prior.
    z : (n, n) ndarray
        Weights divided by their standard deviation; about N(0, 1) for absent synapses.
    intercepts : (n,) ndarray
        Log-odds of a spike in a bin, long after the last spike and without input, averaged over
        baseline and stimulus.
    cross_entropy : (n,) ndarray
        Total cross-entropy of each neuron's spikes (nats). Kernels can be compared by the sum over
        neurons; smaller is better.
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
        neuron's spikes (χ² over seven bands of lags). Small values indicate an incorrect model.
    synchrony : (n, n) ndarray
        z of the postsynaptic neuron's residuals in the bins of presynaptic spikes. Synapses act
        later, so an excess indicates shared input.
    distant : (n, n, n_lags) ndarray
        z of residuals 100 to 500 ms after presynaptic spikes, when synapses no longer act; only for
        few neurons.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge.inference import infer_synapses
    >>> rng = np.random.default_rng(1)
    >>> first = np.cumsum(rng.uniform(10.0, 200.0, 500))
    >>> second = first[::2] + rng.uniform(1.0, 9.0, 250)
    >>> found = infer_synapses([first, second], duration=first[-1] + 10.0)
    >>> bool(found.weights[0, 1] > 0.0), found.called()[0, 1].item()
    (True, True)
    >>> found.interval.shape
    (2, 2, 2)
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
        """Standard deviation of z of absent synapses, at least 1.

        The z within 1.5 sd of 0 are fitted by N(0, sd²) (after Efron 2004, J. Am. Stat. Assoc.
        99:96). The iteration starts from the median of ``|z|``. Synapses have little influence if
        most pairs have none. With fewer than 50 pairs, residuals at lags without synaptic effect
        are used. If too few spikes are expected even for these, it is 1, and `infer_synapses`
        warns.
        """
        scores = self.null_scores
        return max(1.0, _central_spread(scores)) if len(scores) else 1.0

    @cached_property
    def null_scores(self) -> NDArray[np.float64]:
        """Scores from which `null_sd` is estimated, shape (n_scores,).

        The array is empty if there are none.
        """
        known = self.z[np.isfinite(self.z)]
        if len(known) >= FEWEST_PAIRS:
            return known
        distant = self.distant[np.isfinite(self.distant)]
        return distant if len(distant) >= FEWEST_SCORES else np.empty(0)

    @property
    def p_values(self) -> NDArray[np.float64]:
        """Two-sided p-values of z without synapse, with sd `null_sd`; shape (n, n)."""
        return 2.0 * ndtr(-np.abs(self.z) / self.null_sd)

    def called(self, fdr: float = 0.01) -> NDArray[np.bool_]:
        """Return which synapses are present at a false discovery rate of `fdr`.

        Benjamini & Hochberg 1995, J. R. Stat. Soc. B 57:289; shape (n, n), False for NaN.
        """
        if not 0.0 < fdr < 1.0:
            raise NeurosimError(f"fdr = {fdr:g} is outside 0 to 1")
        return _rejected(self.p_values, fdr)

    def misfits(self, fdr: float = 0.001) -> NDArray[np.bool_]:
        """Return the pairs whose `flatness` is rejected, shape (n, n); False for NaN.

        If the model is correct, any pair is rejected in a fraction `fdr` of recordings.
        """
        return _rejected(self.flatness, fdr)

    @property
    def shared_input(self) -> float:
        """Combined z of `synchrony` over all pairs, about N(0, 1) without shared input."""
        known = self.synchrony[np.isfinite(self.synchrony)]
        # Both directions of a pair contain the same coincidences.
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
            membrane noise.
        """
        beta = np.asarray(beta, dtype=float)
        if beta.shape not in ((), (len(self.neurons),)) or (beta <= 0).any():
            raise NeurosimError(
                f"beta of shape {beta.shape}: give one number above 0 per mV, or one for each of "
                f"the {len(self.neurons)} neurons"
            )
        return self.weights / beta


def _rejected(p_values: NDArray[np.float64], fdr: float) -> NDArray[np.bool_]:
    """Return which p-values are rejected at a false discovery rate, False for NaN."""
    known = np.isfinite(p_values)
    found = np.zeros(p_values.shape, dtype=bool)
    if known.any():
        found[known] = false_discovery_control(p_values[known]) <= fdr
    return found


def _central_spread(z: NDArray[np.float64]) -> float:
    """Return the sd of the normal distribution fitted to z within `CENTRE` sd of 0."""
    squares = np.sort(z**2)
    sums = np.cumsum(squares)
    # The median over all pairs is an upper bound of the median over absent synapses.
    spread = float(np.sqrt(np.median(squares))) / NORMAL_QUARTILE
    for _ in range(200):
        inside = int(np.searchsorted(squares, (CENTRE * spread) ** 2, side="right"))
        if inside == 0:
            break
        last, spread = spread, float(np.sqrt(sums[inside - 1] / inside / CENTRAL_VARIANCE))
        if abs(spread - last) <= 1e-9 * last:
            break
    return spread
