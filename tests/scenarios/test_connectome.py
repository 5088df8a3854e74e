from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from neurosim.scenario import RunOptions
from scenarios.recordings.connectome_model import Settings, lengths, network, spike_trains, wiring

SMALL = (
    *("--set", "excitatory=32", "--set", "inhibitory=8", "--set", "probability=0.3"),
    *("--duration", "120000"),
)


@pytest.fixture(scope="module")
def small() -> dict:
    """Two minutes of forty neurons, compared once for all tests."""
    import json
    import tempfile
    from contextlib import redirect_stdout
    from io import StringIO
    from pathlib import Path

    from neurosim.cli import main

    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()) as said:
        arguments = ("compare", "connectome", *SMALL, "--json", "--out", folder)
        assert main([*arguments]) == 0
        pictures = {path.name for path in Path(folder).glob("*.png")}
    return json.loads(said.getvalue()) | {"pictures": pictures}


@pytest.mark.slow
def test_logistic_neurons_tell_synapses_better_than_cross_correlation_at_every_length(small):
    told = small["comparison"]
    assert told["logistic_above_correlation"] is True
    for length in (24, 60, 120):
        ours, theirs = (told[f"auc_{key}_{length}_s"] for key in ("logistic", "correlation"))
        assert ours["value"] > theirs["value"]
    assert told["auc_logistic_120_s"]["low"] > 0.95


@pytest.mark.slow
def test_signs_and_strengths_are_recovered(small):
    told = small["comparison"]
    assert told["sign_accuracy"]["value"] >= 0.99
    assert told["strength_correlation"]["low"] > 0.9
    assert told["found"]["low"] > 0.6
    assert told["false_calls"]["value"] < 0.06
    # Absent synapses are near N(0, 1): what the model leaves unexplained adds a little.
    assert 0.9 < told["null_sd"]["value"] < 1.25
    for kind in ("excitatory", "inhibitory"):
        assert 0.6 < told[f"mv_per_mv_{kind}"]["value"] < 1.4


@pytest.mark.slow
def test_everything_is_drawn(small):
    assert small["pictures"] == {
        "connectome-raster.png",
        "connectome-wiring.png",
        "connectome-comparison-quality.png",
        "connectome-comparison-strengths.png",
        "connectome-comparison-matrices.png",
        "connectome-comparison-correlograms.png",
    }


def test_the_network_fires_at_a_few_hz_and_asynchronously(small):
    found = small["findings"]
    assert 1.0 < found["rate_hz"] < 12.0
    assert 0.5 < found["cv_isi"] < 1.2
    assert found["correlation_10ms"] < 0.1


@pytest.mark.slow
def test_with_a_soft_threshold_the_model_is_right_and_its_errors_hold(command):
    told = command("compare", "connectome", *SMALL, "--set", "noise=escape", "--no-plot")
    compared = told["comparison"]
    n_absent = 40 * 39 - told["findings"]["synapses"]
    # Spread of a standard deviation of N(0, 1) over that many pairs, four times: 1 in 16,000.
    assert compared["null_sd"]["value"] == pytest.approx(1.0, abs=4.0 / np.sqrt(2.0 * n_absent))
    assert compared["sign_accuracy"]["value"] >= 0.99
    assert compared["log_odds_per_mv_expected"] == 0.5


def test_the_wiring_obeys_dale_and_the_settings():
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


def test_the_synapses_that_are_scored_are_those_that_were_simulated():
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


def test_trains_keep_the_order_of_the_wiring():
    settings = Settings(excitatory=3, inhibitory=2)
    net = network(settings, RunOptions(duration=20_000.0))
    result = ns.simulate(net, 1000.0)
    trains = spike_trains(result)
    assert len(trains) == 5
    np.testing.assert_array_equal(trains[3], result.spikes["inh"].of(0))


def test_no_length_is_shorter_than_twenty_seconds():
    assert lengths(600_000.0) == [30_000.0, 60_000.0, 120_000.0, 300_000.0, 600_000.0]
    assert lengths(60_000.0) == [30_000.0, 60_000.0]
    assert lengths(20_000.0) == [20_000.0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--duration", "5000"), "duration = 5000 ms is below 20000 ms"),
        (("--set", "probability=1.5"), "probability = 1.5 is outside 0.001 to 0.9"),
        (("--set", "psp=-1"), "psp = -1 mV is outside 0.1 to 10 mV"),
        (("--set", "inhibitory=0"), "inhibitory = 0 is outside 1 to 1000"),
        (("--set", "noise=none"), "noise = 'none' is not one of membrane, escape"),
    ],
)
def test_what_makes_no_sense_is_refused(refused, arguments, words):
    assert words in refused("connectome", *arguments)
