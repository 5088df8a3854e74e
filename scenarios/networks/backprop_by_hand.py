"""Backpropagation by hand: six weights, one step, and the same sums in mV.

The inputs are 2 and 3, the weights of the hidden units 0.11, 0.21 and 0.12, 0.08, and those of the
output 0.14, 0.15. There are no biases and no activation functions. Forward pass: the hidden units
are 0.85 and 0.48, the prediction is 0.191, and the error ½ (0.191 − 1)² is 0.327. Backward pass,
with Δ = 0.191 − 1 = −0.809 and a step size of 0.05: the new weights of the output are 0.17, 0.17,
and those of the hidden units 0.12, 0.23 and 0.13, 0.10.

In spikes, 10 mV represent a signal of 1. Two input spikes of 1.1 mV and three of 2.1 mV raise the
potential of a neuron with almost no leak by 8.5 mV: the first hidden unit. A group of neurons with
the same synapses passes the signal on. Each starts 0.1 mV further from threshold than the previous
one, so that 85 of them fire, and each spike raises the potential of the output by 0.014 mV. The
second unit recruits 48 neurons, and the output reaches 1.91 mV. The same is done with the weights
after the step.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

import bridge
import neurosim as ns
from scenarios import _kit as kit
from scenarios._kit.diagrams import draw_diagram

INPUTS, TARGET = np.array([[2.0, 3.0]]), 1.0
HIDDEN = bridge.Layer.partial([[0.11, 0.21], [0.12, 0.08]], None, "linear")
OUTPUT = bridge.Layer.partial([[0.14, 0.15]], None, "linear")
# The network of the lecture: weights of each hidden unit, and of the output.
START = bridge.LayeredNetwork((HIDDEN, OUTPUT))
# Potential that represents a signal of 1 (mV).
ONE = 10.0
# Neurons that a hidden signal of 1 recruits, and size of a group. The last one never fires.
NEURONS, SIZE = 100, 200
# Spike times of both inputs (ms): two spikes and three spikes.
ARRIVALS = ((0.2, 0.4), (0.6, 0.8, 1.0))
# Neuron with almost no leak.
CELL = ns.LIF(tau_m=1000.0)
# The same with a threshold out of reach, so that its potential is the sum of its inputs.
INTEGRATOR = ns.LIF(tau_m=1000.0, v_threshold=-20.0)
# Initial potentials of a group (mV).
V_START = CELL.v_threshold - ONE * (np.arange(SIZE) + 0.5) / NEURONS
# Colours of the hidden units.
COLOURS = ("#E69F00", "#56B4E9")


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    rate: float = kit.setting(0.05, "", 0.001, 0.1, "step size of gradient descent")


def networks(settings: Settings) -> list[bridge.LayeredNetwork]:
    """Return the network before and after one step of gradient descent."""
    _, gradient = START.loss_and_gradient(INPUTS, [TARGET], "squared")
    return [START, START.with_parameters(START.parameters - settings.rate * gradient)]


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add the neurons twice, with the weights before and after the step.

    Each hidden unit is a group of neurons that start 0.05, 0.15, 0.25 … mV below threshold: a
    signal h makes the first 100 h of them fire.
    """
    enough = ARRIVALS[-1][-1] + 2.0 * options.dt
    kit.require_duration(options, enough, "ends before the last spikes reach the output")
    hidden, last = zip(*(each.layers for each in networks(settings)), strict=True)
    copy = np.repeat([0, 1], SIZE)
    rule = ns.Explicit(np.arange(2 * SIZE), copy)
    net = ns.Network()
    output = net.add("output", 2, INTEGRATOR)
    net.record(output, "v")
    for k in range(2):
        group = net.add(f"hidden {k + 1}", 2 * SIZE, CELL, v_init=np.tile(V_START, 2))
        net.record(group, "v", ids=[SIZE - 1, 2 * SIZE - 1])
        weights = np.array([layer.weights[k] for layer in hidden])
        for weight, times in zip(weights.T, ARRIVALS, strict=True):
            net.drive(group, ns.SpikeTimes(times), psp=ONE * weight[copy])
        onward = np.array([layer.weights[0, k] for layer in last])
        net.connect(group, output, rule, psp=ONE * onward[copy] / NEURONS, delay=options.dt)
    return net


def potential(result: ns.Result, name: str) -> kit.Floats:
    """Return the sum of PSPs of the output, or of the last neuron of a group (mV)."""
    start = INTEGRATOR.v_rest if name == "output" else V_START[-1]
    return result.traces[name, "v"].values - start


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Compute the forward and the backward pass, and measure the same signals in spikes."""
    hidden, prediction = START.outputs(INPUTS)
    error, gradient = START.loss_and_gradient(INPUTS, [TARGET], "squared")
    after, spiking = networks(settings)[1], potential(result, "output")[-1] / ONE
    groups = ("hidden 1", "hidden 2")
    recruited = [np.sum(result.spikes[name].ids < SIZE) / NEURONS for name in groups]
    return {
        "hidden": hidden[0],
        "prediction": prediction[0, 0],
        "error": error,
        "delta": prediction[0, 0] - TARGET,
        "gradient": gradient,
        "new_output_weights": after.layers[1].weights[0],
        "new_hidden_weights": after.layers[0].weights,
        "new_prediction": after(INPUTS)[0, 0],
        "spiking_hidden_mv": [potential(result, name)[-1, 0] for name in groups],
        "spiking_hidden_recruited": recruited,
        "spiking_prediction": spiking[0],
        "spiking_new_prediction": spiking[1],
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the signals and the weights, by hand and in spikes."""
    return kit.sentences(
        found,
        "A network of two inputs, two hidden units and one output was evaluated by hand and with "
        "spiking neurons.",
        "Forward pass: hidden units {hidden[0]:.2f} and {hidden[1]:.2f}, prediction "
        "{prediction:.3f}, error {error:.3f}.",
        "In spikes: the hidden units reach {spiking_hidden_mv[0]:.2f} and "
        "{spiking_hidden_mv[1]:.2f} mV and recruit a fraction {spiking_hidden_recruited[0]:.2f} "
        f"and {{spiking_hidden_recruited[1]:.2f}} of {NEURONS} neurons; the output reaches "
        f"{ONE * found['spiking_prediction']:.2f} mV, where {ONE:g} mV represent 1.",
        f"Backward pass with Δ = {{delta:.3f}} and step size {settings.rate:g}: output weights "
        "{new_output_weights[0]:.2f} and {new_output_weights[1]:.2f}; hidden weights "
        "{new_hidden_weights[0][0]:.2f} and {new_hidden_weights[0][1]:.2f}; "
        "{new_hidden_weights[1][0]:.2f} and {new_hidden_weights[1][1]:.2f}.",
        "Then the prediction is {new_prediction:.3f}, and {spiking_new_prediction:.3f} in spikes.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw how spikes add up in the hidden units and in the output, before the first step."""

    def sums(name: str, label: str, colour: str) -> kit.Layer:
        times, above = result.traces[name, "v"].times, potential(result, name)[:, 0]
        text = f"{label}: {above[-1]:.2f} mV"
        return kit.curve(times, above, text=text, at=-4, side="above", color=colour, lw=2,
                         drawstyle="steps-post")  # fmt: skip

    hidden, recruited = [], []
    for k, colour in enumerate(COLOURS, 1):
        trains = result.spikes[f"hidden {k}"].of(np.arange(SIZE))
        look: kit.Options = {"ls": "", "marker": "_", "color": colour, "ms": 6}
        recruited.append(kit.curve(trains.times + 0.04 * k - 0.06, 1 + trains.ids, **look))
        hidden.append(sums(f"hidden {k}", f"unit {k}", colour))
    axis = {"ylabel": "potential above start (mV)", "xlabel": "time (ms)", "xlim": (0, 1.5)}
    fig = kit.page(
        "PSPs add up, and each group passes the sum on as a number of spikes",
        kit.chart(*hidden, title="Hidden units sum their PSPs", ylim=(0, 9.5), **axis),
        kit.chart(*recruited, title="and recruit neurons (–)", ylim=(0, 90), xlabel="time (ms)",
                  ylabel="neuron of the group"),
        kit.chart(sums("output", "output", ns.plot.NEUTRAL), ylim=(0, 2.15),
                  title="whose spikes the output sums", **axis),
        size=(9.6, 3.7), sharex=True,
    )  # fmt: skip
    return {"forward": fig}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the signals in spikes with those by hand, before and after the step."""
    found = findings(result, settings)
    pairs = {"Before": found["prediction"], "After one step": found["new_prediction"]}
    off = np.abs(potential(result, "output")[-1] / ONE - [*pairs.values()]).max()
    measures = kit.rows(
        found,
        ("prediction", "Prediction by hand"),
        ("spiking_prediction", "Prediction in spikes (10 mV: 1)"),
        ("new_prediction", "After one step, by hand"),
        ("spiking_new_prediction", "After one step, in spikes"),
        ("largest_difference_prediction", "Largest difference", off),
    )
    errors = [0.5 * (prediction - TARGET) ** 2 for prediction in pairs.values()]
    conclusion = (
        f"Membrane potentials reproduce the sums of the network to within {off:.2g}; one step of "
        f"gradient descent reduces the error from {errors[0]:.3f} to {errors[1]:.3f}."
    )
    panels = [
        kit.panel(_draw, one, title=f"{words}: ½ ({p:.3f} − 1)² = {error:.3f}")
        for one, (words, p), error in zip(networks(settings), pairs.items(), errors, strict=True)
    ]
    message = "One step of gradient descent changes all six weights and reduces the error"
    drawing = partial(kit.page, message, *panels, size=(9.2, 3.5))
    title = "Backpropagation by hand, and the same network in mV"
    return kit.Comparison(title, measures, {"step": drawing}, conclusion)


def _draw(axes: kit.Axes, network: bridge.LayeredNetwork) -> None:
    """Draw the network with its weights and signals."""
    positions = {"x1": (0.0, 1.0), "x2": (0.0, -1.0), "h1": (2.2, 1.0), "h2": (2.2, -1.0)}
    positions["y"] = (4.2, 0.0)
    *signals, prediction = network.signals(INPUTS)[0]
    texts = [f"{value:.2g}" for value in signals] + [f"{prediction:.3f}"]
    hidden, output = network.layers
    weights = {(f"x{i + 1}", f"h{k + 1}"): w for (k, i), w in np.ndenumerate(hidden.weights)}
    weights |= {(f"h{k + 1}", "y"): w for k, w in enumerate(output.weights[0])}
    arrows = {key: (weight, f"{weight:.2f}") for key, weight in weights.items()}
    draw_diagram(axes, positions, dict(zip(positions, texts, strict=True)), arrows, apart=0.3)


scenario = kit.lesson(__name__, row="S23", lectures=("L3",), duration=1.5)
