"""Tables of SONATA edge types: attributes shared by all edges of a type."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError

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
        try:
            with open(path, newline="", encoding="utf-8-sig") as file:
                text = file.read(LARGEST_TABLE + 1)
            rows = table_rows(text, TYPE_ID)
            self.names = rows[0] if rows else []
            if len(text) > LARGEST_TABLE or TYPE_ID not in self.names:
                raise ValueError
            self._read(rows[1:], [name for name in wanted if name in self.names])
        except OSError as error:
            raise NeurosimError(
                f"{path} cannot be read ({error.strerror}): give a table of edge types"
            ) from None
        except (ValueError, OverflowError, csv.Error):
            raise NeurosimError(
                f"{path} is not a table of edge types: give one with a column {TYPE_ID}, columns "
                "separated by spaces"
            ) from None

    def _read(self, rows: list[list[str]], names: list[str]) -> None:
        if any(len(row) != len(self.names) for row in rows):
            raise ValueError
        columns = {name: [row[k] for row in rows] for k, name in enumerate(self.names)}
        ids = np.array([int(word) for word in columns[TYPE_ID]], np.int64)
        order = np.argsort(ids, kind="stable")
        self._ids = ids[order]
        self._values = {name: np.array([*map(_number, columns[name])])[order] for name in names}

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


def table_rows(text: str, key: str) -> list[list[str]]:
    """Split a table into rows.

    The delimiter is the one for which the header has a column `key`.

    Returns
    -------
    list of list of str
        The header first; empty if it has no such column.
    """
    lines = [line.strip(" ") for line in text.splitlines() if line.strip()]
    for delimiter in DELIMITERS:
        rows = list(csv.reader(lines[:1], delimiter=delimiter, skipinitialspace=True))
        if rows and key in rows[0]:
            return list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))
    return []


def _number(word: str) -> float:
    """Return a number; NaN for NULL and other words."""
    try:
        return float(word)
    except ValueError:
        return np.nan
