from __future__ import annotations

import numpy as np
import pytest

from scenarios.networks.shift_invariance_model import (
    PATTERN,
    PLACES,
    SIDE,
    Images,
    full_start,
    shared_start,
)


def test_shared_weights_do_not_care_where():
    network = shared_start(4)
    outputs = []
    for row, column in np.ndindex(PLACES, PLACES):
        image = np.zeros((SIDE, SIDE))
        image[row : row + 3, column : column + 3] = PATTERN
        outputs.append(network(image.reshape(1, -1))[0, 0])
    inner = np.array(outputs).reshape(PLACES, PLACES)[2:-2, 2:-2]
    assert inner == pytest.approx(inner[0, 0], rel=1e-12)


def test_parameters_are_counted_once():
    assert shared_start(0).n_parameters == 9 + 1 + 1 + 1
    assert full_start(0).n_parameters == 100 * 20 + 20 + 20 + 1


def test_images_hold_one_cross_where_told():
    columns = np.arange(PLACES)
    images = Images.draw(columns, 0.0, np.random.default_rng(0))
    lit = images.pixels.reshape(-1, SIDE, SIDE)
    assert (lit.sum(axis=(1, 2)) == 5).all()
    assert (lit.any(axis=1).argmax(axis=1) == columns).all()


@pytest.mark.slow
def test_a_pattern_is_found_wherever_it_appears(command, tmp_path):
    result = command("compare", "shift-invariance")
    found, told = result["findings"], result["comparison"]
    assert found["parameters_shared"] == 12
    assert found["parameters_full"] == 2041
    for place in ("learned", "other"):
        assert told[f"right_{place}_places_shared"]["value"] > 0.98
        assert told[f"right_spiking_{place}_places_shared"]["value"] > 0.95
    assert told["right_learned_places_full"]["low"] > 0.85
    # Elsewhere a guess: not above 1/2 by five standard errors of 2500 images.
    assert told["right_other_places_full"]["value"] < 0.7
    assert told["right_spiking_other_places_full"]["value"] < 0.7
    assert told["agreement"]["value"] > 0.95
    for name in ("detectors", "comparison-places", "comparison-weights"):
        assert (tmp_path / f"shift-invariance-{name}.png").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "examples=1"), "outside 100 to 5000"),
        (("--set", "noise=0.5"), "outside 0 to 0.1"),
        (("--duration", "5"), "a step after"),
    ],
)
def test_what_cannot_be_is_refused(refused, arguments, words):
    assert words in refused("shift-invariance", *arguments)
