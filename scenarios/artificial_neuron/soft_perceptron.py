"""A soft perceptron of two inputs: the line it draws in the plane, in spikes and as a formula."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from bridge.spiking import fired_at
from neurosim.scenario import Scenario
from scenarios._kit.common import draw_levels, signed
from scenarios._kit.trials import DERIVED, add_trials, draw_share

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

NEURON = ns.LIF()
EXAMPLE = np.array([-1.0, 2.0])
"""The lecture's inputs."""
AXIS = np.linspace(-3.0, 3.0, 13)
"""Values of each input in the plane."""
POINTS = np.stack(np.meshgrid(AXIS, AXIS), axis=-1).reshape(-1, 2)
"""All pairs, the first input running fastest; shape (n_points, 2)."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    theta: tuple[float, ...] = field(
        default=(1.0, 3.0, -2.0), metadata={"help": "constant and the weights of both inputs"}
    )
    beta: float = field(
        default=1.0, metadata={"help": "score that a millivolt is worth", "unit": "per mV"}
    )
    repeats: int = field(default=400, metadata={"help": "trials at each of the 169 points"})

    def __post_init__(self) -> None:
        if len(self.theta) != 3 or not all(abs(value) <= 50.0 for value in self.theta):
            given = ", ".join(f"{value:g}" for value in self.theta)
            raise ns.NeurosimError(f"theta = {given}: give three values from -50 to 50")
        if not 0.05 <= self.beta <= 50.0:
            raise ns.NeurosimError(f"beta = {self.beta:g} per mV is outside 0.05 to 50 per mV")
        if not 20 <= self.repeats <= 5000:
            raise ns.NeurosimError(f"repeats = {self.repeats} is outside 20 to 5000")

    @property
    def logistic(self) -> bridge.LogisticUnit:
        """The abstract neuron."""
        return bridge.LogisticUnit(self.theta[0], np.array(self.theta[1:]))

    @property
    def unit(self) -> bridge.SpikingUnit:
        """Its spiking twin, with a current that brings it to the constant."""
        return bridge.to_spiking(self.logistic, neuron=NEURON, noise="escape", beta=self.beta)


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe one step of many neurons with escape noise, and of one at each point without."""
    net = ns.Network()
    unit = settings.unit
    add_trials(net, "example", unit, np.tile(EXAMPLE, (10 * settings.repeats, 1)), options.dt)
    add_trials(net, "noisy", unit, np.repeat(POINTS, settings.repeats, axis=0), options.dt)
    noiseless = net.add(
        "noiseless", len(POINTS), NEURON, v_init=NEURON.v_rest + unit.current_depolarisation
    )
    net.drive(noiseless, ns.ConstantCurrent(unit.current))
    unit.present(net, noiseless, POINTS, at=options.dt)
    return net


@dataclass(frozen=True, eq=False)
class Plane:
    """What the neurons did.

    Attributes
    ----------
    example : (n_trials,) ndarray of bool
        Whether the neuron with noise fired at the lecture's inputs.
    fired : (n_points, n_repeats) ndarray of bool
        Whether it fired at each point of the plane.
    noiseless : (n_points,) ndarray of bool
        Whether the one without noise did.
    """

    example: NDArray[np.bool_]
    fired: NDArray[np.bool_]
    noiseless: NDArray[np.bool_]

    @classmethod
    def of(cls, result: ns.Result) -> Plane:
        """Return what the neurons of a run did."""
        fired = fired_at(result, "noisy").reshape(len(POINTS), -1)
        return cls(fired_at(result, "example"), fired, fired_at(result, "noiseless"))

    def pooled(self, score: NDArray[np.float64]) -> tuple[NDArray, NDArray, NDArray]:
        """Return the distinct scores with the spikes and trials at each."""
        distinct, place = np.unique(np.round(score, 9), return_inverse=True)
        repeats = self.fired.shape[1]
        spikes = np.bincount(place, self.fired.sum(axis=1))
        return distinct, spikes, repeats * np.bincount(place)


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure how often the neuron fires at the lecture's inputs, and on which side of the line."""
    plane, unit, logistic = Plane.of(result), settings.unit, settings.logistic
    score = logistic.score(EXAMPLE)
    relu = bridge.find_activation("relu")
    return {
        "score": score,
        "prediction": logistic.probability(EXAMPLE),
        "relu": relu(score),
        "spiking_share": plane.example.mean(),
        "spiking_interval": bridge.wilson_interval(plane.example.sum(), len(plane.example)),
        "potential_mv": NEURON.v_rest + unit.potential(EXAMPLE),
        "psps_mv": unit.psps,
        "current_pa": unit.current,
        "lift_mv": unit.current_depolarisation,
        "noiseless_on_its_side": (plane.noiseless == (logistic.score(POINTS) > 0.0)).mean(),
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw how the potential at the lecture's inputs comes about, and the share that fires."""
    from neurosim import plot

    plane, logistic = Plane.of(result), settings.logistic
    fig = plot.figure(8.4, 3.9)
    left, right = plot.panels(fig, 1, 2)
    with plot.style():
        _draw_sum(left, settings.unit)
        draw_levels(left, result.populations["noisy"])
        score, spikes, trials = plane.pooled(logistic.score(POINTS))
        line = np.linspace(-10.0, 10.0, 400)
        sigmoid = bridge.find_activation("sigmoid")
        right.plot(line, sigmoid(line), color=DERIVED, lw=4, label="σ(score)")
        near = np.abs(score) <= line[-1]
        words = "share that fired, 95 % interval"
        draw_share(right, score[near], spikes[near], trials[near], label=words)
        fired, known = np.array([plane.example.sum()]), logistic.score([EXAMPLE])
        look = {"color": "black", "fmt": "s", "label": "at (−1, 2)", "zorder": 5}
        draw_share(right, known, fired, len(plane.example), **look)
        right.set(ylabel="share of trials with a spike")
        right.set_xlabel(f"score {formula(settings)}")
        handles = right.get_legend_handles_labels()
        fig.legend(*handles, loc="outside lower right", ncols=3)
    return {"spikes": fig}


def formula(settings: Settings) -> str:
    """Return the score in words: 1 + 3 x₁ − 2 x₂."""
    text = signed(settings.theta[0])
    for weight, name in zip(settings.theta[1:], ("x₁", "x₂"), strict=True):
        text += f" {'−' if weight < 0 else '+'} {abs(weight):g} {name}"
    return text


def _draw_sum(axes: Axes, unit: bridge.SpikingUnit) -> None:
    """Draw the potential at the lecture's inputs as a sum: current, then each synapse."""
    from neurosim import plot

    parts = [unit.current_depolarisation, *(unit.psps * EXAMPLE)]
    names = ["current"]
    names += [f"synapse {k}\nx{'₁₂'[k - 1]} = {signed(x)}" for k, x in enumerate(EXAMPLE, start=1)]
    level = NEURON.v_rest
    for place, part in enumerate(parts):
        colour = plot.EXCITATORY if part > 0 else plot.INHIBITORY
        axes.bar(place, part, 0.55, level, color=colour if place else plot.NEUTRAL)
        below = min(level, level + part)
        words = f"{'+' if part > 0 else ''}{signed(round(part, 3))} mV"
        axes.text(place, below - 0.2, words, ha="center", va="top", fontsize=9)
        axes.plot([place - 0.28, place + 1.28], [level + part] * 2, color="black", lw=1.0)
        level += part
    words = f"{signed(round(level, 3))} mV"
    axes.text(len(parts) + 0.02, level + 0.3, words, ha="center", fontsize=9)
    axes.plot(len(parts), level, "s", color="black", ms=5)
    axes.set_xticks(range(len(parts) + 1), [*names, "potential"])
    top = NEURON.v_rest + np.cumsum([0.0, *parts]).max()
    low = NEURON.v_rest + np.cumsum([0.0, *parts]).min()
    axes.set(ylabel="membrane potential (mV)", ylim=(low - 2.0, max(top, NEURON.v_threshold) + 1.0))


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set the plane of the spiking neuron beside that of the logistic one, and train on it."""
    plane, logistic = Plane.of(result), settings.logistic
    repeats = plane.fired.shape[1]
    if plane.fired.all() or not plane.fired.any():
        raise ns.NeurosimError(
            f"{'all' if plane.fired.any() else 'none'} of the {plane.fired.size} trials fired, and "
            "a logistic neuron learns from both kinds: choose theta so that its line crosses the "
            "plane from -3 to 3"
        )
    trained = bridge.LogisticNeuron(solver="newton")
    trained.fit(np.repeat(POINTS, repeats, axis=0), plane.fired.ravel())
    predicted, share = logistic.probability(POINTS), plane.fired.mean(axis=1)
    planes = {
        "spiking neuron, measured": share,
        f"σ({formula(settings)})": predicted,
        "spiking, without noise": plane.noiseless.astype(float),
    }
    shape = (len(AXIS), len(AXIS))
    return bridge.Comparison(
        title="A soft perceptron: spiking and logistic",
        measures=_agreement(plane, settings) | _recovered(trained, settings),
        drawings={
            "plane": partial(
                bridge.decision_plane,
                AXIS,
                AXIS,
                {name: values.reshape(shape) for name, values in planes.items()},
                labels=("input $x_1$", "input $x_2$"),
            ),
        },
    )


def _agreement(plane: Plane, settings: Settings) -> dict[str, bridge.Measure]:
    """Return how near both spiking neurons are to the logistic one."""
    logistic, share = settings.logistic, plane.fired.mean(axis=1)
    score, predicted = logistic.score(POINTS), logistic.probability(POINTS)
    off = np.abs(score) > 1e-9  # on the line itself a coin decides
    same = bridge.agreement(share[off] > 0.5, predicted[off] > 0.5)
    step = bridge.agreement(plane.noiseless[off], predicted[off] > 0.5)
    low, high = bridge.wilson_interval(plane.example.sum(), len(plane.example))
    note = f"predicted {logistic.probability(EXAMPLE):.4f}; ReLU gives 0"
    example = bridge.Measure(plane.example.mean(), "", float(low), float(high), note)
    entropy = bridge.cross_entropy(plane.fired.ravel(), np.repeat(predicted, plane.fired.shape[1]))
    worst = float(np.abs(share - predicted).max())
    error = 0.5 / np.sqrt(plane.fired.shape[1])
    note = f"standard error of a point up to {error:.2g}"
    return {
        "agreement": replace(same, note=f"same side of the line, of {off.sum()} points"),
        "agreement_noiseless": replace(step, note="the neuron without noise: the hard perceptron"),
        "spiking_share_example": example,
        "largest_difference": bridge.Measure(worst, note=note),
        "cross_entropy": replace(entropy, note="of σ(score) on the spiking trials"),
    }


def _recovered(trained: bridge.LogisticNeuron, settings: Settings) -> dict[str, bridge.Measure]:
    """Return the weights that a logistic neuron learns from the spikes."""
    half = bridge.NORMAL_95 * trained.standard_errors_
    values = [trained.intercept_[0], *trained.coef_[0]]
    return {
        f"theta_{k}": bridge.Measure(
            float(value),
            "",
            float(value - half[k]),
            float(value + half[k]),
            f"trained on the spikes; truly {signed(settings.theta[k])}",
        )
        for k, value in enumerate(values)
    }


scenario = Scenario(
    name="soft-perceptron",
    title="A soft perceptron of two inputs and the line it draws in the plane",
    row="S14",
    source="L1 L2",
    group="One artificial neuron",
    description=(
        "y = g(1 + 3 x1 - 2 x2) at (-1, 2) is sigma(-6) = 0.002, and 0 if g is ReLU. In spikes, "
        "with beta = 1 per mV, a score of 1 is 1 mV above threshold. As the constant is not below "
        "0, a current lifts the resting neuron by 16 mV, 1 mV over its threshold. An input x is a "
        "volley of that strength: synapse 1 adds 3 mV times x1, synapse 2 takes 2 mV times x2; for "
        "a negative input each works with the opposite sign, as if a second cell of that sign "
        "fired in its place. Where the score is above 0 the neuron fires in more than half of the "
        "trials: a straight line parts the plane. Without noise the step is sharp: the perceptron."
    ),
    settings=Settings,
    duration=5.0,
    dt=5.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
