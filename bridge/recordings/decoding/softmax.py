"""Multinomial logistic regression with standard errors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve, helmert
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from bridge.learning.separation import MOST_PARAMETERS


class Softmax(NamedTuple):
    """Fitted scores of k classes, whose sum over the classes is 0.

    Attributes
    ----------
    coef : (k, n) ndarray
    intercept : (k,) ndarray
    standard_errors : (k, n + 1) ndarray
        Of intercepts and weights, from the inverse Hessian of the penalised log-likelihood. NaN for
        constant columns, without a finite maximum and for more than 2000 parameters.
    n_iter : int
    """

    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]
    standard_errors: NDArray[np.float64]
    n_iter: int


def fit_softmax(
    trials: NDArray[np.float64], classes: NDArray[np.int64], ridge: float, tol: float, max_iter: int
) -> Softmax:
    """Minimise the mean cross-entropy plus ridge/2 times the squared weights.

    The penalty refers to columns scaled to variance 1, as for `LogisticNeuron`.
    """
    mean, scale = trials.mean(axis=0), trials.std(axis=0)
    constant = scale <= 1e-12 * np.abs(mean)
    scale[constant] = 1.0
    standard = np.where(constant, 0.0, (trials - mean) / scale)
    inverse = 1.0 / (len(trials) * ridge) if ridge else np.inf
    model = LogisticRegression(C=inverse, tol=tol, max_iter=max_iter).fit(standard, classes)
    coef = model.coef_ - model.coef_.mean(axis=0)
    intercept = model.intercept_ - model.intercept_.mean()
    probability = softmax(standard @ coef.T + intercept, axis=1)
    errors = _standard_errors(standard, probability, ridge, mean / scale)
    errors[:, 1:] /= scale
    errors[:, 1:][:, constant] = np.nan
    raw = coef / scale
    return Softmax(raw, intercept - raw @ mean, errors, int(model.n_iter_.max()))


def _standard_errors(
    columns: NDArray, probability: NDArray, ridge: float, shift: NDArray
) -> NDArray[np.float64]:
    """Return standard errors of intercepts and weights, shape (k, n + 1).

    The scores are determined up to a common constant. The Hessian is therefore that of k − 1
    orthonormal contrasts of the scores. `shift` is the mean of each column in standard deviations.
    """
    n_classes, n = probability.shape[1], columns.shape[1] + 1
    unknown = np.full((n_classes, n), np.nan)
    contrasts = helmert(n_classes)  # (k − 1, k)
    n_contrasts = len(contrasts)
    if n * n_contrasts > MOST_PARAMETERS:
        return unknown
    design = np.column_stack([np.ones(len(columns)), columns])
    means = probability @ contrasts.T
    hessian = np.empty((n_contrasts, n, n_contrasts, n))
    for r in range(n_contrasts):
        for s in range(r, n_contrasts):
            weight = probability @ (contrasts[r] * contrasts[s]) - means[:, r] * means[:, s]
            block = (design * weight[:, np.newaxis]).T @ design
            hessian[r, :, s], hessian[s, :, r] = block, block.T
    penalty = np.tile(np.append(0.0, np.full(n - 1, ridge * len(columns))), n_contrasts)
    penalty += np.tile(np.append(0.0, ~design[:, 1:].any(axis=0)), n_contrasts)  # constant columns
    size = n * n_contrasts
    try:
        factor = cho_factor(hessian.reshape(size, size) + np.diag(penalty))
    except LinAlgError:
        return unknown
    inverse = cho_solve(factor, np.eye(size)).reshape(n_contrasts, n, n_contrasts, n)
    covariance = np.einsum("rk,risj,sk->kij", contrasts, inverse, contrasts)
    variance = np.diagonal(covariance, axis1=1, axis2=2).copy()
    to_raw = np.append(1.0, -shift)  # the intercept of the raw columns
    variance[:, 0] = covariance @ to_raw @ to_raw
    return np.sqrt(variance)
