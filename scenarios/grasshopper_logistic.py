"""The logistic neuron trained on a grasshopper's hearing, beside the spiking neuron."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import bridge
from scenarios._recordings import grasshopper_recording
from scenarios.grasshopper_model import (
    SIMULATED,
    Settings,
    between,
    excerpt,
    fired_bins,
    firing_share,
    mean_gamma,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    import neurosim as ns

RIDGE = 1e-3
"""Nats per trial: holds the weights of spikes less than 3 ms ago, which none ever followed."""
CELLS = (1, 2)
HEARS, REMEMBERS = "#CC79A7", "#F2CF80"
"""Colours of the logistic neuron without and with its own past spikes."""
CELL_STYLES = (("black", "o"), ("#56B4E9", "s"))


@dataclass(frozen=True, eq=False)
class Trained:
    """A logistic neuron in the place of one receptor, a trial being a bin of 1 ms.

    Attributes
    ----------
    fired : (n_bins,) ndarray of int
        Whether the receptor fired.
    hearing, remembering : (n_bins,) ndarray
        Probability to fire given the sound, and given the receptor's past spikes too, by neurons
        trained on the other parts of the recording.
    neuron : LogisticNeuron
        With past spikes, trained on the whole recording.
    unbounded : (n_weights,) ndarray of bool
        Weights that only the ridge keeps finite: of lags at which no spike follows another.
    """

    fired: NDArray[np.int64]
    hearing: NDArray[np.float64]
    remembering: NDArray[np.float64]
    neuron: bridge.LogisticNeuron
    unbounded: NDArray[np.bool_]

    @classmethod
    def on(cls, cell: int, settings: Settings) -> Trained:
        """Return neurons trained on a receptor's recording."""
        recording = grasshopper_recording(cell)
        fired = fired_bins(recording)
        sound = bridge.lagged(recording.level(1.0), settings.lags)
        both = np.hstack([sound, bridge.spike_history(fired, settings.history)])
        # Bins that share sound or spikes with the part left out are not trained on.
        margin = max(settings.lags, settings.history)
        folds = bridge.blocked_folds(len(fired), settings.folds, margin=margin)
        neuron = bridge.LogisticNeuron(ridge=RIDGE)
        return cls(
            fired,
            bridge.out_of_fold_probability(neuron, sound, fired, folds),
            bridge.out_of_fold_probability(neuron, both, fired, folds),
            neuron.fit(both, fired),
            (both[fired == 1] == 0.0).all(axis=0),
        )

    @property
    def seconds(self) -> NDArray[np.int64]:
        """The second each bin lies in: neighbouring bins are not independent."""
        return np.arange(len(self.fired)) // 1000

    def measures(self, cell: int, settings: Settings) -> dict[str, bridge.Measure]:
        """Return how well the probabilities foretell the spikes, by JSON key."""
        found = {}
        for key, probability, words in (
            ("", self.hearing, "sound alone"),
            ("history_", self.remembering, f"sound and own spikes of {settings.history} ms"),
        ):
            auc = bridge.auc(self.fired, probability, self.seconds)
            bits = bridge.bits_per_spike(self.fired, probability, self.seconds)
            found[f"auc_{key}cell{cell}"] = replace(auc, note=words)
            note = words + ", over constant probability"
            found[f"bits_per_spike_{key}cell{cell}"] = replace(bits, note=note)
        return found


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set logistic neurons trained on both receptors beside the spiking neurons simulated."""
    trained = {cell: Trained.on(cell, settings) for cell in CELLS}
    own = trained[settings.cell]
    measures: dict[str, bridge.Measure] = {}
    for cell, neuron in trained.items():
        measures |= neuron.measures(cell, settings)
    return bridge.Comparison(
        title=f"Receptors of a grasshopper: logistic, {settings.folds} parts each foretold from "
        "the others, and spiking",
        measures=measures | _spiking(result, settings),
        drawings={
            "prediction": partial(_draw_prediction, result, settings, own),
            "filters": partial(_draw_filters, settings, trained),
            "calibration": partial(_draw_calibration, settings, own),
        },
    )


def _spiking(result: ns.Result, settings: Settings) -> dict[str, bridge.Measure]:
    """Return how well the simulated spikes foretell the recorded ones."""
    share = firing_share(result)
    fired = fired_bins(settings.recording, len(share))
    seconds = np.arange(len(share)) // 1000
    auc = bridge.auc(fired, share, seconds if seconds[-1] else None)
    note = f"share of {settings.neurons} spiking neurons that fired, sound alone"
    factor = mean_gamma(result, settings, 0.0, result.duration)
    words = "recorded against spiking neurons' spikes, within 2 ms"
    return {
        f"auc_spiking_cell{settings.cell}": replace(auc, note=note),
        f"coincidence_factor_spiking_cell{settings.cell}": bridge.Measure(factor, note=words),
    }


def _draw_prediction(result: ns.Result, settings: Settings, trained: Trained) -> Figure:
    """Draw what both neurons make of an excerpt of the sound, over the recorded spikes."""
    from neurosim import plot

    start, stop = excerpt(result.duration)
    bins = slice(int(start), int(stop))
    edges = np.arange(bins.start, bins.stop + 1)
    recorded = between(settings.recording.spikes, start, stop)
    fig = plot.figure(8.2, 6.4)
    sound, logistic, spiking = plot.panels(fig, 3, 1, sharex=True, height_ratios=(2, 3, 3))
    with plot.style():
        sound.stairs(settings.recording.level(1.0)[bins], edges, color="black", baseline=None)
        sound.set(ylabel="sound level (dB)", title=f"receptor {settings.cell}")
        ticks: dict[str, Any] = {"color": "black", "ms": 11, "mew": 1.2}
        ticks["label"] = "recorded spikes"
        for axes in (logistic, spiking):
            axes.plot(recorded, np.full(len(recorded), 1.09), "|", **ticks)
            axes.set(ylim=(0.0, 1.16), yticks=np.linspace(0.0, 1.0, 5))
        words = "logistic neuron, sound and past spikes"
        logistic.stairs(trained.remembering[bins], edges, color=REMEMBERS, fill=True, label=words)
        words = "logistic neuron, sound alone"
        logistic.stairs(trained.hearing[bins], edges, color=HEARS, lw=1.5, label=words)
        share = firing_share(result)[bins]
        words = f"share of {settings.neurons} spiking neurons"
        spiking.stairs(share, edges, color=SIMULATED, fill=True, label=words)
        logistic.set_ylabel("probability to fire in 1 ms")
        spiking.set(ylabel="share that fired in 1 ms", xlabel="time (ms)", xlim=(start, stop))
        entries = dict(zip(*reversed(logistic.get_legend_handles_labels()), strict=True))
        entries |= dict(zip(*reversed(spiking.get_legend_handles_labels()), strict=True))
        fig.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=2)
    return fig


def _draw_filters(settings: Settings, trained: dict[int, Trained]) -> Figure:
    """Draw the weights of past sound and of past spikes, with their 95 % intervals."""
    from neurosim import plot

    fig = plot.figure(8.4, 4.0)
    sound, spikes = plot.panels(fig, 1, 2)
    with plot.style():
        for place, ((cell, own), (colour, marker)) in enumerate(
            zip(trained.items(), CELL_STYLES, strict=True)
        ):
            lags = np.concatenate([np.arange(settings.lags), 1 + np.arange(settings.history)])
            look = {"color": colour, "marker": marker, "label": f"receptor {cell}, 95 % interval"}
            for axes, part in (
                (sound, slice(0, settings.lags)),
                (spikes, slice(settings.lags, None)),
            ):
                _draw_weights(axes, lags + 0.15 * place, own, part, look)
        hollow = "no spike so soon: held by the ridge alone"
        spikes.plot([], [], "o", color="0.45", mfc="white", label=hollow)
        for axes in (sound, spikes):
            axes.axhline(0.0, color="0.45", lw=0.8, zorder=0)
            axes.locator_params(axis="x", integer=True)
        sound.set(xlabel="sound, so many ms ago", ylabel="weight (per dB)")
        spikes.set(xlabel="own spike, so many ms ago", ylabel="weight (per spike)")
        handles, labels = spikes.get_legend_handles_labels()
        # Matplotlib puts bars after lines.
        order = [1, 2, 0]
        fig.legend(
            [handles[k] for k in order],
            [labels[k] for k in order],
            loc="outside lower center",
            ncols=3,
        )
    return fig


def _draw_weights(
    axes: Axes,
    lags: NDArray[np.float64],
    trained: Trained,
    part: slice,
    look: dict[str, Any],
) -> None:
    """Draw some weights of a neuron; hollow, and without interval, where the ridge made them."""
    variance = np.diag(trained.neuron.sandwich_covariance_)[1:]
    half = bridge.NORMAL_95 * np.sqrt(np.where(trained.unbounded, np.nan, variance))
    lags, weights, hollow = lags[part], trained.neuron.coef_[0][part], trained.unbounded[part]
    axes.errorbar(lags, weights, half[part], ms=4.5, lw=1.1, capsize=2, **look)
    hidden = look | {"label": None, "ls": "", "mfc": "white"}
    axes.plot(lags[hollow], weights[hollow], ms=4.5, zorder=4, **hidden)


def _draw_calibration(settings: Settings, trained: Trained) -> Figure:
    """Draw observed against predicted probability, out of fold."""
    return bridge.reliability_plot(
        {
            "sound alone": bridge.reliability_curve(trained.fired, trained.hearing),
            "with past spikes": bridge.reliability_curve(trained.fired, trained.remembering),
        },
        title=f"receptor {settings.cell}",
    )
