"""Compiled time loop of one thread, with functions and tables of its network."""

from __future__ import annotations

from operator import is_
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.plastic import updating
from neurosim.kernels import (
    Entry,
    Loop,
    add_noise,
    address_table,
    advance,
    advance_by_port,
    advance_delta,
    advance_exponential,
    advance_heterogeneous,
    advance_linear,
    advance_models,
    advance_pools,
    advance_two_exponentials,
    apply_inputs,
    count_noise,
    couple,
    deliver,
    deliver_in_common,
    deliver_into_ring,
    deliver_released,
    deliver_scaled,
    escape,
    exchange,
    modulate,
    record_post,
    record_potentials,
    sample,
    store_changes,
    transmit_plastic,
    update_plastic,
)
from neurosim.kernels.input_types import COUNTED
from neurosim.kernels.types import DELTA, EXPONENTIAL, SpikeMechanism

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from neurosim.builder.plan import Plan
    from neurosim.kernels import (
        Inputs,
        Neurons,
        PlasticityState,
        Potentials,
        Ranks,
        Scratch,
        Shared,
        State,
        Table,
    )


class TimeLoop:
    """Advances the neurons of one thread.

    The first `prepare` compiles the functions that the network needs, or loads them from the cache.

    Parameters
    ----------
    plan : Plan
    thread : int
        Index among those of this process.
    here : range
        Indices of the threads of this machine among all.
    shared : Shared
    scratch : Scratch
    samples : (n_rows, n_signals) ndarray of float64
        Filled with the recorded signals.
    ranks : Ranks or None
        None on a single machine.
    potentials : Potentials or None
        None without gap junctions.
    """

    def __init__(
        self,
        plan: Plan,
        thread: int,
        *,
        here: range,
        shared: Shared,
        scratch: Scratch,
        samples: NDArray,
        ranks: Ranks | None,
        potentials: Potentials | None,
    ) -> None:
        self._plan, self._part = plan, plan.threads[thread]
        self._shared, self._scratch, self._samples = shared, scratch, samples
        self._thread, self._here, self._ranks = plan.local_threads[thread], here, ranks
        if potentials is not None:
            potentials = potentials._replace(crossings=np.zeros(1, np.int64))
        self._potentials = potentials
        self._fired = shared.fired[self._thread]
        self._tables: tuple[Any, ...] = ()
        self._made: dict[Any, Entry] = {}
        self._alive: list[Any] = []

    def prepare(self, state: State, plasticity: PlasticityState, inputs: Inputs) -> None:
        """Set the tables for the next chunks of steps."""
        tables = (state, plasticity, inputs)
        if self._tables and all(map(is_, tables, self._tables)):
            return
        self._tables, self._alive = tables, []
        plan, part, table = self._plan, self._part, self._part.table
        if part.inputs.noise_kind.any():
            noise = (inputs, state, self._scratch)
            self._scratch.noise[:] = self._entries([(count_noise, *noise), (add_noise, *noise)])
        exchanging = [] if self._ranks is None else [(exchange, self._ranks, self._shared)]
        sampling = (
            [(sample, part.recording, inputs, state, self._samples)]
            if len(part.recording.sets)
            else []
        )
        delivery = (_delivery(table), table, state, self._scratch)
        loop = Loop(
            thread=self._thread,
            max_delay=plan.max_delay,
            min_delay=plan.synapses.min_delay,
            steps_per_delivery=plan.steps_per_delivery,
            ring=int(table.ring[0]),
            row_stride=int(table.row_stride[0]),
            first_thread=self._here.start,
            n_threads=len(self._here),
            timed=self._scratch.timed,
            deliver=self._addresses([self._entry(*delivery), *self._transmitting(state)]),
            transmissions=self._addresses(
                Entry(one.function, one.tables, state) for one in part.transmissions
            ),
            steps=self._entries(self._steps(*tables)),
            samples=self._entries(sampling),
            exchange=self._entries(exchanging),
            rows=table.start,
            history=state.history,
            reached=state.reached[0],
            history_start=state.history_start,
            shared=self._shared,
            ticks=self._scratch.ticks,
        )
        self._advance = self._entry(advance, loop, n=3)

    def _steps(
        self, state: State, plasticity: PlasticityState, inputs: Inputs
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the step functions of the network, each with its tables."""
        part, plastic = self._part, self._part.plastic
        neurons = (part.neurons, inputs, state, self._scratch, self._fired)
        if self._potentials is not None:
            yield couple, part.couplings, self._potentials, state
        if plastic.n_lists:
            if len(plastic.modulations):
                yield modulate, plastic.modulations, plasticity, state
            if len(plastic.chosen("is_continuous")):
                *tables, rows = updating(plastic, plasticity)
                self._alive += rows
                yield update_plastic, *tables
            yield transmit_plastic, plastic.tables, state, self._rows(state, plasticity)
        if self._has_input(inputs):
            yield apply_inputs, inputs, part.neurons, state, self._scratch
        if (part.neurons.groups["mechanism"] < SpikeMechanism.MODEL).any():
            for b, function in _block_functions(part.neurons, part.inputs):
                self._scratch.advance[b] = self._entry(function, *neurons[:-1]).addresses
            yield advance_linear, *neurons
        if len(part.escape_blocks):
            yield escape, part.neurons, part.escape_blocks, state, self._fired
        if part.heterogeneous is not None:
            yield advance_heterogeneous, part.heterogeneous, *neurons
        if part.pools is not None:
            yield advance_pools, part.pools, state
        if part.models.tables is not None:
            yield advance_models, part.models.tables, *neurons
        if plastic.n_lists:
            yield record_post, plastic.tables, plasticity, self._fired
            if len(chosen := plastic.chosen("potentials")):
                yield record_potentials, chosen, self._potential_rows(chosen, state, plasticity)
        if self._potentials is not None:
            yield store_changes, part.couplings, self._potentials, state, self._fired

    def _has_input(self, inputs: Inputs) -> bool:
        """Whether there are currents, rates or spikes that `apply_inputs` handles."""
        ports = self._part.ports
        tables = (inputs.programs, inputs.event_steps, inputs.noise_currents)
        return bool(any(map(len, tables)) or ports.live or ports.generated)

    def _addresses(self, entries: Iterable[Entry]) -> NDArray:
        """Return the addresses of functions and their frames, which live until `prepare`."""
        found = list(entries)
        self._alive += found
        return address_table(found)

    def _transmitting(self, state: State) -> Iterator[Entry]:
        """Yield the functions that deliver the spikes of each transmission."""
        for number, one in enumerate(self._part.transmissions):
            tables = (one.table, state, self._scratch)
            if one.sites is None:
                yield Entry(deliver_scaled, *tables, number)
            else:
                yield Entry(deliver_released, *tables, one.sites)

    def _rows(self, state: State, plasticity: PlasticityState) -> NDArray:
        """Return the addresses of each plastic projection's `transmit_row`."""
        plastic = self._part.plastic
        return self._addresses(
            Entry(functions.transmit_row, plastic.tables, plasticity, state, rule)
            for functions, rule in zip(plastic.functions, plastic.tables.rules, strict=True)
        )

    def _potential_rows(
        self, chosen: NDArray, state: State, plasticity: PlasticityState
    ) -> NDArray:
        """Return the addresses of `record_row` of plastic projections."""
        plastic = self._part.plastic
        tables = (plastic.tables, plasticity, state, self._fired, self._part.offsets)
        return self._addresses(
            Entry(plastic.functions[p].record_row, *tables, plastic.tables.rules[p]) for p in chosen
        )

    def _entries(self, needed: Iterable[tuple[Any, ...]]) -> NDArray:
        """Return the addresses of functions and their frames."""
        return address_table([self._entry(*tables) for tables in needed])

    def _entry(self, function: Any, *tables: Any, n: int = 5) -> Entry:
        """Return a function with its tables; create it only if a table has changed."""
        kept = self._made.get(function)
        if kept is None or not kept.has(*tables):
            self._made[function] = Entry(function, *tables, n=n, like=kept)
        return self._made[function]

    def __call__(self, t_first: int, n_steps: int, crossing: int) -> int:
        """Advance by a chunk of steps.

        Parameters
        ----------
        t_first, n_steps : int
            First step and length of the chunk.
        crossing : int
            Number of barrier crossings of the threads of this machine so far.

        Returns
        -------
        int
            Number of crossings after the chunk.
        """
        return self._advance(t_first, n_steps, crossing)


def _delivery(table: Table) -> Any:
    """Return the delivery function for a table."""
    if len(table.common):
        return deliver_in_common
    return deliver_into_ring if table.ring[0] > 1 else deliver


def _block_functions(neurons: Neurons, inputs: Inputs) -> Iterator[tuple[int, Any]]:
    """Yield each block of linear neurons with the function that advances it."""
    for b, block in enumerate(neurons.blocks):
        group = neurons.groups[block.group]
        if group.mechanism >= SpikeMechanism.MODEL:
            continue
        ports = neurons.ports[group.first_port : group.stop_port]
        noise = inputs.noise_kind[block.first_port : block.first_port + ports.size]
        kinds = ports["kind"].tolist()
        if group.first_id < 0:  # E/I probes
            yield b, advance_by_port
        elif kinds == [DELTA] and noise[0] <= COUNTED:
            yield b, advance_delta
        elif kinds == [EXPONENTIAL] and noise[0] <= COUNTED:
            yield b, advance_exponential
        elif kinds == [EXPONENTIAL, EXPONENTIAL] and not noise.any():
            yield b, advance_two_exponentials
        else:
            yield b, advance_by_port
