"""Trained networks as spiking ones: rates, first spikes, chance, and what a conversion loses."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.special import expit

import bridge
import neurosim as ns
from bridge.spiking import LatencyCodedNetwork, RateCodedNetwork, balance, diagnose, to_spiking

RNG = np.random.default_rng(4)
INPUTS = RNG.uniform(0.0, 1.0, (20, 6))


def relu_network(seed=2):
    net = bridge.LayeredNetwork.random([6, 8, 5, 3], ["relu", "relu", "linear"], seed)
    theta = net.parameters + np.random.default_rng(seed).normal(0, 0.1, 119)
    theta[-3:] += 0.5
    return net.with_parameters(theta)


NETWORK = relu_network()


def test_balanced_layers_compute_the_same_in_units_of_their_scales():
    found = balance(NETWORK, INPUTS, percentile=95.0, shift_scores=True)
    signal, wanted = found.scaled(INPUTS), NETWORK.outputs(INPUTS)
    for k, layer in enumerate(found.layers):
        signal = layer.activation(layer.score(signal))
        offset = found.offset if k == 2 else 0.0
        assert signal * found.scales[k + 1] + offset == pytest.approx(wanted[k], abs=1e-12)
    assert found.scales[1] == pytest.approx(np.percentile(wanted[0], 95.0))
    assert wanted[2].max(axis=1).min() > found.offset


def test_a_current_makes_as_many_spikes_as_the_activation_is_worth():
    layer = bridge.Layer(NETWORK.layers[0].weights, NETWORK.layers[0].bias, "relu")
    one = bridge.LayeredNetwork((layer,))
    twin = RateCodedNetwork.of(one, INPUTS, percentile=100.0, rate=100.0)
    net = ns.Network()
    twin.add_to(net, INPUTS)
    result = ns.simulate(net, 200.0)
    exact = one(INPUTS) / twin.balanced.scales[1] * 100.0 * 0.2
    counts = result.spikes["layer 1"].counts().reshape(exact.shape)
    # Rounded to the nearest, but for the grid: at 100 Hz it takes up to 1 % off.
    assert np.abs(counts - exact).max() < 0.5 + 0.01 * exact.max()


@pytest.mark.parametrize("inputs", ["current", "spikes"])
def test_rates_stand_for_activations_in_every_layer(inputs):
    twin = to_spiking(NETWORK, INPUTS, inputs=inputs, tau_s=5.0)
    net = ns.Network()
    twin.add_to(net, INPUTS, sample=50.0)
    result = ns.simulate(net, 1000.0)
    activity = twin.activity(result, INPUTS, stop=1000.0)
    losses = diagnose(NETWORK, INPUTS, activity, twin.balanced.scales, 1.0 / 200.0)
    assert len(losses) == 4
    assert all(loss.local_error < 0.01 for loss in losses[:3])
    times, scores = twin.scores(result, n_trials=20)
    assert (len(times), scores.shape[1:]) == (20, (20, 3))
    best = (NETWORK(INPUTS) > 0.0) & (np.arange(3) == NETWORK(INPUTS).argmax(axis=1)[:, None])
    slope = twin.threshold_distance * times[-1] * twin.rate * 1e-3 / twin.balanced.scales[-1]
    wanted = slope * NETWORK(INPUTS)[best]
    # What each reset loses adds up over the layers.
    assert scores[-1][best] == pytest.approx(wanted, abs=0.08 * wanted.max())


def test_the_briefer_a_spike_the_more_is_lost_at_reset():
    own = []
    for tau_s in (0.2, 1.0, 5.0):
        twin, net = to_spiking(NETWORK, INPUTS, tau_s=tau_s), ns.Network()
        twin.add_to(net, INPUTS)
        activity = twin.activity(ns.simulate(net, 500.0), INPUTS, stop=500.0)
        own.append(diagnose(NETWORK, INPUTS, activity, twin.balanced.scales, 0.01)[2].local_error)
    assert own == sorted(own, reverse=True)
    assert own[0] > 3.0 * own[2]


@pytest.mark.parametrize("tau_m", [5.0, 20.0, 100.0])
def test_first_spikes_compute_a_relu_network_whatever_the_leak(tau_m):
    twin = to_spiking(NETWORK, INPUTS, "latency", window=10.0)
    twin = replace(twin, neuron=replace(twin.neuron, tau_m=tau_m))
    net = ns.Network()
    twin.add_to(net, INPUTS, dt=0.01)
    result = ns.simulate(net, twin.duration(0.01), dt=0.01)
    activity = twin.activity(result, INPUTS)
    grid = 0.01 / (tau_m * twin.reach)
    offset = twin.balanced.offset
    losses = diagnose(NETWORK, INPUTS, activity, twin.balanced.scales, grid, offset=offset)
    # A step late costs a grid step, and every input is late by half of one.
    assert all(loss.local_error < 4.0 * grid for loss in losses)
    assert (twin.decisions(result, n_trials=20)[0] == NETWORK(INPUTS).argmax(axis=1)).all()
    for trains in result.spikes.values():
        assert (trains.counts() == 1).all()


def test_who_is_silent_fires_last():
    twin = LatencyCodedNetwork.of(NETWORK, INPUTS)
    net = ns.Network()
    twin.add_to(net, np.array([[0.0, 1.0, 0.0, 0.0, 0.5, 0.0]]))
    times = ns.simulate(net, twin.duration()).spikes["input"]
    last = twin.end(0, 0.1)
    assert times.times[times.ids == 0] == pytest.approx(last)
    assert (times.times < last - 1.0).sum() == 2


def test_chance_makes_probabilities_of_sigmoids_in_both_layers():
    net = bridge.LayeredNetwork.random([3, 2, 1], ["sigmoid", "sigmoid"], 5)
    twin, inputs = to_spiking(net, INPUTS[:, :3]), np.tile([0.9, 0.1, 0.4], (500, 1))
    described = ns.Network()
    twin.add_to(described, inputs)
    steps = 40
    result = ns.simulate(described, steps + 1.0, dt=1.0, seed=3)
    hidden, output = twin.counts(result, n_trials=500, steps=steps)
    n = 500 * steps
    probability = net.outputs(inputs[:1])[0][0]
    error = np.sqrt(probability * (1.0 - probability) / n)
    assert (np.abs(hidden.mean(axis=(0, 1)) - probability) < 4.5 * error).all()  # 7e-6 each
    wanted = sum(
        np.prod(np.where(state, probability, 1.0 - probability))
        * expit(net.layers[1].score(np.array([state], dtype=float)))[0, 0]
        for state in product([0, 1], repeat=2)
    )
    assert abs(output.mean() - wanted) < 4.5 * np.sqrt(wanted * (1.0 - wanted) / n)


def test_a_loss_is_found_in_its_layer_with_its_cause():
    exact = [INPUTS, *NETWORK.outputs(INPUTS)]
    scales = np.array([values.max() for values in exact])
    losses = diagnose(NETWORK, INPUTS, exact, scales, 0.01, offset=-100.0)
    assert [loss.error for loss in losses] == pytest.approx([0.0] * 4, abs=1e-12)
    assert losses[-1].agreement == 1.0
    clipped = np.minimum(exact[1], 0.3 * scales[1])
    rest = bridge.LayeredNetwork(NETWORK.layers[1:]).outputs(clipped)
    low = scales * [1.0, 0.3, 1.0, 1.0]
    losses = diagnose(NETWORK, INPUTS, [INPUTS, clipped, *rest], low, 0.01, offset=-100.0)
    assert "increase the percentile" in str(losses[1])
    assert losses[2].cause == losses[3].cause == "inherited from the previous layer"
    silent = [INPUTS, np.where(exact[1] < 0.5 * scales[1], 0.0, exact[1]), *rest]
    assert "simulate longer" in diagnose(NETWORK, INPUTS, silent, scales, 0.01)[1].cause


def graph(kind: str) -> bridge.LayeredNetwork:
    """A network whose second layer sees the input instead of the first layer."""
    units = {
        "f": bridge.Unit({"x": 1.0}, 0.0, kind),
        "g": bridge.Unit({"x": 1.0}, 0.0, kind),
        "h": bridge.Unit({"f": 1.0, "g": 1.0}, 0.0, kind),
    }
    return bridge.neuron_graph(["x"], units)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: to_spiking(NETWORK, INPUTS, "phase"), "is unknown"),
        (lambda: to_spiking(graph("relu"), INPUTS[:, :1]), "connections that skip layers"),
        (lambda: to_spiking(graph("sigmoid"), INPUTS[:, :1]), "connections that skip layers"),
        (lambda: to_spiking(NETWORK, INPUTS, percentile=20.0), "outside 50 to 100"),
        (lambda: to_spiking(NETWORK, INPUTS, "chance"), "layer 1 is a relu"),
        (lambda: to_spiking(NETWORK, 0.0 * INPUTS), "no activity"),
        (lambda: to_spiking(NETWORK, INPUTS, rate=0.0), "outside 1 to 1000 Hz"),
        (lambda: to_spiking(NETWORK, INPUTS, "latency", window=500.0), "window = 500 ms"),
        (
            lambda: to_spiking(bridge.LayeredNetwork.random([6, 2, 1], ["tanh", "linear"]), INPUTS),
            "layer 1 is a tanh",
        ),
        (
            lambda: to_spiking(NETWORK, INPUTS, "latency").add_to(ns.Network(), -INPUTS),
            "needs inputs from 0",
        ),
        (
            lambda: to_spiking(NETWORK, INPUTS, "latency").add_to(ns.Network(), INPUTS, dt=0.3),
            "must be a whole number",
        ),
        (lambda: to_spiking(NETWORK, INPUTS).add_to(ns.Network(), INPUTS[:, 1:]), "shape"),
        (lambda: diagnose(NETWORK, INPUTS, [INPUTS], [1.0], 0.1), "for every layer"),
    ],
)
def test_what_spikes_cannot_do_is_refused(call, words):
    with pytest.raises(ns.NeurosimError, match=words):
        call()
