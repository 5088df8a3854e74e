"""Layered network as a scikit-learn classifier."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning

from bridge.learning.optimizers import (
    accelerated_descent,
    check_stopping,
    gradient_descent,
    quasi_newton,
)
from bridge.learning.validation import require_classes, require_fitted, seed_of, validated
from bridge.networks.layer import Layer
from bridge.networks.network import LayeredNetwork
from bridge.utils.checks import as_integer, require_choice, require_type
from neurosim import NeurosimError

SOLVERS = {
    "quasi-newton": quasi_newton,
    "accelerated": accelerated_descent,
    "gradient": gradient_descent,
}


class NetworkClassifier(ClassifierMixin, BaseEstimator):
    """Network with one sigmoid output per class, trained on the cross-entropy.

    For two classes there is one output, the probability of the second class. Inputs are
    standardised in training; the trained network takes raw inputs.

    Parameters
    ----------
    hidden : sequence of int
        Number of units in each hidden layer; empty for logistic neurons.
    activation : {"sigmoid", "tanh", "relu"}
        Activation of hidden units.
    solver : {"quasi-newton", "accelerated", "gradient"}
        Optimiser; see `bridge.learning.optimizers`.
    step : float
        Step size of accelerated and plain gradient descent.
    tol : float
        Largest component of the gradient at which to stop.
    max_iter : int
    random_state : int, Generator, RandomState or None
        Determines the initial weights.

    Attributes
    ----------
    classes_ : (n_classes,) ndarray
    network_ : LayeredNetwork
    history_ : OptimizeResult
    n_iter_ : int
    converged_ : bool
    n_features_in_ : int

    Examples
    --------
    XOR with four hidden units:

    >>> import numpy as np
    >>> from bridge import NetworkClassifier
    >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 10)
    >>> y = X[:, 0] ^ X[:, 1]
    >>> classifier = NetworkClassifier(hidden=(4,), random_state=1).fit(X, y)
    >>> classifier.predict([[0, 0], [0, 1], [1, 0], [1, 1]])
    array([0, 1, 1, 0])
    """

    def __init__(
        self,
        hidden: Sequence[int] = (8,),
        *,
        activation: Literal["sigmoid", "tanh", "relu"] = "sigmoid",
        solver: Literal["quasi-newton", "accelerated", "gradient"] = "quasi-newton",
        step: float = 1.0,
        tol: float = 1e-4,
        max_iter: int = 1000,
        random_state: Any = 0,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.solver = solver
        self.step = step
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> NetworkClassifier:
        """Train the network on trials.

        Parameters
        ----------
        X : (n_trials, n) array_like
        y : (n_trials,) array_like
            At least two classes.

        Warns
        -----
        ConvergenceWarning
            The optimiser stopped before the gradient was within tolerance.
        """
        trials, labels = validated(self, X, y, dtype=np.float64)
        self._check_parameters()
        require_classes(labels)
        self.classes_, indices = np.unique(labels, return_inverse=True)
        n_classes = len(self.classes_)
        if n_classes < 2:
            raise NeurosimError(
                f"y holds one class only, {self.classes_.tolist()}: give two or more classes"
            )
        outputs = 1 if n_classes == 2 else n_classes
        targets = indices[:, np.newaxis] == np.arange(n_classes)
        mean, scale = trials.mean(axis=0), trials.std(axis=0)
        scale[scale < 1e-12 * np.abs(mean) + 1e-300] = 1.0
        start = LayeredNetwork.random(
            [trials.shape[1], *self.hidden, outputs],
            [*[self.activation] * len(self.hidden), "sigmoid"],
            seed_of(self.random_state),
        )
        network, descent = start.train(
            (trials - mean) / scale,
            targets[:, -outputs:],
            step=self.step,
            tol=self.tol,
            max_iter=self.max_iter,
            solver=SOLVERS[self.solver],
        )
        self.network_, self.history_ = _of_raw_inputs(network, mean, scale), descent
        self.n_iter_, self.converged_ = descent.n_iter, descent.converged
        if not descent.converged:
            warnings.warn(
                f"stopped after {descent.n_iter} steps at a gradient of "
                f"{descent.gradient_norm[-1]:.2g}, above tol = {self.tol:g}: raise tol or max_iter",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probabilities of the classes, shape (n_trials, n_classes).

        For more than two classes the outputs are scaled to sum 1.
        """
        require_fitted(self)
        outputs = self.network_(validated(self, X, dtype=np.float64, reset=False))
        if outputs.shape[1] == 1:
            return np.column_stack([1.0 - outputs[:, 0], outputs[:, 0]])
        outputs = np.maximum(outputs, np.finfo(float).tiny)
        return outputs / outputs.sum(axis=1, keepdims=True)

    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the logarithms of `predict_proba`, −inf where it rounds to 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: ArrayLike) -> NDArray:
        """Return the most probable class of each trial, shape (n_trials,)."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        return self.classes_[likeliest]

    def _check_parameters(self) -> None:
        """Raise an error for parameters out of range."""
        require_type(
            self.hidden, (list, tuple, range, np.ndarray), "hidden", "a sequence of widths"
        )
        for width in self.hidden:
            as_integer(width, "the width of a hidden layer", 1)
        require_choice(self.activation, "activation", ("sigmoid", "tanh", "relu"))
        require_choice(self.solver, "solver", SOLVERS)
        check_stopping(self.tol, self.max_iter)


def _of_raw_inputs(network: LayeredNetwork, mean: NDArray, scale: NDArray) -> LayeredNetwork:
    """Return a network of raw inputs, given one of (inputs − mean)/scale."""
    first, *others = network.layers
    weights = first.weights / scale
    layer = Layer(weights, first.bias - weights @ mean, first.activation)
    return LayeredNetwork((layer, *others))
