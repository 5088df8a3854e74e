"""What the columns of a table of spikes hold, by their names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurosim.errors import NeurosimError
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from collections.abc import Sequence

UNITS = {"ms": 1.0, "s": 1e3, "us": 1e-3}
"""Units of time that may be named, and their length in ms."""
SPELLINGS = {
    "ms": ("ms", "msec", "msecs", "millisecond", "milliseconds"),
    "s": ("s", "sec", "secs", "second", "seconds"),
    "us": ("us", "usec", "usecs", "\N{MICRO SIGN}s", "\N{GREEK SMALL LETTER MU}s", "microsecond",
           "microseconds"),
}  # fmt: skip
NEURONS = (
    "neuron", "neurons", "neuron_id", "neuron_ids", "neuron_index", "unit", "units", "unit_id",
    "unit_ids", "unit_index", "cell", "cells", "cell_id", "cell_ids", "cell_index",
    "node_id", "node_ids", "node", "nodes", "gid", "gids", "sender", "senders", "spike_clusters",
    "cluster", "clusters", "cluster_id", "cluster_ids", "i", "id", "ids", "index",
)  # fmt: skip
"""Names of columns that hold neurons; of several that a table has, the first counts."""
NAMES = ("name", "neuron_name", "unit_name", "cell_name", "node_name", "label")
"""Names of columns with what neurons are called, beside their numbers."""
POPULATIONS = ("population", "populations", "pop", "pop_name", "node_population")
MILLISECONDS = (
    "timestamps", "timestamp", "node_id", "node_ids", "gid", "gids", "sender", "senders",
)  # fmt: skip
"""Names by which SONATA, BMTK and NEST are known, whose times are in ms."""
STEP, OFFSET = "time_step", "time_offset"
"""NEST's columns of times that are counted in steps."""
_UNIT_OF = {word: unit for unit, words in SPELLINGS.items() for word in words}
_TIME = re.compile(
    r"(?:t|time|times|timing|spike_?times?|spikes?|time_?stamps?|spike_?time_?stamps?)"
    rf"(?:_({'|'.join(_UNIT_OF)}))?"
)


@dataclass(frozen=True)
class Columns:
    """Which columns of a table hold what, by number.

    Attributes
    ----------
    time : int
    neuron, name, population : int or None
        Number or name of the neuron, its name beside a number, and its population. None if there
        is no such column.
    offset : int or None
        Column of offsets (ms) to be subtracted, where times are counted in steps.
    to_ms : float or None
        Length of the unit of time (ms); None where times are counted in steps.
    guessed : bool
        Whether neither the table nor the user names the unit.
    """

    time: int
    neuron: int | None
    name: int | None
    population: int | None
    offset: int | None
    to_ms: float | None
    guessed: bool


def find_columns(names: Sequence[str], unit: str | None = None) -> Columns | None:
    """Return what columns of these names hold; None if none of them holds times.

    Parameters
    ----------
    names : sequence of str
    unit : str, optional
        Of the times, where the name of their column has none: a key of `UNITS`.

    Raises
    ------
    NeurosimError
        If two columns hold times.
    """
    plain = [_plain(name) for name in names]
    if STEP in plain:
        offset = plain.index(OFFSET) if OFFSET in plain else None
        return Columns(plain.index(STEP), _first(plain, NEURONS), None, None, offset, None, False)
    found = [(place, match) for place, name in enumerate(plain) if (match := _TIME.fullmatch(name))]
    if not found:
        return None
    if len(found) > 1:
        both = " and ".join(show(names[place]) for place, _ in found[:2])
        raise NeurosimError(
            f"{both} both name times: name the columns that are meant, such as neuron,time_ms, and "
            "others with an empty name"
        )
    ((time, match),) = found
    own = _UNIT_OF.get(match[1])
    if own is not None and unit not in (None, own):
        raise NeurosimError(f"the times in {show(names[time])} are in {own}, not {unit}")
    in_ms = own is None and any(name in MILLISECONDS for name in plain)
    to_ms = UNITS[own or unit or "ms"]
    guessed = own is None and unit is None and not in_ms
    neuron, name = _first(plain, NEURONS), _first(plain, NAMES)
    if neuron is None:
        neuron, name = name, None
    return Columns(time, neuron, name, _first(plain, POPULATIONS), None, to_ms, guessed)


def _plain(name: str) -> str:
    """Return a name in lower case, its words joined by underscores: "spikeTime [ms]"."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return re.sub(r"[\s_\-.\[\](){}/]+", "_", words.lower()).strip("_")


def _first(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def check_unit(unit: str | None) -> str | None:
    """Return a unit of time if there is such a one.

    Raises
    ------
    NeurosimError
    """
    if unit is not None and unit not in UNITS:
        raise NeurosimError(f"unit = {show(unit)} is none: give {', '.join(UNITS)}")
    return unit


def check_columns(columns: Sequence[str] | None) -> list[str] | None:
    """Return names of columns as a list.

    Raises
    ------
    NeurosimError
        If they are not names, or none of them names times.
    """
    if columns is None:
        return None
    names = columns.split(",") if isinstance(columns, str) else list(columns)
    usable = all(isinstance(name, str) for name in names)
    if not usable or find_columns(names) is None:
        raise NeurosimError(
            f"columns = {show(columns)}: give the names of all columns, such as neuron, time_ms"
        )
    return names


GUESSED = (
    "the file does not say in which unit its times are: they are taken as ms; unit says otherwise"
)
