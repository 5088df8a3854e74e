"""A TOML file as it was read: values, and the line of each."""

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

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Place = tuple[str | int, ...]

LARGEST = 8 * 2**20
"""Bytes in a file: the parser takes seconds for each million of them."""

# What tomllib says, in the words of one who has a file to mend.
_WORDS = {
    "Illegal character '\\n'": 'a text is not closed on its line: put a " at its end',
    "Unterminated string": 'a text is not closed: put a " at its end',
    'Expected "\'"': "a text is not closed: put a ' at its end",
    "Invalid value": "{found} is no value: {value}",
    "Expected newline": "{found} follows a value: {after}",
    "Expected '='": "a key without a value: write key = value",
    "Unclosed array": "a list is not closed, or two of its items have no comma between them",
    "Unclosed inline table": "a table in braces is not closed on its line, or lacks a comma",
    "Duplicate inline table key": "a key is there twice in one table: delete one of the two",
    "Cannot overwrite": "{key} is there twice: delete one of the two",
    "Cannot declare": "{key} is there twice: give each table a name of its own",
    "Expected ']": "{key} is not closed: as many brackets close a heading as open it",
    "Invalid initial character": "a key is missing: write key = value",
    "Invalid statement": "{found} begins neither key = value nor a [table]",
    "Unescaped": "a backslash begins no character here: double it, or write the text in '…'",
}


class TooLarge(str):
    """A number beyond the range of floats, as it was written."""


class Document:
    """What a file holds.

    Parameters
    ----------
    path : Path
    folder : Path or None

    Attributes
    ----------
    name : str
        As the user gave it, for messages.
    folder : Path or None
        Where the files lie that it names; None where they are not at hand.
    content : bytes
    values : dict

    Raises
    ------
    NeurosimError
        Where the file is missing, too large, no UTF-8, or no TOML.
    """

    def __init__(self, path: Path, folder: Path | None) -> None:
        self.name, self.folder = str(path), folder
        self.content = _read(path)
        text = self._decoded()
        self._lines: Mapping[Place, int] = key_lines(text, self.name)
        self.values = self._parsed(text)
        self._refuse_odd(self.values, ())

    def line(self, place: Place) -> int:
        """Return the line of a key, or of the table around it where the key is not there."""
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place, 1)

    def where(self, place: Place) -> str:
        """Return file and line of a key, as messages begin."""
        return f"{self.name}:{self.line(place)}"

    @contextmanager
    def at(self, place: Place) -> Iterator[None]:
        """Say of what the block refuses that it stands at that place."""
        try:
            yield
        except NeurosimError as error:
            raise NeurosimError(f"{self.where(place)}: {error}") from None

    def _decoded(self) -> str:
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = 1 + self.content.count(b"\n", 0, error.start)
            raise NeurosimError(
                f"{self.name}:{line}: a character is not encoded as UTF-8: save the file as UTF-8"
            ) from None

    def _parsed(self, text: str) -> dict[str, Any]:
        try:
            return tomllib.loads(text, parse_float=_number)
        except tomllib.TOMLDecodeError as error:
            raise NeurosimError(self._syntax(text, str(error))) from None

    def _syntax(self, text: str, said: str) -> str:
        """Return the sentence for a syntax error."""
        place = re.search(r"line (\d+), column (\d+)\)$", said)
        lines = text.replace("\r\n", "\n").split("\n")
        line, column = map(int, place.groups()) if place else (len(lines), len(lines[-1]) + 1)
        here = lines[line - 1]
        found = re.match(r"\S+", here[column - 1 :])
        key = here.partition("#")[0].strip()
        words = {
            "found": _quoted(found[0] if found else "nothing", ""),
            "value": _meant_as_value(found[0] if found else ""),
            "after": _meant_after_value(found[0] if found else ""),
            "key": _quoted(key if key.startswith("[") else key.partition("=")[0].strip()),
        }
        message = said.partition(" (at ")[0]
        meant = next((words_ for begin, words_ in _WORDS.items() if said.startswith(begin)), None)
        sentence = meant.format(**words) if meant else f"this is no TOML ({message})"
        return f"{self.name}:{line}: {sentence}"

    def _refuse_odd(self, value: Any, place: Place) -> None:
        """Refuse values that no part of a network has."""
        if isinstance(value, dict):
            for key, item in value.items():
                self._refuse_odd(item, (*place, key))
        elif isinstance(value, list):
            for number, item in enumerate(value):
                if not isinstance(item, float):  # long lists are of numbers
                    self._refuse_odd(item, (*place, number))
        elif isinstance(value, TooLarge) or (isinstance(value, int) and abs(value) >= 2**63):
            shown = value if isinstance(value, TooLarge) else "a whole number beyond 64 bits"
            raise NeurosimError(
                f"{self.where(place)}: {_quoted(shown, '')} is too large a number: check its unit"
            )
        elif isinstance(value, (datetime.date, datetime.time)):
            raise NeurosimError(
                f"{self.where(place)}: {value} is a date or a time of day: write times as numbers "
                "in ms"
            )


def _meant_as_value(found: str) -> str:
    """Return what to do about something that is no value."""
    if found.lower() in ("true", "false"):
        return f"write {found.lower()}, in small letters"
    if re.match(r"[^\W\d]", found):
        return "write texts in quotes"
    return "write numbers with digits on both sides of the point, such as 0.5"


def _meant_after_value(found: str) -> str:
    """Return what to do about something that follows a value on its line."""
    if re.match(r",\d", found):
        return "write decimals with a point, such as 0.5"
    if re.match(r"[^\W\d]", found):
        return "write numbers without their unit, and one key a line"
    return "write one key a line"


def _read(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise NeurosimError(f"{path} is no file: give a scenario file such as my.toml")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except NeurosimError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise NeurosimError(
            f"{path} cannot be read ({reason}): give a scenario file, or write one with "
            "`neurosim new my.toml`"
        ) from None
    if len(content) > LARGEST:
        raise NeurosimError(
            f"{path} has more than {LARGEST // 2**20} MB, the most that a scenario file may have: "
            "draw connections by a rule instead of listing them"
        )
    return content


def _number(text: str) -> float | TooLarge:
    value = float(text)
    return TooLarge(text) if math.isinf(value) and "inf" not in text else value


def _quoted(text: str, quote: str = "'") -> str:
    """Return a piece of the file for a message: on one line, and short."""
    text = "".join(c if c.isprintable() else "?" for c in text)
    return quote + (text if len(text) <= 40 else f"{text[:37]}...") + quote
