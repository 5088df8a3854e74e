"""Time bins of spikes; bins include their end."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.utils.checks import as_float
from neurosim import NeurosimError
from neurosim.results.windows import bin_index

# Distance from an edge (bins) within which a time is treated as equal to it.
TOLERANCE = 1e-6


def bin_indices(times: ArrayLike, width: float) -> NDArray[np.int64]:
    """Return the bin of each spike: bin k contains k·width < t ≤ (k + 1)·width.

    The time of a simulated spike is the end of its step, so the bin that ends at t is the one in
    which the neuron fired. A spike at 0 ms is in bin 0. Times within rounding error of an edge are
    treated as equal to it.

    Parameters
    ----------
    times : (n_spikes,) array_like
        Spike times from the start of the recording (ms), not negative.
    width : float
        Bin width (ms).
    """
    return np.maximum(bin_index(times, width), 0)


def whole_number(numerator: float, denominator: float, names: tuple[str, str]) -> int:
    """Return numerator / denominator (ms), which must be a whole number from 1."""
    numerator, denominator = as_float(numerator, names[0]), as_float(denominator, names[1])
    ratio = numerator / denominator if denominator else math.nan
    whole = round(ratio) if math.isfinite(ratio) else 0
    if whole < 1 or abs(ratio - whole) > _tolerance(ratio):
        raise NeurosimError(
            f"{names[0]} = {numerator!r} ms over {names[1]} = {denominator!r} ms is {ratio!r}: it "
            "must be a whole number"
        )
    return whole


def count_bins(duration: float, width: float) -> int:
    """Return the number of bins that cover a recording.

    The last bin may be incomplete.
    """
    ratio = duration / width
    return math.ceil(ratio - _tolerance(ratio))


def is_after(times: ArrayLike, end: float, width: float) -> NDArray[np.bool_]:
    """Return which times (ms) are after `end` by more than rounding error."""
    ratio = end / width
    return np.asarray(times, dtype=float) / width > ratio + _tolerance(ratio)


def _tolerance(position: NDArray[np.float64] | float) -> NDArray[np.float64] | float:
    """Return the tolerance in bins, including the rounding error of t / width."""
    return TOLERANCE + 4.0 * np.finfo(float).eps * np.abs(position)
