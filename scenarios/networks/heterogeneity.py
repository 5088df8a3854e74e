"""Neurons that differ: one after another instead of all at once.

Neurons of one type differ in their thresholds. Two populations receive the same slowly rising
current, and each neuron its own noise. The neurons of the first population are equal: they start to
fire at the same input. Those of the second have normally distributed thresholds: they start one
after another, and the fraction of active neurons follows the input over a wide range.

For a logistic neuron the threshold is its bias. One bias for all neurons describes equal neurons
well. For neurons that differ, a common bias makes the logistic function flatter, although no neuron
became noisier, and loses information. A bias for each neuron recovers it. Heterogeneity in coding:
J. F. Mejias & A. Longtin, Physical Review Letters 108, 228102 (2012).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

import bridge
import neurosim as ns
from scenarios import _kit as kit

GROUPS = {"equal": "equal thresholds", "different": "different thresholds"}
COLOURS = {"equal": "0.35", "different": kit.SPIKING}
NEURON = ns.LIF(t_ref=2.0)
# Depolarisation by the current at the start and at the end of a run (mV).
DEPOLARISATION = (5.0, 25.0)
# Time in which a neuron is active if it fires (ms).
WINDOW = 50.0


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    neurons: int = kit.setting(100, "", 10, 5000, "neurons of each population")
    sd: float = kit.setting(4.0, "mV", 0.0, 5.0, "standard deviation of the thresholds")
    sigma: float = kit.setting(1.0, "mV", 0.1, 10.0, "noise of the membrane potential")

    @property
    def thresholds(self) -> dict[str, kit.Floats]:
        """Thresholds of the neurons of both populations, in ascending order (mV)."""
        middle, n = NEURON.v_threshold, self.neurons
        quantiles = norm.ppf((np.arange(n) + 0.5) / n)
        return {"equal": np.full(n, middle), "different": middle + self.sd * quantiles}


def depolarisation(times: kit.Floats, duration: float) -> kit.Floats:
    """Return the depolarisation by the current (mV)."""
    return np.interp(times, [0.0, duration], DEPOLARISATION)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Drive two populations by one rising current, and each neuron by its own noise."""
    net = ns.Network()
    ramp = depolarisation(np.arange(0.0, options.duration), options.duration)
    for name, thresholds in settings.thresholds.items():
        neurons = net.add(name, settings.neurons, ns.LIF(v_threshold=thresholds, t_ref=2.0))
        net.drive(neurons, ns.CurrentWaveform(ramp / NEURON.resistance, interval=1.0))
        net.drive(neurons, ns.MembraneNoise(settings.sigma))
    return net


def activity(result: ns.Result, name: str) -> tuple[kit.Floats, kit.Bools]:
    """Return the depolarisation in each window, and which neurons were active in it."""
    edges = np.arange(0.0, result.duration + 0.5, WINDOW)
    trains, n = result.spikes[name], result.populations[name].size
    counts = np.histogram2d(trains.times, trains.ids, [edges, np.arange(n + 1)])[0]
    middle = depolarisation(0.5 * (edges[1:] + edges[:-1]), result.duration)
    return middle, counts > 0


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the range of inputs in which the fraction of active neurons rises."""
    found: kit.Findings = {"neurons": settings.neurons, "sd_mv": settings.sd}
    for name in GROUPS:
        input_, active = activity(result, name)
        fraction = active.mean(axis=1)
        found[f"{name}_first_mv"] = float(input_[np.argmax(fraction > 0.1)])
        found[f"{name}_all_mv"] = float(input_[np.argmax(fraction > 0.9)])
        found[f"{name}_range_mv"] = found[f"{name}_all_mv"] - found[f"{name}_first_mv"]
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the range of both populations."""
    return kit.sentences(
        found,
        "Two populations of {neurons} neurons received the same rising current. The thresholds of "
        "one are equal, those of the other have a standard deviation of {sd_mv:g} mV.",
        "Equal thresholds: the fraction of active neurons rises from 10 % to 90 % between "
        "depolarisations of {equal_first_mv:.1f} and {equal_all_mv:.1f} mV.",
        "Different thresholds: it rises between {different_first_mv:.1f} and "
        "{different_all_mv:.1f} mV.",
        "With different thresholds, the population follows the input over a range of "
        "{different_range_mv:.1f} instead of {equal_range_mv:.1f} mV.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the spikes of both populations, and the fraction of active neurons."""
    rasters = [
        kit.panel(_draw_spikes, result, name, title=text.capitalize(), ylabel="neuron")
        for name, text in GROUPS.items()
    ]
    layers = []
    for name, text in GROUPS.items():
        input_, active = activity(result, name)
        layers.append(kit.curve(input_, active.mean(axis=1), text, color=COLOURS[name], lw=2))
    fractions = kit.chart(
        *layers, legend="lower right", xlabel="depolarisation by the current (mV)",
        ylabel="fraction of active neurons", ylim=(-0.03, 1.05),
    )  # fmt: skip
    title = "Equal neurons start to fire together, different ones one after another"
    page = kit.page(title, *rasters, fractions, columns=3, size=(11.0, 3.8))
    return {"spikes": page}


def _draw_spikes(axes: kit.Axes, result: ns.Result, name: str) -> None:
    """Draw the spikes of a population against the input at their time."""
    trains = result.spikes[name]
    axes.plot(
        depolarisation(trains.times, result.duration), trains.ids, ".", ms=1.5, color=COLOURS[name]
    )
    axes.set(xlim=DEPOLARISATION, xlabel="depolarisation by the current (mV)")


class Fit(NamedTuple):
    """A logistic neuron trained on every second window, with the other windows."""

    neuron: bridge.LogisticNeuron
    input: kit.Floats
    active: kit.Bools
    bits: kit.Measure


def fit(result: ns.Result, name: str, thresholds: kit.Floats) -> Fit:
    """Train a logistic neuron whose input is the depolarisation, with one bias per threshold."""
    depolarised, active = activity(result, name)
    distance = depolarised[:, None] + NEURON.v_rest - thresholds
    train, test = slice(0, None, 2), slice(1, None, 2)
    neuron = bridge.LogisticNeuron().fit(distance[train].reshape(-1, 1), active[train].ravel())
    inputs, outputs = distance[test].reshape(-1, 1), active[test].ravel()
    windows = np.repeat(np.arange(len(distance[test])), distance.shape[1])
    bits = bridge.bits_per_spike(outputs, neuron.predict_proba(inputs)[:, 1], windows)
    return Fit(neuron, inputs[:, 0], outputs, bits)


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare logistic neurons with a common bias and with a bias for each neuron."""
    equal, different = settings.thresholds.values()
    fits = {
        "equal": ("equal thresholds", fit(result, "equal", equal)),
        "common": ("different thresholds, one bias", fit(result, "different", equal)),
        "own": ("different thresholds, own biases", fit(result, "different", different)),
    }
    measures: dict[str, kit.Measure] = {}
    for key, (name, found) in fits.items():
        slope, error = found.neuron.coef_[0, 0], found.neuron.standard_errors_[1]
        measures[f"bits_{key}"] = found.bits.labelled(f"Information: {name}", "on test data")
        measures[f"beta_{key}"] = kit.with_error(slope, error, f"Slope: {name}", unit="per mV")
    lost = measures["bits_own"].value - measures["bits_common"].value
    conclusion = (
        f"Where thresholds differ, one bias for all neurons makes the logistic function flat and "
        f"loses {lost:.2f} bits per spike. A bias for each neuron recovers both."
    )
    title = "Neurons that differ, and logistic neurons with one bias or many"
    return kit.Comparison(title, measures, {"biases": partial(_draw_fits, fits)}, conclusion)


def _draw_fits(fits: dict[str, tuple[str, Fit]]) -> kit.Figure:
    """Draw the probability to fire against the input, for each choice of biases."""
    panels = [
        kit.panel(
            _draw_fit, found, title=name.capitalize(), xlim=(-10.0, 10.0), ylim=(-0.03, 1.03),
            xlabel="depolarisation − threshold distance (mV)",
        )
        for name, found in fits.values()
    ]  # fmt: skip
    panels[0].labels["ylabel"] = f"probability to fire within {WINDOW:g} ms"
    title = "A common bias makes the logistic function of different neurons too flat"
    return kit.page(title, *panels, legend=2, size=(11.0, 4.0))


def _draw_fit(axes: kit.Axes, found: Fit) -> None:
    """Draw the fraction of active neurons in bins of the input, and the logistic neuron."""
    edges = np.linspace(-10.0, 10.0, 21)
    samples, spikes = (
        np.histogram(found.input, edges, weights=weights)[0]
        for weights in (np.ones(len(found.input)), found.active.astype(float))
    )
    used = samples >= 5
    middle = 0.5 * (edges[1:] + edges[:-1])
    kit.draw_fraction(
        axes, middle[used], spikes[used], samples[used], label="simulated, 95 % interval"
    )
    line = np.linspace(-10.0, 10.0, 300)
    probability = found.neuron.predict_proba(line[:, None])[:, 1]
    axes.plot(line, probability, color=kit.TRAINED, lw=2, label="logistic neuron, trained")


scenario = kit.lesson(
    __name__, duration=4000.0, source="Mejias & Longtin, Physical Review Letters 108 (2012)"
)
