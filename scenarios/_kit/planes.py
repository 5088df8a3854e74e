"""Probabilities over a plane of two inputs, with examples on top."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


def grid_points(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return all pairs, the first running fastest; shape (n_y · n_x, 2)."""
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def draw_zones(
    axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], values: NDArray[np.float64]
) -> None:
    """Draw probabilities at `grid_points`, and the line where they are 1/2."""
    from bridge.evaluation.plot import PROBABILITY_MAP

    plane = values.reshape(len(y), len(x))
    axes.pcolormesh(
        x, y, plane, vmin=0.0, vmax=1.0, cmap=PROBABILITY_MAP, shading="nearest", rasterized=True
    )
    if plane.min() < 0.5 < plane.max():
        axes.contour(x, y, plane, levels=[0.5], colors="white", linewidths=1.5)


def draw_examples(
    axes: Axes, points: NDArray[np.float64], fired: NDArray[np.bool_], **look: Any
) -> None:
    """Draw examples: white circles for those that were silent, black triangles for spikes."""
    for did, fill, edge, marker in ((False, "white", "black", "o"), (True, "black", "white", "^")):
        options: dict[str, Any] = {"ms": 4.5, "mfc": fill, "mec": edge, "mew": 0.6, "ls": ""}
        axes.plot(*points[fired == did].T, marker=marker, **options | look)


def zone_bar(fig: Figure, axes: Sequence[Axes], words: str, **look: Any) -> None:
    """Draw the colour scale of `draw_zones`, which drew first into the first of the axes."""
    mesh = axes[0].collections[0]
    fig.colorbar(mesh, ax=list(axes), label=words, ticks=np.linspace(0.0, 1.0, 5), **look)
