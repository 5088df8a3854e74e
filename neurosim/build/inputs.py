"""Input from outside the network, laid out for one thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import pdtr

from neurosim.build.grid import to_steps
from neurosim.build.layout import NOISE
from neurosim.build.propagators import noise_per_step
from neurosim.build.streams import stream_key
from neurosim.errors import NeurosimError
from neurosim.kernels import Inputs
from neurosim.network import (
    ConstantCurrent,
    CurrentWaveform,
    MembraneNoise,
    Poisson,
    SpikeTimes,
    StepCurrent,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurosim.build.layout import Layout, Share
    from neurosim.network import Drive, Network

MAX_MEAN = 500.0
"""Largest expected number of Poisson spikes in one step: beyond, exp(−mean) underflows."""


class Piece(NamedTuple):
    """Consecutive targets of a drive.

    Attributes
    ----------
    neuron : int
        The first, as an index within its population.
    column : int
        Its place among the drive's targets.
    length : int
    """

    neuron: int
    column: int
    length: int


def _targets(drive: Drive) -> NDArray[np.int64]:
    return np.arange(drive.target.size) if drive.ids is None else drive.ids


def _pieces(drive: Drive, share: Share) -> Iterator[Piece]:
    """Cut a drive's targets within a share into runs consecutive in neuron and in column."""
    ids = _targets(drive)
    columns = np.flatnonzero((ids >= share.low) & (ids < share.high))
    if len(columns) == 0:
        return
    columns = columns[np.argsort(ids[columns], kind="stable")]
    own = ids[columns]
    breaks = np.flatnonzero((np.diff(own) != 1) | (np.diff(columns) != 1)) + 1
    for first, last in zip([0, *breaks], [*breaks, len(own)], strict=True):
        yield Piece(int(own[first]), int(columns[first]), int(last - first))


def _program(drive: Drive, dt: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the steps at which a drive changes, and its values: (n,) and (n, 1 or n_targets)."""
    source = drive.input
    if isinstance(source, ConstantCurrent):
        return np.zeros(1, np.int64), np.atleast_1d(source.amplitude).reshape(1, -1)
    if isinstance(source, StepCurrent):
        amplitudes = np.asarray(source.amplitudes, float)
        return to_steps(source.times, dt), amplitudes.reshape(len(source.times), -1)
    if isinstance(source, CurrentWaveform):
        if source.interval < dt * (1.0 - 1e-9):
            raise NeurosimError(
                f"CurrentWaveform.interval = {source.interval:g} ms is below the time step "
                f"dt = {dt:g} ms: resample the waveform, or take a smaller dt"
            )
        values = np.asarray(source.values, float)
        values = values.reshape(len(values), -1)
        times = np.arange(len(values) + 1) * source.interval
        return to_steps(times, dt), np.vstack([values, np.zeros((1, values.shape[1]))])
    assert isinstance(source, Poisson)
    n = 1 if source.times is None else len(source.times)
    steps = np.zeros(1, np.int64) if source.times is None else to_steps(source.times, dt)
    means = np.asarray(source.rate, float).reshape(n, -1) * dt * 1e-3
    if means.max() > MAX_MEAN:
        raise NeurosimError(
            f"Poisson.rate = {means.max() / dt * 1e3:g} Hz is above {MAX_MEAN / dt * 1e3:g} Hz, "
            f"{MAX_MEAN:g} spikes in a step of {dt:g} ms: use fewer, stronger inputs or a current"
        )
    return steps, means


def poisson_law(mean: float) -> NDArray[np.uint64]:
    """Return P(N ≤ 0), P(N ≤ 1), … of a Poisson number as fractions of 2⁶⁴, up to where it is 1.

    Filled up with 2⁶⁴ − 1 to a multiple of four, as the kernel wants it.
    """
    largest = int(mean + 12.0 * np.sqrt(mean) + 40.0)
    law = pdtr(np.arange(largest), mean)
    law = law[law < 1.0 - 2.0**-53]
    padded = np.full(-(-len(law) // 4) * 4, np.iinfo(np.uint64).max)
    padded[: len(law)] = np.floor(law * 2.0**53).astype(np.uint64) << np.uint64(11)
    return padded


class _Tables:
    """Rows of `Inputs` as they come together."""

    def __init__(self) -> None:
        self.programs: list[list[int]] = []
        self.changes: list[NDArray[np.int64]] = []
        self.poisson: list[list[int]] = []
        self.poisson_keys: list[np.uint64] = []
        self.weights: list[NDArray[np.float64]] = []
        self.laws: list[NDArray[np.uint64]] = []
        self.means: list[NDArray[np.float64]] = []
        self.events: list[tuple[NDArray, NDArray, NDArray]] = []
        self.currents: list[list[int]] = []
        self.amplitudes: list[NDArray[np.float64]] = []
        self.noise: list[list[int]] = []
        self.noise_keys: list[np.uint64] = []
        self.noise_sd: list[float] = []

    def add_program(self, steps: NDArray, values: NDArray, *, spikes: bool) -> int:
        """Add a program and its values; return its number."""
        columns = values.shape[1]
        if spikes and columns == 1:
            place = len(self.laws)
            self.laws.extend(poisson_law(mean) for mean in values[:, 0])
        else:
            store = self.means if spikes else self.amplitudes
            place = sum(map(len, store))
            store.append(values.ravel())
        first = sum(map(len, self.changes))
        self.programs.append([first, len(steps), columns, place])
        self.changes.append(steps)
        return len(self.programs) - 1

    def add_weights(self, weights: NDArray[np.float64]) -> int:
        """Add weights; return the place of the first."""
        place = sum(map(len, self.weights))
        self.weights.append(weights)
        return place

    def freeze(self) -> Inputs:
        """Return the arrays."""

        def rows(table: list[list[int]], columns: int) -> NDArray[np.int64]:
            return np.array(table, np.int64).reshape(-1, columns)

        def flat(parts: list, dtype: type) -> NDArray:
            return np.concatenate([np.empty(0, dtype), *parts]).astype(dtype, copy=False)

        steps, slots, weights = (
            flat([event[k] for event in self.events], dtype)
            for k, dtype in enumerate((np.int64, np.int64, np.float64))
        )
        order = np.argsort(steps, kind="stable")
        return Inputs(
            programs=rows(self.programs, 4),
            changes=flat(self.changes, np.int64),
            poisson=rows(self.poisson, 7),
            poisson_keys=np.array(self.poisson_keys, np.uint64),
            poisson_weights=flat(self.weights, np.float64),
            law_start=np.cumsum([0, *map(len, self.laws)], dtype=np.int64),
            law=flat(self.laws, np.uint64),
            means=flat(self.means, np.float64),
            event_steps=steps[order],
            event_slots=slots[order],
            event_weights=weights[order],
            currents=rows(self.currents, 5),
            amplitudes=flat(self.amplitudes, np.float64),
            noise=rows(self.noise, 3),
            noise_keys=np.array(self.noise_keys, np.uint64),
            noise_sd=np.array(self.noise_sd, float),
        )


def _add_current(tables: _Tables, drive: Drive, share: Share, dt: float) -> None:
    program = tables.add_program(*_program(drive, dt), spikes=False)
    for piece in _pieces(drive, share):
        local = share.first + piece.neuron - share.low
        tables.currents.append([local, piece.length, 0, program, piece.column])


def _add_noise(tables: _Tables, drive: Drive, share: Share, dt: float, key: np.uint64) -> None:
    assert isinstance(drive.input, MembraneNoise)
    for piece in _pieces(drive, share):
        tables.noise.append(
            [share.slots[NOISE] + piece.neuron - share.low, piece.length, piece.neuron]
        )
        tables.noise_keys.append(key)
        tables.noise_sd.append(noise_per_step(drive.input.sigma, drive.target.neuron, dt))


def _twin_slots(share: Share, port: object, neurons: NDArray, weights: NDArray) -> NDArray:
    """Return the slots of the twins that hear these inputs, −1 where a neuron has none."""
    twin = share.twin_of()[neurons - share.low]
    slots = share.twin_slots[port] + twin + np.where(weights < 0.0, len(share.twins), 0)
    return np.where(twin < 0, -1, slots)


def _add_poisson(tables: _Tables, drive: Drive, share: Share, dt: float, key: np.uint64) -> None:
    program = tables.add_program(*_program(drive, dt), spikes=True)
    weights = np.atleast_1d(np.asarray(drive.weight, float))
    place, stride = tables.add_weights(weights), int(len(weights) > 1)
    for piece in _pieces(drive, share):
        slot = share.slots[drive.synapse] + piece.neuron - share.low
        entry = [program, piece.column, place + stride * piece.column, stride]
        tables.poisson.append([slot, piece.length, piece.neuron, *entry])
        tables.poisson_keys.append(key)
        own = np.arange(piece.length)
        heard = np.broadcast_to(weights[stride * (piece.column + own)], own.shape)
        twins = _twin_slots(share, drive.synapse, piece.neuron + own, heard)
        for i in np.flatnonzero(twins >= 0):
            column = piece.column + int(i)
            entry = [program, column, place + stride * column, stride]
            tables.poisson.append([int(twins[i]), 1, piece.neuron + int(i), *entry])
            tables.poisson_keys.append(key)


def _spike_steps(drive: Drive, dt: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the step and the column of every given spike; column −1 stands for all."""
    assert isinstance(drive.input, SpikeTimes)
    times = drive.input.times
    if isinstance(times, tuple):
        columns = np.repeat(np.arange(len(times)), [len(t) for t in times])
        flat = np.concatenate([np.empty(0), *times])
    else:
        flat = np.asarray(times, float)
        columns = np.full(len(flat), -1)
    # What arrives at time t acts in the step that ends there.
    steps = to_steps(flat + drive.delay, dt) - 1
    if len(steps) and steps.min() < 0:
        raise NeurosimError(
            f"SpikeTimes at {flat.min():g} ms with delay {drive.delay:g} ms reach "
            f"{drive.target.name!r} before the first step is over: the earliest arrival is dt = "
            f"{dt:g} ms; shift the times or lengthen the delay"
        )
    return steps, columns


def _add_spikes(tables: _Tables, drive: Drive, share: Share, dt: float) -> None:
    steps, columns = _spike_steps(drive, dt)
    weights = np.atleast_1d(np.asarray(drive.weight, float))
    for piece in _pieces(drive, share):
        if len(columns) and columns[0] < 0:
            offset = np.tile(np.arange(piece.length), len(steps))
            when = np.repeat(steps, piece.length)
        else:
            mine = (columns >= piece.column) & (columns < piece.column + piece.length)
            offset, when = columns[mine] - piece.column, steps[mine]
        strength = (
            weights[piece.column + offset] if len(weights) > 1 else np.full(len(when), weights[0])
        )
        neurons = piece.neuron + offset
        tables.events.append((when, share.slots[drive.synapse] + neurons - share.low, strength))
        twins = _twin_slots(share, drive.synapse, neurons, strength)
        heard = twins >= 0
        tables.events.append((when[heard], twins[heard], strength[heard]))


def input_tables(network: Network, layout: Layout, thread: int, dt: float, seed: int) -> Inputs:
    """Lay out all drives onto one thread's neurons."""
    tables = _Tables()
    for k, drive in enumerate(network.drives):
        share = layout.threads[thread].shares[layout.index(drive.target)]
        if share.size == 0:
            continue
        if isinstance(drive.input, Poisson):
            _add_poisson(tables, drive, share, dt, stream_key(seed, "poisson", k))
        elif isinstance(drive.input, SpikeTimes):
            _add_spikes(tables, drive, share, dt)
        elif isinstance(drive.input, MembraneNoise):
            _add_noise(tables, drive, share, dt, stream_key(seed, "noise", k))
        else:
            _add_current(tables, drive, share, dt)
    return tables.freeze()


def driven_populations(network: Network, layout: Layout) -> set[int]:
    """Return the populations into which current is injected."""
    currents = (ConstantCurrent, StepCurrent, CurrentWaveform)
    return {layout.index(d.target) for d in network.drives if isinstance(d.input, currents)}
