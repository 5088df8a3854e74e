"""Conversion of sigmoid networks to stochastic spiking neurons.

In each step, a neuron fires with a probability equal to the activation of its unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neurosim as ns
from bridge.networks import LayeredNetwork
from bridge.networks.layer import checked_inputs
from bridge.spiking.spiking_network import Scores, SpikingNetwork, connect_copies, require_chain
from bridge.utils.checks import as_float, positive
from neurosim import NeurosimError

# Smallest step (ms): ten membrane time constants, so that steps are independent.
SHORTEST = 1.0
# Default number of steps in which the last layer is observed.
STEPS = 100


@dataclass(frozen=True, eq=False)
class ChanceCodedNetwork(SpikingNetwork):
    """A network of sigmoid units as neurons that fire randomly in each step.

    With a potential of x·delta above the soft threshold (`neurosim.EscapeRate`) a neuron fires with
    probability σ(x). The membrane is so fast that steps are independent. Inputs are constant
    currents, and a spike changes the potential of the next layer by delta times the weight, one
    step later. The mean over many steps converges to the activation in the first layer; in later
    layers it converges to the mean of σ over random inputs. Scores are the fractions of steps with
    an output spike.

    Attributes
    ----------
    network : LayeredNetwork
        Sigmoid in all layers.
    delta : float
        Potential that corresponds to a score of 1 (mV).

    Examples
    --------
    >>> from bridge import Layer, LayeredNetwork
    >>> from bridge.spiking import ChanceCodedNetwork
    >>> network = LayeredNetwork((Layer([[4.0, -4.0]], [0.0], "sigmoid"),))
    >>> spiking = ChanceCodedNetwork(network)
    >>> choice, _ = spiking.decisions(spiking.run([[0.9, 0.2], [0.1, 0.8]]))
    >>> choice
    array([1, 0])
    """

    network: LayeredNetwork
    delta: float = 1.0
    dt: ClassVar[float] = SHORTEST
    even: ClassVar[float] = 0.5

    def __post_init__(self) -> None:
        positive(self.delta, "delta", "mV")
        require_chain(self.network)
        for number, layer in enumerate(self.network.layers, start=1):
            if layer.activation.name != "sigmoid":
                raise NeurosimError(
                    f'layer {number} is a {layer.activation.name}: the code "chance" needs sigmoid '
                    'in all layers; for ReLUs give the code "rate"'
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
            Simulation step (ms), at least 1.
        name : str
            Prefix of the names of the populations, "layer 1", "layer 2" …

        Returns
        -------
        list of Population
            One for each layer.
        """
        if as_float(dt, "dt") < SHORTEST:
            raise NeurosimError(f"dt = {dt:g} ms is below {SHORTEST:g} ms: give a longer step")
        values = checked_inputs(inputs, self.network.n_inputs)
        neuron = ns.LIF(tau_m=0.1, t_ref=0.0, escape=ns.EscapeRate(self.delta, dt))
        populations: list[ns.Population] = []
        for number, layer in enumerate(self.network.layers, start=1):
            score = np.tile(layer.bias, (len(values), 1)) if populations else layer.score(values)
            v = neuron.v_threshold - neuron.v_rest + self.delta * score.ravel()
            cells = net.add(
                f"{name}layer {number}", score.size, neuron, v_init=neuron.v_rest + v, dale=False
            )
            net.drive(cells, ns.ConstantCurrent(v / neuron.resistance))
            if populations:
                connect_copies(net, populations[-1], cells, self.delta * layer.weights, delay=dt)
            populations.append(cells)
        return populations

    def duration(self, dt: float | None = None) -> float:
        """Return the duration of the simulation (ms) with a step of `dt` (ms).

        The last layer is observed 100 times, so that probabilities are accurate to 0.05 or better.
        """
        return (STEPS + len(self.network.layers) - 1) * (self.dt if dt is None else dt)

    def _scores(self, result: ns.Result, n_trials: int, name: str) -> Scores:
        """Return the end of the run (ms) and the fraction of steps with an output spike."""
        late = len(self.network.layers) - 1
        steps = round(result.duration / result.dt) - late
        if steps < 1:
            raise NeurosimError(
                f"the run of {result.duration:g} ms ends before the last layer has answered: "
                f"simulate for {self.duration(result.dt):g} ms"
            )
        counts = self.counts(result, n_trials=n_trials, steps=steps, name=name)[-1]
        return np.array([result.duration]), counts.mean(axis=0)[np.newaxis]

    def counts(
        self, result: ns.Result, *, n_trials: int, steps: int, name: str = ""
    ) -> list[NDArray[np.int64]]:
        """Return the spikes of each layer by step, (steps, n_trials, n_units) each.

        Step k of a layer is its response to step k of the previous layer. The run must last `steps`
        plus one step for each further layer.
        """
        found = []
        for late in range(len(self.network.layers)):
            key = self.population(late, name)
            trains, size = result.spikes[key], result.populations[key].size
            step = np.rint(trains.times / result.dt).astype(int) - 1 - late
            inside = (step >= 0) & (step < steps)
            counts = np.zeros((steps, size), np.int64)
            counts[step[inside], trains.ids[inside]] = 1
            found.append(counts.reshape(steps, n_trials, -1))
        return found
