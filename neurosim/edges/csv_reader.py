"""Read edge lists in text files, a block of lines at a time.

pyarrow parses blocks of plain numbers. Names of neurons, unusual formatting and errors are left to
the csv module; both give the same bits.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.edges.readers import NONE, Block, FileReader
from neurosim.errors import NeurosimError
from neurosim.utils.checks import show
from neurosim.utils.frozen import read_only

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from neurosim.network import Projection

MAX_LINE_BYTES = 2**16
BLOCK_BYTES = 2**21
COMMENT = b"#"
_COMMENT_LINES = re.compile(rb"^[ \t]*#.*\n", re.MULTILINE)
_FINITE = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INDEX = re.compile(r"(\d{1,18})(\.0*)?", re.ASCII)
"""Indices may be written as 3.0, as in tables of floats."""
_MAX_INDEX = 2**53
"""Whole numbers below are exact as floats."""


class CSVReader(FileReader):
    """Read blocks of lines.

    A block holds the lines that begin in the same range of bytes.
    """

    def __init__(self, projection: Projection) -> None:
        super().__init__(projection)
        rule = self.rule
        self.n_blocks = -(-(rule.n_bytes - rule.start) // BLOCK_BYTES)
        wanted = [rule.source, rule.target, *(name for name in self.names if name)]
        for name in wanted:
            if wanted.count(name) > 1:
                raise NeurosimError(
                    f"{rule.path}: column {show(name)} is used twice: choose different columns"
                )
        parsers = [self._index_parser(rule.names), self._index_parser(rule.target_names)]
        parsers += [(_finite, "a finite number")] * (len(wanted) - 2)
        self._wanted = [
            (rule.columns.index(name), *parser)
            for name, parser in zip(wanted, parsers, strict=True)
        ]
        self._split = splitter(rule.delimiter)

    def _index_parser(self, names: tuple[str, ...] | None) -> tuple[Callable[[str], Any], str]:
        """Return a parser of indices or names of neurons, and a description for messages."""
        names = names or self.rule.names
        if names is None:
            return _index, "a non-negative integer"
        return {name: k for k, name in enumerate(names)}.get, "one of the given names of neurons"

    def read(self, k: int) -> Block:
        """Return block k."""
        text, begin = self._lines(k)
        columns = self._parse_numbers(text) or self._parse_rows(text, begin)
        names = self.rule.source, self.rule.target
        sources, targets = self.neurons(k, (columns[0], columns[1]), names)
        values = iter(columns[2:])
        return Block(
            sources, targets, *(read_only(next(values)) if n else NONE for n in self.names)
        )

    def _lines(self, k: int) -> tuple[bytes, int]:
        """Return the lines of block k and their offset in the file."""
        begin = self.rule.start + k * BLOCK_BYTES
        end = min(begin + BLOCK_BYTES, self.rule.n_bytes)
        text = self._bytes(begin - 1, end + MAX_LINE_BYTES)
        # From the end of the last line that began before, to the end of the last that begins here.
        first = text.find(b"\n", 0, end - begin + 1) + 1
        last = text.find(b"\n", end - begin) + 1
        if first == 0:  # a line that began before continues beyond the block
            return b"", end
        if last > 0:
            return text[first:last], begin - 1 + first
        if end + MAX_LINE_BYTES < self.rule.n_bytes:
            raise _too_long(self.rule.path)
        return text[first:] + b"\n", begin - 1 + first

    def _bytes(self, begin: int, end: int) -> bytes:
        try:
            with open(self.rule.path, "rb", buffering=0) as file:
                file.seek(begin)
                return file.read(end - begin) or b""
        except OSError as error:
            raise NeurosimError(
                f"{self.rule.path} cannot be read ({error.strerror}): check the file"
            ) from None

    def _parse_numbers(self, text: bytes) -> list[NDArray] | None:
        """Parse plain numbers with pyarrow.

        Return None for text that the csv module must parse.
        """
        if self.rule.names is not None:
            return None
        import pyarrow as arrow
        from pyarrow import csv as parse

        if COMMENT in text:
            text = _COMMENT_LINES.sub(b"", text)
        if self.rule.delimiter == " ":
            text = _single_blanks(text)
        wanted = [str(column) for column, *_ in self._wanted]
        try:
            table = parse.read_csv(
                arrow.BufferReader(text),
                parse.ReadOptions(
                    use_threads=False,
                    block_size=len(text) + 1,
                    column_names=[str(column) for column in range(len(self.rule.columns))],
                ),
                parse.ParseOptions(delimiter=self.rule.delimiter),
                parse.ConvertOptions(
                    column_types=dict.fromkeys(wanted, arrow.float64()),
                    include_columns=wanted,
                    null_values=[],
                ),
            )
        except arrow.ArrowInvalid:
            return None
        columns = [column.to_numpy() for column in table.columns]
        ids = np.stack(columns[:2])
        plain = bool(((ids >= 0) & (ids < _MAX_INDEX) & (ids == np.rint(ids))).all())
        plain = plain and all(bool(np.isfinite(values).all()) for values in columns[2:])
        return [*ids.astype(np.int64), *columns[2:]] if plain else None

    def _parse_rows(self, text: bytes, begin: int) -> list[NDArray]:
        """Parse lines with the csv module; raise an error at the first invalid field."""
        found: list[list[float]] = [[] for _ in self._wanted]
        for number, line in enumerate(text.split(b"\n")):
            if not (row := self._fields(line, begin, number)):
                continue
            for values, (column, parse, kind) in zip(found, self._wanted, strict=True):
                value = parse(row[column])
                if value is None:
                    raise NeurosimError(
                        f"{self._line(begin, number)}{self.rule.columns[column]} = "
                        f"{show(row[column])} is not {kind}"
                    )
                values.append(value)
        types = [np.int64, np.int64, *[np.float64] * (len(found) - 2)]
        return [np.array(values, dtype) for values, dtype in zip(found, types, strict=True)]

    def _fields(self, line: bytes, begin: int, number: int) -> list[str]:
        """Return the fields of a line, none for blank lines and comments."""
        expected = len(self.rule.columns)
        try:
            row = self._split(line.decode())
        except (csv.Error, UnicodeDecodeError) as error:
            raise NeurosimError(
                f"{self._line(begin, number)}not a row of a table ({error})"
            ) from None
        if row and len(row) != expected:
            raise NeurosimError(
                f"{self._line(begin, number)}expected {expected} fields, one for each column, "
                f"found {len(row)}"
            )
        return row

    def where(self, k: int, i: int) -> str:
        """Return the location of edge i of block k, as the beginning of a message."""
        text, begin = self._lines(k)
        lines = enumerate(text.split(b"\n"))
        edges = [n for n, line in lines if line.strip() and not line.lstrip().startswith(COMMENT)]
        return self._line(begin, edges[i])

    def _line(self, begin: int, number: int) -> str:
        """Return "path, line: " for a line of the block that begins at a byte of the file."""
        before = sum(
            self._bytes(at, min(at + BLOCK_BYTES, begin)).count(b"\n")
            for at in range(0, begin, BLOCK_BYTES)
        )
        return f"{self.rule.path}, line {before + number + 1}: "


def splitter(delimiter: str) -> Callable[[str], list[str]]:
    """Return a function that splits a line into fields.

    Blank lines and comments have no fields.

    The function raises `csv.Error` if a quotation mark is not closed.
    """
    blank = delimiter == " "
    after_quote = re.compile(f'(?<=")[ \t]+(?={delimiter}|$)')  # an error to the csv module

    def split(line: str) -> list[str]:
        if not line.strip() or line.lstrip().startswith(COMMENT.decode()):
            return []
        line = line.replace("\t", " ").strip() if blank else line.strip(" \r\n")
        if '"' in line:
            line = line if blank else after_quote.sub("", line)
            row = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True, strict=True))
        else:
            row = line.split() if blank else line.split(delimiter)
        return [word.strip() for word in row]

    return split


def short_lines(file: Any, path: str) -> Iterator[str]:
    """Yield the lines of a text file; raise an error if one is too long."""
    while line := file.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES:
            raise _too_long(path)
        yield line


def _too_long(path: str) -> NeurosimError:
    return NeurosimError(
        f"{path} has a line of more than {MAX_LINE_BYTES:,} bytes: write one line per edge"
    )


def _index(word: str) -> int | None:
    """Return a non-negative integer, or None."""
    match = _INDEX.fullmatch(word)
    return int(match[1]) if match else None


def _finite(word: str) -> float | None:
    """Return a number, or None."""
    return float(word) if _FINITE.fullmatch(word) else None


def _single_blanks(text: bytes) -> bytes:
    """Replace runs of blanks and tabs between fields by one blank.

    The ends of lines are stripped.
    """
    text = b"\n" + text.replace(b"\t", b" ").replace(b"\r", b" ")
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    return text.replace(b" \n", b"\n").replace(b"\n ", b"\n")[1:]
