"""The arrays that kernels work on, by role. Every thread has a set of its own.

A thread owns some of the neurons of every population. Its *local* index runs over them in order of
their global id. A *slot* is a place in its input buffer: one for each synaptic port of each local
neuron. All times are counted in steps; step t leads from t·dt to (t + 1)·dt.

Where excitatory and inhibitory input are recorded separately, a neuron has two *E/I probes*:
passive copies of its synaptic ports that never fire. One receives only excitatory input, the other
only inhibitory input.
"""

from typing import Any, NamedTuple

import numpy as np

# Kinds of synaptic port; those with equations are integrated with the neurons.
DELTA, EXPONENTIAL, ALPHA, EQUATIONS = 0, 1, 2, 3
# Columns of `Neurons.groups`.
FIRST, LAST, FIRST_ID, REFRACTORY, PORT_FIRST, PORT_LAST = range(6)
# Columns of `Neurons.dynamics`.
P_VV, P_VI, THRESHOLD, RESET, SUBTRACT = range(5)
# Manners of firing: over a sharp threshold, over a soft one with this link, as a model says, or by
# parameters that differ within the population.
SHARP, SOFTPLUS, EXPONENTIAL_LINK, MODEL, HETEROGENEOUS = 0, 1, 2, 3, 4
# Rows of `Heterogeneous.values`, and how many there are for neurons and for each port.
OWN_V, OWN_I, OWN_THRESHOLD, OWN_RESET, OWN_SUBTRACT, OWN_SOFT, OWN_REFRACTORY = range(7)
PER_NEURON, PER_PORT = 7, 3
# Columns of `Neurons.firing`, then of `Neurons.escape`.
MANNER, ENTITY_FIRST = range(2)
STEEPNESS, EXPECTED, SOFT_THRESHOLD = range(3)
# Columns of `Neurons.ports`, then of `Neurons.filters`.
KIND, SLOT, STATE, STATE_RISE = range(4)
P_SS, P_VS, P_SR, P_VR, GAIN = range(5)
# Columns of `Neurons.blocks`.
GROUP, BLOCK_FIRST, BLOCK_LAST, PLACE = range(4)
# Columns of `Inputs.programs`.
FIRST_CHANGE, CHANGES, COLUMNS, FIRST_VALUE = range(4)
# Columns of `Inputs.poisson`, then of `Inputs.currents` and `Inputs.noise` as far as they reach.
TARGET, COUNT, ENTITY, PROGRAM, COLUMN, WEIGHT, WEIGHT_STRIDE = range(7)
# Columns of `Inputs.laws`.
LAW_BASE, LAW_FIRST, LAW_LAST, REST_FIRST, REST_LAST = range(5)
# How much noise a port of a block takes in: none; Poisson spikes of one law and one weight, the
# same for the whole block; anything else.
QUIET, COUNTED, MIXED = range(3)
# Signals of a set of probes.
VOLTAGE, CURRENT, ARRIVAL, MODEL_STATE = range(4)
# Columns of `Scratch.due`.
DUE_FIRST, DUE_LAST, DUE_INTO, DUE_WEIGHT = range(4)
# What a thread's time goes to.
DELIVERY, UPDATE, NOISE, WAITING, RECORDING = range(5)
# Entries of `Ranks.mpi`, then of `Ranks.request`.
GATHER, TEST, GATHER_ALL, INTEGER, COMMUNICATOR = range(5)
REQUEST, FLAG, STATUS = range(3)
PHASES = ("delivery", "update", "noise", "waiting", "recording")


def _record(fields: list[tuple[str, Any]]) -> np.dtype:
    """Return the type of a row whose fields are attributes, in Python as in compiled code."""
    return np.dtype((np.record, fields))


class Table(NamedTuple):
    """Synapses onto a thread's neurons: rows by source, each sorted by delay.

    Where the synapses of a row have few weights in common, these are kept once for the whole row,
    and the row is sorted by delay and weight. Otherwise every synapse carries its own.

    Attributes
    ----------
    start : (n_sources,) int64
        Where the row of each source begins.
    segment : (n_sources, n_columns + 1) uint32
        Where each delay, or each delay with each of the common weights, begins within the row; the
        last column is the row's length.
    delays : (n_columns,) int64
        Ascending.
    column : (longest delay + batch + 1,) int64
        For every delay, how many in `delays` are shorter.
    ages : (n_ages,) int64
        Descending: how long ago a spike must have been for something to be due in the next steps of
        a batch.
    ring : (1,) int64
        Of how many steps' input, which lie in a ring, `targets` are places: a power of two, or 1
        where they are slots.
    row_stride : (1,) int64
        Places from the input of one step to that of the next; in a ring a power of two.
    targets : (n_synapses,) uint16 or uint32
        Slot + row_stride · (delay mod ring): the place in the ring for a spike of step 0.
    weights : (n_synapses,) or (0,) float32 or float64
        In the unit of the slot's port (mV or pA).
    common : (n_sources · n_common,) or (0,), of the same type
        Common weights of each row.
    common_of : (n_columns,) uint64
        Which of them each column has; 0 without.
    probe_counts : (n_sources, n_columns + 1) or (0, n_columns + 1) uint32
        Number of synapses onto probes before each column of a row; (0, …) without probes.
    """

    start: Any
    segment: Any
    delays: Any
    column: Any
    ages: Any
    ring: Any
    row_stride: Any
    targets: Any
    weights: Any
    common: Any
    common_of: Any
    probe_counts: Any


PLASTIC_PROJECTION = _record(
    [
        ("first_source", np.int64),  # global id of the first source
        ("n_sources", np.int64),
        ("first_row", np.int64),  # first entry in `segment`
        ("first_delay", np.int64),  # first entry in `delays`
        ("n_delays", np.int64),
        ("first_target", np.int64),  # global id of the thread's first target
        ("n_targets", np.int64),  # of the thread
        ("first_list", np.int64),  # first list of postsynaptic spikes
        ("first_rate", np.int64),  # first decay rate of postsynaptic traces in a row of `rules`
        ("n_post_traces", np.int64),
        ("w_max", np.float64),
    ]
)
"""A projection with plastic synapses, as one thread sees it."""


class Plastic(NamedTuple):
    """Plastic synapses onto a thread's neurons: rows by projection, source and delay.

    Attributes
    ----------
    projections : (n_projections,) PLASTIC_PROJECTION
    rules : (n_projections, n_values) float64
        Parameters of each rule, then the decay rates of its presynaptic and of its postsynaptic
        traces (per step), then zeros.
    delays : (n_delays,) int64
        Of each projection, ascending.
    segment : (n_rows + 1,) int64
        Where the synapses with each delay of each source begin.
    targets : (n_synapses,) int64
        Slots.
    post_ids : (n_synapses,) int64
        Lists of spikes of the targets.
    """

    projections: Any
    rules: Any
    delays: Any
    segment: Any
    targets: Any
    post_ids: Any


class PlasticityState(NamedTuple):
    """State of plastic synapses, and the postsynaptic spikes that they still need.

    Attributes
    ----------
    weights : (n_synapses,) float64
        As of the last presynaptic spike.
    traces : (n_synapses, n_traces) float64
        Presynaptic traces just after the last presynaptic spike.
    last_pre : (n_synapses,) int64
        Step of the last presynaptic spike.
    last_seen : (n_synapses,) int64
        The last postsynaptic spike that has changed the weight, −1 before the first.
    steps : (capacity,) int64
        Postsynaptic spikes; those that no synapse needs may be missing.
    values : (capacity, n_traces) float64
        Postsynaptic traces just after each spike.
    next_spike : (capacity,) int64
        The next spike of the same neuron, −1 after its last.
    first_spike, last_spike : (n_lists,) int64
        First and last spike of each neuron, −1 where it has none.
    count : (1,) int64
        How many spikes there are.
    """

    weights: Any
    traces: Any
    last_pre: Any
    last_seen: Any
    steps: Any
    values: Any
    next_spike: Any
    first_spike: Any
    last_spike: Any
    count: Any


class Neurons(NamedTuple):
    """Parameters of the neurons, by group: the thread's local of one population, or of its probes.

    Attributes
    ----------
    groups : (n_groups, 6) int64
        First and past-the-last local index, global id of the first (−1: probes, which never fire),
        refractory steps, first and past-the-last port.
    dynamics : (n_groups, 5) float64
        Propagators V → V and I → V (mV per pA); threshold and reset, both relative to rest (mV);
        decrement of V at a spike (mV), 0 where a spike sets V to the reset.
    firing : (n_groups, 2) int64
        Manner of firing; and the identity of the first neuron in the group's random stream.
    escape : (n_groups, 3) float64
        One over the width of a soft threshold (per mV); spikes expected in a step per unit of link;
        and where it is, relative to rest (mV).
    escape_keys : (n_groups,) uint64
    ports : (n_ports, 4) int64
        Kind, first slot, first place in `State.synaptic`, and for alpha currents the first place of
        the rising variable.
    filters : (n_ports, 5) float64
        Propagators I → I, I → V, rise → I, rise → V; and what one unit of weight adds.
    blocks : (n_blocks, 4) int64
        Up to BLOCK consecutive neurons of one group: the group, first and past-the-last local
        index; and how many ports of blocks come before its own. A port of a block counted in this
        way is a *place*.
    """

    groups: Any
    dynamics: Any
    firing: Any
    escape: Any
    escape_keys: Any
    ports: Any
    filters: Any
    blocks: Any


class Heterogeneous(NamedTuple):
    """Integrate-and-fire neurons that differ from one another within a population.

    Attributes
    ----------
    blocks : (n_blocks,) int64
        Which of `Neurons.blocks`.
    first : (n_groups,) int64
        Index in `values` of each group's first value.
    links : (n_groups,) int64
        `SHARP`, or the link of a soft threshold.
    values : (n_values,) float64
        By group, rows with a value for each neuron: propagators V → V and I → V (mV per pA);
        threshold and reset relative to rest (mV); decrement of V at a spike (mV); soft threshold
        relative to rest (mV); refractory steps. Then for each port: propagators I → V and rise → V,
        and the factor of what arrives at delta synapses.
    """

    blocks: Any
    first: Any
    links: Any
    values: Any


class Models(NamedTuple):
    """Neurons whose equations are compiled apart, by block.

    Attributes
    ----------
    blocks : (n,) int64
        Index in `Neurons.blocks`.
    address : (n,) int64
        Of the compiled block function.
    first_state : (n,) int64
        Index in `State.states` of the states of the block's first neuron.
    points : (n,) int64
        Points within the step at which the current is computed; where synaptic currents are
        carried, one and their variables.
    carries : (n,) uint8
        Whether the block function integrates the synaptic currents itself.
    first_param : (n,) int64
        Index in `params` of what the block function is given.
    params : (n_params,) float64
    dt : (1,) float64
        ms.
    """

    blocks: Any
    address: Any
    first_state: Any
    points: Any
    carries: Any
    first_param: Any
    params: Any
    dt: Any


class Inputs(NamedTuple):
    """What reaches the neurons from outside, in pieces of consecutive targets.

    A *program* is a piecewise constant function of time: a list of steps at which it moves on to
    its next row of values, a row having one column for all targets or one column each.

    Attributes
    ----------
    programs : (n_programs, 4) int64
        First entry in `changes`, number of changes, columns, place of the first value.
    changes : (n_changes,) int64
    noisy : (n_places,) uint8
        `QUIET`, `COUNTED` or `MIXED`.
    poisson_start : (n_places + 1,) int64
        Where the pieces onto each place begin.
    poisson : (n_pieces, 7) int64
        First target within the block, neurons, first entity (the identity of a random stream),
        program, first column, place of the first weight, and 0 where one weight serves all or 1.
    poisson_keys : (n_pieces,) uint64
    poisson_weights : (n_weights,) float64
    laws : (n_values, 5) int64
        How the values of one-column programs are drawn: the least number that has a cell of its
        own, first and past-the-last of its `bounds`, first and past-the-last of its `rest`.
    bounds : (n,) uint16
        Of 2¹⁶ equally likely cells, how many belong to the least number, to it and the next, …
    rest : (n,) uint64
        Cumulative probabilities, as fractions of 2⁶⁴, of the numbers from 0 on in the cells beyond
        the last bound, which no one number has to itself.
    means : (n_values,) float64
        Expected spikes per step of every value.
    event_steps, event_slots : (n_events,) int64
        Given spikes, by step.
    event_weights : (n_events,) float64
    currents : (n_pieces, 5) int64
        First local index, neurons, unused, program, first column.
    amplitudes : (n_values,) float64
        Values of the programs (pA).
    noise_start : (n_places + 1,) int64
    noise : (n_pieces, 3) int64
        First target within the block, neurons, first entity.
    noise_keys : (n_pieces,) uint64
    noise_sd : (n_pieces,) float64
        Standard deviation added in one step (mV).
    """

    programs: Any
    changes: Any
    noisy: Any
    poisson_start: Any
    poisson: Any
    poisson_keys: Any
    poisson_weights: Any
    laws: Any
    bounds: Any
    rest: Any
    means: Any
    event_steps: Any
    event_slots: Any
    event_weights: Any
    currents: Any
    amplitudes: Any
    noise_start: Any
    noise: Any
    noise_keys: Any
    noise_sd: Any


RECORDING_SET = _record(
    [
        ("first", np.int64),  # first entry of `places`
        ("last", np.int64),  # past the last
        ("interval", np.int64),  # steps
        ("signal", np.int64),
    ]
)
"""Entries of a thread's probes that are sampled in the same way."""


class RecordingTable(NamedTuple):
    """What is sampled.

    Attributes
    ----------
    sets : (n_sets,) RECORDING_SET
    indices : (n_signals,) int64
        Local index (voltage), place in `State.synaptic` (current) or a probe's slot (arrival).
    """

    sets: Any
    indices: Any


class State(NamedTuple):
    """All that changes while a network runs.

    Attributes
    ----------
    v : (n_local,) float64
        Membrane potential relative to rest (mV).
    refractory_until : (n_local,) int64
        Last step of each neuron's latest refractory period.
    refractory_queue : (n_local,) int32
        Neurons in their refractory period: in the range of each group a ring in order of firing.
    queue_head, queue_count : (n_groups,) int64
        Where each ring begins, relative to its range, and how many are in it.
    states : (n_states,) float64
        States beside V of neurons whose equations are compiled apart, neuron by neuron.
    synaptic : (n_synaptic,) float64
        Synaptic currents (pA), and the rising variables of alpha currents (pA/ms).
    buffer : (max(batch, ring) · row_stride,) float32 or float64, as the weights are
        Input of the present and the next steps, row by row; zero from when it has been taken in.
    injected : (n_local,) float64
        What injected current adds to V in a step (mV).
    uniform : (n_groups,) bool
        Whether all neurons of a group have the same current injected.
    cursors : (n_programs,) int64
        Present row of each program, −1 before its first.
    next_event : (1,) int64
    history : (capacity,) int32
        Global ids that fired in the last steps, by step and id.
    reached : (capacity,) uint64
        How far the row of each of these spikes has been delivered, as a place in the table.
    history_start : (n_delay_steps + chunk + 1,) int64
        Where each step begins in `history`.
    arrived : (n_slots,) float64
        What the probes heard since the last sample; without probes (0,).
    delivered : (1,) int64
        Number of transmitted spikes, counted for each synapse that does not lead to a probe.
    """

    v: Any
    refractory_until: Any
    refractory_queue: Any
    queue_head: Any
    queue_count: Any
    states: Any
    synaptic: Any
    buffer: Any
    injected: Any
    uniform: Any
    cursors: Any
    next_event: Any
    history: Any
    reached: Any
    history_start: Any
    arrived: Any
    delivered: Any


class Shared(NamedTuple):
    """What the threads tell each other within a chunk of steps.

    Attributes
    ----------
    fired : (n_threads, capacity) int32
        Global ids, by step and id; of the threads of other processes too.
    fired_start : (n_threads, chunk + 1) int64
        Where each step begins in `fired`.
    heads : (n_threads, n_threads) int64
        Where each thread stands in what every other has fired.
    arrivals : (1,) int64
        The barrier: how often threads of this machine have arrived there since time 0.
    """

    fired: Any
    fired_start: Any
    heads: Any
    arrivals: Any


class Loop(NamedTuple):
    """What the time loop of one thread works on itself; of all else it knows addresses.

    Attributes
    ----------
    thread : int
    max_delay : int
        The longest delay, in steps: how far `State.history` reaches back.
    min_delay : int
        The shortest delay: for so many steps no thread needs news from the others.
    steps_per_delivery : int
        Steps to deliver at a time, at most as many as `State.buffer` has rows.
    ring, row_stride : int
        See `Table`.
    own, n_own : int
        First of the threads on this machine, and how many they are.
    timed : int
        Whether to read the clock.
    deliver : (1, 2) int64
        Address of `deliver`, and of its frame.
    steps : (n, 2) int64
        What is called in every step, see `neurosim.kernels.steps`.
    samples, exchange : (0 or 1, 2) int64
        Where something is recorded, and where there are other machines.
    rows : (n_sources,) int64
        `Table.start`.
    history, reached, history_start
        See `State`.
    shared : Shared
    ticks : (5,) int64
        See `Scratch`.
    """

    thread: Any
    max_delay: Any
    min_delay: Any
    steps_per_delivery: Any
    ring: Any
    row_stride: Any
    own: Any
    n_own: Any
    timed: Any
    deliver: Any
    steps: Any
    samples: Any
    exchange: Any
    rows: Any
    history: Any
    reached: Any
    history_start: Any
    shared: Any
    ticks: Any


class Ranks(NamedTuple):
    """What a machine needs to hear from others what they fired.

    Attributes
    ----------
    mpi : (5,) int64
        Addresses of MPI_Iallgather, MPI_Test and MPI_Allgatherv, and what MPI calls its 32-bit
        integer and the group of processes that speak for their machines.
    request : (16,) int64
        Where MPI keeps what it is doing, and says whether it is done.
    out, into : (capacity,) int32
        The message, and those of all machines.
    more_out, more_into : (capacity,) int32
        Ids that have no room in it.
    counts, places : (n_machines,) int32
        How many of these there are of each machine, and where they begin.
    """

    mpi: Any
    request: Any
    out: Any
    into: Any
    more_out: Any
    more_into: Any
    counts: Any
    places: Any


class Scratch(NamedTuple):
    """Workspace to work in, worth nothing between steps; and the clock's readings.

    Attributes
    ----------
    voltage, arriving, current, numbers : (BLOCK,) float64
    course : (MODEL_BLOCK · n_points,) float64
        Current into each neuron whose equations are compiled apart (pA), at equally spaced points
        of the step: all neurons of a block at the first, then at the next.
    work : (n_rows · WORK_ROW,) float64
        For the block functions of these neurons.
    bits : (BLOCK,) uint64
    cells : (4·BLOCK,) uint16
        The same memory as `bits`.
    counts : (BLOCK,) uint8
    segments : (capacity, 4) uint64
        Segments of rows to deliver: first and past-the-last synapse, where the row of the buffer
        that takes them begins, and the place of their weight in `Table.common`.
    ticks : (5,) int64
        Time spent on each of `DELIVERY` … `RECORDING`, in ticks of `intrinsics.clock`.
    noise : (2, 2) int64
        Addresses of `count_noise` and `add_noise`, and of their frames, where there is noise.
    timed : int
        Whether to read the clock.
    """

    voltage: Any
    arriving: Any
    current: Any
    numbers: Any
    course: Any
    work: Any
    bits: Any
    cells: Any
    counts: Any
    segments: Any
    ticks: Any
    noise: Any
    timed: Any


MODEL_BLOCK = 128
"""Neurons advanced together whose equations are compiled apart: many numbers belong to each."""
WORK_ROW = MODEL_BLOCK + 8
"""Numbers in a row of `Scratch.work`: places a power of two apart local one line of the cache."""
BLOCK = 512
"""Neurons advanced together: their working set stays in the first-level cache."""

MOST_STEPS = 4
"""Steps delivered at a time, at most; a power of two."""
