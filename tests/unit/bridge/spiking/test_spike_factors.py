"""Given spikes of different strengths."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns


def potentials(input: ns.SpikeTimes, *, threads: int = 1, **options) -> np.ndarray:
    net = ns.Network()
    cells = net.add("cells", 3, ns.LIF(tau_m=10.0, t_ref=0.0))
    net.drive(cells, input, **options)
    net.record(cells, "v")
    result = ns.simulate(net, 3.0, threads=threads)
    return result.traces["cells", "v"].values + 70.0


def decayed(*jumps: tuple[float, float]) -> np.ndarray:
    """Return the potential above rest after jumps at times in ms."""
    t = np.arange(1, 31) * 0.1
    return sum(v * np.where(t > s - 1e-9, np.exp(-(t - s) / 10.0), 0.0) for s, v in jumps)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_factor_multiplies_the_strength_of_its_spike(threads: int):
    shared = potentials(ns.SpikeTimes([2.0, 1.0], [0.5, -3.0]), psp=2.0, threads=threads)
    assert np.allclose(shared, decayed((2.0, 1.0), (1.0, -6.0))[:, None], atol=1e-12)
    own = ns.SpikeTimes([[1.0], [2.0, 1.5]], [[2.0], [-1.0, 0.25]])
    found = potentials(own, psp=[1.0, 4.0], ids=[2, 0], threads=threads)
    expected = [decayed((2.0, -4.0), (1.5, 1.0)), np.zeros(30), decayed((1.0, 2.0))]
    assert np.allclose(found.T, expected, atol=1e-12)


def test_inhibitory_factors_count_as_inhibition():
    net = ns.Network()
    cell = net.add("cell", 1, ns.LIF())
    net.drive(cell, ns.SpikeTimes([1.0, 1.0], [2.0, -3.0]), psp=1.0)
    for variable in ("input_exc", "input_inh"):
        net.record(cell, variable)
    result = ns.simulate(net, 2.0)
    sums = [result.traces["cell", name].values.sum() for name in ("input_exc", "input_inh")]
    assert sums == [2.0, -3.0]


@pytest.mark.parametrize(
    ("times", "factors"),
    [([1.0, 2.0], [1.0]), ([[1.0], [2.0]], [1.0, 2.0]), ([[1.0], [2.0]], [[1.0], [2.0, 3.0]])],
)
def test_every_spike_needs_a_factor(times: list, factors: list):
    with pytest.raises(ns.NeurosimError, match="give one factor per spike"):
        ns.SpikeTimes(times, factors)


def test_factors_must_be_finite_numbers():
    with pytest.raises(ns.NeurosimError, match=r"SpikeTimes.factors holds nan at \[0\]"):
        ns.SpikeTimes([1.0], [np.nan])
