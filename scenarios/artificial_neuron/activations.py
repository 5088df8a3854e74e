"""Sigmoid, tanh, ReLU and step, their derivatives, and neurons that do the same in spikes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
from neurosim.scenario import Scenario
from scenarios._kit.trials import DERIVED, SPIKING
from scenarios.artificial_neuron.activations_model import (
    CELL,
    COUNTS,
    KINDS,
    SCORES,
    UNIT_RATE,
    Lesson,
    Response,
    Settings,
    network,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    import neurosim as ns

WORDS = {
    "sigmoid": "soft threshold: share that fired",
    "tanh": "two such neurons: +1 and −1",
    "relu": f"no leak: rate over {UNIT_RATE:g} Hz",
    "step": "sharp threshold: fired or not",
}
DERIVATIVES = {
    "sigmoid": "g (1 − g)",
    "tanh": "1 − g²",
    "relu": "0 or 1",
    "step": "0, but for the jump",
}
REPEATS = 400
"""Trials of the neuron to be learned, at each point of the plane that is drawn."""


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure the mean output of each kind of neuron, and how far it is from its formula."""
    response = Response.of(result)
    found: dict[str, object] = {"scores": SCORES}
    for name in KINDS:
        off = np.abs(response.mean[name] - bridge.find_activation(name)(SCORES))
        found[f"output_{name}"] = response.mean[name]
        found[f"largest_difference_{name}"] = off.max()
    return found


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw the spikes of one neuron of each kind at every score."""
    from neurosim import plot

    fig = plot.figure(10.0, 4.4)
    grid = plot.panels(fig, 1, len(KINDS), sharex=True, sharey=True)
    with plot.style():
        for axes, name in zip(grid, KINDS, strict=True):
            if name == "tanh":
                _draw_spikes(axes, result, "plus", plot.EXCITATORY, "counts +1")
                _draw_spikes(axes, result, "minus", plot.INHIBITORY, "counts −1")
                axes.legend(loc="upper left", bbox_to_anchor=(0.0, -0.13), ncols=2)
            else:
                _draw_spikes(axes, result, name, "black", "")
            axes.axhline(0.0, color="0.45", lw=0.9, ls=":")
            axes.set_title(f"{name}\n{WORDS[name]}", fontsize=9.5)
            axes.set_xlabel("time (ms)")
        grid[0].set(ylabel="score, as a current", xlim=(0.0, result.duration))
    return {"spikes": fig}


def _draw_spikes(axes: Axes, result: ns.Result, name: str, colour: str, label: str) -> None:
    """Draw the spikes of the first neuron at each score; of soft thresholds the first spike."""
    trains = result.spikes[name]
    first = trains.ids < len(SCORES)
    times, ids = trains.times[first], trains.ids[first]
    if name not in ("relu", "step"):
        ids, at = np.unique(ids, return_index=True)
        times = times[at]
    axes.plot(times, SCORES[ids], "|", color=colour, ms=5, mew=1.2, label=label)


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set outputs and slopes of the neurons beside the formulas; learn one task with each."""
    response, lesson = Response.of(result), Lesson.of(settings, result.seed)
    return bridge.Comparison(
        title="Activations: spiking neurons, formulas, and one task learned with each",
        measures=_agreement(lesson) | _responses(response) | _learned(lesson),
        drawings={
            "activations": partial(_draw_activations, response),
            "planes": partial(_draw_planes, lesson, result.seed),
        },
    )


def _agreement(lesson: Lesson) -> dict[str, bridge.Measure]:
    """Return how often the four trained neurons decide as the spiking one would at its best."""
    probability = CELL.firing_probability(lesson.inputs)
    off = np.abs(probability - 0.5) > 1e-9  # on the line itself a coin decides
    measures = {}
    for name, neuron in lesson.neurons.items():
        decided = neuron.predict(lesson.inputs)[off]
        same = bridge.agreement(decided, probability[off] > 0.5)
        key = "agreement" if name == "sigmoid" else f"agreement_{name}"
        note = f"{name}: same side of p = 1/2 as the spiking neuron's law"
        measures[key] = replace(same, note=note)
    return measures


def _responses(response: Response) -> dict[str, bridge.Measure]:
    """Return how far the neurons' outputs and slopes are from the formulas."""
    measures = {}
    for name in KINDS:
        g = bridge.find_activation(name)
        off = float(np.abs(response.mean[name] - g(SCORES)).max())
        note = f"{WORDS[name]}; standard error up to {response.error[name].max():.2g}"
        measures[f"largest_difference_{name}"] = bridge.Measure(off, note=note)
        slope, error = response.slope(name)
        apart = SCORES[2:] - SCORES[:-2]
        expected = (g(SCORES[2:]) - g(SCORES[:-2])) / apart
        off = float(np.abs(slope - expected).max())
        note = f"of the slope over {apart[0]:g}; standard error up to {error.max():.2g}"
        measures[f"largest_slope_difference_{name}"] = bridge.Measure(off, note=note)
    for name, factor, words in (
        ("sigmoid", 1.0, "the variance of a spike is the derivative g (1 − g)"),
        ("tanh", 2.0, "twice the variance of the difference is the derivative 1 − g²"),
    ):
        derivative = bridge.find_activation(name).derivative(SCORES)
        off = float(np.abs(factor * response.variance[name] - derivative).max())
        measures[f"largest_variance_difference_{name}"] = bridge.Measure(off, note=words)
    return measures


def _learned(lesson: Lesson) -> dict[str, bridge.Measure]:
    """Return how well each trained neuron foretells new trials of the spiking one."""
    measures = {}
    told = {name: own.predict_proba(lesson.inputs)[:, 1] for name, own in lesson.neurons.items()}
    for name, probability in (told | {"best": CELL.firing_probability(lesson.inputs)}).items():
        right = bridge.agreement(lesson.fired, probability > 0.5)
        words = "the spiking neuron's own law" if name == "best" else _loss_of(name, lesson)
        measures[f"right_{name}"] = replace(right, note=words)
        measures[f"squared_error_{name}"] = bridge.brier_score(lesson.fired, probability)
    sigmoid, tanh = (lesson.neurons[name].coef_[0, 0] for name in ("sigmoid", "tanh"))
    note = "θ₁ of tanh over that of sigmoid, as tanh s = 2 σ(2s) − 1"
    return measures | {"weight_tanh_over_sigmoid": bridge.Measure(float(tanh / sigmoid), note=note)}


def _loss_of(name: str, lesson: Lesson) -> str:
    words = {"cross-entropy": "cross-entropy", "squared": "squared loss"}
    loss = words.get(lesson.neurons[name].loss, "perceptron rule")
    return f"{loss}, of {len(lesson.fired):,} new trials"


def _draw_activations(response: Response) -> Figure:
    """Draw each activation and its derivative, with what the neurons did on top."""
    from neurosim import plot

    fig = plot.figure(10.4, 5.4)
    grid = plot.panels(fig, 2, len(KINDS), sharex=True)
    line = np.linspace(-6.0, 6.0, 601)
    with plot.style():
        for k, name in enumerate(KINDS):
            g, (upper, lower) = bridge.find_activation(name), (grid[k], grid[k + len(KINDS)])
            upper.plot(line, g(line), color=DERIVED, lw=5, label="formula")
            lower.plot(line, g.derivative(line), color=DERIVED, lw=5)
            _draw_points(upper, SCORES, response.mean[name], response.error[name])
            _draw_points(lower, SCORES[1:-1], *response.slope(name))
            upper.set_title(f"{name}\n{WORDS[name]}", fontsize=9.5)
            lower.set_title(f"derivative {DERIVATIVES[name]}", fontsize=9.5)
            lower.set(xlabel="score", ylim=(-0.08, 1.15))
        grid[0].set_ylabel("output")
        grid[len(KINDS)].set_ylabel("slope over one unit of score")
        handles = grid[0].get_legend_handles_labels()
        fig.legend(*handles, loc="outside lower center", ncols=2)
    return fig


def _draw_points(
    axes: Axes, score: NDArray[np.float64], mean: NDArray[np.float64], error: NDArray[np.float64]
) -> None:
    half = bridge.NORMAL_95 * error
    words = "spiking neurons, 95 % interval"
    axes.errorbar(score, mean, half, fmt="D", ms=3.5, capsize=2, color=SPIKING, label=words)


def _draw_planes(lesson: Lesson, seed: int) -> Figure:
    """Draw firing probabilities over the plane of inputs: measured, and as each neuron learned."""
    points = np.stack(np.meshgrid(COUNTS, COUNTS), axis=-1).reshape(-1, 2)
    shape = (len(COUNTS), len(COUNTS))
    fired = CELL.fire(np.tile(points, (REPEATS, 1)), seed=seed)
    planes = {"spiking neuron": fired.reshape(-1, len(points)).mean(axis=0).reshape(shape)}
    for name, neuron in lesson.neurons.items():
        planes[f"learned, {name}"] = neuron.predict_proba(points)[:, 1].reshape(shape)
    return bridge.decision_plane(COUNTS, COUNTS, planes)


scenario = Scenario(
    name="activations",
    title="Sigmoid, tanh, ReLU and step, with derivatives, and the neurons that do the same",
    row="S7",
    source="L0 L1 L2",
    group="One artificial neuron",
    description=(
        "What a unit makes of its score. Sigmoid: a neuron with a soft threshold (escape noise) "
        "under a current fires within the run with probability sigma(score). Tanh: the same on "
        "the scale from -1 to 1; two neurons, of which one counts +1 and is driven by twice the "
        "score, the other -1 and by its negative. ReLU: the rate of a neuron that hardly leaks, "
        "which is proportional to the current and 0 below. Step: a neuron without noise. The "
        "derivatives g (1 - g), 1 - g^2, 0 or 1, are measured as slopes; the first two are also "
        "the variance of the spikes, of tanh twice that. Then one task, the trials of a "
        "neuron with two synapses, is learned with each activation; the step, whose derivative "
        "is 0, needs the perceptron rule."
    ),
    settings=Settings,
    duration=100.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
