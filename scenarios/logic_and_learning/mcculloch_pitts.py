"""McCulloch–Pitts units: logic and memory with all-or-none neurons.

A McCulloch–Pitts unit is active if enough of its excitatory inputs are active and none of its
inhibitory inputs is. Here each unit is a leaky integrate-and-fire neuron. A spike stands for 1 and
no spike for 0. All inputs of a neuron arrive in the same time step, and an inhibitory spike is as
strong as all excitatory spikes together (absolute inhibition, or veto).

AND, OR and NOT need one unit each. A unit without excitatory inputs, such as NOT, receives a clock
spike in each time window, which the input can veto. A Boolean expression is compiled to units and
tested on all inputs, with one copy of the circuit for each input. A unit that excites itself is a
memory: one spike sets it, and it fires once in each window until a spike at the inhibitory input
resets it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

import neurosim as ns
from bridge import SpikingCircuit
from bridge.classics import ThresholdNetwork, ThresholdUnit, compile_expressions, truth_table
from scenarios import _kit as kit
from scenarios._kit import circuits as kit_circuits

GATES = {"AND": "A & B", "OR": "A | B", "NOT": "¬A"}
# Input of the memory by window: S sets, R resets, B does both, a dot does neither.
PULSES = "..S...R...S.SR..B.."
# Numbers of excitatory spikes tested against one inhibitory spike.
EXCITATION = (1, 2, 3, 5, 10, 20, 50, 100, 1000)


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    expression: str = kit.setting(
        "(A & ~B) | (~A & C)", help="Boolean expression of 1 to 8 variables, with ~ & | ^"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        kit_circuits.checked_expression(self.expression)


@lru_cache(maxsize=8)
def circuits(settings: Settings) -> dict[str, SpikingCircuit]:
    """Return all circuits by name."""
    expression = compile_expressions(settings.expression)
    logic = {
        "gates": (compile_expressions([*GATES.values()], "AB"), truth_table(2)),
        "expression": (expression, truth_table(len(expression.inputs))),
        "veto": inhibited_units(),
        "memory": memory(),
    }
    return {name: SpikingCircuit(*given, name=name) for name, given in logic.items()}


def inhibited_units() -> tuple[ThresholdNetwork, kit.Bools]:
    """Return units with many excitatory inputs and one inhibitory input, and their inputs.

    All excitatory inputs are active; the inhibitory input is active in row 1 only.
    """
    most = max(EXCITATION)
    units = tuple(
        ThresholdUnit.mcculloch_pitts(f"{n} inputs", (*range(n),), (most,), threshold=1)
        for n in EXCITATION
    )
    names = (*(f"e{k + 1}" for k in range(most)), "inhibition")
    inputs = np.ones((2, len(names)), dtype=bool)
    inputs[0, most] = False
    outputs = tuple(range(len(names), len(names) + len(units)))
    return ThresholdNetwork(names, units, outputs), inputs


def memory() -> tuple[ThresholdNetwork, kit.Bools]:
    """Return a unit with a set input, a loop and an input that vetoes it, and its inputs."""
    unit = ThresholdUnit.mcculloch_pitts("memory", (0, 2), (1,), threshold=1)
    inputs = np.array([[[letter in "SB", letter in "RB"] for letter in PULSES]])
    return ThresholdNetwork(("set", "reset"), (unit,), (2,)), inputs


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add all circuits, and record the gates and the memory."""
    net = ns.Network()
    kit_circuits.add_circuits(net, circuits(settings), options, recorded=("gates", "memory"))
    return net


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Read the outputs of each circuit, and count the spikes that are wrong."""
    built = circuits(settings)
    outputs = {name: circuit.outputs(result) for name, circuit in built.items()}
    without, against = outputs["veto"]
    logic = built["expression"].logic
    return {
        **{name: outputs["gates"][:, k].astype(int) for k, name in enumerate(GATES)},
        "units": len(logic.units),
        "layers": int(logic.first_windows.max()),
        "inputs": built["expression"].n_rows,
        "answers": outputs["expression"][:, 0].astype(int),
        "wrong_spikes": {
            name: int((circuit.fired(result) != circuit.logic.run(circuit.inputs)).sum())
            for name, circuit in built.items()
        },
        "fired_without_inhibition": without.all(),
        "fired_against_a_veto": against.any(),
        "memory": built["memory"].fired(result)[0, :, 2].astype(int),
        "memory_window_ms": built["memory"].window,
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the outputs of the circuits."""
    outputs = [f"{name} {''.join(map(str, found[name]))}" for name in GATES]
    first = found["answers"][: kit_circuits.MOST_SHOWN]
    return [
        "McCulloch–Pitts units were simulated as integrate-and-fire neurons, each circuit in one "
        "copy for each input.",
        f"Outputs for the inputs AB = 00, 01, 10, 11: {kit.listed(outputs)}.",
        f"The expression {settings.expression} was compiled to {found['units']} units in "
        f"{found['layers']} layers. Outputs for the first {len(first)} inputs: "
        f"{''.join(map(str, first))}.",
        "Absolute inhibition: with one inhibitory spike, a neuron "
        f"{'fires' if found['fired_against_a_veto'] else 'does not fire'} at any excitation, up to "
        f"{max(EXCITATION):,} spikes.",
        f"Memory, in windows of {found['memory_window_ms']:g} ms: input {PULSES}, spikes "
        f"{''.join(map(str, found['memory']))}.",
        f"Neurons that differ from their unit: {sum(found['wrong_spikes'].values())}.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the gates, the veto, the truth table of the expression and the memory."""
    built = circuits(settings)
    veto = kit.panel(
        kit_circuits.draw_table, ("no inhibition", "one inhibitory spike"),
        built["veto"].outputs(result), xticks=0.5 + np.arange(len(EXCITATION)),
        xticklabels=EXCITATION, xlabel="number of simultaneous excitatory spikes",
        title="green: the neuron fires",
    )  # fmt: skip
    memory = kit.panel(
        _draw_memory, result, built["memory"], xlabel="time (ms)", yticks=(-70, -55, 30),
        ylabel="membrane potential (mV)", xlim=(0, built["memory"].duration + 140.0),
    )  # fmt: skip
    gates = "One neuron computes AND, OR or NOT; NOT is excited by a clock spike"
    vetoes = "One inhibitory spike vetoes any number of excitatory spikes"
    remembers = "A neuron that excites itself fires from a set pulse to the next reset pulse"
    return {
        "gates": kit_circuits.potentials_page(gates, built["gates"], result, list(GATES)),
        "veto": kit.page(vetoes, veto, size=(7.4, 2.4)),
        "memory": kit.page(remembers, memory, size=(8.5, 3.8), legend=3),
    }


def _draw_memory(axes: kit.Axes, result: ns.Result, circuit: SpikingCircuit) -> None:
    """Draw potential and input of the memory, and the windows in which the unit is active."""
    kit.potential(result, "memory", int(circuit.ids(2)[0]))(axes)
    edges = np.array([circuit.time(2, k) for k in range(circuit.n_windows + 1)])
    for column, (name, marker, sign) in enumerate([("set", "^", 1), ("reset", "v", -1)]):
        times = edges[:-1][circuit.inputs[0, :, column]]
        look: kit.Options = {"color": ns.plot.colour_of(sign), "label": f"{name} pulse arrives"}
        axes.plot(times, np.full(len(times), 42.0 + 13.0 * column), marker, ms=7, **look)
    active = np.where(circuit.logic.run(circuit.inputs)[0, :, 2], 30.0, -70.0)
    label = "the abstract unit is active"
    axes.stairs(active, edges, baseline=-70.0, fill=True, color="0.85", label=label)


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare each neuron with its abstract unit, in each window."""
    built = circuits(settings)
    labels = {
        "gates": "AND, OR and NOT", "expression": "Units of the expression",
        "veto": "Units with inhibition", "memory": "Memory, by window",
    }  # fmt: skip
    every = kit_circuits.agreement(built.values(), result, "All neurons that agree with their unit")
    measures = {"agreement": every} | {
        f"agreement_{name}": kit_circuits.agreement([built[name]], result, label)
        for name, label in labels.items()
    }
    message = "Every neuron fires when its unit is active"
    table = partial(kit_circuits.table_page, message, built["expression"], result)
    title = "McCulloch–Pitts units: spiking neurons and abstract units"
    return kit.Comparison(title, measures, {"expression": table}, kit_circuits.conclusion(every))


scenario = kit.lesson(__name__, row="S9", lectures=("L1", "L3"), duration=900.0)
