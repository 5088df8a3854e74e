"""Functions and types that generated block functions use."""

import math

from numba import types

from neurosim.kernels.compiled import compiled

SIGNATURE = types.int32(
    types.int64, *[types.CPointer(types.float64)] * 5, types.CPointer(types.int64), types.int64
)
"""Of a block function: number of neurons, addresses of v, states, current, jump, parameters and
until, and the time step."""

function = compiled(error_model="numpy")
"""Compile a method of a model."""


@function
def current_at(current, neuron, points, x):
    """Return the current of a neuron at fraction x of the time step, by quadratic interpolation.

    The current is known at an odd number of equally spaced points; a parabola goes through three.
    """
    pairs = (points - 1) // 2
    first = min(int(x * pairs), pairs - 1)
    y = 2.0 * (x * pairs - first) - 1.0
    at = neuron * points + 2 * first
    left, middle, right = current[at], current[at + 1], current[at + 2]
    return middle + 0.5 * y * (right - left) + 0.5 * y * y * (left - 2.0 * middle + right)


@function
def slope_ratio(x):
    """Return (e^x - 1) / x, bounded for large x."""
    if abs(x) < 1e-5:
        return 1.0 + 0.5 * x
    return math.expm1(min(x, 700.0)) / x
