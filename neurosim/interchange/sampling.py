"""The sampling interval of traces, which several formats store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def sampling_interval(times: NDArray[np.float64]) -> float | None:
    """Return the interval (ms) between regular samples, None if they are irregular.

    Parameters
    ----------
    times : (n,) ndarray
        Times in ms, ascending. Fewer than two samples have no interval.
    """
    if len(times) < 2:
        return None
    interval = float(times[-1] - times[0]) / (len(times) - 1)
    deviation = np.abs(times - times[0] - interval * np.arange(len(times))).max()
    # 12 digits hide the rounding error of the subtraction: 0.1, not 0.10000000000000142.
    return float(f"{interval:.12g}") if interval > 0.0 and deviation <= 1e-6 * interval else None
