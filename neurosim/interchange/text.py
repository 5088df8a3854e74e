"""Spikes as comma-separated values, one a line."""

from __future__ import annotations

import csv
from array import array
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.foreign import MAX_ID, MAX_POPULATIONS, NO_NAME, Foreign, Train
from neurosim.network.checks import show
from neurosim.storage import atomic_path

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from neurosim.recording import Result

COLUMNS = ("population", "neuron", "time_ms")
UNITS = {"time_ms": 1.0, "time_s": 1e3}
"""Columns that hold times, and what makes ms of them."""
LONGEST_LINE = 4096
"""In characters; a file without line ends must not be taken for one line."""


def save_csv(result: Result, path: str | os.PathLike[str]) -> None:
    """Write spikes as comma-separated values, whole or not at all.

    The columns are population, neuron and time_ms; times have as many digits as make them come
    back bit by bit.

    Parameters
    ----------
    result : Result
    path : path-like

    Raises
    ------
    NeurosimError
        Where the file cannot be written.
    """
    with atomic_path(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for name, trains in result.spikes.items():
            rows = zip(trains.ids.tolist(), trains.times.tolist(), strict=True)
            writer.writerows((name, neuron, time) for neuron, time in rows)


def read_csv(path: Path) -> Foreign:
    """Read spikes from comma-separated values with a header.

    Columns: neuron; time_ms or time_s; population, which may be missing. Others are passed over.

    Raises
    ------
    NeurosimError
    """
    with _told(path), path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(_lines(file), strict=True)
        return _read_rows(next(rows, []), rows)


@contextmanager
def _told(path: Path) -> Iterator[None]:
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


def _lines(file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise NeurosimError(f"line {number:,} has more than {LONGEST_LINE:,} characters")
        yield line


def _read_rows(header: list[str], rows: Iterator[list[str]]) -> Foreign:
    names = [name.strip().lower() for name in header]
    units = [name for name in names if name in UNITS]
    if names.count("neuron") != 1 or len(units) != 1 or names.count("population") > 1:
        raise NeurosimError(
            f"its first line is {show(','.join(header))}: name the columns neuron and time_ms (or "
            "time_s), and population if there are several"
        )
    where = [names.index("neuron"), names.index(units[0])]
    named = names.index("population") if "population" in names else None
    columns: dict[str, tuple[array[int], array[float]]] = {}
    for number, row in enumerate(rows, 2):
        if not row:
            continue
        if len(row) != len(names):
            raise NeurosimError(f"row {number:,} has {len(row)} fields instead of {len(names)}")
        population = NO_NAME if named is None else row[named]
        if population not in columns:
            if len(columns) == MAX_POPULATIONS:
                raise NeurosimError(f"it has more than {MAX_POPULATIONS:,} populations")
            columns[population] = (array("q"), array("d"))
        neurons, times = columns[population]
        neurons.append(_neuron(row[where[0]], number))
        times.append(_time(row[where[1]], number))
    return Foreign({name: _train(*own, UNITS[units[0]]) for name, own in columns.items()})


def _train(neurons: array[int], times: array[float], to_ms: float) -> Train:
    ids = np.frombuffer(neurons, np.int64) if neurons else np.empty(0, np.int64)
    seconds_or_ms = np.frombuffer(times, np.float64) if times else np.empty(0)
    return Train(seconds_or_ms * to_ms, ids, np.unique(ids))


def _neuron(text: str, number: int) -> int:
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 19 and int(digits) <= MAX_ID):
        raise NeurosimError(
            f"row {number:,} has the neuron {show(text)}: give a number from 0 to {MAX_ID}"
        )
    return int(digits)


def _time(text: str, number: int) -> float:
    try:
        # Python's underscores between digits, and digits of other scripts, are slips in a table.
        time = float(text) if text.isascii() and "_" not in text else np.nan
    except ValueError:
        time = np.nan
    if not 0.0 <= time < np.inf:
        raise NeurosimError(
            f"row {number:,} has the time {show(text)}: give a finite number from 0 on"
        )
    return time
