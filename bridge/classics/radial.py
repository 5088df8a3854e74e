"""Radial units: a logistic neuron that also hears the square of its input fires inside a ball."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from bridge.learning.activations import find_activation
from bridge.networks import Layer, LayeredNetwork
from bridge.neuron.mapping import LogisticUnit
from bridge.utils.checks import as_float, as_floats
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class RadialUnit:
    """A unit that is active within a radius of its centre: in the plane, a cylinder.

    σ(steepness · (radius² − ‖x − centre‖²)), which is a logistic neuron of the inputs x and ‖x‖²:

        steepness · (radius² − ‖centre‖²) + 2 steepness · centre · x − steepness · ‖x‖².

    Attributes
    ----------
    centre : (n,) ndarray
    radius : float
        Where it is active with probability 1/2; 0 where it is so nowhere.
    steepness : float
        Above 0.

    Examples
    --------
    >>> unit = RadialUnit([1.0, 0.0], 0.5, 40.0)
    >>> unit([[1.0, 0.0], [1.0, 0.5], [0.0, 0.0]]).round(3)
    array([1. , 0.5, 0. ])
    """

    centre: NDArray[np.float64]
    radius: float
    steepness: float

    def __post_init__(self) -> None:
        centre = np.array(as_floats(self.centre, "centre"))
        if centre.ndim != 1 or not len(centre) or not np.isfinite(centre).all():
            raise NeurosimError("the centre of a radial unit must be a vector of finite numbers")
        as_float(self.radius, "radius")
        as_float(self.steepness, "steepness")
        if not (math.isfinite(self.radius) and self.radius >= 0.0):
            raise NeurosimError(f"radius = {self.radius:g} is not a finite number from 0")
        if not (math.isfinite(self.steepness) and self.steepness > 0.0):
            raise NeurosimError(f"steepness = {self.steepness:g} is not a finite number above 0")
        object.__setattr__(self, "centre", centre)

    def __call__(self, inputs: ArrayLike) -> NDArray[np.float64]:
        """Activity for inputs of shape (n_trials, n); shape (n_trials,)."""
        distance = np.sum((as_floats(inputs, "inputs") - self.centre) ** 2, axis=-1)
        return expit(self.steepness * (self.radius**2 - distance))

    def to_logistic(self) -> LogisticUnit:
        """Return the logistic neuron of `with_square` inputs that it is."""
        intercept = self.steepness * (self.radius**2 - float(self.centre @ self.centre))
        coef = self.steepness * np.append(2.0 * self.centre, -1.0)
        return LogisticUnit(intercept, coef)

    @classmethod
    def from_logistic(cls, unit: LogisticUnit) -> RadialUnit:
        """Return the radial unit that a logistic neuron of `with_square` inputs is.

        Raises
        ------
        NeurosimError
            Where the square excites, so that the neuron is active outside a ball, or is not heard.
        """
        steepness = -float(unit.coef[-1])
        if not steepness > 0.0:
            raise NeurosimError(
                f"the weight of the square is {-steepness:g}: below 0 a neuron is active inside a "
                "ball, and only then it is a radial unit"
            )
        centre = unit.coef[:-1] / (2.0 * steepness)
        square = unit.intercept / steepness + float(centre @ centre)
        return cls(centre, math.sqrt(max(square, 0.0)), steepness)


def with_square(inputs: ArrayLike) -> NDArray[np.float64]:
    """Return inputs (n_trials, n) with |x|² as one more: (n_trials, n + 1)."""
    values = as_floats(inputs, "inputs")
    return np.column_stack([values, np.sum(values**2, axis=1)])


def radial_network(
    inputs: ArrayLike, n_units: int, *, radius: float = 0.5, steepness: float = 8.0, seed: int = 0
) -> LayeredNetwork:
    """Return a sum of radial units to train on `with_square` inputs, as a network of two layers.

    Centres are inputs, drawn without replacement (Broomhead & Lowe 1988, Complex Systems 2:321).

    Parameters
    ----------
    inputs : (n_trials, n) array_like
    n_units : int
        1 to n_trials.
    radius, steepness : float
        Of all units at the start.
    seed : int
    """
    values = as_floats(inputs, "inputs")
    if values.ndim != 2 or not 1 <= n_units <= len(values):
        raise NeurosimError(
            f"{n_units} units for inputs of shape {values.shape}: give from 1 to as many as trials"
        )
    rng = np.random.default_rng(seed)
    centres = values[rng.choice(len(values), n_units, replace=False)]
    units = [RadialUnit(centre, radius, steepness).to_logistic() for centre in centres]
    hidden = Layer(
        np.array([unit.coef for unit in units]),
        np.array([unit.intercept for unit in units]),
        find_activation("sigmoid"),
    )
    output = Layer(np.full((1, n_units), 0.5), np.zeros(1), find_activation("linear"))
    return LayeredNetwork((hidden, output))
