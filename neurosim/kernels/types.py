"""Tables of neurons, and constants that several kernels share.

Each thread has separate tables.

A thread owns a part of the neurons of every population. Its *local* index runs over them in order
of their global id. A *slot* is an index into its input buffer. There is one slot for each synaptic
port of each local neuron. All times are counted in steps. Step t is the interval
from t·dt to (t + 1)·dt.

If excitatory and inhibitory input are recorded separately, a neuron has two *E/I probes*:
passive copies of its synaptic ports that never fire. One receives only excitatory input, the other
only inhibitory input.
"""

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from neurosim.kernels.tables import record

BLOCK = 512
"""Neurons advanced together. Their working set stays in the first-level cache."""
MODEL_BLOCK = 128
"""Neurons advanced together by the compiled equations of a model, which keep more data each."""
WORK_ROW = MODEL_BLOCK + 8
"""Length of a row of `Scratch.work`. Rows a power of two apart would compete for cache lines."""
MOST_SPIKES = 64
"""Maximum number of spikes of a neuron in a time step; more stop the run."""
MAX_STEPS = 4
"""Maximum number of steps delivered together. A power of two."""

# Kinds of port. Those with equations are integrated together with the neurons. The last is the
# current injected into another compartment than the soma.
DELTA, EXPONENTIAL, ALPHA, EQUATIONS, INJECTED = 0, 1, 2, 3, 4
# What the time of a thread is spent on: indices into `Scratch.ticks`.
DELIVERY, UPDATE, NOISE, WAITING, RECORDING = range(5)
PHASES = ("delivery", "update", "noise", "waiting", "recording")


class SpikeMechanism(IntEnum):
    """How the neurons of a group spike.

    The kernels for linear neurons advance the mechanisms below `MODEL`.
    """

    THRESHOLD = 0
    """At a threshold."""
    SOFTPLUS = 1
    """By escape noise with a softplus link."""
    EXPONENTIAL = 2
    """By escape noise with an exponential link."""
    MODEL = 3
    """As the equations of a model say."""
    HETEROGENEOUS = 4
    """At thresholds or by escape noise, with parameters that differ between neurons."""


GROUP = record(
    start=np.int64,  # local index of the first neuron
    stop=np.int64,  # past the last neuron
    first_id=np.int64,  # global id of the first neuron; -1 for E/I probes, which never fire
    refractory=np.int64,  # steps
    first_port=np.int64,
    stop_port=np.int64,
    p_vv=np.float64,  # propagator V -> V
    p_vi=np.float64,  # propagator I -> V (mV per pA)
    threshold=np.float64,  # relative to rest (mV)
    reset=np.float64,  # relative to rest (mV)
    subtract=np.float64,  # decrement of V at a spike (mV); 0 where a spike sets V to `reset`
    mechanism=np.int64,  # a SpikeMechanism
    first_entity=np.int64,  # number of the first neuron in the random stream of escape noise
    key=np.uint64,  # of that stream
    steepness=np.float64,  # 1 / width of the soft threshold (per mV)
    expected=np.float64,  # spikes expected in a step where the link is 1
    soft_threshold=np.float64,  # relative to rest (mV)
)
"""The neurons of one population on a thread, or their E/I probes."""

PORT = record(
    kind=np.int64,
    slot=np.int64,  # first slot
    state=np.int64,  # first index in `State.synaptic`; if INJECTED, in `State.injected`
    rise=np.int64,  # the same for the rising variable of alpha currents
    p_ss=np.float64,  # propagator I -> I
    p_vs=np.float64,  # propagator I -> V
    p_sr=np.float64,  # propagator rise -> I
    p_vr=np.float64,  # propagator rise -> V
    gain=np.float64,  # change of the variable for one unit of weight
)
"""A synaptic port of a group."""

NEURON_BLOCK = record(
    group=np.int64,
    start=np.int64,  # local index of the first neuron
    stop=np.int64,
    first_port=np.int64,  # index of its first port among the ports of all blocks
)
"""Consecutive neurons of a group, at most BLOCK or MODEL_BLOCK."""


class Neurons(NamedTuple):
    """The neurons of a thread.

    Attributes
    ----------
    groups : (n_groups,) GROUP
    ports : (n_ports,) PORT
    blocks : (n_blocks,) NEURON_BLOCK
    """

    groups: Any
    ports: Any
    blocks: Any


class Heterogeneous(NamedTuple):
    """Integrate-and-fire neurons whose parameters differ within a population.

    Values per neuron are stored group by group, values per port by group, port and neuron.

    Attributes
    ----------
    blocks : (n_blocks,) int64
        Indices in `Neurons.blocks`.
    first_value, first_port_value : (n_groups,) int64
        Index of the first value per neuron, and per port, of each group.
    links : (n_groups,) int64
        `SpikeMechanism.THRESHOLD`, or the link of the escape noise.
    p_vv, p_vi : (n_values,) float64
        Propagators V → V and I → V (mV per pA).
    threshold, reset, soft_threshold : (n_values,) float64
        Relative to rest (mV).
    subtract : (n_values,) float64
        Decrement of V at a spike (mV), 0 where a spike sets V to the reset.
    refractory : (n_values,) float64
        Steps.
    p_vs, p_vr : (n_port_values,) float64
        Propagators I → V and rise → V.
    factor : (n_port_values,) float64
        Change of V for one unit of weight at delta synapses.
    """

    blocks: Any
    first_value: Any
    first_port_value: Any
    links: Any
    p_vv: Any
    p_vi: Any
    threshold: Any
    reset: Any
    soft_threshold: Any
    subtract: Any
    refractory: Any
    p_vs: Any
    p_vr: Any
    factor: Any


class Models(NamedTuple):
    """Neurons with separately compiled equations, in blocks.

    Attributes
    ----------
    blocks : (n,) int64
        Index in `Neurons.blocks`.
    address : (n,) int64
        Address of the compiled block function.
    first_state : (n,) int64
        Index in `State.states` of the states of the block's first neuron.
    points : (n,) int64
        Number of points within the step at which the current is computed. If the block function
        integrates the synaptic currents, 1 plus the number of their variables.
    single : (n,) uint8
        Whether delta synapses are the only synaptic port.
    carries : (n,) uint8
        Whether the block function integrates the synaptic currents itself.
    draws : (n,) uint8
        Whether the block function needs a random number per neuron.
    first_param : (n,) int64
        Index in `params` of the first parameter passed to the block function.
    params : (n_params,) float64
    dt : (1,) float64
        ms.
    """

    blocks: Any
    address: Any
    first_state: Any
    points: Any
    single: Any
    carries: Any
    draws: Any
    first_param: Any
    params: Any
    dt: Any
