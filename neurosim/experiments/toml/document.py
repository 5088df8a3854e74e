"""Read a TOML file: its values, and the line of each."""

from __future__ import annotations

import datetime
import math
import re
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurosim.errors import NeurosimError
from neurosim.experiments.toml.positions import key_lines
from neurosim.utils.atomic_files import check_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from neurosim.experiments.toml.positions import KeyPath

MAX_BYTES = 8 * 2**20
"""Largest size of a file: the parser takes seconds for each million bytes."""

# Explanations of the messages of tomllib, by their first words.
_EXPLANATIONS = {
    "Illegal character '\\n'": 'a string is not closed: add a " at its end',
    "Unterminated string": 'a string is not closed: add a " at its end',
    'Expected "\'"': "a string is not closed: add a ' at its end",
    "Invalid value": "{found} is not a valid value: {value}",
    "Expected newline": "unexpected {found} after a value: {after}",
    "Expected '='": "a key has no value: write key = value",
    "Unclosed array": "a list is not closed, or a comma between its items is missing",
    "Unclosed inline table": "a table in braces is not closed on its line, or a comma is missing",
    "Duplicate inline table key": "a key is defined twice in one table: delete one of the two",
    "Cannot overwrite": "{key} is defined twice: delete one of the two",
    "Cannot declare": "{key} is defined twice: use a different name for each table",
    "Expected ']": "{key} is not closed: a heading needs as many closing as opening brackets",
    "Invalid initial character": "a key is missing: write key = value",
    "Invalid statement": "{found} starts neither key = value nor a [table]",
    "Unescaped": "invalid escape sequence: double the backslash, or use single quotes",
}


class TooLarge(str):
    """The text of a number beyond the range of floats."""


class Document:
    """The content of a TOML file.

    Parameters
    ----------
    path : Path
    folder : Path or None

    Attributes
    ----------
    name : str
        Path as given by the user, for messages.
    folder : Path or None
        Folder of the files that the document refers to; None if they are not available.
    content : bytes
    values : dict

    Raises
    ------
    NeurosimError
        If the file is missing, too large, or not valid UTF-8 or TOML.
    """

    def __init__(self, path: Path, folder: Path | None) -> None:
        self.name, self.folder = str(path), folder
        self.content = _read(path)
        text = self._decode()
        self._lines: Mapping[KeyPath, int] = key_lines(text, self.name)
        self.values = self._parse(text)
        self._check(self.values, ())

    def line(self, path: KeyPath) -> int:
        """Return the line of a key or, if it is missing, of the table around it."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    @contextmanager
    def at(self, path: KeyPath) -> Iterator[None]:
        """Add file and line of a key to errors raised in the block."""
        try:
            yield
        except NeurosimError as error:
            raise self._error(path, str(error)) from None

    def _error(self, path: KeyPath, message: str) -> NeurosimError:
        return NeurosimError(f"{self.name}:{self.line(path)}: {message}")

    def _decode(self) -> str:
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = 1 + self.content.count(b"\n", 0, error.start)
            raise NeurosimError(
                f"{self.name}:{line}: a character is not encoded as UTF-8: save the file as UTF-8"
            ) from None

    def _parse(self, text: str) -> dict[str, Any]:
        try:
            return tomllib.loads(text, parse_float=_number)
        except tomllib.TOMLDecodeError as error:
            raise NeurosimError(self._explain(text, str(error))) from None

    def _explain(self, text: str, message: str) -> str:
        """Return the message for a syntax error."""
        position = re.search(r"line (\d+), column (\d+)\)$", message)
        lines = text.replace("\r\n", "\n").split("\n")
        end = (len(lines), len(lines[-1]) + 1)
        line, column = map(int, position.groups()) if position else end
        here = lines[line - 1]
        match = re.match(r"\S+", here[column - 1 :])
        found = match[0] if match else ""
        key = here.partition("#")[0].strip()
        details = {
            "found": _quoted(found) if found else "nothing",
            "value": _hint_for_value(found),
            "after": _hint_after_value(found),
            "key": _quoted(key if key.startswith("[") else key.partition("=")[0].strip()),
        }
        default = f"invalid TOML ({message.partition(' (at ')[0]})"
        known = (text for start, text in _EXPLANATIONS.items() if message.startswith(start))
        return f"{self.name}:{line}: {next(known, default).format(**details)}"

    def _check(self, value: Any, path: KeyPath) -> None:
        """Raise an error for types of values that no part of a network has."""
        if isinstance(value, dict):
            for key, item in value.items():
                self._check(item, (*path, key))
        elif isinstance(value, list):
            for number, item in enumerate(value):
                if not isinstance(item, float):  # long lists contain numbers
                    self._check(item, (*path, number))
        elif isinstance(value, TooLarge):
            raise self._error(path, f"{_quoted(value, '')} is too large: check its unit")
        elif isinstance(value, int) and abs(value) >= 2**63:
            raise self._error(path, "a whole number beyond 64 bits is too large: check its unit")
        elif isinstance(value, (datetime.date, datetime.time)):
            raise self._error(
                path, f"{value} is a date or a time of day: write times as numbers in ms"
            )


def _hint_for_value(found: str) -> str:
    """Return a hint for correcting an invalid value."""
    if found.lower() in ("true", "false"):
        return f"write {found.lower()}, in lower case"
    if re.match(r"[^\W\d]", found):
        return "write strings in quotes"
    return "write numbers with digits on both sides of the point, such as 0.5"


def _hint_after_value(found: str) -> str:
    """Return a hint for correcting text after a value."""
    if re.match(r",\d", found):
        return "write decimals with a point, such as 0.5"
    if re.match(r"[^\W\d]", found):
        return "write numbers without units, and one key per line"
    return "write one key per line"


def _read(path: Path) -> bytes:
    check_file(path, "a scenario file, or write one with `neurosim new my.toml`")
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise NeurosimError(
            f"{path} has more than {MAX_BYTES // 2**20} MB, the limit for scenario files: use a "
            "connection rule, or put the connections into a CSV file"
        )
    return content


def _number(text: str) -> float | TooLarge:
    value = float(text)
    return TooLarge(text) if math.isinf(value) and "inf" not in text else value


def _quoted(text: str, quote: str = "'") -> str:
    """Return a piece of the file for a message: on one line, and shortened."""
    text = "".join(c if c.isprintable() else "?" for c in text)
    return quote + (text if len(text) <= 40 else f"{text[:37]}...") + quote
