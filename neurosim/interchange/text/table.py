"""Split a text into rows, and find its delimiter, comments and header."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, TextIO

from neurosim.errors import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MAX_LINE = 2**20
"""Characters; limits the memory for a file without line ends."""
MAX_COMMENTS = 1000
"""Comment lines before the first row that may contain a header."""
COMMENTS = ("#", "%")
DELIMITERS = (",", ";", "\t", " ")
# Possessive quantifiers keep the time linear.
NUMBER = re.compile(
    r"[+-]?(\d++\.?\d*+|\.\d++)(e[+-]?\d++)?|[+-]?(nan|inf|infinity)", re.I | re.ASCII
)
_DECIMAL_COMMA = re.compile(r"[+-]?(\d*|\d{1,3}(\.\d{3})+),\d+(e[+-]?\d+)?", re.I | re.ASCII)
"""A number with a decimal comma, and points between thousands."""
_SEPARATOR = re.compile(r"sep=(.)\s*")
"""First line of a CSV file of Excel, which states the delimiter."""


@dataclass(frozen=True)
class Table:
    """The rows of a text.

    Attributes
    ----------
    header : list of str or None
        Names of the columns; None if the first row is numbers.
    comments : list of str
        Comment lines before the first row.
    rows : iterator of (int, list of str)
        Line number and fields of each row after the header.
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
        Whether a list of words is a header.

    Raises
    ------
    NeurosimError
        If a line is too long.
    csv.Error
        If quotes do not match.
    """
    lines = _lines(file)
    comments: list[str] = []
    first: list[tuple[int, str]] = []
    for number, line in lines:
        if line.lstrip().startswith(COMMENTS):
            comments += [line] if len(comments) < MAX_COMMENTS else []
        elif number == 1 and _SEPARATOR.fullmatch(line):
            continue
        elif line.strip():
            first = [(number, line)]
            break
    # NumPy writes the header as a comment: the last comment that is one.
    texts = [comment.strip().lstrip("".join(COMMENTS)) for comment in reversed(comments)]
    for k, text in enumerate([first[0][1] if first else "", *texts]):
        for delimiter in DELIMITERS:
            names = _fields(text, delimiter)
            if is_header(names):
                rest = lines if k == 0 else chain(first, lines)
                return Table(names, comments, split(rest, delimiter))
    if not first:
        return Table(None, comments, iter(()))
    delimiter = _find_delimiter(first[0][1])
    names = _fields(first[0][1], delimiter)
    if not all(NUMBER.fullmatch(word) for word in names):
        return Table(names, comments, split(lines, delimiter))
    return Table(None, comments, split(chain(first, lines), delimiter))


def _lines(file: TextIO) -> Iterator[tuple[int, str]]:
    """Return the numbered lines of a file."""
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise NeurosimError(f"line {number:,} has more than {MAX_LINE:,} characters")
        yield number, line


def _find_delimiter(line: str) -> str:
    """Return the delimiter that splits a row, preferably into numbers.

    It is a comma if none does.
    """
    several = []
    for delimiter in (";", "\t", ",", " "):
        fields = _fields(line, delimiter)
        if len(fields) > 1 and all(map(NUMBER.fullmatch, fields)):
            return delimiter
        several += [delimiter] if len(fields) > 1 else []
    return several[0] if several else ","


def _fields(line: str, delimiter: str) -> list[str]:
    """Return the fields of one line."""
    return next(split([(0, line)], delimiter), (0, []))[1]


def split(lines: Iterable[tuple[int, str]], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Return the fields of each row, without blank lines and comments.

    A space as delimiter stands for any number of spaces and tabs. With delimiters other than commas
    and spaces, numbers may have decimal commas: 0,5 is then 0.5, and 1.000,5 is 1000.5.
    """
    number = 0

    def texts() -> Iterator[str]:
        nonlocal number
        for line_number, line in lines:
            number = line_number
            if line.strip() and not line.lstrip().startswith(COMMENTS):
                yield " ".join(line.split("\t")).strip() if delimiter == " " else line

    for row in csv.reader(texts(), delimiter=delimiter, skipinitialspace=True, strict=True):
        fields = [word.strip() for word in row]
        if delimiter in ";\t":
            fields = [
                word.replace(".", "").replace(",", ".") if _DECIMAL_COMMA.fullmatch(word) else word
                for word in fields
            ]
        yield number, fields
