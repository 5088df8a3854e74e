"""Connection rules and inputs defined by users."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field

import numpy as np
import pytest

import neurosim as ns
from neurosim.models.registry import Part, address_of
from tests.processes import mpiexec

TAU = 20.0


@dataclass(frozen=True, eq=False)
class SmallWorld(ns.Rule):
    """A ring of neurons in which some targets are drawn anew (Watts & Strogatz 1998)."""

    neighbours: int = ns.parameter(4, "", 1, 1000, "targets of each neuron")
    p: float = ns.parameter(0.1, "", 0.0, 1.0, "probability that a target is drawn anew")

    def edges(self, n_sources, n_targets, rng):
        sources = np.arange(n_sources)
        for k in range(1, self.neighbours + 1):
            targets = (sources + k) % n_targets
            anew = rng.random(n_sources) < self.p
            targets[anew] = rng.integers(0, n_targets, anew.sum())
            yield sources, targets


@dataclass(frozen=True, eq=False)
class Sine(ns.Input):
    """A sinusoidal current."""

    amplitude: float = ns.parameter(400.0, "pA", 0.0, 1e5, "amplitude")
    frequency: float = ns.parameter(20.0, "Hz", 0.0, 1e3, "frequency")
    each: bool = ns.parameter(False, help="whether neurons differ in phase")

    def current(self, times, n_targets, rng):
        phase = np.arange(n_targets) if self.each else 0.0
        angle = 2e-3 * np.pi * self.frequency * times
        return self.amplitude * np.sin(angle[:, None] + phase if self.each else angle)


@dataclass(frozen=True, eq=False)
class Bursts(ns.Input):
    """Spikes in bursts at random times."""

    rate: float = ns.parameter(20.0, "Hz", 0.0, 1e3, "rate of bursts")
    size: int = ns.parameter(3, "", 1, 100, "spikes in a burst")

    def spikes(self, start, stop, n_targets, rng):
        counts = rng.poisson(self.rate * (stop - start) * 1e-3, n_targets)
        bursts = [rng.uniform(start, stop, n) for n in counts]
        return [np.minimum(np.repeat(t, self.size), np.nextafter(stop, start)) for t in bursts]


def network(*, own_ids: bool = False) -> ns.Network:
    net = ns.Network()
    exc = net.add("exc", 40, ns.LIF())
    net.connect(exc, exc, SmallWorld(), psp=ns.Uniform(1.0, 4.0), delay=ns.Uniform(1.0, 3.0))
    net.drive(exc, Sine(each=True))
    net.drive(exc[10:] if own_ids else exc, Bursts(), psp=6.0, delay=1.5)
    for variable in ("v", "input_exc"):
        net.record(exc, variable, ids=[0, 7, 39])
    return net


def bits(result: ns.Result) -> list[bytes]:
    trains = result.spikes["exc"]
    arrays = [trains.times, trains.ids, *(t.values for t in result.traces.values())]
    return [array.tobytes() for array in arrays]


def test_edges_of_a_rule_are_the_connections() -> None:
    net = ns.Network()
    exc = net.add("exc", 30, ns.LIF())
    ring = net.connect(exc, exc, SmallWorld(3, p=0.0), psp=1.0)
    assert ring.rule == SmallWorld(neighbours=3, p=0.0)
    found = ns.Simulation(net).connections(ring)
    expected = sorted((k, (k + d) % 30) for k in range(30) for d in (1, 2, 3))
    assert sorted(zip(found.sources, found.targets, strict=True)) == expected


def test_the_docstring_lists_the_declared_parameters() -> None:
    text = inspect.getdoc(Sine)
    assert text.startswith("A sinusoidal current.\n\nParameters\n----------\namplitude\n")
    assert "    frequency (Hz), 0 to 1,000.\n" in text
    assert inspect.getdoc(ns.LIF).count("Parameters\n-----") == 1


def test_a_rule_connects_parts_of_populations() -> None:
    net = ns.Network()
    exc = net.add("exc", 30, ns.LIF())
    some = net.connect(exc[[20, 3, 4]], exc[10:20], SmallWorld(2, p=0.0), psp=1.0)
    found = ns.Simulation(net).connections(some)
    pairs = sorted(zip(found.sources.tolist(), found.targets.tolist(), strict=True))
    assert pairs == [(3, 12), (3, 13), (4, 13), (4, 14), (20, 11), (20, 12)]


def test_edges_depend_on_the_seed_alone() -> None:
    net = network()
    simulations = [ns.Simulation(net, seed=s, threads=t) for s, t in ((1, 1), (1, 3), (2, 1))]
    first, again, other = (s.connections(net.projections[0]) for s in simulations)
    assert first.targets.tolist() == again.targets.tolist() != other.targets.tolist()
    assert first.weights.tolist() == again.weights.tolist()


def test_a_current_drives_the_membrane() -> None:
    net = ns.Network()
    cell = net.add("cell", 1, ns.LIF(tau_m=TAU))
    net.drive(cell, Sine(100.0, 5.0))
    net.record(cell, "v")
    v = ns.simulate(net, 250.0, dt=0.1).traces["cell", "v"].values[:, 0]
    expected, decay = -70.0, np.exp(-0.1 / TAU)
    for k, value in enumerate(v):
        i = 100.0 * np.sin(2e-3 * np.pi * 5.0 * k * 0.1)
        expected = -70.0 + (expected + 70.0) * decay + TAU / 250.0 * i * (1.0 - decay)
        assert value == pytest.approx(expected, abs=1e-9)


def test_spikes_arrive_after_the_delay() -> None:
    @dataclass(frozen=True, eq=False)
    class Clock(ns.Input):
        def spikes(self, start, stop, n_targets, rng):
            return np.arange(start, stop, 25.0)

    net = ns.Network()
    cells = net.add("cells", 3, ns.LIF(t_ref=1.0))
    net.drive(cells, Clock(), ids=[0, 2], psp=20.0, delay=2.0)
    trains = ns.simulate(net, 260.0).spikes["cells"]
    assert trains.of(1).size == 0
    for cell in (0, 2):
        assert trains.of(cell).tolist() == pytest.approx(np.arange(2.0, 260.0, 25.0).tolist())


def test_intervals_are_shorter_for_many_targets(monkeypatch) -> None:
    monkeypatch.setattr("neurosim.engine.generated_inputs.MAX_VALUES", 500)
    whole = ns.simulate(network(), 60.0, threads=2)
    simulation = ns.Simulation(network(), threads=3)
    for duration in (0.3, 9.7, 50.0):
        result = simulation.run(duration)
    assert bits(result) == bits(whole)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_pieces_and_checkpoints_give_the_same_bits(tmp_path, threads: int) -> None:
    whole = ns.simulate(network(), 330.0, threads=1)
    assert len(whole.spikes["exc"]) > 50
    simulation = ns.Simulation(network(), threads=threads)
    for duration in (0.1, 99.9, 30.0):
        simulation.run(duration)
    simulation.save(tmp_path / "state.h5")
    assert bits(simulation.run(200.0)) == bits(whole)
    restored = ns.Simulation.restore(tmp_path / "state.h5", threads=1)
    assert bits(restored.run(200.0)) == bits(whole)


def test_custom_inputs_do_not_change_other_inputs() -> None:
    def others(*, custom: bool) -> ns.Network:
        net = ns.Network()
        a, b = net.add("exc", 5, ns.LIF()), net.add("b", 5, ns.LIF())
        if custom:
            net.drive(b, Sine())
            net.drive(b, Bursts(), psp=5.0)
        net.drive(a, ns.SpikeTimes([1.0, 5.0, 60.0]), psp=30.0)
        net.drive(a, ns.StepCurrent([0.0, 50.0], [0.0, 500.0]))
        return net

    one, two = (ns.simulate(others(custom=custom), 200.0).spikes["exc"] for custom in (False, True))
    assert len(one)
    assert one.times.tolist() == two.times.tolist()


def test_parts_of_a_checkpoint_must_be_defined(tmp_path, monkeypatch) -> None:
    ns.Simulation(network()).save(tmp_path / "state.h5")
    monkeypatch.delitem(Part.registry, address_of(Bursts))
    with pytest.raises(ns.NeurosimError, match="uses Bursts, which is not defined here: import"):
        ns.Simulation.restore(tmp_path / "state.h5")


@dataclass(frozen=True, eq=False)
class Returns(ns.Input):
    value: object = field(default=None)

    def current(self, times, n_targets, rng):
        return self.value


@dataclass(frozen=True, eq=False)
class Sends(Returns):
    def spikes(self, start, stop, n_targets, rng):
        return self.value


@dataclass(frozen=True, eq=False)
class Yields(ns.Rule):
    value: object = field(default=None)

    def edges(self, n_sources, n_targets, rng):
        yield self.value


@dataclass(frozen=True, eq=False)
class Nothing(ns.Input):
    pass


@dataclass(frozen=True, eq=False)
class NoEdges(ns.Rule):
    pass


WRONG = [
    (Returns([1.0, 2.0]), r"Returns.current returned an array of shape \(2,\): return one value"),
    (Returns(np.full(1000, np.nan)), r"Returns.current holds nan at \[0\]"),
    (Sends([-1.0]), "Sends.spikes returned wrong times: SpikeTimes.times = -1 ms is outside"),
    (Sends([100.0]), "Sends.spikes returned a spike at 100 ms: return spikes at start = 0 ms"),
    (Sends([[1.0]] * 5), "Sends.spikes returned wrong times: .* 5 targets but drives 2"),
    (Nothing(), "Nothing has neither a method current.* nor spikes"),
    (Yields(([0], [0, 1])), "Yields.edges yielded 1 sources and 2 targets: their"),
    (Yields([0, 1]), "Yields.edges must yield pairs of arrays, sources and targets"),
    (Yields(([0], [2])), r"Yields.edges: targets holds 2: indices run from 0 to 1"),
    (NoEdges(), "NoEdges has no method edges"),
]


@pytest.mark.parametrize(("part", "words"), WRONG)
def test_return_values_of_parts_are_checked(part, words: str) -> None:
    net = ns.Network()
    cells = net.add("cells", 2, ns.LIF())
    if isinstance(part, ns.Rule):
        net.connect(cells, cells, part, psp=1.0)
    else:
        net.drive(cells, part, **({"psp": 1.0} if part.sends_spikes else {}))
    with pytest.raises(ns.NeurosimError, match=words) as caught:
        ns.simulate(net, 10.0)
    assert "\n" not in str(caught.value)


def test_a_part_is_a_frozen_dataclass() -> None:
    class Bare(ns.Rule):
        def edges(self, n_sources, n_targets, rng):
            yield [0], [0]

    @dataclass
    class Thawed(Bare):
        n: int = 3

    net = ns.Network()
    cells = net.add("cells", 2, ns.LIF())
    for rule in (Bare(), Thawed()):
        with pytest.raises(ns.NeurosimError, match="is not a frozen dataclass: write @dataclass"):
            net.connect(cells, cells, rule, psp=1.0)


def test_parts_with_generated_comparison_work() -> None:
    @dataclass(frozen=True)
    class Listed(ns.Rule):
        targets: object

        def edges(self, n_sources, n_targets, rng):
            yield np.zeros(len(self.targets), int), self.targets

    net = ns.Network()
    cells = net.add("cells", 5, ns.LIF())
    net.connect(cells, cells, Listed(np.array([1, 3])), psp=1.0)
    assert ns.Simulation(net).run(1.0).stats.synapses == 2


def test_export_reports_what_is_lost() -> None:
    pytest.importorskip("nir")
    with pytest.raises(ns.NeurosimError, match="the Sine onto 'exc'; the times of the Bursts onto"):
        ns.to_nir(network(), dt=0.1)


PROGRAM = """
import sys
from pathlib import Path
from mpi4py import MPI
import neurosim as ns
from tests.unit.models.test_custom_parts import bits, network

with ns.use_mpi(MPI.COMM_WORLD) as ranks:
    result = ns.simulate(network(own_ids=True), 60.0)
    Path(sys.argv[1], str(ranks.rank)).write_bytes(b"".join(bits(result)))
"""


def test_processes_give_the_same_bits(tmp_path) -> None:
    done = mpiexec(2, "-c", PROGRAM, str(tmp_path))
    assert done.returncode == 0, done.stderr
    whole = b"".join(bits(ns.simulate(network(own_ids=True), 60.0)))
    assert [(tmp_path / rank).read_bytes() for rank in "01"] == [whole, whole]
