"""Quasi-Newton method for losses whose curvature is close to the identity."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Previous steps from which the curvature is estimated.
MEMORY = 20
# Smallest decrease of the loss relative to its slope, and smallest step.
DECREASE, SHORTEST = 1e-4, 1e-6
# Rounding error of the loss, relative to it.
ROUNDING = 1e-13

Objective = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]
# A step, and the change of the gradient along it.
Change = tuple[NDArray[np.float64], NDArray[np.float64]]


class Minimum(NamedTuple):
    """A point with its gradient, and the latest changes on the way there."""

    x: NDArray[np.float64]
    gradient: NDArray[np.float64]
    changes: list[Change]


def minimise(
    objective: Objective,
    start: NDArray[np.float64],
    *,
    tol: float,
    max_iter: int,
    changes: Iterable[Change] = (),
) -> Minimum:
    """Minimise by L-BFGS (Liu & Nocedal 1989, Math. Program. 45:503).

    Every step is tried with length 1, the first one too, which SciPy's method makes much shorter:
    it is the exact step if the curvature is the identity. Steps that do not decrease the loss
    enough are shortened.

    Parameters
    ----------
    objective : callable
        Returns loss and gradient at a point.
    start : (n,) ndarray
    tol : float
        Largest component of the gradient at which to stop.
    max_iter : int
    changes : iterable of (step, change of the gradient), optional
        Known from a similar objective.

    Returns
    -------
    Minimum
        The last point, also if it is not within `tol`.
    """
    point, (loss, gradient) = start, objective(start)
    known = deque(((s, y) for s, y in changes if s @ y > 0), maxlen=MEMORY)
    for _ in range(max_iter):
        if np.abs(gradient).max(initial=0.0) <= tol:
            break
        direction = -_times_inverse_curvature(gradient, known)
        found = line_search(objective, point, direction, loss, float(gradient @ direction))
        if found is None:
            break
        step, change = found[0] - point, found[2] - gradient
        if step @ change > 0:
            known.append((step, change))
        point, loss, gradient = found
    return Minimum(point, gradient, list(known))


def line_search(
    objective: Objective,
    point: NDArray[np.float64],
    direction: NDArray[np.float64],
    loss: float,
    slope: float,
) -> tuple[NDArray[np.float64], float, NDArray[np.float64]] | None:
    """Return the first point along a direction with a sufficient decrease, its loss and gradient.

    Steps are tried from length 1 on and shortened; None if none of them decreases the loss.
    """
    length = 1.0
    while length >= SHORTEST:
        moved = point + length * direction
        value, gradient = objective(moved)
        if value <= loss + DECREASE * length * slope + ROUNDING * abs(loss):
            return moved, value, gradient
        length *= 0.3
    return None


def _times_inverse_curvature(
    vector: NDArray[np.float64], changes: deque[Change]
) -> NDArray[np.float64]:
    """Multiply by the inverse curvature that steps and changes of the gradient imply."""
    found, shares = vector.copy(), []
    for step, change in reversed(changes):
        share = (step @ found) / (step @ change)
        found -= share * change
        shares.append(share)
    for (step, change), share in zip(changes, reversed(shares), strict=True):
        found += (share - (change @ found) / (step @ change)) * step
    return found
