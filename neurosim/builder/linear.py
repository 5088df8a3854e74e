"""Exact propagators of models whose equations are linear.

The derivatives are evaluated with numbers that store how they depend on the state. This gives the
matrix of the equations, and its exponential advances the state by a step without integration error,
for any time constants: S. Rotter & M. Diesmann, Biological Cybernetics 81, 381 (1999).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg import expm

from neurosim.builder.codegen.model_check import check_source, first_values
from neurosim.builder.propagators import port_kind
from neurosim.errors import NeurosimError
from neurosim.kernels.types import ALPHA
from neurosim.models.declare import SOMA, compartments_of, states_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neurosim.models.neuron_model import NeuronModel
    from neurosim.models.synapses import Synapse

ONE = "1"
"""Variable that is always 1: the constant terms."""
INJECTED = "i"
"""Variable that is the injected current."""


class NonLinearError(NeurosimError):
    """The equations of a model are not linear in its state."""


class LinearSum:
    """A number that is a linear function of variables.

    Parameters
    ----------
    terms : dict of str to float
        Factor of each variable, and the constant term as the factor of `ONE`.
    """

    __slots__ = ("terms",)

    def __init__(self, terms: dict[str, float]) -> None:
        self.terms = terms

    @staticmethod
    def of(value: Any) -> LinearSum:
        """Return a number or a sum as a sum."""
        return value if isinstance(value, LinearSum) else LinearSum({ONE: float(value)})

    @property
    def is_constant(self) -> bool:
        """Whether it depends on no variable."""
        return self.terms.keys() <= {ONE}

    def __add__(self, other: Any) -> LinearSum:
        terms = dict(self.terms)
        for name, factor in LinearSum.of(other).terms.items():
            terms[name] = terms.get(name, 0.0) + factor
        return LinearSum(terms)

    def __mul__(self, other: Any) -> LinearSum:
        one, another = self, LinearSum.of(other)
        if not another.is_constant:
            one, another = another, one
        if not another.is_constant:
            raise NonLinearError("it contains a product of states")
        factor = another.terms.get(ONE, 0.0)
        return LinearSum({name: factor * value for name, value in one.terms.items()})

    def __truediv__(self, other: Any) -> LinearSum:
        divisor = LinearSum.of(other)
        if not divisor.is_constant:
            raise NonLinearError("it divides by a state")
        return self * (1.0 / divisor.terms[ONE])

    def __rtruediv__(self, other: Any) -> LinearSum:
        return LinearSum.of(other) / self

    def __sub__(self, other: Any) -> LinearSum:
        return self + -1.0 * LinearSum.of(other)

    def __rsub__(self, other: Any) -> LinearSum:
        return other + -1.0 * self

    def __neg__(self) -> LinearSum:
        return -1.0 * self

    def __pos__(self) -> LinearSum:
        return self

    def _refuse(self, *_: Any) -> Any:
        raise NonLinearError("it compares states, or takes a function of them")

    __radd__, __rmul__ = __add__, __mul__
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __bool__ = _refuse
    __float__ = __int__ = __abs__ = __round__ = __pow__ = __rpow__ = __mod__ = _refuse
    __floordiv__ = __hash__ = _refuse


@dataclass(frozen=True, eq=False)
class LinearSystem:
    """Equations dx/dt = A x of a neuron with its synapses.

    Attributes
    ----------
    names : list of str
        Variables: states of the neuron and of its synapses with equations, variables of synaptic
        currents, the injected current and `ONE`.
    matrix : (n, n) ndarray
        A (per ms).
    reach : (n, n) ndarray of bool
        Whether the rate of change of a variable (row) depends on another one (column), directly or
        through others.
    """

    names: list[str]
    matrix: NDArray[np.float64]
    reach: NDArray[np.bool_]


def linear_system(
    model: NeuronModel, p: SimpleNamespace, synapses: Sequence[Synapse]
) -> LinearSystem:
    """Return the equations of a neuron with its synapses.

    Parameters
    ----------
    model : NeuronModel
    p : SimpleNamespace
        Parameters of the neuron.
    synapses : sequence of Synapse
        Those that are integrated with it.

    Raises
    ------
    NonLinearError
        If they are not linear.
    """
    kind: Any = type(model)
    try:
        slopes = _slopes(kind, p, synapses)
    except NonLinearError as error:
        synaptic = "".join(f" with {type(s).__name__}" for s in synapses if s.has_equations)
        raise NonLinearError(
            f"{kind.__name__}{synaptic} has no exact solution ({error}): choose another method, "
            'such as "rk4"'
        ) from None
    return _system([*slopes, INJECTED, ONE], slopes)


def _system(names: list[str], slopes: dict[str, LinearSum]) -> LinearSystem:
    """Return the equations of variables, given their derivatives."""
    index = {name: j for j, name in enumerate(names)}
    matrix, reach = np.zeros((len(names),) * 2), np.eye(len(names), dtype=bool)
    for row, slope in slopes.items():
        for column, factor in slope.terms.items():
            matrix[index[row], index[column]] = factor
            reach[index[row], index[column]] = True
    for _ in names:
        reach = reach @ reach
    return LinearSystem(names, matrix, reach)


def synaptic_propagators(
    synapses: Sequence[Synapse], first: int, step: float
) -> dict[Entry, float]:
    """Return the elements of the propagators of synapses whose equations are linear.

    Their states do not depend on the neuron, so they can be advanced exactly by themselves.

    Parameters
    ----------
    synapses : sequence of Synapse
        Those that are integrated with a neuron.
    first : int
        Number of states of the neuron, after which those of the synapses follow.
    step : float
        ms.
    """
    found = {}
    for synapse in synapses:
        names, methods = list(states_of(type(synapse))), type(synapse)
        try:
            values = methods.derivatives(*(LinearSum({n: 1.0}) for n in names), synapse)  # type: ignore[attr-defined]
            system = _system(names, dict(zip(names, _tuple(values), strict=True)))
        except Exception:
            pass  # not linear, or a mistake that `check_source` reports
        else:
            matrix = expm(system.matrix * step)
            for row, column in np.argwhere(system.reach):
                entry = Entry(int(first + row), int(first + column), False)
                found[entry] = float(matrix[row, column])
        first += len(names)
    return found


def _slopes(kind: Any, p: SimpleNamespace, synapses: Sequence[Synapse]) -> dict[str, LinearSum]:
    """Return the derivative of each variable."""
    slopes: dict[str, LinearSum] = {}
    names = list(states_of(kind))
    states = [LinearSum({name: 1.0}) for name in names]
    potentials = compartments_of(kind)
    currents = dict.fromkeys(potentials, LinearSum({})) | {SOMA: LinearSum({INJECTED: 1.0})}
    for k, synapse in enumerate(synapses):
        if states_of(type(synapse)):
            own = [f"{name} {k}" for name in states_of(type(synapse))]
            variables = [LinearSum({name: 1.0}) for name in own]
            methods: Any = type(synapse)
            here = synapse.compartment or SOMA
            currents[here] += methods.current(states[potentials[here]], *variables, synapse)
            slopes |= zip(own, _tuple(methods.derivatives(*variables, synapse)), strict=True)
    part: Any
    for k, part in enumerate(synapses):
        if not part.has_equations:
            flow, rise, tau = f"current {k}", f"rise {k}", part.tau
            currents[SOMA] += LinearSum({flow: 1.0})
            slopes[flow] = LinearSum({flow: -1.0 / tau})
            if port_kind(part) == ALPHA:
                slopes[flow] += LinearSum({rise: 1.0})
                slopes[rise] = LinearSum({rise: -1.0 / tau})
    values = _tuple(kind.derivatives(*states, *currents.values(), p))
    return dict(zip(names, values, strict=True)) | slopes


def _tuple(values: Any) -> tuple[LinearSum, ...]:
    """Return the result of a method, a number or a tuple, as sums."""
    return tuple(map(LinearSum.of, values if isinstance(values, tuple) else (values,)))


def with_method(model: NeuronModel, synapses: Sequence[Synapse]) -> NeuronModel:
    """Return a model with "rk4" instead of "exact" if it receives synapses that are not linear.

    Raises
    ------
    NonLinearError
        If the method is "exact" and the model itself is not linear.
    """
    if model.method != "exact" or hasattr(model, "step"):
        return model
    check_source(model, synapses)
    p = first_values(model)
    linear_system(model, p, ())
    try:
        linear_system(model, p, synapses)
    except NonLinearError:
        return replace(model, method="rk4")
    return model


@dataclass(frozen=True)
class Entry:
    """An element of the propagator that is not always 0.

    Attributes
    ----------
    row, column : int
        Variables after and before the step.
    held : bool
        Whether it applies while v is held at `v_reset`.
    """

    row: int
    column: int
    held: bool


def propagator_entries(system: LinearSystem, clamps: bool) -> list[Entry]:
    """Return the elements of the propagator that the block function needs.

    Parameters
    ----------
    system : LinearSystem
    clamps : bool
        Whether v is held in the refractory period. Variables that depend on v then have a second
        row.
    """
    variables = len(system.names) - 2  # without the injected current and 1
    columns = [np.flatnonzero(row) for row in system.reach]
    entries = [Entry(row, int(c), False) for row in range(variables) for c in columns[row]]
    driven = [row for row in range(1, variables) if clamps and system.reach[row, 0]]
    return entries + [Entry(row, int(c), True) for row in driven for c in columns[row]]


def propagator(
    model: NeuronModel,
    p: SimpleNamespace,
    synapses: Sequence[Synapse],
    entries: Sequence[Entry],
    dt: float,
) -> NDArray[np.float64]:
    """Return the values of the elements of the propagator of a step.

    Parameters
    ----------
    model, p, synapses
        See `linear_system`.
    entries : sequence of Entry
    dt : float
        ms.
    """
    system = linear_system(model, p, synapses)
    known = {(entry.row, entry.column) for entry in entries}
    if not known >= set(zip(*np.nonzero(system.matrix), strict=True)):
        raise NonLinearError(
            f"{type(model).__name__}.derivatives depends on other states in some neurons than in "
            'the first one: write it without if, or choose another method, such as "rk4"'
        )
    free, held = expm(system.matrix * dt), system.matrix.copy()
    held[0] = 0.0
    held = expm(held * dt) if any(entry.held for entry in entries) else held
    discretise = getattr(type(model), "discretise", None)
    if discretise is not None:
        step = {(a, b): free[i, j] for i, a in enumerate(system.names)
                for j, b in enumerate(system.names)}  # fmt: skip
        discretise(step, dt, p)
        free = np.reshape(list(step.values()), free.shape)
    return np.array([(held if e.held else free)[e.row, e.column] for e in entries])
