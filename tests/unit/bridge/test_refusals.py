"""What is no number, no array of numbers and no object of its kind is refused in a sentence."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

import bridge
import neurosim as ns
from bridge import classics
from bridge.networks import train_best
from bridge.spiking import ChanceCodedNetwork, NeuronGroup, balance, sigmoids_of, to_spiking

RNG = np.random.default_rng(0)
X = np.abs(RNG.normal(size=(40, 2)))
Y = RNG.random(40) < 0.5
NETWORK = bridge.LayeredNetwork.random([2, 3, 2], ["relu", "linear"])
STEPS = bridge.LayeredNetwork.random([2, 3, 2], ["step", "step"])
SIGMOIDS = bridge.LayeredNetwork.random([2, 3, 2], ["sigmoid", "sigmoid"])
RATE_NEURON = ns.LIF(tau_m=1000.0, t_ref=0.0)
NOISE = bridge.EscapeNoise(1.0)
UNIT = bridge.SpikingUnit(ns.LIF(), [3.0, -2.0], NOISE)
LOGISTIC = bridge.LogisticUnit(-2.0, [1.0, 2.0])
LOGIC = classics.compile_expressions("A & ~B | C")
BAD = ["x", [[1, 2], [3]], ["a", "b"], object(), np.array([1 + 2j, 2]), {}]
"""Values that are neither a number nor an array of numbers, nor any object of the bridge."""


def neuron(**options):
    return bridge.LogisticNeuron(**options).fit(X, Y)


def classifier(**options):
    return bridge.NetworkClassifier(**{"hidden": (2,), "max_iter": 3, **options}).fit(X, Y)


CALLS = {
    "LogisticUnit": (bridge.LogisticUnit, {"intercept": -1.0, "coef": [1.0]}),
    "probability": (LOGISTIC.probability, {"activity": X}),
    "to_logistic": (bridge.to_logistic, {"unit": ns.LIF(), "psps": [1.0], "noise": NOISE}),
    "to_spiking": (bridge.to_spiking, {"logistic": LOGISTIC, "neuron": None, "noise": NOISE}),
    "to_spiking, beta": (bridge.to_spiking, {"logistic": LOGISTIC, "beta": 1.0}),
    "SpikingUnit": (
        bridge.SpikingUnit,
        {"neuron": ns.LIF(), "psps": [1.0], "noise": NOISE, "current": 0.0},
    ),
    "firing_probability": (UNIT.firing_probability, {"activity": X}),
    "EscapeNoise": (bridge.EscapeNoise, {"delta": 1.0}),
    "GaussianNoise": (bridge.GaussianNoise, {"sigma": 1.0}),
    "validity": (bridge.validity, {"unit": UNIT, "activity": X, "window": 50.0, "jitter": 1.0}),
    "fit": (bridge.LogisticNeuron().fit, {"X": X, "y": Y, "sample_weight": None}),
    "predict": (neuron().predict, {"X": X}),
    **{f"LogisticNeuron({name})": (neuron, {name: value}) for name, value in {
        "loss": "cross-entropy", "activation": "sigmoid", "solver": "newton", "ridge": 0.0,
        "tol": 1e-6, "threshold_distance": 15.0, "max_iter": None, "threads": 1, "firth": False,
        "fit_intercept": True, "class_weight": None, "pos_label": None,
    }.items()},
    **{f"NetworkClassifier({name})": (classifier, {name: value}) for name, value in {
        "hidden": (2,), "activation": "relu", "solver": "gradient", "step": 0.1, "tol": 9.0,
        "max_iter": 3, "random_state": 0,
    }.items()},
    "Layer": (bridge.Layer, {"weights": [[1.0]], "bias": [0.0], "activation": "relu"}),
    "convolution": (
        bridge.Layer.convolution,
        {"kernels": [[1.0, 2.0]], "bias": [0.0], "shape": [4], "activation": "relu"},
    ),
    "LayeredNetwork": (bridge.LayeredNetwork, {"layers": NETWORK.layers}),
    "random": (
        bridge.LayeredNetwork.random,
        {"widths": [2, 1], "activations": ["relu"], "seed": 0, "slope": None},
    ),
    "network": (NETWORK, {"inputs": X}),
    "with_parameters": (NETWORK.with_parameters, {"theta": NETWORK.parameters}),
    "train": (
        NETWORK.train,
        {"inputs": X, "targets": X, "loss": "squared", "step": 0.1, "tol": 9.0, "max_iter": 3},
    ),
    "neuron_graph": (bridge.neuron_graph, {"inputs": ["x"], "units": {"f": bridge.Unit({"x": 1})}}),
    "Unit": (
        lambda **options: bridge.neuron_graph(["x"], {"f": bridge.Unit(**options)}),
        {"weights": {"x": 1.0}, "bias": 0.0, "activation": "relu"},
    ),
    "in_levels": (bridge.in_levels, {"network": NETWORK}),
    "rate": (to_spiking, {"network": NETWORK, "data": X, "code": "rate", "percentile": 99.0}),
    "latency": (to_spiking, {"network": NETWORK, "data": X, "code": "latency", "window": 10.0}),
    "balance": (balance, {"network": NETWORK, "data": X, "percentile": 99.0}),
    "group": (NeuronGroup(STEPS).add_to, {"net": ns.Network(), "inputs": X, "dt": 0.1}),
    "NeuronGroup": (NeuronGroup, {"network": STEPS, "size": 1, "outputs": 1}),
    "ChanceCodedNetwork": (ChanceCodedNetwork, {"network": SIGMOIDS, "delta": 1.0}),
    "auc": (bridge.auc, {"fired": Y, "score": X[:, 0]}),
    "brier_score": (bridge.brier_score, {"fired": Y, "probability": np.full(40, 0.5)}),
    "siegert_rate": (bridge.siegert_rate, {"mu": [20.0], "sigma": [1.0], "neuron": ns.LIF()}),
    "HopfieldNetwork": (classics.HopfieldNetwork, {"patterns": [[1, -1, 1, -1]]}),
    "train_perceptron": (classics.train_perceptron, {"inputs": X, "targets": Y}),
    "SpikingCircuit": (
        bridge.SpikingCircuit,
        {"logic": LOGIC, "inputs": classics.truth_table(3), "window": 0.0, "neuron": ns.LIF()},
    ),
    "SpikingCircuit.run": (bridge.SpikingCircuit(LOGIC, classics.truth_table(3)).run, {"dt": 0.1}),
    "train_best": (train_best, {"networks": [SIGMOIDS], "inputs": X, "targets": X < 1}),
    "bin_spikes": (bridge.bin_spikes, {"times": [0.5], "duration": 2.0, "width": 1.0}),
    "bin_means": (bridge.bin_means, {"samples": [1.0, 2.0], "interval": 0.5, "width": 1.0}),
    "lagged": (bridge.lagged, {"values": [1.0, 2.0], "n_lags": 2, "before": 0.0}),
    "spike_history": (bridge.spike_history, {"counts": [0, 1], "n_lags": 1}),
    "blocked_folds": (bridge.blocked_folds, {"n_bins": 9, "n_folds": 3, "margin": 1}),
    "perceptron, options": (
        partial(classics.train_perceptron, [[0], [1]], [0, 1]),
        {"learning_rate": 1.0, "max_epochs": 5},
    ),
    "hebb": (classics.hebb, {"inputs": X, "learning_rate": 0.1, "weights": [1.0, 1.0]}),
    "truth_table": (classics.truth_table, {"n": 2}),
    "radial_network": (classics.radial_network, {"inputs": X, "n_units": 3, "seed": 0}),
    "ThresholdUnit": (
        partial(classics.ThresholdUnit, "unit", (0,)), {"weights": (1.0,), "threshold": 0.5},
    ),
    "sigmoids_of": (sigmoids_of, {"network": SIGMOIDS}),
    "rate, neuron": (to_spiking, {"network": NETWORK, "data": X, "neuron": RATE_NEURON}),
    "SpikingUnit.add_to": (
        lambda **options: UNIT.add_to(ns.Network(), "unit", **options), {"size": 1, "dt": 0.1},
    ),
    "FilteredNeuron": (
        bridge.FilteredNeuron.of, {"logistic": LOGISTIC, "history": 1, "coupling": 0, "width": 1.0},
    ),
    "compare_neurons": (bridge.compare_neurons, {"unit": UNIT, "activity": 3.0 * X}),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")  # of convergence, for most fits here stop at once
@pytest.mark.parametrize("name", CALLS)
def test_values_of_the_wrong_kind_are_refused(name):
    call, arguments = CALLS[name]
    try:
        call(**arguments)
    except ns.NeurosimError as error:
        pytest.fail(f"{name} refuses what is right: {error}")
    for argument in arguments:
        if (name, argument) == ("group", "net"):
            continue
        for value in BAD[:-1] if argument == "class_weight" else BAD:
            with pytest.raises(ns.NeurosimError) as caught:
                call(**{**arguments, argument: value})
            assert len(str(caught.value)) < 400


def test_what_is_not_fitted_is_refused_by_this_projects_error_and_scikit_learns():
    for estimator in (bridge.LogisticNeuron(), bridge.NetworkClassifier()):
        for expected in (ns.NeurosimError, NotFittedError):
            with pytest.raises(expected, match="has not been fitted: call its fit"):
                estimator.predict(X)


def test_labels_that_are_measured_numbers_are_refused():
    for estimator in (bridge.LogisticNeuron(), bridge.NetworkClassifier()):
        with pytest.raises(ns.NeurosimError, match="Unknown label type"):
            estimator.fit(X, X[:, 0])


def test_objects_among_the_inputs_are_no_numbers():
    words = X.astype(object)
    words[0, 0] = {"a": 1}
    for expected in (ns.NeurosimError, TypeError):
        with pytest.raises(expected):
            bridge.LogisticNeuron().fit(words, Y)
