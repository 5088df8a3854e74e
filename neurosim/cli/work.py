"""What the commands do, apart from how they are called and how they report."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
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
from neurosim.errors import NeurosimError
from neurosim.journal import Journal
from neurosim.ranks import alone, current_ranks
from neurosim.scenario import (
    RunOptions,
    ScenarioRun,
    find_scenario,
    require_comparison,
    run_scenario,
)
from neurosim.scenario_file import SUFFIX, Origin
from neurosim.settings import format_settings, parse_settings
from neurosim.storage import load

if TYPE_CHECKING:
    from neurosim.scenario import Comparison, Scenario

OUT = Path("neurosim-out")
"""Where runs are kept unless --out says otherwise."""


@dataclass(frozen=True)
class Order:
    """What a user asked to run; None leaves a value to the scenario.

    Attributes
    ----------
    name : str
    assignments : tuple of str
        Settings as key=value.
    duration, dt : float or None
        In ms.
    seed : int or None
        None leaves it to the scenario, like duration and dt.
    threads : int or None
    out : Path or None
        Folder for the files; None: `OUT`/label.
    plot : bool
        Whether to draw the figures.
    realtime : bool
        Whether to pace the run to the wall clock.
    profile : bool
        Whether to split the time by what it was spent on.
    compare : bool
        Whether to set the spiking system beside the logistic one.
    checkpoint_every : float or None
        Seconds between checkpoints; None: none are kept.
    """

    name: str
    assignments: tuple[str, ...] = ()
    duration: float | None = None
    dt: float | None = None
    seed: int | None = None
    threads: int | None = None
    out: Path | None = None
    plot: bool = True
    realtime: bool = False
    profile: bool = False
    compare: bool = False
    checkpoint_every: float | None = None

    @property
    def label(self) -> str:
        """What files are called after: the scenario, or its file without folder and suffix."""
        return Path(self.name).name.removesuffix(SUFFIX)


@dataclass(frozen=True)
class Outcome:
    """A run that was saved.

    Attributes
    ----------
    order : Order
    folder : Path
    run : ScenarioRun
    summary : dict
        As saved; empty on all processes but the first.
    comparison : Comparison or None
        None where none was asked for, or Ctrl-C cut the run short.
    """

    order: Order
    folder: Path
    run: ScenarioRun[Any]
    summary: dict[str, Any]
    comparison: Comparison | None

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C cut the run short; it then has neither findings nor pictures."""
        return self.run.result.stats.interrupted


def carry_out(order: Order) -> Outcome:
    """Run a scenario, save the result, draw it and, if asked, compare it.

    The result is saved before anything is made of it: no failing picture loses a long run.
    """
    folder = RunFolder(order.out or OUT / order.label)
    # The first process alone looks: a late one might see what that has begun.
    current_ranks().lead(folder.require_no_order)
    return _carry_out(order, folder, find_scenario(order.name))


def resume(path: Path, threads: int | None = None) -> Outcome:
    """Go on with a run that kept checkpoints and was stopped.

    Parameters
    ----------
    path : Path
        Its folder.
    threads : int, optional
        Default: as before.
    """
    folder = RunFolder(path)
    current_ranks().lead(folder.forget_checkpoints)
    content = folder.read_order()
    try:
        order = Order(**content | {"assignments": tuple(content["assignments"]), "out": path})
    except (KeyError, TypeError):
        raise NeurosimError(f"{path / ORDER} is damaged: begin the run again") from None
    order = order if threads is None else replace(order, threads=threads)
    origin = Origin(order.label, Path(order.name).parent)
    return _carry_out(order, folder, find_scenario(folder.kept(ORDER_SOURCE) or order.name, origin))


def _carry_out(order: Order, folder: RunFolder, scenario: Scenario[Any]) -> Outcome:
    if order.compare:
        require_comparison(scenario)
    settings = parse_settings(scenario.settings, order.assignments)
    options, journal = options_of(order, scenario), None
    if order.checkpoint_every is not None:
        journal = Journal(folder.path / CHECKPOINTS, order.checkpoint_every)
    ranks = current_ranks()
    ranks.lead(lambda: _prepare(order, scenario, folder, journal))
    with journal.open() if journal else nullcontext():
        run = run_scenario(scenario, settings, options, sys.stderr.isatty())
    if not ranks.leads:  # every process has the whole result, the first one writes it
        return Outcome(order, folder.path, run, {}, None)
    with alone():
        return _save(order, folder, run, journal)


def _prepare(
    order: Order, scenario: Scenario[Any], folder: RunFolder, journal: Journal | None
) -> None:
    """Make the folder, and write down what is to be done there."""
    folder.prepare()
    if journal:
        if not folder.has_order:
            written = asdict(order) | {"out": None}
            if scenario.source_file is not None:  # to be gone on with from any folder
                written["name"] = os.path.abspath(order.name)
            folder.write_order(written, scenario.source_file)
        journal.prepare()


def _save(
    order: Order, folder: RunFolder, run: ScenarioRun[Any], journal: Journal | None
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
    if journal:
        folder.end()
    return Outcome(order, folder.path, run, summary, run.comparison if order.compare else None)


def options_of(order: Order, scenario: Scenario[Any]) -> RunOptions:
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
        name, values = str(summary["scenario"]), dict(summary["settings"])
    except (KeyError, TypeError, ValueError):
        raise NeurosimError(
            f"{path / SUMMARY} names no scenario with settings: run the scenario again"
        ) from None
    scenario = find_scenario(folder.kept(SOURCE) or name, Origin(name))
    settings = parse_settings(scenario.settings, format_settings(values))
    run = ScenarioRun(scenario, settings, load(path / RESULT))
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
