"""Checks and conversion of strengths and delays of connections."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.column import MAX_DELAY, PerEdge, is_per_edge
from neurosim.models.distributions import Distribution
from neurosim.models.quantity import check_extent, is_distribution
from neurosim.utils.checks import check_array, check_number, is_scalar, show
from neurosim.utils.frozen import read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.models.neuron import Neuron
    from neurosim.models.synapses import Synapse

MAX_STRENGTH = 1e9
"""Largest strength, in mV or pA."""


def _check_numbers(
    value: Any, name: str, unit: str, low: float, high: float, shape: tuple[int, ...] | None
) -> float | NDArray[np.float64]:
    """Return a checked number, or an array with one number per synapse."""
    if is_scalar(value):
        return check_number(value, name, unit, low, high)
    array = check_array(value, name, unit, low, high, empty=shape == (0,))
    if shape is None:
        raise NeurosimError(
            f"{name} is an array, but the rule draws its connections at random: give a number or a "
            "distribution, or use an Explicit rule"
        )
    if array.shape != shape:
        raise NeurosimError(f"{name} has shape {array.shape}; expected {shape}")
    return array


def choose_strength(
    psp: Any, weight: Any, synapse: Synapse, neuron: Neuron
) -> tuple[Any, float, str, str]:
    """Return the strength, its conversion factor to a weight, its name and its unit."""
    if (psp is None) == (weight is None):
        given = "neither was" if psp is None else "both were"
        raise NeurosimError(
            f"Give the strength as psp (mV) or as weight ({synapse.unit}): {given} given"
        )
    if psp is None:
        return weight, 1.0, "weight", synapse.unit
    try:
        factor = 1.0 / neuron.psp_per_weight(synapse)
    except NeurosimError as reason:
        raise NeurosimError(
            f"psp = {show(psp)}: {reason}; give the strength as weight ({synapse.unit})"
        ) from None
    if synapse.unit == "nS":
        psp = _check_sign(psp, factor, synapse)
    return psp, factor, "psp", "mV"


def _check_sign(psp: Any, factor: float, synapse: Synapse) -> Any:
    """Return the PSP of a conductance, if it has the sign of the driving force at rest.

    A distribution is truncated to values of this sign.
    """
    low, high = (0.0, math.inf) if factor > 0.0 else (-math.inf, 0.0)
    if is_distribution(psp):
        return psp if low <= psp.extent[0] <= psp.extent[1] <= high else psp.truncated(low, high)
    if is_per_edge(psp) or not np.any(np.multiply(psp, factor) < 0.0):
        return psp
    effect, sign = ("excites", "positive") if factor > 0.0 else ("inhibits", "negative")
    raise NeurosimError(f"psp = {show(psp)}: {synapse} {effect} at rest, so psp is {sign}")


def check_strength(
    value: Any, factor: float, name: str, unit: str, shape: tuple[int, ...] | None
) -> float | NDArray[np.float64] | Distribution | PerEdge:
    """Return a checked strength in the unit of the weight.

    Parameters
    ----------
    value : float, array_like, distribution or Column
    factor : float
        Conversion factor from the given unit to the unit of the weight.
    name, unit : str
    shape : tuple of int or None
        Shape of arrays; None if arrays are not allowed.
    """
    if is_per_edge(value):
        return value.scaled(factor)
    if unit == "nS":
        value = _check_conductance(value, name)
    limits = name, unit, -MAX_STRENGTH, MAX_STRENGTH
    if is_distribution(value):
        check_extent(value, *limits)
        return value.scaled(factor)
    checked = _check_numbers(value, *limits, shape) * factor
    return checked if isinstance(checked, float) else read_only(checked)


def _check_conductance(value: Any, name: str) -> Any:
    """Return a conductance; a distribution is truncated to positive values."""
    if is_distribution(value):
        return value if value.extent[0] >= 0.0 else value.truncated(0.0, math.inf)
    negative = np.asarray(value)[np.less(value, 0.0)]
    if negative.size:
        raise NeurosimError(negative_conductance(name, negative.flat[0]))
    return value


def negative_conductance(name: str, value: float) -> str:
    """Return the message about a negative conductance (nS)."""
    return (
        f"{name} = {value:g} nS: a conductance is positive, and inhibits where its reversal "
        "potential is below the membrane potential"
    )


def check_drive_strength(
    psp: Any, weight: Any, synapse: Synapse, neuron: Neuron, n_targets: int
) -> float | NDArray[np.float64]:
    """Return the checked strength of the spikes of a drive in the unit of the weight.

    Parameters
    ----------
    psp, weight : float or (n_targets,) array_like
        Exactly one.
    synapse : Synapse
    neuron : Neuron
    n_targets : int
    """
    value, factor, name, unit = choose_strength(psp, weight, synapse, neuron)
    strength = check_strength(value, factor, name, unit, (n_targets,))
    if is_distribution(strength) or is_per_edge(strength):
        raise NeurosimError(
            f"{name} = {show(value)} of a drive: give a number, or one number per target"
        )
    return strength


def check_delay(
    value: Any, shape: tuple[int, ...] | None
) -> float | NDArray[np.float64] | Distribution | PerEdge:
    """Return a checked delay (ms)."""
    if is_per_edge(value):
        return value
    if is_distribution(value):
        try:
            positive = value.truncated(0.0, math.inf)
        except NeurosimError:
            raise NeurosimError(
                f"delay = {value} has almost no positive values: delays are in ms"
            ) from None
        check_extent(positive, "delay", "ms", 0.0, MAX_DELAY)
        return value
    delay = _check_numbers(value, "delay", "ms", 0.0, MAX_DELAY, shape)
    if not np.all(delay):
        raise NeurosimError("delay = 0 ms: a spike needs at least one time step to arrive")
    return delay
