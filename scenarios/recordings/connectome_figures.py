"""Pictures of a connectome, true and recovered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.plot import EXCITATORY, INHIBITORY, NEUTRAL, PALETTE, figure, panels, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from numpy.typing import NDArray

    from scenarios.recordings.connectome_recovery import Recovered

LOGISTIC, CORRELATION = PALETTE[1], PALETTE[0]
FULL = 3.0
"""Strength (mV) from which on colours are full."""
SHOWN = 30.0
"""Lags drawn to either side (ms)."""


def draw_wiring(truth: NDArray[np.float64]) -> Figure:
    """Draw the true synapses as a matrix."""
    fig = figure(5.6, 4.8)
    (axes,) = panels(fig)
    with style():
        image = _draw_matrix(axes, truth)
        axes.set(ylabel="presynaptic neuron", title="every synapse of the network")
        fig.colorbar(image, ax=axes, label="PSP (mV)", extend="both")
    return fig


def draw_matrices(recovered: Recovered) -> Figure:
    """Draw the true synapses beside those that were called, in mV."""
    called = recovered.connectome.called(recovered.settings.fdr)
    share = recovered.settings.fdr
    fig = figure(9.4, 4.9)
    left, right = panels(fig, 1, 2, sharex=True, sharey=True)
    with style():
        image = _draw_matrix(left, recovered.truth)
        _draw_matrix(right, np.where(called, recovered.psps, 0.0))
        left.set(ylabel="presynaptic neuron", title="true")
        right.set_title(f"recovered from {_length(recovered)} of spikes (FDR {share:g})")
        fig.colorbar(image, ax=[left, right], label="PSP (mV)", extend="both", shrink=0.85)
    return fig


def _draw_matrix(axes: Axes, psps: NDArray[np.float64]) -> AxesImage:
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("synapses", [INHIBITORY, "white", EXCITATORY])
    axes.set_xlabel("postsynaptic neuron")
    return axes.imshow(psps, cmap=colours, vmin=-FULL, vmax=FULL, interpolation="nearest")


def draw_quality(recovered: Recovered) -> Figure:
    """Draw how well existence is told, over the length of the recording."""
    fig = figure(8.6, 4.0)
    strong, every = panels(fig, 1, 2, sharex=True, sharey=True)
    minutes = np.array(recovered.lengths) / 60e3
    with style():
        for axes, ending, title in (
            (strong, "", f"synapses of {recovered.settings.least:g} mV and more"),
            (every, ", all", "all synapses"),
        ):
            for key, colour, marker, words in (
                ("logistic", LOGISTIC, "o", "logistic neurons"),
                ("correlation", CORRELATION, "s", "cross-correlation, best window"),
            ):
                found = recovered.aucs[key + ending]
                value = np.array([auc.value for auc in found])
                bounds = np.array([(auc.low, auc.high) for auc in found], dtype=float).T
                bars = np.abs(bounds - value)
                options: dict[str, Any] = {"marker": marker, "ms": 5, "capsize": 3}
                axes.errorbar(minutes, value, bars, color=colour, label=words, **options)
            axes.axhline(1.0, color="0.7", lw=0.8, zorder=0)
            axes.set(xscale="log", title=title, xlabel="length of the recording (min)")
            axes.set_xticks(minutes, [f"{each:.2g}" for each in minutes])
            axes.minorticks_off()
        strong.set_ylabel("AUC of existence")
        handles, labels = strong.get_legend_handles_labels()
        title = "bars: 95 % intervals"
        fig.legend(handles, labels, loc="outside lower center", ncols=2, title=title)
    return fig


def draw_strengths(recovered: Recovered) -> Figure:
    """Draw recovered strengths against the true ones, and scores of present and absent pairs."""
    truth, psps, z = recovered.truth, recovered.psps, recovered.connectome.z
    called = recovered.connectome.called(recovered.settings.fdr)
    fig = figure(9.4, 4.4)
    strengths, scores = panels(fig, 1, 2)
    with style():
        ends = np.array([truth.min(), truth.max()])
        strengths.plot(ends, ends, color=NEUTRAL, lw=1.0, ls="--", label="recovered = true")
        for of, colour, kind in (
            (truth > 0, EXCITATORY, "excitatory"),
            (truth < 0, INHIBITORY, "inhibitory"),
        ):
            sure, unsure = of & called, of & ~called & np.isfinite(psps)
            strengths.plot(truth[sure], psps[sure], ".", color=colour, ms=4, label=kind)
            label = f"{kind}, not called"
            strengths.plot(truth[unsure], psps[unsure], "x", color=colour, ms=4, label=label)
        strengths.set(xlabel="true PSP (mV)", ylabel="recovered PSP (mV)")
        edges = np.linspace(-12.0, 12.0, 97)
        for of, colour, kind in (
            (truth == 0, "0.6", "absent"),
            (truth > 0, EXCITATORY, "excitatory"),
            (truth < 0, INHIBITORY, "inhibitory"),
        ):
            own = np.clip(z[of & np.isfinite(z)], edges[0], edges[-1])
            counts = np.histogram(own, edges)[0]
            scores.stairs(counts, edges, color=colour, fill=kind == "absent", label=kind, lw=1.4)
        middle, width = 0.5 * (edges[1:] + edges[:-1]), edges[1] - edges[0]
        n_absent = int((np.isfinite(z) & (truth == 0)).sum())
        normal = n_absent * width * np.exp(-0.5 * middle**2) / np.sqrt(2.0 * np.pi)
        inside = normal > 0.5
        scores.plot(middle[inside], normal[inside], color="black", lw=1.2, label="N(0, 1)")
        scores.set(yscale="log", ylim=(0.7, None), xlabel="z (beyond ±12 in the last bins)")
        scores.set_ylabel("pairs of neurons per bin")
        for axes in (strengths, scores):
            axes.set_title(f"{_length(recovered)} of spikes" if axes is strengths else "evidence")
        _legend_below(fig, strengths, scores)
    return fig


def _legend_below(fig: Figure, *grid: Axes) -> None:
    """Put one legend for all panels below them, each name once."""
    named: dict[str, Any] = {}
    for axes in grid:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            named.setdefault(label, handle)
    fig.legend(named.values(), named.keys(), loc="outside lower center", ncols=4)


def draw_correlograms(recovered: Recovered) -> Figure:
    """Draw the correlograms of three pairs, with what the logistic neuron makes of them."""
    fig = figure(9.6, 3.9)
    grid = panels(fig, 1, 3)
    with style():
        for axes, (kind, colour, pair) in zip(grid, _examples(recovered), strict=True):
            _draw_correlogram(axes, recovered, pair, colour)
            psp = recovered.truth[pair]
            strength = f"{psp:+.1f} mV".replace("-", "−") if psp else "no synapse"
            axes.set_title(f"{kind}: {strength}", fontsize=10)
            axes.set_xlabel("lag (ms)")
        grid[0].set_ylabel("pairs of spikes per ms of lag")
        fig.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


def _examples(recovered: Recovered) -> list[tuple[str, str, tuple[int, int]]]:
    """Return a typical strong pair of either kind, and the absent one that correlates most."""
    truth, z = recovered.truth, recovered.correlograms.z((1.0, 10.0))
    reverse = truth.T != 0
    chosen = []
    for kind, colour, sign in (("excitatory", EXCITATORY, 1), ("inhibitory", INHIBITORY, -1)):
        own = np.where((truth * sign > 0) & ~reverse, np.abs(truth), 0.0)
        wanted = np.quantile(own[own > 0], 0.9)
        chosen.append((kind, colour, _place(-np.abs(own - wanted))))
    unconnected = (truth == 0) & ~reverse & np.isfinite(z)
    chosen.append(("indirect", "0.6", _place(np.where(unconnected, z, -np.inf))))
    return chosen


def _place(values: NDArray[np.float64]) -> tuple[int, int]:
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    return int(row), int(column)


def _draw_correlogram(axes: Axes, recovered: Recovered, pair: tuple[int, int], colour: str) -> None:
    """Draw one correlogram, what the rates let expect, and what the weight adds to it."""
    counted, connectome = recovered.correlograms, recovered.connectome
    lags = counted.lags * counted.width
    shown = np.abs(lags) <= SHOWN
    before, after = pair
    by_rates = counted.spikes[before] * counted.spikes[after] / counted.n_bins
    options: dict[str, Any] = {"width": counted.width, "color": colour, "alpha": 0.55}
    axes.bar(lags[shown], counted.counts[before, after][shown], label="counted", **options)
    axes.axhline(by_rates, color=NEUTRAL, lw=1.0, ls="--", label="expected from the rates")
    late = connectome.kernel.delay_bins(counted.width) * counted.width
    course = connectome.weights[before, after] * connectome.kernel.values(lags - late)
    words = "rates × exp(weight × kernel): its synapse alone"
    axes.plot(lags[shown], by_rates * np.exp(course[shown]), color=LOGISTIC, lw=1.8, label=words)
    axes.set_xlim(-SHOWN, SHOWN)


def _length(recovered: Recovered) -> str:
    return f"{recovered.lengths[-1] / 60e3:.3g} min"
