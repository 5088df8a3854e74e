"""Read spikes from text: CSV and its relatives, BMTK, NEST, and plain lists of numbers."""

from __future__ import annotations

import csv
import math
import re
from array import array
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.columns import GUESSED, Columns, find_columns
from neurosim.interchange.imported_spikes import (
    MAX_ID,
    MAX_POPULATIONS,
    NO_NAME,
    ImportedSpikes,
    PopulationSpikes,
)
from neurosim.interchange.text.table import NUMBER, Table, open_table
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

PROBED = 2**16
"""Bytes of a file that are looked at to tell what it is."""
_LIST = re.compile(r"[\[\]()]|[,;\s]+")
"""Times of one neuron in one field, as 1.5,2.5 or [1.5 2.5]."""
NEST = (".dat", ".gdf")
"""Suffixes of NEST's files: neuron and time (ms) in each row."""
WANTED = (
    "name the columns neuron and time_ms (or time_s), and population if there are several, in the "
    "first line or with columns"
)


def read_text(
    path: Path,
    *,
    unit: str | None = None,
    columns: Sequence[str] | None = None,
    dt: float | None = None,
) -> ImportedSpikes:
    """Read spikes from a text with one spike a row.

    Parameters
    ----------
    path : Path
    unit : str, optional
        Of times, where the file does not name it: "ms", "s" or "us".
    columns : sequence of str, optional
        Names of the columns, in place of the file's.
    dt : float, optional
        Resolution (ms) of times that NEST counts in steps; the result then has it.

    Raises
    ------
    NeurosimError
    """
    with _reporting(path), path.open(encoding="utf-8-sig", newline="") as file:
        table = open_table(file, lambda names: _is_header(names, unit, columns is not None))
        nest = path.suffix.lower() in NEST or any("NEST" in line for line in table.comments)
        names = list(columns) if columns is not None else table.header
        if names is None:
            table = _with_names(table, nest)
            names = table.header or []
        imported = _read_named(table, names, unit, dt, nest and len(names) > 1)
        return _one_neuron(imported, path.stem) if len(names) == 1 else imported


def is_table(path: Path) -> bool:
    """Whether a file that Neo may read, too, is a text with one spike a row.

    Its columns have names, or are those of NEST; or it is a list of numbers, one in each line.
    """
    with path.open("rb") as file:
        head = file.read(PROBED)
    if len(head) == PROBED:
        head = head[: head.rfind(b"\n") + 1]
    try:
        table = open_table(StringIO(head.decode("utf-8-sig")), lambda n: _is_header(n, None))
        rows = [row for _, row in table.rows]
    except (UnicodeDecodeError, NeurosimError, csv.Error):
        return False
    widths = {len(row) for row in rows}
    if b"\0" in head or len(widths) > 1:
        return False
    if table.header is not None:
        return _is_header(table.header, None)
    if path.suffix.lower() in NEST:
        return widths <= {1, 2} or (widths == {3} and _in_steps(rows))
    if widths == {2} and len(rows) > 1:
        return _whole_columns(rows).count(True) == 1
    return widths == {1} and len(rows) > 1


def _is_header(names: list[str], unit: str | None, replaced: bool = False) -> bool:
    """Whether these are names of columns; `replaced`: the user gives others."""
    try:
        return bool(names) and find_columns(names, unit) is not None
    except NeurosimError:
        if replaced:
            return True
        raise


@contextmanager
def _reporting(path: Path) -> Iterator[None]:
    """Turn what reading a text raises into one sentence."""
    try:
        yield
    except OSError as error:
        raise NeurosimError(
            f"{path} cannot be read ({error.strerror}): give a file of spikes"
        ) from None
    except NeurosimError as error:
        raise NeurosimError(f"{path}: {error}") from None
    except UnicodeDecodeError as error:
        raise NeurosimError(f"{path} is no text in UTF-8 ({error.reason})") from None
    except csv.Error as error:
        raise NeurosimError(f"{path} holds no comma-separated values ({error})") from None


def _read_named(
    table: Table, names: list[str], unit: str | None, dt: float | None, nest: bool
) -> ImportedSpikes:
    """Read rows whose columns have names."""
    found = find_columns(names, unit)
    lone = len(names) == 1
    if found is None or (found.neuron is None and not lone):
        raise NeurosimError(f"its first line is {show(','.join(names))}: {WANTED}")
    used = {found.time, found.neuron, found.offset}
    others = ", ".join(name for k, name in enumerate(names) if k not in used)
    if others and "sender" in names:
        raise NeurosimError(f"it is NEST's recording of {others[:80]}, not of spikes")
    populations: dict[str, _Rows] = {}
    for number, row in table.rows:
        if len(row) == len(names) + 1 and not row[-1]:
            row.pop()  # a delimiter at the end of the line
        if len(row) != len(names):
            raise NeurosimError(f"row {number:,} has {len(row)} fields instead of {len(names)}")
        name = NO_NAME if found.population is None else row[found.population]
        if name not in populations:
            if len(populations) == MAX_POPULATIONS:
                raise NeurosimError(f"it has more than {MAX_POPULATIONS:,} populations")
            populations[name] = _Rows()
        offset = None if found.offset is None else row[found.offset]
        neuron = "0" if found.neuron is None else row[found.neuron]
        place = populations[name].append(number, neuron, row[found.time], offset)
        if found.name is not None:
            populations[name].label(place, row[found.name])
    to_ms = _length_of_unit(found, dt)
    notes = (GUESSED,) if found.guessed and not nest and populations else ()
    trains = {name: own.train(to_ms) for name, own in populations.items()}
    if found.to_ms is None:
        return ImportedSpikes(trains, dt, counted=True)
    return ImportedSpikes(trains, notes=notes)


def _length_of_unit(columns: Columns, dt: float | None) -> float:
    """Return the length (ms) of the unit in which times are counted."""
    if columns.to_ms is not None:
        return columns.to_ms
    if dt is None:
        raise NeurosimError(
            "its times are counted in steps of NEST: give dt, the resolution of the simulation (ms)"
        )
    return dt


def _with_names(table: Table, nest: bool) -> Table:
    """Name the columns of rows of one number, a time, or of two, a neuron and its time."""
    rows = list(table.rows)
    width = len(rows[0][1]) if rows else 0
    for number, row in rows:
        if len(row) != width:
            raise NeurosimError(f"row {number:,} has {len(row)} fields instead of {width}")
    fields = [row for _, row in rows]
    if nest and (width == 0 or (width == 2 and _all_whole([row[0] for row in fields]))):
        names = ["sender", "time_ms"]
    elif nest and width == 3 and _in_steps(fields):
        names = ["sender", "time_step", "time_offset"]
    elif width == 1:
        names = ["time"]
    elif width == 2:
        names = _order(fields)
    else:
        first = show(",".join(rows[0][1])) if rows else "empty"
        raise NeurosimError(f"its first line is {first}: {WANTED}")
    return Table(names, table.comments, iter(rows))


def _one_neuron(imported: ImportedSpikes, name: str) -> ImportedSpikes:
    """Call the one neuron of a list of times by a name."""
    ids = imported.trains[NO_NAME].recorded if imported.trains else np.zeros(1, np.int64)
    empty = PopulationSpikes(np.empty(0), np.empty(0, np.int64), ids)
    train = replace(imported.trains.get(NO_NAME, empty), names=(name,))
    return replace(imported, trains={NO_NAME: train})


def _order(rows: list[list[str]]) -> list[str]:
    """Return which of two columns without names holds neurons: whole numbers, the other not."""
    whole = _whole_columns(rows)
    if whole[0] == whole[1]:
        both = "both of its columns hold" if whole[0] else "neither of its columns holds"
        raise NeurosimError(f"{both} whole numbers alone, so which is neurons is unknown: {WANTED}")
    return ["neuron", "time"] if whole[0] else ["time", "neuron"]


def _whole_columns(rows: list[list[str]]) -> list[bool]:
    """Return which columns hold whole numbers; where all do, those that have no decimal point."""
    columns = list(zip(*rows, strict=True))
    whole = [_all_whole(column) for column in columns]
    if all(whole):  # as 533.0 is a time beside the neuron 2
        return [not any("." in word for word in column) for column in columns]
    return whole


def _all_whole(column: Sequence[str]) -> bool:
    """Whether all fields are whole numbers from 0 on."""
    numbers = (float(word) if NUMBER.fullmatch(word) else np.nan for word in column)
    return all(number.is_integer() and number >= 0 for number in numbers)


def _in_steps(rows: list[list[str]]) -> bool:
    """Whether rows of three are NEST's neuron, step and offset, not a potential."""
    return all(row[0].isdigit() and row[1].isdigit() for row in rows)


class _Rows:
    """Spikes of one population as they are read, their neurons as numbers or as names."""

    def __init__(self) -> None:
        self._ids, self._times, self._offsets = array("q"), array("d"), array("d")
        self._places: dict[str, int] = {}
        """By the text of a neuron, its number."""
        self._labels: dict[int, str] = {}
        self._named = False

    def append(self, number: int, neuron: str, time: str, offset: str | None) -> int:
        """Add the spikes of a row, and return the number of its neuron.

        Parameters
        ----------
        number : int
            Its line.
        neuron : str
            Number or name.
        time : str
            One time, or several separated by commas or blanks.
        offset : str or None
            To be subtracted (ms).
        """
        place = self._places.get(neuron)
        if place is None:
            place = self._places[neuron] = self._number(neuron, number)
        try:
            found = [_time(time, number)]
        except NeurosimError:
            if not _LIST.search(time):
                raise
            found = [_time(one, number) for one in _LIST.split(time) if one]
        for one in found:
            self._ids.append(place)
            self._times.append(one)
            if offset is not None:
                self._offsets.append(_time(offset, number))
        return place

    def _number(self, neuron: str, line: int) -> int:
        """Return the number of a neuron that was not seen before."""
        if not neuron:
            raise NeurosimError(f"row {line:,} has no neuron")
        if not self._named and NUMBER.fullmatch(neuron):
            return _neuron(neuron, line)
        if not self._named:
            self._call_by_names()
        return len(self._places)

    def _call_by_names(self) -> None:
        """Take the numbers so far for names, as one neuron is called by a word."""
        new = {text: k for k, text in enumerate(self._places)}
        renamed = {place: new[text] for text, place in self._places.items()}
        self._ids = array("q", [renamed[place] for place in self._ids])
        self._places, self._named = new, True

    def label(self, neuron: int, name: str) -> None:
        """Keep the name of a neuron that has a number."""
        self._labels.setdefault(neuron, name)

    def train(self, to_ms: float) -> PopulationSpikes:
        """Return the spikes in ms."""
        ids = np.frombuffer(self._ids, np.int64) if self._ids else np.empty(0, np.int64)
        times = _doubles(self._times) * to_ms
        if self._offsets:
            times = times - _doubles(self._offsets)
        if self._named:
            return PopulationSpikes(times, ids, np.arange(len(self._places)), tuple(self._places))
        recorded = np.unique(np.array(list(self._places.values()), np.int64))
        names = tuple(self._labels.get(k, str(k)) for k in recorded.tolist())
        return PopulationSpikes(times, ids, recorded, names if self._labels else None)


def _doubles(values: array[float]) -> NDArray[np.float64]:
    return np.frombuffer(values, np.float64) if values else np.empty(0)


def _neuron(text: str, number: int) -> int:
    """Return the number of a neuron, which may be written as 3.0 or 3e0."""
    # "1e999" is infinite; what has more digits than a double is beyond anyway.
    value = float(text)
    if not (0.0 <= value <= MAX_ID and value.is_integer()):
        raise NeurosimError(
            f"row {number:,} has the neuron {show(text)}: give a number from 0 to {MAX_ID}"
        )
    return int(value)


def _time(text: str, number: int) -> float:
    try:
        # Python's underscores between digits, and digits of other scripts, are slips in a table.
        time = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        time = math.nan
    if not -math.inf < time < math.inf:
        raise NeurosimError(f"row {number:,} has the time {show(text)}: give a finite number")
    return time
