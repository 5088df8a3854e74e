"""Two classes that no line parts, and that one parts after a transformation of the inputs."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from bridge.spiking import NeuronGroup
from neurosim.scenario import Scenario
from scenarios._kit.planes import draw_examples, draw_zones, grid_points, zone_bar
from scenarios._kit.trials import DERIVED, SPIKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

SIDE = np.linspace(-1.0, 1.0, 41)
POINTS = grid_points(SIDE, SIDE)
"""Where the spiking neurons are asked; shape (1681, 2)."""
INNER, OUTER = 0.55, 0.65
"""Examples fire within the inner radius and are silent beyond the outer one."""
OUTPUTS = {"raw": 200, "mapped": 20}
"""Output neurons at each point, with noise of their own."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    examples: int = field(default=300, metadata={"help": "examples to learn from"})
    neurons: int = field(
        default=16, metadata={"help": "neurons that square an input, for each sign of it"}
    )

    def __post_init__(self) -> None:
        if not 20 <= self.examples <= 10_000:
            raise ns.NeurosimError(f"examples = {self.examples} is outside 20 to 10000")
        if not 2 <= self.neurons <= 64:
            raise ns.NeurosimError(f"neurons = {self.neurons} is outside 2 to 64")


def squaring(neurons: int) -> bridge.Layer:
    """Return threshold units of which the share x² fires, for each of two inputs.

    Half of each input's units look at x, half at −x; of each half unit j fires if that is beyond
    √((j − ½)/n), so that the numbers beyond are those below n x², rounded.
    """
    thresholds = np.sqrt((np.arange(neurons) + 0.5) / neurons)
    signs = np.repeat([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], neurons, axis=0)
    return bridge.Layer(signs, -np.tile(thresholds, 4), bridge.find_activation("step"))


@dataclass(frozen=True, eq=False)
class Lesson:
    """Examples, and what one neuron learned from them before and after the transformation.

    Attributes
    ----------
    inputs : (n_examples, 2) ndarray
    fires : (n_examples,) ndarray of bool
    raw, mapped : LogisticNeuron
        Of the inputs, and of their squares.
    """

    inputs: NDArray[np.float64]
    fires: NDArray[np.bool_]
    raw: bridge.LogisticNeuron
    mapped: bridge.LogisticNeuron

    def networks(self, settings: Settings) -> dict[str, bridge.LayeredNetwork]:
        """Return both neurons as networks, the second with the units that square its inputs."""
        sigmoid = bridge.find_activation("sigmoid")
        raw = bridge.Layer(self.raw.coef_, self.raw.intercept_, sigmoid)
        each = np.repeat(self.mapped.coef_, 2 * settings.neurons, axis=1) / settings.neurons
        last = bridge.Layer(each, self.mapped.intercept_, sigmoid)
        squares = bridge.LayeredNetwork((squaring(settings.neurons), last))
        return {"raw": bridge.LayeredNetwork((raw,)), "mapped": squares}

    def spiking(self, settings: Settings) -> dict[str, NeuronGroup]:
        """Return the networks in spikes."""
        return {
            name: NeuronGroup(own, outputs=OUTPUTS[name], name=f"{name}, ")
            for name, own in self.networks(settings).items()
        }


@lru_cache(maxsize=4)
def lesson_of(settings: Settings, seed: int) -> Lesson:
    """Draw examples and train both neurons; the same every time."""
    rng = np.random.default_rng(seed)
    radius = np.sqrt(rng.uniform(0.0, 1.0, settings.examples))
    kept = (radius < INNER) | (radius > OUTER)
    angle = rng.uniform(0.0, 2.0 * np.pi, settings.examples)
    inputs = (radius * np.stack([np.cos(angle), np.sin(angle)])).T[kept]
    fires = radius[kept] < INNER
    if fires.all() or not fires.any():
        raise ns.NeurosimError(f"all examples of seed {seed} are of one class: give more examples")
    with warnings.catch_warnings():
        # That the squares are separable is the point; the ridge keeps the weights finite.
        warnings.simplefilter("ignore", bridge.SeparableDataWarning)
        raw = bridge.LogisticNeuron().fit(inputs, fires)
        mapped = bridge.LogisticNeuron().fit(inputs**2, fires)
    return Lesson(inputs, fires, raw, mapped)


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe both networks as spiking neurons, each point and example with neurons of its own."""
    if options.duration < 2.0 * options.dt:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is one step of {options.dt:g} ms: the output "
            "fires a step after the neurons that square its inputs"
        )
    lesson, net = lesson_of(settings, options.seed), ns.Network(dale=False)
    for spiking in lesson.spiking(settings).values():
        spiking.add_to(net, np.concatenate([POINTS, lesson.inputs]), dt=options.dt)
    return net


def shares_of(
    result: ns.Result, settings: Settings
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    """Return the shares of output spikes over the plane, and at the examples, by network."""
    spiking = lesson_of(settings, result.seed).spiking(settings)
    shares = {name: own.outputs_in(result)[-1][:, 0] for name, own in spiking.items()}
    n = len(POINTS)
    return (
        {name: share[:n] for name, share in shares.items()},
        {name: share[n:] for name, share in shares.items()},
    )


def squares_of(result: ns.Result, settings: Settings) -> NDArray[np.float64]:
    """Return the squares of both inputs at `POINTS` as spikes tell them; shape (n_points, 2)."""
    fired = lesson_of(settings, result.seed).spiking(settings)["mapped"].outputs_in(result)[0]
    counts = fired[: len(POINTS)].reshape(len(POINTS), 2, -1).sum(axis=2)
    return counts / settings.neurons


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Say whether a line parts the classes, and what each network gets right in spikes."""
    lesson, (_, shares) = lesson_of(settings, result.seed), shares_of(result, settings)
    return {
        "examples": len(lesson.fires),
        "separable_raw": lesson.raw.separable_,
        "separable_mapped": lesson.mapped.separable_,
        "spiking_right_raw": np.mean((shares["raw"] > 0.5) == lesson.fires),
        "spiking_right_mapped": np.mean((shares["mapped"] > 0.5) == lesson.fires),
        "largest_difference_square": np.abs(squares_of(result, settings) - POINTS**2).max(),
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw the examples before and after the transformation, and how spikes square an input."""
    from neurosim import plot

    lesson = lesson_of(settings, result.seed)
    fig = plot.figure(11.0, 3.9)
    left, middle, right = plot.panels(fig, 1, 3)
    with plot.style():
        draw_examples(left, lesson.inputs, lesson.fires)
        left.set(xlabel="input 1", ylabel="input 2", title="no line parts the classes")
        draw_examples(right, lesson.inputs**2, lesson.fires)
        edge = np.array([0.0, 1.0])
        weights, constant = lesson.mapped.coef_[0], lesson.mapped.intercept_[0]
        right.plot(edge, -(constant + weights[0] * edge) / weights[1], color="#CC79A7", lw=2)
        right.set(xlabel="input 1 squared", ylabel="input 2 squared", title="now a line does")
        right.set(xlim=(-0.03, 1.0), ylim=(-0.03, 1.0))
        middle.plot(SIDE, SIDE**2, color=DERIVED, lw=4, label="square")
        told = squares_of(result, settings)[: len(SIDE), 0]
        middle.plot(SIDE, told, "D", color=SPIKING, ms=4, label="spiking neurons")
        middle.set(xlabel="input", ylabel=f"spikes over {settings.neurons}")
        middle.set_title("neurons square the inputs")
        middle.legend(loc="upper center")
        fires, silent = left.get_lines()[1], left.get_lines()[0]
        fig.legend([silent, fires], ["silent", "fires"], loc="outside lower center", ncols=2)
    return {"map": fig}


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set the neuron of the inputs beside that of their squares, abstract and in spikes."""
    lesson, (planes, shares) = lesson_of(settings, result.seed), shares_of(result, settings)
    abstract = {
        "raw": lesson.raw.predict_proba(POINTS)[:, 1],
        "mapped": lesson.mapped.predict_proba(POINTS**2)[:, 1],
    }
    measures = {}
    for name, words in (("mapped", "squares"), ("raw", "inputs")):
        same = bridge.agreement(planes[name] > 0.5, abstract[name] > 0.5)
        key = "agreement" if name == "mapped" else "agreement_raw"
        measures[key] = replace(same, note=f"spiking and abstract, neuron of the {words}")
    for name, neuron, inputs in (
        ("raw", lesson.raw, lesson.inputs),
        ("mapped", lesson.mapped, lesson.inputs**2),
    ):
        measures[f"separable_{name}"] = bridge.Measure(neuron.separable_, note="by a line")
        right = bridge.agreement(neuron.predict(inputs), lesson.fires)
        measures[f"right_{name}"] = replace(right, note=f"of {len(inputs)} examples")
        measures[f"right_spiking_{name}"] = bridge.agreement(shares[name] > 0.5, lesson.fires)
    off = float(np.abs(squares_of(result, settings) - POINTS**2).max())
    note = f"of the square by {settings.neurons} neurons; at most {0.5 / settings.neurons:.3g}"
    measures["largest_difference_square"] = bridge.Measure(off, note=note)
    return bridge.Comparison(
        title="A feature map: one neuron of the inputs, and of their squares",
        measures=measures,
        drawings={"planes": partial(_draw_planes, lesson, abstract, planes)},
    )


def _draw_planes(
    lesson: Lesson,
    abstract: dict[str, NDArray[np.float64]],
    spiking: dict[str, NDArray[np.float64]],
) -> Figure:
    """Draw where both neurons fire, abstract and in spikes."""
    from neurosim import plot

    fig = plot.figure(12.4, 3.7)
    grid = plot.panels(fig, 1, 4, sharex=True, sharey=True)
    with plot.style():
        _draw_plane(grid[0], lesson, abstract["raw"], "neuron of the inputs")
        _draw_plane(grid[1], lesson, spiking["raw"], "the same in spikes")
        _draw_plane(grid[2], lesson, abstract["mapped"], "neuron of their squares")
        _draw_plane(grid[3], lesson, spiking["mapped"], "the same in spikes")
        grid[0].set_ylabel("input 2")
        zone_bar(fig, grid, "probability, share of spikes", shrink=0.8)
    return fig


def _draw_plane(axes: Axes, lesson: Lesson, values: NDArray[np.float64], title: str) -> None:
    draw_zones(axes, SIDE, SIDE, values)
    draw_examples(axes, lesson.inputs, lesson.fires, ms=3.5)
    axes.set(aspect="equal", xlabel="input 1", title=title)


scenario = Scenario(
    name="feature-map",
    title="A feature map: not separable by a line, separable after a transformation",
    row="S20",
    source="L2",
    group="Networks",
    description=(
        "Examples within a circle are to make a neuron fire, those around it are not. No line "
        "parts them, and the best neuron of both inputs is little better than a guess. Of the "
        "squares of the inputs a line does: where x1 squared + x2 squared is small the neuron "
        "fires. In spikes neurons with thresholds spread like square roots do the transformation: "
        "as many of them fire as the square of the input says, and the output neuron, whose "
        "threshold is soft, hears them a step later. The same neuron then draws a circle."
    ),
    settings=Settings,
    duration=10.0,
    dt=5.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
