"""One function made by a deep and by a wide network and learned by both; 30 parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from bridge.spiking import NeuronGroup

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

N_POINTS = 384
POINTS = (np.arange(N_POINTS) + 0.5) / N_POINTS
"""Values of x at which the networks are asked; none is the edge of a pulse."""
WIDTHS = {1: (2, 4, 8, 16, 32), 3: (2, 3, 4, 6, 8)}
"""Units in each hidden layer of networks that learn, by number of hidden layers."""
GIVEN = (2, 3, 4, 1)
"""Inputs, and units of each layer, of the network whose parameters are counted."""
ASKED = np.random.default_rng(0).uniform(-1.0, 1.0, (50, GIVEN[0]))
"""Points at which it is asked in spikes."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    bits: int = field(default=5, metadata={"help": "binary digits of x that the networks find"})
    learned: int = field(default=4, metadata={"help": "digit that networks learn from examples"})
    steps: int = field(default=300, metadata={"help": "most steps of descent"})

    def __post_init__(self) -> None:
        for name, low, high in (("bits", 2, 7), ("learned", 1, 5), ("steps", 1, 5000)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ns.NeurosimError(f"{name} = {value} is outside {low} to {high}")


def digits(x: NDArray[np.float64], bits: int) -> NDArray[np.float64]:
    """Return the first binary digits of x, 0 to 1; shape (len(x), bits).

    The last one, as a function of x, is a square wave of 2^(bits − 1) pulses.
    """
    return np.floor(np.multiply.outer(x, 2.0 ** np.arange(1, bits + 1))) % 2


def deep(bits: int) -> bridge.LayeredNetwork:
    """Return a unit for each digit, each a layer, which sees x and the digits before.

    Digit j is 1 if what these leave of x is above 2^−j.
    """
    units = {}
    for j in range(1, bits + 1):
        weights = {"x": 1.0} | {f"digit {i}": -(2.0**-i) for i in range(1, j)}
        units[f"digit {j}"] = bridge.Unit(weights, -(2.0**-j), "step")
    return bridge.neuron_graph(["x"], units)


def wide(bits: int) -> bridge.LayeredNetwork:
    """Return one hidden layer with a unit for each edge of a digit, and an output for each digit.

    Units that see an edge where the digit turns to 1 excite, where it turns to 0 inhibit.
    """
    edges = np.arange(1, 2**bits) / 2**bits
    turns = np.diff(
        digits(np.append(edges, edges[-1] + 0.5 / 2**bits) - 0.25 / 2**bits, bits), axis=0
    )
    hidden = bridge.Layer(np.ones((len(edges), 1)), -edges, bridge.find_activation("step"))
    last = bridge.Layer.partial(turns.T, np.full(bits, -0.5), "step", turns.T != 0.0)
    return bridge.LayeredNetwork((hidden, last))


def given() -> bridge.LayeredNetwork:
    """Return the network of 30 parameters: 3 · (2 + 1) + 4 · (3 + 1) + 1 · (4 + 1)."""
    return bridge.LayeredNetwork.random(GIVEN, ["sigmoid"] * 3, seed=1, slope=4.0)


def learned_wave(x: NDArray[np.float64], settings: Settings) -> NDArray[np.bool_]:
    """Return the digit that is learned, shape (len(x),)."""
    return digits(x, settings.learned)[:, -1] > 0.5


@lru_cache(maxsize=4)
def errors_of(settings: Settings, seed: int) -> dict[int, list[tuple[int, float]]]:
    """Return parameters and error of networks that learned, by number of hidden layers.

    Of two starts the one with the lower loss counts.
    """
    seen, wave = 2.0 * POINTS[:, np.newaxis] - 1.0, learned_wave(POINTS, settings)
    unseen = (np.arange(1000) + 0.5) / 1000
    found: dict[int, list[tuple[int, float]]] = {}
    for layers, widths in WIDTHS.items():
        for width in widths:
            tries = [
                bridge.LayeredNetwork.random(
                    [1, *[width] * layers, 1], ["tanh"] * layers + ["sigmoid"], start, slope=10.0
                ).train(seen, wave, max_iter=settings.steps, solver=bridge.quasi_newton)
                for start in (2 * seed, 2 * seed + 1)
            ]
            best, _ = min(tries, key=lambda one: float(one[1].loss[-1]))
            told = best(2.0 * unseen[:, np.newaxis] - 1.0)[:, 0] > 0.5
            error = float(np.mean(told != learned_wave(unseen, settings)))
            found.setdefault(layers, []).append((best.n_parameters, error))
    return found


def made(settings: Settings) -> dict[str, NeuronGroup]:
    """Return the deep and the wide network in spikes, for each number of digits up to all."""
    return {
        f"{kind} {bits}": NeuronGroup(make(bits), name=f"{kind} {bits}, ")
        for bits in range(2, settings.bits + 1)
        for kind, make in (("deep", deep), ("wide", wide))
    }


GIVEN_SPIKING = NeuronGroup(given(), 20, 400, noise=False, name="given, ")


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe all networks as spiking neurons, each x with neurons of its own."""
    steps = max(settings.bits, len(GIVEN) - 1)
    if options.duration < steps * options.dt:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is less than {steps} steps of {options.dt:g} ms, "
            f"one for each layer: give {steps * options.dt:g} ms or more"
        )
    net = ns.Network(dale=False)
    for spiking in made(settings).values():
        spiking.add_to(net, POINTS[:, np.newaxis], dt=options.dt)
    GIVEN_SPIKING.add_to(net, ASKED, dt=options.dt)
    return net


def digits_in(result: ns.Result, settings: Settings) -> dict[str, NDArray[np.float64]]:
    """Return the digits that the spiking networks find, (384, bits), by network."""
    found = {}
    for name, spiking in made(settings).items():
        outputs = spiking.outputs_in(result)
        found[name] = np.hstack(outputs) if name.startswith("deep") else outputs[-1]
    return found
