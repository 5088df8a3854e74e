"""Three rungs trained on the spikes of a detector, and the same three made of spiking neurons."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from bridge.spiking import NeuronGroup, fired_at
from bridge.spiking.neuron_groups import BETA
from scenarios._kit.trials import add_trials

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

NEURON = ns.LIF()
MOST = 10
"""Most spikes of each input: it gives from 0 to so many."""
COUNTS = np.arange(MOST + 1.0)
POINTS = np.stack(np.meshgrid(COUNTS, COUNTS), axis=-1).reshape(-1, 2)
"""All pairs of spike counts, the first running fastest; shape (121, 2)."""
DETECTORS = ((6.0, -6.0), (-2.5, 2.5))
"""PSPs (mV) of both inputs at each of the two cells that look for a difference."""
DELTA = 2.0
"""Width of their soft threshold (mV)."""
SIZES = (1, 16)
"""Neurons that stand for one hidden unit."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    trials: int = field(default=2000, metadata={"help": "trials of the detector to learn from"})
    held_out: int = field(default=1000, metadata={"help": "its trials to be foretold"})
    hidden: int = field(default=4, metadata={"help": "hidden units of the network"})
    steps: int = field(default=1000, metadata={"help": "most steps of gradient descent"})
    repeats: int = field(
        default=60,
        metadata={"help": "trials of the spiking network at each of 121 inputs"},
    )

    def __post_init__(self) -> None:
        for name, low, high in (
            ("trials", 100, 100_000),
            ("held_out", 100, 100_000),
            ("hidden", 1, 20),
            ("steps", 1, 20_000),
            ("repeats", 10, 1000),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ns.NeurosimError(f"{name} = {value} is outside {low} to {high}")
        if self.hidden * self.repeats > 2000:
            raise ns.NeurosimError(
                f"hidden = {self.hidden} times repeats = {self.repeats} is above 2000: lower one"
            )


@dataclass(frozen=True, eq=False)
class Task:
    """Trials of the detector, and what learned from them.

    Attributes
    ----------
    inputs, held_out : (n_trials, 2) ndarray
        Spikes of both inputs in the trials to learn from, and to be foretold.
    fired, held_out_fired : (n_trials,) ndarray of bool
        Whether the detector fired.
    rungs : dict of str to LayeredNetwork
        "linear", "neuron" and "network", of inputs scaled by `scaled`.
    descents : dict of str to OptimizeResult
        Of each rung.
    """

    inputs: NDArray[np.float64]
    fired: NDArray[np.bool_]
    held_out: NDArray[np.float64]
    held_out_fired: NDArray[np.bool_]
    rungs: dict[str, bridge.LayeredNetwork]
    descents: dict[str, bridge.OptimizeResult]

    def predicted(self, rung: str, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the output of a rung for (n, 2) spike counts; shape (n,)."""
        return self.rungs[rung](scaled(points))[:, 0]


@lru_cache(maxsize=4)
def task_of(settings: Settings, seed: int) -> Task:
    """Run the detector and train all rungs on its spikes; the same every time."""
    n_trials = settings.trials + settings.held_out
    inputs = np.random.default_rng(seed).integers(0, MOST + 1, (n_trials, 2)).astype(float)
    fired = detect(inputs, seed)
    seen, known = inputs[: settings.trials], fired[: settings.trials]
    rungs, descents = {}, {}
    for name, widths, activations in (
        ("linear", [2, 1], ["linear"]),
        ("neuron", [2, 1], ["sigmoid"]),
        ("network", [2, settings.hidden, 1], ["sigmoid", "sigmoid"]),
    ):
        rungs[name], descents[name] = bridge.LayeredNetwork.random(widths, activations, seed).train(
            scaled(seen),
            known,
            loss="squared" if name == "linear" else "cross-entropy",
            step=0.5 if name == "linear" else 2.0,
            max_iter=settings.steps,
        )
    held_out, unknown = inputs[settings.trials :], fired[settings.trials :]
    return Task(seen, known, held_out, unknown, rungs, descents)


def detect(inputs: NDArray[np.float64], seed: int, dt: float = 5.0) -> NDArray[np.bool_]:
    """Return in which trials a detector of differences fires, of (n_trials, 2) spike counts.

    One cell fires where input 1 has more spikes than input 2, another where it has far fewer; the
    third, the detector, is made to fire by either, a step later.
    """
    net = ns.Network()
    either = net.add("either", len(inputs), NEURON)
    for name, psps in zip(("more", "fewer"), DETECTORS, strict=True):
        unit = bridge.SpikingUnit(NEURON, np.array(psps), bridge.EscapeNoise(DELTA))
        cell = add_trials(net, name, unit, inputs, dt)
        net.connect(cell, either, ns.OneToOne(), psp=20.0, delay=dt)
    return fired_at(ns.simulate(net, 2.0 * dt, dt=dt, seed=seed), "either", step=2)


def scaled(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return spike counts scaled to −1 … 1."""
    return points / (0.5 * MOST) - 1.0


def units_of(layer: bridge.Layer) -> list[bridge.LogisticUnit]:
    """Return the units of a layer of scaled inputs, as functions of spike counts."""
    return [
        bridge.LogisticUnit(float(bias - weights.sum()), weights / (0.5 * MOST))
        for weights, bias in zip(layer.weights, layer.bias, strict=True)
    ]


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe every rung as spiking neurons, each trial by neurons of its own.

    The linear rung is a neuron without noise, whose potential is the prediction: it fires where
    that is above 1/2.
    """
    if options.duration < 1.5 * options.dt:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is one step of {options.dt:g} ms: a network with "
            "a hidden layer needs two"
        )
    rungs = task_of(settings, options.seed).rungs
    net = ns.Network(dale=False)
    (line,) = units_of(rungs["linear"].layers[0])
    half = bridge.LogisticUnit(line.intercept - 0.5, line.coef)
    unit = bridge.to_spiking(half, neuron=NEURON, noise="escape", beta=0.05)
    linear = net.add(
        "linear", len(POINTS), NEURON, v_init=NEURON.v_rest + unit.current_depolarisation
    )
    net.drive(linear, ns.ConstantCurrent(unit.current))
    unit.present(net, linear, POINTS, at=options.dt)

    trials = np.tile(POINTS, (settings.repeats, 1))
    (single,) = units_of(rungs["neuron"].layers[0])
    unit = bridge.to_spiking(single, neuron=NEURON, noise="escape", beta=BETA)
    add_trials(net, "neuron", unit, np.tile(trials, (10, 1)), options.dt)
    for size in SIZES:
        spiking_of(rungs["network"], size).add_to(net, trials, dt=options.dt)
    return net


def spiking_of(trained: bridge.LayeredNetwork, size: int) -> NeuronGroup:
    """Return the network as a spiking one whose inputs are spikes, `size` neurons to a unit."""
    first, *others = trained.layers
    weights = first.weights / (0.5 * MOST)
    counting = bridge.Layer(weights, first.bias - first.weights.sum(axis=1), first.activation)
    network = bridge.LayeredNetwork((counting, *others))
    return NeuronGroup(network, size, name=f"network of {size}, ")


@dataclass(frozen=True, eq=False)
class Outcome:
    """How often the spiking rungs fired at each of the 121 inputs.

    Attributes
    ----------
    shares : dict of str to (121,) ndarray
        Of the trials, by "linear", "neuron", and "network of 1" and "of 16" neurons a unit.
    trials : dict of str to int
        At each input.
    hidden : (n_hidden, 121) ndarray
        Share of the hidden neurons that fired, where 16 stand for a unit.
    """

    shares: dict[str, NDArray[np.float64]]
    trials: dict[str, int]
    hidden: NDArray[np.float64]

    @classmethod
    def of(cls, result: ns.Result, settings: Settings) -> Outcome:
        """Return what the neurons of a run did."""

        def share(name: str) -> NDArray[np.float64]:
            return fired_at(result, name).reshape(-1, len(POINTS)).mean(axis=0)

        shares = {name: share(name) for name in ("linear", "neuron")}
        trained = task_of(settings, result.seed).rungs["network"]
        for size in SIZES:
            hidden, output = spiking_of(trained, size).outputs_in(result)
            shares[f"network of {size}"] = output.reshape(-1, len(POINTS)).mean(axis=0)
        trials = dict.fromkeys(shares, settings.repeats) | {"linear": 1}
        trials["neuron"] = 10 * settings.repeats
        by_unit = hidden.reshape(-1, len(POINTS), settings.hidden).mean(axis=0).T
        return cls(shares, trials, by_unit)


def place_of(points: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the index in `POINTS` of (n, 2) spike counts; shape (n,)."""
    return (points[:, 0] + (MOST + 1) * points[:, 1]).astype(np.intp)
