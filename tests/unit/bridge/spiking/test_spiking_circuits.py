"""Threshold networks as spiking neurons: the same answers on every input."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from bridge import SpikingCircuit, strengths
from bridge.classics import (
    ThresholdNetwork,
    ThresholdUnit,
    compile_expressions,
    parse,
    random_expression,
    truth_table,
)
from bridge.spiking import to_spiking


def test_two_hundred_random_expressions_are_right_on_every_input():
    rng = np.random.default_rng(7)
    variables = ["ABCDEF"[: rng.integers(1, 7)] for _ in range(200)]
    expressions = [random_expression(rng, names, 3) for names in variables]
    table = truth_table(6)
    circuit = SpikingCircuit(compile_expressions(expressions, "ABCDEF"), table)
    result = ns.simulate(circuit.network(), circuit.duration)
    expected = np.stack([each.evaluate(table, "ABCDEF") for each in expressions], axis=1)
    assert (circuit.outputs(result) == expected).all()
    assert 0.2 < expected.mean() < 0.8
    # Every unit in between is right too, and nothing fires outside its window.
    active = circuit.logic.run(table)
    assert (circuit.fired(result)[:, 0] == active).all()
    assert len(result.spikes["circuit"]) == active.sum()


@pytest.mark.parametrize("seed", range(5))
def test_random_weights_and_loops_give_the_same_spikes_as_the_units(seed):
    rng = np.random.default_rng(seed)
    n_inputs, n_units = 3, 6
    units = []
    for k in range(n_units):
        sources = rng.choice(n_inputs + n_units, 4, replace=False).tolist()
        vetoes = tuple(rng.choice(n_inputs + n_units, rng.integers(0, 2)).tolist())
        weights = tuple(rng.normal(size=4).tolist())
        units.append(ThresholdUnit(f"u{k}", tuple(sources), weights, rng.normal(0.0, 0.5), vetoes))
    network = ThresholdNetwork(("a", "b", "c"), tuple(units), (8,))
    assert network.levels is None
    inputs = rng.random((20, 12, n_inputs)) < 0.5
    circuit = SpikingCircuit(network, inputs)
    result = ns.simulate(circuit.network(), circuit.duration)
    active = network.run(inputs)
    assert (circuit.fired(result) == active).all()
    assert 0.1 < active[..., n_inputs:].mean() < 0.9


def test_a_stream_of_inputs_is_answered_window_by_window():
    expression = "((A & ¬X & Z) ∣ (A & ¬Y)) & ((X & Y) ∣ (¬X & Z))"
    stream = truth_table(4)[None]
    circuit = SpikingCircuit(compile_expressions(expression), stream)
    result = ns.simulate(circuit.network(), circuit.duration)
    answers = circuit.fired(result)[0][:, circuit.logic.outputs[0]]
    assert (answers == parse(expression).evaluate(stream[0])).all()
    last = circuit.time(circuit.logic.outputs[0], int(np.flatnonzero(answers)[-1]))
    output = circuit.ids(circuit.logic.outputs[0])[0]
    assert result.spikes["circuit"].of(output)[-1] == pytest.approx(last)


def test_a_source_that_excites_and_inhibits_is_two_neurons_that_fire_alike():
    units = (ThresholdUnit("u", (0, 1), (1.0, -1.0)), ThresholdUnit("v", (1, 2), (1.0, 1.0), 0.5))
    circuit = SpikingCircuit(ThresholdNetwork(("a", "b"), units, (3,)), truth_table(2))
    net = circuit.network()
    assert [(p.name, p.size) for p in net.populations] == [("circuit", 16), ("circuit inh", 4)]
    assert [net.sign_of(p) for p in net.populations] == [1, -1]
    result = ns.simulate(net, circuit.duration)
    assert (result.spikes["circuit inh"].counts() > 0).tolist() == truth_table(2)[:, 1].tolist()
    assert circuit.outputs(result)[:, 0].tolist() == [False, True, True, True]


@pytest.mark.parametrize("n", [1, 3, 8])
def test_a_veto_outweighs_all_excitation(n):
    unit = ThresholdUnit.mcculloch_pitts("u", tuple(range(n)), (n,), threshold=1)
    own = strengths(unit)
    assert own.veto <= -(sum(own.psps) - 15.0)
    assert sum(own.psps) + own.veto <= 15.0 - own.margin


def test_conjunctions_take_equal_psps_halfway_around_15_mv():
    for n in (1, 2, 5, 20):
        own = strengths(ThresholdUnit.mcculloch_pitts("u", tuple(range(n)), threshold=n))
        assert sum(own.psps) - 15.0 == pytest.approx(own.margin)
        assert 15.0 - sum(own.psps[:-1]) == pytest.approx(own.margin)
        assert own.clock == 0.0


def test_a_unit_without_excitation_needs_a_clock():
    own = strengths(ThresholdUnit.mcculloch_pitts("not", (), (0,), threshold=0))
    assert own.clock > 15.0
    assert own.clock + own.veto < 15.0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda logic: SpikingCircuit(logic, [[0, 1]]), "shape"),
        (lambda logic: SpikingCircuit(logic, [[0, 1, 2]]), "0 .silent. and 1"),
        (lambda logic: SpikingCircuit(logic, truth_table(3)[None], 5.0), "too short"),
        (
            lambda logic: SpikingCircuit(logic, truth_table(3), neuron=ns.LIF(v_reset=-65.0)),
            "v_reset = v_rest",
        ),
        (lambda logic: SpikingCircuit(logic, truth_table(3)).run(dt=0.4), "does not divide"),
        (
            lambda logic: strengths(ThresholdUnit("u", (0, 1, 2), (0.1, 0.2, 0.3), 0.3)),
            "come within",
        ),
        (
            lambda logic: strengths(
                ThresholdUnit("u", tuple(range(20)), tuple(np.sqrt(np.arange(2.0, 22.0))), 1.0)
            ),
            "65,536 different sums",
        ),
    ],
)
def test_circuits_that_could_be_wrong_are_refused(make, words):
    with pytest.raises(ns.NeurosimError, match=words):
        make(compile_expressions("A & ~B | C"))


def test_one_function_takes_circuits_and_trained_networks_alike():
    circuit = compile_expressions("A & ~B | C")
    twin = to_spiking(circuit, truth_table(3))
    assert twin.run()[:, 0].astype(int).tolist() == [0, 1, 0, 1, 1, 1, 0, 1]
    with pytest.raises(ns.NeurosimError, match="does not apply to threshold logic"):
        to_spiking(circuit, truth_table(3), "rate")
