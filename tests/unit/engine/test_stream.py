"""Streaming: reading chunks and live input during a simulation."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

import neurosim as ns
from neurosim.engine.pacing import Pacer
from tests.unit.engine.test_pacing import Clock

AMPLITUDES = np.linspace(150.0, 400.0, 6)


def _net() -> ns.Network:
    net = ns.Network()
    cells = net.add("cells", 6, ns.LIF())
    net.drive(cells, ns.ConstantCurrent(AMPLITUDES))
    net.record(cells, "v", ids=[5, 0], interval=0.5)
    return net


def _ignore(chunk: ns.Chunk) -> None:
    pass


def test_chunks_follow_each_other_and_the_last_may_be_shorter() -> None:
    seen = []
    simulation = ns.Simulation(_net())
    simulation.run(5.0)
    simulation.stream(10.0, lambda chunk: seen.append((chunk.start, chunk.stop)), duration=25.0)
    assert seen == [(5.0, 15.0), (15.0, 25.0), (25.0, 30.0)]
    assert simulation.time == 30.0


# 0.3 ms is shorter than the sampling interval; 33.3 ms is longer than the chunks of the engine.
@pytest.mark.parametrize("chunk_ms", [0.3, 7.0, 33.3])
def test_the_concatenated_chunks_equal_the_result(chunk_ms) -> None:
    chunks: list[ns.Chunk] = []
    result = ns.Simulation(_net(), threads=2).stream(chunk_ms, chunks.append, duration=100.0)
    spikes = [chunk.spikes["cells"] for chunk in chunks]
    traces = [chunk.traces["cells", "v"] for chunk in chunks]
    whole, trace = result.spikes["cells"], result.traces["cells", "v"]
    assert len(whole) > 15
    assert (trace.with_spikes() == 30.0).sum() > 3
    for name in ("times", "ids"):
        parts = np.concatenate([getattr(trains, name) for trains in spikes])
        assert np.array_equal(parts, getattr(whole, name))
    for name in ("times", "values"):
        parts = np.concatenate([getattr(part, name) for part in traces])
        assert np.array_equal(parts, getattr(trace, name))
    drawn = np.concatenate([part.with_spikes() for part in traces])
    assert np.array_equal(drawn, trace.with_spikes())
    assert all(part.ids.tolist() == [5, 0] and part.unit == "mV" for part in traces)


def test_a_chunk_contains_only_its_interval() -> None:
    def look(chunk: ns.Chunk) -> None:
        for times in (chunk.spikes["cells"].times, chunk.traces["cells", "v"].times):
            assert np.all((times > chunk.start) & (times <= chunk.stop + 1e-9))

    ns.Simulation(_net()).stream(12.0, look, duration=120.0)


def test_an_unbounded_stream_runs_until_finish() -> None:
    def until_50_ms(chunk: ns.Chunk) -> None:
        if chunk.stop >= 50.0:
            chunk.finish()

    simulation = ns.Simulation(_net(), progress=True)
    result = simulation.stream(20.0, until_50_ms)
    assert result.duration == 60.0
    assert not result.stats.interrupted
    assert simulation.run(40.0).duration == 100.0


def test_ctrl_c_ends_a_stream_with_what_was_recorded() -> None:
    seen = []

    def press(chunk: ns.Chunk) -> None:
        seen.append(chunk.stop)
        if chunk.stop == 30.0:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as stop:
        ns.Simulation(_net()).stream(10.0, press)
    result = stop.value.result
    assert result.stats.interrupted
    assert seen == [10.0, 20.0, 30.0]
    assert result.duration == 30.0


def test_ctrl_c_stops_a_waiting_stream(monkeypatch) -> None:
    clock = Clock()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if len(clock.naps) == 3:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("neurosim.engine.runner.Pacer", lambda: Pacer(clock, sleep))
    with pytest.raises(KeyboardInterrupt) as stop:
        ns.Simulation(_net()).stream(1000.0, _ignore, realtime=True)
    result = stop.value.result
    assert result.stats.interrupted
    assert result.duration == 1000.0
    assert len(clock.naps) == 3


def test_an_exception_in_the_callback_ends_the_stream_and_the_simulation_continues() -> None:
    def fail(chunk: ns.Chunk) -> None:
        raise RuntimeError("enough")

    simulation = ns.Simulation(_net())
    with pytest.raises(RuntimeError, match="enough"):
        simulation.stream(10.0, fail)
    assert simulation.time == 10.0
    result = simulation.run(90.0)
    assert np.array_equal(
        result.spikes["cells"].times, ns.simulate(_net(), 100.0).spikes["cells"].times
    )


def _live(size: int = 3) -> tuple[ns.Network, ns.Simulation]:
    net = ns.Network()
    cells = net.add("cells", size, ns.LIF())
    net.drive(cells, ns.LiveCurrent())
    net.drive(cells, ns.LiveSpikes(), psp=1.0, delay=2.0, ids=[2, 0])
    net.drive(cells, ns.ConstantCurrent(100.0))
    return net, ns.Simulation(net)


MISUSES = [
    (lambda c, d: c.inject(d[0], np.nan), "LiveCurrent.amplitude = nan is not finite: .* in pA"),
    (lambda c, d: c.inject(d[0], [1.0, np.inf, 2.0]), r"holds inf at \[1\]: .* in pA"),
    (lambda c, d: c.inject(d[0], [1.0, 2.0]), "LiveCurrent has values for 2 targets but drives 3"),
    (lambda c, d: c.inject(d[0], np.ones((3, 1))), r"shape \(3, 1\): give a number, or one per"),
    (lambda c, d: c.inject(d[0], "much"), "'much' is not a number: give one in pA"),
    (lambda c, d: c.inject(d[0], 1e12), r"1e\+12 pA is outside -1e\+09 to 1e\+09 pA"),
    (lambda c, d: c.inject(d[1], 1.0), "The LiveSpikes onto 'cells' is not a LiveCurrent of this"),
    (lambda c, d: c.inject(d[2], 1.0), "The ConstantCurrent onto 'cells' is not a LiveCurrent"),
    (lambda c, d: c.inject("cells", 1.0), "'cells' is not a LiveCurrent of this simulation: give"),
    (lambda c, d: c.inject(_live()[0].drives[0], 1.0), "before the simulation was made"),
    (lambda c, d: c.send(d[0]), "The LiveCurrent onto 'cells' is not a LiveSpikes of this"),
    (lambda c, d: c.send(d[1], [0, 3]), "ids holds 3: indices run from 0 to 2"),
    (lambda c, d: c.send(d[1], [0, 1]), "ids holds 1, which this drive of 'cells' does not reach"),
    (lambda c, d: c.send(d[1], 1.5), "ids is not a 1-D array of whole numbers"),
    (lambda c, d: c.send(d[1], [0], 8.0), "at 8 ms with delay 2 ms .* earliest arrival is 10.1 ms"),
    (lambda c, d: c.send(d[1], [0, 2], [12.0]), r"shape \(1,\): .* one for each of the 2 spikes"),
    (lambda c, d: c.send(d[1], [0], np.nan), "times holds nan"),
]


@pytest.mark.parametrize(("act", "words"), MISUSES)
def test_bad_live_input_is_refused_in_one_sentence(act, words) -> None:
    net, simulation = _live()
    with pytest.raises(ns.NeurosimError, match=words) as caught:
        simulation.stream(10.0, lambda chunk: act(chunk, net.drives))
    assert "\n" not in str(caught.value)
    assert not str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0.25, _ignore), r"chunk_ms = 0\.25 ms is not a positive multiple .* nearest .* 0\.2 ms"),
        ((0.0, _ignore), "chunk_ms = 0 ms is not a positive multiple of the time step"),
        ((10.0, None), "on_chunk = None cannot be called: give a function"),
    ],
)
def test_invalid_arguments_of_stream_are_refused_in_one_sentence(arguments, words) -> None:
    with pytest.raises(ns.NeurosimError, match=words):
        ns.Simulation(_net()).stream(*arguments)


def test_a_closed_chunk_refuses_input() -> None:
    net, simulation = _live()
    kept: list[ns.Chunk] = []
    simulation.stream(10.0, kept.append, duration=10.0)
    for late in (
        lambda: kept[0].inject(net.drives[0], 1.0),
        lambda: kept[0].send(net.drives[1]),
        kept[0].finish,
    ):
        with pytest.raises(ns.NeurosimError, match="chunk from 0 to 10 ms is over"):
            late()


def test_a_running_simulation_cannot_be_run() -> None:
    simulation = ns.Simulation(_net())
    with pytest.raises(ns.NeurosimError, match="The simulation is running"):
        simulation.stream(10.0, lambda chunk: simulation.run(10.0))
    assert simulation.run(10.0).duration == 20.0


def _paced(monkeypatch: pytest.MonkeyPatch) -> tuple[ns.Simulation, Clock]:
    """Return a simulation with a simulated clock."""
    clock = Clock()
    monkeypatch.setattr("neurosim.engine.runner.Pacer", lambda: Pacer(clock, clock.sleep))
    return ns.Simulation(_net()), clock


def test_a_paced_stream_calls_back_at_the_end_of_each_chunk(monkeypatch) -> None:
    simulation, clock = _paced(monkeypatch)
    seen = []
    simulation.stream(
        250.0, lambda chunk: seen.append(clock.now - 100.0), duration=1000.0, realtime=True
    )
    assert seen == pytest.approx([0.25, 0.5, 0.75, 1.0])


def test_the_time_of_a_callback_counts_as_computing_time(
    monkeypatch,
) -> None:
    simulation, clock = _paced(monkeypatch)

    def dawdle(chunk: ns.Chunk) -> None:
        clock.now += 0.75 if chunk.stop == 500.0 else 0.125

    stats = simulation.stream(250.0, dawdle, duration=1500.0, realtime=True).stats
    # Called at 0.25, 0.5, 1.25, 1.375, 1.5 and 1.625 s; deadlines every 0.25 s.
    assert (stats.paced_chunks, stats.late_chunks) == (6, 4)
    assert stats.largest_lateness_ms == pytest.approx(500.0)
    assert stats.wall_s == pytest.approx(0.75 + 5 * 0.125)
    assert stats.real_time_factor == pytest.approx(stats.wall_s / 1.5)


def test_a_paced_run_reports_the_computing_time() -> None:
    stats = ns.simulate(_net(), 200.0, realtime=True).stats
    assert stats.paced_chunks == 10
    assert stats.wall_s == pytest.approx(stats.real_time_factor * 0.2)


def test_an_unpaced_run_counts_no_chunks() -> None:
    stats = ns.simulate(_net(), 50.0).stats
    assert (stats.paced_chunks, stats.late_chunks, stats.largest_lateness_ms) == (0, 0, 0.0)
