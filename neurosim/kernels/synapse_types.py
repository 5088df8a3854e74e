"""Tables of synapses, static and plastic."""

from typing import Any, NamedTuple

import numpy as np

from neurosim.kernels.tables import record


class Table(NamedTuple):
    """Synapses onto the neurons of a thread: rows by source, each sorted by delay.

    If the synapses of a row have few distinct weights, these weights are stored once per row, and
    the row is sorted by delay and weight. Otherwise every synapse has its own weight.

    Attributes
    ----------
    start : (n_sources,) int64
        Index of the first synapse of each row.
    segment : (n_sources, n_columns + 1) uint32
        Offset in the row of each column, which is a delay or a delay with one of the common
        weights. The last entry is the length of the row.
    delays : (n_columns,) int64
        Steps, ascending.
    column : (longest delay + steps per delivery + 1,) int64
        Number of columns with a delay shorter than the index.
    ages : (n_ages,) int64
        Descending: the ages (steps) of spikes that may arrive during the next delivery.
    ring : (1,) int64
        Number of steps in the input ring buffer (a power of two); 1 if the buffer is not a ring.
    row_stride : (1,) int64
        Distance in the buffer between the inputs of successive steps; in a ring a power of two.
    targets : (n_synapses,) uint16 or uint32
        Slot + row_stride · (delay mod ring): the index in the buffer for a spike of step 0.
    runs : (1,) uint8
        Whether many synapses are adjacent to the synapse onto the next slot.
    weights : (n_synapses,) or (0,) float32 or float64
        In the unit of the port (mV or pA).
    common : (n_sources · n_common,) or (0,), of the same type
        Common weights of each row.
    common_of : (n_columns,) uint64
        Index of the common weight of each column; 0 without common weights.
    probe_counts : (n_sources, n_columns + 1) or (0, n_columns + 1) uint32
        Number of synapses onto E/I probes before each column of a row.
    """

    start: Any
    segment: Any
    delays: Any
    column: Any
    ages: Any
    ring: Any
    row_stride: Any
    targets: Any
    runs: Any
    weights: Any
    common: Any
    common_of: Any
    probe_counts: Any


SEGMENT = record(
    start=np.uint64,  # first synapse
    stop=np.uint64,  # past the last
    row=np.uint64,  # offset in the buffer
    weight=np.uint64,  # index in `Table.common`
)
"""Consecutive synapses of a row that are delivered together."""

PLASTIC_PROJECTION = record(
    first_source=np.int64,  # global id
    n_sources=np.int64,
    first_row=np.int64,  # first entry in `segment`
    first_delay=np.int64,  # first entry in `delays`
    n_delays=np.int64,
    first_target=np.int64,  # global id of the first target on the thread
    n_targets=np.int64,  # on the thread
    first_list=np.int64,  # first list of postsynaptic spikes
    first_rate=np.int64,  # first decay rate of postsynaptic traces in a row of `rules`
    n_post_traces=np.int64,
    has_potentials=np.int64,
    first_v=np.int64,  # index of the first target in `State.v`
    transmission=np.int64,  # row of `State.efficacy`; −1: the efficacy is 1
    unit_weight=np.float64,  # weight of relative weight 1
    largest=np.float64,  # largest relative weight
)
"""A projection with plastic synapses on one thread."""


MODULATION = record(
    first_source=np.int64,  # global id
    n_sources=np.int64,
    delay=np.int64,  # steps
    projection=np.int64,  # plastic projection
    amount=np.float64,
    rate=np.float64,  # decay of the signal per step
)
"""A population whose spikes add to the signal of a plastic projection."""


class Plastic(NamedTuple):
    """Plastic synapses of a thread: rows by projection, source and delay.

    These are the synapses onto the neurons of the thread.

    Attributes
    ----------
    projections : (n_projections,) PLASTIC_PROJECTION
    rules : (n_projections, n_values) float64
        Numbers of each rule, see `builder.codegen.rule_layout`, then zeros.
    delays : (n_delays,) int64
        Ascending for each projection.
    shifts : (n_delays,) int64
        Dendritic minus axonal part of each delay.
    segment : (n_rows + 1,) int64
        Index of the first synapse of each row.
    targets : (n_synapses,) int64
        Slots.
    post_ids : (n_synapses,) int64
        Index of the postsynaptic spike list of each target.
    """

    projections: Any
    rules: Any
    delays: Any
    shifts: Any
    segment: Any
    targets: Any
    post_ids: Any


class PlasticityState(NamedTuple):
    """State of plastic synapses and postsynaptic spike history.

    Attributes
    ----------
    weights : (n_synapses,) float64
        Weights after the last presynaptic spike.
    traces : (n_synapses, n_values) float64
        Presynaptic traces just after the last presynaptic spike, then states.
    last_pre : (n_synapses,) int64
        Step of the last presynaptic spike; −1 before the first.
    last_seen : (n_synapses,) int64
        Index of the last postsynaptic spike that changed the weight, −1 before the first.
    steps : (capacity,) int64
        Postsynaptic spikes. Spikes that no synapse needs may be missing.
    values : (capacity, n_values) float64
        Postsynaptic traces just before each spike, plus 1. For rules with potentials: potentials in
        each step in which the rule is active.
    next_spike : (capacity,) int64
        Index of the next spike of the same neuron, −1 after the last.
    first_spike, last_spike : (n_lists,) int64
        Index of the first and last spike of each neuron, −1 without spikes.
    count : (1,) int64
        Number of spikes.
    signal_steps : (n_projections, capacity) int64
        Steps at which the signal of a projection changes. The first one is before all others.
    signal_values : (n_projections, capacity) float64
        Signal just after these steps.
    signal_count : (n_projections,) int64
        Number of these steps.
    potentials : (n_lists, n_steps, n_values) float64
        Potentials of targets in the last steps (mV), in a ring, and the steps left of a spike.
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
    signal_steps: Any
    signal_values: Any
    signal_count: Any
    potentials: Any
