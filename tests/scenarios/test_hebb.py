from __future__ import annotations

import pytest

from neurosim.scenario import run


def test_potentiation_reaches_the_bound_and_depression_selects_inputs(command):
    found = command("run", "hebb", "--no-plot")["findings"]
    assert found["hebb_at_bound"] == 1.0
    begin, end = found["stdp_correlated_mv"]
    assert 0.45 < begin < 0.55
    assert end > 0.95
    begin, end = found["stdp_independent_mv"]
    assert 0.45 < begin < 0.55
    assert end < 0.1
    assert found["stdp_rate_hz"] < found["hebb_rate_hz"]


def test_weights_grow_by_hebbs_rule_and_converge_by_ojas(command, tmp_path):
    output = command("compare", "hebb", "--duration", "40000")
    found, compared = output["findings"], output["comparison"]
    assert found["hebb_grew"] > 1e6
    assert found["hebb_ever_shrank"] is False
    assert found["oja_length"] == pytest.approx(1.0, abs=0.1)
    assert found["oja_cosine_with_first_component"] > 0.995
    assert compared["correlation"] > 0.9
    assert compared["agreement"]["value"] >= 0.9
    assert {path.stem.rpartition("-")[2] for path in tmp_path.glob("*.png")} == {
        "weights",
        "growth",
    }


def test_without_correlation_no_group_is_selected(command):
    arguments = ("--duration", "60000", "--set", "correlation=0.01", "--no-plot")
    found = command("run", "hebb", *arguments)["findings"]
    correlated, independent = found["stdp_correlated_mv"][1], found["stdp_independent_mv"][1]
    # Single weights have a standard deviation of 0.3 mV, so means of 50 inputs differ by 0.06 mV by
    # chance; the limit is 4.5 times that.
    assert abs(correlated - independent) < 0.27


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "synapses=1"), "synapses = 1 is outside 2 to 500"),
        (("--set", "rate=0"), "rate = 0 Hz is outside"),
        (("--set", "correlation=2"), "outside 0.01 to 1"),
    ],
)
def test_settings_out_of_range_are_refused(refused, arguments, words):
    assert words in refused("hebb", *arguments)


@pytest.mark.parametrize(
    ("synapses", "duration", "growth"), [(50, 150_000, 1e100), (500, 20_000, 1e6)]
)
def test_growth_beyond_the_range_of_numbers_is_reported(command, synapses, duration, growth):
    settings = ("--set", f"synapses={synapses}", "--set", "rate=100", "--duration", str(duration))
    output = command("run", "hebb", *settings, "--no-plot")
    assert output["findings"]["hebb_grew"] > growth
    assert output["findings"]["oja_length"] == pytest.approx(1.0, abs=0.2)
    assert output["findings"]["oja_cosine_with_first_component"] > 0.99
    assert "nan" not in " ".join(output["report"])


def test_neurons_that_never_fire_are_not_said_to_grow():
    silent = run("hebb", duration=20_000.0, synapses=2)
    assert silent.findings["hebb_rate_hz"] == 0.0
    assert "grow" not in silent.comparison.conclusion
