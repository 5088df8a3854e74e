from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import binomtest, chi2

import bridge
import neurosim as ns
from neurosim.cli import main
from neurosim.scenario import RunOptions
from scenarios._kit import pool_trials
from scenarios.biological_neuron.two_synapse_neuron import Settings, network, outcome

SEEDS = range(20)


def outcome_of(settings: Settings, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    options = RunOptions(duration=1.0, seed=seed)
    return outcome(ns.simulate(network(settings, options), 1.0, seed=seed), settings)


def test_without_noise_the_neuron_is_a_step_function(command, tmp_path):
    found = command("run", "two-synapse-neuron")["findings"]
    assert found["noiseless_as_step"] == 1.0
    assert found["fired_at_exactly_threshold"] is False
    assert found["theta"] == pytest.approx([-15.0 * 0.56733, 3.0 * 0.56733, -2.0 * 0.56733], 1e-4)
    assert (tmp_path / "two-synapse-neuron-derivation.png").exists()


def test_with_noise_the_firing_probability_is_gaussian():
    settings = Settings()
    excess, _, fired = outcome_of(settings, seed=1)
    excess, spikes, trials = pool_trials(excess, fired)
    expected = ndtr(excess / settings.sigma)
    p_values = [
        binomtest(round(k), int(n), p).pvalue
        for k, n, p in zip(spikes, trials, expected, strict=True)
    ]
    # Below 1e-6 at any of 49 potentials: an error rate of 5e-5.
    assert len(p_values) == 49
    assert min(p_values) > 1e-6


def test_a_logistic_neuron_trained_on_spikes_recovers_the_psps(command, tmp_path):
    compared = command("compare", "two-synapse-neuron")["comparison"]
    for key, truth in (("psp_1", 3.0), ("psp_2", -2.0)):
        assert compared[key]["low"] <= truth <= compared[key]["high"]
        assert compared[key]["high"] - compared[key]["low"] < 0.1
    assert (tmp_path / "two-synapse-neuron-comparison-difference.png").exists()


def test_spiking_and_logistic_neuron_make_the_same_decisions(command):
    compared = command("compare", "two-synapse-neuron", "--no-plot")["comparison"]
    # Only the three inputs that reach the threshold exactly have a probability of 1/2.
    assert compared["agreement"]["value"] >= 1.0 - 3.0 / 121.0
    assert compared["largest_gaussian_minus_derived"] <= 0.0095
    assert compared["cross_entropy_gaussian"]["value"] <= compared["cross_entropy_derived"]["value"]
    assert compared["cross_entropy_trained"]["value"] <= compared["cross_entropy_derived"]["value"]


def test_intervals_of_the_psps_have_their_nominal_coverage():
    settings = Settings(repeats=100)
    fits = [
        bridge.LogisticNeuron(solver="newton").fit(
            settings.plane.trials(100), outcome_of(settings, seed)[2].ravel()
        )
        for seed in SEEDS
    ]
    intervals = np.array([fit.psp_interval_ for fit in fits])
    inside = (intervals[..., 0] <= settings.psps) & (settings.psps <= intervals[..., 1])
    # Fewer than 14 of 20 intervals of 95 %: probability 3e-5 for each synapse.
    assert (inside.sum(axis=0) >= 14).all()
    # Neither too wide nor too narrow, at an error rate of 1e-4 for each synapse.
    spread = np.var([fit.psp_ for fit in fits], axis=0, ddof=1)
    stated = np.mean([fit.psp_standard_errors_**2 for fit in fits], axis=0)
    low, high = chi2.ppf([5e-5, 1.0 - 5e-5], len(SEEDS) - 1) / (len(SEEDS) - 1)
    assert ((spread / stated > low) & (spread / stated < high)).all()


@pytest.mark.parametrize("assignment", ["psps=50,50", "sigma=0.01"])
def test_separable_trials_are_reported_without_a_warning(capsys, tmp_path, assignment):
    arguments = ["--set", assignment, "--out", str(tmp_path), "--no-plot"]
    assert main(["compare", "two-synapse-neuron", *arguments]) == 0
    printed = " ".join(capsys.readouterr().err.split())
    assert "The trials are separable, so the weights have no intervals." in printed
    assert "Warning" not in printed


def test_neurons_that_never_fire_cannot_be_compared(capsys, tmp_path):
    arguments = ["--set", "psps=-3,-2", "--out", str(tmp_path), "--no-plot"]
    assert main(["compare", "two-synapse-neuron", *arguments]) == 2
    assert "fires in none of the trials" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("psps=3", "psps has 1 value: give 2, in mV"),
        ("sigma=0", "sigma = 0 mV is outside"),
        ("spikes=0", "outside 1 to 30"),
        ("repeats=1000000", "outside 20 to 2000"),
    ],
)
def test_settings_out_of_range_are_refused(refused, assignment, words):
    assert words in refused("two-synapse-neuron", "--set", assignment)
