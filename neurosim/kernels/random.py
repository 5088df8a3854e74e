"""Random numbers as a pure function of (key, counter).

Generators have no state. The number of neuron i at step t does not depend on the thread that draws
it, or on interruptions of the run.
"""

import numpy as np

from neurosim.kernels.compiled import helper

_12 = np.uint64(12)
_32 = np.uint64(32)


@helper
def squares(counter, key):
    """Return 64 random bits: five rounds of squaring, "squares64".

    B. Widynski, *Squares: A Fast Counter-Based RNG*, arXiv:2004.06278 (2020).
    """
    x = counter * key  # wraps modulo 2⁶⁴, like all products here
    y = x
    z = y + key
    x = x * x + y
    x = (x >> _32) | (x << _32)
    x = x * x + z
    x = (x >> _32) | (x << _32)
    x = x * x + y
    x = (x >> _32) | (x << _32)
    t = x * x + z
    x = (t >> _32) | (t << _32)
    return t ^ ((x * x + y) >> _32)


@helper
def counter(major, minor):
    """Join two integers below 2**32 into one counter."""
    return (np.uint64(major) << _32) | np.uint64(minor)


@helper
def open_unit(bits):
    """Map 64 random bits to a float strictly between 0 and 1.

    The values are the middles of 2**52 cells.
    """
    return (np.float64(np.int64(bits >> _12)) + 0.5) * 2.220446049250313e-16


@helper
def below(bits, n):
    """Map 64 random bits to an integer from 0 to n − 1, where n < 2**32.

    The integers are equally likely, within 2**-32.
    """
    return np.int64(((bits >> _32) * np.uint64(n)) >> _32)
