"""Find the line of each key in a TOML file, and limit its nesting.

`tomllib` reports lines for syntax errors only, and no maintained library reports those of keys.
This scanner distinguishes strings, comments and brackets; it does not interpret values.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from neurosim.errors import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Mapping

KeyPath = tuple[str | int, ...]
"""Keys and list indices that lead to a value."""
MAX_DEPTH = 16
"""Largest number of keys and list indices that lead to a value: parsers are recursive."""
MAX_KEYS = 30_000
"""Largest number of keys, tables and nested lists."""

MAX_DIGITS = 400
"""Largest number of characters in a number: the parser uses a hundred bytes for each."""

# Possessive quantifiers bound time and memory. They repeat single characters only, because Python
# before 3.11.5 matches possessive groups incorrectly.
_BARE = re.compile(r"[A-Za-z0-9_-]++")
_DOT = re.compile(r"[ \t]*+\.?[ \t]*+")
_BLANKS = re.compile(r"[ \t]*+")
_EQUALS = re.compile(r"=[ \t]*+")
_GAP = re.compile(r"[\s,]*+")
_PLAIN = re.compile(r"[^\"'#\[\]{}]*+")
_SCALAR = re.compile(r"[^,\]}\n#]++")
_LONG = re.compile(rf"[^\s,]{{{MAX_DIGITS + 1}}}")
_LINE = re.compile(r"[^\n]*+")
_CLOSE = re.compile(r"}")

_QUOTES = ('"', "'")
_STRING_ENDS = {
    '"': re.compile(r'\\.|["\n]', re.DOTALL),
    "'": re.compile(r"['\n]"),
    '"""': re.compile(r'\\.|"{3,5}', re.DOTALL),
    "'''": re.compile(r"'{3,5}"),
}
"""Possible ends of a string by its opening quote; escaped characters are skipped."""


class _SyntaxError(Exception):
    """The text is not valid TOML; the parser will report it."""


def key_lines(text: str, name: str) -> Mapping[KeyPath, int]:
    """Return the line of every key.

    Parameters
    ----------
    text : str
        Content of a TOML file. Lines are correct up to the first syntax error.
    name : str
        Name of the file, for messages.

    Raises
    ------
    NeurosimError
        If the nesting exceeds `MAX_DEPTH`, or there are more than `MAX_KEYS` keys.
    """
    scan = _Scan(text, name)
    with suppress(_SyntaxError):
        scan.document()
    return scan.lines


class _Scan:
    """Scan a text once; `pos` is the current offset, and `line` its line."""

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name
        self.pos, self.line = 0, 1
        self.lines: dict[KeyPath, int] = {}
        self.counts: dict[KeyPath, int] = {}

    @property
    def _next(self) -> str:
        """The next character, or an empty string at the end."""
        return self.text[self.pos : self.pos + 1]

    def document(self) -> None:
        """Scan all tables and statements."""
        table: KeyPath = ()
        while self._gaps():
            if self._next == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> KeyPath:
        """Scan [table] or [[table]] and return its path."""
        double = self.text.startswith("[[", self.pos)
        self.pos += 1 + double
        line, keys = self.line, self._key()
        path: KeyPath = ()
        for number, key in enumerate(keys, 1):
            path = (*path, key)
            self._enter(path, line)
            if double and number == len(keys):
                self.counts[path] = self.counts.get(path, 0) + 1
            if path in self.counts:  # an array of tables: the last one
                path = (*path, self.counts[path] - 1)
                self._enter(path, line)
        self._skip(_LINE)
        return path

    def _pair(self, table: KeyPath) -> None:
        """Scan key = value."""
        line, path = self.line, table
        for key in self._key():
            path = (*path, key)
            self._enter(path, line)
        self._skip(_EQUALS)
        self._value(path)

    def _key(self) -> list[str]:
        """Scan a dotted key."""
        keys: list[str] = []
        self._skip(_BLANKS)
        while True:
            quoted = self._next in _QUOTES
            keys.append(_unquoted(self._string()) if quoted else self._skip(_BARE))
            if "." not in self._skip(_DOT):
                return keys

    def _value(self, path: KeyPath) -> None:
        """Scan a list, an inline table, a string or another value."""
        if self._next == "[":
            self._list(path)
        elif self._next == "{":
            self._inline_table(path)
        elif self._next in _QUOTES:
            self._string()
        else:
            self._check_length(self._skip(_SCALAR))

    def _list(self, path: KeyPath) -> None:
        self.pos += 1
        index = 0
        while self._next != "]":
            plain = self._skip(_PLAIN)
            self._check_length(plain)
            index += plain.count(",")
            if self._next == "#":
                self._skip(_LINE)
            elif self._next != "]":
                if self._next not in _QUOTES:
                    self._enter((*path, index), self.line)
                self._value((*path, index))
        self.pos += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.pos += 1
        while self._gaps() and self._next != "}":
            self._pair(path)
        self._skip(_CLOSE)

    def _string(self) -> str:
        """Scan a string and return it with its quotes."""
        start = self.pos
        quote = self._next
        if quote * 3 == self.text[start : start + 3]:
            quote *= 3
        end, found = start + len(quote), "\\"
        while found.startswith("\\"):
            match = _STRING_ENDS[quote].search(self.text, end)
            if match is None or match[0] == "\n":
                raise _SyntaxError
            end, found = match.end(), match[0]
        self.line += self.text.count("\n", start, end)
        self.pos = end
        return self.text[start:end]

    def _gaps(self) -> bool:
        """Skip whitespace, commas and comments; return whether anything follows."""
        self._skip(_GAP)
        while self._next == "#":
            self._skip(_LINE)
            self._skip(_GAP)
        return self.pos < len(self.text)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        """Skip text that matches a pattern, and return it."""
        match = pattern.match(self.text, self.pos)
        if not match:
            raise _SyntaxError
        self.line += match[0].count("\n")
        self.pos = match.end()
        return match[0]

    def _enter(self, path: KeyPath, line: int) -> None:
        """Store the line of a key, if it is new."""
        self.lines.setdefault(path, line)
        if len(self.lines) > MAX_KEYS:
            raise NeurosimError(
                f"{self.name}:{line}: the file has more than {MAX_KEYS:,} keys and tables: "
                "describe populations instead of single neurons"
            )
        if len(path) > MAX_DEPTH:
            raise NeurosimError(
                f"{self.name}:{line}: tables or lists are nested more than {MAX_DEPTH} deep: "
                "no scenario needs this"
            )

    def _check_length(self, numbers: str) -> None:
        """Raise an error for numbers with more than `MAX_DIGITS` characters."""
        if _LONG.search(numbers):
            raise NeurosimError(
                f"{self.name}:{self.line}: a number has more than {MAX_DIGITS} characters: check "
                "its unit"
            )


def _unquoted(key: str) -> str:
    """Return a quoted key with its escapes resolved."""
    import tomllib

    try:
        return next(iter(tomllib.loads(f"{key} = 0")))
    except tomllib.TOMLDecodeError:
        raise _SyntaxError from None
