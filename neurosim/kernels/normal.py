"""Normal random numbers by inversion of the cumulative distribution function."""

import math

import numpy as np

from neurosim.kernels.compiled import helper, inline
from neurosim.kernels.model_math import function

# Coefficients of numerator and denominator of rational functions, highest power first.
_NEAR = (
    (7.74545014278341407640e-4, 1.05075007164441684324e-9),
    (2.27238449892691845833e-2, 5.47593808499534494600e-4),
    (2.41780725177450611770e-1, 1.51986665636164571966e-2),
    (1.27045825245236838258e0, 1.48103976427480074590e-1),
    (3.64784832476320460504e0, 6.89767334985100004550e-1),
    (5.76949722146069140550e0, 1.67638483018380384940e0),
    (4.63033784615654529590e0, 2.05319162663775882187e0),
    (1.42343711074968357734e0, 1.0),
)
_FAR = (
    (2.01033439929228813265e-7, 2.04426310338993978564e-15),
    (2.71155556874348757815e-5, 1.42151175831644588870e-7),
    (1.24266094738807843860e-3, 1.84631831751005468180e-5),
    (2.65321895265761230930e-2, 7.86869131145613259100e-4),
    (2.96560571828504891230e-1, 1.48753612908506148525e-2),
    (1.78482653991729133580e0, 1.36929880922735805310e-1),
    (5.46378491116411436990e0, 5.99832206555887937690e-1),
    (6.65790464350110377720e0, 1.0),
)
_MIDDLE = (
    (2.5090809287301226727e3, 5.2264952788528545610e3),
    (3.3430575583588128105e4, 2.8729085735721942674e4),
    (6.7265770927008700853e4, 3.9307895800092710610e4),
    (4.5921953931549871457e4, 2.1213794301586595867e4),
    (1.3731693765509461125e4, 5.3941960214247511077e3),
    (1.9715909503065514427e3, 6.8718700749205790830e2),
    (1.3314166789178437745e2, 4.2313330701600911252e1),
    (3.3871328727963666080e0, 1.0),
)


@function
def _ratio(scale, coefficients, r):
    """Return a number times the ratio of two polynomials at r."""
    numerator, denominator = coefficients[0]
    for a, b in coefficients[1:]:
        numerator, denominator = numerator * r + a, denominator * r + b
    return scale * numerator / denominator


@function
def _near_tail(r):
    """Return the absolute value of the quantile of e^(−r²) where 1.6 ≤ r ≤ 5."""
    return _ratio(1.0, _NEAR, r - 1.6)


@function
def _far_tail(r):
    """Return the absolute value of the quantile of e^(−r²) where r > 5."""
    return _ratio(1.0, _FAR, r - 5.0)


@inline
def _log_root(p):
    """Return √(−ln p) of the smaller of p and 1 − p."""
    return math.sqrt(-math.log(min(p, 1.0 - p)))


@function
def _middle(q):
    """Return the quantile of 1/2 + q where |q| ≤ 0.425."""
    return _ratio(q, _MIDDLE, 0.180625 - q * q)


@helper
def normal_quantile(p):
    """Return z with Φ(z) = p for 0 < p < 1, to about 1e-16 relative.

    M. J. Wichura, *Algorithm AS 241: The Percentage Points of the Normal Distribution*,
    Applied Statistics 37, 477 (1988), routine PPND16.
    """
    q = p - 0.5
    if abs(q) <= 0.425:
        return _middle(q)
    r = _log_root(p)
    z = _near_tail(r) if r <= 5.0 else _far_tail(r)
    return z if q > 0.0 else -z


@helper
def normal_quantiles(values, tails, kept):
    """Replace each p by `normal_quantile(p)`; everything except the logarithms is vectorised.

    `tails` and `kept` are scratch of at least the same size.
    """
    # Compact the indices of tail values; their quantile needs a logarithm.
    n = np.int64(0)
    for i in range(values.size):
        tails[n] = i
        n += np.int64(abs(values[i] - 0.5) > 0.425)
    largest = 0.0
    for k in range(n):
        kept[k] = _log_root(values[tails[k]])
        largest = max(largest, kept[k])
    if largest > 5.0:  # once in 10¹⁰ values
        for k in range(n):
            r = kept[k]
            kept[k] = _near_tail(r) if r <= 5.0 else _far_tail(r)
    else:
        for k in range(n):
            kept[k] = _near_tail(kept[k])
    for i in range(values.size):
        q = values[i] - 0.5
        values[i] = _middle(q) if abs(q) <= 0.425 else values[i]
    for k in range(n):
        z = kept[k]
        values[tails[k]] = z if values[tails[k]] > 0.5 else -z
