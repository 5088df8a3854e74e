"""Run a scenario."""

from __future__ import annotations

import dataclasses
import html
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Generic

from neurosim.errors import NeurosimError
from neurosim.experiments.catalogue import find_scenario, require_comparison
from neurosim.experiments.scenario import Comparison, RunOptions, S, Scenario
from neurosim.experiments.settings import find_setting, format_settings, settings_of
from neurosim.results.interrupted import Interrupted
from neurosim.utils.atomic_files import plain
from neurosim.utils.html import heading, image

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from neurosim.results import Result


@dataclass(frozen=True)
class ScenarioRun(Generic[S]):
    """A scenario with the settings and the result of a run.

    Findings, figures and comparison are computed on first access, so that the result can be saved
    first.

    Examples
    --------
    >>> from neurosim.scenario import run
    >>> done = run("psp-summation")
    >>> done.settings.psps
    (-6.0, 10.0, 3.0)
    >>> round(done.findings["graded_mv"], 6)
    -63.0
    >>> figures = done.figures
    """

    scenario: Scenario[S]
    settings: S
    result: Result

    def __repr__(self) -> str:
        settings = ", ".join(format_settings(dataclasses.asdict(self.settings)))  # type: ignore[call-overload]
        stats = self.result.stats
        state = "interrupted at" if stats.interrupted else "ran for"
        return (
            f"<ScenarioRun: {self.scenario.name} ({settings}), {state} {self.result.duration:g} ms>"
        )

    def _repr_html_(self) -> str:
        sentences = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in self.report[1:])
        simulated = html.escape(self.report[0]) if self.report else html.escape(repr(self))
        figures = {} if self.result.stats.interrupted else self.figures
        drawn = "".join(image(figure, name) for name, figure in figures.items())
        title = heading(f"{self.scenario.name}: {self.scenario.title}")
        return f"{title}<p>{simulated}</p><ul>{sentences}</ul>{drawn}"

    def __reduce__(self) -> tuple[Any, ...]:
        values = dataclasses.asdict(self.settings)  # type: ignore[call-overload]
        return _restore, (self.scenario, values, self.result)

    @cached_property
    def findings(self) -> dict[str, object]:
        """Findings of the scenario as JSON data; empty for an interrupted run."""
        if self.result.stats.interrupted:
            return {}
        return plain(self.scenario.findings(self.result, self.settings))

    @cached_property
    def report(self) -> list[str]:
        """What was simulated and what was found, as sentences; empty if interrupted."""
        if self.scenario.report is None or self.result.stats.interrupted:
            return []
        return list(self.scenario.report(dict(self.findings), self.settings))

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """Figures of the scenario by name."""
        from neurosim.plot.display import unmanaged  # late: imports matplotlib

        with unmanaged():
            return dict(self.scenario.figures(self.result, self.settings))

    @cached_property
    def comparison(self) -> Comparison:
        """Comparison with the logistic system.

        Raises
        ------
        NeurosimError
            If the scenario has no comparison.
        """
        return require_comparison(self.scenario)(self.result, self.settings)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The content of ``neurosim run --json``, without `files`."""
        result, stats = self.result, self.result.stats
        pace = {
            "chunks": stats.paced_chunks,
            "late_chunks": stats.late_chunks,
            "largest_lateness_ms": stats.largest_lateness_ms,
        }
        return {
            "scenario": self.scenario.name,
            "settings": plain(dataclasses.asdict(self.settings)),  # type: ignore[call-overload]
            "seed": result.seed,
            "dt_ms": result.dt,
            "duration_ms": result.duration,
            "threads": stats.threads,
            "neurons": stats.neurons,
            "synapses": stats.synapses,
            "build_s": stats.build_s,
            "compile_s": plain(stats.compile_s),
            "wall_s": stats.wall_s,
            "real_time_factor": stats.real_time_factor,
            "realtime": pace if stats.paced_chunks else None,
            "profile_s": plain(stats.profile),
            "rates_hz": self._rates(),
            "findings": self.findings,
            "report": self.report,
            "files": [],
        }

    def _rates(self) -> dict[str, float | None]:
        from neurosim.results.analysis import mean_rate

        start = _warmup(self.scenario, self.settings)
        if start >= self.result.duration:  # interrupted during the warm-up
            return dict.fromkeys(self.result.populations)
        return plain(
            {name: mean_rate(self.result, name, start) for name in self.result.populations}
        )


def run_scenario(
    scenario: Scenario[S], settings: S, options: RunOptions, progress: bool | None = None
) -> ScenarioRun[S]:
    """Build a scenario's network and simulate it.

    Parameters
    ----------
    scenario : Scenario
    settings : object
        An instance of `scenario.settings`.
    options : RunOptions
    progress : bool, optional
        As for `neurosim.Simulation`.

    Returns
    -------
    ScenarioRun
        After Ctrl-C, with the result so far; `result.stats.interrupted` is then True.

    Raises
    ------
    NeurosimError
        If the duration is within the warm-up, or the network cannot be built or simulated.

    Examples
    --------
    >>> from neurosim.scenario import RunOptions, find_scenario, run_scenario
    >>> scenario = find_scenario("psp-summation")
    >>> options = RunOptions(duration=scenario.duration, seed=2)
    >>> done = run_scenario(scenario, scenario.settings(psps=(10.0, 3.0)), options)
    >>> done.result.seed
    2
    """
    from neurosim.engine.simulation import simulate

    check_duration(scenario, settings, options)
    if scenario.adjust:
        settings = scenario.adjust(settings, options)
    if scenario.simulate:
        simulated = partial(scenario.simulate, settings, options, progress)
    else:
        network = scenario.network(settings, options)
        simulated = partial(simulate, network, **vars(options), progress=progress)
    try:
        return ScenarioRun(scenario, settings, simulated())
    except Interrupted as stop:
        return ScenarioRun(scenario, settings, stop.result)


def check_duration(scenario: Scenario[S], settings: S, options: RunOptions) -> None:
    """Raise an error for a duration that ends within the warm-up.

    Examples
    --------
    >>> from neurosim.scenario import RunOptions, check_duration, find_scenario
    >>> scenario = find_scenario("balanced-network")
    >>> check_duration(scenario, scenario.settings(), RunOptions(duration=1000.0))
    """
    warmup = _warmup(scenario, settings)
    if options.duration <= warmup:
        raise NeurosimError(
            f"duration = {options.duration:g} ms ends within the warm-up of {warmup:g} ms: "
            f"{scenario.name} needs more than {warmup:g} ms"
        )


def run(
    name: str,
    *,
    duration: float | None = None,
    dt: float | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: bool | None = None,
    **settings: object,
) -> ScenarioRun[Any]:
    """Run a scenario as `neurosim run` does, without writing files.

    Parameters
    ----------
    name : str
        Installed scenario, or path of a scenario file.
    duration, dt : float, optional
        ms. Default: as in the scenario.
    seed : int, optional
        Default: as in the scenario.
    threads : int, optional
    progress : bool, optional
        As for `neurosim.Simulation`.
    **settings
        Settings to change.

    Returns
    -------
    ScenarioRun
        With `result`, `findings`, `figures` and `comparison`, each computed on first access.

    Examples
    --------
    >>> from neurosim.scenario import run
    >>> round(run("psp-summation", psps=(10.0, 3.0, 3.0)).findings["graded_mv"], 6)
    -54.0
    """
    scenario = find_scenario(name)
    known = settings_of(scenario.settings)
    for setting in settings:
        find_setting(known, setting)
    options = scenario.options(duration, dt, seed, threads=threads)
    finished = run_scenario(scenario, scenario.settings(**settings), options, progress)
    if finished.result.stats.interrupted:
        raise Interrupted(finished.result)
    return finished


def _restore(scenario: Scenario[S], values: dict[str, Any], result: Result) -> ScenarioRun[S]:
    """Return a run from the values of its settings."""
    return ScenarioRun(scenario, scenario.settings(**values), result)


def _warmup(scenario: Scenario[S], settings: S) -> float:
    return scenario.warmup(settings) if scenario.warmup else 0.0
