"""A soft perceptron and the line that separates its two classes.

The logistic neuron y = σ(1 + 3x₁ − 2x₂) is simulated as a spiking neuron with escape noise, at 169
points of the plane of its inputs. The lecture's example is (x₁, x₂) = (−1, 2): the score is −6, so
y = σ(−6) = 0.002. A ReLU neuron would give 0.

With β = 1 per mV, a score of 1 is 1 mV above threshold. A current depolarises the resting neuron by
16 mV, that is 1 mV above threshold, to implement the constant 1. Input x₁ adds 3x₁ mV through
synapse 1, and input x₂ subtracts 2x₂ mV through synapse 2; for negative inputs the signs are
reversed. Where the score is positive, the neuron fires in more than half of the trials, so a
straight line divides the plane. Without noise the transition is sharp: a perceptron.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

import bridge
import neurosim as ns
from bridge.spiking import fired_at
from scenarios import _kit as kit

NEURON = ns.LIF()
# Inputs of the lecture.
EXAMPLE = np.array([-1.0, 2.0])
PLANE = kit.Plane.square(-3.0, 3.0, 13)


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    theta: tuple[float, ...] = kit.setting(
        (1.0, 3.0, -2.0), "", -50.0, 50.0, "constant and weights of both inputs", length=(3, 3)
    )
    beta: float = kit.setting(1.0, "per mV", 0.05, 50.0, "score per mV of membrane potential")
    repeats: int = kit.setting(400, "", 20, 5000, "trials at each of the 169 points")

    @property
    def logistic(self) -> bridge.LogisticUnit:
        """The logistic neuron."""
        return bridge.LogisticUnit(self.theta[0], np.array(self.theta[1:]))

    @property
    def unit(self) -> bridge.SpikingUnit:
        """The equivalent spiking neuron."""
        return bridge.to_spiking(self.logistic, neuron=NEURON, noise="escape", beta=self.beta)

    @property
    def formula(self) -> str:
        """The score as text, such as "1 + 3 x₁ − 2 x₂"."""
        return kit.weighted_sum(self.theta[0], self.theta[1:], ("x₁", "x₂"))


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add one neuron with escape noise for each trial, and one without noise for each point."""
    net, unit = ns.Network(), settings.unit
    kit.add_trials(net, "example", unit, np.tile(EXAMPLE, (10 * settings.repeats, 1)), options.dt)
    kit.add_trials(net, "noisy", unit, PLANE.trials(settings.repeats), options.dt)
    rest = NEURON.v_rest + unit.current_depolarisation
    noiseless = net.add("noiseless", len(PLANE.points), NEURON, v_init=rest)
    net.drive(noiseless, ns.ConstantCurrent(unit.current))
    unit.present(net, noiseless, PLANE.points, at=options.dt)
    return net


def outcome(result: ns.Result) -> tuple[kit.Bools, kit.Bools, kit.Bools]:
    """Return the spikes at the example, at (point, trial), and at each point without noise."""
    fired = fired_at(result, "noisy").reshape(len(PLANE.points), -1)
    return fired_at(result, "example"), fired, fired_at(result, "noiseless")


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure how often the neuron fires at the example, and on which side of the line."""
    (example, _, noiseless), unit = outcome(result), settings.unit
    logistic, score = settings.logistic, settings.logistic.score(EXAMPLE)
    return {
        "score": score,
        "prediction": logistic.probability(EXAMPLE),
        "relu": bridge.find_activation("relu")(score),
        "spiking_share": example.mean(),
        "spiking_interval": bridge.wilson_interval(example.sum(), len(example)),
        "potential_mv": NEURON.v_rest + unit.potential(EXAMPLE),
        "psps_mv": unit.psps,
        "current_pa": unit.current,
        "lift_mv": unit.current_depolarisation,
        "noiseless_on_its_side": (noiseless == (logistic.score(PLANE.points) > 0.0)).mean(),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the response to the example, and the line in the plane."""
    return kit.sentences(
        found,
        f"A spiking neuron with the score {settings.formula} was tested in {settings.repeats} "
        f"trials at each of {len(PLANE.points)} points, and in {10 * settings.repeats:,} trials at "
        "(−1, 2).",
        "A current of {current_pa:.4g} pA shifts the potential by {lift_mv:+.4g} mV. An input of 1 "
        "has PSPs of {psps_mv[0]:+.4g} and {psps_mv[1]:+.4g} mV.",
        "At (−1, 2) the potential is {potential_mv:.6g} mV and the score {score:.4g}. The logistic "
        "neuron gives {prediction:.4f}, a ReLU neuron {relu:.4g}.",
        "There the spiking neuron fires in a fraction "
        + kit.estimate(found["spiking_share"], found["spiking_interval"], digits=4)
        + " of the trials.",
        "Without noise, it fires if and only if the score is positive. This holds at "
        "{noiseless_on_its_side:.1%} of the points.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the sum that leads to the potential, and the fraction of trials with a spike."""
    example, fired, _ = outcome(result)
    parts = [settings.unit.current_depolarisation, *(settings.unit.psps * EXAMPLE)]
    levels = NEURON.v_rest + np.cumsum([0.0, *parts])

    def draw_sum(axes: kit.Axes) -> None:
        """Draw the current and both synapses as bars, each from the sum of those before it."""
        names = [f"synapse {k}\nx{'₁₂'[k - 1]} = {kit.signed(x)}" for k, x in enumerate(EXAMPLE, 1)]
        colours = ["0.45", *(ns.plot.colour_of(psp) for psp in parts[1:])]
        axes.bar(["current", *names], parts, 0.6, levels[:-1], color=colours)
        for k, part in enumerate(parts):
            text = f"{kit.signed(part, 4, plus=True)} mV"
            kit.label(axes, k, levels[k : k + 2].max(), text, colours[k], "above")
        axes.plot(["sum"], levels[-1:], "D", color=kit.SPIKING)
        text = f"{kit.signed(levels[-1], 6)} mV"
        kit.label(axes, len(parts), levels[-1], text, kit.SPIKING, "below")
        kit.draw_levels(axes, result.populations["noisy"])
        axes.set_ylim(levels.min() - 2.5, max(*levels, NEURON.v_threshold) + 2.5)

    line = np.linspace(-10.0, 10.0, 400)
    pooled = kit.pool_trials(settings.logistic.score(PLANE.points), fired)
    known = settings.logistic.score(EXAMPLE[None]), [example.sum()], len(example)
    return {"spikes": kit.page(
        "The membrane sums the inputs, and escape noise is the logistic function",
        kit.panel(draw_sum, ylabel="membrane potential (mV)",
                  title="Current and synapses add at (−1, 2)"),
        kit.chart(
            kit.curve(line, bridge.find_activation("sigmoid")(line), "logistic neuron σ(score)",
                      **kit.ABSTRACT),
            kit.layer(kit.draw_fraction, *pooled, label="spiking neuron"),
            kit.layer(kit.draw_fraction, *known, color="black", fmt="s", label="at (−1, 2)"),
            ylabel="firing probability", xlabel=f"score {settings.formula}", legend="upper left",
            title="The sum determines the probability", xlim=(-10.5, 10.5), ylim=(-0.03, 1.25),
        ),
        size=(9.2, 4.2),
    )}  # fmt: skip


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the spiking neuron with the logistic one, and train a logistic neuron on it."""
    (example, fired, noiseless), logistic = outcome(result), settings.logistic
    repeats, fraction = fired.shape[1], fired.mean(axis=1)
    trained = bridge.LogisticNeuron(solver="newton").fit(PLANE.trials(repeats), fired.ravel())
    score, predicted = logistic.score(PLANE.points), logistic.probability(PLANE.points)
    decided = np.abs(score) > 1e-9  # on the line, the probability is 1/2
    same = bridge.agreement(fraction[decided] > 0.5, predicted[decided] > 0.5)
    step = bridge.agreement(noiseless[decided], predicted[decided] > 0.5)
    share, of = bridge.agreement(example, np.ones(len(example))), f"of {decided.sum()} points"
    measures = kit.rows(
        {},
        ("agreement", f"Points on the same side of the line | {of}", same),
        ("agreement_noiseless", f"The same without noise (perceptron) | {of}", step),
        ("spiking_share_example",
         f"Firing probability at (−1, 2) | predicted {logistic.probability(EXAMPLE):.4f}", share),
        ("largest_difference",
         f"Largest difference in probability | standard error ≤ {0.5 / np.sqrt(repeats):.2g}",
         np.abs(fraction - predicted).max()),
    )  # fmt: skip
    measures |= kit.trained_weights(trained, settings.theta)
    conclusion = (
        "The spiking neuron fires with the probability of the logistic neuron, on the same side of "
        f"the line at {same.value:.1%} of the points. Without noise it is a perceptron."
    )
    planes = {
        f"Spiking, {settings.repeats} trials each": fraction,
        f"σ({settings.formula})": predicted,
        "Spiking, without noise": noiseless.astype(float),
    }
    panels = [
        kit.chart(
            kit.layer(PLANE.draw, values, contour=False), kit.layer(PLANE.draw_contour, predicted),
            title=name, xlabel="input x₁", ylabel="input x₂",
        )
        for name, values in planes.items()
    ]  # fmt: skip
    drawing = partial(
        kit.page, "The line of score 0 (white) separates the inputs with and without a spike",
        *panels, size=(9.6, 3.6), sharex=True, sharey=True, colourbar="firing probability",
    )  # fmt: skip
    title = "A soft perceptron: spiking and logistic neuron"
    return kit.Comparison(title, measures, {"plane": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S14", lectures=("L1", "L2"), duration=5.0, dt=5.0)
