"""From linear regression to a logistic neuron and a network.

Two inputs give 0 to 10 spikes each. A detector made of three spiking neurons fires if input 1 has
more spikes than input 2, and also if it has far fewer. Three models learn to predict its spikes by
gradient descent: linear regression (squared loss), one logistic neuron (cross-entropy), and a
network of logistic neurons with one hidden layer (cross-entropy). One neuron divides the plane of
inputs by one straight line and misses one of the two corners; the network finds both.

The trained models are then simulated with their weights in mV. For linear regression, a neuron
without noise fires if the prediction exceeds 1/2. The logistic neuron is a neuron with escape
noise. In the network, 16 neurons represent each hidden unit: the fraction that fires is its
value.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from scipy.special import expit

import bridge
import neurosim as ns
from bridge.spiking import NeuronGroup, fired_at
from scenarios import _kit as kit

NEURON = ns.LIF()
# Most spikes of each input.
MOST = 10
PLANE = kit.Plane.square(0.0, MOST, MOST + 1)
# Spike counts of all inputs, scaled to −1 … 1.
SCALED = PLANE.points / (0.5 * MOST) - 1.0
# PSPs of both inputs at the two neurons that detect a difference, and their escape noise (mV).
DETECTORS, DELTA = ((6.0, -6.0), (-2.5, 2.5)), 2.0
# Neurons that represent one hidden unit.
SIZE = 16
MODELS = {"linear": "linear regression", "neuron": "logistic neuron", "network": "network"}


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    trials: int = kit.setting(2000, "", 100, 100_000, "trials of the detector for training")
    held_out: int = kit.setting(1000, "", 100, 100_000, "trials of the detector for testing")
    hidden: int = kit.setting(4, "", 1, 20, "hidden units of the network")
    steps: int = kit.setting(1000, "", 1, 20_000, "most steps of gradient descent")
    repeats: int = kit.setting(60, "", 10, 100, "trials of the network at each of 121 inputs")

    def examples(self, seed: int) -> tuple[kit.Integers, kit.Bools]:
        """Return trials of the detector, those for training first: index of the input, spike."""
        shape = self.trials + self.held_out, 2
        first, second = np.random.default_rng(seed).integers(0, MOST + 1, shape).T
        index = first + (MOST + 1) * second
        return index, detect(PLANE.points[index], seed)


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


@lru_cache(maxsize=4)
def trained(settings: Settings, seed: int) -> dict[str, bridge.LayeredNetwork]:
    """Train all models on the spikes of the detector; their inputs are scaled to −1 … 1."""
    index, fired = (each[: settings.trials] for each in settings.examples(seed))
    inputs, models = SCALED[index], {}
    loss: Any
    for name, widths, activations, loss, step in (
        ("linear", [2, 1], ["linear"], "squared", 0.5),
        ("neuron", [2, 1], ["sigmoid"], "cross-entropy", 2.0),
        ("network", [2, settings.hidden, 1], ["sigmoid", "sigmoid"], "cross-entropy", 2.0),
    ):
        start = bridge.LayeredNetwork.random(widths, activations, seed)
        models[name], _ = start.train(inputs, fired, loss=loss, step=step, max_iter=settings.steps)
    return models


def spiking(settings: Settings, seed: int) -> dict[str, NeuronGroup]:
    """Return all models as spiking neurons whose inputs are spike counts."""
    groups = {}
    for name, model in trained(settings, seed).items():
        first, *others = model.layers
        bias, activation = first.bias - first.weights.sum(axis=1), first.activation
        if name == "linear":  # fires if the prediction exceeds 1/2
            bias, activation = bias - 0.5, bridge.find_activation("step")
        layer = bridge.Layer(first.weights / (0.5 * MOST), bias, activation)
        layers = bridge.LayeredNetwork((layer, *others))
        groups[name] = NeuronGroup(layers, SIZE, name=f"{MODELS[name]}, ")
    return groups


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add all trained models as spiking neurons, with separate neurons for each trial."""
    repeats = {"linear": 1, "neuron": 10 * settings.repeats, "network": settings.repeats}
    models = spiking(settings, options.seed)
    return kit.group_trials(
        options,
        [(group, np.tile(PLANE.points, (repeats[name], 1))) for name, group in models.items()],
    )


def firing_fractions(result: ns.Result, settings: Settings) -> dict[str, kit.Floats]:
    """Return the fraction of trials with a spike at each of the 121 inputs, by model."""
    return {
        name: group.outputs_in(result)[-1].reshape(-1, len(PLANE.points)).mean(axis=0)
        for name, group in spiking(settings, result.seed).items()
    }


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure which fraction of the test trials the spiking models predict."""
    index, tested = (each[settings.trials :] for each in settings.examples(result.seed))
    found: kit.Findings = {"detector_fired": tested.mean()}
    for name, each in firing_fractions(result, settings).items():
        found[f"right_{name}"] = ((each[index] > 0.5) == tested).mean()
        found[f"right_{name}_in_one_trial"] = np.where(tested, each[index], 1 - each[index]).mean()
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State which fraction of the test trials the spiking models predict."""
    return kit.sentences(
        found,
        f"Three models were trained on {settings.trials:,} trials of a spiking detector, then "
        f"simulated as spiking neurons and tested on {settings.held_out:,} further trials.",
        "The detector fired in {detector_fired:.1%} of the test trials.",
        *(
            f"{name.capitalize()}: the majority of simulated trials predicts {{right_{key}:.1%}} "
            f"of the test trials correctly, a single one {{right_{key}_in_one_trial:.1%}}."
            for key, name in MODELS.items()
        ),
    )


def _planes_page(title: str, planes: dict[str, kit.Floats], **layout: Any) -> kit.Figure:
    """Draw firing probabilities in the plane of both inputs, with the line of 1/2 in white."""
    panels = [
        kit.panel(
            PLANE.draw, values, title=name, xticks=(0, 5, 10), yticks=(0, 5, 10), aspect="equal",
            xlabel="spikes of input 1", ylabel="spikes of input 2",
        )
        for name, values in planes.items()
    ]  # fmt: skip
    label = "firing probability"
    return kit.page(title, *panels, colourbar=label, sharex=True, sharey=True, **layout)


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the spiking models in the plane of inputs."""
    (index, fired), n = settings.examples(result.seed), len(PLANE.points)
    trials = np.maximum(np.bincount(index, minlength=n), 1)
    planes = {"Detector": np.bincount(index, fired, minlength=n) / trials}
    for name, values in firing_fractions(result, settings).items():
        planes[f"{MODELS[name].capitalize()} in spikes"] = values
    title = "One neuron divides the plane by one line; the network finds both regions"
    return {"models": _planes_page(title, planes, columns=2, size=(7.6, 6.4))}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the models on the test trials, and the spiking models with the abstract ones."""
    models, fractions = trained(settings, result.seed), firing_fractions(result, settings)
    index, fired = (each[settings.trials :] for each in settings.examples(result.seed))
    planes = {name: model(SCALED)[:, 0].clip(0.0, 1.0) for name, model in models.items()}
    same = bridge.agreement(fractions["network"] > 0.5, planes["network"] > 0.5)
    best = bridge.agreement(true_probability(PLANE.points)[index] > 0.5, fired)
    measures = {
        "agreement": same.labelled("Inputs: network and spiking network agree", "of 121 inputs"),
        "right_best": best.labelled("Correct predictions, true probability"),
    }
    for name, words in MODELS.items():
        predicted, simulated = planes[name][index], fractions[name][index]
        right = bridge.agreement(predicted > 0.5, fired)
        measures[f"right_{name}"] = right.labelled(f"Correct predictions, {words}")
        right = bridge.agreement(simulated > 0.5, fired)
        measures[f"right_spiking_{name}"] = right.labelled(f"Correct predictions, spiking {words}")
        squared = bridge.brier_score(fired, predicted)
        measures[f"squared_error_{name}"] = squared.labelled(f"Squared error, {words}")
    right_of = [f"{words} {measures[f'right_{name}'].value:.1%}" for name, words in MODELS.items()]
    conclusion = (
        f"Correct predictions of the test trials: {kit.listed(right_of)}; with the true "
        f"probabilities {best.value:.1%}."
    )
    panels = {f"{MODELS[name]}, abstract": plane for name, plane in planes.items()}
    panels |= {f"{MODELS[name]}, spiking": plane for name, plane in fractions.items()}
    title = "Spiking neurons (bottom) decide as the trained models (top)"
    drawings = {"planes": partial(_planes_page, title, panels, size=(9.4, 6.2))}
    title = "Linear regression, a logistic neuron and a network: abstract and in spikes"
    return kit.Comparison(title, measures, drawings, conclusion)


scenario = kit.lesson(__name__, row="S28", lectures=("L0",), duration=10.0, dt=5.0)
