"""Where a thread takes in what comes while the network runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurosim.builder.inputs import pieces, probe_slots, targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.builder.layout import Layout, LocalPopulation
    from neurosim.kernels import Inputs
    from neurosim.network import Drive, Network


class OwnPort(NamedTuple):
    """Where the input of a user's class goes.

    Attributes
    ----------
    number : int
        Of the drive in the network.
    program : int
        Program of its current; −1 for spikes.
    spikes : SpikePort or None
    """

    number: int
    program: int
    spikes: SpikePort | None


class CurrentPort(NamedTuple):
    """Where a live current is kept: a program of one row, with a column for every target.

    Attributes
    ----------
    program : int
    values : slice
        Of `Inputs.amplitudes`.
    """

    program: int
    values: slice


class SpikePort(NamedTuple):
    """Where live spikes go.

    Attributes
    ----------
    slots, probe_slots : (n_targets,) ndarray of int64
        −1 where the target belongs to another thread, or has no probes.
    weights : (n_targets,) ndarray of float64
    """

    slots: NDArray[np.int64]
    probe_slots: NDArray[np.int64]
    weights: NDArray[np.float64]


def live_tables(
    inputs: Inputs, network: Network, layout: Layout, thread: int
) -> tuple[Inputs, dict[Drive, CurrentPort | SpikePort], dict[Drive, OwnPort]]:
    """Add the drives that bring input while the network runs to one thread's inputs.

    Returns
    -------
    inputs : Inputs
    live, own : dict
        Ports of live drives and of those of users.
    """
    live: dict[Drive, CurrentPort | SpikePort] = {}
    own: dict[Drive, OwnPort] = {}
    for k, drive in enumerate(network.drives):
        local = layout.threads[thread].populations[layout.index(drive.target)]
        if drive.input.is_custom and drive.input.sends_spikes:
            own[drive] = OwnPort(k, -1, _spike_port(drive, local))
        elif drive.input.is_custom:
            own[drive] = OwnPort(k, len(inputs.programs), None)
            inputs = _add_program(inputs, drive, local, np.empty((0, 1)))
        elif drive.input.is_live and drive.input.sends_spikes:
            live[drive] = _spike_port(drive, local)
        elif drive.input.is_live:
            inputs, live[drive] = _add_current(inputs, drive, local)
    return inputs, live, own


def _add_current(
    inputs: Inputs, drive: Drive, local: LocalPopulation
) -> tuple[Inputs, CurrentPort]:
    source: Any = drive.input
    n_targets, first = len(targets(drive)), len(inputs.amplitudes)
    start = np.broadcast_to(source.changes()[1], (1, n_targets))
    port = CurrentPort(len(inputs.programs), slice(first, first + n_targets))
    return _add_program(inputs, drive, local, start), port


def _add_program(
    inputs: Inputs, drive: Drive, local: LocalPopulation, values: NDArray[np.float64]
) -> Inputs:
    """Return inputs with a current that has values (n, n_columns) from step 0 on."""
    (n, columns), program = values.shape, len(inputs.programs)
    place = [len(inputs.changes), n, columns, len(inputs.amplitudes)]
    rows = [
        [local.first + piece.neuron - local.start, piece.length, 0, program, piece.column]
        for piece in pieces(drive, local)
    ]
    return inputs._replace(
        programs=np.vstack([inputs.programs, place]),
        changes=np.append(inputs.changes, np.zeros(n, np.int64)),
        currents=np.vstack([inputs.currents, np.array(rows, np.int64).reshape(-1, 5)]),
        amplitudes=np.concatenate([inputs.amplitudes, values.ravel()]),
    )


def _spike_port(drive: Drive, local: LocalPopulation) -> SpikePort:
    ids = targets(drive)
    own = (ids >= local.start) & (ids < local.stop)
    weights = np.broadcast_to(np.asarray(drive.weight, float), len(ids))
    slots = np.where(own, local.slots[drive.synapse] + ids - local.start, -1)
    probes = np.full(len(ids), -1, np.int64)
    probes[own] = probe_slots(local, drive.synapse, ids[own], weights[own])
    return SpikePort(slots, probes, weights)
