"""The tutorials run, and the numbers in their text are those that they compute."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurosim import analysis

TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorials"
SCRIPTS = sorted(path.stem for path in TUTORIALS.glob("plot_*.py"))


def ran(name: str) -> dict[str, Any]:
    """Run a tutorial and return its names."""
    return runpy.run_path(str(TUTORIALS / f"{name}.py"), run_name="__main__")


@pytest.mark.parametrize("name", SCRIPTS)
def test_ends_with_exercises_and_links(name: str) -> None:
    text = (TUTORIALS / f"{name}.py").read_text(encoding="utf-8")
    end = text[text.index("# Exercises\n") :]
    assert "\n# 2. " in end
    assert "Reference:" in end
    for page in re.findall(r"<(plot_\w+)\.html>", text):
        assert page in SCRIPTS


@pytest.mark.slow
def test_first_neuron() -> None:
    names = ran("plot_1_first_neuron")
    currents, rate, noisy = names["currents"], names["rate"], names["noisy_rate"]
    assert currents[rate == 0].max() < 187.5 < currents[rate > 0].min()
    assert noisy[currents == 150.0] > 5.0
    assert len(names["result"].spikes["neuron"]) == 0  # inhibition of 6 mV prevents the spike


@pytest.mark.slow
def test_first_network() -> None:
    names = ran("plot_2_first_network")
    result = names["result"]
    assert analysis.mean_rate(result, "exc", start=200.0) == pytest.approx(8.6, abs=0.05)
    cv = np.nanmean(analysis.cv_isi(result.spikes["exc"], start=200.0))
    assert cv == pytest.approx(0.93, abs=0.01)
    assert names["i_exc"] + names["i_inh"] < 187.5


@pytest.mark.slow
def test_logistic_classifier() -> None:
    names = ran("plot_3_logistic_classifier")
    low, high = names["neuron"].psp_interval_.T
    assert ((low < names["unit"].psps) & (names["unit"].psps < high)).all()
    assert names["logistic"].intercept == pytest.approx(-7.5)
    assert names["difference"] < 1e-12


@pytest.mark.slow
def test_own_neuron_model() -> None:
    names = ran("plot_4_neuron_model")
    intervals = names["intervals"]
    first, last = (np.array([each[k] for each in intervals]) for k in (0, -1))
    assert (last[1:] > first[1:]).all()  # all but the neuron without adaptation
    assert last[0] == pytest.approx(first[0], abs=0.11)


@pytest.mark.slow
def test_own_data() -> None:
    names = ran("plot_5_recorded_data")
    called, exists = names["called"], names["exists"]
    assert (exists & ~called).sum() <= 2
    assert (called & ~exists).sum() <= 3  # expected: 0.7
    assert names["bits"] > 0.7
    assert names["short"].score(names["recording"], epochs=names["TESTED"]) < 0.4
    assert len(names["caught"]) >= 1
    # 20 neurons: if all models are right, five or more fail with a probability of 0.3 %.
    assert sum(test.passed for test in names["tests"].values()) >= 16
    spikes = names["result"].spikes["neurons"]
    np.testing.assert_array_equal(spikes.times, names["again"])
    rates = names["compared"].rates
    assert np.abs(rates[1] / rates[0] - 1.0).max() < 0.1


@pytest.mark.slow
def test_parameter_study() -> None:
    names = ran("plot_6_parameter_study")
    rates = dict(zip(names["strengths"], names["curve"][:, 0], strict=True))
    assert rates[-6.0] == pytest.approx(5.0, abs=0.7)
    assert rates[-1.5] == pytest.approx(28.0, abs=1.0)
    assert rates[-1.0] == pytest.approx(280.0, abs=15.0)
    assert len(names["rows"]) == 9


@pytest.mark.slow
def test_large_networks() -> None:
    names = ran("plot_7_large_networks")
    one, two, continued = (names[key].spikes["exc"].times for key in ("one", "two", "continued"))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one, continued)
    assert 2.0 < names["rate"] < 20.0
