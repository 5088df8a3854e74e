"""Find scenarios: installed ones and scenario files."""

from __future__ import annotations

import copyreg
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from neurosim.errors import NeurosimError
from neurosim.experiments.scenario import S, Scenario
from neurosim.experiments.toml import SUFFIX, Origin
from neurosim.utils.checks import nearest
from neurosim.utils.warn import warn

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import EntryPoint

    from neurosim.experiments.scenario import Comparison
    from neurosim.results import Result

ENTRY_POINTS = "neurosim.scenarios"
"""Entry-point group through which packages provide scenarios."""

GROUPS = (
    "The biological neuron",
    "One artificial neuron",
    "Thresholds, logic and learning rules",
    "Networks",
    "Recordings",
)
"""Order of the groups in a list; other groups follow by name."""


def scenario_names() -> tuple[str, ...]:
    """Return the names of all installed scenarios, without loading them.

    Examples
    --------
    >>> from neurosim.scenario import scenario_names
    >>> "psp-summation" in scenario_names()
    True
    """
    return tuple(_installed())


def find_scenario(name: str, origin: Origin | None = None) -> Scenario[Any]:
    """Return an installed scenario, or a scenario file if the name ends in .toml.

    Parameters
    ----------
    name : str
    origin : Origin, optional
        The original, if the file is a copy.

    Raises
    ------
    NeurosimError
        If there is no such scenario, with the most similar name; for a file, with all its errors.

    Examples
    --------
    >>> from neurosim.scenario import find_scenario
    >>> scenario = find_scenario("psp-summation")
    >>> scenario.settings().psps
    (-6.0, 10.0, 3.0)
    """
    if name.endswith(SUFFIX):
        from neurosim.experiments.toml.file import ScenarioFile  # late: needs the compiler

        file = ScenarioFile(name, origin)
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
    installed = _installed()
    if name not in installed:
        near = nearest(name, installed)
        hint = f"did you mean {near!r}?" if near else "`neurosim list` shows all scenarios"
        raise NeurosimError(f"unknown scenario {name!r}: {hint}")
    return _load(installed[name])


def scenario_of_source(name: str, source: bytes, folder: Path | None = None) -> Scenario[Any]:
    """Return the scenario described by the content of a scenario file.

    Parameters
    ----------
    name : str
        Name of the scenario.
    source : bytes
        Content of the scenario file.
    folder : Path, optional
        Folder to write the file to. Default: a temporary folder.

    Examples
    --------
    >>> import pathlib
    >>> from neurosim.scenario import scenario_of_source
    >>> source = pathlib.Path("my-network.toml").read_bytes()  # doctest: +SKIP
    >>> scenario = scenario_of_source("my-network", source)  # doctest: +SKIP
    """
    with TemporaryDirectory() as temporary:
        path = (folder or Path(temporary)) / f"scenario{SUFFIX}"
        path.write_bytes(source)
        return find_scenario(str(path), Origin(name))


def all_scenarios() -> list[Scenario[Any]]:
    """Return all installed scenarios, sorted by group and lecture row.

    Scenarios that cannot be loaded are left out with a warning.

    Examples
    --------
    >>> from neurosim.scenario import all_scenarios
    >>> "psp-summation" in [scenario.name for scenario in all_scenarios()]
    True
    """
    scenarios = []
    for name, entry_point in _installed().items():
        try:
            scenarios.append(_load(entry_point))
        except MemoryError:
            raise
        except Exception as error:  # a fault of one package must not hide the others
            warn(f"scenario {name} cannot be loaded: {error!r}")
    return sorted(scenarios, key=_sort_key)


def require_comparison(scenario: Scenario[S]) -> Callable[[Result, S], Comparison]:
    """Return the scenario's `compare`.

    Raises
    ------
    NeurosimError
        If the scenario has none, with the names of the scenarios that have one.

    Examples
    --------
    >>> from neurosim.scenario import find_scenario, require_comparison, run
    >>> done = run("psp-summation")
    >>> comparison = require_comparison(done.scenario)(done.result, done.settings)
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
        raise TypeError(
            f"entry point {entry_point.value} is not a Scenario but a {type(scenario).__name__}"
        )
    return scenario


def _sort_key(scenario: Scenario[Any]) -> tuple[int, str, int, str]:
    group = GROUPS.index(scenario.group) if scenario.group in GROUPS else len(GROUPS)
    digits = scenario.row.removeprefix("S")
    row = int(digits) if digits.isdigit() else 10**6
    return group, scenario.group, row, scenario.name


def _reduce(scenario: Scenario[Any]) -> tuple[Any, ...]:
    """Pickle a scenario by name or by the content of its file.

    Its local functions cannot be pickled.
    """
    if scenario.source_file is not None:
        return scenario_of_source, (scenario.name, scenario.source_file)
    installed = _installed().get(scenario.name)
    if installed is not None and installed.load() is scenario:
        return find_scenario, (scenario.name,)
    return copyreg.__newobj__, (Scenario,), scenario.__dict__  # type: ignore[attr-defined]


copyreg.pickle(Scenario, _reduce)
