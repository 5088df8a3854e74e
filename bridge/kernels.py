"""What is compiled of the training: losses of one trial, sums over rows, stochastic steps.

All of it stands in one file, for Numba looks only at the file in which a function stands when it
asks whether a compiled one is out of date. Sums over a row may be taken in any order, but always
in the same.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from bridge.kinds import CROSS_ENTROPY, EXACT, GRADIENT, PERCEPTRON, SCORES, SQUARED_RELU

_compiled = numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})


@_compiled
def terms(kind, gain, score, sign):  # type: ignore[no-untyped-def]
    """Loss of one trial, its slope, its curvature and the Gauss-Newton part of that.

    The margin is m = sign · gain · score, and q = σ(−m) the probability of the wrong class.
    """
    if kind == SQUARED_RELU:
        target = 0.5 * (sign + 1.0)
        if score <= 0.0:
            return 0.5 * target * target, 0.0, 0.0, 0.0
        return 0.5 * (score - target) ** 2, score - target, 1.0, 1.0
    margin = sign * gain * score
    if kind == PERCEPTRON:
        return max(-margin, 0.0), (-sign if margin <= 0.0 else 0.0), 0.0, 0.0
    e = math.exp(-abs(margin))
    wrong = (e if margin > 0.0 else 1.0) / (1.0 + e)
    spread = e / (1.0 + e) ** 2
    if kind == CROSS_ENTROPY:
        curvature = gain * gain * spread
        loss = math.log1p(e) + max(-margin, 0.0)
        return loss, -sign * gain * wrong, curvature, curvature
    # Half the squared error of an output that is `gain` wide, so gain² times that of σ.
    size = gain * gain
    slope = -sign * gain * size * wrong * spread
    curvature = size * size * wrong * spread * (2.0 - 3.0 * wrong)
    return 0.5 * size * wrong * wrong, slope, curvature, size * size * spread * spread


@_compiled
def pointwise(kind, gain, scores, sign, weights, mode, slope, factor):  # type: ignore[no-untyped-def]
    """Fill in the weighted slopes of trials of given scores, and the factors of z zᵀ.

    Returns the sum of the losses and the weight of the trials on the wrong side.
    """
    total = wrong = 0.0
    for k in range(len(scores)):
        loss, first, exact, gauss_newton = terms(kind, gain, scores[k], sign[k])
        total += weights[k] * loss
        if sign[k] * scores[k] <= 0.0:
            wrong += weights[k]
        slope[k] = weights[k] * first
        factor[k] = weights[k] * _factor(mode, first, exact, gauss_newton)
    return total, wrong


@_compiled
def _factor(mode, slope, curvature, gauss_newton):  # type: ignore[no-untyped-def]
    if mode == SCORES:
        return slope * slope
    return curvature if mode == EXACT else gauss_newton


@_compiled
def dense_sums(  # type: ignore[no-untyped-def]
    X, mean, inverse_scale, theta, kind, gain, sign, weights, mode, first, last, gradient, gram
):
    """Sum loss, gradient and, unless mode is GRADIENT, factor · z zᵀ over rows `first` to `last`.

    z is a row of standardised columns behind a 1. `theta`, `gradient` and the rows of `gram`
    are padded to whole vectors of 8; of `gram` the part up to the diagonal is summed. Four rows are
    added at a time, so that it is read and written a quarter as often.
    """
    n, padded = X.shape[1], len(theta)
    rows, scaled = np.zeros((4, padded)), np.zeros((4, padded))
    total = wrong = 0.0
    for start in range(first, last, 4):
        for r in range(4):
            k, z = start + r, rows[r]
            if k >= last:
                scaled[r, :] = 0.0
                continue
            z[0] = 1.0
            for i in range(n):
                z[i + 1] = (X[k, i] - mean[i]) * inverse_scale[i]
            score = 0.0
            for i in range(padded):
                score += z[i] * theta[i]
            loss, slope, exact, gauss_newton = terms(kind, gain, score, sign[k])
            total += weights[k] * loss
            if sign[k] * score <= 0.0:
                wrong += weights[k]
            slope_here = weights[k] * slope
            factor = weights[k] * _factor(mode, slope, exact, gauss_newton)
            for i in range(padded):
                gradient[i] += slope_here * z[i]
                scaled[r, i] = factor * z[i]
        if mode != GRADIENT:
            for i in range(n + 1):
                a, b, c, d = scaled[0, i], scaled[1, i], scaled[2, i], scaled[3, i]
                for j in range((i // 8 + 1) * 8):
                    gram[i, j] += a * rows[0, j] + b * rows[1, j] + c * rows[2, j] + d * rows[3, j]
    return total, wrong


@_compiled
def dense_moments(X, about, weights, first, last, sums, squares):  # type: ignore[no-untyped-def]
    """Add to `sums` and `squares` the weighted differences of rows from `about`, and squares."""
    for k in range(first, last):
        for i in range(X.shape[1]):
            away = X[k, i] - about[i]
            sums[i] += weights[k] * away
            squares[i] += weights[k] * away * away


@_compiled
def stochastic_dense(  # type: ignore[no-untyped-def]
    X, mean, inverse_scale, sign, weights, kind, gain, ridge, order, size, first, last, rate, theta
):
    """Take the steps `first` to `last` of an epoch, each on `size` rows of `order`.

    Rate of step t: rate[0] / (1 + t/rate[2])^rate[3], where rate[1] steps were taken before.
    """
    n_rows, n = X.shape
    slope = np.empty(size)
    for step in range(first, last):
        rows = order[step * size : (step + 1) * size]
        for k in range(len(rows)):
            score = theta[0]
            for i in range(n):
                score += (X[rows[k], i] - mean[i]) * inverse_scale[i] * theta[i + 1]
            slope[k] = terms(kind, gain, score, sign[rows[k]])[1] * weights[rows[k]]
        eta = rate[0] / (1.0 + (rate[1] + step) / rate[2]) ** rate[3]
        for i in range(n):
            theta[i + 1] *= 1.0 - eta * ridge
        for k in range(len(rows)):
            change = -eta * slope[k] * n_rows / len(rows)
            theta[0] += change
            for i in range(n):
                theta[i + 1] += change * (X[rows[k], i] - mean[i]) * inverse_scale[i]


@_compiled
def stochastic_sparse(  # type: ignore[no-untyped-def]
    data, columns, starts, inverse_scale, sign, weights, kind, gain, ridge, order, size, first,
    last, rate, theta,
):  # fmt: skip
    """`stochastic_dense` on CSR rows; `theta` belongs to columns that are scaled but not shifted.

    The ridge shrinks all weights in every step: their common factor is kept apart.
    """
    n_rows, factor = len(sign), 1.0
    slope = np.empty(size)
    for step in range(first, last):
        rows = order[step * size : (step + 1) * size]
        for k in range(len(rows)):
            score = 0.0
            for at in range(starts[rows[k]], starts[rows[k] + 1]):
                score += data[at] * inverse_scale[columns[at]] * theta[columns[at] + 1]
            score = factor * score + theta[0]
            slope[k] = terms(kind, gain, score, sign[rows[k]])[1] * weights[rows[k]]
        eta = rate[0] / (1.0 + (rate[1] + step) / rate[2]) ** rate[3]
        factor *= 1.0 - eta * ridge
        for k in range(len(rows)):
            change = -eta * slope[k] * n_rows / len(rows)
            theta[0] += change
            for at in range(starts[rows[k]], starts[rows[k] + 1]):
                theta[columns[at] + 1] += change / factor * data[at] * inverse_scale[columns[at]]
        if factor < 1e-6 or step == last - 1:
            theta[1:] *= factor
            factor = 1.0
