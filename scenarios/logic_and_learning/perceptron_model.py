"""A perceptron that learns a gate, and the spiking neuron that it is then."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

import neurosim as ns
from bridge import SpikingCircuit
from bridge.classics import Perceptron, ThresholdNetwork, train_perceptron, truth_table
from scenarios._kit.circuits import check_duration, checked_expression

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

GATES = {"AND": "A & B", "OR": "A | B", "NOT": "¬A", "A but not B": "A & ¬B", "XOR": "A ⊕ B"}
"""Gates of two inputs that are learned beside the one that is asked for."""
SETS = 100
"""Random separable sets on which the mistake bound is tried."""
EPOCHS = 100_000


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    gate: str = field(
        default="A & B | A & C | B & C",
        metadata={"help": "Boolean expression that the perceptron is to learn"},
    )
    learning_rate: float = field(
        default=1.0, metadata={"help": "η; it sets the scale of the weights and nothing else"}
    )

    def __post_init__(self) -> None:
        checked_expression(self.gate)
        if not 1e-3 <= self.learning_rate <= 1e3:
            raise ns.NeurosimError(
                f"learning_rate = {self.learning_rate:g} is outside 0.001 to 1000"
            )

    @property
    def gates(self) -> dict[str, str]:
        """The expression of each gate to be learned, by name."""
        return GATES | {"gate": self.gate}

    @cached_property
    def lessons(self) -> dict[str, Lesson]:
        """What was to be learned, and what was, by name of the gate."""
        return {
            name: Lesson.of(expression, self.learning_rate, "AB" if name in GATES else "")
            for name, expression in self.gates.items()
        }


@dataclass(frozen=True, eq=False)
class Lesson:
    """A gate and the perceptron that tried to learn it.

    Attributes
    ----------
    variables : tuple of str
    inputs : (n_rows, n) ndarray of bool
        All there are.
    targets : (n_rows,) ndarray of bool
    learned : Perceptron
    """

    variables: tuple[str, ...]
    inputs: NDArray[np.bool_]
    targets: NDArray[np.bool_]
    learned: Perceptron

    @classmethod
    def of(cls, expression: str, learning_rate: float, beside: str = "") -> Lesson:
        """Let a perceptron learn an expression from its truth table.

        `beside` are inputs that it has whether the expression speaks of them or not.
        """
        parsed = checked_expression(expression)
        variables = tuple(sorted({*parsed.variables, *beside}))
        inputs = truth_table(len(variables))
        targets = parsed.evaluate(inputs, variables)
        learned = train_perceptron(inputs, targets, learning_rate=learning_rate, max_epochs=EPOCHS)
        return cls(variables, inputs, targets, learned)

    def circuit(self, name: str) -> SpikingCircuit:
        """Return the perceptron as a spiking neuron on all inputs."""
        n = len(self.variables)
        logic = ThresholdNetwork(self.variables, (self.learned.unit("perceptron"),), (n,))
        return SpikingCircuit(logic, self.inputs, name=name)


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe every perceptron as it ended, as a neuron on all its inputs."""
    circuits = [lesson.circuit(name) for name, lesson in settings.lessons.items()]
    check_duration(options, circuits)
    net = ns.Network()
    for circuit in circuits:
        population = circuit.add_to(net)
        net.record(population, "v", ids=circuit.ids(circuit.logic.outputs[0]))
    return net


def random_separable_set(seed: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return 5 to 60 points in 1 to 7 dimensions that a random plane separates, and on which side.

    The plane need not go through the origin.
    """
    rng = np.random.default_rng(seed)
    n, dimensions = int(rng.integers(5, 61)), int(rng.integers(1, 8))
    points = rng.normal(size=(n, dimensions))
    return points, points @ rng.normal(size=dimensions) > rng.normal(0.0, 0.5)
