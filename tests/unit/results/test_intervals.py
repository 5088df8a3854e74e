from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import neurosim as ns
from neurosim.analysis import population_rate
from neurosim.utils.intervals import coverage, locate, merged

INTERVALS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 8)), max_size=6)


@given(INTERVALS, st.lists(st.integers(-2, 30), min_size=2, max_size=5))
def test_coverage_equals_that_of_unit_cells(drawn, edges):
    intervals = [(start, start + length) for start, length in drawn]
    cells = {cell for start, stop in intervals for cell in range(start, stop)}
    edges.sort()
    expected = [len(cells & set(range(a, b))) for a, b in pairwise(edges)]
    assert coverage(intervals, edges).tolist() == expected


@given(INTERVALS)
def test_times_are_located_in_disjoint_intervals(drawn):
    intervals = [(start, start + length) for start, length in drawn]
    disjoint = merged(intervals)
    assert np.all(disjoint[1:, 0] > disjoint[:-1, 1])
    times = np.arange(-1.0, 30.0, 0.5)
    for time, found in zip(times, locate(times, disjoint), strict=True):
        assert (found >= 0) == any(start <= time <= stop for start, stop in intervals)
        if found >= 0:
            assert disjoint[found, 0] <= time <= disjoint[found, 1]


def test_the_rate_of_a_population_is_that_of_the_neurons_observed():
    observed = (np.array([[0.0, 20.0]]), np.array([[10.0, 25.0]]))
    times, ids = np.array([5.0, 15.0, 16.0, 25.0, 27.0]), np.array([0, 0, 1, 1, 0])
    trains = ns.SpikeTrains(times, ids, np.arange(2), observed=observed)
    _, rate = population_rate(trains, 40.0, bin_ms=10.0)
    # The spike at 27 ms lies outside.
    assert rate.tolist()[:3] == [100.0, 100.0, 200.0]
    assert np.isnan(rate[3])
