from __future__ import annotations

import numpy as np
import pytest

from scenarios.networks.feature_map import squaring


def test_the_fraction_of_units_that_fire_is_the_square():
    inputs = np.random.default_rng(0).uniform(-1.0, 1.0, (500, 2))
    layer = squaring(10)
    fired = layer.activation(layer.score(inputs)).reshape(500, 2, -1).sum(axis=2) / 10
    assert np.abs(fired - inputs**2).max() <= 0.05 + 1e-12
    assert fired.max() > 0.9


@pytest.mark.slow
def test_a_line_separates_the_classes_after_squaring(command, tmp_path):
    result = command("compare", "feature-map")
    found, measures = result["findings"], result["comparison"]
    assert found["separable_raw"] is False
    assert found["separable_mapped"] is True
    assert measures["right_mapped"]["value"] == 1.0
    assert measures["right_spiking_mapped"]["value"] > 0.97
    for key in ("right_raw", "right_spiking_raw"):
        assert measures[key]["high"] < 0.85
    assert measures["agreement_mapped"]["value"] > 0.95
    assert found["largest_difference_square"] <= 0.5 / 16 + 1e-12
    for name in ("map", "comparison-planes"):
        assert (tmp_path / f"feature-map-{name}.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "examples=1"), "outside 20 to 2000"),
        (("--set", "neurons=1"), "outside 2 to 64"),
        (("--duration", "5"), "give at least 10 ms"),
    ],
)
def test_invalid_runs_are_refused(refused, arguments, message):
    assert message in refused("feature-map", *arguments)
