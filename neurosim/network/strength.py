"""Strengths and delays of connections: what may be given, and what is kept of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.column import MAX_DELAY, PerEdge, is_per_edge
from neurosim.models.distributions import Distribution
from neurosim.models.quantity import is_distribution
from neurosim.utils.checks import check_array, check_number, is_scalar, show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.models.lif import Neuron
    from neurosim.models.synapses import Synapse

MAX_STRENGTH = 1e9
"""Largest strength, in mV or pA."""


def _check_shape(array: NDArray, shape: tuple[int, ...] | None, what: str) -> None:
    if shape is None:
        raise NeurosimError(
            f"{what} is an array, but the rule draws its connections at random: give a number or a "
            "distribution, or an Explicit rule"
        )
    if array.shape != shape:
        raise NeurosimError(f"{what} has shape {array.shape}; it needs {shape}")


def choose_strength(
    psp: Any, weight: Any, synapse: Synapse, neuron: Neuron
) -> tuple[Any, float, str, str]:
    """Return the strength given, its factor to the weight's unit, its name and its unit."""
    if (psp is None) == (weight is None):
        given = "neither was" if psp is None else "both were"
        raise NeurosimError(
            f"Give the strength as psp (mV) or as weight ({synapse.unit}): {given} given"
        )
    if psp is None:
        return weight, 1.0, "weight", synapse.unit
    try:
        return psp, 1.0 / synapse.psp_per_weight(neuron), "psp", "mV"
    except NeurosimError as reason:
        raise NeurosimError(
            f"psp = {show(psp)}: {reason}; give the strength as weight ({synapse.unit})"
        ) from None


def check_strength(
    value: Any, factor: float, what: str, unit: str, shape: tuple[int, ...] | None
) -> float | NDArray[np.float64] | Distribution | PerEdge:
    """Return a strength in the weight's unit.

    Parameters
    ----------
    value : float, array_like, distribution or Column
    factor : float
        From the unit given to the weight's.
    what, unit : str
    shape : tuple of int or None
        Shape that an array must have; None where no array will do.
    """
    if is_per_edge(value):
        return value.scaled(factor)
    if unit == "nS":
        value = _check_conductance(value, what)
    if is_distribution(value):
        low, high = value.extent
        if not -MAX_STRENGTH <= low <= high <= MAX_STRENGTH:
            raise NeurosimError(
                f"{what} = {value} reaches from {low:g} to {high:g} {unit}, beyond "
                f"{-MAX_STRENGTH:g} to {MAX_STRENGTH:g} {unit}: lower its spread, or give it bounds"
            )
        return value.scaled(factor)
    if is_scalar(value):
        return check_number(value, what, unit, -MAX_STRENGTH, MAX_STRENGTH) * factor
    array = check_array(value, what, unit, -MAX_STRENGTH, MAX_STRENGTH, empty=shape == (0,))
    _check_shape(array, shape, what)
    array = array * factor
    array.flags.writeable = False
    return array


def _check_conductance(value: Any, what: str) -> Any:
    """Return a conductance, of a distribution the positive part."""
    if is_distribution(value):
        return value if value.extent[0] >= 0.0 else value.truncated(0.0, math.inf)
    negative = np.asarray(value)[np.less(value, 0.0)]
    if negative.size:
        raise NeurosimError(
            f"{what} = {negative.flat[0]:g} nS: a conductance is positive, and inhibits where its "
            "reversal potential is below the membrane potential"
        )
    return value


def check_drive_strength(
    psp: Any, weight: Any, synapse: Synapse, neuron: Neuron, n_targets: int
) -> float | NDArray[np.float64]:
    """Return the strength of a drive's spikes in the weight's unit.

    Parameters
    ----------
    psp, weight : float or (n_targets,) array_like
        Exactly one.
    synapse : Synapse
    neuron : Neuron
    n_targets : int
    """
    value, factor, what, unit = choose_strength(psp, weight, synapse, neuron)
    strength = check_strength(value, factor, what, unit, (n_targets,))
    if is_distribution(strength) or is_per_edge(strength):
        raise NeurosimError(
            f"{what} of a drive is {show(value)}: give a number, or one number per target"
        )
    return strength


def check_delay(
    value: Any, shape: tuple[int, ...] | None
) -> float | NDArray[np.float64] | Distribution | PerEdge:
    """Return a connection's delay (ms)."""
    if is_per_edge(value):
        return value
    if is_distribution(value):
        try:
            value.truncated(0.0, math.inf)
        except NeurosimError:
            raise NeurosimError(
                f"delay = {value} has next to no positive values: delays are in ms"
            ) from None
        if value.extent[1] > MAX_DELAY:
            raise NeurosimError(
                f"delay = {value} reaches {value.extent[1]:g} ms, beyond {MAX_DELAY:g} ms: lower "
                "its spread, or give it an upper bound"
            )
        return value
    if is_scalar(value):
        delay = check_number(value, "delay", "ms", 0.0, MAX_DELAY)
        if delay == 0.0:
            raise NeurosimError("delay = 0 ms: a spike needs at least one time step to arrive")
        return delay
    array = check_array(value, "delay", "ms", 0.0, MAX_DELAY, empty=shape == (0,))
    _check_shape(array, shape, "delay")
    if not array.all():
        raise NeurosimError("delay holds 0 ms: a spike needs at least one time step to arrive")
    return array
