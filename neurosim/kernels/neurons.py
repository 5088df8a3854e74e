"""One step of leaky integrate-and-fire neurons with exact propagators.

Between spikes the equations are linear, so one step is a matrix product without any error of
integration: S. Rotter & M. Diesmann, *Exact digital simulation of time-invariant linear systems
with applications to neuronal modeling*, Biological Cybernetics 81, 381 (1999).
"""

import numba

from neurosim.kernels.types import (
    ALPHA,
    BLOCK,
    EXPONENTIAL,
    FIRST,
    FIRST_ID,
    GAIN,
    HAS_CURRENT,
    KIND,
    LAST,
    P_SR,
    P_SS,
    P_VI,
    P_VR,
    P_VS,
    P_VV,
    PORT_FIRST,
    PORT_LAST,
    REFRACTORY,
    RESET,
    SLOT,
    STATE,
    STATE_RISE,
    THRESHOLD,
)


@numba.njit(cache=True, nogil=True)
def _filter_exponential(voltage, synaptic, arriving, p_ss, p_vs):
    """Decay an exponential current, add what it does to V, and take in what arrived."""
    for i in range(voltage.size):
        current = synaptic[i]
        voltage[i] += p_vs * current
        synaptic[i] = p_ss * current + arriving[i]
        arriving[i] = 0.0


@numba.njit(cache=True, nogil=True)
def _filter_alpha(voltage, synaptic, rise, arriving, filters):
    """Advance an alpha current, add what it does to V, and take in what arrived."""
    p_ss, p_vs, p_sr, p_vr = filters[P_SS], filters[P_VS], filters[P_SR], filters[P_VR]
    gain = filters[GAIN]
    for i in range(voltage.size):
        current = synaptic[i]
        slope = rise[i]
        voltage[i] += p_vs * current + p_vr * slope
        synaptic[i] = p_ss * current + p_sr * slope
        rise[i] = p_ss * slope + gain * arriving[i]
        arriving[i] = 0.0


@numba.njit(cache=True, nogil=True)
def _jump(voltage, arriving):
    """Add what arrived to V at once."""
    for i in range(voltage.size):
        voltage[i] += arriving[i]
        arriving[i] = 0.0


@numba.njit(cache=True, nogil=True)
def _integrate(v, refractory, voltage, dynamics):
    """Advance V by one step, hold it at reset while refractory; return how many crossed."""
    p_vv, threshold, reset = dynamics[P_VV], dynamics[THRESHOLD], dynamics[RESET]
    crossed = 0
    for i in range(v.size):
        rest = refractory[i]
        free = p_vv * v[i] + voltage[i]
        new = reset if rest > 0 else free
        v[i] = new
        refractory[i] = rest - 1 if rest > 0 else 0
        crossed += new > threshold
    return crossed


@numba.njit(cache=True, nogil=True, inline="always")
def _advance_block(neurons, g, first, last, state, voltage):
    """Advance the local neurons first … last − 1 of group g; return how many crossed."""
    group = neurons.groups[g]
    dynamics = neurons.dynamics[g]
    voltage = voltage[: last - first]
    if group[HAS_CURRENT]:
        p_vi = dynamics[P_VI]
        injected = state.injected[first:last]
        for i in range(voltage.size):
            voltage[i] = p_vi * injected[i]
    else:
        voltage[:] = 0.0
    for p in range(group[PORT_FIRST], group[PORT_LAST]):
        port = neurons.ports[p]
        filters = neurons.filters[p]
        a, b = first - group[FIRST], last - group[FIRST]
        arriving = state.buffer[port[SLOT] + a : port[SLOT] + b]
        synaptic = state.synaptic[port[STATE] + a : port[STATE] + b]
        if port[KIND] == EXPONENTIAL:
            _filter_exponential(voltage, synaptic, arriving, filters[P_SS], filters[P_VS])
        elif port[KIND] == ALPHA:
            rise = state.synaptic[port[STATE_RISE] + a : port[STATE_RISE] + b]
            _filter_alpha(voltage, synaptic, rise, arriving, filters)
        else:
            _jump(voltage, arriving)
    return _integrate(state.v[first:last], state.refractory[first:last], voltage, dynamics)


@numba.njit(cache=True, nogil=True, inline="always")
def update(neurons, state, voltage, fired, n_fired):
    """Advance every neuron by one step.

    Writes the global ids of those that fired into `fired` from place `n_fired` on, ascending, and
    returns the place after the last.
    """
    for g in range(neurons.groups.shape[0]):
        group = neurons.groups[g]
        threshold = neurons.dynamics[g, THRESHOLD]
        for first in range(group[FIRST], group[LAST], BLOCK):
            last = min(first + BLOCK, group[LAST])
            if _advance_block(neurons, g, first, last, state, voltage) == 0:
                continue
            for i in range(first, last):
                if state.v[i] > threshold:
                    state.v[i] = neurons.dynamics[g, RESET]
                    state.refractory[i] = group[REFRACTORY]
                    fired[n_fired] = group[FIRST_ID] + i - group[FIRST]
                    n_fired += 1
    return n_fired
