"""The engine: the arrays of a network, its state, and the threads that advance it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from neurosim.builder import Plan, build, plastic, snapshot
from neurosim.builder.codegen.model_code import raise_errors
from neurosim.builder.finite import first_not_finite
from neurosim.builder.gap_junctions import new_potentials
from neurosim.builder.grid import MAX_STEPS
from neurosim.builder.plasticity_state import (
    check_plasticity_state,
    get_plasticity_state,
    set_plasticity_state,
    sorted_columns,
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
from neurosim.engine.sent_spikes import SentSpikes
from neurosim.engine.values import projection_index
from neurosim.engine.weight_recorder import WeightRecorder
from neurosim.errors import NeurosimError
from neurosim.kernels.types import PHASES, RECORDING
from neurosim.network.parts import check_has_signal
from neurosim.results import Result, RunStats
from neurosim.utils.checks import check_number
from neurosim.utils.progress import no_report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import ThreadPoolExecutor

    from numpy.typing import NDArray

    from neurosim.network import Network, Projection

CHUNK = 500
"""Largest number of steps per chunk: Ctrl-C and the clock are checked between chunks."""
MAX_SAMPLES = 2**23
"""Largest number of samples per chunk of several steps (64 MiB)."""
MAX_SPIKES = 2**26
"""Largest number of possible spikes per chunk of several steps."""


class Engine:
    """Advances a network in chunks of steps and records spikes and traces.

    Parameters
    ----------
    network : Network
    dt : float
        ms.
    seed : int
    threads : int
        Number of threads of each process.
    timed : bool
        Whether to measure times in the kernels, for `profile`.
    debug : bool
        Whether to run the equations of models as plain Python.
    wired : Plan, optional
        Plan whose synapses are reused; see `build`.
    report : callable
        Called with the completed fraction while the network is built.

    Attributes
    ----------
    network : Network
    plan : Plan
    comm : Communicator
    n_synapses : int
    table_bytes : int
        Memory of the synapse tables of all processes.
    chunk : int
        Largest number of steps of one call of `run`.
    steps : int
        Number of steps since time 0.
    plasticity : list of PlasticityState
        State of the plastic synapses of each thread.
    recorder : Recorder
    weights : WeightRecorder
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
        report: Callable[[float], object] = no_report,
    ) -> None:
        self.network = network
        self.comm = comm = current_communicator()
        local = range(comm.index * threads, (comm.index + 1) * threads)
        n_threads = comm.size * threads
        self.plan = build(
            network,
            dt=dt,
            seed=seed,
            threads=n_threads,
            local_threads=local,
            debug=debug,
            wired=wired,
            report=report,
        )
        self.n_synapses = comm.sum(self.plan.synapses.n_synapses)
        tables = (array.nbytes for part in self.plan.threads for array in part.table)
        self.table_bytes = comm.sum(sum(tables))
        self.steps = 0
        self.recorder = Recorder(self.plan, comm.allreduce)
        self._timed, self._debug = timed, debug
        self._clocks = np.zeros(2)
        sampled = sum(len(trace.ids) for trace in self.plan.traces)
        most = min(MAX_SAMPLES // max(sampled, 1), MAX_SPIKES // max(self.plan.max_spikes(1), 1))
        self.chunk = min(CHUNK, max(1, most))
        self._states = [new_state(self.plan, k, self.chunk) for k in range(threads)]
        self.plasticity = [
            plastic.new_plasticity_state(part.plastic, part.offsets, part.v_start)
            for part in self.plan.threads
        ]
        self._history_limit = [plastic.history_limit(learned) for learned in self.plasticity]
        self._scratch = [new_scratch(self.plan, k, timed) for k in range(threads)]
        self._crossing = 0
        self._samples = [
            np.empty((self.chunk, len(part.recording.indices))) for part in self.plan.threads
        ]
        self.weights = WeightRecorder(self)
        self.live = LiveInputs(self.plan, self._states, network.current)
        self._sent = SentSpikes(self.plan, self.live, comm.allgather)
        self._loops = self._new_loops(threads)
        self._prepare()  # compiles the kernels, or loads them from the cache

    def _new_loops(self, threads: int) -> list[TimeLoop]:
        """Return the time loop of each thread of this process."""
        comm = self.comm
        exchanged = None
        if comm.machines > 1:
            exchanged = new_ranks(self.plan, self.chunk, comm.machines, comm.kernel_handles())
        shared = new_shared(self.plan, self.chunk, comm.shared_memory)
        coupled = self.plan.threads[0].couplings is not None
        if coupled and comm.machines > 1:
            raise NeurosimError(
                f"Gap junctions couple potentials in every step, but the processes run on "
                f"{comm.machines} machines: use one"
            )
        potentials = new_potentials(self.plan.layout, comm.shared_memory) if coupled else None
        return [
            TimeLoop(
                self.plan,
                k,
                here=comm.threads_here(threads),
                shared=shared,
                scratch=self._scratch[k],
                samples=self._samples[k],
                ranks=exchanged,
                potentials=potentials,
            )
            for k in range(threads)
        ]

    def _prepare(self) -> None:
        """Pass the current tables to the time loops."""
        tables = zip(self._states, self.plasticity, self.live.tables, strict=True)
        for loop, arrays in zip(self._loops, tables, strict=True):
            loop.prepare(*arrays)

    def _advance(self, thread: int, n_steps: int) -> int:
        return self._loops[thread](self.steps, n_steps, self._crossing)

    def run(self, n_steps: int, pool: ThreadPoolExecutor | None) -> None:
        """Advance all threads by one chunk of steps, and record it.

        Parameters
        ----------
        n_steps : int
            At most `chunk`.
        pool : ThreadPoolExecutor or None
            Pool for all threads but one; None if there is only one thread.

        Raises
        ------
        NeurosimError
            If a state variable is NaN or infinite at the end of the chunk.
        """
        self.comm.barrier()  # other processes may still be reading the spikes of the last chunk
        n_spikes = self.plan.max_spikes(n_steps)
        for k, state in enumerate(self._states):
            self._states[k] = ensure_capacity(self.plan, state, n_steps)
            if self.plasticity[k].count[0] > self._history_limit[k]:
                self._drop_history(k)
            most = plastic.max_history(self.plan.threads[k].plastic, n_spikes, n_steps)
            self.plasticity[k] = plastic.ensure_history_capacity(self.plasticity[k], most)
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
        sent = self._sent.between(self.steps, self.steps + n_steps)
        self.live.end()
        self.recorder.append(self.steps, n_steps, self._states[0], self._samples, sent)
        for state in self._states:
            shift_history(state, n_steps, self.plan.max_delay)
        self.steps += n_steps
        self._clocks += advanced - started, time.perf_counter() - advanced
        self._require_finite(n_steps)
        self.weights.append(self)

    def chunk_until(self, end: int) -> int:
        """Return the length of the next chunk of a run up to step `end`."""
        return min(self.chunk, self.weights.next_sample(self.steps, end) - self.steps)

    def result(self, n_steps: int, stats: RunStats) -> Result:
        """Return everything recorded in the first `n_steps` steps."""
        return Result(
            dt=self.plan.dt,
            duration=n_steps * self.plan.dt,
            seed=self.plan.seed,
            populations=self.plan.populations,
            spikes=self.recorder.spikes(0, n_steps),
            traces=self.recorder.traces(0, n_steps),
            weights=self.weights.traces(0, n_steps),
            inputs=self.recorder.inputs(0, n_steps),
            stats=stats,
        )

    def update_weights(self) -> None:
        """Update weights that change between spikes to the current time."""
        parts = zip(self.plan.threads, self.plasticity, strict=True)
        self.plasticity = [plastic.updated_weights(p.plastic, s, self.steps) for p, s in parts]

    def add_signal(self, projection: Projection, amount: float) -> int:
        """Add to the signal of a plasticity rule now; return the number of the projection."""
        index = projection_index(self.network, projection)
        check_has_signal(self.network.projections[index])
        amount = check_number(amount, "amount", "", -1e9, 1e9)
        k = sum(p.plasticity is not None for p in self.network.projections[:index])
        for part, state in zip(self.plan.threads, self.plasticity, strict=True):
            layout, values = part.plastic.layouts[k], part.plastic.tables.rules[k]
            # The last step ends now.
            plastic.add_signal(state, k, self.steps - 1, amount, values[layout.column("signal")])
        return index

    def drop_history(self) -> None:
        """Drop the postsynaptic spikes that no plastic synapse needs any more."""
        for k in range(len(self.plasticity)):
            self._drop_history(k)

    def _drop_history(self, k: int) -> None:
        part = self.plan.threads[k].plastic
        self.plasticity[k] = plastic.drop_history(part, self.plasticity[k], self.steps)
        self._history_limit[k] = plastic.history_limit(self.plasticity[k])

    def _require_finite(self, n_steps: int) -> None:
        """Raise an error on all processes if a state variable is NaN or infinite on any."""
        found = first_not_finite(self.plan, self._states, self._samples, self.steps, n_steps)
        if self.comm.any(found is not None):
            line = f"{found}\n" if found else ""
            lines = self.comm.allgather(np.frombuffer(line.encode(), np.uint8))
            raise NeurosimError(lines.tobytes().decode().splitlines()[0])

    def get_state(self) -> EngineState:
        """Return the state, which does not depend on the number of threads."""
        self.drop_history()
        columns = get_plasticity_state(self.plan, self.plasticity)
        columns = {name: self.comm.allgather(column) for name, column in columns.items()}
        state = snapshot.get_state(self.plan, self._states)
        state |= {field: self.comm.allreduce(state[field]) for field in snapshot.STATES}
        return EngineState(
            steps=self.steps,
            state=state | {"delivered": np.array([self.delivered])},
            learned=sorted_columns(columns),
            live=self.live.get_state(self.steps),
            recorded=self.recorder.get_state() | self.weights.get_state(),
        )

    def set_state(self, saved: EngineState) -> None:
        """Continue from a state of the same network. The engine must be at time 0.

        Raises
        ------
        ValueError
            If the state is not valid for this network.
        """
        if not 0 <= saved.steps <= MAX_STEPS:
            raise ValueError(f"it counts {saved.steps} steps")
        state = snapshot.upgrade_state(self.plan, saved.state, saved.steps)
        snapshot.check_state(self.plan, state)
        check_plasticity_state(self.plan, saved.learned, saved.steps)
        self.recorder.set_state(saved.recorded, saved.steps)
        self.weights.set_state(saved.recorded, saved.steps)
        self._states[:] = snapshot.set_state(self.plan, self._states, state, saved.steps)
        self.plasticity = set_plasticity_state(self.plan, self.plasticity, saved.learned)
        self.live.set_state(saved.live)
        self.steps = saved.steps

    def with_network(
        self,
        network: Network,
        *,
        rewired: bool,
        states: Mapping[str, Mapping[str, tuple[NDArray, NDArray]]] | None = None,
    ) -> Engine:
        """Return an engine in the same state, with other parameters, states or weights.

        Parameters
        ----------
        network : Network
        rewired : bool
            Whether the connections differ.
        states : mapping of str to mapping, optional
            New values of states, by population; see `with_states`.
        """
        state, plan = self.get_state(), self.plan
        engine = Engine(
            network,
            dt=plan.dt,
            seed=plan.seed,
            threads=len(plan.threads),
            timed=self._timed,
            debug=self._debug,
            wired=None if rewired else plan,
        )
        adjusted = snapshot.adapt_state(plan, engine.plan, state.state, state.steps)
        for population, values in (states or {}).items():
            adjusted = snapshot.with_states(engine.plan, adjusted, population, values)
        engine.set_state(state._replace(state=adjusted))
        engine._clocks += self._clocks
        return engine

    @property
    def delivered(self) -> int:
        """Number of synaptic events: spikes times the synapses that transmitted them."""
        return self.comm.sum(sum(int(state.delivered[0]) for state in self._states))

    def profile(self) -> dict[str, float]:
        """Return the computing time (s) of each phase of the kernels, and of recording."""
        advancing, recording = self._clocks
        ticks = sum(scratch.ticks for scratch in self._scratch)
        seconds = advancing * ticks / max(ticks.sum(), 1)
        seconds[RECORDING] += recording
        return dict(zip(PHASES, seconds.tolist(), strict=True))
