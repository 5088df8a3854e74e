"""Hebb's rule, and Oja's rule, which converges to the first principal component."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.utils.checks import as_floats, positive
from neurosim import NeurosimError


def hebb(
    inputs: ArrayLike, learning_rate: float, weights: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Train a linear unit y = Σ wᵢxᵢ by Hebb's rule, w ← w + η x y.

    The length of w always grows, because ``|w + η x y|² = |w|² + (2η + η²|x|²) y²``.

    Parameters
    ----------
    inputs : (n_steps, n) array_like
    learning_rate : float
        η.
    weights : (n,) array_like, optional
        Initial weights. Default: equal weights with norm 1.

    Returns
    -------
    (n_steps + 1, n) ndarray
        Initial weights and weights after each step; inf after overflow.

    References
    ----------
    D. O. Hebb, *The Organization of Behavior*, Wiley (1949).

    Examples
    --------
    Without normalisation the weights grow at every step:

    >>> import numpy as np
    >>> from bridge.classics import hebb
    >>> inputs = np.random.default_rng(1).normal(size=(100, 2))
    >>> length = np.linalg.norm(hebb(inputs, 0.1), axis=1)
    >>> bool(np.all(np.diff(length) > 0.0))
    True
    """
    return _train(inputs, learning_rate, weights, 0.0)


def oja(
    inputs: ArrayLike, learning_rate: float, weights: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Train a linear unit by Oja's rule, w ← w + η y (x − y w).

    The arguments are those of `hebb`.

    The term −η y² w keeps the norm near 1 if η is below 1/``|x|²`` for all inputs x. For small η
    the weights converge to the first principal component of the inputs.

    Warns
    -----
    UserWarning
        If the weights diverge because η is too large.

    References
    ----------
    E. Oja, *A simplified neuron model as a principal component analyzer*, J. Math. Biol. 15, 267
    (1982).

    Examples
    --------
    The weights converge to the first principal component:

    >>> import numpy as np
    >>> from bridge.classics import oja, principal_component
    >>> rng = np.random.default_rng(1)
    >>> inputs = rng.normal(size=(5000, 2)) @ np.array([[1.0, 0.9], [0.0, 0.3]])
    >>> weights = oja(inputs, 0.01)[-1]
    >>> abs(float(weights @ principal_component(inputs))) > 0.99
    True
    """
    trajectory = _train(inputs, learning_rate, weights, 1.0)
    if not np.isfinite(trajectory[-1]).all():
        largest = float(np.square(as_floats(inputs, "inputs")).sum(axis=1).max())
        warnings.warn(
            f"the weights diverge with learning_rate = {learning_rate:g}: give at most "
            f"{1.0 / largest:.2g}, 1/(largest squared length of an input)",
            UserWarning,
            stacklevel=2,
        )
    return trajectory


def principal_component(inputs: ArrayLike) -> NDArray[np.float64]:
    """Return the direction of largest variance about 0.

    Its sign is chosen so that the sum of its components is not negative.

    Parameters
    ----------
    inputs : (n_steps, n) array_like
        Inputs; their mean is not subtracted.

    Examples
    --------
    >>> from bridge.classics import principal_component
    >>> principal_component([[1.0, 1.0], [2.0, 2.0], [-1.0, -1.0]]).round(3)
    array([0.707, 0.707])
    """
    values = as_floats(inputs, "inputs")
    vector = np.linalg.eigh(values.T @ values)[1][:, -1]
    return -vector if vector.sum() < 0.0 else vector


def _train(
    inputs: ArrayLike, learning_rate: float, weights: ArrayLike | None, decay: float
) -> NDArray[np.float64]:
    """Return the weights of w ← w + η y (x − decay·y w), shape (n_steps + 1, n)."""
    values = as_floats(inputs, "inputs")
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise NeurosimError(
            f"inputs have shape {values.shape}: give finite numbers, one row per step and one "
            "column per synapse"
        )
    learning_rate = positive(learning_rate, "learning_rate")
    n = values.shape[1]
    w = np.full(n, n**-0.5) if weights is None else np.array(as_floats(weights, "weights"))
    if w.shape != (n,):
        raise NeurosimError(f"weights have shape {w.shape}: the inputs need ({n},)")
    trajectory = np.empty((len(values) + 1, n))
    trajectory[0] = w
    with np.errstate(over="ignore", invalid="ignore"):
        for step, x in enumerate(values):
            y = w @ x
            w = w + learning_rate * y * (x - decay * y * w)
            trajectory[step + 1] = w
    return trajectory
