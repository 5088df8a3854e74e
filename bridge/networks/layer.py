"""A layer: units side by side that see the same inputs, some of whose weights may be one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bridge.learning.activations import Activation, find_activation
from bridge.utils.checks import as_floats, as_integer, shown
from neurosim import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class Layer:
    """Units side by side, all with the same inputs: F = g(W x + b).

    Attributes
    ----------
    weights : (n_units, n_inputs) ndarray
        W.
    bias : (n_units,) ndarray
        b.
    activation : Activation or str
        g, of all units.
    shared : (n_units, n_inputs + 1) ndarray of int, optional
        Which parameter each weight is and, in the last column, each bias: equal numbers are one
        parameter, −1 is a weight that is not there and stays 0. Default: each is its own.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    activation: Activation
    shared: NDArray[np.intp] | None = None

    def __post_init__(self) -> None:
        weights = np.array(as_floats(self.weights, "weights"))
        bias = np.array(as_floats(self.bias, "bias"))
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
        """Return a layer without some of its connections, or without bias.

        Parameters
        ----------
        weights : (n_units, n_inputs) array_like
            What stands where there is no connection is left out.
        bias : (n_units,) array_like, optional
            None for units without bias.
        activation : Activation or str
        where : (n_units, n_inputs) array_like of bool, optional
            Where there is a connection. Default: everywhere.
        """
        weights = np.atleast_2d(as_floats(weights, "weights"))
        there = np.ones((len(weights), weights.shape[1] + 1), dtype=bool)
        if where is not None:
            given = as_floats(where, "where") != 0.0
            if given.ndim and given.shape != weights.shape:
                raise NeurosimError(
                    f"where has shape {given.shape}: it must be that of the weights, "
                    f"{weights.shape}"
                )
            there[:, :-1] = given
        there[:, -1] = bias is not None
        numbers = np.where(there, np.cumsum(there).reshape(there.shape) - 1, -1)
        kept = np.where(there[:, :-1], weights, 0.0)
        own = np.zeros(len(weights)) if bias is None else as_floats(bias, "bias")
        return cls(kept, own, find_activation(activation), numbers)

    @classmethod
    def convolution(
        cls,
        kernels: ArrayLike,
        bias: ArrayLike,
        shape: Sequence[int],
        activation: Activation | str,
    ) -> Layer:
        """Return detectors that look for the same patterns at every place of a grid of inputs.

        Parameters
        ----------
        kernels : (n_kernels, ...) array_like
            Weights of a detector on its window, which has as many axes as the grid.
        bias : (n_kernels,) array_like
        shape : sequence of int
            Of the grid of inputs, which the layer sees in reading order.
        activation : Activation or str

        Returns
        -------
        Layer
            Of one unit for each kernel and each place of the window within the grid, in this order.
        """
        kernels, bias = as_floats(kernels, "kernels"), as_floats(bias, "bias")
        if isinstance(shape, str) or not isinstance(shape, Iterable):
            raise NeurosimError(f"shape = {shown(shape)} is no sequence of extents of a grid")
        window, shape = kernels.shape[1:], tuple(as_integer(k, "an extent", 1) for k in shape)
        if (
            bias.shape != kernels.shape[:1]
            or len(window) != len(shape)
            or not all(0 < side <= extent for side, extent in zip(window, shape, strict=True))
        ):
            raise NeurosimError(
                f"kernels of shape {kernels.shape} and bias of shape {bias.shape} on a grid of "
                f"shape {shape}: give (n_kernels, *window) and (n_kernels,), the window within "
                "the grid"
            )
        grid = np.arange(np.prod(shape)).reshape(shape)
        seen = np.lib.stride_tricks.sliding_window_view(grid, window).reshape(-1, kernels[0].size)
        numbers = np.full((len(kernels), len(seen), grid.size + 1), -1)
        own = np.arange(kernels.size).reshape(len(kernels), 1, -1)
        np.put_along_axis(numbers, np.broadcast_to(seen, (len(kernels), *seen.shape)), own, axis=2)
        numbers[:, :, -1] = kernels.size + np.arange(len(kernels))[:, np.newaxis]
        parameters = np.append(kernels.ravel(), bias)
        return cls._of(parameters, numbers.reshape(-1, grid.size + 1), find_activation(activation))

    @property
    def parameters(self) -> NDArray[np.float64]:
        """Weights and biases in one vector; those that are one, once."""
        values = np.column_stack([self.weights, self.bias])
        if self.shared is None:
            return np.append(values[:, :-1], values[:, -1])
        there = self.shared >= 0
        parameters = np.empty(1 + self.shared.max(initial=-1))
        parameters[self.shared[there]] = values[there]
        return parameters

    def with_parameters(self, parameters: NDArray) -> Layer:
        """Return the same layer with other weights and biases."""
        if self.shared is not None:
            return self._of(parameters, self.shared, self.activation)
        weights = parameters[: self.weights.size].reshape(self.weights.shape)
        return replace(self, weights=weights, bias=parameters[self.weights.size :])

    def score(self, inputs: NDArray) -> NDArray[np.float64]:
        """W x + b for inputs of shape (n_trials, n_inputs); shape (n_trials, n_units)."""
        return inputs @ self.weights.T + self.bias

    def gradient(self, by_score: NDArray, inputs: NDArray) -> NDArray[np.float64]:
        """Derivative by each of `parameters`, given that by the scores of every trial.

        A score is Σ w x + b, so the derivative by w is x, that by b 1. A shared parameter has the
        sum over the places where it stands.
        """
        by_weights, by_bias = by_score.T @ inputs, by_score.sum(axis=0)
        if self.shared is None:
            return np.append(by_weights, by_bias)
        there = self.shared >= 0
        by_place = np.column_stack([by_weights, by_bias])[there]
        gradient = np.zeros(1 + self.shared.max(initial=-1))
        np.add.at(gradient, self.shared[there], by_place)
        return gradient

    @classmethod
    def _of(cls, parameters: NDArray, shared: NDArray[np.intp], activation: Activation) -> Layer:
        values = np.append(parameters, 0.0)[shared]  # −1 takes the 0 at the end
        return cls(values[:, :-1], values[:, -1], activation, shared)

    def _check_shared(self) -> None:
        assert self.shared is not None
        values = np.column_stack([self.weights, self.bias])
        if self.shared.shape != values.shape or self.shared.dtype.kind not in "iu":
            raise NeurosimError(
                f"shared has shape {self.shared.shape}: it must hold one whole number for each "
                f"weight and bias, shape {values.shape}"
            )
        numbers = np.unique(self.shared)
        numbers = numbers[numbers != -1]
        if (numbers != np.arange(len(numbers))).any():
            raise NeurosimError("shared must number the parameters from 0 on, −1 for none")
        parameters = np.append(self.parameters, 0.0)
        if (parameters[self.shared] != values).any():
            raise NeurosimError(
                "weights that are one parameter must be equal, and those that are none 0"
            )
