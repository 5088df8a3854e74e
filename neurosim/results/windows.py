"""Time windows and bins: a spike at time t belongs to the bin (t - width, t].

Spike times are multiples of dt in floating point, and window edges are decimals: 3 * 0.1 is larger
than 0.3. All comparisons therefore allow for rounding errors, so that spikes on an edge are always
counted on the correct side.
"""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

STEP_FRACTION = 1e-3
"""Times closer than this fraction of a step belong to the same step."""
ULPS = 8
"""Tolerance for times off a grid, in units of the last place."""


def tolerance(dt: float | None, *times: float) -> float:
    """Return the largest rounding error between equal times (ms).

    Parameters
    ----------
    dt : float or None
        Step of the grid on which the spikes lie (ms); None: no grid.
    *times : float
        The largest times in the comparison (ms).
    """
    finite = [abs(time) for time in times if np.isfinite(time)]
    rounding = ULPS * float(np.spacing(max(finite, default=0.0)))
    return rounding if dt is None else max(STEP_FRACTION * dt, rounding)


def check_window(
    start: float,
    stop: float,
    t_start: float = -np.inf,
    t_stop: float = np.inf,
    dt: float | None = None,
) -> None:
    """Raise an error if a window is empty, NaN or outside the recording.

    Parameters
    ----------
    start, stop : float
        The window (ms).
    t_start, t_stop : float
        The recording (ms).
    dt : float or None
        Step of the grid (ms).

    Raises
    ------
    NeurosimError
    """
    for name, time in (("start", start), ("stop", stop)):
        if not _is_number(time) or np.isnan(time):
            raise NeurosimError(f"{name} = {time!r} is not a number: give a time in ms")
    if not start < stop:
        raise NeurosimError(
            f"the window from start = {start:g} ms to stop = {stop:g} ms is empty: "
            "give start < stop"
        )
    slack = tolerance(dt, start, stop, t_start, t_stop)
    if (np.isfinite(start) and start < t_start - slack) or (
        np.isfinite(stop) and stop > t_stop + slack
    ):
        raise NeurosimError(
            f"the window from start = {start:g} ms to stop = {stop:g} ms goes beyond the "
            f"recording: give times from {t_start:g} to {t_stop:g} ms"
        )


def _is_number(value: object) -> bool:
    """Whether a value is a real number."""
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))


def inside(
    times: NDArray[np.float64], start: float, stop: float, dt: float | None = None
) -> NDArray[np.bool_]:
    """Return which times lie in the window start < t <= stop.

    Parameters
    ----------
    times : (n,) ndarray
        ms.
    start, stop : float
        ms; infinite: no limit.
    dt : float or None
        Step of the grid on which the times lie (ms); None: no grid.

    Returns
    -------
    (n,) ndarray of bool
    """
    slack = tolerance(dt, start, stop)
    return (times > start + slack) & (times <= stop + slack)


def bin_index(
    times: ArrayLike, width: float, start: float = 0.0, dt: float | None = None
) -> NDArray[np.int64]:
    """Return the bin of each time.

    Bin k is start + k·width < t <= start + (k + 1)·width.

    Parameters
    ----------
    times : (n,) array_like
        ms.
    width : float
        Width of a bin (ms).
    start : float
        Start of bin 0 (ms).
    dt : float or None
        Step of the grid on which the times lie (ms); None: no grid.

    Returns
    -------
    (n,) ndarray of int64
        Negative for times up to `start`.
    """
    times = np.asarray(times, dtype=float)
    largest = float(np.abs(times).max(initial=0.0))
    slack = tolerance(dt, start, largest) / width
    bins = (times - start) / width
    return np.ceil(bins - slack).astype(np.int64) - 1


def whole_bins(start: float, stop: float, width: float, dt: float | None = None) -> int:
    """Return the number of whole bins between start and stop.

    Parameters
    ----------
    start, stop : float
        ms.
    width : float
        Width of a bin (ms).
    dt : float or None
        Step of the grid (ms).

    Raises
    ------
    NeurosimError
        If not even one bin fits.
    """
    span = stop - start
    if not _is_number(width) or not 0.0 < width < np.inf:
        raise NeurosimError(f"bin_ms = {width!r} is not a positive number: give a width in ms")
    n_bins = int((span + tolerance(dt, start, stop)) / width)
    if n_bins < 1:
        raise NeurosimError(
            f"bin_ms = {width:g} ms is longer than the window of {span:g} ms: give a shorter one"
        )
    return n_bins
