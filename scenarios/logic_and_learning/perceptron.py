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
from typing import NamedTuple

import numpy as np

import bridge
import neurosim as ns
from bridge import SpikingCircuit, classics
from scenarios import _kit as kit
from scenarios._kit import circuits as kit_circuits

GATES = {"AND": "A & B", "OR": "A | B", "NOT": "¬A", "A but not B": "A & ¬B", "XOR": "A ⊕ B"}


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    gate: str = kit.setting(
        "A & B | A & C | B & C", help="further gate to learn, a Boolean expression with ~ & | ^"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        kit_circuits.checked_expression(self.gate)


class TrainedGate(NamedTuple):
    """A perceptron trained on a gate, and the neuron that represents it, on all inputs."""

    targets: kit.Bools
    perceptron: classics.Perceptron
    circuit: SpikingCircuit

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
        perceptron = classics.train_perceptron(inputs, targets)
        logic = classics.ThresholdNetwork(variables, (perceptron.unit(),), (len(variables),))
        gates[name] = TrainedGate(targets, perceptron, SpikingCircuit(logic, inputs, name=name))
    return gates


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a neuron for each trained perceptron, with a copy for each input."""
    net = ns.Network()
    built = {name: gate.circuit for name, gate in trained_gates(settings).items()}
    kit_circuits.add_circuits(net, built, options, recorded=("gate",))
    return net


@lru_cache(maxsize=2)
def separable_gates(n: int) -> tuple[kit.Integers, kit.Floats]:
    """Return the mistakes on all separable gates of n inputs, and their bounds."""
    inputs, found = classics.truth_table(n), []
    for targets in classics.truth_table(2**n):
        learned = classics.train_perceptron(inputs, targets)
        if learned.converged:
            found.append((learned.mistakes.sum(), classics.mistake_bound(inputs, targets)))
    mistakes, bounds = np.transpose(found)
    return mistakes, bounds


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure training on each gate, and how often the trained neurons are correct."""
    found: kit.Findings = {}
    for name, gate in trained_gates(settings).items():
        bound = classics.mistake_bound(gate.circuit.inputs[:, 0], gate.targets)
        found[name] = {
            "learned": gate.perceptron.converged,
            "never": gate.perceptron.cycle > 0,
            "weights": gate.perceptron.weights,
            "threshold": gate.perceptron.threshold,
            "mistakes": int(gate.perceptron.mistakes.sum()),
            "mistake_bound": bound if np.isfinite(bound) else None,
            "neuron_right": (gate.fired(result) == gate.targets).mean(),
        }
    mistakes, bounds = separable_gates(3)
    return found | {
        "gates_of_two_inputs_learned": len(separable_gates(2)[0]),
        "gates_of_three_inputs_learned": len(mistakes),
        "largest_mistakes_over_bound": (mistakes[bounds > 0] / bounds[bounds > 0]).max(),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the course of training on each gate."""
    names = {name: name for name in GATES} | {"gate": settings.gate}
    learned = [
        f"{name} ({found[key]['mistakes']}, at most {found[key]['mistake_bound']:.0f})"
        for key, name in names.items()
        if found[key]["learned"]
    ]
    failed = [name for key, name in names.items() if not found[key]["learned"]]
    return kit.sentences(
        found,
        f"Perceptrons were trained on {len(names)} gates, then simulated as spiking neurons on all "
        "inputs.",
        "Learned gates (with the number of mistakes, and its bound): {learned}.",
        "Not learned: {failed}. The weights repeat, and training never ends.",
        "Of the 16 gates of two inputs {gates_of_two_inputs_learned} are learned, and of the 256 "
        "gates of three inputs {gates_of_three_inputs_learned}, with at most "
        "{largest_mistakes_over_bound:.0%} of the mistakes that the bound allows.",
        learned=", ".join(learned),
        failed=kit.listed(failed),
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the planes of the gates, and the course of training."""
    *gates, gate = trained_gates(settings).values()
    planes = [
        kit_circuits.plane_panel(
            one.perceptron.weights, (one.perceptron.threshold, np.inf), one.fired(result),
            one.fired(result) != one.targets,
            title=f"{name}:\n{'learned' if one.perceptron.converged else 'never learned'}",
        )
        for name, one in zip(GATES, gates, strict=True)
    ]  # fmt: skip
    *weights, threshold = gate.perceptron.path.T
    mistakes, steps = gate.perceptron.mistakes, np.arange(len(threshold))
    # Equal values are drawn beside each other.
    course = [
        kit.curve(steps, weight + 0.03 * k, f"weight of {variable}", marker="o", ms=4)
        for k, (variable, weight) in enumerate(zip(gate.circuit.logic.inputs, weights, strict=True))
    ]
    ending = "the last epoch has no mistake" if gate.perceptron.converged else "training never ends"
    return {
        "planes": kit.page(
            "A perceptron learns the gates that a straight line separates", *planes,
            columns=len(GATES), size=(9.5, 3.1), legend=4, sharex=True, sharey=True,
        ),
        "learning": kit.page(
            f"Learning {settings.gate}: {ending}",
            kit.chart(
                *course, kit.curve(steps, threshold, "threshold T", color="black", ls="--"),
                kit.level(0.0), xlabel="number of mistakes", ylabel="weight", legend="upper left",
            ),
            kit.chart(kit.bars(1 + np.arange(len(mistakes)), mistakes, color="0.45"),
                      lambda axes: axes.locator_params(axis="y", integer=True),
                      xlabel="epoch", ylabel="mistakes"),
            size=(9.4, 3.8), width_ratios=(1.6, 1.0),
        ),
    }  # fmt: skip


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare neurons with perceptrons, and mistakes with their bound."""
    gates, found = trained_gates(settings), findings(result, settings)
    every = kit_circuits.agreement((gate.circuit for gate in gates.values()), result)
    gate, (mistakes, bounds) = gates["gate"], separable_gates(3)
    psps = bridge.strengths(gate.perceptron.unit()).psps
    measures = kit.rows(
        found,
        ("agreement", "Neurons that agree with the perceptron", every),
        *(
            (f"psp_of_{variable}", f"PSP (mV) of input {variable}", psp)
            for variable, psp in zip(gate.circuit.logic.inputs, psps, strict=True)
        ),
        ("largest_mistakes_over_bound", "Largest ratio of mistakes to bound | gates of 3 inputs"),
    )
    ends, look = np.array([0.0, bounds.max()]), {"ls": "", "marker": "o", "color": "black"}
    bound = kit.chart(
        kit.curve(ends, ends, "bound (R/γ)²", color="0.45", ls="--"),
        kit.curve(bounds, mistakes, "separable gate of three inputs", alpha=0.3, **look),
        xlabel="bound on the number of mistakes", ylabel="number of mistakes", legend="upper left",
    )  # fmt: skip
    drawing = partial(kit.page, "All separable gates are learned within the bound", bound)
    conclusion = kit_circuits.conclusion(every).replace("its unit", "its perceptron")
    conclusion += " No training exceeds the bound on mistakes."
    title = "The perceptron: a unit that learns, and the neuron that represents it"
    return kit.Comparison(title, measures, {"bound": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S11", lectures=("L1", "L3"), duration=50.0)
