from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

import bridge
from scenarios.logic_and_learning.neuron_graph import GRAPH, POINT, both_paths, chain_rule


def test_the_graph_computes_the_formula_of_the_lecture():
    x1, x2, x3 = np.random.default_rng(0).normal(size=(3, 50))
    f1, f2, f3 = expit(2 * x1 - 1), expit(-2 * x2 - 0.5), expit(1.5 * x3)
    f4 = expit(5 * f1 - 4 * f2 - 0.5)
    g = expit(5 * f4 + 6 * f2 - 4 * f3 - 2.5)

    assert GRAPH(np.column_stack([x1, x2, x3]))[:, 0] == pytest.approx(g)
    assert GRAPH.depths == (1, 1, 1, 2, 3)


def test_derivatives_equal_the_chain_rule_by_hand():
    values, slopes = chain_rule()
    f1, f2, f3, f4, g = (values[f"f{k}"] for k in range(1, 6))
    by_score = g * (1 - g)
    by_f4 = by_score * 5.0
    through_f4, direct = by_f4 * f4 * (1 - f4) * -4.0, by_score * 6.0

    assert slopes["f4"] == pytest.approx(by_f4)
    assert both_paths() == pytest.approx((through_f4, direct))
    assert slopes["f2"] == pytest.approx(through_f4 + direct)
    assert slopes["x2"] == pytest.approx((through_f4 + direct) * f2 * (1 - f2) * -2.0)
    assert slopes["x1"] == pytest.approx(by_f4 * f4 * (1 - f4) * 5.0 * f1 * (1 - f1) * 2.0)
    assert slopes["x3"] == pytest.approx(by_score * -4.0 * f3 * (1 - f3) * 1.5)


def test_layers_and_matrices_give_the_same_values(command, tmp_path):
    found = command("run", "neuron-graph")["findings"]
    assert found["largest_difference_layers"] < 1e-12
    first, second, third = found["layers"]
    assert first == [[2.0, 0.0, 0.0], [0.0, -2.0, 0.0], [0.0, 0.0, 1.5]]
    assert (second, third) == ([[5.0, -4.0]], [[6.0, -4.0, 5.0]])
    assert found["parameters"] == 13
    assert bridge.in_levels(GRAPH).n_parameters == 13
    assert found["values"]["f5"] == pytest.approx(GRAPH(POINT[None])[0, 0])
    assert (tmp_path / "neuron-graph-spikes.png").exists()


def test_spikes_give_the_same_values_and_slopes(command, tmp_path):
    printed = command("compare", "neuron-graph")
    compared, found = printed["comparison"], printed["findings"]
    assert compared["agreement"]["value"] > 0.95
    # Four standard errors of 1000 neurons, and the resolution of groups of 40.
    assert compared["largest_difference"] < 4.0 * 0.5 / np.sqrt(1000) + 0.02
    assert found["spiking_slopes"] == pytest.approx([0.553, -0.157, -0.222], abs=0.09)
    for name in ("graph", "comparison-slopes"):
        assert (tmp_path / f"neuron-graph-{name}.png").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("--set", "trials=1"), "outside 50 to 10000"), (("--duration", "10"), "longest path")],
)
def test_settings_out_of_range_are_refused(refused, arguments, words):
    assert words in refused("neuron-graph", *arguments)
