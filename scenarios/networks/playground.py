"""A playground: strengths, inputs, threshold and noise under the mouse, in both worlds."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from neurosim.scenario import RunOptions, Scenario
from scenarios._kit.trials import DERIVED, TRAINED, draw_share
from scenarios.networks.playground_model import Settings, Trials, network

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Count how often the neuron fires, in all and at each potential, beside the logistic unit."""
    trials = Trials.of(result, settings)
    count, points = trials.count, trials.points
    return {
        "trials": len(trials.fired),
        "spikes": trials.fired.sum(),
        "share_fired": count.value,
        "share_fired_interval": [count.low, count.high],
        "logistic_probability": trials.expected,
        "theta": [trials.logistic.intercept, *trials.logistic.coef],
        "potentials_mv": points.potential,
        "trials_at_potentials": points.trials,
        "spikes_at_potentials": points.spikes,
        "logistic_at_potentials": points.probability,
        "intervals_with_logistic": points.inside.mean(),
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw what the window shows."""
    from neurosim import plot
    from scenarios.networks.playground_board import SIZE, Board

    fig = plot.figure(*SIZE)
    Board(fig, Trials.of(result, settings))
    return {"board": fig}


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set the logistic unit made of the neuron, and one trained on its spikes, beside them."""
    trials = Trials.of(result, settings)
    _require_chances(trials)
    trained = bridge.LogisticNeuron(threshold_distance=trials.unit.logistic_threshold_distance).fit(
        trials.active, trials.fired
    )
    worlds = bridge.compare_neurons(
        trials.unit, trials.active, fired=trials.fired, neuron=trained, seed=result.seed
    )
    truth, psps = np.array(settings.psps), (trained.psp_, trained.psp_interval_)
    return bridge.Comparison(
        title="The neuron of the playground: spiking, and logistic",
        measures=_counted(trials) | _theta(trials, trained) | dict(worlds.measures),
        drawings={
            "points": partial(_draw_points, trials, trained),
            "psps": partial(bridge.psp_plot, *psps, truth=truth),
        },
    )


def _require_chances(trials: Trials) -> None:
    """Raise an error unless the neuron fires in some trials and not in others."""
    if trials.fired.all() or not trials.fired.any():
        raise ns.NeurosimError(
            f"{'all' if trials.fired.any() else 'none'} of the {len(trials.fired)} trials fired, "
            "and a logistic neuron learns from both kinds: choose psps, inputs and v_threshold so "
            "that some fire"
        )
    same = np.flatnonzero(np.ptp(trials.active, axis=0) == 0.0)
    if len(same):
        raise ns.NeurosimError(
            f"inputs = {trials.settings.inputs[same[0]]:g} for synapse {same[0] + 1} gave it the "
            "same in every trial, and a logistic neuron learns from differences: give a "
            "probability between 0 and 1"
        )


def _counted(trials: Trials) -> dict[str, bridge.Measure]:
    """Return how often the neuron fired, and how near that is to the logistic unit's word."""
    points = trials.points
    off = np.abs(points.share - points.probability)
    worst = int(off.argmax())
    inside = f"{points.inside.sum()} of {len(points.trials)} 95 % intervals hold its probability"
    note = f"at {points.potential[worst]:.4g} mV, of {points.trials[worst]} trials; {inside}"
    return {
        "share_fired": trials.count,
        "logistic_probability": bridge.Measure(
            trials.expected, note="of the logistic unit, over all inputs that can come"
        ),
        "largest_difference": bridge.Measure(float(off[worst]), note=note.replace("-", "−")),
    }


def _theta(trials: Trials, trained: bridge.LogisticNeuron) -> dict[str, bridge.Measure]:
    """Return the weights learned from the spikes, beside those that the millivolts come to."""
    logistic, half = trials.logistic, bridge.NORMAL_95 * trained.standard_errors_
    values = [trained.intercept_[0], *trained.coef_[0]]
    found = {}
    for k, truth in enumerate([logistic.intercept, *logistic.coef]):
        note = f"trained on the spikes; truly {truth:.4g}".replace("-", "−")
        value = float(values[k])
        bounds = float(value - half[k]), float(value + half[k])
        found[f"theta_{k}"] = bridge.Measure(value, "", *bounds, note)
    return found


def _draw_points(trials: Trials, trained: bridge.LogisticNeuron) -> Figure:
    """Draw the probability of a spike at each potential: from the millivolts, counted, learned."""
    from neurosim import plot

    points, unit = trials.points, trials.unit
    patterns = np.unique(trials.active, axis=0)
    potential = unit.neuron.v_rest + unit.potential(patterns)
    learned = trained.predict_proba(patterns)[:, 1]
    line = np.linspace(points.potential[0] - 2.0, points.potential[-1] + 2.0, 400)
    curve = unit.noise.firing_probability(line - unit.neuron.v_threshold)
    fig = plot.figure(7.0, 4.6)
    (axes,) = plot.panels(fig)
    with plot.style():
        axes.plot(line, curve, color=DERIVED, lw=4, label="logistic unit of the neuron")
        words = "spiking neuron: share, 95 % interval"
        draw_share(axes, points.potential, points.spikes, points.trials, label=words)
        words = "logistic unit trained on its spikes"
        axes.plot(potential, learned, "x", color=TRAINED, ms=7, mew=1.8, zorder=4, label=words)
        level = unit.neuron.v_threshold
        axes.axvline(level, color="0.45", lw=0.9, ls="--", zorder=0, label="threshold")
        axes.set(xlabel="potential −70 + Σ Jᵢ aᵢ (mV)", ylabel="probability of a spike")
        fig.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


def adjust(settings: Settings, options: RunOptions) -> Settings:
    """Let the user change the settings in a window, if they asked for one."""
    if not settings.window:
        return settings
    from neurosim import plot

    with plot.style():
        from scenarios.networks.playground_window import play
    return replace(play(settings, options), window=False)


scenario = Scenario(
    name="playground",
    title="A neuron to play with: strengths, inputs and threshold under the mouse",
    row="S30",
    source="L2",
    group="Networks",
    description=(
        "In each trial of 50 ms every synapse gets a spike or none, all at once, and each spike "
        "adds its strength in millivolts to the resting potential. Noise with a logistic "
        "distribution is drawn once a trial, and the neuron fires where the sum is above its "
        "threshold: with a probability that is exactly the logistic function. So beside each trial "
        "stands what its logistic unit says of it, and beside the curve how often the neuron fired "
        "at each potential. With --set window=true a window opens in which strengths, inputs, "
        "threshold and noise follow the mouse, and both worlds answer at once; when it is closed, "
        "what it showed last is saved."
    ),
    settings=Settings,
    duration=50.0,
    dt=0.5,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
    adjust=adjust,
)
