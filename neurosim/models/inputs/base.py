"""Base class of inputs to a network, and checks of their values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import optional, parameters_of
from neurosim.models.registry import Part
from neurosim.utils.checks import (
    check_array,
    check_increasing,
    check_number,
    is_scalar,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.models.neuron import Neuron

    Program = tuple[NDArray[np.float64], NDArray[np.float64]]

CURRENT: dict[str, Any] = {"unit": "pA", "low": -1e9, "high": 1e9}
LATEST = 1e12
"""Latest time (ms)."""
START: dict[str, Any] = {
    "default": 0.0,
    "unit": "ms",
    "low": 0.0,
    "high": LATEST,
    "help": "beginning, rounded to the time grid, halves up",
}
STOP: dict[str, Any] = START | {
    "default": None,
    "help": "end; None: it does not end",
    "check": optional(check_number),
}
EACH = "for all targets, or one per target"


class Input(Part, abstract=True):
    """Base class of inputs.

    A custom input is a frozen dataclass with one of three methods, which are called for successive
    time intervals. Draw all random numbers from `rng`, a separate `numpy.random.Generator` for
    each interval. The input then depends on the seed of the simulation only.

    ``current(times, n_targets, rng)``
        Returns the current (pA) in the time steps that begin at `times` (ms), of shape (n_times,)
        or, if targets differ, (n_times, n_targets).
    ``rates(times, n_targets, rng)``
        Returns the rate (Hz) of Poisson spikes in these time steps, of the same shape. Every
        target receives its own spikes, unless the attribute `shared` is True.
    ``spikes(start, stop, n_targets, rng)``
        Returns spike times (ms) with start <= t < stop: an array for all targets, a list with
        one array per target, or a tuple with the time and the target of each spike.

    If an interval depends on earlier ones, define ``memory(n_targets, rng)``. It returns an array
    of floats at time 0, which `spikes` receives as its last argument and changes in place.
    Checkpoints contain it. If spikes may also follow after the interval, set the attribute `spread`
    to the longest time from its end (ms).

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> import neurosim as ns
    >>> @dataclass(frozen=True, eq=False)
    ... class Chirp(ns.Input):
    ...     "A current of increasing frequency."
    ...     amplitude: float = ns.parameter(300.0, "pA", 0.0, 1e5, "amplitude")
    ...     slope: float = ns.parameter(10.0, "Hz", 0.0, 1e3, "increase per second")
    ...     def current(self, times, n_targets, rng):
    ...         return self.amplitude * np.sin(np.pi * self.slope * (1e-3 * times) ** 2)
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> drive = net.drive(cell, Chirp(slope=5.0))
    """

    noun: ClassVar[str] = "an input"
    is_live: ClassVar[bool] = False
    """Whether it is set while the network runs."""
    is_noise: ClassVar[bool] = False
    """Whether it adds noise to the potential."""
    shared: bool = False
    """Whether all targets receive the same spikes."""

    @property
    def sends_spikes(self) -> bool:
        """Whether it sends spikes to a synapse."""
        return hasattr(self, "spikes") or hasattr(self, "rates")

    @property
    def highest_rate(self) -> float:
        """Bound on `rates` (Hz). A known bound makes drawing faster."""
        return math.inf

    @property
    def spread(self) -> float:
        """Longest time (ms) by which spikes may follow after their interval."""
        return 0.0

    @property
    def is_generated(self) -> bool:
        """Whether a method `current`, `rates` or `spikes` generates it interval by interval."""
        return any(hasattr(self, method) for method in ("current", "rates", "spikes"))

    @property
    def columns(self) -> int:
        """Number of columns of values: one per target, or 1 if all targets share it."""
        listed = [self.changes()[1].shape[1]] if hasattr(self, "changes") else []
        return max([*listed, *self._sizes], default=1)

    @property
    def _sizes(self) -> list[int]:
        """Numbers of values of the parameters that may differ between targets."""
        declared = parameters_of(type(self)).items()
        names = [name for name, parameter in declared if parameter.check is per_target]
        return [np.size(getattr(self, name)) for name in names]

    def check_targets(self, n_targets: int) -> None:
        """Raise an error if the values of the input do not match the number of targets.

        Raises
        ------
        NeurosimError
        """
        for columns in (self.columns, *self._sizes):
            if columns not in (1, n_targets):
                self._refuse_targets(columns, n_targets)
        if self.shared and self.columns > 1:
            raise NeurosimError(
                f"{type(self).__name__} has values for {self.columns} targets and shared = True: "
                "give one value for all, or shared=False"
            )

    def _refuse_targets(self, columns: int, n_targets: int) -> NoReturn:
        raise NeurosimError(
            f"{type(self).__name__} has values for {columns} targets but drives {n_targets}: "
            "give one value for all, or one per target"
        )

    def check_step(self, dt: float) -> None:
        """Raise an error if the time step (ms) is too long for the input.

        Raises
        ------
        NeurosimError
        """

    def check_neuron(self, neuron: Neuron, name: str) -> None:
        """Raise an error if the input does not support the neurons of population `name`.

        Raises
        ------
        NeurosimError
        """


class TimedInput(Input, abstract=True):
    """Base class of inputs between two times, with the parameters `START` and `STOP`."""

    start: float
    stop: float | None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stop is not None and self.stop <= self.start:
            raise NeurosimError(
                f"{type(self).__name__}.stop = {self.stop:g} ms is not after start = "
                f"{self.start:g} ms: give a later time"
            )


class PiecewiseRate(Input, abstract=True):
    """Base class of inputs with a rate that may change, with the parameter `RATE_TIMES`."""

    rate: Any
    times: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        name = f"{type(self).__name__}.rate"
        if self.times is None:
            per_target(self.rate, name, "Hz")
        else:
            check_length(np.asarray(self.rate), name, self.times)

    def changes(self) -> Program:
        """Return the times (ms) at which rates change, and the rates (Hz)."""
        times = np.zeros(1) if self.times is None else self.times
        return times, np.asarray(self.rate, float).reshape(len(times), -1)


def number_or_array(value: Any, name: str, *limits: Any) -> Any:
    """Check a number or an array."""
    check = check_number if is_scalar(value) else check_array
    return check(value, name, *limits)


def per_target(value: Any, name: str, *limits: Any) -> Any:
    """Check a number, or a 1-D array with one number per target."""
    value = number_or_array(value, name, *limits)
    if np.ndim(value) > 1:
        raise NeurosimError(f"{name} has shape {value.shape}: give a number, or one per target")
    return value


def per_time(values: Any, name: str, *limits: Any) -> NDArray[np.float64]:
    """Check an array of shape (n_times,) or (n_times, n_targets)."""
    array = check_array(values, name, *limits)
    if array.ndim not in (1, 2):
        raise NeurosimError(
            f"{name} has shape {array.shape}: expected (n_times,) or (n_times, n_targets)"
        )
    return array


def increasing_times(values: Any, name: str, *limits: Any) -> NDArray[np.float64]:
    """Check increasing times."""
    return check_increasing(check_array(values, name, *limits), name)


TIMES: dict[str, Any] = {
    "unit": "ms",
    "low": 0.0,
    "high": LATEST,
    "help": "increasing",
    "check": increasing_times,
}
RATE_TIMES: dict[str, Any] = TIMES | {
    "default": None,
    "help": "times at which the rate changes",
    "check": optional(increasing_times),
}


def check_length(values: NDArray[np.float64], name: str, times: NDArray[np.float64]) -> None:
    """Raise an error if the numbers of values and times differ."""
    if values.ndim not in (1, 2) or len(values) != len(times):
        raise NeurosimError(
            f"{name} has shape {values.shape}: expected ({len(times)},) or ({len(times)}, "
            "n_targets)"
        )


def sinusoid(
    times: NDArray[np.float64], mean: Any, amplitude: Any, frequency: Any, phase: Any
) -> NDArray[np.float64]:
    """Return mean + A sin(2πft + φ) at times in ms, for one frequency (Hz) or one per target."""
    if any(map(np.ndim, (mean, amplitude, frequency, phase))):
        times = times[:, None]
    return mean + amplitude * np.sin(2e-3 * np.pi * frequency * times + phase)
