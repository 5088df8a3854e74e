"""The perceptron learns every separable gate, and never XOR.

A perceptron is active, Y = 1, if Σ wᵢxᵢ − T > 0. After each example with target d it changes its
weights by w ← w + η (d − Y) x and its threshold by T ← T − η (d − Y), so it learns from mistakes
only. If a plane separates the inputs of the two classes, it makes at most (R/γ)² mistakes
(Novikoff), where R is the length of the longest example and γ the largest margin of a separating
plane. It learns AND, OR, NOT and every other separable gate. XOR is not separable: the weights
return to earlier values, and training never ends.

Each trained perceptron is simulated as an integrate-and-fire neuron on all inputs. The weights
become postsynaptic potentials (PSPs), scaled so that exactly the sums above T exceed the firing
threshold 15 mV above rest. If T is not positive, a clock spike supplies the difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

import bridge
import neurosim as ns
from bridge import SpikingCircuit, classics
from scenarios import _kit as kit
from scenarios._kit import circuits as kit_circuits

GATES = {"AND": "A & B", "OR": "A | B", "NOT": "¬A", "A but not B": "A & ¬B", "XOR": "A ⊕ B"}
# Number of random separable sets, and most epochs of training.
SETS, EPOCHS = 100, 100_000


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    gate: str = kit.setting(
        "A & B | A & C | B & C", help="further gate to learn, a Boolean expression with ~ & | ^"
    )
    learning_rate: float = kit.setting(
        1.0, "", 1e-3, 1e3, "learning rate η, which only sets the scale of the weights"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        kit_circuits.checked_expression(self.gate)


class TrainedGate(NamedTuple):
    """A perceptron trained on a gate, and the neuron that represents it, on all inputs."""

    targets: kit.Bools
    perceptron: classics.Perceptron
    circuit: SpikingCircuit

    @property
    def inputs(self) -> kit.Bools:
        """All inputs, shape (n_rows, n)."""
        return self.circuit.inputs[:, 0]

    def fired(self, result: ns.Result) -> kit.Bools:
        """Return whether the neuron fired for each input."""
        return self.circuit.outputs(result)[:, 0]


@lru_cache(maxsize=8)
def trained_gates(settings: Settings) -> dict[str, TrainedGate]:
    """Train a perceptron on each gate; the gate of the settings has the key "gate"."""
    gates = {}
    for name, text in (GATES | {"gate": settings.gate}).items():
        expression = kit_circuits.checked_expression(text)
        variables = expression.variables if name == "gate" else ("A", "B")
        inputs = classics.truth_table(len(variables))
        targets = expression.evaluate(inputs, variables)
        perceptron = classics.train_perceptron(
            inputs, targets, learning_rate=settings.learning_rate, max_epochs=EPOCHS
        )
        logic = classics.ThresholdNetwork(variables, (perceptron.unit(),), (len(variables),))
        gates[name] = TrainedGate(targets, perceptron, SpikingCircuit(logic, inputs, name=name))
    return gates


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a neuron for each trained perceptron, with a copy for each input."""
    net = ns.Network()
    built = {name: gate.circuit for name, gate in trained_gates(settings).items()}
    kit_circuits.add_circuits(net, built, options, recorded=("gate",))
    return net


def random_separable_set(seed: int) -> tuple[kit.Floats, kit.Bools]:
    """Return 5 to 60 points in 1 to 7 dimensions, and on which side of a random plane they are."""
    rng = np.random.default_rng(seed)
    n, dimensions = int(rng.integers(5, 61)), int(rng.integers(1, 8))
    points = rng.normal(size=(n, dimensions))
    return points, points @ rng.normal(size=dimensions) > rng.normal(0.0, 0.5)


@lru_cache(maxsize=1)
def random_training() -> tuple[kit.Floats, kit.Floats]:
    """Return the mistakes on random separable sets (NaN: not learned), and their bounds."""
    found = []
    for seed in range(SETS):
        points, sides = random_separable_set(seed)
        learned = classics.train_perceptron(points, sides, max_epochs=EPOCHS)
        mistakes = learned.mistakes.sum() if learned.converged else np.nan
        found.append((mistakes, classics.mistake_bound(points, sides)))
    mistakes, bounds = np.array(found, dtype=float).T
    return mistakes, bounds


def learnable_gates(n: int) -> int:
    """Return how many Boolean functions of n inputs a perceptron learns."""
    inputs, gates = classics.truth_table(n), classics.truth_table(2**n)
    return sum(classics.train_perceptron(inputs, gate).converged for gate in gates)


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure training on each gate, and how often the trained neurons are correct."""
    found: kit.Findings = {}
    for name, gate in trained_gates(settings).items():
        bound = classics.mistake_bound(gate.inputs, gate.targets)
        found[name] = {
            "learned": gate.perceptron.converged,
            "never": gate.perceptron.cycle > 0,
            "weights": gate.perceptron.weights,
            "threshold": gate.perceptron.threshold,
            "mistakes": int(gate.perceptron.mistakes.sum()),
            "mistake_bound": bound if np.isfinite(bound) else None,
            "neuron_right": float((gate.fired(result) == gate.targets).mean()),
        }
    mistakes, bounds = random_training()
    return found | {
        "random_sets": SETS,
        "random_sets_learned": int(np.isfinite(mistakes).sum()),
        "largest_mistakes_over_bound": float((mistakes / bounds).max()),
        "gates_of_two_inputs_learned": learnable_gates(2),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the course of training on each gate."""
    names = {"gate": settings.gate} | {name: name for name in GATES}
    sentences = []
    for key, name in names.items():
        gate = found[key]
        weights = kit.listed(kit.signed(weight, 4) for weight in gate["weights"])
        sentences.append(
            f"{name}: learned after {gate['mistakes']} mistakes (bound "
            f"{gate['mistake_bound']:.0f}), with weights {weights} and threshold "
            f"{kit.signed(gate['threshold'], 4)}."
            if gate["learned"]
            else f"{name}: not learned, the weights repeat and training never ends. The neuron is "
            f"correct for {gate['neuron_right']:.0%} of the inputs."
        )
    return [
        f"Perceptrons were trained on {len(names)} gates with η = {settings.learning_rate:g}, then "
        "simulated as spiking neurons on all inputs.",
        *sentences,
        f"Of the 16 gates of two inputs, {found['gates_of_two_inputs_learned']} are learned.",
        f"Random separable sets: {found['random_sets_learned']} of {SETS} are learned, with at most"
        f" {found['largest_mistakes_over_bound']:.0%} of the mistakes that the bound allows.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the planes of the gates, and the course of training."""
    gate = trained_gates(settings)["gate"]
    return {
        "planes": _planes_page(result, settings),
        "learning": _learning_page(gate, settings.gate),
    }


def _planes_page(result: ns.Result, settings: Settings) -> kit.Figure:
    """Draw the line of each gate of two inputs, and which neurons fired."""
    panels = []
    for name in GATES:
        gate = trained_gates(settings)[name]
        verdict = "learned" if gate.perceptron.converged else "never learned"
        labels: dict[str, Any] = {
            "title": f"{name}:\n{verdict}",
            "xlabel": "A",
            "xticks": (0, 1),
            "yticks": (0, 1),
        }
        panels.append(kit.panel(_draw_plane, gate, gate.fired(result), aspect="equal", **labels))
    title = "A perceptron learns the gates that a straight line separates"
    fig = kit.page(title, *panels, columns=len(GATES), size=(9.5, 3.1), legend=4, sharey=True)
    fig.axes[0].set_ylabel("B")
    return fig


def _draw_plane(axes: kit.Axes, gate: TrainedGate, fired: kit.Bools) -> None:
    a, b = np.meshgrid([-0.5, 1.5], [-0.5, 1.5])
    score = gate.perceptron.weights[0] * a + gate.perceptron.weights[1] * b
    axes.contourf(a, b, score - gate.perceptron.threshold, levels=[0.0, np.inf], colors=["0.85"])
    axes.fill_between([], [], color="0.85", label="Σ wᵢxᵢ > T")
    kit_circuits.draw_responses(axes, gate.inputs.astype(float), fired, fired != gate.targets)


def _learning_page(gate: TrainedGate, text: str) -> kit.Figure:
    """Draw weights and threshold after each mistake, and the mistakes in each epoch."""
    *weights, threshold = gate.perceptron.path.T
    names = [f"weight of {variable}" for variable in gate.circuit.logic.inputs]
    steps = np.arange(len(threshold))
    # Equal values are drawn beside each other.
    course = [
        kit.curve(steps, weight + 0.03 * k, name, marker="o", ms=4)
        for k, (name, weight) in enumerate(zip(names, weights, strict=True))
    ]
    course.append(kit.curve(steps, threshold, "threshold T", color="black", ls="--"))
    mistakes = gate.perceptron.mistakes
    ending = "the last epoch has no mistake" if gate.perceptron.converged else "training never ends"
    return kit.page(
        f"Learning {text}: {ending}",
        kit.chart(*course, kit.level(0.0), xlabel="number of mistakes", ylabel="weight",
                  legend="upper left"),
        kit.chart(kit.bars(1 + np.arange(len(mistakes)), mistakes, color="0.45"), xlabel="epoch",
                  ylabel="mistakes"),
        size=(9.4, 3.8), width_ratios=(1.6, 1.0),
    )  # fmt: skip


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare neurons with perceptrons, and mistakes with their bound."""
    gates = trained_gates(settings)
    built = {name: gate.circuit for name, gate in gates.items()}
    every = kit_circuits.agreement(built.values(), result)
    gate, (mistakes, bounds) = gates["gate"], random_training()
    strengths = bridge.strengths(gate.perceptron.unit())
    measures = kit.rows(
        {},
        ("agreement", "Neurons that agree with the perceptron", every),
        *(
            (f"psp_of_{variable}", f"PSP (mV) of input {variable}", psp)
            for variable, psp in zip(gate.circuit.logic.inputs, strengths.psps, strict=True)
        ),
        ("mistakes", "Mistakes while learning the gate", gate.perceptron.mistakes.sum()),
        ("mistake_bound", "Bound on these mistakes, (R/γ)²",
         classics.mistake_bound(gate.inputs, gate.targets)),
        ("largest_mistakes_over_bound", f"Largest ratio of mistakes to bound | {SETS} random sets",
         np.nanmax(mistakes / bounds)),
    )  # fmt: skip
    ends = np.array([0.8, 1.5 * bounds.max()])
    bound = kit.chart(
        kit.curve(ends, ends, "bound (R/γ)²", color="0.45", ls="--"),
        kit.curve(bounds, np.maximum(mistakes, 0.8), "random set", ls="", marker="o",
                  color="black", alpha=0.6),
        xlabel="bound on the number of mistakes", ylabel="number of mistakes", xscale="log",
        yscale="log", legend="upper left",
    )  # fmt: skip
    message = f"On {len(bounds)} random separable sets, mistakes stay below the bound"
    conclusion = kit_circuits.conclusion(every).replace("its unit", "its perceptron")
    return kit.Comparison(
        "The perceptron: a unit that learns, and the neuron that represents it",
        measures,
        {"bound": partial(kit.page, message, bound)},
        f"{conclusion} No training exceeds the bound on mistakes.",
    )


scenario = kit.lesson(__name__, row="S11", lectures=("L1", "L3"), duration=50.0)
