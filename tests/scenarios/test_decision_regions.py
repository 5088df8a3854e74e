from __future__ import annotations

import numpy as np
import pytest

from scenarios.networks.decision_regions import (
    PENTAGONS,
    RADIUS,
    SHAPES,
    fires_inside,
    inside,
    polygon,
)

POINTS = np.random.default_rng(1).uniform(-1.0, 1.0, (20_000, 2))


@pytest.mark.parametrize("n", [3, 4, 8, 24])
def test_a_polygon_has_the_area_of_the_circle(n):
    # The box has area 16; five standard errors of the fraction of points within.
    fraction = np.pi * RADIUS**2 / 16.0
    error = np.sqrt(fraction * (1.0 - fraction) / len(POINTS))
    fires = fires_inside((polygon(n),))(2.0 * POINTS)[:, 0]
    assert abs(fires.mean() - fraction) < 5.0 * error
    assert abs(inside("circle", 2.0 * POINTS).mean() - fraction) < 5.0 * error


def test_two_pentagons_need_a_third_layer():
    network = fires_inside(PENTAGONS)
    assert [len(layer.bias) for layer in network.layers] == [10, 2, 1]
    within = [(POINTS @ w.T + b > 0).all(axis=1) for w, b in PENTAGONS]
    assert (network(POINTS)[:, 0] == np.logical_or(*within)).all()
    assert 0.1 < inside("two pentagons", POINTS).mean() < 0.4


@pytest.mark.slow
def test_constructed_and_learned_regions(command, tmp_path):
    result = command("compare", "decision-regions", "--set", "starts=1")
    found, measures = result["findings"], result["comparison"]
    assert found["wrong"] == dict.fromkeys(SHAPES, 0)
    units = ["4 + 1", "5 + 1", "6 + 1", "24 + 1", "10 + 2 + 1"]
    assert list(found["shape_units"].values()) == units
    assert measures["agreement"]["value"] == 1.0
    # The error falls with the number of units and of examples, but not with that of layers.
    assert measures["error_1_units"] > 0.2
    assert measures["error_24_units"] < 0.05
    examples = [measures[f"error_{n}_examples"] for n in (30, 100, 300, 1000)]
    assert examples == sorted(examples, reverse=True)
    assert examples[-1] < 0.03
    assert measures["error_3_layers"] < 0.04
    assert measures["error_11_layers"] > measures["error_3_layers"]
    for name in ("regions", "comparison-errors"):
        assert (tmp_path / f"decision-regions-{name}.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "examples=1"), "outside 20 to 5000"),
        (("--duration", "10"), "give at least 15 ms"),
    ],
)
def test_invalid_runs_are_refused(refused, arguments, message):
    assert message in refused("decision-regions", *arguments)
