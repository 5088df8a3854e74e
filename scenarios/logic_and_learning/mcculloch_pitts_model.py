"""Circuits of McCulloch–Pitts units in spikes: gates, vetoes, an expression, a memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

import neurosim as ns
from bridge import SpikingCircuit
from bridge.classics import ThresholdNetwork, ThresholdUnit, compile_expressions, truth_table
from scenarios._kit.circuits import check_duration, checked_expression

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

GATES = {"AND": "A & B", "OR": "A | B", "NOT": "¬A"}
MOST_EXCITATION = 1000
"""Most excitatory spikes that one veto is set against."""
MOST_PULSES = 100
"""Most windows of the memory."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    expression: str = field(
        default="(A & ~B) | (~A & C)",
        metadata={
            "help": "Boolean expression to be compiled into units; ~ & | ^ and brackets, or not "
            "and or xor"
        },
    )
    excitation: tuple[float, ...] = field(
        default=(1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0),
        metadata={"help": "numbers of excitatory spikes that one inhibitory spike is set against"},
    )
    pulses: str = field(
        default="..S...R...S.SR..B..",
        metadata={
            "help": "what comes to the memory, window by window: S sets it, R resets it, B does "
            "both at once, a dot is nothing"
        },
    )

    def __post_init__(self) -> None:
        checked_expression(self.expression)
        counts = np.array(self.excitation)
        if not len(counts) or not ((counts >= 1) & (counts <= MOST_EXCITATION)).all():
            raise ns.NeurosimError(
                f"excitation = {self.excitation}: give numbers of spikes from 1 to "
                f"{MOST_EXCITATION}"
            )
        if (counts % 1.0).any() or (np.diff(counts) <= 0).any():
            raise ns.NeurosimError("excitation must hold whole numbers that increase")
        if not 1 <= len(self.pulses) <= MOST_PULSES or set(self.pulses) - set("SRB."):
            raise ns.NeurosimError(
                f"pulses = {self.pulses!r}: give from 1 to {MOST_PULSES} of the letters S, R, B "
                "and dots"
            )

    @cached_property
    def gates(self) -> SpikingCircuit:
        """AND, OR and NOT on all inputs."""
        logic = compile_expressions(list(GATES.values()), "AB")
        return SpikingCircuit(logic, truth_table(2), name="gates")

    @cached_property
    def compiled(self) -> SpikingCircuit:
        """The expression on all inputs."""
        logic = compile_expressions(self.expression)
        return SpikingCircuit(logic, truth_table(len(logic.inputs)), name="expression")

    @cached_property
    def inhibited(self) -> SpikingCircuit:
        """Units that hear more and more excitation, without inhibition (row 0) and with (row 1).

        The first half of the units are vetoed, the other half hear inhibition as strong as one
        excitatory spike.
        """
        counts = [int(count) for count in self.excitation]
        most = max(counts)
        vetoed = [
            ThresholdUnit.mcculloch_pitts(f"{n}", tuple(range(n)), (most,), threshold=1)
            for n in counts
        ]
        weighed = [
            ThresholdUnit(f"{n} − 1", (*range(n), most), (*(1.0,) * n, -1.0), 0.5) for n in counts
        ]
        inputs = np.ones((2, most + 1), dtype=bool)
        inputs[0, most] = False
        outputs = tuple(range(most + 1, most + 1 + 2 * len(counts)))
        names = (*(f"e{k + 1}" for k in range(most)), "inhibition")
        logic = ThresholdNetwork(names, (*vetoed, *weighed), outputs)
        return SpikingCircuit(logic, inputs, name="veto")

    @cached_property
    def memory(self) -> SpikingCircuit:
        """A unit that hears itself, one input that sets it and one that vetoes it."""
        unit = ThresholdUnit.mcculloch_pitts("memory", (0, 2), (1,), threshold=1)
        pulses = np.array([[letter in "SB", letter in "RB"] for letter in self.pulses])
        return SpikingCircuit(
            ThresholdNetwork(("set", "reset"), (unit,), (2,)), pulses[None], name="memory"
        )

    @property
    def circuits(self) -> tuple[SpikingCircuit, ...]:
        """All of them."""
        return self.gates, self.compiled, self.inhibited, self.memory


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe all circuits, and record the potentials that are drawn."""
    check_duration(options, settings.circuits)
    net = ns.Network()
    for circuit in settings.circuits:
        population = circuit.add_to(net)
        if circuit is not settings.compiled:
            net.record(population, "v", ids=recorded(circuit))
    return net


def recorded(circuit: SpikingCircuit) -> NDArray[np.int64]:
    """Return the neurons of the outputs, by output and row."""
    return np.concatenate([circuit.ids(output) for output in circuit.logic.outputs])
