"""Kinds of neuron and reset that trained networks use, against independent solutions."""

from __future__ import annotations

import nir
import numpy as np
import pytest
from scipy.linalg import expm

import neurosim as ns
from tests.nir_networks import (
    N_IN,
    H,
    N,
    cuba,
    euler,
    full,
    graph_of,
    graph_with,
    lif,
    outputs,
    pulses,
)


def test_a_pulse_moves_an_lif_as_in_the_closed_form():
    """The reference neuron of NIR's paper, whose threshold is 0.1, without any option."""
    tau, one = 2.5e-3, np.ones(1)
    neuron = nir.LIF(tau * one, one, 0 * one, 0.1 * one)
    graph = nir.NIRGraph.from_list(nir.Affine(np.ones((1, 1)), 0 * one), neuron)
    given = (np.random.default_rng(1).random((1000, 1)) < 0.3).astype(float)

    def fired(gain: float) -> list[int]:
        v, steps = 0.0, []
        for k, x in enumerate(given[:, 0]):
            v = v * np.exp(-H / tau) + gain * x
            if v > 0.1:
                steps.append(k)
                v = 0.0
        return steps

    expected = fired(-np.expm1(-H / tau))
    assert np.flatnonzero(outputs(graph, given)).tolist() == expected
    assert fired(H / tau) != expected  # the input tells a pulse from a jump
    assert len(expected) > 50


@pytest.mark.parametrize("recurrent", [False, True])
def test_a_pulse_moves_a_cubalif_as_in_the_closed_form(recurrent: bool):
    node = cuba(3e-3, 7e-4, 1.2)
    graph, _ = graph_with(node, scale=0.1, recurrent=recurrent)
    weight, bias = graph.nodes["fc"].weight, graph.nodes["fc"].bias
    back = graph.nodes["r"].weight if recurrent else np.zeros((N, N))
    # State (I, v, S): the input S is constant within a step.
    rates = np.array([[-1 / 7e-4, 0, 7 / 7e-4], [30 / 3e-3, -1 / 3e-3, 0], [0, 0, 0]])
    over = expm(rates * H)
    given, state, expected = pulses(), np.zeros((3, N)), []
    z = np.zeros(N)
    for x in given:
        state[2] = weight @ x + bias + back @ z
        state = over @ state
        z = (state[1] > 1.2).astype(float)
        state[1, z > 0] = 0.0
        expected.append(z)
    assert 50 < np.sum(expected) < 0.5 * np.size(expected)
    assert np.array_equal(outputs(graph, given), expected)


NODES = {
    "no memory": (lif(H), 1.0),
    "no memory, 32 bits": (lif(float(np.float32(H))), 1.0),
    "beta 0.3": (lif(H / 0.7), 1.0),
    "5 s": (lif(5.0), 0.3),
    "no synaptic memory": (cuba(12.5 * H, H), 1.0),
    "no membrane memory": (cuba(H, 5 * H), 1.0),
    "no memory at all": (cuba(H, H), 1.0),
    "current, 5 s": (cuba(5.0, 2.0), 0.05),
    "large potentials": (lif(12.5 * H, 4000.0), 4000.0),
    "small potentials": (lif(12.5 * H, 0.004), 0.004),
    "IF, r = 1": (nir.IF(**full(r=1.0, v_threshold=1.0)), 1.0),
    "IF, r = 3/dt": (nir.IF(**full(r=3.0 / H, v_threshold=2.0, v_reset=-0.5)), 1.0),
    "Threshold": (nir.Threshold(np.full(N, 0.6)), 1.0),
}


@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("name", NODES)
def test_spikes_are_those_of_eulers_method(name: str, recurrent: bool):
    node, scale = NODES[name]
    graph, order = graph_with(node, scale=scale, recurrent=recurrent)
    given = pulses()
    expected = euler(graph, order, given)
    assert 20 < expected.sum() < 0.9 * expected.size
    assert np.array_equal(outputs(graph, given, integration="euler"), expected)


@pytest.mark.parametrize("recurrent", [False, True])
def test_currents_of_a_node_may_differ_in_memory(recurrent: bool):
    node = cuba(12.5 * H, 5 * H)
    node.tau_syn[::3] = H
    graph, order = graph_with(node, scale=0.5, recurrent=recurrent)
    given = pulses()
    expected = euler(graph, order, given)
    assert np.array_equal(outputs(graph, given, integration="euler"), expected)


@pytest.mark.parametrize("node", [NODES["IF, r = 1"][0], NODES["IF, r = 3/dt"][0]])
def test_an_if_has_the_same_spikes_solved_exactly(node: nir.IF):
    graph, order = graph_with(node)
    assert np.array_equal(outputs(graph, pulses()), euler(graph, order, pulses()))


@pytest.mark.parametrize("reset", ["value", "subtract", "subtract_delayed"])
@pytest.mark.parametrize(
    "node",
    [
        lif(5 * H),
        cuba(12.5 * H, 3 * H),
        nir.IF(**full(r=1.0, v_threshold=1.0)),
        lif(5 * H, 2.0, v_leak=0.5, v_reset=-0.25),
    ],
)
def test_a_spike_resets_or_subtracts(node: nir.NIRNode, reset: str):
    graph, order = graph_with(node, recurrent=True)
    given = pulses()
    expected = euler(graph, order, given, reset=reset)
    assert 100 < expected.sum() < 0.9 * expected.size
    assert np.array_equal(outputs(graph, given, integration="euler", reset=reset), expected)
    if reset != "value":
        assert not np.array_equal(expected, euler(graph, order, given))


def test_subtraction_is_that_of_snntorchs_leaky_neuron():
    """mem ← β·mem + x − reset·threshold, reset being whether mem was above it before."""
    beta, threshold = 0.8, 1.0
    graph, _ = graph_with(lif(H / (1.0 - beta), threshold))
    given = pulses()
    mem, expected = np.zeros(N), []
    for x in given @ graph.nodes["fc"].weight.T + graph.nodes["fc"].bias:
        mem = beta * mem + x - (mem > threshold) * threshold
        expected.append(mem > threshold)
    found = outputs(graph, given, integration="euler", reset="subtract_delayed")
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("integration", ["exact", "euler"])
def test_a_neuron_whose_leak_is_above_threshold_fires_regularly(integration: str):
    tau, leak = 20e-3, 1.2
    node = lif(tau, v_leak=leak)
    graph, _ = graph_with(node)
    graph.nodes["fc"].weight[:] = graph.nodes["fc"].bias[:] = 0.0
    decay = np.exp(-H / tau) if integration == "exact" else 1.0 - H / tau
    # v = leak·(1 − decay^n) exceeds 1 after n steps
    period = int(np.floor(np.log(1.0 - 1.0 / leak) / np.log(decay))) + 1
    found = outputs(graph, np.zeros((1500, N_IN)), integration=integration)
    assert np.flatnonzero(found[:, 0]).tolist() == list(range(period - 1, 1500, period))
    assert (found == found[:, :1]).all()


def test_a_neuron_that_fires_by_itself_responds_to_input():
    node = lif(12.5 * H, v_leak=1.5)
    node.v_leak[::2] = 0.1
    graph, order = graph_with(node, scale=0.3, recurrent=True)
    expected = euler(graph, order, pulses())
    assert np.array_equal(outputs(graph, pulses(), integration="euler"), expected)


def test_a_graph_without_inputs_is_simulated():
    one = np.ones(1)
    cell = nir.LIF(tau=20e-3 * one, r=one, v_leak=1.2 * one, v_threshold=one)
    graph = graph_of("a b out", a=cell, b=cell, out=nir.Output(np.array([1])))
    model = ns.from_nir(graph)
    result = ns.simulate(model.network, 80.0)
    # v = 1.2·(1 − exp(−t/20 ms)) reaches 1 after 35.835 ms; the pulse of a adds to v of b.
    assert result.spikes["a"].times.tolist() == pytest.approx([35.9, 71.8])
    assert len(result.spikes["b"]) == 2
    assert repr(model) == (
        "<NirNetwork: inputs [], outputs ['out'], <Network: 2 neurons in 2 populations, 1 "
        "projection>>"
    )
