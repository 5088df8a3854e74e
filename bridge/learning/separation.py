"""Separable trials, and the estimates that remain finite.

If a plane has no trial on the wrong side, the likelihood has no maximum: it increases with growing
weights along the normal of the plane (Albert & Anderson 1984, Biometrika 71:1). In this limit the
trials off the plane become certain, and the likelihood of the trials on the plane determines the
remaining weights (Geyer 2009, Electron. J. Stat. 3:259). Neurons without noise and refractory
periods give such data.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from bridge.learning.design import StandardisedDesign, is_sparse
from bridge.learning.objectives import MeanLoss
from bridge.learning.optimizers import newton

# Largest number of parameters for which Hessians are computed.
MOST_PARAMETERS = 2000
# Time limit of the linear programme (s).
TIME_LIMIT = 60.0
# Variance, relative to the largest, below which a direction is considered constant.
COLLINEAR = 1e-11
# Log-odds that a Newton step must add to a trial to suggest separation.
WORTH = 0.1


class SeparableDataWarning(UserWarning):
    """The data have no maximum-likelihood fit, or its existence is unknown.

    Examples
    --------
    A single threshold separates these trials, so the likelihood has no maximum:

    >>> import warnings
    >>> from bridge import LogisticNeuron
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     neuron = LogisticNeuron().fit([[1.0], [2.0], [3.0], [4.0]], [0, 0, 1, 1])
    >>> caught[0].category.__name__
    'SeparableDataWarning'
    """


def separable_trials(objective: MeanLoss, theta: NDArray) -> NDArray[np.bool_] | None:
    """Return the trials whose class is certain in the limit, None if the classes overlap.

    Parameters
    ----------
    objective : MeanLoss
        Cross-entropy without ridge.
    theta : (n + 1,) ndarray
        Final or current point of the optimisation.

    Returns
    -------
    (n_trials,) ndarray of bool or None
    """
    present = objective.weights > 0
    certain, remaining = ~present, objective
    while not certain.all():
        theta, direction = _direction(remaining, theta)
        if direction is None:
            break
        gained = objective.sign * objective.design.scores(direction)
        certain = certain | (gained > 1e-6 * gained[~certain].max())
        remaining = objective.without(certain)
    certain = certain & present
    return certain if certain.any() else None


def has_minimum_near(objective: MeanLoss, theta: NDArray) -> bool:
    """Return whether the loss provably has a minimum, by self-concordance.

    With Hessian H, gradient g and the longest row R of the design (times the gain of the loss), a
    sufficient condition is R √(gᵀH⁻¹g / λ_min(H)) ≤ 1/2 (Bach 2010, Electron. J. Stat. 4:384, prop.
    2). Directions in which all rows are equal are ignored, as the loss does not depend on them.
    """
    values, vectors = np.linalg.eigh(objective.hessian(theta))
    varies, level = np.ones(len(values), dtype=bool), len(values) * np.finfo(float).eps
    if values[0] <= level * values[-1]:
        gram = objective.design.gram(objective.weights)
        varies = np.sum(vectors * (gram @ vectors), axis=0) > level * np.trace(gram)
    if not varies.any() or (values[varies] <= 0).any():
        return not varies.any()
    along = vectors[:, varies].T @ objective.value_and_gradient(theta)[1]
    decrement = np.sqrt(np.sum(along**2 / values[varies]))
    longest = objective.loss.gain * np.sqrt(objective.sums(theta).longest)
    return bool(longest * decrement <= 0.5 * np.sqrt(values[varies].min()))


def separating_plane(objective: MeanLoss) -> NDArray[np.float64] | None:
    """Return a plane with no trial on the wrong side, or None if there is none.

    The linear programme maximises the sum of margins over all such planes within a box (Konis 2007,
    thesis, Oxford). The maximum is 0 if and only if the classes overlap.
    """
    rows = _signed_rows(objective)
    found = linprog(
        -np.asarray(rows.sum(axis=0)).ravel(),
        A_ub=-rows,
        b_ub=np.zeros(rows.shape[0]),
        bounds=(-1.0, 1.0),
        method="highs",
        options={"time_limit": TIME_LIMIT},
    )
    if found.x is None:
        warnings.warn(
            f"the test of separability exceeded {TIME_LIMIT:g} s: give a ridge, with which the fit "
            "always exists",
            SeparableDataWarning,
            stacklevel=4,
        )
        return None
    margins = rows @ found.x
    # The programme satisfies its constraints to 1e-7 only.
    if not (margins.max() > 1e-5 and margins.min() > -1e-6):
        return None
    normal = np.array(found.x)
    if is_sparse(objective.design.matrix):  # rows are not shifted
        normal[0] += normal[1:] @ (objective.design.mean * objective.design.inverse_scale)
    return normal


def unvarying(objective: MeanLoss) -> NDArray[np.float64]:
    """Return a basis of the directions that change no score of a trial with weight."""
    values, vectors = np.linalg.eigh(objective.design.gram(objective.weights))
    return vectors[:, values <= COLLINEAR * values[-1]]


def _direction(
    objective: MeanLoss, theta: NDArray
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Return a point and a direction that separates trials; None if classes overlap.

    Cheap tests come first: the current point separates all trials, the gradient is so small that a
    minimum exists, or a Newton step increases the log-odds of some trials only. If all fail, a
    linear programme is solved.
    """
    small = len(theta) <= MOST_PARAMETERS
    for tries in range(3):
        if tries:  # further Newton steps are much faster than the linear programme
            theta = newton(objective, theta, tol=1e-10, max_iter=5).theta
        if objective.separates(theta):
            return theta, theta
        if not small:
            break
        if has_minimum_near(objective, theta):
            return theta, None
        if (found := _by_newton(objective, theta)) is not None:
            return theta, found
    found = separating_plane(objective)
    if found is None:
        return theta, None
    exact = _exact(objective, found, 1e-5) if small else None
    return theta, found if exact is None else exact


def _by_newton(objective: MeanLoss, theta: NDArray) -> NDArray[np.float64] | None:
    """Return a direction of unbounded decrease if Newton's step follows one.

    Each step then adds about 1 to the log-odds of the separable trials and 0 to the others.
    """
    gradient = objective.value_and_gradient(theta)[1]
    step = -np.linalg.lstsq(objective.hessian(theta), gradient, rcond=None)[0]
    return _exact(objective, step, WORTH / objective.loss.gain)


def _exact(objective: MeanLoss, direction: NDArray, least: float) -> NDArray[np.float64] | None:
    """Remove the part of a direction that changes trials gaining less than `least`.

    Returns None if one of the other trials then loses.
    """
    sign, present = objective.sign, objective.weights > 0
    gains = present & (sign * objective.design.scores(direction) > least)
    if not gains.any():
        return None
    flat = unvarying(objective.without(gains))
    found = flat @ (flat.T @ direction)
    gained = sign * objective.design.scores(found)
    if not gained[gains].min() > 1e-6 * gained[gains].max():
        return None
    others = present & ~gains
    if others.any() and np.abs(gained[others]).max() > 1e-7 * gained[gains].max():
        return None
    return found


def _signed_rows(objective: MeanLoss) -> Any:
    """Return rows with weight times their sign, the 1 first.

    Sparse rows are not shifted.
    """
    design, present = objective.design, objective.weights > 0
    sign = objective.sign[present]
    if is_sparse(design.matrix):
        ones = sparse.csr_matrix(np.full((len(sign), 1), float(design.intercept)))
        scaled = design.matrix[present].multiply(design.inverse_scale)
        return sparse.csr_matrix(sparse.hstack([ones, scaled]).multiply(sign[:, None]))
    return design.rows(present) * sign[:, None]


def open_parameters(design: StandardisedDesign, flat: NDArray) -> NDArray[np.bool_]:
    """Return which raw parameters are not determined by the data.

    They change along flat directions or belong to constant columns.
    """
    jacobian, constant = design.raw_jacobian, design.constant
    open_ = (np.abs(jacobian @ flat) > 1e-6 * np.abs(jacobian).max(axis=1, keepdims=True)).any(1)
    open_[1 + constant] = True
    open_[0] |= (design.mean[constant] != 0).any()
    return open_


@dataclass(frozen=True, eq=False)
class Limit:
    """Fit to which the likelihood tends while some weights grow.

    Attributes
    ----------
    rest : MeanLoss
        Loss of the remaining trials, which has a minimum.
    flat : (n + 1, n_flat) ndarray
        Directions, in standardised columns, on which this loss does not depend.
    unbounded : (n + 1,) ndarray of bool
        Raw parameters that change along these directions but matter for all trials.
    certain : MeanLoss
        Loss of the certain trials, with a ridge of 1 over the total weight.
    """

    rest: MeanLoss
    flat: NDArray[np.float64]
    unbounded: NDArray[np.bool_]
    certain: MeanLoss

    @classmethod
    def of(cls, objective: MeanLoss, certain: NDArray[np.bool_]) -> Limit | None:
        """Return the limit of a loss in which some trials become certain.

        None if the remaining trials determine no parameter.
        """
        rest, design = objective.without(certain), objective.design
        flat = unvarying(rest)
        open_ = open_parameters(design, flat)
        if open_[1:].all() and (open_[0] or not design.intercept):
            return None
        unbounded = open_ & ~open_parameters(design, unvarying(objective))
        decided = objective.without(~certain, ridge=1.0 / objective.n_trials)
        return cls(rest, flat, unbounded, decided)

    @property
    def columns(self) -> NDArray[np.intp]:
        """Columns without a finite estimate."""
        return np.flatnonzero(self.unbounded[1:])

    @property
    def fraction(self) -> float:
        """Fraction of the weight in certain trials."""
        return float(self.certain.weights.sum())

    def complete(self, theta: NDArray) -> NDArray[np.float64]:
        """Add large finite weights for the certain trials to the minimum of the others."""
        inner = Subspace(self.certain, theta, self.flat)
        return inner.point(newton(inner, np.zeros(self.flat.shape[1]), tol=1e-10).theta)


@dataclass(frozen=True, eq=False)
class Subspace:
    """Restriction of a loss to a subspace through a point."""

    loss: MeanLoss
    start: NDArray[np.float64]
    directions: NDArray[np.float64]

    @property
    def lipschitz(self) -> float:
        """Lipschitz constant of the loss."""
        return self.loss.lipschitz

    def point(self, at: NDArray) -> NDArray[np.float64]:
        """Return the parameters at given coordinates."""
        return self.start + self.directions @ at

    def value_and_gradient(self, at: NDArray) -> tuple[float, NDArray[np.float64]]:
        """Return loss and gradient."""
        value, gradient = self.loss.value_and_gradient(self.point(at))
        return value, self.directions.T @ gradient

    def hessian(self, at: NDArray) -> NDArray[np.float64]:
        """Return the matrix of second derivatives."""
        return self.directions.T @ self.loss.hessian(self.point(at)) @ self.directions
