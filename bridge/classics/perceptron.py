"""Rosenblatt's perceptron, and in how many mistakes it must have learned.

F. Rosenblatt, *The perceptron*, Psychol. Rev. 65, 386 (1958); A. B. J. Novikoff, *On convergence
proofs for perceptrons*, Symp. Math. Theory Automata 12, 615 (1962).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls

from bridge.classics.threshold import ThresholdUnit
from bridge.utils.checks import as_floats
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class Perceptron:
    """A unit that has learned: y = 1 if Σ wᵢxᵢ − T > 0, else 0.

    Attributes
    ----------
    path : (n_mistakes + 1, n + 1) ndarray
        Weights and, last, threshold before the first mistake and after each.
    mistakes : (n_epochs,) ndarray of int
        Mistakes in each passage through the examples.
    converged : bool
        Whether the last passage was without mistake.
    cycle : int
        After so many passages the weights came back to what they had been: then they do so for
        ever, and it never converges. 0 where they have not.
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
        """Return it as a unit of a threshold network, its sources being 0, 1, …."""
        weights = tuple(self.weights.tolist())
        return ThresholdUnit(name, tuple(range(len(weights))), weights, self.threshold)


def train_perceptron(
    inputs: ArrayLike,
    targets: ArrayLike,
    *,
    learning_rate: float = 1.0,
    max_epochs: int = 1000,
) -> Perceptron:
    """Train by W ← W + η (d − y) x, T ← T − η (d − y), one example at a time, from W = T = 0.

    η only sets the scale of W and T: mistakes do not depend on it.

    Parameters
    ----------
    inputs : (n_examples, n) array_like
    targets : (n_examples,) array_like of 0 and 1
        d.
    learning_rate : float
        η.
    max_epochs : int
        Passages through the examples, in their order. It ends earlier where one is without
        mistake, and where the weights come back to what they were.

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
    if not learning_rate > 0.0:
        raise NeurosimError(f"learning_rate = {learning_rate:g} is not above 0")
    if max_epochs < 1:
        raise NeurosimError(f"max_epochs = {max_epochs} is below 1: give at least one passage")
    # In units of the learning rate, so that weights which come back do so exactly.
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
    """Return how far the examples can be kept from a plane that separates them.

    With the threshold as weight of an input of −1, examples are x̃ = (x, −1), and the margin is the
    largest γ for which some W̃ of length 1 has (2d − 1) W̃·x̃ ≥ γ for all of them.

    Parameters
    ----------
    inputs, targets
        As of `train_perceptron`.

    Returns
    -------
    margin : float
        γ; 0 where no plane separates them.
    plane : (n + 1,) ndarray
        W̃, the threshold last; 0 where there is none.

    Notes
    -----
    The shortest W̃ with (2d − 1) W̃·x̃ ≥ 1 is a least-distance problem, solved by non-negative least
    squares (C. L. Lawson & R. J. Hanson, *Solving Least Squares Problems* (1974), chapter 23).
    """
    examples, signs = _examples(inputs, targets)
    signed = signs[:, None] * examples / radius(inputs)
    system = np.vstack([signed.T, np.ones(len(signed))])
    goal = np.zeros(len(system))
    goal[-1] = 1.0
    solution, _ = nnls(system, goal)
    plane = (system @ solution - goal)[:-1]
    length = np.linalg.norm(plane)
    # Where nothing separates, only rounding is left, and puts examples on the wrong side.
    margin = (signed @ plane).min() / length if length > 1e-12 else 0.0
    if margin <= 0.0:
        return 0.0, np.zeros(len(plane))
    return float(margin) * radius(inputs), plane / length


def radius(inputs: ArrayLike) -> float:
    """Return R, the length of the longest example x̃ = (x, −1)."""
    values = as_floats(inputs, "inputs")
    return float(np.sqrt(1.0 + (values**2).sum(axis=1).max()))


def mistake_bound(inputs: ArrayLike, targets: ArrayLike) -> float:
    """Return (R/γ)², which the mistakes of a perceptron never exceed; inf where none can learn."""
    margin, _ = largest_margin(inputs, targets)
    return (radius(inputs) / margin) ** 2 if margin else np.inf


def _examples(
    inputs: ArrayLike, targets: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return examples x̃ = (x, −1) and signs 2d − 1."""
    values, wanted = as_floats(inputs, "inputs"), as_floats(targets, "targets")
    if values.ndim != 2 or wanted.shape != values.shape[:1] or not values.size:
        raise NeurosimError(
            f"inputs {values.shape} and targets {wanted.shape}: give one target a row, and one or "
            "more rows"
        )
    if not np.isfinite(values).all():
        raise NeurosimError("inputs hold values that are not finite")
    if not np.isin(wanted, (0, 1)).all():
        raise NeurosimError("targets must hold 0 and 1 only")
    examples = np.column_stack([values, np.full(len(values), -1.0)])
    return examples, 2.0 * wanted - 1.0
