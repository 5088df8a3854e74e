"""A feature map: separable by a straight line after squaring the inputs.

A neuron should fire for examples inside a circle and stay silent for the examples around it. No
straight line separates the two classes, and the best logistic neuron of the two inputs does little
better than guess. After squaring the inputs a straight line separates them, because x₁² + x₂² is
small inside the circle. The same kind of neuron that can only draw a line now draws a circle.

In the spiking network, neurons with thresholds at √((j − ½)/n) compute the squares: of n such
neurons, n x² fire, rounded to a whole number. An output neuron with a soft threshold (escape noise)
receives their spikes one time step later. Each example and each point of a grid has a copy of the
network.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

import bridge
import neurosim as ns
from bridge.spiking import NeuronGroup
from scenarios import _kit as kit

# Inputs at which the spiking and the abstract neurons are tested.
GRID, FINE = kit.Plane.square(-1.0, 1.0, 41), kit.Plane.square(-1.0, 1.0, 201)
# Radius within which, and beyond which, there are examples of the two classes.
INNER, OUTER = 0.55, 0.65
# Output neurons at each point, with independent noise.
OUTPUTS = {"raw": 200, "mapped": 20}
CLASSES = ("should be silent", "should fire")


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    examples: int = kit.setting(
        300, "", 20, 2000, "examples, before those at the edge are left out"
    )
    neurons: int = kit.setting(
        16, "", 2, 64, "neurons that square an input, for each of its two signs"
    )


@lru_cache(maxsize=4)
def examples(settings: Settings, seed: int) -> tuple[kit.Floats, kit.Bools]:
    """Return the inputs of the examples, and whether the neuron should fire."""
    rng = np.random.default_rng(seed)
    radius = np.sqrt(rng.uniform(0.0, 1.0, settings.examples))
    kept = (radius < INNER) | (radius > OUTER)
    angle = rng.uniform(0.0, 2.0 * np.pi, settings.examples)
    inputs = (radius * np.stack([np.cos(angle), np.sin(angle)])).T[kept]
    return inputs, radius[kept] < INNER


@lru_cache(maxsize=4)
def trained(settings: Settings, seed: int) -> dict[str, bridge.LogisticNeuron]:
    """Return the logistic neuron of the inputs, and that of their squares."""
    inputs, inside = examples(settings, seed)
    # The squares are separable; the penalty of the estimator keeps the weights finite.
    with warnings.catch_warnings(action="ignore", category=bridge.SeparableDataWarning):
        raw = bridge.LogisticNeuron().fit(inputs, inside)
        return {"raw": raw, "mapped": bridge.LogisticNeuron().fit(inputs**2, inside)}


def squaring(neurons: int) -> bridge.Layer:
    """Return threshold units of which a fraction x² fires, for each of two inputs.

    For each input, one half of the units receives x and the other half −x. Unit j of a half fires
    above √((j − ½)/n), so that n x² of them fire, rounded.
    """
    thresholds = np.sqrt((np.arange(neurons) + 0.5) / neurons)
    signs = np.repeat([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], neurons, axis=0)
    return bridge.Layer(signs, -np.tile(thresholds, 4), "step")


def spiking(settings: Settings, seed: int) -> dict[str, NeuronGroup]:
    """Return both neurons as spiking networks, the second with the neurons that square."""
    raw, mapped = trained(settings, seed).values()
    weights = mapped.coef_.repeat(2 * settings.neurons, axis=1) / settings.neurons
    output = bridge.Layer(weights, mapped.intercept_, "sigmoid")
    networks = {
        "raw": bridge.LayeredNetwork((bridge.Layer(raw.coef_, raw.intercept_, "sigmoid"),)),
        "mapped": bridge.LayeredNetwork((squaring(settings.neurons), output)),
    }
    return {
        name: NeuronGroup(one, outputs=OUTPUTS[name], name=f"{name}, ")
        for name, one in networks.items()
    }


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a copy of both networks for each point of the grid and each example."""
    inputs = np.concatenate([GRID.points, examples(settings, options.seed)[0]])
    groups = spiking(settings, options.seed).values()
    return kit.group_trials(options, [(group, inputs) for group in groups])


def fractions(result: ns.Result, settings: Settings) -> dict[str, list[kit.Floats]]:
    """Return the fraction of output neurons that fired, on the grid and for the examples."""
    outputs = kit.group_outputs(result, spiking(settings, result.seed))
    return {name: np.split(fired, [len(GRID.points)]) for name, fired in outputs.items()}


def squares(result: ns.Result, settings: Settings) -> kit.Floats:
    """Return the squares of both inputs as fractions of neurons that fired, shape (n_points, 2)."""
    fired = spiking(settings, result.seed)["mapped"].outputs_in(result)[0][: len(GRID.points)]
    return fired.reshape(len(fired), 2, -1).sum(axis=2) / settings.neurons


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure whether the classes are separable, and how many examples the neurons classify."""
    _, inside = examples(settings, result.seed)
    found: kit.Findings = {"examples": len(inside)}
    for name, neuron in trained(settings, result.seed).items():
        _, fired = fractions(result, settings)[name]
        found[f"separable_{name}"] = neuron.separable_
        found[f"spiking_right_{name}"] = np.mean((fired > 0.5) == inside)
    off = np.abs(squares(result, settings) - GRID.points**2).max()
    return found | {"largest_difference_square": off}


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State whether a line separates the classes before and after squaring."""
    return kit.sentences(
        found,
        "Two spiking networks, one of the inputs and one of their squares, were tested on "
        "{examples} examples inside and outside a circle.",
        f"{'A' if found['separable_raw'] else 'No'} straight line separates the classes in the "
        "plane of the inputs; the spiking neuron classifies {spiking_right_raw:.1%} of the "
        "examples correctly.",
        f"{'A' if found['separable_mapped'] else 'No'} straight line separates them in the plane "
        "of the squares of the inputs; the spiking neuron classifies {spiking_right_mapped:.1%}.",
        f"{settings.neurons} neurons for each sign compute the square of an input with an error of "
        "at most {largest_difference_square:.3f}.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the examples before and after the transformation, and the squares in spikes."""
    inputs, inside = examples(settings, result.seed)
    neuron = trained(settings, result.seed)["mapped"]

    (first, second), edge = neuron.coef_[0], np.array([0.0, 1.0])
    line = -(neuron.intercept_ + first * edge) / second
    fired = squares(result, settings)[: len(GRID.x), 0]
    fig = kit.page(
        "No straight line separates the classes until the inputs are squared",
        kit.chart(kit.layer(kit.draw_examples, inputs, inside, labels=CLASSES), xlabel="input 1",
                  ylabel="input 2", title="Inputs: no line separates"),
        kit.chart(kit.curve(FINE.x, FINE.x**2, "x²", **kit.ABSTRACT),
                  kit.curve(GRID.x, fired, "spiking neurons", **kit.DOTS), xlabel="input x",
                  ylabel=f"spikes / {settings.neurons}", title="Neurons square each input"),
        kit.chart(kit.layer(kit.draw_examples, inputs**2, inside),
                  kit.curve(edge, line, **kit.FITTED), xlabel="input 1 squared",
                  ylabel="input 2 squared", title="Squares: a line separates", xlim=(-0.03, 1),
                  ylim=(-0.03, 1)),
        size=(9.6, 3.8), legend=4,
    )  # fmt: skip
    return {"map": fig}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the neuron of the inputs with that of their squares, abstract and spiking."""
    inputs, inside = examples(settings, result.seed)
    drawn = kit.layer(kit.draw_examples, inputs, inside, labels=CLASSES)
    found, upper, lower = findings(result, settings), [], []
    measures: dict[str, kit.Measure] = {}
    for name, words, transform in (("raw", "inputs", np.array), ("mapped", "squares", np.square)):
        neuron = trained(settings, result.seed)[name]
        grid, fired = fractions(result, settings)[name]
        right = bridge.agreement(neuron.predict(transform(inputs)), inside)
        right_spiking = bridge.agreement(fired > 0.5, inside)
        same = bridge.agreement(grid > 0.5, neuron.predict(transform(GRID.points)))
        measures |= kit.rows(
            found,
            (f"separable_{name}", f"By {words}: a line separates the classes"),
            (f"right_{name}", f"By {words}: correct, logistic neuron", right),
            (f"right_spiking_{name}", f"By {words}: correct, spiking", right_spiking),
            (f"agreement_{name}", f"By {words}: spiking and logistic agree", same),
        )
        abstract = neuron.predict_proba(transform(FINE.points))[:, 1]
        layers = (kit.layer(FINE.draw_contour, abstract), drawn)
        upper.append(FINE.panel(abstract, *layers, title=f"Logistic, {words}"))
        lower.append(GRID.panel(grid, *layers, title=f"Spiking, {words}"))
    rounding = f"Largest error of a square in spikes | rounding: {0.5 / settings.neurons:.3g}"
    measures |= kit.rows(found, ("largest_difference_square", rounding))
    raw, mapped = measures["right_raw"].value, measures["right_mapped"].value
    conclusion = (
        f"One neuron classifies {raw:.1%} of the examples correctly by their inputs, and "
        f"{mapped:.1%} by the squares of the inputs. Its boundary is then a circle, also in spikes."
    )
    drawing = partial(
        kit.page, "A neuron of the squared inputs draws a circle", *upper, *lower, columns=2,
        size=(7.4, 6.8), sharex=True, sharey=True, legend=2, colourbar="firing probability",
    )  # fmt: skip
    title = "A feature map: a neuron of the inputs, and a neuron of their squares"
    return kit.Comparison(title, measures, {"planes": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S20", lectures=("L2",), duration=10.0, dt=5.0)
