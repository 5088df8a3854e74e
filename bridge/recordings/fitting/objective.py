"""Potential and firing rate of candidate neurons, and their distance from a recording.

All candidates are the neurons of one population, which receives the recorded current and spikes.
The loss of a candidate is a negative log-likelihood (nats):

    w Σ ρ(v − recorded v) + Σ_steps −log P(spike or silence | rate),

where ρ(r) = ½ c² log(1 + r²/c²) grows slowly beyond c, so that a spike that the model would have
fired at another time does not outweigh the rest. The probability of a spike in a time step is
1 − exp(−rate·dt) (S. Mensi et al., J. Neurophysiol. 107:1756, 2012).
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neurosim as ns
from bridge.recordings.fitting.forced import (
    SOFT,
    equations_of,
    forced_class,
    link_of,
    resets_midway,
)
from bridge.recordings.fitting.recording import CurrentClamp
from bridge.recordings.fitting.space import Space, value_of

Floats = NDArray[np.float64]

OUTLIER = 5.0
"""Errors of the potential beyond are weighted less (mV)."""
MOST_VALUES = 20_000_000
"""Values recorded from one population."""
RESOLUTION = 1e-3
"""Standard deviation of the error that every recorded potential has (mV)."""
SMALLEST_MEAN, LARGEST_MEAN = 1e-300, 1e6
"""Range of the expected number of spikes in a step, outside of which it is clipped."""


@dataclass(frozen=True, eq=False)
class Course:
    """Potential and firing of candidates over time.

    Attributes
    ----------
    error : (n_candidates, n_samples) ndarray
        Model minus recorded potential between spikes (mV).
    mean : (n_candidates, n_steps) ndarray
        Rate of random firing times dt.
    """

    error: Floats
    mean: Floats


@dataclass(frozen=True, eq=False)
class Objective:
    """Distance of candidates from a recording.

    Attributes
    ----------
    neuron : neuron model
    space : Space
    data : CurrentClamp
    kept : (n_steps,) ndarray of bool
        Steps at whose end the potential is compared.
    weight : float
        Weight of the potential (1/mV²).
    uses_voltage, uses_spikes : bool
        Terms of the loss.
    threads : int
    coupling : float
        Rate at which the potential follows the recorded one (1/ms).
    """

    neuron: Any
    space: Space
    data: CurrentClamp
    kept: NDArray[np.bool_]
    weight: float = 1.0
    uses_voltage: bool = True
    uses_spikes: bool = True
    threads: int = 1
    coupling: float = 0.0

    def candidates(self, points: Floats) -> Any:
        """Return the model whose parameters are those of points, one neuron for each."""
        kind = equations_of(self.neuron)
        given: dict[str, Any] = {n: value_of(self.neuron, n) for n in kind.declared_parameters()}
        escape = self.neuron.escape
        given |= {SOFT[0]: 1.0, SOFT[1]: self.data.dt, "coupling": self.coupling}
        if escape is not None and link_of(self.neuron) != "hazard":
            given |= {SOFT[0]: escape.delta, SOFT[1]: escape.tau}
        values = self.space.values(points).T
        given |= dict(zip(self.space.names, values, strict=True))
        # The upstroke, which is not compared, needs no shorter steps.
        given |= {"substep": 0.5 * self.data.dt} if resets_midway(kind) else {}
        return forced_class(self.neuron)(**given)

    def _courses(self, points: Floats) -> Course:
        """Simulate one population."""
        data = self.data
        net = ns.Network()
        initial = initial_states(self.neuron, data)
        cells = net.add("cells", len(points), self.candidates(points), initial=initial)
        net.drive(cells, ns.CurrentWaveform(data.current, interval=data.dt))
        # A spike that arrives at the end of a step resets the neuron at the end of the next one.
        early = data.spike_times - data.dt
        if len(early):
            net.drive(cells, ns.SpikeTimes(early), weight=1.0, compartment="forced")
        if self.coupling:
            guide = ns.CurrentWaveform(data.smooth_voltage(self.kept), interval=data.dt)
            net.drive(cells, guide, compartment="forced")
        if self.uses_voltage:
            net.record(cells, "v")
        if self.uses_spikes:
            net.record(cells, "rate")
        result = ns.simulate(net, data.duration, dt=data.dt, threads=1, progress=False)
        error = mean = np.empty((len(points), 0))
        if self.uses_voltage:
            assert data.voltage is not None
            potential = result.traces["cells", "v"].values[self.kept]
            error = (potential - data.voltage[self.kept, None]).T
        if self.uses_spikes:
            rate = result.traces["cells", "rate"].values.T
            mean = np.clip(rate * data.dt, 0.0, LARGEST_MEAN)
        return Course(np.ascontiguousarray(error), np.ascontiguousarray(mean))

    def courses(self, points: Floats) -> Iterator[Course]:
        """Simulate candidates in parts that fit into memory; the parts do not affect the result."""
        size = max(1, MOST_VALUES // (self.data.n_steps * (self.uses_voltage + self.uses_spikes)))
        size = max(1, min(size, -(-len(points) // self.threads)))
        parts = [points[first : first + size] for first in range(0, len(points), size)]
        if len(parts) == 1:
            yield self._courses(parts[0])
            return
        with ThreadPoolExecutor(self.threads) as pool:
            yield from pool.map(self._courses, parts)

    @property
    def smallest(self) -> float:
        """Loss below which a fit is as precise as the recorded numbers."""
        return self.weight * RESOLUTION**2 * float(self.kept.sum()) if self.uses_voltage else 0.0

    def losses(self, points: Floats) -> Floats:
        """Return the loss of each candidate; infinity if it is not finite."""
        found = np.concatenate([self._losses(course) for course in self.courses(points)])
        return np.where(np.isfinite(found), found, np.inf)

    def _losses(self, course: Course) -> Floats:
        loss = np.zeros(len(course.error))
        if self.uses_voltage:
            squares = (course.error / OUTLIER) ** 2
            loss += self.weight * 0.5 * OUTLIER**2 * np.log1p(squares).sum(axis=1)
        if self.uses_spikes:
            loss += spike_losses(course.mean, self.data.steps)
        return loss

    def course(self, point: Floats) -> Course:
        """Simulate one candidate."""
        return self._courses(point[None])

    def derivatives(
        self, points: Floats, free: NDArray[np.bool_] | None = None
    ) -> list[Derivatives]:
        """Return the derivatives of the loss at points by central differences.

        Parameters
        ----------
        points : (n_points, n) ndarray
        free : (n,) ndarray of bool, optional
            Coordinates whose derivatives are needed; the others are 0. Default: all.
        """
        n = points.shape[1]
        axes = np.arange(n) if free is None else np.flatnonzero(free)
        moves = np.zeros((len(axes), n))
        moves[np.arange(len(axes)), axes] = self.space.steps[axes]
        moves = np.vstack([np.zeros(n), moves, -moves])
        courses = list(self.courses((points[:, None] + moves).reshape(-1, n)))
        error = np.concatenate([course.error for course in courses])
        mean = np.concatenate([course.mean for course in courses])
        parts = [slice(k * len(moves), (k + 1) * len(moves)) for k in range(len(points))]
        return [self._derivatives(error[part], mean[part], axes) for part in parts]

    def _derivatives(self, error: Floats, mean: Floats, axes: NDArray[np.intp]) -> Derivatives:
        """Return the derivatives at a point, given the courses of its neighbours."""
        steps, m = self.space.steps, len(axes)

        def differences(values: Floats) -> Floats:
            slopes = np.zeros((len(steps), values.shape[1]))
            slopes[axes] = (values[1 : m + 1] - values[m + 1 :]) / (2.0 * steps[axes, None])
            return slopes

        residual = error[0]
        weights = self.weight / (1.0 + (residual / OUTLIER) ** 2)
        moves = differences(np.log(np.maximum(mean, SMALLEST_MEAN)))
        excess, information = spike_scores(mean[0], self.data.steps)
        return Derivatives(
            differences(error), weights * residual, weights, moves, excess, information
        )


@dataclass(frozen=True, eq=False)
class Derivatives:
    """Derivatives of the loss at one point.

    Attributes
    ----------
    slopes : (n, n_samples) ndarray
        Derivatives of the potential.
    residuals, weights : (n_samples,) ndarray
        Derivatives of the loss by the potential, of first order and (approximately) second.
    moves : (n, n_steps) ndarray
        Derivatives of the logarithm of the firing rate.
    excess, information : (n_steps,) ndarray
        Derivatives of the loss by the logarithm of the rate, of first order and (expected) second.
    """

    slopes: Floats
    residuals: Floats
    weights: Floats
    moves: Floats
    excess: Floats
    information: Floats

    @property
    def gradient(self) -> Floats:
        """Gradient of the loss."""
        return self.slopes @ self.residuals + self.moves @ self.excess

    @property
    def curvature(self) -> Floats:
        """Hessian of the loss by the Gauss-Newton approximation and Fisher's information."""
        potential = (self.slopes * self.weights) @ self.slopes.T
        return potential + (self.moves * self.information) @ self.moves.T


def initial_states(neuron: Any, data: CurrentClamp) -> dict[str, Any]:
    """Return the initial states of a neuron, of which the recorded potential is one."""
    potential = next(iter(equations_of(neuron).declared_states()))
    start = {} if data.v_start is None else {potential: data.v_start}
    return start | dict(getattr(neuron, "initial", None) or {})


def spike_losses(mean: Floats, steps: NDArray[np.int64]) -> Floats:
    """Return the negative log-likelihood of spikes, given rate times dt in each step (nats)."""
    at_spikes = mean[:, steps]
    fired = -np.log(np.maximum(-np.expm1(-at_spikes), SMALLEST_MEAN))
    return fired.sum(axis=1) + mean.sum(axis=1) - at_spikes.sum(axis=1)


def spike_scores(mean: Floats, steps: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return derivatives of the spike loss by the logarithm of the rate: first, expected second."""
    if not len(mean):
        return mean, mean
    # mean/(exp(mean) − 1) tends to 1 for rare spikes.
    ratio = np.where(mean > 1e-8, mean / np.expm1(np.clip(mean, 1e-8, 700.0)), 1.0)
    score = mean.copy()
    score[steps] = -ratio[steps]
    return score, mean * ratio
