"""Strengths and delays of connections: what may be given, and what is kept of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.network.checks import check_array, check_number
from neurosim.network.distributions import Distribution, LogNormal, Normal, Uniform
from neurosim.network.rules import AllToAll, Explicit, OneToOne, Rule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.network.neurons import LIF

STRONGEST = 1e9
"""Largest strength, in mV or pA."""
LONGEST = 1e5
"""Longest delay (ms)."""


def per_synapse_shape(rule: Rule, n_sources: int, n_targets: int) -> tuple[int, ...] | None:
    """Return the shape of an array with one value per synapse, or None where none is possible."""
    if isinstance(rule, AllToAll):
        return (n_sources, n_targets)
    if isinstance(rule, OneToOne):
        return (n_sources,)
    return (len(rule.sources),) if isinstance(rule, Explicit) else None


def _check_shape(array: NDArray, shape: tuple[int, ...] | None, what: str) -> None:
    if shape is None:
        raise NeurosimError(
            f"{what} is an array, but the rule draws its connections at random: give a number or a "
            "distribution, or an Explicit rule"
        )
    if array.shape != shape:
        raise NeurosimError(f"{what} has shape {array.shape}; this rule needs {shape}")


def choose_strength(
    psp: Any, weight: Any, synapse: Any, neuron: LIF
) -> tuple[Any, float, str, str]:
    """Return the strength given, its factor to the weight's unit, its name and its unit."""
    if (psp is None) == (weight is None):
        given = "neither was given" if psp is None else "both were given"
        raise NeurosimError(f"Give the strength as psp (mV) or as weight ({synapse.unit}); {given}")
    if psp is None:
        return weight, 1.0, "weight", synapse.unit
    return psp, 1.0 / synapse.psp_per_weight(neuron), "psp", "mV"


def check_strength(
    value: Any, factor: float, what: str, unit: str, shape: tuple[int, ...] | None
) -> float | NDArray[np.float64] | Distribution:
    """Return a strength in the weight's unit.

    Parameters
    ----------
    value : float, array_like or distribution
    factor : float
        From the unit given to the weight's.
    what, unit : str
    shape : tuple of int or None
        Shape that an array must have; None where no array will do.
    """
    if isinstance(value, (Normal, Uniform, LogNormal)):
        return value.scaled(factor)
    if np.ndim(value) == 0:
        return check_number(value, what, unit, -STRONGEST, STRONGEST) * factor
    array = check_array(value, what, unit, -STRONGEST, STRONGEST) * factor
    _check_shape(array, shape, what)
    array.flags.writeable = False
    return array


def sign_of(weight: float | NDArray[np.float64] | Distribution) -> int | None:
    """Return +1 or −1, 0 where there is no strength at all, None where both signs occur."""
    if isinstance(weight, (Normal, Uniform, LogNormal)):
        return weight.sign or None
    positive, negative = bool(np.any(np.asarray(weight) > 0)), bool(np.any(np.asarray(weight) < 0))
    return None if positive and negative else int(positive) - int(negative)


def keep_sign(weight: float | NDArray[np.float64] | Distribution) -> Any:
    """Truncate a distribution at 0, on the side of its mean."""
    if not isinstance(weight, (Normal, Uniform, LogNormal)) or weight.sign != 0:
        return weight
    if weight.mean > 0.0:
        return weight.truncated(0.0, math.inf)
    return weight.truncated(-math.inf, 0.0) if weight.mean < 0.0 else weight


def check_delay(
    value: Any, shape: tuple[int, ...] | None
) -> float | NDArray[np.float64] | Distribution:
    """Return a connection's delay (ms)."""
    if isinstance(value, (Normal, Uniform, LogNormal)):
        if (
            value.bounds[1] <= 0.0
            or value.quantiles()[1] <= value.truncated(0.0, math.inf).quantiles()[0]
        ):
            raise NeurosimError(f"delay = {value} has no positive values: delays are in ms")
        return value
    if np.ndim(value) == 0:
        delay = check_number(value, "delay", "ms", 0.0, LONGEST)
        if delay == 0.0:
            raise NeurosimError("delay = 0 ms: a spike needs at least one time step to arrive")
        return delay
    array = check_array(value, "delay", "ms", 0.0, LONGEST)
    _check_shape(array, shape, "delay")
    if array.min() == 0.0:
        raise NeurosimError("delay holds 0 ms: a spike needs at least one time step to arrive")
    return array
