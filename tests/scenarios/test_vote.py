from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

import neurosim as ns
from neurosim.scenario import RunOptions
from scenarios.artificial_neuron.vote import (
    CLASSIFIER,
    GRID,
    Settings,
    network,
    outcome,
    trained_on,
)


@pytest.fixture(scope="module")
def election():
    """Return the classifier's spikes, and the incomes and votes of the voters."""
    settings = Settings()
    options = RunOptions(duration=5.0, dt=5.0)
    return outcome(ns.simulate(network(settings, options), 5.0, dt=5.0, seed=1), settings)


def test_the_lectures_three_votes(command, tmp_path):
    found = command("run", "vote")["findings"]
    assert found["scores"] == pytest.approx([-4.0, -1.0, -6.0])
    assert np.round(found["predictions"], 3).tolist() == [0.018, 0.269, 0.002]
    assert found["classes"] == [0, 0, 0]
    assert np.round(found["costs"], 3).tolist() == [0.018, 1.313, 0.002]
    assert round(found["beta_per_mv"], 3) == 0.533
    assert found["psp_mv"] == pytest.approx(0.1875)
    assert found["potentials_mv"] == pytest.approx([-62.5, -56.875, -66.25])
    assert found["three_votes_separable"] is True
    assert (tmp_path / "vote-spikes.png").exists()


def test_spiking_classifier_fires_with_the_predicted_probability(election):
    fired, _, _ = election
    trials = fired.shape[1]
    p_values = [
        binomtest(int(spikes), trials, float(p)).pvalue
        for spikes, p in zip(fired.sum(axis=1), CLASSIFIER.probability(GRID[:, None]), strict=True)
    ]
    # Below 1e-6 at any of 18 incomes: an error rate of 2e-5.
    assert min(p_values) > 1e-6


def test_training_ends_at_scikit_learns_unregularised_solution(election):
    _, incomes, votes = election
    trained = trained_on(incomes, votes)
    incomes = incomes[:, None]
    reference = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12)
    reference.fit(incomes, votes)
    assert trained.intercept_ == pytest.approx(reference.intercept_, abs=1e-6)
    assert trained.coef_ == pytest.approx(reference.coef_, abs=1e-6)
    assert trained.predict_proba(incomes) == pytest.approx(
        reference.predict_proba(incomes), abs=1e-6
    )


def test_training_on_voters_who_spike_lowers_the_cost(command, tmp_path):
    told = command("compare", "vote")["comparison"]
    assert told["agreement"]["value"] == 1.0
    assert told["cost_after"]["value"] <= told["cost_best"]["value"]
    assert told["cost_after"]["value"] < 0.5 * told["cost_before"]["value"]
    for key, truth in (("theta_0", -6.0), ("theta_1", 0.12)):
        # Four standard errors: fails by chance once in 16,000 seeds, and this seed is fixed.
        half = 0.5 * (told[key]["high"] - told[key]["low"])
        assert abs(told[key]["value"] - truth) < 4.0 / 1.96 * half
    assert (tmp_path / "vote-comparison-vote.png").exists()


@pytest.mark.parametrize(("assignment", "words"), [("trials=1", "100 to"), ("voters=1", "100 to")])
def test_settings_out_of_range_are_refused(refused, assignment, words):
    assert words in refused("vote", "--set", assignment)
