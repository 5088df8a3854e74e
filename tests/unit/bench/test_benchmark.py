from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neurosim as ns
from neurosim.bench.benchmark import Benchmark
from neurosim.bench.catalogue import find_benchmark
from neurosim.bench.largest import CLOSE, largest_in_real_time
from neurosim.bench.machine import bytes_per_s, flop_per_s, limit_ns_per_event, peak_memory
from neurosim.bench.measurement import Measurement, Span, TimingOptions, measure
from neurosim.kernels.bandwidth import STRETCH, read, scatter
from tests.conftest import Installed, toy_result

FAN_OUT = 7


def relay(scale: float) -> ns.Network:
    """Neurons that each fire at 10, 20, … ms with weak synapses onto 7 others."""
    net = ns.Network()
    cells = net.add("cells", round(20 * scale), ns.LIF())
    net.drive(cells, ns.SpikeTimes(np.arange(10.0, 200.0, 10.0)), psp=20.0)
    net.connect(cells, cells, ns.FixedOutDegree(FAN_OUT), psp=1e-6, delay=0.5)
    return net


RELAY = Benchmark("relay", "a toy", relay, (0.5, 2.0), warmup=5.0, span=50.0)


@pytest.fixture(autouse=True)
def _small_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurosim.bench.measurement.limit_ns_per_event", lambda *a, **k: 0.25)


def test_an_event_is_one_synapse_delivering_one_spike():
    measured = measure(RELAY, TimingOptions(repeats=3))
    # 5 spikes of 20 neurons in 50 ms, each reaching 7.
    events = 5 * 20 * FAN_OUT
    walls = np.array(measured.real_time_factors) * 50e-3
    assert measured.events_per_s == pytest.approx(1.0 / np.median(walls / events))
    assert measured.ns_per_event == pytest.approx(1e9 / measured.events_per_s)
    assert measured.rates_hz == {"cells": pytest.approx(100.0)}
    assert measured.neurons_fired == 20
    assert measured.synapses == 20 * FAN_OUT


def test_what_is_reported_is_the_median_of_the_repeats():
    measured = measure(RELAY, TimingOptions(repeats=3, duration=20.0))
    assert len(measured.real_time_factors) == 3
    assert measured.real_time_factor == np.median(measured.real_time_factors)
    assert measured.duration_ms == 20.0


def test_a_silent_network_has_no_time_per_event():
    def silent(scale: float) -> ns.Network:
        net = ns.Network()
        net.add("cells", 3, ns.LIF())
        return net

    measured = measure(replace(RELAY, network=silent), TimingOptions())
    assert measured.ns_per_event is None
    assert measured.events_per_s == 0.0
    assert measured.bytes_per_synapse is None
    assert measured.neurons_fired == 0


def test_the_profile_splits_the_time_that_was_measured():
    profile = measure(RELAY, TimingOptions(profile=True)).profile
    assert set(profile) == {"delivery", "update", "noise", "waiting", "recording"}
    assert measure(RELAY, TimingOptions()).profile is None


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"scale": 3.0}, "scale = 3 is outside 0.5 to 2 for relay: 1 is the original number"),
        ({"repeats": 0}, "repeats = 0 is outside 1 to 1000"),
        ({"duration": 0.25}, "duration = 0.25 ms is not a positive multiple of the time step"),
        ({"threads": 0}, "threads = 0 is outside 1 to"),
    ],
)
def test_bad_options_are_refused(options: dict, sentence: str):
    with pytest.raises(ns.NeurosimError, match=sentence):
        measure(RELAY, TimingOptions(**options))


def test_an_unknown_benchmark_is_refused_with_the_nearest_name():
    with pytest.raises(
        ns.NeurosimError, match=r"unknown benchmark 'brunell': did you mean 'brunel'\?"
    ):
        find_benchmark("brunell")


def test_what_is_no_benchmark_is_a_defect_of_who_installed_it(monkeypatch: pytest.MonkeyPatch):
    installed = [Installed("odd", object())]
    monkeypatch.setattr("neurosim.bench.catalogue.entry_points", lambda group: installed)
    with pytest.raises(TypeError, match="odd is not a Benchmark"):
        find_benchmark("odd")


def made_up(scale: float, factor: float) -> Measurement:
    return Measurement(
        name="made-up",
        scale=scale,
        threads=2,
        neurons=round(1e4 * scale),
        synapses=round(1e7 * scale),
        seed=1,
        dt_ms=0.1,
        duration_ms=500.0,
        build_s=scale,
        compile_s=0.0,
        real_time_factor=factor,
        real_time_factors=(factor,),
        events_per_s=1e9,
        ns_per_event=1.0,
        limit_ns_per_event=None,
        bytes_per_synapse=6.0,
        weights_in_common=False,
        peak_rss_mb=100.0,
        rates_hz={},
        neurons_fired=1,
    )


def search(monkeypatch: pytest.MonkeyPatch, factor, scales=(0.01, 1000.0), **options):
    """Search with networks whose real-time factor is a function of their scale."""

    def pretend(benchmark: Benchmark, options: TimingOptions, limit: bool) -> Measurement:
        return made_up(options.scale, factor(options.scale))

    monkeypatch.setattr("neurosim.bench.largest.measure", pretend)
    return largest_in_real_time(replace(RELAY, scales=scales), TimingOptions(), **options)


@pytest.mark.parametrize("border", [0.015, 0.19, 0.21, 3.0, 700.0])
@pytest.mark.parametrize("power", [0.7, 1.0, 1.5])
def test_the_largest_in_real_time_is_found_to_ten_per_cent(monkeypatch, border, power):
    found = search(monkeypatch, lambda scale: (scale / border) ** power, seconds=1e9)
    assert border / CLOSE <= found.best.scale <= border
    assert found.ended_by == "speed"
    assert len(found.tried) <= 10
    assert found.best.limit_ns_per_event == 0.25


def test_memory_may_be_what_ends_the_search(monkeypatch):
    def factor(scale: float) -> float:
        if scale > 2.0:
            raise ns.NeurosimError("The network needs more than there is")
        return 0.1 * scale

    found = search(monkeypatch, factor, seconds=1e9)
    assert 2.0 / CLOSE <= found.best.scale <= 2.0
    assert found.ended_by == "memory"


def test_the_range_of_the_benchmark_may_be_what_ends_the_search(monkeypatch):
    found = search(monkeypatch, lambda scale: 0.01 * scale, scales=(0.01, 5.0))
    assert found.best.scale == 5.0
    assert found.ended_by == "range"


def test_the_search_ends_in_time(monkeypatch):
    found = search(monkeypatch, lambda scale: 0.1 * scale, seconds=0.0)
    assert [trial.scale for trial in found.tried] == [0.2]
    assert found.ended_by == "time"


def test_where_none_is_in_real_time_the_smallest_tried_is_told_of(monkeypatch):
    found = search(monkeypatch, lambda scale: 1000.0 * scale)
    assert found.best is None
    entry = found.as_dict()
    assert not entry["in_real_time"]
    assert entry["scale"] == 0.01


def test_what_the_first_trial_refuses_is_the_users_mistake(monkeypatch):
    def refuse(scale: float) -> float:
        raise ns.NeurosimError("threads = 0 is outside 1 to 256")

    with pytest.raises(ns.NeurosimError, match="threads = 0"):
        search(monkeypatch, refuse)


@pytest.mark.parametrize("common", [False, True])
def test_the_probe_delivers_every_synapse(common):
    rng = np.random.default_rng(1)
    targets = rng.integers(0, 50, 4 * STRETCH, dtype=np.uint16)
    weights = None if common else rng.random(len(targets), dtype=np.float32)
    buffer = np.zeros(50, np.float32)
    scatter(targets, weights, buffer, 3)
    assert buffer == pytest.approx(3.0 * np.bincount(targets, weights, minlength=50), rel=1e-5)


def test_the_probe_reads_every_word():
    assert read(np.arange(100, dtype=np.uint64), 2) == 2 * sum(range(100))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("targets", [10, 100_000])
def test_the_machine_has_limits(targets: int, threads: int):
    assert 0.0 < limit_ns_per_event(targets, threads, synapses=10_000, repeats=2) < 1e6
    assert bytes_per_s(threads, size=10_000, repeats=2) > 1e3
    assert flop_per_s(size=16, repeats=2) > 1e3


def test_the_memory_taken_grows_with_what_is_kept():
    before = peak_memory()
    kept = np.ones(2**27, np.uint8)
    after = peak_memory()
    assert kept.nbytes <= after < 2**40
    assert after >= before


def test_a_span_lies_between_two_results():
    before, after = toy_result(100.0), toy_result(400.0)
    after = replace(after, stats=replace(after.stats, wall_s=0.8, events=30))
    span = Span.between(before, after)
    assert span == Span(duration=300.0, wall_s=pytest.approx(0.6), events=30)
    assert span.real_time_factor == pytest.approx(2.0)
