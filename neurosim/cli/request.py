"""What a user asked to run, and how it is kept for `neurosim resume`."""

from __future__ import annotations

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


def as_request(content: Mapping[str, Any], path: Path) -> RunRequest:
    """Return the order in a file, which may have been edited by hand.

    Parameters
    ----------
    content : mapping
        As `dataclasses.asdict` returns it.
    path : Path
        Of the file, for the message.

    Raises
    ------
    NeurosimError
        For a field that is missing, unknown, or has a value that no order can have.
    """
    for name in content:
        if name not in FIELDS:
            raise _refused(path, f"unknown field {show(name)}: remove it")
    for name, (is_valid, expected) in FIELDS.items():
        if name not in content:
            raise _refused(path, f"{name} is missing: give {expected}")
        if not is_valid(content[name]):
            raise _refused(path, f"{name} = {show(content[name])}: give {expected}")
    return RunRequest(**{**content, "assignments": tuple(content["assignments"]), "out": None})


def _refused(path: Path, words: str) -> NeurosimError:
    return NeurosimError(f"{path}: {words}, or begin the run again in another folder")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_time(value: object) -> bool:
    return _is_number(value) and 0.0 < value <= sys.float_info.max  # type: ignore[operator]


def _is_integer(low: int, high: int) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    return check


def _or_none(check: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or check(value)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value) and "\0" not in value


def _are_assignments(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


_FLAG = (_is_flag, "true or false")
_TIME = (_or_none(_is_time), "a finite time above 0 ms, or null for the scenario's")
FIELDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "name": (_is_name, "the name of a scenario or of a scenario file"),
    "assignments": (_are_assignments, 'a list of texts such as ["neurons=100"]'),
    "duration": _TIME,
    "dt": _TIME,
    "seed": (_or_none(_is_integer(0, 2**63 - 1)), "a whole number from 0 to 2^63 - 1, or null"),
    "threads": (
        _or_none(_is_integer(1, MAX_THREADS)),
        f"a whole number from 1 to {MAX_THREADS}, or null",
    ),
    "out": (lambda value: value is None, "null"),
    "plot": _FLAG,
    "realtime": _FLAG,
    "profile": _FLAG,
    "compare": _FLAG,
    "checkpoint_every": (_is_time, "a finite number of seconds above 0"),
}
"""For every field of an order in a file, a check of its value and what to give."""
assert set(FIELDS) == {field.name for field in fields(RunRequest)}
