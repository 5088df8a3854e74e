"""A trained network of sigmoids or threshold units as groups of spiking neurons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit

import bridge
import neurosim as ns
from scenarios._trials import fired_at

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

NEURON = ns.LIF()
GAP = bridge.threshold_gap(NEURON)
BETA = 1.0
"""Score that a millivolt is worth (per mV)."""


@dataclass(frozen=True, eq=False)
class SpikingNetwork:
    """A network of which every unit is a group of neurons that each fire once, or not.

    All neurons of a layer decide at the end of one step, those of depth 1 at the end of the first.
    Then arrive, together, the spikes of the groups that the layer sees, each with its share of the
    weight, and a volley that stands for the bias; ways of different length have delays that make
    them equal. A score of 1 is a millivolt above the threshold.

    Attributes
    ----------
    name : str
        Of the populations, followed by the layer's number.
    network : LayeredNetwork
        Of sigmoid units and step units.
    size, outputs : int
        Neurons that stand for a unit, and for one of the last layer.
    noise : bool
        Whether neurons of sigmoid units have a soft threshold (escape noise) and fire by chance,
        with the probability that the unit has. Those of hidden layers may instead have sharp
        thresholds spread over the group as the logistic distribution is, so that the share which
        fires is the unit's output to the nearest neuron.
    """

    name: str
    network: bridge.LayeredNetwork
    size: int = 1
    outputs: int = 1
    noise: bool = True

    def add_to(self, net: ns.Network, inputs: ArrayLike, dt: float) -> None:
        """Add the network, each trial with neurons of its own.

        Parameters
        ----------
        net : Network
            Not held to Dale's law, which units of abstract networks do not know.
        inputs : (n_trials, n_inputs) array_like
            A signal x is a volley of that strength.
        dt : float
            ms.
        """
        inputs, own = np.asarray(inputs, dtype=float), self.network
        for layer in own.layers:
            if layer.activation.name not in ("sigmoid", "step"):
                raise ns.NeurosimError(
                    f"a {layer.activation.name} is no neuron that fires once or not: give layers "
                    "of sigmoid or step units"
                )
        for k, (layer, seen, depth) in enumerate(
            zip(own.layers, own.sources, own.depths, strict=True)
        ):
            size = self._sizes[k]
            arrival = ns.SpikeTimes([depth * dt])
            cells = net.add(
                self.population(k), len(inputs) * layer.bias.size * size, self._cell(k, dt)
            )
            constant = GAP + (layer.bias[:, np.newaxis] - self._spread(k)) / BETA
            net.drive(cells, arrival, psp=np.tile(constant.ravel(), len(inputs)))
            for column, signal in zip(layer.weights.T, seen, strict=True):
                if signal < own.n_inputs and column.any():
                    psp = np.multiply.outer(inputs[:, signal], column) / BETA
                    net.drive(cells, arrival, psp=np.repeat(psp.ravel(), size))
            for j in range(k):
                self._connect(net, len(inputs), j, k, dt)

    def shares(self, result: ns.Result) -> list[NDArray[np.float64]]:
        """Return the share of each unit's neurons that fired, by layer: (n_trials, n_units)."""
        shares = []
        for k, (layer, depth) in enumerate(
            zip(self.network.layers, self.network.depths, strict=True)
        ):
            fired = fired_at(result, self.population(k), depth)
            shares.append(fired.reshape(-1, len(layer.bias), self._sizes[k]).mean(axis=2))
        return shares

    def population(self, k: int) -> str:
        """Return the name of the population that stands for layer k, counted from 0."""
        return f"{self.name} {k + 1}"

    @cached_property
    def _sizes(self) -> list[int]:
        return [self.size] * (len(self.network.layers) - 1) + [self.outputs]

    def _is_noisy(self, k: int) -> bool:
        last = k == len(self.network.layers) - 1
        return self.network.layers[k].activation.name == "sigmoid" and (self.noise or last)

    def _cell(self, k: int, dt: float) -> ns.LIF:
        if self._is_noisy(k):
            return ns.LIF(escape=bridge.EscapeNoise.of_slope(BETA).rate(dt))
        return NEURON

    def _spread(self, k: int) -> NDArray[np.float64]:
        """Scores by which the thresholds of a group differ from the unit's."""
        if self._is_noisy(k) or self.network.layers[k].activation.name == "step":
            return np.zeros(self._sizes[k])
        return logit((np.arange(self._sizes[k]) + 0.5) / self._sizes[k])

    def _connect(self, net: ns.Network, n_trials: int, j: int, k: int, dt: float) -> None:
        """Let layer k hear what it sees of layer j."""
        own = self.network
        start = own.n_inputs + sum(len(layer.bias) for layer in own.layers[:j])
        units = np.arange(start, start + len(own.layers[j].bias))
        found, columns = np.isin(units, own.sources[k]), np.array(own.sources[k])
        weights = np.zeros((len(own.layers[k].bias), len(units)))
        order = np.argsort(columns)
        at = order[np.searchsorted(columns, units[found], sorter=order)]
        weights[:, found] = own.layers[k].weights[:, at]
        targets, sources = np.nonzero(weights)
        if not len(targets):
            return
        trial = np.arange(n_trials)[:, np.newaxis, np.newaxis, np.newaxis]
        one, other = np.ogrid[: self._sizes[j], : self._sizes[k]]
        source = (trial * len(units) + sources[:, np.newaxis, np.newaxis]) * self._sizes[j] + one
        target = (trial * len(weights) + targets[:, np.newaxis, np.newaxis]) * self._sizes[
            k
        ] + other
        shape = np.broadcast_shapes(source.shape, target.shape)
        psp = weights[targets, sources] / (BETA * self._sizes[j])
        net.connect(
            net[self.population(j)],
            net[self.population(k)],
            ns.Explicit(
                np.broadcast_to(source, shape).ravel(), np.broadcast_to(target, shape).ravel()
            ),
            psp=np.broadcast_to(psp[:, np.newaxis, np.newaxis], shape).ravel(),
            delay=(own.depths[k] - own.depths[j]) * dt,
        )
