"""Helpers that the writers of several formats share."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def import_optional(name: str) -> Any:
    """Import a module of an optional dependency.

    Raises
    ------
    NeurosimError
        If it is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise NeurosimError(
            f'{name.partition(".")[0]} is not installed: pip install "neurosim-bridge[interop]"'
        ) from None


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
