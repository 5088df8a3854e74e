"""Conversion of fitted scikit-learn models to layered networks."""

from __future__ import annotations

from typing import Any

import numpy as np

from bridge.learning.estimators import Affine, before, unwrap
from bridge.learning.validation import require_fitted
from bridge.networks.estimator import NetworkClassifier
from bridge.networks.layer import Layer
from bridge.networks.network import LayeredNetwork
from neurosim import NeurosimError

# Activations by scikit-learn's names.
NAMES = {"identity": "linear", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}


def network_of(model: Any) -> LayeredNetwork:
    """Convert a fitted model to a network with the same inputs.

    Parameters
    ----------
    model : LayeredNetwork, NetworkClassifier, MLPClassifier or MLPRegressor
        Also a Pipeline of scalers or other affine steps and one of the last three, or a fitted
        search for one. Linear hidden layers are merged with the next layer. Softmax outputs become
        sigmoids of the same scores, which have the same maximum.

    Raises
    ------
    NeurosimError
        If the model is of another type or not fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neural_network import MLPRegressor
    >>> from bridge.networks import network_of
    >>> rng = np.random.default_rng(1)
    >>> X = rng.normal(size=(100, 3))
    >>> model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=3000, random_state=1).fit(X, X[:, 0])
    >>> bool(np.allclose(network_of(model)(X).ravel(), model.predict(X)))
    True
    """
    if isinstance(model, LayeredNetwork):
        return model
    if not hasattr(model, "fit"):
        raise NeurosimError(
            f"{type(model).__name__} is not a network: give a LayeredNetwork, a ThresholdNetwork, "
            "or a fitted NetworkClassifier or MLPClassifier"
        )
    from sklearn import neural_network  # importing it is slow

    require_fitted(model)
    inner, steps = unwrap(model)
    if isinstance(inner, NetworkClassifier):
        network = inner.network_
    elif isinstance(inner, (neural_network.MLPClassifier, neural_network.MLPRegressor)):
        network = _of_perceptron(inner)
    else:
        raise NeurosimError(
            f"{type(inner).__name__} is not a network of layers: give a LayeredNetwork, or a "
            "fitted NetworkClassifier or MLPClassifier; convert linear classifiers with "
            "bridge.to_spiking"
        )
    first, *others = network.layers
    score = before(steps, Affine(first.bias, first.weights))
    return LayeredNetwork((Layer(score.coef, score.intercept, first.activation), *others))


def has_softmax(model: Any) -> bool:
    """Return whether a model's outputs are a softmax.

    A softmax is invariant to shifts of the scores.
    """
    return not isinstance(model, LayeredNetwork) and (
        getattr(unwrap(model)[0], "out_activation_", "") == "softmax"
    )


def _of_perceptron(model: Any) -> LayeredNetwork:
    """Convert scikit-learn's multi-layer perceptron, whose matrices are transposed."""
    outer = {"softmax": "sigmoid"} | NAMES
    names = [NAMES[model.activation]] * (len(model.coefs_) - 1) + [outer[model.out_activation_]]
    layers: list[Layer] = []
    for matrix, bias, name in zip(model.coefs_, model.intercepts_, names, strict=True):
        weights, bias = np.asarray(matrix, dtype=float).T, np.asarray(bias, dtype=float)
        if layers and layers[-1].activation.name == "linear":
            linear = layers.pop()
            weights, bias = weights @ linear.weights, weights @ linear.bias + bias
        layers.append(Layer(weights, bias, name))
    return LayeredNetwork(tuple(layers))
