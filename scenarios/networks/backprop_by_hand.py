"""One step of backpropagation by hand, figure by figure, and the same sums in millivolts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
from neurosim.scenario import Scenario
from scenarios._kit.diagrams import draw_diagram
from scenarios._kit.trials import DERIVED, SPIKING
from scenarios.networks.backprop_model import (
    CELL,
    INPUTS,
    LARGEST,
    NEURONS,
    ONE,
    START,
    TARGET,
    Passes,
    Settings,
    network,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    import neurosim as ns

COLOURS = ("#E69F00", "#56B4E9")
"""Of the two hidden units."""


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Go forward and back by hand; read the same signals off the neurons."""
    hidden, (prediction,) = (signals[0] for signals in START.outputs(INPUTS[np.newaxis]))
    error, gradient = START.loss_and_gradient(INPUTS[np.newaxis], [TARGET], "squared")
    after = settings.networks()[1]
    passes = Passes.of(result)
    return {
        "hidden": hidden,
        "prediction": prediction,
        "error": error,
        "delta": prediction - TARGET,
        "gradient": gradient,
        "new_output_weights": after.layers[1].weights[0],
        "new_hidden_weights": after.layers[0].weights,
        "new_prediction": after(INPUTS[np.newaxis])[0, 0],
        "spiking_hidden_mv": ONE * passes.sums[0],
        "spiking_hidden_recruited": passes.recruited[0],
        "spiking_prediction_mv": ONE * passes.output[0],
        "spiking_new_prediction": passes.output[1],
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw how the spikes add up in the hidden units and the output, before the first step."""
    from neurosim import plot

    fig = plot.figure(9.6, 3.9)
    left, middle, right = plot.panels(fig, 1, 3, sharex=True)
    with plot.style():
        for k, colour in enumerate(COLOURS):
            label = f"hidden unit {k + 1}"
            _draw_climb(left, result, f"sum {k + 1}", colour, label)
            trains = result.spikes[f"hidden {k + 1}"]
            first = trains.ids < round(NEURONS * LARGEST)
            beside = trains.times[first] + (0.04 * k - 0.02)
            middle.plot(beside, 1 + trains.ids[first], "_", color=colour, ms=6)
        left.set(ylabel="potential above rest (mV)", title="hidden units add up their PSPs")
        middle.set(ylabel="neuron of the group", title="and recruit their groups")
        _draw_climb(right, result, "output", plot.NEUTRAL, "output")
        right.set(ylabel="potential above rest (mV)", title="whose spikes the output adds up")
        for axes in (left, middle, right):
            axes.set_xlabel("time (ms)")
        fig.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return {"forward": fig}


def _draw_climb(axes: Axes, result: ns.Result, name: str, colour: str, label: str) -> None:
    """Draw the potential of the first neuron of a population, with what it comes to."""
    trace = result.traces[name, "v"]
    above = trace.values[:, 0] - CELL.v_rest
    axes.step(trace.times, above, where="post", color=colour, lw=2, label=label)
    words = f"{above[-1]:.2f} mV"
    axes.annotate(words, (trace.times[-1], above[-1]), (0, 4), textcoords="offset points",
                  ha="right", va="bottom", fontsize=9, color=colour)  # fmt: skip
    axes.margins(y=0.12)


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set the signals of the spiking network beside those by hand, at each step of the descent."""
    networks, passes = settings.networks(), Passes.of(result)
    hidden = np.array([own.outputs(INPUTS[np.newaxis])[0][0] for own in networks])
    output = np.array([own(INPUTS[np.newaxis])[0, 0] for own in networks])
    errors = 0.5 * (output - TARGET) ** 2
    spiking = 0.5 * (passes.output - TARGET) ** 2
    worst = {
        "hidden_potential": np.abs(passes.sums - hidden).max(),
        "hidden_recruited": np.abs(passes.recruited - hidden).max(),
        "prediction": np.abs(passes.output - output).max(),
    }
    notes = {
        "hidden_potential": f"of the sum of PSPs, {ONE:g} mV to 1; the rest leaked away",
        "hidden_recruited": f"of the share that fired, to the nearest of {NEURONS} neurons",
        "prediction": f"of the output's potential, over {len(networks)} networks",
    }
    same = bridge.agreement(
        np.round(passes.output[:1], 3) == np.round(output[:1], 3), np.array([True])
    )
    measures = {
        "agreement": bridge.Measure(same.value, note="0.191, to the digits of the lecture"),
        "prediction": bridge.Measure(output[0], note="by hand"),
        "spiking_prediction": bridge.Measure(passes.output[0], note="in mV over 10 mV"),
    } | {
        f"largest_difference_{key}": bridge.Measure(float(value), note=notes[key])
        for key, value in worst.items()
    }
    for step in sorted({0, 1, len(networks) - 1}):
        measures[f"error_after_{step}"] = bridge.Measure(
            errors[step], note=f"½ (prediction − 1)²; spiking {spiking[step]:.4g}"
        )
    return bridge.Comparison(
        title="Backpropagation by hand, and the same network in millivolts",
        measures=measures,
        drawings={
            "step": partial(_draw_step, networks[:2]),
            "descent": partial(_draw_descent, output, passes.output),
        },
    )


def _draw_step(networks: list[bridge.LayeredNetwork]) -> Figure:
    """Draw the network with its weights and signals, before the step and after it."""
    from neurosim import plot

    places = {"x1": (0.0, 1.0), "x2": (0.0, -1.0), "h1": (2.2, 1.0), "h2": (2.2, -1.0)}
    places["y"] = (4.2, 0.0)
    fig = plot.figure(9.2, 3.6)
    panels = plot.panels(fig, 1, 2)
    with plot.style():
        for axes, own, title in zip(panels, networks, ("before", "after one step"), strict=True):
            hidden, (prediction,) = (signals[0] for signals in own.outputs(INPUTS[np.newaxis]))
            values = [*INPUTS, *hidden, prediction]
            texts = {
                name: f"{value:.3g}" if name == "y" else f"{value:.2g}"
                for name, value in zip(places, values, strict=True)
            }
            weights = {
                (f"x{i + 1}", f"h{k + 1}"): own.layers[0].weights[k, i]
                for k in range(2)
                for i in range(2)
            }
            weights |= {(f"h{k + 1}", "y"): own.layers[1].weights[0, k] for k in range(2)}
            arrows = {key: (value, f"{value:.2f}") for key, value in weights.items()}
            draw_diagram(axes, places, texts, arrows, apart=0.3)
            error = 0.5 * (prediction - TARGET) ** 2
            axes.set_title(f"{title}: ½ ({prediction:.3f} − 1)² = {error:.3f}")
    return fig


def _draw_descent(output: np.ndarray, spiking: np.ndarray) -> Figure:
    """Draw prediction and error by step, by hand and in spikes."""
    from neurosim import plot

    fig = plot.figure(8.0, 3.6)
    left, right = plot.panels(fig, 1, 2)
    steps = np.arange(len(output))
    with plot.style():
        for axes, by_hand, found in (
            (left, output, spiking),
            (right, 0.5 * (output - TARGET) ** 2, 0.5 * (spiking - TARGET) ** 2),
        ):
            axes.plot(steps, by_hand, color=DERIVED, lw=4, label="by hand")
            axes.plot(steps, found, "D", ms=4, color=SPIKING, label="spiking neurons")
            axes.set_xlabel("step of gradient descent")
            axes.set_ylim(0.0, None)
        left.axhline(TARGET, color="0.45", lw=0.9, ls=":")
        left.set(ylabel="prediction", ylim=(0.0, 1.05))
        right.set_ylabel("error ½ (prediction − 1)²")
        fig.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


scenario = Scenario(
    name="backprop-by-hand",
    title="Backpropagation by hand: six weights, one step, and the same sums in millivolts",
    row="S23",
    source="L3",
    group="Networks",
    description=(
        "Inputs 2 and 3, hidden units with weights .11 .21 and .12 .08, an output with .14 .15; no "
        "bias, no activation. Forward: hidden .85 and .48, prediction .191, error 1/2 (.191 - 1)^2 "
        "= .327. Back, with a = .05 and delta = -.809: output weights .17 .17, hidden weights .12 "
        ".23 and .13 .10. In spikes a signal of 1 is 10 mV: two spikes of 1.1 mV and three of 2.1 "
        "mV lift a neuron that hardly leaks by 8.5 mV. The signal is handed on by a group of "
        "neurons with the same synapses, each 0.1 mV further from its threshold than the last: 85 "
        "of them fire, and each lifts the output by 0.014 mV. The other unit recruits 48, and the "
        "output comes to 1.91 mV. The same is done with the weights after each step of descent."
    ),
    settings=Settings,
    duration=1.5,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
