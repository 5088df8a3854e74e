"""Whether samples come at regular intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def regular(times: NDArray[np.float64]) -> float | None:
    """Return the interval (ms) of samples, None where there are under two or it changes.

    Parameters
    ----------
    times : (n,) ndarray
        ms, ascending.
    """
    if len(times) < 2:
        return None
    interval = float(times[-1] - times[0]) / (len(times) - 1)
    expected = times[0] + interval * np.arange(len(times))
    off = float(np.abs(times - expected).max())
    # Without the digits that subtracting times has made up: 0.1, not 0.10000000000000142.
    return float(f"{interval:.12g}") if interval > 0.0 and off <= 1e-6 * interval else None
