"""A network with two pools that decides, and the logistic function of its choices."""

from __future__ import annotations

import numpy as np
import pytest

from scenarios.networks.decision_trials import COHERENCES, TRIAL, Trials, coherences


def test_strong_motion_decides_the_choice(command) -> None:
    found = command("run", "decision", "--no-plot", "--duration", "10500")["findings"]
    assert found["trials"] == 7
    assert found["before_hz"] < 4.0
    assert found["winner_hz"] > 20.0 > 6.0 > found["loser_hz"]
    assert found["correct"][-1] == 1.0  # two trials, each wrong with a probability below 5 %


def test_all_coherences_are_shown_equally_often() -> None:
    values, times = np.unique(coherences(14.0 * TRIAL), return_counts=True)
    assert values == pytest.approx(COHERENCES)
    assert (times == 2).all()


def test_choice_and_decision_time_follow_from_the_rates() -> None:
    right = np.array([5.0] * 3 + [20.0] * 17)
    left = np.array([5.0] * 8 + [14.0] * 12)
    rates = np.stack([np.stack([right, left], 1), np.stack([left, 0.2 * right], 1)])
    found = Trials(np.array([0.1, 0.1]), rates, 2.0)
    assert found.right.tolist() == [True, True]
    assert found.times.tolist() == [200.0, 1000.0]  # the second winner stays below threshold
