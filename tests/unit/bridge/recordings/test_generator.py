"""Fitted population models as generators of spikes."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import neurosim as ns
from bridge.recordings import FilteredPopulation, PopulationGLM, RaisedCosines, Steps

BASIS = RaisedCosines(3, 10.0)


def recording(duration: float = 30_000.0, drive: np.ndarray | None = None) -> ns.SpikeTrains:
    filters = np.zeros((3, 3, 8))
    filters[0, 1, :4] = 1.5
    filters[[0, 1, 2], [0, 1, 2], :5] = -1.0
    model = FilteredPopulation(filters, [-3.5, -4.0, -3.8], drive=drive, refractory=[1, 1, 1])
    return model.simulate(duration)


@pytest.mark.parametrize(
    "options",
    [{}, {"link": "cloglog"}, {"family": "poisson"}, {"family": "negative_binomial"}],
)
def test_fitted_probabilities_are_those_of_the_generator(options):
    glm = PopulationGLM(BASIS, progress=False, **options).fit(recording())
    model = glm.to_population()
    np.testing.assert_array_equal(model.filters, glm.filters_)
    np.testing.assert_array_equal(model.refractory, glm.refractory_)
    counts = glm.simulate().counts()
    # Rates of 20 Hz: the difference of two recordings of 30 s has a standard error of 6 %.
    np.testing.assert_allclose(counts, recording().counts(), rtol=0.25)
    # In-sample tests pass too often.
    assert all(test.p_value > 1e-3 for test in glm.rescaled().values())


def test_a_stimulus_drives_the_generator():
    """The stimulus of 100 ms appears in the simulated rates, as it does in the recorded ones."""
    wave = np.sin(2.0 * np.pi * np.arange(30_000) / 100.0)
    observed = recording(drive=np.repeat(wave[:, None], 3, axis=1))
    glm = PopulationGLM(BASIS, progress=False).fit(observed, stimulus=wave)
    trains = glm.simulate()
    for each in (observed, trains):
        phase = np.exp(2j * np.pi * (each.times - 1.0) / 100.0).mean()
        assert abs(phase) == pytest.approx(0.45, abs=0.06)
        assert np.angle(phase) == pytest.approx(np.pi / 2.0, abs=0.2)
    with pytest.raises(ns.NeurosimError, match="belong to the recording of the fit"):
        glm.rescaled(observed.by_neuron(), 30_000.0)
    result = ns.simulate(glm.to_network(), 30_000.0, dt=1.0, seed=1).spikes["neurons"]
    np.testing.assert_array_equal(result.times, trains.times)


def test_history_of_the_last_spike():
    glm = PopulationGLM(BASIS, history_basis=Steps((0.0, 2.0, 5.0, 10.0), last_spike_only=True))
    glm.set_params(progress=False).fit(recording())
    assert glm.to_population().last_spike_only
    np.testing.assert_allclose(glm.simulate().counts(), recording().counts(), rtol=0.25)
    with pytest.raises(ns.NeurosimError, match="only the last one acts"):
        glm.to_network()


def test_what_cannot_be_simulated():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        some = PopulationGLM(BASIS, progress=False).fit(recording(), neurons=[0, 1])
        reset = PopulationGLM(BASIS, progress=False, reset=2.0).fit(recording())
    with pytest.raises(ns.NeurosimError, match=r"1 neurons were not fitted \(2\)"):
        some.simulate()
    with pytest.raises(ns.NeurosimError, match="reset = 2 ms"):
        reset.to_network()
