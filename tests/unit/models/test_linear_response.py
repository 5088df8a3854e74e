"""Strengths as PSPs in neurons with equations, against simulations of small PSPs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

import neurosim as ns

NEURONS = [ns.AdEx(), ns.GLIF(), ns.QuadraticIF(), ns.Izhikevich2007()]
SYNAPSES = [ns.ExpCurrent(3.0), ns.AlphaCurrent(2.0), ns.BiexpConductance(1.0, 8.0, e_rev=-90.0)]


@pytest.mark.parametrize("neuron", NEURONS, ids=lambda neuron: type(neuron).__name__)
@pytest.mark.parametrize("synapse", SYNAPSES, ids=lambda synapse: type(synapse).__name__)
def test_a_small_psp_has_the_given_peak(neuron: Any, synapse: Any) -> None:
    net = ns.Network(dale=False)
    cells = net.add("cells", 2, neuron)
    psp = float(np.copysign(0.01, neuron.psp_per_weight(synapse)))
    # By 300 ms a neuron with adaptation is at rest; the second one receives no spike.
    net.drive(cells[:1], ns.SpikeTimes([300.0]), synapse=synapse, psp=psp)
    net.record(cells, "v")
    first, other = ns.simulate(net, 450.0).traces["cells", "v"].values.T
    difference = first - other
    assert difference[np.abs(difference).argmax()] == pytest.approx(psp, rel=2e-3)


def test_the_psp_of_a_dendritic_synapse_is_that_at_the_soma() -> None:
    net = ns.Network()
    cell = net.add("cell", 1, ns.TwoCompartment())
    synapse = ns.ExpCurrent(3.0)
    spikes = ns.SpikeTimes([1.0])
    net.drive(cell, spikes, synapse=synapse, psp=0.5, compartment="dendrite")
    net.record(cell, "v")
    assert ns.simulate(net, 60.0).traces["cell", "v"].values.max() == pytest.approx(-69.5, abs=1e-4)


def test_the_response_of_a_leaky_membrane_is_the_closed_form() -> None:
    neuron = ns.EIF(delta_t=0.0, g_l=10.0, c_m=200.0)
    leaky = ns.LIF(tau_m=20.0, c_m=200.0)
    for synapse in (*SYNAPSES[:2], ns.BiexpCurrent(1.0, 5.0)):
        expected = leaky.psp_per_weight(synapse)
        assert neuron.psp_per_weight(synapse) == pytest.approx(expected, rel=1e-6)


@dataclass(frozen=True, eq=False)
class Oscillator(ns.NeuronModel):
    """A neuron without a stable resting state."""

    v: ClassVar = ns.state("mV", -70.0)

    @staticmethod
    def derivatives(v, i, p):
        return 0.1 * (v + 70.0) + 0.01 * i

    @staticmethod
    def spikes(v_before, v, p):
        return v > 0.0

    @staticmethod
    def reset(v, p):
        return -70.0


@pytest.mark.parametrize(
    ("neuron", "words"),
    [
        (Oscillator(), "Oscillator has no stable resting state; give the strength as weight"),
        (ns.HodgkinHuxleyTraub(), "depends on its state; give the strength as weight"),
        (ns.Izhikevich(), "Izhikevich has no derivatives"),
        (ns.AdEx(g_l=ns.Normal(30.0, 1.0)), "parameters of AdEx differ between neurons"),
    ],
)
def test_an_unknown_psp_is_refused(neuron: Any, words: str) -> None:
    net = ns.Network()
    cells = net.add("cells", 2, neuron)
    with pytest.raises(ns.NeurosimError, match=words):
        net.drive(cells, ns.SpikeTimes([1.0]), synapse=ns.ExpCurrent(2.0), psp=1.0)
