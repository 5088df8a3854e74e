"""Trained networks as groups of spiking neurons."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

import neurosim as ns
from bridge import Layer, LayeredNetwork, Unit, neuron_graph
from bridge.spiking import NeuronGroup, sigmoids_of, to_spiking

RNG = np.random.default_rng(0)
POINTS = RNG.uniform(-1.0, 1.0, (40, 2))


def outputs_of(spiking: NeuronGroup, inputs: np.ndarray) -> list[np.ndarray]:
    net = ns.Network(dale=False)
    spiking.add_to(net, inputs, dt=5.0)
    steps = max(spiking.network.depths)
    return spiking.outputs_in(ns.simulate(net, 5.0 * steps, dt=5.0, seed=1))


def test_step_units_do_the_same_in_spikes():
    layers = LayeredNetwork.random([2, 6, 4, 3], ["step"] * 3, seed=3, slope=5.0)
    for abstract, spiking in zip(
        layers.outputs(POINTS), outputs_of(NeuronGroup(layers), POINTS), strict=True
    ):
        assert (abstract == spiking).all()
        assert 0.0 < abstract.mean() < 1.0


def test_spread_thresholds_are_the_unit_to_the_nearest_neuron():
    layers = LayeredNetwork.random([2, 5, 3], ["sigmoid", "sigmoid"], seed=1, slope=5.0)
    hidden = outputs_of(NeuronGroup(layers, 50, noise=False), POINTS)[0]
    assert np.abs(hidden - layers.outputs(POINTS)[0]).max() <= 0.5 / 50 + 1e-9


def test_ways_of_different_length_arrive_together():
    # g sees x, f2 and f4, which is a step later: all that arrives is summed at once.
    graph = neuron_graph(
        ["x1", "x2"],
        {
            "f2": Unit({"x2": 3.0, "x1": 1.0}, activation="step"),
            "f4": Unit({"f2": -1.0, "x1": 2.0}, 0.2, "step"),
            "g": Unit({"f4": 0.9, "x2": 0.3, "f2": 0.7}, -0.8, "step"),
        },
    )
    spiking = outputs_of(NeuronGroup(graph), POINTS)
    for abstract, share in zip(graph.outputs(POINTS), spiking, strict=True):
        assert (abstract == share).all()
        assert 0.0 < abstract.mean() < 1.0


def test_soft_thresholds_fire_with_the_units_probability():
    layers = LayeredNetwork((Layer([[1.0, -1.0], [0.5, 2.0]], [0.3, -0.2], "sigmoid"),))
    share = outputs_of(NeuronGroup(layers, outputs=2000), POINTS)[0]
    counts, probability = np.round(2000 * share), layers(POINTS)
    tail = np.minimum(binom.cdf(counts, 2000, probability), binom.sf(counts - 1, 2000, probability))
    assert tail.min() > 1e-4 / (2 * 80)  # an error rate of 1e-4 for all 80
    assert outputs_of(NeuronGroup(layers), POINTS)[0].shape == (40, 2)


def test_other_activations_are_refused():
    relu = NeuronGroup(LayeredNetwork.random([2, 3, 1], ["relu", "sigmoid"]))
    with pytest.raises(ns.NeurosimError, match="relu"):
        relu.add_to(ns.Network(dale=False), POINTS, dt=5.0)


def test_a_linear_output_is_a_potential():
    layers = LayeredNetwork.random([2, 6, 2], ["step", "linear"], seed=3, slope=5.0)
    output = outputs_of(NeuronGroup(layers), POINTS)[-1]
    assert output == pytest.approx(layers(POINTS), abs=1e-9)


def test_tanh_units_become_sigmoids_of_the_same_function():
    layers = LayeredNetwork.random([2, 5, 4, 1], ["tanh", "tanh", "sigmoid"], seed=2, slope=3.0)
    same = sigmoids_of(layers)
    assert {layer.activation.name for layer in same.layers} == {"sigmoid"}
    assert same(POINTS) == pytest.approx(layers(POINTS), rel=1e-12)


def test_the_one_call_makes_groups_and_names_them():
    layers = LayeredNetwork.random([2, 6, 3], ["step", "step"], seed=3, slope=5.0)
    twin = to_spiking(layers, POINTS, "group", name="votes, ")
    populations = twin.add_to(ns.Network(dale=False), POINTS, dt=5.0)
    assert [cells.name for cells in populations] == ["votes, layer 1", "votes, layer 2"]
