"""Loss of a single trial by loss and activation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit

from bridge.learning import loss_kinds
from bridge.learning.activations import ACTIVATIONS, Activation, find_activation
from bridge.utils.checks import require_choice
from neurosim import NeurosimError


@dataclass(frozen=True)
class PointLoss:
    """Loss of one trial as a function of the score s and of whether the neuron fired.

    Attributes
    ----------
    name : str
        "cross-entropy", "squared" or "perceptron".
    activation : Activation
    kind : int
        Code in `bridge.learning.loss_kinds`.
    gain : float
        The firing probability is σ(gain · s), for kinds in which it is logistic.
    bound : float
        Largest |second derivative|. For the perceptron criterion, which has none, 1 gives steps of
        Rosenblatt's rule. The squared error of ReLU has a concave kink at 0, so that a parabola of
        this curvature lies above it and steps of 1/L never increase the loss.
    convex : bool
    likelihood : bool
        Whether it is the negative log-likelihood of the neuron.
    """

    name: str
    activation: Activation
    kind: int
    gain: float
    bound: float
    convex: bool = False
    likelihood: bool = False

    def probabilities(self, score: NDArray) -> NDArray[np.float64]:
        """Return the probabilities of silence and of a spike, shape (n_trials, 2).

        For tanh they are (1 ± tanh s)/2; for ReLU they are clipped to 0 … 1.
        """
        if self.kind in (loss_kinds.CROSS_ENTROPY, loss_kinds.SQUARED):
            return np.column_stack([expit(-self.gain * score), expit(self.gain * score)])
        fires = np.clip(self.activation(score), 0.0, 1.0)
        return np.column_stack([1.0 - fires, fires])

    def log_probabilities(self, score: NDArray) -> NDArray[np.float64]:
        """Return the logarithms of `probabilities`, finite even if σ rounds to 0."""
        if self.kind in (loss_kinds.CROSS_ENTROPY, loss_kinds.SQUARED):
            return np.column_stack([log_expit(-self.gain * score), log_expit(self.gain * score)])
        with np.errstate(divide="ignore"):
            return np.log(self.probabilities(score))

    @property
    def smooth(self) -> bool:
        """Whether gradient steps of 1/L never increase the loss."""
        return self.kind != loss_kinds.PERCEPTRON

    @property
    def even_score(self) -> float:
        """Score at which the firing probability is ½."""
        return 0.5 if self.kind == loss_kinds.SQUARED_RELU else 0.0

    def start(self, fraction: float) -> float:
        """Return the best intercept without synapses for a given fraction of spikes."""
        if self.kind == loss_kinds.PERCEPTRON:
            return 0.0
        if self.kind == loss_kinds.SQUARED_RELU:
            return fraction
        return float(np.log(fraction / (1.0 - fraction))) / self.gain


def _point_losses() -> dict[tuple[str, str], PointLoss]:
    sigmoid, tanh, relu, step = (ACTIVATIONS[name] for name in ("sigmoid", "tanh", "relu", "step"))
    # Largest second derivative of ½(σ(s) − t)²: q²(1 − q)(2 − 3q) with 12q² − 15q + 4 = 0.
    q = (15.0 - np.sqrt(33.0)) / 24.0
    squared = float(q**2 * (1.0 - q) * (2.0 - 3.0 * q))
    found = [
        PointLoss("cross-entropy", sigmoid, loss_kinds.CROSS_ENTROPY, 1.0, 0.25, True, True),
        PointLoss("cross-entropy", tanh, loss_kinds.CROSS_ENTROPY, 2.0, 1.0, True, True),
        PointLoss("squared", sigmoid, loss_kinds.SQUARED, 1.0, squared),
        PointLoss("squared", tanh, loss_kinds.SQUARED, 2.0, 16.0 * squared),
        PointLoss("squared", relu, loss_kinds.SQUARED_RELU, 1.0, 1.0),
        PointLoss("perceptron", step, loss_kinds.PERCEPTRON, 1.0, 1.0, True),
    ]
    return {(loss.name, loss.activation.name): loss for loss in found}


# All losses by the names of loss and activation.
LOSSES: Mapping[tuple[str, str], PointLoss] = MappingProxyType(_point_losses())
CROSS_ENTROPY = LOSSES["cross-entropy", "sigmoid"]
# Loss with second derivative 1 for positive scores.
UNIT_CURVATURE = LOSSES["squared", "relu"]


def find_loss(loss: str, activation: str | Activation) -> PointLoss:
    """Return a loss by name for a neuron with a given activation.

    Raises
    ------
    NeurosimError
        If a name is unknown or the loss does not suit the activation.
    """
    name = find_activation(activation).name
    known = sorted({name for name, _ in LOSSES})
    require_choice(loss, "loss", known)
    if (loss, name) in LOSSES:
        return LOSSES[loss, name]
    if name not in {activation for _, activation in LOSSES}:
        raise NeurosimError(
            f"activation = {name!r} gives no firing probability: give 'relu', whose output is "
            "clipped, or train a bridge.LayeredNetwork"
        )
    fitting = " or ".join(repr(key[0]) for key in LOSSES if key[1] == name)
    if name == "step":
        why = "the derivative of a step is 0"
    elif loss == "perceptron":
        why = "the perceptron criterion requires activation='step'"
    else:
        why = "the cross-entropy requires outputs between 0 and 1"
    raise NeurosimError(
        f"loss = {loss!r} does not go with activation = {name!r}: {why}; give loss={fitting}"
    )
