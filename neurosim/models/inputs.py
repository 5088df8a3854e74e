"""Input from outside the network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import optional, parameter
from neurosim.models.quantity import bounds_of
from neurosim.models.registry import Part
from neurosim.utils.checks import (
    Array,
    check_array,
    check_increasing,
    check_number,
    is_scalar,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.models.lif import Neuron

    Program = tuple[NDArray[np.float64], NDArray[np.float64]]
    Events = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]

CURRENT: dict[str, Any] = {"unit": "pA", "low": -1e9, "high": 1e9}
MOST_RATE = 1e8
"""Hz."""
LATEST = 1e12
"""ms."""
EACH = "for all targets, or one for each"
MAX_MEAN = 500.0
"""Largest expected number of Poisson spikes in one step: beyond, exp(−mean) underflows."""


class Input(Part, abstract=True):
    """Base class of inputs.

    An input of your own is a frozen dataclass with one of two methods. They are asked for the input
    of successive intervals of time. All randomness comes from `rng`, a `numpy.random.Generator` of
    each interval: the input depends on the seed of the simulation alone.

    ``current(times, n_targets, rng)``
        Returns the current (pA) in the time steps that begin at `times` (ms): an array of shape
        (n_times,), or (n_times, n_targets) where targets differ.
    ``spikes(start, stop, n_targets, rng)``
        Returns the times (ms) of the spikes from `start` to before `stop`: an array for all
        targets, or a list of one array for each.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> import neurosim as ns
    >>> @dataclass(frozen=True, eq=False)
    ... class Sine(ns.Input):
    ...     "A sinusoidal current."
    ...     amplitude: float = ns.parameter(300.0, "pA", 0.0, 1e5, "amplitude")
    ...     frequency: float = ns.parameter(10.0, "Hz", 0.0, 1e3, "frequency")
    ...     def current(self, times, n_targets, rng):
    ...         return self.amplitude * np.sin(2e-3 * np.pi * self.frequency * times)
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> drive = net.drive(cell, Sine(frequency=5.0))
    """

    noun: ClassVar[str] = "an input"
    is_live: ClassVar[bool] = False
    """Whether it is set or sent while the network runs."""
    is_noise: ClassVar[bool] = False
    """Whether it adds noise to the potential."""

    @property
    def sends_spikes(self) -> bool:
        """Whether it sends spikes, through a synapse."""
        return hasattr(self, "spikes")

    @property
    def is_custom(self) -> bool:
        """Whether it has a method `current` or `spikes`, as the inputs of users do."""
        return hasattr(self, "spikes") or hasattr(self, "current")

    @property
    def columns(self) -> int:
        """For how many targets it has values of their own; 1 serves any number."""
        return self.changes()[1].shape[1] if hasattr(self, "changes") else 1

    def check_targets(self, n_targets: int) -> None:
        """Refuse another number of targets than the input has values for.

        Raises
        ------
        NeurosimError
        """
        if self.columns not in (1, n_targets):
            self._refuse_targets(n_targets)

    def _refuse_targets(self, n_targets: int) -> NoReturn:
        raise NeurosimError(
            f"{type(self).__name__} has values for {self.columns} targets and drives {n_targets}: "
            "give one value for all, or one each"
        )

    def check_step(self, dt: float) -> None:
        """Refuse a time step (ms) that is too long for the input.

        Raises
        ------
        NeurosimError
        """

    def check_neuron(self, neuron: Neuron, name: str) -> None:
        """Refuse neurons of a population `name` on which the input cannot act.

        Raises
        ------
        NeurosimError
        """


def _number_or_array(value: Any, what: str, *limits: Any) -> Any:
    check = check_number if is_scalar(value) else check_array
    return check(value, what, *limits)


def _per_target(value: Any, what: str, *limits: Any) -> Any:
    """Check a number, or a 1-D array of one number per target."""
    value = _number_or_array(value, what, *limits)
    if np.ndim(value) > 1:
        raise NeurosimError(f"{what} has shape {value.shape}: give a number, or one per target")
    return value


def _per_time(values: Any, what: str, *limits: Any) -> NDArray[np.float64]:
    """Check an array of shape (n_times,) or (n_times, n_targets)."""
    array = check_array(values, what, *limits)
    if array.ndim not in (1, 2):
        raise NeurosimError(
            f"{what} has shape {array.shape}: it needs (n_times,) or (n_times, n_targets)"
        )
    return array


def _times(values: Any, what: str, *limits: Any) -> NDArray[np.float64]:
    """Check increasing times."""
    return check_increasing(check_array(values, what, *limits), what)


def _spike_lists(values: Any, what: str, unit: str, low: float, high: float) -> Any:
    """Check a 1-D array, or a sequence of them, which becomes a tuple; None stays None."""

    def flat(array: Any) -> NDArray[np.float64]:
        array = check_array(array, what, unit, low, high, empty=True)
        if array.ndim != 1:
            of = "times in ms" if unit else "factors"
            raise NeurosimError(f"{what} has shape {array.shape}: give a 1-D array of {of}")
        return array

    nested = not is_scalar(values) and not all(map(is_scalar, values))
    return tuple(map(flat, values)) if nested else flat(values)


def _check_length(values: NDArray[np.float64], what: str, times: NDArray[np.float64]) -> None:
    """Refuse another number of values than of times."""
    if values.ndim not in (1, 2) or len(values) != len(times):
        raise NeurosimError(
            f"{what} has shape {values.shape}: it needs ({len(times)},) or ({len(times)}, "
            "n_targets)"
        )


@dataclass(frozen=True, eq=False)
class ConstantCurrent(Input):
    """A constant current from the start on.

    Parameters
    ----------
    amplitude : float or (n_targets,) array_like
        pA.
    """

    amplitude: Array = parameter(**CURRENT, help=EACH, check=_per_target)

    def changes(self) -> Program:
        """Return the amplitude from time 0 on."""
        return np.zeros(1), np.atleast_1d(self.amplitude).reshape(1, -1)


@dataclass(frozen=True, eq=False)
class StepCurrent(Input):
    """A current that changes at given times.

    Parameters
    ----------
    times : (n_times,) array_like
        ms, increasing; rounded to the nearest step of the time grid, halves up.
    amplitudes : (n_times,) or (n_times, n_targets) array_like
        Amplitude k (pA) holds from times[k] to the next; before the first the current is 0.
    """

    times: Array = parameter(unit="ms", low=0.0, high=LATEST, help="increasing", check=_times)
    amplitudes: Array = parameter(
        **CURRENT, help="each holds from its time to the next", check=_per_time
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_length(self.amplitudes, "StepCurrent.amplitudes", self.times)

    def changes(self) -> Program:
        """Return times and amplitudes."""
        return self.times, self.amplitudes.reshape(len(self.times), -1)


@dataclass(frozen=True, eq=False)
class CurrentWaveform(Input):
    """An arbitrary current, sampled at regular intervals.

    Parameters
    ----------
    values : (n_times,) or (n_times, n_targets) array_like
        Value k (pA) holds from k·interval to (k + 1)·interval; after the last the current is 0.
    interval : float
        ms.
    """

    values: Array = parameter(**CURRENT, help="value k holds for interval k", check=_per_time)
    interval: float = parameter(unit="ms", low=1e-3, high=1e9, help="from value to value")

    def check_step(self, dt: float) -> None:
        """Refuse a time step longer than the interval."""
        if self.interval < dt * (1.0 - 1e-9):
            raise NeurosimError(
                f"CurrentWaveform.interval = {self.interval:g} ms is below the time step "
                f"dt = {dt:g} ms: resample the waveform, or take a smaller dt"
            )

    def changes(self) -> Program:
        """Return times and values; after the last the current is 0."""
        values: NDArray[np.float64] = self.values.reshape(len(self.values), -1)
        times = np.arange(len(values) + 1, dtype=np.float64) * self.interval
        return times, np.vstack([values, np.zeros((1, values.shape[1]))])


@dataclass(frozen=True, eq=False)
class LiveCurrent(Input):
    """A current that is set while the network runs, by `Chunk.inject`.

    Parameters
    ----------
    amplitude : float or (n_targets,) array_like
        pA, from the start until it is first set.
    """

    is_live = True
    amplitude: Array = parameter(0.0, **CURRENT, help=EACH, check=_per_target)
    changes = ConstantCurrent.changes


@dataclass(frozen=True, eq=False)
class Poisson(Input):
    """Poisson spikes, independent for every target.

    Parameters
    ----------
    rate : float or array_like
        Hz. Without `times` a number or (n_targets,); with `times` (n_times,) or
        (n_times, n_targets): rate k holds from times[k] to the next, before the first there are no
        spikes.
    times : (n_times,) array_like, optional
        ms, increasing; rounded to the nearest step of the time grid, halves up.
    """

    sends_spikes = True
    rate: Array = parameter(unit="Hz", low=0.0, high=MOST_RATE, help=EACH, check=_number_or_array)
    times: Array | None = parameter(
        None, "ms", 0.0, LATEST, "rate k holds from times[k] to the next", check=optional(_times)
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.times is None:
            _per_target(self.rate, "Poisson.rate", "Hz")
        else:
            _check_length(np.asarray(self.rate), "Poisson.rate", self.times)

    def check_step(self, dt: float) -> None:
        """Refuse more spikes in a step than can be drawn."""
        most, highest = MAX_MEAN / dt * 1e3, float(np.max(self.rate))
        if highest > most:
            raise NeurosimError(
                f"Poisson.rate = {highest:g} Hz is above {most:g} Hz, {MAX_MEAN:g} spikes in a "
                f"step of {dt:g} ms: use fewer, stronger inputs or a current"
            )

    def changes(self) -> Program:
        """Return times and rates (Hz)."""
        times = np.zeros(1) if self.times is None else self.times
        return times, np.asarray(self.rate, float).reshape(len(times), -1)


@dataclass(frozen=True, eq=False)
class SpikeTimes(Input):
    """Given spikes.

    Parameters
    ----------
    times : (n,) array_like, or sequence of them
        ms, in any order: one array for all targets, or one array for each. With the delay of the
        drive they are rounded to the nearest step of the time grid, halves up; the first step, dt,
        is the earliest.
    factors : (n,) array_like, or sequence of them, optional
        Factor for each spike, of any sign, that multiplies the strength of the drive. Default: 1.
    """

    sends_spikes = True
    times: Array = parameter(
        unit="ms",
        low=0.0,
        high=LATEST,
        help="one array for all targets, or one for each",
        check=_spike_lists,
    )
    factors: Array | None = parameter(
        None, "", -1e9, 1e9, "a factor of the strength for each spike", check=optional(_spike_lists)
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.factors is None:
            return
        lists = [x if isinstance(x, tuple) else (x,) for x in (self.times, self.factors)]
        shapes = [list(map(len, x)) for x in lists]
        if type(self.times) is not type(self.factors) or shapes[0] != shapes[1]:
            raise NeurosimError(
                "SpikeTimes.factors and SpikeTimes.times differ in shape: give one factor for each "
                "spike"
            )

    @property
    def columns(self) -> int:
        """For how many targets it has values of their own; 1 serves any number."""
        return len(self.times) if isinstance(self.times, tuple) else 1

    def check_targets(self, n_targets: int) -> None:
        """Refuse another number of targets; one list in a list is for one target."""
        if isinstance(self.times, tuple) and n_targets > 1 == self.columns:
            self._refuse_targets(n_targets)
        super().check_targets(n_targets)

    def events(self) -> Events:
        """Return time (ms), target and factor of every spike; target −1 stands for all."""
        each = isinstance(self.times, tuple)
        lists = self.times if each else (self.times,)
        factors = self.factors if each or self.factors is None else (self.factors,)
        lengths = [len(own) for own in lists]
        times = np.concatenate([np.empty(0), *lists])
        targets = np.repeat(np.arange(len(lists)), lengths) if each else np.full(len(times), -1)
        if factors is None:
            return times, targets, np.ones(len(times))
        return times, targets, np.concatenate([np.empty(0), *factors])


@dataclass(frozen=True)
class LiveSpikes(Input):
    """Spikes that are sent while the network runs, by `Chunk.send`."""

    is_live = True
    sends_spikes = True


@dataclass(frozen=True)
class MembraneNoise(Input):
    """White current noise, independent for every target.

    Parameters
    ----------
    sigma : float
        Stationary standard deviation (mV) of the membrane potential without threshold, which is
        then an Ornstein–Uhlenbeck process with time constant τ_m.
    """

    is_noise = True
    sigma: float = parameter(
        unit="mV", low=0.0, high=1e3, help="standard deviation of the potential without threshold"
    )

    def check_neuron(self, neuron: Neuron, name: str) -> None:
        """Refuse neurons without a stationary distribution of the potential."""
        if not neuron.is_linear:
            raise NeurosimError(
                f"MembraneNoise has a sigma of the potential of LIF neurons, and {name!r} has "
                f"{type(neuron).__name__}: give Poisson spikes or a CurrentWaveform of noise"
            )
        if bounds_of(neuron.tau_m)[1] == math.inf:
            raise NeurosimError(
                f"MembraneNoise has a stationary sigma, and {name!r} has no leak, so its "
                "potential has none: give Poisson spikes or a CurrentWaveform of noise"
            )
