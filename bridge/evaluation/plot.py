"""Figures of firing probabilities, calibration and synapses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.evaluation.measures import Reliability
from bridge.utils.checks import as_floats
from neurosim import NeurosimError
from neurosim.plot import EXCITATORY, INHIBITORY, NEUTRAL, PALETTE, figure, panels, set_title, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.figure import Figure, SubFigure

# Perceptually uniform colour map, suitable for colour-blind readers.
PROBABILITY_MAP = "viridis"

MARKERS = "osD^v"


def decision_plane(
    x: ArrayLike,
    y: ArrayLike,
    planes: Mapping[str, NDArray],
    *,
    labels: tuple[str, str] = ("activity $a_1$ (spikes)", "activity $a_2$ (spikes)"),
    title: str = "",
) -> Figure:
    """Draw firing probabilities over two inputs, with a common colour scale.

    Parameters
    ----------
    x : (n_x,) array_like
        Values of the first input.
    y : (n_y,) array_like
        Values of the second.
    planes : mapping of str to (n_y, n_x) ndarray
        Firing probability by panel title. The line of probability 1/2 is drawn.
    labels : (str, str)
        Axis labels with units.
    title : str

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import LogisticUnit, decision_plane
    >>> a = np.linspace(0.0, 3.0, 31)
    >>> grid = np.stack(np.meshgrid(a, a), axis=-1)
    >>> unit = LogisticUnit(-3.0, np.array([2.0, 1.0]))
    >>> figure = decision_plane(a, a, {"logistic neuron": unit.probability(grid)})
    """
    fig = figure(1.2 + 2.9 * len(planes), 3.4)
    grid = panels(fig, 1, len(planes), sharex=True, sharey=True)
    draw_planes(fig, grid, x, y, planes, labels)
    return _titled(fig, title)


def draw_planes(
    fig: Figure | SubFigure,
    grid: Sequence[Axes],
    x: ArrayLike,
    y: ArrayLike,
    planes: Mapping[str, NDArray],
    labels: tuple[str, str],
) -> None:
    """Draw firing probabilities into given axes; arguments as for `decision_plane`."""
    x, y = as_floats(x, "x"), as_floats(y, "y")
    for name, plane in planes.items():
        if np.shape(plane) != (len(y), len(x)):
            raise NeurosimError(
                f"plane {name!r} has shape {np.shape(plane)}: it must be {(len(y), len(x))}, one "
                "row per value of y"
            )
    with style():
        for axes, (name, plane) in zip(grid, planes.items(), strict=True):
            mesh = _draw_plane(axes, x, y, np.asarray(plane))
            axes.set(title=name, xlabel=labels[0])
            axes.locator_params(nbins=7, steps=[1, 2, 5, 10])
        grid[0].set_ylabel(labels[1])
        ticks = np.linspace(0, 1, 5)
        bar = fig.colorbar(mesh, ax=grid, label="firing probability", ticks=ticks)
        bar.ax.axhline(0.5, color="white", lw=1.5)


def _titled(fig: Figure, title: str) -> Figure:
    """Add a title to a figure unless it is empty."""
    if title:
        with style():
            set_title(fig, title)
    return fig


def reliability_plot(curves: Mapping[str, Reliability], *, title: str = "") -> Figure:
    """Draw observed against predicted firing probability.

    The number of trials per bin is shown as well.

    Parameters
    ----------
    curves : mapping of str to Reliability
        Curves by legend entry.
    title : str

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import reliability_curve, reliability_plot
    >>> rng = np.random.default_rng(1)
    >>> probability = rng.random(2000)
    >>> curve = reliability_curve(rng.random(2000) < probability, probability)
    >>> figure = reliability_plot({"simulated": curve}, title="Calibrated predictions")
    """
    fig = figure(4.6, 5.2)
    upper, lower = panels(fig, 2, 1, sharex=True, height_ratios=(3.2, 1.0))
    draw_reliability(upper, lower, curves)
    return _titled(fig, title)


def draw_reliability(upper: Axes, lower: Axes, curves: Mapping[str, Reliability]) -> None:
    """Draw observed against predicted probability, and trial counts, into two axes."""
    from matplotlib.ticker import LogFormatter

    with style():
        upper.plot([0, 1], [0, 1], color=NEUTRAL, lw=1.0, ls="--", label="perfect calibration")
        for number, (name, curve) in enumerate(curves.items()):
            colour, marker = PALETTE[number % len(PALETTE)], MARKERS[number % len(MARKERS)]
            bars = np.stack([curve.observed - curve.low, curve.high - curve.observed])
            options: dict[str, Any] = {"color": colour, "marker": marker, "ms": 4.5, "lw": 1.2}
            options["label"] = name
            upper.errorbar(curve.predicted, curve.observed, bars.clip(0), capsize=2, **options)
            lower.plot(curve.predicted, curve.trials, color=colour, marker=marker, ms=4, lw=1.0)
        upper.set(ylabel="fraction of trials with a spike", xlim=(-0.02, 1.02))
        upper.set_ylim(-0.02, 1.02)
        upper.legend(loc="upper left", title="bars: 95 % intervals", alignment="left")
        upper.get_legend().get_title().set_fontsize(9.0)  # type: ignore[union-attr]
        lower.set(xlabel="predicted firing probability", ylabel="trials per bin", yscale="log")
        lower.yaxis.set_major_formatter(LogFormatter())  # 400 instead of 4 × 10²
        lower.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1.0, 0.4)))


def psp_plot(
    psps: ArrayLike,
    interval: ArrayLike,
    *,
    truth: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    title: str = "",
) -> Figure:
    """Draw estimated postsynaptic potentials with 95 % intervals, and true ones.

    Parameters
    ----------
    psps : (n,) array_like
        mV.
    interval : (n, 2) array_like
        mV.
    truth : (n,) array_like, optional
        True values (mV); a second panel then shows the differences.
    names : sequence of str, optional
        Names of the synapses. Default: 1, 2, …
    title : str

    Examples
    --------
    >>> from bridge import psp_plot
    >>> figure = psp_plot([10.1, 3.2], [[9.6, 10.6], [2.8, 3.6]], truth=[10.0, 3.0])
    """
    psps, interval = as_floats(psps, "psps"), as_floats(interval, "interval")
    positions = np.arange(len(psps))
    width = max(4.6, 1.6 + 0.42 * len(psps))
    fig = figure(width, 3.4 if truth is None else 5.2)
    grid = (
        panels(fig) if truth is None else panels(fig, 2, 1, sharex=True, height_ratios=(1.6, 1.0))
    )
    with style():
        draw_psps(grid[0], psps, interval, truth)
        grid[0].set(title=title, xlabel="" if truth is not None else "synapse")
        if truth is not None:
            _draw_intervals(grid[1], psps, interval, as_floats(truth, "truth"))
            grid[1].set(ylabel="estimated − true (mV)", xlabel="synapse")
        grid[-1].set_xticks(
            positions, [f"{k + 1}" for k in positions] if names is None else list(names)
        )
        handles, texts = grid[0].get_legend_handles_labels()
        # One row if it fits; an entry is about 1.6 inches wide.
        columns = len(texts) if width > 1.6 * len(texts) + 0.6 else 1
        fig.legend(handles, texts, loc="outside lower center", ncols=columns)
    return fig


def draw_psps(axes: Axes, psps: NDArray, interval: NDArray, truth: ArrayLike | None = None) -> None:
    """Draw estimated postsynaptic potentials (mV) with intervals, and true ones."""
    _draw_intervals(axes, psps, interval)
    axes.set(xlabel="synapse", ylabel="postsynaptic potential (mV)")
    if truth is not None:
        options: dict[str, Any] = {"marker": "_", "s": 260, "lw": 1.4, "label": "true"}
        axes.scatter(np.arange(len(psps)), np.asarray(truth, float), color="black", **options)


def _draw_intervals(
    axes: Axes, psps: NDArray, interval: NDArray, origin: NDArray | float = 0.0
) -> None:
    """Draw PSPs and intervals relative to `origin`, coloured by sign."""
    positions, origin = np.arange(len(psps)), np.broadcast_to(origin, psps.shape)
    axes.axhline(0.0, color=NEUTRAL, lw=0.8)
    signs = ((psps > 0, EXCITATORY, "excitatory"), (psps <= 0, INHIBITORY, "inhibitory"))
    for side, colour, kind in signs:
        if side.any():
            bars = np.abs(interval[side].T - psps[side])
            height = psps[side] - origin[side]
            options: dict[str, Any] = {"fmt": "o", "ms": 4.5, "capsize": 3, "zorder": 3}
            options |= {"color": colour, "label": f"{kind}, 95 % interval"}
            axes.errorbar(positions[side], height, bars, **options)
    axes.margins(y=0.1)
    axes.set_xlim(-0.6, len(psps) - 0.4)


def _draw_plane(axes: Axes, x: NDArray, y: NDArray, plane: NDArray) -> QuadMesh:
    """Draw one plane with its line of probability 1/2."""
    mesh = axes.pcolormesh(
        x, y, plane, vmin=0.0, vmax=1.0, cmap=PROBABILITY_MAP, shading="nearest", rasterized=True
    )
    if np.nanmin(plane) < 0.5 < np.nanmax(plane):
        axes.contour(x, y, plane, levels=[0.5], colors="white", linewidths=1.5)
    return mesh
