"""The estimate by arithmetic, and the measured speed."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.bench.machine import flop_per_s, limit_ns_per_event
from neurosim.cli import main
from scenarios.networks.real_time_budget import Settings, real_time_rate, scenario

SMALL = ("real-time-budget", "--set", "scale=0.002", "--set", "rates=20,50", "--duration", "300")


@pytest.fixture(autouse=True)
def _small_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    model = "scenarios.networks.real_time_budget"
    monkeypatch.setattr(f"{model}.limit_ns_per_event", partial(limit_ns_per_event, synapses=10_000))
    monkeypatch.setattr(f"{model}.flop_per_s", partial(flop_per_s, size=64))


def test_71_000_neurons_of_2_8_mflop_per_s_make_200_gflop_per_s(command) -> None:
    estimate = command("run", *SMALL, "--no-plot")["findings"]["estimate"]
    assert estimate["flop_per_s_per_neuron"] == 7_000 * 2 * 200 == 2.8e6
    assert estimate["neurons_in_real_time"] == pytest.approx(71_000, rel=0.01)
    assert estimate["brain_flop_per_s"] == pytest.approx(2.8e17)
    assert estimate["record_2018_flop_per_s"] == 1.5e17


def test_both_networks_are_timed_at_every_rate(command, tmp_path: Path) -> None:
    printed = command("run", *SMALL)
    for name, neurons, synapses in (("lecture", 142, 7_000), ("cortex", 100, 1_000)):
        found = printed["findings"][name]
        assert found["neurons"] == neurons
        assert found["synapses"] == neurons * synapses
        # Standard error of Poisson counts, four of them: error rate 6e-5; dead time makes it less.
        for found_rate, rate in zip(found["rates_hz"], (20.0, 50.0), strict=True):
            assert abs(found_rate - rate) < 4.0 * np.sqrt(rate / (neurons * 0.1))
        assert all(factor > 0.0 for factor in found["real_time_factors"])
    assert printed["neurons"] == 142
    assert [path.name for path in tmp_path.glob("*.png")] == ["real-time-budget-budget.png"]


def test_the_same_findings_come_from_the_saved_result(command, tmp_path: Path) -> None:
    printed = command("run", *SMALL)
    settings = Settings(scale=0.002, rates=(20.0, 50.0))
    again = scenario.findings(ns.load(tmp_path / "result.h5"), settings)
    assert again["lecture"]["real_time_factors"] == pytest.approx(
        printed["findings"]["lecture"]["real_time_factors"], abs=0.0
    )
    assert again["flop_per_s"] == printed["findings"]["flop_per_s"]
    picture = tmp_path / "real-time-budget-budget.png"
    picture.unlink()
    assert main(["plot", str(tmp_path)]) == 0
    assert picture.exists()


@pytest.mark.parametrize(
    ("factors", "rate"),
    [
        ([0.5, 0.75, 1.25], 3.0),  # between the second and the third
        ([0.5, 1.5, 0.9], 1.5),  # a faster network that seems cheaper by noise
        ([0.2, 0.4, 0.8], None),  # faster than real time at all rates
        ([1.25, 1.5, 2.5], None),  # slower at all rates
    ],
)
def test_the_rate_in_real_time_is_interpolated_and_never_extrapolated(factors, rate) -> None:
    found = real_time_rate(np.array([1.0, 2.0, 4.0]), np.array(factors))
    assert found == (rate if rate is None else pytest.approx(rate))


@pytest.mark.parametrize("factor", [0.5, 1.2, 3.0])
def test_the_report_agrees_with_the_factors(factor) -> None:
    measured = {"flop_per_s": np.array([1e11])}
    for name in ("lecture", "cortex"):
        measured[f"{name}_limit_ns"] = np.array([0.3])
        measured[f"{name}_rates"] = np.array([1.0, 2.0])
        measured[f"{name}_factors"] = factor * np.array([0.9, 1.1])
    settings = Settings(rates=(1.0, 2.0))
    result = ns.Result(0.1, 1.0, 1, {}, {}, measured=measured)
    found = scenario.findings(result, settings)
    assert scenario.report is not None
    text = " ".join(scenario.report(dict(found), settings))
    assert ("slower than real time even at 1 Hz" in text) == (factor > 1.0)
    assert ("faster than real time even at 2 Hz" in text) == (factor < 1.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "scale=0"), "scale = 0 is outside 0.001 to 10"),
        (("--set", "rates=5"), "rates has 1 value: give 2 to 50, in Hz"),
        (("--set", "rates=5,199"), "rates[1] = 199 Hz is outside 0.1 to 50 Hz"),
        (("--duration", "103"), "at each of 6 rates: give at least 118 ms"),
        (("--duration", "50"), "within the warm-up of 100 ms"),
        (("--realtime",), "omit --realtime"),
    ],
)
def test_bad_settings_are_refused_in_one_sentence(refused, arguments, words) -> None:
    assert words in refused("real-time-budget", *arguments)


def test_the_comparison_has_the_limit_of_each_resource(command) -> None:
    printed = command("compare", *SMALL)["comparison"]
    for name in ("lecture", "cortex"):
        for key in ("arithmetic", "memory"):
            assert printed[f"{name}_rate_allowed_by_{key}_hz"] > 0.0
