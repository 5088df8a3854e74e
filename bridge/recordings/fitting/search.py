"""Global search from random starting points, and local search by damped Gauss-Newton steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.fitting.objective import Derivatives, Objective

Floats = NDArray[np.float64]

DAMPINGS = 10.0 ** np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
"""Factors of the damping that are tried in each step."""
MOST_STEPS = 40
"""Largest number of steps of a local search."""
TOLERANCE = 1e-3
"""Distance from the optimum at which a search ends, in standard errors."""


@dataclass(frozen=True, eq=False)
class Found:
    """A local optimum.

    Attributes
    ----------
    point : (n,) ndarray
    loss : float
    converged : bool
    """

    point: Floats
    loss: float
    converged: bool


def search(
    objective: Objective,
    starts: Floats,
    *,
    free: NDArray[np.bool_] | None = None,
    survivors: int = 4,
    report: Callable[[], object] = lambda: None,
) -> Found:
    """Search from the best of many starting points.

    Parameters
    ----------
    objective : Objective
    starts : (n_starts, n) ndarray
    free : (n,) ndarray of bool, optional
        Coordinates to change. Default: all.
    survivors : int
        Number of starting points from which a few steps are made; the best is followed to its end.
    report : callable
        Called after each step.
    """
    losses = objective.losses(starts)
    report()
    best = np.argsort(losses, kind="stable")[:survivors]
    free = np.ones(starts.shape[1], bool) if free is None else free
    first = _Descent(objective, starts[best], losses[best], free)
    if len(best) > 1:
        first.run(6, report)
        winner = int(np.argmin(first.losses))
        last = _Descent(objective, first.points[[winner]], first.losses[[winner]], free)
    else:
        last = first
    last.run(MOST_STEPS, report)
    return Found(last.points[0], float(last.losses[0]), bool(last.done[0]))


class _Descent:
    """Damped Gauss-Newton steps from several points at once (Levenberg-Marquardt)."""

    def __init__(
        self, objective: Objective, points: Floats, losses: Floats, free: NDArray[np.bool_]
    ) -> None:
        self.objective, self.free = objective, free
        self.points, self.losses = points.copy(), losses.copy()
        self.dampings = np.full(len(points), 1e-2)
        self.done = np.zeros(len(points), bool)

    def run(self, most: int, report: Callable[[], object]) -> None:
        """Make steps until all points have converged."""
        for _ in range(most):
            if self.done.all():
                return
            self._step(np.flatnonzero(~self.done))
            report()

    def _step(self, active: NDArray[np.intp]) -> None:
        """Try steps with several dampings from each point, and take the best."""
        space = self.objective.space
        found = self.objective.derivatives(self.points[active])
        tried = []
        for k, derivatives in zip(active, found, strict=True):
            moves = [self._move(derivatives, self.dampings[k] * d, self.points[k]) for d in DAMPINGS]
            tried.append(space.clip(self.points[k] + np.array(moves)))
        losses = self.objective.losses(np.concatenate(tried)).reshape(len(active), -1)
        for k, derivatives, points, loss in zip(active, found, tried, losses, strict=True):
            best = int(np.argmin(loss))
            moved = points[best] - self.points[k]
            gain = self.losses[k] - loss[best]
            if gain <= 0.0:
                at_end = self.dampings[k] > 1e4 or self._distance(derivatives, self.points[k]) < 0.1
                self.done[k] = at_end
                self.dampings[k] *= 1e3
                continue
            # The step in standard errors.
            small = float(moved @ derivatives.curvature @ moved) < TOLERANCE**2
            self.done[k] = small and best <= 2
            self.points[k], self.losses[k] = points[best], loss[best]
            self.dampings[k] = min(max(self.dampings[k] * DAMPINGS[best], 1e-9), 1e6)

    def _move(self, derivatives: Derivatives, damping: float, point: Floats) -> Floats:
        """Return a damped step within the bounds."""
        gradient, curvature = derivatives.gradient, derivatives.curvature
        move = np.zeros(len(gradient))
        free = self.free & (np.diag(curvature) > 0.0) & ~self._held(gradient, point)
        if free.any():
            matrix = curvature[np.ix_(free, free)]
            matrix = matrix + damping * np.diag(np.diag(matrix))
            scale = 1.0 / np.sqrt(np.diag(matrix))
            scaled = matrix * np.outer(scale, scale)
            solution = np.linalg.lstsq(scaled, -gradient[free] * scale, rcond=1e-12)[0]
            move[free] = scale * solution
        return move

    def _held(self, gradient: Floats, point: Floats) -> NDArray[np.bool_]:
        """Return the coordinates at a bound that the gradient points beyond."""
        space = self.objective.space
        return space.clip(point - 1e-6 * np.sign(gradient)) == point

    def _distance(self, derivatives: Derivatives, point: Floats) -> float:
        """Return the distance from the optimum in standard errors."""
        move = self._move(derivatives, 0.0, point)
        return float(np.sqrt(move @ derivatives.curvature @ move))


def with_weight(objective: Objective, weight: float) -> Objective:
    """Return the objective with another weight of the potential."""
    return replace(objective, weight=weight)
