"""Carry out the commands: run, compare, resume and plot."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurosim.cli.folder import (
    CHECKPOINTS,
    COMPARISON,
    ORDER,
    ORDER_SOURCE,
    RESULT,
    SOURCE,
    SUMMARY,
    RunFolder,
)
from neurosim.cli.request import RunRequest, as_request
from neurosim.engine.autosave import CheckpointSeries
from neurosim.engine.mpi import current_communicator, without_mpi
from neurosim.errors import NeurosimError
from neurosim.experiments.catalogue import find_scenario, require_comparison
from neurosim.experiments.run import ScenarioRun, run_scenario
from neurosim.experiments.scenario import RunOptions
from neurosim.experiments.settings import format_settings, parse_settings
from neurosim.experiments.toml import Origin
from neurosim.results.storage import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neurosim.experiments.scenario import Comparison, Scenario

OUT = Path("neurosim-out")
"""Where runs are kept unless --out says otherwise."""


@dataclass(frozen=True)
class Outcome:
    """A run that was saved.

    Attributes
    ----------
    order : RunRequest
    folder : Path
    run : ScenarioRun
    summary : dict
        As saved; empty on all processes but the first.
    comparison : Comparison or None
        None where none was asked for, or Ctrl-C cut the run short.
    """

    order: RunRequest
    folder: Path
    run: ScenarioRun[Any]
    summary: dict[str, Any]
    comparison: Comparison | None

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C cut the run short; it then has neither findings nor pictures."""
        return self.run.result.stats.interrupted


def execute(order: RunRequest) -> Outcome:
    """Run a scenario, save the result, draw it and, if asked, compare it.

    The result is saved first, so that no failing figure loses a long run.

    Raises
    ------
    NeurosimError
        Where another run writes the folder or can be resumed there, and for what the scenario
        refuses.
    """
    folder = RunFolder(order.out or OUT / order.label)
    # Only the first process looks: a late one might see what that has begun.
    current_communicator().run_on_root(folder.require_free)
    return _execute(order, folder, find_scenario(order.name), new=True)


@contextmanager
def _locked(folder: RunFolder, exists: bool = True) -> Iterator[None]:
    """Have the first process lock a folder for the time of a block, if it exists."""
    with ExitStack() as stack:
        if exists:
            current_communicator().run_on_root(lambda: stack.enter_context(folder.locked()))
        yield


def resume(path: Path, threads: int | None = None) -> Outcome:
    """Resume an interrupted run from its checkpoints.

    Parameters
    ----------
    path : Path
        Its folder.
    threads : int, optional
        Default: as before.

    Raises
    ------
    NeurosimError
        Where the folder holds no such run, its order is not valid, or another process writes it.
    """
    folder = RunFolder(path)
    with _locked(folder, path.is_dir()):
        current_communicator().run_on_root(folder.forget_checkpoints)
        order = replace(as_request(folder.read_order(), path / ORDER), out=path)
        order = order if threads is None else replace(order, threads=threads)
        origin = Origin(order.label, Path(order.name).parent)
        scenario = find_scenario(folder.kept(ORDER_SOURCE) or order.name, origin)
        return _execute(order, folder, scenario)


def _execute(
    order: RunRequest, folder: RunFolder, scenario: Scenario[Any], *, new: bool = False
) -> Outcome:
    """Run a scenario in a folder that is locked meanwhile; a new run must find no order there."""
    if order.compare:
        require_comparison(scenario)
    settings = parse_settings(scenario.settings, order.assignments)
    options, series = options_of(order, scenario), None
    if order.checkpoint_every is not None:
        series = CheckpointSeries(folder.path / CHECKPOINTS, order.checkpoint_every)
    communicator = current_communicator()
    with _locked(folder):
        if new:  # again, now that no other run can begin there
            communicator.run_on_root(folder.require_free)
        communicator.run_on_root(lambda: _prepare(order, scenario, folder, series))
        with series.active() if series else nullcontext():
            run = run_scenario(scenario, settings, options, sys.stderr.isatty())
        if not communicator.is_root:  # every process has the whole result, the first one writes it
            return Outcome(order, folder.path, run, {}, None)
        with without_mpi():
            return _save(order, folder, run, series)


def _prepare(
    order: RunRequest, scenario: Scenario[Any], folder: RunFolder, series: CheckpointSeries | None
) -> None:
    """Make the folder, and write down what is to be done there."""
    folder.prepare()
    if series:
        if not folder.has_order:
            written = asdict(order) | {"out": None}
            if scenario.source_file is not None:  # to be gone on with from any folder
                written["name"] = os.path.abspath(order.name)
            folder.write_order(written, scenario.source_file)
        series.prepare()


def _save(
    order: RunRequest, folder: RunFolder, run: ScenarioRun[Any], series: CheckpointSeries | None
) -> Outcome:
    """Save a run, draw it and, if asked, compare it."""
    folder.write_result(run.result)
    folder.forget_former_run()
    if run.scenario.source_file is not None:
        folder.write_source(run.scenario.source_file)
    summary = folder.write_summary(run.summary)
    if run.result.stats.interrupted:
        return Outcome(order, folder.path, run, summary, None)
    if order.plot:
        folder.write_figures(order.label, run.figures)
    if order.compare:
        _save_comparison(run, folder, order.plot)
    summary = folder.write_summary(summary)
    if series:
        folder.end()
    return Outcome(order, folder.path, run, summary, run.comparison if order.compare else None)


def options_of(order: RunRequest, scenario: Scenario[Any]) -> RunOptions:
    """Return how a scenario is to be run: as ordered, else by its defaults."""
    return RunOptions(
        duration=scenario.duration if order.duration is None else order.duration,
        dt=scenario.dt if order.dt is None else order.dt,
        seed=scenario.seed if order.seed is None else order.seed,
        threads=order.threads,
        realtime=order.realtime,
        profile=order.profile,
    )


def redraw(path: Path) -> list[str]:
    """Draw the figures of a saved run again, those of its comparison too if it has one.

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
            f"{path / SUMMARY} names no scenario with settings: run the scenario again"
        ) from None
    scenario = find_scenario(folder.kept(SOURCE) or name, Origin(name))
    run = ScenarioRun(scenario, parse_settings(scenario.settings, assignments), load(path / RESULT))
    with folder.locked():
        folder.write_figures(name, run.figures)
        if (path / COMPARISON).exists():
            folder.write_figures(f"{name}-comparison", run.comparison.figures())
    return folder.files


def _save_comparison(run: ScenarioRun[Any], folder: RunFolder, plot: bool) -> None:
    comparison = run.comparison
    content = {
        "scenario": run.scenario.name,
        "title": comparison.title,
        "rows": [list(row) for row in comparison.rows],
        "comparison": comparison.as_dict(),
    }
    folder.write_json(COMPARISON, content)
    if plot:
        folder.write_figures(f"{run.scenario.name}-comparison", comparison.figures())
