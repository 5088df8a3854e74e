"""From what is asked for to a sweep all of whose points can be run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_origin

import numpy as np

from neurosim.builder.streams import check_seed
from neurosim.errors import NeurosimError
from neurosim.experiments.scenario import RunOptions, check_duration, find_scenario
from neurosim.experiments.settings import format_value, settings_of, unknown_setting
from neurosim.experiments.sweep.grid import Axis, Sweep, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from neurosim.experiments.settings import Setting
    from neurosim.experiments.toml import Origin

MOST_POINTS = 100_000
"""Most points of a sweep: each is a file."""


def describe(
    name: str,
    grid: Mapping[str, Sequence[object]],
    *,
    seeds: int | Sequence[int] = 10,
    settings: Mapping[str, object] | None = None,
    duration: float | None = None,
    dt: float | None = None,
    origin: Origin | None = None,
) -> Sweep:
    """Describe a sweep, all of whose points have been found valid.

    Parameters
    ----------
    name : str
        Of a scenario, or of a scenario file.
    grid : mapping
        Values by setting; the points are all combinations of them.
    seeds : int or sequence of int
        How many, beginning with 1, or which.
    settings : mapping, optional
        Settings to change at all points.
    duration, dt : float, optional
        ms; the scenario's own if not given.
    origin : Origin, optional
        See `neurosim.experiments.scenario.find_scenario`.

    Raises
    ------
    NeurosimError
        For anything that would not run, or more than `MOST_POINTS` points.
    """
    scenario = find_scenario(name, origin)
    known = settings_of(scenario.settings)
    axes = tuple(_axis(known, key, values) for key, values in grid.items())
    if not axes:
        raise NeurosimError("the sweep varies nothing: give a setting and its values")
    fixed = {key: _value(known, key, value) for key, value in (settings or {}).items()}
    for axis in axes:
        if axis.name in fixed:
            raise NeurosimError(f"{axis.name} is both varied and held fixed: give it once")
    sweep = Sweep(
        scenario,
        axes,
        fixed,
        _seeds(seeds),
        scenario.dt if dt is None else dt,
        scenario.duration if duration is None else duration,
    )
    if sweep.size > MOST_POINTS:
        raise NeurosimError(
            f"the sweep has {sweep.size:,} points, more than {MOST_POINTS:,}: take fewer values or "
            "seeds, or several sweeps"
        )
    _check(sweep)
    _check_alone(sweep)
    return sweep


def parse_grid(settings: type, assignments: Sequence[str]) -> dict[str, list[str]]:
    """Read what a grid is on the command line.

    Parameters
    ----------
    settings : type
        Of a scenario; see `neurosim.experiments.settings.settings_of`.
    assignments : sequence of str
        Each "key=a,b,c". Values that hold commas themselves, as lists of numbers do, are separated
        by semicolons: "psps=10,3,3;5,5,5".

    Returns
    -------
    dict
        The values by setting, as text.
    """
    known = settings_of(settings)
    grid: dict[str, list[str]] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        name = name.strip().replace("-", "_")
        setting = _known(known, name)
        if name in grid:
            raise NeurosimError(f"{name} is in the grid twice: give all its values at once")
        if not (equals and text.strip()):
            raise NeurosimError(f"{name} has no values: write {name}={_example(setting)}")
        if get_origin(setting.kind) is tuple and ";" not in text:
            raise NeurosimError(
                f"{name} = {text!r} is one list: separate several by semicolons, as in "
                f'"{name}={_example(setting)}", or hold it fixed'
            )
        grid[name] = text.removesuffix(";").split(";" if ";" in text else ",")
    return grid


def parse_seeds(text: str) -> int | tuple[int, ...]:
    """Read seeds on the command line: "10" is how many, "3,7,9" (or "3,") is which."""
    try:
        numbers = tuple(int(word) for word in text.removesuffix(",").split(","))
    except ValueError:
        raise NeurosimError(
            f"seeds = {text!r} are no whole numbers: give how many, as in 10, or which, as in 3,7,9"
        ) from None
    return numbers if "," in text else numbers[0]


def _known(known: Mapping[str, Setting], name: str) -> Setting:
    if name not in known:
        raise NeurosimError(unknown_setting(name, dict(known)))
    return known[name]


def _value(known: Mapping[str, Setting], name: str, value: object) -> Any:
    return _known(known, name).parse(format_value(value))


def _axis(known: Mapping[str, Setting], name: str, values: Sequence[object]) -> Axis:
    """Return an axis of the grid; values are read as on the command line."""
    setting = _known(known, name)
    if len(values) > MOST_POINTS:
        raise NeurosimError(
            f"{name} has {len(values):,} values: {MOST_POINTS:,} points are the most"
        )
    parsed = tuple(_value(known, name, value) for value in values)
    if not parsed:
        raise NeurosimError(f"{name} has no values: give at least one")
    seen = set()
    for value in parsed:
        if value in seen:
            raise NeurosimError(f"{name} has the value {format_value(value)} twice: give it once")
        seen.add(value)
    return Axis(name, parsed, setting.unit)


def _seeds(seeds: int | Sequence[int]) -> tuple[int, ...]:
    if isinstance(seeds, (int, np.integer)):
        if not 1 <= seeds <= MOST_POINTS:
            raise NeurosimError(f"seeds = {seeds} is outside 1 to {MOST_POINTS:,}")
        return tuple(range(1, int(seeds) + 1))
    chosen = tuple(map(check_seed, seeds))
    if not chosen or len(set(chosen)) < len(chosen):
        raise NeurosimError(f"seeds = {list(chosen)} hold none, or one twice: give each seed once")
    return chosen


def _check(sweep: Sweep) -> None:
    """Refuse a sweep any of whose points would be refused, and tell how many."""
    options = RunOptions(sweep.duration, sweep.dt, sweep.seeds[0])
    refused, first = 0, ""
    for cell in sweep.cells():
        try:
            settings = sweep.scenario.settings(**sweep.fixed, **cell)
            check_duration(sweep.scenario, settings, options)
        except NeurosimError as error:
            refused += 1
            first = first or f"{error} (with {written(cell)})"
    if refused:
        count = refused * len(sweep.seeds)
        raise NeurosimError(
            f"{count:,} of {sweep.size:,} points cannot be run, and none has been: {first}"
        )


def _check_alone(sweep: Sweep) -> None:
    """Refuse a scenario file that names other files: workers are sent that file alone."""
    scenario = sweep.scenario
    if scenario.source_file is None:
        return
    options = RunOptions(sweep.duration, sweep.dt, sweep.seeds[0])
    cell = next(sweep.cells())
    network = scenario.network(scenario.settings(**sweep.fixed, **cell), options)
    for projection in network.projections:
        if paths := projection.rule.paths:
            raise NeurosimError(
                f"{scenario.name} reads connections from {getattr(projection.rule, paths[0])}, "
                "which workers do not have: list them in the scenario file, or draw them by a rule"
            )


def _example(setting: Setting) -> str:
    """Return values of a setting as they would be written in a grid."""
    if setting.choices:
        return ",".join(setting.choices[:2])
    if get_origin(setting.kind) is tuple:
        return "10,3,3;5,5,5"
    examples = {bool: "false,true", str: "one,two", int: "10,20,50"}
    return examples.get(setting.kind, "0.5,1,2")
