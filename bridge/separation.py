"""Whether trials that fired can be told from the others without error.

Then no maximum of the likelihood exists: it rises for ever as the weights grow (Albert & Anderson
1984, Biometrika 71:1). Spiking neurons without noise always give such data.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from bridge.descent import newton
from bridge.design import is_sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bridge.design import StandardisedDesign
    from bridge.objectives import MeanLoss

MOST_PARAMETERS = 2000
"""Above, the Hessian is too large to be looked at."""
TIME_LIMIT = 60.0
"""Seconds after which the linear programme gives up."""


class SeparableDataWarning(UserWarning):
    """The data have no maximum-likelihood fit, or it could not be shown that they have one."""


def is_separable(objective: MeanLoss, theta: NDArray) -> bool:
    """Return whether a plane separates the classes, touching trials allowed on it.

    Parameters
    ----------
    objective : MeanLoss
        Without ridge.
    theta : (n + 1,) ndarray
        Where a descent on it ended. Two proofs from there cost nothing: a plane which separates,
        and a gradient so small that a minimum must exist. Only where both fail a linear programme
        decides.
    """
    if objective.separates(theta):
        return True
    if len(theta) <= MOST_PARAMETERS:
        if has_minimum_near(objective, theta):
            return False
        # A descent that stopped early is carried on, which is far quicker than the programme.
        theta = newton(objective, theta, tol=1e-10, max_iter=10).theta
        if objective.separates(theta):
            return True
        if has_minimum_near(objective, theta):
            return False
    return separating_plane_exists(objective)


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
    if (values[varies] <= 0).any():
        return False
    along = vectors[:, varies].T @ objective.value_and_gradient(theta)[1]
    decrement = np.sqrt(np.sum(along**2 / values[varies]))
    longest = objective.loss.gain * np.sqrt(objective.sums(theta).longest)
    return bool(longest * decrement <= 0.5 * np.sqrt(values[varies].min()))


def separating_plane_exists(objective: MeanLoss) -> bool:
    """Return whether the data are separable, by a linear programme (Konis 2007, thesis, Oxford).

    Of the planes within a box which leave no trial on the wrong side, the one with the largest sum
    of margins is sought; it is 0 if and only if the classes overlap.
    """
    rows = _signed_rows(objective.design, objective.sign)
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
        return False
    margins = rows @ found.x
    # The programme keeps its constraints to 1e-7 only: a margin within that is none.
    return bool(margins.max() > 1e-5 and margins.min() > -1e-6)


def _varying(objective: MeanLoss, vectors: NDArray) -> NDArray[np.bool_]:
    """Which eigenvectors of a Hessian are directions in which the rows of the design differ."""
    gram = objective.design.gram(objective.weights)
    spread = np.sum(vectors * (gram @ vectors), axis=0)
    return spread > len(gram) * np.finfo(float).eps * np.trace(gram)


def _signed_rows(design: StandardisedDesign, sign: NDArray) -> Any:
    """Rows times their sign, the 1 first; shifts do not matter, as the 1 absorbs them."""
    if is_sparse(design.matrix):
        ones = sparse.csr_matrix(np.ones((len(sign), 1)))
        scaled = design.matrix.multiply(design.inverse_scale)
        return sparse.csr_matrix(sparse.hstack([ones, scaled]).multiply(sign[:, None]))
    return design.rows() * sign[:, None]
