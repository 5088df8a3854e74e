"""Tables of SONATA edge types: attributes shared by all edges of a type."""

from __future__ import annotations

import csv
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.utils.atomic_files import check_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

TYPE_ID = "edge_type_id"
LARGEST_TABLE = 2**24
"""Maximum size of a table (bytes), which is read as a whole."""
DELIMITERS = (" ", ",", "\t", ";")


class EdgeTypes:
    """A table with one row per edge type.

    Parameters
    ----------
    path : str
        Text with a header. The SONATA delimiter is a space; commas, tabs and semicolons are
        accepted too.
    wanted : sequence of str, optional
        Columns to read as numbers; columns missing in the table are ignored. Default: none.

    Attributes
    ----------
    names : list of str
        All columns.

    Raises
    ------
    NeurosimError
        If the file cannot be read or is not such a table.
    """

    def __init__(self, path: str, wanted: tuple[str, ...] | list[str] = ()) -> None:
        self.path = path
        self.names, *rows = read_table(Path(path), TYPE_ID, "edge types")
        columns = {name: [row[k] for row in rows] for k, name in enumerate(self.names)}
        try:
            ids = np.array([int(word) for word in columns[TYPE_ID]], np.int64)
        except (ValueError, OverflowError):
            raise NeurosimError(
                f"{path} is not a table of edge types: {TYPE_ID} must be an integer in each row"
            ) from None
        order = np.argsort(ids, kind="stable")
        self._ids = ids[order]
        self._values = {
            name: np.array([*map(_number, columns[name])])[order]
            for name in wanted
            if name in columns
        }

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def look_up(self, name: str, types: NDArray) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return an attribute of edges by their types, and which types are in the table.

        The value is NaN where the table has no number.
        """
        if not len(self._ids):
            return np.full(len(types), np.nan), np.zeros(len(types), bool)
        row = np.searchsorted(self._ids, types).clip(max=len(self._ids) - 1)
        return self._values[name][row], self._ids[row] == types


def read_table(path: Path, key: str, content: str) -> list[list[str]]:
    """Read a table with a column `key`.

    Parameters
    ----------
    path : Path
    key : str
    content : str
        What the table lists, for messages.

    Returns
    -------
    list of list of str
        The header first. All rows have as many words as the header.

    Raises
    ------
    NeurosimError
        If the file cannot be read or is not such a table.
    """
    check_file(path, f"a table of {content}")
    with suppress(UnicodeDecodeError), path.open(newline="", encoding="utf-8-sig") as file:
        text = file.read(LARGEST_TABLE + 1)
        rows = table_rows(text, key) if len(text) <= LARGEST_TABLE else []
        if rows and all(len(row) == len(rows[0]) for row in rows):
            return rows
    raise NeurosimError(
        f"{path} is not a table of {content}: give one with a column {key}, columns separated by "
        "spaces"
    )


def table_rows(text: str, key: str) -> list[list[str]]:
    """Split a table into rows, the header first.

    The delimiter is the one for which the header has a column `key`. The list is empty if there is
    none.
    """
    lines = [line.strip(" ") for line in text.splitlines() if line.strip()]
    for delimiter in DELIMITERS:
        with suppress(csv.Error):
            rows = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
            header = next(rows, [])
            if key in header:
                return [header, *rows]
    return []


def _number(word: str) -> float:
    """Return a number; NaN for NULL and other words."""
    try:
        return float(word)
    except ValueError:
        return np.nan
