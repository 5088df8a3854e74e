"""Random connections, strengths and delays follow the laws that the description names.

Every test fails for a correct program with a probability below 1e-5; seeds are fixed.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import neurosim as ns
from tests.tables import connections

N, M = 300, 400
ERROR_RATE = 1e-5


def _table(rule, **options):
    net = ns.Network()
    a, b = net.add("a", N, ns.LIF()), net.add("b", M, ns.LIF())
    net.connect(a, b, rule, **({"psp": 1.0} | options))
    return connections(net)


def _looks_uniform(counts) -> bool:
    return stats.chisquare(counts).pvalue > ERROR_RATE


def test_pairs_are_connected_with_the_given_probability() -> None:
    p = 0.13
    pairs = _table(ns.FixedProbability(p))[:, :2].astype(int)
    assert stats.binomtest(len(pairs), N * M, p).pvalue > ERROR_RATE
    in_degrees = np.bincount(pairs[:, 1] - N, minlength=M)
    dispersion = ((in_degrees - N * p) ** 2).sum() / (N * p * (1 - p))
    assert ERROR_RATE < stats.chi2.cdf(dispersion, M) < 1 - ERROR_RATE
    assert len(np.unique(pairs, axis=0)) == len(pairs)


@pytest.mark.parametrize(
    "rule",
    [
        ns.FixedInDegree(90),
        ns.FixedInDegree(90, multapses=False),
        ns.FixedOutDegree(120),
        ns.FixedTotalNumber(36000),
    ],
    ids=repr,
)
def test_sources_and_targets_are_drawn_uniformly(rule) -> None:
    pairs = _table(rule)[:, :2].astype(int)
    # Without replacement counts vary less than the test expects, which only makes it safer.
    if not isinstance(rule, ns.FixedOutDegree):
        assert _looks_uniform(np.bincount(pairs[:, 0], minlength=N))
    if not isinstance(rule, ns.FixedInDegree):
        assert _looks_uniform(np.bincount(pairs[:, 1] - N, minlength=M))
    parity = (pairs[:, 0] % 2) * 2 + (pairs[:, 1] - N) % 2
    assert _looks_uniform(np.bincount(parity, minlength=4))


@pytest.mark.parametrize(
    ("law", "reference"),
    [
        (ns.Normal(1.0, 0.4, low=0.2, high=2.0), stats.truncnorm(-2.0, 2.5, 1.0, 0.4)),
        (ns.Normal(-1.0, 0.8), stats.truncnorm(-np.inf, 1.25, -1.0, 0.8)),
        (ns.Uniform(0.5, 2.0), stats.uniform(0.5, 1.5)),
        (
            ns.LogNormal(2.0, 1.0),
            stats.lognorm(math.sqrt(math.log(1.25)), scale=2.0 / math.sqrt(1.25)),
        ),
    ],
    ids=["truncated", "of one sign", "uniform", "log-normal"],
)
@pytest.mark.filterwarnings("ignore:.* obeys Dale's law:UserWarning")
def test_strengths_follow_their_distribution(law, reference) -> None:
    weights = _table(ns.FixedTotalNumber(50_000), psp=law)[:, 2]
    assert stats.kstest(weights, reference.cdf).pvalue > ERROR_RATE


def test_negative_log_normal_strengths_are_mirrored() -> None:
    weights = _table(ns.FixedTotalNumber(50_000), psp=ns.LogNormal(-2.0, 1.0))[:, 2]
    reference = stats.lognorm(math.sqrt(math.log(1.25)), scale=2.0 / math.sqrt(1.25))
    assert stats.kstest(-weights, reference.cdf).pvalue > ERROR_RATE


def test_delays_follow_their_distribution_on_the_grid() -> None:
    steps = _table(ns.FixedTotalNumber(50_000), delay=ns.Normal(1.5, 0.75))[:, 3].astype(int)
    assert steps.min() >= 1
    edges = np.arange(0.5, 51.5) * 0.1
    law = np.diff(stats.truncnorm((0.05 - 1.5) / 0.75, np.inf, 1.5, 0.75).cdf(edges))
    seen = np.bincount(steps, minlength=51)[1:51]
    enough = law * 50_000 > 10
    observed = np.append(seen[enough], len(steps) - seen[enough].sum())
    expected = np.append(law[enough], 1.0 - law[enough].sum()) * 50_000
    assert stats.chisquare(observed, expected).pvalue > ERROR_RATE
