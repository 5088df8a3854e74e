from __future__ import annotations

import json
from contextlib import redirect_stdout
from io import StringIO

import numpy as np
import pytest

import neurosim as ns
from neurosim.cli import main
from neurosim.scenario import RunOptions
from scenarios.recordings.connectome import Settings, network, spike_trains, wiring

SMALL = (
    *("--set", "excitatory=32", "--set", "inhibitory=8", "--set", "probability=0.3"),
    *("--duration", "120000"),
)


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> dict:
    """Output of `neurosim compare` for two minutes of forty neurons."""
    folder = tmp_path_factory.mktemp("small")
    with redirect_stdout(StringIO()) as output:
        assert main(["compare", "connectome", *SMALL, "--json", "--out", str(folder)]) == 0
    figures = {path.name for path in folder.glob("*.png")}
    return json.loads(output.getvalue()) | {"figures": figures}


@pytest.mark.slow
def test_logistic_neurons_rank_synapses_better_than_cross_correlation(small):
    measures = small["comparison"]
    assert measures["auc_logistic"]["value"] > measures["auc_correlation"]["value"]
    assert measures["auc_logistic"]["low"] > 0.95


@pytest.mark.slow
def test_signs_and_strengths_are_inferred(small):
    measures = small["comparison"]
    assert measures["sign_accuracy"]["value"] >= 0.99
    assert measures["strength_correlation"]["low"] > 0.9
    assert measures["found"]["low"] > 0.6
    assert measures["false_calls"]["value"] < 0.06
    # z of absent synapses are nearly N(0, 1); what the model does not explain adds a little.
    assert 0.9 < measures["null_sd"]["value"] < 1.25
    assert 0.6 < measures["mv_per_mv_excitatory"] < 1.2
    # Inhibition is underestimated.
    assert 0.4 < measures["mv_per_mv_inhibitory"] < 1.0


@pytest.mark.slow
def test_all_figures_are_drawn(small):
    assert small["figures"] == {
        "connectome-network.png",
        "connectome-comparison-synapses.png",
    }


def test_the_network_fires_irregularly_at_a_few_hz(small):
    found = small["findings"]
    assert 1.0 < found["rate_hz"] < 12.0
    assert 0.5 < found["cv_isi"] < 1.2


def test_the_wiring_follows_dales_law_and_the_settings():
    settings = Settings(excitatory=60, inhibitory=40, probability=0.2)
    psps, delays = wiring(settings, 3)
    assert (psps[:60] >= 0).all()
    assert (psps[60:] <= 0).all()
    assert not np.diag(psps).any()
    # Binomial: 9,900 pairs, four standard deviations.
    assert (psps != 0).sum() == pytest.approx(1980, abs=4 * np.sqrt(1980 * 0.8))
    assert delays.min() >= 1.0
    assert delays.max() <= 2.0
    assert (wiring(settings, 3)[0] == psps).all()
    assert (wiring(settings, 4)[0] != psps).any()


def test_the_true_synapses_are_those_of_the_network():
    settings = Settings(excitatory=3, inhibitory=2, probability=0.9)
    net = network(settings, RunOptions(duration=30_000.0, seed=5))
    psps, delays = wiring(settings, 5)
    found, late = np.zeros((5, 5)), np.zeros((5, 5))
    first = {"exc": 0, "inh": 3}
    for each in net.projections:
        rows = np.asarray(each.rule.sources) + first[each.source.name]
        columns = np.asarray(each.rule.targets) + first[each.target.name]
        found[rows, columns] = each.weight
        late[rows, columns] = each.delay
    np.testing.assert_allclose(found, psps)
    np.testing.assert_allclose(late[psps != 0], delays[psps != 0])


def test_spike_trains_have_the_order_of_the_wiring():
    settings = Settings(excitatory=3, inhibitory=2)
    net = network(settings, RunOptions(duration=20_000.0))
    result = ns.simulate(net, 1000.0)
    trains = spike_trains(result)
    assert len(trains) == 5
    np.testing.assert_array_equal(trains[3], result.spikes["inh"].of(0))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--duration", "5000"), "duration = 5000 ms is below 20000 ms"),
        (("--set", "probability=1.5"), "probability = 1.5 is outside 0.001 to 0.9"),
        (("--set", "psp=-1"), "psp = -1 mV is outside 0.1 to 10 mV"),
        (("--set", "inhibitory=0"), "inhibitory = 0 is outside 1 to 200"),
        (
            ("--set", "excitatory=2", "--set", "inhibitory=1", "--set", "probability=0.001"),
            "there are no synapses of one sign: increase their probability",
        ),
    ],
)
def test_invalid_settings_are_rejected(refused, arguments, words):
    assert words in refused("connectome", *arguments)
