"""Table of the input from outside the network."""

from typing import Any, NamedTuple

import numpy as np

from neurosim.kernels.tables import record

# Kinds of noise at a port of a block: none; Poisson spikes with one rate and one weight for the
# whole block; any other noise.
NO_NOISE, COUNTED, MIXED = range(3)

PROGRAM = record(
    first_change=np.int64,  # first entry in `changes`
    n_changes=np.int64,
    n_columns=np.int64,  # one for all targets, or one for each
    first_value=np.int64,
    is_current=np.int64,  # 1 if the values are currents
)
"""A piecewise constant function of time: the steps at which its values change, and the values."""

CURRENT_PIECE = record(
    target=np.int64,  # local index of the first neuron
    count=np.int64,  # number of neurons
    program=np.int64,
    column=np.int64,  # of the first neuron
)
"""A current into consecutive neurons."""

POISSON_PIECE = record(
    target=np.int64,  # index of the first neuron within the block
    count=np.int64,  # number of neurons
    entity=np.int64,  # number of the first neuron in the random stream
    key=np.uint64,  # of the random stream
    program=np.int64,
    column=np.int64,  # of the first neuron
    weight=np.int64,  # first entry in `poisson_weights`
    weight_stride=np.int64,  # 0 for one weight, 1 for one per neuron
    shared=np.int64,  # 1 if all neurons receive the same spikes
)
"""Poisson spikes to consecutive neurons of a block."""

NOISE_PIECE = record(
    target=np.int64,  # index of the first neuron within the block
    count=np.int64,  # number of neurons
    entity=np.int64,  # number of the first neuron in the random stream
    key=np.uint64,  # of the random stream
    sd=np.float64,  # standard deviation added in a step (mV)
)
"""Gaussian noise to consecutive neurons of a block."""

NOISE_CURRENT = record(
    target=np.int64,  # local index of the first neuron
    count=np.int64,  # number of neurons
    entity=np.int64,  # number of the first neuron in the random stream
    key=np.uint64,  # of the random stream
    first=np.int64,  # index of the first neuron in `State.noise_current`
    start=np.int64,  # first step
    stop=np.int64,  # first step without current
    hold=np.int64,  # steps between changes
)
"""A noise current into consecutive neurons."""

POISSON_TABLE = record(
    least=np.int64,  # the smallest value with a threshold
    first_threshold=np.int64,
    stop_threshold=np.int64,
    first_tail=np.int64,  # first entry in `tail_cdf`
    stop_tail=np.int64,
)
"""How Poisson numbers of one mean are drawn from 16 random bits."""


class Inputs(NamedTuple):
    """Input from outside the network, in pieces of consecutive targets.

    Attributes
    ----------
    programs : (n_programs,) PROGRAM
    changes : (n_changes,) int64
        Steps.
    noise_kind : (n_block_ports,) uint8
        `NO_NOISE`, `COUNTED` or `MIXED`.
    poisson_start : (n_block_ports + 1,) int64
        Index of the first piece of each port of a block.
    poisson : (n_pieces,) POISSON_PIECE
    poisson_weights : (n_weights,) float64
    poisson_tables : (n_values,) POISSON_TABLE
        One for each value of the programs with one column.
    thresholds : (n,) uint16
        Cumulative number of the 2¹⁶ equally likely values of 16 bits that yield each number.
    tail_cdf : (n,) uint64
        Cumulative probabilities of the numbers from 0 on, as fractions of 2⁶⁴, for 16 bits beyond
        the last threshold.
    means : (n_values,) float64
        Expected spikes per step for each value of the other programs.
    event_steps, event_slots : (n_events,) int64
        Spikes at given times, sorted by step.
    event_weights : (n_events,) float64
    currents : (n_pieces,) CURRENT_PIECE
    amplitudes : (n_values,) float64
        Values of the programs of currents (pA).
    noise_start : (n_block_ports + 1,) int64
        Index of the first piece of each port of a block.
    noise : (n_pieces,) NOISE_PIECE
    noise_currents : (n_pieces,) NOISE_CURRENT
    noise_mean, noise_sd, noise_decay : (n_values,) float64
        Stationary mean and standard deviation (pA) of each noise current, and the factor by which
        its distance from the mean decays between changes; indices as in `State.noise_current`.
    """

    programs: Any
    changes: Any
    noise_kind: Any
    poisson_start: Any
    poisson: Any
    poisson_weights: Any
    poisson_tables: Any
    thresholds: Any
    tail_cdf: Any
    means: Any
    event_steps: Any
    event_slots: Any
    event_weights: Any
    currents: Any
    amplitudes: Any
    noise_start: Any
    noise: Any
    noise_currents: Any
    noise_mean: Any
    noise_sd: Any
    noise_decay: Any
