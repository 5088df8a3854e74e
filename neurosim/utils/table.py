"""Tables for terminals and notebooks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from neurosim.errors import NeurosimError
from neurosim.utils import html
from neurosim.utils.checks import suggest
from neurosim.utils.optional import require

MAX_LINES = 40
"""Longest output, in lines."""
MAX_SHOWN = 10
"""Largest number of neurons that are displayed of spike trains and traces."""


@dataclass(frozen=True, repr=False)
class Table:
    """Rows of values, displayed as a table.

    Attributes
    ----------
    title : str
    columns : tuple of str
        Names of the columns.
    rows : tuple of tuple
        Numbers and strings; None and NaN are displayed as "–".
    left : int
        Number of columns that are aligned to the left.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    left: int = 1

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

    def __getitem__(self, column: str) -> list[Any]:
        """Return the values of a column.

        Raises
        ------
        NeurosimError
            If the column is unknown.
        """
        if column not in self.columns:
            raise NeurosimError(f"unknown column {column!r}: {suggest(column, self.columns)}")
        index = self.columns.index(column)
        return [row[index] for row in self.rows]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.columns)

    def to_dataframe(self) -> Any:
        """Return a pandas DataFrame.

        Raises
        ------
        NeurosimError
            If pandas is not installed.
        """
        return require("pandas", "to_dataframe").DataFrame(self.rows, columns=list(self.columns))

    def __repr__(self) -> str:
        return "\n".join(self.lines(MAX_LINES))

    def _repr_html_(self) -> str:
        return self.html(MAX_LINES)

    def lines(self, most: int) -> list[str]:
        """Return at most `most` lines of aligned text."""
        shown, omitted = self._shown(most)
        widths = [max(map(len, column)) for column in zip(self.columns, *shown, strict=True)]
        lines = [self.title] if self.title else []
        for cells in (self.columns, *shown):
            padded = (
                cell.ljust(width) if k < self.left else cell.rjust(width)
                for k, (cell, width) in enumerate(zip(cells, widths, strict=True))
            )
            lines.append("  ".join(padded).rstrip())
        return lines + ([omitted] if omitted else [])

    def html(self, most: int) -> str:
        """Return an HTML table of at most `most` lines."""
        shown, omitted = self._shown(most)
        title = html.heading(self.title) if self.title else ""
        return title + html.table(self.columns, shown, left=self.left) + omitted

    def html_of_first(self, n: int) -> str:
        """Return an HTML table of the first ones of `n` rows."""
        omitted = f"… and {n - len(self):,} more" if n > len(self) else ""
        return self._repr_html_() + omitted

    def _shown(self, most: int) -> tuple[list[list[str]], str]:
        """Return the formatted rows to display, and a note about omitted ones."""
        room = most - 2  # title and header
        kept = self.rows if len(self.rows) <= room else self.rows[: room - 1]
        omitted = len(self.rows) - len(kept)
        rows = [[_formatted(value) for value in row] for row in kept]
        return rows, f"… and {omitted:,} more" if omitted else ""


@dataclass(frozen=True, repr=False)
class Summary:
    """Several tables.

    Attributes
    ----------
    title : str
    tables : mapping of str to Table
    """

    title: str
    tables: Mapping[str, Table]

    def __getitem__(self, name: str) -> Table:
        """Return one of the tables, which shows more rows.

        Raises
        ------
        NeurosimError
            If there is no such table.
        """
        if name not in self.tables:
            raise NeurosimError(f"unknown table {name!r}: {suggest(name, self.tables)}")
        return self.tables[name]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.tables)

    @property
    def _room(self) -> int:
        """Number of lines of a table, with an empty line between tables."""
        return (MAX_LINES - 1) // max(1, len(self.tables)) - 1

    def __repr__(self) -> str:
        parts = [table.lines(self._room) for table in self.tables.values()]
        return "\n\n".join([self.title, *map("\n".join, parts)])

    def _repr_html_(self) -> str:
        parts = [table.html(self._room) for table in self.tables.values()]
        return html.heading(self.title) + "".join(parts)


def counted(n: int, noun: str) -> str:
    """Return a number with a noun, which is in the plural unless the number is 1."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def _formatted(value: Any) -> str:
    """Return a value as text, with three significant digits."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, float):
        value = 0.0 if abs(value) < 1e-6 else value
        return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
