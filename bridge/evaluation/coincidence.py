"""Two spike trains compared spike by spike."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bridge.utils.checks import as_floats
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def coincidence_factor(
    data: ArrayLike, model: ArrayLike, *, duration: float, window: float = 2.0
) -> float:
    """Return Γ: 1 for the same train, 0 for what a Poisson train of the model's rate would reach.

    Γ = (N_c − 2νΔ N_data) / (½ (N_data + N_model)(1 − 2νΔ)), with N_c spikes of the data matched,
    each to another spike of the model at most Δ away, and ν the rate of the model (Jolivet et al.
    2008, J. Neurosci. Methods 169:417).

    Parameters
    ----------
    data, model : (n,) array_like
        Spike times (ms), ascending, from 0 to `duration`.
    duration : float
        Length of the recording (ms).
    window : float
        Δ (ms).

    Raises
    ------
    NeurosimError
        For spike times out of order or range, two empty trains, and a model so fast that chance
        alone matches every spike (2νΔ ≥ 1).
    """
    if not (math.isfinite(duration) and duration > 0 and math.isfinite(window) and window > 0):
        raise NeurosimError(
            f"duration = {duration:g} ms and window = {window:g} ms must be finite times above 0 ms"
        )
    data, model = _ordered("data", data, duration), _ordered("model", model, duration)
    if len(data) + len(model) == 0:
        raise NeurosimError("both spike trains are empty: there is nothing to compare")
    chance = 2.0 * window * len(model) / duration
    if chance >= 1:
        raise NeurosimError(
            f"at {1000 * len(model) / duration:.4g} Hz every spike of the data is matched by "
            f"chance within {window:g} ms: give a smaller window"
        )
    matched = coincidences(data, model, window) - chance * len(data)
    return matched / (0.5 * (len(data) + len(model)) * (1.0 - chance))


def coincidences(data: NDArray, model: NDArray, window: float) -> int:
    """Return the largest number of pairs at most `window` (ms) apart, no spike used twice.

    Matching the earliest spikes first is optimal, as all windows have one length.
    """
    i = j = found = 0
    while i < len(data) and j < len(model):
        if abs(data[i] - model[j]) <= window:
            found, i, j = found + 1, i + 1, j + 1
        elif data[i] < model[j]:
            i += 1
        else:
            j += 1
    return found


def _ordered(name: str, times: ArrayLike, duration: float) -> NDArray[np.float64]:
    train = as_floats(times, "times")
    inside = train.ndim == 1 and bool(((train >= 0) & (train <= duration)).all())
    if not inside or (np.diff(train) < 0).any():
        raise NeurosimError(
            f"{name} must be a 1-D array of ascending spike times within 0 to {duration:g} ms"
        )
    return train
