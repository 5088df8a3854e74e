"""Optimisers: gradient, accelerated, quasi-Newton and Newton descent.

All optimisers stop when the largest absolute component of the gradient is at most `tol`, or after
`max_iter` steps. The gradient alone says little about the distance from the minimum, so an
estimate of this distance can be passed as a second condition.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bridge.utils.checks import as_integer, positive
from bridge.utils.renamed import old_attributes
from neurosim.utils.renamed import with_old_argument

# Ratio of successive step sizes above which steps are considered not to shrink.
STALLED = 0.9
# Most points of a stored trajectory.
TRAJECTORY_POINTS = 1000
# A tolerance of 1e-6 on the gradient corresponds to 3e-4 standard errors from the minimum.
STANDARD_ERRORS_PER_TOL = 300.0

# Receives the progress, 0 to 1.
Callback = Callable[[float], None]
# From a point and its gradient to the distance from the minimum in standard errors.
Distance = Callable[["NDArray[np.float64]", "NDArray[np.float64]"], float]
# Step, rows processed up to it, and parameters.
Point = tuple[int, int, "NDArray[np.float64]"]


class Objective(Protocol):
    """A function with a Lipschitz-continuous gradient.

    An objective that sums over rows of data has an attribute `n_rows`, the cost of one evaluation.
    Without this attribute an evaluation counts as one row.
    """

    @property
    def lipschitz(self) -> float:
        """Lipschitz constant L of the gradient.

        L is an upper bound of the eigenvalues of the Hessian.
        """

    def value_and_gradient(self, theta: NDArray) -> tuple[float, NDArray[np.float64]]:
        """Return value and gradient at `theta`."""

    def hessian(self, theta: NDArray) -> NDArray[np.float64]:
        """Return the matrix of second derivatives at `theta`; only for Newton's method."""


@old_attributes(path="trajectory", path_steps="trajectory_steps", path_rows="trajectory_rows")
@dataclass(frozen=True, eq=False)
class OptimizeResult:
    """Result of an optimisation.

    Attributes
    ----------
    theta : (n,) ndarray
        Final point.
    loss : (n_iter + 1,) ndarray
        Objective at each point, starting with the initial one; for stochastic descent, at the end
        of each epoch.
    gradient_norm : (n_iter + 1,) ndarray
        Largest absolute component of the gradient at these points.
    converged : bool
        Whether the last gradient norm, and the distance from the minimum if given, are within
        tolerance.
    rows : (n_iter + 1,) ndarray of int
        Rows of data processed up to each point, repetitions included. Evaluations that only decide
        when to stop are not counted.
    trajectory : (n_points, n) ndarray
        Points from the initial to the final one. Long trajectories are thinned to at most about
        1000 points.
    trajectory_steps : (n_points,) ndarray of int
        Steps up to each point of the trajectory; in stochastic descent a step is an update on one
        batch.
    trajectory_rows : (n_points,) ndarray of int
        Rows processed up to each point of the trajectory.
    distance : float
        Last estimate of the distance from the minimum in standard errors; NaN if not computed.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import LogisticNeuron
    >>> rng = np.random.default_rng(1)
    >>> X = rng.normal(size=(500, 2))
    >>> fired = rng.random(500) < 1.0 / (1.0 + np.exp(-X[:, 0]))
    >>> history = LogisticNeuron(solver="gradient").fit(X, fired).history_
    >>> history.converged, bool(history.loss[-1] < history.loss[0])
    (True, True)
    >>> history.trajectory.shape[1]
    3
    """

    theta: NDArray[np.float64]
    loss: NDArray[np.float64]
    gradient_norm: NDArray[np.float64]
    converged: bool
    rows: NDArray[np.int64]
    trajectory: NDArray[np.float64]
    trajectory_steps: NDArray[np.int64]
    trajectory_rows: NDArray[np.int64]
    distance: float = math.nan

    @property
    def n_iter(self) -> int:
        """Number of steps; number of epochs in stochastic descent."""
        return len(self.loss) - 1


def check_stopping(tol: float, max_iter: int) -> None:
    """Raise an error if the tolerance is not positive or no step is allowed."""
    positive(tol, "tol")
    as_integer(max_iter, "max_iter", 1)


# (objective, start, *, tol, max_iter, callback, distance) -> OptimizeResult.
Solver = Callable[..., OptimizeResult]


@with_old_argument("watch", "callback")
def gradient_descent(
    objective: Objective,
    start: NDArray,
    *,
    tol: float = 1e-6,
    max_iter: int = 100_000,
    callback: Callback | None = None,
    distance: Distance | None = None,
) -> OptimizeResult:
    """Minimise by gradient descent with steps of 1/L.

    After k steps f − f* ≤ L ‖start − θ*‖²/(2k) if f is convex (Nesterov 2004, Introductory Lectures
    on Convex Optimization, cor. 2.1.2 with step 1/L).

    Parameters
    ----------
    objective : Objective
    start : (n,) ndarray
    tol : float
        Largest gradient component at which to stop.
    max_iter : int
    callback : callable, optional
        Called with the progress, 0 to 1.
    distance : callable, optional
        Distance from the minimum in standard errors, given a point and its gradient; must also be
        at most 300 tol.

    Examples
    --------
    The minimum of ½ (x² + 4 y²):

    >>> import numpy as np
    >>> from bridge import gradient_descent
    >>> class Bowl:
    ...     lipschitz = 4.0
    ...     def value_and_gradient(self, theta):
    ...         gradient = np.array([1.0, 4.0]) * theta
    ...         return 0.5 * float(theta @ gradient), gradient
    >>> found = gradient_descent(Bowl(), np.array([3.0, 1.0]))
    >>> found.converged, bool(np.allclose(found.theta, 0.0, atol=1e-5))
    (True, True)
    """
    history = History(objective, tol, max_iter, callback, distance)
    theta, step = np.array(start, dtype=float), 1.0 / objective.lipschitz
    while True:
        loss, gradient = objective.value_and_gradient(theta)
        if history.append(theta, loss, gradient):
            return history.result()
        theta = theta - step * gradient


@with_old_argument("watch", "callback")
def accelerated_descent(
    objective: Objective,
    start: NDArray,
    *,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    callback: Callback | None = None,
    distance: Distance | None = None,
) -> OptimizeResult:
    """Minimise by Nesterov's accelerated gradient with adaptive restart.

    The momentum is reset whenever a step goes uphill, so that the method is fast without knowledge
    of the convexity (gradient scheme of O'Donoghue & Candès 2015, Found. Comput. Math. 15:715).
    Parameters as for `gradient_descent`.

    Examples
    --------
    The minimum of ½ (x² + 4 y²):

    >>> import numpy as np
    >>> from bridge import accelerated_descent
    >>> class Bowl:
    ...     lipschitz = 4.0
    ...     def value_and_gradient(self, theta):
    ...         gradient = np.array([1.0, 4.0]) * theta
    ...         return 0.5 * float(theta @ gradient), gradient
    >>> found = accelerated_descent(Bowl(), np.array([3.0, 1.0]))
    >>> found.converged, bool(np.allclose(found.theta, 0.0, atol=1e-5))
    (True, True)
    """
    history = History(objective, tol, max_iter, callback, distance)
    theta, step = np.array(start, dtype=float), 1.0 / objective.lipschitz
    extrapolated, momentum = theta, 1.0
    while True:
        loss, gradient = objective.value_and_gradient(extrapolated)
        if history.append(extrapolated, loss, gradient):
            return history.result()
        previous, theta = theta, extrapolated - step * gradient
        if gradient @ (theta - previous) > 0:
            momentum = 1.0
        grown = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        extrapolated = theta + (momentum - 1.0) / grown * (theta - previous)
        momentum = grown


@with_old_argument("watch", "callback")
def newton(
    objective: Objective,
    start: NDArray,
    *,
    tol: float = 1e-6,
    max_iter: int = 100,
    callback: Callback | None = None,
    distance: Distance | None = None,
    guess: tuple[NDArray, int] | None = None,
    rtol: float = 1e-9,
    before_last: Callable[[], None] | None = None,
) -> OptimizeResult:
    """Minimise by Newton's method with backtracking line search.

    Directions in which the objective is flat are not changed (least-squares step). After the
    gradient is small the method continues until the step is small, too, or stops shrinking because
    of rounding errors.

    Parameters
    ----------
    objective, start, tol, max_iter, callback, distance
        As for `gradient_descent`.
    guess : tuple of (n,) ndarray and int, optional
        Result of the first step, used if it is downhill, and the rows processed to compute it.
    rtol : float
        Largest component of the step at which to stop, relative to the largest of the point.
    before_last : callable, optional
        Called before a step that is expected to be the last one. Convergence is quadratic.

    Examples
    --------
    The minimum of ½ (x² + 4 y²):

    >>> import numpy as np
    >>> from bridge import newton
    >>> class Bowl:
    ...     lipschitz = 4.0
    ...     def value_and_gradient(self, theta):
    ...         gradient = np.array([1.0, 4.0]) * theta
    ...         return 0.5 * float(theta @ gradient), gradient
    ...     def hessian(self, theta):
    ...         return np.diag([1.0, 4.0])
    >>> found = newton(Bowl(), np.array([3.0, 1.0]))
    >>> found.converged, bool(np.allclose(found.theta, 0.0, atol=1e-5))
    (True, True)
    """
    history = History(objective, tol, max_iter, callback, distance)
    theta = np.array(start, dtype=float)
    loss, gradient = objective.value_and_gradient(theta)
    n_evaluations, last_size = 0, np.inf
    while True:
        is_over = history.append(theta, loss, gradient, n_evaluations)
        if history.is_exhausted:
            break
        if guess is not None and not is_over:
            (reached, history.other_rows), guess = guess, None
            n_evaluations += 1
            new_loss, new_gradient = objective.value_and_gradient(reached)
            if new_loss < loss:
                theta, loss, gradient = reached, new_loss, new_gradient
                continue
        step = -np.linalg.lstsq(objective.hessian(theta), gradient, rcond=None)[0]
        size, scale = float(np.abs(step).max()), float(np.abs(theta).max())
        if is_over and not rtol * scale < size < STALLED * last_size:
            break
        if before_last is not None and size < math.sqrt(rtol) * scale:
            before_last()
        theta, loss, gradient, tries = _line_search(objective, theta, step, loss, gradient)
        n_evaluations, last_size = n_evaluations + tries, size
    return history.result()


def _line_search(
    objective: Objective, theta: NDArray, step: NDArray, loss: float, gradient: NDArray
) -> tuple[NDArray, float, NDArray, int]:
    """Halve a step until the loss decreases.

    Return the point, loss, gradient and number of evaluations.
    """
    slope, fraction, tries = float(gradient @ step), 1.0, 0
    while True:
        tries += 1
        reached = theta + fraction * step
        new_loss, new_gradient = objective.value_and_gradient(reached)
        # Near the minimum the decrease is below rounding error: accept steps with equal loss.
        rounding = 4.0 * np.finfo(float).eps * (1.0 + abs(new_loss))
        if new_loss <= loss + 1e-4 * fraction * slope + rounding or fraction < 1e-9:
            return reached, new_loss, new_gradient, tries
        fraction *= 0.5


@with_old_argument("watch", "callback")
def quasi_newton(
    objective: Objective,
    start: NDArray,
    *,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    callback: Callback | None = None,
    distance: Distance | None = None,
) -> OptimizeResult:
    """Minimise by scipy's L-BFGS, which estimates the curvature from past gradients.

    It needs no Lipschitz constant and suits networks, whose loss is steep in some directions and
    flat in others (Liu & Nocedal 1989, Math. Program. 45:503). Parameters as for
    `gradient_descent`.

    Examples
    --------
    The minimum of ½ (x² + 4 y²):

    >>> import numpy as np
    >>> from bridge import quasi_newton
    >>> class Bowl:
    ...     lipschitz = 4.0
    ...     def value_and_gradient(self, theta):
    ...         gradient = np.array([1.0, 4.0]) * theta
    ...         return 0.5 * float(theta @ gradient), gradient
    >>> found = quasi_newton(Bowl(), np.array([3.0, 1.0]))
    >>> found.converged, bool(np.allclose(found.theta, 0.0, atol=1e-5))
    (True, True)
    """
    history = History(objective, tol, max_iter, callback, distance)
    theta, n_evaluations = np.array(start, dtype=float), 0
    loss, gradient = objective.value_and_gradient(theta)

    def evaluate(point: NDArray) -> tuple[float, NDArray[np.float64]]:
        nonlocal n_evaluations, gradient
        n_evaluations += 1
        value, gradient = objective.value_and_gradient(point)
        return value, gradient

    def after_step(intermediate_result: Any) -> None:
        x, value = intermediate_result.x, float(intermediate_result.fun)
        if history.append(x, value, gradient, n_evaluations):
            raise StopIteration

    if not history.append(theta, loss, gradient):
        # The history decides when to stop; scipy stops only if no step is downhill.
        options: Any = {"maxiter": max_iter, "maxfun": 100 * max_iter, "gtol": 0.0, "ftol": 0.0}
        minimize(evaluate, theta, jac=True, method="L-BFGS-B", callback=after_step, options=options)
    return history.result()


@dataclass
class History:
    """Values and trajectory of an optimisation so far, and the stopping rule.

    `points` are steps, rows processed and parameters of the trajectory, thinned to every
    `thinning`-th step while their number grows; `last` is the latest point. `other_rows` counts
    rows processed outside the evaluations of the objective. `next_norm` is the gradient norm at
    which the distance, which may be expensive, is computed next.
    """

    objective: Objective
    tol: float
    max_iter: int
    callback: Callback | None = None
    distance: Distance | None = None
    other_rows: int = 0
    loss: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    thinning: int = 1
    converged: bool = False
    last_distance: float = math.nan
    next_norm: float = math.inf
    shown: float = 0.0

    def append(
        self, theta: NDArray, loss: float, gradient: NDArray, n_evaluations: int | None = None
    ) -> bool:
        """Store a point reached after `n_evaluations`; return whether to stop."""
        step = len(self.loss)
        n_evaluations = step if n_evaluations is None else n_evaluations
        rows = n_evaluations * int(getattr(self.objective, "n_rows", 1)) + self.other_rows
        self.append_point(step, rows, theta)
        self.append_values(loss, gradient)
        return self.is_over

    def append_point(self, step: int, rows: int, theta: NDArray) -> None:
        """Store a point of the trajectory."""
        self.last: Point = (step, rows, np.array(theta))
        if step % self.thinning == 0:
            self.points.append(self.last)
        if len(self.points) > TRAJECTORY_POINTS:
            self.thinning *= 2
            self.points = [point for point in self.points if point[0] % self.thinning == 0]

    def append_values(self, loss: float, gradient: NDArray) -> None:
        """Store loss and gradient at the last point and report the progress."""
        _, rows, theta = self.last
        self.loss.append(loss)
        self.gradient_norm.append(float(np.abs(gradient).max()))
        self.rows.append(rows)
        self.converged = self._is_near(theta, gradient)
        if self.callback is not None:
            self.shown = max(self.shown, self._progress())
            self.callback(self.shown)

    @property
    def is_over(self) -> bool:
        """Whether the optimisation has converged or used all steps."""
        return self.converged or self.is_exhausted

    @property
    def is_exhausted(self) -> bool:
        """Whether all steps are used."""
        return len(self.loss) > self.max_iter

    def result(self) -> OptimizeResult:
        """Return the result, whose final point is the last one stored."""
        points = self.points if self.points[-1] is self.last else [*self.points, self.last]
        steps, rows, trajectory = (np.array(values) for values in zip(*points, strict=True))
        return OptimizeResult(
            self.last[2],
            np.array(self.loss),
            np.array(self.gradient_norm),
            self.converged,
            np.array(self.rows, dtype=np.int64),
            trajectory,
            steps,
            rows,
            self.last_distance,
        )

    def _is_near(self, theta: NDArray, gradient: NDArray) -> bool:
        """Return whether gradient and distance from the minimum are within tolerance."""
        norm, limit = self.gradient_norm[-1], STANDARD_ERRORS_PER_TOL * self.tol
        if not norm <= self.tol:
            return False
        if self.distance is None or norm == 0.0:
            return True
        if norm > self.next_norm and not self.is_exhausted:
            return False
        self.last_distance = self.distance(theta, gradient)
        if self.last_distance > limit:  # the distance is about proportional to the gradient
            self.next_norm = norm * min(0.5, max(1e-3, 0.5 * limit / self.last_distance))
        return not self.last_distance > limit

    def _progress(self) -> float:
        """Return the progress: fraction of the steps, or of the decrease of log(gradient)."""
        first, last = self.gradient_norm[0], min(self.gradient_norm)
        steps = (len(self.loss) - 1) / self.max_iter
        if self.converged:
            return 1.0
        goal = min(self.tol, self.next_norm)
        if first <= goal:
            return steps
        return min(1.0, max(steps, math.log(first / max(last, goal)) / math.log(first / goal)))
