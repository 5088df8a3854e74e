"""Running a network: in one go, or step by step."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING

import numpy as np

from neurosim.build import build
from neurosim.build.grid import MAX_STEPS, whole_steps
from neurosim.build.plastic import new_learned, with_room_to_learn
from neurosim.build.state import new_scratch, new_shared, new_state, with_room
from neurosim.chunk import Chunk
from neurosim.errors import NeurosimError
from neurosim.interrupt import stop_on_interrupt
from neurosim.kernels import advance, forget, without_collection
from neurosim.kernels.types import PHASES, RECORDING
from neurosim.live import LiveInputs
from neurosim.network.checks import check_flag, show
from neurosim.pacing import Pacer
from neurosim.progress import progress_bar
from neurosim.recorder import Recorder
from neurosim.recording import Result, RunStats, Synapses
from neurosim.threads import choose_threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from neurosim.network import Network, Projection

CHUNK = 500
"""Steps between looks at the keyboard and at the clock."""
PACED_CHUNK = 20.0
"""Longest time between looks at the clock (ms) in a run that is paced to it."""


class Simulation:
    """A network that is being simulated.

    Parameters
    ----------
    network : Network
        A snapshot is taken; what is added later does not reach the simulation.
    dt : float
        Step of the time grid (ms).
    seed : int
        All randomness follows from it. The same seed gives the same bits for any number of threads,
        in one run or in many.
    threads : int, optional
        Default: one per available core, or one where the network is small.
    progress : bool
        Whether `run` shows a progress bar on the standard error stream.
    profile : bool
        Whether `RunStats.profile` says what the time went to.

    Raises
    ------
    NeurosimError
        If the network does not fit the time grid or an argument is out of range.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> drive = net.drive(cell, ns.ConstantCurrent(200.0))
    >>> simulation = ns.Simulation(net)
    >>> result = simulation.run(50.0)
    >>> result = simulation.run(50.0)
    >>> result.duration
    100.0
    """

    @without_collection()
    def __init__(
        self,
        network: Network,
        *,
        dt: float = 0.1,
        seed: int = 1,
        threads: int | None = None,
        progress: bool = False,
        profile: bool = False,
    ) -> None:
        started = time.perf_counter()
        n_threads = choose_threads(network, threads)
        self._plan = build(network, dt=dt, seed=seed, threads=n_threads)
        self._projections = network.projections
        self._progress = progress
        self._steps = 0
        self._wall = 0.0
        self._timed = check_flag(profile, "profile")
        self._clocks = np.zeros(2)
        self._interrupted = False
        self._pacer = Pacer()
        self._running = threading.Lock()
        self._states = [new_state(self._plan, k, CHUNK) for k in range(n_threads)]
        self._learned = [new_learned(part.plastic) for part in self._plan.threads]
        self._scratch = [new_scratch(self._plan, k) for k in range(n_threads)]
        self._shared = new_shared(self._plan, CHUNK)
        self._samples = [np.empty((CHUNK, len(part.probes.places))) for part in self._plan.threads]
        self._recorder = Recorder(self._plan)
        self._live = LiveInputs(self._plan, self._states)
        self._advance(0, 0)  # no steps: compiles the kernels if no earlier run has
        forget(self._states[0], 0, self._plan.horizon)
        self._build = time.perf_counter() - started

    @property
    def time(self) -> float:
        """Simulated time so far (ms)."""
        return self._steps * self._plan.dt

    def _advance(self, thread: int, n_steps: int) -> None:
        plan, part = self._plan, self._plan.threads[thread]
        advance(
            thread,
            self._steps,
            n_steps,
            plan.horizon,
            plan.stride,
            plan.batch,
            part.table,
            part.plastic.tables if part.plastic.n_lists else None,
            part.neurons,
            part.soft,
            part.channels,
            self._live.tables[thread],
            part.probes,
            self._states[thread],
            self._learned[thread] if part.plastic.n_lists else None,
            self._shared,
            self._scratch[thread],
            self._samples[thread],
            self._timed,
        )

    def _run_chunk(self, n_steps: int, pool: ThreadPoolExecutor | None) -> None:
        """Advance all threads by one chunk and record what it brings."""
        self._shared.arrivals[0] = 0
        for k, state in enumerate(self._states):
            self._states[k] = with_room(self._plan, state, n_steps)
            most = self._plan.most_spikes(n_steps) * len(self._plan.threads[k].plastic.tables.rules)
            self._learned[k] = with_room_to_learn(self._learned[k], most)
        self._live.begin(self._steps + n_steps)
        others = range(1, len(self._states))
        started = time.perf_counter()
        waiting = [pool.submit(self._advance, k, n_steps) for k in others] if pool else []
        self._advance(0, n_steps)
        for task in waiting:
            task.result()
        advanced = time.perf_counter()
        self._live.end()
        self._recorder.take(self._steps, n_steps, self._states[0], self._samples)
        for state in self._states:
            forget(state, n_steps, self._plan.horizon)
        self._steps += n_steps
        self._clocks += advanced - started, time.perf_counter() - advanced

    def run(self, duration: float, *, realtime: bool = False) -> Result:
        """Simulate on from where the last run stopped.

        Ctrl-C ends the run after the present chunk of steps: what was recorded until then is
        returned, and `Result.stats.interrupted` says so.

        Parameters
        ----------
        duration : float
            ms, a multiple of dt.
        realtime : bool
            Whether simulated time must not run ahead of the clock on the wall. What comes late is
            counted in `Result.stats`.

        Returns
        -------
        Result
            Everything recorded since the start of the simulation.

        Raises
        ------
        NeurosimError
            If `duration` is not a positive multiple of dt.
        """
        end = self._end_after(duration)
        chunk = min(CHUNK, max(1, round(PACED_CHUNK / self._plan.dt))) if realtime else CHUNK
        return self._go_on(end, chunk, None, realtime)

    def stream(
        self,
        chunk_ms: float,
        on_chunk: Callable[[Chunk], object],
        *,
        duration: float | None = None,
        realtime: bool = False,
    ) -> Result:
        """Simulate on, showing what each chunk of time brought and taking live input for the next.

        Without live input the bits are those of `run`, whatever the chunks; with it they follow
        from the seed and from what `on_chunk` does in simulated time. Ctrl-C ends a stream as it
        ends a run; the last chunk may be shorter than the others. All that is recorded is kept for
        the result: for an endless stream record little.

        Parameters
        ----------
        chunk_ms : float
            Length of a chunk (ms), a multiple of dt.
        on_chunk : callable
            Called with the `Chunk` that is over: in it are its spikes and traces, through it live
            currents are set, live spikes sent, and the stream is ended.
        duration : float, optional
            ms, a multiple of dt. Default: until `Chunk.finish` or Ctrl-C.
        realtime : bool
            Whether `on_chunk` is to be called when the end of the chunk has come on the wall clock
            too. The time that it takes is lost to the next chunk; what is late is counted in
            `Result.stats`.

        Returns
        -------
        Result
            Everything recorded since the start of the simulation.

        Raises
        ------
        NeurosimError
            If a time is not a positive multiple of dt, or `on_chunk` is no function. What
            `on_chunk` raises ends the stream; the simulation can be continued.

        Examples
        --------
        A current that grows until the neuron fires:

        >>> import neurosim as ns
        >>> net = ns.Network()
        >>> cell = net.add("cell", 1, ns.LIF())
        >>> current = net.drive(cell, ns.LiveCurrent())
        >>> def grow(chunk):
        ...     chunk.inject(current, chunk.stop)
        ...     if len(chunk.spikes["cell"]):
        ...         chunk.finish()
        >>> result = ns.Simulation(net).stream(10.0, grow)
        >>> result.duration
        220.0
        """
        chunk = whole_steps(chunk_ms, self._plan.dt, "chunk_ms")
        if not callable(on_chunk):
            raise NeurosimError(f"on_chunk = {show(on_chunk)} cannot be called: give a function")
        end = MAX_STEPS if duration is None else self._end_after(duration)
        return self._go_on(end, chunk, on_chunk, realtime)

    def _end_after(self, duration: float) -> int:
        """Return the step before which a run of `duration` (ms) from now ends."""
        end = self._steps + whole_steps(duration, self._plan.dt, "duration")
        if end > MAX_STEPS:
            raise NeurosimError(
                f"duration = {duration:g} ms would take the simulation past {MAX_STEPS} steps of "
                f"{self._plan.dt:g} ms: take a larger dt"
            )
        return end

    def _go_on(
        self, end: int, chunk: int, on_chunk: Callable[[Chunk], object] | None, realtime: bool
    ) -> Result:
        """Simulate up to step `end` in chunks of at most `chunk` steps: the loop of all runs."""
        check_flag(realtime, "realtime")
        if not self._running.acquire(blocking=False):
            raise NeurosimError("The simulation is running: wait until that run is over")
        first, dt, n_threads = self._steps, self._plan.dt, len(self._states)
        started, waited = self._pacer.clock(), self._pacer.waited
        pool = ThreadPoolExecutor(n_threads - 1) if n_threads > 1 else nullcontext()
        bar = progress_bar((end - first) * dt, show=self._progress and end < MAX_STEPS)
        going = True
        try:
            with pool as workers, stop_on_interrupt() as stop, bar as done:
                self._pacer.start()
                while going and self._steps < end and not stop.is_set():
                    start, until = self._steps, min(self._steps + chunk, end)
                    while self._steps < until and not stop.is_set():
                        self._run_chunk(min(CHUNK, until - self._steps), workers)
                        done((self._steps - first) * dt)
                    if realtime:
                        self._pacer.keep((self._steps - first) * dt, stop.is_set)
                    if on_chunk:
                        going = self._hand_over(on_chunk, start)
        finally:
            self._wall += self._pacer.clock() - started - (self._pacer.waited - waited)
            self._running.release()
        self._interrupted = going and self._steps < end
        return self._recorder.result(self._steps, self._stats())

    def _hand_over(self, on_chunk: Callable[[Chunk], object], start: int) -> bool:
        """Call `on_chunk` for what happened since step `start`; return whether to go on."""
        chunk = Chunk(self._recorder, self._live, start, self._steps, self._plan.dt)
        try:
            on_chunk(chunk)
        finally:
            going = chunk.close()
        return going

    def _profile(self) -> dict[str, float]:
        """Return what the time in the kernels went to, and in recording what they brought (s)."""
        advancing, recording = self._clocks
        ticks = sum(scratch.ticks for scratch in self._scratch)
        seconds = advancing * ticks / max(ticks.sum(), 1)
        seconds[RECORDING] += recording
        return dict(zip(PHASES, seconds.tolist(), strict=True))

    def synapses(self, projection: Projection) -> Synapses:
        """Return plastic synapses and what they have come to.

        Parameters
        ----------
        projection : Projection
            With a `plasticity`.

        Returns
        -------
        Synapses
            By source, then target; weights are those of each synapse's last presynaptic spike.
        """
        numbers = [k for k, own in enumerate(self._projections) if own is projection]
        if not numbers:
            raise NeurosimError("The projection is none of this simulation's network")
        if projection.plasticity is None:
            raise NeurosimError(
                "The projection is not plastic, its weights do not change: give connect a "
                "plasticity"
            )
        found = []
        for part, learned in zip(self._plan.threads, self._learned, strict=True):
            own = part.plastic.projections == numbers[0]
            columns = (part.plastic.sources, part.plastic.targets, learned.weights)
            found.append([column[own] for column in columns])
        sources, targets, weights = (np.concatenate(column) for column in zip(*found, strict=True))
        order = np.lexsort((targets, sources))
        return Synapses(sources[order], targets[order], weights[order])

    @property
    def table_bytes(self) -> int:
        """Memory that the synapses take (bytes)."""
        return sum(array.nbytes for part in self._plan.threads for array in part.table)

    @property
    def weights_in_common(self) -> bool:
        """Whether synapses have their weights in common with others, instead of each its own."""
        return len(self._plan.threads[0].table.common) > 0

    def _stats(self) -> RunStats:
        return RunStats(
            neurons=int(self._plan.first_id[-1]),
            synapses=self._plan.n_synapses,
            threads=len(self._states),
            build_s=self._build,
            wall_s=self._wall,
            real_time_factor=self._wall * 1e3 / self.time if self._steps else 0.0,
            interrupted=self._interrupted,
            events=sum(int(state.delivered[0]) for state in self._states),
            profile=self._profile() if self._timed else None,
            paced_chunks=self._pacer.chunks,
            late_chunks=self._pacer.late_chunks,
            largest_lateness_ms=self._pacer.largest_lateness,
        )


def simulate(
    network: Network,
    duration: float,
    *,
    dt: float = 0.1,
    seed: int = 1,
    threads: int | None = None,
    progress: bool = False,
    profile: bool = False,
    realtime: bool = False,
) -> Result:
    """Build a network and simulate it.

    Parameters
    ----------
    network : Network
    duration : float
        ms, a multiple of dt.
    dt, seed, threads, progress, profile
        As for `Simulation`.
    realtime
        As for `Simulation.run`.

    Returns
    -------
    Result

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> drive = net.drive(cell, ns.ConstantCurrent(300.0))
    >>> result = ns.simulate(net, 100.0)
    >>> len(result.spikes["cell"])
    4
    """
    simulation = Simulation(
        network, dt=dt, seed=seed, threads=threads, progress=progress, profile=profile
    )
    return simulation.run(duration, realtime=realtime)
