"""Declared quantities of a model: parameters with unit, range and help, and state variables."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.network.checks import check_array, check_number, is_scalar
from neurosim.network.distributions import LogNormal, Normal, Uniform

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "parameter"
"""Key of a declaration in the metadata of a dataclass field."""


@dataclass(frozen=True)
class Parameter:
    """Declaration of a parameter.

    Attributes
    ----------
    unit : str
        One of ms, mV, pA, pF, nS, Hz, a product of them, or "" for a plain number.
    low, high : float
        Allowed range, both ends included.
    help : str
        What it is, as a noun phrase.
    """

    unit: str
    low: float
    high: float
    help: str


@dataclass(frozen=True)
class State:
    """Declaration of a state variable.

    Attributes
    ----------
    unit : str
    initial : float or str
        Value at time 0, or the name of the parameter, property or method that gives it. A method
        gets the potentials at time 0 (mV, an array).
    help : str
    """

    unit: str
    initial: float | str
    help: str


def parameter(
    default: float, unit: str = "", low: float = -math.inf, high: float = math.inf, help: str = ""
) -> Any:
    """Declare a parameter of a model.

    Parameters
    ----------
    default : float
    unit : str
        One of ms, mV, pA, pF, nS, Hz, a product of them, or "" for a plain number.
    low, high : float
        Allowed range, both ends included.
    help : str
        What it is, as a noun phrase.

    Returns
    -------
    dataclasses.Field
        For the body of a dataclass.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from typing import ClassVar
    >>> import neurosim as ns
    >>> @dataclass(frozen=True, eq=False)
    ... class Passive(ns.NeuronModel):
    ...     "The parameters and the state of a passive membrane."
    ...     tau_m: float = ns.parameter(20.0, "ms", 0.1, 1e3, "membrane time constant")
    ...     v: ClassVar = ns.state("mV", -70.0, "membrane potential")
    >>> Passive(tau_m=10.0).tau_m
    10.0
    """
    return dataclasses.field(
        default=default, metadata={KEY: Parameter(unit, float(low), float(high), help)}
    )


def state(unit: str = "", initial: float | str = 0.0, help: str = "") -> Any:
    """Declare a state variable of a model.

    Parameters
    ----------
    unit : str
    initial : float or str
        Value at time 0, or the name of the parameter, property or method that gives it. A method
        gets the potentials at time 0 (mV, an array).
    help : str

    Returns
    -------
    State
        For the body of a model class; annotate it as `ClassVar`.
    """
    return State(unit, initial, help)


def parameters_of(model: type) -> Mapping[str, Parameter]:
    """Return the declared parameters of a model class by name, in order of declaration."""
    return {
        field.name: field.metadata[KEY]
        for field in dataclasses.fields(model)
        if KEY in field.metadata
    }


def states_of(model: type) -> Mapping[str, State]:
    """Return the declared states of a model class by name, in order of declaration."""
    found: dict[str, State] = {}
    for base in reversed(model.__mro__):
        found |= {name: value for name, value in vars(base).items() if isinstance(value, State)}
    return found


def check_parameters(model: Any) -> None:
    """Replace the parameters of a model by checked numbers, arrays or distributions.

    Raises
    ------
    NeurosimError
        For a value of the wrong type or out of range, with a hint at the unit.
    """
    for name, declared in parameters_of(type(model)).items():
        what = f"{type(model).__name__}.{name}"
        value = check_quantity(
            getattr(model, name), what, declared.unit, declared.low, declared.high
        )
        object.__setattr__(model, name, value)


def check_quantity(value: Any, what: str, unit: str, low: float, high: float) -> Any:
    """Return a number, a 1-D array with one number per neuron, or a distribution, in range.

    Raises
    ------
    NeurosimError
    """
    if is_distribution(value):
        try:
            return value.truncated(low, high)
        except NeurosimError:
            raise NeurosimError(
                f"{what} = {value} has next to no values from {low:g} to {high:g} {unit}"
            ) from None
    if is_scalar(value):
        return check_number(value, what, unit, low, high)
    array = check_array(value, what, unit, low, high)
    if array.ndim != 1:
        raise NeurosimError(
            f"{what} has shape {array.shape}: give a number, or a 1-D array with one per neuron"
        )
    return array


def is_distribution(value: Any) -> bool:
    """Whether a parameter is drawn for each neuron."""
    return isinstance(value, (Normal, Uniform, LogNormal))


def is_uniform(value: Any) -> bool:
    """Whether a parameter is the same for all neurons."""
    return not (isinstance(value, np.ndarray) or is_distribution(value))
