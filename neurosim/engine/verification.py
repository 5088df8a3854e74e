"""Comparison of a neuron model on the time grid with an accurate solution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.codegen.escape_source import fires_at_random
from neurosim.builder.codegen.model_check import check_source, first_states, first_values
from neurosim.builder.grid import check_dt, whole_steps
from neurosim.errors import NeurosimError
from neurosim.models import ConstantCurrent
from neurosim.models.declare import parameters_of
from neurosim.models.equations import currents_of
from neurosim.network import Network
from neurosim.utils.checks import check_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from neurosim.models.neuron_model import NeuronModel

RTOL, ATOL = 1e-10, 1e-10
"""Tolerances of the reference solution."""
INSTANT = 1e-6
"""Time (ms) in which a diverging potential must reach the spike criterion."""
BISECTIONS = 60
"""Number of bisections that locate a spike."""


@dataclass(frozen=True, eq=False)
class Verification:
    """Errors of a model simulated on the time grid, relative to a reference solution.

    Attributes
    ----------
    dt : float
        Step of the time grid (ms).
    spike_times, reference_times : (n,) ndarray
        Spike times on the time grid and in the reference solution (ms).
    largest_v_error : float
        Largest error of the potential up to the first spike (mV).
    largest_spike_shift : float
        Largest difference of corresponding spike times (ms); infinite if their numbers differ.
    """

    dt: float
    spike_times: NDArray[np.float64]
    reference_times: NDArray[np.float64]
    largest_v_error: float
    largest_spike_shift: float

    def __str__(self) -> str:
        return (
            f"dt = {self.dt:g} ms: {len(self.spike_times)} spikes, reference "
            f"{len(self.reference_times)}; potential off by at most {self.largest_v_error:.2g} mV "
            f"before the first spike, spike times by at most {self.largest_spike_shift:.3g} ms"
        )


def reference_solution(
    model: NeuronModel, current: float, duration: float, times: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Integrate a model's equations with DOP853 and locate spikes by bisection.

    DOP853 is a Runge–Kutta method of order 8 in SciPy.

    Parameters
    ----------
    model : NeuronModel
        Must have `derivatives`. Uses the parameters of the first neuron.
    current : float
        Constant input (pA).
    duration : float
        ms.
    times : (n_times,) ndarray
        Times (ms) at which to return the potential, ascending.

    Returns
    -------
    v : (n_times,) ndarray
        Membrane potential (mV).
    spike_times : (n_spikes,) ndarray
        ms.
    """
    from scipy.integrate import DOP853

    kind, p = type(model), first_values(model)
    methods: Any = kind
    free, refractory = _slopes(model, current, p)
    x, now, free_from = np.array(first_states(model)), 0.0, 0.0
    v, spikes = np.empty(len(times)), []
    while now < duration:
        held = now < free_from
        stop = min(free_from, duration) if held else duration
        slopes = refractory if held else free
        solver = DOP853(slopes, now, x, stop, rtol=RTOL, atol=ATOL, max_step=1.0)
        while solver.status == "running":
            before = solver.y.copy()
            solver.step()
            status: str = solver.status
            if status == "failed":
                # v diverges: steps shrink below the resolution of time at the spike.
                x, now = solver.y + INSTANT * free(solver.t, solver.y), solver.t
                fired = not held and bool(methods.spikes(before[0], *x, p))
                if not fired:
                    raise NeurosimError(
                        f"SciPy cannot integrate {kind.__name__} beyond {solver.t:g} ms"
                    )
            else:
                solution, now, fired = solver.dense_output(), solver.t, False
                if not held:
                    fired, now = _first_spike(kind, p, before, solution, solver.t_old, solver.t)
                inside = (times > solver.t_old) & (times <= now)
                v[inside] = solution(times[inside])[0]
                x = solution(now)
            if fired:
                arguments = (*x, p)
                if "v_before" in kind.signatures["reset"]:
                    arguments = (x[0], *arguments)
                x = np.atleast_1d(np.array(methods.reset(*arguments), dtype=np.float64))
                spikes.append(now)
                free_from = now + getattr(p, "t_ref", 0.0)
                break
    return v, np.array(spikes)


def _slopes(
    model: NeuronModel, current: float, p: Any
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the right-hand sides of an active and a refractory neuron."""
    kind: Any = type(model)
    currents = [current, *(0.0 for _ in currents_of(kind)[1:])]

    def free(t: float, x: NDArray[np.float64]) -> NDArray[np.float64]:
        v = min(x[0], getattr(p, kind.v_max)) if kind.v_max else x[0]
        return np.atleast_1d(np.array(kind.derivatives(v, *x[1:], *currents, p), dtype=np.float64))

    def refractory(t: float, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.append(0.0, free(t, x)[1:]) if kind.refractory == "clamp" else 0.0 * x

    differ = "t_ref" in parameters_of(kind) and kind.refractory != "ignore"
    return free, refractory if differ else free


def _first_spike(
    kind: Any, p: Any, before: NDArray[np.float64], solution: Any, start: float, stop: float
) -> tuple[bool, float]:
    """Return whether a neuron spikes in a solver step, and the time of the spike.

    Without a spike, the time is the end of the step.
    """

    def fires(t: float) -> bool:
        x = solution(t)
        return bool(kind.spikes(before[0], *x, p))

    points = np.linspace(start, stop, 33)[1:]
    first = next((k for k, t in enumerate(points) if fires(t)), None)
    if first is None:
        return False, stop
    low, high = (start if first == 0 else points[first - 1]), points[first]
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if fires(middle) else (middle, high)
    return True, float(high)


def verify(
    model: NeuronModel, current: float = 500.0, duration: float = 200.0, dt: float = 0.1
) -> Verification:
    """Compare a simulated neuron with an accurate solution of its equations.

    The neuron receives a constant current.

    Parameters
    ----------
    model : NeuronModel
        Must have `derivatives`.
    current : float
        pA.
    duration, dt : float
        ms.

    Returns
    -------
    Verification

    Raises
    ------
    NeurosimError
        If the model defines `step` instead of `derivatives`, fires at random, or has errors.
    """
    from neurosim.engine.simulation import simulate

    if hasattr(type(model), "step"):
        raise NeurosimError(
            f"{type(model).__name__} defines its step: only derivatives can be verified"
        )
    if fires_at_random(model):
        raise NeurosimError(
            f"{type(model).__name__} fires at random: only a deterministic model can be verified"
        )
    check_source(model)
    current = check_number(current, "current", "pA")
    dt = check_dt(dt)
    n_steps = whole_steps(duration, dt, "duration")
    net = Network()
    cell = net.add("cell", 1, model)
    net.drive(cell, ConstantCurrent(current))
    net.record(cell, "v")
    result = simulate(net, duration, dt=dt)
    times = np.multiply(np.arange(1, n_steps + 1), dt, dtype=np.float64)
    v, reference = reference_solution(model, current, duration, times)
    found = result.spikes["cell"].times
    smooth = times < min([*found[:1], *reference[:1], math.inf]) - dt
    shift = math.inf
    if len(found) == len(reference):
        shift = float(np.abs(found - reference).max(initial=0.0))
    error = np.abs(result.traces["cell", "v"].of(0) - v)[smooth]
    return Verification(dt, found, reference, float(error.max(initial=0.0)), shift)
