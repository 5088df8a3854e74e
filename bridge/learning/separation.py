"""Whether some trials can be told apart without error, and what then can still be estimated.

Where a plane leaves no trial on the wrong side, the likelihood has no maximum: it rises for ever as
the weights grow along the plane's normal (Albert & Anderson 1984, Biometrika 71:1). Trials off the
plane become certain in that limit. What remains is the likelihood of the trials on it: its maximum
determines all weights that the growing ones leave alone (Geyer 2009, Electron. J. Stat. 3:259).
Spiking neurons without noise give such data, and so does a refractory period after each spike.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from bridge.learning.descent import newton
from bridge.learning.design import is_sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bridge.learning.objectives import MeanLoss

MOST_PARAMETERS = 2000
"""Above, the Hessian is too large to be looked at."""
TIME_LIMIT = 60.0
"""Seconds after which the linear programme gives up."""
COLLINEAR = 1e-11
"""Variance, of the largest, below which trials are taken not to vary in a direction."""
WORTH = 0.1
"""Log-odds that a Newton step must add to a trial to suggest that it is separated."""


class SeparableDataWarning(UserWarning):
    """The data have no maximum-likelihood fit, or it could not be shown that they have one."""


@dataclass(frozen=True, eq=False)
class Separation:
    """Trials that can be told apart without error.

    Attributes
    ----------
    certain : (n_trials,) ndarray of bool
        Trials whose class is certain in the limit of the likelihood.
    direction : (n + 1,) ndarray
        In which to move the parameters, in standardised columns, to raise the log-odds of every
        such trial, those of all others staying as they are.
    theta : (n + 1,) ndarray
        A point near the maximum of the likelihood of all others.
    """

    certain: NDArray[np.bool_]
    direction: NDArray[np.float64]
    theta: NDArray[np.float64]


def find_separation(objective: MeanLoss, theta: NDArray) -> Separation | None:
    """Return all trials that can be told apart without error; None where classes overlap.

    Parameters
    ----------
    objective : MeanLoss
        The cross-entropy, without ridge.
    theta : (n + 1,) ndarray
        Where a descent on it ended, or is.
    """
    sign, present = objective.sign, objective.weights > 0
    certain, direction = ~present, np.zeros_like(theta)
    remaining = objective
    while True:
        theta, found = _direction(remaining, theta)
        if found is None:
            break
        gained = sign * objective.design.scores(found)
        new = ~certain & (gained > 1e-6 * gained[~certain].max())
        # So little of it that it takes from no trial what earlier directions have given.
        before, share = sign * objective.design.scores(direction), 1.0
        earlier = present & certain
        if earlier.any() and (cost := -gained[earlier].min()) > 0.0:
            share = min(1.0, 0.5 * before[earlier].min() / cost)
        direction, certain = direction + share * found, certain | new
        if certain.all():
            break
        remaining = objective.without(certain)
    if not direction.any():
        return None
    return Separation(certain & present, direction, theta)


def has_minimum_near(objective: MeanLoss, theta: NDArray) -> bool:
    """Return whether the loss provably has a minimum, by its self-concordance.

    With H the Hessian, g the gradient and R the longest row of the design (times the loss's gain),
    it is enough that
    R √(gᵀH⁻¹g / λ_min(H)) ≤ 1/2 (Bach 2010, Electron. J. Stat. 4:384, prop. 2). Directions in which
    all rows are equal are left out: the loss does not depend on them.
    """
    values, vectors = np.linalg.eigh(objective.hessian(theta))
    varies = np.ones(len(values), dtype=bool)
    if values[0] <= len(values) * np.finfo(float).eps * values[-1]:
        varies = _varying(objective, vectors)
    if not varies.any() or (values[varies] <= 0).any():
        return not varies.any()
    along = vectors[:, varies].T @ objective.value_and_gradient(theta)[1]
    decrement = np.sqrt(np.sum(along**2 / values[varies]))
    longest = objective.loss.gain * np.sqrt(objective.sums(theta).longest)
    return bool(longest * decrement <= 0.5 * np.sqrt(values[varies].min()))


def separating_plane_exists(objective: MeanLoss) -> bool:
    """Return whether the data are separable, by a linear programme."""
    return separating_plane(objective) is not None


def separating_plane(objective: MeanLoss) -> NDArray[np.float64] | None:
    """Return the parameters of a plane with no trial on the wrong side, None if there is none.

    Of the planes within a box which leave no trial on the wrong side, the one with the largest sum
    of margins is sought (Konis 2007, thesis, Oxford); it is 0 if and only if the classes overlap.
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
            f"whether the data are separable could not be decided within {TIME_LIMIT:g} s: give a "
            "ridge, which makes the fit exist in any case",
            SeparableDataWarning,
            stacklevel=4,
        )
        return None
    margins = rows @ found.x
    # The programme keeps its constraints to 1e-7 only: a margin within that is none.
    if not (margins.max() > 1e-5 and margins.min() > -1e-6):
        return None
    normal = np.array(found.x)
    if is_sparse(objective.design.matrix):  # whose rows are not shifted
        normal[0] += normal[1:] @ (objective.design.mean * objective.design.inverse_scale)
    return normal


def unvarying(objective: MeanLoss) -> NDArray[np.float64]:
    """Return a basis of the directions that change no score of a trial that has a weight."""
    values, vectors = np.linalg.eigh(objective.design.gram(objective.weights))
    return vectors[:, values <= COLLINEAR * values[-1]]


def _direction(
    objective: MeanLoss, theta: NDArray
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Return a point and a direction that separates some trials, None where the classes overlap.

    Proofs that cost little come first: a plane which separates all, a gradient so small that a
    minimum must exist, a Newton step that gains log-odds for some trials and changes no others.
    Only where all fail a linear programme decides.
    """
    if objective.separates(theta):
        return theta, theta
    small = len(theta) <= MOST_PARAMETERS
    if small:
        # A descent that stopped early is carried on, which is far quicker than the programme.
        for tries in range(3):
            if has_minimum_near(objective, theta):
                return theta, None
            found = _by_newton(objective, theta)
            if found is not None or tries == 2:
                break
            theta = newton(objective, theta, tol=1e-10, max_iter=5).theta
            if objective.separates(theta):
                return theta, theta
        if found is not None:
            return theta, found
    found = separating_plane(objective)
    if found is None:
        return theta, None
    exact = _exact(objective, found, 1e-5) if small else None
    return theta, found if exact is None else exact


def _by_newton(objective: MeanLoss, theta: NDArray) -> NDArray[np.float64] | None:
    """Return a direction along which the loss falls for ever, if Newton's step follows one.

    There each step gains about one unit of log-odds for the separated trials and none for others.
    """
    gradient = objective.value_and_gradient(theta)[1]
    step = -np.linalg.lstsq(objective.hessian(theta), gradient, rcond=None)[0]
    return _exact(objective, step, WORTH / objective.loss.gain)


def _exact(objective: MeanLoss, direction: NDArray, least: float) -> NDArray[np.float64] | None:
    """Return the part of a direction that changes no trial which gains less than `least`.

    None where then a trial that gains more loses.
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


def _varying(objective: MeanLoss, vectors: NDArray) -> NDArray[np.bool_]:
    """Which eigenvectors of a Hessian are directions in which the rows of the design differ."""
    gram = objective.design.gram(objective.weights)
    spread = np.sum(vectors * (gram @ vectors), axis=0)
    return spread > len(gram) * np.finfo(float).eps * np.trace(gram)


def _signed_rows(objective: MeanLoss) -> Any:
    """Rows that have a weight, times their sign, the 1 first; sparse ones are not shifted."""
    design, present = objective.design, objective.weights > 0
    sign = objective.sign[present]
    if is_sparse(design.matrix):
        ones = sparse.csr_matrix(np.full((len(sign), 1), float(design.intercept)))
        scaled = design.matrix[present].multiply(design.inverse_scale)
        return sparse.csr_matrix(sparse.hstack([ones, scaled]).multiply(sign[:, None]))
    return design.rows()[present] * sign[:, None]
