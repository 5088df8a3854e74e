"""Layers of abstract neurons, and their gradient by the chain rule (backpropagation).

A layer has the scores s = W x + b and the outputs g(s); its outputs are the next layer's inputs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import expit

from bridge.activations import Activation, find_activation
from bridge.descent import accelerated_descent
from neurosim import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from bridge.descent import Descent, Solver

Loss = Literal["cross-entropy", "squared"]


@dataclass(frozen=True, eq=False)
class Layer:
    """Units side by side, all with the same inputs.

    Attributes
    ----------
    weights : (n_units, n_inputs) ndarray
    bias : (n_units,) ndarray
    activation : Activation or str
        g, of all units.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    activation: Activation

    def __post_init__(self) -> None:
        weights, bias = (np.array(values, dtype=float) for values in (self.weights, self.bias))
        if weights.ndim != 2 or bias.shape != weights.shape[:1] or not weights.size:
            raise NeurosimError(
                f"a layer with weights of shape {weights.shape} and bias of shape {bias.shape}: "
                "they must be (n_units, n_inputs) and (n_units,)"
            )
        if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
            raise NeurosimError("weights and bias of a layer must be finite numbers")
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "bias", bias)
        object.__setattr__(self, "activation", find_activation(self.activation))

    def score(self, inputs: NDArray) -> NDArray[np.float64]:
        """W x + b for inputs of shape (n_trials, n_inputs); shape (n_trials, n_units)."""
        return inputs @ self.weights.T + self.bias


@dataclass(frozen=True, eq=False)
class LayeredNetwork:
    """Layers of which each feeds the next.

    Attributes
    ----------
    layers : tuple of Layer

    Examples
    --------
    >>> net = LayeredNetwork((Layer([[20, 20], [-20, -20]], [-10, 30], "sigmoid"),
    ...                       Layer([[20, 20]], [-30], "sigmoid")))
    >>> net([[0, 0], [0, 1], [1, 0], [1, 1]]).round(3).ravel()
    array([0., 1., 1., 0.])
    """

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        layers = tuple(self.layers)
        for number, (layer, after) in enumerate(pairwise(layers), start=1):
            if len(layer.bias) != after.weights.shape[1]:
                raise NeurosimError(
                    f"layer {number} has {len(layer.bias)} units and layer {number + 1} "
                    f"{after.weights.shape[1]} inputs: the numbers must be equal"
                )
        if not layers:
            raise NeurosimError("a network needs at least one layer")
        object.__setattr__(self, "layers", layers)

    @classmethod
    def random(
        cls, widths: Sequence[int], activations: Sequence[Activation | str], seed: int = 0
    ) -> LayeredNetwork:
        """Return a network with random weights, to train.

        Weights are uniform within ±√(6/(n_inputs + n_units)), biases 0 (Glorot & Bengio 2010,
        Proc. AISTATS, eq. 16).

        Parameters
        ----------
        widths : sequence of int
            Number of inputs, then of units in each layer.
        activations : sequence of Activation or str
            Of each layer.
        seed : int
        """
        if len(widths) != len(activations) + 1 or min(widths, default=0) < 1:
            raise NeurosimError(
                f"widths = {list(widths)} with {len(activations)} activations: give the number of "
                "inputs, then one width of at least 1 and one activation for each layer"
            )
        rng = np.random.default_rng(seed)
        layers = []
        for (n_inputs, n_units), activation in zip(pairwise(widths), activations, strict=True):
            limit = math.sqrt(6.0 / (n_inputs + n_units))
            weights = rng.uniform(-limit, limit, (n_units, n_inputs))
            layers.append(Layer(weights, np.zeros(n_units), find_activation(activation)))
        return cls(tuple(layers))

    def __call__(self, inputs: ArrayLike) -> NDArray[np.float64]:
        """Outputs of the last layer, shape (n_trials, n_outputs)."""
        return self.outputs(inputs)[-1]

    def outputs(self, inputs: ArrayLike) -> list[NDArray[np.float64]]:
        """Outputs of every layer, each of shape (n_trials, n_units), for (n_trials, n_inputs)."""
        signal, outputs = self._checked(inputs), []
        for layer in self.layers:
            signal = layer.activation(layer.score(signal))
            outputs.append(signal)
        return outputs

    @property
    def parameters(self) -> NDArray[np.float64]:
        """Weights and biases of all layers in one vector, as `with_parameters` takes them."""
        return _flat([(layer.weights, layer.bias) for layer in self.layers])

    def with_parameters(self, theta: NDArray) -> LayeredNetwork:
        """Return the same network with other weights and biases."""
        layers, start = [], 0
        for layer in self.layers:
            weights, bias = start + layer.weights.size, start + layer.weights.size + len(layer.bias)
            matrix = theta[start:weights].reshape(layer.weights.shape)
            layers.append(replace(layer, weights=matrix, bias=theta[weights:bias]))
            start = bias
        return LayeredNetwork(tuple(layers))

    def loss_and_gradient(
        self, inputs: ArrayLike, targets: ArrayLike, loss: Loss = "cross-entropy"
    ) -> tuple[float, NDArray[np.float64]]:
        """Mean loss over trials, and its gradient by backpropagation.

        Parameters
        ----------
        inputs : (n_trials, n_inputs) array_like
        targets : (n_trials, n_outputs) array_like
            Wanted outputs; shape (n_trials,) where there is one output.
        loss : {"cross-entropy", "squared"}
            Of a trial, summed over outputs: −t log y − (1 − t) log(1 − y), for sigmoid outputs
            alone, or ½ (y − t)².

        Returns
        -------
        float
        (n_parameters,) ndarray
            In the order of `parameters`.
        """
        signal = self._checked(inputs)
        wanted = self._targets(targets, len(signal), loss)
        layers, signals, scores = self.layers, [signal], []
        for layer in layers:
            scores.append(layer.score(signals[-1]))
            signals.append(layer.activation(scores[-1]))

        # The chain rule, from the last layer back: loss ← score ← input = output before ← score …
        value, by_score = _LOSSES[loss](scores[-1], layers[-1].activation, wanted)
        gradients: list[tuple[NDArray, NDArray]] = []
        for k in reversed(range(len(layers))):
            gradients.append((by_score.T @ signals[k], by_score.sum(axis=0)))  # by W, by b
            if k > 0:
                by_input = by_score @ layers[k].weights
                by_score = by_input * layers[k - 1].activation.derivative(scores[k - 1])
        return value, _flat(gradients[::-1])

    def train(
        self,
        inputs: ArrayLike,
        targets: ArrayLike,
        *,
        loss: Loss = "cross-entropy",
        step: float = 1.0,
        tol: float = 1e-4,
        max_iter: int = 10_000,
        solver: Solver = accelerated_descent,
    ) -> tuple[LayeredNetwork, Descent]:
        """Return the network after gradient descent on its mean loss, and the descent's record.

        The loss of a network with hidden layers is not convex: where the descent ends depends on
        where it began.

        Parameters
        ----------
        inputs, targets, loss
            As for `loss_and_gradient`.
        step : float
            Of the descent, times the gradient; too large a step makes the loss grow.
        tol : float
            Largest component of the gradient at which to stop.
        max_iter : int
        solver : callable
            `gradient_descent` or `accelerated_descent`.
        """
        if not (math.isfinite(step) and step > 0):
            raise NeurosimError(f"step = {step:g} is not a finite number above 0")
        objective = _NetworkLoss(self, self._checked(inputs), np.asarray(targets), loss, 1.0 / step)
        descent = solver(objective, self.parameters, tol=tol, max_iter=max_iter)
        return self.with_parameters(descent.theta), descent

    def _checked(self, inputs: ArrayLike) -> NDArray[np.float64]:
        values = np.asarray(inputs, dtype=float)
        wanted = self.layers[0].weights.shape[1]
        if values.ndim != 2 or values.shape[1] != wanted or not len(values):
            raise NeurosimError(
                f"inputs have shape {values.shape}: it must be (n_trials, {wanted})"
            )
        if not np.isfinite(values).all():
            raise NeurosimError("inputs must be finite numbers: leave other trials out")
        return values

    def _targets(self, targets: ArrayLike, n_trials: int, loss: str) -> NDArray[np.float64]:
        values, last = np.asarray(targets, dtype=float), self.layers[-1]
        wanted = (n_trials, len(last.bias))
        if values.shape != wanted and not (values.shape == wanted[:1] and wanted[1] == 1):
            raise NeurosimError(f"targets have shape {values.shape}: it must be {wanted}")
        if loss not in _LOSSES:
            raise NeurosimError(f"loss = {loss!r} is unknown: give one of {', '.join(_LOSSES)}")
        if loss == "cross-entropy":
            if last.activation.name != "sigmoid":
                raise NeurosimError(
                    f"cross-entropy needs probabilities, and the last layer is a "
                    f"{last.activation.name}: make it a sigmoid, or take the squared loss"
                )
            if not ((values >= 0) & (values <= 1)).all():
                raise NeurosimError("targets of the cross-entropy must lie in 0 to 1")
        elif not np.isfinite(values).all():
            raise NeurosimError("targets must be finite numbers")
        return values.reshape(wanted)


@dataclass(frozen=True, eq=False)
class _NetworkLoss:
    """A network's loss as `bridge.descent` wants it; 1/`lipschitz` is the step."""

    network: LayeredNetwork
    inputs: NDArray[np.float64]
    targets: NDArray[np.float64]
    loss: Loss
    lipschitz: float

    @property
    def n_rows(self) -> int:
        return len(self.inputs)

    def value_and_gradient(self, theta: NDArray) -> tuple[float, NDArray[np.float64]]:
        network = self.network.with_parameters(theta)
        return network.loss_and_gradient(self.inputs, self.targets, self.loss)


def _cross_entropy(
    score: NDArray, activation: Activation, wanted: NDArray
) -> tuple[float, NDArray[np.float64]]:
    """Mean loss and its derivative by each score; σ′ cancels, so that nothing is divided by 0."""
    value = np.sum(np.logaddexp(0.0, score) - wanted * score) / len(score)
    return float(value), (expit(score) - wanted) / len(score)


def _squared(
    score: NDArray, activation: Activation, wanted: NDArray
) -> tuple[float, NDArray[np.float64]]:
    off = activation(score) - wanted
    value = 0.5 * np.sum(off**2) / len(score)
    return float(value), off * activation.derivative(score) / len(score)


_LOSSES = {"cross-entropy": _cross_entropy, "squared": _squared}


def _flat(parts: list[tuple[NDArray, NDArray]]) -> NDArray[np.float64]:
    return np.concatenate([np.ravel(values) for part in parts for values in part])
