"""Base class of inputs to a network, and checks of their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import numpy as np

from neurosim.errors import NeurosimError
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
EACH = "for all targets, or one per target"


class Input(Part, abstract=True):
    """Base class of inputs.

    A custom input is a frozen dataclass with one of two methods, which are called for successive
    time intervals. Draw all random numbers from `rng`, a separate `numpy.random.Generator` for
    each interval. The input then depends on the seed of the simulation only.

    ``current(times, n_targets, rng)``
        Returns the current (pA) in the time steps that begin at `times` (ms), of shape (n_times,)
        or, if targets differ, (n_times, n_targets).
    ``spikes(start, stop, n_targets, rng)``
        Returns spike times (ms) with start <= t < stop: an array for all targets, or a list with
        one array per target.

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
    """Whether it is set while the network runs."""
    is_noise: ClassVar[bool] = False
    """Whether it adds noise to the potential."""

    @property
    def sends_spikes(self) -> bool:
        """Whether it sends spikes to a synapse."""
        return hasattr(self, "spikes")

    @property
    def is_custom(self) -> bool:
        """Whether it is a custom input, with a method `current` or `spikes`."""
        return hasattr(self, "spikes") or hasattr(self, "current")

    @property
    def columns(self) -> int:
        """Number of columns of values: one per target, or 1 if all targets share it."""
        return self.changes()[1].shape[1] if hasattr(self, "changes") else 1

    def check_targets(self, n_targets: int) -> None:
        """Raise an error if the values of the input do not match the number of targets.

        Raises
        ------
        NeurosimError
        """
        if self.columns not in (1, n_targets):
            self._refuse_targets(n_targets)

    def _refuse_targets(self, n_targets: int) -> NoReturn:
        raise NeurosimError(
            f"{type(self).__name__} has values for {self.columns} targets but drives {n_targets}: "
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


def check_length(values: NDArray[np.float64], name: str, times: NDArray[np.float64]) -> None:
    """Raise an error if the numbers of values and times differ."""
    if values.ndim not in (1, 2) or len(values) != len(times):
        raise NeurosimError(
            f"{name} has shape {values.shape}: expected ({len(times)},) or ({len(times)}, "
            "n_targets)"
        )
