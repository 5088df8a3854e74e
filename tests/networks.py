"""Networks that several tests run."""

from __future__ import annotations

import numpy as np

import neurosim as ns


def everything() -> ns.Network:
    """Return a network with every source of randomness and every rule at once."""
    net = ns.Network()
    exc = net.add("exc", 83, ns.LIF(t_ref=2.0), v_init=ns.Normal(-62.0, 4.0))
    inh = net.add("inh", 21, ns.LIF(tau_m=10.0, t_ref=1.0), v_init=ns.Uniform(-70.0, -56.0))
    soft = net.add("soft", 43, ns.LIF(t_ref=1.0, escape=ns.EscapeRate(2.0, 5.0)))
    exp, alpha = ns.ExpCurrent(2.0), ns.AlphaCurrent(1.5)
    spread = ns.Normal(1.5, 0.75)
    net.connect(exc, exc, ns.FixedProbability(0.2, autapses=False), psp=0.8, delay=spread)
    net.connect(exc, inh, ns.FixedInDegree(30), synapse=exp, psp=ns.Normal(0.9, 0.3), delay=spread)
    net.connect(inh, exc, ns.FixedTotalNumber(700), synapse=alpha, psp=-1.2, delay=0.4)
    net.connect(
        inh, inh, ns.FixedOutDegree(9, multapses=False), psp=ns.LogNormal(-1.0, 0.5), delay=0.7
    )
    net.drive(exc, ns.Poisson(900.0), synapse=exp, psp=1.1)
    net.drive(inh, ns.Poisson(np.linspace(200.0, 900.0, 21)), psp=1.3)
    net.drive(exc, ns.MembraneNoise(2.0))
    net.connect(exc, soft, ns.FixedInDegree(20), psp=1.5, delay=spread)
    net.connect(soft, inh, ns.FixedProbability(0.2), psp=0.4, delay=0.9)
    for variable in ("v", "i_exc", "i_inh", "i_syn", "input_exc", "input_inh"):
        net.record(exc, variable, ids=[5, 40, 82], interval=0.3)
    return net


def bits(result: ns.Result) -> list[bytes]:
    """Return all that was recorded, as bytes."""
    spikes = [a.tobytes() for t in result.spikes.values() for a in (t.times, t.ids)]
    for recorded in result.inputs.values():
        is_trace = isinstance(recorded, ns.Trace)
        arrays = (recorded.values,) if is_trace else (recorded.times, recorded.ids)
        spikes += [a.tobytes() for a in arrays]
    sampled = (*result.traces.values(), *result.weights.values())
    return spikes + [t.values.tobytes() for t in sampled]


def learning() -> ns.Network:
    """Return a network of ion channels, plastic synapses of two kinds and live input."""
    net = ns.Network(dale=False)
    cells = net.add("cells", 37, ns.LIF(t_ref=2.0), v_init=ns.Uniform(-70.0, -56.0))
    axons = net.add("axons", 11, ns.HodgkinHuxley())
    mild, strong = ns.STDP(w_max=3.0), ns.STDP(w_max=2.0, mu_plus=0.4, mu_minus=0.4, asymmetry=1.1)
    spread = ns.Normal(1.5, 0.75)
    net.connect(cells, cells, ns.FixedInDegree(12), weight=1.0, delay=spread, plasticity=mild)
    net.connect(axons, cells, ns.FixedProbability(0.5), weight=0.7, delay=2.1, plasticity=strong)
    net.connect(cells, axons, ns.FixedInDegree(5), synapse=ns.ExpCurrent(2.0), weight=300.0)
    net.drive(cells, ns.Poisson(700.0), psp=1.2)
    net.drive(axons, ns.StepCurrent([3.0, 40.0], [600.0, 900.0]))
    net.drive(cells, ns.SpikeTimes(np.arange(1.0, 90.0, 0.7)), psp=2.0, delay=0.4)
    net.drive(cells, ns.LiveCurrent(), ids=[3, 20])
    net.drive(cells, ns.LiveSpikes(), psp=3.0, delay=1.0)
    net.record(cells, "v", ids=[36, 2], interval=0.5)
    net.record(axons, "v", ids=[1])
    net.record(cells, "spikes", ids=range(30))
    return net
