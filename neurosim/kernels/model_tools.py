"""Functions and types that generated block functions use."""

import numba
from numba import types

from neurosim.kernels.model_math import expm1
from neurosim.kernels.model_math import function as compiled

SIGNATURE = types.int32(
    types.int64,
    *[types.CPointer(types.float64)] * 5,
    types.CPointer(types.int64),
    types.CPointer(types.float64),
    types.int64,
)
"""Of a block function: number of neurons, addresses of v, states, current, jump, parameters, until
and work, and the time step."""

# The embedded pair of Fehlberg: E. Fehlberg, NASA Technical Report R-315 (1969), table III.
STAGES = (
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
    1 / 4, 0.0, 0.0, 0.0, 0.0, 0.0,
    3 / 32, 9 / 32, 0.0, 0.0, 0.0, 0.0,
    1932 / 2197, -7200 / 2197, 7296 / 2197, 0.0, 0.0, 0.0,
    439 / 216, -8.0, 3680 / 513, -845 / 4104, 0.0, 0.0,
    -8 / 27, 2.0, -3544 / 2565, 1859 / 4104, -11 / 40, 0.0,
)  # fmt: skip
"""Weights of the earlier slopes at each of six stages, row by row."""
FIFTH = (16 / 135, 0.0, 6656 / 12825, 28561 / 56430, -9 / 50, 2 / 55)
"""Weights of the slopes in the solution of fifth order."""
OFF = (1 / 360, 0.0, -128 / 4275, -2197 / 75240, 1 / 50, 2 / 55)
"""The same minus those of fourth order."""

called = numba.njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""Compile a part of a block function, with which it is cached."""
function = numba.njit(
    error_model="numpy", forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True
)
"""The same for a short function that is computed for several neurons at once."""

STEEPEST = 200.0
"""A potential that grows by e^200 in an internal step has passed any threshold, and is finite."""


@compiled
def current_at(current, neuron, n, points, x):
    """Return the current of a neuron at fraction x of the time step.

    The interpolation is quadratic.

    The current of n neurons is known at an odd number of equally spaced points; a parabola goes
    through three of them.
    """
    pairs = (points - 1) // 2
    first = min(int(x * pairs), pairs - 1)
    y = 2.0 * (x * pairs - first) - 1.0
    at = 2 * first * n + neuron
    left, middle, right = current[at], current[at + n], current[at + 2 * n]
    return middle + 0.5 * y * (right - left) + 0.5 * y * y * (left - 2.0 * middle + right)


@compiled
def slope_ratio(x):
    """Return (e^x - 1) / x, for x of at most `STEEPEST`."""
    x = min(x, STEEPEST)
    small = abs(x) < 1e-5
    return 1.0 + 0.5 * x if small else expm1(x) / x


@compiled
def larger(x, y):
    """Return the number with the larger absolute value."""
    return x if abs(x) > abs(y) else y
