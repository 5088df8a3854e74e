"""Declared quantities of a model: parameters with unit, range and help, and state variables."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurosim.utils.checks import check_flag, check_integer, check_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LARGEST = 2**62
"""Bound of whole numbers that declare none."""
BOUNDLESS = 1e8
"""Bounds beyond this only guard against overflow: descriptions leave them out."""
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
    check : callable or None
        Takes (value, name, unit, low, high) and returns the value checked. None: the check of
        the part.
    """

    unit: str
    low: float
    high: float
    help: str
    check: Callable[..., Any] | None = dataclasses.field(default=None, repr=False)

    def describe(self) -> str:
        """Return what it is, with its unit and range: "time constant (ms), 0.1 to 1000"."""
        text = f"{self.help} ({self.unit})" if self.unit else self.help
        if abs(self.low) >= BOUNDLESS:
            return text
        range_ = f"to {self.high:g}" if self.high < BOUNDLESS else "or more"
        return f"{text}, {self.low:g} {range_}"


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


@dataclass(frozen=True)
class Trace:
    """Declaration of a trace of spikes.

    Attributes
    ----------
    side : str
        "pre" or "post": whose spikes it counts.
    tau : float or str
        Time constant (ms), or the name of the parameter that gives it.
    help : str
    """

    side: str
    tau: float | str
    help: str


def parameter(
    default: Any = dataclasses.MISSING,
    unit: str = "",
    low: float = -math.inf,
    high: float = math.inf,
    help: str = "",
    *,
    check: Callable[..., Any] | None = None,
) -> Any:
    """Declare a parameter of a model.

    Parameters
    ----------
    default : float, optional
        Left out: the parameter must be given.
    unit : str
        One of ms, mV, pA, pF, nS, Hz, a product of them, or "" for a plain number.
    low, high : float
        Allowed range, both ends included.
    help : str
        What it is, as a noun phrase.
    check : callable, optional
        Takes (value, name, unit, low, high) and returns the value checked. Default: by the
        annotation; int stands for a whole number, bool for True or False.

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
    declared = Parameter(unit, float(low), float(high), help, check)
    return dataclasses.field(default=default, metadata={KEY: declared})


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


def trace(side: str, tau: float | str, help: str = "") -> Any:
    """Declare a trace of a plasticity rule: a sum over spikes that decays exponentially.

    Parameters
    ----------
    side : str
        "pre" or "post": each spike of the presynaptic or of the postsynaptic neuron adds 1.
    tau : float or str
        Time constant of the decay (ms), or the name of the parameter that gives it.
    help : str

    Returns
    -------
    Trace
        For the body of a plasticity rule; annotate it as `ClassVar`.
    """
    return Trace(side, tau, help)


def parameters_of(model: type) -> Mapping[str, Parameter]:
    """Return the declared parameters of a model class by name, in order of declaration."""
    fields = dataclasses.fields(model)
    return {field.name: field.metadata[KEY] for field in fields if KEY in field.metadata}


def check_declared(part: Any, default: Callable[..., Any] = check_number, before: str = "") -> None:
    """Replace the declared fields of a dataclass instance by checked values.

    Parameters
    ----------
    part : dataclass instance
    default : callable
        Check of fields that neither declare one nor are annotated as int or bool.
    before : str
        What precedes the name of a field in messages.

    Raises
    ------
    NeurosimError
        For a value of the wrong type or out of range, with a hint at the unit.
    """
    for field in dataclasses.fields(part):
        if KEY not in field.metadata:
            continue
        declared: Parameter = field.metadata[KEY]
        annotated = getattr(field.type, "__name__", str(field.type))
        check = declared.check or {"int": _whole, "bool": _flag}.get(annotated, default)
        value, what = getattr(part, field.name), before + field.name
        value = check(value, what, declared.unit, declared.low, declared.high)
        object.__setattr__(part, field.name, value)


def optional(check: Callable[..., Any]) -> Callable[..., Any]:
    """Return a check that lets None pass."""
    return lambda value, *limits: None if value is None else check(value, *limits)


def _whole(value: Any, what: str, unit: str, low: float, high: float) -> int:
    return check_integer(value, what, int(max(low, -LARGEST)), int(min(high, LARGEST)))


def _flag(value: Any, what: str, *_: Any) -> bool:
    return check_flag(value, what)


def states_of(model: type) -> Mapping[str, State]:
    """Return the declared states of a model class by name, in order of declaration."""
    found: dict[str, State] = {}
    for base in reversed(model.__mro__):
        found |= {name: value for name, value in vars(base).items() if isinstance(value, State)}
    return found


def traces_of(rule: type) -> Mapping[str, Trace]:
    """Return the declared traces of a plasticity rule by name, in order of declaration."""
    found: dict[str, Trace] = {}
    for base in reversed(rule.__mro__):
        found |= {name: value for name, value in vars(base).items() if isinstance(value, Trace)}
    return found
