"""Intervals of population GLMs contain the filters that the spikes were drawn from."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from bridge.recordings import FilteredPopulation, PopulationGLM, RaisedCosines

BASIS, HISTORY = RaisedCosines(4, 30.0), RaisedCosines(3, 20.0)
N, DURATION = 8, 300_000.0


def truth(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Filters of sparse coupling and relative refractoriness, and intercepts for 5 to 20 Hz."""
    coupling, history = BASIS.matrix(1.0), HISTORY.matrix(1.0)
    exists = (rng.random((N, N)) < 0.3) & ~np.eye(N, dtype=bool)
    weights = rng.normal(0.0, 0.4, (N, N, BASIS.n)) * exists[:, :, None]
    filters = weights @ coupling.T
    own = rng.normal([-2.0, -0.5, 0.0], 0.2, (N, HISTORY.n)) @ history.T
    filters[np.arange(N), np.arange(N), : len(history)] = own
    return filters, np.log(rng.uniform(5e-3, 20e-3, N))


@pytest.mark.parametrize("errors", ["exact", "fast"])
def test_intervals_contain_the_filters(rng, errors):
    z, own = [], []
    for seed in (1, 2):
        filters, intercepts = truth(rng)
        spikes = FilteredPopulation(filters, intercepts, 1.0).simulate(DURATION, seed)
        glm = PopulationGLM(BASIS, history_basis=HISTORY, standard_errors=errors)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            glm.fit(spikes, DURATION)
        # Four lags at which the values of a filter are nearly independent.
        lags = [0, 4, 10, 20]
        difference, spread = glm.unbiased_filters_ - filters, glm.filter_errors_
        pairs = ~np.eye(N, dtype=bool)
        z.append((difference[pairs] / spread[pairs])[:, lags].ravel())
        diagonal = np.arange(N)
        early = (diagonal[:, None], diagonal[:, None], [0, 2, 8])
        own.append((difference[early] / spread[early]).ravel())
    # 448 values for couplings: the standard error of the coverage is 1.0 %, of the spread 3.3 %,
    # and each bound is four of them away. Some of the 48 values of own history are dependent.
    couplings, histories = np.concatenate(z), np.concatenate(own)
    assert 0.908 < np.mean(np.abs(couplings) < 1.96) < 0.992
    assert 0.87 < np.std(couplings) < 1.13
    assert np.mean(np.abs(histories) < 1.96) > 0.82
    assert 0.6 < np.std(histories) < 1.4
