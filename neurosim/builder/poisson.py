"""Tables for drawing Poisson numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln, xlogy

if TYPE_CHECKING:
    from numpy.typing import NDArray


def poisson_table(mean: float) -> tuple[int, NDArray[np.uint16], NDArray[np.uint64]]:
    """Return tables for drawing a Poisson number from 16 random bits.

    Each number is assigned as many of the 2¹⁶ equally likely values as its probability yields,
    rounded down. If the bits take one of the few remaining values, the number is drawn again from
    the residual distribution. So most numbers take 16 bits, and all probabilities are exact:
    G. Marsaglia, *Generating discrete random variables in a computer*, Communications of the ACM 6,
    37 (1963).

    Parameters
    ----------
    mean : float

    Returns
    -------
    least : int
        The smallest number to which values are assigned.
    thresholds : (n,) ndarray of uint16
        Cumulative counts of the values of `least`, the next number, and so on. The last is repeated
        to make n a multiple of four, as the kernel requires.
    tail_cdf : (m,) ndarray of uint64
        P(N ≤ 0), P(N ≤ 1), … in the residual distribution, as fractions of 2⁶⁴.
    """
    numbers = np.arange(int(mean + 12.0 * np.sqrt(mean) + 40.0))
    expected = np.exp(xlogy(numbers, mean) - mean - gammaln(numbers + 1.0))
    expected *= 2.0**16 / expected.sum()
    counts = np.floor(expected).astype(np.int64)
    counts[np.argmax(counts)] -= counts.sum() == 2**16
    least, last = np.flatnonzero(counts)[[0, -1]]
    thresholds = np.cumsum(counts)[least : last + 1]
    thresholds = np.pad(thresholds, (0, -len(thresholds) % 4), mode="edge").astype(np.uint16)
    residual = np.cumsum(expected - counts) / (2.0**16 - counts.sum())
    residual = residual[residual < 1.0 - 2.0**-53]
    tail_cdf = np.floor(residual * 2.0**53).astype(np.uint64) << np.uint64(11)
    return int(least), thresholds, tail_cdf
