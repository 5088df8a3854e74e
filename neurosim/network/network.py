"""Networks of populations, with their connections, inputs and recordings."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, count
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.column import MAX_DELAY
from neurosim.models.declare import states_of
from neurosim.models.distance import with_distance
from neurosim.models.endpoints import Endpoints
from neurosim.models.inputs import Input
from neurosim.models.neuron import check_compartment
from neurosim.models.plasticity import Plasticity
from neurosim.models.rule import Rule
from neurosim.models.short_term import Release, ShortTermPlasticity
from neurosim.models.sparse import expand_sparse
from neurosim.models.synapses import DeltaSynapse, Synapse
from neurosim.network.dale import (
    check_dale,
    common_effect,
    effect_of,
    keep_sign,
    warn_of_truncation,
)
from neurosim.network.parts import (
    Drive,
    Modulation,
    Population,
    Projection,
    Recording,
    WeightRecording,
)
from neurosim.network.strength import (
    check_delay,
    check_drive_strength,
    check_strength,
    choose_strength,
)
from neurosim.network.summary import summarize, title
from neurosim.network.views import PopulationView, check_ids
from neurosim.utils.checks import check_flag, check_number, is_scalar, show, suggest
from neurosim.utils.frozen import FrozenList

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from neurosim.models.distributions import Distribution
    from neurosim.models.neuron import Neuron
    from neurosim.models.positions import Positions
    from neurosim.utils.table import Summary

_PARTS = (Population, Projection, Drive, Recording, Modulation, WeightRecording)

LARGEST = 2**31 - 1
"""Largest number of neurons; ids have 32 bits."""


class Network:
    """Description of a network. Random numbers are drawn when it is built.

    Parameters
    ----------
    dale : bool
        Whether populations obey Dale's law by default: all synapses of a neuron are excitatory or
        all are inhibitory.

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
        self._dale = check_flag(dale, "Network.dale")
        self._populations: list[Population] = []
        self._projections: list[Projection] = []
        self._drives: list[Drive] = []
        self._recordings: list[Recording] = []
        self._modulations: list[Modulation] = []
        self._weight_recordings: list[WeightRecording] = []
        self._current: dict[Any, Any] = {}

    @property
    def populations(self) -> tuple[Population, ...]:
        """Populations in the order in which they were added."""
        return FrozenList(self._populations)

    @property
    def projections(self) -> tuple[Projection, ...]:
        """Projections in the order in which they were added."""
        return FrozenList(self._projections)

    @property
    def drives(self) -> tuple[Drive, ...]:
        """Drives in the order in which they were added."""
        return FrozenList(self._drives)

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """Recordings in the order in which they were added."""
        return FrozenList(self._recordings)

    @property
    def modulations(self) -> tuple[Modulation, ...]:
        """Modulations of plasticity in the order in which they were added."""
        return FrozenList(self._modulations)

    @property
    def weight_recordings(self) -> tuple[WeightRecording, ...]:
        """Recordings of weights in the order in which they were added."""
        return FrozenList(self._weight_recordings)

    @property
    def size(self) -> int:
        """Number of neurons."""
        return sum(population.size for population in self._populations)

    def copy(self) -> Network:
        """Return an independent network with the same parts."""
        return self.replaced({})

    @classmethod
    def of(cls, projection: Projection) -> Network:
        """Return a network with one projection and its populations."""
        network = cls()
        network._populations += dict.fromkeys((projection.source, projection.target))
        network._projections.append(projection)
        return network

    def replaced(self, changed: Mapping[Any, Any]) -> Network:
        """Return a network in which some parts are replaced.

        Parameters
        ----------
        changed : mapping
            New population or projection for each one to be replaced.
        """
        other = Network(dale=self._dale)
        new = dict(changed)
        for name in (
            "_populations", "_projections", "_drives", "_recordings", "_modulations",
            "_weight_recordings",
        ):  # fmt: skip
            for part in getattr(self, name):
                if part not in new:
                    ends = {
                        end: new[getattr(part, end)]
                        for end in ("source", "target", "population", "projection", "drive")
                        if getattr(part, end, None) in new
                    }
                    if ends:
                        new[part] = replace(part, **ends)
                getattr(other, name).append(new.get(part, part))
        other._current = {old: new.get(now, now) for old, now in self._current.items()} | new
        return other

    def current(self, part: Any) -> Any:
        """Return the current version of a part, which may have been replaced."""
        if isinstance(part, PopulationView):
            return PopulationView(self.current(part.population), part.ids)
        return self._current.get(part, part) if isinstance(part, _PARTS) else part

    def __getitem__(self, name: str) -> Population:
        """Return the population with this name."""
        for population in self._populations:
            if population.name == name:
                return population
        names = [population.name for population in self._populations]
        raise NeurosimError(f"The network has no population {name!r}: {suggest(name, names)}")

    def __repr__(self) -> str:
        return f"<{title(self)}>"

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def _ipython_key_completions_(self) -> list[str]:
        return [population.name for population in self._populations]

    def summary(self) -> Summary:
        """Return tables of the populations, projections, inputs and recordings.

        Returns
        -------
        Summary
            Displayed as text or, in notebooks, as HTML. Its items are the tables, such as
            ``summary["projections"]``, each with a method `to_dataframe`.

        Examples
        --------
        >>> import neurosim as ns
        >>> net = ns.Network()
        >>> exc = net.add("exc", 80, ns.LIF())
        >>> one = net.connect(exc, exc, ns.FixedProbability(0.1), psp=0.5, delay=1.5)
        >>> net.summary()
        Network: 80 neurons in 1 population, 1 projection
        <BLANKLINE>
        population  model  synapses    neurons
        exc         LIF    excitatory       80
        <BLANKLINE>
        from  to   rule                     synapse       weight   delay
        exc   exc  FixedProbability(p=0.1)  DeltaSynapse  0.5 mV  1.5 ms
        """
        return summarize(self)

    def sign_of(self, population: Population) -> int:
        """Return the common sign of the synapses of a population.

        It is +1 if all are excitatory, −1 if all are inhibitory, else 0.

        Also 0 for strengths in a file, which is read when the network is built.
        """
        self._check_population(population, "population")
        return common_effect(effect_of(p) for p in self._projections if p.source is population)

    def add(
        self,
        name: str,
        size: int,
        neuron: Neuron,
        *,
        v_init: float | ArrayLike | Distribution | None = None,
        dale: bool | None = None,
        initial: Mapping[str, Any] | None = None,
        positions: Positions | ArrayLike | None = None,
    ) -> Population:
        """Add a population.

        Parameters
        ----------
        name : str
            Unique within the network.
        size : int
            Number of neurons, at least 1.
        neuron : LIF, HodgkinHuxley or NeuronModel
        v_init : float, (size,) array_like or distribution, optional
            Potentials at time 0 (mV). Default: the resting potential.
        dale : bool, optional
            Whether all outgoing synapses must have one sign. Default: setting of the network.
        initial : mapping of str to float, (size,) array_like or distribution, optional
            Values of other state variables at time 0, by name. Default: as declared in the model.
        positions : Grid, RandomPositions, Points or (size, n_dimensions) array_like, optional
            Positions of the neurons, for connections that depend on distance.

        Returns
        -------
        Population

        Raises
        ------
        NeurosimError
        """
        dale = self._dale if dale is None else dale
        population = Population(name, size, neuron, v_init, dale, initial or {}, positions)  # type: ignore[arg-type]
        if any(other.name == name for other in self._populations):
            raise NeurosimError(f"Population {name!r} already exists: choose another name")
        if self.size + population.size > LARGEST:
            raise NeurosimError(
                f"With population {name!r} the network has {self.size + population.size} neurons: "
                f"the maximum is {LARGEST}"
            )
        self._populations.append(population)
        return population

    def connect(
        self,
        source: Population | PopulationView,
        target: Population | PopulationView,
        rule: Rule | Any = None,
        *,
        synapse: Synapse = DeltaSynapse(),  # noqa: B008 - frozen
        compartment: str | None = None,
        psp: Any = None,
        weight: Any = None,
        delay: Any = 1.0,
        plasticity: Plasticity | None = None,
        dendritic_delay: float | None = None,
        short_term: ShortTermPlasticity | None = None,
        release: Release | None = None,
    ) -> Projection:
        """Connect two populations.

        Parameters
        ----------
        source, target : Population or PopulationView
            A view, such as ``exc[:50]``, connects only its neurons. Indices of the rule, and arrays
            of strengths and delays, then refer to positions within the view.
        rule : Rule or scipy sparse matrix
            A sparse matrix of shape (source.size, target.size) defines connections by its stored
            entries. The rule may be omitted if `psp` or `weight` is a sparse matrix.
        synapse : Synapse
            DeltaSynapse, ExpCurrent, AlphaCurrent, GapJunction or a custom model.
        compartment : str, optional
            Compartment of the targets on which the synapses are, such as "dendrite". Gap junctions
            couple this compartment of both neurons. Default: that of `synapse`, else the soma.
        psp : float, array_like, distribution, sparse matrix or str
            Strength as the peak of the postsynaptic potential (mV). Arrays have one value per
            synapse: (source.size, target.size) for AllToAll, (size,) for OneToOne, (n,) for
            Explicit. A string is the name of a column of CSVEdges, or of an attribute of
            SonataEdges; `Column` converts its unit.
        weight : float, array_like, distribution, sparse matrix or str
            Strength in the unit of the synapse (mV, pA or nS), instead of `psp`.
        delay : float, array_like, distribution or str
            ms, at least dt, rounded to the nearest step of the time grid, halves up. Distributions
            are truncated at dt/2, because smaller values would be rounded to 0. Gap junctions have
            none.
        plasticity : Plasticity, optional
            Plasticity rule of the synapses, such as `STDP`; `Simulation.connections` returns their
            weights.
        dendritic_delay : float, optional
            Part of the delay (ms) after which postsynaptic spikes reach plastic synapses; the rest
            is the delay of presynaptic spikes on their way to the synapse. Longer than the delay:
            the delay. Default: the whole delay, as in NEST.
        short_term : TsodyksMarkram or other ShortTermPlasticity, optional
            Efficacy of each presynaptic spike, by which it multiplies the weights.
        release : Release, optional
            Stochastic release of transmitter at each synapse.

        Returns
        -------
        Projection

        Raises
        ------
        NeurosimError
            Also if the synapses of a source population that obeys Dale's law would have both signs.
            Distributions with values of both signs are truncated at 0 instead.

        Warns
        -----
        UserWarning
            If this truncation removes more than 2.5 % of the values.

        Notes
        -----
        Networks of more than a million synapses store weights as 32-bit floats, so strengths are
        rounded to seven digits: 150 PSPs of 0.1 mV may then exceed a threshold at +15 mV.
        """
        source, source_ids = self.resolve(source, "source")
        target, target_ids = self.resolve(target, "target")
        ends = Endpoints(source, target, source_ids, target_ids)
        Synapse.require(synapse)
        synapse = _located(synapse, compartment, target)
        if synapse.couples:
            _check_gap_junctions(delay, plasticity)
            check_compartment(type(source.neuron), synapse.compartment, source.name)
        rule, psp, weight = expand_sparse(rule, psp, weight, ends.shape)
        Rule.require(rule, others="a sparse matrix")
        rule.check(*ends.shape, n_common=ends.n_common)
        rule.bind(ends)
        rule = with_distance(rule, psp, weight, delay)
        psp, weight, delay = (
            rule.strength_or_delay(ends.evaluate_profile(rule, value, name), name)
            for value, name in ((psp, "psp"), (weight, "weight"), (delay, "delay"))
        )
        shape = rule.shape(*ends.shape)
        value, factor, name, unit = choose_strength(psp, weight, synapse, target.neuron)
        strength = check_strength(value, factor, name, unit, shape)
        if source.dale:
            given, strength = strength, keep_sign(strength, value, name)
            warn_of_truncation(given, value, name, source.name)
            check_dale(source, target, strength, synapse, self._projections)
        if plasticity is not None:
            Plasticity.require(plasticity, "plasticity = ")
            strength = plasticity.check_initial(strength, value, name)
        late = check_delay(delay, shape)
        rule, strength, late, source_ids, target_ids = ends.resolve(rule, strength, late)
        projection = Projection(
            source, target, rule, synapse, strength, late, plasticity, short_term, release,
            source_ids, target_ids, dendritic_delay,
        ).checked()  # fmt: skip
        self._projections.append(projection)
        return projection

    def drive(
        self,
        target: Population | PopulationView,
        input: Input,
        *,
        ids: int | slice | ArrayLike | None = None,
        compartment: str | None = None,
        synapse: Synapse | None = None,
        psp: Any = None,
        weight: Any = None,
        delay: float | None = None,
        name: str | None = None,
    ) -> Drive:
        """Connect an input to a population.

        Parameters
        ----------
        target : Population or PopulationView
        input : Input
        ids : int, slice, mask or (n_targets,) array_like of int, optional
            Indices of the target neurons within the population; not allowed with a view. Default:
            all. Values per target are in this order.
        compartment : str, optional
            Compartment of the targets that receives the input, such as "dendrite". Default: that of
            `synapse`, else the soma.
        synapse : Synapse, optional
            For inputs of spikes. Default: DeltaSynapse().
        psp, weight : float or (n_targets,) array_like
            For inputs of spikes, exactly one: peak of the postsynaptic potential (mV), or strength
            in the synapse's unit.
        delay : float, optional
            For inputs of spikes (ms). Default: 0. Poisson spikes start, and `Poisson.times` take
            effect, later by the delay. Times of arrival are rounded to the nearest step of the
            time grid, halves up, and are at least dt.
        name : str, optional
            Name in results, if the input is recorded. Default: those of the population and of the
            class of the input, such as "exc/Poisson", with a number if it is not the first.

        Returns
        -------
        Drive

        Raises
        ------
        NeurosimError
        """
        target, ids = self.resolve(target, "target", ids)
        chosen = check_ids(ids, target)
        n_targets = target.size if chosen is None else len(chosen)
        Input.require(input)
        input.check_targets(n_targets)
        input.check_neuron(target.neuron, target.name)
        name = self._name_of_drive(name, f"{target.name}/{type(input).__name__}")
        if input.sends_spikes:
            synapse = DeltaSynapse() if synapse is None else synapse
            Synapse.require(synapse)
            synapse = _located(synapse, compartment, target)
            if synapse.between_neurons:
                raise NeurosimError(
                    f"{type(synapse).__name__} cannot transmit the spikes of an input: it connects "
                    "neurons"
                )
            strength = check_drive_strength(psp, weight, synapse, target.neuron, n_targets)
            late = check_number(0.0 if delay is None else delay, "delay", "ms", 0.0, MAX_DELAY)
            drive = Drive(target, chosen, input, synapse, strength, late, name)
        else:
            _refuse_given(input, synapse=synapse, psp=psp, weight=weight, delay=delay)
            compartment = check_compartment(type(target.neuron), compartment, target.name)
            if input.is_noise and compartment is not None:
                raise NeurosimError(
                    f"{type(input).__name__} is noise of the soma: leave out compartment"
                )
            drive = Drive(target, chosen, input, None, None, None, name, compartment)
        self._drives.append(drive)
        return drive

    def _name_of_drive(self, given: str | None, default: str) -> str:
        """Return a checked name of a new drive, or the first free default."""
        used = {drive.name for drive in self._drives}
        if given is None:
            numbered = (f"{default} {k}" for k in count(2))
            return next(name for name in chain([default], numbered) if name not in used)
        if not isinstance(given, str) or not given.strip() or not given.isprintable():
            raise NeurosimError(f"name = {show(given)} of an input: give a non-empty string")
        if given in used:
            raise NeurosimError(f"The name {given!r} is already that of an input: choose another")
        return given

    def record(
        self,
        population: Population | PopulationView | Projection | Drive,
        variable: str,
        *,
        ids: int | slice | ArrayLike | None = None,
        interval: float | None = None,
        average: bool = False,
        sum: bool = False,
        synapse: Synapse | None = None,
    ) -> Recording | WeightRecording:
        """Record a variable of a population, the weights of a projection, or an input.

        Parameters
        ----------
        population : Population, PopulationView, Projection or Drive
            Of a projection with plastic synapses "weight" is recorded; see `Result.weights`. Of a
            drive, what it sends; see `Result.inputs`.
        variable : str
            "spikes" (recorded from all neurons by default), "v" (mV), "i_syn", "i_exc", "i_inh"
            (total, excitatory and inhibitory synaptic current, pA), "input_exc", "input_inh"
            (strength of the spikes that arrived since the last sample), a state variable of the
            neuron model, or one of a synapse model that has been connected, such as "g". If
            several synapse models have it, prefix it with the name or the class of the synapse:
            "ampa.g" or "ExpConductance.g".

            Of a drive "spikes", the spikes at their arrival at the targets, after the delay, or
            "current" (pA), in the step that ends at each sample.
        ids : int, slice, mask or (n,) array_like of int, optional
            Indices of the neurons within the population; not allowed with a view. Default: all.
        interval : float, optional
            Sampling interval (ms). Default: every step.
        average, sum : bool
            Whether to record the mean, or the sum, over neurons instead of each neuron. The result
            is ``result.traces["exc", "v_average"]`` or ``"v_sum"``, with one column. The result
            for a drive is always ``result.inputs[drive]``.
        synapse : Synapse, optional
            Synapse model with the state variable, if several of one class have it.

        Returns
        -------
        Recording or WeightRecording

        Raises
        ------
        NeurosimError
        """
        if isinstance(population, Projection):
            if variable != "weight" or ids is not None or average or sum or synapse is not None:
                raise NeurosimError(
                    f"Of {population} only 'weight' can be recorded, of all synapses: give no "
                    "option besides interval"
                )
            return self._record_weights(population, interval)
        drive = None
        if isinstance(population, Drive):
            drive, population = population, self._target_of(population)
            if synapse is not None:
                raise NeurosimError("An input has no synaptic states: leave out synapse")
        else:
            population, ids = self.resolve(population, "population", ids)
            synapse = self._synapse_with(population, variable, synapse)
        chosen = check_ids(ids, population, empty=variable == "spikes")
        recording = Recording(population, variable, chosen, interval, average, sum, synapse, drive)
        for other in self._recordings:
            same = drive is not None or other.name == recording.name
            if same and other.drive is drive and other.population is population:
                raise NeurosimError(
                    f"{other.name!r} of {recording.key!r} is already recorded: select all "
                    "neurons in one recording"
                )
        self._recordings.append(recording)
        return recording

    def _record_weights(self, projection: Projection, interval: float | None) -> WeightRecording:
        """Record the weights of a projection."""
        self._check_projection(projection)
        if any(other.projection is projection for other in self._weight_recordings):
            raise NeurosimError(f"The weights of {projection} are already recorded")
        recording = WeightRecording(projection, interval)
        self._weight_recordings.append(recording)
        return recording

    def modulate(
        self,
        source: Population,
        projection: Projection,
        *,
        amount: float = 1.0,
        delay: float = 1.0,
    ) -> Modulation:
        """Let the spikes of a population add to the signal of a plasticity rule.

        Parameters
        ----------
        source : Population
            Such as dopaminergic neurons.
        projection : Projection
            With a rule that has a signal, such as `RewardSTDP`.
        amount : float
            Added to the signal by each spike; may be negative.
        delay : float
            Time from a spike to its effect (ms), at least dt.

        Returns
        -------
        Modulation

        Raises
        ------
        NeurosimError

        Examples
        --------
        >>> import neurosim as ns
        >>> net = ns.Network()
        >>> pre, post = net.add("pre", 10, ns.LIF()), net.add("post", 10, ns.LIF())
        >>> dopamine = net.add("dopamine", 5, ns.LIF())
        >>> rule = ns.RewardSTDP(w_max=1.0)
        >>> plastic = net.connect(pre, post, ns.AllToAll(), weight=0.5, plasticity=rule)
        >>> net.modulate(dopamine, plastic, amount=0.2)
        <Modulation of 'pre' → 'post' by 'dopamine': amount 0.2, delay 1 ms>
        """
        source, ids = self.resolve(source, "source")
        if ids is not None:
            raise NeurosimError("The source of a modulation is a whole population: give no view")
        self._check_projection(projection)
        modulation = Modulation(source, projection, amount, delay)
        self._modulations.append(modulation)
        return modulation

    def _check_projection(self, projection: Projection) -> None:
        """Raise an error if the value is not a projection of this network."""
        if not any(projection is one for one in self._projections):
            raise NeurosimError(
                f"{show(projection)} is not a projection of this network: give what "
                "Network.connect returned"
            )

    def _target_of(self, drive: Drive) -> Population:
        """Return the target of a drive of this network."""
        if not any(drive is one for one in self._drives):
            raise NeurosimError(
                f"The input {drive.name!r} belongs to another network: add it to this one"
            )
        return drive.target

    def _synapse_with(
        self, population: Population, variable: Any, given: Synapse | None
    ) -> Synapse | None:
        """Return the synapse model with a state variable, None for other variables."""
        if given is not None:
            Synapse.require(given, "synapse = ")
        elif not isinstance(variable, str) or variable in population.recordables():
            return None
        ways: list[Any] = [*self._projections, *self._drives]
        models = dict.fromkeys(
            way.synapse.integrated for way in ways if way.target is population and way.synapse
        )
        kind, _, state = str(variable).rpartition(".")
        found = [
            model
            for model in models
            if state in states_of(type(model))
            and kind in ("", model.name, type(model).__name__, model.compartment)
        ]
        if given in found:
            return given
        if given is None and len(found) == 1:
            return found[0]
        if found:
            choice = " or ".join(map(show, found))
            raise NeurosimError(
                f"{variable!r} of {population.name!r} is a state of {choice}: give one of them as "
                f"synapse, or its name or class as in '{type(found[0]).__name__}.{state}'"
            )
        states = [name for model in models for name in states_of(type(model))]
        hint = suggest(variable, [*population.recordables(), *states])
        if not hint.endswith("?"):
            hint += ", and states of synapses once they are connected"
        raise NeurosimError(f"{show(variable)} cannot be recorded: {hint}")

    def resolve(
        self, part: Population | PopulationView, role: str, ids: Any = None
    ) -> tuple[Population, NDArray[np.int64] | None]:
        """Return a population of this network and the selected ids; None: all, in order."""
        if not isinstance(part, PopulationView):
            self._check_population(part, role)
            return part, ids
        population = part.population
        self._check_population(population, role)
        if ids is not None:
            raise NeurosimError(
                f"The {role} is already a view of {population.name!r}: leave out ids, or give the "
                "whole population"
            )
        whole = np.array_equal(part.ids, np.arange(population.size))
        return population, None if whole else part.ids

    def _check_population(self, population: Population, role: str) -> None:
        """Raise an error if the value is not a population of this network."""
        if not isinstance(population, Population):
            raise NeurosimError(
                f"The {role} {show(population)} is not a population: use the result of Network.add"
            )
        if not any(population is one for one in self._populations):
            raise NeurosimError(
                f"The {role} {population.name!r} belongs to another network: add it to this one"
            )


def _located(synapse: Synapse, compartment: str | None, target: Population) -> Synapse:
    """Return a synapse on a compartment of its targets; None: where it is."""
    given = synapse.compartment if compartment is None else compartment
    found = check_compartment(type(target.neuron), given, target.name)
    return synapse if found == synapse.compartment else replace(synapse, compartment=found)


def _check_gap_junctions(delay: Any, plasticity: Any) -> None:
    """Raise an error if options of chemical synapses are used with gap junctions."""
    if not (is_scalar(delay) and delay == 1.0):
        raise NeurosimError(f"delay = {show(delay)}: gap junctions have no delay: leave out delay")
    if plasticity is not None:
        raise NeurosimError("Gap junctions cannot be plastic: leave out plasticity")


def _refuse_given(source: Input, **options: Any) -> None:
    """Raise an error if options of spiking inputs are used with other inputs."""
    for name, value in options.items():
        if value is not None:
            raise NeurosimError(f"{type(source).__name__} sends no spikes: leave out {name}")
