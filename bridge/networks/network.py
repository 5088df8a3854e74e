"""Feed-forward networks of layers, and their gradient by backpropagation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from threadpoolctl import threadpool_limits

from bridge.learning.activations import Activation
from bridge.learning.optimizers import OptimizeResult, Solver, accelerated_descent, check_stopping
from bridge.networks.layer import Layer, checked_inputs
from bridge.utils.checks import (
    as_float,
    as_floats,
    as_integer,
    generator,
    positive,
    require_choice,
    require_type,
)
from neurosim import NeurosimError

Sources = tuple[tuple[int, ...], ...]
Loss = Literal["cross-entropy", "squared"]


@dataclass(frozen=True, eq=False)
class LayeredNetwork:
    """Feed-forward network of layers, by default each connected to the previous one.

    Signals are numbered: first the inputs, then the outputs of all units, layer by layer. A graph
    of single units is a network with one unit per layer; see `neuron_graph`.

    Attributes
    ----------
    layers : tuple of Layer
        The outputs of the last layer are the outputs of the network.
    sources : tuple of tuple of int
        Numbers of the signals that are the inputs of each layer.
    n_inputs : int
    names : tuple of str
        Names of the signals; may be empty.

    Examples
    --------
    >>> net = LayeredNetwork((Layer([[20, 20], [-20, -20]], [-10, 30], "sigmoid"),
    ...                       Layer([[20, 20]], [-30], "sigmoid")))
    >>> net([[0, 0], [0, 1], [1, 0], [1, 1]]).round(3).ravel()
    array([0., 1., 1., 0.])
    """

    layers: tuple[Layer, ...]
    sources: tuple[tuple[int, ...], ...] = ()
    n_inputs: int = 0
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        layers = tuple(self.layers) if isinstance(self.layers, Iterable) else (self.layers,)
        for layer in layers:
            require_type(layer, Layer, "a layer of a network", "a Layer")
        if not layers:
            raise NeurosimError("a network needs at least one layer")
        object.__setattr__(self, "layers", layers)
        if not self.sources:
            object.__setattr__(self, "n_inputs", layers[0].weights.shape[1])
            object.__setattr__(self, "sources", _chain(self.n_inputs, layers))
        _check_sources(layers, self.sources, self._outputs)

    @classmethod
    def random(
        cls,
        widths: Sequence[int],
        activations: Activation | str | Sequence[Activation | str],
        seed: int | np.random.Generator = 0,
        *,
        slope: float | None = None,
    ) -> LayeredNetwork:
        """Return a network with random weights.

        Weights are uniform within ±√(6/(n_inputs + n_units)), biases 0 (Glorot & Bengio 2010,
        Proc. AISTATS, eq. 16).

        Parameters
        ----------
        widths : sequence of int
            Number of inputs, then number of units in each layer.
        activations : Activation or str, or a sequence of them
            Activation of all layers, or of each layer.
        seed : int or Generator
        slope : float, optional
            Length of the weight vectors of the first layer. The boundaries of its units then have
            random directions and pass through random points of the box from −1 to 1, instead of
            all through 0. Use it for few inputs.
        """
        require_type(widths, (Sequence, np.ndarray), "widths", "a sequence of widths")
        if isinstance(activations, (Activation, str)):
            activations = [activations] * (len(widths) - 1)
        require_type(activations, (Sequence, np.ndarray), "activations", "names of activations")
        for width in widths:
            as_integer(width, "a width of the network")
        if len(widths) != len(activations) + 1 or min(widths, default=0) < 1:
            raise NeurosimError(
                f"widths = {list(widths)} do not fit {len(activations)} activations: give the "
                "number of inputs, then a width of at least 1 for each layer"
            )
        if slope is not None:
            slope = as_float(slope, "slope")
        rng = generator(seed)
        layers: list[Layer] = []
        for (n_inputs, n_units), activation in zip(pairwise(widths), activations, strict=True):
            limit = math.sqrt(6.0 / (n_inputs + n_units))
            weights = rng.uniform(-limit, limit, (n_units, n_inputs))
            bias = np.zeros(n_units)
            if slope is not None and not layers:
                weights = rng.normal(size=weights.shape)
                weights *= slope / np.linalg.norm(weights, axis=1, keepdims=True)
                bias = -(weights * rng.uniform(-1.0, 1.0, weights.shape)).sum(axis=1)
            layers.append(Layer(weights, bias, activation))
        return cls(tuple(layers))

    def __call__(self, inputs: ArrayLike) -> NDArray[np.float64]:
        """Return the outputs of the last layer, shape (n_trials, n_outputs)."""
        return self.outputs(inputs)[-1]

    def outputs(self, inputs: ArrayLike) -> list[NDArray[np.float64]]:
        """Return the outputs of every layer, each of shape (n_trials, n_units)."""
        signals = self.signals(inputs)
        return [signals[:, outputs] for outputs in self._outputs]

    def signals(self, inputs: ArrayLike) -> NDArray[np.float64]:
        """Return inputs and outputs of all units, shape (n_trials, n_signals)."""
        return self._forward(checked_inputs(inputs, self.n_inputs))[0]

    @property
    def parameters(self) -> NDArray[np.float64]:
        """Weights and biases of all layers in one vector."""
        return np.concatenate([layer.parameters for layer in self.layers])

    @cached_property
    def n_parameters(self) -> int:
        """Number of weights and biases; shared ones count once."""
        return len(self.parameters)

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """Number of layers on the longest path from an input to each layer, inclusive."""
        depth = np.zeros(self.n_inputs + sum(len(layer.bias) for layer in self.layers), dtype=int)
        for sources, outputs in zip(self.sources, self._outputs, strict=True):
            depth[outputs] = 1 + depth[list(sources)].max()
        return tuple(int(depth[outputs.start]) for outputs in self._outputs)

    def weights_between(self, source: int, target: int) -> NDArray[np.float64]:
        """Return the weights from one layer to another, 0 for missing connections.

        Layers are counted from 0; shape (n_units of the target, n_units of the source).
        """
        layer = self.layers[target]
        every = np.zeros((len(layer.bias), self._outputs[-1].stop))
        every[:, list(self.sources[target])] = layer.weights
        return every[:, self._outputs[source]]

    @cached_property
    def is_chain(self) -> bool:
        """Whether the only inputs of each layer are the outputs of the previous one."""
        return self.sources == _chain(self.n_inputs, self.layers)

    def with_parameters(self, theta: NDArray) -> LayeredNetwork:
        """Return the same network with other weights and biases."""
        sizes = np.cumsum([len(layer.parameters) for layer in self.layers])
        theta = as_floats(theta, "theta")
        if theta.shape != (sizes[-1],):
            raise NeurosimError(
                f"theta has shape {theta.shape}: this network has {sizes[-1]} parameters"
            )
        parts = np.split(theta, sizes[:-1])
        pairs = zip(self.layers, parts, strict=True)
        return replace(self, layers=tuple(layer.with_parameters(part) for layer, part in pairs))

    def loss_and_gradient(
        self, inputs: ArrayLike, targets: ArrayLike, loss: Loss = "cross-entropy"
    ) -> tuple[float, NDArray[np.float64]]:
        """Return the mean loss over trials, and its gradient by backpropagation.

        Parameters
        ----------
        inputs : (n_trials, n_inputs) array_like
        targets : (n_trials, n_outputs) array_like
            Target outputs; also of shape (n_trials,) if there is one output.
        loss : {"cross-entropy", "squared"}
            Loss of a trial, summed over outputs: −t log y − (1 − t) log(1 − y), for sigmoid
            outputs, or ½ (y − t)².

        Returns
        -------
        float
            Loss.
        (n_parameters,) ndarray
            Gradient, in the order of `parameters`.
        """
        signals, scores = self._forward(checked_inputs(inputs, self.n_inputs))
        g = self.layers[-1].activation
        target = _checked_targets(targets, scores[-1].shape, g, loss)
        value, by_score = _loss_by_score(scores[-1], g, target, loss)
        return value, self._backward(signals, scores, by_score)[0]

    def slopes(
        self, inputs: ArrayLike, by_output: ArrayLike = 1.0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return derivatives of the output, or of a function of the outputs.

        Parameters
        ----------
        inputs : (n_trials, n_inputs) array_like
        by_output : array_like
            Derivative of the function with respect to the outputs, broadcast to
            (n_trials, n_outputs).

        Returns
        -------
        by_parameters : (n_parameters,) ndarray
            Derivatives with respect to the parameters, summed over trials.
        by_signals : (n_trials, n_signals) ndarray
            Derivatives with respect to the inputs and the outputs of units, along all paths to the
            output.
        """
        signals, scores = self._forward(checked_inputs(inputs, self.n_inputs))
        by_output = np.broadcast_to(as_floats(by_output, "by_output"), scores[-1].shape)
        by_score = by_output * self.layers[-1].activation.derivative(scores[-1])
        by_parameters, by_signals = self._backward(signals, scores, by_score)
        by_signals[:, self._outputs[-1]] = by_output
        return by_parameters, by_signals

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
    ) -> tuple[LayeredNetwork, OptimizeResult]:
        """Minimise the mean loss; return the trained network and the optimiser's result.

        The loss of a network with hidden layers is not convex, so the result depends on the initial
        weights.

        Parameters
        ----------
        inputs, targets, loss
            As for `loss_and_gradient`.
        step : float
            Step size; if it is too large the loss increases.
        tol : float
            Largest component of the gradient at which to stop.
        max_iter : int
        solver : callable
            `gradient_descent`, `accelerated_descent`, or `quasi_newton`, which ignores `step`.
        """
        positive(step, "step")
        check_stopping(tol, max_iter)
        inputs, targets = checked_inputs(inputs, self.n_inputs), as_floats(targets, "targets")
        objective = NetworkLoss(self, inputs, targets, loss, 1.0 / step)
        # The matrices are small: starting BLAS threads takes up to 20 times as long as a product.
        with threadpool_limits(limits=1, user_api="blas"):
            descent = solver(objective, self.parameters, tol=tol, max_iter=max_iter)
        return self.with_parameters(descent.theta), descent

    def _forward(
        self, inputs: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
        """Return the signals, shape (n_trials, n_signals), and the scores of each layer."""
        signals, scores = np.empty((len(inputs), self._outputs[-1].stop)), []
        signals[:, : self.n_inputs] = inputs
        for layer, sources, outputs in zip(self.layers, self._inputs, self._outputs, strict=True):
            scores.append(layer.score(signals[:, sources]))
            signals[:, outputs] = layer.activation(scores[-1])
        return signals, scores

    def _backward(
        self,
        signals: NDArray[np.float64],
        scores: list[NDArray[np.float64]],
        by_score: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Backpropagate the derivatives with respect to the last scores.

        Return the derivatives with respect to the parameters and to the signals. The derivatives
        of a signal are summed over all layers that receive it.
        """
        gradients, by_signals = [], np.zeros_like(signals)
        for k in reversed(range(len(self.layers))):
            layer, sources = self.layers[k], self._inputs[k]
            if k < len(self.layers) - 1:
                by_score = by_signals[:, self._outputs[k]] * layer.activation.derivative(scores[k])
            gradients.append(layer.gradient(by_score, signals[:, sources]))
            by_signals[:, sources] += by_score @ layer.weights
        return np.concatenate(gradients[::-1]), by_signals

    @cached_property
    def _outputs(self) -> list[slice]:
        """Columns of the signals with the outputs of each layer."""
        ends = self.n_inputs + np.cumsum([0, *(len(layer.bias) for layer in self.layers)])
        return [slice(int(start), int(end)) for start, end in pairwise(ends)]

    @cached_property
    def _inputs(self) -> list[slice | list[int]]:
        """Columns of the signals with the inputs of each layer; slices avoid copies."""
        return [
            slice(columns[0], columns[-1] + 1)
            if columns == tuple(range(columns[0], columns[-1] + 1))
            else list(columns)
            for columns in self.sources
        ]


def _chain(n_inputs: int, layers: Sequence[Layer]) -> Sources:
    """Return the sources of layers that are each connected to the previous one."""
    starts = np.cumsum([0, n_inputs, *(len(layer.bias) for layer in layers[:-1])])
    return tuple(tuple(range(start, end)) for start, end in pairwise(starts.tolist()))


def _check_sources(layers: Sequence[Layer], sources: Sources, outputs: Sequence[slice]) -> None:
    """Raise an error if sources do not fit the layers.

    The outputs of the layers are given as slices.
    """
    if len(sources) != len(layers):
        raise NeurosimError(
            f"{len(layers)} layers have {len(sources)} sources: give the numbers of the input "
            "signals for each layer"
        )
    for number, (layer, signals, columns) in enumerate(
        zip(layers, sources, outputs, strict=True), 1
    ):
        if len(signals) != layer.weights.shape[1] or len(set(signals)) != len(signals):
            raise NeurosimError(
                f"layer {number} has {layer.weights.shape[1]} inputs and {len(set(signals))} "
                "source signals: the numbers must be equal"
            )
        if not all(0 <= signal < columns.start for signal in signals):
            raise NeurosimError(
                f"layer {number} has the sources {list(signals)}: give signals from 0 to "
                f"{columns.start - 1}, which come before it, as a network has no loops"
            )


@dataclass(frozen=True)
class NetworkLoss:
    """Mean loss of a network over trials, for use with `bridge.learning.optimizers`."""

    network: LayeredNetwork
    inputs: NDArray[np.float64]
    targets: NDArray[np.float64]
    loss: Loss
    lipschitz: float

    @property
    def n_rows(self) -> int:
        """Number of trials."""
        return len(self.inputs)

    def value_and_gradient(self, theta: NDArray) -> tuple[float, NDArray[np.float64]]:
        """Return loss and gradient."""
        if not np.isfinite(theta).all():
            raise NeurosimError(
                f"the weights diverged in training: step = {1.0 / self.lipschitz:g} is too large, "
                "reduce it"
            )
        network = self.network.with_parameters(theta)
        return network.loss_and_gradient(self.inputs, self.targets, self.loss)


def _loss_by_score(
    score: NDArray, activation: Activation, target: NDArray, loss: str
) -> tuple[float, NDArray[np.float64]]:
    """Return the mean loss over trials and its gradient with respect to the scores.

    All arrays have the shape (n_trials, n_outputs).
    """
    if loss == "cross-entropy":
        # The derivative of the sigmoid cancels, which avoids division by 0.
        value = np.sum(np.logaddexp(0.0, score) - target * score) / len(score)
        return float(value), (expit(score) - target) / len(score)
    off = activation(score) - target
    value = 0.5 * np.sum(off**2) / len(score)
    return float(value), off * activation.derivative(score) / len(score)


def _checked_targets(
    targets: ArrayLike, shape: tuple[int, int], activation: Activation, loss: str
) -> NDArray[np.float64]:
    """Return targets of shape (n_trials, n_outputs) that suit the loss."""
    values = as_floats(targets, "targets")
    if values.shape != shape and not (values.shape == shape[:1] and shape[1] == 1):
        raise NeurosimError(f"targets have shape {values.shape}: give shape {shape}")
    require_choice(loss, "loss", ("cross-entropy", "squared"))
    if loss == "cross-entropy":
        if activation.name != "sigmoid":
            raise NeurosimError(
                f"cross-entropy needs sigmoid outputs, not {activation.name}: change the last "
                "layer, or give the squared loss"
            )
        if not ((values >= 0) & (values <= 1)).all():
            raise NeurosimError("targets of the cross-entropy must lie in 0 to 1")
    elif not np.isfinite(values).all():
        raise NeurosimError("targets must be finite numbers")
    return values.reshape(shape)
