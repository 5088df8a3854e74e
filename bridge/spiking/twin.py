"""What every network of spiking neurons made of an abstract one can be asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

import neurosim as ns
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bridge.networks import LayeredNetwork


class SpikingTwin(ABC):
    """A network of spiking neurons that does the job of an abstract one.

    `add_to` puts a copy for each trial into a network to simulate for `duration`; `scores` and
    `decisions` read the result. `run` does the first two for a network of the copies alone.

    Attributes
    ----------
    network : LayeredNetwork
    dt : float
        Step (ms) with which it is simulated if nothing else is said.
    """

    network: LayeredNetwork
    dt: ClassVar[float] = 0.1
    even: ClassVar[float] = 0.0
    """Score of a single output above which it says yes."""

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
            Step (ms) with which the network is going to be simulated.
        name : str
            Put before the names of the populations.
        """

    @abstractmethod
    def duration(self, dt: float | None = None) -> float:
        """How long to simulate (ms), with a step of `dt` (ms)."""

    @abstractmethod
    def scores(
        self, result: ns.Result, *, n_trials: int | None = None, name: str = ""
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What speaks for each output, at one time or several.

        Parameters
        ----------
        result : Result
        n_trials : int, optional
            Copies of the network; found from the size of the last layer if not given.
        name : str
            As given to `add_to`.

        Returns
        -------
        times : (n_times,) ndarray
            ms.
        scores : (n_times, n_trials, n_outputs) ndarray
        """

    def decisions(
        self, result: ns.Result, *, n_trials: int | None = None, name: str = ""
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return which output has the greatest score in the end, and when that is known (ms).

        Of a network with a single output, 1 where it says yes and 0 where not: the places of the
        classes in a classifier's `classes_`. Both of shape (n_trials,).
        """
        times, scores = self.scores(result, n_trials=n_trials, name=name)
        return self._chosen(scores[-1]), np.full(scores.shape[1], times[-1])

    def run(
        self,
        inputs: ArrayLike,
        *,
        dt: float | None = None,
        seed: int = 0,
        threads: int | None = None,
    ) -> ns.Result:
        """Simulate a network of a copy for each trial and nothing else.

        Parameters
        ----------
        inputs : (n_trials, n_inputs) array_like
        dt : float, optional
            ms. Default: the attribute.
        seed : int
        threads : int, optional
            As of `neurosim.simulate`.
        """
        step, net = self.dt if dt is None else dt, ns.Network()
        self.add_to(net, inputs, dt=step)
        return ns.simulate(net, self.duration(step), dt=step, seed=seed, threads=threads)

    @property
    def n_outputs(self) -> int:
        """Units of the last layer."""
        return len(self.network.layers[-1].bias)

    def _chosen(self, scores: NDArray[np.float64]) -> NDArray[np.intp]:
        """Outputs of the greatest score, or whether that of the only one is high enough."""
        if self.n_outputs == 1:
            return (scores[:, 0] > self.even).astype(np.intp)
        return scores.argmax(axis=1)

    def _trials(self, result: ns.Result, layer: str, n_trials: int | None, *, each: int = 1) -> int:
        """Return the number of copies, of whose last layer each unit is `each` neurons."""
        if layer not in result.populations:
            raise NeurosimError(
                f"the result has no population {layer!r}: give decisions and scores the name that "
                "add_to was given"
            )
        found = result.populations[layer].size // (self.n_outputs * each)
        if n_trials is not None and n_trials != found:
            raise NeurosimError(f"n_trials = {n_trials}, but the result holds {found} copies")
        return found
