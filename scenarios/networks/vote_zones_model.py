"""Votes by income and age, and networks of 1, 3 and 101 neurons that learn them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

import bridge
import neurosim as ns
from bridge.spiking import NeuronGroup
from scenarios._kit.planes import grid_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

LAW = bridge.LayeredNetwork(
    (
        bridge.Layer(
            np.array([[10.0, 5.0], [5.0, 10.0]]),
            np.array([-3.5, 3.5]),
            bridge.find_activation("sigmoid"),
        ),
        bridge.Layer(np.array([[4.0, 4.0]]), np.array([-4.0]), bridge.find_activation("sigmoid")),
    )
)
"""How voters decide, three spiking neurons each: no, yes, and in between a coin."""
CENTRE, SCALE = np.array([75.0, 54.0]), np.array([75.0, 36.0])
"""Of income (thousands a year) and age (years): a network sees (value − centre)/scale, −1 to 1."""
SIDE = np.linspace(-1.0, 1.0, 25)
POINTS = grid_points(SIDE, SIDE)
"""Where the spiking networks are asked, besides the voters; shape (625, 2)."""
HIDDEN = {"1": 0, "3": 2, "101": 100}
"""Hidden units of each network, by its number of neurons."""
GROUP = {"1": 1, "3": 16, "101": 8}
"""Spiking neurons that stand for a hidden unit."""
OUTPUTS = {"1": 100, "3": 100, "101": 10}
"""Those that stand for the output."""
TRIES = 5
"""Starts of the descent of which the one with the lowest loss is kept."""
UNSEEN = 5000
"""Held-out voters by whom the abstract networks are judged."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    voters: int = field(default=200, metadata={"help": "voters to learn from"})
    steps: int = field(
        default=30, metadata={"help": "steps of descent of the 3 neurons, before they overfit too"}
    )

    def __post_init__(self) -> None:
        for name, low, high in (("voters", 50, 300), ("steps", 1, 10_000)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ns.NeurosimError(f"{name} = {value} is outside {low} to {high}")


@dataclass(frozen=True, eq=False)
class Poll:
    """Voters, and the networks trained on them.

    Attributes
    ----------
    inputs, unseen : (n_voters, 2) ndarray
        Income and age, scaled; of those to learn from, and of those held out.
    votes, unseen_votes : (n_voters,) ndarray of bool
    networks : dict of str to LayeredNetwork
        By number of neurons.
    descents : dict of str to OptimizeResult
    """

    inputs: NDArray[np.float64]
    votes: NDArray[np.bool_]
    unseen: NDArray[np.float64]
    unseen_votes: NDArray[np.bool_]
    networks: dict[str, bridge.LayeredNetwork]
    descents: dict[str, bridge.OptimizeResult]


@lru_cache(maxsize=4)
def poll_of(settings: Settings, seed: int) -> Poll:
    """Let voters vote and train all networks on them; the same every time."""
    inputs = np.random.default_rng(seed).uniform(-1.0, 1.0, (settings.voters + UNSEEN, 2))
    votes = decide(inputs, seed)
    seen, known = inputs[: settings.voters], votes[: settings.voters]
    if known.all() or not known.any():
        raise ns.NeurosimError(f"all voters of seed {seed} vote alike: give more voters")
    networks, descents = {}, {}
    for name, hidden in HIDDEN.items():
        widths = [2, hidden, 1] if hidden else [2, 1]
        tries = [
            bridge.LayeredNetwork.random(
                widths, ["sigmoid"] * (len(widths) - 1), k, slope=30.0 if hidden > 2 else 4.0
            ).train(
                seen,
                known,
                tol=1e-4,
                max_iter=settings.steps if hidden == 2 else 1000,
                solver=bridge.quasi_newton,
            )
            for k in range(TRIES if hidden == 2 else 1)
        ]
        networks[name], descents[name] = min(tries, key=lambda found: float(found[1].loss[-1]))
    held_out = inputs[settings.voters :], votes[settings.voters :]
    return Poll(seen, known, *held_out, networks, descents)


def decide(inputs: NDArray[np.float64], seed: int, dt: float = 5.0) -> NDArray[np.bool_]:
    """Return how voters vote, each by three spiking neurons with soft thresholds."""
    net, voter = ns.Network(dale=False), NeuronGroup(LAW, name="voter, ")
    voter.add_to(net, inputs, dt=dt)
    return voter.outputs_in(ns.simulate(net, 2.0 * dt, dt=dt, seed=seed))[-1][:, 0] > 0.5


def law(inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability of a yes, the best that can be foretold; shape (n,)."""
    first, last = LAW.layers
    probability = np.zeros(len(inputs))
    fires = first.activation(first.score(inputs))
    for one in (0.0, 1.0):
        for other in (0.0, 1.0):
            state = np.array([one, other])
            chance = np.prod(np.where(state == 1.0, fires, 1.0 - fires), axis=1)
            probability += chance * expit(last.score(state[np.newaxis])[0, 0])
    return probability


def spiking_of(poll: Poll) -> dict[str, NeuronGroup]:
    """Return the trained networks as spiking ones, by number of neurons.

    A group's thresholds are spread: by chance alone so many hidden units would tell the output too
    little.
    """
    return {
        name: NeuronGroup(own, GROUP[name], OUTPUTS[name], noise=False, name=f"{name} neurons, ")
        for name, own in poll.networks.items()
    }


def asked(poll: Poll) -> NDArray[np.float64]:
    """Return what the spiking networks are asked: the plane, voters seen, as many held out."""
    return np.concatenate([POINTS, poll.inputs, poll.unseen[: len(poll.inputs)]])


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe the trained networks as spiking neurons, each point by neurons of its own."""
    if options.duration < 2.0 * options.dt:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is one step of {options.dt:g} ms: a network with "
            "a hidden layer needs two"
        )
    poll, net = poll_of(settings, options.seed), ns.Network(dale=False)
    for spiking in spiking_of(poll).values():
        spiking.add_to(net, asked(poll), dt=options.dt)
    return net


@dataclass(frozen=True, eq=False)
class Shares:
    """Share of each spiking network's output neurons that fired: a yes.

    Attributes
    ----------
    plane, seen, unseen : dict of str to (n,) ndarray
        At `POINTS`, for the voters learned from, and for as many held out.
    """

    plane: dict[str, NDArray[np.float64]]
    seen: dict[str, NDArray[np.float64]]
    unseen: dict[str, NDArray[np.float64]]

    @classmethod
    def of(cls, result: ns.Result, poll: Poll) -> Shares:
        """Return what the neurons of a run did."""
        n, m = len(POINTS), len(POINTS) + len(poll.inputs)
        shares = {
            name: spiking.outputs_in(result)[-1][:, 0] for name, spiking in spiking_of(poll).items()
        }
        parts = (slice(None, n), slice(n, m), slice(m, None))
        return cls(*({name: own[part] for name, own in shares.items()} for part in parts))
