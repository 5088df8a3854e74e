"""Radial units: logistic neurons with the squared norm as additional input."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from bridge.networks import Layer, LayeredNetwork
from bridge.neuron.mapping import LogisticUnit
from bridge.utils.checks import as_floats, as_integer, finite, finite_vector, generator, positive
from neurosim import NeurosimError


@dataclass(frozen=True, eq=False)
class RadialUnit:
    """A unit that is active within a radius around its centre.

    σ(steepness · (radius² − ‖x − centre‖²)) is a logistic neuron with inputs x and ‖x‖²:

        steepness · (radius² − ‖centre‖²) + 2 steepness · centre · x − steepness · ‖x‖².

    Attributes
    ----------
    centre : (n,) ndarray
    radius : float
        Distance at which the activity is 1/2.
    steepness : float
        Positive.

    Examples
    --------
    >>> unit = RadialUnit([1.0, 0.0], 0.5, 40.0)
    >>> unit([[1.0, 0.0], [1.0, 0.5], [0.0, 0.0]]).round(3)
    array([1. , 0.5, 0. ])
    """

    centre: NDArray[np.float64]
    radius: float
    steepness: float

    if TYPE_CHECKING:  # values are converted

        def __init__(self, centre: ArrayLike, radius: float, steepness: float) -> None: ...

    def __post_init__(self) -> None:
        centre = finite_vector(self.centre, "RadialUnit.centre")
        if not len(centre):
            raise NeurosimError("RadialUnit.centre is empty: give at least one coordinate")
        finite(self.radius, "radius", low=0.0)
        positive(self.steepness, "steepness")
        object.__setattr__(self, "centre", centre)

    def __call__(self, inputs: ArrayLike) -> NDArray[np.float64]:
        """Return the activity for inputs of shape (n_trials, n); shape (n_trials,)."""
        distance = np.sum((as_floats(inputs, "inputs") - self.centre) ** 2, axis=-1)
        return expit(self.steepness * (self.radius**2 - distance))

    def to_logistic(self) -> LogisticUnit:
        """Return the equivalent logistic neuron of `with_square` inputs."""
        intercept = self.steepness * (self.radius**2 - float(self.centre @ self.centre))
        coef = self.steepness * np.append(2.0 * self.centre, -1.0)
        return LogisticUnit(intercept, coef)

    @classmethod
    def from_logistic(cls, unit: LogisticUnit) -> RadialUnit:
        """Return the radial unit equivalent to a logistic neuron of `with_square` inputs.

        Raises
        ------
        NeurosimError
            If the weight of the square is not negative.
        """
        steepness = -float(unit.coef[-1])
        if not steepness > 0.0:
            raise NeurosimError(
                f"the weight of the square is {-steepness:g}: only a neuron with a negative one is "
                "active inside a ball"
            )
        centre = unit.coef[:-1] / (2.0 * steepness)
        square = unit.intercept / steepness + float(centre @ centre)
        return cls(centre, math.sqrt(max(square, 0.0)), steepness)


def with_square(inputs: ArrayLike) -> NDArray[np.float64]:
    """Append ‖x‖² to inputs of shape (n_trials, n); shape (n_trials, n + 1).

    Examples
    --------
    >>> from bridge.classics import with_square
    >>> with_square([[1.0, 2.0], [3.0, 0.0]])
    array([[1., 2., 5.],
           [3., 0., 9.]])
    """
    values = as_floats(inputs, "inputs")
    return np.column_stack([values, np.sum(values**2, axis=1)])


def radial_network(
    inputs: ArrayLike, n_units: int, *, radius: float = 0.5, steepness: float = 8.0, seed: int = 0
) -> LayeredNetwork:
    """Return a network of radial units with a linear output, for `with_square` inputs.

    Centres are drawn from the inputs without replacement (Broomhead & Lowe 1988, Complex
    Systems 2:321).

    Parameters
    ----------
    inputs : (n_trials, n) array_like
    n_units : int
        1 to n_trials.
    radius, steepness : float
        Initial values for all units.
    seed : int

    Examples
    --------
    >>> import numpy as np
    >>> from bridge.classics import radial_network, with_square
    >>> inputs = np.random.default_rng(1).normal(size=(50, 2))
    >>> network = radial_network(inputs, 10)
    >>> network(with_square(inputs)).shape
    (50, 1)
    """
    values = as_floats(inputs, "inputs")
    if values.ndim != 2 or not 1 <= as_integer(n_units, "n_units") <= len(values):
        raise NeurosimError(
            f"n_units = {n_units} for inputs of shape {values.shape}: give 1 to n_trials"
        )
    rng = generator(seed)
    centres = values[rng.choice(len(values), n_units, replace=False)]
    units = [RadialUnit(centre, radius, steepness).to_logistic() for centre in centres]
    hidden = Layer(
        np.array([unit.coef for unit in units]),
        np.array([unit.intercept for unit in units]),
        "sigmoid",
    )
    output = Layer(np.full((1, n_units), 0.5), np.zeros(1), "linear")
    return LayeredNetwork((hidden, output))
