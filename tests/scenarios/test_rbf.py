from __future__ import annotations

import numpy as np
import pytest

from scenarios.networks.rbf import GRID, KINDS, features, fits, noise


@pytest.mark.slow
def test_one_radial_unit_fits_a_disc_and_sigmoid_units_do_not(command, tmp_path):
    measures = command("compare", "rbf")["comparison"]
    assert measures["error_1_radial_one_disc"] < 1e-3
    assert measures["error_12_sigmoid_one_disc"] > 0.05
    assert measures["error_3_radial_three_discs"] < 0.05
    assert measures["error_12_sigmoid_three_discs"] > 2.0 * measures["error_3_radial_three_discs"]
    # The mean square of 441 fractions of 10 trials has a relative standard error of 15 %.
    assert measures["difference_unit"] < 1.3 * 0.054
    assert measures["agreement"]["value"] > 0.95
    assert measures["right_radial"] > 0.97
    # The standard error of 441 fractions of 10 trials is 0.005. The last bits of the training, and
    # with them the third digit of this fraction, depend on the processor.
    assert measures["right_spiking_radial"]["value"] > 0.88
    # What cancels in a sum of units does not cancel in a sum of neurons that fire at random.
    assert measures["noise_sigmoid"] > 3.0 * measures["noise_radial"]
    assert measures["right_spiking_sigmoid"]["high"] < measures["right_spiking_radial"]["low"] - 0.1
    for name in ("planes", "comparison-errors"):
        assert (tmp_path / f"rbf-{name}.png").exists()


def test_the_noise_of_a_sum_is_the_standard_deviation_of_random_spikes():
    random = np.random.default_rng(1)
    for kind in KINDS:
        network = fits(10, 3)["three discs", kind, 3]
        probability = network.outputs(features(kind, GRID.points))[0]
        spikes = random.random((400, 4, *probability.shape)) < probability
        sums = spikes.mean(axis=1) @ network.layers[1].weights[0]
        # Each standard deviation has a relative error of 4 %, their mean over 441 points less.
        assert noise(network, kind, 4) == pytest.approx(sums.std(axis=0).mean(), rel=0.05)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "repeats=1"), "outside 2 to 20"),
        (("--set", "size=50"), "outside 1 to 10"),
        (("--duration", "5"), "give at least 10 ms"),
    ],
)
def test_invalid_runs_are_refused(refused, arguments, message):
    assert message in refused("rbf", *arguments)
