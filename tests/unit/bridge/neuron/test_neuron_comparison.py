"""One comparison of a spiking neuron with the logistic neuron trained on its spikes."""

from __future__ import annotations

import io

import numpy as np
import pytest

from bridge import (
    EscapeNoise,
    LogisticNeuron,
    SpikingUnit,
    compare_neurons,
)
from neurosim import LIF, NeurosimError

UNIT = SpikingUnit(LIF(), [6.0, 5.0, -3.0], EscapeNoise(2.0))
ACTIVITY = np.random.default_rng(5).integers(0, 4, (4000, 3))


@pytest.fixture(scope="module")
def comparison():
    return compare_neurons(UNIT, ACTIVITY)


def test_a_logistic_spiking_neuron_is_foretold_as_well_as_its_own_law_does(comparison):
    found = comparison.measures
    bits, best = found["bits_per_spike"], found["bits_per_spike_of_truth"]

    # Four parameters fitted to 4,000 trials gain chi-square(4)/2 nats: below 12 but for 1 in 10⁴.
    gained = (bits.value - best.value) * np.log(2.0) * UNIT.fire(ACTIVITY).sum()
    assert 0.0 <= gained < 12.0
    assert found["agreement"].value > 0.9
    assert 0.9 < found["auc"].value < 1.0
    assert found["brier"].low < 0.25


def test_gain_in_log_likelihood_is_that_of_the_bits(comparison):
    found, spikes = comparison.measures, UNIT.fire(ACTIVITY).sum()

    assert found["log_likelihood_gain"].value == pytest.approx(
        found["bits_per_spike"].value * spikes * np.log(2.0)
    )


def test_synapses_are_told_with_their_intervals(comparison):
    told = comparison.as_dict()

    for k, psp in enumerate(UNIT.psps, start=1):
        found = told[f"psp_{k}"]
        # 4.5 standard errors, of which the interval has 1.96 on either side.
        half = 0.5 * (found["high"] - found["low"])
        assert abs(found["value"] - psp) < 4.5 / 1.96 * half
    error = [told[f"psp_{k + 1}"]["value"] - psp for k, psp in enumerate(UNIT.psps)]
    assert told["psp_error"] == pytest.approx(np.sqrt(np.mean(np.square(error))))


def test_the_twin_coincides_as_often_as_the_neuron_does_with_itself(comparison):
    found = comparison.measures
    twin, itself = (found[key].value for key in ("coincidence_factor", "coincidence_factor_repeat"))

    # Of 4,000 trials: a standard error of some 0.01 each.
    assert 0.5 < itself < 1.0
    assert abs(twin - itself) < 0.06


def test_one_figure_shows_both_planes_calibration_and_synapses(comparison):
    figures = comparison.figures()
    assert list(figures) == ["comparison"]
    figures["comparison"].savefig(io.BytesIO())
    titles = [axes.get_title(loc="left") for axes in figures["comparison"].axes]
    assert any("spiking" in title for title in titles)
    assert any("logistic" in title for title in titles)


def test_a_neuron_trained_elsewhere_is_judged_on_these_trials():
    other = np.random.default_rng(6).integers(0, 4, (300, 3))
    neuron = LogisticNeuron().fit(other, UNIT.fire(other, seed=9))
    found = compare_neurons(UNIT, ACTIVITY, neuron=neuron).measures

    assert found["bits_per_spike"].value < found["bits_per_spike_of_truth"].value


@pytest.mark.parametrize("plane", [(0, 0), (0, 3), (-1, 1)])
def test_a_plane_of_synapses_that_are_not_there_is_refused(plane):
    with pytest.raises(NeurosimError, match=r"must hold two different synapses from 0 to 2"):
        compare_neurons(UNIT, ACTIVITY, plane=plane)


def test_a_neuron_that_never_fires_is_refused():
    with pytest.raises(NeurosimError, match="one class only"):
        compare_neurons(UNIT, np.tile([0, 0, 3], (50, 1)))
