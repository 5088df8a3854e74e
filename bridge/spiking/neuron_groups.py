"""Conversion of a network of sigmoid or step units to groups of spiking neurons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit

import neurosim as ns
from bridge.networks import Layer, LayeredNetwork
from bridge.networks.layer import checked_inputs
from bridge.neuron.noise import EscapeNoise
from bridge.neuron.unit import threshold_distance
from bridge.spiking.spiking_network import (
    Scores,
    SpikingNetwork,
    connect_copies,
    fired_at,
    require_chain,
)
from bridge.utils.checks import as_integer, positive, require_type

# Neuron with a sharp threshold.
NEURON = ns.LIF()
# Neuron whose threshold is out of reach, so that its potential is the sum of its inputs.
INTEGRATOR = ns.LIF(v_threshold=100.0, v_peak=120.0)
THRESHOLD_DISTANCE = threshold_distance(NEURON)
# Score that corresponds to 1 mV (per mV).
BETA = 1.0


@dataclass(frozen=True, eq=False)
class NeuronGroup(SpikingNetwork):
    """A network in which each unit is a group of neurons that fire at most once.

    The neurons of a layer decide at the end of one step, those of depth 1 at the end of the first
    step. At that time the spikes of all source groups arrive, each with its fraction of the weight,
    and an input that represents the bias. Connections that skip layers have longer delays. A score
    of 1 corresponds to 1 mV above threshold. The scores of the network are its outputs.

    Attributes
    ----------
    network : LayeredNetwork
        Sigmoid and step units; the last layer may be linear. Linear units do not fire; their output
        is the potential above rest, 1 mV for 1.
    size, outputs : int
        Number of neurons per unit in hidden layers and in the last layer.
    noise : bool
        Whether the neurons of sigmoid units have soft thresholds (escape noise) and fire with the
        activation as probability. Otherwise those of hidden layers have sharp thresholds with a
        logistic distribution, so that the fraction that fires is the activation, rounded.
    name : str
        Prefix of the names of the populations, "layer 1", "layer 2" …

    Examples
    --------
    An output unit of 1000 neurons:

    >>> from bridge import Layer, LayeredNetwork
    >>> from bridge.spiking import NeuronGroup
    >>> network = LayeredNetwork((Layer([[2.0]], [-1.0], "sigmoid"),))
    >>> group = NeuronGroup(network, outputs=1000)
    >>> choice, _ = group.decisions(group.run([[0.0], [1.0]]))
    >>> choice
    array([0, 1])
    """

    network: LayeredNetwork
    size: int = 1
    outputs: int = 1
    noise: bool = True
    name: str = ""

    def __post_init__(self) -> None:
        require_type(self.network, LayeredNetwork, "network", "a LayeredNetwork")
        as_integer(self.size, "size", 1)
        as_integer(self.outputs, "outputs", 1)

    def add_to(
        self, net: ns.Network, inputs: ArrayLike, *, dt: float = 0.1, name: str = ""
    ) -> list[ns.Population]:
        """Add one copy of the network for each trial.

        Parameters
        ----------
        net : Network
            Its Dale's law does not apply to these populations.
        inputs : (n_trials, n_inputs) array_like
            An input x is a PSP of x times the weight.
        dt : float
            Simulation step (ms).
        name : str
            Prefix of the names of the populations, instead of the attribute.

        Returns
        -------
        list of Population
            One for each layer.
        """
        network = self.network
        positive(dt, "dt", "ms")
        inputs = checked_inputs(inputs, network.n_inputs)
        populations: list[ns.Population] = []
        for k, (layer, sources) in enumerate(zip(network.layers, network.sources, strict=True)):
            arrival, size = ns.SpikeTimes([network.depths[k] * dt]), self._sizes[k]
            number = len(inputs) * len(layer.bias) * size
            cells = net.add(self.population(k, name), number, self._neuron(k, dt), dale=False)
            distance = THRESHOLD_DISTANCE
            if self._kind(k) == "linear":
                distance = 0.0
                net.record(cells, "v")
            constant = (layer.bias[:, np.newaxis] - self._thresholds(k)) / BETA + distance
            net.drive(cells, arrival, psp=np.tile(constant.ravel(), len(inputs)))
            outside = [column for column, signal in enumerate(sources) if signal < network.n_inputs]
            signals = inputs[:, [sources[column] for column in outside]]
            parts = signals[:, np.newaxis, :] * layer.weights[:, outside] / BETA
            for part in (parts.clip(min=0.0), parts.clip(max=0.0)):  # excitation, inhibition
                if part.any():
                    net.drive(cells, arrival, psp=np.repeat(part.sum(axis=2).ravel(), size))
            for j in range(k):
                weights = network.weights_between(j, k) / (BETA * self._sizes[j])
                if weights.any():
                    matrix = weights.repeat(self._sizes[j], axis=1).repeat(size, axis=0)
                    delay = (network.depths[k] - network.depths[j]) * dt
                    connect_copies(net, populations[j], cells, matrix, delay=delay)
            populations.append(cells)
        return populations

    def duration(self, dt: float | None = None) -> float:
        """Return the time (ms) at which the last layer decides, with a step of `dt` (ms)."""
        return max(self.network.depths) * (self.dt if dt is None else dt)

    def _scores(self, result: ns.Result, n_trials: int, name: str) -> Scores:
        """Return the time at which the last layer decides (ms), and its outputs."""
        time = self.network.depths[-1] * result.dt
        return np.array([time]), self.outputs_in(result, name=name)[-1][np.newaxis]

    def outputs_in(self, result: ns.Result, *, name: str = "") -> list[NDArray[np.float64]]:
        """Return the outputs of each layer.

        Outputs are fractions of neurons that fired, or potentials.

        Each has the shape (n_trials, n_units). `name` is as for `add_to`.
        """
        outputs = []
        for k, layer in enumerate(self.network.layers):
            key, step = self.population(k, name), self.network.depths[k]
            if self._kind(k) == "linear":
                trace = result.traces[key, "v"]
                v = trace.values[np.argmin(np.abs(trace.times - step * result.dt))]
                found = BETA * (v - INTEGRATOR.v_rest)
            else:
                found = fired_at(result, key, step).astype(float)
            outputs.append(found.reshape(-1, len(layer.bias), self._sizes[k]).mean(axis=2))
        return outputs

    def population(self, k: int, name: str = "") -> str:
        """Return the name of the population of layer k, counted from 0."""
        return f"{name or self.name}layer {k + 1}"

    def _decide(self, scores: NDArray[np.float64]) -> NDArray[np.intp]:
        linear = self._kind(len(self.network.layers) - 1) == "linear"
        return super()._decide(scores if linear else scores - 0.5)

    @cached_property
    def _sizes(self) -> list[int]:
        return [self.size] * (len(self.network.layers) - 1) + [self.outputs]

    def _kind(self, k: int) -> str:
        """Return the thresholds of a layer: soft, distributed, sharp, or linear for none."""
        name, last = self.network.layers[k].activation.name, k == len(self.network.layers) - 1
        if name == "sigmoid":
            return "soft" if self.noise or last else "distributed"
        if name == "step":
            return "sharp"
        if name == "linear" and last:
            return "linear"
        raise ns.NeurosimError(
            f'layer {k + 1} is {name}: the code "group" needs sigmoid or step units; the last '
            "layer may be linear"
        )

    def _neuron(self, k: int, dt: float) -> ns.LIF:
        if self._kind(k) == "soft":
            return ns.LIF(escape=EscapeNoise.of_slope(BETA).rate(dt))
        return INTEGRATOR if self._kind(k) == "linear" else NEURON

    def _thresholds(self, k: int) -> NDArray[np.float64]:
        """Return the thresholds of a group (scores) relative to the unit's."""
        if self._kind(k) != "distributed":
            return np.zeros(self._sizes[k])
        return logit((np.arange(self._sizes[k]) + 0.5) / self._sizes[k])


def sigmoids_of(network: LayeredNetwork) -> LayeredNetwork:
    """Return an equivalent network with sigmoid units instead of tanh units.

    tanh s = 2 σ(2s) − 1: weights from and to the unit are doubled, and the biases of its targets
    are reduced by the weights.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import Layer, LayeredNetwork
    >>> from bridge.spiking import sigmoids_of
    >>> network = LayeredNetwork((Layer([[1.0]], [0.0], "tanh"), Layer([[3.0]], [0.0], "sigmoid")))
    >>> bool(np.allclose(sigmoids_of(network)([[0.7]]), network([[0.7]])))
    True
    """
    require_chain(network)
    layers, factor = [], 1.0
    for layer in network.layers:
        bias = layer.bias - (factor - 1.0) * layer.weights.sum(axis=1)
        weights, twice = factor * layer.weights, layer.activation.name == "tanh"
        factor, name = (2.0, "sigmoid") if twice else (1.0, layer.activation.name)
        layers.append(Layer(factor * weights, factor * bias, name))
    return LayeredNetwork(tuple(layers))
