"""Run an engine in chunks.

This allows interruption, pacing, streaming and automatic checkpoints.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from neurosim.builder.grid import MAX_STEPS
from neurosim.engine.advance import Engine
from neurosim.engine.autosave import new_autosave
from neurosim.engine.checkpoint import Checkpoint
from neurosim.engine.connections import read_connections
from neurosim.engine.interrupt import stop_on_interrupt
from neurosim.engine.mpi import current_communicator
from neurosim.engine.pacing import Pacer
from neurosim.engine.stream import Chunk
from neurosim.engine.threads import choose_threads
from neurosim.errors import NeurosimError
from neurosim.network.data import describe
from neurosim.results import Result, RunStats
from neurosim.results.interrupted import Interrupted
from neurosim.utils.compilation import compile_seconds
from neurosim.utils.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from neurosim.network import Network
    from neurosim.results.connections import Connections


class Runner:
    """Runs a network, and keeps everything that a checkpoint stores.

    Parameters
    ----------
    network : Network
    dt : float
        ms.
    seed : int
    threads : int or None
    progress, profile, debug : bool
        See `Simulation`.

    Attributes
    ----------
    network : Network
    engine : Engine
    steps : int
        Simulated steps. The engine is ahead of them while a resumed job is replayed.
    wall_s : float
        Computing time (s).
    events : dict of int to int
        Synaptic events up to each step at which a run ended.
    autosave : Autosave or None
        None if the simulation is not saved automatically.
    """

    def __init__(
        self,
        network: Network,
        *,
        dt: float,
        seed: int,
        threads: int | None,
        progress: bool | None,
        profile: bool,
        debug: bool,
    ) -> None:
        started, compiled = time.perf_counter(), compile_seconds()
        self.network, self.progress, self.profile = network, progress, profile
        self.comm = comm = current_communicator()
        if not comm.is_serial:
            arguments = {"dt": dt, "seed": seed, "network": describe(network)}
            comm.require_same("made a Simulation", arguments)
        self._number = comm.count_simulation()
        threads = comm.bcast(choose_threads(network, threads, comm))
        options: Any = {"threads": threads, "timed": profile, "debug": debug}
        with progress_bar(1.0, show=progress, unit="", text="building the network") as report:
            self.engine = Engine(network, dt=dt, seed=seed, report=report, **options)
        self.steps, self.wall_s = 0, 0.0
        self.events: dict[int, int] = {}
        self._plastic_reads: list[Connections] = []
        self._n_plastic_reads = 0
        self._interrupted = False
        self._pacer = Pacer()
        self._lock = threading.Lock()
        self.autosave = new_autosave()
        self._resume()
        self._compile_s = compile_seconds() - compiled
        self._build_s = time.perf_counter() - started - self._compile_s

    def _resume(self) -> None:
        """Load the automatic checkpoint of this simulation, if there is one."""
        if self.autosave is None or not self.comm.bcast(self.autosave.exists):
            return
        plan = self.engine.plan
        found = self.autosave.read(self.network, plan.dt, plan.seed)
        self.comm.require_same("read a checkpoint", {"steps": found and found.engine.steps})
        if found:
            self.set_state(found, 0)

    @property
    def time(self) -> float:
        """Simulated time (ms)."""
        return self.steps * self.engine.plan.dt

    def require_same(self, name: str, **arguments: object) -> None:
        """Check that all processes make the same call; see `Communicator.require_same`."""
        state = {"simulation": self._number, "time": f"{self.time:.12g} ms"}
        self.comm.require_same(name, state | arguments)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Raise an error if the simulation is in use by another thread or callback."""
        if not self._lock.acquire(blocking=False):
            raise NeurosimError("The simulation is running: wait until that run is over")
        try:
            yield
        finally:
            self._lock.release()

    def run(
        self,
        end: int,
        chunk: int,
        on_chunk: Callable[[Chunk], object] | None = None,
        realtime: bool = False,
    ) -> Result:
        """Simulate up to step `end` in chunks of at most `chunk` steps.

        Returns
        -------
        Result
            Everything recorded so far.

        Raises
        ------
        Interrupted
            After Ctrl-C.
        """
        engine, first, dt, going = self.engine, self.engine.steps, self.engine.plan.dt, True
        before, offset = self.wall_s, self.wall_s - self._pacer.busy
        # Automatic progress would interfere with the output of a callback.
        show = self.progress if on_chunk is None else bool(self.progress)
        show = show if first < end < MAX_STEPS else False
        n_threads = len(engine.plan.threads)
        pool: Any = ThreadPoolExecutor(n_threads - 1) if n_threads > 1 else nullcontext()
        bar = progress_bar((end - first) * dt, show=show)
        with self.exclusive(), pool as workers, stop_on_interrupt() as stop, bar as done:

            def stopped() -> bool:
                return self.comm.any(stop.is_set())

            try:
                self._pacer.start()
                while going and engine.steps < end and not stopped():
                    start, until = engine.steps, min(engine.steps + chunk, end)
                    while engine.steps < until and not stopped():
                        engine.run(engine.chunk_until(until), workers)
                        done((engine.steps - first) * dt)
                        if self.autosave and self.comm.any(self.autosave.is_due):
                            self.wall_s = offset + self._pacer.busy
                            self._save()
                    if realtime:
                        self._pacer.keep((engine.steps - first) * dt, stop.is_set)
                    if on_chunk:
                        going = self._call(on_chunk, start)
            finally:
                self.wall_s = offset + self._pacer.busy
                self.steps = min(end, engine.steps)
        self._interrupted = going and self.steps < end
        return self._result(self.wall_s - before if engine.steps > first else 0.0)

    def _call(self, on_chunk: Callable[[Chunk], object], start: int) -> bool:
        """Call `on_chunk` with the results since step `start`; return whether to continue."""
        engine = self.engine
        chunk = Chunk(engine, start, engine.steps)
        try:
            on_chunk(chunk)
        finally:
            going = chunk.close()
        self.require_same("returned from on_chunk", finish=not going, live_input=chunk.live_input)
        return going

    def _result(self, computed: float) -> Result:
        """Return the result of a run that took `computed` seconds, and save the run."""
        self.events.setdefault(self.steps, self.engine.delivered)
        if self.autosave:
            worthwhile = self._interrupted or self.autosave.is_worthwhile(computed)
            if self.comm.bcast(worthwhile):
                self._save()
        result = self.engine.result(self.steps, self._stats())
        if self._interrupted:
            raise Interrupted(result)
        return result

    def _save(self) -> None:
        """Write an automatic checkpoint."""
        assert self.autosave is not None
        write, state = self.autosave.write, self.get_state()
        self.comm.run_on_root(lambda: write(state))

    def connections(self, index: int) -> Connections:
        """Return the connections of a projection at the current time."""
        if self.autosave is None or self.network.projections[index].plasticity is None:
            return read_connections(self.engine, index)
        # While a resumed job is replayed, the engine is ahead: return the earlier weights.
        self._n_plastic_reads += 1
        if self._n_plastic_reads > len(self._plastic_reads):
            self._plastic_reads.append(read_connections(self.engine, index))
        return self._plastic_reads[self._n_plastic_reads - 1]

    def replace_network(self, network: Network, *, rewired: bool, **options: Any) -> None:
        """Continue with other parameters, states or connections.

        See `Engine.with_network`.
        """
        self.engine = self.engine.with_network(network, rewired=rewired, **options)
        self.network = network

    def get_state(self) -> Checkpoint:
        """Return everything that has changed since time 0, and the network."""
        return Checkpoint(
            network=self.network,
            dt=self.engine.plan.dt,
            seed=self.engine.plan.seed,
            wall_s=self.wall_s,
            events=self.events,
            plastic_reads=self._plastic_reads,
            engine=self.engine.get_state(),
        )

    def set_state(self, checkpoint: Checkpoint, steps: int) -> None:
        """Load a checkpoint of the same network.

        `steps` of its steps count as simulated.
        """
        self.engine.set_state(checkpoint.engine)
        self.wall_s = checkpoint.wall_s
        self.events = dict(checkpoint.events)
        self._plastic_reads = list(checkpoint.plastic_reads)
        self.steps = steps

    def _stats(self) -> RunStats:
        plan, pacer = self.engine.plan, self._pacer
        return RunStats(
            neurons=int(plan.first_id[-1]),
            synapses=self.engine.n_synapses,
            threads=plan.n_threads,
            build_s=self._build_s,
            wall_s=self.wall_s,
            real_time_factor=self.wall_s * 1e3 / self.time if self.steps else 0.0,
            interrupted=self._interrupted,
            events=self.events[self.steps],
            profile=self.engine.profile() if self.profile else None,
            paced_chunks=pacer.chunks,
            late_chunks=pacer.late_chunks,
            largest_lateness_ms=pacer.largest_lateness,
            compile_s=self._compile_s,
        )
