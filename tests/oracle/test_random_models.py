"""Random networks of registered models against the naive simulator.

Models are drawn from the registry, so new ones are covered. Neurons are driven by given spikes and
currents, and connected by synapses with short-term plasticity or a rule of long-term plasticity.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import neurosim as ns
from neurosim.builder.linear import with_method
from neurosim.builder.streams import stream_key
from neurosim.models.declare import traces_of
from neurosim.models.neuron import Neuron
from neurosim.models.neurons.lif_equations import lif_equations
from neurosim.models.registry import kinds_of
from tests.fuzz import fuzz_count
from tests.naive import NaiveNeuron
from tests.naive_models import NaiveModel, NaivePlasticity, NaiveTransmission
from tests.oracle.test_registry import example

DT, DURATION = 0.1, 50.0


def _kinds(base: type) -> list[type]:
    return [k for k in kinds_of(base).values() if k.__module__.startswith("neurosim.models.")]


SYNAPSES = [k for k in _kinds(ns.Synapse) if not k.couples and not issubclass(k, ns.NMDA)]
RULES = [k for k in _kinds(ns.Plasticity) if NaivePlasticity.understands(k)]
SHORT_TERM = _kinds(ns.ShortTermPlasticity)
NEURONS = _kinds(Neuron)


def _neuron(rng: np.random.Generator) -> Any:
    """Draw a neuron. Adaptive steps amplify rounding errors, so the steps are fixed."""
    model = example(NEURONS[rng.integers(len(NEURONS))])
    own = not isinstance(model, ns.NeuronModel) or hasattr(model, "step")
    if own or model.method == "exact":
        return model
    return type(model)(method="rk4")


def _network(rng: np.random.Generator) -> ns.Network:
    """Draw a network of up to three populations of up to four neurons."""
    net = ns.Network(dale=False)
    for k in range(rng.integers(1, 4)):
        cells = net.add(f"cells {k}", int(rng.integers(1, 5)), _neuron(rng))
        net.record(cells, "v")
    synapses = [example(SYNAPSES[k]) for k in rng.integers(len(SYNAPSES), size=3)]
    scale = {"pA": 150.0, "nS": 4.0, "mV": 2.0}
    for target in net.populations:
        net.drive(target, ns.ConstantCurrent(rng.uniform(0.0, 700.0, target.size)))
        for synapse in synapses:
            times = np.sort(rng.uniform(0.2, DURATION, 30))
            weight = scale[synapse.unit] * rng.uniform(0.5, 2.0)
            net.drive(target, ns.SpikeTimes(times), synapse=synapse, weight=weight, delay=0.3)
    for _ in range(rng.integers(1, 6)):
        source, target = (net.populations[k] for k in rng.integers(len(net.populations), size=2))
        synapse = synapses[rng.integers(len(synapses))]
        n = int(rng.integers(1, 8))
        rule = ns.Explicit(rng.integers(source.size, size=n), rng.integers(target.size, size=n))
        strength = scale[synapse.unit] * rng.uniform(0.2, 1.0, n)
        options: dict[str, Any] = {"delay": rng.integers(2, 40, n) * DT}
        kind = rng.integers(3)
        if kind == 1:
            options["short_term"] = example(SHORT_TERM[rng.integers(len(SHORT_TERM))])
        elif kind == 2:
            learned = RULES[rng.integers(len(RULES))]
            unit = {"w_max": 2.0 * scale[synapse.unit]} if learned.scale == "w_max" else {}
            options["plasticity"] = learned(**unit) if unit else example(learned)
        net.connect(source, target, rule, synapse=synapse, weight=strength, **options)
    return net


def _naive(net: ns.Network, seed: int) -> tuple[list[Any], dict[Any, list[float]]]:
    """Return spikes (step, population, neuron) and potentials of a naive simulation."""
    cells: dict[Any, Any] = {}
    for p in net.populations:
        ends = [c for c in (*net.projections, *net.drives) if c.target is p]
        synapses = list(dict.fromkeys(c.synapse for c in ends if c.synapse is not None))
        key, model = int(stream_key(seed, "escape", p.name)), p.neuron
        equations = [s for s in synapses if s.has_equations]
        if model.is_linear and equations:
            model = lif_equations(model)
        for i in range(p.size):
            if model.is_linear:
                cells[p.name, i] = NaiveNeuron(model, DT, key, i)
            else:
                chosen = with_method(model, equations)
                cells[p.name, i] = NaiveModel(chosen, synapses, DT, key, i)
    sent: dict[Any, list[Any]] = {end: [] for end in cells}
    for c in net.projections:
        transmissions: dict[int, Any] = {}
        for s, t, w, d in zip(c.rule.sources, c.rule.targets, c.weight, c.delay, strict=True):
            steps = round(d / DT)
            if c.plasticity is not None:
                link: Any = NaivePlasticity(c.plasticity, w, steps, DT)
                sent[c.target.name, t].append((None, link, 0, None))
            else:
                link = transmissions.setdefault(s, NaiveTransmission(c.short_term, DT))
            sent[c.source.name, s].append((cells[c.target.name, t], (link, w, c), steps, c.synapse))
    for drive in net.drives:
        for i in range(drive.target.size):
            cell = cells[drive.target.name, i]
            if isinstance(drive.input, ns.ConstantCurrent):
                cell.current += float(np.broadcast_to(drive.input.amplitude, drive.target.size)[i])
            else:
                for time in drive.input.times:
                    arrival = int(np.floor((time + drive.delay) / DT + 0.5))
                    cell.arrivals[arrival].append((drive.synapse, float(drive.weight)))
    spikes, potentials = [], {end: [] for end in cells}
    for t in range(round(DURATION / DT)):
        fired = {end: cell.step(t) for end, cell in cells.items()}
        for end, count in fired.items():
            cell = cells[end]
            potentials[end].append(cell.u + cell.lif.v_rest if hasattr(cell, "u") else cell.y[0])
            for _ in range(count):
                spikes.append((t + 1, *end))
                _send(sent[end], t + 1)
    return sorted(spikes), potentials


def _send(links: list[Any], step: int) -> None:
    """Send a spike to all targets, and tell it to plastic synapses onto the neuron."""
    done: dict[int, float] = {}
    for target, link, steps, synapse in links:
        if target is None:
            link.post.append(step)
            continue
        rule, weight, _ = link
        if isinstance(rule, NaivePlasticity):
            weight = rule.transmit(step)
        else:
            if id(rule) not in done:
                done[id(rule)] = rule.transmit(step)
            weight *= done[id(rule)]
        target.arrivals[step + steps].append((synapse, float(weight)))


def test_the_registry_is_covered() -> None:
    assert len(SYNAPSES) >= 7
    assert len(RULES) >= 4
    assert traces_of(RULES[0])


@pytest.mark.parametrize("seed", range(fuzz_count(2)))
def test_spikes_and_potentials_equal_those_of_the_naive_simulator(seed: int) -> None:
    net = _network(np.random.default_rng(seed))
    result = ns.simulate(net, DURATION, dt=DT, seed=seed, threads=1 + seed % 3)
    expected, potentials = _naive(net, seed)
    found = sorted(
        (round(t / DT), name, int(i))
        for name, trains in result.spikes.items()
        for t, i in zip(trains.times, trains.ids, strict=True)
    )
    assert found == expected
    for (name, i), values in potentials.items():
        v = result.traces[name, "v"].values[:, i]
        assert np.abs(v - values).max() < 1e-6 * max(1.0, np.abs(values).max())
