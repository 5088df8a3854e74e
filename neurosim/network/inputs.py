"""Input from outside the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.network.checks import (
    Array,
    check_array,
    check_increasing,
    check_number,
    is_scalar,
    show,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CURRENT = ("pA", -1e9, 1e9)
_RATE = ("Hz", 0.0, 1e8)
_TIME = ("ms", 0.0, 1e12)


def _per_target(value: Any, what: str, *limits: Any) -> float | NDArray[np.float64]:
    """Check a number, or a 1-D array of one number per target."""
    if is_scalar(value):
        return check_number(value, what, *limits)
    array = check_array(value, what, *limits)
    if array.ndim != 1:
        raise NeurosimError(f"{what} has shape {array.shape}: give a number, or one per target")
    return array


def _per_time(values: Any, what: str, n_times: int | None, *limits: Any) -> NDArray[np.float64]:
    """Check an array of shape (n_times,) or (n_times, n_targets)."""
    array = check_array(values, what, *limits)
    if array.ndim not in (1, 2) or (n_times is not None and len(array) != n_times):
        wanted = "n_times" if n_times is None else n_times
        raise NeurosimError(
            f"{what} has shape {array.shape}: it needs ({wanted},) or ({wanted}, n_targets)"
        )
    return array


@dataclass(frozen=True, eq=False)
class ConstantCurrent:
    """A constant current from the start on.

    Parameters
    ----------
    amplitude : float or (n_targets,) array_like
        pA.
    """

    amplitude: Array

    def __post_init__(self) -> None:
        amplitude = _per_target(self.amplitude, "ConstantCurrent.amplitude", *_CURRENT)
        object.__setattr__(self, "amplitude", amplitude)


@dataclass(frozen=True, eq=False)
class StepCurrent:
    """A current that changes at given times.

    Parameters
    ----------
    times : (n_times,) array_like
        ms, increasing; rounded to the nearest step of the time grid, halves up.
    amplitudes : (n_times,) or (n_times, n_targets) array_like
        Amplitude k (pA) holds from times[k] to the next; before the first the current is 0.
    """

    times: Array
    amplitudes: Array

    def __post_init__(self) -> None:
        times = check_array(self.times, "StepCurrent.times", *_TIME)
        check_increasing(times, "StepCurrent.times")
        object.__setattr__(self, "times", times)
        amplitudes = _per_time(self.amplitudes, "StepCurrent.amplitudes", len(times), *_CURRENT)
        object.__setattr__(self, "amplitudes", amplitudes)


@dataclass(frozen=True, eq=False)
class CurrentWaveform:
    """An arbitrary current, sampled at regular intervals.

    Parameters
    ----------
    values : (n_times,) or (n_times, n_targets) array_like
        Value k (pA) holds from k·interval to (k + 1)·interval; after the last the current is 0.
    interval : float
        ms.
    """

    values: Array
    interval: float

    def __post_init__(self) -> None:
        values = _per_time(self.values, "CurrentWaveform.values", None, *_CURRENT)
        object.__setattr__(self, "values", values)
        interval = check_number(self.interval, "CurrentWaveform.interval", "ms", 1e-3, 1e9)
        object.__setattr__(self, "interval", interval)


@dataclass(frozen=True, eq=False)
class LiveCurrent:
    """A current that is set while the network runs, by `Chunk.inject`.

    Parameters
    ----------
    amplitude : float or (n_targets,) array_like
        pA, from the start until it is first set.
    """

    amplitude: Array = 0.0

    def __post_init__(self) -> None:
        amplitude = _per_target(self.amplitude, "LiveCurrent.amplitude", *_CURRENT)
        object.__setattr__(self, "amplitude", amplitude)


@dataclass(frozen=True, eq=False)
class Poisson:
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

    rate: Array
    times: Array | None = None

    def __post_init__(self) -> None:
        if self.times is None:
            rate = _per_target(self.rate, "Poisson.rate", *_RATE)
        else:
            times = check_array(self.times, "Poisson.times", *_TIME)
            check_increasing(times, "Poisson.times")
            object.__setattr__(self, "times", times)
            rate = _per_time(self.rate, "Poisson.rate", len(times), *_RATE)
        object.__setattr__(self, "rate", rate)


@dataclass(frozen=True, eq=False)
class SpikeTimes:
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

    times: Array
    factors: Array | None = None

    def __post_init__(self) -> None:
        times = _nested(self.times, "SpikeTimes.times", "times in ms", *_TIME)
        object.__setattr__(self, "times", times)
        if self.factors is None:
            return
        factors = _nested(self.factors, "SpikeTimes.factors", "factors", "", -1e9, 1e9)
        object.__setattr__(self, "factors", factors)
        lists = [x if isinstance(x, tuple) else (x,) for x in (times, factors)]
        shapes = [list(map(len, x)) for x in lists]
        if type(times) is not type(factors) or shapes[0] != shapes[1]:
            raise NeurosimError(
                "SpikeTimes.factors and SpikeTimes.times differ in shape: give one factor for each "
                "spike"
            )


def _nested(values: Any, what: str, of: str, *limits: Any) -> Any:
    """Check a 1-D array, or a sequence of them, which becomes a tuple."""

    def flat(array: Any) -> NDArray[np.float64]:
        array = check_array(array, what, *limits, empty=True)
        if array.ndim != 1:
            raise NeurosimError(f"{what} has shape {array.shape}: give a 1-D array of {of}")
        return array

    nested = not is_scalar(values) and not all(map(is_scalar, values))
    return tuple(map(flat, values)) if nested else flat(values)


@dataclass(frozen=True)
class LiveSpikes:
    """Spikes that are sent while the network runs, by `Chunk.send`."""


@dataclass(frozen=True)
class MembraneNoise:
    """White current noise, independent for every target.

    Parameters
    ----------
    sigma : float
        Stationary standard deviation (mV) of the membrane potential without threshold, which is
        then an Ornstein–Uhlenbeck process with time constant τ_m.
    """

    sigma: float

    def __post_init__(self) -> None:
        sigma = check_number(self.sigma, "MembraneNoise.sigma", "mV", 0.0, 1e3)
        object.__setattr__(self, "sigma", sigma)


Current = ConstantCurrent | StepCurrent | CurrentWaveform | LiveCurrent
"""Inputs that inject a current."""
SpikeInput = Poisson | SpikeTimes | LiveSpikes
"""Inputs that bring spikes."""
Input = Current | SpikeInput | MembraneNoise
"""Any of the inputs."""


def check_input(source: object, n_targets: int) -> None:
    """Refuse what is not an input, or has values for another number of targets."""
    if not isinstance(source, Input):
        raise NeurosimError(
            f"{show(source)} is not an input: give ConstantCurrent, StepCurrent, CurrentWaveform, "
            "LiveCurrent, Poisson, SpikeTimes, LiveSpikes or MembraneNoise"
        )
    # One list of spike times for each target is for one target where there is one list.
    each = isinstance(source, SpikeTimes) and isinstance(source.times, tuple)
    if columns(source) not in ((n_targets,) if each else (1, n_targets)):
        raise NeurosimError(
            f"{type(source).__name__} has values for {columns(source)} targets and drives "
            f"{n_targets}: give one value for all, or one each"
        )


def columns(source: Input) -> int:
    """Return for how many targets an input has values of their own; 1 serves any number."""
    if isinstance(source, (ConstantCurrent, LiveCurrent)):
        return int(np.size(source.amplitude))
    if isinstance(source, StepCurrent):
        return source.amplitudes.size // len(source.amplitudes)
    if isinstance(source, CurrentWaveform):
        return source.values.size // len(source.values)
    if isinstance(source, Poisson):
        return int(np.size(source.rate)) // (1 if source.times is None else len(source.times))
    return (
        len(source.times)
        if isinstance(source, SpikeTimes) and isinstance(source.times, tuple)
        else 1
    )
