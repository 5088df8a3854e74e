"""The spike-triggered average of a white stimulus is the filter of the neuron."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from bridge import SpikeTriggered

N_BINS = 200_000


@pytest.fixture
def stimulus(rng):
    return rng.normal(size=N_BINS)


def test_the_average_of_a_white_stimulus_is_the_filter(rng, stimulus):
    # A rate b·exp(f·s) shifts the mean of a Gaussian stimulus by exactly f.
    filter_ = np.array([0.0, 0.5, 0.3, -0.2])
    drive = np.convolve(stimulus, filter_)[:N_BINS]
    fired = rng.random(N_BINS) < 0.02 * np.exp(drive)
    silent = np.array([5.0])
    found = SpikeTriggered.of([np.flatnonzero(fired) + 1.0, silent], stimulus, n_lags=4)
    # Four errors of a normal distribution: an error rate of 2.5e-4.
    np.testing.assert_array_less(np.abs(found.average[0] - filter_), 4.0 * found.errors[0])
    assert found.spikes.tolist() == [fired.sum(), 1]
    assert np.isnan(found.average[1]).all()
    assert found.lags.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_the_covariance_shows_symmetric_responses(rng, stimulus):
    fired = rng.random(N_BINS) < 0.02 * np.abs(np.roll(stimulus, 1))
    found = SpikeTriggered.of([np.flatnonzero(fired) + 1.0], stimulus, n_lags=3)
    values, vectors = np.linalg.eigh(found.covariance[0])
    # E|s|³/E|s| = 2 instead of a variance of 1; about 3,200 spikes, so an error of 4 %.
    assert values[-1] == pytest.approx(1.0, abs=0.2)
    assert np.abs(vectors[:, -1]).argmax() == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s[:2], "at least n_lags = 4 finite values"),
        (lambda s: np.append(s, np.nan), "finite values, one for each bin"),
        (lambda s: s[:, None], "one for each bin"),
    ],
)
def test_bad_stimuli_are_refused(stimulus, change, message):
    with pytest.raises(ns.NeurosimError, match=message):
        SpikeTriggered.of([[1.0, 2.0]], change(stimulus), n_lags=4)
