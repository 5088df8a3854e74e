"""Tests of all pairs of neurons for a coupling, and of the model behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import false_discovery_control, truncnorm

from neurosim import NeurosimError

# Largest |z|, in standard deviations, of scores attributed to absent couplings.
CENTRE = 1.5
# Median of |z| of N(0, 1).
NORMAL_QUARTILE = 0.6744897501960817
# Variance of N(0, 1) within `CENTRE`.
CENTRAL_VARIANCE = float(truncnorm.var(-CENTRE, CENTRE))
# Smallest number of pairs from which the standard deviation is estimated.
FEWEST_PAIRS = 50
# Smallest number of scores at other lags from which it is estimated.
FEWEST_SCORES = 10


@dataclass(frozen=True, eq=False, kw_only=True)
class PairTests:
    """Tests of all pairs: rows are presynaptic, columns postsynaptic neurons.

    NaN marks pairs that were not fitted: from a neuron to itself, to neurons that were not selected
    or have too few spikes, and from silent neurons.

    Attributes
    ----------
    z : (n, n) ndarray
        Strength of each coupling divided by its standard error; about N(0, 1) for absent ones.
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
    >>> from bridge.recordings import PairTests
    >>> tests = PairTests(z=np.array([[np.nan, 5.2], [0.4, np.nan]]))
    >>> tests.called(fdr=0.01)
    array([[False,  True],
           [False, False]])
    """

    z: NDArray[np.float64]
    flatness: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    synchrony: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    distant: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0, 0)))

    def __repr__(self) -> str:
        tested = int(np.isfinite(self.z).sum())
        pairs = f"{tested:,} pair{'s' * (tested != 1)} tested"
        return f"<{type(self).__name__}: {len(self.z)} neurons, {pairs}>"

    @cached_property
    def null_sd(self) -> float:
        """Standard deviation of z of absent couplings, at least 1.

        The z within 1.5 sd of 0 are fitted by N(0, sd²) (after Efron 2004, J. Am. Stat. Assoc.
        99:96). The iteration starts from the median of ``|z|``. Couplings have little influence if
        most pairs have none. With fewer than 50 pairs, residuals at lags without synaptic effect
        are used. If too few spikes are expected even for these, it is 1, with a warning of the fit.
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
        """Two-sided p-values of z without coupling, with sd `null_sd`; shape (n, n)."""
        return 2.0 * ndtr(-np.abs(self.z) / self.null_sd)

    def called(self, fdr: float = 0.01) -> NDArray[np.bool_]:
        """Return which couplings are present at a false discovery rate of `fdr`.

        Benjamini & Hochberg 1995, J. R. Stat. Soc. B 57:289, with the fraction of absent couplings
        estimated (Storey 2002, J. R. Stat. Soc. B 64:479); shape (n, n), False for NaN.
        """
        if not 0.0 < fdr < 1.0:
            raise NeurosimError(f"fdr = {fdr:g} is outside 0 to 1")
        return rejected(self.p_values, fdr / self.absent_fraction)

    @property
    def absent_fraction(self) -> float:
        """Estimated fraction of pairs without coupling; 1 for few pairs."""
        known = self.p_values[np.isfinite(self.p_values)]
        if len(known) < FEWEST_PAIRS:
            return 1.0
        # Couplings have small p-values, so those above 1/2 belong to absent ones.
        return min(1.0, 2.0 * (1.0 + float((known > 0.5).sum())) / len(known))

    def misfits(self, fdr: float = 0.001) -> NDArray[np.bool_]:
        """Return the pairs whose `flatness` is rejected, shape (n, n); False for NaN.

        If the model is correct, any pair is rejected in a fraction `fdr` of recordings.
        """
        return rejected(self.flatness, fdr)

    @property
    def shared_input(self) -> float:
        """Combined z of `synchrony` over all pairs, about N(0, 1) without shared input."""
        known = self.synchrony[np.isfinite(self.synchrony)]
        # Both directions of a pair contain the same coincidences.
        return float(known.sum() / np.sqrt(2.0 * len(known))) if len(known) else 0.0


def rejected(p_values: NDArray[np.float64], fdr: float) -> NDArray[np.bool_]:
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
    # The median over all pairs is an upper bound of the median over absent couplings.
    spread = float(np.sqrt(np.median(squares))) / NORMAL_QUARTILE
    for _ in range(200):
        inside = int(np.searchsorted(squares, (CENTRE * spread) ** 2, side="right"))
        if inside == 0:
            break
        last, spread = spread, float(np.sqrt(sums[inside - 1] / inside / CENTRAL_VARIANCE))
        if abs(spread - last) <= 1e-9 * last:
            break
    return spread
