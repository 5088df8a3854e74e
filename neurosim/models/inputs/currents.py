"""Inputs that inject currents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import parameter
from neurosim.models.inputs.base import (
    CURRENT,
    EACH,
    START,
    STOP,
    TIMES,
    Input,
    TimedInput,
    check_length,
    per_target,
    per_time,
    sinusoid,
)
from neurosim.utils.checks import Array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.models.inputs.base import Program


@dataclass(frozen=True, eq=False)
class ConstantCurrent(Input):
    """A constant current, from time 0.

    Parameters
    ----------
    amplitude : float or (n_targets,) array_like
        pA.

    Examples
    --------
    Three points of an f–I curve, one neuron for each current:

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 3, ns.LIF())
    >>> drive = net.drive(cells, ns.ConstantCurrent([150.0, 200.0, 300.0]))
    >>> ns.simulate(net, 1000.0).spikes["cells"].counts()
    array([ 0, 16, 40])
    """

    amplitude: Array = parameter(**CURRENT, help=EACH, check=per_target)

    def changes(self) -> Program:
        """Return time 0 and the amplitude."""
        return np.zeros(1), np.atleast_1d(self.amplitude).reshape(1, -1)


@dataclass(frozen=True, eq=False)
class StepCurrent(Input):
    """A current that changes at given times.

    Parameters
    ----------
    times : (n_times,) array_like
        Increasing (ms); rounded to the nearest step of the time grid, halves up.
    amplitudes : (n_times,) or (n_times, n_targets) array_like
        pA; amplitudes[k] holds from times[k] to times[k + 1]. Before times[0] the current is 0.

    Examples
    --------
    300 pA from 100 to 200 ms:

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> drive = net.drive(cell, ns.StepCurrent([100.0, 200.0], [300.0, 0.0]))
    >>> ns.simulate(net, 300.0).spikes["cell"].times.round(1)
    array([119.7, 144.4, 169.1, 193.8])
    """

    times: Array = parameter(**TIMES)
    amplitudes: Array = parameter(**CURRENT, help="each holds until the next time", check=per_time)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_length(self.amplitudes, "StepCurrent.amplitudes", self.times)

    def changes(self) -> Program:
        """Return times and amplitudes."""
        return self.times, self.amplitudes.reshape(len(self.times), -1)


@dataclass(frozen=True, eq=False)
class CurrentWaveform(Input):
    """A current sampled at regular intervals.

    Parameters
    ----------
    values : (n_times,) or (n_times, n_targets) array_like
        pA; values[k] holds from k·interval to (k + 1)·interval. After the last one the current is
        0.
    interval : float
        Sampling interval (ms).

    Examples
    --------
    A sine of 10 Hz, sampled every millisecond:

    >>> import numpy as np
    >>> import neurosim as ns
    >>> t = np.arange(0.0, 500.0, 1.0)
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> current = 200.0 + 150.0 * np.sin(2.0 * np.pi * t / 100.0)
    >>> drive = net.drive(cell, ns.CurrentWaveform(current, interval=1.0))
    """

    values: Array = parameter(**CURRENT, help="one for each interval", check=per_time)
    interval: float = parameter(unit="ms", low=1e-3, high=1e9, help="sampling interval")

    def check_step(self, dt: float) -> None:
        """Raise an error if the time step is longer than the interval."""
        if self.interval < dt * (1.0 - 1e-9):
            raise NeurosimError(
                f"CurrentWaveform.interval = {self.interval:g} ms is below the time step "
                f"dt = {dt:g} ms: resample the waveform, or reduce dt"
            )

    def changes(self) -> Program:
        """Return times and values, with a final 0."""
        values: NDArray[np.float64] = self.values.reshape(len(self.values), -1)
        times = np.arange(len(values) + 1, dtype=np.float64) * self.interval
        return times, np.vstack([values, np.zeros((1, values.shape[1]))])


@dataclass(frozen=True, eq=False)
class SinusoidalCurrent(TimedInput):
    r"""A sinusoidal (AC) current.

    .. math:: I(t) = I_0 + A \sin(2\pi f t + \varphi)

    between `start` and `stop`, else 0. It is constant within a time step, with the value at its
    beginning.

    Notes
    -----
    The phase refers to time 0, also if the current starts later, as in NEST. For a phase at
    `start`, as in PyNN, subtract :math:`2\pi f t_\mathrm{start}`.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> drive = net.drive(cell, ns.SinusoidalCurrent(100.0, 5.0, mean=150.0, start=50.0))
    >>> recording = net.record(drive, "current", interval=50.0)
    >>> ns.simulate(net, 200.0).inputs[drive].values.T.round(1)
    array([[  0. , 150.3,  50. , 149.7]])
    """

    amplitude: Array = parameter(**CURRENT, help="amplitude", check=per_target)
    frequency: Array = parameter(unit="Hz", low=0.0, high=1e5, help="frequency", check=per_target)
    phase: Array = parameter(0.0, "", -1e5, 1e5, "phase at time 0 (radians)", check=per_target)
    mean: Array = parameter(0.0, **CURRENT, help="constant current", check=per_target)
    start: float = parameter(**START)
    stop: float | None = parameter(**STOP)

    def current(self, times: NDArray, n_targets: int, rng: np.random.Generator) -> NDArray:
        """Return the current (pA) in the time steps that begin at `times`."""
        return sinusoid(times, self.mean, self.amplitude, self.frequency, self.phase)


@dataclass(frozen=True, eq=False)
class RampCurrent(TimedInput):
    """A current that changes linearly between given times.

    It is constant within a time step, with the value at its beginning. Before the first time it
    is 0, and after the last time it keeps the last value, until `stop`.

    Parameters
    ----------
    times : (n_times,) array_like
        Increasing (ms).
    amplitudes : (n_times,) or (n_times, n_targets) array_like
        Current at these times (pA).
    start, stop : float
        Before `start`, and from `stop` on, the current is 0 (ms).

    Examples
    --------
    From 0 pA at 100 ms to 300 pA at 200 ms:

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> drive = net.drive(cell, ns.RampCurrent([100.0, 200.0], [0.0, 300.0], stop=250.0))
    >>> recording = net.record(drive, "current", interval=50.0)
    >>> ns.simulate(net, 300.0).inputs[drive].values.T.round(1)
    array([[  0. ,   0. , 149.7, 299.7, 300. ,   0. ]])
    """

    times: Array = parameter(**TIMES)
    amplitudes: Array = parameter(**CURRENT, help="current at these times", check=per_time)
    start: float = parameter(**START)
    stop: float | None = parameter(**STOP)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_length(self.amplitudes, "RampCurrent.amplitudes", self.times)

    @property
    def columns(self) -> int:
        """Number of columns of values: one per target, or 1 if all targets share it."""
        return 1 if self.amplitudes.ndim == 1 else self.amplitudes.shape[1]

    def current(self, times: NDArray, n_targets: int, rng: np.random.Generator) -> NDArray:
        """Return the current (pA) in the time steps that begin at `times`."""
        columns = self.amplitudes.reshape(len(self.times), -1).T
        values = [np.interp(times, self.times, column, left=0.0) for column in columns]
        return np.column_stack(values) if len(values) > 1 else values[0]


@dataclass(frozen=True, eq=False)
class LiveCurrent(Input):
    """A current that is set by `Chunk.inject` while the network runs.

    Parameters
    ----------
    amplitude : float or (n_targets,) array_like
        Initial value (pA).

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> current = net.drive(cell, ns.LiveCurrent(amplitude=0.0))
    >>> def on_chunk(chunk):
    ...     chunk.inject(current, 300.0 if chunk.stop >= 20.0 else 0.0)
    >>> result = ns.Simulation(net).stream(10.0, on_chunk, duration=50.0)
    >>> result.spikes["cell"].times.round(1)
    array([39.7])
    """

    is_live = True
    amplitude: Array = parameter(0.0, **CURRENT, help=EACH, check=per_target)
    changes = ConstantCurrent.changes
