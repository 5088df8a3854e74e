from __future__ import annotations

import numpy as np
import pytest

from scenarios.networks.vote_zones_model import Settings, decide, law, poll_of


def test_voters_vote_as_often_as_the_law_says():
    points = np.random.default_rng(0).uniform(-1.0, 1.0, (200, 2))
    votes = decide(np.repeat(points, 300, axis=0), seed=3).reshape(200, 300)
    probability = law(points)
    error = np.sqrt(np.maximum(probability * (1.0 - probability), 1e-3) / 300)
    # Nowhere 5.5 standard errors off: an error rate below 1e-4.
    assert (np.abs(votes.mean(axis=1) - probability) < 5.5 * error + 2e-3).all()


@pytest.mark.slow
def test_a_line_a_zone_of_doubt_and_learning_by_heart(command, tmp_path):
    result = command("compare", "vote-zones")
    told = result["comparison"]
    assert [told[f"parameters_{name}"] for name in ("1", "3", "101")] == [3, 9, 401]
    assert told["right_seen_101"]["value"] == 1.0
    assert told["right_spiking_seen_101"]["value"] > 0.98
    for name in ("1", "3"):
        assert told[f"gap_{name}"] < 0.08
        assert told[f"right_unseen_{name}"]["low"] > told["right_unseen_101"]["high"]
    assert told["gap_101"] > 0.2
    # The zone of doubt costs less than one line, and learning by heart more than anything.
    costs = [told[f"cost_unseen_{name}"]["value"] for name in ("best", "3", "1", "101")]
    assert costs == sorted(costs)
    assert costs[3] > 10.0 * costs[2]
    # In the zone of doubt chance decides, so that three neurons agree the least.
    for name, least in (("agreement_1", 0.93), ("agreement_3", 0.85), ("agreement", 0.93)):
        assert told[name]["value"] > least
    for name in ("zones", "comparison-zones", "comparison-accuracy"):
        assert (tmp_path / f"vote-zones-{name}.png").exists()


def test_the_line_of_one_neuron_is_straight_and_three_draw_a_plateau():
    networks = poll_of(Settings(), 1).networks
    # Along the middle of the zone of doubt three neurons hardly change, less so than across it.
    along = np.column_stack([np.linspace(-0.9, -0.2, 50), np.linspace(0.9, 0.2, 50)])
    doubt = networks["3"](along)[:, 0]
    assert ((doubt > 0.2) & (doubt < 0.8)).all()
    assert networks["3"]([[-1.0, -1.0]])[0, 0] < 0.05
    assert networks["3"]([[1.0, 1.0]])[0, 0] > 0.95
    assert len(networks["1"].layers) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "voters=1"), "outside 50 to 300"),
        (("--set", "steps=0"), "outside 1 to 10000"),
        (("--duration", "5"), "needs two"),
    ],
)
def test_what_cannot_be_is_refused(refused, arguments, words):
    assert words in refused("vote-zones", *arguments)
