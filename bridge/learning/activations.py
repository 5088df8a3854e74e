"""Activation functions: sigmoid, tanh, ReLU, step and linear."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from bridge.utils.checks import as_floats, require_choice

Function = Callable[["NDArray[np.float64]"], "NDArray[np.float64]"]


@dataclass(frozen=True)
class Activation:
    """Function g of a neuron's score, with its derivative.

    Attributes
    ----------
    name : str
    low, high : float
        Bounds of the values.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import find_activation
    >>> tanh = find_activation("tanh")
    >>> tanh(np.array([0.0, 0.5])).round(3)
    array([0.   , 0.462])
    >>> tanh.low, tanh.high
    (-1.0, 1.0)
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
        """Return g′(score), of the shape of `score`; 0 at kinks and jumps."""
        return self._derivative(as_floats(score, "score"))


def _positive(score: NDArray[np.float64]) -> NDArray[np.float64]:
    return (score > 0.0).astype(float)


def _sigmoid_slope(score: NDArray[np.float64]) -> NDArray[np.float64]:
    return expit(score) * expit(-score)


def _tanh_slope(score: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.0 / np.cosh(np.clip(score, -350.0, 350.0)) ** 2


def _not_negative(score: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(score, 0.0)


# Module-level functions instead of lambdas, so that networks can be pickled.
# σ(s) = 1/(1 + e^−s), with σ′ = σ (1 − σ).
SIGMOID = Activation("sigmoid", 0.0, 1.0, expit, _sigmoid_slope)
# tanh s = 2σ(2s) − 1, with tanh′ = 1 − tanh².
TANH = Activation("tanh", -1.0, 1.0, np.tanh, _tanh_slope)
# max(s, 0), with derivative 0 or 1.
RELU = Activation("relu", 0.0, np.inf, _not_negative, _positive)
# 1 if s > 0, otherwise 0, with derivative 0: a neuron without noise.
STEP = Activation("step", 0.0, 1.0, _positive, np.zeros_like)
# s, a subthreshold potential.
LINEAR = Activation("linear", -np.inf, np.inf, np.positive, np.ones_like)

# All activations by name.
ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {activation.name: activation for activation in (SIGMOID, TANH, RELU, STEP, LINEAR)}
)


def find_activation(name: str | Activation) -> Activation:
    """Return an activation by name.

    Raises
    ------
    NeurosimError
        If the name is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import find_activation
    >>> find_activation("relu")(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    if isinstance(name, Activation):
        return name
    require_choice(name, "activation", ACTIVATIONS)
    return ACTIVATIONS[name]
