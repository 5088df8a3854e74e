"""Descent on functions whose minimum is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from bridge import accelerated_descent, gradient_descent, newton


@dataclass
class Quadratic:
    """½ (θ − minimum)ᵀ H (θ − minimum)."""

    curvatures: np.ndarray
    minimum: np.ndarray

    @property
    def lipschitz(self) -> float:
        return float(self.curvatures.max())

    def value_and_gradient(self, theta):
        away = theta - self.minimum
        return float(0.5 * away @ (self.curvatures * away)), self.curvatures * away

    def hessian(self, theta):
        return np.diag(self.curvatures)


@dataclass
class LogCosh:
    """Σ log cosh θ: flat far out, where a full Newton step overshoots."""

    lipschitz: float = 1.0

    def value_and_gradient(self, theta):
        return float(np.sum(np.logaddexp(theta, -theta) - np.log(2.0))), np.tanh(theta)

    def hessian(self, theta):
        return np.diag(1.0 / np.cosh(theta) ** 2)


ILL = Quadratic(np.geomspace(1e-4, 1.0, 12), np.linspace(-2.0, 3.0, 12))


@pytest.mark.parametrize("solve", [gradient_descent, accelerated_descent, newton])
def test_every_solver_finds_the_minimum(solve):
    found = solve(ILL, np.zeros(12), tol=1e-9, max_iter=300_000)

    assert found.converged
    assert found.gradient_norm[-1] <= 1e-9
    assert found.theta == pytest.approx(ILL.minimum, abs=1e-9 / ILL.curvatures.min())


def test_gradient_descent_keeps_the_bound_of_convex_functions():
    start = np.full(12, 5.0)
    loss = gradient_descent(ILL, start, tol=1e-12, max_iter=2000).loss
    k = np.arange(1, len(loss))
    distance = np.sum((start - ILL.minimum) ** 2)

    assert (loss[1:] <= ILL.lipschitz * distance / (2 * k)).all()
    assert (np.diff(loss) <= 0).all()


def test_acceleration_keeps_its_own_bound_and_needs_ten_times_fewer_steps():
    start = np.zeros(12)
    plain = gradient_descent(ILL, start, tol=1e-6, max_iter=300_000)
    fast = accelerated_descent(ILL, start, tol=1e-6)
    k = np.arange(1, len(fast.loss))

    # 2 L ‖start − θ*‖²/(k + 1)² holds at the points stepped to; those recorded lie ahead of them by
    # less than one step, which at most triples the distance and so costs a factor of 9.
    bound = 9 * 2 * ILL.lipschitz * np.sum(ILL.minimum**2) / (k + 1) ** 2
    assert (fast.loss[1:] <= bound).all()
    assert fast.n_iter * 10 < plain.n_iter


def test_newton_needs_one_step_on_a_quadratic():
    assert newton(ILL, np.zeros(12), tol=1e-9).n_iter == 1


def test_newton_comes_home_from_where_its_full_step_diverges():
    found = newton(LogCosh(), np.array([4.0, -3.0]), tol=1e-10)

    assert found.converged
    assert (np.diff(found.loss) <= 0).all()


def test_newton_leaves_flat_directions_alone():
    valley = Quadratic(np.array([1.0, 0.0]), np.zeros(2))

    assert newton(valley, np.array([3.0, 7.0])).theta == pytest.approx([0.0, 7.0])


def test_the_cap_is_kept_and_told():
    stopped = gradient_descent(ILL, np.zeros(12), tol=1e-9, max_iter=7)

    assert stopped.n_iter == 7
    assert not stopped.converged
    assert len(stopped.loss) == len(stopped.gradient_norm) == 8


def test_a_start_at_the_minimum_takes_no_step():
    assert accelerated_descent(ILL, ILL.minimum).n_iter == 0


def test_the_path_is_kept_whole_up_to_1000_steps_and_thinned_beyond():
    short = gradient_descent(ILL, np.zeros(12), tol=1e-12, max_iter=900)
    long = gradient_descent(ILL, np.zeros(12), tol=1e-12, max_iter=9001)

    assert short.trajectory_steps.tolist() == list(range(901))
    assert 500 <= len(long.trajectory) <= 1001
    assert (np.diff(long.trajectory_steps[:-1]) == 16).all()
    assert long.trajectory_steps[-1] == 9001
    assert (long.trajectory[-1] == long.theta).all()
    away = long.trajectory - ILL.minimum
    assert 0.5 * (away**2 @ ILL.curvatures) == pytest.approx(long.loss[long.trajectory_steps])


def test_cost_is_one_row_an_evaluation_or_all_rows_of_data():
    class OfData(Quadratic):
        n_rows = 50

    data = OfData(ILL.curvatures, ILL.minimum)
    assert gradient_descent(ILL, np.zeros(12), max_iter=3).rows.tolist() == [0, 1, 2, 3]
    found = accelerated_descent(data, np.zeros(12), max_iter=3)
    assert found.rows.tolist() == [0, 50, 100, 150]
    assert found.trajectory_rows.tolist() == found.rows.tolist()
    # The step that is too long is halved, and each try is paid for.
    overshooting = newton(LogCosh(), np.array([4.0, -3.0]), tol=1e-10)
    assert overshooting.rows[1] > 1


def test_newton_takes_a_guess_that_leads_down_and_leaves_another():
    good = newton(ILL, np.zeros(12), tol=1e-9, guess=(0.9 * ILL.minimum, 7))
    bad = newton(ILL, np.zeros(12), tol=1e-9, guess=(-ILL.minimum, 7))

    assert good.trajectory[1] == pytest.approx(0.9 * ILL.minimum)
    assert good.rows.tolist() == [0, 8, 9]
    assert bad.n_iter == 1
    assert bad.rows.tolist() == [0, 9]
    assert good.theta == pytest.approx(ILL.minimum)
    assert bad.theta == pytest.approx(ILL.minimum)
