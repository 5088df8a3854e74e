"""Base class of neuron models, and the options that every neuron has."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, get_type_hints

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import (
    SOMA,
    Parameter,
    compartments_of,
    one_of,
    option,
    optional,
    parameters_of,
    states_of,
)
from neurosim.models.potentials import check_order, check_potentials, check_volts
from neurosim.models.quantity import check_quantity, is_uniform
from neurosim.models.registry import Part
from neurosim.utils.checks import check_number, show, suggest
from neurosim.utils.frozen import FrozenMapping

if TYPE_CHECKING:
    from neurosim.models.synapses import Synapse

INTEGRATION = ("method", "substep", "tolerance", "error_control")
"""Options that determine how equations are integrated."""
FIXED_STEPS = ("rk4", "euler", "exponential_euler")
"""Integration methods with steps of a given length."""
METHODS = (*FIXED_STEPS, "adaptive", "gsl", "exact")
"""Integration methods for `derivatives`."""


@dataclasses.dataclass(frozen=True, eq=False)
class Neuron(Part, abstract=True):
    """Base class of neuron models.

    A parameter is a number, an array with one value per neuron of the population, or a
    distribution from which the values of the neurons are drawn.

    Every neuron has the following options, which are keyword arguments. They determine how
    equations are integrated; a `LIF` without synapses that have equations is integrated exactly. A
    subclass sets a default by an attribute of the same name, such as ``method = "gsl"``.

    ``method``
        "rk4" (classical Runge-Kutta, the default), "euler", "exponential_euler", "adaptive"
        (Runge-Kutta of order 4 with error control), "gsl", which repeats the solver that NEST
        uses step by step, synaptic currents included, or "exact", the exact solution of equations
        that are linear in the states and in `i`. With synapses that are not linear, such as
        conductances, "exact" becomes "rk4".
    ``substep``
        Longest internal step (ms) of "rk4", "euler" and "exponential_euler".
    ``tolerance``
        Largest error of a state in an internal step of "adaptive" and "gsl", in the unit of the
        state. Default: 1e-4 for "adaptive"; for "gsl", as in NEST, 1e-6 with the error control
        "yp" and 1e-3 with "y".
    ``error_control``
        For "gsl": whether the error allowed in a step is `tolerance` ("y") or `tolerance` times one
        plus the change in the step ("yp", the default), as in NEST's models.
    ``initial``
        Values of state variables at time 0, by name, such as ``{"v": -60.0, "w": 50.0}``; numbers,
        arrays or distributions. Those given to `Network.add` take precedence.
    """

    check_value: ClassVar[Any] = staticmethod(check_quantity)
    noun: ClassVar[str] = "a neuron model"
    is_linear: ClassVar[bool] = False
    """Whether the potential below threshold follows the equation of `LIF`."""
    potentials: ClassVar[tuple[str, ...]] = ()
    """Parameters that are checked for values in volts."""
    ascending: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Pairs of parameters of which the first must be the lower one."""

    _: dataclasses.KW_ONLY
    method: Literal["rk4", "euler", "exponential_euler", "adaptive", "gsl", "exact"] = option(
        "rk4", help="method of integration", check=one_of(*METHODS)
    )
    substep: float = option(
        0.025, "ms", 1e-4, 1e3, "longest internal step of rk4 and the Euler methods"
    )
    tolerance: float | None = option(
        None, "", 1e-14, 1e3, "error allowed by adaptive and gsl", check=optional(check_number)
    )
    error_control: Literal["y", "yp"] = option(
        "yp", help="whether gsl allows larger errors of fast states", check=one_of("y", "yp")
    )
    initial: Mapping[str, Any] | None = option(
        None, help="values of state variables at time 0", check=lambda value, *_: value
    )

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Return a parameter of the model."""

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Return a new neuron."""
        _decorate(cls)
        return super().__new__(cls)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for base in reversed(cls.__mro__[1:]):
            _decorate(base)
        for name in INTEGRATION:
            default = vars(cls).get(name, dataclasses.MISSING)
            if not (default is dataclasses.MISSING or isinstance(default, dataclasses.Field)):
                # The decorator, which runs later, makes it the default of every instance.
                cls.__annotations__[name] = _types()[name]
                field = dataclasses.field(default=default, kw_only=True, repr=False)
                field.metadata = Neuron.__dataclass_fields__[name].metadata
                setattr(cls, name, field)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_volts(self, *self.potentials)
        for lower, upper in self.ascending:
            check_order(self, lower, upper)
        if self.initial is not None:
            name = f"{type(self).__name__}.initial"
            checked = check_initial(type(self), self.initial, name)
            object.__setattr__(self, "initial", FrozenMapping(checked))

    @property
    def is_uniform(self) -> bool:
        """Whether all neurons have the same parameters."""
        return all(is_uniform(getattr(self, name)) for name in parameters_of(type(self)))

    @classmethod
    def declared_parameters(cls) -> dict[str, Parameter]:
        """Return the declarations of the parameters by name."""
        return dict(parameters_of(cls))

    def psp_per_weight(self, synapse: Synapse) -> float:
        """Return the peak PSP at rest (mV) of a synapse with a weight of 1.

        Raises
        ------
        NeurosimError
            If it is unknown.
        """
        return synapse.psp_per_weight(self)

    def check_psp(self) -> None:
        """Raise an error if the peak PSP of a synaptic current is unknown.

        Raises
        ------
        NeurosimError
        """
        raise NeurosimError(f"the PSP of a current in {type(self).__name__} depends on its state")


@cache
def _types() -> dict[str, Any]:
    """Return the annotated types of the options of every neuron."""
    return get_type_hints(Neuron)


def _decorate(kind: type) -> None:
    """Make a subclass that only sets new defaults a dataclass, if it has no decorator."""
    if any(isinstance(vars(kind).get(name), dataclasses.Field) for name in INTEGRATION):
        dataclasses.dataclass(frozen=True, eq=False)(kind)


def potential_of(kind: type[Neuron]) -> str:
    """Return the name of the state variable that is the membrane potential."""
    return next(iter(states_of(kind)), "v")


def check_initial(kind: type[Neuron], values: Any, label: str) -> dict[str, Any]:
    """Return checked values of state variables at time 0, by name.

    Parameters
    ----------
    kind : type of Neuron
    values : mapping of str to float, (size,) array_like or distribution
    label : str
        Name of the values in messages.

    Raises
    ------
    NeurosimError
    """
    if not isinstance(values, Mapping):
        raise NeurosimError(
            f"{label} = {show(values)} is not a dict: give values by state, such as {{'w': 0.0}}"
        )
    names = [*states_of(kind)] or [potential_of(kind)]
    for state in values:
        if state not in names:
            raise NeurosimError(
                f"{label}: {kind.__name__} has no state {state!r}: {suggest(state, names)}"
            )
    return {s: check_state(kind, s, value, f"{label} {s}") for s, value in values.items()}


def check_compartment(kind: type[Neuron], name: Any, population: str) -> str | None:
    """Return the checked name of a compartment of a neuron; None: the soma.

    Raises
    ------
    NeurosimError
    """
    if name is None or name == SOMA:
        return None
    known = compartments_of(kind)
    if name not in known:
        choice = f"{population!r} is of {kind.__name__}, which has only a soma: leave it out"
        if len(known) > 1:
            choice = suggest(name, known)
        raise NeurosimError(f"compartment = {show(name)} is unknown: {choice}")
    return str(name)


def check_state(kind: type[Neuron], state: str, value: Any, label: str) -> Any:
    """Return checked values of a state variable; "v" is the membrane potential.

    Parameters
    ----------
    kind : type of Neuron
    state : str
    value : float, (size,) array_like or distribution
    label : str
        Name of the quantity in messages.

    Raises
    ------
    NeurosimError
    """
    if state == "v":
        return check_potentials(value, label)
    return check_quantity(value, label, states_of(kind)[state].unit, -np.inf, np.inf)
