"""Two inputs, two hidden units and an output without activation: by hand, and as potentials."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

INPUTS, TARGET = np.array([2.0, 3.0]), 1.0
START = bridge.LayeredNetwork(
    (
        bridge.Layer.partial([[0.11, 0.21], [0.12, 0.08]], None, "linear"),
        bridge.Layer.partial([[0.14, 0.15]], None, "linear"),
    )
)
"""The lecture's network: the weights of each hidden unit, then those of the output."""
ONE = 10.0
"""Potential that stands for a signal of 1 (mV)."""
NEURONS = 100
"""Neurons that a hidden signal of 1 recruits."""
LARGEST = 2.0
"""Largest hidden signal that a group can tell."""
ARRIVALS = ((0.2, 0.4), (0.6, 0.8, 1.0))
"""When the spikes of each input arrive (ms): two of the first, three of the second."""
CELL = ns.LIF(tau_m=1000.0)
"""A neuron that hardly leaks within a millisecond."""
LISTENER = ns.LIF(tau_m=1000.0, v_threshold=-20.0)
"""The same with a threshold that it does not reach: its potential is the sum."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    rate: float = field(default=0.05, metadata={"help": "step a of gradient descent"})
    steps: int = field(default=10, metadata={"help": "steps to take"})

    def __post_init__(self) -> None:
        if not 0.001 <= self.rate <= 0.1:
            raise ns.NeurosimError(f"rate = {self.rate:g} is outside 0.001 to 0.1")
        if not 1 <= self.steps <= 500:
            raise ns.NeurosimError(f"steps = {self.steps} is outside 1 to 500")

    def networks(self) -> list[bridge.LayeredNetwork]:
        """Return the network before the first step, after it, and so on.

        There are steps + 1 of them, or fewer if the error comes to nothing before.
        """
        _, descent = START.train(
            INPUTS[np.newaxis],
            [TARGET],
            loss="squared",
            step=self.rate,
            tol=1e-300,
            max_iter=self.steps,
            solver=bridge.gradient_descent,
        )
        return [START.with_parameters(theta) for theta in descent.trajectory]


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe the network as neurons, once for each step of the descent.

    Each hidden unit is a neuron that only listens, and a group of neurons with the same synapses
    that begin 0.05, 0.15, 0.25 … mV below their threshold: of a signal h the first 100 h fire.
    Each of their spikes lifts the output by its hundredth of the weight.
    """
    if options.duration < (enough := ARRIVALS[-1][-1] + 2.0 * options.dt):
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms ends before the output has heard of the last "
            f"input: give {enough:g} ms or more"
        )
    layers = [own.layers for own in settings.networks()]
    n_steps, size = len(layers), round(NEURONS * LARGEST)
    net = ns.Network()
    output = net.add("output", n_steps, LISTENER)
    below = ONE * (np.arange(size) + 0.5) / NEURONS
    for k in range(2):
        hidden = np.array([first.weights[k] for first, _ in layers])
        weight = np.array([last.weights[0, k] for _, last in layers])
        listener = net.add(f"sum {k + 1}", n_steps, LISTENER)
        v_init = np.tile(CELL.v_threshold - below, n_steps)
        group = net.add(f"hidden {k + 1}", n_steps * size, CELL, v_init=v_init)
        for own, times in zip(hidden.T, ARRIVALS, strict=True):
            spikes = ns.SpikeTimes(list(times))
            net.drive(listener, spikes, psp=ONE * own)
            net.drive(group, spikes, psp=np.repeat(ONE * own, size))
        step_of = np.repeat(np.arange(n_steps), size)
        each = ns.Explicit(np.arange(n_steps * size), step_of)
        net.connect(group, output, each, psp=ONE * weight[step_of] / NEURONS, delay=options.dt)
        net.record(listener, "v")
    net.record(output, "v")
    return net


@dataclass(frozen=True, eq=False)
class Passes:
    """What the neurons did, at each step of the descent.

    Attributes
    ----------
    sums : (n_steps + 1, 2) ndarray
        Signals of the hidden units, read off the listeners' potentials.
    recruited : (n_steps + 1, 2) ndarray
        The same, read off the number of neurons that fired.
    output : (n_steps + 1,) ndarray
        Prediction, read off the output's potential.
    """

    sums: NDArray[np.float64]
    recruited: NDArray[np.float64]
    output: NDArray[np.float64]

    @classmethod
    def of(cls, result: ns.Result) -> Passes:
        """Return what the neurons of a run did."""

        def signal(name: str) -> NDArray[np.float64]:
            return (result.traces[name, "v"].values[-1] - LISTENER.v_rest) / ONE

        output = signal("output")
        counts = [
            result.spikes[f"hidden {k}"].counts().reshape(len(output), -1).sum(axis=1)
            for k in (1, 2)
        ]
        sums = np.column_stack([signal("sum 1"), signal("sum 2")])
        return cls(sums, np.column_stack(counts) / NEURONS, output)
