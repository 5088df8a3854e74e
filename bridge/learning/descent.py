"""Gradient descent on an objective: plain, accelerated, quasi-Newton and Newton's.

All stop when the largest component of the gradient is at most `tol` in absolute value, or after
`max_iter` steps; the record they return says which. The size of a gradient alone says little about
the distance to the minimum, so a solver can be given that distance as a second condition.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from scipy.optimize import minimize

from bridge.utils.checks import as_float, as_integer
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.optimize import OptimizeResult

STALLED = 0.9
"""Ratio of a step's size to the last one's from which on they are not taken to shrink."""
PATH_POINTS = 1000
"""Most points of the path that a record of a descent keeps."""

STANDARD_ERRORS_PER_TOL = 300.0
"""A tolerance of 1e-6 on the gradient goes with 3e-4 standard errors from the minimum."""

Watcher = Callable[[float], None]
"""Is told what share of the way is done, of 1."""
Distance = Callable[["NDArray[np.float64]", "NDArray[np.float64]"], float]
"""From a point and its gradient to the distance of the minimum, in standard errors."""


class Objective(Protocol):
    """A function with a Lipschitz-continuous gradient.

    One that sums over rows of data says their number as `n_rows`, in which the cost of a descent is
    counted; without it an evaluation counts as one row.
    """

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
        Value of the objective at each point visited, from the start. In stochastic descent at the
        end of each epoch.
    gradient_norm : (n_iter + 1,) ndarray
        Largest absolute component of the gradient there.
    converged : bool
        Whether the last gradient norm is at most the tolerance, and the minimum as near as asked.
    distance : float
        How far the minimum was when the descent last asked, in standard errors; NaN if it did not.
    rows : (n_iter + 1,) ndarray of int
        How many rows of the data had been looked at to get there (a row looked at twice counts
        twice). What only decides when to stop is left out.
    path : (n_points, n) ndarray
        Points on the way, from the start to the one reached; of long ways every second one, every
        fourth, and so on, so that there are never more than about 1000.
    path_steps : (n_points,) ndarray of int
        The number of steps taken up to each of these points; in stochastic descent a step is an
        update on one batch.
    path_rows : (n_points,) ndarray of int
        How many rows had been looked at to get to each of these points.
    """

    theta: NDArray[np.float64]
    loss: NDArray[np.float64]
    gradient_norm: NDArray[np.float64]
    converged: bool
    rows: NDArray[np.int64]
    path: NDArray[np.float64]
    path_steps: NDArray[np.int64]
    path_rows: NDArray[np.int64]
    distance: float = math.nan

    @property
    def n_iter(self) -> int:
        """Number of steps taken; of epochs in stochastic descent."""
        return len(self.loss) - 1


def require_descent(tol: float, max_iter: int) -> None:
    """Refuse a tolerance that is not above 0, and a number of steps below 1."""
    if not (math.isfinite(as_float(tol, "tol")) and tol > 0):
        raise NeurosimError(f"tol = {tol:g} is not a finite number above 0")
    as_integer(max_iter, "max_iter", 1)


Solver = Callable[..., Descent]
"""(objective, start, *, tol, max_iter, watch, distance) -> Descent."""


def gradient_descent(
    objective: Objective,
    start: NDArray,
    *,
    tol: float = 1e-6,
    max_iter: int = 100_000,
    watch: Watcher | None = None,
    distance: Distance | None = None,
) -> Descent:
    """Minimise by steps of 1/L against the gradient.

    After k steps f − f* ≤ L ‖start − θ*‖²/(2k) if f is convex (Nesterov 2004, Introductory Lectures
    on Convex Optimization, cor. 2.1.2 with step 1/L).

    Parameters
    ----------
    objective : Objective
    start : (n,) ndarray
    tol : float
        Largest gradient component at which to stop.
    max_iter : int
    watch : callable, optional
        Is told now and then what share of the way is done.
    distance : callable, optional
        Distance of the minimum in standard errors, given a point and its gradient. The descent goes
        on until it is at most 300 tol, too.
    """
    record = Record(objective, tol, max_iter, watch, distance)
    theta, step = np.array(start, dtype=float), 1.0 / objective.lipschitz
    while True:
        loss, gradient = objective.value_and_gradient(theta)
        if record.ends_at(theta, loss, gradient):
            return record.descent(theta)
        theta = theta - step * gradient


def accelerated_descent(
    objective: Objective,
    start: NDArray,
    *,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    watch: Watcher | None = None,
    distance: Distance | None = None,
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
    watch : callable, optional
        Is told now and then what share of the way is done.
    distance : callable, optional
        Distance of the minimum in standard errors, given a point and its gradient. The descent goes
        on until it is at most 300 tol, too.
    """
    record = Record(objective, tol, max_iter, watch, distance)
    theta, step = np.array(start, dtype=float), 1.0 / objective.lipschitz
    ahead, momentum = theta, 1.0
    while True:
        loss, gradient = objective.value_and_gradient(ahead)
        if record.ends_at(ahead, loss, gradient):
            return record.descent(ahead)
        previous, theta = theta, ahead - step * gradient
        if gradient @ (theta - previous) > 0:
            momentum = 1.0
        grown = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        ahead = theta + (momentum - 1.0) / grown * (theta - previous)
        momentum = grown


def newton(
    objective: Objective,
    start: NDArray,
    *,
    tol: float = 1e-6,
    max_iter: int = 100,
    watch: Watcher | None = None,
    distance: Distance | None = None,
    guess: tuple[NDArray, int] | None = None,
    rtol: float = 1e-9,
    before_last: Callable[[], None] | None = None,
) -> Descent:
    """Minimise by Newton's method, each step halved until it lowers the objective enough.

    Directions in which the objective is flat are left alone (least-squares step). Once the gradient
    is small the method goes on until its step is, or until rounding keeps the steps from shrinking.

    Parameters
    ----------
    objective : Objective
    start : (n,) ndarray
    tol : float
        Largest gradient component at which to stop.
    max_iter : int
    watch : callable, optional
        Is told now and then what share of the way is done.
    distance : callable, optional
        Distance of the minimum in standard errors, given a point and its gradient. The descent goes
        on until it is at most 300 tol, too.
    guess : tuple of (n,) ndarray and int, optional
        Where the first step leads if that is downhill, and the rows looked at to find it.
    rtol : float
        Largest component of the step at which to stop, relative to the largest of the point.
    before_last : callable, optional
        Called before a step that is expected to lead near enough, for the method doubles the number
        of right digits.
    """
    record = Record(objective, tol, max_iter, watch, distance)
    theta = np.array(start, dtype=float)
    loss, gradient = objective.value_and_gradient(theta)
    looks, taken = 0, np.inf
    while True:
        over = record.ends_at(theta, loss, gradient, looks)
        if record.is_exhausted:
            break
        if guess is not None and not over:
            (reached, record.elsewhere), guess = guess, None
            looks += 1
            new_loss, new_gradient = objective.value_and_gradient(reached)
            if new_loss < loss:
                theta, loss, gradient = reached, new_loss, new_gradient
                continue
        step = -np.linalg.lstsq(objective.hessian(theta), gradient, rcond=None)[0]
        size, scale = float(np.abs(step).max()), float(np.abs(theta).max())
        if over and not rtol * scale < size < STALLED * taken:
            break
        if before_last is not None and size < math.sqrt(rtol) * scale:
            before_last()
        theta, loss, gradient, tries = _downhill(objective, theta, step, loss, gradient)
        looks, taken = looks + tries, size
    return record.descent(theta)


def _downhill(
    objective: Objective, theta: NDArray, step: NDArray, loss: float, gradient: NDArray
) -> tuple[NDArray, float, NDArray, int]:
    """Halve a step until the loss falls enough; return point, loss, gradient and tries."""
    slope, fraction, tries = float(gradient @ step), 1.0, 0
    while True:
        tries += 1
        reached = theta + fraction * step
        new_loss, new_gradient = objective.value_and_gradient(reached)
        # Near the minimum the decrease drowns in rounding: a step that keeps the loss is taken.
        rounding = 4.0 * np.finfo(float).eps * (1.0 + abs(new_loss))
        if new_loss <= loss + 1e-4 * fraction * slope + rounding or fraction < 1e-9:
            return reached, new_loss, new_gradient, tries
        fraction *= 0.5


def quasi_newton(
    objective: Objective,
    start: NDArray,
    *,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    watch: Watcher | None = None,
    distance: Distance | None = None,
) -> Descent:
    """Minimise by scipy's L-BFGS, which learns the curvature from the gradients it has seen.

    It finds the size of its steps itself and does not ask for the Lipschitz constant: the method
    for networks, whose loss is steep in some directions and flat in others (Liu & Nocedal 1989,
    Math. Program. 45:503).

    Parameters
    ----------
    objective : Objective
    start : (n,) ndarray
    tol : float
        Largest gradient component at which to stop.
    max_iter : int
    watch : callable, optional
        Is told now and then what share of the way is done.
    distance : callable, optional
        Distance of the minimum in standard errors, given a point and its gradient. The descent goes
        on until it is at most 300 tol, too.
    """
    record = Record(objective, tol, max_iter, watch, distance)
    theta, looks = np.array(start, dtype=float), 0
    loss, gradient = objective.value_and_gradient(theta)

    def look(point: NDArray) -> tuple[float, NDArray[np.float64]]:
        nonlocal looks, gradient
        looks += 1
        value, gradient = objective.value_and_gradient(point)
        return value, gradient

    def reached(intermediate_result: OptimizeResult) -> None:
        nonlocal theta
        theta = np.array(intermediate_result.x)
        if record.ends_at(theta, float(intermediate_result.fun), gradient, looks):
            raise StopIteration

    if not record.ends_at(theta, loss, gradient):
        # The record decides when to stop; scipy where no step goes down any more.
        endless: Any = {"maxiter": max_iter, "maxfun": 100 * max_iter, "gtol": 0.0, "ftol": 0.0}
        minimize(look, theta, jac=True, method="L-BFGS-B", callback=reached, options=endless)
    return record.descent(theta)


class Path:
    """Points on a way of unknown length, thinned while it grows."""

    def __init__(self) -> None:
        self.every = 1
        self._points: list[tuple[int, int, NDArray[np.float64]]] = []

    def add(self, step: int, rows: int, theta: NDArray) -> None:
        """Keep a point if its step is one to be kept."""
        if step % self.every:
            return
        self._points.append((step, rows, np.array(theta)))
        if len(self._points) > PATH_POINTS:
            self.every *= 2
            self._points = [point for point in self._points if point[0] % self.every == 0]

    def upto(self, step: int, rows: int, theta: NDArray) -> dict[str, Any]:
        """Return the fields of a `Descent`, the last point among them."""
        points = self._points
        if not points or points[-1][0] != step:
            points = [*points, (step, rows, np.array(theta))]
        steps, looked_at, thetas = zip(*points, strict=True)
        return {
            "path": np.array(thetas),
            "path_steps": np.array(steps, dtype=np.int64),
            "path_rows": np.array(looked_at, dtype=np.int64),
        }


@dataclass
class Record:
    """What a descent has seen so far, and when it is to stop.

    `elsewhere` are rows looked at other than by evaluations of the objective. `bar` is the gradient
    norm at which to ask again how far the minimum is, which may cost much: it falls as far as that
    distance is too large.
    """

    objective: Objective
    tol: float
    max_iter: int
    watch: Watcher | None = None
    distance: Distance | None = None
    elsewhere: int = 0
    loss: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    path: Path = field(default_factory=Path)
    converged: bool = False
    away: float = math.nan
    bar: float = math.inf
    shown: float = 0.0

    def ends_at(
        self, theta: NDArray, loss: float, gradient: NDArray, looks: int | None = None
    ) -> bool:
        """Keep a point; return whether it is the last. `looks` at the data led there."""
        step = len(self.loss)
        looks = step if looks is None else looks
        rows = looks * int(getattr(self.objective, "n_rows", 1))
        self.keep(theta, loss, gradient, rows + self.elsewhere)
        self.path.add(step, self.rows[-1], theta)
        return self.is_over

    def keep(self, theta: NDArray, loss: float, gradient: NDArray, rows: int) -> None:
        """Keep what was found at a point, and say how far the descent has come."""
        self.loss.append(loss)
        self.gradient_norm.append(float(np.abs(gradient).max()))
        self.rows.append(rows)
        self.converged = self._is_near(theta, gradient)
        if self.watch is not None:
            self.shown = max(self.shown, self._share())
            self.watch(self.shown)

    @property
    def is_over(self) -> bool:
        """Whether the minimum is near enough or the steps are used up."""
        return self.converged or self.is_exhausted

    @property
    def is_exhausted(self) -> bool:
        """Whether the steps are used up."""
        return len(self.loss) > self.max_iter

    def descent(self, theta: NDArray) -> Descent:
        """Return the record of a descent that ends at `theta`."""
        return self.ended(theta, self.path.upto(len(self.loss) - 1, self.rows[-1], theta))

    def ended(self, theta: NDArray, path: dict[str, Any]) -> Descent:
        """Return the record, given the fields of the path."""
        return Descent(
            theta,
            np.array(self.loss),
            np.array(self.gradient_norm),
            self.converged,
            np.array(self.rows, dtype=np.int64),
            distance=self.away,
            **path,
        )

    def _is_near(self, theta: NDArray, gradient: NDArray) -> bool:
        """Whether the gradient is small, and the minimum near in standard errors."""
        norm, limit = self.gradient_norm[-1], STANDARD_ERRORS_PER_TOL * self.tol
        if not norm <= self.tol:
            return False
        if self.distance is None or norm == 0.0:
            return True
        if norm > self.bar and not self.is_exhausted:
            return False
        self.away = self.distance(theta, gradient)
        if self.away > limit:  # the distance falls about as the gradient does
            self.bar = norm * min(0.5, max(1e-3, 0.5 * limit / self.away))
        return not self.away > limit

    def _share(self) -> float:
        """Share of the way: of the steps allowed, or of the gradient's fall in its logarithm."""
        first, last = self.gradient_norm[0], min(self.gradient_norm)
        steps = (len(self.loss) - 1) / self.max_iter
        if self.converged:
            return 1.0
        aim = min(self.tol, self.bar)
        if first <= aim:
            return steps
        return min(1.0, max(steps, math.log(first / max(last, aim)) / math.log(first / aim)))
