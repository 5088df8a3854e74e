"""Errors of a converted network by layer, and their causes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.networks import LayeredNetwork
from bridge.utils.checks import as_floats
from bridge.utils.renamed import old_attributes
from neurosim import NeurosimError


@old_attributes(own="local_error")
@dataclass(frozen=True)
class LayerLoss:
    """Error of the activity of one layer and its effect on decisions.

    Attributes
    ----------
    layer : int
        0 for the inputs.
    agreement : float
        Fraction of trials with the decision of the abstract network, if the measured activity of
        this layer is propagated through the following abstract layers.
    lost : float
        Decrease of the agreement relative to the previous layer.
    error : float
        Root mean square difference between measured and abstract activity, in units of the scale.
    local_error : float
        Root mean square difference from the abstract response to the measured activity of the
        previous layer, which excludes inherited errors.
    clipped : float
        Fraction of units whose activity should exceed the largest value of the code.
    silenced : float
        Fraction of units that are silent but should exceed the resolution.
    resolution : float
        Resolution of the code relative to the scale: one spike, or one time step.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import Layer, LayeredNetwork
    >>> from bridge.spiking import LatencyCodedNetwork, diagnose
    >>> network = LayeredNetwork((Layer([[1, -1], [-1, 1]], [0, 0], "relu"),))
    >>> inputs = np.array([[0.9, 0.2], [0.3, 0.4]])
    >>> spiking = LatencyCodedNetwork.of(network, inputs)
    >>> activity = spiking.activity(spiking.run(inputs), inputs)
    >>> losses = diagnose(network, inputs, activity, spiking.balanced.scales, 0.01)
    >>> [loss.agreement for loss in losses]
    [1.0, 1.0]
    """

    layer: int
    agreement: float
    lost: float
    error: float
    local_error: float
    clipped: float
    silenced: float
    resolution: float

    @property
    def cause(self) -> str:
        """Main cause of the error."""
        if self.error < 1e-3:
            return "negligible error"
        if self.local_error < 0.5 * self.error:
            return "inherited from the previous layer"
        if self.clipped > 0.01:
            return "activations above the largest value: increase the percentile"
        if self.silenced > 0.01:
            return "silent units that should fire: simulate longer, or increase the drive"
        if self.local_error < 1.5 * self.resolution:
            return "resolution of the code: use more spikes, or a smaller step"
        return "response of the neurons differs from the activation function"

    def __str__(self) -> str:
        name = f"layer {self.layer}" if self.layer else "inputs"
        return (
            f"{name}: error {self.error:.2g} of the scale, {self.local_error:.2g} arises here; "
            f"{100.0 * self.lost:.2g} % of decisions lost; {self.cause}"
        )


def diagnose(
    network: LayeredNetwork,
    inputs: ArrayLike,
    activity: Sequence[NDArray[np.float64]],
    scales: ArrayLike,
    resolution: float,
    *,
    offset: float = 0.0,
) -> list[LayerLoss]:
    """Compare the activity of every spiking layer with the original network.

    Parameters
    ----------
    network : LayeredNetwork
    inputs : (n_trials, n_inputs) array_like
    activity : sequence of (n_trials, n_units) ndarray
        Activity of the inputs and of every layer from `activity` of the converted network; for the
        last layer the score.
    scales : (n_layers + 1,) array_like
        As in `Balanced`.
    resolution : float
        Resolution of the code relative to the scale.
    offset : float
        Score below which the last layer is silent, as in `Balanced`.

    Returns
    -------
    list of LayerLoss
        Inputs, then one for every layer.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import Layer, LayeredNetwork
    >>> from bridge.spiking import LatencyCodedNetwork, diagnose
    >>> network = LayeredNetwork((Layer([[1, -1], [-1, 1]], [0, 0], "relu"),))
    >>> inputs = np.array([[0.9, 0.2], [0.3, 0.4]])
    >>> spiking = LatencyCodedNetwork.of(network, inputs)
    >>> activity = spiking.activity(spiking.run(inputs), inputs)
    >>> losses = diagnose(network, inputs, activity, spiking.balanced.scales, 0.01)
    >>> [round(loss.error, 2) for loss in losses]
    [np.float64(0.0), np.float64(0.13)]
    """
    layers, tops = network.layers, as_floats(scales, "scales")
    if len(activity) != len(layers) + 1 or len(tops) != len(activity):
        raise NeurosimError(
            f"there are {len(activity)} activities and {len(tops)} scales for {len(layers)} "
            "layers: give one of each for the inputs and for every layer"
        )
    abstract = _activities(network, as_floats(inputs, "inputs"), offset)
    decided = abstract[-1].argmax(axis=1)
    losses, previous = [], 1.0
    for k, (measured, scale) in enumerate(zip(activity, tops, strict=True)):
        expected = abstract[k]
        if k > 0:
            expected = _activities(LayeredNetwork(layers[k - 1 :]), activity[k - 1], offset)[1]
        final = measured
        if k < len(layers):
            final = _activities(LayeredNetwork(layers[k:]), measured, offset)[-1]
        agreement = float(np.mean(final.argmax(axis=1) == decided))
        floor = offset if k == len(layers) else 0.0
        relative = (expected - floor) / scale
        clipped = (relative > 1.0 + resolution) & (measured < expected)
        silenced = (relative > 1.5 * resolution) & (measured <= floor)
        squares = (np.mean((measured - other) ** 2) for other in (abstract[k], expected))
        error, local = (float(np.sqrt(square)) / scale for square in squares)
        fractions = (float(np.mean(clipped)), float(np.mean(silenced)))
        losses.append(
            LayerLoss(k, agreement, previous - agreement, error, local, *fractions, resolution)
        )
        previous = agreement
    return losses


def _activities(
    network: LayeredNetwork, inputs: NDArray[np.float64], offset: float
) -> list[NDArray[np.float64]]:
    """Return inputs, activations and the score of the last layer.

    The score is at least the offset.
    """
    signals = [inputs, *network.outputs(inputs)]
    signals[-1] = np.maximum(network.layers[-1].score(signals[-2]), offset)
    return signals
