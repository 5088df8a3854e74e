"""Pacing to real time, with a simulated clock."""

from __future__ import annotations

import pytest

from neurosim.engine.pacing import NAP, Pacer


class Clock:
    """A simulated clock; each sleep takes `excess` seconds too long."""

    def __init__(self, excess: float = 0.0) -> None:
        self.now, self.excess = 100.0, excess
        self.naps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds + self.excess


def _pace(clock: Clock, work: list[float], chunk: float) -> Pacer:
    """Pace chunks of `chunk` ms that take `work` seconds to compute."""
    pacer = Pacer(clock, clock.sleep)
    pacer.start()
    for k, seconds in enumerate(work):
        clock.now += seconds
        pacer.keep((k + 1) * chunk)
    return pacer


def test_early_chunks_wait_for_their_deadline() -> None:
    clock = Clock()
    pacer = _pace(clock, [0.25, 0.25, 0.25, 0.25], chunk=1000.0)
    assert clock.now == 104.0
    assert (pacer.chunks, pacer.late_chunks, pacer.largest_lateness) == (4, 0, 0.0)
    assert pacer.waited == 3.0


def test_a_chunk_at_its_deadline_is_neither_late_nor_delayed() -> None:
    clock = Clock()
    pacer = _pace(clock, [0.5], chunk=500.0)
    assert (pacer.late_chunks, pacer.waited, clock.naps) == (0, 0.0, [])


def test_late_chunks_are_counted_with_the_largest_lateness() -> None:
    # Ready at 0.25, 1.25, 1.75, 2.5 s; deadlines at 0.5, 1.0, 1.5, 2.0 s.
    pacer = _pace(Clock(), [0.25, 0.75, 0.5, 0.75], chunk=500.0)
    assert (pacer.chunks, pacer.late_chunks, pacer.largest_lateness) == (4, 3, 500.0)


def test_a_late_chunk_does_not_shift_later_deadlines() -> None:
    clock = Clock()
    pacer = _pace(clock, [1.75, 0.25, 0.25, 0.25, 0.25], chunk=500.0)
    # The next four catch up: ready at 2.0, 2.25, 2.5 and 2.75 s; deadlines 1.0, 1.5, 2.0, 2.5 s.
    assert clock.now == 102.75
    assert (pacer.late_chunks, pacer.largest_lateness, pacer.waited) == (5, 1250.0, 0.0)
    clock.now += 0.125
    pacer.keep(3000.0)
    assert (clock.now, pacer.late_chunks) == (103.0, 5)


def test_long_sleeps_do_not_accumulate() -> None:
    clock = Clock(excess=0.001)
    _pace(clock, [0.0] * 1000, chunk=10.0)
    assert 110.0 <= clock.now < 110.0 + 0.0011


def test_lateness_grows_if_every_chunk_is_too_slow() -> None:
    pacer = _pace(Clock(), [0.75] * 8, chunk=500.0)
    assert (pacer.late_chunks, pacer.largest_lateness) == (8, 8 * 250.0)


def test_waiting_can_be_stopped() -> None:
    clock = Clock()
    pacer = Pacer(clock, clock.sleep)
    pacer.start()
    pacer.keep(60_000.0, stopped=lambda: clock.now > 100.1)
    assert max(clock.naps) <= NAP
    assert clock.now == pytest.approx(100.1, abs=2.0 * NAP)
    assert pacer.waited == pytest.approx(0.1, abs=2.0 * NAP)


def test_a_second_start_resets_the_deadlines_only() -> None:
    clock = Clock()
    pacer = _pace(clock, [0.25], chunk=500.0)
    clock.now += 1000.0
    pacer.start()
    pacer.keep(500.0)
    assert clock.now == 1101.0
    assert (pacer.chunks, pacer.late_chunks) == (2, 0)
