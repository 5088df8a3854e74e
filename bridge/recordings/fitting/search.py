"""Global search from random starting points, and local search by damped Gauss-Newton steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.fitting.objective import Derivatives, Objective

Floats = NDArray[np.float64]

DAMPINGS = 10.0 ** np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
"""Factors of the damping that are tried in each step."""
RETRIES = 1
"""Number of times that larger dampings are tried if no step is an improvement."""
SHORT, LONG = 6, 40
"""Largest number of steps from each survivor, and from the best one."""


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
    tol: float = 1e-4,
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
    tol : float
        Decrease of the loss in a step, relative to the loss, at which a search ends.
    """
    losses = objective.losses(starts)
    best = np.argsort(losses, kind="stable")[:survivors]
    free = np.ones(starts.shape[1], bool) if free is None else free
    descent = _Descent(objective, starts[best], losses[best], free, tol)
    if len(best) > 1:
        descent.run(SHORT)
        k = int(np.argmin(descent.losses))
        descent = _Descent(objective, descent.points[[k]], descent.losses[[k]], free, tol)
    descent.run(LONG)
    return Found(descent.points[0], float(descent.losses[0]), bool(descent.done[0]))


class _Descent:
    """Damped Gauss-Newton steps from several points at once (Levenberg-Marquardt)."""

    def __init__(
        self,
        objective: Objective,
        points: Floats,
        losses: Floats,
        free: NDArray[np.bool_],
        tol: float,
    ) -> None:
        self.objective, self.free, self.tol = objective, free, tol
        self.points, self.losses = points.copy(), losses.copy()
        self.dampings = np.full(len(points), 1e-2)
        self.done = np.zeros(len(points), bool)

    def run(self, most: int) -> None:
        """Make steps until all points have converged."""
        for _ in range(most):
            active = np.flatnonzero(~self.done)
            if not len(active):
                return
            found = self.objective.derivatives(self.points[active], self.free)
            waiting = dict(zip(active.tolist(), found, strict=True))
            for _ in range(1 + RETRIES):
                waiting = self._try(waiting)
            self.done[list(waiting)] = True  # no step is an improvement

    def _try(self, waiting: dict[int, Derivatives]) -> dict[int, Derivatives]:
        """Try steps with several dampings from some points; return those that did not improve."""
        if not waiting:
            return waiting
        tried = []
        for k, derivatives in waiting.items():
            moves = [
                self._move(derivatives, self.dampings[k] * d, self.points[k]) for d in DAMPINGS
            ]
            tried.append(self.objective.space.clip(self.points[k] + np.array(moves)))
        losses = self.objective.losses(np.concatenate(tried)).reshape(len(tried), -1)
        failed = {}
        for (k, derivatives), points, loss in zip(waiting.items(), tried, losses, strict=True):
            best = int(np.argmin(loss))
            gain = self.losses[k] - loss[best]
            if not gain > 0.0:
                failed[k] = derivatives
                self.dampings[k] *= 1e5
                continue
            self.done[k] = gain < self.tol * (self.losses[k] + self.objective.smallest)
            self.points[k], self.losses[k] = points[best], loss[best]
            self.dampings[k] = min(max(self.dampings[k] * DAMPINGS[best], 1e-9), 1e6)
        return failed

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
