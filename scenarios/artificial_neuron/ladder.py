"""From linear regression to a logistic neuron and a network.

Two inputs give 0 to 10 spikes each. A detector made of three spiking neurons fires if input 1 has
more spikes than input 2, and also if it has far fewer. Three models learn to predict its spikes by
gradient descent: linear regression (squared loss), one logistic neuron (cross-entropy), and a
network of logistic neurons with one hidden layer (cross-entropy). One neuron divides the plane of
inputs by one straight line and misses one of the two corners; the network finds both.

The trained models are then simulated with their weights in mV. For linear regression, a neuron
without noise fires if the prediction exceeds 1/2. The logistic neuron is a neuron with escape
noise. In the network, each hidden unit is represented by 1 or by 16 neurons: with more neurons,
their spikes represent the value of the unit with less noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
from scipy.special import expit

import bridge
import neurosim as ns
from bridge.spiking import NeuronGroup, fired_at
from bridge.spiking.neuron_groups import BETA
from scenarios import _kit as kit

NEURON = ns.LIF()
# Most spikes of each input.
MOST = 10
PLANE = kit.Plane.square(0.0, MOST, MOST + 1)
# PSPs (mV) of both inputs at the two neurons that detect a difference, and their escape noise (mV).
DETECTORS, DELTA = ((6.0, -6.0), (-2.5, 2.5)), 2.0
# Neurons that represent one hidden unit.
SIZES = (1, 16)
MODELS = {"linear": "linear regression", "neuron": "logistic neuron", "network": "network"}
COLOURS = {"linear": "#56B4E9", "neuron": "#CC79A7", "network": "#E69F00"}
# Most hidden units in the figure.
SHOWN = 4


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    trials: int = kit.setting(2000, "", 100, 100_000, "trials of the detector for training")
    held_out: int = kit.setting(1000, "", 100, 100_000, "trials of the detector for testing")
    hidden: int = kit.setting(4, "", 1, 20, "hidden units of the network")
    steps: int = kit.setting(1000, "", 1, 20_000, "most steps of gradient descent")
    repeats: int = kit.setting(60, "", 10, 1000, "trials of the network at each of 121 inputs")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hidden * self.repeats > 2000:
            raise ns.NeurosimError(
                f"hidden = {self.hidden} times repeats = {self.repeats} is above 2000: lower one"
            )


def detect(inputs: kit.Floats, seed: int, dt: float = 5.0) -> kit.Bools:
    """Return in which trials the detector fires, for spike counts of shape (n_trials, 2).

    One neuron fires if input 1 has more spikes than input 2, another if it has far fewer. A spike
    of either makes the third neuron, the detector, fire one step later.
    """
    net = ns.Network()
    either = net.add("either", len(inputs), NEURON)
    for name, psps in zip(("more", "fewer"), DETECTORS, strict=True):
        unit = bridge.SpikingUnit(NEURON, np.array(psps), bridge.EscapeNoise(DELTA))
        cell = kit.add_trials(net, name, unit, inputs, dt)
        net.connect(cell, either, ns.OneToOne(), psp=20.0, delay=dt)
    return fired_at(ns.simulate(net, 2.0 * dt, dt=dt, seed=seed), "either", step=2)


def true_probability(points: kit.Floats) -> kit.Floats:
    """Return the probability that the detector fires, for spike counts of shape (n, 2)."""
    distance = bridge.threshold_distance(NEURON)
    silent = [expit((distance - points @ psps) / DELTA) for psps in DETECTORS]
    return 1.0 - silent[0] * silent[1]


def scaled(points: kit.Floats) -> kit.Floats:
    """Return spike counts scaled to −1 … 1."""
    return points / (0.5 * MOST) - 1.0


def index_of(points: kit.Floats) -> kit.Floats:
    """Return the index of spike counts in `PLANE.points`, shape (n,)."""
    return (points[:, 0] + (MOST + 1) * points[:, 1]).astype(np.intp)


class Task(NamedTuple):
    """Trials of the detector for training and testing, and the trained models with their losses."""

    inputs: kit.Floats
    fired: kit.Bools
    test_inputs: kit.Floats
    test_fired: kit.Bools
    models: dict[str, bridge.LayeredNetwork]
    losses: dict[str, kit.Floats]

    def predict(self, model: str, points: kit.Floats) -> kit.Floats:
        """Return the output of a model for spike counts of shape (n, 2); shape (n,)."""
        return self.models[model](scaled(points))[:, 0]


@lru_cache(maxsize=4)
def trained(settings: Settings, seed: int) -> Task:
    """Simulate the detector, and train all models on its spikes."""
    shape = (settings.trials + settings.held_out, 2)
    inputs = np.random.default_rng(seed).integers(0, MOST + 1, shape).astype(float)
    fired = detect(inputs, seed)
    n, models, losses = settings.trials, {}, {}
    for name, widths, activations in (
        ("linear", [2, 1], ["linear"]),
        ("neuron", [2, 1], ["sigmoid"]),
        ("network", [2, settings.hidden, 1], ["sigmoid", "sigmoid"]),
    ):
        start = bridge.LayeredNetwork.random(widths, activations, seed)
        models[name], history = start.train(
            scaled(inputs[:n]), fired[:n], loss="squared" if name == "linear" else "cross-entropy",
            step=0.5 if name == "linear" else 2.0, max_iter=settings.steps,
        )  # fmt: skip
        losses[name] = history.loss
    return Task(inputs[:n], fired[:n], inputs[n:], fired[n:], models, losses)


def of_counts(layer: bridge.Layer) -> bridge.Layer:
    """Return a layer of scaled inputs as a layer of spike counts."""
    bias = layer.bias - layer.weights.sum(axis=1)
    return bridge.Layer(layer.weights / (0.5 * MOST), bias, layer.activation)


def spiking_network(model: bridge.LayeredNetwork, size: int) -> NeuronGroup:
    """Return the network in spikes, with `size` neurons for each hidden unit."""
    first, *others = model.layers
    layers = bridge.LayeredNetwork((of_counts(first), *others))
    return NeuronGroup(layers, size, name=f"network of {size}, ")


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add all trained models as spiking neurons, with separate neurons for each trial."""
    if options.duration < 1.5 * options.dt:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is one step of {options.dt:g} ms: a network with "
            f"a hidden layer needs two, {2.0 * options.dt:g} ms"
        )
    models = trained(settings, options.seed).models
    net = ns.Network(dale=False)
    line = of_counts(models["linear"].layers[0])
    half = bridge.LogisticUnit(float(line.bias[0]) - 0.5, line.weights[0])
    unit = bridge.to_spiking(half, neuron=NEURON, noise="escape", beta=0.05)
    resting = NEURON.v_rest + unit.current_depolarisation
    linear = net.add("linear", len(PLANE.points), NEURON, v_init=resting)
    net.drive(linear, ns.ConstantCurrent(unit.current))
    unit.present(net, linear, PLANE.points, at=options.dt)

    trials = np.tile(PLANE.points, (settings.repeats, 1))
    layer = of_counts(models["neuron"].layers[0])
    single = bridge.LogisticUnit(float(layer.bias[0]), layer.weights[0])
    unit = bridge.to_spiking(single, neuron=NEURON, noise="escape", beta=BETA)
    kit.add_trials(net, "neuron", unit, np.tile(trials, (10, 1)), options.dt)
    for size in SIZES:
        spiking_network(models["network"], size).add_to(net, trials, dt=options.dt)
    return net


def firing_fractions(
    result: ns.Result, settings: Settings
) -> tuple[dict[str, kit.Floats], kit.Floats]:
    """Return the fraction of trials with a spike at each input.

    Returns
    -------
    outputs : dict of str to (121,) ndarray
        By "linear", "neuron", "network of 1" and "network of 16".
    hidden : (n_hidden, 121) ndarray
        Of the hidden units that consist of 16 neurons.
    """
    n = len(PLANE.points)
    outputs = {
        name: fired_at(result, name).reshape(-1, n).mean(axis=0) for name in ("linear", "neuron")
    }
    model = trained(settings, result.seed).models["network"]
    for size in SIZES:
        hidden, output = spiking_network(model, size).outputs_in(result)
        outputs[f"network of {size}"] = output.reshape(-1, n).mean(axis=0)
    return outputs, hidden.reshape(-1, n, settings.hidden).mean(axis=0).T


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure which fraction of the test trials the spiking models predict."""
    task, (outputs, _) = trained(settings, result.seed), firing_fractions(result, settings)
    index, fired = index_of(task.test_inputs), task.test_fired
    found: kit.Findings = {"trials": settings.trials, "detector_fired": task.fired.mean()}
    for name, fraction in outputs.items():
        key = f"right_{name.replace(' ', '_')}"
        found[key] = ((fraction[index] > 0.5) == fired).mean()
        found[f"{key}_in_one_trial"] = np.where(fired, fraction[index], 1 - fraction[index]).mean()
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State which fraction of the test trials the spiking models predict."""
    names = {"neuron": "Logistic neuron (escape noise)"}
    for size in SIZES:
        names[f"network_of_{size}"] = (
            f"Network with {settings.hidden} hidden units of {size} neuron{'s' * (size > 1)}"
        )
    return [
        f"Three models were trained on {settings.trials:,} trials of a spiking detector, then "
        f"simulated as spiking neurons and tested on {settings.held_out:,} further trials.",
        f"The detector fired in {found['detector_fired']:.1%} of the training trials.",
        f"Linear regression (neuron without noise): {found['right_linear']:.1%} of the test trials "
        "are predicted correctly.",
        *(
            f"{name}: {found[f'right_{key}']:.1%} are predicted correctly by the majority of "
            f"simulated trials, and {found[f'right_{key}_in_one_trial']:.1%} by a single one."
            for key, name in names.items()
        ),
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the spiking models and the hidden units in the plane of inputs."""
    task, (outputs, hidden) = trained(settings, result.seed), firing_fractions(result, settings)
    planes = {"Detector": detector_fractions(task)}
    planes |= {f"{MODELS[name]} in spikes": values for name, values in _spiking(outputs).items()}
    title = "One neuron divides the plane by one line; the network finds both regions"
    weights = task.models["network"].layers[-1].weights[0, :SHOWN]
    units = {
        f"Unit {k + 1} ({'excitatory' if weight > 0 else 'inhibitory'})": hidden[k]
        for k, weight in enumerate(weights)
    }
    size = (max(6.4, 2.0 + 2.0 * len(units)), 2.9)
    hidden_title = "Hidden units of the network: each divides the plane by one line"
    return {
        "models": _planes_page(title, planes, 2, (7.6, 6.4)),
        "units": _planes_page(hidden_title, units, len(units), size),
    }


def _spiking(outputs: dict[str, kit.Floats]) -> dict[str, kit.Floats]:
    """Return the firing fractions of each model, for the network with most neurons."""
    last = f"network of {SIZES[-1]}"
    return {"linear": outputs["linear"], "neuron": outputs["neuron"], "network": outputs[last]}


def detector_fractions(task: Task) -> kit.Floats:
    """Return the fraction of trials with a spike of the detector at each input, or NaN."""
    index = index_of(np.concatenate([task.inputs, task.test_inputs]))
    fired = np.concatenate([task.fired, task.test_fired])
    trials = np.bincount(index, minlength=len(PLANE.points)).astype(float)
    trials[trials == 0] = np.nan
    return np.bincount(index, fired, minlength=len(PLANE.points)) / trials


def _planes_page(
    title: str, planes: dict[str, kit.Floats], columns: int, size: tuple[float, float]
) -> kit.Figure:
    """Draw firing probabilities in the plane of both inputs, with the line of 1/2 in white."""
    panels = [
        kit.panel(
            PLANE.draw, values, title=name, xticks=(0, 5, 10), yticks=(0, 5, 10), aspect="equal",
            xlabel="spikes of input 1" if k >= len(planes) - columns else "",
            ylabel="" if k % columns else "spikes of input 2",
        )
        for k, (name, values) in enumerate(planes.items())
    ]  # fmt: skip
    return kit.page(
        title, *panels, columns=columns, size=size, colourbar="firing probability", sharex=True,
        sharey=True,
    )  # fmt: skip


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the models on the test trials, and the spiking models with the abstract ones."""
    task, (outputs, hidden) = trained(settings, result.seed), firing_fractions(result, settings)
    same = bridge.agreement(
        outputs[f"network of {SIZES[-1]}"] > 0.5, task.predict("network", PLANE.points) > 0.5
    )
    label = "Inputs: network and spiking network agree"
    measures = {"agreement": same.labelled(label, f"of {len(PLANE.points)} inputs")}
    measures |= _abstract(task) | _spiking_measures(task, outputs, settings)
    units = task.models["network"].outputs(scaled(PLANE.points))[0].T
    measures["largest_difference_hidden"] = kit.Measure(
        float(np.abs(hidden - units).max()), label="Largest difference of hidden units",
        note=f"{SIZES[-1] * settings.repeats} trials",
    )  # fmt: skip
    right = [f"{MODELS[name]} {measures[f'right_{name}'].value:.1%}" for name in MODELS]
    conclusion = (
        f"Correct predictions of the test trials: {kit.listed(right)}; with "
        f"the true probabilities {measures['right_best'].value:.1%}."
    )
    planes = {
        f"{text}, abstract": task.predict(name, PLANE.points) for name, text in MODELS.items()
    }
    planes |= {f"{MODELS[name]}, spiking": values for name, values in _spiking(outputs).items()}
    title = "Trained models (top), and the same models in spikes (bottom)"
    drawings = {
        "planes": partial(_planes_page, title, planes, 3, (9.4, 6.2)),
        "training": partial(_training_page, task),
    }
    title = "Linear regression, a logistic neuron and a network: abstract and in spikes"
    return kit.Comparison(title, measures, drawings, conclusion)


def _abstract(task: Task) -> dict[str, kit.Measure]:
    """Return correct predictions and losses of the abstract models on the test trials."""
    measures = {}
    predictions = {name: task.predict(name, task.test_inputs) for name in MODELS}
    predictions["best"] = true_probability(task.test_inputs)
    for name, predicted in predictions.items():
        right = bridge.agreement(predicted > 0.5, task.test_fired)
        label = f"Correct predictions, {MODELS.get(name, 'true probability')}"
        measures[f"right_{name}"] = right.labelled(label)
        error = float(np.mean((predicted - task.test_fired) ** 2))
        measures[f"squared_error_{name}"] = kit.Measure(error)
        if name != "linear":
            measures[f"cross_entropy_{name}"] = bridge.cross_entropy(task.test_fired, predicted)
    return measures


def _spiking_measures(
    task: Task, outputs: dict[str, kit.Floats], settings: Settings
) -> dict[str, kit.Measure]:
    """Return correct predictions of the spiking models, and differences from the abstract ones."""
    index, measures = index_of(task.test_inputs), {}
    for name, fraction in outputs.items():
        key, model = f"spiking_{name.replace(' ', '_')}", name.split()[0]
        trials = {"linear": 1, "neuron": 10 * settings.repeats}.get(name, settings.repeats)
        right = bridge.agreement(fraction[index] > 0.5, task.test_fired)
        text = f"{name} neuron{'s' * (not name.endswith(' 1'))}" if model == "network" else name
        note = f"majority of {trials} trials" if trials > 1 else "without noise"
        measures[f"right_{key}"] = right.labelled(f"Correct, spiking {text}", note)
        if name != "linear":
            predicted = task.predict(model, PLANE.points)
            chance = np.sqrt(np.mean(predicted * (1.0 - predicted)) / trials)
            off = float(np.sqrt(np.mean((fraction - predicted) ** 2)))
            note = f"r.m.s.; sampling error {chance:.2g}"
            measures[f"difference_{key}"] = kit.Measure(off, note=note)
    return measures


def _training_page(task: Task) -> kit.Figure:
    """Draw the loss of each model by step."""

    def draw(axes: kit.Axes) -> None:
        for name, loss in task.losses.items():
            kind = "squared loss" if name == "linear" else "cross-entropy (nats)"
            axes.semilogx(1 + np.arange(len(loss)), loss, color=COLOURS[name], lw=2)
            label = f"{MODELS[name]}:\n{kind}"
            kit.label(axes, len(loss), loss[-1], label, COLOURS[name])
        axes.set_xlim(1, 5 * max(map(len, task.losses.values())))

    labels = {"xlabel": "step of gradient descent", "ylabel": "training loss"}
    title = "The network needs more steps, and reaches a lower cross-entropy"
    return kit.page(title, kit.panel(draw, **labels), size=(7.0, 4.2))


scenario = kit.lesson(__name__, row="S28", lectures=("L0",), duration=10.0, dt=5.0)
