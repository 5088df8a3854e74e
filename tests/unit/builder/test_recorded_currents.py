"""Recorded synaptic currents of synapses with equations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import neurosim as ns

AMPA = ns.ExpConductance(5.0, name="ampa")
GABA = ns.BiexpConductance(1.0, 8.0, e_rev=-80.0, name="gaba")
NMDA = ns.NMDA(name="nmda")


@dataclass(frozen=True, eq=False)
class Rectified(ns.Synapse):
    """A conductance without outward current, which needs a branch."""

    e_rev: float = ns.parameter(-60.0, "mV", -200.0, 200.0, "reversal potential")
    g: ClassVar = ns.state("nS", 0.0, "conductance")

    @staticmethod
    def derivatives(g, p):
        return -g / 4.0

    @staticmethod
    def current(v, g, p):
        if v > p.e_rev:
            return 0.0
        return g * (p.e_rev - v)


def network(model: ns.LIF | ns.AdEx, **options: bool) -> ns.Network:
    """Return five neurons with conductances and currents, all recorded."""
    net = ns.Network()
    cells = net.add("cells", 5, model)
    source = net.add("source", 4, ns.LIF(), dale=False)
    net.drive(source, ns.ConstantCurrent([400.0, 450.0, 500.0, 550.0]))
    net.drive(cells, ns.Poisson(1500.0), synapse=AMPA, weight=1.5)
    net.drive(cells, ns.Poisson(500.0), synapse=GABA, weight=2.0)
    net.connect(source, cells, ns.FixedProbability(0.6), synapse=NMDA, weight=1.0)
    net.drive(cells, ns.Poisson(300.0), synapse=ns.ExpCurrent(3.0), weight=4.0)
    net.connect(source, cells, ns.AllToAll(), synapse=ns.AlphaCurrent(2.0), weight=-5.0)
    for variable in ("i_exc", "i_inh", "i_syn"):
        net.record(cells, variable, **options)
    return net


def values(net: ns.Network, threads: int = 1) -> dict[str, np.ndarray]:
    """Return all traces of the cells."""
    result = ns.simulate(net, 200.0, threads=threads)
    return {name: trace.values for (_, name), trace in result.traces.items()}


@pytest.mark.parametrize("model", [ns.LIF(), ns.AdEx()], ids=["LIF", "AdEx"])
def test_currents_are_those_of_the_recorded_states(model) -> None:
    net, alone = network(model), ns.Network()
    cells = net["cells"]
    for name in ("v", "ampa.g", "gaba.g", "nmda.s"):
        net.record(cells, name)
    found = values(net)
    v = found["v"]
    ampa, gaba = found["ampa.g"] * (0.0 - v), found["gaba.g"] * (-80.0 - v)
    nmda = found["nmda.s"] * (0.0 - v) / (1.0 + np.exp(-0.062 * v) / 3.57)
    # The currents without equations, from the same spikes onto neurons without conductances.
    cells = alone.add("cells", 5, ns.LIF())
    source = alone.add("source", 4, ns.LIF(), dale=False)
    alone.drive(source, ns.ConstantCurrent([400.0, 450.0, 500.0, 550.0]))
    alone.connect(source, cells, ns.AllToAll(), synapse=ns.AlphaCurrent(2.0), weight=-5.0)
    alone.record(cells, "i_syn")
    assert found["i_inh"] == pytest.approx(gaba + values(alone)["i_syn"], abs=1e-9)
    exponential = found["i_exc"] - ampa - nmda
    assert exponential.min() > -1e-9
    assert exponential.max() > 3.0
    assert found["i_exc"] + found["i_inh"] == pytest.approx(found["i_syn"], abs=1e-9)


def test_sums_do_not_depend_on_threads() -> None:
    one, two = values(network(ns.LIF(), sum=True)), values(network(ns.LIF(), sum=True), threads=2)
    each = values(network(ns.LIF()))
    for name, sums in one.items():
        assert sums.shape == (2000, 1)
        assert np.array_equal(sums, two[name])
        single = each[name.removesuffix("_sum")].sum(axis=1, keepdims=True)
        assert sums == pytest.approx(single, rel=1e-12)


def test_a_current_may_branch() -> None:
    net = ns.Network()
    cells = net.add("cells", 3, ns.LIF(v_threshold=-40.0, v_reset=-65.0))
    net.drive(cells, ns.Poisson(800.0), synapse=Rectified(), weight=2.0)
    net.drive(cells, ns.ConstantCurrent([0.0, 100.0, 300.0]))
    for name in ("v", "g", "i_exc", "i_inh"):
        net.record(cells, name)
    found = values(net)
    force = np.maximum(-60.0 - found["v"], 0.0)
    assert found["i_exc"] == pytest.approx(found["g"] * force, abs=1e-9)
    assert (force == 0.0).any()
    assert (found["i_exc"] > 0.0).any()
    assert not found["i_inh"].any()


def test_a_synapse_of_both_signs_is_refused() -> None:
    net = ns.Network()
    cells = net.add("cells", 1, ns.LIF())
    shared, other = ns.BiexpCurrent(1.0, 3.0), ns.BiexpCurrent(1.0, 3.0, name="gaba")
    net.drive(cells, ns.Poisson(100.0), synapse=shared, weight=5.0)
    net.drive(cells, ns.Poisson(100.0), synapse=shared, weight=-5.0)
    net.drive(cells, ns.Poisson(100.0), synapse=ns.ExpConductance(2.0), weight=1.0)
    net.record(cells, "i_inh")
    with pytest.raises(ns.NeurosimError, match="transmits excitation and inhibition: use two syn"):
        ns.Simulation(net)
    net = ns.Network()
    cells = net.add("cells", 1, ns.LIF())
    for synapse, weight in ((shared, 5.0), (other, -5.0)):
        net.drive(cells, ns.Poisson(1000.0), synapse=synapse, weight=weight)
    for name in ("i_exc", "i_inh"):
        net.record(cells, name)
    found = values(net)
    assert found["i_exc"].min() >= 0.0 > found["i_inh"].min()


def test_gap_junctions_have_no_synaptic_current() -> None:
    net = ns.Network()
    cells = net.add("cells", 2, ns.LIF())
    net.connect(cells, cells, ns.Explicit([0], [1]), synapse=ns.GapJunction(), weight=1.0)
    net.record(cells, "i_syn")
    with pytest.raises(ns.NeurosimError, match="receives GapJunction, a synapse with equations"):
        ns.Simulation(net)
