"""The loss of a single trial, by loss and activation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, log_expit

from bridge.learning.activations import ACTIVATIONS, find_activation
from bridge.utils import kinds
from bridge.utils.checks import one_of
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bridge.learning.activations import Activation


@dataclass(frozen=True)
class PointLoss:
    """Loss of one trial as a function of the score s and of whether the neuron fired.

    Attributes
    ----------
    name : str
        "cross-entropy", "squared" or "perceptron".
    activation : Activation
    kind : int
        As `bridge.utils.kinds` numbers them.
    gain : float
        The neuron fires with probability σ(gain · s), for those kinds where it does.
    bound : float
        Largest |second derivative|. Of the perceptron criterion none exists, and 1 makes steps of
        1/L those of Rosenblatt's rule. The squared error of ReLU has a kink at 0 that bends down:
        a parabola of this curvature lies above it all the same, so that steps of 1/L never go up.
    convex : bool
    likelihood : bool
        Whether it is a negative log-likelihood of the neuron.
    """

    name: str
    activation: Activation
    kind: int
    gain: float
    bound: float
    convex: bool = False
    likelihood: bool = False

    def probabilities(self, score: NDArray) -> NDArray[np.float64]:
        """Probabilities not to fire and to fire, shape (n_trials, 2).

        Those of tanh are (1 ± tanh s)/2, those of ReLU are clipped to 0 … 1.
        """
        if self.kind in (kinds.CROSS_ENTROPY, kinds.SQUARED):
            return np.column_stack([expit(-self.gain * score), expit(self.gain * score)])
        fires = np.clip(self.activation(score), 0.0, 1.0)
        return np.column_stack([1.0 - fires, fires])

    def log_probabilities(self, score: NDArray) -> NDArray[np.float64]:
        """Logarithms of `probabilities`; those of σ are finite even where it rounds to 0."""
        if self.kind in (kinds.CROSS_ENTROPY, kinds.SQUARED):
            return np.column_stack([log_expit(-self.gain * score), log_expit(self.gain * score)])
        with np.errstate(divide="ignore"):
            return np.log(self.probabilities(score))

    @property
    def smooth(self) -> bool:
        """Whether a step against the gradient of length 1/L never goes up."""
        return self.kind != kinds.PERCEPTRON

    @property
    def even_score(self) -> float:
        """Score above which the neuron rather fires than not."""
        return 0.5 if self.kind == kinds.SQUARED_RELU else 0.0

    def start(self, share: float) -> float:
        """Intercept of the best neuron without synapses, given the share of trials that fired."""
        if self.kind == kinds.PERCEPTRON:
            return 0.0
        if self.kind == kinds.SQUARED_RELU:
            return share
        return float(np.log(share / (1.0 - share))) / self.gain


def _point_losses() -> dict[tuple[str, str], PointLoss]:
    sigmoid, tanh, relu, step = (ACTIVATIONS[name] for name in ("sigmoid", "tanh", "relu", "step"))
    # Of ½(σ(s) − t)²: q²(1 − q)(2 − 3q) at its greatest, where 12q² − 15q + 4 = 0.
    q = (15.0 - np.sqrt(33.0)) / 24.0
    squared = float(q**2 * (1.0 - q) * (2.0 - 3.0 * q))
    found = [
        PointLoss("cross-entropy", sigmoid, kinds.CROSS_ENTROPY, 1.0, 0.25, True, True),
        PointLoss("cross-entropy", tanh, kinds.CROSS_ENTROPY, 2.0, 1.0, True, True),
        PointLoss("squared", sigmoid, kinds.SQUARED, 1.0, squared),
        PointLoss("squared", tanh, kinds.SQUARED, 2.0, 16.0 * squared),
        PointLoss("squared", relu, kinds.SQUARED_RELU, 1.0, 1.0),
        PointLoss("perceptron", step, kinds.PERCEPTRON, 1.0, 1.0, True),
    ]
    return {(loss.name, loss.activation.name): loss for loss in found}


LOSSES: Mapping[tuple[str, str], PointLoss] = MappingProxyType(_point_losses())
"""The losses a neuron can be trained with, by the names of loss and activation."""
CROSS_ENTROPY = LOSSES["cross-entropy", "sigmoid"]
UNIT_CURVATURE = LOSSES["squared", "relu"]
"""Has the second derivative 1 wherever the score is above 0."""


def find_loss(loss: str, activation: str | Activation) -> PointLoss:
    """Return the loss of that name for a neuron of that activation.

    Raises
    ------
    NeurosimError
        For unknown names, and for a loss that means nothing for the activation.
    """
    name = find_activation(activation).name
    known = sorted({name for name, _ in LOSSES})
    if not one_of(loss, known):
        raise NeurosimError(f"loss = {loss!r} is unknown: give one of {', '.join(known)}")
    if (loss, name) in LOSSES:
        return LOSSES[loss, name]
    if name not in {activation for _, activation in LOSSES}:
        raise NeurosimError(
            f"activation = {name!r} gives no probability to fire: give 'relu', whose output is "
            "clipped, or train a bridge.LayeredNetwork"
        )
    fitting = " or ".join(repr(key[0]) for key in LOSSES if key[1] == name)
    if name == "step":
        why = "the derivative of a step is 0, so there is nothing to descend"
    elif loss == "perceptron":
        why = "the perceptron criterion is that of a neuron without noise, activation='step'"
    else:
        why = "the cross-entropy is one of probabilities, and those of relu leave 0 to 1"
    raise NeurosimError(
        f"loss = {loss!r} does not go with activation = {name!r}: {why}; give loss={fitting}"
    )
