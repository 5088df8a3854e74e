"""Figures of population models: filters, couplings, and rasters side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.evaluation.measures import NORMAL_95
from bridge.learning.validation import require_fitted
from bridge.recordings.data.trains import BinnedTrains, bin_trains
from bridge.utils.checks import as_floats
from neurosim import NeurosimError
from neurosim.plot import (
    NEUTRAL,
    colour_of,
    figure,
    panels,
    set_title,
    signed_colours,
    style,
    time_axis,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

    from bridge.recordings.glm.population import PopulationGLM

# Most couplings of a neuron with a panel.
MOST_PANELS = 7
COLUMNS = 4
# Quantile of absolute strengths at which colours saturate.
BRIGHTEST = 0.995
# Most neurons with a name at the axis.
MOST_NAMES = 20
# Width of the bins in which rasters are drawn (ms).
RASTER_BIN = 1.0
# Colours of marks on the matrix, and their labels, with and without known couplings.
CALLED, FOUND, MISSED, FALSE = "called", "found", "missed", "false"
MARKS: dict[str, dict[str, Any]] = {
    CALLED: {"marker": ".", "color": "black"},
    FOUND: {"marker": ".", "color": "black"},
    MISSED: {"marker": "o", "facecolors": "none", "edgecolors": "black"},
    FALSE: {"marker": "x", "color": "black"},
}


def filter_plot(
    glm: PopulationGLM,
    neuron: int | str,
    *,
    fdr: float = 0.01,
    truth: ArrayLike | None = None,
    title: str = "",
) -> Figure:
    """Draw the filters of a neuron with 95 % intervals: spike history and called couplings.

    Parameters
    ----------
    glm : PopulationGLM
        A fitted model.
    neuron : int or str
        Name of the postsynaptic neuron.
    fdr : float
        False discovery rate of the couplings. The clearest of them, at most seven, are drawn.
    truth : (n, n, n_lags) array_like, optional
        True filters, to draw beside the fitted ones.
    title : str
        Default: the number of called couplings.

    Raises
    ------
    NeurosimError
        If the model is not fitted, the neuron is unknown or was not fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge.recordings import FilteredPopulation, PopulationGLM, filter_plot
    >>> filters = np.zeros((2, 2, 20))
    >>> filters[0, 1] = np.linspace(3.0, 0.0, 20)  # neuron 0 excites neuron 1
    >>> trains = FilteredPopulation(filters, [-4.0, -5.0]).simulate(100_000.0, seed=1)
    >>> glm = PopulationGLM().fit(trains)
    >>> figure = filter_plot(glm, 1)
    """
    require_fitted(glm)
    target = _index_of(glm, neuron)
    called = np.flatnonzero(glm.called(fdr)[:, target])
    order = np.argsort(-np.abs(glm.tests_.z[called, target]), kind="stable")
    shown = called[order][:MOST_PANELS]
    rows, columns = -(-(len(shown) + 1) // COLUMNS), min(COLUMNS, len(shown) + 1)
    fig = figure(max(1.2 + 2.4 * columns, 5.0), 0.7 + 2.4 * rows)
    history, *grid = panels(fig, rows, columns, sharex=True)
    for axes in grid[1 : len(shown)]:
        axes.sharey(grid[0])
    true = None if truth is None else as_floats(truth, "truth")
    if true is not None and (true.ndim != 3 or true.shape[:2] != glm.amplitudes_.shape):
        raise NeurosimError(
            f"truth has shape {true.shape}: it must be (n, n, n_lags) for n = {len(glm.neurons_)}"
        )
    draw_filter(history, glm, target, target, true)
    for axes, source in zip(grid, shown, strict=False):
        draw_filter(axes, glm, source, target, true)
    for unused in grid[len(shown) :]:
        unused.set_axis_off()
    with style():
        for axes in (history, *grid)[::columns]:
            axes.set_ylabel("effect (log-odds)" if glm.family_.link == "logit" else "effect")
        for axes in (history, *grid)[max(0, len(shown) + 1 - columns) : len(shown) + 1]:
            axes.set_xlabel("time since the spike (ms)")
            axes.tick_params(labelbottom=True)
        if true is not None:
            history.legend(*(grid[0] if len(shown) else history).get_legend_handles_labels())
        set_title(fig, title or _filters_title(glm, target, len(called), len(shown)))
    return fig


def draw_filter(
    axes: Axes,
    glm: PopulationGLM,
    source: int,
    target: int,
    truth: NDArray[np.float64] | None = None,
) -> None:
    """Draw one filter and its 95 % interval, and the true one; arguments are indices."""
    values, errors = (
        found[source, target] for found in (glm.unbiased_filters_, glm.filter_errors_)
    )
    length = np.max(np.flatnonzero(errors > 0), initial=-1) + 1  # the rest is padding
    values, errors = values[:length], errors[:length]
    lags = glm.bin_width_ * np.arange(1, len(values) + 1)
    colour = NEUTRAL if source == target else colour_of(glm.amplitudes_[source, target])
    dead = glm.refractory_[target] if source == target else 0
    with style():
        axes.axhline(0.0, color="0.6", lw=0.8, zorder=0)
        if dead:
            axes.axvspan(0.0, dead * glm.bin_width_, color="0.88", lw=0, zorder=0)
            values, errors, lags = values[dead:], errors[dead:], lags[dead:]
        half = NORMAL_95 * errors
        axes.fill_between(lags, values - half, values + half, color=colour, alpha=0.25, lw=0)
        axes.plot(lags, values, color=colour, label="fitted, 95 % interval")
        if truth is not None:
            true = truth[source, target, dead : dead + len(lags)]
            axes.plot(lags[: len(true)], true, color="black", lw=1.0, ls="--", label="true")
        text = "spike history" if source == target else f"from {glm.neurons_[source]}"
        text += f"; refractory for {dead * glm.bin_width_:g} ms" if dead else ""
        axes.set_title(text, fontsize=10)
        axes.set_xlim(0.0, None)


def _index_of(glm: PopulationGLM, neuron: int | str) -> int:
    """Return the index of a fitted neuron."""
    (found,) = np.nonzero(glm.neurons_ == neuron)
    if not len(found):
        names = ", ".join(map(str, glm.neurons_[:10]))
        more = ", …" if len(glm.neurons_) > 10 else ""
        raise NeurosimError(f"unknown neuron {neuron!r}: the neurons are {names}{more}")
    if not np.isfinite(glm.intercept_[found[0]]):
        raise NeurosimError(f"neuron {neuron!r} was not fitted: name it in neurons= of fit")
    return int(found[0])


def _filters_title(glm: PopulationGLM, target: int, n_called: int, n_shown: int) -> str:
    """Return the number of called couplings as a title."""
    inputs = f"{n_called} of {len(glm.neurons_) - 1} neurons"
    clearest = f"; the {n_shown} clearest" if n_shown < n_called else ""
    return f"Neuron {glm.neurons_[target]} receives input from {inputs}{clearest}"


def coupling_plot(
    glm: PopulationGLM,
    *,
    fdr: float = 0.01,
    truth: ArrayLike | None = None,
    title: str = "",
) -> Figure:
    """Draw the strengths of all couplings as a matrix, and mark those that are called.

    Parameters
    ----------
    glm : PopulationGLM
        A fitted model.
    fdr : float
        False discovery rate of the marks.
    truth : (n, n) array_like, optional
        True strengths, 0 for no coupling. The marks then show which ones are found, missed or
        false.
    title : str
        Default: the number of called couplings.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge.recordings import FilteredPopulation, PopulationGLM, coupling_plot
    >>> filters = np.zeros((2, 2, 20))
    >>> filters[0, 1] = np.linspace(3.0, 0.0, 20)  # neuron 0 excites neuron 1
    >>> trains = FilteredPopulation(filters, [-4.0, -5.0]).simulate(100_000.0, seed=1)
    >>> glm = PopulationGLM().fit(trains)
    >>> figure = coupling_plot(glm, truth=[[0.0, 1.0], [0.0, 0.0]])
    """
    require_fitted(glm)
    fig = figure(6.2, 5.4)
    (axes,) = panels(fig)
    image = draw_coupling(axes, glm, fdr=fdr, truth=truth)
    with style():
        strength = "strength (log-odds)" if glm.family_.link == "logit" else "strength"
        fig.colorbar(image, ax=axes, label=strength, shrink=0.85)
        fig.legend(loc="outside lower center", ncols=3)
        set_title(fig, title or f"{count_calls(glm, fdr, truth)} (false discovery rate {fdr:.3g})")
    return fig


def draw_coupling(
    axes: Axes, glm: PopulationGLM, *, fdr: float = 0.01, truth: ArrayLike | None = None
) -> AxesImage:
    """Draw the matrix of couplings into axes, for `Figure.colorbar`.

    Parameters
    ----------
    axes : Axes
    glm, fdr, truth
        As for `coupling_plot`.

    Returns
    -------
    AxesImage

    Examples
    --------
    >>> import numpy as np
    >>> from bridge.recordings import FilteredPopulation, PopulationGLM, draw_coupling
    >>> from neurosim.plot import figure
    >>> filters = np.zeros((2, 2, 20))
    >>> filters[0, 1] = np.linspace(3.0, 0.0, 20)  # neuron 0 excites neuron 1
    >>> trains = FilteredPopulation(filters, [-4.0, -5.0]).simulate(100_000.0, seed=1)
    >>> axes = figure(4.0, 4.0).subplots()
    >>> image = draw_coupling(axes, PopulationGLM().fit(trains))
    """
    require_fitted(glm)
    strengths, called = glm.amplitudes_, glm.called(fdr)
    n, known = len(strengths), np.isfinite(strengths)
    largest = np.quantile(np.abs(strengths[known]), BRIGHTEST) if known.any() else 1.0
    marks = {CALLED: called} if truth is None else _outcomes(called, truth)
    size = float(np.clip(150.0 / n, 1.0, 7.0)) ** 2
    with style():
        image = axes.imshow(
            strengths, cmap=signed_colours(), vmin=-largest, vmax=largest, interpolation="nearest"
        )
        for name, where in marks.items():
            rows, columns = np.nonzero(where)
            look = MARKS[name]
            scale = 2.0 if look["marker"] == "." else 1.0
            axes.scatter(columns, rows, s=scale * size, lw=0.9, label=name, **look)
        axes.set(xlabel="postsynaptic neuron", ylabel="presynaptic neuron")
        for axis in (axes.xaxis, axes.yaxis):
            _name_neurons(axis, glm.neurons_, MOST_NAMES)
        if any(len(str(name)) > 2 for name in glm.neurons_):
            axes.tick_params(axis="x", rotation=90)
    return image


def count_calls(glm: PopulationGLM, fdr: float, truth: ArrayLike | None = None) -> str:
    """Return the number of called couplings, or of found, missed and false ones."""
    called = glm.called(fdr)
    if truth is None:
        return f"{int(called.sum())} of {int(np.isfinite(glm.tests_.z).sum()):,} couplings called"
    return ", ".join(f"{int(k.sum())} {name}" for name, k in _outcomes(called, truth).items())


def _outcomes(called: NDArray[np.bool_], truth: ArrayLike) -> dict[str, NDArray[np.bool_]]:
    """Return which couplings are found, missed and falsely called."""
    exists = as_floats(truth, "truth") != 0
    if exists.shape != called.shape:
        raise NeurosimError(f"truth has shape {exists.shape}: it must be {called.shape}")
    exists = exists & ~np.eye(len(exists), dtype=bool)
    return {FOUND: called & exists, MISSED: exists & ~called, FALSE: called & ~exists}


def _name_neurons(axis: Axis, neurons: NDArray, most: int) -> None:
    """Label an axis with the names of neurons, or of every k-th one."""
    every = max(1, -(-len(neurons) // most))
    axis.set_ticks(range(0, len(neurons), every), [str(name) for name in neurons[::every]])


def raster_plot(
    recordings: Mapping[str, Any],
    duration: float | None = None,
    *,
    start: float = 0.0,
    stop: float | None = None,
    title: str = "",
) -> Figure:
    """Draw the rasters of several recordings side by side, such as observed and simulated.

    Parameters
    ----------
    recordings : mapping of str to Result, SpikeTrains, list, dict, …
        Recordings as in `bin_trains`, by panel title.
    duration : float, optional
        Length of the recordings (ms); not needed if the data contain it.
    start, stop : float
        Interval to draw (ms). Default: up to 5 s from the start.
    title : str

    Examples
    --------
    >>> from bridge.recordings import raster_plot
    >>> observed, simulated = [[5.0, 20.0], [12.0]], [[6.0], [31.0]]
    >>> figure = raster_plot({"Observed": observed, "Simulated": simulated}, duration=40.0)
    """
    trains = {
        name: bin_trains(one, duration, RASTER_BIN, counts=True, fewest=1)
        for name, one in recordings.items()
    }
    if not trains:
        raise NeurosimError("there is no recording to draw: give at least one")
    end = max(one.n_bins * one.width for one in trains.values())
    stop = min(end, start + 5000.0) if stop is None else stop
    if not 0.0 <= start < stop <= end:
        raise NeurosimError(
            f"start = {start:g} ms and stop = {stop:g} ms do not lie in the recording, 0 to "
            f"{end:g} ms"
        )
    fig = figure(1.0 + 4.0 * len(trains), 3.6)
    grid = panels(fig, 1, len(trains), sharex=True, sharey=True)
    with style():
        for axes, (name, one) in zip(grid, trains.items(), strict=True):
            draw_trains(axes, one, start, stop)
            axes.set_title(name)
        grid[0].set_ylabel("neuron")
        if title:
            set_title(fig, title)
    return fig


def draw_trains(axes: Axes, trains: BinnedTrains, start: float, stop: float) -> None:
    """Draw the spikes of all neurons from start to stop (ms), the first neuron at the top."""
    times = trains.width * (trains.bins + 1.0)
    shown = (times > start) & (times <= stop)
    size = float(np.clip(150.0 / trains.n_neurons, 1.0, 8.0))
    with style():
        axes.plot(
            times[shown], trains.ids[shown], "|", color=NEUTRAL, ms=size, mew=0.8, rasterized=True
        )
        axes.set_ylim(trains.n_neurons - 0.5, -0.5)
        _name_neurons(axes.yaxis, trains.neurons, MOST_NAMES // 2)
        time_axis(axes, start, stop)
