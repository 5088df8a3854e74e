"""Stochastic release has the binomial distribution, independently at each synapse and spike.

Each test rejects a correct implementation with a probability below 1e-6.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, chi2, norm

import neurosim as ns

ERROR = 1e-6
SPIKES, TARGETS, SOURCES = 20, 500, 4


def released(seed: int = 1, threads: int = 1, **options: object) -> np.ndarray:
    """Return the input after each spike of each target of each source, in units of the weight."""
    net = ns.Network()
    options = {"weight": 1.0, "delay": 1.0, "release": ns.Release(p=0.3)} | options
    times = np.arange(10.0, 10.0 + 5.0 * SPIKES, 5.0)
    for k in range(SOURCES):
        pre, post = net.add(f"pre{k}", 1, ns.LIF(t_ref=0.0)), net.add(f"post{k}", TARGETS, ns.LIF())
        net.drive(pre, ns.SpikeTimes(times), psp=30.0)
        net.connect(pre, post, ns.AllToAll(), **options)
        net.record(post, "input_exc", interval=5.0)
    result = ns.simulate(net, times[-1] + 10.0, seed=seed, threads=threads)
    return np.stack([result.traces[f"post{k}", "input_exc"].values[2:-1] for k in range(SOURCES)])


@pytest.mark.parametrize(("p", "sites"), [(0.3, 1), (0.3, 5), (0.85, 5), (0.5, 40), (0.997, 1000)])
def test_numbers_of_sites_are_binomial(p: float, sites: int) -> None:
    counts = np.round(released(release=ns.Release(p=p, sites=sites)) * sites).astype(int).ravel()
    low, high = binom.ppf([0.01, 0.99], sites, p).astype(int)
    edges = np.arange(low, high + 1)
    expected = np.diff(np.append(np.append(0.0, binom.cdf(edges, sites, p)), 1.0)) * len(counts)
    observed = np.bincount(np.searchsorted(edges, counts), minlength=len(edges) + 1)
    kept = expected > 5.0
    statistic = ((observed - expected)[kept] ** 2 / expected[kept]).sum()
    assert statistic < chi2.isf(ERROR, kept.sum() - 1 + (not kept.all()))


def test_release_is_independent_of_other_synapses_and_spikes() -> None:
    x = released() - 0.3
    bound = norm.isf(ERROR / 6) * 0.3 * 0.7
    for pair in (x[:, 1:] * x[:, :-1], x[:, :, 1:] * x[:, :, :-1], x[1:] * x[:-1]):
        assert abs(pair.mean()) < bound / np.sqrt(pair.size)


def test_synapses_of_one_pair_release_independently() -> None:
    twice = ns.Explicit(np.zeros(2 * TARGETS, int), np.repeat(np.arange(TARGETS), 2))
    net = ns.Network()
    pre, post = net.add("pre", 1, ns.LIF(t_ref=0.0)), net.add("post", TARGETS, ns.LIF())
    times = np.arange(10.0, 210.0, 5.0)
    net.drive(pre, ns.SpikeTimes(times), psp=30.0)
    net.connect(pre, post, twice, weight=1.0, release=ns.Release(p=0.5))
    net.record(post, "input_exc", interval=5.0)
    both = ns.simulate(net, 220.0).traces["post", "input_exc"].values[2:-1].ravel()
    observed = np.bincount(both.astype(int), minlength=3)
    expected = np.array([0.25, 0.5, 0.25]) * len(both)
    assert ((observed - expected) ** 2 / expected).sum() < chi2.isf(ERROR, 2)


def test_the_mean_follows_short_term_plasticity() -> None:
    model = ns.TsodyksMarkram(u=0.4, tau_rec=50.0, tau_fac=20.0)
    exact = released(short_term=model, release=None)[:, :, 0]
    sites, p = 5, 0.8
    found = released(short_term=model, release=ns.Release(p=p, sites=sites)).mean(axis=2)
    error = np.sqrt(p * exact * (1.0 - p * exact) / (sites * TARGETS))
    assert (abs(found - p * exact) < norm.isf(ERROR / 2 / found.size) * error).all()


def test_other_seeds_give_other_releases_and_threads_the_same() -> None:
    one = released()
    assert (one != released(seed=2)).mean() > 0.3
    np.testing.assert_array_equal(one, released(threads=3))


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_the_extremes_are_certain(p: float) -> None:
    assert (released(release=ns.Release(p=p, sites=3)) == p).all()
