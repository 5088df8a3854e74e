"""XOR with a hidden layer, and any Boolean expression, in spikes.

No straight line separates the inputs of exclusive or (XOR), so no single neuron computes it. One
hidden layer suffices: "A or B" excites the output neuron, and "A and B" inhibits it.

The expression of the lecture, ((A & ¬X & Z) | (A & ¬Y)) & ((X & Y) | (¬X & Z)), is compiled to
layers of McCulloch–Pitts units and tested on all 16 inputs. In the same run, random expressions of
up to six variables are tested on all inputs. All units are integrate-and-fire neurons; a spike
means true and no spike means false. The outputs are correct without exception, because all inputs
of a neuron arrive in the same time step and their sum keeps a distance from the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

import bridge
import neurosim as ns
from bridge import SpikingCircuit, classics
from scenarios import _kit as kit
from scenarios._kit import circuits as kit_circuits

LECTURE = "((A & ¬X & Z) | (A & ¬Y)) & ((X & Y) | (¬X & Z))"
XOR = classics.ThresholdNetwork(
    ("A", "B"),
    (
        classics.ThresholdUnit("A or B", (0, 1), (1.0, 1.0), 0.5),
        classics.ThresholdUnit("A and B", (0, 1), (1.0, 1.0), 1.5),
        classics.ThresholdUnit("A xor B", (2, 3), (1.0, -1.0), 0.5),
    ),
    (4,),
)
# Random expressions: variables, largest nesting depth, and seed.
VARIABLES, DEPTH, SEED = "ABCDEF", 3, 12


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    expression: str = kit.setting(
        LECTURE, help="Boolean expression of 1 to 8 variables, with ~ & | ^"
    )
    random: int = kit.setting(200, "", 1, 1000, "number of random expressions")

    def __post_init__(self) -> None:
        super().__post_init__()
        kit_circuits.checked_expression(self.expression)


@lru_cache(maxsize=8)
def random_expressions(n: int) -> tuple[classics.Expression, ...]:
    """Return random expressions of up to six variables."""
    rng = np.random.default_rng(SEED)
    sizes = rng.integers(1, len(VARIABLES) + 1, n)
    return tuple(classics.random_expression(rng, VARIABLES[:size], DEPTH) for size in sizes)


@lru_cache(maxsize=8)
def circuits(settings: Settings) -> dict[str, SpikingCircuit]:
    """Return all circuits by name, each with all its inputs."""
    logic = {
        "xor": XOR,
        "expression": classics.compile_expressions(settings.expression),
        "random": classics.compile_expressions(random_expressions(settings.random), VARIABLES),
    }
    return {
        name: SpikingCircuit(one, classics.truth_table(len(one.inputs)), name=name)
        for name, one in logic.items()
    }


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add all circuits, and record the units of XOR."""
    net = ns.Network()
    kit_circuits.add_circuits(net, circuits(settings), options, recorded=("xor",))
    return net


def random_errors(result: ns.Result, settings: Settings) -> kit.Bools:
    """Return whether the outputs of random expressions are wrong, by input and expression."""
    inputs = classics.truth_table(len(VARIABLES))
    expressions = random_expressions(settings.random)
    truth = np.stack([each.evaluate(inputs, VARIABLES) for each in expressions], axis=1)
    return circuits(settings)["random"].outputs(result) != truth


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Read the outputs, and count the errors."""
    xor, compiled, random = circuits(settings).values()
    answers = compiled.outputs(result)[:, 0]
    truth = classics.parse(settings.expression).evaluate(compiled.inputs[:, 0])
    wrong = random_errors(result, settings)
    return {
        "xor": xor.outputs(result)[:, 0].astype(int),
        "variables": list(compiled.logic.inputs),
        "units": len(compiled.logic.units),
        "layers": int(compiled.logic.first_windows.max()),
        "answers": answers.astype(int),
        "errors": int((answers != truth).sum()),
        "random_expressions": settings.random,
        "random_units": len(random.logic.units),
        "random_layers": int(random.logic.first_windows.max()),
        "random_inputs": wrong.size,
        "random_errors": int(wrong.sum()),
        "random_expressions_without_error": int((~wrong).all(axis=0).sum()),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the outputs and the number of errors."""
    variables, answers = "".join(found["variables"]), found["answers"]
    active = [f"{k:0{len(variables)}b}" for k in np.flatnonzero(answers)]
    shown = kit.listed(active[:8]) if active else "none"
    more = f" and {len(active) - 8} more" if len(active) > 8 else ""
    return [
        "Circuits of spiking neurons computed XOR, a Boolean expression of "
        f"{len(variables)} variables and {settings.random} random expressions, on all inputs.",
        f"XOR of AB = 00, 01, 10, 11: {''.join(map(str, found['xor']))}.",
        f"The expression {settings.expression} needs {found['units']} units in {found['layers']} "
        f"layers. It is true for {len(active)} of {len(answers)} inputs {variables}: {shown}{more}."
        f" Errors: {found['errors']}.",
        f"The random expressions share {found['random_units']:,} units in {found['random_layers']} "
        f"layers. Errors: {found['random_errors']} of {found['random_inputs']:,} outputs.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the potentials and the input plane of XOR, and the table of the expression."""
    xor, compiled, _ = circuits(settings).values()
    potentials = "XOR: “A or B” excites the output neuron, “A and B” inhibits it"
    table = f"{len(compiled.logic.units)} spiking neurons compute a Boolean expression"
    names = [unit.name for unit in XOR.units]
    return {
        "xor": kit_circuits.potentials_page(potentials, xor, result, names),
        "plane": _plane_page(xor.fired(result)[:, 0, len(XOR.inputs) :].T),
        "expression": kit_circuits.table_page(table, compiled, result),
    }


def _plane_page(fired: kit.Bools) -> kit.Figure:
    """Draw where in the plane of A and B each unit of XOR is active, and which neurons fired."""
    either, both = (unit.threshold for unit in XOR.units[:2])
    bands = ((either, 4.0), (both, 4.0), (either, both))
    labels: dict[str, Any] = {
        "xlabel": "A",
        "ylabel": "B",
        "xticks": (0, 1),
        "yticks": (0, 1),
        "aspect": "equal",
    }
    panels = [
        kit.panel(_draw_plane, band, spikes, title=unit.name, **labels)
        for band, spikes, unit in zip(bands, fired, XOR.units, strict=True)
    ]
    title = "One straight line separates OR and AND; XOR needs both lines"
    return kit.page(title, *panels, size=(9.0, 3.9), legend=3)


def _draw_plane(axes: kit.Axes, band: tuple[float, float], fired: kit.Bools) -> None:
    """Draw the band of A + B in which a unit is active, and the four inputs."""
    a, b = np.meshgrid([-0.5, 1.5], [-0.5, 1.5])
    axes.contourf(a, b, a + b, levels=band, colors=["0.85"])
    axes.fill_between([], [], color="0.85", label="unit is active")
    kit_circuits.draw_responses(axes, classics.truth_table(2).astype(float), fired)


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare neurons with threshold units, and the circuit of XOR with a single unit."""
    built = circuits(settings)
    measures = {
        f"agreement_{name}": kit_circuits.agreement([built[name]], result, label)
        for name, label in (
            ("xor", "XOR: neurons that agree with their unit"),
            ("expression", "Neurons of the expression"),
            ("random", "Neurons of the random expressions"),
        )
    }
    every = kit_circuits.agreement(built.values(), result)
    wrong = random_errors(result, settings)
    inputs, xor = classics.truth_table(2).astype(float), np.array([0, 1, 1, 0])
    single = bridge.LogisticNeuron().fit(inputs, xor)
    entropy = bridge.cross_entropy(xor, single.predict_proba(inputs)[:, 1])
    measures["agreement"] = measures["agreement_xor"].labelled("")
    wrong_of, margin = f"of {wrong.size:,}", classics.largest_margin(inputs, xor)[0]
    measures |= kit.rows(
        {},
        ("errors_of_random_expressions", f"Wrong outputs of random expressions | {wrong_of}",
         wrong.sum()),
        ("margin_of_one_neuron", "XOR: largest margin of one threshold unit | 0: not separable",
         margin),
        ("cross_entropy_of_one_logistic_neuron",
         "XOR: cross-entropy of one logistic neuron | ln 2: always predicts 1/2", entropy.value),
    )  # fmt: skip
    table = partial(
        kit_circuits.table_page, "Every neuron fires when its unit is active",
        built["expression"], result, expected=True,
    )  # fmt: skip
    title = "XOR and Boolean expressions: spiking neurons and threshold units"
    conclusion = kit_circuits.conclusion(every) + " A single unit cannot compute XOR."
    return kit.Comparison(title, measures, {"expression": table}, conclusion)


scenario = kit.lesson(__name__, row="S12", lectures=("L1", "L3"), duration=200.0)
