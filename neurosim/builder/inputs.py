"""Input from outside the network, laid out for one thread."""

from __future__ import annotations

import math
from functools import singledispatch
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurosim.builder.grid import MAX_STEPS, to_steps
from neurosim.builder.layout import NOISE
from neurosim.builder.propagators import noise_per_step
from neurosim.builder.streams import generator, stream_key
from neurosim.errors import NeurosimError
from neurosim.kernels import Inputs, poisson_tables
from neurosim.kernels.input_types import (
    COUNTED,
    CURRENT_PIECE,
    MIXED,
    NO_NOISE,
    NOISE_CURRENT,
    NOISE_PIECE,
    POISSON_PIECE,
    POISSON_TABLE,
    PROGRAM,
)
from neurosim.models import (
    ConstantCurrent,
    CurrentWaveform,
    Input,
    MembraneNoise,
    OrnsteinUhlenbeckCurrent,
    Poisson,
    PulsePacket,
    SpikeTimes,
    StepCurrent,
    WhiteNoiseCurrent,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurosim.builder.layout import LocalPopulation
    from neurosim.kernels import Neurons
    from neurosim.network import Drive


MAX_COUNTED = 10.0
"""Mean up to which Poisson numbers fit into a byte, and 0 is among the numbers with thresholds."""


class Piece(NamedTuple):
    """Consecutive targets of a drive.

    Attributes
    ----------
    neuron : int
        Index of the first target within its population.
    column : int
        Index of the first target among the targets of the drive.
    length : int
    """

    neuron: int
    column: int
    length: int


def targets(drive: Drive) -> NDArray[np.int64]:
    """Return the targets of a drive as indices within their population."""
    return np.arange(drive.target.size) if drive.ids is None else drive.ids


def columns_of(drive: Drive, ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the columns of some targets of a drive."""
    reached = targets(drive)
    order = np.argsort(reached)
    return order[np.searchsorted(reached, ids, sorter=order)]


def pieces(drive: Drive, local: LocalPopulation) -> Iterator[Piece]:
    """Cut a drive's targets on a thread into runs consecutive in neuron and in column."""
    ids = targets(drive)
    columns = np.flatnonzero((ids >= local.start) & (ids < local.stop))
    if len(columns) == 0:
        return
    columns = columns[np.argsort(ids[columns], kind="stable")]
    chosen = ids[columns]
    breaks = np.flatnonzero((np.diff(chosen) != 1) | (np.diff(columns) != 1)) + 1
    for first, last in zip([0, *breaks], [*breaks, len(chosen)], strict=True):
        yield Piece(int(chosen[first]), int(columns[first]), int(last - first))


class _BlockPiece(NamedTuple):
    """The part of a piece within one block of neurons.

    Attributes
    ----------
    block_port : int
        Index of the port among the ports of all blocks.
    target : int
        Index of the first target within the block.
    whole : bool
        Whether the part covers the block.
    piece : Piece
    """

    block_port: int
    target: int
    whole: bool
    piece: Piece


class _Blocks:
    """The blocks of one thread's neurons, at which pieces of drives are cut."""

    def __init__(self, neurons: Neurons) -> None:
        self._neurons = neurons
        self._order = np.argsort(neurons.ports["slot"], kind="stable")
        n_ports = neurons.groups["stop_port"] - neurons.groups["first_port"]
        self.n_block_ports = int(n_ports[neurons.blocks["group"]].sum())

    def cut(self, piece: Piece, slot: int) -> Iterator[_BlockPiece]:
        """Cut a piece whose targets begin at a slot at the boundaries of blocks."""
        groups, ports, blocks = self._neurons.groups, self._neurons.ports, self._neurons.blocks
        p = self._order[np.searchsorted(ports["slot"][self._order], slot, side="right") - 1]
        group = groups[np.searchsorted(groups["first_port"], p, side="right") - 1]
        first = int(group.start + slot - ports[p].slot)
        last = first + piece.length
        k = int(np.searchsorted(blocks["stop"], first, side="right"))
        while k < len(blocks) and blocks[k].start < last:
            start, stop = int(blocks[k].start), int(blocks[k].stop)
            a, b = max(first, start), min(last, stop)
            part = Piece(piece.neuron + a - first, piece.column + a - first, b - a)
            block_port = int(blocks[k].first_port + p - group.first_port)
            yield _BlockPiece(block_port, a - start, b - a == stop - start, part)
            k += 1


class PoissonTables(NamedTuple):
    """Tables for drawing Poisson numbers; the fields are those of `Inputs`."""

    poisson_tables: NDArray
    thresholds: NDArray[np.uint16]
    tail_cdf: NDArray[np.uint64]

    @classmethod
    def of(cls, means: NDArray[np.float64]) -> PoissonTables:
        """Return a table for each mean."""
        rows, thresholds, tail_cdf = poisson_tables(means)
        tables = np.zeros(len(means), POISSON_TABLE)
        tables["least"] = rows[:, 0]
        for k, name in ((1, "threshold"), (2, "tail")):
            tables[f"stop_{name}"] = np.cumsum(rows[:, k])
            tables[f"first_{name}"] = tables[f"stop_{name}"] - rows[:, k]
        return cls(tables, thresholds, tail_cdf)

    def append(self, others: PoissonTables) -> PoissonTables:
        """Return these tables, followed by others."""
        tables = others.poisson_tables.copy()
        for name, array in (("threshold", self.thresholds), ("tail", self.tail_cdf)):
            tables[f"first_{name}"] += len(array)
            tables[f"stop_{name}"] += len(array)
        return PoissonTables(
            np.append(self.poisson_tables, tables),
            np.append(self.thresholds, others.thresholds),
            np.append(self.tail_cdf, others.tail_cdf),
        )


class Source(NamedTuple):
    """Origin of a recorded input on a thread: a program, or a noise current.

    Attributes
    ----------
    program : int
        -1 for a noise current.
    first : int
        Index of the first target in `State.noise_current`.
    """

    program: int
    first: int = 0


class InputTables:
    """Rows of `Inputs`, collected drive by drive."""

    def __init__(self, neurons: Neurons) -> None:
        self.blocks = _Blocks(neurons)
        self.programs: list[tuple[int, int, int, int, int]] = []
        self.changes: list[NDArray[np.int64]] = []
        self.poisson: list[tuple[_BlockPiece, tuple[Any, ...]]] = []
        self.weights: list[NDArray[np.float64]] = []
        self.poisson_tables = PoissonTables.of(np.empty(0))
        self.means: list[NDArray[np.float64]] = []
        self.events: list[tuple[NDArray, NDArray, NDArray]] = []
        self.currents: list[tuple[int, ...]] = []
        self.amplitudes: list[NDArray[np.float64]] = []
        self.noise: list[tuple[_BlockPiece, tuple[Any, ...]]] = []
        self.noise_currents: list[tuple[Any, ...]] = []
        self.noise_values: list[tuple[NDArray[np.float64], ...]] = []
        self.sources: dict[Drive, Source] = {}
        self.highest: dict[int, float] = {}

    def add_program(self, steps: NDArray, values: NDArray, *, spikes: bool) -> int:
        """Add a program and its values; return its index."""
        columns = values.shape[1]
        if spikes and columns == 1:
            first_value = len(self.poisson_tables.poisson_tables)
            added = PoissonTables.of(np.ascontiguousarray(values[:, 0]))
            self.poisson_tables = self.poisson_tables.append(added)
        else:
            store = self.means if spikes else self.amplitudes
            first_value = sum(map(len, store))
            store.append(values.ravel())
        first = sum(map(len, self.changes))
        self.programs.append((first, len(steps), columns, first_value, int(not spikes)))
        self.changes.append(steps)
        return len(self.programs) - 1

    def add_weights(self, weights: NDArray[np.float64]) -> int:
        """Add weights; return the index of the first."""
        first = sum(map(len, self.weights))
        self.weights.append(weights)
        return first

    def add_current(self, drive: Drive, local: LocalPopulation, program: int) -> None:
        """Add the targets of a current."""
        self.sources[drive] = Source(program)
        for piece in pieces(drive, local):
            index = local.currents[drive.compartment] + piece.neuron - local.start
            self.currents.append((index, piece.length, program, piece.column))

    def add_poisson(
        self,
        drive: Drive,
        local: LocalPopulation,
        program: int,
        key: np.uint64,
        highest: float = math.inf,
    ) -> None:
        """Add the targets of Poisson spikes with the means of a program.

        `highest` is a bound on means that follow during the run.
        """
        self.sources[drive], self.highest[program] = Source(program), highest
        weights = np.atleast_1d(np.asarray(drive.weight, float))
        first_weight, stride = self.add_weights(weights), int(len(weights) > 1)

        def add(piece: Piece, slot: int) -> None:
            for part in self.blocks.cut(piece, slot):
                column = part.piece.column
                weight = first_weight + stride * column
                values = (key, program, column, weight, stride, int(drive.input.shared))
                self.poisson.append((part, values))

        for piece in pieces(drive, local):
            add(piece, local.slots[drive.synapse] + piece.neuron - local.start)
            index = np.arange(piece.length)
            own_weights = np.broadcast_to(weights[stride * (piece.column + index)], index.shape)
            probes = probe_slots(local, drive.synapse, piece.neuron + index, own_weights)
            for i in np.flatnonzero(probes >= 0):
                add(Piece(piece.neuron + int(i), piece.column + int(i), 1), int(probes[i]))

    def _is_countable(self, program: int, stride: int, shared: int) -> bool:
        """Whether a piece has one weight, and numbers of one mean that fit into a byte."""
        _, n_changes, columns, first, _ = self.programs[program]
        if columns > 1 or stride or shared:
            return False
        if n_changes == 0:  # its means follow
            return self.highest[program] <= MAX_COUNTED
        tables = self.poisson_tables.poisson_tables[first : first + n_changes]
        lengths = tables["stop_tail"] - tables["first_tail"]
        return bool(np.all((tables["least"] == 0) & (lengths < 256)))

    def _noise_kinds(self) -> NDArray[np.uint8]:
        """Return the kind of noise of every port of a block."""
        kinds = np.full(self.blocks.n_block_ports, NO_NOISE, np.uint8)
        for part, (_, program, _, _, stride, shared) in self.poisson:
            alone = kinds[part.block_port] == NO_NOISE and part.whole
            alone = alone and self._is_countable(program, stride, shared)
            kinds[part.block_port] = COUNTED if alone else MIXED
        for part, _ in self.noise:
            kinds[part.block_port] = MIXED
        return kinds

    def _sorted(self, found: list, dtype: np.dtype) -> tuple[NDArray, NDArray]:
        """Return the first piece of every port of a block, and the pieces in that order."""
        found = sorted(found, key=lambda piece: piece[0].block_port)
        ports = [part.block_port for part, _ in found]
        rows = [
            (part.target, part.piece.length, part.piece.neuron, *values) for part, values in found
        ]
        return np.searchsorted(ports, np.arange(self.blocks.n_block_ports + 1)), np.array(
            rows, dtype
        )

    def freeze(self) -> Inputs:
        """Return the arrays."""

        def flat(parts: list, dtype: type) -> NDArray:
            return np.concatenate([np.empty(0, dtype), *parts]).astype(dtype, copy=False)

        steps, slots, weights = (
            flat([event[k] for event in self.events], dtype)
            for k, dtype in enumerate((np.int64, np.int64, np.float64))
        )
        order = np.argsort(steps, kind="stable")
        poisson_start, poisson = self._sorted(self.poisson, POISSON_PIECE)
        noise_start, noise = self._sorted(self.noise, NOISE_PIECE)
        mean, sd, decay = (flat([v[k] for v in self.noise_values], np.float64) for k in range(3))
        return Inputs(
            programs=np.array(self.programs, PROGRAM),
            changes=flat(self.changes, np.int64),
            noise_kind=self._noise_kinds(),
            poisson_start=poisson_start,
            poisson=poisson,
            poisson_weights=flat(self.weights, np.float64),
            **self.poisson_tables._asdict(),
            means=flat(self.means, np.float64),
            event_steps=steps[order],
            event_slots=slots[order],
            event_weights=weights[order],
            currents=np.array(self.currents, CURRENT_PIECE),
            amplitudes=flat(self.amplitudes, np.float64),
            noise_start=noise_start,
            noise=noise,
            noise_currents=np.array(self.noise_currents, NOISE_CURRENT),
            noise_mean=mean,
            noise_sd=sd,
            noise_decay=decay,
        )


def probe_slots(
    local: LocalPopulation, port: object, neurons: NDArray, weights: NDArray
) -> NDArray[np.int64]:
    """Return the E/I probe slots for inputs of these weights, −1 without probes."""
    probe = local.probe_index()[neurons - local.start]
    slots = local.probe_slots[port] + probe + np.where(weights < 0.0, len(local.probed), 0)
    return np.where(probe < 0, -1, slots)


class Stream(NamedTuple):
    """Time step (ms), seed and number of a drive, which define its random numbers."""

    dt: float
    seed: int
    number: int

    def key(self, purpose: str) -> np.uint64:
        """Return the key of the random stream of a drive."""
        return stream_key(self.seed, purpose, self.number)


@singledispatch
def add_input(
    source: Input, tables: InputTables, drive: Drive, local: LocalPopulation, stream: Stream
) -> None:
    """Add the input of a drive to the tables."""
    raise NeurosimError(
        f"{type(source).__name__} has neither a method current(times, n_targets, rng) nor "
        "spikes(start, stop, n_targets, rng): define one of them"
    )


@add_input.register(ConstantCurrent)
@add_input.register(StepCurrent)
@add_input.register(CurrentWaveform)
def _add_current(
    source: Any, tables: InputTables, drive: Drive, local: LocalPopulation, stream: Stream
) -> None:
    times, values = source.changes()
    program = tables.add_program(to_steps(times, stream.dt), values, spikes=False)
    tables.add_current(drive, local, program)


@add_input.register(MembraneNoise)
def _add_noise(
    source: MembraneNoise, tables: InputTables, drive: Drive, local: LocalPopulation, stream: Stream
) -> None:
    neuron, sd, key = drive.target.neuron, source.sigma, stream.key("noise")
    if neuron.is_uniform:  # otherwise the factor differs between neurons
        sd *= noise_per_step(neuron.tau_m, stream.dt)
    for piece in pieces(drive, local):
        slot = local.slots[NOISE] + piece.neuron - local.start
        tables.noise.extend((part, (key, sd)) for part in tables.blocks.cut(piece, slot))


@add_input.register(WhiteNoiseCurrent)
@add_input.register(OrnsteinUhlenbeckCurrent)
def _add_noise_current(
    source: Any, tables: InputTables, drive: Drive, local: LocalPopulation, stream: Stream
) -> None:
    key, n_targets, dt = stream.key("noise current"), len(targets(drive)), stream.dt
    window = to_steps([source.start, source.stop or 0.0], dt).tolist()
    stop = MAX_STEPS if source.stop is None else window[1]
    hold = round(source.hold(dt) / dt)
    values = [
        np.broadcast_to(value, n_targets) for value in (source.mean, source.sigma, source.decay(dt))
    ]
    first = sum(len(mean) for mean, *_ in tables.noise_values)
    tables.sources[drive] = Source(-1, first)
    # All threads have values for all targets, so that an index is valid on each of them.
    tables.noise_values.append(tuple(values))
    for piece in pieces(drive, local):
        target = local.currents[drive.compartment] + piece.neuron - local.start
        tables.noise_currents.append(
            (target, piece.length, piece.neuron, key, first + piece.column, window[0], stop, hold)
        )


@add_input.register(Poisson)
def _add_poisson(
    source: Poisson, tables: InputTables, drive: Drive, local: LocalPopulation, stream: Stream
) -> None:
    times, rates = source.changes()
    # The spikes after a change of the rate arrive later by the delay, and so does the change.
    steps = to_steps(times + float(drive.delay or 0.0), stream.dt)
    program = tables.add_program(steps, rates * stream.dt * 1e-3, spikes=True)
    tables.add_poisson(drive, local, program, stream.key("poisson"))


def arrival_steps(drive: Drive, times: NDArray[np.float64], dt: float) -> NDArray[np.int64]:
    """Return the steps in which spikes sent at `times` (ms) arrive."""
    # Input at time t acts in the step that ends there.
    return to_steps(times + float(drive.delay or 0.0), dt) - 1


@add_input.register(SpikeTimes)
@add_input.register(PulsePacket)
def _add_spikes(
    source: Any, tables: InputTables, drive: Drive, local: LocalPopulation, stream: Stream
) -> None:
    steps, columns, factors = listed_spikes(drive, stream)
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
        probed = probes >= 0
        tables.events.append((when[probed], probes[probed], strength[probed]))


def listed_spikes(
    drive: Drive, stream: Stream
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return arrival step, column and factor of the spikes of a drive that lists them.

    Column -1 stands for all targets.
    """
    source, dt = drive.input, stream.dt
    if isinstance(source, PulsePacket):
        rng = generator(stream.seed, "pulse packet", stream.number)
        times, columns, factors = source.spike_times(len(targets(drive)), rng).events()
        steps = arrival_steps(drive, times, dt)
        late = steps >= 0
        return steps[late], columns[late], factors[late]
    assert isinstance(source, SpikeTimes)
    times, columns, factors = source.events()
    steps = arrival_steps(drive, times, dt)
    if len(steps) and steps.min() < 0:
        raise NeurosimError(
            f"SpikeTimes at {times.min():g} ms with delay {drive.delay:g} ms reach "
            f"{drive.target.name!r} before the first step is over: the earliest arrival is dt = "
            f"{dt:g} ms, to which arrivals from dt/2 on are rounded; shift the times or "
            "lengthen the delay"
        )
    return steps, columns, factors
