"""Exact propagators of the leaky membrane and of its synaptic currents over one step.

S. Rotter & M. Diesmann, Biological Cybernetics 81, 381 (1999). Written so that equal time constants
of membrane and synapse, where the textbook formula divides zero by zero, are no special case.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import exprel

from neurosim.kernels.types import (
    ALPHA,
    DELTA,
    EQUATIONS,
    EXPECTED,
    EXPONENTIAL,
    EXPONENTIAL_LINK,
    GAIN,
    HETEROGENEOUS,
    MODEL,
    P_SR,
    P_SS,
    P_VI,
    P_VR,
    P_VS,
    P_VV,
    RESET,
    SHARP,
    SOFT_THRESHOLD,
    SOFTPLUS,
    STEEPNESS,
    SUBTRACT,
    THRESHOLD,
)
from neurosim.models import AlphaCurrent, DeltaSynapse, ExpCurrent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.models import Neuron


LINKS = {"softplus": SOFTPLUS, "exponential": EXPONENTIAL_LINK}
"""What kernels call the links of `EscapeRate`."""
FILTERS: dict[type, int] = {DeltaSynapse: DELTA, ExpCurrent: EXPONENTIAL, AlphaCurrent: ALPHA}
"""What kernels call the built-in synapse models."""


def _ramp_exponential(x: float) -> float:
    """Return ∫₀¹ y·exp(x·y) dy, to rounding error for every x."""
    if abs(x) > 1.0:
        return (math.exp(x) * (x - 1.0) + 1.0) / (x * x)
    term, total = 1.0, 0.5
    for k in range(1, 24):
        term *= x / k
        total += term / (k + 2)
    return total


def membrane_factors(tau_m: float, c_m: float, dt: float) -> tuple[float, float]:
    """Return the propagators V → V and I → V (mV per pA) of a leaky membrane."""
    if math.isinf(tau_m):  # no leak: the limit of the line below
        return 1.0, dt / c_m
    return math.exp(-dt / tau_m), -(tau_m / c_m) * math.expm1(-dt / tau_m)


def membrane(neuron: Neuron, dt: float) -> NDArray[np.float64]:
    """Return the row of `Neurons.dynamics` of a neuron.

    A current injected into a neuron whose equations are compiled apart, or that differs from
    others of its population, stays in pA.
    """
    row = np.zeros(5)
    if not (neuron.is_linear and neuron.is_uniform):
        row[P_VI], row[THRESHOLD] = 1.0, np.inf
        return row
    row[P_VV], row[P_VI] = membrane_factors(neuron.tau_m, neuron.c_m, dt)
    row[THRESHOLD] = np.inf if neuron.escape else neuron.v_threshold - neuron.v_rest
    row[RESET] = neuron.v_reset - neuron.v_rest
    row[SUBTRACT] = getattr(neuron, "subtract", 0.0)
    return row


def escape(neuron: Neuron, dt: float) -> tuple[int, NDArray[np.float64]]:
    """Return a neuron's manner of firing and its row of `Neurons.escape`."""
    row = np.zeros(3)
    if not neuron.is_linear:
        return MODEL, row
    if neuron.escape is not None:
        row[STEEPNESS] = 1.0 / neuron.escape.delta
        row[EXPECTED] = dt / neuron.escape.tau
    if not neuron.is_uniform:
        return HETEROGENEOUS, row
    if neuron.escape is not None:
        row[SOFT_THRESHOLD] = neuron.v_threshold - neuron.v_rest
    return link_of(neuron), row


def link_of(neuron: Neuron) -> int:
    """Return what kernels call the link of a neuron's soft threshold; `SHARP` where it has none."""
    return SHARP if neuron.escape is None else LINKS[neuron.escape.link]


def port_kind(synapse: Any) -> int:
    """Return what kernels call a synapse model."""
    return EQUATIONS if synapse.has_equations else FILTERS[type(synapse)]


def synapse_filter(synapse: Any, neuron: Neuron, dt: float) -> tuple[int, NDArray[np.float64]]:
    """Return a port's kind and its row of `Neurons.filters`."""
    row = np.zeros(5)
    row[GAIN] = 1.0
    kind = port_kind(synapse)
    if kind in (DELTA, EQUATIONS):
        return kind, row
    row[P_SS] = math.exp(-dt / synapse.tau)
    if kind == ALPHA:
        row[P_SR] = dt * row[P_SS]
        row[GAIN] = math.e / synapse.tau
    if neuron.is_linear and neuron.is_uniform:
        row[P_VS], row[P_VR] = filter_of_current(synapse, neuron.tau_m, neuron.c_m, dt)
    return kind, row


def filter_of_current(synapse: Any, tau_m: float, c_m: float, dt: float) -> tuple[float, float]:
    """Return what one unit of a synaptic current, and of its rising variable, add to V in a step.

    The response of V to a current exp(−t/τs) is h·exp(−h/τm)·exprel(h/τm − h/τs)/C after a step h,
    which has no singularity at τs = τm.
    """
    kind = FILTERS.get(type(synapse), DELTA)
    if kind == DELTA:
        return 0.0, 0.0
    x = dt / tau_m - dt / synapse.tau
    decayed = math.exp(-dt / tau_m) / c_m
    rising = dt * dt * decayed * _ramp_exponential(x) if kind == ALPHA else 0.0
    return dt * decayed * float(exprel(x)), rising


def noise_per_step(tau_m: float, dt: float) -> float:
    """Return the s.d. added in a step so that the free membrane has a s.d. of one."""
    return math.sqrt(-math.expm1(-2.0 * dt / tau_m))
