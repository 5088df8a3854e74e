"""Read edge lists in text, a block of lines at a time."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from neurosim.edges.csv import COMMENT, LONGEST_LINE, split_rows
from neurosim.edges.readers import NONE, Block, FileReader, read_only
from neurosim.errors import NeurosimError
from neurosim.kernels import parse_edges
from neurosim.kernels.text import (
    FIRST_VALUE,
    HARD_PLACE,
    HARD_ROW,
    HARD_VALUE,
    IGNORED,
    NO_INTEGER,
    NO_NUMBER,
    SOURCE,
    TOO_FEW,
)
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.network import Projection

BLOCK_BYTES = 2**21
"""Bytes in a block."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class TextReader(FileReader):
    """Read blocks of lines: those that begin in the same stretch of bytes."""

    def __init__(self, projection: Projection) -> None:
        super().__init__(projection)
        rule = self.rule
        self.n_blocks = -(-(rule.n_bytes - rule.start) // BLOCK_BYTES)
        wanted = [rule.source, rule.target, *(name for name in self.names if name)]
        for name in wanted:
            if wanted.count(name) > 1:
                raise NeurosimError(
                    f"{rule.path}: the column {show(name)} cannot be two things: name another one"
                )
        self._roles = np.full(len(rule.columns), IGNORED)
        for role, name in enumerate(wanted, SOURCE):
            self._roles[rule.columns.index(name)] = role
        self._n_values = len(wanted) - 2
        assert rule.delimiter is not None
        self._delimiter = rule.delimiter
        ends = [names or () for names in (rule.names, rule.target_names or rule.names)]
        self._name_places = [{name: k for k, name in enumerate(names)} for names in ends]

    def _lines(self, k: int) -> tuple[bytes, int]:
        """Return the lines of block k, each with its end, and where in the file they begin."""
        begin = self.rule.start + k * BLOCK_BYTES
        end = min(begin + BLOCK_BYTES, self.rule.n_bytes)
        text = self._bytes(begin - 1, end + LONGEST_LINE)
        # From the end of the last line that began before, to the end of the last that begins here.
        first = text.find(b"\n", 0, end - begin + 1) + 1
        last = text.find(b"\n", end - begin) + 1
        if first == 0:  # a line that began before goes on beyond
            return b"", end
        if last > 0:
            return text[first:last], begin - 1 + first
        if end + LONGEST_LINE < self.rule.n_bytes:
            raise NeurosimError(
                f"{self.rule.path} has a line of more than {LONGEST_LINE:,} bytes: write a line "
                "for each edge"
            )
        return text[first:] + b"\n", begin - 1 + first

    def _bytes(self, begin: int, end: int) -> bytes:
        try:
            with open(self.rule.path, "rb", buffering=0) as file:
                file.seek(begin)
                return file.read(end - begin) or b""
        except OSError as error:
            raise NeurosimError(
                f"{self.rule.path} cannot be read ({error.strerror}): give a file that can"
            ) from None

    def read(self, k: int) -> Block:
        """Return block k."""
        text, _ = self._lines(k)
        if self.rule.delimiter == " ":
            text = text.replace(b"\t", b" ")
        columns = self._parse(k, text) if self.rule.names is None else self._parse_names(k, text)
        names = self.rule.source, self.rule.target
        sources, targets = self.neurons(k, (columns[0], columns[1]), names)
        rows = iter(columns[2:])
        given = (read_only(next(rows)) if name else NONE for name in self.names)
        return Block(sources, targets, *given)

    def _parse(self, k: int, text: bytes) -> list[NDArray]:
        """Return sources, targets and values of lines of numbers."""
        n_lines, data = text.count(b"\n"), np.frombuffer(text, np.uint8)
        sources, targets = np.empty((2, n_lines), np.int64)
        values = np.empty((self._n_values, n_lines))
        hard = np.empty((n_lines * self._n_values, 3), np.int64)
        report = np.zeros(4, np.int64)
        delimiter = ord(self._delimiter)
        n = parse_edges(data, delimiter, self._roles, sources, targets, values, hard, report)
        n_hard, wrong, place, column = report.tolist()
        if wrong:
            self._refuse(k, wrong, place, self.rule.columns[column])
        for row in hard[:n_hard].tolist():
            values[row[HARD_VALUE], row[HARD_ROW]] = float(self._field(text, row[HARD_PLACE]))
        return [sources[:n], targets[:n], *values[:, :n]]

    def _parse_names(self, k: int, text: bytes) -> list[NDArray]:
        """Return the same of lines that name neurons."""
        places, columns = self._name_places, self.rule.columns
        roles = [int(np.flatnonzero(self._roles == role)[0]) for role in range(self._n_values + 2)]
        found: list[list[float]] = [[] for _ in roles]
        place = 0
        for line in text.split(b"\n"):
            for row in self._row(k, line, place):
                if len(row) != len(columns):
                    self._refuse(k, TOO_FEW, place, "")
                for role, column in enumerate(roles):
                    word = row[column]
                    if role < FIRST_VALUE and word not in places[role]:
                        self._refuse_field(
                            k, place, columns[column], word, "given name of a neuron"
                        )
                    if role >= FIRST_VALUE and not _NUMBER.fullmatch(word):
                        self._refuse_field(k, place, columns[column], word, "finite number")
                    found[role].append(places[role][word] if role < FIRST_VALUE else float(word))
            place += len(line) + 1
        ids = [np.array(own, np.int64) for own in found[:FIRST_VALUE]]
        return [*ids, *(np.array(own, np.float64) for own in found[FIRST_VALUE:])]

    def _row(self, k: int, line: bytes, place: int) -> list[list[str]]:
        """Return the fields of a line, none where it is blank or a comment."""
        try:
            return list(split_rows([line.decode()], self._delimiter))
        except (csv.Error, UnicodeDecodeError):
            return self._refuse(k, TOO_FEW, place, "")

    def _field(self, text: bytes, place: int) -> str:
        """Return the field that begins at a place."""
        line = text[place : text.find(b"\n", place)].lstrip()
        inner, end, _ = line[1:].partition(b'"')
        quoted = line.startswith(b'"') and end
        field = inner if quoted else line.split(self._delimiter.encode())[0]
        return field.decode("utf-8", "replace").strip()

    def _line(self, text: bytes, begin: int, place: int) -> str:
        """Return the words for the line at a place in a block that begins at a byte of the file."""
        before = sum(
            self._bytes(at, min(at + BLOCK_BYTES, begin)).count(b"\n")
            for at in range(0, begin, BLOCK_BYTES)
        )
        return f"{self.rule.path}, line {before + text.count(10, 0, place) + 1}: "

    def _refuse(self, k: int, wrong: int, place: int, column: str) -> NoReturn:
        text, begin = self._lines(k)
        line = self._line(text, begin, place)
        if wrong in (NO_INTEGER, NO_NUMBER):
            kind = "whole number from 0 up" if wrong == NO_INTEGER else "finite number"
            self._refuse_field(k, place, column, self._field(text, place), kind)
        raise NeurosimError(
            f"{line}it does not have a field for each of the {len(self._roles)} columns"
        )

    def _refuse_field(self, k: int, place: int, column: str, word: str, kind: str) -> NoReturn:
        text, begin = self._lines(k)
        line = self._line(text, begin, place)
        raise NeurosimError(f"{line}{column} = {show(word)} is no {kind}")

    def where(self, k: int, i: int) -> str:
        """Return where edge i of block k is, to begin a sentence with."""
        text, begin = self._lines(k)
        place = 0
        for line in text.split(b"\n"):
            i -= bool(line.strip(b" \t\r")) and not line.lstrip().startswith(COMMENT.encode())
            if i < 0:
                break
            place += len(line) + 1
        return self._line(text, begin, place)
