"""Input from outside the network, laid out for one thread."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurosim.builder.grid import to_steps
from neurosim.builder.layout import NOISE
from neurosim.builder.poisson import poisson_law
from neurosim.builder.propagators import noise_per_step
from neurosim.builder.streams import stream_key
from neurosim.errors import NeurosimError
from neurosim.kernels import Inputs
from neurosim.kernels.types import (
    BLOCK_FIRST,
    BLOCK_LAST,
    COUNTED,
    FIRST,
    GROUP,
    MIXED,
    PORT_FIRST,
    PORT_LAST,
    QUIET,
    SLOT,
)
from neurosim.models import (
    ConstantCurrent,
    CurrentWaveform,
    Input,
    MembraneNoise,
    Poisson,
    SpikeTimes,
    StepCurrent,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurosim.builder.layout import Layout, LocalPopulation
    from neurosim.kernels import Neurons
    from neurosim.network import Drive, Network


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


def targets(drive: Drive) -> NDArray[np.int64]:
    """Return the neurons that a drive reaches, as indices within their population."""
    return np.arange(drive.target.size) if drive.ids is None else drive.ids


def pieces(drive: Drive, local: LocalPopulation) -> Iterator[Piece]:
    """Cut a drive's targets within a local into runs consecutive in neuron and in column."""
    ids = targets(drive)
    columns = np.flatnonzero((ids >= local.start) & (ids < local.stop))
    if len(columns) == 0:
        return
    columns = columns[np.argsort(ids[columns], kind="stable")]
    own = ids[columns]
    breaks = np.flatnonzero((np.diff(own) != 1) | (np.diff(columns) != 1)) + 1
    for first, last in zip([0, *breaks], [*breaks, len(own)], strict=True):
        yield Piece(int(own[first]), int(columns[first]), int(last - first))


class _Block(NamedTuple):
    """A piece of a drive's targets within one block.

    Attributes
    ----------
    place : int
        Of the block's port.
    target : int
        The first, counted from the first neuron of the block.
    whole : bool
        Whether it covers the block.
    piece : Piece
    """

    place: int
    target: int
    whole: bool
    piece: Piece

    def targets(self) -> list[int]:
        """Return first target, number and first entity."""
        return [self.target, self.piece.length, self.piece.neuron]


class _Blocks:
    """The blocks of one thread's neurons, to cut pieces of drives at.

    Parameters
    ----------
    neurons : Neurons
    """

    def __init__(self, neurons: Neurons) -> None:
        self._neurons = neurons
        self._order = np.argsort(neurons.ports[:, SLOT], kind="stable")
        n_ports = np.diff(neurons.groups[:, PORT_FIRST : PORT_LAST + 1], axis=1).ravel()
        self.n_places = int(n_ports[neurons.blocks[:, GROUP]].sum())

    def cut(self, piece: Piece, slot: int) -> Iterator[_Block]:
        """Cut a piece whose targets begin at a slot into pieces within one block each."""
        groups, ports, blocks = self._neurons.groups, self._neurons.ports, self._neurons.blocks
        sorted_place = np.searchsorted(ports[self._order, SLOT], slot, side="right") - 1
        p = int(self._order[sorted_place])
        g = int(np.searchsorted(groups[:, PORT_FIRST], p, side="right")) - 1
        port = p - int(groups[g, PORT_FIRST])
        first = int(groups[g, FIRST]) + slot - int(ports[p, SLOT])
        last = first + piece.length
        k = int(np.searchsorted(blocks[:, BLOCK_LAST], first, side="right"))
        while k < len(blocks) and blocks[k, BLOCK_FIRST] < last:
            _, start, stop, place = map(int, blocks[k])
            a, b = max(first, start), min(last, stop)
            part = Piece(piece.neuron + a - first, piece.column + a - first, b - a)
            yield _Block(place + port, a - start, b - a == stop - start, part)
            k += 1


class _Tables:
    """Rows of `Inputs` as they come together."""

    def __init__(self, blocks: _Blocks) -> None:
        self.blocks = blocks
        self.programs: list[list[int]] = []
        self.changes: list[NDArray[np.int64]] = []
        self.poisson: list[tuple[_Block, list[int], np.uint64]] = []
        self.weights: list[NDArray[np.float64]] = []
        self.laws: list[tuple[int, NDArray[np.uint16], NDArray[np.uint64]]] = []
        self.means: list[NDArray[np.float64]] = []
        self.events: list[tuple[NDArray, NDArray, NDArray]] = []
        self.currents: list[list[int]] = []
        self.amplitudes: list[NDArray[np.float64]] = []
        self.noise: list[tuple[_Block, np.uint64, float]] = []

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

    def _countable(self, entry: list[int]) -> bool:
        """Whether a piece has one weight, and numbers of one law that fit into a byte."""
        program, _, _, stride = entry
        _, n_changes, columns, first = self.programs[program]
        if columns > 1 or stride:
            return False
        laws = self.laws[first : first + n_changes]
        return all(least == 0 and len(rest) < 256 for least, _, rest in laws)

    def _noisy(self) -> NDArray[np.uint8]:
        """Return how much noise every place takes in."""
        noisy = np.full(self.blocks.n_places, QUIET, np.uint8)
        for block, entry, _ in self.poisson:
            alone = noisy[block.place] == QUIET and block.whole and self._countable(entry)
            noisy[block.place] = COUNTED if alone else MIXED
        for block, _, _ in self.noise:
            noisy[block.place] = MIXED
        return noisy

    def freeze(self) -> Inputs:
        """Return the arrays."""

        def rows(table: list[list[int]], columns: int) -> NDArray[np.int64]:
            return np.array(table, np.int64).reshape(-1, columns)

        def flat(parts: list, dtype: type) -> NDArray:
            return np.concatenate([np.empty(0, dtype), *parts]).astype(dtype, copy=False)

        def ends(parts: list) -> NDArray[np.int64]:
            return np.cumsum([0, *map(len, parts)], dtype=np.int64)

        def starts(pieces: list) -> NDArray[np.int64]:
            places = [block.place for block, *_ in pieces]
            return np.searchsorted(places, np.arange(self.blocks.n_places + 1))

        steps, slots, weights = (
            flat([event[k] for event in self.events], dtype)
            for k, dtype in enumerate((np.int64, np.int64, np.float64))
        )
        order = np.argsort(steps, kind="stable")
        noisy = self._noisy()
        poisson = sorted(self.poisson, key=lambda piece: piece[0].place)
        noise = sorted(self.noise, key=lambda piece: piece[0].place)
        bounds, rest = (ends([law[k] for law in self.laws]) for k in (1, 2))
        least = np.array([law[0] for law in self.laws], np.int64)
        return Inputs(
            programs=rows(self.programs, 4),
            changes=flat(self.changes, np.int64),
            noisy=noisy,
            poisson_start=starts(poisson),
            poisson=rows(
                [[b.target, b.piece.length, b.piece.neuron, *e] for b, e, _ in poisson], 7
            ),
            poisson_keys=np.array([key for *_, key in poisson], np.uint64),
            poisson_weights=flat(self.weights, np.float64),
            laws=np.stack([least, bounds[:-1], bounds[1:], rest[:-1], rest[1:]], axis=1),
            bounds=flat([law[1] for law in self.laws], np.uint16),
            rest=flat([law[2] for law in self.laws], np.uint64),
            means=flat(self.means, np.float64),
            event_steps=steps[order],
            event_slots=slots[order],
            event_weights=weights[order],
            currents=rows(self.currents, 5),
            amplitudes=flat(self.amplitudes, np.float64),
            noise_start=starts(noise),
            noise=rows([b.targets() for b, *_ in noise], 3),
            noise_keys=np.array([key for _, key, _ in noise], np.uint64),
            noise_sd=np.array([sd for *_, sd in noise], float),
        )


def probe_slots(
    local: LocalPopulation, port: object, neurons: NDArray, weights: NDArray
) -> NDArray[np.int64]:
    """Return the slots of the probes that hear these inputs, −1 where a neuron has none."""
    probe = local.probe_index()[neurons - local.start]
    slots = local.probe_slots[port] + probe + np.where(weights < 0.0, len(local.probed), 0)
    return np.where(probe < 0, -1, slots)


class Stream(NamedTuple):
    """Time step (ms), seed and number of a drive: the source of its random numbers."""

    dt: float
    seed: int
    number: int

    def key(self, purpose: str) -> np.uint64:
        """Return the key of the random stream of a drive."""
        return stream_key(self.seed, purpose, self.number)


@singledispatch
def add_input(
    source: Input, tables: _Tables, drive: Drive, local: LocalPopulation, stream: Stream
) -> None:
    """Lay out the input of a drive; that of users and live input comes while the network runs."""
    if not (source.is_custom or source.is_live):
        raise NeurosimError(
            f"{type(source).__name__} has neither a method current(times, n_targets, rng) nor "
            "spikes(start, stop, n_targets, rng): define one of them"
        )


@add_input.register(ConstantCurrent)
@add_input.register(StepCurrent)
@add_input.register(CurrentWaveform)
def _add_current(
    source: Any, tables: _Tables, drive: Drive, local: LocalPopulation, stream: Stream
) -> None:
    times, values = source.changes()
    program = tables.add_program(to_steps(times, stream.dt), values, spikes=False)
    for piece in pieces(drive, local):
        index = local.first + piece.neuron - local.start
        tables.currents.append([index, piece.length, 0, program, piece.column])


@add_input.register(MembraneNoise)
def _add_noise(
    source: MembraneNoise, tables: _Tables, drive: Drive, local: LocalPopulation, stream: Stream
) -> None:
    neuron, sd, key = drive.target.neuron, source.sigma, stream.key("noise")
    if neuron.is_uniform:  # else each neuron has its own factor
        sd *= noise_per_step(neuron.tau_m, stream.dt)
    for piece in pieces(drive, local):
        slot = local.slots[NOISE] + piece.neuron - local.start
        tables.noise.extend((block, key, sd) for block in tables.blocks.cut(piece, slot))


@add_input.register(Poisson)
def _add_poisson(
    source: Poisson, tables: _Tables, drive: Drive, local: LocalPopulation, stream: Stream
) -> None:
    times, rates = source.changes()
    # The spikes after a change of the rate arrive later by the delay, and so does the change.
    steps = to_steps(times + float(drive.delay or 0.0), stream.dt)
    program = tables.add_program(steps, rates * stream.dt * 1e-3, spikes=True)
    key = stream.key("poisson")
    weights = np.atleast_1d(np.asarray(drive.weight, float))
    place, stride = tables.add_weights(weights), int(len(weights) > 1)

    def add(piece: Piece, slot: int) -> None:
        for block in tables.blocks.cut(piece, slot):
            column = block.piece.column
            entry = [program, column, place + stride * column, stride]
            tables.poisson.append((block, entry, key))

    for piece in pieces(drive, local):
        add(piece, local.slots[drive.synapse] + piece.neuron - local.start)
        own = np.arange(piece.length)
        heard = np.broadcast_to(weights[stride * (piece.column + own)], own.shape)
        probes = probe_slots(local, drive.synapse, piece.neuron + own, heard)
        for i in np.flatnonzero(probes >= 0):
            add(Piece(piece.neuron + int(i), piece.column + int(i), 1), int(probes[i]))


def arrival_steps(drive: Drive, times: NDArray[np.float64], dt: float) -> NDArray[np.int64]:
    """Return the steps in which spikes sent at `times` (ms) arrive."""
    # What arrives at time t acts in the step that ends there.
    return to_steps(times + float(drive.delay or 0.0), dt) - 1


@add_input.register(SpikeTimes)
def _add_spikes(
    source: SpikeTimes, tables: _Tables, drive: Drive, local: LocalPopulation, stream: Stream
) -> None:
    times, columns, factors = source.events()
    steps = arrival_steps(drive, times, stream.dt)
    if len(steps) and steps.min() < 0:
        raise NeurosimError(
            f"SpikeTimes at {times.min():g} ms with delay {drive.delay:g} ms reach "
            f"{drive.target.name!r} before the first step is over: the earliest arrival is dt = "
            f"{stream.dt:g} ms, to which arrivals from dt/2 on are rounded; shift the times or "
            "lengthen the delay"
        )
    weights = np.atleast_1d(np.asarray(drive.weight, float))
    for piece in pieces(drive, local):
        if len(columns) and columns[0] < 0:
            offset = np.tile(np.arange(piece.length), len(steps))
            when, factor = (np.repeat(values, piece.length) for values in (steps, factors))
        else:
            mine = (columns >= piece.column) & (columns < piece.column + piece.length)
            offset, when, factor = columns[mine] - piece.column, steps[mine], factors[mine]
        strength = (
            weights[piece.column + offset] if len(weights) > 1 else np.full(len(when), weights[0])
        )
        strength = strength * factor
        neurons = piece.neuron + offset
        tables.events.append((when, local.slots[drive.synapse] + neurons - local.start, strength))
        probes = probe_slots(local, drive.synapse, neurons, strength)
        heard = probes >= 0
        tables.events.append((when[heard], probes[heard], strength[heard]))


def input_tables(
    network: Network, layout: Layout, neurons: Neurons, thread: int, dt: float, seed: int
) -> Inputs:
    """Lay out the drives onto one thread's neurons; `live_tables` adds the live ones."""
    tables = _Tables(_Blocks(neurons))
    for k, drive in enumerate(network.drives):
        local = layout.threads[thread].populations[layout.index(drive.target)]
        drive.input.check_step(dt)
        if local.size:
            add_input(drive.input, tables, drive, local, Stream(dt, seed, k))
    return tables.freeze()
