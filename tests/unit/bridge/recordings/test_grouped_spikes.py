"""Filters added at groups of spikes, against filters added at one spike after the other."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.recordings import BinnedTrains
from bridge.recordings.glm.grouped_spikes import GroupedSpikes

N_NEURONS, N_BINS = 7, 20_000


def binned(rng: np.random.Generator, per_bin: float) -> BinnedTrains:
    """Return spikes at random, several per bin at the highest rate, some in the last bins."""
    bins = np.sort(rng.integers(0, N_BINS, round(per_bin * N_BINS)))
    bins[bins > N_BINS - 4] = N_BINS - 1
    ids = rng.integers(0, N_NEURONS, len(bins))
    starts = np.searchsorted(bins, np.arange(N_BINS + 1))
    return BinnedTrains(
        np.arange(N_NEURONS), ids.astype(np.int32), bins.astype(np.int32), starts, 1.0
    )


def scores_by_spike(trains: BinnedTrains, reach: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """Add the filters of one spike after the other."""
    found = np.zeros(N_BINS + filters.shape[1] + 1)
    for neuron, t, longest in zip(trains.ids, trains.bins, reach, strict=True):
        found[t + 1 : t + 1 + longest] += filters[neuron, :longest]
    return found[:N_BINS]


@pytest.mark.parametrize("per_bin", [0.0, 0.001, 0.3, 5.0])
@pytest.mark.parametrize("n_lags", [1, 13, 50])
@pytest.mark.parametrize("limited", [False, True])
def test_groups_equal_single_spikes_and_their_adjoint(rng, per_bin, n_lags, limited):
    trains = binned(rng, per_bin)
    reach = np.full(len(trains.ids), n_lags, np.int32)
    if limited:
        reach[rng.random(len(reach)) < 0.2] = n_lags // 2
    spikes, filters = (
        GroupedSpikes.of(trains, reach, n_lags),
        rng.normal(size=(N_NEURONS, n_lags)),
    )
    expected, scores = scores_by_spike(trains, reach, filters), np.zeros(spikes.size)
    spikes.add_filters(filters, scores)
    np.testing.assert_allclose(scores[:N_BINS], expected, rtol=0.0, atol=1e-11)
    values = np.zeros(spikes.size)
    values[:N_BINS] = rng.normal(size=N_BINS)
    sums = spikes.sums_after(values)
    assert (sums * filters).sum() == pytest.approx(values[:N_BINS] @ expected, abs=1e-8)
    one_by_one = GroupedSpikes.of(trains, reach, n_lags, grouped=False)
    np.testing.assert_allclose(sums, one_by_one.sums_after(values), rtol=0.0, atol=1e-9)
