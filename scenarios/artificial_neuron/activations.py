"""Sigmoid, tanh, ReLU and step: activation functions and their neurons.

An activation function g maps the score of a unit to its output. Spiking neurons compute four of
them, with a constant current as the score. Sigmoid: a neuron with escape noise fires within the run
with probability σ(score). tanh: two such neurons receive opposite currents of twice the score, and
the output is their difference. ReLU: a neuron almost without leak fires at a rate proportional to
the current, and does not fire below 0. Step: a neuron without noise fires if the current exceeds
its threshold.

Their derivatives, g (1 − g), 1 − g², 0 or 1, and 0, are measured as slopes of the output. For the
first two, the derivative is also the variance of the output (twice the variance for tanh). In the
comparison, logistic neurons with each activation function are trained on the same trials of a
neuron with two synapses. The step has the derivative 0, so it needs the perceptron rule.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import bridge
import neurosim as ns
from scenarios import _kit as kit

NEURON = ns.LIF()
# A neuron almost without leak, and without refractory period.
INTEGRATOR = ns.LIF(tau_m=1000.0, t_ref=0.0)
# Rate of the integrator that represents an output of 1 (Hz).
UNIT_RATE = 20.0
SCORES, LINE = np.linspace(-6.0, 6.0, 25), np.linspace(-6.0, 6.0, 601)
# Neuron whose trials are learned, with two synapses.
CELL = bridge.SpikingUnit(NEURON, np.array([3.0, -2.0]), bridge.EscapeNoise(2.0))


# Name of each activation function, how neurons compute it, and its derivative.
KINDS = {
    "sigmoid": ("sigmoid", "escape noise: fraction that fires", "g (1 − g)"),
    "tanh": ("tanh", "two such neurons: difference", "1 − g²"),
    "relu": ("ReLU", f"no leak: rate / {UNIT_RATE:g} Hz", "0 or 1"),
    "step": ("step", "no noise: fires (1) or not (0)", "0, except at the jump"),
}
# Arguments of `bridge.LogisticNeuron`, by activation function.
TRAINING: dict[str, kit.Options] = {
    "sigmoid": {"activation": "sigmoid", "solver": "gradient"},
    "tanh": {"activation": "tanh", "solver": "gradient"},
    "relu": {"activation": "relu", "loss": "squared", "solver": "gradient"},
    "step": {"activation": "step", "loss": "perceptron", "solver": "stochastic", "max_iter": 100},
}


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    delta: float = kit.setting(2.0, "mV", 0.5, 10.0, "depolarisation for a score of 1")
    repeats: int = kit.setting(1000, "", 20, 20_000, "trials of each neuron at each score")
    trials: int = kit.setting(2000, "", 100, 100_000, "trials for training, and again for testing")


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add neurons of each kind, with one constant current for each score.

    With escape noise, a score s holds the potential at threshold + s·delta, and the escape rate is
    ln(1 + eˢ) per run. The run is then one trial, with probability σ(s) of a spike.
    """
    net = ns.Network()
    score = np.tile(SCORES, settings.repeats)
    noisy = ns.LIF(escape=ns.EscapeRate(settings.delta, tau=options.duration))
    for name, driven in (("sigmoid", score), ("plus", 2.0 * score), ("minus", -2.0 * score)):
        potential = noisy.v_threshold + settings.delta * driven
        cells = net.add(name, len(score), noisy, v_init=potential)
        net.drive(cells, ns.ConstantCurrent((potential - noisy.v_rest) / noisy.resistance))
    # With random initial phases, the mean spike count is proportional to the rate.
    low, high = INTEGRATOR.v_reset, INTEGRATOR.v_threshold
    cells = net.add("relu", len(score), INTEGRATOR, v_init=ns.Uniform(low, high))
    net.drive(cells, ns.ConstantCurrent(1e-3 * UNIT_RATE * score * INTEGRATOR.c_m * (high - low)))
    cells = net.add("step", len(SCORES), NEURON)
    depolarisation = NEURON.v_threshold - NEURON.v_rest + settings.delta * SCORES
    net.drive(cells, ns.ConstantCurrent(depolarisation / NEURON.resistance))
    return net


def outputs(result: ns.Result) -> dict[str, kit.Floats]:
    """Return the output of each kind of neuron in each trial, shape (n_trials, 25)."""
    counts = {name: one.counts().reshape(-1, len(SCORES)) for name, one in result.spikes.items()}
    fires = {name: np.minimum(count, 1) for name, count in counts.items()}
    return {
        "sigmoid": fires["sigmoid"],
        "tanh": fires["plus"] - fires["minus"],
        "relu": counts["relu"] / (1e-3 * result.duration * UNIT_RATE),
        "step": fires["step"],
    }


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the mean output of each kind of neuron, and its difference from the function."""
    found: kit.Findings = {"scores": SCORES}
    for name, output in outputs(result).items():
        difference = output.mean(axis=0) - bridge.find_activation(name)(SCORES)
        found[f"output_{name}"] = output.mean(axis=0)
        found[f"largest_difference_{name}"] = np.abs(difference).max()
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State how well the output of each kind of neuron equals the activation function."""
    return kit.sentences(
        found,
        f"Four kinds of neurons were driven by currents for {len(SCORES)} scores from −6 to 6, in "
        f"{settings.repeats:,} trials each.",
        *(
            f"{name} ({output}): the mean output differs from the function by at most "
            f"{{largest_difference_{key}:.3f}}."
            for key, (name, output, _) in KINDS.items()
        ),
        f"The standard error of a fraction is at most {0.5 / np.sqrt(settings.repeats):.3f}.",
    )


def chart(text: str, values: kit.Floats, samples: kit.Floats, **labels: Any) -> kit.Panel:
    """Describe a panel with values at `LINE`, and means of samples of shape (n_trials, 25)."""
    mean, half = samples.mean(axis=0), bridge.NORMAL_95 * samples.std(axis=0) / len(samples) ** 0.5
    look: kit.Options = {"fmt": "D", "ms": 3, "capsize": 2, "color": kit.SPIKING}

    def draw_samples(axes: kit.Axes) -> None:
        axes.errorbar(SCORES, mean, half, label="spiking neurons, 95 % interval", **look)

    function = kit.curve(LINE, values, text, **kit.ABSTRACT)
    return kit.chart(function, draw_samples, xlabel="score", **labels)


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the spikes of one neuron of each kind at every score, and the mean output."""
    upper, lower = [], []
    for key, (name, output, _) in KINDS.items():
        title, g = f"{name}\n{output}".replace(": ", ":\n"), bridge.find_activation(key)
        upper.append(kit.panel(_draw_spikes, result, key, title=title, xlabel="time (ms)"))
        lower.append(chart("function", g(LINE), outputs(result)[key]))
    upper[0].labels["ylabel"], lower[0].labels["ylabel"] = "score (current)", "mean output"
    title = "Spikes at each score (top); their mean is an activation function (bottom)"
    return {"spikes": kit.page(title, *upper, *lower, columns=4, size=(9.8, 6.2), legend=4)}


def _draw_spikes(axes: kit.Axes, result: ns.Result, name: str) -> None:
    """Draw the spikes of the first neuron at each score; with escape noise, only the first one."""
    pair = (("plus", ns.plot.EXCITATORY, "counts +1"), ("minus", ns.plot.INHIBITORY, "counts −1"))
    for population, colour, label in pair if name == "tanh" else [(name, kit.SPIKING, "")]:
        trains = result.spikes[population]
        first = trains.ids < len(SCORES)
        times, ids = trains.times[first], trains.ids[first]
        if name in ("sigmoid", "tanh"):
            ids, at = np.unique(ids, return_index=True)
            times = times[at]
        axes.plot(times, SCORES[ids], "|", color=colour, ms=6, mew=1.4, label=label)
    axes.axhline(0.0, color="0.45", lw=0.9, ls=":")
    axes.set(xlim=(0.0, result.duration), ylim=(-6.6, 6.6))


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the slopes with the derivatives, and train a neuron with each function."""
    measures, panels = {}, []
    for key, output in outputs(result).items():
        (name, _, text), g = KINDS[key], bridge.find_activation(key)
        slopes, expected = (np.gradient(y, SCORES, axis=-1) for y in (output, g(SCORES)))
        off, words = np.abs(slopes.mean(axis=0) - expected).max(), "Largest difference of slope"
        measures[f"largest_slope_difference_{key}"] = kit.Measure(off, label=f"{words}, {name}")
        panels.append(chart("derivative", g.derivative(LINE), slopes, title=f"{name}:\n{text}"))
    panels[0].labels.update(ylabel="derivative", ylim=(-0.08, 1.15))

    n = settings.trials
    inputs = np.random.default_rng(result.seed).choice(np.arange(11.0), (2 * n, 2))
    fired = CELL.fire(inputs, seed=result.seed)
    # Stochastic trials are not separable, so the perceptron rule does not converge.
    with warnings.catch_warnings(action="ignore"):
        neurons = {
            name: bridge.LogisticNeuron(**options).fit(inputs[:n], fired[:n])
            for name, options in TRAINING.items()
        }
    inputs, fired = inputs[n:], fired[n:]
    true = CELL.firing_probability(inputs)
    predictions = {name: neuron.predict_proba(inputs)[:, 1] for name, neuron in neurons.items()}
    for name, predicted in (predictions | {"best": true}).items():
        words = f"trained with {KINDS[name][0]}" if name in KINDS else "true probability"
        squared = bridge.brier_score(fired, predicted)
        measures[f"squared_error_{name}"] = squared.labelled(f"Squared error, {words}", "")
        measures[f"right_{name}"] = bridge.agreement(fired, predicted > 0.5)
    decided = np.abs(true - 0.5) > 1e-9
    same = bridge.agreement(neurons["sigmoid"].predict(inputs)[decided], true[decided] > 0.5)
    measures["agreement"] = same.labelled("Correct decisions after training with sigmoid")
    ratio = neurons["tanh"].coef_[0, 0] / neurons["sigmoid"].coef_[0, 0]
    measures["weight_tanh_over_sigmoid"] = kit.Measure(ratio)
    errors = [f"{KINDS[key][0]} {measures[f'squared_error_{key}'].value:.3f}" for key in KINDS]
    conclusion = (
        "Each kind of neuron computes its activation function. Squared errors after training on "
        f"stochastic trials: {kit.listed(errors)}. The step predicts no probabilities."
    )
    message = "The slope of the output is the derivative of the activation function"
    drawing = partial(kit.page, message, *panels, columns=4, size=(9.8, 3.6), legend=2, sharey=True)
    title = "Activation functions: spiking neurons, formulas and training"
    return kit.Comparison(title, measures, {"derivatives": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S7", lectures=("L0", "L1", "L2"), duration=100.0)
