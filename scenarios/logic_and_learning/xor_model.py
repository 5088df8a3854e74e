"""Circuits that one neuron cannot do alone: XOR, the lecture's expression, random ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

import neurosim as ns
from bridge import SpikingCircuit
from bridge.classics import (
    Expression,
    ThresholdNetwork,
    ThresholdUnit,
    compile_expressions,
    random_expression,
    truth_table,
)
from scenarios._kit.circuits import check_duration, checked_expression

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

LECTURE = "((A & ¬X & Z) | (A & ¬Y)) & ((X & Y) | (¬X & Z))"
VARIABLES = "ABCDEF"
DEPTH = 3
"""Most operations within each other in random expressions."""
SEED = 12
"""Of the random expressions."""
XOR = ThresholdNetwork(
    ("A", "B"),
    (
        ThresholdUnit("A or B", (0, 1), (1.0, 1.0), 0.5),
        ThresholdUnit("A and B", (0, 1), (1.0, 1.0), 1.5),
        ThresholdUnit("A xor B", (2, 3), (1.0, -1.0), 0.5),
    ),
    (4,),
)
"""One hidden layer: A or B excites the output, A and B inhibits it."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    expression: str = field(
        default=LECTURE,
        metadata={"help": "Boolean expression to be run on all inputs beside XOR"},
    )
    random: int = field(
        default=200, metadata={"help": "random expressions of up to 6 variables beside it"}
    )

    def __post_init__(self) -> None:
        checked_expression(self.expression)
        if not 1 <= self.random <= 1000:
            raise ns.NeurosimError(f"random = {self.random} is outside 1 to 1000")

    @cached_property
    def xor(self) -> SpikingCircuit:
        """XOR on all inputs."""
        return SpikingCircuit(XOR, truth_table(2), name="xor")

    @cached_property
    def compiled(self) -> SpikingCircuit:
        """The expression on all inputs."""
        logic = compile_expressions(self.expression)
        return SpikingCircuit(logic, truth_table(len(logic.inputs)), name="expression")

    @cached_property
    def expressions(self) -> tuple[Expression, ...]:
        """The random expressions."""
        rng = np.random.default_rng(SEED)
        sizes = rng.integers(1, len(VARIABLES) + 1, self.random)
        return tuple(random_expression(rng, VARIABLES[:size], DEPTH) for size in sizes)

    @cached_property
    def many(self) -> SpikingCircuit:
        """The random expressions on all inputs, parts that they share computed once."""
        logic = compile_expressions(self.expressions, VARIABLES)
        return SpikingCircuit(logic, truth_table(len(VARIABLES)), name="random")

    @property
    def truth(self) -> NDArray[np.bool_]:
        """Values of the random expressions, shape (n_rows, n_expressions)."""
        table = truth_table(len(VARIABLES))
        return np.stack([each.evaluate(table, VARIABLES) for each in self.expressions], axis=1)

    @property
    def circuits(self) -> tuple[SpikingCircuit, ...]:
        """All of them."""
        return self.xor, self.compiled, self.many


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe all circuits, and record the potentials of XOR's units."""
    check_duration(options, settings.circuits)
    net = ns.Network()
    for circuit in settings.circuits:
        population = circuit.add_to(net)
        if circuit is settings.xor:
            net.record(population, "v", ids=xor_neurons(circuit))
    return net


def xor_neurons(circuit: SpikingCircuit) -> NDArray[np.int64]:
    """Return the neurons of XOR's three units, by unit and row."""
    n = len(XOR.inputs)
    return np.concatenate([circuit.ids(unit) for unit in range(n, XOR.size)])
