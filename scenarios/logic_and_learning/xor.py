"""XOR with a hidden layer, and a Boolean expression, in spikes.

No straight line separates the inputs of exclusive or (XOR), so no single neuron computes it. One
hidden layer suffices: "A or B" excites the output neuron, and "A and B" inhibits it.

The expression of the lecture, ((A & ¬X & Z) | (A & ¬Y)) & ((X & Y) | (¬X & Z)), is compiled to
layers of McCulloch–Pitts units and tested on all 16 inputs. The setting ``expression`` replaces it
by another expression. All units are integrate-and-fire neurons; a spike means true and no spike
means false. The outputs are correct without exception, because all inputs of a neuron arrive in the
same time step and their sum keeps a distance from the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

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


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    expression: str = kit.setting(
        LECTURE, help="Boolean expression of 1 to 8 variables, with ~ & | ^"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        kit_circuits.checked_expression(self.expression)


@lru_cache(maxsize=8)
def circuits(settings: Settings) -> dict[str, SpikingCircuit]:
    """Return both circuits by name, each with all its inputs."""
    logic = {"xor": XOR, "expression": classics.compile_expressions(settings.expression)}
    return {
        name: SpikingCircuit(one, classics.truth_table(len(one.inputs)), name=name)
        for name, one in logic.items()
    }


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add both circuits, and record the units of XOR."""
    net = ns.Network()
    kit_circuits.add_circuits(net, circuits(settings), options, recorded=("xor",))
    return net


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Read the outputs, and count the errors."""
    xor, compiled = circuits(settings).values()
    answers = compiled.outputs(result)[:, 0]
    truth = classics.parse(settings.expression).evaluate(compiled.inputs[:, 0])
    return {
        "xor": xor.outputs(result)[:, 0].astype(int),
        "variables": list(compiled.logic.inputs),
        "units": len(compiled.logic.units),
        "layers": int(compiled.logic.first_windows.max()),
        "answers": answers.astype(int),
        "errors": int((answers != truth).sum()),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the outputs and the number of errors."""
    variables, answers = "".join(found["variables"]), found["answers"]
    active = [f"{k:0{len(variables)}b}" for k in np.flatnonzero(answers)]
    shown = kit.listed(active[:8]) if active else "none"
    more = f" and {len(active) - 8} more" if len(active) > 8 else ""
    return [
        f"Circuits of spiking neurons computed XOR and a Boolean expression of {len(variables)} "
        "variables, on all inputs.",
        f"XOR of AB = 00, 01, 10, 11: {''.join(map(str, found['xor']))}.",
        f"The expression {settings.expression} needs {found['units']} units in {found['layers']} "
        f"layers. Its neurons make {found['errors']} errors.",
        f"It is true for {len(active)} of {len(answers)} inputs {variables}: {shown}{more}.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the potentials and the input plane of XOR, and the table of the expression."""
    xor, compiled = circuits(settings).values()
    potentials = "XOR: “A or B” excites the output neuron, “A and B” inhibits it"
    table = f"{len(compiled.logic.units)} spiking neurons compute a Boolean expression"
    names = [unit.name for unit in XOR.units]
    # "A or B" and "A and B" are active above their thresholds, XOR between the two.
    either, both = (unit.threshold for unit in XOR.units[:2])
    bands = ((either, 4.0), (both, 4.0), (either, both))
    planes = [
        kit_circuits.plane_panel((1.0, 1.0), band, fired, title=name)
        for band, fired, name in zip(bands, xor.fired(result)[:, 0, 2:].T, names, strict=True)
    ]
    lines = "One straight line separates OR and AND; XOR needs both lines"
    return {
        "xor": kit_circuits.potentials_page(potentials, xor, result, names),
        "plane": kit.page(lines, *planes, size=(9.0, 3.9), legend=3),
        "expression": kit_circuits.table_page(table, compiled, result),
    }


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare neurons with threshold units, and the circuit of XOR with a single unit."""
    inputs, xor = classics.truth_table(2).astype(float), np.array([0, 1, 1, 0])
    single = bridge.LogisticNeuron().fit(inputs, xor)
    every = kit_circuits.agreement(circuits(settings).values(), result)
    measures = kit.rows(
        {},
        ("agreement", "Neurons that agree with their unit", every),
        ("margin_of_one_neuron", "XOR: largest margin of one threshold unit | 0: not separable",
         classics.largest_margin(inputs, xor)[0]),
        ("cross_entropy_of_one_logistic_neuron",
         "XOR: cross-entropy of one logistic neuron | ln 2: always predicts 1/2",
         bridge.cross_entropy(xor, single.predict_proba(inputs)[:, 1]).value),
    )  # fmt: skip
    title = "XOR and a Boolean expression: spiking neurons and threshold units"
    conclusion = kit_circuits.conclusion(every) + " A single unit cannot compute XOR."
    return kit.Comparison(title, measures, conclusion=conclusion)


scenario = kit.lesson(__name__, row="S12", lectures=("L1", "L3"), duration=200.0)
