"""What a network is made of: populations, projections, drives, recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import parameters_of, states_of
from neurosim.models.endpoints import Endpoints
from neurosim.models.lif import Neuron
from neurosim.models.positions import Positions, as_positions
from neurosim.models.quantity import check_quantity, is_distribution
from neurosim.network.views import PopulationView, check_distinct, select, view_of
from neurosim.results import UNITS
from neurosim.utils.checks import (
    check_array,
    check_flag,
    check_integer,
    check_number,
    is_scalar,
    nearest_name,
    show,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.models.column import PerEdge
    from neurosim.models.connection_rules import Rule
    from neurosim.models.distributions import Distribution
    from neurosim.models.inputs import Input
    from neurosim.models.plasticity import Plasticity
    from neurosim.models.synapses import Synapse

VARIABLES = ("spikes", *UNITS)
"""What can be recorded of every population."""

_POTENTIAL = ("mV", -1e4, 1e4)


@dataclass(frozen=True, eq=False)
class Population:
    """Neurons of one kind. Made by `Network.add`; compared by identity.

    Indexing by an int, a slice, a mask or an array of ints returns a `PopulationView`.

    Attributes
    ----------
    name : str
    size : int
    neuron : Neuron
    v_init : float, (size,) ndarray, distribution or None
        Potentials at time 0 (mV); None stands for the resting potential.
    dale : bool
        Whether all outgoing synapses must have one sign.
    positions : Grid, RandomPositions, Points or None
    """

    name: str
    size: int
    neuron: Neuron
    v_init: float | NDArray[np.float64] | Distribution | None
    dale: bool
    initial: Mapping[str, float | NDArray[np.float64] | Distribution] = field(default_factory=dict)
    positions: Positions | None = None

    def __post_init__(self) -> None:
        name = self.name
        if not isinstance(name, str) or not name.strip() or "/" in name or not name.isprintable():
            raise NeurosimError(
                f"Population name {show(name)}: give a text without '/' that is not empty"
            )
        whole = isinstance(self.size, (int, np.integer)) and not isinstance(self.size, bool)
        if whole and self.size == 0:
            raise NeurosimError(f"Population {name!r} is empty: its size must be at least 1")
        size = check_integer(self.size, f"Size of population {name!r}", 1)
        Neuron.require(self.neuron, f"Population {name!r}: ", "an instance of a NeuronModel")
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "v_init", _check_v_init(self.v_init, size, name))
        object.__setattr__(self, "dale", check_flag(self.dale, f"Population {name!r}: dale"))
        object.__setattr__(self, "initial", self._check_initial())
        self._check_sizes()
        if self.positions is not None:
            object.__setattr__(self, "positions", as_positions(self.positions))
            self.points  # noqa: B018 - refused here where there are not as many as neurons

    def _check_initial(self) -> dict[str, Any]:
        """Return the initial values of state variables, checked."""
        if not isinstance(self.initial, Mapping):
            raise NeurosimError(
                f"initial = {show(self.initial)} is not a dict: give values by state, such as "
                "{'w': 0.0}"
            )
        states = states_of(type(self.neuron))
        found = {}
        for state, value in self.initial.items():
            if state not in states:
                raise NeurosimError(
                    f"initial: {type(self.neuron).__name__} has no state {state!r}: "
                    f"{nearest_name(state, states)}"
                )
            what = f"initial {state} of population {self.name!r}"
            found[state] = check_quantity(value, what, states[state].unit, -np.inf, np.inf)
        return found

    def _check_sizes(self) -> None:
        """Refuse arrays whose length is not the number of neurons."""
        given = {f"initial {name}": value for name, value in self.initial.items()}
        kind = type(self.neuron)
        given |= {f"{kind.__name__}.{n}": getattr(self.neuron, n) for n in parameters_of(kind)}
        for what, value in given.items():
            if isinstance(value, np.ndarray) and value.shape != (self.size,):
                raise NeurosimError(
                    f"{what} of population {self.name!r} has {len(value)} values for {self.size} "
                    "neurons: give one per neuron"
                )

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """Coordinates of the neurons, (size, n_dimensions)."""
        if self.positions is None:
            raise NeurosimError(
                f"Population {self.name!r} has no positions: give them to Network.add"
            )
        points = self.positions.points(self.size)
        points.flags.writeable = False
        return points

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: Any) -> PopulationView:
        return view_of(self, index)

    __iter__ = None

    def __repr__(self) -> str:
        return f"<Population {self.name!r}: {self.size} × {self.neuron}>"


@dataclass(frozen=True, eq=False, repr=False)
class Projection:
    """Connections from one population to another. Made, and checked, by `Network.connect`.

    Attributes
    ----------
    source, target : Population
    source_ids, target_ids : (n,) ndarray of int64, or None
        Neurons that the rule connects, ascending where it draws them; None stands for all. The
        rule, and arrays of strengths and delays, count these neurons from 0.
    rule : Rule
    synapse : Synapse
    weight : float, ndarray, distribution or Column
        In the synapse's unit.
    delay : float, ndarray, distribution or Column
        ms.
    plasticity : Plasticity or None
    """

    source: Population
    target: Population
    rule: Rule
    synapse: Synapse
    weight: float | NDArray[np.float64] | Distribution | PerEdge
    delay: float | NDArray[np.float64] | Distribution | PerEdge
    plasticity: Plasticity | None = None
    source_ids: NDArray[np.int64] | None = None
    target_ids: NDArray[np.int64] | None = None

    @property
    def effect(self) -> int:
        """1 if positive weights excite the targets, -1 if they inhibit them, 0 if neither."""
        return self.synapse.effect_on(self.target.neuron)

    @property
    def ends(self) -> Endpoints:
        """Neurons that the rule connects."""
        return Endpoints(self.source, self.target, self.source_ids, self.target_ids)

    def __repr__(self) -> str:
        return f"<Projection {self.source.name!r} → {self.target.name!r}: {show(self.rule)}>"


@dataclass(frozen=True, eq=False, repr=False)
class Drive:
    """Input onto a population. Made, and checked, by `Network.drive`.

    Attributes
    ----------
    target : Population
    ids : (n_targets,) ndarray of int64, or None
        Neurons it reaches; None stands for all.
    input : Input
    synapse : Synapse or None
    weight : float, (n_targets,) ndarray or None
        In the synapse's unit.
    delay : float or None
        ms.
    """

    target: Population
    ids: NDArray[np.int64] | None
    input: Input
    synapse: Synapse | None
    weight: float | NDArray[np.float64] | None
    delay: float | None

    def __repr__(self) -> str:
        return f"<Drive of {self.target.name!r}: {show(self.input)}>"


@dataclass(frozen=True, eq=False, repr=False)
class Recording:
    """What is recorded of a population. Made by `Network.record`.

    Attributes
    ----------
    population : Population
    variable : str
        One of `VARIABLES`, a state of the neuron, or one of a synapse: "g", or with the class
        "ExpConductance.g".
    ids : (n,) ndarray of int64, or None
        None stands for all.
    interval : float or None
        ms between samples; None stands for every step.
    average, sum : bool
        Whether the mean or the sum over the neurons is recorded instead of each of them.
    synapse : Synapse or None
        Synapse model that the variable is a state of.
    """

    population: Population
    variable: str
    ids: NDArray[np.int64] | None
    interval: float | None
    average: bool = False
    sum: bool = False
    synapse: Synapse | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.variable, str) or self.state not in self._units:
            raise NeurosimError(
                f"{show(self.variable)} cannot be recorded: "
                f"{nearest_name(self.variable, self._units)}"
            )
        ids = check_ids(self.ids, self.population, empty=self.variable == "spikes")
        object.__setattr__(self, "ids", ids)
        if self.interval is not None:
            if self.variable == "spikes":
                raise NeurosimError("Spikes have no interval: they are recorded as they come")
            interval = check_number(self.interval, "interval", "ms", 1e-3, 1e9)
            object.__setattr__(self, "interval", interval)
        check_flag(self.average, "average")
        check_flag(self.sum, "sum")
        if self.average and self.sum:
            raise NeurosimError("average and sum are two recordings: make one of each")
        if (self.average or self.sum) and self.variable == "spikes":
            raise NeurosimError(
                "Spikes have no average: record them, and use ns.analysis.population_rate"
            )

    @property
    def state(self) -> str:
        """Name of the variable without the class of a synapse."""
        return self.variable if self.synapse is None else self.variable.rpartition(".")[2]

    @property
    def unit(self) -> str:
        """Unit of the variable."""
        return self._units[self.state]

    @property
    def _units(self) -> dict[str, str]:
        """Units of what can be recorded, by name."""
        if self.synapse is None:
            return recordables(self.population)
        return {name: own.unit for name, own in states_of(type(self.synapse)).items()}

    @property
    def name(self) -> str:
        """Name of the variable in results: with "_average" or "_sum" where it is one."""
        return self.variable + ("_average" if self.average else "_sum" if self.sum else "")

    @property
    def n_columns(self) -> int:
        """Number of values in a sample."""
        if self.average or self.sum:
            return 1
        return self.population.size if self.ids is None else len(self.ids)

    def __repr__(self) -> str:
        return f"<Recording of {self.name!r} of {self.population.name!r}>"


def recordables(population: Population) -> dict[str, str]:
    """Return what can be recorded of a population: the unit by variable."""
    own = states_of(type(population.neuron))
    units = {name: declared.unit for name, declared in own.items()}
    return {"spikes": ""} | dict(UNITS) | units | {"v": "mV"}


def check_ids(ids: Any, population: Population, *, empty: bool = False) -> NDArray[np.int64] | None:
    """Return the chosen neurons of a population, or None for all.

    Parameters
    ----------
    ids : int, slice, mask or array_like of int, or None
    population : Population
    empty : bool
        Whether none may be chosen.

    Raises
    ------
    NeurosimError
    """
    if ids is None:
        return None
    chosen = select(ids, population.size, f"ids of {population.name!r}")
    if len(chosen) == 0 and not empty:
        raise NeurosimError(f"ids of {population.name!r} is empty: name at least one neuron")
    check_distinct(chosen, f"ids of {population.name!r}")
    chosen.flags.writeable = False
    return chosen


def _check_v_init(value: Any, size: int, name: str) -> Any:
    """Return checked initial potentials: None, a number, a distribution or one per neuron."""
    what = f"v_init of population {name!r}"
    if value is None:
        return value
    if is_distribution(value):
        (low, high), (_, least, most) = value.extent, _POTENTIAL
        if not least <= low <= high <= most:
            raise NeurosimError(
                f"{what} = {value} reaches from {low:g} to {high:g} mV, beyond {least:g} to "
                f"{most:g} mV: lower its spread, or give it bounds"
            )
        return value
    if is_scalar(value):
        return check_number(value, what, *_POTENTIAL)
    array = check_array(value, what, *_POTENTIAL)
    if array.shape != (size,):
        raise NeurosimError(f"{what} has shape {array.shape}; it needs ({size},)")
    return array
