"""Neurons with different thresholds, and logistic neurons with one bias or many."""

from __future__ import annotations

import pytest


def test_different_neurons_become_active_one_after_another(command) -> None:
    found = command("run", "heterogeneity", "--no-plot")["findings"]
    assert found["different_range_mv"] > 2.5 * found["equal_range_mv"]
    # Thresholds are 15 mV above rest on average; noise lets neurons fire below them.
    assert 10.0 < found["equal_first_mv"] < found["equal_all_mv"] < 18.0


def test_a_bias_for_each_neuron_recovers_slope_and_information(command) -> None:
    found = command("compare", "heterogeneity", "--no-plot")["comparison"]
    slope = {name: found[f"beta_{name}"]["value"] for name in ("equal", "common", "own")}
    assert slope["own"] == pytest.approx(slope["equal"], rel=0.2)
    assert slope["common"] < 0.5 * slope["equal"]
    assert found["bits_own"]["value"] > found["bits_common"]["value"] + 0.4
