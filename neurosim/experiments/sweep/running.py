"""Runs a sweep: what is missing in its folder, and nothing twice."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from neurosim.engine.interrupt import stop_on_interrupt
from neurosim.engine.mpi import current_ranks
from neurosim.errors import NeurosimError
from neurosim.experiments.sweep.description import describe
from neurosim.experiments.sweep.folder import SweepFolder
from neurosim.experiments.sweep.table import Failure, Kind, Table, read_table
from neurosim.experiments.sweep.workers import run_points, workers_of
from neurosim.utils.lock import lock_folder
from neurosim.utils.progress import progress_bar
from neurosim.utils.resources import MAX_THREADS, available_cores

if TYPE_CHECKING:
    import os
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from neurosim.experiments.sweep.grid import Point, Sweep

MOST_WORKERS = 1_000


@dataclass(frozen=True)
class Places:
    """Where the points of a sweep are run.

    Attributes
    ----------
    threads : int
        Threads for each point; no figure depends on it.
    workers : int or None
        Processes of this machine; None: as many as have a core for each of their threads.
    scheduler : str or None
        Address of a Dask scheduler, "tcp://host:8786", whose workers run the points instead.
    """

    threads: int = 1
    workers: int | None = None
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.threads <= MAX_THREADS:
            raise NeurosimError(f"threads = {self.threads} is outside 1 to {MAX_THREADS}")
        if self.workers is None:
            return
        if self.scheduler is not None:
            raise NeurosimError("the scheduler has its own workers: give it or a number of workers")
        if not 1 <= self.workers <= MOST_WORKERS:
            raise NeurosimError(f"workers = {self.workers} is outside 1 to {MOST_WORKERS:,}")

    @property
    def processes(self) -> int:
        """How many processes of this machine run points."""
        return self.workers or max(1, available_cores() // self.threads)


def sweep(
    name: str,
    grid: Mapping[str, Sequence[object]],
    *,
    out: str | os.PathLike[str],
    seeds: int | Sequence[int] = 10,
    settings: Mapping[str, object] | None = None,
    duration: float | None = None,
    dt: float | None = None,
    places: Places | None = None,
    progress: bool = False,
    tell: Callable[[str], object] = print,
) -> Table:
    """Run a scenario at all points of a grid with several seeds, as `neurosim sweep` does.

    What a former call has done of the same sweep into the same folder is not done again. A script
    must call this below ``if __name__ == "__main__":``, for its workers begin by importing it.

    Parameters
    ----------
    name : str
        Of a scenario, or of a scenario file.
    grid : mapping
        Values by setting; the points are all combinations of them.
    out : path-like
        Folder for the points, a file each.
    seeds : int or sequence of int
        How many, beginning with 1, or which.
    settings : mapping, optional
        Settings to change at all points.
    duration, dt : float, optional
        ms; the scenario's own if not given.
    places : Places, optional
        Where the points are run; all cores of this machine if not given.
    progress : bool
        Whether to draw a progress bar on stderr.
    tell : callable
        Called with words about what happens meanwhile.

    Returns
    -------
    Table
        What the folder holds; where Ctrl-C ended the sweep, what is done so far.

    Raises
    ------
    NeurosimError
        Before anything is run, for points that could not be; for a folder of another sweep; where
        the scheduler does not answer or its workers cannot run the scenario.

    Examples
    --------
    >>> from neurosim.experiments.sweep import sweep
    >>> table = sweep("fi-curve", {"sigma": [1, 2, 4]}, out="noise", seeds=5)  # doctest: +SKIP
    >>> table.estimate("max_rate_hz").mean  # doctest: +SKIP
    """
    if not current_ranks().alone:
        raise NeurosimError("a sweep spreads its points itself: start it without mpiexec")
    described = describe(name, grid, seeds=seeds, settings=settings, duration=duration, dt=dt)
    folder = SweepFolder(out)
    # Sweeps share a folder, each writing points that are missing; a run must not.
    with lock_folder(folder.path, shared=True):
        folder.claim(described)
        run = _Run(described, folder, places or Places(), tell)
        with stop_on_interrupt() as stop:
            run.fill(progress, stop)
        table = read_table(described, folder)
    return replace(table, failures=(*table.failures, *run.failures), interrupted=stop.is_set())


class _Run:
    """Fills a sweep's folder.

    Attributes
    ----------
    failures : list of Failure
        Those that the folder does not keep.
    """

    def __init__(
        self, sweep: Sweep, folder: SweepFolder, places: Places, tell: Callable[[str], object]
    ) -> None:
        self.failures: list[Failure] = []
        self._sweep, self._folder, self._places, self._tell = sweep, folder, places, tell

    def fill(self, progress: bool, stop: threading.Event) -> None:
        """Run what the folder lacks, until `stop` is set."""
        there = self._folder.keys()
        done = sum(point.key in there for point in self._sweep.points())
        missing = self._sweep.size - done
        if not missing:
            return
        points = (point for point in self._sweep.points() if point.key not in there)
        places = self._places
        bar = progress_bar(self._sweep.size, show=progress, unit="points", text="sweeping")
        with workers_of(places.scheduler, min(places.processes, missing)) as client, bar as show:
            show(done)
            outcomes = run_points(client, points, places.threads, stop, self._tell)
            for number, (point, outcome) in enumerate(outcomes, done + 1):
                self._keep(point, outcome)
                show(number)

    def _keep(self, point: Point, outcome: bytes | BaseException) -> None:
        from distributed import KilledWorker

        if isinstance(outcome, bytes):
            self._folder.add(point.key, outcome)
        elif isinstance(outcome, (NeurosimError, ImportError)):  # so it would be with all points
            raise NeurosimError(
                f"the workers cannot run {point.scenario} ({outcome}): install there what is "
                "installed here"
            ) from outcome
        elif isinstance(outcome, KilledWorker):
            deaths = f"{outcome.allowed_failures + 1} workers died of it"
            memory = "were they out of memory, fewer workers have more each"
            self._fail(point, "killed", f"given up, for {deaths}: {memory}")
        else:
            if not any(failure.kind == "defect" for failure in self.failures):
                self._tell("".join(traceback.format_exception(outcome)))
            self._fail(point, "defect", repr(outcome))

    def _fail(self, point: Point, kind: Kind, reason: str) -> None:
        cell = {axis.name: point.settings[axis.name] for axis in self._sweep.grid}
        self.failures.append(Failure(cell, point.seed, reason, kind))
