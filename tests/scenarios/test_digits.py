from __future__ import annotations

import numpy as np
import pytest

from bridge.datasets import digits, shifted


@pytest.mark.slow
def test_spiking_codes_classify_like_the_trained_network(command, tmp_path):
    measures = command("compare", "digits")["comparison"]
    assert measures["right_abstract"]["value"] >= 0.98
    assert abs(measures["right_abstract"]["value"] - measures["right_rate"]["value"]) <= 0.005
    assert measures["agreement_rate"]["value"] > 0.99
    assert measures["agreement_first_spike"]["value"] > 0.99
    assert measures["right_first_spike"]["value"] > measures["right_abstract"]["value"] - 0.005
    assert (tmp_path / "digits-comparison-accuracy.png").exists()


def test_training_and_test_images_are_disjoint():
    data = digits(fold=2)
    assert (len(data.images), len(data.held_out)) == (1438, 359)
    everything = np.concatenate([data.images, data.held_out])
    assert everything.min() == 0.0
    assert everything.max() == 1.0
    images, moved = shifted(data.images[:9]).reshape(2, 9, 8, 8)
    assert (images.reshape(9, 64) == data.images[:9]).all()
    assert (moved[0, :-1] == images[0, 1:]).all()
    assert (moved[0, -1] == 0.0).all()
    assert (moved[7, :, 1:] == images[7, :, :-1]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "hidden=1"), "outside 8 to 1024"),
        (("--set", "rate=1000"), "outside 10 to 500 Hz"),
        (("--duration", "30", "--set", "steps=20", "--set", "hidden=8"), "last first spike"),
    ],
)
def test_invalid_runs_are_refused(refused, arguments, message):
    assert message in refused("digits", *arguments)
