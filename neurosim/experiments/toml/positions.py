"""On which line of a TOML file each key stands, and that the file is not nested without bounds.

`tomllib` tells lines of syntax errors alone, and no library that is kept up tells those of keys.
What it takes is little: strings, comments and brackets have to be told apart, no value is read.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from neurosim.errors import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Mapping

    Path = tuple[str | int, ...]

DEEPEST = 16
"""Tables and lists within each other, and parts of a dotted key: a parser goes as deep as these."""
MOST_KEYS = 30_000
"""Keys and tables in a file, and lists in lists: each is looked up and checked."""

LONGEST_WORD = 400
"""Characters in a number: the parser takes a hundred bytes for each."""

# Repeats are possessive, so that no text takes long or much memory. Only single characters are
# repeated: Python before 3.11.5 matches possessive groups wrongly.
_BARE = re.compile(r"[A-Za-z0-9_-]++")
_BLANKS = re.compile(r"[ \t]*+")
_GAP = re.compile(r"[\s,]*+")
_PLAIN = re.compile(r"[^\"'#\[\]{}]*+")
_SCALAR = re.compile(r"[^,\]}\n#]*+")
_LONG = re.compile(rf"[^\s,]{{{LONGEST_WORD + 1}}}")
_LINE = re.compile(r"[^\n]*+")

_STRING_ENDS = {
    '"': re.compile(r'\\.|["\n]', re.DOTALL),
    "'": re.compile(r"['\n]"),
    '"""': re.compile(r'\\.|"{3,5}', re.DOTALL),
    "'''": re.compile(r"'{3,5}"),
}
"""By opening quote, what may end a string; an escaped character does not."""


class _SyntaxError(Exception):
    """What follows is no TOML: the parser tells it better."""


def key_lines(text: str, name: str) -> Mapping[Path, int]:
    """Return the line of every key, by the path of keys and places in lists that leads to it.

    Parameters
    ----------
    text : str
        Of a TOML file; up to its first syntax error, if it has one, the lines are right.
    name : str
        The file's, for messages.

    Raises
    ------
    NeurosimError
        For nesting beyond `DEEPEST`, and for more than `MOST_KEYS`.
    """
    scan = _Scan(text, name)
    with suppress(_SyntaxError):
        scan.document()
    return scan.lines


class _Scan:
    """Walks through a text once. `pos` is where it stands, `line` the line of that place."""

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name
        self.pos, self.line = 0, 1
        self.lines: dict[Path, int] = {}
        self.counts: dict[Path, int] = {}
        self.depth = 0

    def document(self) -> None:
        """Walk through tables and statements."""
        table: Path = ()
        while self._gaps():
            if self._at("["):
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Path:
        """Pass [table] or [[table]] and return the path of what follows."""
        double = self.text.startswith("[[", self.pos)
        self.pos += 1 + double
        line, keys = self.line, self._key()
        path: Path = ()
        for number, key in enumerate(keys, 1):
            path = (*path, key)
            self._enter(path, line)
            if double and number == len(keys):
                self.counts[path] = self.counts.get(path, 0) + 1
            if path in self.counts:  # an array of tables: its latest
                path = (*path, self.counts[path] - 1)
                self._enter(path, line)
        self._skip(_LINE)
        return path

    def _pair(self, table: Path) -> None:
        line = self.line
        keys = self._key()
        for number in range(1, len(keys) + 1):
            self._enter((*table, *keys[:number]), line)
        self._expect("=")
        self._skip(_BLANKS)
        self._value((*table, *keys))

    def _key(self) -> Path:
        """Pass a dotted key."""
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
            self._deep(len(keys))
            self._skip(_BLANKS)
            if not self._at("."):
                return tuple(keys)
            self.pos += 1

    def _value(self, path: Path) -> None:
        start = self.pos
        if self._at("["):
            self._list(path)
        elif self._at("{"):
            self._inline_table(path)
        elif self._at('"') or self._at("'"):
            self._string()
        else:
            self._match(_SCALAR)
            self._short(start)

    def _list(self, path: Path) -> None:
        self._deep(self.depth + 1)
        self.depth += 1
        self.pos += 1
        place = 0
        while not self._at("]"):
            start = self.pos
            self._skip(_PLAIN)
            self._short(start)
            place += self.text.count(",", start, self.pos)
            if self._at("["):
                self._enter((*path, place), self.line)
                self._list((*path, place))
            elif self._at("{"):
                self._enter((*path, place), self.line)
                self._inline_table((*path, place))
            elif self._at("#"):
                self._skip(_LINE)
            elif not self._at("]"):
                self._string()
        self.depth -= 1
        self.pos += 1

    def _inline_table(self, path: Path) -> None:
        self._deep(self.depth + 1)
        self.depth += 1
        self.pos += 1
        while self._gaps() and not self._at("}"):
            self._pair(path)
        self.depth -= 1
        self._expect("}")

    def _string(self) -> None:
        """Pass a string with its quotes."""
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
        """Pass blanks, commas, line ends and comments; return whether something follows."""
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
        """Pass what matches, which must be something."""
        start = self.pos
        self._skip(pattern)
        if self.pos == start:
            raise _SyntaxError

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        """Pass what matches, if anything; tell whether something follows."""
        found = pattern.match(self.text, self.pos)
        if found:
            self.line += self.text.count("\n", self.pos, found.end())
            self.pos = found.end()
        return self.pos < len(self.text)

    def _enter(self, path: Path, line: int) -> None:
        self.lines.setdefault(path, line)
        if len(self.lines) > MOST_KEYS:
            raise NeurosimError(
                f"{self.name}:{line}: the file has more than {MOST_KEYS:,} keys and tables: "
                "describe populations instead of single neurons"
            )

    def _short(self, start: int) -> None:
        """Refuse numbers of more than `LONGEST_WORD` characters between `start` and here."""
        if _LONG.search(self.text, start, self.pos):
            raise NeurosimError(
                f"{self.name}:{self.line}: a number has more than {LONGEST_WORD} characters: check "
                "its unit"
            )

    def _deep(self, depth: int) -> None:
        if depth > DEEPEST:
            raise NeurosimError(
                f"{self.name}:{self.line}: tables or lists lie more than {DEEPEST} deep in each "
                "other: no part of a scenario needs that"
            )


def _unquoted(key: str) -> str:
    """Return a quoted key as it is meant, escapes resolved."""
    import tomllib

    try:
        return next(iter(tomllib.loads(f"{key} = 0")))
    except tomllib.TOMLDecodeError:
        raise _SyntaxError from None
