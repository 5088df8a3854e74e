"""Two synapses and a threshold: from the graded potential to the logistic neuron, step by step."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

import bridge
import neurosim as ns
from bridge.evaluation.measures import NORMAL_95
from neurosim.scenario import Scenario
from scenarios._kit.common import signed
from scenarios.biological_neuron.two_synapse_model import NEURON, Settings, Window, network

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

MEASURED = "#009E73"
"""Colour of what the neuron with noise did."""
KINDS = {
    "window": ("gaussian", "Gaussian noise, Φ((u − 15 mV)/σ)"),
    "membrane": ("ornstein_uhlenbeck", "noise that goes on, first passage"),
    "escape": ("escape", "soft threshold, σ((u − 15 mV)/Δ)"),
}
"""Key and name of the firing probability under each noise."""


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure how the neuron without noise keeps to the step, and the one with noise to σ."""
    window = Window.of(result, settings)
    noise, twin = window.unit.noise, bridge.to_logistic(window.unit)
    exact = window.excess == 0.0
    excess, spikes, trials = window.pooled()
    from_logistic = spikes / trials - expit(noise.beta * (excess - noise.bias))
    return {
        "points": len(window.excess),
        "trials": len(window.fired),
        "share_fired": window.fired.mean(),
        "noiseless_as_step": (window.noiseless == (window.excess > 0.0)).mean(),
        "fired_at_exactly_threshold": window.noiseless[exact].any() if exact.any() else None,
        "theta": [twin.intercept, *twin.coef],
        "beta_per_mv": noise.beta,
        "shift_mv": noise.bias,
        "expected_error": noise.logistic_error,
        "largest_difference_from_logistic": np.abs(from_logistic).max(),
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw the steps from the graded potential to σ, with what the spiking neuron did on each."""
    from neurosim import plot

    window = Window.of(result, settings)
    rest, threshold, peak = NEURON.v_rest, NEURON.v_threshold, NEURON.v_peak
    low, high = span(window)
    fig = plot.figure(8.0, 6.6)
    graded, step, scaled, smooth = plot.panels(fig, 2, 2)
    with plot.style():
        _draw_graded(graded, window, settings)
        corners = np.array([low, 0.0, 0.0, high])
        step.plot(corners + threshold, [rest, rest, peak, peak], color="0.7", lw=4, zorder=0)
        _draw_measured(step, window, threshold, (rest, peak))
        step.set_xlim(low - 1.0 + threshold, high + 1.0 + threshold)
        step.set(xlabel="graded potential (mV)", ylabel="output (mV)", yticks=(-70, 30))
        step.set_title("2. step: −70 mV up to −55 mV, else +30 mV", fontsize=10)
        scaled.plot(corners, [0.0, 0.0, 1.0, 1.0], color="0.7", lw=4, zorder=0)
        scaled.set_title("3. rescaled: −70 mV → 0, +30 mV → 1", fontsize=10)
        line = np.linspace(low, high, 400)
        noise = window.unit.noise
        sigma = expit(noise.beta * (line - noise.bias))
        smooth.plot(line, sigma, color="0.7", lw=4, zorder=0, label="formula")
        gap = signed(round(-window.unit.logistic_threshold_distance, 2))
        smooth.set_title(f"4. smooth: σ({noise.beta:.3g} · ({gap} + θ₁a₁ + θ₂a₂))", fontsize=10)
        for axes in (scaled, smooth):
            _draw_measured(axes, window, 0.0, (0.0, 1.0))
            axes.set_xlim(low - 1.0, high + 1.0)
            axes.set(xlabel="−15 + θ₁a₁ + θ₂a₂ (mV)", ylabel="output")
        handles, labels = smooth.get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside lower center", ncols=3)
    return {"derivation": fig}


def span(window: Window) -> tuple[float, float]:
    """Return the part of `excess` (mV) worth drawing: to both sides of the threshold alike."""
    high = window.excess.max()
    return max(window.excess.min(), -1.2 * max(high, 1.0)), high


def _draw_graded(axes: Axes, window: Window, settings: Settings) -> None:
    """Draw the graded potential against a₁, the points shaded by how often the neuron fired."""
    counts = np.arange(settings.spikes + 1)
    potential = (window.excess + NEURON.v_threshold).reshape(len(counts), -1)
    probability = window.probability.reshape(potential.shape)
    for a2 in sorted({0, settings.spikes // 2, settings.spikes}):
        axes.plot(counts, potential[a2], color="0.7", lw=4, zorder=0)
        shades = {"c": probability[a2], "cmap": "Greens", "vmin": 0.0, "vmax": 1.0}
        axes.scatter(counts, potential[a2], s=26, edgecolors="black", **shades)
        axes.text(counts[-1] + 0.4, potential[a2, -1], f"$a_2$ = {a2}", va="center", fontsize=9)
    axes.axhline(NEURON.v_threshold, color="0.45", lw=0.9, ls="--")
    axes.set_xlim(right=1.18 * settings.spikes)
    axes.set(xlabel="activity $a_1$ (spikes)", ylabel="graded potential (mV)")
    axes.set_title("1. graded: −70 + θ₁a₁ + θ₂a₂", fontsize=10)
    axes.text(0.03, 0.95, "darker: fires more often", transform=axes.transAxes, fontsize=9)


def _draw_measured(axes: Axes, window: Window, shift: float, levels: tuple[float, float]) -> None:
    """Draw the output of the neuron without noise, and its mean with noise, between two levels."""
    excess, spikes, trials = window.pooled()
    silent, full = levels
    size = full - silent
    share = spikes / trials
    low, high = bridge.wilson_interval(spikes, trials)
    axes.plot(
        window.excess + shift,
        silent + size * window.noiseless,
        "o",
        color="black",
        ms=4,
        label="neuron without noise",
    )
    bars = size * np.stack([share - low, high - share]).clip(0.0)
    axes.errorbar(
        excess + shift,
        silent + size * share,
        bars,
        fmt="D",
        color=MEASURED,
        ms=3.5,
        capsize=2,
        label="with noise: share that fired, 95 % interval",
    )


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set the firing probability beside the logistic neuron, derived and trained on the spikes."""
    window = Window.of(result, settings)
    unit = window.unit
    if window.fired.all() or not window.fired.any():
        raise ns.NeurosimError(
            f"{'all' if window.fired.any() else 'none'} of the {len(window.fired)} trials fired, "
            "and a logistic neuron learns from both kinds: choose psps and spikes so that "
            "θ₁a₁ + θ₂a₂ lies on either side of 15 mV"
        )
    trained = bridge.LogisticNeuron(threshold_distance=unit.logistic_threshold_distance).fit(
        settings.trials, window.fired
    )
    derived = bridge.to_logistic(unit).probability(settings.points)
    learned = trained.predict_proba(settings.points)[:, 1]
    counts = np.arange(settings.spikes + 1)
    planes = {
        title: probability.reshape(len(counts), -1)
        for title, probability in (
            ("spiking neuron, measured", window.probability),
            ("logistic, derived", derived),
            ("logistic, trained on spikes", learned),
        )
    }
    return bridge.Comparison(
        title="A neuron with two synapses: spiking, and logistic",
        measures=_probabilities(window, settings, derived, learned)
        | _parameters(unit, trained)
        | _differences(window, settings, derived, learned)
        | _predictions(window, settings, trained),
        drawings={
            "plane": partial(bridge.decision_plane, counts, counts, planes),
            "calibration": partial(_draw_calibration, window, settings, derived, learned),
            "difference": partial(_draw_difference, window, settings, derived, learned),
            "psps": partial(
                bridge.psp_plot, trained.psp_, trained.psp_interval_, truth=settings.psps
            ),
        },
    )


def _probabilities(
    window: Window, settings: Settings, derived: NDArray[np.float64], learned: NDArray[np.float64]
) -> dict[str, bridge.Measure]:
    """Return how well the probabilities describe the spikes."""
    kind, law = KINDS[settings.noise]
    analytic = window.unit.noise.firing_probability(window.excess)
    found = {}
    for key, probability, words in (
        ("agreement", derived, "derived"),
        ("agreement_trained", learned, "trained"),
    ):
        same = bridge.agreement(window.probability > 0.5, probability > 0.5)
        note = f"{words}: of {len(derived)} points, on the same side of p = 1/2"
        found[key] = replace(same, note=note)
    for key, probability, note in (
        (f"cross_entropy_{kind}", analytic, f"{law}: what the noise itself gives"),
        ("cross_entropy_derived", derived, "the logistic twin of that noise"),
        ("cross_entropy_trained", learned, "by gradient descent on these trials"),
    ):
        entropy = bridge.cross_entropy(window.fired, np.repeat(probability, settings.repeats))
        found[key] = replace(entropy, note=note)
    return found


def _predictions(
    window: Window, settings: Settings, trained: bridge.LogisticNeuron
) -> dict[str, bridge.Measure]:
    """Return how well the trained neuron foretells single trials."""
    worlds = bridge.compare_neurons(
        window.unit, settings.trials, fired=window.fired, neuron=trained
    )
    chosen = ("bits_per_spike", "bits_per_spike_of_truth", "brier", "auc", "coincidence_factor")
    return {key: worlds.measures[key] for key in (*chosen, "coincidence_factor_repeat")}


def _parameters(
    unit: bridge.SpikingUnit, trained: bridge.LogisticNeuron
) -> dict[str, bridge.Measure]:
    """Return what the trained neuron says of the spiking one."""
    beta = -trained.intercept_[0] / unit.logistic_threshold_distance
    half = (
        NORMAL_95 * np.sqrt(trained.sandwich_covariance_[0, 0]) / unit.logistic_threshold_distance
    )
    found = {
        "beta_derived": bridge.Measure(unit.noise.beta, "per mV"),
        "beta_trained": bridge.Measure(beta, "per mV", beta - half, beta + half),
    }
    intervals = trained.psp_interval_
    for k, (psp, (low, high)) in enumerate(zip(trained.psp_, intervals, strict=True), start=1):
        note = f"recovered from spikes; truly {signed(unit.psps[k - 1])} mV"
        found[f"psp_{k}"] = bridge.Measure(psp, "mV", low, high, note)
    inside = (intervals[:, 0] <= unit.psps) & (unit.psps <= intervals[:, 1])
    note = "separable trials leave the PSPs without interval" if trained.separable_ else ""
    found["psps_in_intervals"] = bridge.Measure(bool(inside.all()), note=note)
    return found


def _differences(
    window: Window, settings: Settings, derived: NDArray[np.float64], learned: NDArray[np.float64]
) -> dict[str, bridge.Measure]:
    """Return the largest differences between the probabilities."""
    noise, (kind, _) = window.unit.noise, KINDS[settings.noise]
    analytic = noise.firing_probability(window.excess)
    bound = f"{noise.logistic_error:.2g}"
    error = 0.5 / math.sqrt(settings.repeats)
    found = {
        f"{kind}_minus_derived": (analytic - derived, f"on these points; nowhere above {bound}"),
        "measured_minus_derived": (
            window.probability - derived,
            f"standard error of a point up to {error:.2g}",
        ),
        "measured_minus_trained": (window.probability - learned, "as above"),
    }
    return {
        f"largest_{key}": bridge.Measure(float(np.abs(values).max()), note=note)
        for key, (values, note) in found.items()
    }


def _draw_calibration(
    window: Window, settings: Settings, derived: NDArray[np.float64], learned: NDArray[np.float64]
) -> Figure:
    curves = {
        f"logistic, {words}": bridge.reliability_curve(
            window.fired, np.repeat(probability, settings.repeats)
        )
        for words, probability in (("derived", derived), ("trained on spikes", learned))
    }
    return bridge.reliability_plot(curves)


def _draw_difference(
    window: Window, settings: Settings, derived: NDArray[np.float64], learned: NDArray[np.float64]
) -> Figure:
    """Draw how far the other probabilities are from the derived logistic neuron's."""
    from neurosim import plot

    noise, (_, words) = window.unit.noise, KINDS[settings.noise]
    excess, spikes, trials = window.pooled()
    share, (low, high) = spikes / trials, bridge.wilson_interval(spikes, trials)
    line = np.linspace(*span(window), 500)
    fig = plot.figure(7.0, 4.0)
    (axes,) = plot.panels(fig)
    with plot.style():
        axes.axhline(0.0, color="0.7", lw=3, label="logistic, derived")
        bound = noise.logistic_error
        if bound:
            label = f"±{bound:.2g}, the bound for this noise"
            axes.axhline(bound, color="0.45", lw=0.9, ls="--", label=label)
            axes.axhline(-bound, color="0.45", lw=0.9, ls="--")
        twin = expit(noise.beta * (line - noise.bias))
        axes.plot(line, noise.firing_probability(line) - twin, color="black", label=words)
        bars = np.stack([share - low, high - share]).clip(0.0)
        axes.errorbar(
            excess,
            share - expit(noise.beta * (excess - noise.bias)),
            bars,
            fmt="D",
            color=MEASURED,
            ms=4,
            capsize=2,
            label="spiking neuron, 95 % interval",
        )
        axes.plot(window.excess, learned - derived, ".", color="#CC79A7", label="logistic, trained")
        axes.set_xlim(line[0] - 1.0, line[-1] + 1.0)
        axes.set(xlabel="−15 + θ₁a₁ + θ₂a₂ (mV)", ylabel="difference in firing probability")
        fig.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


scenario = Scenario(
    name="two-synapse-neuron",
    title="Two synapses, a threshold and noise: the logistic neuron derived",
    row="S3",
    source="L0",
    group="The biological neuron",
    description=(
        "Spikes at two synapses arrive together and lift the potential to "
        "-70 + theta1 a1 + theta2 a2 mV, a1 and a2 being their numbers. The output is -70 mV up to "
        "-55 mV and +30 mV above: a step of -15 + theta1 a1 + theta2 a2. Noise makes the step "
        "smooth: the share of trials in which the neuron fires follows the Gaussian distribution, "
        "and so, within 0.0095, the logistic function. Every trial is a neuron of its own. The "
        "comparison trains a logistic neuron on the trials and reads the synapses off it, in mV."
    ),
    settings=Settings,
    duration=20.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
