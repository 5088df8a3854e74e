"""Hebb's rule, which grows without bound, and Oja's, which finds the principal component."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bridge.utils.checks import as_float, as_floats
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def hebb(
    inputs: ArrayLike, learning_rate: float, weights: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Train a linear unit y = Σ wᵢxᵢ by Hebb's rule, w ← w + η x y.

    Every step lengthens w, for |w + η x y|² = |w|² + (2η + η²|x|²) y².

    Parameters
    ----------
    inputs : (n_steps, n) array_like
    learning_rate : float
        η.
    weights : (n,) array_like, optional
        To begin with. Default: all equal, of length 1.

    Returns
    -------
    (n_steps + 1, n) ndarray
        Weights at the beginning and after each step; inf once they are beyond all numbers.

    References
    ----------
    D. O. Hebb, *The Organization of Behavior*, Wiley (1949).
    """
    return _train(inputs, learning_rate, weights, 0.0)


def oja(
    inputs: ArrayLike, learning_rate: float, weights: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Train a linear unit by Oja's rule, w ← w + η y (x − y w); arguments as of `hebb`.

    The term −η y² w keeps the length near 1. For small η the weights come to the first principal
    component of the inputs.

    References
    ----------
    E. Oja, *A simplified neuron model as a principal component analyzer*, J. Math. Biol. 15, 267
    (1982).
    """
    return _train(inputs, learning_rate, weights, 1.0)


def principal_component(inputs: ArrayLike) -> NDArray[np.float64]:
    """Return the unit vector along which inputs vary most about 0, its sum not negative.

    Parameters
    ----------
    inputs : (n_steps, n) array_like
        Their mean is not taken off: a linear unit hears it.
    """
    values = as_floats(inputs, "inputs")
    vector = np.linalg.eigh(values.T @ values)[1][:, -1]
    return -vector if vector.sum() < 0.0 else vector


def _train(
    inputs: ArrayLike, learning_rate: float, weights: ArrayLike | None, decay: float
) -> NDArray[np.float64]:
    values = as_floats(inputs, "inputs")
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise NeurosimError(
            f"inputs have shape {values.shape}: give finite numbers, one row a step and one "
            "column a synapse"
        )
    if not as_float(learning_rate, "learning_rate") > 0.0:
        raise NeurosimError(f"learning_rate = {learning_rate:g} is not above 0")
    n = values.shape[1]
    own = np.full(n, n**-0.5) if weights is None else np.array(as_floats(weights, "weights"))
    if own.shape != (n,):
        raise NeurosimError(f"weights have shape {own.shape}: the inputs need ({n},)")
    path = np.empty((len(values) + 1, n))
    path[0] = own
    with np.errstate(over="ignore", invalid="ignore"):
        for step, x in enumerate(values):
            y = own @ x
            own = own + learning_rate * y * (x - decay * y * own)
            path[step + 1] = own
    return path
