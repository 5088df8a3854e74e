"""Parts of a network: populations, projections, drives, recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.column import MAX_DELAY
from neurosim.models.connection_rules import AllToAll
from neurosim.models.declare import (
    check_declared,
    optional,
    parameter,
    parameters_of,
    signals_of,
    states_of,
)
from neurosim.models.endpoints import Endpoints
from neurosim.models.neuron import Neuron, check_initial, check_state, potential_of
from neurosim.models.positions import Positions, as_positions
from neurosim.models.potentials import check_potentials
from neurosim.models.short_term import Release, ShortTermPlasticity
from neurosim.models.synapses import ExactNMDA
from neurosim.network.brief import brief, neurons, sampled, strength
from neurosim.network.views import PopulationView, view_of
from neurosim.results import UNITS
from neurosim.utils.checks import (
    check_flag,
    check_integer,
    check_number,
    show,
    suggest,
)
from neurosim.utils.frozen import read_only, set_fields
from neurosim.utils.table import Table, counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.models.column import PerEdge
    from neurosim.models.distributions import Distribution
    from neurosim.models.inputs import Input
    from neurosim.models.plasticity import Plasticity
    from neurosim.models.registry import Part
    from neurosim.models.rule import Rule
    from neurosim.models.synapses import Synapse

VARIABLES = ("spikes", *UNITS)
"""Variables that can be recorded from every population."""


@dataclass(frozen=True, eq=False, repr=False)
class Population:
    """Neurons of one model. Created by `Network.add`; compared by identity.

    Indexing by an int, a slice, a mask or an array of ints returns a `PopulationView`.

    Attributes
    ----------
    name : str
    size : int
    neuron : Neuron
    v_init : float, (size,) ndarray, distribution or None
        Potentials at time 0 (mV); None: the resting potential.
    dale : bool
        Whether all outgoing synapses must have one sign.
    positions : Grid, RandomPositions, Points or None

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 100, ns.LIF())
    >>> cells.name, cells.size
    ('cells', 100)
    >>> half = cells[:50]
    >>> drive = net.drive(half, ns.ConstantCurrent(300.0))
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
                f"Population name {show(name)}: give a non-empty string without '/'"
            )
        size = check_integer(self.size, f"Size of population {name!r}", 1)
        Neuron.require(self.neuron, f"Population {name!r}: ", "an instance of a NeuronModel")
        set_fields(self, size=size, dale=check_flag(self.dale, f"Population {name!r}: dale"))
        self._set_initial()
        self._check_sizes()
        if self.positions is not None:
            set_fields(self, positions=as_positions(self.positions))
            self.points  # noqa: B018 - checks their number

    def _set_initial(self) -> None:
        """Set `v_init` and `initial` to the checked initial values of this population.

        They are given for the population or, with lower priority, for the neuron model.
        """
        kind = type(self.neuron)
        given = check_initial(kind, self.initial, "initial")
        if self.v_init is not None:
            given = {potential_of(kind): self.v_init} | given
        given = dict(self.neuron.initial or {}) | given
        v = given.pop(potential_of(kind), None)
        v = None if v is None else self.check_state("v", v, "v_init")
        set_fields(self, v_init=v, initial=given)

    def check_state(self, state: str, value: Any, label: str) -> Any:
        """Return checked values of a state; "v" is the membrane potential.

        Parameters
        ----------
        state : str
        value : float, (size,) array_like or distribution
        label : str
            Name of the quantity in messages.
        """
        label = f"{label} of population {self.name!r}"
        if state == "v":
            return check_potentials(value, label, self.size)
        return check_state(type(self.neuron), state, value, label)

    def _check_sizes(self) -> None:
        """Raise an error if the length of an array is not the number of neurons."""
        given = {f"initial {name}": value for name, value in self.initial.items()}
        kind = type(self.neuron)
        given |= {f"{kind.__name__}.{n}": getattr(self.neuron, n) for n in parameters_of(kind)}
        for label, value in given.items():
            if isinstance(value, np.ndarray) and value.shape != (self.size,):
                raise NeurosimError(
                    f"{label} of population {self.name!r} has {len(value)} values for {self.size} "
                    "neurons: give one per neuron"
                )

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """Coordinates of the neurons, (size, n_dimensions)."""
        if self.positions is None:
            raise NeurosimError(
                f"Population {self.name!r} has no positions: pass positions to Network.add"
            )
        return read_only(self.positions.points(self.size))

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: Any) -> PopulationView:
        return view_of(self, index)

    __iter__ = None

    def recordables(self) -> dict[str, str]:
        """Return the variables that can be recorded, with their units."""
        states = states_of(type(self.neuron))
        units = {name: declared.unit for name, declared in states.items()}
        return {"spikes": ""} | dict(UNITS) | units | {"v": "mV"}

    def __repr__(self) -> str:
        return f"<Population {self.name!r}: {counted(self.size, 'neuron')}, {brief(self.neuron)}>"

    def _repr_html_(self) -> str:
        neuron = self.neuron
        declared = parameters_of(type(neuron)).items()
        rows = tuple(
            (name, brief(getattr(neuron, name)), parameter.unit, parameter.help)
            for name, parameter in declared
        )
        title = f"{self.name}: {counted(self.size, 'neuron')}, {type(neuron).__name__}"
        return Table(title, ("parameter", "value", "unit", "meaning"), rows, left=4)._repr_html_()


@dataclass(frozen=True, eq=False, repr=False)
class Projection:
    """Connections from one population to another. Created by `Network.connect`.

    Attributes
    ----------
    source, target : Population
    source_ids, target_ids : (n,) ndarray of int64, or None
        Neurons that the rule connects, ascending if it draws connections; None: all. Indices of
        the rule, and arrays of strengths and delays, refer to these neurons.
    rule : Rule
    synapse : Synapse
    weight : float, ndarray, distribution or Column
        In the synapse's unit.
    delay : float, ndarray, distribution or Column
        ms.
    plasticity : Plasticity or None
    dendritic_delay : float or None
        Dendritic part of the delay of plastic synapses (ms); None: all of it.
    short_term : ShortTermPlasticity or None
    release : Release or None

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> exc, inh = net.add("exc", 80, ns.LIF()), net.add("inh", 20, ns.LIF())
    >>> projection = net.connect(exc, inh, ns.FixedProbability(0.1), psp=0.5, delay=1.5)
    >>> projection.weight, projection.delay
    (0.5, 1.5)
    >>> connections = ns.Simulation(net).connections(projection)
    """

    source: Population
    target: Population
    rule: Rule
    synapse: Synapse
    weight: float | NDArray[np.float64] | Distribution | PerEdge
    delay: float | NDArray[np.float64] | Distribution | PerEdge
    plasticity: Plasticity | None = None
    short_term: ShortTermPlasticity | None = None
    release: Release | None = None
    source_ids: NDArray[np.int64] | None = None
    target_ids: NDArray[np.int64] | None = None
    dendritic_delay: float | None = parameter(
        None, "ms", 0.0, MAX_DELAY, "dendritic part of the delay", check=optional(check_number)
    )

    def checked(self) -> Projection:
        """Return the projection with the form of its synapse, after checks of its options."""
        check_declared(self)
        if self.dendritic_delay is not None and self.plasticity is None:
            raise NeurosimError(
                "dendritic_delay applies only to plastic synapses: give plasticity too"
            )
        if self.synapse.couples and (self.short_term or self.release):
            raise NeurosimError(
                f"{type(self.synapse).__name__} transmits no spikes: leave out short_term and "
                "release"
            )
        if self.short_term is not None:
            ShortTermPlasticity.require(self.short_term, "short_term = ")
            self.short_term.check_size(self.source.size, self.source.name)
        if self.release is not None:
            Release.require(self.release, "release = ")
        projection = replace(self, synapse=self.synapse.chosen(is_pool=self._is_pool))
        if self.short_term is not None and projection.synapse.transmission is not None:
            raise NeurosimError(
                f"short_term = {type(self.short_term).__name__}(...) cannot be combined with the "
                "approximate form of NMDA synapses: use AllToAll with one weight and delay"
            )
        if self.plasticity is not None and self.release is not None:
            raise NeurosimError("release cannot be combined with plasticity: leave out one")
        return projection

    @property
    def _is_pool(self) -> bool:
        """Whether every source is connected to every target, with one weight and delay."""
        constant = isinstance(self.weight, float) and isinstance(self.delay, float)
        options = (self.plasticity, self.release)
        return isinstance(self.rule, AllToAll) and constant and options == (None, None)

    @property
    def transmission(self) -> ShortTermPlasticity | None:
        """How the efficacy of a spike depends on earlier ones, by short-term plasticity or NMDA."""
        return self.short_term or self.synapse.transmission

    @property
    def mechanism(self) -> str:
        """How spikes are transmitted.

        "coupling": as a current through gap junctions; "plastic": by synapses with long-term
        plasticity; "pool": by exact NMDA synapses; "transmission": with an efficacy that depends
        on earlier spikes, or with stochastic release; "static": with constant weights.
        """
        if self.synapse.couples:
            return "coupling"
        if self.plasticity is not None:
            return "plastic"
        if isinstance(self.synapse, ExactNMDA):
            return "pool"
        varies = self.transmission is not None or self.release is not None
        return "transmission" if varies else "static"

    @property
    def effect(self) -> int:
        """1 if positive weights excite the targets, -1 if they inhibit them, 0 if neither."""
        return self.synapse.effect_on(self.target.neuron)

    @property
    def ends(self) -> Endpoints:
        """Neurons that the rule connects."""
        return Endpoints(self.source, self.target, self.source_ids, self.target_ids)

    def __repr__(self) -> str:
        parts = [brief(self.rule), brief(self.synapse)]
        parts.append(f"weight {strength(self.weight, self.synapse.unit)}")
        if not self.synapse.couples:
            parts.append(f"delay {strength(self.delay, 'ms')}")
        parts += map(brief, self.options)
        return f"<Projection {self.title}: {', '.join(parts)}>"

    @property
    def options(self) -> tuple[Part, ...]:
        """Plasticity, short-term plasticity and release, those that are given."""
        options = (self.plasticity, self.short_term, self.release)
        return tuple(option for option in options if option is not None)

    @property
    def title(self) -> str:
        """Names of the populations and the numbers of selected neurons."""
        source = neurons(self.source.name, self.source_ids)
        return f"{source} → {neurons(self.target.name, self.target_ids)}"

    def _repr_html_(self) -> str:
        rows = (
            ("rule", brief(self.rule)),
            ("synapse", brief(self.synapse)),
            ("weight", strength(self.weight, self.synapse.unit)),
            ("delay", "none" if self.synapse.couples else strength(self.delay, "ms")),
            ("plasticity", ", ".join(map(brief, self.options)) or None),
        )
        return Table(self.title, ("property", "value"), rows, left=2)._repr_html_()


@dataclass(frozen=True, eq=False, repr=False)
class Drive:
    """Input to a population. Created by `Network.drive`.

    Attributes
    ----------
    target : Population
    ids : (n_targets,) ndarray of int64, or None
        Target neurons; None: all.
    input : Input
    synapse : Synapse or None
    weight : float, (n_targets,) ndarray or None
        In the synapse's unit.
    delay : float or None
        ms.
    name : str
        Name in results.
    compartment : str or None
        Compartment into which a current is injected; None: the soma. That of spikes is the
        compartment of `synapse`.
    """

    target: Population
    ids: NDArray[np.int64] | None
    input: Input
    synapse: Synapse | None
    weight: float | NDArray[np.float64] | None
    delay: float | None
    name: str
    compartment: str | None = None

    def recordables(self) -> dict[str, str]:
        """Return the variable that can be recorded, with its unit."""
        if self.input.is_noise:
            return {}
        return {"spikes": ""} if self.input.sends_spikes else {"current": "pA"}

    def __repr__(self) -> str:
        parts = [brief(self.input)]
        if self.synapse is not None:
            parts.append(brief(self.synapse))
            parts.append(f"weight {strength(self.weight, self.synapse.unit)}")
        if self.compartment is not None:
            parts.append(self.compartment)
        return f"<Drive of {neurons(self.target.name, self.ids)}: {', '.join(parts)}>"


def _interval() -> Any:
    """Declare a sampling interval."""
    check = optional(check_number)
    return parameter(None, "ms", 1e-3, 1e9, "sampling interval", check=check)


@dataclass(frozen=True, eq=False, repr=False)
class Recording:
    """A recorded variable of a population or of an input. Created by `Network.record`.

    Attributes
    ----------
    population : Population
        The population, or the target of the input.
    variable : str
        One of `VARIABLES`, a state of the neuron, or one of a synapse: "g", or with the class
        "ExpConductance.g".
    ids : (n,) ndarray of int64, or None
        None: all.
    interval : float or None
        Sampling interval (ms); None: every step.
    average, sum : bool
        Whether the mean or the sum over neurons is recorded.
    synapse : Synapse or None
        Synapse model with this state variable.
    drive : Drive or None
        The recorded input; its variable is "spikes" or "current".
    """

    population: Population
    variable: str
    ids: NDArray[np.int64] | None
    interval: float | None = _interval()
    average: bool = parameter(False, help="whether the mean over neurons is recorded")
    sum: bool = parameter(False, help="whether the sum over neurons is recorded")
    synapse: Synapse | None = None
    drive: Drive | None = None

    def __post_init__(self) -> None:
        if self.drive is not None and not self._units:
            raise NeurosimError(
                f"{type(self.drive.input).__name__} cannot be recorded, because it changes the "
                'potential directly: record "v" of its targets'
            )
        if not isinstance(self.variable, str) or self.state not in self._units:
            raise NeurosimError(
                f"{show(self.variable)} cannot be recorded: {suggest(self.variable, self._units)}"
            )
        if self.drive is not None:
            self._check_targets(self.drive)
        if self.interval is not None and self.variable == "spikes":
            raise NeurosimError("Spikes have no sampling interval: leave out interval")
        check_declared(self)
        if self.average and self.sum:
            raise NeurosimError("average and sum cannot be combined: make two recordings")
        if (self.average or self.sum) and self.variable == "spikes":
            raise NeurosimError(
                "Spikes have no average or sum: use ns.analysis.population_rate on recorded spikes"
            )

    def _check_targets(self, drive: Drive) -> None:
        """Select all targets of a drive by default; raise an error for other neurons."""
        if self.ids is None:
            set_fields(self, ids=drive.ids)
        elif drive.ids is not None and not np.isin(self.ids, drive.ids).all():
            wrong = self.ids[~np.isin(self.ids, drive.ids)][0]
            raise NeurosimError(
                f"ids holds {wrong}, which {drive.name!r} does not reach: give targets of the input"
            )

    @property
    def key(self) -> str:
        """Name of the recorded population or input in results."""
        return self.population.name if self.drive is None else self.drive.name

    @property
    def state(self) -> str:
        """Name of the variable without the name or class of a synapse."""
        return self.variable if self.synapse is None else self.variable.rpartition(".")[2]

    @property
    def unit(self) -> str:
        """Unit of the variable."""
        return self._units[self.state]

    @property
    def _units(self) -> dict[str, str]:
        """Units of the recordable variables."""
        if self.drive is not None:
            return self.drive.recordables()
        if self.synapse is None:
            return self.population.recordables()
        return {name: state.unit for name, state in states_of(type(self.synapse)).items()}

    @property
    def name(self) -> str:
        """Name of the variable in results, with "_average" or "_sum" if applicable."""
        return self.variable + ("_average" if self.average else "_sum" if self.sum else "")

    @property
    def n_columns(self) -> int:
        """Number of values per sample."""
        if self.average or self.sum:
            return 1
        return self.population.size if self.ids is None else len(self.ids)

    def __repr__(self) -> str:
        every = "" if self.variable == "spikes" else f", {sampled(self.interval)}"
        return f"<Recording of {self.name!r} of {neurons(self.key, self.ids)}{every}>"


@dataclass(frozen=True, eq=False, repr=False)
class WeightRecording:
    """Recorded weights of a projection. Created by `Network.record`.

    Attributes
    ----------
    projection : Projection
        With plastic synapses.
    interval : float or None
        Sampling interval (ms); None: every step.
    """

    projection: Projection
    interval: float | None = _interval()

    def __post_init__(self) -> None:
        if self.projection.plasticity is None:
            raise NeurosimError(
                f"The weights of {self.projection} do not change: read them by "
                "Simulation.connections, or pass plasticity to Network.connect"
            )
        check_declared(self)

    def __repr__(self) -> str:
        return f"<Recording of 'weight' of {self.projection.title}, {sampled(self.interval)}>"


@dataclass(frozen=True, eq=False, repr=False)
class Modulation:
    """Spikes that add to the signal of a plasticity rule. Created by `Network.modulate`.

    Attributes
    ----------
    source : Population
    projection : Projection
        Its plasticity rule has a signal.
    amount : float
        Added to the signal by each spike.
    delay : float
        ms.
    """

    source: Population
    projection: Projection
    amount: float = parameter(1.0, "", -1e9, 1e9, "change of the signal by each spike")
    delay: float = parameter(1.0, "ms", 0.0, MAX_DELAY, "time from a spike to its effect")

    def __post_init__(self) -> None:
        check_has_signal(self.projection)
        check_declared(self)

    def __repr__(self) -> str:
        return (
            f"<Modulation of {self.projection.title} by {self.source.name!r}: amount "
            f"{self.amount:g}, delay {self.delay:g} ms>"
        )


def check_has_signal(projection: Projection) -> None:
    """Raise an error if the plasticity rule of a projection has no signal."""
    rule = projection.plasticity
    if rule is None or not signals_of(type(rule)):
        named = "no plasticity" if rule is None else f"the rule {type(rule).__name__}"
        raise NeurosimError(
            f"{projection} has {named}, which receives no signal: give a projection with a rule "
            "that declares ns.signal, such as RewardSTDP"
        )
