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

called = numba.njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""Compile a part of a block function, with which it is cached."""
function = numba.njit(
    error_model="numpy", forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True
)
"""The same for a short function that is computed for several neurons at once."""


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
    """Return (e^x - 1) / x."""
    small = abs(x) < 1e-5
    return 1.0 + 0.5 * x if small else expm1(x) / x
