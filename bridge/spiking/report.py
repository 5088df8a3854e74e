"""What a conversion loses: in which layer, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bridge.networks import LayeredNetwork
from bridge.utils.checks import as_floats
from neurosim import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class LayerLoss:
    """How far the activity of one layer is off, and what that costs.

    Attributes
    ----------
    layer : int
        0 are the inputs.
    agreement : float
        Share of trials in which the abstract layers after this one, given its measured activity,
        decide as the abstract network does.
    lost : float
        By how much that is less than one layer before.
    error : float
        Root mean square of measured less abstract activity, in units of the layer's scale.
    own : float
        The same against what the abstract layer makes of the activity measured before it: the part
        that arises here and is not inherited.
    clipped : float
        Share of units that should be above the largest value the code has.
    silenced : float
        Share of units that are silent and should not be, by more than the code's least step.
    resolution : float
        Least step of the code, of a scale of 1: a spike, or a step of time.
    """

    layer: int
    agreement: float
    lost: float
    error: float
    own: float
    clipped: float
    silenced: float
    resolution: float

    @property
    def cause(self) -> str:
        """What the error mostly comes from, in a few words."""
        if self.error < 1e-3:
            return "no error to speak of"
        if self.own < 0.5 * self.error:
            return "inherited from the layer before"
        if self.clipped > 0.01:
            return "activations above the largest value: raise the percentile"
        if self.silenced > 0.01:
            return "units silent that should fire: give them more time, or more drive"
        if self.own < 1.5 * self.resolution:
            return "the code's least step: more spikes, or a finer grid, make it smaller"
        return "the neurons' answer differs from the activation"

    def __str__(self) -> str:
        name = f"layer {self.layer}" if self.layer else "inputs"
        return (
            f"{name}: off by {self.error:.2g} of the scale, {self.own:.2g} of it arising here; "
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
    """Set the measured activity of every layer beside the abstract one.

    Parameters
    ----------
    network : LayeredNetwork
    inputs : (n_trials, n_inputs) array_like
    activity : sequence of (n_trials, n_units) ndarray
        Of the inputs, then of every layer, as a twin's `activity` gives it; of the last the score.
    scales : (n_layers + 1,) array_like
        As of `Balanced`.
    resolution : float
        Least step of the code, of a scale of 1.
    offset : float
        Score below which the last layer is silent, as of `Balanced`.

    Returns
    -------
    list of LayerLoss
        Of the inputs, then of every layer.
    """
    layers, tops = network.layers, as_floats(scales, "scales")
    if len(activity) != len(layers) + 1 or len(tops) != len(activity):
        raise NeurosimError(
            f"{len(activity)} activities and {len(tops)} scales for {len(layers)} layers: give one "
            "of each for the inputs and for every layer"
        )
    wanted = _activities(network, as_floats(inputs, "inputs"), offset)
    decided = wanted[-1].argmax(axis=1)
    losses, kept = [], 1.0
    for k, (measured, scale) in enumerate(zip(activity, tops, strict=True)):
        given = wanted[k]
        if k > 0:
            given = _activities(LayeredNetwork(layers[k - 1 :]), activity[k - 1], offset)[1]
        final = measured
        if k < len(layers):
            final = _activities(LayeredNetwork(layers[k:]), measured, offset)[-1]
        agreement = float(np.mean(final.argmax(axis=1) == decided))
        floor = offset if k == len(layers) else 0.0
        rest = (given - floor) / scale
        losses.append(
            LayerLoss(
                layer=k,
                agreement=agreement,
                lost=kept - agreement,
                error=_rms(measured - wanted[k]) / scale,
                own=_rms(measured - given) / scale,
                clipped=float(np.mean((rest > 1.0 + resolution) & (measured < given))),
                silenced=float(np.mean((rest > 1.5 * resolution) & (measured <= floor))),
                resolution=resolution,
            )
        )
        kept = agreement
    return losses


def _activities(
    network: LayeredNetwork, inputs: NDArray[np.float64], offset: float
) -> list[NDArray[np.float64]]:
    """Return inputs, activations, and of the last layer what of its score is above the offset."""
    signals = [inputs, *network.outputs(inputs)]
    signals[-1] = np.maximum(network.layers[-1].score(signals[-2]), offset)
    return signals


def _rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(values**2)))
