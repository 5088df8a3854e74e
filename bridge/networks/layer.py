"""Layer of units with the same inputs, optionally with shared weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.learning.activations import Activation, find_activation
from bridge.utils.checks import as_floats, as_integer
from neurosim import NeurosimError
from neurosim.utils.checks import show


@dataclass(frozen=True, eq=False)
class Layer:
    """Units with the same inputs: F = g(W x + b).

    Attributes
    ----------
    weights : (n_units, n_inputs) ndarray
        W.
    bias : (n_units,) ndarray
        b.
    activation : Activation or str
        g.
    shared : (n_units, n_inputs + 1) ndarray of int, optional
        Index of the parameter of each weight and, in the last column, of each bias. Equal indices
        share one parameter; −1 marks missing weights, which stay 0. Default: no sharing.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import Layer
    >>> layer = Layer(np.array([[1.0, -1.0]]), np.array([0.5]), "relu")
    >>> layer.score(np.array([[2.0, 1.0]]))
    array([[1.5]])
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    activation: Activation
    shared: NDArray[np.intp] | None = None

    if TYPE_CHECKING:  # values are converted

        def __init__(
            self,
            weights: ArrayLike,
            bias: ArrayLike,
            activation: Activation | str,
            shared: NDArray[np.intp] | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        weights = np.array(as_floats(self.weights, "weights"))
        bias = np.array(as_floats(self.bias, "bias"))
        if weights.ndim != 2 or bias.shape != weights.shape[:1] or not weights.size:
            raise NeurosimError(
                f"a layer has weights of shape {weights.shape} and bias of shape {bias.shape}: "
                "they must be (n_units, n_inputs) and (n_units,)"
            )
        if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
            raise NeurosimError("weights and bias of a layer must be finite numbers")
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "bias", bias)
        object.__setattr__(self, "activation", find_activation(self.activation))
        if self.shared is not None:
            shared = as_floats(self.shared, "shared").astype(int)
            object.__setattr__(self, "shared", shared)
            self._check_shared()

    @classmethod
    def partial(
        cls,
        weights: ArrayLike,
        bias: ArrayLike | None,
        activation: Activation | str,
        where: ArrayLike | None = None,
    ) -> Layer:
        """Return a layer with missing connections, or without bias.

        Parameters
        ----------
        weights : (n_units, n_inputs) array_like
            Weights of missing connections are ignored.
        bias : (n_units,) array_like, optional
            None for no bias.
        activation : Activation or str
        where : (n_units, n_inputs) array_like of bool, optional
            Which connections exist. Default: all.
        """
        weights = np.atleast_2d(as_floats(weights, "weights"))
        present = np.ones((len(weights), weights.shape[1] + 1), dtype=bool)
        if where is not None:
            given = as_floats(where, "where") != 0.0
            if given.ndim and given.shape != weights.shape:
                raise NeurosimError(
                    f"where has shape {given.shape}: give the shape of the weights, {weights.shape}"
                )
            present[:, :-1] = given
        present[:, -1] = bias is not None
        numbers = np.where(present, np.cumsum(present).reshape(present.shape) - 1, -1)
        kept = np.where(present[:, :-1], weights, 0.0)
        biases = np.zeros(len(weights)) if bias is None else as_floats(bias, "bias")
        return cls(kept, biases, activation, numbers)

    @classmethod
    def convolution(
        cls, kernels: ArrayLike, bias: ArrayLike, shape: Sequence[int], activation: Activation | str
    ) -> Layer:
        """Return a convolutional layer on a grid of inputs.

        Parameters
        ----------
        kernels : (n_kernels, ...) array_like
            Weights on a window with as many axes as the grid.
        bias : (n_kernels,) array_like
        shape : sequence of int
            Shape of the grid of inputs, which are in row-major order.
        activation : Activation or str

        Returns
        -------
        Layer
            One unit for each kernel and each position of the window, in this order.
        """
        kernels, bias = as_floats(kernels, "kernels"), as_floats(bias, "bias")
        if isinstance(shape, str) or not isinstance(shape, Iterable):
            raise NeurosimError(f"shape = {show(shape)} must be a sequence of whole numbers")
        window, shape = kernels.shape[1:], tuple(as_integer(k, "an extent", 1) for k in shape)
        if (
            bias.shape != kernels.shape[:1]
            or len(window) != len(shape)
            or not all(0 < side <= extent for side, extent in zip(window, shape, strict=True))
        ):
            raise NeurosimError(
                f"kernels of shape {kernels.shape} and bias of shape {bias.shape} do not fit a "
                f"grid of shape {shape}: give (n_kernels, *window) and (n_kernels,) with a window "
                "smaller than the grid"
            )
        grid = np.arange(np.prod(shape)).reshape(shape)
        windows = np.lib.stride_tricks.sliding_window_view(grid, window).reshape(
            -1, kernels[0].size
        )
        numbers = np.full((len(kernels), len(windows), grid.size + 1), -1)
        each = np.arange(kernels.size).reshape(len(kernels), 1, -1)
        numbers[:, np.arange(len(windows))[:, np.newaxis], windows] = each
        numbers[:, :, -1] = kernels.size + np.arange(len(kernels))[:, np.newaxis]
        parameters = np.append(kernels.ravel(), bias)
        return cls._of(parameters, numbers.reshape(-1, grid.size + 1), activation)

    @property
    def parameters(self) -> NDArray[np.float64]:
        """Weights and biases in one vector; shared ones occur once."""
        values = np.column_stack([self.weights, self.bias])
        if self.shared is None:
            return np.append(values[:, :-1], values[:, -1])
        present = self.shared >= 0
        parameters = np.empty(1 + self.shared.max(initial=-1))
        parameters[self.shared[present]] = values[present]
        return parameters

    def with_parameters(self, parameters: NDArray) -> Layer:
        """Return the same layer with other weights and biases."""
        if self.shared is not None:
            return self._of(parameters, self.shared, self.activation)
        weights = parameters[: self.weights.size].reshape(self.weights.shape)
        return replace(self, weights=weights, bias=parameters[self.weights.size :])

    def score(self, inputs: NDArray) -> NDArray[np.float64]:
        """Return W x + b, shape (n_trials, n_units).

        The inputs have shape (n_trials, n_inputs).
        """
        return inputs @ self.weights.T + self.bias

    def gradient(self, by_score: NDArray, inputs: NDArray) -> NDArray[np.float64]:
        """Return the gradient with respect to `parameters`, summed over trials.

        `by_score` is the gradient with respect to the score Σ w x + b of every trial. The
        derivative of the score is x with respect to w, and 1 with respect to b. The derivatives of
        a shared parameter are summed.
        """
        by_weights, by_bias = by_score.T @ inputs, by_score.sum(axis=0)
        if self.shared is None:
            return np.append(by_weights, by_bias)
        present = self.shared >= 0
        by_element = np.column_stack([by_weights, by_bias])[present]
        gradient = np.zeros(1 + self.shared.max(initial=-1))
        np.add.at(gradient, self.shared[present], by_element)
        return gradient

    @classmethod
    def _of(
        cls, parameters: NDArray, shared: NDArray[np.intp], activation: Activation | str
    ) -> Layer:
        """Return a layer with shared parameters."""
        values = np.append(parameters, 0.0)[shared]  # −1 selects the 0 at the end
        return cls(values[:, :-1], values[:, -1], activation, shared)

    def _check_shared(self) -> None:
        """Raise an error if `shared` does not fit the weights and biases."""
        assert self.shared is not None
        values = np.column_stack([self.weights, self.bias])
        if self.shared.shape != values.shape or self.shared.dtype.kind not in "iu":
            raise NeurosimError(
                f"shared has shape {self.shared.shape}: give one whole number for each weight and "
                f"bias, shape {values.shape}"
            )
        numbers = np.unique(self.shared)
        numbers = numbers[numbers != -1]
        if (numbers != np.arange(len(numbers))).any():
            raise NeurosimError("shared must contain indices 0, 1, … and −1 for missing weights")
        parameters = np.append(self.parameters, 0.0)
        if (parameters[self.shared] != values).any():
            raise NeurosimError("shared weights must be equal, and missing weights must be 0")


def checked_inputs(inputs: ArrayLike, n_inputs: int, *, signed: bool = True) -> NDArray[np.float64]:
    """Return finite inputs (n_trials, n_inputs), non-negative unless `signed`."""
    values = as_floats(inputs, "inputs")
    if values.ndim != 2 or values.shape[1] != n_inputs or not len(values):
        raise NeurosimError(f"inputs have shape {values.shape}: give (n_trials, {n_inputs})")
    if not np.isfinite(values).all():
        raise NeurosimError("inputs must be finite numbers: remove other trials")
    if not signed and values.min() < 0.0:
        raise NeurosimError(
            f"an input is {values.min():g}: this code needs inputs from 0; scale the inputs to "
            "0 … 1 before training, or use currents as inputs"
        )
    return values
