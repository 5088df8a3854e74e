"""The network: populations, how they are connected, what drives them, what is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.network.checks import (
    check_array,
    check_indices,
    check_integer,
    check_number,
    nearest_name,
)
from neurosim.network.distributions import LogNormal, Normal, Uniform
from neurosim.network.inputs import Input, Poisson, SpikeTimes, columns
from neurosim.network.neurons import LIF
from neurosim.network.rules import Rule, check_rule, from_sparse, is_sparse
from neurosim.network.strength import (
    LONGEST,
    check_delay,
    check_strength,
    choose_strength,
    keep_sign,
    per_synapse_shape,
    sign_of,
)
from neurosim.network.synapses import AlphaCurrent, DeltaSynapse, ExpCurrent

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from neurosim.network.distributions import Distribution

Synapse = DeltaSynapse | ExpCurrent | AlphaCurrent
"""Any of the synapse models."""

VARIABLES = ("spikes", "v", "i_syn", "i_exc", "i_inh", "input_exc", "input_inh")
"""What can be recorded."""

LARGEST = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Population:
    """Neurons of one kind. Made by `Network.add`.

    Attributes
    ----------
    name : str
    size : int
    neuron : LIF
    v_init : float, (size,) ndarray, distribution or None
        Potentials at time 0 (mV); None stands for the resting potential.
    dale : bool
        Whether all outgoing synapses must have one sign.
    """

    name: str
    size: int
    neuron: LIF
    v_init: float | NDArray[np.float64] | Distribution | None
    dale: bool

    def __repr__(self) -> str:
        return f"<Population {self.name!r}: {self.size} × {self.neuron}>"


@dataclass(frozen=True, eq=False)
class Projection:
    """Connections from one population to another. Made by `Network.connect`.

    Attributes
    ----------
    source, target : Population
    rule : Rule
    synapse : DeltaSynapse, ExpCurrent or AlphaCurrent
    weight : float, ndarray or distribution
        In the synapse's unit.
    delay : float, ndarray or distribution
        ms.
    """

    source: Population
    target: Population
    rule: Rule
    synapse: Synapse
    weight: float | NDArray[np.float64] | Distribution
    delay: float | NDArray[np.float64] | Distribution


@dataclass(frozen=True, eq=False)
class Drive:
    """Input onto a population. Made by `Network.drive`.

    Attributes
    ----------
    target : Population
    ids : (n_targets,) ndarray of int64, or None
        Neurons it reaches; None stands for all.
    input : Input
    synapse : DeltaSynapse, ExpCurrent, AlphaCurrent or None
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


@dataclass(frozen=True, eq=False)
class Recording:
    """What is recorded of a population. Made by `Network.record`.

    Attributes
    ----------
    population : Population
    variable : str
        One of `VARIABLES`.
    ids : (n,) ndarray of int64, or None
        None stands for all.
    interval : float or None
        ms between samples; None stands for every step.
    """

    population: Population
    variable: str
    ids: NDArray[np.int64] | None
    interval: float | None


class Network:
    """A description of a network. Nothing runs, and nothing random is drawn, until it is built.

    Parameters
    ----------
    dale : bool
        Whether populations obey Dale's law unless they say otherwise: all synapses of a neuron
        either excite or inhibit.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> exc = net.add("exc", 80, ns.LIF())
    >>> inh = net.add("inh", 20, ns.LIF(tau_m=10.0))
    >>> one = net.connect(exc, inh, ns.FixedProbability(0.1), psp=0.5, delay=1.5)
    >>> two = net.connect(inh, exc, ns.FixedInDegree(8), psp=ns.Normal(-2.0, 0.2))
    >>> net.size
    100
    """

    def __init__(self, *, dale: bool = True) -> None:
        if not isinstance(dale, bool):
            raise NeurosimError(f"Network.dale = {dale!r} is neither True nor False")
        self._dale = dale
        self._populations: list[Population] = []
        self._projections: list[Projection] = []
        self._drives: list[Drive] = []
        self._recordings: list[Recording] = []

    @property
    def populations(self) -> tuple[Population, ...]:
        """Populations in the order in which they were added."""
        return tuple(self._populations)

    @property
    def projections(self) -> tuple[Projection, ...]:
        """Projections in the order in which they were made."""
        return tuple(self._projections)

    @property
    def drives(self) -> tuple[Drive, ...]:
        """Drives in the order in which they were made."""
        return tuple(self._drives)

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """Recordings in the order in which they were asked for."""
        return tuple(self._recordings)

    @property
    def size(self) -> int:
        """Number of neurons."""
        return sum(population.size for population in self._populations)

    def __getitem__(self, name: str) -> Population:
        """Return the population of that name."""
        for population in self._populations:
            if population.name == name:
                return population
        names = [population.name for population in self._populations]
        raise NeurosimError(f"The network has no population {name!r}: {nearest_name(name, names)}")

    def __repr__(self) -> str:
        return (
            f"<Network: {self.size} neurons in {len(self._populations)} populations, "
            f"{len(self._projections)} projections>"
        )

    def sign_of(self, population: Population) -> int:
        """Return +1 if all synapses of a population excite, −1 if all inhibit, else 0."""
        self._own(population, "population")
        signs = {sign_of(p.weight) for p in self._projections if p.source is population} - {0}
        return (signs.pop() or 0) if len(signs) == 1 else 0

    def add(
        self,
        name: str,
        size: int,
        neuron: LIF,
        *,
        v_init: float | ArrayLike | Distribution | None = None,
        dale: bool | None = None,
    ) -> Population:
        """Add a population.

        Parameters
        ----------
        name : str
            Unique within the network.
        size : int
            Number of neurons, at least 1.
        neuron : LIF
        v_init : float, (size,) array_like or distribution, optional
            Potentials at time 0 (mV). Default: the resting potential.
        dale : bool, optional
            Whether all outgoing synapses must have one sign. Default: as the network says.

        Returns
        -------
        Population

        Raises
        ------
        NeurosimError
        """
        if not isinstance(name, str) or not name.strip() or "/" in name or not name.isprintable():
            raise NeurosimError(f"Population name {name!r}: give a word without '/'")
        if any(population.name == name for population in self._populations):
            raise NeurosimError(f"There is a population {name!r} already: choose another name")
        if isinstance(size, int) and size == 0:
            raise NeurosimError(f"Population {name!r} is empty: its size must be at least 1")
        size = check_integer(size, f"Size of population {name!r}", 1)
        if self.size + size > LARGEST:
            raise NeurosimError(
                f"Population {name!r} would bring the network to {self.size + size} neurons: "
                f"{LARGEST} is the most"
            )
        if not isinstance(neuron, LIF):
            raise NeurosimError(f"Population {name!r}: {neuron!r} is no neuron model; give LIF(…)")
        if dale is not None and not isinstance(dale, bool):
            raise NeurosimError(f"Population {name!r}: dale = {dale!r} is neither True nor False")
        start = _check_v_init(v_init, size, name)
        population = Population(name, size, neuron, start, self._dale if dale is None else dale)
        self._populations.append(population)
        return population

    def connect(
        self,
        source: Population,
        target: Population,
        rule: Rule | Any = None,
        *,
        synapse: Synapse = DeltaSynapse(),  # noqa: B008 - frozen
        psp: Any = None,
        weight: Any = None,
        delay: Any = 1.0,
    ) -> Projection:
        """Connect two populations.

        Parameters
        ----------
        source, target : Population
        rule : Rule or scipy sparse matrix
            A sparse matrix of shape (source.size, target.size) stands for the connections it
            stores; it may be left out where `psp` or `weight` is one.
        synapse : DeltaSynapse, ExpCurrent or AlphaCurrent
        psp : float, array_like, distribution or sparse matrix
            Strength as the peak of the postsynaptic potential (mV). Arrays have one value per
            synapse: (source.size, target.size) for AllToAll, (size,) for OneToOne, (n,) for
            Explicit.
        weight : float, array_like, distribution or sparse matrix
            Strength in the synapse's own unit (mV or pA), instead of `psp`.
        delay : float, array_like or distribution
            ms, rounded to the time grid; distributions are truncated where they would round to 0.

        Returns
        -------
        Projection

        Raises
        ------
        NeurosimError
            Also where a source population that obeys Dale's law would get synapses of both signs.
            A distribution whose values have both signs is then truncated at 0.
        """
        self._own(source, "source")
        self._own(target, "target")
        _check_synapse(synapse)
        rule, psp, weight = _take_sparse(rule, psp, weight, (source.size, target.size))
        if not isinstance(rule, get_args(Rule)):
            raise NeurosimError(
                f"{rule!r} is not a connection rule: give AllToAll(), OneToOne(), "
                "FixedProbability(p), FixedInDegree(n), FixedOutDegree(n), FixedTotalNumber(n), "
                "Explicit(sources, targets) or a sparse matrix"
            )
        check_rule(rule, source.size, target.size, within=source is target)
        shape = per_synapse_shape(rule, source.size, target.size)
        value, factor, what, unit = choose_strength(psp, weight, synapse, target.neuron)
        strength = check_strength(value, factor, what, unit, shape)
        if source.dale:
            strength = keep_sign(strength)
            self._check_dale(source, target, sign_of(strength))
        projection = Projection(source, target, rule, synapse, strength, check_delay(delay, shape))
        self._projections.append(projection)
        return projection

    def drive(
        self,
        target: Population,
        input: Input,
        *,
        ids: ArrayLike | None = None,
        synapse: Synapse | None = None,
        psp: Any = None,
        weight: Any = None,
        delay: float | None = None,
    ) -> Drive:
        """Drive a population from outside.

        Parameters
        ----------
        target : Population
        input : Input
        ids : (n_targets,) array_like of int, optional
            Indices of the neurons it reaches. Default: all. Values that an input has per target
            are in this order.
        synapse : DeltaSynapse, ExpCurrent or AlphaCurrent, optional
            For Poisson and SpikeTimes. Default: DeltaSynapse().
        psp, weight : float or (n_targets,) array_like
            For Poisson and SpikeTimes, exactly one: peak of the postsynaptic potential (mV), or
            strength in the synapse's unit.
        delay : float, optional
            For Poisson and SpikeTimes (ms). Default: 0, a spike arrives at its time.

        Returns
        -------
        Drive

        Raises
        ------
        NeurosimError
        """
        self._own(target, "target")
        if not isinstance(input, get_args(Input)):
            raise NeurosimError(
                f"{input!r} is not an input: give ConstantCurrent, StepCurrent, CurrentWaveform, "
                "Poisson, SpikeTimes or MembraneNoise"
            )
        chosen = _check_ids(ids, target)
        n_targets = target.size if chosen is None else len(chosen)
        name = type(input).__name__
        if columns(input) not in (1, n_targets):
            raise NeurosimError(
                f"{name} has values for {columns(input)} targets and drives {n_targets}: give one "
                "value for all, or one each"
            )
        if isinstance(input, (Poisson, SpikeTimes)):
            synapse = DeltaSynapse() if synapse is None else synapse
            _check_synapse(synapse)
            value, factor, what, unit = choose_strength(psp, weight, synapse, target.neuron)
            if isinstance(value, (Normal, Uniform, LogNormal)):
                raise NeurosimError(f"{what} of a drive is a number or one number per target")
            strength: Any = check_strength(value, factor, what, unit, (n_targets,))
            late = check_number(0.0 if delay is None else delay, "delay", "ms", 0.0, LONGEST)
            drive = Drive(target, chosen, input, synapse, strength, late)
        else:
            given = {"synapse": synapse, "psp": psp, "weight": weight, "delay": delay}
            extra = [key for key, value in given.items() if value is not None]
            if extra:
                raise NeurosimError(
                    f"{name} brings no spikes and takes no {extra[0]}: leave it out"
                )
            drive = Drive(target, chosen, input, None, None, None)
        self._drives.append(drive)
        return drive

    def record(
        self,
        population: Population,
        variable: str,
        *,
        ids: ArrayLike | None = None,
        interval: float | None = None,
    ) -> Recording:
        """Record something of a population.

        Parameters
        ----------
        population : Population
        variable : str
            "spikes" (all are recorded unless a recording names some), "v" (mV), "i_syn", "i_exc",
            "i_inh" (synaptic current, all, excitatory, inhibitory, pA), "input_exc", "input_inh"
            (strength that arrived since the last sample).
        ids : (n,) array_like of int, optional
            Indices of the neurons. Default: all.
        interval : float, optional
            ms between samples. Default: every step.

        Returns
        -------
        Recording

        Raises
        ------
        NeurosimError
        """
        self._own(population, "population")
        if variable not in VARIABLES:
            raise NeurosimError(
                f"{variable!r} cannot be recorded: {nearest_name(variable, VARIABLES)}"
            )
        for recording in self._recordings:
            if recording.population is population and recording.variable == variable:
                raise NeurosimError(
                    f"{variable!r} of {population.name!r} is recorded already: name all neurons at "
                    "once"
                )
        chosen = _check_ids(ids, population, empty=variable == "spikes")
        if interval is not None:
            interval = check_number(interval, "interval", "ms", 1e-3, 1e9)
            if variable == "spikes":
                raise NeurosimError("Spikes have no interval: they are recorded as they come")
        recording = Recording(population, variable, chosen, interval)
        self._recordings.append(recording)
        return recording

    def _own(self, population: Population, role: str) -> None:
        """Refuse what is not a population of this network."""
        if not isinstance(population, Population):
            raise NeurosimError(
                f"The {role} {population!r} is not a population: give what Network.add returned"
            )
        if not any(own is population for own in self._populations):
            raise NeurosimError(
                f"The {role} {population.name!r} belongs to another network: add it to this one"
            )

    def _check_dale(self, source: Population, target: Population, sign: int | None) -> None:
        """Refuse synapses of both signs from one population."""
        words = {1: "excite", -1: "inhibit"}
        if sign is None:
            raise NeurosimError(
                f"The synapses from {source.name!r} to {target.name!r} have both signs, against "
                "Dale's law: split the population, or add it with dale=False"
            )
        for other in self._projections:
            before = sign_of(other.weight)
            if other.source is source and sign and before and before != sign:
                raise NeurosimError(
                    f"The synapses from {source.name!r} to {target.name!r} would {words[sign]}, "
                    f"those to {other.target.name!r} {words[before]}, against Dale's law: split "
                    "the population, or add it with dale=False"
                )


def _check_v_init(value: Any, size: int, name: str) -> Any:
    if value is None or isinstance(value, (Normal, Uniform, LogNormal)):
        return value
    what = f"v_init of population {name!r}"
    if np.ndim(value) == 0:
        return check_number(value, what, "mV", -1e4, 1e4)
    array = check_array(value, what, "mV", -1e4, 1e4)
    if array.shape != (size,):
        raise NeurosimError(f"{what} has shape {array.shape}; it needs ({size},)")
    return array


def _check_synapse(synapse: object) -> None:
    if not isinstance(synapse, get_args(Synapse)):
        raise NeurosimError(
            f"{synapse!r} is not a synapse model: give DeltaSynapse(), ExpCurrent(tau) or "
            "AlphaCurrent(tau)"
        )


def _check_ids(ids: Any, population: Population, *, empty: bool = False) -> Any:
    """Return the chosen neurons, or None for all."""
    if ids is None:
        return None
    chosen = check_indices(ids, f"ids of {population.name!r}", population.size)
    if len(chosen) == 0 and not empty:
        raise NeurosimError(f"ids of {population.name!r} is empty: name at least one neuron")
    if len(np.unique(chosen)) < len(chosen):
        values, counts = np.unique(chosen, return_counts=True)
        raise NeurosimError(
            f"ids of {population.name!r} holds {int(values[counts > 1][0])} more than once"
        )
    return chosen


def _take_sparse(rule: Any, psp: Any, weight: Any, shape: tuple[int, int]) -> tuple[Any, Any, Any]:
    """Turn sparse matrices into an explicit rule and an array of strengths."""
    pattern = rule if is_sparse(rule) else None
    for strength in (psp, weight):
        if is_sparse(strength) and rule is None:
            pattern = strength
        elif is_sparse(strength) and strength is not rule:
            raise NeurosimError(
                "The strengths are a sparse matrix: it holds the connections too, so leave out the "
                "rule, or give the same matrix"
            )
    if pattern is None:
        return rule, psp, weight
    explicit, values = from_sparse(pattern, shape)
    psp = values if is_sparse(psp) else psp
    weight = values if is_sparse(weight) else weight
    return explicit, psp, weight
