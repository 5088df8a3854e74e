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
from functools import lru_cache, partial
from typing import NamedTuple

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
# Neuron whose trials are learned, and the numbers of spikes at each of its two synapses.
CELL = bridge.SpikingUnit(NEURON, np.array([3.0, -2.0]), bridge.EscapeNoise(2.0))
COUNTS = np.arange(11.0)


class Activation(NamedTuple):
    """Names of an activation function."""

    name: str
    output: str
    derivative: str


KINDS = {
    "sigmoid": Activation("sigmoid", "escape noise:\nfraction that fires", "g (1 − g)"),
    "tanh": Activation("tanh", "two such neurons:\ndifference", "1 − g²"),
    "relu": Activation("ReLU", f"no leak:\nrate / {UNIT_RATE:g} Hz", "0 or 1"),
    "step": Activation("step", "no noise:\nfires (1) or not (0)", "0, except at the jump"),
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
    phase = ns.Uniform(INTEGRATOR.v_reset, INTEGRATOR.v_threshold)
    cells = net.add("relu", len(score), INTEGRATOR, v_init=phase)
    distance = INTEGRATOR.v_threshold - INTEGRATOR.v_reset
    net.drive(cells, ns.ConstantCurrent(1e-3 * UNIT_RATE * score * INTEGRATOR.c_m * distance))
    cells = net.add("step", len(SCORES), NEURON)
    depolarisation = NEURON.v_threshold - NEURON.v_rest + settings.delta * SCORES
    net.drive(cells, ns.ConstantCurrent(depolarisation / NEURON.resistance))
    return net


class Response(NamedTuple):
    """Mean, standard error of the mean, and variance of the output at each score, shape (25,)."""

    mean: kit.Floats
    error: kit.Floats
    variance: kit.Floats

    def slope(self) -> tuple[kit.Floats, kit.Floats]:
        """Return the slope between the neighbours of each inner score, and its standard error."""
        return slope_over_neighbours(self.mean), np.hypot(self.error[2:], self.error[:-2]) / SPAN


SPAN = SCORES[2:] - SCORES[:-2]


def slope_over_neighbours(values: kit.Floats) -> kit.Floats:
    """Return the slope between the neighbours of each inner score, shape (23,)."""
    return (values[2:] - values[:-2]) / SPAN


def responses(result: ns.Result) -> dict[str, Response]:
    """Return the output of each kind of neuron, by name."""
    counts = {
        name: trains.counts().reshape(-1, len(SCORES)).astype(float)
        for name, trains in result.spikes.items()
    }
    outputs = {
        "sigmoid": np.minimum(counts["sigmoid"], 1.0),
        "tanh": np.minimum(counts["plus"], 1.0) - np.minimum(counts["minus"], 1.0),
        "relu": counts["relu"] / (1e-3 * result.duration * UNIT_RATE),
        "step": np.minimum(counts["step"], 1.0),
    }
    return {
        name: Response(each.mean(axis=0), each.std(axis=0) / len(each) ** 0.5, each.var(axis=0))
        for name, each in outputs.items()
    }


def largest_difference(name: str, mean: kit.Floats) -> float:
    """Return the largest difference of the mean output from the activation function."""
    return float(np.abs(mean - bridge.find_activation(name)(SCORES)).max())


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the mean output of each kind of neuron, and its difference from the function."""
    found: kit.Findings = {"scores": SCORES}
    for name, response in responses(result).items():
        found[f"output_{name}"] = response.mean
        found[f"largest_difference_{name}"] = largest_difference(name, response.mean)
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State how well the output of each kind of neuron equals the activation function."""
    texts = {
        "sigmoid": "the fraction of trials in which a neuron with escape noise fires",
        "tanh": "the difference of two such neurons",
        "relu": f"the rate of a neuron almost without leak, divided by {UNIT_RATE:g} Hz,",
        "step": "the output of a neuron without noise",
    }
    return [
        f"Four kinds of neurons were driven by currents for {len(SCORES)} scores from −6 to 6, in "
        f"{settings.repeats:,} trials each.",
        *(
            f"{KINDS[name].name}: {text} differs from the function by at most "
            f"{found[f'largest_difference_{name}']:.3f}."
            for name, text in texts.items()
        ),
        f"The standard error of a fraction is at most {0.5 / np.sqrt(settings.repeats):.3f}.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the spikes of one neuron of each kind at every score, and the mean output."""
    upper = [
        kit.panel(
            _draw_spikes, result, name, title=f"{kind.name}\n{kind.output}", xlabel="time (ms)",
            xlim=(0.0, result.duration), ylim=(-6.6, 6.6), ylabel="" if k else "score (current)",
        )
        for k, (name, kind) in enumerate(KINDS.items())
    ]  # fmt: skip
    lower = [
        kit.chart(
            kit.curve(LINE, bridge.find_activation(name)(LINE), "function", **kit.ABSTRACT),
            points(SCORES, response.mean, response.error), xlabel="score",
            ylabel="" if name != "sigmoid" else "mean output",
        )
        for name, response in responses(result).items()
    ]  # fmt: skip
    title = "Spikes of one neuron at each score (top), and the mean output of all trials"
    return {"spikes": kit.page(title, *upper, *lower, columns=4, size=(9.8, 6.2), legend=4)}


def points(scores: kit.Floats, mean: kit.Floats, error: kit.Floats) -> kit.Layer:
    """Return measured values with their 95 % intervals."""
    half, label = bridge.NORMAL_95 * error, "spiking neurons, 95 % interval"
    return lambda axes: axes.errorbar(
        scores, mean, half, fmt="D", ms=3, capsize=2, color=kit.SPIKING, label=label
    )


def _draw_spikes(axes: kit.Axes, result: ns.Result, name: str) -> None:
    """Draw the spikes of the first neuron at each score; with escape noise, only the first one."""
    rows = {"plus": ns.plot.EXCITATORY, "minus": ns.plot.INHIBITORY}
    for population, colour in rows.items() if name == "tanh" else [(name, kit.SPIKING)]:
        trains = result.spikes[population]
        first = trains.ids < len(SCORES)
        times, ids = trains.times[first], trains.ids[first]
        if name in ("sigmoid", "tanh"):
            ids, at = np.unique(ids, return_index=True)
            times = times[at]
        label = {"plus": "counts +1", "minus": "counts −1"}.get(population, "")
        axes.plot(times, SCORES[ids], "|", color=colour, ms=6, mew=1.4, label=label)
    axes.axhline(0.0, color="0.45", lw=0.9, ls=":")


@lru_cache(maxsize=4)
def trained_neurons(
    trials: int, seed: int
) -> tuple[kit.Floats, kit.Bools, dict[str, bridge.LogisticNeuron]]:
    """Train a neuron with each activation function on trials of `CELL`.

    Returns
    -------
    inputs : (trials, 2) ndarray
        Numbers of spikes in further trials, for testing.
    fired : (trials,) ndarray of bool
    neurons : dict of str to LogisticNeuron
    """
    inputs = np.random.default_rng(seed).choice(COUNTS, (2 * trials, 2))
    fired = CELL.fire(inputs, seed=seed)
    neurons = {
        "sigmoid": bridge.LogisticNeuron(activation="sigmoid", solver="gradient"),
        "tanh": bridge.LogisticNeuron(activation="tanh", solver="gradient"),
        "relu": bridge.LogisticNeuron(loss="squared", activation="relu", solver="gradient"),
        "step": bridge.LogisticNeuron(
            loss="perceptron", activation="step", solver="stochastic", max_iter=100
        ),
    }
    with warnings.catch_warnings():
        # Stochastic trials are not separable, so the perceptron rule does not converge.
        warnings.filterwarnings("ignore", message=".* trials are misclassified")
        for neuron in neurons.values():
            neuron.fit(inputs[:trials], fired[:trials])
    return inputs[trials:], fired[trials:], neurons


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare outputs, slopes and variances with the functions, and train with each function."""
    inputs, fired, neurons = trained_neurons(settings.trials, result.seed)
    probability = CELL.firing_probability(inputs)
    decided = np.abs(probability - 0.5) > 1e-9
    same = bridge.agreement(neurons["sigmoid"].predict(inputs)[decided], probability[decided] > 0.5)
    sigmoid, tanh = (neurons[name].coef_[0, 0] for name in ("sigmoid", "tanh"))
    measures = kit.rows({}, ("agreement", "Correct decisions after training", same))
    measures["weight_tanh_over_sigmoid"] = kit.Measure(tanh / sigmoid)
    predictions = {name: neuron.predict_proba(inputs)[:, 1] for name, neuron in neurons.items()}
    for name, predicted in (predictions | {"best": probability}).items():
        words = "true probability" if name == "best" else f"trained with {KINDS[name].name}"
        error = bridge.brier_score(fired, predicted)
        measures[f"squared_error_{name}"] = error.labelled(f"Squared error, {words}", "")
        measures[f"right_{name}"] = bridge.agreement(fired, predicted > 0.5)
    panels = []
    for name, response in responses(result).items():
        g, (slope, chance) = bridge.find_activation(name), response.slope()
        off = np.abs(slope - slope_over_neighbours(g(SCORES))).max()
        words = f"Largest difference of slope, {KINDS[name].name}"
        measures[f"largest_slope_difference_{name}"] = kit.Measure(off, label=words)
        panels.append(
            kit.chart(
                kit.curve(LINE, g.derivative(LINE), "derivative", **kit.ABSTRACT),
                points(SCORES[1:-1], slope, chance), xlabel="score", ylim=(-0.08, 1.15),
                title=f"{KINDS[name].name}:\n{KINDS[name].derivative}",
                ylabel="derivative" if name == "sigmoid" else "",
            )
        )  # fmt: skip
    errors = {name: measures[f"squared_error_{name}"].value for name in KINDS}
    best = min(errors, key=lambda name: errors[name])
    conclusion = (
        "Each kind of neuron computes its activation function. For stochastic trials, training "
        f"with {KINDS[best].name} gives the smallest squared error ({errors[best]:.3f}), and the "
        f"step, which predicts no probabilities, {errors['step']:.3f}."
    )
    message = "The slope of the output is the derivative of the activation function"
    drawing = partial(kit.page, message, *panels, columns=4, size=(9.8, 3.6), legend=2, sharey=True)
    title = "Activation functions: spiking neurons, formulas and training"
    return kit.Comparison(title, measures, {"derivatives": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S7", lectures=("L0", "L1", "L2"), duration=100.0)
