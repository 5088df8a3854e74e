"""A network that runs: its arrays, its state, and the threads that advance it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from neurosim.builder import build
from neurosim.builder.codegen.model_code import raise_errors
from neurosim.builder.connections import drawn_connections
from neurosim.builder.finite import first_not_finite
from neurosim.builder.grid import MAX_STEPS
from neurosim.builder.plastic import (
    drop_history,
    ensure_history_capacity,
    history_limit,
    new_plasticity_state,
)
from neurosim.builder.plasticity_state import (
    check_plasticity_state,
    get_plasticity_state,
    set_plasticity_state,
    sorted_columns,
)
from neurosim.builder.snapshot import (
    STATES,
    adapt_state,
    check_state,
    get_state,
    set_state,
    upgrade_state,
)
from neurosim.builder.state import (
    ensure_capacity,
    new_ranks,
    new_scratch,
    new_shared,
    new_state,
    shift_history,
)
from neurosim.builder.time_loop import TimeLoop
from neurosim.engine.checkpoint import EngineState
from neurosim.engine.live_inputs import LiveInputs
from neurosim.engine.mpi import current_communicator
from neurosim.engine.recorder import Recorder
from neurosim.errors import NeurosimError
from neurosim.kernels.types import PHASES, RECORDING
from neurosim.results.connections import Connections

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from numpy.typing import NDArray

    from neurosim.builder import Plan
    from neurosim.network import Network

CHUNK = 500
"""Most steps that are made at a time: between them one may look at the keyboard and the clock."""
SAMPLES = 2**23
"""Most values that are sampled in these steps, if they are more than one step: 64 MiB."""


class Engine:
    """Advances a network in chunks of steps and records what they bring.

    Parameters
    ----------
    network : Network
    dt : float
        ms.
    seed : int
    threads : int
        Of this process; all processes have as many.
    timed : bool
        Whether to read the clock in the kernels, for `profile`.
    debug : bool
        Whether to run the equations of models as plain Python.
    wired : Plan, optional
        Whose synapses to use again; see `build`.

    Attributes
    ----------
    plan : Plan
    n_synapses : int
    table_bytes : int
        Memory of the synapse tables of all processes.
    chunk : int
        Most steps that `run` makes.
    steps : int
        How many were made.
    recorder : Recorder
    live : LiveInputs
    """

    def __init__(
        self,
        network: Network,
        *,
        dt: float,
        seed: int,
        threads: int,
        timed: bool,
        debug: bool = False,
        wired: Plan | None = None,
    ) -> None:
        self._network = network
        self._comm = comm = current_communicator()
        own = range(comm.index * threads, (comm.index + 1) * threads)
        self.plan = build(
            network,
            dt=dt,
            seed=seed,
            threads=comm.size * threads,
            own=own,
            debug=debug,
            wired=wired,
        )
        self.n_synapses = comm.sum(self.plan.n_synapses)
        tables = (array.nbytes for part in self.plan.threads for array in part.table)
        self.table_bytes = comm.sum(sum(tables))
        self.steps = 0
        self.recorder = Recorder(self.plan, comm.allreduce)
        self._timed, self._debug = timed, debug
        self._clocks = np.zeros(2)
        self._states = [new_state(self.plan, k, CHUNK) for k in range(threads)]
        self._learned = [new_plasticity_state(part.plastic) for part in self.plan.threads]
        self._history_limit = [history_limit(learned) for learned in self._learned]
        self._scratch = [new_scratch(self.plan, k, timed) for k in range(threads)]
        self._crossing = 0
        sampled = sum(len(trace.ids) for trace in self.plan.traces)
        self.chunk = min(CHUNK, max(1, SAMPLES // max(sampled, 1)))
        self._samples = [
            np.empty((self.chunk, len(part.recording.indices))) for part in self.plan.threads
        ]
        self.live = LiveInputs(self.plan, self._states, network.current)
        self._loops = self._new_loops(threads)
        self._prepare()  # compiles the kernels if no earlier run has

    def _new_loops(self, threads: int) -> list[TimeLoop]:
        """Return the time loops of this process' threads."""
        comm = self._comm
        exchanged = None
        if comm.machines > 1:
            exchanged = new_ranks(self.plan, CHUNK, comm.machines, comm.kernel_handles())
        shared = new_shared(self.plan, CHUNK, comm.shared_memory)
        return [
            TimeLoop(
                self.plan,
                k,
                here=comm.threads_here(threads),
                shared=shared,
                scratch=self._scratch[k],
                samples=self._samples[k],
                ranks=exchanged,
            )
            for k in range(threads)
        ]

    def _prepare(self) -> None:
        """Set the tables that the time loops work on next."""
        tables = zip(self._states, self._learned, self.live.tables, strict=True)
        for loop, own in zip(self._loops, tables, strict=True):
            loop.prepare(*own)

    def _advance(self, thread: int, n_steps: int) -> int:
        return self._loops[thread](self.steps, n_steps, self._crossing)

    def run(self, n_steps: int, pool: ThreadPoolExecutor | None) -> None:
        """Advance all threads by one chunk of steps and record what it brings.

        Parameters
        ----------
        n_steps : int
            At most `chunk`.
        pool : ThreadPoolExecutor or None
            For all threads but one; None where there is no other.

        Raises
        ------
        NeurosimError
            If a potential, current or gate is NaN or infinite at the end of the chunk.
        """
        self._comm.barrier()  # no one may still be reading what was fired in the last chunk
        for k, state in enumerate(self._states):
            self._states[k] = ensure_capacity(self.plan, state, n_steps)
            if self._learned[k].count[0] > self._history_limit[k]:
                self._drop_history(k)
            most = self.plan.max_spikes(n_steps) * len(self.plan.threads[k].plastic.tables.rules)
            self._learned[k] = ensure_history_capacity(self._learned[k], most)
        self.live.begin(self.steps, self.steps + n_steps)
        self._prepare()
        others = range(1, len(self._states))
        started = time.perf_counter()
        waiting = [pool.submit(self._advance, k, n_steps) for k in others] if pool else []
        crossing = self._advance(0, n_steps)
        for task in waiting:
            task.result()
        raise_errors()
        self._crossing = crossing
        advanced = time.perf_counter()
        self.live.end()
        self.recorder.append(self.steps, n_steps, self._states[0], self._samples)
        for state in self._states:
            shift_history(state, n_steps, self.plan.max_delay)
        self.steps += n_steps
        self._clocks += advanced - started, time.perf_counter() - advanced
        self._require_finite(n_steps)

    def _drop_history(self, k: int) -> None:
        """Drop the postsynaptic spikes that no synapse of this process' thread k needs any more."""
        part = self.plan.threads[k].plastic
        self._learned[k] = drop_history(part, self._learned[k], self.steps)
        self._history_limit[k] = history_limit(self._learned[k])

    def _require_finite(self, n_steps: int) -> None:
        """Raise on all processes if the chunk of `n_steps` that is over left NaN or infinity."""
        found = first_not_finite(self.plan, self._states, self._samples, self.steps, n_steps)
        if self._comm.any(found is not None):
            lines = self._comm.allgather(np.frombuffer((found or "").encode(), np.uint8))
            raise NeurosimError(lines.tobytes().decode().splitlines()[0])

    def get_state(self) -> EngineState:
        """Return all that has changed since time 0; whatever the number of threads, the same."""
        for k in range(len(self._learned)):
            self._drop_history(k)
        learned = get_plasticity_state(self.plan, self._learned)
        return EngineState(
            steps=self.steps,
            state=self._take_state(),
            learned=sorted_columns(
                {name: self._comm.allgather(own) for name, own in learned.items()}
            ),
            live=self.live.get_state(self.steps),
            recorded=self.recorder.get_state(),
        )

    def _take_state(self) -> dict[str, NDArray]:
        state = get_state(self.plan, self._states)
        state |= {field: self._comm.allreduce(state[field]) for field in STATES}
        return state | {"delivered": np.array([self.delivered])}

    def set_state(self, taken: EngineState) -> None:
        """Become what an engine of the same network was. This one must be at time 0.

        Raises
        ------
        ValueError
            Where it was another network.
        """
        if not 0 <= taken.steps <= MAX_STEPS:
            raise ValueError(f"it is said to have made {taken.steps} steps")
        state = upgrade_state(self.plan, taken.state, taken.steps)
        check_state(self.plan, state)
        check_plasticity_state(self.plan, taken.learned, taken.steps)
        self.recorder.set_state(taken.recorded, taken.steps)
        self._states[:] = set_state(self.plan, self._states, state, taken.steps)
        self._learned = set_plasticity_state(self.plan, self._learned, taken.learned)
        self.live.set_state(taken.live)
        self.steps = taken.steps

    def with_network(self, network: Network, *, rewired: bool) -> Engine:
        """Return an engine of the same network with other values, in the same state.

        Parameters
        ----------
        network : Network
        rewired : bool
            Whether its synapses have changed.
        """
        taken, plan = self.get_state(), self.plan
        engine = Engine(
            network,
            dt=plan.dt,
            seed=plan.seed,
            threads=len(plan.threads),
            timed=self._timed,
            debug=self._debug,
            wired=None if rewired else plan,
        )
        state = adapt_state(plan, engine.plan, taken.state, taken.steps)
        engine.set_state(taken._replace(state=state))
        engine._clocks += self._clocks
        return engine

    @property
    def delivered(self) -> int:
        """Number of synapses that have transmitted a spike, each counted every time."""
        return self._comm.sum(sum(int(state.delivered[0]) for state in self._states))

    def connections(self, number: int) -> Connections:
        """Return the connections of a projection, by its number in the network."""
        projection = self._network.projections[number]
        columns = (
            drawn_connections(
                self._network, number, self.plan.dt, self.plan.seed, self._weight_type
            )
            if projection.plasticity is None
            else self._plastic_connections(number)
        )
        return Connections(
            **columns | {"delays": columns["delays"] * self.plan.dt},
            shape=(projection.source.size, projection.target.size),
            source=projection.source.name,
            target=projection.target.name,
            unit=projection.synapse.unit,
        )

    @property
    def _weight_type(self) -> np.dtype:
        """Type in which static weights are stored."""
        return self.plan.threads[0].table.weights.dtype

    def _plastic_connections(self, number: int) -> dict[str, NDArray]:
        """Return the plastic connections of a projection, with delays in steps."""
        columns = self._plastic_columns(number)
        order = np.lexsort((columns["delays"], columns["targets"], columns["sources"]))
        return {name: column[order] for name, column in columns.items()}

    def _plastic_columns(self, number: int) -> dict[str, NDArray]:
        """Return the plastic connections of a projection thread by thread."""
        found: dict[str, list[NDArray]] = {}
        for part, learned in zip(self.plan.threads, self._learned, strict=True):
            own = part.plastic.projections == number
            columns = {"sources": part.plastic.sources, "targets": part.plastic.targets}
            columns |= {"weights": learned.weights, "delays": part.plastic.delays}
            for name, column in columns.items():
                found.setdefault(name, []).append(column[own])
        return {name: self._comm.allgather(np.concatenate(own)) for name, own in found.items()}

    def set_plastic_weights(self, number: int, weights: NDArray[np.float64]) -> None:
        """Set the weights of plastic connections, in the order of `connections`."""
        for k in range(len(self._learned)):
            self._drop_history(k)  # which spikes a synapse still needs depends on its old weight
        found = [part.plastic.projections == number for part in self.plan.threads]
        n_own = np.array([own.sum() for own in found])
        before = self._comm.allgather(np.array([n_own.sum()]))[: self._comm.index].sum()
        columns = self._plastic_columns(number)
        order = np.lexsort((columns["delays"], columns["targets"], columns["sources"]))
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        values = np.broadcast_to(weights, len(order))[place]
        for learned, own, n in zip(self._learned, found, n_own, strict=True):
            learned.weights[own] = values[before : before + n]
            before += n

    def profile(self) -> dict[str, float]:
        """Return what the time in the kernels went to, and in recording what they brought (s)."""
        advancing, recording = self._clocks
        ticks = sum(scratch.ticks for scratch in self._scratch)
        seconds = advancing * ticks / max(ticks.sum(), 1)
        seconds[RECORDING] += recording
        return dict(zip(PHASES, seconds.tolist(), strict=True))
