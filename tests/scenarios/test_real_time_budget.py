"""The lecture's estimate beside what is measured."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.bench.machine import bytes_per_s, flop_per_s, limit_ns_per_event
from neurosim.cli import main
from scenarios.networks.real_time_budget import scenario
from scenarios.networks.real_time_budget_model import LECTURE, Settings, Timing

SMALL = ("real-time-budget", "--set", "scale=0.002", "--set", "rates=20,50", "--duration", "300")


@pytest.fixture(autouse=True)
def _small_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    model = "scenarios.networks.real_time_budget_model"
    monkeypatch.setattr(f"{model}.limit_ns_per_event", partial(limit_ns_per_event, synapses=10_000))
    monkeypatch.setattr(f"{model}.bytes_per_s", partial(bytes_per_s, size=100_000))
    monkeypatch.setattr(f"{model}.flop_per_s", partial(flop_per_s, size=64))


def test_71_000_neurons_of_2_8_mflop_per_s_make_200_gflop_per_s(command) -> None:
    estimate = command("run", *SMALL, "--no-plot")["findings"]["estimate"]
    assert estimate["flop_per_s_per_neuron"] == 7_000 * 2 * 200 == 2.8e6
    assert estimate["neurons_in_real_time"] == pytest.approx(71_000, rel=0.01)
    assert estimate["brain_flop_per_s"] == pytest.approx(2.8e17)
    assert estimate["record_2018_flop_per_s"] == 1.5e17


def test_both_networks_are_timed_at_every_rate(command, tmp_path: Path) -> None:
    told = command("run", *SMALL)
    for name, neurons, synapses in (("lecture", 142, 7_000), ("cortex", 100, 1_000)):
        found = told["findings"][name]
        assert found["neurons"] == neurons
        assert found["synapses"] == neurons * synapses
        # Standard error of Poisson counts, four of them: error rate 6e-5; dead time makes it less.
        for found_rate, rate in zip(found["rates_hz"], (20.0, 50.0), strict=True):
            assert abs(found_rate - rate) < 4.0 * np.sqrt(rate / (neurons * 0.1))
        assert all(factor > 0.0 for factor in found["real_time_factors"])
        assert 2.0 <= found["bytes_per_event"] < 6.0
    assert told["neurons"] == 142
    assert [path.name for path in tmp_path.glob("*.png")] == ["real-time-budget-budget.png"]


def test_the_same_findings_come_from_the_saved_result(command, tmp_path: Path) -> None:
    told = command("run", *SMALL)
    settings = Settings(scale=0.002, rates=(20.0, 50.0))
    again = scenario.findings(ns.load(tmp_path / "result.h5"), settings)
    assert again["lecture"]["real_time_factors"] == pytest.approx(
        told["findings"]["lecture"]["real_time_factors"], abs=0.0
    )
    assert again["machine"] == told["findings"]["machine"]
    picture = tmp_path / "real-time-budget-budget.png"
    picture.unlink()
    assert main(["plot", str(tmp_path)]) == 0
    assert picture.exists()


def timing(rates: list[float], factors: list[float]) -> Timing:
    return Timing(10.0, 100.0, 0.1, 6.0, 0.3, np.array(rates), np.array(factors))


@pytest.mark.parametrize(
    ("factors", "rate"),
    [
        ([0.5, 0.75, 1.25], 3.0),  # between the second and the third
        ([0.2, 0.4, 0.8], 5.0),  # beyond the last
        ([1.25, 1.5, 2.5], 0.0),  # the line does not reach 1 above 0 Hz
        ([1.5, 2.5, 3.5], 0.5),  # before the first
    ],
)
def test_the_rate_in_real_time_lies_on_a_line_through_two_points(factors, rate) -> None:
    assert timing([1.0, 2.0, 4.0], factors).real_time_rate == pytest.approx(rate)


def test_what_is_measured_is_read_back_as_it_was() -> None:
    before = timing([1.0, 2.0], [0.5, 0.75])
    result = ns.Result(0.1, 1.0, 1, {}, {}, measured=before.measured(LECTURE))
    after = Timing.of(result, LECTURE)
    assert (after.neurons, after.limit_ns) == (10.0, 0.3)
    assert after.factors.tolist() == [0.5, 0.75]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "scale=0"), "scale = 0 is outside 0.001 to 10"),
        (("--set", "rates=5"), "two or more ascending rates"),
        (("--set", "rates=5,2"), "two or more ascending rates"),
        (("--set", "rates=5,199"), "from 0.1 to 150 Hz"),
        (("--duration", "103"), "less than 1 ms for each of 6 rates: give at least 106 ms"),
        (("--duration", "50"), "within the warm-up of 100 ms"),
        (("--realtime",), "leave --realtime out"),
    ],
)
def test_bad_settings_are_refused_in_one_sentence(refused, arguments, words) -> None:
    assert words in refused("real-time-budget", *arguments)


def test_what_counting_promises_stands_beside_what_was_reached(command, tmp_path: Path) -> None:
    told = command("compare", *SMALL)["comparison"]
    for name in ("lecture", "cortex"):
        rates = [
            told[f"{name}_{key}"] for key in ("rate_allowed_by_arithmetic_hz", "real_time_rate_hz")
        ]
        assert rates[0] > 0.0
        assert rates[1] >= 0.0  # a machine that is busy reaches none
    assert told["agreement"] == pytest.approx(
        told["lecture_real_time_rate_hz"] / told["lecture_rate_allowed_by_arithmetic_hz"]
    )
    assert (tmp_path / "real-time-budget-comparison-rates.png").exists()
