"""A network of sigmoids as neurons that fire by chance: activations become probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

import neurosim as ns
from bridge.networks import LayeredNetwork
from bridge.neuron.noise import require_positive
from bridge.spiking.copies import checked_inputs, connect_copies, require_chain
from bridge.spiking.twin import SpikingTwin
from bridge.utils.checks import as_float, require_kind
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

SHORTEST = 1.0
"""Least step (ms): ten time constants of the membrane, so that none remembers the last."""
STEPS = 100
"""Answers of the last layer in the time that a run lasts by default."""


@dataclass(frozen=True, eq=False)
class ChanceTwin(SpikingTwin):
    """A network of sigmoid units in which every neuron fires by chance, anew in each step.

    The soft threshold makes σ(x) of a potential x·delta above it, exactly
    (`neurosim.EscapeRate`). The membrane forgets within a step, inputs are constant currents, and
    a spike moves the potential of the next layer by delta times its weight, a step later. The mean
    of many steps tends to the activation in the first layer; in later ones to the mean of σ over
    what arrives, which is not σ of the mean.

    Attributes
    ----------
    network : LayeredNetwork
        Sigmoids in all layers.
    delta : float
        Potential that a score of 1 is worth (mV).
    """

    network: LayeredNetwork
    delta: float = 1.0
    dt: ClassVar[float] = SHORTEST
    even: ClassVar[float] = 0.5

    def __post_init__(self) -> None:
        require_kind(self.network, LayeredNetwork, "network", "LayeredNetwork")
        require_positive("delta", self.delta, "mV")
        require_chain(self.network)
        for number, layer in enumerate(self.network.layers, start=1):
            if layer.activation.name != "sigmoid":
                raise NeurosimError(
                    f"layer {number} is a {layer.activation.name}: chance makes a sigmoid of a "
                    'neuron; take sigmoid, or the code "rate" for a network of ReLUs'
                )

    def add_to(
        self, net: ns.Network, inputs: ArrayLike, *, dt: float = SHORTEST, name: str = ""
    ) -> list[ns.Population]:
        """Add one copy of the network for each trial.

        Parameters
        ----------
        net : Network
        inputs : (n_trials, n_inputs) array_like
        dt : float
            Step (ms) with which the network is going to be simulated, at least 1.
        name : str
            Put before "layer 1", "layer 2" …, the names of the populations.

        Returns
        -------
        list of Population
            One for each layer.
        """
        if as_float(dt, "dt") < SHORTEST:
            raise NeurosimError(f"dt = {dt:g} ms is below {SHORTEST:g} ms: give a longer step")
        layers = self.network.layers
        values = checked_inputs(inputs, layers[0].weights.shape[1], signed=True)
        neuron = ns.LIF(tau_m=0.1, t_ref=0.0, escape=ns.EscapeRate(self.delta, dt))
        populations: list[ns.Population] = []
        for number, layer in enumerate(layers, start=1):
            score = np.tile(layer.bias, (len(values), 1)) if populations else layer.score(values)
            lift = neuron.v_threshold - neuron.v_rest + self.delta * score.ravel()
            cells = net.add(
                f"{name}layer {number}", score.size, neuron, v_init=neuron.v_rest + lift, dale=False
            )
            net.drive(cells, ns.ConstantCurrent(lift / neuron.resistance))
            if populations:
                connect_copies(net, populations[-1], cells, self.delta * layer.weights, delay=dt)
            populations.append(cells)
        return populations

    def duration(self, dt: float | None = None) -> float:
        """How long to simulate (ms), with a step of `dt` (ms).

        The last layer answers 100 times, so that its probabilities are known to 0.05 or better.
        """
        return (STEPS + len(self.network.layers) - 1) * (self.dt if dt is None else dt)

    def scores(
        self, result: ns.Result, *, n_trials: int | None = None, name: str = ""
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the end of the run (ms), and how often each output fired, of the steps it had.

        Shapes (1,) and (1, n_trials, n_outputs); parameters as of `SpikingTwin.scores`.
        """
        late = len(self.network.layers) - 1
        found = self._trials(result, f"{name}layer {late + 1}", n_trials)
        steps = round(result.duration / result.dt) - late
        if steps < 1:
            raise NeurosimError(
                f"the run of {result.duration:g} ms ends before the last layer has answered: "
                f"simulate for {self.duration(result.dt):g} ms"
            )
        counts = self.counts(result, n_trials=found, steps=steps, name=name)[-1]
        return np.array([result.duration]), counts.mean(axis=0)[np.newaxis]

    def counts(
        self, result: ns.Result, *, n_trials: int, steps: int, name: str = ""
    ) -> list[NDArray[np.int64]]:
        """Return the spikes of every layer in each step: (steps, n_trials, n_units).

        Step k of a layer is the one in which it answers to step k of the layer before; the run
        must last `steps` and one more for each later layer.
        """
        found = []
        for late in range(len(self.network.layers)):
            key = f"{name}layer {late + 1}"
            trains, size = result.spikes[key], result.populations[key].size
            step = np.rint(trains.times / result.dt).astype(int) - 1 - late
            inside = (step >= 0) & (step < steps)
            counts = np.zeros((steps, size), np.int64)
            counts[step[inside], trains.ids[inside]] = 1
            found.append(counts.reshape(steps, n_trials, -1))
        return found
