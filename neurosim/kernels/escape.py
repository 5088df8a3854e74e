"""The soft threshold: a neuron fires by chance, at a rate that its potential sets."""

import math

from neurosim.kernels.compiled import part
from neurosim.kernels.random import counter, open_unit, squares
from neurosim.kernels.types import EXPECTED, SOFTPLUS, STEEPNESS

CLEARLY = 1.0 + 1e-9
"""More than rounding can be off."""


@part
def escapes(excess, soft, link, t, entity, key):
    """Return whether a neuron whose potential exceeds the threshold by `excess` mV fires.

    The number of spikes that its rate makes one expect in the step is y = EXPECTED · link(x) at
    x = excess · STEEPNESS, and it fires with probability 1 − e^−y. Both links are at most e^x, so
    that the probability is at most EXPECTED · e^x: all that most steps need to look at.
    """
    u = open_unit(squares(counter(t, entity), key))
    x = min(excess * soft[STEEPNESS], 700.0)  # where it is certain, before e^x overflows
    grown = math.exp(x)
    if u > CLEARLY * soft[EXPECTED] * grown:
        return False
    if link == SOFTPLUS:
        grown = max(x, 0.0) + math.log1p(math.exp(-abs(x)))
    return u < -math.expm1(-soft[EXPECTED] * grown)
