"""Normalisation of weights so that activations lie in the range of a spike code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.networks import Layer, LayeredNetwork
from bridge.networks.layer import checked_inputs
from bridge.spiking.spiking_network import require_chain
from bridge.utils.checks import as_float
from neurosim import NeurosimError
from neurosim.utils.checks import show
from neurosim.utils.renamed import with_old_argument


@dataclass(frozen=True, eq=False)
class Balanced:
    """A ReLU network with activations from 0 to 1, except for the largest ones.

    Attributes
    ----------
    layers : tuple of Layer
        Layers for inputs and activations in units of `scales`. The last layer returns
        (score − offset)/scale.
    scales : (n_layers + 1,) ndarray
        Activation that corresponds to 1, for the inputs and for each layer.
    offset : float
        Score of the last layer that corresponds to 0.

    Examples
    --------
    >>> from bridge import Layer, LayeredNetwork
    >>> from bridge.spiking import balance
    >>> network = LayeredNetwork((Layer([[4.0, 0.0]], [1.0], "relu"),))
    >>> balanced = balance(network, [[1.0, 0.5], [0.5, 1.0]], percentile=100.0)
    >>> balanced.layers[0].weights, balanced.layers[0].bias
    (array([[0.8, 0. ]]), array([0.2]))
    """

    layers: tuple[Layer, ...]
    scales: NDArray[np.float64]
    offset: float

    def scaled(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return inputs in units of their scale."""
        return inputs / self.scales[0]


@with_old_argument("lift", "shift_scores")
def balance(
    network: LayeredNetwork,
    data: ArrayLike,
    *,
    percentile: float = 99.9,
    shift_scores: bool = False,
) -> Balanced:
    """Scale weights and biases to use the full range of rates or latencies.

    With the percentile λ of a layer's activations over all units and trials, W becomes W λ_before/λ
    and b becomes b/λ. The function of the network does not change (Diehl et al. 2015, IJCNN;
    Rueckauer et al. 2017, Front. Neurosci. 11:682, eq. 7).

    Parameters
    ----------
    network : LayeredNetwork
        ReLU layers. The last layer may also be sigmoid, tanh or linear, as only its score is used.
    data : (n_trials, n_inputs) array_like
        Training inputs, from which the scales are computed.
    percentile : float
        Above 50 to 100. Below 100 the few largest activations saturate.
    shift_scores : bool
        Whether to shift the scores of the last layer, so that the largest one is above 0 in these
        data by a third of the range.

    Raises
    ------
    NeurosimError
        If a layer has an unsuitable activation or is silent for all data.

    Examples
    --------
    >>> from bridge import Layer, LayeredNetwork
    >>> from bridge.spiking import balance
    >>> layers = (Layer([[2.0, 0.0]], [0.0], "relu"), Layer([[1.0]], [0.0], "relu"))
    >>> network = LayeredNetwork(layers)
    >>> balance(network, [[1.0, 0.5], [0.2, 1.0]], percentile=100.0).scales
    array([1., 2., 2.])
    """
    if not isinstance(shift_scores, bool):
        raise NeurosimError(f"shift_scores = {show(shift_scores)} is neither True nor False")
    if not 50.0 < as_float(percentile, "percentile") <= 100.0:
        raise NeurosimError(f"percentile = {percentile:g} is outside 50 to 100")
    require_chain(network)
    for number, layer in enumerate(network.layers, start=1):
        name, last = layer.activation.name, number == len(network.layers)
        if name != "relu" and not (last and name in ("sigmoid", "tanh", "linear")):
            raise NeurosimError(
                f"layer {number} is a {name}: rates and latencies need relu in all layers but the "
                'last; for sigmoids give the code "chance"'
            )
    inputs = checked_inputs(data, network.n_inputs)
    outputs = network.outputs(inputs)
    scores = network.layers[-1].score(outputs[-2] if len(outputs) > 1 else inputs)
    best = scores.max(axis=1)
    high, low = np.percentile(best, [percentile, 100.0 - percentile])
    offset = float(low - 0.5 * (high - low)) if shift_scores else 0.0
    largest = [np.percentile(values, percentile) for values in outputs[:-1]]
    scales = np.array([np.abs(inputs).max(), *largest, high - offset], dtype=float)
    if not (scales > 0.0).all():
        silent = int(np.argmin(scales > 0.0))
        what = f"layer {silent} has" if silent else "the inputs have"
        raise NeurosimError(
            f"{what} no activity above 0 in these data: train longer, or give other data"
        )
    layers = []
    for k, layer in enumerate(network.layers):
        bias = layer.bias - (offset if k == len(network.layers) - 1 else 0.0)
        weights = layer.weights * (scales[k] / scales[k + 1])
        layers.append(Layer(weights, bias / scales[k + 1], layer.activation))
    return Balanced(tuple(layers), scales, offset)
