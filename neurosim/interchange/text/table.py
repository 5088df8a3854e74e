"""Tables in text: their delimiter, comments and header, and their rows."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, TextIO

from neurosim.errors import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST_LINE = 2**20
"""In characters; a file without line ends must not be taken for one line."""
MOST_COMMENTS = 1000
"""Lines of comment before the first row that are looked through for a header."""
COMMENTS = ("#", "%")
DELIMITERS = (",", ";", "\t", " ")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?(nan|inf|infinity)", re.I | re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.I | re.ASCII)


@dataclass(frozen=True)
class Table:
    """The rows of a text, read one by one.

    Attributes
    ----------
    header : list of str or None
        Names of the columns; None if the first row is numbers.
    comments : list of str
        Lines of comment before the first row.
    rows : iterator of (int, list of str)
        Number of the line, and fields, of each row after the header.
    """

    header: list[str] | None
    comments: list[str]
    rows: Iterator[tuple[int, list[str]]]


def open_table(file: TextIO, is_header: Callable[[list[str]], bool]) -> Table:
    """Find the delimiter and the header of a text.

    Parameters
    ----------
    file : text file
    is_header : callable
        Whether these are the names of columns.

    Raises
    ------
    NeurosimError
        For a line that is too long.
    csv.Error
        Where quotes do not match.
    """
    lines = _lines(file)
    comments: list[str] = []
    first: tuple[int, str] | None = None
    for number, line in lines:
        if line.lstrip().startswith(COMMENTS):
            if len(comments) < MOST_COMMENTS:
                comments.append(line)
        elif line.strip():
            first = number, line
            break
    # A header that is a comment, as NumPy writes it, is the last that is one.
    texts = [comment.strip().lstrip("".join(COMMENTS)) for comment in reversed(comments)]
    for text in [first[1] if first else "", *texts]:
        for delimiter in DELIMITERS:
            names = next(split([(0, text)], delimiter), (0, []))[1]
            if is_header(names):
                own = first is not None and text is first[1]
                rest = chain([first] if first and not own else [], lines)
                return Table(names, comments, split(rest, delimiter))
    if first is None:
        return Table(None, comments, iter(()))
    delimiter = _delimiter(first[1])
    names = next(split([first], delimiter), (0, []))[1]
    if not all(NUMBER.fullmatch(word) for word in names):
        return Table(names, comments, split(lines, delimiter))
    return Table(None, comments, split(chain([first], lines), delimiter))


def _lines(file: TextIO) -> Iterator[tuple[int, str]]:
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise NeurosimError(f"line {number:,} has more than {LONGEST_LINE:,} characters")
        yield number, line


def _delimiter(line: str) -> str:
    """Return what separates the fields of a row, best of all numbers; commas if nothing does."""
    several = []
    for delimiter in (";", "\t", ",", " "):
        fields = next(split([(0, line)], delimiter), (0, []))[1]
        if len(fields) > 1 and all(map(NUMBER.fullmatch, fields)):
            return delimiter
        several += [delimiter] if len(fields) > 1 else []
    return several[0] if several else ","


def split(
    lines: Iterator[tuple[int, str]] | list[tuple[int, str]], delimiter: str
) -> Iterator[tuple[int, list[str]]]:
    """Return the fields of each row; blank lines and comments are skipped.

    A blank as delimiter stands for any number of blanks and tabs. Where commas do not separate,
    they may be decimal: 0,5 is then 0.5.
    """
    number = 0

    def texts() -> Iterator[str]:
        nonlocal number
        for place, line in lines:
            number = place
            if line.lstrip().startswith(COMMENTS) or not line.strip():
                continue
            yield " ".join(line.split("\t")).strip() if delimiter == " " else line

    for row in csv.reader(texts(), delimiter=delimiter, skipinitialspace=True, strict=True):
        fields = [word.strip() for word in row]
        if delimiter in ";\t":
            fields = [
                word.replace(",", ".") if _DECIMAL_COMMA.fullmatch(word) else word
                for word in fields
            ]
        yield number, fields
