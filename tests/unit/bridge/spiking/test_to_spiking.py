"""Networks in spikes: the interface that all codes share, and trained classifiers in them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, PolynomialFeatures, StandardScaler

import neurosim as ns
from bridge import Layer, LayeredNetwork, NetworkClassifier
from bridge.networks import network_of
from bridge.spiking import SpikingNetwork, to_spiking

FLOWERS, KIND = load_iris(return_X_y=True)
LARGER = {"weights": [[8.0, -8.0], [-8.0, 8.0]], "bias": [0.0, 0.0]}
INPUTS = np.array([[0.9, 0.2], [0.3, 0.8], [0.1, 0.9]])
FIRST = {
    "rate": Layer(**LARGER, activation="relu"),
    "latency": Layer(**LARGER, activation="relu"),
    "chance": Layer(**LARGER, activation="sigmoid"),
    "group": Layer(**LARGER, activation="step"),
}
CODES = pytest.mark.parametrize("code", FIRST)


SCALED = MinMaxScaler().fit_transform(FLOWERS)
QUICK = {"hidden_layer_sizes": (8,), "solver": "lbfgs", "max_iter": 500, "random_state": 0}


@cache
def mlp(activation="relu", classes=3):
    model = MLPClassifier(activation=activation, alpha=0.05, **QUICK)
    return model.fit(SCALED, np.minimum(KIND, classes - 1))


@CODES
def test_the_recipe_is_the_same_for_every_code(code):
    network = LayeredNetwork((FIRST[code], Layer(np.eye(2), [0.0, 0.0], FIRST[code].activation)))
    twin = to_spiking(network, INPUTS, code)
    net = ns.Network()
    populations = twin.add_to(net, INPUTS, dt=twin.dt, name="first, ")
    twin.add_to(net, INPUTS[::-1], dt=twin.dt, name="second, ")
    result = ns.simulate(net, twin.duration(), dt=twin.dt, seed=1)

    assert isinstance(twin, SpikingNetwork)
    assert populations[-1].name == "first, layer 2"
    for name, wanted in (("first, ", [0, 1, 1]), ("second, ", [1, 1, 0])):
        choice, when = twin.decisions(result, name=name)
        times, scores = twin.scores(result, name=name)
        assert choice.tolist() == wanted
        assert when.shape == (3,)
        assert (when <= result.duration + 1e-9).all()
        assert scores.shape == (len(times), 3, 2)
        assert scores[-1].argmax(axis=1).tolist() == wanted
        same = twin.decisions(result, n_trials=3, name=name)[0]
        assert same.tolist() == wanted
        with pytest.raises(ns.NeurosimError, match="n_trials = 4, but the result holds 3 copies"):
            twin.scores(result, n_trials=4, name=name)
    with pytest.raises(ns.NeurosimError, match="no population 'layer 2'"):
        twin.decisions(result)


@CODES
def test_a_single_output_says_yes_or_no(code):
    layer = Layer([[8.0, -8.0]], [0.0], FIRST[code].activation)
    twin = to_spiking(LayeredNetwork((layer,)), INPUTS, code)

    assert twin.decisions(twin.run(INPUTS, seed=2))[0].tolist() == [1, 0, 0]


@CODES
def test_another_step_is_followed(code):
    twin = to_spiking(LayeredNetwork((FIRST[code],)), INPUTS, code)
    result = twin.run(INPUTS, dt=2.0 * twin.dt)

    assert result.dt == 2.0 * twin.dt
    assert twin.decisions(result)[0].tolist() == [0, 1, 1]


def test_rates_tell_outputs_apart_that_do_not_fire():
    """Scores of which the best is below 0 leave no spikes, but potentials."""
    network = LayeredNetwork((Layer([[1.0, 0.0], [0.0, 1.0]], [-0.5, -0.5], "linear"),))
    twin = to_spiking(network, INPUTS)
    low = np.array([[0.4, 0.1], [0.1, 0.4], [0.0, 0.2]])
    result = twin.run(low)

    assert (result.spikes["layer 1"].counts() == 0).all()
    assert twin.decisions(result)[0].tolist() == [0, 1, 1]
    # Without potentials spikes have to do.
    net = ns.Network()
    twin.add_to(net, INPUTS, sample=0)
    result = ns.simulate(net, 100.0)
    assert twin.scores(result)[1].shape == (1, 3, 2)
    assert twin.decisions(result)[0].tolist() == [0, 1, 1]


@pytest.mark.parametrize("activation", ["relu", "logistic", "tanh", "identity"])
@pytest.mark.parametrize("classes", [2, 3])
def test_a_perceptron_of_scikit_learn_is_read_as_it_computes(activation, classes):
    model = mlp(activation, classes)
    network, (*_, last) = network_of(model), network_of(model).layers
    outputs = network.outputs(SCALED)
    scores = last.score(outputs[-2] if len(outputs) > 1 else SCALED)
    probability = model.predict_proba(SCALED)

    if classes == 2:
        assert network(SCALED)[:, 0] == pytest.approx(probability[:, 1], abs=1e-12)
    else:  # softmax: differences of scores are those of logarithms
        logs = np.log(probability)
        assert np.diff(scores) == pytest.approx(np.diff(logs), abs=1e-8)


@pytest.mark.parametrize(
    ("activation", "code", "options"),
    [
        ("relu", None, {}),
        ("relu", "latency", {}),
        ("identity", None, {}),
        ("identity", "latency", {}),
        ("identity", "chance", {}),
        ("logistic", "group", {"size": 50, "noise": False}),
        ("tanh", "group", {"size": 50, "noise": False}),
    ],
)
@pytest.mark.parametrize("classes", [2, 3])
def test_perceptrons_decide_in_spikes_as_they_do(activation, code, options, classes):
    model = mlp(activation, classes)
    outputs = {"outputs": 50} if code == "group" else {}
    twin = to_spiking(model, SCALED, code, **options, **outputs)
    choice, _ = twin.decisions(twin.run(SCALED, seed=3))

    # Trials near a boundary may fall to its other side, more of them by chance.
    agreement = np.mean(model.classes_[choice] == model.predict(SCALED))
    assert agreement > (0.9 if code == "chance" else 0.95)


@pytest.mark.parametrize("activation", ["logistic", "tanh"])
def test_perceptrons_without_relu_go_by_chance_unless_told_otherwise(activation):
    """Neurons of hidden layers answer 0 or 1 here, which blurs what they pass on."""
    model = mlp(activation)
    twin = to_spiking(model, SCALED)
    choice, _ = twin.decisions(twin.run(SCALED, seed=3))

    assert type(twin).__name__ == "ChanceCodedNetwork"
    assert np.mean(choice == model.predict(SCALED)) > 0.8


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(StandardScaler(), MLPClassifier(alpha=0.05, **QUICK)),
        GridSearchCV(
            make_pipeline(MinMaxScaler(), MLPClassifier(alpha=0.05, **QUICK)),
            {"mlpclassifier__alpha": [1e-2]},
            cv=2,
        ),
        make_pipeline(StandardScaler(), NetworkClassifier((8,), activation="relu", max_iter=200)),
        NetworkClassifier((8,), activation="relu", max_iter=200),
    ],
    ids=["pipeline", "search", "own in a pipeline", "own"],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_pipelines_searches_and_the_classifier_of_this_project_are_taken(model):
    model.fit(FLOWERS, KIND)
    twin = to_spiking(model, FLOWERS)
    choice, _ = twin.decisions(twin.run(FLOWERS))

    assert np.mean(model.classes_[choice] == model.predict(FLOWERS)) > 0.95


def test_a_regressor_is_read_too():
    model = MLPRegressor(**QUICK)
    model.fit(SCALED, FLOWERS[:, 0])

    assert network_of(model)(SCALED)[:, 0] == pytest.approx(model.predict(SCALED), abs=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: to_spiking(MLPClassifier(), FLOWERS), "MLPClassifier has not been fitted"),
        (lambda: to_spiking(NetworkClassifier(), FLOWERS), "Classifier has not been fitted"),
        (lambda: to_spiking("network", FLOWERS), "str is not a network"),
        (
            lambda: to_spiking(RandomForestClassifier(2).fit(FLOWERS, KIND), FLOWERS),
            "RandomForestClassifier is not a network of layers",
        ),
        (
            lambda: to_spiking(LogisticRegression(C=0.01).fit(FLOWERS, KIND), FLOWERS),
            "convert linear classifiers with bridge.to_spiking",
        ),
        (
            lambda: to_spiking(
                make_pipeline(PolynomialFeatures(), MLPClassifier((2,), max_iter=1, tol=9.0)).fit(
                    FLOWERS, KIND
                ),
                FLOWERS,
            ),
            r"step 'polynomialfeatures' of the Pipeline .* is not an affine map",
        ),
        (lambda: to_spiking(mlp("tanh"), SCALED, "rate"), "layer 1 is a tanh"),
        (lambda: to_spiking(mlp("relu"), SCALED, "chance"), "layer 1 is a relu"),
        (
            lambda: to_spiking(mlp("relu"), SCALED, "group").add_to(ns.Network(), SCALED),
            "layer 1 is relu",
        ),
        (lambda: to_spiking(mlp("relu"), SCALED, size=5), "options do not fit the code"),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_has_no_network_or_no_code_is_refused_in_a_sentence(call, words):
    with pytest.raises(ns.NeurosimError, match=words):
        call()
