"""Linear regression, a logistic neuron, a network of them: one task, abstract and in spikes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit

import bridge
from neurosim.scenario import Scenario
from scenarios._kit.trials import SPIKING
from scenarios.artificial_neuron.ladder_model import (
    COUNTS,
    DELTA,
    DETECTORS,
    NEURON,
    POINTS,
    SIZES,
    Outcome,
    Settings,
    Task,
    network,
    place_of,
    scaled,
    task_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    import neurosim as ns

RUNGS = {"linear": "#56B4E9", "neuron": "#CC79A7", "network": "#E69F00"}
"""Names of the rungs and their colours."""
TITLES = {
    "linear": "linear regression",
    "neuron": "logistic neuron",
    "network": "network of them",
}
SHOWN = 4
"""Most hidden units drawn."""


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure what the spiking rungs get right of the trials held out."""
    task, outcome = task_of(settings, result.seed), Outcome.of(result, settings)
    place = place_of(task.held_out)
    fired = task.held_out_fired
    found: dict[str, object] = {"trials": settings.trials, "detector_fired": task.fired.mean()}
    for name, share in outcome.shares.items():
        key = name.replace(" ", "_")
        found[f"right_{key}"] = ((share[place] > 0.5) == fired).mean()
        single = np.where(fired, share[place], 1.0 - share[place]).mean()
        found[f"right_{key}_in_one_trial"] = single
    return found


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw how often hidden neurons and the output fire over the plane of both inputs."""
    task, outcome = task_of(settings, result.seed), Outcome.of(result, settings)
    last = task.rungs["network"].layers[-1]
    planes = {}
    for k, weight in enumerate(last.weights[0][:SHOWN]):
        kind = "excites" if weight > 0 else "inhibits"
        planes[f"hidden unit {k + 1}, {kind}"] = square(outcome.hidden[k])
    planes["output"] = square(outcome.shares[f"network of {SIZES[-1]}"])
    return {"units": bridge.decision_plane(COUNTS, COUNTS, planes)}


def square(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values at `POINTS` as the plane of both inputs."""
    return values.reshape(len(COUNTS), len(COUNTS))


def law(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability that the detector fires, the best that can be foretold."""
    gap = bridge.threshold_distance(NEURON)
    silent = np.ones(len(points))
    for psps in DETECTORS:
        silent *= expit((gap - points @ psps) / DELTA)
    return 1.0 - silent


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set what every rung foretells of the trials held out beside what it does in spikes."""
    task, outcome = task_of(settings, result.seed), Outcome.of(result, settings)
    return bridge.Comparison(
        title="Linear regression, a logistic neuron, a network: abstract and in spikes",
        measures=_agreement(task, outcome) | _abstract(task) | _spiking(task, outcome, settings),
        drawings={
            "planes": partial(_draw_planes, task),
            "spiking-planes": partial(_draw_spiking_planes, outcome),
            "training": partial(_draw_training, task),
            "rates": partial(_draw_rates, task, outcome),
        },
    )


def _agreement(task: Task, outcome: Outcome) -> dict[str, bridge.Measure]:
    spiking = outcome.shares[f"network of {SIZES[-1]}"]
    same = bridge.agreement(spiking > 0.5, task.predicted("network", POINTS) > 0.5)
    return {"agreement": replace(same, note="spiking and abstract network, of the 121 inputs")}


def _abstract(task: Task) -> dict[str, bridge.Measure]:
    """Return share right and losses of the abstract rungs on the trials held out."""
    fired = task.held_out_fired
    measures = {}
    predictions = {name: task.predicted(name, task.held_out) for name in RUNGS}
    for name, predicted in (predictions | {"best": law(task.held_out)}).items():
        right = bridge.agreement(predicted > 0.5, fired)
        words = TITLES.get(name, "the law by which the detector fires")
        measures[f"right_{name}"] = replace(right, note=f"{words}, of {len(fired):,} held out")
        error = bridge.Measure(float(np.mean((predicted - fired) ** 2)))
        measures[f"squared_error_{name}"] = error
        if name != "linear":
            measures[f"cross_entropy_{name}"] = bridge.cross_entropy(fired, predicted)
    return measures


def _spiking(task: Task, outcome: Outcome, settings: Settings) -> dict[str, bridge.Measure]:
    """Return share right of the spiking rungs, and how far they fire from the abstract ones."""
    place, fired = place_of(task.held_out), task.held_out_fired
    measures = {}
    for name, share in outcome.shares.items():
        key = f"spiking_{name.replace(' ', '_')}"
        right = bridge.agreement(share[place] > 0.5, fired)
        single = np.where(fired, share[place], 1.0 - share[place]).mean()
        trials = outcome.trials[name]
        words = f"most of {trials} trials decide; one alone is right in {single:.3f}"
        if name == "linear":
            words = "a neuron without noise"
        measures[f"right_{key}"] = replace(right, note=words)
        if name != "linear":
            predicted = task.predicted(name.split()[0], POINTS)
            chance = np.sqrt(np.mean(predicted * (1.0 - predicted)) / trials)
            off = float(np.sqrt(np.mean((share - predicted) ** 2)))
            note = f"root mean square from the abstract output; chance alone {chance:.2g}"
            measures[f"difference_{key}"] = bridge.Measure(off, note=note)
    hidden = task.rungs["network"].outputs(scaled(POINTS))[0].T
    worst = float(np.abs(outcome.hidden - hidden).max())
    note = f"hidden units, {SIZES[-1] * settings.repeats} neurons at each input"
    return measures | {"largest_difference_hidden": bridge.Measure(worst, note=note)}


def _draw_planes(task: Task) -> Figure:
    """Draw what the detector did over the plane of inputs, and what each rung learned of it."""
    inputs = np.concatenate([task.inputs, task.held_out])
    fired = np.concatenate([task.fired, task.held_out_fired])
    place = place_of(inputs)
    trials = np.bincount(place, minlength=len(POINTS))
    share = np.full(len(POINTS), np.nan)
    seen = trials > 0
    share[seen] = np.bincount(place, fired, minlength=len(POINTS))[seen] / trials[seen]
    planes = {"the detector's spikes": square(share)}
    planes |= {TITLES[name]: square(task.predicted(name, POINTS)) for name in RUNGS}
    return bridge.decision_plane(COUNTS, COUNTS, planes)


def _draw_spiking_planes(outcome: Outcome) -> Figure:
    """Draw how often the spiking neuron of each rung fires over the plane of inputs."""
    planes = {"linear: no noise": square(outcome.shares["linear"])}
    planes["spiking neuron"] = square(outcome.shares["neuron"])
    for size in SIZES:
        words = "neuron" if size == 1 else "neurons"
        share = outcome.shares[f"network of {size}"]
        planes[f"network, {size} {words} a unit"] = square(share)
    return bridge.decision_plane(COUNTS, COUNTS, planes)


def _draw_training(task: Task) -> Figure:
    """Draw each rung's loss by step, and the shares right of the trials held out."""
    from neurosim import plot

    fig = plot.figure(8.4, 3.8)
    left, right = plot.panels(fig, 1, 2, width_ratios=(1.5, 1.0))
    with plot.style():
        for name, colour in RUNGS.items():
            loss = task.descents[name].loss
            label = TITLES[name]
            label += " (squared loss)" if name == "linear" else " (cross-entropy)"
            left.plot(1 + np.arange(len(loss)), loss, color=colour, lw=2, label=label)
        left.set(xscale="log", ylim=(0.0, None), xlabel="step of gradient descent")
        left.set_ylabel("loss on the trials learned from")
        fig.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
        shares = [task.predicted(name, task.held_out) > 0.5 for name in RUNGS]
        shares.append(law(task.held_out) > 0.5)
        rights = [bridge.agreement(share, task.held_out_fired) for share in shares]
        for k, (found, colour) in enumerate(zip(rights, [*RUNGS.values(), "0.7"], strict=True)):
            bar = _bounds(found)
            right.bar(k, found.value, 0.6, color=colour, yerr=bar, capsize=3)
        right.set_xticks(range(4), [*RUNGS, "best"])
        right.set(ylim=(0.5, 1.0), ylabel="share of trials held out right")
    return fig


def _bounds(found: bridge.Measure) -> NDArray[np.float64]:
    low, high = found.low or 0.0, found.high or 0.0
    return np.array([[found.value - low], [high - found.value]]).clip(0.0)


def _draw_rates(task: Task, outcome: Outcome) -> Figure:
    """Draw how often spiking units fire against the outputs of the abstract ones."""
    from neurosim import plot

    hidden = task.rungs["network"].outputs(scaled(POINTS))[0].T
    predicted = task.predicted("network", POINTS)
    fig = plot.figure(8.6, 3.5)
    grid = plot.panels(fig, 1, 1 + len(SIZES), sharex=True, sharey=True)
    with plot.style():
        _draw_pairs(grid[0], hidden.ravel(), outcome.hidden.ravel())
        grid[0].set(title="hidden units", ylabel="share of spiking trials")
        for axes, size in zip(grid[1:], SIZES, strict=True):
            _draw_pairs(axes, predicted, outcome.shares[f"network of {size}"])
            words = "neuron" if size == 1 else "neurons"
            axes.set_title(f"output, {size} {words} a unit")
    return fig


def _draw_pairs(axes: Axes, abstract: NDArray[np.float64], share: NDArray[np.float64]) -> None:
    options: dict[str, Any] = {"color": SPIKING, "ms": 4, "alpha": 0.6, "mew": 0.0}
    axes.plot([0.0, 1.0], [0.0, 1.0], color="0.7", lw=3, zorder=0)
    axes.plot(abstract, share, "o", **options)
    axes.set(xlabel="output of the abstract unit", aspect="equal")


scenario = Scenario(
    name="ladder",
    title="Linear regression, a logistic neuron, a network of them: one task, three rungs",
    row="S28",
    source="L0",
    group="One artificial neuron",
    description=(
        "Two inputs give 0 to 10 spikes each. A detector made of three spiking neurons fires if "
        "input 1 has more spikes than input 2, and again if it has far fewer. Its spikes are to be "
        "foretold, by three rungs, each trained by gradient descent: linear regression (squared "
        "loss), one logistic neuron, and a network with a hidden layer (cross-entropy), whose "
        "gradient is found by the chain rule. One neuron parts the plane by one line and misses "
        "the far corner; the network does not. The same three in spikes, with the trained weights "
        "in mV: a neuron without noise fires where the line is above 1/2; a neuron with a soft "
        f"threshold is the logistic one; in the network 1 or {SIZES[-1]} neurons stand for a "
        "hidden unit: the more they are, the less chance is left in what they tell the output."
    ),
    settings=Settings,
    duration=10.0,
    dt=5.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
