"""Deterministic inputs, recorded inputs, and errors of inputs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurosim as ns

N = 4


def _current(source: ns.Input, duration: float, n: int = 1, **options: Any) -> np.ndarray:
    """Return the injected current (pA), (n_times, n_neurons)."""
    net = ns.Network()
    cells = net.add("cells", n, ns.LIF())
    drive = net.drive(cells, source)
    net.record(drive, "current", **options)
    return ns.simulate(net, duration).inputs[drive].values


def test_a_sinusoidal_current_has_its_phase_at_time_0() -> None:
    source = ns.SinusoidalCurrent(50.0, 8.0, phase=0.3, mean=20.0, start=10.0, stop=60.0)
    times = np.arange(1000) * 0.1
    expected = 20.0 + 50.0 * np.sin(2e-3 * np.pi * 8.0 * times + 0.3)
    expected[(times < 9.95) | (times > 59.95)] = 0.0
    assert _current(source, 100.0)[:, 0] == pytest.approx(expected, abs=1e-9)


def test_targets_can_differ_in_phase() -> None:
    source = ns.SinusoidalCurrent(50.0, 8.0, phase=[0.0, 1.0, 2.0])
    times = np.arange(1000)[:, None] * 0.1
    expected = 50.0 * np.sin(2e-3 * np.pi * 8.0 * times + np.arange(3))
    assert _current(source, 100.0, 3) == pytest.approx(expected, abs=1e-9)


def test_a_ramp_is_linear_between_its_times() -> None:
    source = ns.RampCurrent([10.0, 30.0], [[100.0, 0.0], [200.0, -50.0]], stop=50.0)
    values = _current(source, 60.0, 2)
    assert not values[:100].any()
    assert values[100] == pytest.approx([100.0, 0.0])
    assert values[200] == pytest.approx([150.0, -25.0])
    assert values[299:301] == pytest.approx(np.array([[199.5, -49.75], [200.0, -50.0]]))
    assert values[499] == pytest.approx([200.0, -50.0])
    assert not values[500:].any()


def test_recorded_currents_are_those_that_drive_the_membrane() -> None:
    net = ns.Network()
    cells = net.add("cells", 7, ns.LIF(v_threshold=199.0, v_peak=199.0))
    sources = [
        ns.ConstantCurrent(30.0),
        ns.StepCurrent([2.0, 5.0], [[10.0, 20.0, 30.0], [40.0, 0.0, 5.0]]),
        ns.CurrentWaveform(np.arange(10.0), 1.0),
        ns.SinusoidalCurrent(20.0, 100.0, start=3.0),
        ns.WhiteNoiseCurrent(50.0, interval=0.5, stop=8.0),
        ns.OrnsteinUhlenbeckCurrent(40.0, tau=2.0, start=1.0),
        ns.LiveCurrent([1.0, 2.0, 3.0]),
    ]
    drives = [net.drive(cells[[5, 0, 3]], source) for source in sources]
    for drive in drives:
        net.record(drive, "current")
    net.record(cells, "v")
    simulation = ns.Simulation(net, threads=3)
    result = simulation.stream(4.0, lambda chunk: chunk.inject(drives[-1], 9.0), duration=12.0)
    total = np.zeros((120, 7))
    for drive in drives:
        trace = result.inputs[drive]
        assert trace.unit == "pA"
        assert trace.ids.tolist() == [5, 0, 3]
        total[:, trace.ids] += trace.values
    v, decay = np.full(7, -70.0), np.exp(-0.1 / 20.0)
    for k, expected in enumerate(result.traces["cells", "v"].values):
        v = -70.0 + (v + 70.0) * decay + 20.0 / 250.0 * total[k] * (1.0 - decay)
        assert v == pytest.approx(expected, abs=1e-9)
    assert result.inputs[drives[-1]].values[[0, 39, 40, 119], 1].tolist() == [2.0, 2.0, 9.0, 9.0]
    assert total[:, [1, 2, 4, 6]].max() == 0.0


def test_currents_are_recorded_by_interval_average_and_sum() -> None:
    source = ns.SinusoidalCurrent([10.0, 30.0], 10.0)
    every = _current(source, 20.0, 2)
    assert _current(source, 20.0, 2, interval=5.0).tolist() == every[49::50].tolist()
    assert _current(source, 20.0, 2, ids=[1]).tolist() == every[:, 1:].tolist()
    average = _current(source, 20.0, 2, average=True)
    assert average[:, 0] == pytest.approx(every.mean(axis=1))


@dataclass(frozen=True, eq=False)
class Volleys(ns.Input):
    """Two spikes at once to the targets in turn, every 3 ms."""

    def spikes(self, start, stop, n_targets, rng):
        times = np.arange(start, stop, 3.0).repeat(2)
        return times, (times / 3.0).astype(int) % n_targets


@dataclass(frozen=True, eq=False)
class Switched(ns.Input):
    """Poisson spikes whose rate is switched on and off."""

    each_target: bool = ns.parameter(False, help="whether targets differ")

    def rates(self, times, n_targets, rng):
        on = np.where(times % 10.0 < 5.0, 9000.0, 0.0)
        return on[:, None] * np.arange(n_targets) if self.each_target else on


SOURCES = {
    "poisson": ns.Poisson(3000.0),
    "strong": ns.Poisson(300_000.0),
    "piecewise": ns.Poisson([2000.0, 0.0, 9000.0], times=[1.0, 5.0, 7.0]),
    "each": ns.Poisson([100.0, 2000.0, 9000.0]),
    "shared": ns.Poisson(4000.0, shared=True),
    "sinusoidal": ns.SinusoidalPoisson(9000.0, 5000.0, 50.0, start=3.0, stop=17.0),
    "rates": Switched(),
    "rates of each": Switched(each_target=True),
    "gamma": ns.GammaProcess(500.0, 3.0),
    "dead time": ns.PoissonWithDeadTime([500.0, 100.0, 900.0], 1.0, shared=False),
    "renewal shared": ns.GammaProcess(500.0, 3.0, shared=True),
    "correlated": ns.CorrelatedPoisson(500.0, 0.5, tau=3.0),
    "packet": ns.PulsePacket([2.0, 8.0], 20, 2.0),
    "times": ns.SpikeTimes([[1.0, 2.04, 2.04], [], [9.0]]),
    "times for all": ns.SpikeTimes([3.0, 1.0]),
    "custom": Volleys(),
    "live": ns.LiveSpikes(),
}


@pytest.mark.parametrize("delay", [0.0, 1.5])
@pytest.mark.parametrize("name", SOURCES)
def test_recorded_spikes_are_those_that_arrive(name: str, delay: float) -> None:
    net = ns.Network()
    cells = net.add("cells", 7, ns.LIF(v_threshold=199.0, v_peak=199.0))
    drive = net.drive(cells, SOURCES[name], ids=[5, 0, 3], weight=1e-6, delay=delay)
    net.record(drive, "spikes")
    net.record(cells, "input_exc")

    def send(chunk: ns.Chunk) -> None:
        if name == "live":
            chunk.send(drive, ids=[0, 3, 3], times=chunk.stop + 1.7)

    result = ns.Simulation(net, threads=2).stream(4.0, send, duration=20.0)
    arrived = np.rint(result.traces["cells", "input_exc"].values / 1e-6).astype(int)
    trains = result.inputs[drive]
    counts = np.zeros_like(arrived)
    np.add.at(counts, (np.rint(trains.times / 0.1).astype(int) - 1, trains.ids), 1)
    assert counts.tolist() == arrived.tolist()
    assert len(trains) > 2
    assert (np.diff(trains.times) >= 0.0).all()
    assert trains.times.min() >= max(0.1, delay) - 1e-9
    if name in ("shared", "renewal shared", "times for all"):
        assert trains.of(0).tolist() == trains.of(3).tolist() == trains.of(5).tolist()


def _all_recorded() -> tuple[ns.Network, list[ns.network.parts.Drive]]:
    net = ns.Network()
    cells = net.add("cells", 3, ns.LIF())
    drives = [net.drive(cells, s, psp=0.1) for s in SOURCES.values()]
    drives.append(net.drive(cells, ns.OrnsteinUhlenbeckCurrent(100.0, 5.0), name="noise"))
    for drive in drives[:-1]:
        net.record(drive, "spikes", ids=[2, 0])
    net.record(drives[-1], "current", interval=0.5)
    return net, drives


def test_recorded_inputs_survive_saving_and_restoring(tmp_path: Path) -> None:
    net, drives = _all_recorded()
    whole = ns.simulate(net, 160.0)
    simulation = ns.Simulation(net, threads=3)
    simulation.run(99.8)
    simulation.save(tmp_path / "state.h5")
    restored = ns.Simulation.restore(tmp_path / "state.h5", threads=2).run(60.2)
    ns.save(whole, tmp_path / "result.h5")
    loaded = ns.load(tmp_path / "result.h5")
    names = [drive.name for drive in drives]
    assert sorted(whole.inputs) == sorted(names)
    for drive in drives[:-1]:
        first, *others = (r.inputs[drive] for r in (whole, restored, loaded))
        for other in others:
            assert other.times.tolist() == first.times.tolist()
            assert other.ids.tolist() == first.ids.tolist()
            assert other.recorded.tolist() == [0, 2]
    for other in (restored, loaded):
        assert other.inputs["noise"].values.tolist() == whole.inputs["noise"].values.tolist()


def test_chunks_contain_recorded_inputs() -> None:
    net = ns.Network()
    cells = net.add("cells", 3, ns.LIF())
    drive = net.drive(cells, ns.Poisson(900.0), psp=0.1)
    net.record(drive, "spikes")
    found: list[float] = []
    run = ns.Simulation(net).stream(
        7.0, lambda chunk: found.extend(chunk.inputs[drive].times), duration=30.0
    )
    assert found == run.inputs[drive].times.tolist()


def test_restored_white_noise_is_injected_before_its_next_change(tmp_path: Path) -> None:
    net = ns.Network()
    cells = net.add("cells", 3, ns.LIF())
    net.drive(cells, ns.WhiteNoiseCurrent(900.0, interval=5.0))
    net.record(cells, "v")
    whole = ns.simulate(net, 20.0).traces["cells", "v"].values
    simulation = ns.Simulation(net)
    simulation.run(7.3)
    simulation.save(tmp_path / "state.h5")
    restored = ns.Simulation.restore(tmp_path / "state.h5").run(12.7)
    assert restored.traces["cells", "v"].values.tolist() == whole.tolist()


def test_names_of_drives() -> None:
    net = ns.Network()
    cells = net.add("cells", 3, ns.LIF())
    first, second = (net.drive(cells, ns.Poisson(1.0), psp=1.0) for _ in range(2))
    assert (first.name, second.name) == ("cells/Poisson", "cells/Poisson 2")
    assert net.drive(cells, ns.Poisson(1.0), psp=1.0, name="noise").name == "noise"
    with pytest.raises(ns.NeurosimError, match="'noise' is already that of an input"):
        net.drive(cells, ns.Poisson(1.0), psp=1.0, name="noise")
    with pytest.raises(ns.NeurosimError, match="give a non-empty string"):
        net.drive(cells, ns.Poisson(1.0), psp=1.0, name=" ")


def test_a_process_remembers_its_last_spike() -> None:
    @dataclass(frozen=True, eq=False)
    class Drifting(ns.Input):
        """Spikes whose intervals grow by 1 ms."""

        def memory(self, n_targets, rng):
            return [0.0, 1.0]  # the next time and interval

        def spikes(self, start, stop, n_targets, rng, memory):
            found = []
            while memory[0] < stop:
                found.append(memory[0])
                memory += memory[1], 1.0
            return np.array(found)

    net = ns.Network()
    cells = net.add("cells", 2, ns.LIF())
    drive = net.drive(cells, Drifting(), psp=1.0, delay=1.0)
    net.record(drive, "spikes")
    simulation = ns.Simulation(net)
    for duration in (50.0, 0.1, 199.9, 100.0):
        result = simulation.run(duration)
    k = np.arange(26)
    expected = k * (k + 1) / 2 + 1.0
    assert result.inputs[drive].of(1) == pytest.approx(expected[expected <= 350.0])


WRONG = [
    (lambda: ns.SinusoidalPoisson(1.0, 1.0, -1.0), "frequency = -1 Hz is outside 0 to"),
    (lambda: ns.SinusoidalCurrent(1.0, 1.0, stop=0.0), "stop = 0 ms is not after start = 0 ms"),
    (lambda: ns.PoissonWithDeadTime(600.0, 2.0), "dead time is 1.2, but|is 1.2, but spikes"),
    (lambda: ns.PoissonWithDeadTime([6.0, 7.0], [1.0] * 3), "2 rates and 3 dead times"),
    (lambda: ns.GammaProcess(5.0, 0.0), "shape = 0 is outside 0.01 to"),
    (lambda: ns.GammaProcess([1.0, 2.0], 1.0, times=[0.0]), "rate has shape"),
    (lambda: ns.CorrelatedPoisson(5.0, 0.0), "correlation = 0 is outside 0.0001 to 1"),
    (lambda: ns.PulsePacket([5.0], 0, 1.0), "activity = 0 is outside 1 to"),
    (lambda: ns.RampCurrent([0.0, 1.0], [1.0]), "amplitudes has shape"),
    (lambda: ns.OrnsteinUhlenbeckCurrent(1.0, 0.0), "tau = 0 ms is outside 0.001 ms|tau = 0 ms"),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_wrong_values_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ns.NeurosimError, match=message):
        make()


MISMATCHED = [
    (ns.SinusoidalCurrent(1.0, 1.0, phase=[1.0, 2.0]), {}, "values for 2 targets but drives 4"),
    (ns.WhiteNoiseCurrent([1.0] * 5), {}, "values for 5 targets but drives 4"),
    (ns.Poisson([1.0] * N, shared=True), {"psp": 1.0}, "shared = True"),
    (ns.GammaProcess(9.0, [2.0] * N, shared=True), {"psp": 1.0}, "shared = True"),
    (ns.PoissonWithDeadTime(9.0, [2.0] * N, shared=True), {"psp": 1.0}, "shared = True"),
    (ns.SinusoidalPoisson(1e7, 1.0, 1.0), {"psp": 1.0}, "above 5e\\+06 Hz, 500 spikes in a"),
    (ns.WhiteNoiseCurrent(1.0, interval=0.25), {}, "not a multiple of the time step dt = 0.1 ms"),
]


@pytest.mark.parametrize(("source", "options", "message"), MISMATCHED)
def test_inputs_that_do_not_fit_are_refused(source: ns.Input, options: Any, message: str) -> None:
    net = ns.Network()
    cells = net.add("cells", N, ns.LIF())

    def run() -> None:
        net.drive(cells, source, **options)
        ns.simulate(net, 1.0)

    with pytest.raises(ns.NeurosimError, match=message):
        run()


def test_wrong_recordings_are_refused() -> None:
    net = ns.Network()
    cells = net.add("cells", 3, ns.LIF())
    spikes = net.drive(cells, ns.Poisson(1.0), psp=1.0, ids=[0, 1])
    current = net.drive(cells, ns.ConstantCurrent(1.0))
    noise = net.drive(cells, ns.MembraneNoise(1.0))
    with pytest.raises(ns.NeurosimError, match="'current' cannot be recorded: "):
        net.record(spikes, "current")
    with pytest.raises(ns.NeurosimError, match="'v' cannot be recorded"):
        net.record(current, "v")
    with pytest.raises(ns.NeurosimError, match="MembraneNoise cannot be recorded"):
        net.record(noise, "current")
    with pytest.raises(ns.NeurosimError, match="does not reach"):
        net.record(spikes, "spikes", ids=[2])
    with pytest.raises(ns.NeurosimError, match="Spikes have no sampling interval"):
        net.record(spikes, "spikes", interval=1.0)
    with pytest.raises(ns.NeurosimError, match="leave out synapse"):
        net.record(spikes, "spikes", synapse=ns.DeltaSynapse())
    net.record(spikes, "spikes")
    with pytest.raises(ns.NeurosimError, match="already recorded"):
        net.record(spikes, "spikes", ids=[0])
    with pytest.raises(ns.NeurosimError, match="belongs to another network"):
        ns.Network().record(spikes, "spikes")


def test_rates_above_their_bound_are_refused() -> None:
    @dataclass(frozen=True, eq=False)
    class Bounded(ns.Input):
        """A rate above its bound."""

        highest_rate = 100.0

        def rates(self, times, n_targets, rng):
            return 10.0 * times

    net = ns.Network()
    net.drive(net.add("cells", 3, ns.LIF()), Bounded(), psp=1.0)
    with pytest.raises(ns.NeurosimError, match=r"Bounded\.rates = 999 Hz is outside 0 to 100 Hz"):
        ns.simulate(net, 20.0)


def test_extreme_inputs_end_in_a_sentence_or_finite_numbers() -> None:
    net = ns.Network()
    cells = net.add("cells", 3, ns.LIF())
    net.drive(cells, ns.OrnsteinUhlenbeckCurrent(1e6, tau=1e-3))
    net.drive(cells, ns.WhiteNoiseCurrent(1e6, interval=0.1))
    net.drive(cells, ns.CorrelatedPoisson(1e5, 1e-4), psp=1.0)
    net.record(cells, "v")
    assert np.isfinite(ns.simulate(net, 5.0).traces["cells", "v"].values).all()
