from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.special import expit

from scenarios.networks.vote_zones import VOTER, Settings, simulate_votes, trained


def true_probability(inputs: np.ndarray) -> np.ndarray:
    """Sum over the four states of the two hidden neurons."""
    hidden, output = VOTER.layers
    fires = hidden.activation(hidden.score(inputs))
    probability = np.zeros(len(inputs))
    for state in map(np.array, product((False, True), repeat=2)):
        of_state = np.where(state, fires, 1.0 - fires).prod(axis=1)
        probability += of_state * expit(output.score(state[np.newaxis])[0, 0])
    return probability


def test_voters_vote_yes_with_the_true_probability():
    points = np.random.default_rng(0).uniform(-1.0, 1.0, (200, 2))
    votes = simulate_votes(np.repeat(points, 300, axis=0), seed=3).reshape(200, 300)
    probability = true_probability(points)
    error = np.sqrt(np.maximum(probability * (1.0 - probability), 1e-3) / 300)
    # Nowhere 5.5 standard errors off: an error rate below 1e-4.
    assert (np.abs(votes.mean(axis=1) - probability) < 5.5 * error + 2e-3).all()


@pytest.mark.slow
def test_a_line_a_zone_of_uncertainty_and_overfitting(command, tmp_path):
    measures = command("compare", "vote-zones")["comparison"]
    assert [measures[f"parameters_{name}"] for name in ("1", "3", "101")] == [3, 9, 401]
    assert measures["right_seen_101"]["value"] == 1.0
    assert measures["right_spiking_seen_101"]["value"] > 0.98
    for name in ("1", "3"):
        assert measures[f"gap_{name}"] < 0.08
        assert measures[f"right_unseen_{name}"]["low"] > measures["right_unseen_101"]["high"]
    assert measures["gap_101"] > 0.2
    # The zone of uncertainty has a lower cost than a line, and overfitting the highest one.
    costs = [measures[f"cost_unseen_{name}"]["value"] for name in ("3", "1", "101")]
    assert costs == sorted(costs)
    assert costs[2] > 10.0 * costs[1]
    # In the zone of uncertainty decisions are random, so three neurons agree least.
    for name, least in (("agreement_1", 0.93), ("agreement_3", 0.85), ("agreement_101", 0.93)):
        assert measures[name]["value"] > least
    assert (tmp_path / "vote-zones-zones.png").exists()


def test_one_neuron_draws_a_straight_line_and_three_a_plateau():
    networks = trained(Settings(), 1)
    # Along the middle of the zone of uncertainty three neurons hardly change, less than across it.
    along = np.column_stack([np.linspace(-0.9, -0.2, 50), np.linspace(0.9, 0.2, 50)])
    plateau = networks["3"](along)[:, 0]
    assert ((plateau > 0.2) & (plateau < 0.8)).all()
    assert networks["3"]([[-1.0, -1.0]])[0, 0] < 0.05
    assert networks["3"]([[1.0, 1.0]])[0, 0] > 0.95
    assert len(networks["1"].layers) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "voters=1"), "outside 50 to 300"),
        (("--set", "steps=0"), "outside 1 to 10000"),
        (("--duration", "5"), "give at least 10 ms"),
    ],
)
def test_invalid_runs_are_refused(refused, arguments, message):
    assert message in refused("vote-zones", *arguments)
