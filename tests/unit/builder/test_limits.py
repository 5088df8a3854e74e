"""Beyond each limit of the engine's tables it is right, or refuses in one sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.builder.synapses import ThreadTable

FAR = 2**31
"""Places before the first synapse of a table."""


def _net(weight: float | ns.Normal = 0.4) -> ns.Network:
    net = ns.Network()
    exc = net.add("exc", 300, ns.LIF(tau_m=10.0), v_init=ns.Uniform(-70.0, -56.0))
    net.connect(exc, exc, ns.FixedInDegree(60), psp=weight, delay=ns.Uniform(0.5, 1.5))
    net.drive(exc, ns.Poisson(9000.0), psp=0.2)
    return net


def _spikes(net: ns.Network, **options: object) -> list[list[float]]:
    spikes = ns.simulate(net, 60.0, **options).spikes["exc"]
    assert len(spikes) > 50
    return [spikes.times.tolist(), spikes.ids.tolist()]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("in_common", [True, False])
def test_synapses_beyond_the_31st_power_of_two_are_made_and_delivered(
    in_common: bool, threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = _net(0.4 if in_common else ns.Normal(0.4, 0.04))
    monkeypatch.setattr("neurosim.builder.weights.WORTH_SORTING", 0)
    near = _spikes(net, threads=threads)
    empty = ThreadTable._empty
    files = iter(range(100))

    def beyond(array: np.ndarray) -> np.ndarray:
        """Move an array to the end of a file that is a hole but for that."""
        if not len(array):
            return array
        path = tmp_path / f"{next(files)}"
        return np.asarray(np.memmap(path, array.dtype, "w+", shape=FAR + len(array)))

    def far(table: ThreadTable, counts: np.ndarray):
        made = empty(table, counts)
        return made._replace(
            start=made.start + FAR, targets=beyond(made.targets), weights=beyond(made.weights)
        )

    monkeypatch.setattr(ThreadTable, "_empty", far)
    simulation = ns.Simulation(net, threads=threads)
    assert simulation.weights_in_common == in_common
    assert _spikes(net, threads=threads) == near


@pytest.mark.parametrize("neurons", [65_536, 65_537, 70_000])
@pytest.mark.slow
def test_a_thread_may_have_more_targets_than_16_bits_can_tell(neurons: int) -> None:
    net = ns.Network()
    source = net.add("source", 1, ns.LIF())
    cells = net.add("cells", neurons - 1, ns.LIF())
    chosen = [0, 1, neurons // 2, neurons - 3, neurons - 2]
    net.connect(source, cells, ns.Explicit([0] * 5, chosen), psp=20.0, delay=1.5)
    net.drive(source, ns.SpikeTimes([1.0]), psp=20.0)
    spikes = ns.simulate(net, 5.0, threads=1).spikes["cells"]
    assert spikes.ids.tolist() == chosen
    assert spikes.times == pytest.approx(np.full(5, 2.5))


def test_the_longest_delay_is_kept_to_the_step() -> None:
    net = ns.Network()
    # All of them firing all that time would be more spikes than memory holds.
    cells = net.add("cells", 20_000, ns.LIF(t_ref=0.0))
    pairs = ns.Explicit([0, 0], [7, 19_999])
    net.connect(cells, cells, pairs, psp=20.0, delay=[99_999.0, 100_000.0])
    net.drive(cells, ns.SpikeTimes([1.0]), psp=20.0, ids=[0])
    spikes = ns.simulate(net, 100_005.0, dt=1.0, threads=1).spikes["cells"]
    assert spikes.ids.tolist() == [0, 7, 19_999]
    assert spikes.times.tolist() == [1.0, 100_000.0, 100_001.0]


def test_delays_without_an_end_are_refused() -> None:
    net = ns.Network()
    cells = net.add("cells", 10, ns.LIF())
    with pytest.raises(
        ns.NeurosimError, match=r"extends from .* ms, outside 0 to 100000 ms: reduce"
    ):
        net.connect(cells, cells, ns.AllToAll(), psp=1.0, delay=ns.LogNormal(1.5, 150.0))
    bounded = ns.LogNormal(1.5, 150.0, high=50.0)
    net.connect(cells, cells, ns.AllToAll(), psp=1.0, delay=bounded)
    assert ns.simulate(net, 5.0).duration == 5.0


def test_delays_that_differ_too_much_for_the_memory_are_refused() -> None:
    net = ns.Network()
    cells = net.add("cells", 1_000_000, ns.LIF())
    net.connect(cells, cells, ns.FixedOutDegree(1), psp=1.0, delay=ns.Uniform(0.1, 9_000.0))
    with pytest.raises(ns.NeurosimError, match=r"by their 90,000 different delays of up to 90,000"):
        ns.Simulation(net)


def test_strengths_without_an_end_are_refused() -> None:
    net = ns.Network()
    cells = net.add("cells", 10, ns.LIF())
    for weight in (ns.Normal(1.0, 1e9), ns.LogNormal(-1e3, 1e8), ns.Uniform(0.0, 1e10)):
        with pytest.raises(ns.NeurosimError, match=r"psp = .* extends from .* mV, outside -1e\+09"):
            net.connect(cells, cells, ns.AllToAll(), psp=weight)
    net.connect(cells, cells, ns.AllToAll(), psp=ns.Normal(1.0, 1e9, low=0.0, high=1e8))


def test_the_strongest_synapse_is_not_too_strong_for_32_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("neurosim.builder.synapses.PRECISE", 0)
    net = ns.Network()
    cells = net.add("cells", 2, ns.LIF(tau_m=0.1, c_m=1e5), dale=False)
    synapse = ns.ExpCurrent(0.01)
    net.connect(cells, cells, ns.AllToAll(), synapse=synapse, psp=[[1e9, -1e9], [0.0, 1e-30]])
    plan = ns.Simulation(net, threads=1)._runner.engine.plan
    weights = plan.threads[0].table.weights
    assert weights.dtype == np.float32
    assert np.isfinite(weights).all()
    assert np.count_nonzero(weights) == 3


def test_a_row_too_long_for_its_table_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    net = _net()
    monkeypatch.setattr("neurosim.builder.synapses.LONGEST_ROW", 40)
    with pytest.raises(ns.NeurosimError, match=r"\d\d synapses lead from one neuron to those"):
        ns.Simulation(net, threads=1)
    assert _spikes(net, threads=4)


@pytest.mark.parametrize("in_common", [True, False])
def test_more_segments_than_are_listed_at_a_time_give_the_same_bits(
    in_common: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = ns.Network()
    exc = net.add("exc", 40, ns.LIF(t_ref=0.0), v_init=ns.Uniform(-70.0, -56.0))
    net.drive(exc, ns.ConstantCurrent(50_000.0))
    delay = ns.Uniform(0.5, 3.0)
    for psp in (0.4, 0.3) if in_common else (ns.Normal(0.4, 0.1),):
        net.connect(exc, exc, ns.FixedInDegree(20), psp=psp, delay=delay)
    monkeypatch.setattr("neurosim.builder.weights.WORTH_SORTING", 0)
    at_once = _spikes(net)
    monkeypatch.setattr("neurosim.builder.state.LISTED", 0)
    assert _spikes(net) == at_once


def test_a_network_takes_the_memory_that_was_said() -> None:
    script = """
import neurosim as ns
from neurosim.builder.context import BuildContext
from neurosim.builder.layout import lay_out
from neurosim.builder.memory import expected_bytes
from neurosim.builder.projections import Projections
from neurosim.bench.machine import peak_memory

def net(n):
    net = ns.Network()
    cells = net.add("cells", n, ns.LIF())
    rule, delay = ns.FixedOutDegree(1000), ns.Uniform(0.5, 2.5)
    net.connect(cells, cells, rule, psp=ns.Normal(0.1, 0.01), delay=delay)
    return net

ns.simulate(net(2000), 1.0, threads=2)
before = peak_memory()
large = net(40_000)
context = BuildContext(large, lay_out(large, 2), 0.1, 1, range(2))
print(expected_bytes(Projections(context)))
ns.simulate(large, 1.0, threads=2)
print(peak_memory() - before)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    said, taken = map(int, done.stdout.split())
    assert 0.8 * said < taken < 1.2 * said
