"""Loop-free graphs, shared weights and the estimator: gradients, equal forms, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import check_estimator

from bridge import (
    Layer,
    LayeredNetwork,
    NetworkClassifier,
    Unit,
    accelerated_descent,
    in_levels,
    neuron_graph,
    quasi_newton,
)
from neurosim import NeurosimError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3))
SMOOTH = ("sigmoid", "tanh", "linear")


def graph_of(seed: int, size: int = 6) -> LayeredNetwork:
    """A random graph: every unit sees some of what comes before, the last all that none saw."""
    rng = np.random.default_rng(seed)
    names, units, unseen = ["x1", "x2", "x3"], {}, set()
    for k in range(size):
        seen = set(rng.choice(names, rng.integers(1, len(names) + 1), replace=False).tolist())
        if k == size - 1:
            seen |= unseen
        weights = {name: float(rng.normal()) for name in sorted(seen)}
        unseen = (unseen - seen) | {f"f{k}"}
        units[f"f{k}"] = Unit(weights, float(rng.normal()), str(rng.choice(SMOOTH)))
        names.append(f"f{k}")
    order = rng.permutation(list(units)).tolist()  # in which order units are told says nothing
    return neuron_graph(("x1", "x2", "x3"), {name: units[name] for name in order})


def differences(value, point: np.ndarray, h: float = 1e-6) -> np.ndarray:
    return np.array(
        [(value(point + e) - value(point - e)) / (2 * h) for e in h * np.eye(len(point))]
    )


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, 2**31))
def test_the_chain_rule_through_random_graphs_equals_finite_differences(seed):
    graph = graph_of(seed)
    targets = np.sin(X[:, 0])

    def loss(theta):
        return graph.with_parameters(theta).loss_and_gradient(X, targets, "squared")[0]

    gradient = graph.loss_and_gradient(X, targets, "squared")[1]
    scale = 1.0 + np.abs(gradient).max()
    assert np.abs(gradient - differences(loss, graph.parameters)).max() < 1e-6 * scale

    by_parameters, by_signals = graph.slopes(X[:1])

    def output(inputs):
        return graph(inputs[np.newaxis])[0, 0]

    scale = 1.0 + np.abs(by_signals).max()
    assert np.abs(by_signals[0, :3] - differences(output, X[0])).max() < 1e-6 * scale
    assert len(by_parameters) == graph.n_parameters


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, 2**31))
def test_a_graph_in_layers_and_matrices_is_the_same_graph(seed):
    graph = graph_of(seed)
    layers = in_levels(graph)

    assert layers(X) == pytest.approx(graph(X), rel=1e-12, abs=1e-12)
    assert sorted(layers.parameters) == pytest.approx(sorted(graph.parameters))
    assert layers.depths == tuple(sorted(layers.depths))
    by_name = dict(zip(graph.names, graph.slopes(X)[1].T, strict=True))
    for name, slope in zip(layers.names, layers.slopes(X)[1].T, strict=True):
        assert slope == pytest.approx(by_name[name], rel=1e-9, abs=1e-12)


def test_a_unit_used_twice_gets_the_sum_of_both_ways():
    graph = neuron_graph(
        ["x"],
        {
            "g": Unit({"h": 2.0, "f": 3.0}, activation="linear"),
            "h": Unit({"f": 5.0}, activation="linear"),
            "f": Unit({"x": 7.0}, activation="linear"),
        },
    )
    assert graph.names == ("x", "f", "h", "g")
    assert graph.depths == (1, 2, 3)
    assert not graph.is_chain
    assert LayeredNetwork.random([3, 4, 2], ["tanh", "sigmoid"]).is_chain
    assert graph.weights_between(0, 2).tolist() == [[3.0]]
    assert graph.weights_between(1, 2).tolist() == [[2.0]]
    assert graph.slopes([[1.0]])[1].tolist() == [[7.0 * 13.0, 2.0 * 5.0 + 3.0, 2.0, 1.0]]


def test_shared_weights_count_once_and_have_the_sum_of_gradients(rng: np.random.Generator):
    kernels = rng.normal(size=(2, 2, 3))
    layer = Layer.convolution(kernels, [0.1, -0.2], (4, 5), "tanh")
    images = rng.normal(size=(7, 20))
    seen = layer.score(images).reshape(7, 2, 3, 3)
    for row, column in np.ndindex(3, 3):
        window = images.reshape(7, 4, 5)[:, row : row + 2, column : column + 3]
        expected = np.einsum("nij,kij->nk", window, kernels) + np.array([0.1, -0.2])
        assert seen[:, :, row, column] == pytest.approx(expected)

    pool = Layer(np.full((1, 18), 0.3), [0.0], "sigmoid", np.append(np.zeros(18, int), 1)[None])
    network = LayeredNetwork((layer, pool))
    assert network.n_parameters == 12 + 2 + 2
    fired = (rng.random(7) < 0.5).astype(float)

    def loss(theta):
        return network.with_parameters(theta).loss_and_gradient(images, fired)[0]

    gradient = network.loss_and_gradient(images, fired)[1]
    assert gradient == pytest.approx(differences(loss, network.parameters), abs=1e-8)
    again = network.with_parameters(network.parameters)
    assert (again.layers[0].weights == layer.weights).all()


def test_weights_that_are_not_there_are_no_parameters():
    where = [[True, False, True], [False, True, False]]
    layer = Layer.partial(np.ones((2, 3)), None, "linear", where)
    assert layer.parameters.tolist() == [1.0, 1.0, 1.0]
    moved = layer.with_parameters(np.array([2.0, 3.0, 4.0]))
    assert moved.weights.tolist() == [[2.0, 0.0, 3.0], [0.0, 4.0, 0.0]]
    assert layer.gradient(np.ones((5, 2)), np.ones((5, 3))).tolist() == [5.0, 5.0, 5.0]


def test_quasi_newton_ends_where_accelerated_descent_does_and_sooner(rng: np.random.Generator):
    start = LayeredNetwork.random([3, 1], ["sigmoid"], seed=2)
    fired = rng.random(30) < 0.5
    network, quick = start.train(X, fired, solver=quasi_newton, tol=1e-7)
    slow_network, slow = start.train(X, fired, solver=accelerated_descent, tol=1e-7)

    assert quick.converged
    assert quick.n_iter < slow.n_iter
    assert network.parameters == pytest.approx(slow_network.parameters, abs=1e-5)
    assert (np.diff(quick.loss) <= 0).all()
    gradient = network.loss_and_gradient(X, fired)[1]
    assert quick.gradient_norm[-1] == np.abs(gradient).max() <= 1e-7
    assert quick.rows[-1] >= 30 * quick.n_iter


def test_quasi_newton_takes_no_more_steps_than_allowed():
    hidden = LayeredNetwork.random([3, 4, 1], ["tanh", "sigmoid"], seed=2)
    _, descent = hidden.train(X, X[:, 0] > 0.3, solver=quasi_newton, max_iter=7)
    assert descent.n_iter == 7
    assert not descent.converged
    assert (np.diff(descent.loss) < 0).all()


def test_quasi_newton_finds_the_least_squares_solution():
    linear, descent = LayeredNetwork.random([3, 1], ["linear"]).train(
        X, X @ [1.0, 2.0, 3.0] + 4.0, loss="squared", solver=quasi_newton, tol=1e-9
    )
    assert descent.converged
    assert linear.parameters == pytest.approx([1.0, 2.0, 3.0, 4.0], abs=1e-7)


@pytest.mark.filterwarnings("ignore")  # the checks stop the descent early on purpose
@pytest.mark.parametrize("solver", ["quasi-newton", "accelerated"])
def test_classifier_keeps_the_contract_of_scikit_learn(solver):
    model = NetworkClassifier((4,), solver=solver, max_iter=60)
    check_estimator(model, on_skip=None)


def test_classifier_keeps_a_network_for_inputs_as_they_come():
    inputs = 100.0 + 20.0 * X[:, :2]
    kinds = np.array(["a", "b", "c"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0)]
    with pytest.warns(ConvergenceWarning, match="after 30 steps"):
        model = NetworkClassifier((6,), max_iter=30, tol=1e-12).fit(inputs, kinds)
    assert model.score(inputs, kinds) > 0.9
    assert model.network_(inputs).argmax(axis=1).tolist() == (
        model.predict_proba(inputs).argmax(axis=1).tolist()
    )
    assert model.n_iter_ == 30


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: neuron_graph(["x"], {"f": Unit({"y": 1.0})}),
            "f has the source y, which is not an input",
        ),
        (lambda: neuron_graph(["x"], {"f": Unit({})}), "has no sources"),
        (lambda: neuron_graph(["x"], {"x": Unit({"x": 1.0})}), "different names"),
        (
            lambda: neuron_graph(["x"], {"f": Unit({"x": 1.0}), "g": Unit({"x": 1.0})}),
            "f, g have no target",
        ),
        (
            lambda: neuron_graph(
                ["x"],
                {"f": Unit({"g": 1.0}), "g": Unit({"f": 1.0, "x": 1.0}), "o": Unit({"g": 1.0})},
            ),
            "form a loop",
        ),
        (lambda: LayeredNetwork((Layer([[1.0]], [0.0], "relu"),), ((1,),), 1), "no loops"),
        (lambda: LayeredNetwork((Layer([[1.0]], [0.0], "relu"),), ((0, 1),), 2), "must be equal"),
        (lambda: LayeredNetwork((Layer([[1.0]], [0.0], "relu"),), ((0,), (0,)), 1), "2 sources"),
        (lambda: Layer([[1.0, 2.0]], [0.0], "relu", [[0, 0, 1]]), "must be equal"),
        (lambda: Layer([[1.0, 1.0]], [0.0], "relu", [[0, 0, 2]]), "contain indices 0, 1"),
        (lambda: Layer([[1.0, 1.0]], [0.0], "relu", [[0, 0]]), "shape \\(1, 3\\)"),
        (lambda: Layer.convolution(np.ones((1, 4)), [0.0], (3,), "relu"), "smaller than the grid"),
        (
            lambda: in_levels(
                LayeredNetwork((Layer([[1.0]], [0.0], "relu"),) * 2, ((0,), (0,)), 1)
            ),
            "deeper than all others",
        ),
        (
            lambda: in_levels(LayeredNetwork((Layer.partial([[1.0]], None, "relu"),))),
            "shared weights",
        ),
        (lambda: NetworkClassifier((0,)).fit(X, X[:, 0] > 0), "hidden layer = 0 is below 1"),
        (lambda: NetworkClassifier(solver="newton").fit(X, X[:, 0] > 0), "solver = 'newton'"),
        (lambda: NetworkClassifier(activation="step").fit(X, X[:, 0] > 0), "activation = 'step'"),
        (lambda: NetworkClassifier(max_iter=0).fit(X, X[:, 0] > 0), "below 1"),
        (lambda: NetworkClassifier().fit(X, np.ones(30)), "one class only"),
        (
            lambda: LayeredNetwork.random([3, 1], ["linear"]).train(
                X, X[:, 0], loss="squared", step=1e6, max_iter=200
            ),
            "step = 1e\\+06 is too large",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow|invalid value:RuntimeWarning")
def test_what_cannot_be_is_refused(call, words):
    with pytest.raises(NeurosimError, match=words):
        call()
