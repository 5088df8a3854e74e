"""Compiled training functions: losses, sums over rows, stochastic steps.

They are in one file because Numba's cache only checks the file of the calling function. The order
of summation is arbitrary but fixed.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from bridge.learning.loss_kinds import CROSS_ENTROPY, EXACT, PERCEPTRON, SCORES, SQUARED_RELU
from neurosim.utils.compilation import compiled

# Rows standardised at a time; with about 20 columns they fit into the first-level cache.
BLOCK = 128
# Padding of blocks, because addresses a power of two apart compete for cache lines.
PAD = 8

# Without the check for division by zero, loops with divisions are vectorised.
_fast = partial(compiled, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
_compiled = _fast()
# Functions called by others are inlined by the compiler. Otherwise their code exists twice, once in
# the caller's module, with sums in different order, and which is called depends on the cache.
_inlined = _fast(forceinline=True)
_in_order = compiled(forceinline=True, error_model="numpy", fastmath={"contract"})
_ROUND = 1.5 * 2.0**52
_LN2_HIGH, _LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10
_POWERS = tuple(1.0 / math.factorial(k) for k in range(13, -1, -1))
_ODD = tuple((2.0 / k, 2.0 / (k - 2)) for k in range(35, 0, -4))


@_in_order
def exponential(x):  # type: ignore[no-untyped-def]
    """Return e^x for x ≤ 0 within 1 ulp, branch-free (e^−708 for smaller x)."""
    x = max(x, -708.0)
    # Adding 1.5·2⁵² rounds x/ln 2 to an integer, which is stored in the low bits.
    shifted = x * 1.4426950408889634 + _ROUND
    k = shifted - _ROUND
    rest = (x - k * _LN2_HIGH) - k * _LN2_LOW
    value = 0.0
    for power in _POWERS:
        value = value * rest + power
    return value * np.int64((np.float64(shifted).view(np.int64) + 1023) << 52).view(np.float64)


@_in_order
def logarithm(x):  # type: ignore[no-untyped-def]
    """Return ln(1 + x) = 2 artanh(x/(2 + x)) for 0 ≤ x ≤ 1 within 2 ulp."""
    ratio = x / (2.0 + x)
    square = ratio * ratio
    fourth = square * square
    value = other = 0.0
    for second, first in _ODD:
        other = other * fourth + second
        value = value * fourth + first
    return (value + square * other) * ratio


@_inlined
def pointwise(kind, gain, scores, sign, losses, slopes, curvatures, exact):  # type: ignore[no-untyped-def]
    """Compute loss, slope and curvature (Gauss-Newton part unless `exact`) of trials.

    With the margin m = sign · gain · score, q = σ(−m) is the probability of the wrong class.
    """
    if kind == SQUARED_RELU:
        for k in range(len(scores)):
            target = 0.5 * (sign[k] + 1.0)
            on = 1.0 if scores[k] > 0.0 else 0.0
            slopes[k] = on * (scores[k] - target)
            losses[k] = 0.5 * (max(scores[k], 0.0) - target) ** 2
            curvatures[k] = on
    elif kind == PERCEPTRON:
        for k in range(len(scores)):
            margin = sign[k] * scores[k]
            losses[k] = max(-margin, 0.0)
            slopes[k] = -sign[k] if margin <= 0.0 else 0.0
            curvatures[k] = 0.0
    elif kind == CROSS_ENTROPY:
        for k in range(len(scores)):
            margin = sign[k] * gain * scores[k]
            e = exponential(-abs(margin))
            losses[k] = logarithm(e) + max(-margin, 0.0)
            right = 1.0 / (1.0 + e)
            slopes[k] = -sign[k] * gain * right * (e if margin > 0.0 else 1.0)
            curvatures[k] = gain * gain * e * right * right
    else:
        # Half the squared error of an output with range `gain` is gain² times the error of σ.
        size = gain * gain
        for k in range(len(scores)):
            margin = sign[k] * gain * scores[k]
            e = exponential(-abs(margin))
            right = 1.0 / (1.0 + e)
            q, spread = right * (e if margin > 0.0 else 1.0), e * right * right
            losses[k] = 0.5 * size * q * q
            slopes[k] = -sign[k] * gain * size * q * spread
            curvatures[k] = size * size * spread * (q * (2.0 - 3.0 * q) if exact else spread)


@_inlined
def weighted(weights, sign, scores, losses, slopes, curvatures, modes, factors):  # type: ignore[no-untyped-def]
    """Multiply slopes by weights, and compute the factors of z zᵀ for each of `modes`.

    Returns the sum of the losses and the weight of misclassified trials.
    """
    total = wrong = 0.0
    for k in range(len(scores)):
        total += weights[k] * losses[k]
        wrong += weights[k] if sign[k] * scores[k] <= 0.0 else 0.0
    for m in range(len(modes)):
        for k in range(len(scores)):
            factor = slopes[k] * slopes[k] if modes[m] == SCORES else curvatures[k]
            factors[m, k] = weights[k] * factor
    for k in range(len(scores)):
        slopes[k] *= weights[k]
    return total, wrong


@_compiled
def dense_sums(  # type: ignore[no-untyped-def]
    X, mean, inverse_scale, theta, kind, gain, sign, weights, modes, first, last, gradient, grams
):
    """Sum loss, gradient and factor · z zᵀ for each of `modes` over a range of rows.

    The rows are `first` to `last`.

    z is a standardised row with a leading 1. Only the lower triangles of `grams` are summed.
    Returns the loss, the weight of misclassified trials, and the largest z · z of a row with
    weight.
    """
    m = len(theta)
    z, scaled, other = np.zeros((m, BLOCK + PAD)), np.empty(BLOCK), np.empty(BLOCK)
    z[0, :], spare = 1.0, np.zeros(m)
    factors = np.zeros((len(modes), BLOCK))
    # Separate arrays, so that the compiler knows that they do not overlap.
    scores, losses = np.zeros(BLOCK), np.zeros(BLOCK)
    slopes, curvatures = np.zeros(BLOCK), np.zeros(BLOCK)
    exact = len(modes) > 0 and modes[0] == EXACT
    total = wrong = longest = 0.0
    for start in range(first, last, BLOCK):
        n = min(BLOCK, last - start)
        if n < BLOCK:
            slopes[:], factors[:] = 0.0, 0.0
        for r in range(n):
            for i in range(1, m):
                z[i, r] = (X[start + r, i - 1] - mean[i - 1]) * inverse_scale[i - 1]
        scores[:], losses[:] = theta[0], 1.0
        for i in range(1, m):
            for r in range(BLOCK):
                scores[r] += theta[i] * z[i, r]
                losses[r] += z[i, r] * z[i, r]
        stop = start + n
        for r in range(n):
            longest = max(longest, losses[r] if weights[start + r] > 0.0 else 0.0)
        pointwise(kind, gain, scores[:n], sign[start:stop], losses, slopes, curvatures, exact)
        sums = weighted(
            weights[start:stop], sign[start:stop], scores[:n], losses, slopes, curvatures, modes,
            factors,
        )  # fmt: skip
        total, wrong = total + sums[0], wrong + sums[1]
        for i in range(m):
            along = 0.0
            for r in range(BLOCK):
                along += slopes[r] * z[i, r]
            gradient[i] += along
        for k in range(len(modes)):
            for i in range(0, m, 2):
                # Rows are processed in pairs; the last of an odd number goes to `spare`.
                second = min(i + 1, m - 1)
                beside = grams[k, second] if second > i else spare
                for r in range(BLOCK):
                    scaled[r] = factors[k, r] * z[i, r]
                    other[r] = factors[k, r] * z[second, r]
                _add_products(scaled, other, z, second + 1, grams[k, i], beside)
    return total, wrong, longest


@_inlined
def _add_products(scaled, other, z, n, products, others):  # type: ignore[no-untyped-def]
    """Add the products of two vectors with the first `n` rows of z.

    Four rows are processed at a time.
    """
    for j in range(0, n - 3, 4):
        a = b = c = d = e = f = g = h = 0.0
        for r in range(BLOCK):
            one, two = scaled[r], other[r]
            a += one * z[j, r]
            b += one * z[j + 1, r]
            c += one * z[j + 2, r]
            d += one * z[j + 3, r]
            e += two * z[j, r]
            f += two * z[j + 1, r]
            g += two * z[j + 2, r]
            h += two * z[j + 3, r]
        products[j] += a
        products[j + 1] += b
        products[j + 2] += c
        products[j + 3] += d
        others[j] += e
        others[j + 1] += f
        others[j + 2] += g
        others[j + 3] += h
    for j in range(n // 4 * 4, n):
        a = e = 0.0
        for r in range(BLOCK):
            a += scaled[r] * z[j, r]
            e += other[r] * z[j, r]
        products[j] += a
        others[j] += e


@_compiled
def dense_moments(X, about, weights, first, last, sums, squares):  # type: ignore[no-untyped-def]
    """Add weighted differences of rows from `about`, and their squares, to the sums."""
    for k in range(first, last):
        for i in range(X.shape[1]):
            away = X[k, i] - about[i]
            sums[i] += weights[k] * away
            squares[i] += weights[k] * away * away


@_compiled
def stochastic_dense(  # type: ignore[no-untyped-def]
    X, mean, inverse_scale, sign, weights, kind, gain, ridge, order, size, first, last, rate, theta,
    intercept,
):  # fmt: skip
    """Take the steps `first` to `last` of an epoch, each on `size` rows of `order`.

    The size of step t is rate[0] / (1 + t/rate[2])^rate[3], counted from rate[1]. Without
    `intercept` theta[0] is constant.
    """
    n_rows, n = X.shape
    scores, signs, losses, slopes, unused = np.empty((5, size))
    for step in range(first, last):
        rows = order[step * size : (step + 1) * size]
        for k in range(len(rows)):
            score = theta[0]
            for i in range(n):
                score += (X[rows[k], i] - mean[i]) * inverse_scale[i] * theta[i + 1]
            scores[k], signs[k] = score, sign[rows[k]]
        used = len(rows)
        pointwise(kind, gain, scores[:used], signs[:used], losses, slopes, unused, False)
        eta = rate[0] / (1.0 + (rate[1] + step) / rate[2]) ** rate[3]
        for i in range(n):
            theta[i + 1] *= 1.0 - eta * ridge
        for k in range(len(rows)):
            change = -eta * slopes[k] * weights[rows[k]] * n_rows / used
            theta[0] += change if intercept else 0.0
            for i in range(n):
                theta[i + 1] += change * (X[rows[k], i] - mean[i]) * inverse_scale[i]


@_compiled
def stochastic_sparse(  # type: ignore[no-untyped-def]
    data, columns, starts, shift, inverse_scale, sign, weights, kind, gain, ridge, order, size,
    first, last, rate, theta, intercept,
):  # fmt: skip
    """Run `stochastic_dense` steps on the nonzero elements of CSR rows.

    Changes of all weights, due to the ridge and the shift of the columns, are accumulated in two
    numbers: the weights are factor · theta[1:] + away · shift.
    """
    n_rows, factor, away = len(sign), 1.0, 0.0
    squared_shift, along = 0.0, 0.0
    for i in range(len(shift)):
        squared_shift += shift[i] * shift[i]
        along += shift[i] * theta[i + 1]
    scores, signs, losses, slopes, unused = np.empty((5, size))
    for step in range(first, last):
        rows = order[step * size : (step + 1) * size]
        for k in range(len(rows)):
            score = theta[0] - factor * along - away * squared_shift
            for at in range(starts[rows[k]], starts[rows[k] + 1]):
                i = columns[at]
                score += data[at] * inverse_scale[i] * (factor * theta[i + 1] + away * shift[i])
            scores[k], signs[k] = score, sign[rows[k]]
        used = len(rows)
        pointwise(kind, gain, scores[:used], signs[:used], losses, slopes, unused, False)
        eta = rate[0] / (1.0 + (rate[1] + step) / rate[2]) ** rate[3]
        factor, away = factor * (1.0 - eta * ridge), away * (1.0 - eta * ridge)
        for k in range(used):
            change = -eta * slopes[k] * weights[rows[k]] * n_rows / used
            theta[0] += change if intercept else 0.0
            away -= change
            for at in range(starts[rows[k]], starts[rows[k] + 1]):
                i = columns[at]
                by = change / factor * data[at] * inverse_scale[i]
                theta[i + 1] += by
                along += shift[i] * by
        if factor < 1e-6 or step == last - 1:
            along = 0.0
            for i in range(len(shift)):
                theta[i + 1] = factor * theta[i + 1] + away * shift[i]
                along += shift[i] * theta[i + 1]
            factor, away = 1.0, 0.0
