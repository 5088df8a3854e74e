"""A current-clamp recording: injected current, membrane potential and spikes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neurosim as ns
from bridge.utils.checks import as_floats, finite, positive
from bridge.utils.warn import warn
from neurosim import NeurosimError

FEWEST_STEPS = 100
"""Shortest recording, in time steps."""
SMALLEST_CURRENT = 1e-6
"""Currents below are assumed to be amperes instead of pA."""
SMALL_CURRENT = 2.0
"""Currents below may be in nA instead of pA."""
SMALLEST_VOLTAGE = 0.2
"""Potentials below are assumed to be volts instead of mV."""
GRID = 1e-9
"""Tolerance of times on the time grid, in steps."""


@dataclass(frozen=True, eq=False)
class CurrentClamp:
    """A recording on a regular time grid.

    Attributes
    ----------
    dt : float
        Time step (ms).
    current : (n_steps,) ndarray
        Injected in each step (pA).
    voltage : (n_steps,) ndarray or None
        Membrane potential at the end of each step (mV); NaN where unknown.
    v_start : float or None
        Membrane potential at time 0 (mV).
    steps : (n_spikes,) ndarray of int
        Step in which each spike occurred: a spike of step k is at (k + 1)·dt.
    """

    dt: float
    current: NDArray[np.float64]
    voltage: NDArray[np.float64] | None
    v_start: float | None
    steps: NDArray[np.int64]

    @classmethod
    def of(
        cls, current: Any, dt: Any, times: Any, voltage: Any, spikes: Any, level: Any
    ) -> CurrentClamp:
        """Check and convert the arguments of `fit_neuron`."""
        step = _time_step(dt, times, current, voltage)
        injected = checked_current(current)
        potential, v_start = _voltage(voltage, len(injected), step)
        if spikes is None:
            if potential is None:
                raise NeurosimError("voltage and spikes are missing: give at least one of them")
            steps = _crossings(potential, v_start, finite(level, "spike_level", "mV"))
        else:
            steps = _steps(spikes, step, len(injected))
        return cls(step, injected, potential, v_start, steps)

    @property
    def n_steps(self) -> int:
        """Number of time steps."""
        return len(self.current)

    @property
    def duration(self) -> float:
        """Length of the recording (ms)."""
        return self.n_steps * self.dt

    @property
    def spike_times(self) -> NDArray[np.float64]:
        """Spike times on the time grid (ms)."""
        return np.asarray((self.steps + 1) * self.dt, float)

    def first(self, n_steps: int) -> CurrentClamp:
        """Return the beginning of the recording."""
        voltage = None if self.voltage is None else self.voltage[:n_steps]
        steps = self.steps[self.steps < n_steps]
        return replace(self, current=self.current[:n_steps], voltage=voltage, steps=steps)

    def between_spikes(self, before: float, after: float) -> NDArray[np.bool_]:
        """Return the steps at whose end the potential is known and not part of a spike.

        There are none if only spikes were recorded.

        Parameters
        ----------
        before, after : float
            Time before and after each spike that is left out (ms).
        """
        if self.voltage is None:
            return np.zeros(self.n_steps, dtype=bool)
        change = np.zeros(self.n_steps + 1, dtype=int)
        first = np.maximum(self.steps - round(before / self.dt), 0)
        last = np.minimum(self.steps + round(after / self.dt) + 1, self.n_steps)
        np.add.at(change, first, 1)
        np.add.at(change, last, -1)
        return (np.cumsum(change)[:-1] == 0) & np.isfinite(self.voltage)

    def smooth_voltage(self, kept: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the potential at the start of each step, interpolated where it is not kept."""
        assert self.voltage is not None
        steps = np.flatnonzero(kept)
        return np.interp(np.arange(self.n_steps) - 1.0, steps, self.voltage[steps])


def _time_step(dt: Any, times: Any, current: Any, voltage: Any) -> float:
    """Return the time step, from `dt` or from times of samples."""
    traces = [one.times for one in (current, voltage) if isinstance(one, ns.Trace)]
    if times is None and dt is None and traces:
        times = traces[0]
    elif times is None and dt is None:  # Neo's signals
        dt = getattr(current, "sampling_period", None)
    if (times is None) == (dt is None):
        raise NeurosimError("give either dt, the sampling interval in ms, or times of the samples")
    if dt is None:
        grid = as_floats(times, "times", "ms")
        if grid.ndim != 1 or len(grid) < 2 or not np.isfinite(grid).all():
            raise NeurosimError("times must be a 1-D array of at least two finite times in ms")
        dt = (grid[-1] - grid[0]) / (len(grid) - 1)
        if dt <= 0.0 or np.abs(np.diff(grid) - dt).max() > 0.01 * dt:
            raise NeurosimError(
                "times of the samples are not regular and ascending: resample the recording to a "
                "regular step"
            )
        dt = float(f"{dt:.9g}")  # without the rounding errors of the times
    step = positive(dt, "dt", "ms")
    if step < 1e-3:
        raise NeurosimError(
            f"dt = {step:g} ms is below 0.001 ms: dt is in ms; did you mean {step * 1e3:g}?"
        )
    return step


def _samples(values: Any, name: str, unit: str) -> NDArray[np.float64]:
    """Return samples as a 1-D array."""
    if isinstance(values, ns.Trace):
        values = values.values
    samples = as_floats(values, name, unit)
    if samples.ndim == 2 and 1 in samples.shape:
        samples = samples.ravel()
    if samples.ndim != 1:
        raise NeurosimError(
            f"{name} has shape {samples.shape}: give one value in {unit} for each time step"
        )
    return samples


def checked_current(values: Any) -> NDArray[np.float64]:
    """Return a checked current (pA)."""
    current = _samples(values, "current", "pA")
    if len(current) < FEWEST_STEPS:
        raise NeurosimError(
            f"current has {len(current)} samples: give at least {FEWEST_STEPS}, one for each step"
        )
    bad = np.flatnonzero(~np.isfinite(current))
    if len(bad):
        raise NeurosimError(
            f"current holds {current[bad[0]]} at sample {bad[0]}: cut or interpolate such samples"
        )
    largest = float(np.abs(current).max())
    if 0.0 < largest < SMALLEST_CURRENT:
        raise NeurosimError(
            f"current is at most {largest:g} pA, which looks like amperes: multiply it by 1e12"
        )
    if 0.0 < largest < SMALL_CURRENT:
        warn(f"current is at most {largest:.3g} pA: if it is in nA, multiply it by 1000")
    if current.std() == 0.0:
        raise NeurosimError(
            f"current is constant at {current[0]:g} pA: parameters can only be fitted to a current "
            "that varies"
        )
    return current


def _voltage(values: Any, n: int, dt: float) -> tuple[NDArray[np.float64] | None, float | None]:
    """Return the potential at the end of each step and at time 0 (mV)."""
    if values is None:
        return None, None
    voltage = _samples(values, "voltage", "mV")
    at_end = isinstance(values, ns.Trace) and abs(values.times[0] / dt - 1.0) < 0.01
    if len(voltage) != n:
        raise NeurosimError(
            f"voltage has {len(voltage)} samples and current {n}: give both at the same times"
        )
    known = voltage[np.isfinite(voltage)]
    if len(known) < 0.5 * n:
        raise NeurosimError(
            f"{n - len(known)} of {n} samples of voltage are not finite: at least half must be"
        )
    if np.abs(known).max() < SMALLEST_VOLTAGE:
        raise NeurosimError(
            f"voltage is within ±{np.abs(known).max():.3g} mV, which looks like volts: multiply it "
            "by 1000"
        )
    if np.ptp(known) == 0.0:
        raise NeurosimError(
            f"voltage is constant at {known[0]:g} mV: give the recorded membrane potential, or "
            "spikes alone"
        )
    if at_end:
        return voltage, None
    start = float(voltage[0]) if math.isfinite(voltage[0]) else float(known[0])
    return np.append(voltage[1:], np.nan), start


def _crossings(
    voltage: NDArray[np.float64], v_start: float | None, level: float
) -> NDArray[np.int64]:
    """Return the steps in which the potential rises above a level (mV)."""
    before = np.append(voltage[0] if v_start is None else v_start, voltage[:-1])
    steps = np.flatnonzero((before < level) & (voltage >= level))
    if not len(steps):
        raise NeurosimError(
            f"voltage never rises above {level:g} mV: give a lower spike_level (the largest value "
            f"is {np.nanmax(voltage):.4g} mV), or the times of the spikes"
        )
    return steps


def _steps(spikes: Any, dt: float, n_steps: int) -> NDArray[np.int64]:
    """Return the step of each spike, given the spike times (ms)."""
    times = as_floats(spikes, "spikes", "ms")
    times = times.ravel() if times.ndim == 2 and 1 in times.shape else times
    duration = n_steps * dt
    if times.ndim != 1 or not np.isfinite(times).all():
        raise NeurosimError("spikes must be a 1-D array of finite spike times in ms")
    if not len(times):
        raise NeurosimError("there are no spikes: give a recording with at least one spike")
    if times.min() <= 0.0 or times.max() > duration * (1.0 + 1e-9):
        wrong = times.min() if times.min() <= 0.0 else times.max()
        raise NeurosimError(
            f"spikes holds {wrong:g} ms: times must lie above 0 and up to the end of the current, "
            f"{duration:g} ms"
        )
    if times.max() < 0.01 * duration and len(times) > 2:
        raise NeurosimError(
            f"all spikes lie before {times.max():.3g} ms of {duration:g} ms, so they may be in "
            "seconds: multiply them by 1000"
        )
    steps = np.ceil(times / dt - GRID * np.maximum(times / dt, 1.0)).astype(int) - 1
    return np.unique(steps)
