"""Figures of decoders: confusion matrix, posterior against stimulus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bridge.evaluation.plot import PROBABILITY_MAP
from neurosim.plot import NEUTRAL, figure, panels, set_title, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bridge.recordings.decoding.decoding import Decoding, StimulusDecoding

# Largest number of classes for which fractions are written into the matrix.
MOST_WRITTEN = 8


def confusion_plot(decoding: Decoding, *, title: str = "") -> Figure:
    """Draw the fraction of each true class that is decoded as each class."""
    counts = decoding.confusion
    n = len(counts)
    side = 3.2 + 0.35 * min(n, 12)
    fig = figure(side + 0.8, side)
    [axes] = panels(fig)
    with np.errstate(invalid="ignore"):
        fraction = counts / counts.sum(axis=1, keepdims=True)
    with style():
        image = axes.imshow(fraction, vmin=0.0, vmax=1.0, cmap=PROBABILITY_MAP)
        fig.colorbar(image, ax=axes, label="fraction of the true class")
        classes = decoding.classes.tolist()
        names = [f"{name:.4g}" if isinstance(name, float) else str(name) for name in classes]
        axes.set_xticks(range(n), names)
        axes.set_yticks(range(n), names)
        axes.set(xlabel="decoded class", ylabel="true class")
        if n <= MOST_WRITTEN:
            _write_fractions(axes, fraction, *decoding.confusion_interval)
        right = f"{decoding.accuracy.value:.0%} of trials are decoded correctly"
        set_title(fig, title or f"{right} (chance {decoding.chance:.0%})")
    return fig


def posterior_plot(decoding: StimulusDecoding, *, title: str = "") -> Figure:
    """Draw the mean posterior of each stimulus, and estimates against stimuli."""
    n = len(decoding.classes)
    mean = np.stack(
        [decoding.probability[decoding.observed == k].mean(axis=0) for k in range(n)], axis=1
    )
    fig = figure(8.4, 3.9)
    left, right = panels(fig, 1, 2)
    values = decoding.classes
    with style():
        mesh = left.pcolormesh(values, values, mean, vmin=0.0, cmap=PROBABILITY_MAP)
        fig.colorbar(mesh, ax=left, label="mean posterior probability")
        left.set(xlabel="stimulus", ylabel="decoded stimulus")
        right.plot(
            decoding.stimulus,
            decoding.stimulus + decoding.residual,
            ".",
            color=NEUTRAL,
            ms=3,
            alpha=min(1.0, 300 / len(decoding.stimulus)) ** 0.5,
            label="posterior mean",
            rasterized=True,
        )
        ends = [decoding.stimulus.min(), decoding.stimulus.max()]
        right.plot(ends, ends, "--", color="black", lw=1.0, label="exact")
        right.set(xlabel="stimulus", ylabel="estimate")
        right.legend(loc="upper left")
        set_title(fig, title or f"Mean absolute error {decoding.error.text}")
    return fig


def _write_fractions(axes: Axes, fraction: NDArray, low: NDArray, high: NDArray) -> None:
    """Write the fractions and their 95 % intervals into the fields of a matrix."""
    for (row, column), value in np.ndenumerate(fraction):
        if np.isfinite(value):
            text = f"{value:.2f}\n{low[row, column]:.2f}–{high[row, column]:.2f}"
            colour = "black" if value > 0.6 else "white"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
