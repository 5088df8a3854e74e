"""A population model finds synapses, and a shared drive recovers those that shared input hides."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from io import StringIO

import numpy as np
import pytest

from neurosim.cli import main
from neurosim.scenario import RunOptions
from scenarios.recordings.population_glm import Settings, network

SMALL = (
    *("--set", "excitatory=12", "--set", "inhibitory=4", "--set", "psp=1.5"),
    *("--duration", "120000"),
)


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> dict:
    """Output of `neurosim compare` for two minutes of sixteen neurons."""
    folder = tmp_path_factory.mktemp("small")
    with redirect_stdout(StringIO()) as output:
        assert main(["compare", "population-glm", *SMALL, "--json", "--out", str(folder)]) == 0
    figures = {path.name for path in folder.glob("*.png")}
    return json.loads(output.getvalue()) | {"figures": figures}


@pytest.mark.slow
def test_ignored_shared_input_hides_synapses_and_a_drive_recovers_them(small):
    measures, n = small["comparison"], small["findings"]["synapses"]
    assert measures["found_alone"] > 0.65 * n
    assert measures["found_ignored"] < 0.7 * measures["found_alone"]
    assert measures["found_fitted"] > measures["found_ignored"] + 0.2 * n
    # At 1 %, more than three false calls among about 40 have a probability below 0.1 %.
    for key in ("alone", "ignored", "fitted"):
        assert measures[f"false_{key}"] <= 3
    assert measures["sd_ignored"] > 1.5 > measures["sd_alone"]


@pytest.mark.slow
def test_the_model_predicts_test_data_and_fires_like_the_network(small):
    measures = small["comparison"]
    assert measures["bits"] > 0.1
    assert measures["passed"] >= 12  # of 16; a right model fails in 5 % of tests
    assert measures["rate_deviation"] < 10.0


@pytest.mark.slow
def test_all_figures_are_drawn(small):
    assert small["figures"] == {
        "population-glm-spikes.png",
        *(f"population-glm-comparison-{name}.png"
          for name in ("filters", "intervals", "rasters", "synapses")),
    }  # fmt: skip


def test_both_populations_have_the_same_synapses_and_one_the_shared_input():
    settings = Settings(excitatory=5, inhibitory=3, probability=0.5, psp=2.0)
    net = network(settings, RunOptions(duration=60_000.0, seed=5))
    truth, found = settings.wiring(5), {}
    for each in net.projections:
        found[each.source.name] = np.zeros((8, 8))
        peak = np.broadcast_to(each.weight, len(each.rule.sources))
        found[each.source.name][each.rule.sources, each.rule.targets] = peak
    np.testing.assert_array_equal(found["alone"], found["shared"])
    # The weight (pA) is in proportion to the PSP.
    np.testing.assert_allclose(found["alone"] / found["alone"].max(), truth / truth.max())
    assert not np.diag(truth).any()
    driven = [drive.target.name for drive in net.drives]
    assert (driven.count("alone"), driven.count("shared")) == (1, 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--duration", "5000"), "duration = 5000 ms is too short to fit a model"),
        (("--set", "probability=1.5"), "probability = 1.5 is outside 0.01 to 0.9"),
        (("--set", "psp=-1"), "psp = -1 mV is outside 0.1 to 10 mV"),
    ],
)
def test_invalid_settings_are_rejected(refused, arguments, words):
    assert words in refused("population-glm", *arguments)
