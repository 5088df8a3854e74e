"""Network → spikes → fitted population model → network → spikes."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from bridge.recordings import (
    FilteredPopulation,
    PopulationGLM,
    RaisedCosines,
    compare_recordings,
)


def known_network(n: int, p: float, rng: np.random.Generator) -> FilteredPopulation:
    """Neurons at about 10 Hz, four fifths of them excitatory, connected with probability p."""
    basis = RaisedCosines().matrix(1.0)
    courses = basis @ np.array([[0.4, 1.0, 0.8, 0.4, 0.1, 0.0], [0.1, 0.5, 1.0, 1.0, 0.5, 0.1]]).T
    courses /= courses.max(axis=0)
    inhibitory = (np.arange(n) >= 0.8 * n).astype(int)
    sizes = np.array([0.8, -1.0])[inhibitory][:, None] * rng.lognormal(0.0, 0.3, (n, n))
    filters = (sizes * (rng.random((n, n)) < p))[:, :, None] * courses.T[inhibitory][:, None]
    lags = np.arange(1, 51)
    filters[np.arange(n), np.arange(n)] = -3.0 * np.exp(-lags / 8.0)
    return FilteredPopulation(filters, rng.normal(-4.4, 0.3, n), refractory=np.full(n, 2))


def there_and_back(n: int, p: float, duration: float, rng: np.random.Generator):
    """Return the true model, its spikes, the fit, and spikes of the network of the fit."""
    truth = known_network(n, p, rng)
    network = truth.to_network(beta=0.3)
    observed = ns.simulate(network, duration, dt=1.0, seed=1).spikes["neurons"]
    glm = PopulationGLM(progress=False).fit(observed)
    back = ns.simulate(glm.to_network(beta=0.3), duration, dt=1.0, seed=2).spikes["neurons"]
    return truth, observed, glm, back


def coverage_of_filters(truth: FilteredPopulation, glm: PopulationGLM) -> float:
    """Return the fraction of coupling filters, at lags of 2 to 30 ms, within their intervals."""
    others = ~np.eye(len(glm.neurons_), dtype=bool)
    off = np.abs(glm.unbiased_filters_ - truth.filters) <= 1.96 * glm.filter_errors_
    return float(off[others][:, 1:30].mean())


@pytest.mark.filterwarnings("ignore:.*with probability 0")  # a refractory period of 3 ms
def test_twenty_neurons(rng):
    truth, observed, glm, back = there_and_back(20, 0.1, 240_000.0, rng)
    measures = compare_recordings(observed, back).measures
    # The difference of two rates has a standard error of about 2.5 %.
    assert measures["rate_deviation"].value < 5.0
    assert measures["rate_simulated"].value == pytest.approx(
        measures["rate_observed"].value, rel=0.03
    )
    # About 0.87 in other networks; the penalty shrinks correlations.
    assert measures["correlation_similarity"].value > 0.7
    # 380 pairs, whose filters are correlated over lags: a standard error of about 0.01.
    assert 0.91 < coverage_of_filters(truth, glm) < 0.98
    # The engine and `simulate` fire the same spikes.
    drawn = glm.simulate(seed=2)
    np.testing.assert_array_equal(drawn.times, back.times)
    np.testing.assert_array_equal(drawn.ids, back.ids)
    # Other data of the true model: the fit has errors, which only many more spikes would show.
    held_out = glm.rescaled(truth.simulate(30_000.0, seed=5).by_neuron(), 30_000.0)
    assert sum(test.passed for test in held_out.values()) >= 16


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:the residuals after")  # shrunk couplings leave residuals
def test_a_hundred_neurons(rng):
    truth, observed, glm, back = there_and_back(100, 0.05, 600_000.0, rng)
    compared = compare_recordings(observed, back)
    deviation = np.abs(compared.rates[1] / compared.rates[0] - 1.0)
    errors = np.hypot(*compared.rate_errors) / compared.rates[0]
    # 5 % and the sampling error of single neurons, at most 1 in 100.
    assert (deviation > 0.05 + 2.0 * errors).sum() <= 1
    assert np.median(deviation) < 0.03
    assert compared.measures["correlation_similarity"].value > 0.9
    assert 0.93 < coverage_of_filters(truth, glm) < 0.97
