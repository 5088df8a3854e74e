from __future__ import annotations

import numpy as np
import pytest

from bridge.datasets import digits, shifted


@pytest.mark.slow
def test_the_spiking_twins_read_digits_as_the_trained_network_does(command, tmp_path):
    told = command("compare", "digits")["comparison"]
    assert told["right_abstract"]["value"] >= 0.98
    assert abs(told["points_lost"]) <= 0.5
    assert told["agreement"]["value"] > 0.99
    assert told["agreement_first_spike"]["value"] > 0.99
    assert told["right_first_spike"]["value"] > told["right_abstract"]["value"] - 0.005
    # For the same spikes nowhere worse than firing by chance, of which 1 step is the hardest.
    assert told["least_gain_over_chance"] >= 0.0
    assert told["first_spike_gain_over_chance"] > 0.0
    assert told["chance_1_steps"] < told["chance_8_steps"] < told["chance_128_steps"]
    assert told["error_rate_layer_1"] < 0.02
    assert told["error_first_spike_layer_1"] < 0.01
    for name in ("accuracy", "layers"):
        assert (tmp_path / f"digits-comparison-{name}.png").exists()


def test_no_held_out_image_is_learned_from():
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
    ("arguments", "words"),
    [
        (("--set", "hidden=1"), "outside 8 to 1024"),
        (("--set", "rate=1000"), "outside 10 to 500 Hz"),
        (("--duration", "30", "--set", "steps=1", "--set", "hidden=8"), "last first spike"),
    ],
)
def test_what_digits_cannot_run_is_refused(refused, arguments, words):
    assert words in refused("digits", *arguments)
