"""Weights and thresholds in balance: every layer's activations scaled to what spikes can carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bridge.networks import Layer, LayeredNetwork
from bridge.spiking.copies import checked_inputs, require_chain
from bridge.utils.checks import as_float, require_kind, shown
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class Balanced:
    """A ReLU network whose activations lie in 0 … 1, but for the largest of them.

    Attributes
    ----------
    layers : tuple of Layer
        Of inputs and activations in units of `scales`; the last gives (score − offset)/scale.
    scales : (n_layers + 1,) ndarray
        What 1 stands for: of the inputs, then of each layer.
    offset : float
        Score of the last layer that 0 stands for.
    """

    layers: tuple[Layer, ...]
    scales: NDArray[np.float64]
    offset: float

    def scaled(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return inputs in units of their scale."""
        return inputs / self.scales[0]


def balance(
    network: LayeredNetwork, data: ArrayLike, *, percentile: float = 99.9, lift: bool = False
) -> Balanced:
    """Scale weights and biases so that activations fill what rates or latencies can carry.

    With λ the percentile of a layer's activations over all units and trials, W becomes
    W λ_before/λ and b becomes b/λ, which changes nothing but the unit in which a layer speaks:
    the network computes the same (Diehl et al. 2015, IJCNN; Rueckauer et al. 2017, Front.
    Neurosci. 11:682, eq. 7). To divide a layer's weights by λ or to multiply its thresholds by λ
    is one and the same, for only their ratio acts.

    Parameters
    ----------
    network : LayeredNetwork
        ReLU layers; the last may be a sigmoid, tanh or linear, for of it the score is taken.
    data : (n_trials, n_inputs) array_like
        Inputs from which the scales are found, those of the training.
    percentile : float
        Above 50 to 100. Less than 100 lets the few largest activations saturate, for the sake of
        all others.
    lift : bool
        Whether the last layer is to be lifted, so that the best unit is above 0 in these data, and
        by a third of the range, for others may have lower scores than those of the training.

    Raises
    ------
    NeurosimError
        For layers that spiking neurons cannot integrate, and a layer that is silent for all data.
    """
    if not isinstance(lift, bool):
        raise NeurosimError(f"lift = {shown(lift)} is neither True nor False")
    if not 50.0 < as_float(percentile, "percentile") <= 100.0:
        raise NeurosimError(f"percentile = {percentile:g} is outside 50 to 100")
    require_kind(network, LayeredNetwork, "network", "LayeredNetwork")
    require_chain(network)
    for number, layer in enumerate(network.layers, start=1):
        name, last = layer.activation.name, number == len(network.layers)
        if name != "relu" and not (last and name in ("sigmoid", "tanh", "linear")):
            raise NeurosimError(
                f"layer {number} is a {name}: integration makes a ReLU of a neuron; take relu for "
                'all layers but the last, or the code "chance" for a network of sigmoids'
            )
    inputs = checked_inputs(data, network.n_inputs, signed=True)
    outputs = network.outputs(inputs)
    scores = network.layers[-1].score(outputs[-2] if len(outputs) > 1 else inputs)
    best = scores.max(axis=1)
    high, low = np.percentile(best, [percentile, 100.0 - percentile])
    offset = float(low - 0.5 * (high - low)) if lift else 0.0
    tops = [np.abs(inputs).max()]
    tops += [np.percentile(values, percentile) for values in outputs[:-1]]
    tops.append(high - offset)
    scales = np.array(tops, dtype=float)
    if not (scales > 0.0).all():
        silent = int(np.argmin(scales > 0.0))
        what = f"layer {silent} has" if silent else "the inputs have"
        raise NeurosimError(
            f"{what} no activity above 0 in these data: a scale cannot be found; give other data"
        )
    layers = []
    for k, layer in enumerate(network.layers):
        bias = layer.bias - (offset if k == len(network.layers) - 1 else 0.0)
        weights = layer.weights * (scales[k] / scales[k + 1])
        layers.append(Layer(weights, bias / scales[k + 1], layer.activation))
    return Balanced(tuple(layers), scales, offset)
