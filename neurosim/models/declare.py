"""Declarations of parameters (with unit, range and help) and of state variables."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from neurosim.errors import NeurosimError
from neurosim.utils.checks import check_flag, check_integer, check_number, show, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LARGEST = 2**62
"""Bound of integers without a declared range."""
BOUNDLESS = 1e8
"""Larger bounds only guard against overflow and are omitted from descriptions."""
KEY, OPTION = "parameter", "option"
"""Keys of a declaration in the metadata of a dataclass field. An option is not a parameter of
equations."""

SOMA = "soma"
"""Name of the compartment whose potential is the first state of a neuron."""


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
        Description, as a noun phrase.
    check : callable or None
        Takes (value, name, unit, low, high) and returns the checked value. None: the default
        check of the part.
    """

    unit: str
    low: float
    high: float
    help: str
    check: Callable[..., Any] | None = dataclasses.field(default=None, repr=False)

    @property
    def range(self) -> str:
        """Allowed range, for example "20 to 5,000" or "0 or more"; empty if there is none."""
        if abs(self.low) >= BOUNDLESS:
            return ""
        end = f"to {self.high:,.12g}" if self.high < BOUNDLESS else "or more"
        return f"{self.low:,.12g} {end}".replace("-", "−")

    def describe(self) -> str:
        """Return a description, for example "time constant (ms), 0.1 to 1,000"."""
        text = f"{self.help} ({self.unit})" if self.unit else self.help
        return f"{text}, {self.range}" if self.range else text


UNDECLARED = Parameter("", -math.inf, math.inf, "")
"""Declaration of a value without unit, range and description."""


@dataclass(frozen=True)
class State:
    """Declaration of a state variable.

    Attributes
    ----------
    unit : str
    initial : float or str
        Value at time 0, or the name of a parameter, property or method that returns it. A method
        receives the potentials at time 0 (mV, an array).
    help : str
    compartment : str or None
        Name of the compartment of which the state is the potential, besides the soma.
    """

    unit: str
    initial: float | str
    help: str
    compartment: str | None = dataclasses.field(default=None, repr=False)


@dataclass(frozen=True)
class Trace:
    """Declaration of a trace of spikes.

    Attributes
    ----------
    side : str
        "pre" or "post": neuron whose spikes are counted.
    tau : float or str
        Time constant (ms), or the name of a parameter.
    help : str
    nearest : bool
        Whether only the last spike counts.
    reset : bool
        Whether a postsynaptic spike resets a presynaptic trace to 0.
    initial : float or str
        Value at time 0 of a presynaptic trace, or the name of a parameter.
    """

    side: str
    tau: float | str
    help: str
    nearest: bool = False
    reset: bool = False
    initial: float | str = 0.0


@dataclass(frozen=True)
class Signal:
    """Declaration of a signal that all synapses of a projection receive.

    Attributes
    ----------
    tau : float or str
        Time constant (ms), or the name of a parameter.
    help : str
    """

    tau: float | str
    help: str


@dataclass(frozen=True)
class Potential:
    """Declaration of the postsynaptic potential, or of a low-pass filter of it.

    Attributes
    ----------
    tau : float or str
        Time constant of the filter (ms), or the name of a parameter; 0: no filter.
    delay : float or str
        Delay (ms), or the name of a parameter.
    help : str
    """

    tau: float | str
    delay: float | str
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
        Without a default the parameter is required.
    unit : str
        One of ms, mV, pA, pF, nS, Hz, a product of them, or "" for a plain number.
    low, high : float
        Allowed range, both ends included.
    help : str
        Description, as a noun phrase.
    check : callable, optional
        Takes (value, name, unit, low, high) and returns the checked value. Default: a check for
        the annotated type: int, bool, or a number.

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


def option(
    default: Any,
    unit: str = "",
    low: float = -math.inf,
    high: float = math.inf,
    help: str = "",
    *,
    check: Callable[..., Any] = check_number,
) -> Any:
    """Declare an option that models of all classes have.

    Parameters
    ----------
    default, unit, low, high, help, check
        As for `parameter`.
    """
    declared = Parameter(unit, float(low), float(high), help, check)
    return dataclasses.field(default=default, repr=False, metadata={OPTION: declared})


def state(
    unit: str = "",
    initial: float | str = 0.0,
    help: str = "",
    *,
    compartment: str | None = None,
) -> Any:
    """Declare a state variable of a model.

    Parameters
    ----------
    unit : str
    initial : float or str
        Value at time 0, or the name of a parameter, property or method that returns it. A method
        receives the potentials at time 0 (mV, an array).
    help : str
    compartment : str, optional
        If the state is the potential (mV) of another compartment of a neuron than the soma: the
        name of this compartment, such as "dendrite".

    Returns
    -------
    State
        For the body of a model class; annotate it as `ClassVar`.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from typing import ClassVar
    >>> import neurosim as ns
    >>> @dataclass(frozen=True, eq=False)
    ... class Decay(ns.Synapse):
    ...     "A conductance without driving force, which decays exponentially."
    ...     tau: float = ns.parameter(5.0, "ms", 0.1, 1e3, "time constant")
    ...     g: ClassVar = ns.state("nS", 0.0, "conductance")
    ...     @staticmethod
    ...     def derivatives(g, p):
    ...         return -g / p.tau
    ...     @staticmethod
    ...     def current(v, g, p):
    ...         return 70.0 * g
    >>> Decay().unit
    'nS'
    """
    return State(unit, initial, help, compartment)


def trace(
    side: str,
    tau: float | str,
    help: str = "",
    *,
    nearest: bool = False,
    reset: bool = False,
    initial: float | str = 0.0,
) -> Any:
    """Declare an exponentially decaying trace of a plasticity rule.

    A trace is a sum over spikes.

    Parameters
    ----------
    side : str
        "pre" or "post": each spike of the presynaptic or of the postsynaptic neuron adds 1.
    tau : float or str
        Time constant of the decay (ms), or the name of a parameter.
    help : str
    nearest : bool
        Whether only the last spike counts: each spike sets the trace to 1.
    reset : bool
        Whether each postsynaptic spike resets a presynaptic trace to 0.
    initial : float or str
        Value of a presynaptic trace at time 0, or the name of a parameter.

    Returns
    -------
    Trace
        For the body of a plasticity rule; annotate it as `ClassVar`.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from typing import ClassVar
    >>> import neurosim as ns
    >>> @dataclass(frozen=True)
    ... class Homeostasis(ns.Plasticity):
    ...     "Depression by each postsynaptic spike, potentiation by presynaptic ones."
    ...     w_max: float = ns.parameter(help="strongest weight")
    ...     after: ClassVar = ns.trace("post", 20.0, "recent postsynaptic spikes")
    ...     @staticmethod
    ...     def on_pre(w, after, p):
    ...         return w + 0.001
    ...     @staticmethod
    ...     def on_post(w, after, p):
    ...         return w - 0.001 * after
    >>> Homeostasis(w_max=1.0).w_max
    1.0
    """
    return Trace(side, tau, help, nearest, reset, initial)


def signal(tau: float | str, help: str = "") -> Any:
    """Declare a signal of a plasticity rule, such as reward.

    All synapses of a projection receive the same signal. `Chunk.signal` and the spikes of a
    population (`Network.modulate`) add to it; it decays exponentially.

    Parameters
    ----------
    tau : float or str
        Time constant of the decay (ms), or the name of a parameter.
    help : str

    Returns
    -------
    Signal
        For the body of a plasticity rule; annotate it as `ClassVar`.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from typing import ClassVar
    >>> import neurosim as ns
    >>> @dataclass(frozen=True)
    ... class GatedHebb(ns.Plasticity):
    ...     "Potentiation by pairs of spikes while the signal lasts."
    ...     w_max: float = ns.parameter(help="strongest weight")
    ...     before: ClassVar = ns.trace("pre", 20.0)
    ...     reward: ClassVar = ns.signal(200.0, "reward")
    ...     @staticmethod
    ...     def on_pre(w, before, reward, p):
    ...         return w
    ...     @staticmethod
    ...     def on_post(w, before, reward, p):
    ...         return w + 0.01 * reward * before
    >>> GatedHebb(w_max=1.0).w_max
    1.0
    """
    return Signal(tau, help)


def potential(tau: float | str = 0.0, help: str = "", *, delay: float | str = 0.0) -> Any:
    """Declare the postsynaptic potential, or a low-pass filter of it, in a plasticity rule.

    After a postsynaptic spike the potential is replaced by the parameter ``v_spike`` (mV) for the
    duration ``t_spike`` (ms), if the rule has these parameters. See `neurosim.Clopath`.

    Parameters
    ----------
    tau : float or str
        Time constant of the filter (ms), or the name of a parameter; 0: the potential itself.
    help : str
    delay : float or str
        Delay (ms), or the name of a parameter.

    Returns
    -------
    Potential
        For the body of a plasticity rule; annotate it as `ClassVar`.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from typing import ClassVar
    >>> import neurosim as ns
    >>> @dataclass(frozen=True)
    ... class VoltageGated(ns.Plasticity):
    ...     "Potentiation while the filtered potential exceeds -60 mV."
    ...     w_max: float = ns.parameter(help="strongest weight")
    ...     before: ClassVar = ns.trace("pre", 15.0)
    ...     u: ClassVar = ns.potential(5.0)
    ...     @staticmethod
    ...     def on_pre(w, before, u, p):
    ...         return w
    ...     @staticmethod
    ...     def active(u, p):
    ...         return u > -60.0
    ...     @staticmethod
    ...     def on_post(w, before, u, p):
    ...         return w + 1e-4 * before * (u + 60.0) * p.dt
    >>> VoltageGated(w_max=1.0).w_max
    1.0
    """
    return Potential(tau, delay, help)


def parameters_of(model: type) -> Mapping[str, Parameter]:
    """Return the declared parameters of a model class by name, in order."""
    fields = dataclasses.fields(model)
    return {field.name: field.metadata[KEY] for field in fields if KEY in field.metadata}


def options_of(model: type) -> Mapping[str, Parameter]:
    """Return the declared options of a model class by name, in order."""
    fields = dataclasses.fields(model)
    return {field.name: field.metadata[OPTION] for field in fields if OPTION in field.metadata}


def check_declared(part: Any, default: Callable[..., Any] = check_number, before: str = "") -> None:
    """Validate and convert the declared fields of a dataclass instance, in place.

    Parameters
    ----------
    part : dataclass instance
    default : callable
        Check for fields without a declared check that are not annotated as int or bool.
    before : str
        Prefix of field names in messages.

    Raises
    ------
    NeurosimError
        If a value has the wrong type or is out of range.
    """
    for field in dataclasses.fields(part):
        declared: Parameter | None = field.metadata.get(KEY, field.metadata.get(OPTION))
        if declared is None:
            continue
        annotated = getattr(field.type, "__name__", str(field.type))
        check = declared.check or CHECKS.get(annotated, default)
        value, name = getattr(part, field.name), before + field.name
        value = check(value, name, declared.unit, declared.low, declared.high)
        object.__setattr__(part, field.name, value)


def optional(check: Callable[..., Any]) -> Callable[..., Any]:
    """Return a check that accepts None."""
    return lambda value, *limits: None if value is None else check(value, *limits)


def one_of(*known: Any) -> Callable[..., Any]:
    """Return a check that accepts some strings or numbers."""

    def check(value: Any, name: str, *_: Any) -> Any:
        if value not in known:
            hint = suggest(value, map(str, known))
            raise NeurosimError(f"{name} = {show(value)} is unknown: {hint}")
        return known[known.index(value)]

    return check


def _whole(value: Any, name: str, unit: str, low: float, high: float) -> int:
    return check_integer(value, name, int(max(low, -LARGEST)), int(min(high, LARGEST)))


def _flag(value: Any, name: str, *_: Any) -> bool:
    return check_flag(value, name)


CHECKS: Mapping[str, Callable[..., Any]] = {"int": _whole, "bool": _flag}
"""Checks of fields by the name of their annotated type."""


def states_of(model: type) -> Mapping[str, State]:
    """Return the declared states of a model class by name, in order of declaration."""
    return _declared(model, State)


def check_initial_names(model: type) -> None:
    """Raise an error if a state starts at a parameter that the class does not have."""
    for name, state in states_of(model).items():
        known = not isinstance(state.initial, str) or hasattr(model, state.initial)
        if not known and state.initial not in parameters_of(model):
            raise NeurosimError(
                f"{model.__name__}.{name} starts at {state.initial!r}, which is not a parameter of "
                f"{model.__name__}"
            )


def compartments_of(model: type) -> Mapping[str, int]:
    """Return the index of the state that is the potential of each compartment, by name.

    The first compartment is the soma, of which the first state is the potential.
    """
    declared = enumerate(states_of(model).values())
    others = {one.compartment: j for j, one in declared if one.compartment is not None}
    return {SOMA: 0} | others


def traces_of(rule: type) -> Mapping[str, Trace]:
    """Return the declared traces of a plasticity rule by name, in order."""
    return _declared(rule, Trace)


def signals_of(rule: type) -> Mapping[str, Signal]:
    """Return the declared signals of a plasticity rule by name."""
    return _declared(rule, Signal)


def potentials_of(rule: type) -> Mapping[str, Potential]:
    """Return the declared potentials of a plasticity rule by name, in order."""
    return _declared(rule, Potential)


def variables_of(kind: type) -> Mapping[str, State | Trace | Signal | Potential]:
    """Return everything that the methods of a class receive by name, in order of declaration."""
    return _declared(kind, (State, Trace, Signal, Potential))


@cache
def _declared(kind: type, declarations: type | tuple[type, ...]) -> Mapping[str, Any]:
    """Return the class variables of these types by name, base classes first."""
    variables = [item for base in reversed(kind.__mro__) for item in vars(base).items()]
    return {name: value for name, value in variables if isinstance(value, declarations)}
