"""Networks and their parts as text and tables."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from neurosim.utils.table import MAX_LINES


@pytest.fixture
def net() -> ns.Network:
    net = ns.Network()
    net.add("exc", 80, ns.LIF())
    net.add("<i>", 20, ns.LIF(tau_m=10.0, v_threshold=np.linspace(-55.0, -50.0, 20)))
    return net


def test_populations_name_their_model_and_what_differs_from_its_defaults(net: ns.Network) -> None:
    assert repr(net["exc"]) == "<Population 'exc': 80 neurons, LIF>"
    assert repr(net["<i>"]) == (
        "<Population '<i>': 20 neurons, LIF(v_threshold=array of 20, tau_m=10)>"
    )
    stochastic = ns.LIF(escape=ns.EscapeRate(2.0, 1.0))
    assert repr(net.add("one", 1, stochastic)) == (
        "<Population 'one': 1 neuron, LIF(escape=EscapeRate(delta=2, tau=1))>"
    )


def test_projections_give_rule_strength_and_delay(net: ns.Network) -> None:
    exc, inh = net.populations
    one = net.connect(exc, inh, ns.FixedProbability(0.1), psp=0.5, delay=1.5)
    assert repr(one) == (
        "<Projection 'exc' → '<i>': FixedProbability(p=0.1), DeltaSynapse, weight 0.5 mV, "
        "delay 1.5 ms>"
    )
    weight, synapse = ns.Normal(-20.0, 2.0), ns.ExpCurrent(2.0)
    two = net.connect(inh, exc[:10], ns.FixedInDegree(8), weight=weight, synapse=synapse)
    assert repr(two) == (
        "<Projection '<i>' → 10 neurons of 'exc': FixedInDegree(n=8), ExpCurrent(tau=2), weight "
        "Normal(mean=-20, sd=2, high=0) pA, delay 1 ms>"
    )
    each = ns.Explicit([0, 1], [2, 3])
    three = net.connect(exc, exc, each, psp=[0.1, 0.4], plasticity=ns.STDP(w_max=3.0))
    assert repr(three) == (
        "<Projection 'exc' → 'exc': Explicit(sources=array of 2, targets=array of 2), "
        "DeltaSynapse, weight 0.1 to 0.4 mV, delay 1 ms, STDP(w_max=3)>"
    )
    assert repr(net.projections) == f"({one!r},\n {two!r},\n {three!r})"


def test_inputs_and_recordings_name_their_neurons(net: ns.Network) -> None:
    exc = net["exc"]
    assert repr(net.drive(exc, ns.Poisson(2000.0), psp=0.5)) == (
        "<Drive of 'exc': Poisson(rate=2000), DeltaSynapse, weight 0.5 mV>"
    )
    assert repr(net.drive(exc[:2], ns.SpikeTimes([1.0, 2.0]), psp=[1.0, 2.0])) == (
        "<Drive of 2 neurons of 'exc': SpikeTimes(times=array of 2), DeltaSynapse, "
        "weight 1 to 2 mV>"
    )
    assert repr(net.record(exc, "v", ids=[3], interval=0.5)) == (
        "<Recording of 'v' of 1 neuron of 'exc', every 0.5 ms>"
    )
    average = net.record(exc, "v", average=True)
    assert repr(average) == "<Recording of 'v_average' of 'exc', every step>"
    assert repr(net) == (
        "<Network: 100 neurons in 2 populations, 0 projections, 2 inputs, 2 recordings>"
    )
    assert repr(ns.Simulation(net)) == "<Simulation: 100 neurons, 0 ms simulated, step 0.1 ms>"


def test_the_summary_lists_all_parts(net: ns.Network) -> None:
    exc, inh = net.populations
    net.connect(inh, exc, ns.AllToAll(), psp=-1.0)
    net.drive(exc, ns.ConstantCurrent(100.0))
    summary = net.summary()
    assert list(summary.tables) == ["populations", "projections", "inputs"]
    assert summary["populations"]["synapses"] == [None, "inhibitory"]
    assert summary["projections"].rows == (
        ("<i>", "exc", "AllToAll", "DeltaSynapse", "-1 mV", "1 ms"),
    )
    assert summary["inputs"].rows == (("ConstantCurrent(amplitude=100)", "exc", None, None),)
    assert "&lt;i&gt;" in net._repr_html_()
    assert "<i>" not in net._repr_html_()


def test_large_networks_are_displayed_in_a_few_lines() -> None:
    net = ns.Network()
    parts = [net.add(f"p{k}", 10, ns.LIF()) for k in range(40)]
    for source in parts:
        net.drive(source, ns.Poisson(1000.0), psp=0.1)
        net.record(source, "v")
        for target in parts[:2]:
            net.connect(source, target, ns.AllToAll(), psp=0.1)
    kinds = net.populations, net.projections, net.drives, net.recordings
    for part in (net.summary(), net.summary()["projections"], *kinds):
        assert 20 < len(repr(part).splitlines()) <= MAX_LINES
    assert isinstance(net.projections, tuple)


def test_names_of_populations_are_completed(net: ns.Network) -> None:
    assert net._ipython_key_completions_() == ["exc", "<i>"]


def test_parts_are_tables_in_notebooks(net: ns.Network) -> None:
    exc, inh = net.populations
    shown = inh._repr_html_()
    assert "<td style" in shown
    assert "&lt;i&gt;: 20 neurons, LIF" in shown
    assert "array of 20" in shown
    assert "membrane time constant" in shown
    projection = net.connect(exc, inh[:3], ns.AllToAll(), psp=0.5)
    assert "3 neurons of &#x27;&lt;i&gt;&#x27;" in projection._repr_html_()
    assert "0.5 mV" in projection._repr_html_()
