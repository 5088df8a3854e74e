"""Time bins, lags, history and blocked folds."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from bridge import (
    LogisticNeuron,
    bin_means,
    bin_spikes,
    blocked_folds,
    lagged,
    out_of_fold_probability,
    spike_history,
)
from bridge.inference import bin_trains
from bridge.utils.binning import bin_indices, count_bins, is_after
from neurosim import NeurosimError


def test_a_spike_falls_into_the_bin_that_ends_at_or_after_its_time():
    assert bin_spikes([0.0, 0.9, 1.0, 1.1, 3.999, 4.0], 4.0).tolist() == [3, 1, 0, 2]
    assert bin_spikes([2.0], 4.0, 1.0).tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize(
    ("step", "per_bin", "n_bins"), [(0.1, 1, 3000), (0.1, 10, 500), (0.025, 4, 999), (0.3, 7, 400)]
)
@pytest.mark.parametrize("first", [0, 10**8])
def test_a_spike_in_every_step_of_a_decimal_grid_fills_every_bin_alike(
    step, per_bin, n_bins, first
):
    # Times as k * step, as cumulative sums and as decimal text, as files hold them.
    steps = np.arange(first * per_bin + 1, (first + n_bins) * per_bin + 1)
    width, duration = step * per_bin, (first + n_bins) * step * per_bin
    for times in (steps * step, np.array([float(f"{k * step:.3f}") for k in steps])):
        if first:
            counts = np.bincount(bin_indices(times, width) - first, minlength=n_bins)
            assert count_bins(duration, width) == first + n_bins
            assert not is_after(times, duration, width).any()
        else:
            counts = bin_spikes(times, duration, width)
        assert counts.tolist() == [per_bin] * n_bins


@pytest.mark.parametrize("duration", [400_000.0, 3_600_000.0, 100_000.1])
def test_a_spike_at_the_very_end_counts(duration):
    width = 0.1
    for late in (duration, duration - 1e-11, np.nextafter(duration, np.inf)):
        counts = bin_spikes([late], duration, width)
        assert counts[-1] == counts.sum() == 1


def test_both_ways_of_binning_agree_on_a_simulation():
    net = ns.Network()
    cells = net.add("cells", 4, ns.LIF())
    net.drive(cells, ns.ConstantCurrent(700.0))
    result = ns.simulate(net, 300.0, dt=0.1)
    trains = result.spikes["cells"].by_neuron()
    trains[0] = np.append(trains[0], 300.0)  # a neuron that fires in the last step
    trains[1] = np.append([1.0, 2.0], trains[1])
    binned = bin_trains(trains, 300.0)
    for k, train in enumerate(trains):
        assert np.flatnonzero(bin_spikes(train, 300.0)).tolist() == binned.fired(k).tolist()


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
        (lambda: bin_spikes([5.001], 5.0), r"a spike at 5.001 ms .* from 0 to 5.0 ms"),
        (lambda: bin_spikes([-0.1], 5.0), r"a spike at -0.1 ms .* from 0 to 5.0 ms"),
        (lambda: bin_spikes([np.nan], 5.0), "a spike at nan ms"),
        (lambda: bin_spikes([1.0], 5.0, 0.3), "must be a whole number"),
        (lambda: bin_spikes([1.0], 100_000.4), r"100000.4 ms over width = 1.0 ms is 100000.4: it"),
        (lambda: bin_spikes([400_000.3], 400_000.4), "is 400000.4: it must be a whole number"),
        (lambda: bin_spikes([1.0], np.nan), "must be a whole number"),
        (lambda: bin_spikes([1.0], 5.0, 0.0), "must be a whole number"),
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
