"""Build the input tables of one thread, and ports for input during a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurosim.builder.inputs import InputTables, Stream, add_input, probe_slots, targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.builder.layout import Layout, LocalPopulation
    from neurosim.kernels import Inputs, Neurons
    from neurosim.network import Drive, Network


class CustomPort(NamedTuple):
    """Port of an input that a user's class defines.

    Attributes
    ----------
    number : int
        Index of the drive in the network.
    program : int
        Program of its current; −1 for spikes.
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


def input_tables(
    network: Network, layout: Layout, neurons: Neurons, thread: int, dt: float, seed: int
) -> tuple[Inputs, dict[Drive, CurrentPort | SpikePort], dict[Drive, CustomPort]]:
    """Build the tables of inputs to the neurons of one thread.

    Returns
    -------
    inputs : Inputs
    live, custom : dict
        Ports of live drives and of users' inputs.
    """
    tables = InputTables(neurons)
    found = [
        (k, drive, layout.threads[thread].populations[layout.index(drive.target)])
        for k, drive in enumerate(network.drives)
    ]
    for k, drive, local in found:
        drive.input.check_step(dt)
        if local.size and not (drive.input.is_custom or drive.input.is_live):
            add_input(drive.input, tables, drive, local, Stream(dt, seed, k))
    live: dict[Drive, CurrentPort | SpikePort] = {}
    custom: dict[Drive, CustomPort] = {}
    for k, drive, local in found:
        if drive.input.is_custom:
            custom[drive] = _custom_port(k, drive, local, tables)
        elif drive.input.is_live:
            live[drive] = _live_port(drive, local, tables)
    return tables.freeze(), live, custom


def _custom_port(
    number: int, drive: Drive, local: LocalPopulation, tables: InputTables
) -> CustomPort:
    """Add the input of a user's class to the tables; return its port."""
    if drive.input.sends_spikes:
        return CustomPort(number, -1, _spike_port(drive, local))
    return CustomPort(number, _add_current(tables, drive, local, np.empty((0, 1))), None)


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
