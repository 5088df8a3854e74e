"""Changes of weights by pairs, triplets and reward."""

from __future__ import annotations

import numpy as np
import pytest

from scenarios.logic_and_learning.spike_timing import MEASURED


def all_to_all(rule: str, frequency: float, order: float) -> float:
    """Return the change of the weight by 60 pairs (%), as a sum over pairs and triplets."""
    a2_plus, a2_minus, a3_plus, a3_minus = {
        "pair": (0.00536, 1.64 * 0.00536, 0.0, 0.0),
        "triplet": (5e-10, 7e-3, 6.2e-3, 2.3e-4),
    }[rule]
    pre = 1e3 / frequency * np.arange(60)
    post = pre + order

    def trace(spikes, times, tau):
        elapsed = np.subtract.outer(times, spikes)
        return np.where(elapsed > 1e-6, np.exp(-np.maximum(elapsed, 0.0) / tau), 0.0).sum(axis=1)

    up = trace(pre, post, 16.8) * (a2_plus + a3_plus * trace(post, post, 125.0))
    down = trace(post, pre, 33.7) * (a2_minus + a3_minus * trace(pre, pre, 101.0))
    return 100.0 * (up.sum() - down.sum())


def test_pairs_equal_the_sums_over_pairs_and_triplets_and_reward_selects_a_synapse(command) -> None:
    found = command("run", "spike-timing", "--no-plot", "--duration", "600000")["findings"]
    for rule in ("pair", "triplet"):
        for row, order in enumerate((10.0, -10.0)):
            expected = [all_to_all(rule, f, order) for f in (0.1, 10.0, 20.0, 40.0, 50.0)]
            assert found[f"{rule}_percent"][row] == pytest.approx(expected, abs=1e-4)
    # Pfister & Gerstner 2006: the triplet rule is within the errors of the measurement.
    assert found["triplet_error"] < 0.7
    assert found["pair_error"] > 4.0
    assert np.abs(np.subtract(found["pair_percent"], MEASURED))[:, 1].max() < 0.5
    assert found["rewarded_mv"] > 1.2
    assert found["others_mv"] < 0.95


def test_a_run_shorter_than_the_pairs_is_an_error(refused) -> None:
    said = refused("spike-timing", "--duration", "1000")
    assert "ends before the pairs at 0.1 Hz: give at least 592051 ms" in said


@pytest.mark.slow
def test_reward_selects_one_synapse_as_a_gradient_rule_does(command, tmp_path) -> None:
    summary = command("compare", "spike-timing")
    found, measures = summary["findings"], summary["comparison"]
    assert found["rewarded_mv"] > 3.5
    assert found["others_mv"] < 0.7
    assert measures["reward_sd"] > 4.0
    assert measures["gradient_sd"] > 4.0
    assert measures["bits_learned"]["value"] > measures["bits_initial"]["value"] + 0.08
    assert len(list(tmp_path.glob("spike-timing-*.png"))) == 3
