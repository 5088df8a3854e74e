"""Currents through gap junctions: threads exchange membrane potentials in every step.

Both functions are step functions of `kernels.loop`. Potentials are stored in two sets in turn. A
thread that is one step ahead therefore does not overwrite values that others still read, and one
barrier per step suffices.
"""

from typing import Any, NamedTuple

import numpy as np

from neurosim.kernels.address import addressed
from neurosim.kernels.barrier import arrive, wait
from neurosim.kernels.compiled import helper
from neurosim.kernels.tables import tables_at


class Couplings(NamedTuple):
    """Gap junctions of the neurons of one thread.

    A *point* is a potential that gap junctions couple, of the soma or of another compartment of a
    neuron. All points of the network are numbered.

    Attributes
    ----------
    ids : (n,) int64
        Global ids of the neurons whose spikes reset the points of the thread, ascending; then 2**62
        for points that spikes do not reset.
    potential : (n,) int64
        Local index of the neuron; or, for other compartments than the soma, -1 minus the index in
        `State.states`.
    states : (n,) int64
        Index in `State.states` of the states of their gap junctions.
    numbers : (n,) int64
        Their numbers among all points.
    start : (n + 1,) int64
        First of each point's junctions in `others` and `conductances`.
    others : (n_junctions,) int64
        Number of the other point.
    conductances : (n_junctions,) float64
        nS.
    dt : (1,) float64
        ms.
    """

    ids: Any
    potential: Any
    states: Any
    numbers: Any
    start: Any
    others: Any
    conductances: Any
    dt: Any


class Potentials(NamedTuple):
    """Potentials of all points, in memory that all threads share.

    Attributes
    ----------
    values : (2, 2, n_points) float64
        By parity of the step: potentials (mV) at its start, and their change in the step before.
    arrivals : (1,) int64
        Barrier, as in `Shared`.
    crossings : (1,) int64
        Number of times that the thread has crossed it; not shared.
    n_threads : int
    """

    values: Any
    arrivals: Any
    crossings: Any
    n_threads: Any


@helper
def _potential(state, index):
    """Return the potential of a point; `index` is as in `Couplings.potential`."""
    return state.v[index] if index >= 0 else state.states[-1 - index]


@addressed
def couple(frame, index, row, t, first_fired, n_fired):
    """Set the states of gap junctions at the start of a step.

    Potentials of other neurons are extrapolated linearly through the step.
    """
    couplings, potentials, state = tables_at(frame)
    values, states, parity = potentials.values, state.states, t & 1
    for k in range(couplings.ids.size):
        number = couplings.numbers[k]
        values[parity, 0, number] = _potential(state, couplings.potential[k])
        values[parity, 1, number] = states[couplings.states[k] + 3]
    arrive(potentials.arrivals)
    potentials.crossings[0] += 1
    wait(potentials.arrivals, potentials.n_threads, potentials.crossings[0])
    for k in range(couplings.ids.size):
        conductance, drive, change = 0.0, 0.0, 0.0
        for j in range(couplings.start[k], couplings.start[k + 1]):
            g, other = couplings.conductances[j], couplings.others[j]
            conductance += g
            drive += g * values[parity, 0, other]
            change += g * values[parity, 1, other]
        first = couplings.states[k]
        states[first] = conductance
        states[first + 1] = drive
        states[first + 2] = change / couplings.dt[0]
    return n_fired


@addressed
def store_changes(frame, index, row, t, first_fired, n_fired):
    """Store the change of potentials in a step, 0 for neurons that spiked.

    A reset says nothing about the next step.
    """
    couplings, potentials, state, fired = tables_at(frame)
    before, ids = potentials.values[t & 1, 0], couplings.ids
    for k in range(ids.size):
        change = _potential(state, couplings.potential[k]) - before[couplings.numbers[k]]
        state.states[couplings.states[k] + 3] = change
    for j in range(first_fired, n_fired):
        k = np.searchsorted(ids, fired[j])
        while k < ids.size and ids[k] == fired[j]:
            state.states[couplings.states[k] + 3] = 0.0
            k += 1
    return n_fired
