"""One step of neurons with the ion channels of Hodgkin and Huxley.

The equations are not linear: each step is cut into parts, over each of which the classical method
of Runge and Kutta goes, of fourth order. Synaptic currents enter as the exact functions of time
that they are between spikes.
"""

import math

from neurosim.kernels.compiled import inlined, part
from neurosim.kernels.inputs import gather
from neurosim.kernels.neurons import filter_port, order
from neurosim.kernels.types import (
    ALPHA,
    BLOCK_FIRST,
    BLOCK_LAST,
    DELTA,
    E_K,
    E_L,
    E_NA,
    FIRST,
    FIRST_ID,
    G_K,
    G_L,
    G_NA,
    GROUP,
    KIND,
    P_SS,
    PER_C,
    PLACE,
    PORT_FIRST,
    PORT_LAST,
    REFRACTORY,
    SLOT,
    STATE,
    STATE_RISE,
    V_REST,
)

SPIKE = 0.0
"""What an action potential comes above (mV)."""


@part
def _linear_rate(x):
    """Return x/(1 − e^−x), which is 1 + x/2 near 0."""
    return 1.0 + 0.5 * x if abs(x) < 1e-6 else x / -math.expm1(-x)


@part
def _slope(v, m, h, n, current, channels):
    """Return dV/dt (mV per ms) and dm/dt, dh/dt, dn/dt (per ms) at V relative to rest (mV)."""
    u = v + channels[V_REST]
    ionic = channels[G_NA] * m * m * m * h * (u - channels[E_NA])
    ionic += channels[G_K] * n * n * n * n * (u - channels[E_K])
    ionic += channels[G_L] * (u - channels[E_L])
    a = _linear_rate(0.1 * (u + 40.0))
    dm = a - (a + 4.0 * math.exp(-(u + 65.0) / 18.0)) * m
    a = 0.07 * math.exp(-(u + 65.0) / 20.0)
    dh = a - (a + 1.0 / (1.0 + math.exp(-0.1 * (u + 35.0)))) * h
    a = 0.1 * _linear_rate(0.1 * (u + 55.0))
    dn = a - (a + 0.125 * math.exp(-(u + 65.0) / 80.0)) * n
    return current * channels[PER_C] - ionic, dm, dh, dn


@part
def _inject(course, injected, points):
    """Begin the course of the current within the step with what is injected."""
    for i in range(injected.size):
        for j in range(points):
            course[i * points + j] = injected[i]


@part
def _add_synaptic(course, state, place, place_rise, kind, n, points, dt, filters):
    """Add the current that flows through one port in the course of the step."""
    kept = filters[P_SS] ** (1.0 / (points - 1))
    pause = dt / (points - 1)
    for i in range(n):
        current = state[place + i]
        rise = state[place_rise + i] if kind == ALPHA else 0.0
        for j in range(points):
            course[i * points + j] += current + rise * (j * pause)
            current *= kept
            rise *= kept


@part
def _integrate(v, gates, course, jump, points, substep, channels):
    """Advance neurons by one step; return whether any is at the peak of an action potential.

    `jump` holds what delta synapses add at the end of the step (mV); afterwards, 1 for the neurons
    that are at such a peak, and 0.
    """
    any_peak = False
    h = substep
    for i in range(v.size):
        before = u = v[i]
        m, hh, n = gates[3 * i], gates[3 * i + 1], gates[3 * i + 2]
        for j in range(0, points - 1, 2):
            c0 = course[i * points + j]
            c1 = course[i * points + j + 1]
            c2 = course[i * points + j + 2]
            u1, m1, h1, n1 = _slope(u, m, hh, n, c0, channels)
            f = 0.5 * h
            u2, m2, h2, n2 = _slope(u + f * u1, m + f * m1, hh + f * h1, n + f * n1, c1, channels)
            u3, m3, h3, n3 = _slope(u + f * u2, m + f * m2, hh + f * h2, n + f * n2, c1, channels)
            u4, m4, h4, n4 = _slope(u + h * u3, m + h * m3, hh + h * h3, n + h * n3, c2, channels)
            g = h / 6.0
            u += g * (u1 + 2.0 * u2 + 2.0 * u3 + u4)
            m += g * (m1 + 2.0 * m2 + 2.0 * m3 + m4)
            hh += g * (h1 + 2.0 * h2 + 2.0 * h3 + h4)
            n += g * (n1 + 2.0 * n2 + 2.0 * n3 + n4)
        peak = u + channels[V_REST] >= SPIKE and before > u
        v[i] = u + jump[i]
        gates[3 * i], gates[3 * i + 1], gates[3 * i + 2] = m, hh, n
        jump[i] = 1.0 if peak else 0.0
        any_peak |= peak
    return any_peak


@part
def _tell(block, group, peaks, until, fired, n_fired, t):
    """Tell the spikes of a block's neurons; return the place after the last."""
    for i in range(block[BLOCK_FIRST], block[BLOCK_LAST]):
        if peaks[i - block[BLOCK_FIRST]] > 0.0 and until[i] < t:
            fired[n_fired] = group[FIRST_ID] + i - group[FIRST]
            n_fired += 1
            until[i] = t + group[REFRACTORY]
    return n_fired


@inlined
def update_channels(
    neurons, channels, inputs, state, scratch, row, fired, first_fired, n_fired, t, timed
):
    """Advance the neurons with ion channels by one step, of which the input begins at `row`.

    Adds the global ids of those that fired to those from place `first_fired` to `n_fired`, keeps
    all of them ascending, and returns the place after the last.
    """
    substep, parts = channels.substep[0], int(channels.substep[1])
    points, before = 2 * parts + 1, n_fired
    for k in range(channels.blocks.size):
        block = neurons.blocks[channels.blocks[k]]
        g = block[GROUP]
        group, first, last = neurons.groups[g], block[BLOCK_FIRST], block[BLOCK_LAST]
        a, n = first - group[FIRST], last - first
        jump, arriving = scratch.voltage[:n], scratch.arriving[:n]
        jump[:] = 0.0
        _inject(scratch.course, state.injected[first:last], points)
        for p in range(group[PORT_FIRST], group[PORT_LAST]):
            port, filters = neurons.ports[p], neurons.filters[p]
            place, slot = block[PLACE] + p - group[PORT_FIRST], row + port[SLOT] + a
            gather(inputs, place, state, slot, scratch, arriving, t, timed)
            here, rise, kind = port[STATE] + a, port[STATE_RISE] + a, port[KIND]
            if kind != DELTA:
                step = substep * parts
                synaptic = state.synaptic
                _add_synaptic(scratch.course, synaptic, here, rise, kind, n, points, step, filters)
            filter_port(jump, state.synaptic, here, rise, kind, arriving, filters)
        gate = channels.first_gate[g] + 3 * a
        gates, rates = state.gates[gate : gate + 3 * n], channels.rates[g]
        if _integrate(state.v[first:last], gates, scratch.course, jump, points, substep, rates):
            n_fired = _tell(block, group, jump, state.until, fired, n_fired, t)
    if n_fired > before:
        order(fired, first_fired, n_fired)
    return n_fired
