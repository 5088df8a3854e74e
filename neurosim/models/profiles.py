"""Functions of distance: probabilities, strengths and delays of connections."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from neurosim.models.declare import parameter
from neurosim.models.registry import Part

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LARGEST = 1e12
"""Largest value and length of a profile."""


class Profile(Part, abstract=True):
    """Base class of functions of distance. Calling an instance returns its values.

    Given as psp, weight or delay, it sets the value of each connection by the distance of its
    neurons.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Linear(1.0, 0.5)([0.0, 2.0])
    array([1., 2.])
    """

    noun: ClassVar[str] = "a function of distance"
    name: ClassVar[str] = "distance"
    """Name of the argument, as for the name of a `Column`."""
    minimum: ClassVar[None] = None

    @abstractmethod
    def __call__(self, distance: ArrayLike) -> NDArray[np.float64]:
        """Return the values at distances."""

    @abstractmethod
    def scaled(self, factor: float) -> Self:
        """Return the function with values `factor` times as large."""

    def convert(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values at distances; the counterpart of `Column.convert`."""
        return self(values)

    def minimum_hint(self, dt: float) -> str:
        """Return a hint to raise short delays to a time step (ms), for messages."""
        return f"a function of at least {dt:g} ms"


@dataclass(frozen=True)
class Linear(Profile):
    """intercept + slope · distance.

    Parameters
    ----------
    intercept : float
        Value at distance 0.
    slope : float
        Per unit of length.

    Examples
    --------
    Delays of 0.5 ms plus 2 ms per unit of length, for a conduction speed of 0.5 units per ms:

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 16, ns.LIF(), positions=ns.Grid((4, 4)))
    >>> rule = ns.DistanceProbability(ns.Gaussian(peak=1.0, sd=0.3))
    >>> projection = net.connect(cells, cells, rule, psp=0.5, delay=ns.Linear(0.5, 2.0))
    """

    intercept: float = parameter(0.0, "", -LARGEST, LARGEST, "value at distance 0")
    slope: float = parameter(0.0, "", -LARGEST, LARGEST, "change per unit of length")

    def __call__(self, distance: ArrayLike) -> NDArray[np.float64]:
        """Return the values at distances."""
        return self.intercept + self.slope * np.asarray(distance, float)

    def scaled(self, factor: float) -> Linear:
        """Return the function with values `factor` times as large."""
        return Linear(self.intercept * factor, self.slope * factor)


class _Peaked(Profile, abstract=True):
    """Base class of functions with a peak at distance 0."""

    def scaled(self, factor: float) -> Self:
        """Return the function with values `factor` times as large."""
        changed: Any = self
        return replace(changed, peak=changed.peak * factor)


@dataclass(frozen=True)
class Gaussian(_Peaked):
    """peak · exp(−distance² / 2 sd²).

    Parameters
    ----------
    peak : float
        Value at distance 0.
    sd : float
        Standard deviation (length).

    Examples
    --------
    Connection probability that falls to 0.8·exp(−1/2) at a distance of 0.2:

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 100, ns.LIF(), positions=ns.Grid((10, 10)))
    >>> rule = ns.DistanceProbability(ns.Gaussian(peak=0.8, sd=0.2))
    >>> projection = net.connect(cells, cells, rule, psp=0.5)
    """

    peak: float = parameter(1.0, "", -LARGEST, LARGEST, "value at distance 0")
    sd: float = parameter(1.0, "", 1e-9, LARGEST, "standard deviation, a length")

    def __call__(self, distance: ArrayLike) -> NDArray[np.float64]:
        """Return the values at distances."""
        return self.peak * np.exp(-0.5 * (np.asarray(distance, float) / self.sd) ** 2)


@dataclass(frozen=True)
class ExponentialDecay(_Peaked):
    """peak · exp(−distance / length).

    Parameters
    ----------
    peak : float
        Value at distance 0.
    length : float
        Length over which the value decays to 1/e.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 100, ns.LIF(), positions=ns.Grid((10, 10)))
    >>> rule = ns.DistanceProbability(ns.ExponentialDecay(peak=0.5, length=0.1))
    >>> projection = net.connect(cells, cells, rule, psp=0.5)
    """

    peak: float = parameter(1.0, "", -LARGEST, LARGEST, "value at distance 0")
    length: float = parameter(1.0, "", 1e-9, LARGEST, "length over which it decays to 1/e")

    def __call__(self, distance: ArrayLike) -> NDArray[np.float64]:
        """Return the values at distances."""
        return self.peak * np.exp(-np.asarray(distance, float) / self.length)
