"""Running a network: in one go, or step by step."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from neurosim.build import build
from neurosim.build.grid import MAX_STEPS, whole_steps
from neurosim.build.projections import expected_synapses
from neurosim.build.state import new_scratch, new_shared, new_state
from neurosim.errors import NeurosimError
from neurosim.kernels import advance, forget
from neurosim.progress import progress_bar
from neurosim.recorder import Recorder
from neurosim.recording import Result, RunStats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neurosim.network import Network

CHUNK = 200
"""Steps between looks at the keyboard and at the clock."""
MAX_THREADS = 256
WORTH_SHARING = 2_000_000
"""Synapses from which on it pays to share the work: below, threads wait more than they work."""


def choose_threads(network: Network, threads: int | None) -> int:
    """Return the number of threads: as asked for, else what the machine and the network allow."""
    if threads is not None:
        if isinstance(threads, bool) or not isinstance(threads, (int, np.integer)):
            raise NeurosimError(f"threads = {threads!r} is not an integer")
        if not 1 <= threads <= MAX_THREADS:
            raise NeurosimError(f"threads = {threads} is outside 1 to {MAX_THREADS}")
        return int(threads)
    work = sum(expected_synapses(p) for p in network.projections)
    work += 100 * sum(p.size for p in network.populations)
    if work < WORTH_SHARING:
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cores or 1, MAX_THREADS)


@contextmanager
def _stop_on_interrupt() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C into an event; a second one interrupts at once, as ever."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    previous = signal.getsignal(signal.SIGINT)

    def handle(number: int, frame: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, previous)

    signal.signal(signal.SIGINT, handle)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, previous)


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

    def __init__(
        self,
        network: Network,
        *,
        dt: float = 0.1,
        seed: int = 1,
        threads: int | None = None,
        progress: bool = False,
    ) -> None:
        started = time.perf_counter()
        n_threads = choose_threads(network, threads)
        self._plan = build(network, dt=dt, seed=seed, threads=n_threads)
        self._progress = progress
        self._steps = 0
        self._wall = 0.0
        self._interrupted = False
        self._states = [new_state(self._plan, k, CHUNK) for k in range(n_threads)]
        self._scratch = [new_scratch(self._plan, CHUNK) for _ in range(n_threads)]
        self._shared = new_shared(self._plan, CHUNK)
        self._samples = [np.empty((CHUNK, len(part.probes.places))) for part in self._plan.threads]
        self._recorder = Recorder(self._plan)
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
            part.table,
            part.neurons,
            part.inputs,
            part.probes,
            self._states[thread],
            self._shared,
            self._scratch[thread],
            self._samples[thread],
        )

    def _run_chunk(self, n_steps: int, pool: ThreadPoolExecutor | None) -> None:
        """Advance all threads by one chunk and record what it brings."""
        self._shared.arrivals[0] = 0
        others = range(1, len(self._states))
        waiting = [pool.submit(self._advance, k, n_steps) for k in others] if pool else []
        self._advance(0, n_steps)
        for task in waiting:
            task.result()
        self._recorder.take(self._steps, n_steps, self._states[0], self._samples)
        for state in self._states:
            forget(state, n_steps, self._plan.horizon)
        self._steps += n_steps

    def run(self, duration: float) -> Result:
        """Simulate on from where the last run stopped.

        Ctrl-C ends the run after the present chunk of steps: what was recorded until then is
        returned, and `Result.stats.interrupted` says so.

        Parameters
        ----------
        duration : float
            ms, a multiple of dt.

        Returns
        -------
        Result
            Everything recorded since the start of the simulation.

        Raises
        ------
        NeurosimError
            If `duration` is not a positive multiple of dt.
        """
        n_steps = whole_steps(duration, self._plan.dt, "duration")
        end = self._steps + n_steps
        if end > MAX_STEPS:
            raise NeurosimError(
                f"duration = {duration:g} ms would take the simulation past {MAX_STEPS} steps of "
                f"{self._plan.dt:g} ms: take a larger dt"
            )
        first, started = self._steps, time.perf_counter()
        n_threads = len(self._states)
        pool = ThreadPoolExecutor(n_threads - 1) if n_threads > 1 else None
        bar = progress_bar(duration, show=self._progress)
        try:
            with _stop_on_interrupt() as stop, bar as done:
                while self._steps < end and not stop.is_set():
                    self._run_chunk(min(CHUNK, end - self._steps), pool)
                    done((self._steps - first) * self._plan.dt)
        finally:
            if pool:
                pool.shutdown()
            self._wall += time.perf_counter() - started
        self._interrupted = self._steps < end
        return self._recorder.result(self._steps, self._stats())

    def _stats(self) -> RunStats:
        return RunStats(
            neurons=int(self._plan.first_id[-1]),
            synapses=self._plan.n_synapses,
            threads=len(self._states),
            build_s=self._build,
            wall_s=self._wall,
            real_time_factor=self._wall * 1e3 / self.time if self._steps else 0.0,
            interrupted=self._interrupted,
        )


def simulate(
    network: Network,
    duration: float,
    *,
    dt: float = 0.1,
    seed: int = 1,
    threads: int | None = None,
    progress: bool = False,
) -> Result:
    """Build a network and simulate it.

    Parameters
    ----------
    network : Network
    duration : float
        ms, a multiple of dt.
    dt, seed, threads, progress
        As for `Simulation`.

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
    simulation = Simulation(network, dt=dt, seed=seed, threads=threads, progress=progress)
    return simulation.run(duration)
