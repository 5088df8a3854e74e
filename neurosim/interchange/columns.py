"""Recognise the columns of a table of spikes by their names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurosim.errors import NeurosimError
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from collections.abc import Sequence

UNITS = {"ms": 1.0, "s": 1e3, "us": 1e-3}
"""Units of time and their length in ms."""
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
    "cluster", "clusters", "cluster_id", "cluster_ids", "channel", "channels", "channel_id",
    "electrode", "electrodes", "electrode_id", "i", "id", "ids", "index",
)  # fmt: skip
"""Names of columns of neurons, in order of preference."""
NAMES = ("name", "neuron_name", "unit_name", "cell_name", "node_name", "label")
"""Names of columns with the names of neurons, in addition to a column of numbers."""
POPULATIONS = ("population", "populations", "pop", "pop_name", "node_population")
MILLISECONDS = (
    "timestamps", "timestamp", "node_id", "node_ids", "gid", "gids", "sender", "senders",
)  # fmt: skip
"""Names that SONATA, BMTK and NEST use, whose times are in ms."""
STEP, OFFSET = "time_step", "time_offset"
"""NEST's columns of times in steps."""
UNIT_OF = {word: unit for unit, words in SPELLINGS.items() for word in words}
ASSUMED_MS = "the file does not specify the unit of its times: ms is assumed; unit overrides it"
NAME_COLUMNS = "give names with columns, such as neuron,time_ms, and empty names for the others"
_RATE = re.compile(r"(\d+\.?\d*(?:e\+?\d+)?) ?(k?)Hz", re.IGNORECASE)
_TIME = re.compile(
    r"(?:t|time|times|timing|spike_?times?|spikes?|time_?stamps?|spike_?time_?stamps?)"
    rf"(?:_({'|'.join(UNIT_OF)}))?"
)


@dataclass(frozen=True)
class Columns:
    """Indices of the columns of a table of spikes.

    Attributes
    ----------
    time : int
    neuron, name, population : int or None
        Columns with the number (or name) of the neuron, with its name in addition to a number,
        and with its population. None if there is no such column.
    offset : int or None
        Offsets (ms) to subtract from times in steps.
    to_ms : float or None
        Length of the unit of time (ms); None for times in steps.
    notes : tuple of str
        A warning if neither the table nor the user specifies the unit.
    """

    time: int
    neuron: int | None
    name: int | None = None
    population: int | None = None
    offset: int | None = None
    to_ms: float | None = None
    notes: tuple[str, ...] = ()


def find_columns(
    names: Sequence[str], unit: str | None = None, remedy: str = NAME_COLUMNS
) -> Columns | None:
    """Return the columns with these names; None if none of them holds times.

    Parameters
    ----------
    names : sequence of str
    unit : str, optional
        Unit of times whose column does not specify it; see `time_unit`.
    remedy : str
        What to do about two columns of times.

    Raises
    ------
    NeurosimError
        If two columns hold times.
    """
    plain = [_normalise(name) for name in names]
    neuron, name = _first(plain, NEURONS), _first(plain, NAMES)
    if STEP in plain:
        return Columns(plain.index(STEP), neuron, offset=_first(plain, [OFFSET]))
    found = [(k, match) for k, name in enumerate(plain) if (match := _TIME.fullmatch(name))]
    if not found:
        return None
    if len(found) > 1:
        both = " and ".join(show(names[k]) for k, _ in found[:2])
        raise NeurosimError(f"{both} are both names of times: {remedy}")
    ((time, match),) = found
    stated = UNIT_OF.get(match[1])
    known = stated or unit or any(name in MILLISECONDS for name in plain)
    return Columns(
        time,
        name if neuron is None else neuron,
        None if neuron is None else name,
        _first(plain, POPULATIONS),
        to_ms=unit_length(stated, unit, show(names[time])),
        notes=() if known else (ASSUMED_MS,),
    )


def _normalise(name: str) -> str:
    """Return a name in lower case with words joined by underscores: spike_time_ms."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return re.sub(r"[\s_\-.\[\](){}/]+", "_", words.lower()).strip("_")


def _first(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    """Return the index of the first of the wanted names that is present."""
    return next((names.index(name) for name in wanted if name in names), None)


def unit_length(stated: str | None, given: str | None, name: str) -> float:
    """Return the length (ms) of the time unit.

    It is the unit stated in the file, else the given unit, else 1.

    Raises
    ------
    NeurosimError
        If the two differ. The message contains the name of the times.
    """
    if stated is not None and given not in (None, stated):
        raise NeurosimError(f"the times in {name} are in {stated}, not {given}")
    return time_unit(stated or given or "ms")


def time_unit(unit: str) -> float:
    """Return the length (ms) of a unit of time, or of a sample at a rate such as "30 kHz".

    Raises
    ------
    NeurosimError
        If the unit is unknown.
    """
    rate = _RATE.fullmatch(unit) if isinstance(unit, str) else None
    if rate is not None and float(rate[1]) > 0:
        return (1.0 if rate[2] else 1e3) / float(rate[1])
    if not isinstance(unit, str) or unit not in UNITS:
        raise NeurosimError(
            f"unknown unit = {show(unit)}: give {', '.join(UNITS)}, or the sampling rate of times "
            "in samples, such as '30 kHz'"
        )
    return UNITS[unit]


def find_whole_column(whole: list[bool], wanted: str) -> int:
    """Return which of two columns holds neurons: the only one with whole numbers.

    Raises
    ------
    NeurosimError
        If both or neither may. `wanted` completes the message.
    """
    if whole[0] == whole[1]:
        raise NeurosimError(
            f"{'both' if whole[0] else 'neither'} of its columns can hold neurons, which are whole "
            f"numbers: {wanted}"
        )
    return whole.index(True)


def check_columns(columns: Sequence[str] | None) -> list[str] | None:
    """Return names of columns as a list, if they are names and include one of times."""
    if columns is None:
        return None
    names = columns.split(",") if isinstance(columns, str) else list(columns)
    usable = all(isinstance(name, str) for name in names)
    if not usable or find_columns(names) is None:
        raise NeurosimError(
            f"columns = {show(columns)}: give the names of all columns, such as neuron, time_ms"
        )
    return names
