"""Random input follows the laws that the description names.

Every test fails for a correct program with a probability below 1e-5; seeds are fixed.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import neurosim as ns

ERROR_RATE = 1e-5
PASSIVE = ns.LIF(v_threshold=199.0, v_peak=199.0)
"""A neuron whose threshold is out of reach."""


def _arrivals(source, n=200, duration=100.0):
    net = ns.Network()
    cells = net.add("cells", n, PASSIVE)
    net.drive(cells, source, weight=1e-3)
    net.record(cells, "input_exc")
    return ns.simulate(net, duration).traces["cells", "input_exc"].values / 1e-3


def _follows_poisson(counts, mean) -> bool:
    seen = np.bincount(np.rint(counts).astype(int).ravel())
    law = stats.poisson.pmf(np.arange(len(seen)), mean) * counts.size
    enough = law > 8
    observed = np.append(seen[enough], counts.size - seen[enough].sum())
    expected = np.append(law[enough], counts.size - law[enough].sum())
    return stats.chisquare(observed, expected).pvalue > ERROR_RATE


@pytest.mark.parametrize("rate", [50.0, 16_000.0, 300_000.0])
def test_a_shared_rate_gives_poisson_numbers(rate) -> None:
    assert _follows_poisson(_arrivals(ns.Poisson(rate)), rate * 1e-4)


@pytest.mark.parametrize("rate", [50.0, 16_000.0, 300_000.0])
def test_a_rate_for_each_neuron_gives_poisson_numbers(rate) -> None:
    rates = np.full(200, rate)
    rates[::2] = 2.0 * rate
    counts = _arrivals(ns.Poisson(rates))
    assert _follows_poisson(counts[:, 1::2], rate * 1e-4)
    assert _follows_poisson(counts[:, ::2], rate * 2e-4)


def test_a_rate_that_changes_is_followed_from_its_time_on() -> None:
    counts = _arrivals(ns.Poisson([0.0, 20_000.0, 5_000.0], times=[0.0, 30.0, 60.0]))
    assert counts[:300].sum() == 0.0
    assert _follows_poisson(counts[300:600], 2.0)
    assert _follows_poisson(counts[600:], 0.5)


def test_neurons_and_steps_are_independent() -> None:
    counts = _arrivals(ns.Poisson(10_000.0))
    n = counts.size
    for a, b in ((counts[:, :-1], counts[:, 1:]), (counts[:-1], counts[1:])):
        r = np.corrcoef(a.ravel(), b.ravel())[0, 1]
        assert abs(r) < stats.norm.isf(ERROR_RATE / 2) / np.sqrt(n - 200)


def test_membrane_noise_is_an_ornstein_uhlenbeck_process_with_the_given_spread() -> None:
    sigma, n = 3.0, 4000
    net = ns.Network()
    cells = net.add("cells", n, PASSIVE, v_init=ns.Normal(-70.0, sigma))
    net.drive(cells, ns.MembraneNoise(sigma))
    net.record(cells, "v", interval=20.0)
    v = ns.simulate(net, 60.0).traces["cells", "v"].values + 70.0
    for sample in v:
        spread = (sample**2).sum() / sigma**2
        assert ERROR_RATE < stats.chi2.cdf(spread, n) < 1 - ERROR_RATE
    # Samples one membrane time constant apart correlate by 1/e.
    z = np.arctanh(np.corrcoef(v[0], v[1])[0, 1]) - np.arctanh(np.exp(-1.0))
    assert abs(z) < stats.norm.isf(ERROR_RATE / 2) / np.sqrt(n - 3)
