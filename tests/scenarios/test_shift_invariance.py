from __future__ import annotations

import numpy as np
import pytest

from scenarios.networks.shift_invariance import (
    POSITIONS,
    SIDE,
    UPRIGHT,
    draw_images,
    initial_network,
)


def test_shared_weights_are_invariant_to_shifts():
    network = initial_network("shared", 4)
    outputs = []
    for row, column in np.ndindex(POSITIONS, POSITIONS):
        image = np.zeros((SIDE, SIDE))
        image[row : row + 3, column : column + 3] = UPRIGHT
        outputs.append(network(image.reshape(1, -1))[0, 0])
    inner = np.array(outputs).reshape(POSITIONS, POSITIONS)[2:-2, 2:-2]
    assert inner == pytest.approx(inner[0, 0], rel=1e-12)


def test_shared_parameters_count_once():
    assert initial_network("shared", 0).n_parameters == 9 + 1 + 1 + 1
    assert initial_network("full", 0).n_parameters == 100 * 20 + 20 + 20 + 1


def test_images_contain_one_cross_in_the_given_column():
    columns = np.arange(POSITIONS)
    pixels, _ = draw_images(columns, 0.0, np.random.default_rng(0))
    images = pixels.reshape(-1, SIDE, SIDE)
    assert (images.sum(axis=(1, 2)) == 5).all()
    assert (images.any(axis=1).argmax(axis=1) == columns).all()


@pytest.mark.slow
def test_shared_weights_find_a_pattern_wherever_it_appears(command, tmp_path):
    result = command("compare", "shift-invariance")
    found, measures = result["findings"], result["comparison"]
    assert found["parameters_shared"] == 12
    assert found["parameters_full"] == 2041
    for region in ("learned", "other"):
        assert measures[f"right_{region}_columns_shared"]["value"] > 0.98
        assert measures[f"right_spiking_{region}_columns_shared"]["value"] > 0.95
    assert measures["right_learned_columns_full"]["low"] > 0.85
    # Chance elsewhere: at most 0.7, far above 1/2 plus five standard errors of 2500 images.
    assert measures["right_other_columns_full"]["value"] < 0.7
    assert measures["right_spiking_other_columns_full"]["value"] < 0.7
    assert measures["agreement_shared"]["value"] > 0.95
    for name in ("detectors", "comparison-places"):
        assert (tmp_path / f"shift-invariance-{name}.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "examples=1"), "outside 100 to 5000"),
        (("--set", "noise=0.5"), "outside 0 to 0.1"),
        (("--duration", "5"), "give at least 10 ms"),
    ],
)
def test_invalid_runs_are_refused(refused, arguments, message):
    assert message in refused("shift-invariance", *arguments)
