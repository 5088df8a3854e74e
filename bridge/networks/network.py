"""Layers that see one another without a loop, and their gradient by the chain rule."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from bridge.learning.activations import Activation, find_activation
from bridge.learning.descent import accelerated_descent, require_descent
from bridge.networks.layer import Layer
from bridge.networks.loss import NetworkLoss, checked_targets, loss_by_score
from bridge.networks.wiring import chain, check_sources
from bridge.utils.checks import as_float, as_floats, as_integer, generator, require_kind
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bridge.learning.descent import Descent, Solver
    from bridge.networks.loss import Loss


@dataclass(frozen=True, eq=False)
class LayeredNetwork:
    """Layers, each of which sees signals that come before it.

    The signals are numbered: first the inputs, then the outputs of all units, layer by layer. If
    nothing else is said each layer sees the one before. A graph of single units is a network whose
    layers have one unit each; see `neuron_graph`.

    Attributes
    ----------
    layers : tuple of Layer
        The last one's outputs are the network's.
    sources : tuple of tuple of int
        Numbers of the signals that each layer sees.
    n_inputs : int
    names : tuple of str
        Of the signals; may be empty.

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
            require_kind(layer, Layer, "a layer of a network", "Layer")
        if not layers:
            raise NeurosimError("a network needs at least one layer")
        object.__setattr__(self, "layers", layers)
        if not self.sources:
            object.__setattr__(self, "n_inputs", layers[0].weights.shape[1])
            object.__setattr__(self, "sources", chain(layers))
        check_sources(layers, self.sources, self._own)

    @classmethod
    def random(
        cls,
        widths: Sequence[int],
        activations: Sequence[Activation | str],
        seed: int = 0,
        *,
        slope: float | None = None,
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
        slope : float, optional
            Where there are few inputs, biases of 0 send all boundaries of the first layer through
            one point. With it they go through random points of the box from −1 to 1, in random
            directions, and the weights of each unit have this length.
        """
        require_kind(widths, (Sequence, np.ndarray), "widths", "sequence of widths")
        require_kind(activations, (Sequence, np.ndarray), "activations", "sequence of activations")
        for width in widths:
            as_integer(width, "a width of the network")
        if len(widths) != len(activations) + 1 or min(widths, default=0) < 1:
            raise NeurosimError(
                f"widths = {list(widths)} with {len(activations)} activations: give the number of "
                "inputs, then one width of at least 1 and one activation for each layer"
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
            layers.append(Layer(weights, bias, find_activation(activation)))
        return cls(tuple(layers))

    def __call__(self, inputs: ArrayLike) -> NDArray[np.float64]:
        """Outputs of the last layer, shape (n_trials, n_outputs)."""
        return self.outputs(inputs)[-1]

    def outputs(self, inputs: ArrayLike) -> list[NDArray[np.float64]]:
        """Outputs of every layer, each of shape (n_trials, n_units), for (n_trials, n_inputs)."""
        signals = self.signals(inputs)
        return [signals[:, own] for own in self._own]

    def signals(self, inputs: ArrayLike) -> NDArray[np.float64]:
        """Inputs and outputs of all units, shape (n_trials, n_signals)."""
        return self._forward(self._checked(inputs))[0]

    @property
    def parameters(self) -> NDArray[np.float64]:
        """Weights and biases of all layers in one vector, as `with_parameters` takes them."""
        return np.concatenate([layer.parameters for layer in self.layers])

    @cached_property
    def n_parameters(self) -> int:
        """Number of weights and biases; those that are shared count once."""
        return len(self.parameters)

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """Of each layer, how many layers there are on the longest way to it, itself included."""
        depth = np.zeros(self.n_inputs + sum(len(layer.bias) for layer in self.layers), dtype=int)
        for seen, own in zip(self.sources, self._own, strict=True):
            depth[own] = 1 + depth[list(seen)].max()
        return tuple(int(depth[own.start]) for own in self._own)

    def weights_between(self, source: int, target: int) -> NDArray[np.float64]:
        """Weights by which one layer sees another, both counted from 0; 0 where it does not.

        Shape (n_units of the target, n_units of the source).
        """
        layer, own = self.layers[target], self._own[source]
        every = np.zeros((len(layer.bias), self._own[-1].stop))
        every[:, list(self.sources[target])] = layer.weights
        return every[:, own]

    @cached_property
    def is_chain(self) -> bool:
        """Whether each layer sees the one before and nothing else."""
        before = [slice(0, self.n_inputs), *self._own[:-1]]
        pairs = zip(self.sources, before, strict=True)
        return all(seen == tuple(range(own.start, own.stop)) for seen, own in pairs)

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
        signals, scores = self._forward(self._checked(inputs))
        g = self.layers[-1].activation
        wanted = checked_targets(targets, scores[-1].shape, g, loss)
        value, by_score = loss_by_score(scores[-1], g, wanted, loss)
        return value, self._backward(signals, scores, by_score)[0]

    def slopes(
        self, inputs: ArrayLike, by_output: ArrayLike = 1.0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Derivatives of the output, or of a function of the outputs, by the chain rule.

        Parameters
        ----------
        inputs : (n_trials, n_inputs) array_like
        by_output : array_like
            The function's derivative by the outputs, broadcast to (n_trials, n_outputs).

        Returns
        -------
        by_parameters : (n_parameters,) ndarray
            Summed over trials.
        by_signals : (n_trials, n_signals) ndarray
            By inputs and outputs of units, along all ways from them to the output.
        """
        signals, scores = self._forward(self._checked(inputs))
        by_output = np.broadcast_to(as_floats(by_output, "by_output"), scores[-1].shape)
        by_score = by_output * self.layers[-1].activation.derivative(scores[-1])
        by_parameters, by_signals = self._backward(signals, scores, by_score)
        by_signals[:, self._own[-1]] = by_output
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
            `gradient_descent`, `accelerated_descent`, or `quasi_newton`, which finds its steps
            itself.
        """
        if not (math.isfinite(as_float(step, "step")) and step > 0):
            raise NeurosimError(f"step = {step:g} is not a finite number above 0")
        require_descent(tol, max_iter)
        wanted = as_floats(targets, "targets")
        objective = NetworkLoss(self, self._checked(inputs), wanted, loss, 1.0 / step)
        # Matrices of networks are small: waking further threads of the BLAS takes up to 20 times
        # as long as the product.
        with threadpool_limits(limits=1, user_api="blas"):
            descent = solver(objective, self.parameters, tol=tol, max_iter=max_iter)
        return self.with_parameters(descent.theta), descent

    def _forward(
        self, inputs: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
        """Signals, shape (n_trials, n_signals), and the scores of each layer."""
        signals, scores = np.empty((len(inputs), self._own[-1].stop)), []
        signals[:, : self.n_inputs] = inputs
        for layer, seen, own in zip(self.layers, self._seen, self._own, strict=True):
            scores.append(layer.score(signals[:, seen]))
            signals[:, own] = layer.activation(scores[-1])
        return signals, scores

    def _backward(
        self,
        signals: NDArray[np.float64],
        scores: list[NDArray[np.float64]],
        by_score: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Derivatives by parameters and by signals, given those by the scores of the last layer.

        The chain rule, from the last layer back: score ← signals that it sees ← their scores … A
        signal that is seen more than once has the sum of what comes back from each.
        """
        gradients, by_signals = [], np.zeros_like(signals)
        for k in reversed(range(len(self.layers))):
            layer, seen, own = self.layers[k], self._seen[k], self._own[k]
            if k < len(self.layers) - 1:
                by_score = by_signals[:, own] * layer.activation.derivative(scores[k])
            gradients.append(layer.gradient(by_score, signals[:, seen]))
            by_signals[:, seen] += by_score @ layer.weights
        return np.concatenate(gradients[::-1]), by_signals

    @cached_property
    def _own(self) -> list[slice]:
        """Of each layer, where its outputs stand among the signals."""
        ends = self.n_inputs + np.cumsum([0, *(len(layer.bias) for layer in self.layers)])
        return [slice(int(start), int(end)) for start, end in pairwise(ends)]

    @cached_property
    def _seen(self) -> list[slice | list[int]]:
        """Of each layer, where its inputs stand; a slice, which copies nothing, where they can."""
        return [
            slice(seen[0], seen[-1] + 1)
            if seen == tuple(range(seen[0], seen[-1] + 1))
            else list(seen)
            for seen in self.sources
        ]

    def _checked(self, inputs: ArrayLike) -> NDArray[np.float64]:
        values = as_floats(inputs, "inputs")
        if values.ndim != 2 or values.shape[1] != self.n_inputs or not len(values):
            raise NeurosimError(
                f"inputs have shape {values.shape}: it must be (n_trials, {self.n_inputs})"
            )
        if not np.isfinite(values).all():
            raise NeurosimError("inputs must be finite numbers: leave other trials out")
        return values
