"""Rosenblatt's perceptron, and Novikoff's bound on its mistakes.

F. Rosenblatt, *The perceptron*, Psychol. Rev. 65, 386 (1958); A. B. J. Novikoff, *On convergence
proofs for perceptrons*, Symp. Math. Theory Automata 12, 615 (1962).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import lsq_linear

from bridge.classics.threshold import ThresholdUnit
from bridge.utils.checks import as_floats, as_integer, positive
from neurosim import NeurosimError


@dataclass(frozen=True, eq=False)
class Perceptron:
    """Trained unit: y = 1 if Σ wᵢxᵢ − T > 0, else 0.

    Attributes
    ----------
    path : (n_mistakes + 1, n + 1) ndarray
        Weights and, in the last column, threshold: initially and after each mistake.
    mistakes : (n_epochs,) ndarray of int
        Number of mistakes in each epoch.
    converged : bool
        Whether the last epoch had no mistakes.
    cycle : int
        Period, in epochs, with which the weights repeat, so that training never converges; 0 if
        they did not repeat.

    Examples
    --------
    >>> from bridge.classics import train_perceptron
    >>> learned = train_perceptron([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 1])
    >>> learned.predict([[0, 0], [1, 1]]).astype(int).tolist()
    [0, 1]
    >>> learned.mistakes.tolist()
    [1, 2, 1, 0]

    XOR cannot be learned; the weights repeat:

    >>> train_perceptron([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]).converged
    False
    """

    path: NDArray[np.float64]
    mistakes: NDArray[np.int64]
    converged: bool
    cycle: int

    @property
    def weights(self) -> NDArray[np.float64]:
        """wᵢ, shape (n,)."""
        return self.path[-1, :-1]

    @property
    def threshold(self) -> float:
        """T."""
        return float(self.path[-1, -1])

    def predict(self, inputs: ArrayLike) -> NDArray[np.bool_]:
        """Return y for inputs of shape (n_rows, n)."""
        return as_floats(inputs, "inputs") @ self.weights > self.threshold

    def unit(self, name: str = "perceptron") -> ThresholdUnit:
        """Return a unit of a threshold network with the sources 0, 1, …."""
        weights = tuple(self.weights.tolist())
        return ThresholdUnit(name, tuple(range(len(weights))), weights, self.threshold)


def train_perceptron(
    inputs: ArrayLike, targets: ArrayLike, *, learning_rate: float = 1.0, max_epochs: int = 1000
) -> Perceptron:
    """Train a threshold unit by the perceptron rule.

    For each example, W ← W + η (d − y) x and T ← T − η (d − y), from W = T = 0.

    η only sets the scale of W and T; mistakes do not depend on it.

    Parameters
    ----------
    inputs : (n_examples, n) array_like
    targets : (n_examples,) array_like of 0 and 1
        d.
    learning_rate : float
        η.
    max_epochs : int
        Largest number of passes through the examples. Training stops earlier after a pass without
        mistakes, or if the weights repeat.

    Returns
    -------
    Perceptron

    Examples
    --------
    >>> learned = train_perceptron([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])
    >>> learned.weights.tolist(), learned.threshold, learned.converged
    ([2.0, 1.0], 2.0, True)
    """
    examples, signs = _examples(inputs, targets)
    learning_rate = positive(learning_rate, "learning_rate")
    max_epochs = as_integer(max_epochs, "max_epochs", 1)
    # In units of the learning rate, so that repeated weights are exactly equal.
    state = np.zeros(examples.shape[1])
    path, seen = [state], {state.tobytes(): 0}
    mistakes: list[int] = []
    cycle = 0
    while not cycle and len(mistakes) < max_epochs:
        before = len(path)
        for example, sign in zip(examples, signs, strict=True):
            if (state @ example > 0.0) != (sign > 0.0):
                state = state + sign * example
                path.append(state)
        mistakes.append(len(path) - before)
        if not mistakes[-1]:
            break
        since = seen.setdefault(state.tobytes(), len(mistakes))
        cycle = len(mistakes) - since
    return Perceptron(learning_rate * np.array(path), np.array(mistakes), not mistakes[-1], cycle)


def largest_margin(inputs: ArrayLike, targets: ArrayLike) -> tuple[float, NDArray[np.float64]]:
    """Return the largest margin of a plane that separates the examples.

    With examples x̃ = (x, −1), in which the threshold is the weight of −1, the margin is the largest
    γ for which a W̃ of length 1 satisfies (2d − 1) W̃·x̃ ≥ γ for all examples.

    Parameters
    ----------
    inputs, targets
        As for `train_perceptron`.

    Returns
    -------
    margin : float
        γ; 0 if no plane separates the examples.
    plane : (n + 1,) ndarray
        W̃ with the threshold last; 0 if there is none.

    Notes
    -----
    The shortest W̃ with (2d − 1) W̃·x̃ ≥ 1 is found by non-negative least squares (C. L.
    Lawson & R. J. Hanson, *Solving Least Squares Problems* (1974), chapter 23).

    Examples
    --------
    >>> from bridge.classics import largest_margin
    >>> margin, plane = largest_margin([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])
    >>> round(margin, 3), plane.round(3)
    (0.243, array([0.485, 0.485, 0.728]))
    """
    examples, signs = _examples(inputs, targets)
    signed = signs[:, None] * examples / radius(inputs)
    system = np.vstack([signed.T, np.ones(len(signed))])
    goal = np.zeros(len(system))
    goal[-1] = 1.0
    # `nnls` of SciPy 1.15 stops too early.
    solution = lsq_linear(system, goal, (0.0, np.inf), method="bvls", tol=1e-14).x
    plane = (system @ solution - goal)[:-1]
    length = np.linalg.norm(plane)
    # If no plane separates the examples, only rounding errors remain.
    margin = (signed @ plane).min() / length if length > 1e-12 else 0.0
    if margin <= 0.0:
        return 0.0, np.zeros(len(plane))
    return float(margin) * radius(inputs), plane / length


def radius(inputs: ArrayLike) -> float:
    """Return R, the largest length of an example x̃ = (x, −1)."""
    values = as_floats(inputs, "inputs")
    return float(np.sqrt(1.0 + (values**2).sum(axis=1).max()))


def mistake_bound(inputs: ArrayLike, targets: ArrayLike) -> float:
    """Return (R/γ)², a bound on the mistakes of a perceptron; inf if not separable.

    Examples
    --------
    Of AND and of XOR:

    >>> from bridge.classics import mistake_bound
    >>> inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> round(mistake_bound(inputs, [0, 0, 0, 1]), 1), mistake_bound(inputs, [0, 1, 1, 0])
    (51.0, inf)
    """
    margin, _ = largest_margin(inputs, targets)
    return (radius(inputs) / margin) ** 2 if margin else np.inf


def _examples(
    inputs: ArrayLike, targets: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return examples x̃ = (x, −1) and signs 2d − 1."""
    values, target = as_floats(inputs, "inputs"), as_floats(targets, "targets")
    if values.ndim != 2 or target.shape != values.shape[:1] or not values.size:
        raise NeurosimError(
            f"inputs {values.shape} and targets {target.shape}: give one target per row, and at "
            "least one row"
        )
    if not np.isfinite(values).all():
        raise NeurosimError("inputs must be finite numbers")
    if not np.isin(target, (0, 1)).all():
        raise NeurosimError("targets must contain only 0 and 1")
    examples = np.column_stack([values, np.full(len(values), -1.0)])
    return examples, 2.0 * target - 1.0
