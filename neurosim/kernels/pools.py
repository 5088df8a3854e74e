"""Pools of NMDA synapses.

An NMDA *pool* is a population of presynaptic neurons that project to all neurons of some
populations with one delay. Its gating variables are advanced once per presynaptic neuron and step.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from neurosim.kernels.address import addressed
from neurosim.kernels.compiled import helper
from neurosim.kernels.model_math import exp, function
from neurosim.kernels.tables import record, tables_at

POOL = record(
    first_source=np.int64,  # global id of the first neuron of the population
    n_sources=np.int64,  # neurons of the population
    first_position=np.int64,  # first entry in `positions`
    first_value=np.int64,  # first entry in `State.gating`
    size=np.int64,  # neurons of the pool
    delay=np.int64,  # steps
    transmission=np.int64,  # row of `State.efficacy`; −1: the efficacy is 1
    alpha=np.float64,  # per ms
    tau_rise=np.float64,  # ms
    tau_decay=np.float64,  # ms
)
"""Presynaptic neurons that project all-to-all with one delay."""

POOL_PORT = record(
    state=np.int64,  # index of s of the first neuron in `State.states`
    stride=np.int64,  # states per neuron
    n_neurons=np.int64,  # on the thread
    first_input=np.int64,
    stop_input=np.int64,
)
"""A synaptic port of a population that receives the gating variables of pools."""

POOL_INPUT = record(
    pool=np.int64,
    weight=np.float64,  # nS
    first_target=np.int64,  # first entry in `targets`
    n_targets=np.int64,  # −1: all neurons of the port
    first_own=np.int64,  # first entry in `own`
    n_own=np.int64,  # neurons that do not receive their own spikes
)
"""The projection of a pool to a port."""


class Pools(NamedTuple):
    """NMDA pools, and the neurons of a thread that receive their sums.

    Attributes
    ----------
    pools : (n_pools,) POOL
    ports : (n_ports,) POOL_PORT
    inputs : (n_inputs,) POOL_INPUT
    positions : (n,) int64
        Index in its pool of each neuron of the source population, −1 if it is not part of it.
    targets : (n,) int64
        Neurons of the thread's part of a population.
    own : (n, 2) int64
        Neurons of the thread's part of a population, and their index in the pool.
    middle, end : (n_gating,) float64
        Scratch: s of each presynaptic neuron in the middle and at the end of the step.
    sums : (n_pools, 3) float64
        Scratch: sum of s over a pool at the start of the step, its derivative and second
        derivative.
    dt : (1,) float64
        ms.
    """

    pools: Any
    ports: Any
    inputs: Any
    positions: Any
    targets: Any
    own: Any
    middle: Any
    end: Any
    sums: Any
    dt: Any


@function
def _closed(y, opening, leak, bend):
    """Return the closed fraction y of channels half a step later.

    It obeys y' = -b y + 1/tau_decay with b = 1/tau_decay + alpha x. `leak` and `opening` are the
    integrals of the two terms of b. The last term is integrated as if b were constant, and
    corrected by `bend` for its decrease with x.
    """
    k = leak + opening
    kept = exp(-k)
    return y * kept + leak * ((1.0 - kept) / k + bend * math.sqrt(kept))


@helper
def _advance_gating(pool, x, s, middle, end, dt):
    """Compute s of each neuron of a pool in the middle and at the end of a step."""
    half = 0.5 * dt
    decay, leak = exp(-half / pool.tau_rise), half / pool.tau_decay
    opening = pool.alpha * pool.tau_rise * (1.0 - decay)  # for x = 1
    bend = pool.alpha * half**2 / (12.0 * pool.tau_rise) * math.sqrt(decay)
    for i in range(x.size):
        y = _closed(1.0 - s[i], opening * x[i], leak, bend * x[i])
        middle[i] = 1.0 - y
        end[i] = 1.0 - _closed(y, opening * x[i] * decay, leak, bend * x[i] * decay)


@helper
def _parabola(start, middle, end, dt):
    """Return value, first and second derivative at the start of a parabola through 3 points."""
    return (
        start,
        (4.0 * middle - 3.0 * start - end) / dt,
        4.0 * (start - 2.0 * middle + end) / dt**2,
    )


@helper
def _add_to(states, index, weight, s, slope, curvature):
    """Add weighted values to the three states of a neuron."""
    states[index] += weight * s
    states[index + 1] += weight * slope
    states[index + 2] += weight * curvature


@helper
def _set_port(pools, port, state):
    """Set the states of a port's neurons to the weighted sums of all pools that project to it."""
    states, inputs, dt = state.states, pools.inputs, pools.dt[0]
    s, slope, curvature = 0.0, 0.0, 0.0
    for k in range(port.first_input, port.stop_input):
        if inputs[k].n_targets < 0:
            total = pools.sums[inputs[k].pool]
            s += inputs[k].weight * total[0]
            slope += inputs[k].weight * total[1]
            curvature += inputs[k].weight * total[2]
    for i in range(port.n_neurons):
        index = port.state + i * port.stride
        states[index], states[index + 1], states[index + 2] = s, slope, curvature
    for k in range(port.first_input, port.stop_input):
        one = inputs[k]
        total = pools.sums[one.pool]
        for j in range(one.first_target, one.first_target + one.n_targets):
            index = port.state + pools.targets[j] * port.stride
            _add_to(states, index, one.weight, total[0], total[1], total[2])
        for j in range(one.first_own, one.first_own + one.n_own):
            index = port.state + pools.own[j, 0] * port.stride
            own = pools.pools[one.pool].first_value + pools.own[j, 1]
            s, slope, curvature = _parabola(
                state.gating[1, own], pools.middle[own], pools.end[own], dt
            )
            _add_to(states, index, -one.weight, s, slope, curvature)


@addressed
def advance_pools(frame, index, row, t, first_fired, n_fired):
    """Advance NMDA pools by a step, and set the states of their targets for this step.

    The arguments are those of `kernels.loop`. The frame holds `Pools` and `State`.
    """
    pools, state = tables_at(frame)
    dt, x, s = pools.dt[0], state.gating[0], state.gating[1]
    middle, end = pools.middle, pools.end
    for p in range(pools.pools.size):
        pool = pools.pools[p]
        first, stop = pool.first_value, pool.first_value + pool.size
        _advance_gating(pool, x[first:stop], s[first:stop], middle[first:stop], end[first:stop], dt)
        start_sum, middle_sum, end_sum = 0.0, 0.0, 0.0
        for i in range(first, stop):
            start_sum += s[i]
            middle_sum += middle[i]
            end_sum += end[i]
        total = pools.sums[p]
        total[0], total[1], total[2] = _parabola(start_sum, middle_sum, end_sum, dt)
    for p in range(pools.ports.size):
        _set_port(pools, pools.ports[p], state)
    for p in range(pools.pools.size):
        pool = pools.pools[p]
        decay = exp(-dt / pool.tau_rise)
        for i in range(pool.first_value, pool.first_value + pool.size):
            x[i] *= decay
            s[i] = end[i]
        # The spikes that arrive at the end of this step were fired `delay` steps ago.
        arrived = index - pool.delay
        for k in range(state.history_start[arrived], state.history_start[arrived + 1]):
            source = state.history[k] - pool.first_source
            if 0 <= source < pool.n_sources:
                position = pools.positions[pool.first_position + source]
                if position >= 0:
                    efficacy = 1.0
                    if pool.transmission >= 0:
                        efficacy = state.efficacy[pool.transmission, k]
                    x[pool.first_value + position] += efficacy
    return n_fired
