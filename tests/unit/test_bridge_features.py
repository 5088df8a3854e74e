"""Time bins, lags, history and blocked folds."""

from __future__ import annotations

import numpy as np
import pytest

from bridge import (
    LogisticNeuron,
    bin_means,
    bin_spikes,
    blocked_folds,
    lagged,
    out_of_fold_probability,
    spike_history,
)
from neurosim import NeurosimError


def test_spikes_fall_into_the_bin_that_begins_at_their_time():
    assert bin_spikes([0.0, 0.9, 1.0, 3.999], 4.0).tolist() == [2, 1, 0, 1]
    edges = np.arange(100) * 0.1  # times that are no binary fractions
    assert bin_spikes(edges, 10.0, 0.1).tolist() == [1] * 100


def test_samples_are_averaged_bin_by_bin():
    assert bin_means([1.0, 3.0, 5.0, 7.0, 9.0], 0.5).tolist() == [2.0, 6.0]


def test_column_k_holds_the_value_k_bins_ago():
    assert lagged([1.0, 2.0, 3.0], 2).tolist() == [[1, 1], [2, 1], [3, 2]]
    assert lagged([1.0, 2.0, 3.0], 2, before=0.0).tolist() == [[1, 0], [2, 1], [3, 2]]


def test_history_never_holds_the_present_bin():
    assert spike_history([1, 0, 1, 1], 2).tolist() == [[0, 0], [1, 0], [0, 1], [1, 0]]


def test_blocks_cover_every_bin_once_and_keep_their_distance():
    folds = blocked_folds(103, 5, margin=7)

    assert np.concatenate([test for _, test in folds]).tolist() == list(range(103))
    for train, test in folds:
        assert (np.diff(test) == 1).all()
        assert np.abs(train[:, None] - test).min() == 8


def test_every_probability_comes_from_a_neuron_that_has_not_seen_the_trial():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 2))
    fired = rng.random(300) < 1.0 / (1.0 + np.exp(1.0 - x[:, 0]))
    folds = blocked_folds(300, 3)
    neuron = LogisticNeuron()
    probability = out_of_fold_probability(neuron, x, fired, folds)
    train, test = folds[1]

    assert probability[test] == pytest.approx(
        LogisticNeuron().fit(x[train], fired[train]).predict_proba(x[test])[:, 1]
    )
    assert not hasattr(neuron, "coef_")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bin_spikes([5.0], 5.0), "from 0 to below 5 ms"),
        (lambda: bin_spikes([np.nan], 5.0), "from 0 to below 5 ms"),
        (lambda: bin_spikes([1.0], 5.0, 0.3), "must be a whole number"),
        (lambda: bin_means([1.0], 0.3), "must be a whole number"),
        (lambda: lagged([1.0], 0), "n_lags = 0"),
        (lambda: lagged([[1.0]], 2), "1-D array"),
        (lambda: blocked_folds(10, 1), "n_folds = 1 is outside 2 to 10"),
        (lambda: blocked_folds(10, 2, margin=-1), "margin = -1"),
    ],
)
def test_mistakes_are_refused_in_a_sentence(call, message):
    with pytest.raises(NeurosimError, match=message):
        call()
