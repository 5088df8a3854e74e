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
"""Deepest nesting of tables and lists, and longest dotted key: parsers are recursive."""
MAX_KEYS = 30_000
"""Largest number of keys, tables and nested lists."""

MAX_DIGITS = 400
"""Largest number of characters in a number: the parser uses a hundred bytes for each."""

# Possessive quantifiers bound time and memory. They repeat single characters only, because Python
# before 3.11.5 matches possessive groups incorrectly.
_BARE = re.compile(r"[A-Za-z0-9_-]++")
_BLANKS = re.compile(r"[ \t]*+")
_GAP = re.compile(r"[\s,]*+")
_PLAIN = re.compile(r"[^\"'#\[\]{}]*+")
_SCALAR = re.compile(r"[^,\]}\n#]*+")
_LONG = re.compile(rf"[^\s,]{{{MAX_DIGITS + 1}}}")
_LINE = re.compile(r"[^\n]*+")

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
        self.depth = 0

    def document(self) -> None:
        """Scan all tables and statements."""
        table: KeyPath = ()
        while self._gaps():
            if self._at("["):
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
        line = self.line
        keys = self._key()
        for number in range(1, len(keys) + 1):
            self._enter((*table, *keys[:number]), line)
        self._expect("=")
        self._skip(_BLANKS)
        self._value((*table, *keys))

    def _key(self) -> KeyPath:
        """Scan a dotted key."""
        keys: list[str] = []
        while True:
            self._skip(_BLANKS)
            start = self.pos
            quoted = self._at('"') or self._at("'")
            if quoted:
                self._string()
            else:
                self._match(_BARE)
            part = self.text[start : self.pos]
            keys.append(_unquoted(part) if quoted else part)
            self._check_depth(len(keys))
            self._skip(_BLANKS)
            if not self._at("."):
                return tuple(keys)
            self.pos += 1

    def _value(self, path: KeyPath) -> None:
        start = self.pos
        if self._at("["):
            self._list(path)
        elif self._at("{"):
            self._inline_table(path)
        elif self._at('"') or self._at("'"):
            self._string()
        else:
            self._match(_SCALAR)
            self._check_length(start)

    def _list(self, path: KeyPath) -> None:
        self._check_depth(self.depth + 1)
        self.depth += 1
        self.pos += 1
        index = 0
        while not self._at("]"):
            start = self.pos
            self._skip(_PLAIN)
            self._check_length(start)
            index += self.text.count(",", start, self.pos)
            if self._at("["):
                self._enter((*path, index), self.line)
                self._list((*path, index))
            elif self._at("{"):
                self._enter((*path, index), self.line)
                self._inline_table((*path, index))
            elif self._at("#"):
                self._skip(_LINE)
            elif not self._at("]"):
                self._string()
        self.depth -= 1
        self.pos += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._check_depth(self.depth + 1)
        self.depth += 1
        self.pos += 1
        while self._gaps() and not self._at("}"):
            self._pair(path)
        self.depth -= 1
        self._expect("}")

    def _string(self) -> None:
        """Scan a string with its quotes."""
        start = self.pos
        quote = self.text[start : start + 1]
        if quote * 3 == self.text[start : start + 3]:
            quote *= 3
        if quote not in _STRING_ENDS:
            raise _SyntaxError
        end, found = start + len(quote), "\\"
        while found.startswith("\\"):
            match = _STRING_ENDS[quote].search(self.text, end)
            if match is None or match[0] == "\n":
                raise _SyntaxError
            end, found = match.end(), match[0]
        self.line += self.text.count("\n", start, end)
        self.pos = end

    def _gaps(self) -> bool:
        """Skip whitespace, commas and comments; return whether anything follows."""
        self._skip(_GAP)
        while self._at("#"):
            self._skip(_LINE)
            self._skip(_GAP)
        return self.pos < len(self.text)

    def _at(self, mark: str) -> bool:
        return self.text.startswith(mark, self.pos)

    def _expect(self, mark: str) -> None:
        if not self._at(mark):
            raise _SyntaxError
        self.pos += len(mark)

    def _match(self, pattern: re.Pattern[str]) -> None:
        """Skip text that matches a pattern; raise an error if there is none."""
        start = self.pos
        self._skip(pattern)
        if self.pos == start:
            raise _SyntaxError

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        """Skip a match, if any; return whether anything follows."""
        found = pattern.match(self.text, self.pos)
        if found:
            self.line += self.text.count("\n", self.pos, found.end())
            self.pos = found.end()
        return self.pos < len(self.text)

    def _enter(self, path: KeyPath, line: int) -> None:
        self.lines.setdefault(path, line)
        if len(self.lines) > MAX_KEYS:
            raise NeurosimError(
                f"{self.name}:{line}: the file has more than {MAX_KEYS:,} keys and tables: "
                "describe populations instead of single neurons"
            )

    def _check_length(self, start: int) -> None:
        """Raise an error for numbers with more than `MAX_DIGITS` characters since `start`."""
        if _LONG.search(self.text, start, self.pos):
            raise NeurosimError(
                f"{self.name}:{self.line}: a number has more than {MAX_DIGITS} characters: check "
                "its unit"
            )

    def _check_depth(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise NeurosimError(
                f"{self.name}:{self.line}: tables or lists are nested more than {MAX_DEPTH} deep: "
                "no scenario needs this"
            )


def _unquoted(key: str) -> str:
    """Return a quoted key with its escapes resolved."""
    import tomllib

    try:
        return next(iter(tomllib.loads(f"{key} = 0")))
    except tomllib.TOMLDecodeError:
        raise _SyntaxError from None
