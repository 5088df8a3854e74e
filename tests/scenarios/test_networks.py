"""Two networks from the literature, through the command line."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

DATA = Path(__file__).parent.parent / "data"


@pytest.mark.slow
def test_the_balanced_network_has_the_rates_of_nest_and_of_theory(command, tmp_path) -> None:
    summary = command("run", "balanced-network", "--duration", "1200")
    assert summary["neurons"] == 12500
    assert summary["synapses"] == 12500 * 1250
    # NEST: 37.3 Hz, theory: 37.9 Hz. Ten seeds of this network spread by 0.2 Hz.
    assert summary["findings"]["rate_hz"] == pytest.approx(37.3, rel=0.02)
    assert summary["findings"]["asynchronous_theory_hz"] == pytest.approx(37.9, abs=0.1)
    assert len(list(tmp_path.glob("balanced-network-*.png"))) == 3


@pytest.mark.slow
def test_the_threshold_in_a_balanced_network_is_soft_and_below_the_sharp_one(command) -> None:
    arguments = ("--set", "neurons=5000", "--duration", "700", "--no-plot")
    found = command("compare", "balanced-network", *arguments)["comparison"]
    assert -53.0 < found["half_mv"] < -50.0
    assert found["beta"]["value"] > 0.5
    assert found["bits_per_spike"]["low"] > 2.0


@pytest.mark.slow
def test_the_four_regimes_differ_as_brunel_found(command) -> None:
    found = {}
    for regime in ("SR", "SI-fast", "AI", "SI-slow"):
        summary = command(
            "run",
            "balanced-network",
            *("--set", f"regime={regime}", "--set", "neurons=5000", "--duration", "700"),
            "--no-plot",
        )
        found[regime] = summary["findings"]
    rate = {regime: f["rate_hz"] for regime, f in found.items()}
    cv = {regime: f["cv"] for regime, f in found.items()}
    fano = {regime: f["fano_factor_1ms"] for regime, f in found.items()}
    # Lockstep at the highest rate, without any irregularity.
    assert rate["SR"] > 200.0
    assert cv["SR"] < 0.05
    assert fano["SR"] > 2.0 * max(fano["SI-fast"], fano["AI"], fano["SI-slow"])
    # A common rhythm faster than the single, irregular neurons.
    assert found["SI-fast"]["peak_frequency_hz"] > 2.0 * rate["SI-fast"]
    assert cv["SI-fast"] > 0.5
    # A slow rhythm at the lowest rate.
    assert rate["SI-slow"] < 15.0
    assert found["SI-slow"]["peak_frequency_hz"] < 60.0
    assert fano["AI"] == min(fano.values())
    assert cv["AI"] > 0.3


@pytest.fixture(scope="module")
def references() -> dict[str, np.ndarray]:
    with open(DATA / "microcircuit_rates.csv") as lines:
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


@pytest.mark.slow
def test_the_microcircuit_at_a_tenth_has_the_rates_of_nest(command, tmp_path, references) -> None:
    summary = command("run", "cortical-column", "--set", "scale=0.1", "--duration", "5500")
    rates = np.array([summary["rates_hz"][name] for name in references["population"]])
    expected = references["nest_scale_0.1_hz"].astype(float)
    assert rates == pytest.approx(expected, rel=0.1)
    assert summary["neurons"] == sum(round(int(n) * 0.1) for n in references["neurons"])
    assert len(list(tmp_path.glob("cortical-column-*.png"))) == 2


@pytest.mark.slow
def test_a_constant_current_may_stand_for_the_external_spikes(command) -> None:
    summary = command(
        "run",
        *("cortical-column", "--set", "scale=0.3", "--set", "input=current"),
        *("--duration", "1000", "--no-plot"),
    )
    # Nearly as with Poisson input, at full scale: Potjans & Diesmann, figure 7.
    for name, rate in summary["rates_hz"].items():
        assert 0.5 < rate / summary["findings"]["published_rate_hz"][name] < 1.5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("cortical-column", "--set", "scale=2"), "scale = 2 is outside 0.01 to 1"),
        (("cortical-column", "--set", "skale=0.1"), "scale"),
        (("balanced-network", "--set", "regime=A"), "AI, SR, SI-fast, SI-slow"),
        (("balanced-network", "--set", "neurons=12"), "neurons = 12 is outside 250 to 1000000"),
        (("balanced-network", "--duration", "100"), "warm-up of 200 ms"),
        (("balanced-netwrk",), "balanced-network"),
    ],
)
def test_bad_settings_are_refused_in_one_sentence(refused, tmp_path, arguments, words) -> None:
    assert words in refused(*arguments)
    assert not list(tmp_path.iterdir())
