"""Receptors of a grasshopper's ear, and spiking and logistic neurons that hear the same sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import bridge
from neurosim.analysis import cv_isi, population_rate
from neurosim.scenario import Scenario
from scenarios._common import draw_levels
from scenarios._recordings import INTERVAL
from scenarios.grasshopper_logistic import compare
from scenarios.grasshopper_model import (
    CALIBRATED,
    SIMULATED,
    Settings,
    between,
    excerpt,
    fired_bins,
    firing_share,
    gamma_between_neurons,
    mean_gamma,
    network,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    import neurosim as ns


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure how the simulated spikes agree with the recorded ones."""
    trains, stop = result.spikes["receptor"], result.duration
    recorded = between(settings.recording.spikes, 0.0, stop)
    intervals, share = np.diff(recorded), firing_share(result)
    cv = cv_isi(trains)
    return {
        "spikes_recorded": len(recorded),
        "spikes_simulated": len(trains) / settings.neurons,
        "rate_recorded_hz": len(recorded) / stop * 1e3,
        "rate_simulated_hz": len(trains) / settings.neurons / stop * 1e3,
        "cv_isi_recorded": intervals.std() / intervals.mean(),
        "cv_isi_simulated": np.nanmean(cv) if np.isfinite(cv).any() else None,
        "coincidence_factor": mean_gamma(result, settings, 0.0, stop),
        "coincidence_factor_held_out": mean_gamma(result, settings, CALIBRATED, stop),
        "coincidence_factor_between_neurons": gamma_between_neurons(result),
        "auc": bridge.auc(fired_bins(settings.recording, len(share)), share).value,
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw sound and spikes of an excerpt, and rates and intervals of the whole recording."""
    return {
        "response": _draw_response(result, settings),
        "statistics": _draw_statistics(result, settings),
    }


def _draw_response(result: ns.Result, settings: Settings) -> Figure:
    """Draw the sound, the recorded spikes, the simulated ones and one membrane potential."""
    from neurosim import plot

    start, stop = excerpt(result.duration)
    fig = plot.figure(8.2, 8.2)
    heights = (2.0, 0.5, 3.0, 1.8, 3.0)
    grid = plot.panels(fig, 5, 1, sharex=True, height_ratios=heights)
    sound, recorded, simulated, rate, potential = grid
    with plot.style():
        _draw_sound(sound, settings, start, stop)
        spikes = between(settings.recording.spikes, start, stop)
        recorded.vlines(spikes, 0.0, 1.0, color="black", lw=1.2)
        recorded.set(yticks=(), ylim=(0.0, 1.0), ylabel="recorded")
        recorded.yaxis.label.set(rotation=0, ha="right", va="center")
        plot.draw_raster(simulated, result, start=start, stop=stop)
        simulated.set(ylabel=f"{settings.neurons} simulated neurons", xlabel="", yticks=())
        centres, height = population_rate(result.spikes["receptor"], stop, start=start)
        rate.bar(centres, height, width=1.0, color=SIMULATED)
        rate.set_ylabel("rate (Hz)")
        _draw_potential(potential, result, start, stop)
        potential.set(xlabel="time (ms)", xlim=(start, stop))
        fig.align_ylabels([sound, simulated, rate, potential])
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
    """Draw the potential of the first simulated neuron."""
    trace = result.traces["receptor", "v"]
    inside = (trace.times >= start) & (trace.times <= stop)
    axes.plot(trace.times[inside], trace.of(0)[inside], color="black", lw=0.9)
    draw_levels(axes, result.populations["receptor"])
    axes.set_ylabel("potential of one (mV)")


def _draw_statistics(result: ns.Result, settings: Settings) -> Figure:
    """Draw the rate over the whole recording, and the distribution of intervals."""
    from neurosim import plot

    trains, stop = result.spikes["receptor"], result.duration
    recorded = between(settings.recording.spikes, 0.0, stop)
    fig = plot.figure(8.4, 3.8)
    rate, intervals = plot.panels(fig, 1, 2)
    with plot.style():
        edges = np.linspace(0.0, stop, 21)
        for times, n, colour, words in (
            (recorded, 1, "black", "recorded"),
            (trains.times, settings.neurons, SIMULATED, "simulated"),
        ):
            per_bin = np.histogram(times, edges)[0] / n / np.diff(edges) * 1e3
            rate.stairs(per_bin, edges / 1e3, color=colour, lw=1.6, baseline=None, label=words)
        rate.set(xlabel="time (s)", ylabel="firing rate (Hz)", ylim=(0.0, None))
        simulated = [np.diff(trains.of(neuron)) for neuron in trains.recorded]
        bins = np.arange(0.0, 45.5, 1.0)
        for own, colour, words in (
            (np.diff(recorded), "black", "recorded"),
            (np.concatenate(simulated), SIMULATED, "simulated"),
        ):
            share = np.histogram(own, bins)[0] / max(1, len(own))
            intervals.stairs(share, bins, color=colour, lw=1.6, label=words)
        intervals.set(xlabel="inter-spike interval (ms)", ylabel="share of intervals per ms")
        intervals.set(xlim=(0.0, bins[-1]), ylim=(0.0, None))
        fig.legend(*rate.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


scenario = Scenario(
    name="grasshopper",
    title="A grasshopper's ear: real sound, real spikes, and both kinds of neuron",
    group="One artificial neuron",
    description=(
        "Two auditory receptors heard 10 s of a tone whose loudness fluctuates at random "
        "(recordings that nitime ships). The same sound drives spiking neurons: its level in dB, "
        "after a delay, is a current into a leaky membrane with noise. Their spikes stand beside "
        "those recorded; the receptors adapt over the seconds, which these neurons do not. The "
        "comparison trains a logistic neuron on the level of the last 20 ms, and on the receptor's "
        "own spikes of the last 10 ms, to foretell each ms; every part of the recording is "
        "foretold by a neuron that was trained on the others."
    ),
    settings=Settings,
    duration=10_000.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
