"""The command `neurosim bench` and its networks."""

from __future__ import annotations

import json

import numpy as np
import pytest

import neurosim as ns
from neurosim.bench import catalogue
from neurosim.bench.benchmark import Benchmark
from neurosim.bench.catalogue import find_benchmark
from neurosim.bench.largest import Largest
from neurosim.bench.measurement import TimingOptions, measure
from neurosim.bench.networks.driven import drive_rate, driven_network
from neurosim.cli import main

NAMES = [*catalogue.BENCHMARKS, "fly-brain"]
KEYS = {
    "name",
    "threads",
    "build_s",
    "compile_s",
    "real_time_factor",
    "events_per_s",
    "ns_per_event",
    "limit_ns_per_event",
    "bytes_per_synapse",
    "peak_rss_mb",
    "rates_hz",
}


@pytest.fixture(autouse=True)
def _small_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurosim.bench.measurement.limit_ns_per_event", lambda *a, **k: 0.25)


def expected_in_degree(net: ns.Network, target: str) -> float:
    """Mean number of synapses onto each neuron of a population."""
    total = 0.0
    for projection in net.projections:
        rule, n, m = projection.rule, projection.source.size, projection.target.size
        if projection.target.name != target:
            continue
        if isinstance(rule, ns.FixedInDegree):
            total += rule.n
        elif isinstance(rule, ns.FixedOutDegree):
            total += rule.n * n / m
        elif isinstance(rule, ns.FixedProbability):
            total += rule.p * n
        elif isinstance(rule, ns.AllToAll):
            total += n
        else:
            total += rule.n / m
    return total


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_is_found_by_its_name(name: str) -> None:
    benchmark = find_benchmark(name)
    assert isinstance(benchmark, Benchmark)
    assert benchmark.name == name
    low, high = benchmark.scales
    assert low < 1.0 <= high


@pytest.mark.parametrize(
    ("name", "neurons", "in_degree"),
    [
        ("microcircuit", 77_169, None),
        ("microcircuit-current", 77_169, None),
        ("brunel", 12_500, 1_250),
        ("cuba", 4_000, 80),
        ("lecture", 71_000, 7_000),
        ("cortex", 50_000, 1_000),
        ("quiet", 138_639, 15_091_983 / 138_639),
        ("fly-brain", 138_639, 15_091_983 / 138_639),
    ],
)
def test_the_networks_have_the_size_of_those_they_are_named_for(name, neurons, in_degree) -> None:
    net = find_benchmark(name).network(1.0)
    assert net.size == neurons
    for population in net.populations:
        if in_degree and population.name != "core":
            assert expected_in_degree(net, population.name) == pytest.approx(in_degree, rel=0.01)


@pytest.mark.parametrize("name", ["brunel", "cuba", "lecture", "cortex", "quiet", "fly-brain"])
@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_other_scales_have_other_sizes_and_the_same_in_degrees(name: str, scale: float) -> None:
    benchmark = find_benchmark(name)
    original, scaled = benchmark.network(1.0), benchmark.network(scale)
    assert scaled.size == pytest.approx(scale * original.size, rel=0.01)
    for population in ("exc", "inh"):
        expected = pytest.approx(expected_in_degree(original, population), rel=0.01)
        assert expected_in_degree(scaled, population) == expected


def test_vogels_and_abbotts_network_fires_irregularly_at_5_to_6_hz() -> None:
    measured = measure(find_benchmark("cuba"), TimingOptions(repeats=1))
    # Ten seeds: 5.3 to 6.1 Hz.
    assert 5.0 < measured.rates_hz["exc"] < 6.5
    assert 5.0 < measured.rates_hz["inh"] < 6.5


def test_in_the_quiet_network_some_four_hundred_neurons_fire() -> None:
    measured = measure(find_benchmark("quiet"), TimingOptions(scale=0.2, duration=500.0, repeats=1))
    assert 400 <= measured.neurons_fired <= 450
    assert measured.rates_hz["sensory"] > 100.0
    assert measured.rates_hz["core"] > 50.0
    assert measured.rates_hz["exc"] < 0.1


@pytest.mark.parametrize("rate", [1.5, 40.0, 150.0])
def test_the_even_network_fires_at_the_rate_it_is_driven_to(rate: float) -> None:
    neurons, duration, t_ref, dt = 1000, 2000.0, ns.LIF().t_ref, 0.1
    drive = float(drive_rate(rate))
    net = driven_network(neurons, 200, ns.Poisson(drive))
    result = ns.simulate(net, duration, dt=dt, seed=3)
    spikes = sum(map(len, result.spikes.values()))
    # A renewal process: dead time, then whole steps until the first with an external spike. The
    # rest of the mean is due to the start, when nobody is refractory (Cox 1962, section 4.2).
    wait = dt / -np.expm1(-drive * dt * 1e-3)
    period, cv = t_ref + wait, wait / (t_ref + wait)
    mean = (duration + t_ref) / period + (cv**2 - 1.0) / 2.0
    sd = cv * np.sqrt(duration / period)
    # Four standard errors: error rate 6e-5.
    assert abs(spikes - neurons * mean) < 4.0 * sd * np.sqrt(neurons)
    assert 1e3 / period == pytest.approx(rate, rel=0.01)


def test_the_even_networks_own_spikes_make_nobody_fire() -> None:
    net = driven_network(1000, 200, ns.Poisson([float(drive_rate(100.0)), 0.0], [0.0, 100.0]))
    result = ns.simulate(net, 200.0, seed=3)
    for trains in result.spikes.values():
        assert len(trains)
        assert trains.times.max() <= 100.0


def test_the_command_prints_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = "bench brunel --scale 0.1 --duration 20 --repeats 2 --threads 2 --profile --json"
    assert main(arguments.split()) == 0
    output = json.loads(capsys.readouterr().out)
    assert set(output) > KEYS
    assert output["name"] == "brunel"
    assert output["threads"] == 2
    assert output["neurons"] == 1250
    assert output["synapses"] == 1250 * 1250
    assert set(output["rates_hz"]) == {"exc", "inh"}
    assert output["weights_in_common"]
    assert 2.0 <= output["bytes_per_synapse"] < 6.0


def test_the_command_tells_people_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "cuba", "--scale", "0.2", "--duration", "50", "--profile"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    for words in ("real-time factor", "memory-bandwidth limit", "rate of exc", "time for update"):
        assert words in said.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("bench cubba", "unknown benchmark 'cubba': did you mean 'cuba'?"),
        ("bench microcircuit --scale 2", "scale = 2 is outside 0.01 to 1 for microcircuit"),
        ("bench cuba --repeats 0", "repeats = 0 is outside 1 to 1000"),
        ("bench cuba --threads 0", "threads = 0 is outside 1 to 256"),
        ("bench --scale 2", "--scale needs a NAME"),
    ],
)
def test_a_mistake_is_one_sentence_and_status_2(capsys, arguments: str, sentence: str) -> None:
    assert main(arguments.split()) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_a_network_too_large_for_the_memory_is_refused(capsys, monkeypatch) -> None:
    monkeypatch.setattr("neurosim.builder.memory.available_memory", lambda: 2**30)
    assert main(["bench", "lecture"]) == 2
    assert "1.0 GiB are available" in capsys.readouterr().err


def test_the_manual_names_every_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--help"]) == 0
    manual = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert all(name in manual for name in NAMES)


@pytest.fixture
def small_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """End the search after one small trial."""
    real = measure

    def small(benchmark: Benchmark, options: TimingOptions, limit: bool):
        assert benchmark is catalogue.CORTEX
        return real(benchmark, TimingOptions(scale=0.005, duration=10.0, repeats=1), limit=limit)

    monkeypatch.setattr("neurosim.bench.largest.measure", small)
    monkeypatch.setattr("neurosim.bench.largest._expected_s", lambda last, scale: 1e9)


@pytest.mark.usefixtures("small_search")
def test_without_a_name_the_largest_network_in_real_time_is_looked_for(capsys) -> None:
    assert main(["bench", "--json"]) == 0
    output = json.loads(capsys.readouterr().out)
    assert set(output) > KEYS
    assert output["in_real_time"]
    assert output["ended_by"] == "time"
    assert [trial["neurons"] for trial in output["tried"]] == [250]
    assert output["limit_ns_per_event"] == 0.25


@pytest.mark.usefixtures("small_search")
def test_the_search_tells_of_every_size_it_tries(capsys) -> None:
    assert main(["bench"]) == 0
    said = capsys.readouterr().err
    assert "250 neurons, 250,000 synapses: real-time factor" in said
    assert "largest network in real time on this machine: 250 neurons" in said


def test_a_machine_on_which_nothing_is_in_real_time_is_told_so(capsys, monkeypatch) -> None:
    measured = measure(catalogue.CUBA, TimingOptions(scale=0.1, duration=10.0, repeats=1))
    monkeypatch.setattr(
        "neurosim.bench.largest.largest_in_real_time",
        lambda *given, **options: Largest((measured,), None, "speed"),
    )
    assert main(["bench"]) == 0
    assert "no size of this network runs in real time on this machine" in capsys.readouterr().err
