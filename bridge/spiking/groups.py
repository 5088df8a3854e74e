"""A trained network of sigmoids or threshold units as groups of spiking neurons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit

import neurosim as ns
from bridge.learning.activations import find_activation
from bridge.networks import Layer, LayeredNetwork
from bridge.neuron.noise import EscapeNoise, require_positive
from bridge.neuron.unit import threshold_gap
from bridge.spiking.copies import checked_inputs, connect_copies, fired_at
from bridge.spiking.twin import SpikingTwin
from bridge.utils.checks import as_integer, require_kind

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

NEURON = ns.LIF()
"""Whose threshold is sharp."""
LISTENER = ns.LIF(v_threshold=100.0, v_peak=120.0)
"""Whose threshold is out of reach: its potential is the sum of what it hears."""
GAP = threshold_gap(NEURON)
BETA = 1.0
"""Score that a millivolt is worth (per mV)."""


@dataclass(frozen=True, eq=False)
class GroupTwin(SpikingTwin):
    """A network of which every unit is a group of neurons that each fire once, or not.

    All neurons of a layer decide at the end of one step, those of depth 1 at the end of the first.
    Then arrive, together, the spikes of the groups that the layer sees, each with its share of the
    weight, and a volley that stands for the bias; ways of different length have delays that make
    them equal. A score of 1 is a millivolt above the threshold.

    Attributes
    ----------
    network : LayeredNetwork
        Of sigmoid units and step units; those of the last layer may be linear. Linear units do not
        fire: their potential above rest, 1 mV for 1, is their output.
    size, outputs : int
        Neurons that stand for a unit, and for one of the last layer.
    noise : bool
        Whether neurons of sigmoid units have a soft threshold (escape noise) and fire by chance,
        with the probability that the unit has. Those of hidden layers may instead have sharp
        thresholds spread over the group as the logistic distribution is, so that the share which
        fires is the unit's output to the nearest neuron.
    name : str
        Put before "layer 1", "layer 2" …, the names of the populations.
    """

    network: LayeredNetwork
    size: int = 1
    outputs: int = 1
    noise: bool = True
    name: str = ""

    def __post_init__(self) -> None:
        require_kind(self.network, LayeredNetwork, "network", "LayeredNetwork")
        for what in ("size", "outputs"):
            as_integer(getattr(self, what), what, 1)

    def add_to(
        self, net: ns.Network, inputs: ArrayLike, *, dt: float = 0.1, name: str = ""
    ) -> list[ns.Population]:
        """Add the network, each trial with neurons of its own.

        Parameters
        ----------
        net : Network
            Not held to Dale's law, which units of abstract networks do not know.
        inputs : (n_trials, n_inputs) array_like
            A signal x is a volley of that strength.
        dt : float
            Step (ms) with which the network is going to be simulated.
        name : str
            Put before the names of the populations in the place of the attribute.

        Returns
        -------
        list of Population
            One for each layer.
        """
        own = self.network
        require_positive("dt", dt, "ms")
        inputs = checked_inputs(inputs, own.n_inputs, signed=True)
        populations: list[ns.Population] = []
        for k, (layer, seen) in enumerate(zip(own.layers, own.sources, strict=True)):
            arrival, size = ns.SpikeTimes([own.depths[k] * dt]), self._sizes[k]
            number = len(inputs) * len(layer.bias) * size
            cells = net.add(self.population(k, name), number, self._cell(k, dt), dale=False)
            if self._kind(k) == "linear":
                net.record(cells, "v")
            constant = (layer.bias[:, np.newaxis] - self._spread(k)) / BETA + self._gap(k)
            net.drive(cells, arrival, psp=np.tile(constant.ravel(), len(inputs)))
            outside = [place for place, signal in enumerate(seen) if signal < own.n_inputs]
            strength = inputs[:, [seen[place] for place in outside]]
            parts = strength[:, np.newaxis, :] * layer.weights[:, outside] / BETA
            for part in (parts.clip(min=0.0), parts.clip(max=0.0)):  # what excites, what inhibits
                if part.any():
                    net.drive(cells, arrival, psp=np.repeat(part.sum(axis=2).ravel(), size))
            for j in range(k):
                share = own.weights_between(j, k) / (BETA * self._sizes[j])
                if not share.any():
                    continue
                matrix = share.repeat(self._sizes[j], axis=1).repeat(size, axis=0)
                late = (own.depths[k] - own.depths[j]) * dt
                connect_copies(net, populations[j], cells, matrix, delay=late)
            populations.append(cells)
        return populations

    def duration(self, dt: float | None = None) -> float:
        """How long to simulate (ms) with a step of `dt` (ms): until the last layer has decided."""
        return max(self.network.depths) * (self.dt if dt is None else dt)

    def scores(
        self, result: ns.Result, *, n_trials: int | None = None, name: str = ""
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return when the last layer decides (ms), and its outputs, as `outputs_in` has them.

        Shapes (1,) and (1, n_trials, n_outputs); parameters as of `SpikingTwin.scores`.
        """
        last = len(self.network.layers) - 1
        self._trials(result, self.population(last, name), n_trials, each=self.outputs)
        time = self.network.depths[last] * result.dt
        return np.array([time]), self.outputs_in(result, name=name)[-1][np.newaxis]

    def outputs_in(self, result: ns.Result, *, name: str = "") -> list[NDArray[np.float64]]:
        """Return the outputs of each layer, (n_trials, n_units): fractions of neurons that fired.

        Those of linear units are read off their potential. `name` is as given to `add_to`.
        """
        outputs = []
        for k, layer in enumerate(self.network.layers):
            key, step = self.population(k, name), self.network.depths[k]
            if self._kind(k) == "linear":
                trace = result.traces[key, "v"]
                reached = trace.values[np.argmin(np.abs(trace.times - step * result.dt))]
                found = BETA * (reached - LISTENER.v_rest)
            else:
                found = fired_at(result, key, step).astype(float)
            outputs.append(found.reshape(-1, len(layer.bias), self._sizes[k]).mean(axis=2))
        return outputs

    def population(self, k: int, name: str = "") -> str:
        """Return the name of the population that stands for layer k, counted from 0."""
        return f"{name or self.name}layer {k + 1}"

    def _chosen(self, scores: NDArray[np.float64]) -> NDArray[np.intp]:
        """Outputs of the greatest score, or whether that of the only one is high enough."""
        linear = self._kind(len(self.network.layers) - 1) == "linear"
        return super()._chosen(scores if linear else scores - 0.5)

    @cached_property
    def _sizes(self) -> list[int]:
        return [self.size] * (len(self.network.layers) - 1) + [self.outputs]

    def _kind(self, k: int) -> str:
        """What a layer is made of: soft, spread or sharp thresholds, or none (linear)."""
        name, last = self.network.layers[k].activation.name, k == len(self.network.layers) - 1
        if name == "sigmoid":
            return "soft" if self.noise or last else "spread"
        if name == "step":
            return "sharp"
        if name == "linear" and last:
            return "linear"
        raise ns.NeurosimError(
            f"layer {k + 1} is {name}, which is no neuron that fires once or not: give layers of "
            "sigmoid or step units; the last may be linear"
        )

    def _cell(self, k: int, dt: float) -> ns.LIF:
        if self._kind(k) == "soft":
            return ns.LIF(escape=EscapeNoise.of_slope(BETA).rate(dt))
        return LISTENER if self._kind(k) == "linear" else NEURON

    def _gap(self, k: int) -> float:
        """What lifts a neuron to its threshold (mV)."""
        return 0.0 if self._kind(k) == "linear" else GAP

    def _spread(self, k: int) -> NDArray[np.float64]:
        """Scores by which the thresholds of a group differ from the unit's."""
        if self._kind(k) != "spread":
            return np.zeros(self._sizes[k])
        return logit((np.arange(self._sizes[k]) + 0.5) / self._sizes[k])


def sigmoids_of(network: LayeredNetwork) -> LayeredNetwork:
    """Return the same function with sigmoid units in the place of tanh units, layer after layer.

    tanh s = 2 σ(2s) − 1: a sigmoid unit hears twice as much, and is heard twice as much by units
    whose bias is lowered by their weights.
    """
    if not network.is_chain:
        raise ns.NeurosimError("tanh units become sigmoids only where each layer sees the last")
    layers, heard = [], 1.0
    for layer in network.layers:
        bias = layer.bias - (heard - 1.0) * layer.weights.sum(axis=1)
        weights, twice = heard * layer.weights, layer.activation.name == "tanh"
        factor, name = (2.0, "sigmoid") if twice else (1.0, layer.activation.name)
        layers.append(Layer(factor * weights, factor * bias, find_activation(name)))
        heard = factor
    return LayeredNetwork(tuple(layers))
