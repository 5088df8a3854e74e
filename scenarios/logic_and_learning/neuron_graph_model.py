"""g = f5(f4(f1(x1), f2(x2)), f2(x2), f3(x3)): settings, the graph, and what its neurons do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from bridge import Unit
from bridge.spiking import NeuronGroup

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

F2 = Unit({"x2": -2.0}, -0.5)
GRAPH = bridge.neuron_graph(
    ["x1", "x2", "x3"],
    {
        "f1": Unit({"x1": 2.0}, -1.0),
        "f2": F2,
        "f3": Unit({"x3": 1.5}, 0.0),
        "f4": Unit({"f1": 5.0, "f2": -4.0}, -0.5),
        "f5": Unit({"f4": 5.0, "f2": 6.0, "f3": -4.0}, -2.5),
    },
)
WAYS = bridge.neuron_graph(
    ["x1", "x2 to f4", "x2 to f5", "x3"],
    {
        "f1": Unit({"x1": 2.0}, -1.0),
        "f2 to f4": Unit({"x2 to f4": -2.0}, -0.5),
        "f2 to f5": Unit({"x2 to f5": -2.0}, -0.5),
        "f3": Unit({"x3": 1.5}, 0.0),
        "f4": Unit({"f1": 5.0, "f2 to f4": -4.0}, -0.5),
        "f5": Unit({"f4": 5.0, "f2 to f5": 6.0, "f3": -4.0}, -2.5),
    },
)
"""The same with two copies of f2, so that its ways to g can be tried one at a time."""
POINT = np.array([0.5, -0.5, 1.0])
"""Inputs at which derivatives are taken."""
AXIS = np.linspace(-2.5, 2.5, 11)
"""Values that one input takes while the others stay."""
STEP = float(AXIS[1] - AXIS[0])
SIZE = 40
"""Neurons that stand for f1 to f4 each."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    trials: int = field(
        default=1000, metadata={"help": "neurons that stand for f5, each with chances of its own"}
    )

    def __post_init__(self) -> None:
        if not 50 <= self.trials <= 10_000:
            raise ns.NeurosimError(f"trials = {self.trials} is outside 50 to 10000")

    @property
    def spiking(self) -> tuple[NeuronGroup, NeuronGroup]:
        """The graph and that with two copies of f2, as spiking networks."""
        return (
            NeuronGroup(GRAPH, SIZE, self.trials, noise=False, name="graph, "),
            NeuronGroup(WAYS, SIZE, self.trials, noise=False, name="ways, "),
        )


def along(point: NDArray[np.float64], *inputs: int) -> NDArray[np.float64]:
    """Return points along each of the inputs, shape (len(inputs) · 11, n_inputs)."""
    points = np.tile(point, (len(inputs), len(AXIS), 1))
    for k, number in enumerate(inputs):
        points[k, :, number] = AXIS
    return points.reshape(-1, len(point))


CURVES = along(POINT, 0, 1, 2)
WAY_CURVES = along(POINT[[0, 1, 1, 2]], 1, 2)


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe both graphs as spiking neurons, each point with neurons of its own."""
    depth = max(GRAPH.depths)
    if options.duration < depth * options.dt:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is less than {depth} steps of {options.dt:g} ms: "
            f"the longest way through the graph has {depth} units"
        )
    net = ns.Network(dale=False)
    for spiking, points in zip(settings.spiking, (CURVES, WAY_CURVES), strict=True):
        spiking.add_to(net, points, dt=options.dt)
    return net


@dataclass(frozen=True, eq=False)
class Curves:
    """How often f5 fired.

    Attributes
    ----------
    inputs : (3, 11) ndarray
        Share of its neurons, along each input.
    ways : (2, 11) ndarray
        Along x2 where only f4 hears of it, and where only f5 does.
    """

    inputs: NDArray[np.float64]
    ways: NDArray[np.float64]

    @classmethod
    def of(cls, result: ns.Result, settings: Settings) -> Curves:
        """Return what the neurons of a run did."""
        graph, ways = (
            own.outputs_in(result)[-1].reshape(-1, len(AXIS)) for own in settings.spiking
        )
        return cls(graph, ways)


def secant(curve: NDArray[np.float64], number: int) -> float:
    """Return the slope of a curve along an input between the neighbours of `POINT`."""
    at = int(np.argmin(np.abs(AXIS - POINT[number])))
    return float((curve[at + 1] - curve[at - 1]) / (AXIS[at + 1] - AXIS[at - 1]))


def finite_differences(h: float = 1e-6) -> NDArray[np.float64]:
    """Return the derivatives of g by its parameters, by wiggling each; shape (n_parameters,)."""
    theta, moved = GRAPH.parameters, h * np.eye(GRAPH.n_parameters)

    def g(theta: NDArray[np.float64]) -> float:
        return float(GRAPH.with_parameters(theta)(POINT[np.newaxis])[0, 0])

    return np.array([(g(theta + e) - g(theta - e)) / (2.0 * h) for e in moved])
