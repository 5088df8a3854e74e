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
        if gate["learned"]:
            weights = kit.listed(kit.signed(weight, 4) for weight in gate["weights"])
            sentences.append(
                f"{name}: learned after {gate['mistakes']} mistakes (bound "
                f"{gate['mistake_bound']:.0f}), with weights {weights} and threshold "
                f"{kit.signed(gate['threshold'], 4)}."
            )
        else:
            why = (
                "the weights repeat, so training never ends" if gate["never"] else "training ended"
            )
            sentences.append(
                f"{name}: not learned; {why}. The neuron is correct for "
                f"{gate['neuron_right']:.0%} of the inputs."
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
    """Draw the planes of the gates, the course of training, and the trained neuron."""
    gate = trained_gates(settings)["gate"]
    return {
        "planes": _planes_page(result, settings),
        "learning": _learning_page(gate, settings.gate),
        "neuron": _neuron_page(result, gate, settings.gate),
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
    """Draw each weight and the threshold after each mistake, and the mistakes in each epoch."""
    *weights, threshold = gate.perceptron.path.T
    limit = 1.1 * np.abs(gate.perceptron.path).max()
    labels: dict[str, Any] = {"xlabel": "number of mistakes", "ylim": (-limit, limit)}
    panels = [
        kit.panel(_draw_bars, weight, 0, True, title=f"weight of {variable}", **labels)
        for weight, variable in zip(weights, gate.circuit.logic.inputs, strict=True)
    ]
    mistakes = gate.perceptron.mistakes
    panels += [
        kit.panel(_draw_bars, threshold, 0, title="threshold T", **labels),
        kit.panel(_draw_bars, mistakes, 1, title="mistakes in each epoch", xlabel="epoch"),
    ]
    ending = "the last epoch has no mistake" if gate.perceptron.converged else "training never ends"
    size = (9.0, 0.5 + 2.2 * -(-len(panels) // 3))
    return kit.page(f"Learning {text}: {ending}", *panels, columns=3, size=size)


def _draw_bars(axes: kit.Axes, values: kit.Floats, first: int, signed: bool = False) -> None:
    """Draw one bar for each value; `signed` colours excitatory and inhibitory weights."""
    colours = [ns.plot.colour_of(int(np.sign(value))) if signed else "0.45" for value in values]
    axes.bar(first + np.arange(len(values)), values, width=0.8, color=colours)
    axes.axhline(0.0, color="black", lw=0.8)
    axes.locator_params(integer=True)


def _neuron_page(result: ns.Result, gate: TrainedGate, text: str) -> kit.Figure:
    """Draw the potential of the trained neuron when its input arrives, for each input."""
    shown = slice(None, kit_circuits.MOST_SHOWN)
    unit = gate.circuit.logic.outputs[0]
    peaks = kit_circuits.potentials_on_arrival(gate.circuit, result, unit)[shown]
    fired = gate.fired(result)[shown]
    wrong = fired != gate.targets[shown]
    names = ["".join(map(str, row)) for row in gate.inputs[shown].astype(int)]

    def draw(axes: kit.Axes) -> None:
        positions = np.arange(len(peaks))
        axes.vlines(positions, gate.circuit.neuron.v_rest, peaks, color="0.6", lw=2)
        kit_circuits.draw_responses(axes, np.column_stack([positions, peaks]), fired, wrong)
        kit.draw_levels(axes, result.populations["gate"])
        axes.margins(y=0.12)
        axes.set_xticks(positions, names, rotation=90 if len(positions) > 8 else 0)
        axes.set_xlim(-0.6, len(positions) + 1.5)

    variables = "".join(gate.circuit.logic.inputs)
    body = kit.panel(draw, xlabel=f"input {variables}", ylabel="potential when input arrives (mV)")
    title = f"No neuron learns {text}" if wrong.any() else f"The trained neuron computes {text}"
    return kit.page(title, body, size=(7.5, 4.0), legend=3)


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare neurons with perceptrons, and mistakes with their bound."""
    gates = trained_gates(settings)
    built = {name: gate.circuit for name, gate in gates.items()}
    every = kit_circuits.agreement(built.values(), result, "Neurons that agree with the perceptron")
    measures = {"agreement": every}
    for name, circuit in built.items():
        key = f"agreement_{name.replace(' ', '_')}"
        measures[key] = kit_circuits.agreement([circuit], result)
    gate = gates["gate"]
    strengths = bridge.strengths(gate.perceptron.unit())
    for variable, psp in zip(gate.circuit.logic.inputs, strengths.psps, strict=True):
        label = f"PSP of input {variable}" if len(strengths.psps) <= 6 else ""
        measures[f"psp_of_{variable}"] = kit.Measure(psp, "mV", label=label)
    mistakes, bounds = random_training()
    ratio = float(np.nanmax(mistakes / bounds))
    measures |= {
        "mistakes": kit.Measure(
            int(gate.perceptron.mistakes.sum()), label="Mistakes while learning the gate"
        ),
        "mistake_bound": kit.Measure(
            classics.mistake_bound(gate.inputs, gate.targets),
            label="Bound on these mistakes, (R/γ)²",
        ),
        "largest_mistakes_over_bound": kit.Measure(
            ratio, label="Largest ratio of mistakes to bound", note=f"{SETS} random sets"
        ),
    }
    conclusion = kit_circuits.conclusion(every).replace("its unit", "its perceptron")
    return kit.Comparison(
        "The perceptron: a unit that learns, and the neuron that represents it",
        measures,
        {"bound": partial(_bound_page, mistakes, bounds)},
        f"{conclusion} No training exceeds the bound on mistakes.",
    )


def _bound_page(mistakes: kit.Floats, bounds: kit.Floats) -> kit.Figure:
    """Draw mistakes against their bound, with a point for each random set."""
    ends = np.array([0.8, 1.5 * bounds.max()])

    def draw(axes: kit.Axes) -> None:
        axes.loglog(ends, ends, color="0.45", ls="--")
        kit.label(axes, 300.0, 300.0, "bound (R/γ)²", "0.35", "left")
        axes.plot(bounds, np.maximum(mistakes, 0.8), "o", color="black", ms=5, alpha=0.6)

    labels = {"xlabel": "bound on the number of mistakes, (R/γ)²", "ylabel": "number of mistakes"}
    body = kit.panel(draw, **labels, xlim=ends, ylim=ends)
    title = f"On {len(bounds)} random separable sets, mistakes stay below the bound"
    return kit.page(title, body, size=(7.0, 4.6))


scenario = kit.lesson(__name__, row="S11", lectures=("L1", "L3"), duration=50.0)
