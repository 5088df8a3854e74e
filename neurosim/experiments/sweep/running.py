"""Run a sweep: the points that are missing in its folder."""

from __future__ import annotations

import traceback
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from neurosim.engine.interrupt import stop_on_interrupt
from neurosim.engine.mpi import current_communicator
from neurosim.errors import NeurosimError
from neurosim.experiments.sweep.description import describe
from neurosim.experiments.sweep.folder import SweepFolder
from neurosim.experiments.sweep.table import Failure, Table, read_table
from neurosim.experiments.sweep.workers import run_points, workers_of
from neurosim.utils.checks import check_integer
from neurosim.utils.lock import lock_folder
from neurosim.utils.progress import progress_bar
from neurosim.utils.renamed import with_old_argument
from neurosim.utils.resources import MAX_THREADS, available_cores

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from neurosim.experiments.sweep.grid import Point, Sweep

MAX_WORKERS = 1_000


class Places(NamedTuple):
    """Deprecated: pass `threads`, `workers` and `scheduler` to `sweep`."""

    threads: int = 1
    workers: int | None = None
    scheduler: str | None = None


@with_old_argument("tell", "report")
def sweep(
    name: str,
    grid: Mapping[str, Sequence[object]],
    *,
    out: str | os.PathLike[str],
    seeds: int | Sequence[int] = 10,
    settings: Mapping[str, object] | None = None,
    duration: float | None = None,
    dt: float | None = None,
    models: Sequence[str | os.PathLike[str]] = (),
    threads: int = 1,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: bool = False,
    report: Callable[[str], object] = print,
    places: Places | None = None,
) -> Table:
    """Run a scenario on a grid of settings with several seeds.

    This is the function behind `neurosim sweep`.

    Points that an earlier call has written to the same folder are not run again. In a script, call
    this below ``if __name__ == "__main__":``, because each worker imports the script.

    Parameters
    ----------
    name : str
        Scenario, or path of a scenario file.
    grid : mapping
        Values by setting; the points are all combinations of them.
    out : path-like
        Folder for the points, one file each.
    seeds : int or sequence of int
        Number of seeds, starting at 1, or the seeds themselves.
    settings : mapping, optional
        Settings to change at all points.
    duration, dt : float, optional
        ms. Default: as in the scenario.
    models : sequence of path-like, optional
        Python files that define the models used by a scenario file. They are executed here and by
        each worker.
    threads : int
        Threads for each point. Does not affect the findings.
    workers : int, optional
        Number of processes on this machine. Default: the number of cores divided by `threads`.
    scheduler : str, optional
        Address of a Dask scheduler, such as "tcp://host:8786", with workers that run the points.
    progress : bool
        Whether to show a progress bar on stderr.
    report : callable
        Called with messages during the sweep.
    places : Places, optional
        Deprecated: use `threads`, `workers` and `scheduler`.

    Returns
    -------
    Table
        The content of the folder; after Ctrl-C, the points completed so far.

    Raises
    ------
    NeurosimError
        If a point cannot be run (before any is started), the folder belongs to another sweep, the
        scheduler does not answer, or its workers cannot run the scenario.

    Examples
    --------
    >>> from neurosim.experiments.sweep import sweep
    >>> table = sweep("fi-curve", {"sigma": [1, 2, 4]}, out="noise", seeds=5)  # doctest: +SKIP
    >>> table.estimate("max_rate_hz").mean  # doctest: +SKIP
    """
    if places is not None:
        message = "places is deprecated: pass threads, workers and scheduler"
        warnings.warn(message, DeprecationWarning, stacklevel=3)
        threads, workers, scheduler = places
    if not current_communicator().is_serial:
        raise NeurosimError("a sweep starts its processes itself: start it without mpiexec")
    _check(threads, workers, scheduler)
    described = describe(
        name, grid, seeds=seeds, settings=settings, duration=duration, dt=dt, models=models
    )
    folder = SweepFolder(out)
    processes = workers or max(1, available_cores() // threads)
    bar = progress_bar(described.size, show=progress, unit="points", text="sweeping")
    failures: list[Failure] = []
    # Several sweeps may share the folder, each writing missing points; a run may not.
    with lock_folder(folder.path, shared=True), stop_on_interrupt() as stop:
        folder.claim(described)
        present = folder.keys()
        done = sum(point.key in present for point in described.points())
        if missing := described.size - done:
            points = (point for point in described.points() if point.key not in present)
            with workers_of(scheduler, min(processes, missing)) as client, bar as show:
                show(done)
                outcomes = run_points(client, points, threads, stop, report)
                for number, (point, outcome) in enumerate(outcomes, done + 1):
                    if isinstance(outcome, bytes):
                        folder.add(point.key, outcome)
                    else:
                        failure = _failure(described, point, outcome)
                        first = all(earlier.kind != "defect" for earlier in failures)
                        if failure.kind == "defect" and first:
                            report("".join(traceback.format_exception(outcome)))
                        failures.append(failure)
                    show(number)
        table = read_table(described, folder)
    return replace(table, failures=(*table.failures, *failures), interrupted=stop.is_set())


def _check(threads: int, workers: int | None, scheduler: str | None) -> None:
    """Check the numbers of threads and workers."""
    check_integer(threads, "threads", 1, MAX_THREADS)
    if workers is not None and scheduler is not None:
        raise NeurosimError("a scheduler has workers already: give either workers or a scheduler")
    if workers is not None:
        check_integer(workers, "workers", 1, MAX_WORKERS)


def _failure(sweep: Sweep, point: Point, error: BaseException) -> Failure:
    """Return the failure of a point.

    Raises
    ------
    NeurosimError
        If the error concerns all points.
    """
    from distributed import KilledWorker

    if isinstance(error, (NeurosimError, ImportError)):
        raise NeurosimError(
            f"the workers cannot run {point.scenario} ({error}): install the same packages as here"
        ) from error
    cell = {axis.name: point.settings[axis.name] for axis in sweep.grid}
    if not isinstance(error, KilledWorker):
        return Failure(cell, point.seed, repr(error), "defect")
    reason = (
        f"gave up after {error.allowed_failures + 1} workers died running it: if they were out of "
        "memory, use fewer workers"
    )
    return Failure(cell, point.seed, reason, "killed")
