"""Live input gives the same bits as the same input specified in advance."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns

SIZE = 7
CHUNK = 4.0
N_CHUNKS = 20


def _cells(*, live: bool) -> tuple[ns.Network, ns.Population]:
    """Return connected neurons with noise and given spikes, and live input if `live`."""
    net = ns.Network(dale=False)
    cells = net.add("cells", SIZE, ns.LIF(t_ref=2.0))
    net.connect(cells, cells, ns.FixedInDegree(3), psp=ns.Normal(0.5, 1.0), delay=1.5)
    net.drive(cells, ns.MembraneNoise(2.0))
    net.drive(cells, ns.ConstantCurrent(np.linspace(120.0, 240.0, SIZE)))
    net.drive(cells, ns.SpikeTimes(np.arange(1.0, 80.0, 0.5)), psp=0.3)
    for variable in ("v", "i_exc", "input_inh"):
        net.record(cells, variable, ids=[6, 2], interval=0.5)
    if live:
        net.drive(cells, ns.LiveCurrent(), ids=[5, 0, 3, 4])
        net.drive(cells, ns.LiveSpikes(), synapse=ns.ExpCurrent(3.0), psp=_PSPS, delay=0.2)
    return net, cells


_PSPS = np.linspace(-2.0, 6.0, SIZE)


def _bits(result: ns.Result) -> list[bytes]:
    trains = result.spikes["cells"]
    return [
        trains.times.tobytes(),
        trains.ids.tobytes(),
        *(trace.values.tobytes() for trace in result.traces.values()),
    ]


def _amplitudes() -> np.ndarray:
    """Return amplitudes, one row per chunk (pA)."""
    return np.random.default_rng(1).uniform(-200.0, 400.0, (N_CHUNKS, 4))


def _sent() -> list[tuple[np.ndarray, np.ndarray]]:
    """Return neurons and times (ms) of the spikes that are sent after each chunk."""
    random = np.random.default_rng(2)
    return [
        (random.integers(0, SIZE, 12), CHUNK * (k + 1) + random.integers(0, 60, 12) * 0.1)
        for k in range(N_CHUNKS)
    ]


@pytest.mark.parametrize("threads", [1, 2, 3, 9])
def test_live_currents_and_spikes_equal_given_ones(threads: int) -> None:
    amplitudes, sent = _amplitudes(), _sent()
    net, _ = _cells(live=True)
    current, spikes = net.drives[-2:]

    def feed(chunk: ns.Chunk) -> None:
        k = round(chunk.start / CHUNK)
        chunk.inject(current, amplitudes[k])
        chunk.send(spikes, *sent[k])

    live = ns.Simulation(net, threads=threads).stream(CHUNK, feed, duration=CHUNK * N_CHUNKS)

    net, cells = _cells(live=False)
    stops = CHUNK * np.arange(1, N_CHUNKS + 1)
    net.drive(cells, ns.StepCurrent(stops, amplitudes), ids=[5, 0, 3, 4])
    ids, times = (np.concatenate(part) for part in zip(*sent, strict=True))
    net.drive(
        cells,
        ns.SpikeTimes([times[ids == i] for i in range(SIZE)]),
        synapse=ns.ExpCurrent(3.0),
        psp=_PSPS,
        delay=0.2,
    )
    given = ns.simulate(net, CHUNK * N_CHUNKS, threads=1)
    assert len(given.spikes["cells"]) > 40
    assert _bits(live) == _bits(given)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("chunk_ms", [0.1, 1.7, 40.0, 1000.0])
def test_a_stream_without_live_input_gives_the_bits_of_a_run(chunk_ms, threads) -> None:
    watched = ns.Simulation(_cells(live=True)[0], threads=threads)
    result = watched.stream(chunk_ms, lambda chunk: chunk.spikes, duration=80.0)
    assert _bits(result) == _bits(ns.simulate(_cells(live=False)[0], 80.0))


def _firing(synapse: ns.AlphaCurrent) -> ns.Network:
    """Return neurons with inhibitory live spikes."""
    net = ns.Network()
    cells = net.add("cells", SIZE, ns.LIF(t_ref=2.0))
    net.drive(cells, ns.LiveSpikes(), synapse=synapse, psp=-4.0)
    net.drive(cells, ns.ConstantCurrent(np.linspace(300.0, 450.0, SIZE)))
    net.drive(cells, ns.MembraneNoise(2.0))
    net.record(cells, "v", interval=0.5)
    return net


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_feedback_through_the_callback_equals_feedback_through_synapses(threads: int) -> None:
    """Each spike causes inhibition after 5 ms: by the callback, or by an autapse."""
    alpha = ns.AlphaCurrent(2.0)
    net = _firing(alpha)

    def answer(chunk: ns.Chunk) -> None:
        trains = chunk.spikes["cells"]
        chunk.send(net.drives[0], trains.ids, trains.times + 5.0)

    looped = ns.Simulation(net, threads=threads).stream(4.7, answer, duration=300.0)
    wired = _firing(alpha)
    cells = wired["cells"]
    wired.connect(cells, cells, ns.OneToOne(), synapse=alpha, psp=-4.0, delay=5.0)
    result = ns.simulate(wired, 300.0)
    assert len(result.spikes["cells"]) > 50
    assert _bits(looped) == _bits(result)


def test_live_input_persists_in_the_next_runs() -> None:
    def feed(chunk: ns.Chunk) -> None:
        if chunk.start == 0.0:
            chunk.inject(current, 300.0)
            chunk.send(spikes, [1, 1, 4], 30.0)

    found = []
    for rest in (5.0, 55.0):
        net, _ = _cells(live=True)
        current, spikes = net.drives[-2:]
        simulation = ns.Simulation(net)
        simulation.stream(5.0, feed, duration=rest)
        found.append(_bits(simulation.run(60.0 - rest)))
    assert found[0] == found[1]
