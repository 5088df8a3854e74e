from __future__ import annotations

import pytest


@pytest.mark.slow
def test_one_radial_unit_fits_a_disc_and_sigmoid_units_do_not(command, tmp_path):
    result = command("compare", "rbf")
    found, measures = result["findings"], result["comparison"]
    assert found["units"] == [1, 2, 3, 4, 6, 12]
    assert found["errors_radial_one_disc"][0] < 1e-3
    assert found["errors_sigmoid_one_disc"][5] > 0.05
    assert found["errors_radial_three_discs"][2] < 0.05
    ratio = found["errors_sigmoid_three_discs"][5] / found["errors_radial_three_discs"][2]
    assert ratio > 2.0
    assert measures["agreement"]["value"] > 0.95
    assert measures["right_radial"] > 0.97
    # The standard error of 441 fractions of 10 trials is 0.005. The last bits of the training, and
    # with them the third digit of this fraction, depend on the processor.
    assert measures["right_spiking_radial"]["value"] > 0.88
    # What cancels in a sum of units does not cancel in a sum of neurons that fire at random.
    assert measures["right_spiking_sigmoid"]["high"] < measures["right_spiking_radial"]["low"] - 0.1
    for name in ("planes", "comparison-errors"):
        assert (tmp_path / f"rbf-{name}.png").exists()


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
