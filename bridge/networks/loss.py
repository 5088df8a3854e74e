"""Objective of training a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from bridge.learning.activations import Activation
from bridge.utils.checks import as_floats, require_choice
from neurosim import NeurosimError

if TYPE_CHECKING:
    from bridge.networks.network import LayeredNetwork

Loss = Literal["cross-entropy", "squared"]


@dataclass(frozen=True)
class NetworkLoss:
    """Mean loss of a network over trials, an objective of `bridge.learning.optimizers`."""

    network: LayeredNetwork
    inputs: NDArray[np.float64]
    targets: NDArray[np.float64]
    loss: Loss
    lipschitz: float

    @property
    def n_rows(self) -> int:
        """Number of trials."""
        return len(self.inputs)

    def value_and_gradient(self, theta: NDArray) -> tuple[float, NDArray[np.float64]]:
        """Return loss and gradient."""
        if not np.isfinite(theta).all():
            raise NeurosimError(
                f"the weights diverged in training: step = {1.0 / self.lipschitz:g} is too large, "
                "reduce it"
            )
        network = self.network.with_parameters(theta)
        return network.loss_and_gradient(self.inputs, self.targets, self.loss)


def loss_by_score(
    score: NDArray, activation: Activation, wanted: NDArray, loss: str
) -> tuple[float, NDArray[np.float64]]:
    """Return the mean loss over trials and its derivatives by the scores of the outputs.

    All arrays have the shape (n_trials, n_outputs).
    """
    if loss == "cross-entropy":
        # The derivative of the sigmoid cancels, which avoids division by 0.
        value = np.sum(np.logaddexp(0.0, score) - wanted * score) / len(score)
        return float(value), (expit(score) - wanted) / len(score)
    off = activation(score) - wanted
    value = 0.5 * np.sum(off**2) / len(score)
    return float(value), off * activation.derivative(score) / len(score)


def checked_targets(
    targets: ArrayLike, shape: tuple[int, int], activation: Activation, loss: str
) -> NDArray[np.float64]:
    """Return targets of shape (n_trials, n_outputs) that suit the loss."""
    values = as_floats(targets, "targets")
    if values.shape != shape and not (values.shape == shape[:1] and shape[1] == 1):
        raise NeurosimError(f"targets have shape {values.shape}: give shape {shape}")
    require_choice(loss, "loss", ("cross-entropy", "squared"))
    if loss == "cross-entropy":
        if activation.name != "sigmoid":
            raise NeurosimError(
                f"cross-entropy needs sigmoid outputs, not {activation.name}: change the last "
                "layer, or give the squared loss"
            )
        if not ((values >= 0) & (values <= 1)).all():
            raise NeurosimError("targets of the cross-entropy must lie in 0 to 1")
    elif not np.isfinite(values).all():
        raise NeurosimError("targets must be finite numbers")
    return values.reshape(shape)
