"""Build the input tables of one thread, and ports for input during a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurosim.builder.inputs import (
    InputTables,
    Source,
    Stream,
    add_input,
    probe_slots,
    targets,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from neurosim.builder.context import BuildContext
    from neurosim.builder.layout import LocalPopulation
    from neurosim.kernels import Inputs, Neurons
    from neurosim.network import Drive


class GeneratedPort(NamedTuple):
    """Port of an input that is generated interval by interval.

    Attributes
    ----------
    number : int
        Index of the drive in the network.
    program : int
        Program of its currents or rates; −1 for spikes.
    spikes : SpikePort or None
    """

    number: int
    program: int
    spikes: SpikePort | None


class CurrentPort(NamedTuple):
    """Port of a live current: a program of one row, with a column for every target.

    Attributes
    ----------
    program : int
    values : slice
        Range of the values in `Inputs.amplitudes`.
    """

    program: int
    values: slice


class SpikePort(NamedTuple):
    """Port of live spikes.

    Attributes
    ----------
    slots, probe_slots : (n_targets,) ndarray of int64
        Slots of each target and of its E/I probe; −1 if the target belongs to another thread or
        has no E/I probes.
    weights : (n_targets,) ndarray of float64
    """

    slots: NDArray[np.int64]
    probe_slots: NDArray[np.int64]
    weights: NDArray[np.float64]


class Ports(NamedTuple):
    """Where the inputs of one thread are.

    Attributes
    ----------
    live : mapping of Drive to CurrentPort or SpikePort
        Ports of live drives.
    generated : mapping of Drive to GeneratedPort
        Ports of inputs that are generated interval by interval.
    sources : mapping of Drive to Source
        Origin of currents and of Poisson spikes.
    """

    live: Mapping[Drive, CurrentPort | SpikePort]
    generated: Mapping[Drive, GeneratedPort]
    sources: Mapping[Drive, Source]


def input_tables(context: BuildContext, thread: int, neurons: Neurons) -> tuple[Inputs, Ports]:
    """Build the tables of inputs to the neurons of one thread, and their ports."""
    tables = InputTables(neurons)
    found = [
        (Stream(context.dt, context.seed, k), drive, context.part(thread, drive.target))
        for k, drive in enumerate(context.network.drives)
    ]
    for stream, drive, local in found:
        drive.input.check_step(context.dt)
        if not (drive.input.is_generated or drive.input.is_live):
            add_input(drive.input, tables, drive, local, stream)
    live: dict[Drive, CurrentPort | SpikePort] = {}
    generated: dict[Drive, GeneratedPort] = {}
    for stream, drive, local in found:
        if drive.input.is_generated:
            generated[drive] = _generated_port(stream, drive, local, tables)
        elif drive.input.is_live:
            live[drive] = _live_port(drive, local, tables)
    return tables.freeze(), Ports(live, generated, tables.sources)


def _generated_port(
    stream: Stream, drive: Drive, local: LocalPopulation, tables: InputTables
) -> GeneratedPort:
    """Add a generated input to the tables; return its port."""
    number, none = stream.number, np.empty((0, 1))
    if hasattr(drive.input, "spikes"):
        return GeneratedPort(number, -1, _spike_port(drive, local))
    if not hasattr(drive.input, "rates"):
        return GeneratedPort(number, _add_current(tables, drive, local, none), None)
    program = tables.add_program(np.empty(0, np.int64), none, spikes=True)
    highest = drive.input.highest_rate * stream.dt * 1e-3
    if drive.input.columns > 1:  # a program with several columns has no tables
        highest = np.inf
    tables.add_poisson(drive, local, program, stream.key("poisson"), highest)
    return GeneratedPort(number, program, None)


def _live_port(
    drive: Drive, local: LocalPopulation, tables: InputTables
) -> CurrentPort | SpikePort:
    """Add a live drive to the tables; return its port."""
    if drive.input.sends_spikes:
        return _spike_port(drive, local)
    source: Any = drive.input
    n_targets, first = len(targets(drive)), sum(map(len, tables.amplitudes))
    start = np.broadcast_to(source.changes()[1], (1, n_targets))
    program = _add_current(tables, drive, local, start)
    return CurrentPort(program, slice(first, first + n_targets))


def _add_current(
    tables: InputTables, drive: Drive, local: LocalPopulation, values: NDArray[np.float64]
) -> int:
    """Add a current with values (n, n_columns) from step 0 on; return its program."""
    program = tables.add_program(np.zeros(len(values), np.int64), values, spikes=False)
    tables.add_current(drive, local, program)
    return program


def _spike_port(drive: Drive, local: LocalPopulation) -> SpikePort:
    ids = targets(drive)
    here = (ids >= local.start) & (ids < local.stop)
    weights = np.broadcast_to(np.asarray(drive.weight, float), len(ids))
    slots = np.where(here, local.slots[drive.synapse] + ids - local.start, -1)
    probes = np.full(len(ids), -1, np.int64)
    probes[here] = probe_slots(local, drive.synapse, ids[here], weights[here])
    return SpikePort(slots, probes, weights)
