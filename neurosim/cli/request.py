"""Request for a run, and its validation when `neurosim resume` reads it."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurosim.errors import NeurosimError
from neurosim.experiments.toml import SUFFIX
from neurosim.utils.checks import show
from neurosim.utils.resources import MAX_THREADS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class RunRequest:
    """Arguments of the commands `run` and `compare`; None means as in the scenario.

    Attributes
    ----------
    name : str
        Scenario, or path of a scenario file.
    assignments : tuple of str
        Settings as key=value.
    duration, dt : float or None
        ms.
    seed : int or None
    threads : int or None
        None: chosen by the simulator.
    out : Path or None
        Output folder; None: `OUT`/label.
    plot : bool
        Whether to draw the figures.
    realtime : bool
        Whether to pace the run to the wall clock.
    profile : bool
        Whether to measure the time spent on each phase.
    compare : bool
        Whether to compare with the logistic network.
    checkpoint_every : float or None
        Seconds between checkpoints; None: no checkpoints.
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
        """Prefix of file names: the scenario, or the stem of its file."""
        return Path(self.name).name.removesuffix(SUFFIX)


def as_request(content: Mapping[str, Any], path: Path) -> RunRequest:
    """Validate a request read from a file.

    Parameters
    ----------
    content : mapping
        As returned by `dataclasses.asdict`.
    path : Path
        Path of the file, for messages.

    Raises
    ------
    NeurosimError
        If a field is missing, unknown or invalid.
    """
    for name in content:
        if name not in FIELDS:
            raise _error(path, f"unknown field {show(name)}: remove it")
    for name, (is_valid, expected) in FIELDS.items():
        if name not in content:
            raise _error(path, f"{name} is missing: give {expected}")
        if not is_valid(content[name]):
            raise _error(path, f"{name} = {show(content[name])}: give {expected}")
    return RunRequest(**{**content, "assignments": tuple(content["assignments"]), "out": None})


def _error(path: Path, message: str) -> NeurosimError:
    return NeurosimError(f"{path}: {message}, or start the run again in another folder")


def _number(
    low: float, high: float, kinds: Any = (int, float), *, optional: bool = True
) -> Callable[[object], bool]:
    """Return a function that checks whether a value is a number in `low` to `high`.

    If `optional`, None is valid too.
    """

    def check(value: Any) -> bool:
        if value is None or isinstance(value, bool):
            return value is None and optional
        return isinstance(value, kinds) and low <= value <= high

    return check


_LEAST, _MOST = math.ulp(0.0), sys.float_info.max
_FLAG = (lambda value: isinstance(value, bool), "true or false")
_TIME = (_number(_LEAST, _MOST), "a finite time above 0 ms, or null for the scenario's default")
FIELDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "name": (
        lambda value: isinstance(value, str) and value != "" and "\0" not in value,
        "the name of a scenario or of a scenario file",
    ),
    "assignments": (
        lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
        'a list of strings such as ["neurons=100"]',
    ),
    "duration": _TIME,
    "dt": _TIME,
    "seed": (_number(0, 2**63 - 1, int), "a whole number from 0 to 2^63 - 1, or null"),
    "threads": (_number(1, MAX_THREADS, int), f"a whole number from 1 to {MAX_THREADS}, or null"),
    "out": (lambda value: value is None, "null"),
    "plot": _FLAG,
    "realtime": _FLAG,
    "profile": _FLAG,
    "compare": _FLAG,
    "checkpoint_every": (
        _number(_LEAST, _MOST, optional=False),
        "a finite number of seconds above 0",
    ),
}
"""Check of each field of a request, with a description of valid values."""
assert set(FIELDS) == {field.name for field in fields(RunRequest)}
