"""Planes of two inputs: spiking trials at the points of a grid, drawn as firing probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from scenarios._kit.layers import Layer, chart, layer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from scenarios._kit.figures import Panel


@dataclass(frozen=True, eq=False)
class Plane:
    """All pairs of the values of two inputs.

    Attributes
    ----------
    x : (n_x,) ndarray
        Values of the first input.
    y : (n_y,) ndarray
        Values of the second input.

    Examples
    --------
    >>> import numpy as np
    >>> plane = Plane(np.array([0.0, 1.0, 2.0]), np.array([0.0, 5.0]))
    >>> plane.points.shape
    (6, 2)
    >>> plane.fractions(np.repeat([True, False], 6), repeats=2).shape
    (2, 3)
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]

    @classmethod
    def square(cls, low: float, high: float, n: int) -> Plane:
        """Return a square plane of `n` × `n` points."""
        values = np.linspace(low, high, n)
        return cls(values, values)

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """All pairs, the first input varying fastest; shape (n_y · n_x, 2)."""
        return np.stack(np.meshgrid(self.x, self.y), axis=-1).reshape(-1, 2)

    def trials(self, repeats: int) -> NDArray[np.float64]:
        """Inputs of all trials, those of one point together; shape (n_y · n_x · repeats, 2)."""
        return np.repeat(self.points, repeats, axis=0)

    def fractions(self, fired: NDArray[np.bool_], repeats: int = 1) -> NDArray[np.float64]:
        """Return the fraction of trials with a spike at each point, shape (n_y, n_x).

        Parameters
        ----------
        fired : (n_y · n_x · repeats,) ndarray of bool
            By trial, in the order of `trials`.
        repeats : int
        """
        return self.grid(np.asarray(fired, dtype=float).reshape(-1, repeats).mean(axis=1))

    def grid(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values at `points` as an array of shape (n_y, n_x)."""
        return np.reshape(values, (len(self.y), len(self.x)))

    def draw(self, axes: Axes, values: NDArray[np.float64], *, contour: bool = True) -> None:
        """Draw probabilities at `points`, and the contour of probability 1/2 in white.

        Omit the contour of fractions of few trials, which noise would break into pieces.
        """
        from bridge.evaluation.plot import PROBABILITY_MAP

        plane = self.grid(values)
        axes.pcolormesh(
            self.x, self.y, plane, vmin=0.0, vmax=1.0, cmap=PROBABILITY_MAP, shading="nearest",
            rasterized=True,
        )  # fmt: skip
        if contour:
            self.draw_contour(axes, plane)

    def draw_contour(self, axes: Axes, values: NDArray[np.float64], colour: str = "white") -> None:
        """Draw the contour of probability 1/2."""
        plane = self.grid(values)
        if plane.min() < 0.5 < plane.max():
            axes.contour(self.x, self.y, plane, levels=[0.5], colors=colour, linewidths=1.5)

    def panel(self, values: NDArray[np.float64], *layers: Layer, **labels: Any) -> Panel:
        """Describe a panel of probabilities at `points` without a contour, under other layers.

        The inputs are called "input 1" and "input 2" unless `labels`, arguments of `chart`, name
        them.
        """
        names: dict[str, Any] = {"xlabel": "input 1", "ylabel": "input 2", "aspect": "equal"}
        limits = {"xlim": (self.x[0], self.x[-1]), "ylim": (self.y[0], self.y[-1])}
        plane = layer(self.draw, values, contour=False)
        return chart(plane, *layers, **names | limits | labels)


def draw_examples(
    axes: Axes,
    points: NDArray[np.float64],
    fired: NDArray[np.bool_],
    *,
    labels: tuple[str, str] = ("", ""),
    **look: Any,
) -> None:
    """Draw examples: white circles without a spike, black triangles with one.

    Parameters
    ----------
    axes : Axes
    points : (n, 2) ndarray
    fired : (n,) ndarray of bool
    labels : (str, str)
        Labels for the legend, without a spike and with one.
    **look
        Arguments of ``Axes.plot``.
    """
    for spiked, fill, edge, marker in (
        (False, "white", "black", "o"),
        (True, "black", "white", "^"),
    ):
        options: dict[str, Any] = {"ms": 4.5, "mfc": fill, "mec": edge, "mew": 0.6, "ls": ""}
        options |= {"marker": marker, "label": labels[spiked]}
        axes.plot(*points[fired == spiked].T, **options | look)
