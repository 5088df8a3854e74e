"""Poisson numbers: how many spikes a step may bring, and how kernels draw them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln, xlogy

if TYPE_CHECKING:
    from numpy.typing import NDArray


def poisson_law(mean: float) -> tuple[int, NDArray[np.uint16], NDArray[np.uint64]]:
    """Share 2¹⁶ equally likely cells out among the values of a Poisson number.

    Each value gets as many whole cells as its probability comes to; what the values lack is drawn
    anew where a cell beyond these is met. So most numbers take 16 random bits, and all have their
    exact probability: G. Marsaglia, *Generating discrete random variables in a computer*,
    Communications of the ACM 6, 37 (1963).

    Parameters
    ----------
    mean : float

    Returns
    -------
    least : int
        The least value with a cell of its own.
    bounds : (n,) ndarray of uint16
        How many cells belong to `least`, to it and the next value, …; the last repeated to make n
        a multiple of four, as the kernel wants it.
    rest : (m,) ndarray of uint64
        P(N ≤ 0), P(N ≤ 1), … in the cells beyond the last bound, as fractions of 2⁶⁴.
    """
    values = np.arange(int(mean + 12.0 * np.sqrt(mean) + 40.0))
    share = np.exp(xlogy(values, mean) - mean - gammaln(values + 1.0))
    share *= 2.0**16 / share.sum()
    cells = np.floor(share).astype(np.int64)
    cells[np.argmax(cells)] -= cells.sum() == 2**16
    least, last = np.flatnonzero(cells)[[0, -1]]
    bounds = np.cumsum(cells)[least : last + 1]
    bounds = np.pad(bounds, (0, -len(bounds) % 4), mode="edge").astype(np.uint16)
    lacking = np.cumsum(share - cells) / (2.0**16 - cells.sum())
    lacking = lacking[lacking < 1.0 - 2.0**-53]
    rest = np.floor(lacking * 2.0**53).astype(np.uint64) << np.uint64(11)
    return int(least), bounds, rest
