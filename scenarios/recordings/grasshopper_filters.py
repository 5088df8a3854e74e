"""The filters that a grasshopper's receptors trained: as weights, and in the twin's millivolts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import logit

import bridge
from scenarios._kit.common import draw_levels, signed
from scenarios.recordings.grasshopper_agreement import between
from scenarios.recordings.grasshopper_model import (
    BIN,
    CELL_STYLES,
    COLOURS,
    TWIN,
    Settings,
    excerpt,
)
from scenarios.recordings.grasshopper_trained import CELLS, trained
from scenarios.recordings.grasshopper_twin import twin_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    import neurosim as ns
    from scenarios.recordings.grasshopper_coupling import Coupling, Filter

CHANCES = (0.001, 0.1, 0.5, 0.9)
"""Probabilities to fire at which the twin's potential is marked."""


def draw_filters(settings: Settings) -> Figure:
    """Draw the weights of past sound and of past spikes, with their 95 % intervals."""
    from neurosim import plot

    fig = plot.figure(8.4, 4.0)
    sound, spikes = plot.panels(fig, 1, 2)
    with plot.style():
        for place, cell in enumerate(CELLS):
            neuron = trained(cell, settings).neuron
            half = bridge.NORMAL_95 * np.sqrt(np.diag(neuron.sandwich_covariance_)[1:])
            _draw_cell(sound, spikes, settings, place, neuron.coef_[0], half)
        sound.set_ylabel("weight (per dB)")
        spikes.set_ylabel("weight (per spike)")
        _finish(fig, sound, spikes)
    return fig


def draw_twin(result: ns.Result, settings: Settings) -> Figure:
    """Draw what sound and past spikes do to a twin's potential, and this potential."""
    from neurosim import plot

    fig = plot.figure(9.0, 7.4)
    upper, lower = fig.subfigures(2, 1, squeeze=False).ravel()
    potential = plot.panels(lower, 1, 1)[0]
    sound, spikes = plot.panels(upper, 1, 2)
    with plot.style():
        for place, cell in enumerate(CELLS):
            neuron = trained(cell, settings).neuron
            half = bridge.NORMAL_95 * neuron.psp_standard_errors_
            _draw_cell(sound, spikes, settings, place, neuron.psp_, half)
        sound.set_ylabel("effect on the potential (mV per dB)")
        spikes.set_ylabel("effect on the potential (mV)")
        _finish(upper, sound, spikes)
        _draw_potential(potential, result, settings)
    return fig


def _draw_cell(
    sound: Axes,
    spikes: Axes,
    settings: Settings,
    place: int,
    values: NDArray[np.float64],
    half: NDArray[np.float64],
) -> None:
    """Draw a neuron's filters; hollow, and without interval, where the ridge made them."""
    cell, (colour, marker) = CELLS[place], CELL_STYLES[place]
    look: dict[str, Any] = {"color": colour, "marker": marker, "ms": 4.5}
    unbounded = trained(cell, settings).unbounded
    half = np.where(unbounded, np.nan, half)
    for axes, first, part in (
        (sound, 0, slice(0, settings.lags)),
        (spikes, 1, slice(settings.lags, None)),
    ):
        lags = BIN * (first + np.arange(len(values[part]))) + 0.15 * place
        label = f"receptor {cell}, 95 % interval"
        axes.errorbar(lags, values[part], half[part], lw=1.1, capsize=2, label=label, **look)
        hollow = unbounded[part]
        axes.plot(lags[hollow], values[part][hollow], ls="", mfc="white", zorder=4, **look)


def _finish(fig: Any, sound: Axes, spikes: Axes) -> None:
    """Name the axes and explain the marks."""
    hollow = "no spike so soon: held by the ridge alone"
    spikes.plot([], [], "o", color="0.45", mfc="white", label=hollow)
    for axes in (sound, spikes):
        axes.axhline(0.0, color="0.45", lw=0.8, zorder=0)
        axes.locator_params(axis="x", integer=True)
    sound.set_xlabel("sound, so many ms ago")
    spikes.set_xlabel("own spike, so many ms ago")
    handles, labels = spikes.get_legend_handles_labels()
    # Matplotlib puts bars after lines.
    order = [1, 2, 0]
    fig.legend(
        [handles[k] for k in order],
        [labels[k] for k in order],
        loc="outside lower center",
        ncols=3,
    )


def _draw_potential(axes: Axes, result: ns.Result, settings: Settings) -> None:
    """Draw the potential of one twin, and where it fires with which probability."""
    start, stop = excerpt(result.duration)
    trace, info = result.traces[TWIN, "v"], result.populations[TWIN]
    bins = slice(int(start), int(stop))
    edges = np.append(trace.times[bins] - BIN, stop)
    axes.stairs(trace.with_spikes(0)[bins], edges, color=COLOURS[TWIN], baseline=None, lw=1.1)
    recorded = between(settings.recording.spikes, start, stop)
    axes.plot(recorded, np.full(len(recorded), 48.0), "|", color="black", ms=9, mew=1.2)
    draw_levels(axes, info, words=False)
    own = trained(settings.cell, settings)
    # Each part has twins of its own slope.
    part = next(k for k, (_, test) in enumerate(own.folds) if start <= test[-1])
    beta = twin_of(own.parts[part], settings).beta
    other = axes.secondary_yaxis(1.0)
    other.set_yticks(info.v_threshold + logit(CHANCES) / beta, [f"{p:g}" for p in CHANCES])
    other.set_ylabel("probability to fire in 1 ms")
    axes.set(xlabel="time (ms)", ylabel="potential of one twin (mV)", xlim=(start, stop))
    axes.set_title(
        f"one twin of receptor {settings.cell}, whose spikes are on top; dashed: threshold "
        f"{signed(info.v_threshold)} mV, rest {signed(info.v_rest)} mV"
    )


def draw_coupling(found: Coupling) -> Figure:
    """Draw what a spike of the other neuron does, in the recordings and in coupled twins."""
    from neurosim import plot

    fig = plot.figure(9.4, 3.9)
    panels = plot.panels(fig, 1, 3, sharex=True, sharey=True)
    lags = 1 + np.arange(len(found.true))
    with plot.style():
        for axes, filters, title in (
            (panels[0], found.naive, "receptors,\nas they are"),
            (panels[1], found.adapting, "receptors, adaptation\nallowed for"),
        ):
            for place, (cell, (colour, marker)) in enumerate(zip(CELLS, CELL_STYLES, strict=True)):
                look = {
                    "color": colour,
                    "marker": marker,
                    "label": f"receptor {cell}, 95 % interval",
                }
                _draw_coupling(axes, lags + 0.2 * place, filters[cell], **look)
            axes.set_title(title)
        look = {"color": plot.PALETTE[1], "marker": "D", "label": "spiking twins, refitted"}
        _draw_coupling(panels[2], lags, found.refitted[0], **look)
        edges = 0.5 + np.arange(len(lags) + 1)
        panels[2].stairs(found.true, edges, color=plot.EXCITATORY, lw=1.4, label="truth")
        panels[2].set_title("two twins, one of them\nheard by the other")
        for axes in panels:
            axes.axhline(0.0, color="0.45", lw=0.8, zorder=0)
            axes.set_xlabel("spike of the other, so many ms ago")
            axes.locator_params(axis="x", integer=True)
        panels[0].set_ylabel("effect on the potential (mV)")
        entries: dict[str, Any] = {}
        for axes in panels[1:]:
            entries |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
        fig.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=4)
    return fig


def _draw_coupling(axes: Axes, lags: NDArray, found: Filter, **look: Any) -> None:
    """Draw a filter with its intervals."""
    error = np.abs(found.interval.T - found.psp)
    axes.errorbar(lags, found.psp, error, ms=4.5, lw=1.1, capsize=2, **look)
