"""The time grid: from milliseconds to whole steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.utils.checks import check_number, digits

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MIN_DT, MAX_DT = 0.001, 10.0
"""Smallest and largest step of the time grid (ms)."""

MAX_STEPS = 2**32 - 1
"""Maximum number of steps: the step is half of every random counter."""

ON_GRID = 1e-6
"""Tolerance (steps) for times on the grid, or half-way between two steps."""


def check_dt(dt: float) -> float:
    """Return `dt` (ms) as a float if it can be the step of a time grid.

    Raises
    ------
    NeurosimError
    """
    return check_number(dt, "dt", "ms", MIN_DT, MAX_DT)


def to_steps(times: ArrayLike, dt: float) -> NDArray[np.int64]:
    """Round times (ms) to the nearest step of the grid.

    Halves are rounded to the later step, as in NEST.

    A decimal number half-way between two steps is rarely half-way in binary: 0.15/0.1 is below 1.5.
    Therefore times less than `ON_GRID` steps below a half count as a half.
    """
    steps = np.asarray(times, dtype=float) / dt
    return np.floor(steps + (0.5 + ON_GRID)).astype(np.int64)


def whole_steps(time: float, dt: float, name: str) -> int:
    """Return `time` (ms) in steps if it is a whole, positive number of them.

    Raises
    ------
    NeurosimError
        If it is not, to a tolerance of `ON_GRID` steps.
    """
    time = check_number(time, name, "ms")
    steps = time / dt
    if not np.isfinite(steps) or steps < 0.5 or abs(steps - round(steps)) > ON_GRID:
        nearest = max(1, round(steps)) * dt if np.isfinite(steps) else dt
        raise NeurosimError(
            f"{name} = {digits(time, nearest)} ms is not a positive multiple of the time step "
            f"dt = {digits(dt)} ms; the nearest one is {digits(nearest, time)} ms"
        )
    if steps > MAX_STEPS:
        raise NeurosimError(
            f"{name} = {time:g} ms is more than {MAX_STEPS} steps of {dt:g} ms: take a larger dt"
        )
    return round(steps)
