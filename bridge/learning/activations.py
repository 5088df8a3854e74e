"""What an abstract neuron makes of its score: sigmoid, tanh, ReLU, step or nothing at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from bridge.utils.checks import as_floats, one_of
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Function = Callable[["NDArray[np.float64]"], "NDArray[np.float64]"]


@dataclass(frozen=True)
class Activation:
    """A function g of a neuron's score, with its derivative.

    Attributes
    ----------
    name : str
    low, high : float
        Bounds of its values.
    """

    name: str
    low: float
    high: float
    _value: Function
    _derivative: Function

    def __call__(self, score: ArrayLike) -> NDArray[np.float64]:
        """Return g(score), of the shape of `score`."""
        return self._value(as_floats(score, "score"))

    def derivative(self, score: ArrayLike) -> NDArray[np.float64]:
        """Return g′(score), of the shape of `score`; 0 where g has a kink or a jump."""
        return self._derivative(as_floats(score, "score"))


def _positive(score: NDArray[np.float64]) -> NDArray[np.float64]:
    return (score > 0.0).astype(float)


def _sigmoid_slope(score: NDArray[np.float64]) -> NDArray[np.float64]:
    return expit(score) * expit(-score)


def _tanh_slope(score: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.0 / np.cosh(np.clip(score, -350.0, 350.0)) ** 2


def _not_negative(score: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(score, 0.0)


# Functions of modules, not lambdas, so that networks can be pickled, as by scikit-learn's jobs.
SIGMOID = Activation("sigmoid", 0.0, 1.0, expit, _sigmoid_slope)
"""σ(s) = 1/(1 + e^−s), with σ′ = σ (1 − σ)."""
TANH = Activation("tanh", -1.0, 1.0, np.tanh, _tanh_slope)
"""tanh s = 2σ(2s) − 1, with tanh′ = 1 − tanh²."""
RELU = Activation("relu", 0.0, np.inf, _not_negative, _positive)
"""max(s, 0), with derivative 0 or 1."""
STEP = Activation("step", 0.0, 1.0, _positive, np.zeros_like)
"""1 where s > 0, else 0: a neuron without noise. Its derivative is 0."""
LINEAR = Activation("linear", -np.inf, np.inf, np.positive, np.ones_like)
"""s itself: a graded potential, or no activation."""

ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {activation.name: activation for activation in (SIGMOID, TANH, RELU, STEP, LINEAR)}
)
"""All of them by name."""


def find_activation(name: str | Activation) -> Activation:
    """Return the activation of that name.

    Raises
    ------
    NeurosimError
        For an unknown name.
    """
    if isinstance(name, Activation):
        return name
    if not one_of(name, ACTIVATIONS):
        raise NeurosimError(
            f"activation = {name!r} is unknown: give one of {', '.join(ACTIVATIONS)}"
        )
    return ACTIVATIONS[name]
