"""Run scenarios, save the results, and resume or redraw saved runs."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurosim.cli.folder import (
    CHECKPOINTS,
    COMPARISON,
    REQUEST,
    REQUEST_SOURCE,
    RESULT,
    SOURCE,
    SUMMARY,
    RunFolder,
)
from neurosim.cli.options import OUT
from neurosim.cli.request import RunRequest, as_request
from neurosim.engine.autosave import CheckpointSeries
from neurosim.engine.mpi import current_communicator, without_mpi
from neurosim.errors import NeurosimError
from neurosim.experiments.catalogue import find_scenario, require_comparison
from neurosim.experiments.run import ScenarioRun, run_scenario
from neurosim.experiments.settings import format_settings, parse_settings
from neurosim.experiments.toml import Origin
from neurosim.results.storage import load
from neurosim.utils.lock import lock_folder
from neurosim.utils.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neurosim.experiments.scenario import Comparison, RunOptions, Scenario


@dataclass(frozen=True)
class Outcome:
    """A saved run.

    Attributes
    ----------
    request : RunRequest
    folder : Path
    run : ScenarioRun
    summary : dict
        Content of summary.json; empty on all processes but the root.
    comparison : Comparison or None
        None if it was not requested, or the run was interrupted.
    """

    request: RunRequest
    folder: Path
    run: ScenarioRun[Any]
    summary: dict[str, Any]
    comparison: Comparison | None

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C interrupted the run, which then has neither findings nor figures."""
        return self.run.result.stats.interrupted


def execute(request: RunRequest) -> Outcome:
    """Run a scenario, save and plot the result and, if requested, compare it.

    The result is saved first, so that an error in a figure does not lose it.

    Raises
    ------
    NeurosimError
        If another run uses the folder or can be resumed there, or the scenario cannot be run.
    """
    folder = RunFolder(request.out or OUT / request.label)
    # On the root process only: a slower process would find the files that the root has created.
    current_communicator().run_on_root(folder.require_free)
    with _status(f"loading {request.label}"):
        scenario = find_scenario(request.name)
    return _execute(request, folder, scenario, new=True)


def resume_run(path: Path, threads: int | None = None) -> Outcome:
    """Resume an interrupted run from its checkpoints.

    Parameters
    ----------
    path : Path
        Folder of the run.
    threads : int, optional
        Default: as before.

    Raises
    ------
    NeurosimError
        If the folder has no such run, its request is invalid, or another process uses it.
    """
    folder = RunFolder(path)
    with _locked(path) if path.is_dir() else nullcontext():
        current_communicator().run_on_root(folder.remove_stale_checkpoints)
        request = replace(as_request(folder.read_request(), path / REQUEST), out=path)
        request = request if threads is None else replace(request, threads=threads)
        origin = Origin(request.label, Path(request.name).parent)
        scenario = find_scenario(folder.copy_of(REQUEST_SOURCE) or request.name, origin)
        return _execute(request, folder, scenario)


def redraw(path: Path) -> list[str]:
    """Draw the figures of a saved run again, including those of its comparison.

    Returns
    -------
    list of str
        Paths of the figures.
    """
    folder = RunFolder(path)
    summary = folder.read_json(SUMMARY)
    try:
        name, assignments = str(summary["scenario"]), format_settings(dict(summary["settings"]))
    except (KeyError, TypeError, ValueError, RecursionError):
        raise NeurosimError(
            f"{path / SUMMARY} has no scenario with settings: run the scenario again"
        ) from None
    scenario = find_scenario(folder.copy_of(SOURCE) or name, Origin(name))
    run = ScenarioRun(scenario, parse_settings(scenario.settings, assignments), load(path / RESULT))
    with lock_folder(path):
        folder.write_figures(name, run.figures)
        if (path / COMPARISON).exists():
            folder.write_figures(f"{name}-comparison", run.comparison.figures())
    return folder.files


def options_of(request: RunRequest, scenario: Scenario[Any]) -> RunOptions:
    """Return the options of a run: those requested, else the scenario's defaults."""
    others = {name: getattr(request, name) for name in ("threads", "realtime", "profile")}
    return scenario.options(request.duration, request.dt, request.seed, **others)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Lock a folder on the root process during a block."""
    with ExitStack() as stack:
        current_communicator().run_on_root(lambda: stack.enter_context(lock_folder(path)))
        yield


def _execute(
    request: RunRequest, folder: RunFolder, scenario: Scenario[Any], *, new: bool = False
) -> Outcome:
    """Run a scenario in a folder, which is locked and checked for a new run."""
    if request.compare:
        require_comparison(scenario)
    settings = parse_settings(scenario.settings, request.assignments)
    options, series = options_of(request, scenario), None
    if request.checkpoint_every is not None:
        series = CheckpointSeries(folder.path / CHECKPOINTS, request.checkpoint_every)
    communicator = current_communicator()
    with _locked(folder.path) if new else nullcontext():
        if new:  # check again: another run may have started before the lock
            communicator.run_on_root(folder.require_no_request)
        communicator.run_on_root(lambda: _prepare(request, scenario, folder, series))
        active = series.active() if series else nullcontext()
        with active, _status(f"running {scenario.name}"):
            run = run_scenario(scenario, settings, options)
        if not communicator.is_root:  # every process has the whole result, the root writes it
            return Outcome(request, folder.path, run, {}, None)
        with without_mpi():
            return _save(request, folder, run, series, resumed=not new)


def _status(text: str) -> AbstractContextManager[object]:
    """Show the elapsed time of a block that takes longer than a second."""
    return progress_bar(text=text, delay=1.0)


def _prepare(
    request: RunRequest, scenario: Scenario[Any], folder: RunFolder, series: CheckpointSeries | None
) -> None:
    """Create the folder, and save the request if the run writes checkpoints."""
    folder.prepare()
    if series:
        if not folder.has_request:
            content = asdict(request) | {"out": None}
            if scenario.source_file is not None:  # to be resumed from any working directory
                content["name"] = os.path.abspath(request.name)
            folder.write_request(content, scenario.source_file)
        series.prepare()


def _save(
    request: RunRequest,
    folder: RunFolder,
    run: ScenarioRun[Any],
    series: CheckpointSeries | None,
    *,
    resumed: bool,
) -> Outcome:
    """Save and plot a run and, if requested, compare it."""
    folder.clear_earlier_run(run.summary, resumed=resumed)
    folder.write_result(run.result)
    if run.scenario.source_file is not None:
        folder.write_source(run.scenario.source_file)
    with _status("analysing the result"):
        summary = folder.write_summary(run.summary)
    if run.result.stats.interrupted:
        return Outcome(request, folder.path, run, summary, None)
    if request.plot:
        with _status("drawing figures"):
            folder.write_figures(request.label, run.figures)
    if request.compare:
        _save_comparison(run, folder, request.plot)
    summary = folder.write_summary(summary)
    if series:
        folder.remove_request()
    comparison = run.comparison if request.compare else None
    return Outcome(request, folder.path, run, summary, comparison)


def _save_comparison(run: ScenarioRun[Any], folder: RunFolder, plot: bool) -> None:
    with _status("computing the comparison"):
        comparison = run.comparison
    content = {
        "scenario": run.scenario.name,
        "title": comparison.title,
        "conclusion": comparison.conclusion,
        "rows": [list(row) for row in comparison.all_rows],
        "comparison": comparison.as_dict(),
    }
    folder.write_json(COMPARISON, content)
    if plot:
        with _status("drawing figures"):
            folder.write_figures(f"{run.scenario.name}-comparison", comparison.figures())
