"""What a scenario is, how one is found, and how one is run."""

from __future__ import annotations

import copyreg
import dataclasses
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from neurosim.errors import NeurosimError
from neurosim.experiments.settings import nearest, settings_of, unknown_setting
from neurosim.experiments.toml import SUFFIX, Origin
from neurosim.results.interrupted import Interrupted
from neurosim.utils.atomic_files import plain

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from matplotlib.figure import Figure

    from neurosim.experiments.toml.file import ScenarioFile
    from neurosim.network import Network
    from neurosim.results import Result, RunStats

__all__ = [
    "ENTRY_POINTS",
    "GROUPS",
    "Comparison",
    "RunOptions",
    "S",
    "Scenario",
    "ScenarioRun",
    "all_scenarios",
    "check_duration",
    "find_scenario",
    "require_comparison",
    "run",
    "run_scenario",
    "scenario_names",
    "scenario_of_source",
]

ENTRY_POINTS = "neurosim.scenarios"
"""Entry-point group by which any distribution adds scenarios."""

GROUPS = (
    "The biological neuron",
    "One artificial neuron",
    "Thresholds, logic and learning rules",
    "Networks",
)
"""Order of the groups in a list; others follow by name."""

S = TypeVar("S")


class Comparison(Protocol):
    """A spiking system set beside its logistic one."""

    @property
    def title(self) -> str:
        """One line above the table."""

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """Lines of the table: measure, value with its interval, note."""

    def as_dict(self) -> dict[str, object]:
        """Return the figures, JSON-able."""

    def figures(self) -> dict[str, Figure]:
        """Return the pictures by name."""


@dataclass(frozen=True)
class RunOptions:
    """How long, how finely, from which seed, on how many threads and how fast to run.

    Attributes
    ----------
    duration : float
        Simulated time (ms).
    dt : float
        Step of the time grid (ms).
    seed : int
        Seed of all randomness, 0 or more.
    threads : int or None
        None leaves the number to the simulator.
    realtime : bool
        Whether to pace the run to the wall clock.
    profile : bool
        Whether to split the time by what it was spent on.
    """

    duration: float
    dt: float = 0.1
    seed: int = 1
    threads: int | None = None
    realtime: bool = False
    profile: bool = False

    def __post_init__(self) -> None:
        for name in ("duration", "dt"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise NeurosimError(f"{name} = {value:g} ms is not a finite time above 0 ms")
        if self.dt > self.duration:
            raise NeurosimError(
                f"dt = {self.dt:g} ms is longer than the duration of {self.duration:g} ms: "
                "give a smaller dt or a longer duration"
            )
        if self.seed < 0:
            raise NeurosimError(f"seed = {self.seed} is negative: give a whole number from 0")
        if self.threads is not None and self.threads < 1:
            raise NeurosimError(f"threads = {self.threads} is below 1: give at least one thread")


@dataclass(frozen=True, kw_only=True)
class Scenario(Generic[S]):
    """A system to run, with what to measure and to draw.

    Findings, figures and comparison depend on the result and the settings alone, so that they can
    be made again from saved files.

    Attributes
    ----------
    name : str
        The name of its entry point.
    title : str
        One line.
    row, source : str
        Row of the lecture table ("S2") and lecture ("L0"); empty where no lecture asks for it.
    group : str
        Heading under which it is listed.
    description : str
        A paragraph.
    settings : type
        Frozen dataclass, see `neurosim.experiments.settings.settings_of`; it validates itself.
    duration, dt : float
        Defaults (ms).
    network : callable
        (settings, options) -> Network.
    findings : callable
        (result, settings) -> JSON-able figures by name.
    figures : callable
        (result, settings) -> matplotlib figures by name.
    compare : callable or None
        (result, settings) -> Comparison.
    warmup : callable or None
        settings -> time (ms) that the reported rates leave out.
    simulate : callable or None
        (settings, options, progress) -> Result, where more is to be done than to run `network`
        once; what it measures besides goes into `Result.measured`.
    adjust : callable or None
        (settings, options) -> settings to run with: where a user may change them in a window.
    seed : int
        Default.
    source_file : bytes or None
        The file that describes it, kept beside its results; None for one written in Python.
    """

    name: str
    title: str
    group: str
    description: str
    settings: type[S]
    duration: float
    network: Callable[[S, RunOptions], Network]
    findings: Callable[[Result, S], Mapping[str, object]]
    figures: Callable[[Result, S], Mapping[str, Figure]]
    row: str = ""
    source: str = ""
    dt: float = 0.1
    compare: Callable[[Result, S], Comparison] | None = None
    warmup: Callable[[S], float] | None = None
    simulate: Callable[[S, RunOptions, bool], Result] | None = None
    adjust: Callable[[S, RunOptions], S] | None = None
    seed: int = 1
    source_file: bytes | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        # Scenarios are made of functions, often local ones, that cannot be pickled.
        if self.source_file is not None:
            return scenario_of_source, (self.name, self.source_file)
        installed = _installed().get(self.name)
        if installed is not None and installed.load() is self:
            return find_scenario, (self.name,)
        return copyreg.__newobj__, (Scenario,), self.__dict__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class ScenarioRun(Generic[S]):
    """A scenario with the settings it ran with and the result it gave.

    What is derived from the result is computed when first asked for, so that a result can be saved
    before anything is done with it.
    """

    scenario: Scenario[S]
    settings: S
    result: Result

    def __reduce__(self) -> tuple[Any, ...]:
        values = dataclasses.asdict(self.settings)  # type: ignore[call-overload]
        return _run_of, (self.scenario, values, self.result)

    @cached_property
    def findings(self) -> dict[str, object]:
        """The scenario's own figures, JSON-able; empty for a run that was cut short."""
        if self.result.stats.interrupted:
            return {}
        return plain(self.scenario.findings(self.result, self.settings))

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """The scenario's pictures by name."""
        return dict(self.scenario.figures(self.result, self.settings))

    @cached_property
    def comparison(self) -> Comparison:
        """The spiking system beside the logistic one.

        Raises
        ------
        NeurosimError
            For a scenario without a comparison.
        """
        return require_comparison(self.scenario)(self.result, self.settings)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What `neurosim run --json` prints, `files` still empty."""
        result, stats = self.result, self.result.stats
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
            "wall_s": stats.wall_s,
            "real_time_factor": stats.real_time_factor,
            "realtime": _pace(stats),
            "profile_s": plain(stats.profile),
            "rates_hz": self._rates(),
            "findings": self.findings,
            "files": [],
        }

    def _rates(self) -> dict[str, float | None]:
        from neurosim.results.analysis import mean_rate

        start = _warmup(self.scenario, self.settings)
        if start >= self.result.duration:  # cut short while warming up
            return dict.fromkeys(self.result.populations)
        return plain(
            {name: mean_rate(self.result, name, start) for name in self.result.populations}
        )


def run_scenario(
    scenario: Scenario[S], settings: S, options: RunOptions, progress: bool = False
) -> ScenarioRun[S]:
    """Build a scenario's network and simulate it.

    Parameters
    ----------
    scenario : Scenario
    settings : object
        An instance of `scenario.settings`.
    options : RunOptions
    progress : bool
        Whether to draw a progress bar on stderr.

    Returns
    -------
    ScenarioRun
        After Ctrl-C with what was recorded until then; `result.stats.interrupted` is True.

    Raises
    ------
    NeurosimError
        For a duration within the warm-up, and for what the network or the simulation refuses.
    """
    from neurosim.engine.simulation import simulate

    check_duration(scenario, settings, options)
    if scenario.adjust:
        settings = scenario.adjust(settings, options)
    if scenario.simulate:
        simulated = partial(scenario.simulate, settings, options, progress)
    else:
        simulated = partial(
            simulate,
            scenario.network(settings, options),
            options.duration,
            dt=options.dt,
            seed=options.seed,
            threads=options.threads,
            progress=progress,
            realtime=options.realtime,
            profile=options.profile,
        )
    try:
        return ScenarioRun(scenario, settings, simulated())
    except Interrupted as stop:
        return ScenarioRun(scenario, settings, stop.result)


def check_duration(scenario: Scenario[S], settings: S, options: RunOptions) -> None:
    """Refuse a duration that ends within the warm-up."""
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
    progress: bool = False,
    **settings: object,
) -> ScenarioRun[Any]:
    """Run the scenario of that name, as `neurosim run` does, without writing files.

    Parameters
    ----------
    name : str
        Of an installed scenario, or the path of a scenario file.
    duration, dt : float, optional
        ms; the scenario's own if not given.
    seed : int, optional
        The scenario's own if not given.
    threads : int, optional
    progress : bool
        Whether to draw a progress bar on stderr.
    **settings
        Fields of the scenario's settings; the others keep their defaults.

    Returns
    -------
    ScenarioRun
        `result`, `findings`, `figures` and `comparison`, each made when first asked for.

    Examples
    --------
    >>> from neurosim.experiments.scenario import run
    >>> round(run("psp-summation", psps=(10.0, 3.0, 3.0)).findings["graded_mv"], 6)
    -54.0
    """
    scenario = find_scenario(name)
    known = settings_of(scenario.settings)
    for given in settings:
        if given not in known:
            raise NeurosimError(unknown_setting(given, known))
    options = RunOptions(
        scenario.duration if duration is None else duration,
        scenario.dt if dt is None else dt,
        scenario.seed if seed is None else seed,
        threads,
    )
    done = run_scenario(scenario, scenario.settings(**settings), options, progress)
    if done.result.stats.interrupted:
        raise Interrupted(done.result)
    return done


def scenario_names() -> tuple[str, ...]:
    """Return the names of all scenarios installed, without loading them."""
    return tuple(_installed())


def find_scenario(name: str, origin: Origin | None = None) -> Scenario[Any]:
    """Return the scenario of that name, or of that file if the name ends in .toml.

    Parameters
    ----------
    name : str
    origin : Origin, optional
        What a file is a copy of, if it is one.

    Raises
    ------
    NeurosimError
        Where there is none, the sentence giving the nearest name; for a file, all its mistakes.
    """
    if name.endswith(SUFFIX):
        from neurosim.experiments.toml.file import ScenarioFile  # late: it needs the compiler

        return _of_file(ScenarioFile(name, origin))
    installed = _installed()
    if name not in installed:
        near = nearest(name, installed)
        hint = f"did you mean {near}?" if near else "`neurosim list` shows those there are"
        raise NeurosimError(f"unknown scenario {name!r}: {hint}")
    return _load(installed[name])


def scenario_of_source(name: str, source: bytes, folder: Path | None = None) -> Scenario[Any]:
    """Return the scenario whose file has the given content.

    Parameters
    ----------
    name : str
        Of the scenario.
    source : bytes
        Content of the scenario file.
    folder : Path, optional
        Where the file is written for reading. Default: a temporary folder.
    """
    with TemporaryDirectory() as temporary:
        path = (folder or Path(temporary)) / f"scenario{SUFFIX}"
        path.write_bytes(source)
        return find_scenario(str(path), Origin(name))


def _run_of(scenario: Scenario[S], values: dict[str, Any], result: Result) -> ScenarioRun[S]:
    """Return a run from the values of its settings."""
    return ScenarioRun(scenario, scenario.settings(**values), result)


def _of_file(file: ScenarioFile) -> Scenario[Any]:
    return Scenario(
        name=file.name,
        title=file.title,
        group="Scenario files",
        description=file.description,
        settings=file.settings,
        duration=file.duration,
        dt=file.dt,
        seed=file.seed,
        network=file.network,
        findings=file.findings,
        figures=file.figures,
        warmup=file.warmup,
        source_file=file.content,
    )


def all_scenarios() -> list[Scenario[Any]]:
    """Return all scenarios installed, by group and lecture row.

    One that cannot be loaded is left out with a warning: another distribution's fault must not
    hide the rest.
    """
    scenarios = []
    for name, entry_point in _installed().items():
        try:
            scenarios.append(_load(entry_point))
        except MemoryError:
            raise
        except Exception as error:
            warnings.warn(f"scenario {name} cannot be loaded: {error!r}", stacklevel=2)
    return sorted(scenarios, key=_place)


def require_comparison(scenario: Scenario[S]) -> Callable[[Result, S], Comparison]:
    """Return the scenario's `compare`.

    Raises
    ------
    NeurosimError
        Where it has none; the sentence names the scenarios that have one.
    """
    if scenario.compare is None:
        others = ", ".join(other.name for other in all_scenarios() if other.compare)
        raise NeurosimError(
            f"{scenario.name} has no comparison: the scenarios with one are {others or 'none yet'}"
        )
    return scenario.compare


def _installed() -> dict[str, EntryPoint]:
    return {entry_point.name: entry_point for entry_point in entry_points(group=ENTRY_POINTS)}


def _load(entry_point: EntryPoint) -> Scenario[Any]:
    scenario = entry_point.load()
    if not isinstance(scenario, Scenario):
        raise TypeError(f"entry point {entry_point.value} is no Scenario but {type(scenario)}")
    return scenario


def _pace(stats: RunStats) -> dict[str, float] | None:
    """Return how a run kept up with the wall clock; None if it was not paced to it."""
    if not stats.paced_chunks:
        return None
    return {
        "chunks": stats.paced_chunks,
        "late_chunks": stats.late_chunks,
        "largest_lateness_ms": stats.largest_lateness_ms,
    }


def _place(scenario: Scenario[Any]) -> tuple[int, str, int, str]:
    known = scenario.group in GROUPS
    group = GROUPS.index(scenario.group) if known else len(GROUPS)
    digits = scenario.row.removeprefix("S")
    row = int(digits) if digits.isdigit() else 10**6
    return group, scenario.group, row, scenario.name


def _warmup(scenario: Scenario[S], settings: S) -> float:
    return scenario.warmup(settings) if scenario.warmup else 0.0
