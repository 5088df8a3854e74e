"""Elementary functions for model equations: bit-identical and branch-free.

They return the same bits on every machine.

The functions of `math` depend on the C library and process one number at a time. The functions in
this module consist of arithmetic only, so the compiler can vectorise them. Errors are at most three
units in the last place, except where a docstring says otherwise.

Argument reduction and series follow J.-M. Muller, *Elementary Functions: Algorithms and
Implementation*, 3rd edition, Birkhäuser (2016), chapters 3 and 11.
"""

import math

import numpy as np

from neurosim.kernels.compiled import compiled

function = compiled(error_model="numpy", forceinline=True)
"""Compile a function that the equations of a model may call."""

_ROUND = 1.5 * 2.0**52
_PER_LN2 = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10
_LARGEST, _SMALLEST = 709.782712893384, -708.0
_EXP = tuple(1.0 / math.factorial(k) for k in range(13, 0, -1))
"""Taylor coefficients of e^x − 1, highest power first, without the constant."""
_ARTANH = tuple(2.0 / k for k in range(23, 1, -2))
"""Taylor coefficients of 2 artanh(x)/x − 2 in x², highest power first."""
_SQRT2 = 1.4142135623730951
_LEAST_NORMAL = 2.2250738585072014e-308
_FRACTION, _ONE = 0x000FFFFFFFFFFFFF, 0x3FF0000000000000


@function
def _reduced(x):
    """Return k and e^r − 1 with x = k ln 2 + r and |r| ≤ ln 2 / 2."""
    # Adding this large number rounds x/ln 2; the low bits of the sum are then an integer.
    shifted = x * _PER_LN2 + _ROUND
    k = shifted - _ROUND
    rest = (x - k * _LN2_HIGH) - k * _LN2_LOW
    value = 0.0
    for coefficient in _EXP:
        value = (value + coefficient) * rest
    return k, value


@function
def _power_of_two(k):
    """Return 2^k of a whole number −1022 ≤ k ≤ 1023."""
    bits = np.float64(k + _ROUND).view(np.int64)
    return np.int64((bits + 1023) << 52).view(np.float64)


@function
def exp(x):
    """Return e^x."""
    bounded = _LARGEST if x > _LARGEST else x
    bounded = _SMALLEST if x < _SMALLEST else bounded
    k, value = _reduced(bounded)
    value = 2.0 * ((1.0 + value) * _power_of_two(k - 1.0))
    value = math.inf if x > _LARGEST else value
    return 0.0 if x < _SMALLEST else value


@function
def expm1(x):
    """Return e^x − 1."""
    bounded = _LARGEST if x > _LARGEST else x
    bounded = -40.0 if x < -40.0 else bounded
    k, value = _reduced(bounded)
    half = _power_of_two(k - 1.0)
    value = 2.0 * (half * value + (half - 0.5))
    return math.inf if x > _LARGEST else value


@function
def log(x):
    """Return ln x; −∞ at 0, NaN below."""
    tiny = x < _LEAST_NORMAL
    scaled = x * 2.0**54 if tiny else x
    bits = np.float64(scaled).view(np.int64)
    exponent = float((bits >> 52) - 1023) - (54.0 if tiny else 0.0)
    fraction = np.int64((bits & _FRACTION) | _ONE).view(np.float64)
    large = fraction > _SQRT2
    fraction = 0.5 * fraction if large else fraction
    exponent = exponent + 1.0 if large else exponent
    # ln(1 + f) = f − (f²/2 − s (f²/2 + R)) with s = f/(2 + f) loses least to rounding.
    f = fraction - 1.0
    ratio, half = f / (2.0 + f), 0.5 * f * f
    square, value = ratio * ratio, 0.0
    for coefficient in _ARTANH:
        value = (value + coefficient) * square
    value = half - (ratio * (half + value) + exponent * _LN2_LOW)
    value = exponent * _LN2_HIGH - (value - f)
    value = x if x == math.inf else value
    value = -math.inf if x == 0.0 else value
    return value if x >= 0.0 else math.nan


@function
def log1p(x):
    """Return ln(1 + x)."""
    u = 1.0 + x
    lost = (x - (u - 1.0)) / u
    value = log(u) + (lost if abs(lost) < 1.0 else 0.0)
    return x if x == math.inf else value


@function
def tanh(x):
    """Return the hyperbolic tangent."""
    size = abs(x)
    e = expm1(2.0 * (22.0 if size > 22.0 else size))
    value = e / (e + 2.0)
    return value if x >= 0.0 else -value


@function
def sinh(x):
    """Return the hyperbolic sine."""
    e = expm1(abs(x))
    value = 0.5 * e if e == math.inf else 0.5 * (e + e / (e + 1.0))
    return value if x >= 0.0 else -value


@function
def cosh(x):
    """Return the hyperbolic cosine."""
    e = exp(abs(x))
    return 0.5 * e + 0.5 / e


@function
def pow(x, y):
    """Return x^y, with a relative error of |y ln x| units in the last place.

    A negative x needs a whole y.
    """
    value = exp(y * log(abs(x)))
    value = 1.0 if y == 0.0 else value
    half = 0.5 * y
    whole, odd = y == np.floor(y), half != np.floor(half)
    signed = -value if odd else value
    negative = signed if whole else math.nan
    return negative if x < 0.0 else value
