"""Interface of spiking networks converted from abstract ones.

It includes their layers of trials.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neurosim as ns
from bridge.networks import LayeredNetwork
from bridge.utils.checks import require_type
from neurosim import NeurosimError

# Times (n_times,) in ms and scores (n_times, n_trials, n_outputs).
Scores = tuple[NDArray[np.float64], NDArray[np.float64]]


class SpikingNetwork(ABC):
    """A network of spiking neurons that computes the function of an abstract network.

    `add_to` adds one copy per trial to a network, which is simulated for `duration`; `scores` and
    `decisions` evaluate the result. `run` does both for a network of the copies alone.

    Attributes
    ----------
    network : LayeredNetwork
    dt : float
        Default simulation step (ms).

    Examples
    --------
    All converted networks share the same methods:

    >>> import numpy as np
    >>> from bridge import Layer, LayeredNetwork
    >>> from bridge.spiking import SpikingNetwork, to_spiking
    >>> network = LayeredNetwork((Layer([[1, -1], [-1, 1]], [0, 0], "relu"),))
    >>> inputs = np.array([[0.9, 0.2], [0.3, 0.4]])
    >>> spiking = to_spiking(network, inputs, "latency")
    >>> isinstance(spiking, SpikingNetwork), spiking.n_outputs
    (True, 2)
    """

    network: LayeredNetwork
    dt: ClassVar[float] = 0.1
    # Neurons per unit of the last layer.
    outputs: int = 1
    # Score of a single output above which the decision is 1.
    even: ClassVar[float] = 0.0

    @abstractmethod
    def add_to(
        self, net: ns.Network, inputs: ArrayLike, *, dt: float = 0.1, name: str = ""
    ) -> list[ns.Population]:
        """Add a copy of the network for each trial.

        Parameters
        ----------
        net : Network
        inputs : (n_trials, n_inputs) array_like
        dt : float
            Simulation step (ms).
        name : str
            Prefix of the names of the populations.
        """

    @abstractmethod
    def duration(self, dt: float | None = None) -> float:
        """Return the duration of the simulation (ms) with a step of `dt` (ms)."""

    def scores(self, result: ns.Result, *, n_trials: int | None = None, name: str = "") -> Scores:
        """Return the scores of the outputs at one or several times.

        Parameters
        ----------
        result : Result
        n_trials : int, optional
            Number of copies. Default: derived from the size of the last layer.
        name : str
            As for `add_to`.

        Returns
        -------
        times : (n_times,) ndarray
            ms.
        scores : (n_times, n_trials, n_outputs) ndarray
        """
        layer = self.population(len(self.network.layers) - 1, name)
        if layer not in result.populations:
            raise NeurosimError(
                f"the result has no population {layer!r}: give the name that was given to add_to"
            )
        found = result.populations[layer].size // (self.n_outputs * self.outputs)
        if n_trials not in (None, found):
            raise NeurosimError(f"n_trials = {n_trials}, but the result holds {found} copies")
        return self._scores(result, found, name)

    @abstractmethod
    def _scores(self, result: ns.Result, n_trials: int, name: str) -> Scores:
        """Compute what `scores` returns, for a result that has been checked."""

    def population(self, k: int, name: str = "") -> str:
        """Return the name of the population of layer k, counted from 0."""
        return f"{name}layer {k + 1}"

    def decisions(
        self, result: ns.Result, *, n_trials: int | None = None, name: str = ""
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the output with the largest final score and the decision time (ms).

        For a single output the decision is 1 or 0. Decisions are indices into `classes_` of a
        classifier. Both arrays have the shape (n_trials,).
        """
        times, scores = self.scores(result, n_trials=n_trials, name=name)
        return self._decide(scores[-1]), np.full(scores.shape[1], times[-1])

    def run(
        self,
        inputs: ArrayLike,
        *,
        dt: float | None = None,
        seed: int = 0,
        threads: int | None = None,
    ) -> ns.Result:
        """Simulate a network that consists of one copy per trial.

        Parameters
        ----------
        inputs : (n_trials, n_inputs) array_like
        dt : float, optional
            Simulation step (ms). Default: `self.dt`.
        seed : int
        threads : int, optional
            As for `neurosim.simulate`.
        """
        step, net = self.dt if dt is None else dt, ns.Network()
        self.add_to(net, inputs, dt=step)
        return ns.simulate(net, self.duration(step), dt=step, seed=seed, threads=threads)

    @property
    def n_outputs(self) -> int:
        """Number of units in the last layer."""
        return len(self.network.layers[-1].bias)

    def _decide(self, scores: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the index of the largest score, or whether a single score exceeds `even`."""
        if self.n_outputs == 1:
            return (scores[:, 0] > self.even).astype(np.intp)
        return scores.argmax(axis=1)


def connect_copies(
    net: ns.Network,
    source: ns.Population,
    target: ns.Population,
    matrix: NDArray[np.float64],
    **options: Any,
) -> ns.Projection:
    """Connect two layers within each trial.

    Parameters
    ----------
    net : Network
    source, target : Population
        Neurons ordered by trial, then by unit.
    matrix : (n_units, n_inputs) ndarray
        Weights in the unit of the synapse.
    options : Any
        Options of `Network.connect`.

    Examples
    --------
    Two trials of a layer with two inputs and one unit:

    >>> import numpy as np
    >>> import neurosim as ns
    >>> from bridge.spiking import connect_copies
    >>> net = ns.Network()
    >>> inputs = net.add("inputs", 4, ns.LIF(), dale=False)
    >>> units = net.add("units", 2, ns.LIF())
    >>> projection = connect_copies(net, inputs, units, np.array([[5.0, -3.0]]), delay=1.0)
    >>> ns.Simulation(net).connections(projection).weights
    array([ 5., -3.,  5., -3.])
    """
    n_units, n_inputs = matrix.shape
    trials = np.arange(target.size // n_units)[:, np.newaxis]
    inputs, units = np.nonzero(matrix.T)
    rule = ns.Explicit((trials * n_inputs + inputs).ravel(), (trials * n_units + units).ravel())
    weights = np.tile(matrix.T[inputs, units], len(trials))
    return net.connect(source, target, rule, weight=weights, **options)


def first_spikes(result: ns.Result, name: str, n_trials: int) -> NDArray[np.float64]:
    """Return the first spike of each neuron (ms), shape (n_trials, n_units).

    Neurons without a spike have inf.
    """
    trains = result.spikes[name]
    first = np.full(result.populations[name].size, np.inf)
    np.minimum.at(first, trains.ids, trains.times)
    return first.reshape(n_trials, -1)


def fired_at(result: ns.Result, name: str, step: int = 1) -> NDArray[np.bool_]:
    """Return which neurons of a population fired in a step, counted from 1.

    Examples
    --------
    >>> import neurosim as ns
    >>> from bridge.spiking import fired_at
    >>> net = ns.Network()
    >>> cells = net.add("cells", 2, ns.LIF())
    >>> drive = net.drive(cells[0], ns.SpikeTimes([0.1]), psp=20.0)
    >>> fired_at(ns.simulate(net, 1.0), "cells", step=1).tolist()
    [True, False]
    """
    trains = result.spikes[name]
    fired = np.zeros(result.populations[name].size, dtype=bool)
    fired[trains.ids[np.rint(trains.times / result.dt) == step]] = True
    return fired


def require_chain(network: LayeredNetwork) -> None:
    """Raise an error if a network is not a chain of layers.

    Each layer must receive the outputs of the previous layer only.
    """
    require_type(network, LayeredNetwork, "network", "a LayeredNetwork")
    if not network.is_chain:
        raise NeurosimError(
            "this network has connections that skip layers: give a network in which each layer is "
            "connected to the previous one only"
        )
