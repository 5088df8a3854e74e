"""Layers of units: their gradient, training and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from bridge import (
    LogisticNeuron,
    NetworkClassifier,
    find_activation,
    gradient_descent,
    quasi_newton,
)
from bridge.classics import truth_table
from bridge.networks import Layer, LayeredNetwork, train_best
from neurosim import NeurosimError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
FIRED = (RNG.random(40) < 1.0 / (1.0 + np.exp(-X @ [2.0, -1.0, 0.5]))).astype(float)


def slope(network: LayeredNetwork, targets: np.ndarray, loss: str, h: float = 1e-6) -> np.ndarray:
    """The gradient by finite differences."""
    theta = network.parameters

    def value(theta: np.ndarray) -> float:
        return network.with_parameters(theta).loss_and_gradient(X, targets, loss)[0]

    return np.array(
        [(value(theta + h * e) - value(theta - h * e)) / (2 * h) for e in np.eye(len(theta))]
    )


@pytest.mark.parametrize(
    ("widths", "activations", "loss"),
    [
        ([3, 1], ["sigmoid"], "cross-entropy"),
        ([3, 1], ["linear"], "squared"),
        ([3, 5, 1], ["tanh", "sigmoid"], "cross-entropy"),
        ([3, 4, 3, 2], ["relu", "sigmoid", "tanh"], "squared"),
        ([3, 4, 3, 2], ["sigmoid", "tanh", "sigmoid"], "cross-entropy"),
    ],
)
def test_backpropagation_equals_finite_differences(
    widths, activations, loss, rng: np.random.Generator
):
    network = LayeredNetwork.random(widths, activations, seed=1)
    targets = rng.random((40, widths[-1]))

    gradient = network.loss_and_gradient(X, targets, loss)[1]

    assert np.abs(gradient).max() > 1e-3
    assert gradient == pytest.approx(slope(network, targets, loss), abs=1e-8, rel=1e-6)


def test_a_network_without_hidden_layer_learns_what_the_logistic_neuron_learns():
    neuron = LogisticNeuron(tol=1e-10).fit(X, FIRED)
    start = LayeredNetwork.random([3, 1], ["sigmoid"])
    network, descent = start.train(X, FIRED, tol=1e-9, step=2.0)

    assert descent.converged
    expected = np.append(neuron.coef_, neuron.intercept_)
    assert network.parameters == pytest.approx(expected, abs=1e-7)


def test_linear_units_learn_the_least_squares_solution():
    start = LayeredNetwork.random([3, 1], ["linear"])
    network, _ = start.train(X, FIRED, loss="squared", step=0.3, tol=1e-9, solver=gradient_descent)
    expected = np.linalg.lstsq(np.column_stack([X, np.ones(40)]), FIRED, rcond=None)[0]

    assert network.parameters == pytest.approx(expected, abs=1e-7)


def test_a_hidden_layer_learns_xor():
    corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    exclusive = np.array([0.0, 1.0, 1.0, 0.0])
    start = LayeredNetwork.random([2, 4, 1], ["tanh", "sigmoid"], seed=3)
    network, descent = start.train(corners, exclusive, step=2.0, max_iter=2000)

    assert network(corners).ravel() == pytest.approx(exclusive, abs=0.01)
    assert descent.loss[-1] < 0.01 < 0.5 < descent.loss[0]


def test_loss_stays_finite_where_the_output_saturates():
    network = LayeredNetwork((Layer([[1e4]], [0.0], "sigmoid"),))
    value, gradient = network.loss_and_gradient([[1.0], [-1.0]], [0.0, 1.0])

    assert value == pytest.approx(1e4)
    assert gradient == pytest.approx([1.0, 0.0])


def test_outputs_of_each_layer_and_parameters_come_back():
    network = LayeredNetwork.random([3, 5, 2], ["relu", "linear"], seed=2)
    hidden, last = network.outputs(X)

    assert (hidden.shape, last.shape) == ((40, 5), (40, 2))
    assert last == pytest.approx(hidden @ network.layers[1].weights.T + network.layers[1].bias)
    again = network.with_parameters(network.parameters)
    assert (again(X) == last).all()
    assert len(network.parameters) == 3 * 5 + 5 + 5 * 2 + 2


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Layer([[1.0, 2.0]], [0.0, 0.0], "sigmoid"), "must be \\(n_units, n_inputs\\)"),
        (lambda: Layer([[np.nan]], [0.0], "sigmoid"), "finite"),
        (lambda: Layer([[1.0]], [0.0], "selu"), "unknown"),
        (lambda: LayeredNetwork(()), "at least one layer"),
        (
            lambda: LayeredNetwork(
                (Layer([[1.0]], [0.0], "relu"), Layer([[1.0, 1.0]], [0.0], "relu"))
            ),
            "layer 2 has 2 inputs and 1 source signals",
        ),
        (lambda: LayeredNetwork.random([3], ["relu"]), "a width of at least 1"),
        (lambda: LayeredNetwork.random([3, 0], ["relu"]), "at least 1"),
        (lambda: LayeredNetwork.random([2, 1], ["relu"])(X), "\\(n_trials, 2\\)"),
        (lambda: LayeredNetwork.random([3, 1], ["relu"])(np.nan * X), "finite"),
        (
            lambda: LayeredNetwork.random([3, 1], ["relu"]).train(X, FIRED),
            "needs sigmoid outputs, not relu",
        ),
        (
            lambda: LayeredNetwork.random([3, 2], ["sigmoid"]).train(X, FIRED),
            "targets have shape \\(40,\\)",
        ),
        (
            lambda: LayeredNetwork.random([3, 1], ["sigmoid"]).train(X, FIRED + 1.0),
            "lie in 0 to 1",
        ),
        (
            lambda: LayeredNetwork.random([3, 1], ["sigmoid"]).train(X, FIRED, loss="hinge"),
            "loss = 'hinge' is unknown",
        ),
        (
            lambda: LayeredNetwork.random([3, 1], ["sigmoid"]).train(X, FIRED, step=0.0),
            "step = 0 is not",
        ),
    ],
)
def test_what_cannot_be_is_refused(call, words):
    with pytest.raises(NeurosimError, match=words):
        call()


def test_the_best_of_several_starts_is_returned():
    inputs, targets = truth_table(2), np.array([0.0, 1.0, 1.0, 0.0])
    starts = [LayeredNetwork.random([2, 2, 1], ["sigmoid"] * 2, seed) for seed in range(6)]
    single = [one.train(inputs, targets, solver=quasi_newton)[1].loss[-1] for one in starts]
    network, result = train_best(starts, inputs, targets)
    assert result.loss[-1] == min(single) < 0.01 < max(single)
    assert (network(inputs)[:, 0].round() == targets).all()
    with pytest.raises(NeurosimError, match="no network to train"):
        train_best([], inputs, targets)
    for one in (None, starts[0]):
        with pytest.raises(NeurosimError, match="networks must be a list of LayeredNetworks"):
            train_best(one, inputs, targets)


@pytest.mark.parametrize("activation", ["tanh", find_activation("tanh")])
def test_one_activation_holds_for_all_layers(activation):
    network, same = (
        LayeredNetwork.random([3, 4, 2], chosen, seed=2)
        for chosen in (activation, [activation] * 2)
    )
    assert [layer.activation.name for layer in network.layers] == ["tanh", "tanh"]
    assert (network.parameters == same.parameters).all()
    with pytest.raises(NeurosimError, match="activation = 'selu' is unknown"):
        LayeredNetwork.random([3, 4, 2], "selu")
    with pytest.raises(NeurosimError, match="activations must be names of activations, not 1"):
        LayeredNetwork.random([3, 4, 2], 1)


def test_a_generator_sets_the_initial_weights_of_a_classifier():
    first, again = (
        NetworkClassifier((2,), max_iter=50, tol=1.0, random_state=np.random.default_rng(5))
        .fit(X, FIRED)
        .network_.parameters
        for _ in range(2)
    )
    assert (first == again).all()
