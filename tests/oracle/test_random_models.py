"""Random networks of registered models against the naive simulator.

Models are drawn from the registry, so new ones are covered, and their parameters from an interval.
Neurons are driven by given spikes and currents and by custom inputs, and connected by gap junctions
and by synapses with short-term and long-term plasticity.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from neurosim.builder.linear import with_method
from neurosim.builder.streams import stream_key
from neurosim.models.declare import parameters_of, traces_of
from neurosim.models.neuron import Neuron
from neurosim.models.neurons.lif_equations import lif_equations
from neurosim.models.registry import kinds_of
from tests.fuzz import fuzz_count
from tests.naive import NaiveNeuron
from tests.naive_models import NaiveModel, NaivePlasticity, NaiveTransmission
from tests.oracle.test_registry import example

DT, DURATION = 0.1, 50.0
N_STEPS = round(DURATION / DT)


def _kinds(base: type) -> list[type]:
    return [k for k in kinds_of(base).values() if k.__module__.startswith("neurosim.models.")]


SYNAPSES = [k for k in _kinds(ns.Synapse) if k not in (ns.NMDA, ns.ExactNMDA)]
RULES = [k for k in _kinds(ns.Plasticity) if NaivePlasticity.understands(k)]
SHORT_TERM = _kinds(ns.ShortTermPlasticity)
NEURONS = _kinds(Neuron)
STRENGTH = {"pA": 150.0, "nS": 2.0, "mV": 2.0}
"""Typical weights of neurons of 100 pF and more, by unit."""
UNLIKE_0 = {"pA": 20.0, "mV": -2.0, "1/ms": 0.01}
"""Largest value of parameters that are 0 by default, by unit."""


@dataclass(frozen=True, eq=False)
class SineOfTests(ns.Input):
    """A custom input current."""

    amplitude: float = ns.parameter(100.0, "pA", 0.0, 1e4, "amplitude")
    period: float = ns.parameter(8.0, "ms", 0.1, 1e3, "period")

    def current(self, times: Any, n_targets: int, rng: np.random.Generator) -> Any:
        return self.amplitude * np.sin(2.0 * np.pi * times / self.period)


@dataclass(frozen=True, eq=False)
class BeatsOfTests(ns.Input):
    """A custom input of regular spikes."""

    interval: float = ns.parameter(3.7, "ms", 0.1, 1e3, "interval between spikes")

    def spikes(self, start: float, stop: float, n_targets: int, rng: np.random.Generator) -> Any:
        first, last = np.ceil([start / self.interval, stop / self.interval])
        return self.interval * np.arange(first, last)


@dataclass(frozen=True)
class Structure:
    """What a neuron's compiled code depends on; values of parameters are drawn in each network."""

    neuron: type
    synapses: tuple[type, ...]
    varied: str
    """Name of the parameter that differs between the neurons, if any."""


def _structures() -> list[Structure]:
    """Return combinations in which every neuron has every synapse.

    Every combination is compiled, so there is a fixed number of them.
    """
    rng, found = np.random.default_rng(1), []
    for kind in NEURONS:
        order = [SYNAPSES[k] for k in rng.permutation(len(SYNAPSES))]
        fields = {field.name: field.type for field in dataclasses.fields(kind)}
        names = [n for n in parameters_of(kind) if fields[n] == "Any"]
        names = [n for n in names if np.isfinite(value := getattr(example(kind), n)) and value]
        for first in range(0, len(order), 3):
            varied = names[rng.integers(len(names))] if rng.random() < 0.3 else ""
            found.append(Structure(kind, tuple(order[first : first + 3]), varied))
    return found


STRUCTURES = _structures()


def _near(part: Any, rng: np.random.Generator, varied: str = "", size: int = 1) -> Any:
    """Return a part with other values of its parameters, `varied` with one value per neuron."""
    values: dict[str, Any] = {}
    for name, declared in parameters_of(type(part)).items():
        value = getattr(part, name)
        if isinstance(value, bool):
            values[name] = bool(rng.integers(2))
        elif isinstance(value, float) and np.isfinite(value):
            drawn = value * rng.uniform(0.95, 1.05, size if name == varied else None)
            if value == 0.0 and declared.low < 0.0:
                drawn = UNLIKE_0.get(declared.unit, 0.0) * rng.uniform(0.5, 1.0)
            drawn = np.clip(drawn, declared.low, declared.high)
            if name == "t_ref" and isinstance(part, ns.LIF):
                drawn = np.round(drawn / DT) * DT
            values[name] = drawn if name == varied else float(drawn)
    return dataclasses.replace(part, **values)


def _neuron(structure: Structure, size: int, rng: np.random.Generator) -> Any:
    """Draw a neuron.

    Adaptive steps amplify rounding errors. So steps are fixed, and so short that all are stable.
    """
    model = _near(example(structure.neuron), rng, structure.varied, size)
    own = not isinstance(model, ns.NeuronModel) or hasattr(model, "step")
    if own or model.method == "exact":
        return model
    substep = model.substep * (0.5 if hasattr(model, "stable") else 1.0)
    return dataclasses.replace(model, method="rk4", substep=substep)


def _network(rng: np.random.Generator) -> ns.Network:
    """Draw a network of up to three populations of up to four neurons."""
    net, synapses = ns.Network(dale=False), {}
    for k in range(rng.integers(1, 4)):
        structure, size = STRUCTURES[rng.integers(len(STRUCTURES))], int(rng.integers(1, 5))
        cells = net.add(f"cells {k}", size, _neuron(structure, size, rng))
        net.record(cells, "v")
        synapses[cells] = [_near(example(kind), rng) for kind in structure.synapses]
    for target in net.populations:
        for synapse in synapses[target]:  # always in this order, on which the code depends
            _connect(net, target, synapse, rng)
        _drive(net, target, [s for s in synapses[target] if not s.between_neurons], rng)
    return net


def _connect(net: ns.Network, target: Any, synapse: Any, rng: np.random.Generator) -> None:
    """Draw a projection to a population, from itself if by gap junctions."""
    source = target if synapse.couples else net.populations[rng.integers(len(net.populations))]
    n = int(rng.integers(1, 8))
    rule = ns.Explicit(rng.integers(source.size, size=n), rng.integers(target.size, size=n))
    weight = _strength(synapse, target) * rng.uniform(0.2, 1.0, n)
    if synapse.couples:
        net.connect(source, target, rule, synapse=synapse, weight=weight)
        return
    options: dict[str, Any] = {"delay": rng.integers(2, 40, n) * DT}
    if synapse.transmission is None and rng.random() < 0.4:
        options["short_term"] = _near(example(SHORT_TERM[rng.integers(len(SHORT_TERM))]), rng)
    if rng.random() < 0.4:
        kind = RULES[rng.integers(len(RULES))]
        bounded = kind.scale == "w_max"
        learned = kind(w_max=2.0 * _strength(synapse, target)) if bounded else example(kind)
        options["plasticity"] = learned if bounded else _near(learned, rng)
    net.connect(source, target, rule, synapse=synapse, weight=weight, **options)


def _strength(synapse: Any, target: Any) -> float:
    """Return a typical weight onto a neuron; Izhikevich's has a capacitance of 1 pF."""
    return STRENGTH[synapse.unit] * (1.0 if synapse.unit == "mV" else _scale(target.neuron))


def _scale(neuron: Any) -> float:
    return min(1.0, float(np.min(neuron.c_m)) / 100.0)


def _drive(net: ns.Network, target: Any, synapses: list[Any], rng: np.random.Generator) -> None:
    """Draw the inputs of a population."""
    scale = _scale(target.neuron)
    net.drive(target, ns.ConstantCurrent(scale * rng.uniform(0.0, 700.0, target.size)))
    inputs: list[Any] = [
        ns.SpikeTimes(np.sort(rng.uniform(0.2, DURATION, 30))) for _ in range(len(synapses))
    ]
    if rng.random() < 0.5:
        net.drive(target, _near(SineOfTests(amplitude=100.0 * scale), rng))
        inputs[rng.integers(len(inputs))] = _near(BeatsOfTests(), rng)
    for synapse, spikes in zip(synapses, inputs, strict=True):
        weight = _strength(synapse, target) * rng.uniform(0.5, 2.0)
        net.drive(target, spikes, synapse=synapse, weight=weight, delay=0.3)


@dataclass(frozen=True)
class Link:
    """A synapse of the naive simulation."""

    target: Any
    weight: float
    delay: int
    synapse: Any
    transmission: Any
    plasticity: Any


class NaiveNetwork:
    """A naive simulation of a network.

    `spikes` are (step, population, neuron), `potentials` a list of each neuron's.
    """

    def __init__(self, net: ns.Network, seed: int) -> None:
        self.cells: dict[Any, Any] = {}
        self.currents: dict[Any, Any] = defaultdict(lambda: np.zeros(N_STEPS))
        self.links: dict[Any, list[Link]] = defaultdict(list)
        self.learning: dict[Any, list[Any]] = defaultdict(list)
        self.junctions: dict[Any, list[tuple[Any, float]]] = defaultdict(list)
        for p in net.populations:
            ends = [c for c in (*net.projections, *net.drives) if c.target is p]
            synapses = list(dict.fromkeys(c.synapse for c in ends if c.synapse is not None))
            for i in range(p.size):
                key = int(stream_key(seed, "escape", p.name))
                self.cells[p.name, i] = _cell(_of_neuron(p.neuron, i), synapses, key, i)
        for c in net.projections:
            (self._couple if c.synapse.couples else self._connect)(c)
        for drive in net.drives:
            for i in range(drive.target.size):
                self._drive(drive, i)
        self.spikes: list[Any] = []
        self.potentials: dict[Any, list[float]] = defaultdict(list)
        for t in range(N_STEPS):
            self._step(t)

    def _couple(self, c: Any) -> None:
        """Add gap junctions, which conduct in both directions."""
        for pair in zip(c.rule.sources, c.rule.targets, c.weight, strict=True):
            one, other = ((c.target.name, int(i)) for i in pair[:2])
            if one != other:
                self.junctions[one].append((other, float(pair[2])))
                self.junctions[other].append((one, float(pair[2])))

    def _connect(self, c: Any) -> None:
        """Add the synapses of a projection."""
        transmissions = {s: NaiveTransmission(c.transmission, DT) for s in c.rule.sources}
        for s, t, w, d in zip(c.rule.sources, c.rule.targets, c.weight, c.delay, strict=True):
            steps, end = round(d / DT), (c.target.name, int(t))
            learned = c.plasticity and NaivePlasticity(c.plasticity, w, steps, DT)
            if learned:
                self.learning[end].append(learned)
            link = Link(self.cells[end], float(w), steps, c.synapse, transmissions[s], learned)
            self.links[c.source.name, int(s)].append(link)

    def _drive(self, drive: Any, i: int) -> None:
        """Add an input of neuron i."""
        end, given = (drive.target.name, i), drive.input
        if isinstance(given, ns.ConstantCurrent):
            self.currents[end] += np.broadcast_to(given.amplitude, drive.target.size)[i]
        elif isinstance(given, SineOfTests):
            self.currents[end] += given.current(DT * np.arange(N_STEPS), 1, None)
        else:
            custom = isinstance(given, BeatsOfTests)
            for time in given.spikes(0.0, DURATION, 1, None) if custom else given.times:
                arrival = int(np.floor((time + drive.delay) / DT + 0.5))
                self.cells[end].arrivals[arrival].append((drive.synapse, float(drive.weight)))

    def _step(self, t: int) -> None:
        """Advance all neurons, then send their spikes."""
        before = {end: _potential(cell) for end, cell in self.cells.items()}
        for end, junctions in self.junctions.items():
            self._set_junctions(end, junctions, before)
        for end, cell in self.cells.items():
            cell.current = float(self.currents[end][t])
        fired = {end: cell.step(t) for end, cell in self.cells.items()}
        for end, cell in self.cells.items():
            self.potentials[end].append(_potential(cell))
            if end in self.junctions:
                change = 0.0 if fired[end] else _potential(cell) - before[end]
                cell.y[_junction(cell).start + 3] = change
            for _ in range(fired[end]):
                self.spikes.append((t + 1, *end))
                self._send(end, t + 1)

    def _set_junctions(self, end: Any, junctions: Any, before: dict[Any, float]) -> None:
        """Set the conductance of a neuron's gap junctions, the drive by others, and its slope."""
        changes = {o: self.cells[o].y[_junction(self.cells[o]).start + 3] for o, _ in junctions}
        slot = _junction(self.cells[end])
        self.cells[end].y[slot.start : slot.start + 3] = [
            sum(g for _, g in junctions),
            sum(g * before[other] for other, g in junctions),
            sum(g * changes[other] for other, g in junctions) / DT,
        ]

    def _send(self, end: Any, step: int) -> None:
        """Send a spike to all targets, and tell it to plastic synapses onto the neuron."""
        for learned in self.learning[end]:
            learned.post.append(step)
        done: dict[int, float] = {}
        for link in self.links[end]:
            transmission = link.transmission
            if id(transmission) not in done:
                done[id(transmission)] = transmission.transmit(step)
            weight = link.plasticity.transmit(step) if link.plasticity else link.weight
            sent = (link.synapse, float(weight * done[id(transmission)]))
            link.target.arrivals[step + link.delay].append(sent)


def _of_neuron(model: Any, i: int) -> Any:
    """Return a model with the parameters of neuron i."""
    values = {name: getattr(model, name) for name in parameters_of(type(model))}
    own = {name: float(value[i]) for name, value in values.items() if np.ndim(value)}
    return dataclasses.replace(model, **own)


def _cell(model: Any, synapses: list[Any], key: int, i: int) -> Any:
    """Return neuron i of a population."""
    equations = [synapse for synapse in synapses if synapse.has_equations]
    if model.is_linear and not equations:
        return NaiveNeuron(model, DT, key, i)
    model = lif_equations(model) if model.is_linear else model
    return NaiveModel(with_method(model, equations), synapses, DT, key, i)


def _potential(cell: Any) -> float:
    return cell.u + cell.lif.v_rest if isinstance(cell, NaiveNeuron) else cell.y[0]


def _junction(cell: Any) -> slice:
    """Return the states of a neuron's gap junctions."""
    return next(slot for synapse, slot in cell.slots.items() if synapse.couples)


def test_the_registry_is_covered() -> None:
    assert len(SYNAPSES) >= 7
    assert len(RULES) >= 4
    assert traces_of(RULES[0])


@pytest.mark.parametrize("seed", range(fuzz_count(2)))
def test_spikes_and_potentials_equal_those_of_the_naive_simulator(seed: int) -> None:
    net = _network(np.random.default_rng(seed))
    result = ns.simulate(net, DURATION, dt=DT, seed=seed, threads=1 + seed % 3)
    naive = NaiveNetwork(net, seed)
    found = sorted(
        (round(t / DT), name, int(i))
        for name, trains in result.spikes.items()
        for t, i in zip(trains.times, trains.ids, strict=True)
    )
    assert found == sorted(naive.spikes)
    for (name, i), values in naive.potentials.items():
        v = result.traces[name, "v"].values[:, i]
        # An error in time has the larger effect, the faster a spike rises.
        slope = np.abs(np.diff(values, prepend=values[0]))
        allowed = 1e-6 * max(1.0, np.abs(values).max()) + 5e-5 * slope
        assert (np.abs(v - values) < allowed).all()
