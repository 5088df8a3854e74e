"""One step of Hodgkin–Huxley neurons.

The equations are not linear. Each grid step is cut into parts, each integrated by the classical
Runge–Kutta method of fourth order. Where gates or potential relax too fast for this method, a part
is integrated by a split exponential step, which is stable at any rate. Synaptic currents enter
as the exact functions of time that they are between spikes.

A spike is an action potential that rises above 0 mV. NEST's rule, V ≥ 0 at the end of a grid step
and lower than at its start, sets its time; a flag makes it one for each crossing.
"""

import math

from neurosim.kernels.compiled import compiled, inlined
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
    GATES,
    GROUP,
    KIND,
    MOST_G,
    P_SS,
    PER_C,
    PLACE,
    PORT_FIRST,
    PORT_LAST,
    REFRACTORY,
    SLOT,
    STATE,
    STATE_RISE,
    V_HIGH,
    V_LOW,
    V_REST,
)

# Without Python's check for division by zero, which never happens here.
part = compiled(no_cpython_wrapper=True, no_cfunc_wrapper=True, error_model="numpy")

SPIKE = 0.0
"""Potential above which an action potential counts (mV)."""
FASTEST = -2000.0
"""Lowest potential (mV) at which rates of gates are computed: below, e^−V would overflow."""
PIECES = 2**12
"""Largest number of pieces of a stiff part of a step; a power of two."""
TOLERANCE = 1e-4
"""Largest accepted error of a split step (mV); where |V| is above 100 mV, a millionth of |V|."""


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
def _relax(x, opening, closing, step):
    """Return a gate after a time at constant rates."""
    rate = opening + closing
    steady = opening / rate
    return steady + (x - steady) * math.exp(-rate * step)


@part
def _relax_gates(v, m, h, n, step, channels):
    """Return m, h, n after a time (ms) at a constant V relative to rest (mV)."""
    u = max(v + channels[V_REST], FASTEST)
    m = _relax(m, _linear_rate(0.1 * (u + 40.0)), 4.0 * math.exp(-(u + 65.0) / 18.0), step)
    closing = 1.0 / (1.0 + math.exp(-0.1 * (u + 35.0)))
    h = _relax(h, 0.07 * math.exp(-(u + 65.0) / 20.0), closing, step)
    opening = 0.1 * _linear_rate(0.1 * (u + 55.0))
    n = _relax(n, opening, 0.125 * math.exp(-(u + 65.0) / 80.0), step)
    return m, h, n


@part
def _split_step(v, m, h, n, current, step, channels):
    """Advance V and gates by a time (ms): gates for half of it, V for all of it, gates again.

    Each part is exact while the other is constant, so the step is stable at any rate.
    """
    m, h, n = _relax_gates(v, m, h, n, 0.5 * step, channels)
    sodium = channels[G_NA] * m * m * m * h
    potassium = channels[G_K] * n * n * n * n
    total = sodium + potassium + channels[G_L]
    steady = sodium * channels[E_NA] + potassium * channels[E_K] + channels[G_L] * channels[E_L]
    steady = (steady + current * channels[PER_C]) / total - channels[V_REST]
    v = steady + (v - steady) * math.exp(-total * step)
    m, h, n = _relax_gates(v, m, h, n, 0.5 * step, channels)
    return v, m, h, n


@part
def _stiff(v, m, h, n, first, middle, last, step, channels):
    """Advance V and gates by a part of a step, in pieces adapted by step doubling.

    `first`, `middle` and `last` are the current (pA) at the start, middle and end of the part.
    """
    rise, bend = 4.0 * middle - 3.0 * first - last, 2.0 * (first + last) - 4.0 * middle
    done, size = 0, PIECES
    while done < PIECES:
        piece = step * size / PIECES
        x, quarter = (done + 0.5 * size) / PIECES, 0.25 * size / PIECES
        current = first + x * (rise + x * bend)
        v2, m2, h2, n2 = _split_step(v, m, h, n, current, piece, channels)
        x -= quarter
        current = first + x * (rise + x * bend)
        v1, m1, h1, n1 = _split_step(v, m, h, n, current, 0.5 * piece, channels)
        x += 2.0 * quarter
        current = first + x * (rise + x * bend)
        v1, m1, h1, n1 = _split_step(v1, m1, h1, n1, current, 0.5 * piece, channels)
        error = abs(v2 - v1) / max(1.0, 0.01 * abs(v1))
        if error > TOLERANCE and size > 1:
            size //= 2
            continue
        # Richardson extrapolation: the error of a symmetric split step is of third order.
        v, m = v1 + (v1 - v2) / 3.0, m1 + (m1 - m2) / 3.0
        h, n = h1 + (h1 - h2) / 3.0, n1 + (n1 - n2) / 3.0
        done += size
        if error < 0.1 * TOLERANCE and done % (2 * size) == 0:
            size *= 2
    return v, m, h, n


@part
def _relaxation(m, h, n, channels):
    """Return the rate at which V relaxes (per ms)."""
    return channels[G_NA] * m * m * m * h + channels[G_K] * n * n * n * n + channels[G_L]


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
def _integrate(v, gates, course, jump, points, substep, channels, until, t):
    """Advance neurons by a step; return whether any spikes.

    `jump` holds what delta synapses add at the end of the step (mV); on return 1 for the neurons
    that spike, else 0. The last of a neuron's `gates` is 1 while V has risen above 0 mV and no
    spike was counted for it.
    """
    any_spike = False
    h, g, f = substep, substep / 6.0, 0.5 * substep
    centre, reach = 0.5 * (channels[V_LOW] + channels[V_HIGH]), channels[V_HIGH] - channels[V_LOW]
    reach, most_g = 0.5 * reach, channels[MOST_G]
    zero = SPIKE - channels[V_REST]
    for i in range(v.size):
        before = u = v[i]
        m, hh, n, above = gates[4 * i], gates[4 * i + 1], gates[4 * i + 2], gates[4 * i + 3] > 0.0
        over = False
        for j in range(0, points - 1, 2):
            c0 = course[i * points + j]
            c1 = course[i * points + j + 1]
            c2 = course[i * points + j + 2]
            u1, m1, h1, n1 = _slope(u, m, hh, n, c0, channels)
            a = u + f * u1
            u2, m2, h2, n2 = _slope(a, m + f * m1, hh + f * h1, n + f * n1, c1, channels)
            b = u + f * u2
            u3, m3, h3, n3 = _slope(b, m + f * m2, hh + f * h2, n + f * n2, c1, channels)
            c = u + h * u3
            u4, m4, h4, n4 = _slope(c, m + h * m3, hh + h * h3, n + h * n3, c2, channels)
            new = u + g * (u1 + 2.0 * u2 + 2.0 * u3 + u4)
            m4 = m + g * (m1 + 2.0 * m2 + 2.0 * m3 + m4)
            h4 = hh + g * (h1 + 2.0 * h2 + 2.0 * h3 + h4)
            n4 = n + g * (n1 + 2.0 * n2 + 2.0 * n3 + n4)
            # NaN compares false, and so is not stable.
            stable = (abs(u - centre) < reach) & (abs(a - centre) < reach)
            stable &= (abs(b - centre) < reach) & (abs(c - centre) < reach)
            stable &= abs(new - centre) < reach
            if most_g < math.inf:
                stable &= _relaxation(m, hh, n, channels) < most_g
                stable &= _relaxation(m4, h4, n4, channels) < most_g
            if not stable:
                new, m4, h4, n4 = _stiff(u, m, hh, n, c0, c1, c2, h, channels)
            over |= above & (new < zero)
            above = (new >= zero) & (above | (u < zero))
            u, m, hh, n = new, m4, h4, n4
        peak = above and before > u
        spike = (over or peak) and until[i] < t
        # An action potential that began after another one in this step is left for the next.
        above &= over or not (peak and spike)
        v[i] = u + jump[i]
        above |= u < zero <= v[i]
        gates[4 * i], gates[4 * i + 1], gates[4 * i + 2], gates[4 * i + 3] = m, hh, n, above
        jump[i] = spike
        any_spike |= spike
    return any_spike


@part
def _tell(block, group, spikes, until, fired, n_fired, t):
    """Append the ids of a block's neurons that spike to `fired`; return the new count."""
    for i in range(block[BLOCK_FIRST], block[BLOCK_LAST]):
        if spikes[i - block[BLOCK_FIRST]] > 0.0:
            fired[n_fired] = group[FIRST_ID] + i - group[FIRST]
            n_fired += 1
            until[i] = t + group[REFRACTORY]
    return n_fired


@inlined
def update_channels(neurons, channels, inputs, state, scratch, row, fired, first_fired, n_fired, t):
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
        jump = scratch.voltage[:n]
        jump[:] = 0.0
        _inject(scratch.course, state.injected[first:last], points)
        for p in range(group[PORT_FIRST], group[PORT_LAST]):
            port, filters = neurons.ports[p], neurons.filters[p]
            place, slot = block[PLACE] + p - group[PORT_FIRST], row + port[SLOT] + a
            arriving = gather(inputs, place, state, slot, scratch, n, t)
            here, rise, kind = port[STATE] + a, port[STATE_RISE] + a, port[KIND]
            if kind != DELTA:
                step = substep * parts
                synaptic = state.synaptic
                _add_synaptic(scratch.course, synaptic, here, rise, kind, n, points, step, filters)
            filter_port(jump, state.synaptic, here, rise, kind, arriving, filters)
        gate = channels.first_gate[g] + GATES * a
        gates, rates = state.gates[gate : gate + GATES * n], channels.rates[g]
        v, until = state.v[first:last], state.until[first:last]
        if _integrate(v, gates, scratch.course, jump, points, substep, rates, until, t):
            n_fired = _tell(block, group, jump, state.until, fired, n_fired, t)
    if n_fired > before:
        order(fired, first_fired, n_fired)
    return n_fired
