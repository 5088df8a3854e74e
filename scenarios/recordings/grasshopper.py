"""Receptors of a grasshopper's ear, and spiking and logistic neurons that hear the same sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import bridge
from neurosim.analysis import cv_isi
from neurosim.scenario import Scenario
from scenarios._kit.common import draw_levels
from scenarios.recordings.data import INTERVAL
from scenarios.recordings.grasshopper_agreement import (
    between,
    fired_bins,
    firing_share,
    gamma_between_neurons,
    mean_gamma,
)
from scenarios.recordings.grasshopper_filters import draw_twin
from scenarios.recordings.grasshopper_logistic import compare
from scenarios.recordings.grasshopper_model import (
    CALIBRATED,
    COLOURS,
    KINDS,
    RECEPTOR,
    TWIN,
    Settings,
    excerpt,
    network,
)
from scenarios.recordings.grasshopper_twin import simulate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    import neurosim as ns

DRAWN = 50
"""Neurons of a population whose spikes are drawn, at most."""


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure how the simulated spikes agree with the recorded ones."""
    stop = result.duration
    recorded = between(settings.recording.spikes, 0.0, stop)
    intervals = np.diff(recorded)
    return {
        "spikes_recorded": len(recorded),
        "rate_recorded_hz": len(recorded) / stop * 1e3,
        "cv_isi_recorded": intervals.std() / intervals.mean(),
        **_agreement(RECEPTOR, "simulated", "", result, settings),
        **_agreement(TWIN, "twin", "_twin", result, settings),
        "lowest_potential_twin_mv": result.traces[TWIN, "v"].values.min(),
    }


def _agreement(
    population: str, name: str, suffix: str, result: ns.Result, settings: Settings
) -> dict[str, object]:
    """Return the figures of a population; its name ends the keys of what is of spikes alone."""
    trains, stop = result.spikes[population], result.duration
    recorded, share = settings.recording.spikes, firing_share(result, population)
    cv = cv_isi(trains)
    spikes = len(trains) / settings.neurons
    late = mean_gamma(result, population, recorded, CALIBRATED, stop)
    return {
        f"spikes_{name}": spikes,
        f"rate_{name}_hz": spikes / stop * 1e3,
        f"cv_isi_{name}": np.nanmean(cv) if np.isfinite(cv).any() else None,
        f"coincidence_factor{suffix}": mean_gamma(result, population, recorded, 0.0, stop),
        f"coincidence_factor{suffix}_held_out": late,
        f"coincidence_factor{suffix}_between_neurons": gamma_between_neurons(result, population),
        f"auc{suffix}": bridge.auc(fired_bins(settings.recording, len(share)), share).value,
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw sound and spikes of an excerpt, rates and intervals of the whole, and the twin."""
    return {
        "response": _draw_response(result, settings),
        "statistics": _draw_statistics(result, settings),
        "twin": draw_twin(result, settings),
    }


def _draw_response(result: ns.Result, settings: Settings) -> Figure:
    """Draw the sound, the recorded spikes, the simulated ones and one membrane potential."""
    from neurosim import plot

    start, stop = excerpt(result.duration)
    fig = plot.figure(8.2, 8.4)
    heights = (1.6, 0.5, 2.6, 2.6, 2.6)
    grid = plot.panels(fig, 5, 1, sharex=True, height_ratios=heights)
    sound, recorded, *rasters, potential = grid
    with plot.style():
        _draw_sound(sound, settings, start, stop)
        spikes = between(settings.recording.spikes, start, stop)
        recorded.vlines(spikes, 0.0, 1.0, color="black", lw=1.2)
        recorded.set(yticks=(), ylim=(0.0, 1.0), ylabel="recorded")
        recorded.yaxis.label.set(rotation=0, ha="right", va="center")
        for axes, population in zip(rasters, (RECEPTOR, TWIN), strict=True):
            plot.draw_raster(axes, result, [population], start=start, stop=stop, max_neurons=DRAWN)
            axes.set(
                xlabel="", yticks=(), ylabel=f"some of {settings.neurons}\n{KINDS[population]}"
            )
        _draw_potential(potential, result, start, stop)
        potential.set(xlabel="time (ms)", xlim=(start, stop))
        fig.align_ylabels([sound, *rasters, potential])
    return fig


def _draw_sound(axes: Axes, settings: Settings, start: float, stop: float) -> None:
    """Draw the envelope of the sound."""
    inside = slice(round(start / INTERVAL), round(stop / INTERVAL))
    amplitude = settings.recording.amplitude[inside]
    times = start + INTERVAL * np.arange(len(amplitude))
    axes.fill_between(times, -amplitude, amplitude, color="0.45", lw=0.0)
    axes.set_ylabel("sound\n(relative)")
    axes.set_title(f"receptor {settings.cell}: sound of 2.5 kHz, its envelope")


def _draw_potential(axes: Axes, result: ns.Result, start: float, stop: float) -> None:
    """Draw the potential of the first leaky neuron."""
    trace = result.traces[RECEPTOR, "v"]
    inside = (trace.times >= start) & (trace.times <= stop)
    axes.plot(trace.times[inside], trace.with_spikes(0)[inside], color="black", lw=0.9)
    draw_levels(axes, result.populations[RECEPTOR])
    axes.set_ylabel("potential of one\nleaky neuron (mV)")


def _draw_statistics(result: ns.Result, settings: Settings) -> Figure:
    """Draw the rate over the whole recording, and the distribution of intervals."""
    from neurosim import plot

    stop = result.duration
    recorded = between(settings.recording.spikes, 0.0, stop)
    fig = plot.figure(8.4, 3.8)
    rate, intervals = plot.panels(fig, 1, 2)
    with plot.style():
        edges = np.linspace(0.0, stop, 21)
        bins = np.arange(0.0, 45.5, 1.0)
        simulated = {name: result.spikes[name] for name in (RECEPTOR, TWIN)}
        for times, own, n, colour, words in (
            (recorded, [np.diff(recorded)], 1, "black", "recorded"),
            *(
                (trains.times, _intervals(trains), settings.neurons, COLOURS[name], KINDS[name])
                for name, trains in simulated.items()
            ),
        ):
            per_bin = np.histogram(times, edges)[0] / n / np.diff(edges) * 1e3
            rate.stairs(per_bin, edges / 1e3, color=colour, lw=1.6, baseline=None, label=words)
            joined = np.concatenate(own)
            share = np.histogram(joined, bins)[0] / max(1, len(joined))
            intervals.stairs(share, bins, color=colour, lw=1.6, label=words)
        rate.set(xlabel="time (s)", ylabel="firing rate (Hz)", ylim=(0.0, None))
        intervals.set(xlabel="inter-spike interval (ms)", ylabel="share of intervals per ms")
        intervals.set(xlim=(0.0, bins[-1]), ylim=(0.0, None))
        fig.legend(*rate.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


def _intervals(trains: ns.SpikeTrains) -> list[np.ndarray]:
    # Those of twins are whole numbers, which rounding must not put below themselves.
    return [np.diff(trains.of(neuron)) + 1e-6 for neuron in trains.recorded]


scenario = Scenario(
    name="grasshopper",
    title="A grasshopper's ear: real sound, real spikes, and both kinds of neuron",
    group="Recordings",
    description=(
        "Two auditory receptors heard 10 s of a tone whose loudness fluctuates at random "
        "(recordings that nitime ships). The same sound drives two kinds of spiking neurons. "
        "Leaky neurons, set by hand, have a noisy membrane and the sound's level in dB, after a "
        "delay, as a current. The others are spiking twins of a logistic neuron that was "
        "trained on the level of the last 20 ms and on the receptor's own spikes of the last "
        "10 ms to foretell each ms: in millivolts, the first become a current, each of the others "
        "a synapse of the twin onto itself, and a soft threshold makes its probability to fire "
        "exactly the logistic neuron's. Every part of the recording is foretold by a neuron, and "
        "by twins, trained on the others. The comparison sets bits per spike and coincidence "
        "factors beside each other, and asks whether the receptors seem to hear one another: as "
        "they heard different sounds, they do not, once it is allowed for that both adapt; two "
        "twins which do show it."
    ),
    settings=Settings,
    duration=10_000.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
    simulate=simulate,
)
