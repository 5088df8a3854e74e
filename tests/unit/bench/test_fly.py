"""The neuron of the fly's brain: closed form, reset of the input, refractory period."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from scenarios.networks.fly import FlyNeuron, stand_in


def traces(jump: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return potential, input and spike times of a neuron that receives a jump of g at 1 ms."""
    net = ns.Network()
    cell = net.add("cell", 1, FlyNeuron())
    net.drive(cell, ns.SpikeTimes([1.0]), weight=jump)
    net.record(cell, "v")
    net.record(cell, "g")
    result = ns.simulate(net, 20.0)
    v, g = (result.traces["cell", name].values[:, 0] for name in ("v", "g"))
    return v, g, result.spikes["cell"].times


def test_a_psp_follows_the_closed_form():
    v, g, spikes = traces(5.0)
    t = np.arange(1, 191) * 0.1
    np.testing.assert_allclose(g[10:], 5.0 * np.exp(-t / 5.0), rtol=1e-12)
    exact = -52.0 + 5.0 * (np.exp(-t / 20.0) - np.exp(-t / 5.0)) / 3.0
    np.testing.assert_allclose(v[10:], exact, rtol=1e-12)
    assert len(spikes) == 0


def test_a_spike_resets_the_input():
    v, g, spikes = traces(68.75)
    # 68.75/3·(e^(−t/20) − e^(−t/5)) exceeds 7 mV between t = 2.9 and 3.0 ms.
    assert spikes == pytest.approx([4.0])
    assert g[38] > 38.0
    assert not g[39:].any()
    assert (v[39:] == -52.0).all()


def test_input_in_the_refractory_period_acts_after_it():
    net = ns.Network()
    cell = net.add("cell", 1, FlyNeuron())
    net.drive(cell, ns.SpikeTimes([1.0, 5.0]), weight=68.75)
    times = ns.simulate(net, 20.0).spikes["cell"].times
    # The second input waits to the end of the refractory period at 4.0 + 2.2 ms.
    assert times == pytest.approx([4.0, 6.2 + 3.0])


def test_the_stand_in_has_the_numbers_of_the_connectome():
    net = stand_in(0.05)
    synapses = sum(p.rule.expected_synapses(*p.ends.shape, n_common=0) for p in net.projections)
    assert synapses / net.size == pytest.approx(109.0, rel=0.02)
