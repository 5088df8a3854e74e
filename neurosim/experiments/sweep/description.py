"""Describe a sweep and check all of its points before any of them is run."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, get_origin

import numpy as np

from neurosim.builder.streams import check_seed
from neurosim.errors import NeurosimError
from neurosim.experiments.catalogue import find_scenario
from neurosim.experiments.model_files import load_models
from neurosim.experiments.run import check_duration
from neurosim.experiments.settings import find_setting, format_value, settings_of
from neurosim.experiments.sweep.grid import Axis, Sweep, format_cell

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from neurosim.experiments.settings import Setting
    from neurosim.experiments.toml import Origin

MAX_POINTS = 100_000
"""Largest number of points in a sweep: each is a file."""


def describe(
    name: str,
    grid: Mapping[str, Sequence[object]],
    *,
    seeds: int | Sequence[int] = 10,
    settings: Mapping[str, object] | None = None,
    duration: float | None = None,
    dt: float | None = None,
    models: Sequence[str | os.PathLike[str]] = (),
    origin: Origin | None = None,
) -> Sweep:
    """Describe a sweep and check that all of its points can be run.

    Parameters
    ----------
    name : str
        Scenario, or path of a scenario file.
    grid : mapping
        Values by setting; the points are all combinations of them.
    seeds : int or sequence of int
        Number of seeds, starting at 1, or the seeds themselves.
    settings : mapping, optional
        Settings to change at all points.
    duration, dt : float, optional
        ms. Default: as in the scenario.
    models : sequence of path-like, optional
        Python files that define the models used by a scenario file.
    origin : Origin, optional
        See `neurosim.scenario.find_scenario`.

    Raises
    ------
    NeurosimError
        If a point cannot be run, or there are more than `MAX_POINTS`.

    Examples
    --------
    >>> from neurosim.sweep import describe
    >>> described = describe("psp-summation", {"tau": [2.0, 5.0, 10.0]}, seeds=4)
    >>> described.shape, described.size
    ((3,), 12)
    """
    files = load_models(models)
    scenario = find_scenario(name, origin)
    known = settings_of(scenario.settings)
    axes = tuple(_axis(find_setting(known, key), values) for key, values in grid.items())
    if not axes:
        raise NeurosimError("the sweep varies no setting: give at least one with its values")
    fixed = {key: _value(find_setting(known, key), item) for key, item in (settings or {}).items()}
    for axis in axes:
        if axis.name in fixed:
            raise NeurosimError(f"{axis.name} is both varied and fixed: give it once")
    options = scenario.options(duration, dt)
    sweep = Sweep(scenario, axes, fixed, _seeds(seeds), options.dt, options.duration, files)
    if sweep.size > MAX_POINTS:
        raise NeurosimError(
            f"the sweep has {sweep.size:,} points, more than {MAX_POINTS:,}: use fewer values or "
            "seeds, or several sweeps"
        )
    _check(sweep)
    return sweep


def parse_grid(settings: type, assignments: Sequence[str]) -> dict[str, list[str]]:
    """Parse a grid as written on the command line.

    Parameters
    ----------
    settings : type
        Settings of a scenario; see `neurosim.experiments.settings.settings_of`.
    assignments : sequence of str
        Each "key=a,b,c". Values that contain commas, such as lists of numbers, are separated by
        semicolons: "psps=10,3,3;5,5,5".

    Returns
    -------
    dict
        Values by setting, as text.

    Examples
    --------
    >>> from neurosim.scenario import find_scenario
    >>> from neurosim.sweep import parse_grid
    >>> parse_grid(find_scenario("psp-summation").settings, ["tau=2,5,10"])
    {'tau': ['2', '5', '10']}
    """
    known = settings_of(settings)
    grid: dict[str, list[str]] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        name = name.strip().replace("-", "_")
        setting = find_setting(known, name)
        if name in grid:
            raise NeurosimError(f"{name} is in the grid twice: give all its values at once")
        if not (equals and text.strip()):
            raise NeurosimError(f"{name} has no values: write {name}={_example(setting)}")
        if get_origin(setting.kind) is tuple and ";" not in text:
            raise NeurosimError(
                f"{name} = {text!r} is a single list: separate several lists by semicolons, as in "
                f'"{name}={_example(setting)}", or give it with --set'
            )
        grid[name] = text.removesuffix(";").split(";" if ";" in text else ",")
    return grid


def parse_seeds(text: str) -> int | tuple[int, ...]:
    """Parse seeds from the command line.

    "10" is a number of seeds, "3,7,9" (or "3,") a list of seeds.

    Examples
    --------
    >>> from neurosim.sweep import parse_seeds
    >>> parse_seeds("10"), parse_seeds("3,7,9")
    (10, (3, 7, 9))
    """
    try:
        numbers = tuple(int(word) for word in text.removesuffix(",").split(","))
    except ValueError:
        raise NeurosimError(
            f"seeds = {text!r} must be whole numbers: give how many, such as 10, or a list, such "
            "as 3,7,9"
        ) from None
    return numbers if "," in text else numbers[0]


def _value(setting: Setting, value: object) -> Any:
    """Return a value, read as on the command line."""
    return setting.parse(format_value(value))


def _axis(setting: Setting, values: Sequence[object]) -> Axis:
    """Return an axis of the grid."""
    name = setting.name
    if not 1 <= len(values) <= MAX_POINTS:
        raise NeurosimError(f"{name} has {len(values):,} values: give 1 to {MAX_POINTS:,}")
    parsed = tuple(_value(setting, value) for value in values)
    value, n_times = Counter(parsed).most_common(1)[0]
    if n_times > 1:
        raise NeurosimError(f"{name} has the value {format_value(value)} twice: give it once")
    return Axis(name, parsed, setting.unit)


def _seeds(seeds: int | Sequence[int]) -> tuple[int, ...]:
    if isinstance(seeds, (int, np.integer)):
        if not 1 <= seeds <= MAX_POINTS:
            raise NeurosimError(f"seeds = {seeds} is outside 1 to {MAX_POINTS:,}")
        return tuple(range(1, int(seeds) + 1))
    chosen = tuple(map(check_seed, seeds))
    if not chosen or len(set(chosen)) < len(chosen):
        raise NeurosimError(f"seeds = {list(chosen)} is empty or repeats a seed: give each once")
    return chosen


def _check(sweep: Sweep) -> None:
    """Raise an error with the number of points that cannot be run, if any."""
    scenario = sweep.scenario
    options = scenario.options(sweep.duration, sweep.dt, sweep.seeds[0])
    invalid, first = 0, ""
    for cell in sweep.cells():
        try:
            settings = scenario.settings(**sweep.fixed, **cell)
            check_duration(scenario, settings, options)
        except NeurosimError as error:
            invalid += 1
            first = first or f"{error} (with {format_cell(cell)})"
    if invalid:
        count = invalid * len(sweep.seeds)
        raise NeurosimError(
            f"{count:,} of {sweep.size:,} points cannot be run, so none was started: {first}"
        )
    if scenario.source_file is None:
        return
    # Workers receive the scenario file, but no files that it refers to.
    for projection in scenario.network(settings, options).projections:
        if paths := projection.rule.paths:
            raise NeurosimError(
                f"{scenario.name} reads connections from {getattr(projection.rule, paths[0])}, "
                "which the workers of a sweep do not have: list the connections in the scenario "
                "file, or use a connection rule"
            )


def _example(setting: Setting) -> str:
    """Return example values of a setting as written in a grid."""
    if setting.choices:
        return ",".join(setting.choices[:2])
    if get_origin(setting.kind) is tuple:
        return "10,3,3;5,5,5"
    examples = {bool: "false,true", str: "one,two", int: "10,20,50"}
    return examples.get(setting.kind, "0.5,1,2")
