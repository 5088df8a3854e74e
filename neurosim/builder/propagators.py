"""Exact propagators of the leaky membrane and its synaptic currents.

A propagator advances the state by one step.

S. Rotter & M. Diesmann, Biological Cybernetics 81, 381 (1999). The form used here is
regular for equal time constants of membrane and synapse. The textbook formula divides zero by zero.
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
    EXPONENTIAL,
    GROUP,
    INJECTED,
    PORT,
    SpikeMechanism,
)
from neurosim.models import AlphaCurrent, DeltaSynapse, ExpCurrent
from neurosim.models.synapses.currents import InjectedCurrent

if TYPE_CHECKING:
    from neurosim.models import Neuron


LINKS = {"softplus": SpikeMechanism.SOFTPLUS, "exponential": SpikeMechanism.EXPONENTIAL}
"""Mechanism for each link of `EscapeRate`."""
FILTERS: dict[type, int] = {DeltaSynapse: DELTA, ExpCurrent: EXPONENTIAL, AlphaCurrent: ALPHA}
"""Kind of port for each built-in synapse model."""


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


def membrane(neuron: Neuron, dt: float) -> np.record:
    """Return the GROUP record of a neuron.

    It has the propagators, the threshold and the spike mechanism.

    A current injected into a neuron with compiled equations, or whose parameters differ within the
    population, stays in pA.
    """
    group = np.zeros(1, GROUP)[0]
    group.mechanism = mechanism(neuron)
    if neuron.is_linear and neuron.escape is not None:
        group.steepness = 1.0 / neuron.escape.delta
        group.expected = dt / neuron.escape.tau
    if not (neuron.is_linear and neuron.is_uniform):
        group.p_vi, group.threshold = 1.0, np.inf
        return group
    group.p_vv, group.p_vi = membrane_factors(neuron.tau_m, neuron.c_m, dt)
    threshold = neuron.v_threshold - neuron.v_rest
    group.threshold = np.inf if neuron.escape else threshold
    group.soft_threshold = threshold if neuron.escape else 0.0
    group.reset = neuron.v_reset - neuron.v_rest
    group.subtract = getattr(neuron, "subtract", 0.0)
    return group


def mechanism(neuron: Neuron) -> SpikeMechanism:
    """Return the spike mechanism of a neuron."""
    if not neuron.is_linear:
        return SpikeMechanism.MODEL
    return link_of(neuron) if neuron.is_uniform else SpikeMechanism.HETEROGENEOUS


def link_of(neuron: Neuron) -> SpikeMechanism:
    """Return the link of a neuron's escape noise, `THRESHOLD` without escape noise."""
    return SpikeMechanism.THRESHOLD if neuron.escape is None else LINKS[neuron.escape.link]


def port_kind(synapse: Any) -> int:
    """Return the kind of port of a synapse model."""
    if isinstance(synapse, InjectedCurrent):
        return INJECTED
    return EQUATIONS if synapse.integrated.has_equations else FILTERS[type(synapse)]


def synapse_port(synapse: Any, neuron: Neuron, dt: float) -> np.record:
    """Return the PORT record of a synapse model, with kind and propagators."""
    port = np.zeros(1, PORT)[0]
    port.gain = 1.0
    port.kind = port_kind(synapse)
    if port.kind in (DELTA, EQUATIONS, INJECTED):
        return port
    port.p_ss = math.exp(-dt / synapse.tau)
    if port.kind == ALPHA:
        port.p_sr = dt * port.p_ss
        port.gain = math.e / synapse.tau
    if neuron.is_linear and neuron.is_uniform:
        port.p_vs, port.p_vr = filter_of_current(synapse, neuron.tau_m, neuron.c_m, dt)
    return port


def filter_of_current(synapse: Any, tau_m: float, c_m: float, dt: float) -> tuple[float, float]:
    """Return the propagators I → V and rise → V of a synaptic current.

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
    """Return the s.d. of noise per step for which the free membrane has a s.d. of one."""
    return math.sqrt(-math.expm1(-2.0 * dt / tau_m))
