"""Populations of spiking twins fire as the logistic neuron with filters does."""

from __future__ import annotations

import numpy as np
from scipy.special import expit
from scipy.stats import binomtest, norm

import neurosim as ns
from bridge import FilteredNeuron, LogisticUnit, lagged
from neurosim.analysis import population_rate

BINS, NEURONS = 200, 2000
SIGNAL = np.random.default_rng(3).uniform(-1.5, 1.5, size=BINS)
HEARD = np.array([0.6, 1.0, -0.4])
OWN = np.array([-4.0, -1.0, 0.7, 0.3])
INTERCEPT = -1.2


def in_the_engine(own: np.ndarray, seed: int = 1) -> np.ndarray:
    """Return how many of the neurons fired in each bin."""
    logistic = LogisticUnit(INTERCEPT, np.concatenate([HEARD, own]))
    net = ns.Network()
    FilteredNeuron.of(logistic, history=len(own)).add_to(net, "twin", SIGNAL, size=NEURONS)
    trains = ns.simulate(net, BINS, dt=1.0, seed=seed).spikes["twin"]
    return np.round(population_rate(trains, BINS)[1] * 1e-3 * NEURONS).astype(int)


def in_numpy(own: np.ndarray) -> np.ndarray:
    """Return the same of a logistic neuron that is asked bin by bin."""
    rng = np.random.default_rng(7)
    score = lagged(SIGNAL, len(HEARD)) @ HEARD + INTERCEPT
    fired = np.zeros((BINS + len(own), NEURONS))
    for k in range(BINS):
        past = own[::-1] @ fired[k : k + len(own)]
        fired[k + len(own)] = rng.random(NEURONS) < expit(score[k] + past)
    return fired[len(own) :].sum(axis=1).astype(int)


def test_without_history_the_share_that_fires_is_the_probability():
    probability = expit(lagged(SIGNAL, len(HEARD)) @ HEARD + INTERCEPT)
    pairs = zip(in_the_engine(np.empty(0)), probability, strict=True)
    # Below 1e-7 in any of 200 bins: an error rate of 2e-5. So in the next test.
    assert min(binomtest(int(k), NEURONS, p).pvalue for k, p in pairs) > 1e-7


def test_with_history_it_is_that_of_the_same_model_simulated_bin_by_bin():
    ours, theirs = in_the_engine(OWN), in_numpy(OWN)
    share = (ours + theirs) / (2.0 * NEURONS)
    z = (ours - theirs) / np.sqrt(2.0 * NEURONS * share * (1.0 - share))
    # In every bin at least 30 of 2000 fired, so that counts are near to normal.
    assert min(ours.min(), theirs.min()) > 30
    assert np.abs(z).max() < norm.isf(0.5e-7)
    # A model without history would have been told from it.
    other = in_the_engine(0.0 * OWN, seed=2)
    assert np.abs(other - theirs).max() > 10.0 * np.sqrt(NEURONS)
