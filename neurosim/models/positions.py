"""Positions of neurons, and distances between them."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import optional, parameter
from neurosim.models.registry import Part
from neurosim.utils.checks import (
    Array,
    check_array,
    check_integer,
    check_number,
    is_scalar,
    show,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

FARTHEST = 1e9
"""Largest coordinate."""
MAX_DIMENSIONS = 3


class Positions(Part, abstract=True):
    """Base class of positions. They have 1 to 3 coordinates, in any unit of length.

    Attributes
    ----------
    borders : tuple of float, or None
        Length of a space with periodic boundaries in each dimension; None if not periodic.
    """

    noun: ClassVar[str] = "positions"

    @property
    @abstractmethod
    def borders(self) -> tuple[float, ...] | None:
        """Length of a periodic space in each dimension; None if not periodic."""

    @abstractmethod
    def points(self, size: int) -> NDArray[np.float64]:
        """Return the coordinates of `size` neurons, (size, n_dimensions).

        Raises
        ------
        NeurosimError
            If these positions are for another number of neurons.
        """


def _per_dimension(value: Any, name: str) -> tuple[Any, ...]:
    """Return 1 to 3 values."""
    values = (value,) if is_scalar(value) else tuple(value)
    if not 1 <= len(values) <= MAX_DIMENSIONS:
        raise NeurosimError(f"{name} = {show(value)}: give 1 to {MAX_DIMENSIONS} numbers")
    return values


def _lengths(value: Any, name: str, *_: Any) -> tuple[float, ...]:
    """Return 1 to 3 lengths above 0."""
    items = _per_dimension(value, name)
    lengths = tuple(check_number(item, name, "", 0.0, FARTHEST) for item in items)
    if not all(lengths):
        raise NeurosimError(f"{name} = {show(value)} contains 0: lengths must be above 0")
    return lengths


def _counts(value: Any, name: str, *_: Any) -> tuple[int, ...]:
    """Return 1 to 3 positive integers."""
    return tuple(check_integer(item, name, 1) for item in _per_dimension(value, name))


def _points(value: Any, name: str, *_: Any) -> NDArray[np.float64]:
    array = check_array(value, name, "", -FARTHEST, FARTHEST)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or not 1 <= array.shape[1] <= MAX_DIMENSIONS:
        raise NeurosimError(
            f"{name} has shape {array.shape}: give a row of 1 to {MAX_DIMENSIONS} coordinates per "
            "neuron"
        )
    return array


@dataclass(frozen=True)
class Grid(Positions):
    """Neurons on a regular grid that starts at 0; the last coordinate changes fastest.

    Parameters
    ----------
    shape : tuple of int
        Number of neurons along each dimension; their product is the size of the population.
    spacing : float or tuple of float
        Distance between neighbours, along all dimensions or along each.
    periodic : bool
        Whether neurons at opposite boundaries are neighbours.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> exc = net.add("exc", 6, ns.LIF(), positions=ns.Grid((2, 3), 10.0))
    >>> exc.points[4]
    array([10., 10.])
    """

    shape: tuple[int, ...] = parameter(help="neurons along each dimension", check=_counts)
    spacing: float | tuple[float, ...] = parameter(
        1.0, help="distance between neighbours", check=_lengths
    )
    periodic: bool = parameter(False, help="whether opposite borders are neighbours")

    def __post_init__(self) -> None:
        super().__post_init__()
        spacing: Any = self.spacing
        if len(spacing) not in (1, len(self.shape)):
            raise NeurosimError(
                f"Grid.spacing = {show(spacing)} does not match Grid.shape = {self.shape}: give "
                "one length, or one for each dimension"
            )
        spacing = tuple(np.broadcast_to(spacing, len(self.shape)).tolist())
        object.__setattr__(self, "spacing", spacing)

    @property
    def borders(self) -> tuple[float, ...] | None:
        """Size of the grid if it is periodic."""
        spacing: Any = self.spacing
        lengths = tuple(n * d for n, d in zip(self.shape, spacing, strict=True))
        return lengths if self.periodic else None

    def points(self, size: int) -> NDArray[np.float64]:
        """Return the coordinates of the neurons, shape (size, n_dimensions)."""
        if math.prod(self.shape) != size:
            raise NeurosimError(
                f"Grid.shape = {self.shape} has {math.prod(self.shape)} points for {size} neurons: "
                "their numbers must be equal"
            )
        indices = np.indices(self.shape).reshape(len(self.shape), -1).T
        return indices * np.array(self.spacing)


@dataclass(frozen=True)
class RandomPositions(Positions):
    """Neurons at independent, uniformly distributed positions between 0 and an extent.

    Parameters
    ----------
    extent : float or tuple of float
        Length of the space along each dimension.
    seed : int
        Seed of the positions, independent of the seed of the simulation.
    periodic : bool
        Whether the boundaries are periodic.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> exc = net.add("exc", 100, ns.LIF(), positions=ns.RandomPositions((1.0, 1.0), seed=3))
    >>> exc.points.shape
    (100, 2)
    """

    extent: float | tuple[float, ...] = parameter(help="length of each side", check=_lengths)
    seed: int = parameter(1, "", 0, 2**62, "seed of the positions")
    periodic: bool = parameter(False, help="whether space repeats itself beyond its borders")

    @property
    def borders(self) -> tuple[float, ...] | None:
        """Extent if it is periodic."""
        return self.extent if self.periodic else None  # type: ignore[return-value]

    def points(self, size: int) -> NDArray[np.float64]:
        """Return the coordinates of the neurons, shape (size, n_dimensions)."""
        extent = np.array(self.extent)
        generator = np.random.Generator(np.random.Philox(key=self.seed))
        return generator.random((size, len(extent))) * extent


@dataclass(frozen=True, eq=False)
class Points(Positions):
    """Neurons at given coordinates.

    Parameters
    ----------
    coordinates : (n, n_dimensions) array_like
        Coordinates, one row per neuron.
    periods : tuple of float, optional
        Length of a space with periodic boundaries in each dimension. Default: not periodic.

    Examples
    --------
    >>> import neurosim as ns
    >>> points = ns.Points([[0.0, 0.0], [3.0, 4.0]])
    >>> net = ns.Network()
    >>> cells = net.add("cells", 2, ns.LIF(), positions=points)
    """

    coordinates: Array = parameter(help="coordinates, a row per neuron", check=_points)
    periods: Any = parameter(
        None,
        help="periods of a space with periodic borders",
        check=optional(_lengths),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.periods is not None and len(self.periods) != self.coordinates.shape[1]:
            raise NeurosimError(
                f"Points.periods = {show(self.periods)}: give a length for each of the "
                f"{self.coordinates.shape[1]} coordinates"
            )

    @property
    def borders(self) -> tuple[float, ...] | None:
        """Length of a periodic space in each dimension; None if not periodic."""
        return self.periods

    def points(self, size: int) -> NDArray[np.float64]:
        """Return the coordinates of the neurons, shape (size, n_dimensions)."""
        if len(self.coordinates) != size:
            raise NeurosimError(
                f"positions has {len(self.coordinates)} rows for {size} neurons: give one per "
                "neuron"
            )
        return self.coordinates


def as_positions(value: Any) -> Positions:
    """Return positions; an array stands for `Points`."""
    return value if isinstance(value, Positions) else Points(value)


def distances(
    sources: NDArray[np.float64], targets: NDArray[np.float64], borders: tuple[float, ...] | None
) -> NDArray[np.float64]:
    """Return distances between sources and targets, with broadcasting.

    Parameters
    ----------
    sources, targets : (..., n_dimensions) ndarray
    borders : tuple of float, or None
        Periods of the space; distances are then the shortest ones.
    """
    squares = np.zeros(())
    for k in range(sources.shape[-1]):
        difference = np.abs(targets[..., k] - sources[..., k])
        if borders is not None:
            difference = difference % borders[k]
            difference = np.minimum(difference, borders[k] - difference)
        squares = squares + difference * difference
    return np.sqrt(squares)
