from __future__ import annotations

import pytest

import neurosim as ns


@pytest.mark.parametrize("again", [15.0, 15.1, 15.2])
def test_who_fires_again_as_soon_as_may_be_holds_nobody_else_at_reset(again: float):
    neuron = ns.LIF(t_ref=5.0)
    net = ns.Network()
    pair = net.add("pair", 2, neuron)
    net.drive(pair, ns.SpikeTimes(([10.0, again], [10.1])), psp=20.0)
    net.drive(pair, ns.SpikeTimes([18.0]), ids=[1], psp=5.0)
    net.record(pair, "v", ids=[1], interval=0.1)
    trace = ns.simulate(net, 20.0).traces["pair", "v"]
    at_arrival = trace.values[trace.times.round(1) == 18.0, 0]
    assert at_arrival == pytest.approx([neuron.v_reset + 5.0])
