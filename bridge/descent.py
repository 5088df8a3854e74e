"""Gradient descent on a convex objective: plain, accelerated, and Newton's.

All stop when the largest component of the gradient is at most `tol` in absolute value, or after
`max_iter` steps; the record they return says which.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Objective(Protocol):
    """A convex function with a Lipschitz-continuous gradient."""

    @property
    def lipschitz(self) -> float:
        """Lipschitz constant L of the gradient: an upper bound of the Hessian's eigenvalues."""

    def value_and_gradient(self, theta: NDArray) -> tuple[float, NDArray[np.float64]]:
        """Value and gradient at `theta`."""

    def hessian(self, theta: NDArray) -> NDArray[np.float64]:
        """Matrix of second derivatives at `theta`; for Newton's method alone."""


@dataclass(frozen=True, eq=False)
class Descent:
    """Where a descent went.

    Attributes
    ----------
    theta : (n,) ndarray
        The point reached.
    loss : (n_iter + 1,) ndarray
        Value of the objective at each point visited, from the start.
    gradient_norm : (n_iter + 1,) ndarray
        Largest absolute component of the gradient there.
    converged : bool
        Whether the last gradient norm is at most the tolerance.
    """

    theta: NDArray[np.float64]
    loss: NDArray[np.float64]
    gradient_norm: NDArray[np.float64]
    converged: bool

    @property
    def n_iter(self) -> int:
        """Number of steps taken."""
        return len(self.loss) - 1


Solver = Callable[..., Descent]
"""(objective, start, *, tol, max_iter) -> Descent."""


def gradient_descent(
    objective: Objective, start: NDArray, *, tol: float = 1e-6, max_iter: int = 100_000
) -> Descent:
    """Minimise by steps of 1/L against the gradient.

    After k steps f − f* ≤ L ‖start − θ*‖²/(2k) (Nesterov 2004, Introductory Lectures on Convex
    Optimization, cor. 2.1.2 with step 1/L).

    Parameters
    ----------
    objective : Objective
    start : (n,) ndarray
    tol : float
        Largest gradient component at which to stop.
    max_iter : int
    """
    visited = _Visited(tol, max_iter)
    theta, step = np.array(start, dtype=float), 1.0 / objective.lipschitz
    while True:
        loss, gradient = objective.value_and_gradient(theta)
        if visited.ends_at(loss, gradient):
            return visited.descent(theta)
        theta = theta - step * gradient


def accelerated_descent(
    objective: Objective, start: NDArray, *, tol: float = 1e-6, max_iter: int = 10_000
) -> Descent:
    """Minimise by Nesterov's accelerated gradient with adaptive restart.

    The momentum is dropped whenever the step taken goes uphill, which makes the method fast
    without knowing how convex the objective is (gradient scheme of O'Donoghue & Candès 2015,
    Found. Comput. Math. 15:715).

    Parameters
    ----------
    objective : Objective
    start : (n,) ndarray
    tol : float
        Largest gradient component at which to stop.
    max_iter : int
    """
    visited = _Visited(tol, max_iter)
    theta, step = np.array(start, dtype=float), 1.0 / objective.lipschitz
    ahead, momentum = theta, 1.0
    while True:
        loss, gradient = objective.value_and_gradient(ahead)
        if visited.ends_at(loss, gradient):
            return visited.descent(ahead)
        previous, theta = theta, ahead - step * gradient
        if gradient @ (theta - previous) > 0:
            momentum = 1.0
        grown = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        ahead = theta + (momentum - 1.0) / grown * (theta - previous)
        momentum = grown


def newton(
    objective: Objective, start: NDArray, *, tol: float = 1e-6, max_iter: int = 100
) -> Descent:
    """Minimise by Newton's method, each step halved until it lowers the objective enough.

    Directions in which the objective is flat are left alone (least-squares step).

    Parameters
    ----------
    objective : Objective
    start : (n,) ndarray
    tol : float
        Largest gradient component at which to stop.
    max_iter : int
    """
    visited = _Visited(tol, max_iter)
    theta = np.array(start, dtype=float)
    loss, gradient = objective.value_and_gradient(theta)
    while not visited.ends_at(loss, gradient):
        step = -np.linalg.lstsq(objective.hessian(theta), gradient, rcond=None)[0]
        slope = float(gradient @ step)
        size = 1.0
        while True:
            reached = theta + size * step
            loss, gradient = objective.value_and_gradient(reached)
            # Near the minimum the decrease drowns in rounding: a step that keeps the loss is taken.
            rounding = 4.0 * np.finfo(float).eps * (1.0 + abs(loss))
            if loss <= visited.loss[-1] + 1e-4 * size * slope + rounding or size < 1e-9:
                break
            size *= 0.5
        theta = reached
    return visited.descent(theta)


SOLVERS: dict[str, Solver] = {
    "accelerated": accelerated_descent,
    "gradient": gradient_descent,
    "newton": newton,
}


@dataclass
class _Visited:
    """Loss and gradient norm of the points visited so far, and when to stop."""

    tol: float
    max_iter: int
    loss: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)

    def ends_at(self, loss: float, gradient: NDArray) -> bool:
        self.loss.append(loss)
        self.gradient_norm.append(float(np.abs(gradient).max()))
        return self.gradient_norm[-1] <= self.tol or len(self.loss) > self.max_iter

    def descent(self, theta: NDArray) -> Descent:
        converged = self.gradient_norm[-1] <= self.tol
        return Descent(theta, np.array(self.loss), np.array(self.gradient_norm), converged)
