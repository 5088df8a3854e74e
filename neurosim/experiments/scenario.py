"""Description of a scenario: a network with the findings and figures of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import InitVar, dataclass
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from neurosim.errors import NeurosimError
from neurosim.models.declare import check_declared, optional, parameter
from neurosim.utils.checks import check_integer
from neurosim.utils.resources import MAX_THREADS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from neurosim.network import Network
    from neurosim.results import Result

S = TypeVar("S")


class Comparison(Protocol):
    """Comparison of a spiking system with the corresponding logistic one.

    Examples
    --------
    >>> from neurosim.scenario import run
    >>> comparison = run("psp-summation").comparison
    >>> for measure, value, note in comparison.rows:
    ...     print(measure, value, note)  # doctest: +SKIP
    """

    @property
    def title(self) -> str:
        """One line above the table."""

    @property
    def conclusion(self) -> str:
        """One or two sentences below the table."""

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """Main rows of the table: measure, value with its interval, note."""

    @property
    def all_rows(self) -> list[tuple[str, str, str]]:
        """Rows of all measures."""

    def as_dict(self) -> dict[str, object]:
        """Return the numbers as JSON data."""

    def figures(self) -> dict[str, Figure]:
        """Return the figures by name."""


def _from(low: int, high: int) -> Callable[..., int]:
    """Return a check of whole numbers."""
    return lambda value, name, *_: check_integer(value, name, low, high)


@dataclass(frozen=True)
class RunOptions:
    """Options of a run that do not belong to the settings of its scenario.

    Attributes
    ----------
    duration : float
        Simulated time (ms).
    dt : float
        Time step (ms).
    seed : int
        Seed of all random numbers, 0 or more.
    threads : int or None
        None: chosen by the simulator.
    realtime : bool
        Whether to pace the run to the wall clock.
    profile : bool
        Whether to measure the time spent on each phase.

    Examples
    --------
    >>> from neurosim.scenario import RunOptions
    >>> RunOptions(duration=1000.0, seed=3).dt
    0.1
    """

    duration: float = parameter(unit="ms", low=1e-3, high=1e12, help="simulated time")
    dt: float = parameter(0.1, "ms", 1e-3, 10.0, "time step")
    seed: int = parameter(1, help="seed of all random numbers", check=_from(0, 2**63 - 1))
    threads: int | None = parameter(
        None, help="number of threads", check=optional(_from(1, MAX_THREADS))
    )
    realtime: bool = parameter(False, help="whether the run is paced to the wall clock")
    profile: bool = parameter(False, help="whether each phase is timed")

    def __post_init__(self) -> None:
        check_declared(self)
        if self.dt > self.duration:
            raise NeurosimError(
                f"dt = {self.dt:g} ms is longer than the duration of {self.duration:g} ms: "
                "give a smaller dt or a longer duration"
            )


@dataclass(frozen=True, kw_only=True)
class Scenario(Generic[S]):
    """A network that can be run, with its settings, findings and figures.

    Findings, figures and comparison depend on the result and the settings alone, so that they can
    be computed again from saved files.

    Attributes
    ----------
    name : str
        Name of the entry point.
    text : str, optional
        Docstring of the scenario's module: its first line is the title, the rest the description.
    title : str
        One line.
    row, source : str
        Row in the table of lecture topics ("S2"), and the lectures that teach it; may be empty.
    group : str
        Heading in the list of scenarios.
    description : str
        Paragraphs in reStructuredText.
    settings : type
        Frozen dataclass that validates itself; see `BaseSettings` and `setting`.
    duration, dt : float
        Defaults (ms).
    network : callable
        (settings, options) -> Network.
    findings : callable
        (result, settings) -> numbers and other JSON data by name.
    report : callable or None
        (findings, settings) -> sentences for people. The first one states what was simulated; three
        to eight more state what was found. None: all findings are listed.
    figures : callable
        (result, settings) -> matplotlib figures by name.
    compare : callable or None
        (result, settings) -> Comparison.
    warmup : callable or None
        settings -> time (ms) at the start that reported rates exclude.
    simulate : callable or None
        (settings, options, progress) -> Result, for scenarios that do more than run `network` once.
        Additional measurements go to `Result.measured`.
    adjust : callable or None
        (settings, options) -> settings, for scenarios whose settings can be changed in a window.
    seed : int
        Default.
    source_file : bytes or None
        Content of the scenario file; None for a scenario written in Python.

    Examples
    --------
    A scenario with one setting, one finding and no figures:

    >>> from dataclasses import dataclass
    >>> import neurosim as ns
    >>> from neurosim.scenario import RunOptions, Scenario, run_scenario
    >>> @dataclass(frozen=True)
    ... class Settings:
    ...     current: float = ns.parameter(300.0, "pA", 0.0, 1e4, "injected current")
    >>> def network(settings, options):
    ...     net = ns.Network()
    ...     net.drive(net.add("cell", 1, ns.LIF()), ns.ConstantCurrent(settings.current))
    ...     return net
    >>> scenario = Scenario(
    ...     name="one-cell",
    ...     title="A neuron with a constant current",
    ...     group="Networks",
    ...     description="The neuron fires regularly.",
    ...     settings=Settings,
    ...     duration=200.0,
    ...     network=network,
    ...     findings=lambda result, settings: {"spikes": len(result.spikes["cell"])},
    ...     figures=lambda result, settings: {},
    ... )
    >>> run_scenario(scenario, Settings(), RunOptions(duration=200.0)).findings
    {'spikes': 8}
    """

    name: str
    group: str
    settings: type[S]
    duration: float
    network: Callable[[S, RunOptions], Network]
    findings: Callable[[Result, S], Mapping[str, object]]
    figures: Callable[[Result, S], Mapping[str, Figure]]
    text: InitVar[str | None] = None
    title: str = ""
    description: str = ""
    row: str = ""
    source: str = ""
    dt: float = 0.1
    report: Callable[[dict[str, Any], S], Sequence[str]] | None = None
    compare: Callable[[Result, S], Comparison] | None = None
    warmup: Callable[[S], float] | None = None
    simulate: Callable[[S, RunOptions, bool | None], Result] | None = None
    adjust: Callable[[S, RunOptions], S] | None = None
    seed: int = 1
    source_file: bytes | None = None

    def __post_init__(self, text: str | None) -> None:
        if text is not None:
            title, _, description = cleandoc(text).partition("\n")
            object.__setattr__(self, "title", title.removesuffix("."))
            object.__setattr__(self, "description", description.strip())

    def options(
        self,
        duration: float | None = None,
        dt: float | None = None,
        seed: int | None = None,
        **others: Any,
    ) -> RunOptions:
        """Return options of a run, with the scenario's defaults in place of None."""
        given = {"duration": duration, "dt": dt, "seed": seed}
        values: dict[str, Any] = {
            key: getattr(self, key) if value is None else value for key, value in given.items()
        }
        return RunOptions(**values, **others)
