"""Tables that change while a network runs.

These are the state, scratch memory, spike exchange and recording.
"""

from typing import Any, NamedTuple

import numpy as np

from neurosim.kernels.tables import record

# Signals that can be recorded.
VOLTAGE, CURRENT, ARRIVAL, MODEL_STATE, INPUT_CURRENT, INPUT_NOISE = range(6)

RECORDING_SET = record(
    start=np.int64,  # first entry of `indices`
    stop=np.int64,
    interval=np.int64,  # steps
    signal=np.int64,
    program=np.int64,  # of an input current
)
"""Signals of one kind that are sampled at the same interval."""


class RecordingTable(NamedTuple):
    """Signals that are recorded on a thread.

    Attributes
    ----------
    sets : (n_sets,) RECORDING_SET
    indices : (n_signals,) int64
        Local index (voltage), index in `State.synaptic` (current), in `State.states` (model state),
        slot of an E/I probe (arrival), column of the program (input current), or index in
        `State.noise_current` (input noise).
    """

    sets: Any
    indices: Any


class State(NamedTuple):
    """State of the neurons of a thread, their input and the recent spikes.

    Attributes
    ----------
    v : (n_local,) float64
        Membrane potential (mV), relative to rest for linear neurons.
    refractory_until : (n_local,) int64
        Last step of the latest refractory period of each neuron.
    refractory_queue : (n_local,) int32
        Refractory neurons: for each group a ring buffer in the range of its neurons, in order of
        firing.
    queue_head, queue_count : (n_groups,) int64
        Start of each ring relative to its range, and number of neurons in it.
    states : (n_states,) float64
        States other than V of neurons with compiled equations, neuron by neuron.
    synaptic : (n_synaptic,) float64
        Synaptic currents (pA), and the rising variables of alpha currents (pA/ms).
    buffer : (n_rows · row_stride,) float32 or float64, as the weights are
        Input of the current and the next steps, row by row. Input that has been applied is reset to
        zero.
    injected : (n_local,) float64
        Change of V in a step by injected current (mV).
    uniform : (n_groups,) bool
        Whether all neurons of a group receive the same injected current.
    noise_current : (n_values,) float64
        Noise currents (pA).
    outdated : (1,) bool
        Whether `injected` must be computed even if no current changes.
    cursors : (n_programs,) int64
        Current row of each program, −1 before the first.
    next_event : (1,) int64
    history : (capacity,) int32
        Global ids of neurons that fired in the last steps, by step and id.
    reached : (1 + n_transmissions, capacity) uint64
        For each of these spikes the index of the next synapse to deliver in the table of static
        synapses, and in that of each transmission.
    efficacy : (n_transmissions, capacity) float64
        Efficacy of each of these spikes, by which weights are multiplied.
    factor : (1,) float64
        Efficacy of the spike that plastic synapses are transmitting.
    spike_steps : (capacity,) int64
        Steps of the spikes that are part of a transmission.
    source_states : (n_values,) float64
        States of presynaptic neurons after their last spike, by transmission and state.
    last_spike : (n_sources,) int64
        Step of the last spike of each presynaptic neuron, by transmission; −1 before the first.
    gating : (2, n_sources) float64
        Variables x and s of the presynaptic neurons of NMDA pools, by pool.
    history_start : (max_delay + chunk + 1,) int64
        Index of the first spike of each step in `history`.
    arrived : (n_slots,) float64
        Input of E/I probes since the last sample; without probes (0,).
    delivered : (1,) int64
        Number of synapses that transmitted a spike, except those onto E/I probes.
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
    noise_current: Any
    outdated: Any
    cursors: Any
    next_event: Any
    history: Any
    reached: Any
    efficacy: Any
    factor: Any
    spike_steps: Any
    source_states: Any
    last_spike: Any
    gating: Any
    history_start: Any
    arrived: Any
    delivered: Any


class Scratch(NamedTuple):
    """Scratch memory of a thread, and clock readings.

    Attributes
    ----------
    voltage, arriving, current, numbers, tails : (BLOCK,) float64
    course : (MODEL_BLOCK · n_points,) float64
        Current into the neurons of a model block (pA) at equally spaced points of the step: all
        neurons at the first point, then at the next.
    work : (n_rows · WORK_ROW,) float64
        For the block functions of models.
    bits : (BLOCK,) uint64
    cells : (4·BLOCK,) uint16
        The memory of `bits` as 16-bit numbers.
    counts : (BLOCK,) uint8
    segments : (capacity,) SEGMENT
        Segments of rows to deliver.
    ticks : (5,) int64
        Time spent on each of `DELIVERY` … `RECORDING`, in ticks of `intrinsics.clock`.
    noise : (2, 2) int64
        Addresses of `count_noise` and `add_noise` and of their frames, if there is noise.
    advance : (n_blocks, 2) int64
        Addresses of the functions that advance the blocks of linear neurons, and of their frames.
    timed : int
        Whether to read the clock.
    """

    voltage: Any
    arriving: Any
    current: Any
    numbers: Any
    tails: Any
    course: Any
    work: Any
    bits: Any
    cells: Any
    counts: Any
    segments: Any
    ticks: Any
    noise: Any
    advance: Any
    timed: Any


class Shared(NamedTuple):
    """Spikes that threads exchange within a chunk of steps.

    Attributes
    ----------
    fired : (n_threads, capacity) int32
        Global ids, by step and id, including those of the threads of other processes.
    fired_start : (n_threads, chunk + 1) int64
        Index of the first spike of each step in `fired`.
    heads : (n_threads, n_threads) int64
        Scratch of each thread for merging the spikes of all threads.
    arrivals : (1,) int64
        Barrier: the number of times that threads of this machine have arrived since time 0.
    """

    fired: Any
    fired_start: Any
    heads: Any
    arrivals: Any


class Loop(NamedTuple):
    """Tables of the time loop of one thread. Everything else is called by address.

    Attributes
    ----------
    thread : int
    max_delay : int
        Longest delay (steps): the length of `State.history`.
    min_delay : int
        Shortest delay (steps): the interval at which threads exchange spikes.
    steps_per_delivery : int
        Number of steps delivered together, at most the number of rows of `State.buffer`.
    ring, row_stride : int
        See `Table`.
    first_thread, n_threads : int
        The threads on this machine.
    timed : int
        Whether to read the clock.
    deliver : (n, 2) int64
        Functions that deliver the spikes of static synapses and of each transmission.
    transmissions : (n, 2) int64
        Functions that compute the efficacy of spikes, see `neurosim.kernels.transmission`.
    steps : (n, 2) int64
        Functions that are called in every step, see `neurosim.kernels.steps`.
    samples, exchange : (0 or 1, 2) int64
        Present if something is recorded, and if there are other machines.
    rows : (n_sources,) int64
        `Table.start`.
    history, history_start
        See `State`.
    reached : (capacity,) uint64
        First row of `State.reached`.
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
    first_thread: Any
    n_threads: Any
    timed: Any
    deliver: Any
    transmissions: Any
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
    """Buffers for exchanging spikes with other machines.

    Attributes
    ----------
    iallgather, test, allgatherv : int
        Addresses of MPI_Iallgather, MPI_Test and MPI_Allgatherv.
    integer, communicator : int
        MPI handles of the 32-bit integer type and of the communicator.
    request, flag : (1,) int64
    status : (14,) int64
        Memory of the MPI request, of the flag whether it is complete, and of the status.
    send, receive : (capacity,) int32
        The message of this machine, and those of all machines.
    send_overflow, receive_overflow : (capacity,) int32
        Ids that exceed the capacity of the message.
    counts, displacements : (n_machines,) int32
        Number of these ids of each machine, and the index of the first.
    """

    iallgather: Any
    test: Any
    allgatherv: Any
    integer: Any
    communicator: Any
    request: Any
    flag: Any
    status: Any
    send: Any
    receive: Any
    send_overflow: Any
    receive_overflow: Any
    counts: Any
    displacements: Any
