"""Readers of spikes in text files.

The formats are CSV and its variants, BMTK, NEST and plain lists of numbers.
"""

from __future__ import annotations

import csv
import math
import re
from array import array
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.columns import find_columns, find_whole_column
from neurosim.interchange.imported_spikes import (
    MAX_ID,
    MAX_POPULATIONS,
    UNNAMED,
    ImportedSpikes,
    PopulationSpikes,
)
from neurosim.interchange.text.table import NUMBER, Table, open_table
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SAMPLE = 2**16
"""Bytes at the start of a file by which its format is recognised."""
NEST = (".dat", ".gdf")
"""Suffixes of NEST's files: neuron and time (ms) in each row."""
MISSING = ("", "nan", "na")
"""Values of empty cells."""
WANTED = (
    "name the columns neuron and time_ms (or time_s), and population if there are several, in the "
    "first line or with columns"
)
_LIST = re.compile(r"[\[\]()]|[,;\s]+")
"""Separators of several times in one field, such as 1.5,2.5 or [1.5 2.5]."""


def read_text(
    path: Path,
    *,
    unit: str | None = None,
    columns: Sequence[str] | None = None,
    dt: float | None = None,
    nest: bool = False,
) -> ImportedSpikes:
    """Read spikes from a text with one spike per row.

    Parameters
    ----------
    path : Path
    unit : {"ms", "s", "us"}, optional
        Unit of times if the file does not specify it.
    columns : sequence of str, optional
        Names of the columns, instead of those in the file.
    dt : float, optional
        Resolution (ms) of times that NEST counts in steps; the result then has it.
    nest : bool
        Whether the file was written by NEST. Default: detected from suffix and comments.

    Raises
    ------
    NeurosimError
        If the text is not a table of spikes. The message starts with the path.
    """
    with _reporting(path), path.open(encoding=_encoding(path), newline="") as file:
        table = open_table(file, lambda names: _is_header(names, unit, columns is not None))
        by_nest = nest or path.suffix.lower() in NEST or any("NEST" in c for c in table.comments)
        names = list(columns) if columns is not None else table.header
        if names is None:
            rows = list(table.rows)
            if not rows and not by_nest:
                raise NeurosimError(f"it has no row of numbers: {WANTED}")
            names, table = _guess_names(rows, by_nest), replace(table, rows=iter(rows))
        found = _read_rows(table, names, unit, dt, nest or (by_nest and len(names) > 1))
        return _name_neuron(found, path.stem) if len(names) == 1 else found


def _encoding(path: Path) -> str:
    """Return the encoding of a text: UTF-16 with its mark, UTF-8, or else that of Windows."""
    with path.open("rb") as file:
        head = file.read(SAMPLE)
        if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            return "utf-16"
        decoder, part = getincrementaldecoder("utf-8-sig")(), head
        try:
            while part:
                decoder.decode(part)
                part = file.read(SAMPLE)
        except UnicodeDecodeError:
            binary = any(byte < 32 and byte not in b"\t\n\r\f" for byte in head)
            return "utf-8-sig" if binary else "cp1252"
    return "utf-8-sig"


def is_table(path: Path) -> bool:
    """Whether a file that Neo may also read is a text with one spike per row.

    Its columns have names, or are those of NEST; or it is a list of numbers, one per line.
    """
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    try:
        text = getincrementaldecoder(_encoding(path))().decode(head)
        if len(head) == SAMPLE:
            text = text[: text.rfind("\n") + 1]
        table = open_table(StringIO(text), lambda n: _is_header(n, None))
        rows = [row for _, row in table.rows]
    except (UnicodeDecodeError, NeurosimError, csv.Error):
        return False
    widths = {len(row) for row in rows}
    if "\0" in text or len(widths) > 1:
        return False
    if table.header is not None:
        return _is_header(table.header, None)
    if path.suffix.lower() in NEST:
        return widths <= {1, 2} or (widths == {3} and _in_steps(rows))
    if widths == {2} and len(rows) > 1:
        return _whole_columns(rows).count(True) == 1
    return widths == {1} and len(rows) > 1


def _is_header(names: list[str], unit: str | None, replaced: bool = False) -> bool:
    """Whether words are names of columns, which the user may replace."""
    try:
        return bool(names) and find_columns(names, unit) is not None
    except NeurosimError:
        if replaced:
            return True
        raise


@contextmanager
def _reporting(path: Path) -> Iterator[None]:
    """Name the file in errors."""
    try:
        yield
    except NeurosimError as error:
        raise NeurosimError(f"{path}: {error}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise NeurosimError(
            f"{path} cannot be read ({error}): give comma-separated values in UTF-8"
        ) from None


def _read_rows(
    table: Table, names: list[str], unit: str | None, dt: float | None, in_ms: bool
) -> ImportedSpikes:
    """Read spikes from rows with named columns; `in_ms` if times are surely in ms."""
    columns = find_columns(names, unit)
    if columns is None or (columns.neuron is None and len(names) > 1):
        raise NeurosimError(f"its first line is {show(','.join(names))}: {WANTED}")
    used = {columns.time, columns.neuron, columns.offset}
    others = ", ".join(name for k, name in enumerate(names) if k not in used)
    if others and "sender" in names:
        raise NeurosimError(f"it is NEST's recording of {others[:80]}, not of spikes")
    populations: dict[str, _Rows] = {}
    for line, row in table.rows:
        if all(word.lower() in MISSING for word in row):
            continue  # spreadsheets add such rows
        if len(row) == len(names) + 1 and not row[-1]:
            row.pop()  # a delimiter at the end of the line
        if len(row) != len(names):
            raise NeurosimError(f"row {line:,} has {len(row)} fields instead of {len(names)}")
        population = UNNAMED if columns.population is None else row[columns.population]
        if population not in populations and len(populations) == MAX_POPULATIONS:
            raise NeurosimError(f"it has more than {MAX_POPULATIONS:,} populations")
        populations.setdefault(population, _Rows()).append(
            line,
            "0" if columns.neuron is None else row[columns.neuron],
            row[columns.time],
            None if columns.offset is None else row[columns.offset],
            "" if columns.name is None else row[columns.name],
        )
    to_ms = dt if columns.to_ms is None else columns.to_ms
    if to_ms is None:
        raise NeurosimError(
            "its times are in steps of NEST: give dt, the resolution of the simulation (ms)"
        )
    found = {
        name: rows.spikes(to_ms, columns.name is not None) for name, rows in populations.items()
    }
    if columns.to_ms is None:
        return ImportedSpikes(found, dt, in_steps=True)
    return ImportedSpikes(found, notes=() if in_ms or not found else columns.notes)


def _guess_names(rows: list[tuple[int, list[str]]], nest: bool) -> list[str]:
    """Guess column names for rows without a header.

    The columns are a time, or a neuron and a time in either order.
    """
    width = len(rows[0][1]) if rows else 0
    for line, row in rows:
        if len(row) != width:
            raise NeurosimError(f"row {line:,} has {len(row)} fields instead of {width}")
    fields = [row for _, row in rows]
    if nest and (width == 0 or (width == 2 and _all_whole([row[0] for row in fields]))):
        return ["sender", "time_ms"]
    if nest and width == 3 and _in_steps(fields):
        return ["sender", "time_step", "time_offset"]
    if width == 1:
        return ["time"]
    if width != 2:
        head = show(",".join(rows[0][1])) if rows else "empty"
        raise NeurosimError(f"its first line is {head}: {WANTED}")
    first = find_whole_column(_whole_columns(fields), WANTED)
    return ["time", "neuron"] if first else ["neuron", "time"]


def _name_neuron(spikes: ImportedSpikes, name: str) -> ImportedSpikes:
    """Name the only neuron of a list of times."""
    empty = PopulationSpikes(np.empty(0), np.empty(0, np.int64), np.zeros(1, np.int64))
    neuron = replace(spikes.populations.get(UNNAMED, empty), names=(name,))
    return replace(spikes, populations={UNNAMED: neuron})


def _whole_columns(rows: list[list[str]]) -> list[bool]:
    """Return whether each column holds whole numbers.

    If all do, return whether each holds numbers without decimal points.
    """
    columns = list(zip(*rows, strict=True))
    whole = [_all_whole(column) for column in columns]
    if all(whole):  # in "2 533.0" the time is 533.0
        return [not any("." in word for word in column) for column in columns]
    return whole


def _all_whole(column: Sequence[str]) -> bool:
    """Whether all fields are non-negative whole numbers."""
    numbers = (float(word) if NUMBER.fullmatch(word) else np.nan for word in column)
    return all(number.is_integer() and number >= 0 for number in numbers)


def _in_steps(rows: list[list[str]]) -> bool:
    """Whether rows of three fields are NEST's neuron, step and offset.

    Otherwise, the third field may be a potential.
    """
    return all(row[0].isdigit() and row[1].isdigit() for row in rows)


class _Rows:
    """Spikes of one population while they are read."""

    def __init__(self) -> None:
        self._index, self._times, self._offsets = array("q"), array("d"), array("d")
        self._neurons: dict[str, tuple[int, int, str]] = {}
        """For the text of each neuron: order of appearance, first line and label."""

    def append(self, line: int, neuron: str, time: str, offset: str | None, label: str) -> None:
        """Append the spikes of a row.

        The row may have several times, separated by commas or spaces.
        """
        if not neuron:
            raise NeurosimError(f"row {line:,} has no neuron")
        index = self._neurons.setdefault(neuron, (len(self._neurons), line, label))[0]
        words = [word for word in _LIST.split(time) if word] if time else [time]
        self._times.extend(_time(word, line) for word in words)
        self._index.extend([index] * len(words))
        if offset is not None:
            self._offsets.extend([_time(offset, line)] * len(words))

    def spikes(self, to_ms: float, labelled: bool) -> PopulationSpikes:
        """Return the spikes in ms.

        Neurons are identified by number if all are numbers, else by name.
        """
        times, index = np.array(self._times) * to_ms, np.array(self._index)
        if self._offsets:
            times -= np.array(self._offsets)
        if not all(map(NUMBER.fullmatch, self._neurons)):
            neurons = np.arange(len(self._neurons))
            return PopulationSpikes(times, index, neurons, tuple(self._neurons))
        ids = np.array([_number(text, line) for text, (_, line, _) in self._neurons.items()], int)
        recorded, first = np.unique(ids, return_index=True)
        labels = [label for _, _, label in self._neurons.values()]
        names = [labels[k] for k in first] if labelled else None
        return PopulationSpikes(times, ids[index], recorded, names)


def _number(text: str, line: int) -> int:
    """Return the number of a neuron, which may be written as 3.0 or 3e0."""
    value = float(text)  # infinite for 1e999
    if not (0.0 <= value <= MAX_ID and value.is_integer()):
        raise NeurosimError(
            f"row {line:,} has the neuron {show(text)}: give a number from 0 to {MAX_ID}"
        )
    return int(value)


def _time(text: str, line: int) -> float:
    """Return a time."""
    # Unlike `float`, without underscores and digits of other scripts.
    time = float(text) if NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(time):
        raise NeurosimError(f"row {line:,} has the time {show(text)}: give a finite number")
    return time
