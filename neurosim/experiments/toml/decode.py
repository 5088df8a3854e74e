"""Conversion of the tables of a scenario file to parts of a network.

Errors are collected with their line numbers.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, get_origin

from neurosim.errors import NeurosimError
from neurosim.experiments.toml.schema import Field, fields_of, unknown
from neurosim.utils.checks import nearest, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from neurosim.experiments.toml.document import Document
    from neurosim.experiments.toml.positions import KeyPath

MAX_SHOWN = 10
"""Largest number of errors in a message."""
MAX_ERRORS = 50
"""Number of errors after which reading stops."""

_PLAIN = re.compile(r"[\w +-]{1,64}")


class InvalidPart(Exception):  # noqa: N818 - control flow, suppressed by the reader of a part
    """A part is invalid; the error has been recorded."""


class TooManyErrors(Exception):  # noqa: N818 - control flow, caught by `describe`
    """There are `MAX_ERRORS` errors."""


class Decoder:
    """Convert tables to parts, and collect all errors.

    Decoding does not stop at the first error.

    Parameters
    ----------
    document : Document

    Attributes
    ----------
    settable : dict
        Field and value of every number in the file, by path.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.settable: dict[KeyPath, tuple[Field, Any]] = {}
        self._errors: list[tuple[int, str]] = []

    def record(self, path: KeyPath, message: str) -> None:
        """Record an error."""
        self._errors.append((self.document.line(path), message))
        if len(self._errors) == MAX_ERRORS:
            raise TooManyErrors

    def reject(self, path: KeyPath, message: str) -> NoReturn:
        """Record an error, and skip the part that contains it."""
        self.record(path, message)
        raise InvalidPart from None

    def raise_errors(self) -> None:
        """Raise the recorded errors, if there are any.

        Raises
        ------
        NeurosimError
            With one line for each error, in the order of the file.
        """
        if not self._errors:
            return
        found = list(dict.fromkeys(sorted(self._errors)))
        lines = [f"{self.document.name}:{line}: {message}" for line, message in found[:MAX_SHOWN]]
        if len(found) > MAX_SHOWN:
            least = "at least " if len(self._errors) == MAX_ERRORS else ""
            lines[-1] += f" (and {least}{len(found) - MAX_SHOWN} more errors)"
        raise NeurosimError("\n".join(lines))

    @contextmanager
    def errors_at(
        self, path: KeyPath, table: Any, fallback: tuple[str, ...] = ()
    ) -> Iterator[None]:
        """Record errors raised in the block at the line of the key that they mention.

        Parameters
        ----------
        path : tuple
        table : dict
            The table at this path.
        fallback : tuple of str
            Keys to use if the message mentions none.
        """
        try:
            yield
        except NeurosimError as error:
            # Python's True and False are lower case in TOML.
            message = re.sub(
                r"=?\b(True|False)\b", lambda m: m[0].lower().replace("=", " = "), str(error)
            )
            self.reject((*path, *_error_path(table, message, fallback)), message)

    def check_table(self, value: Any, path: KeyPath, syntax: str) -> None:
        """Record an error with the correct syntax if a value is not a table, and skip it."""
        if not isinstance(value, dict):
            self.reject(path, f"{dotted(path)} = {show(value)} must be a table: write {syntax}")

    def arguments(
        self, table: Mapping[str, Any], path: KeyPath, fields: Mapping[str, Field]
    ) -> dict[str, Any]:
        """Return the value of each field that a table contains.

        Raises
        ------
        InvalidPart
            If a key is unknown or missing, or a value is invalid.
        """
        found: dict[str, Any] = {}
        intended = set(table)
        valid = True
        for key, value in table.items():
            if key not in fields:
                intended.add(nearest(key, fields) or key)
                message = unknown(f"{show(key)} in {dotted(path)}", key, fields)
                self.record((*path, key), message)
                valid = False
                continue
            try:
                found[key] = self.value(value, (*path, key), fields[key])
            except InvalidPart:
                valid = False
        for field in fields.values():
            if field.required and field.name not in intended:
                self.record(path, _missing(path, field))
                valid = False
        if not valid:
            raise InvalidPart
        return found

    def value(self, value: Any, path: KeyPath, field: Field) -> Any:
        """Return the value of a key, with parts in place of tables and names."""
        if field.each:
            if not isinstance(value, list):
                self.reject(path, f"{field.name} = {show(value)} must be a list: write it in [ ]")
            return tuple(self.part(v, (*path, k), field.parts) for k, v in enumerate(value))
        if field.by_name and isinstance(value, dict):
            anything = replace(field, hint=Any)
            return {key: self.value(item, (*path, key), anything) for key, item in value.items()}
        if isinstance(value, dict) or (isinstance(value, str) and field.named):
            return self.part(value, path, field.parts)
        choice = isinstance(value, str) and get_origin(field.kind) is Literal
        if isinstance(value, (int, float)) or choice:
            self.settable[path] = field, value
        return value

    def part(self, value: Any, path: KeyPath, parts: Mapping[str, type]) -> Any:
        """Return the part described by a name, or by a table with `type` and fields."""
        kind, table = (value.get("type"), value) if isinstance(value, dict) else (value, {})
        name = dotted(path)
        if not parts:
            self.reject(path, f"{name} must be a value, not a table")
        if kind is None:
            self.reject(path, f'{name} has no type: write {{type = "{next(iter(parts))}", …}}')
        if not isinstance(kind, str) or kind not in parts:
            at = (*path, "type") if table else path
            self.reject(at, unknown(f"{name} = {show(kind)}", kind, parts))
        options = {key: item for key, item in table.items() if key != "type"}
        arguments = self.arguments(options, path, fields_of(parts[kind]))
        with self.errors_at(path, options):
            if names := getattr(parts[kind], "paths", ()):
                return self._edges(parts[kind], arguments, names)
            return parts[kind](**arguments)

    def _edges(self, kind: type, arguments: dict[str, Any], names: tuple[str, ...]) -> Any:
        """Return an edge list, or None if it is not available.

        Paths are relative to the scenario file.

        Raises
        ------
        NeurosimError
            If a path is outside the folder of the scenario file.
        """
        if self.document.folder is None:
            return None
        folder = os.path.realpath(self.document.folder)
        for name in names:
            given = arguments.get(name)
            if not isinstance(given, str) or "\0" in given:
                continue  # the part itself rejects it
            absolute = os.path.realpath(os.path.join(folder, given))
            if os.path.isabs(given) or not Path(absolute).is_relative_to(folder):
                raise NeurosimError(
                    f"{name} = {show(given)} is outside the folder of the scenario file: move the "
                    "file there and give its relative path"
                )
            arguments[name] = absolute
        return kind(**arguments)


def dotted(path: KeyPath) -> str:
    """Return a path as written on the command line.

    Unusual keys are quoted and shortened.
    """
    return ".".join(key if _PLAIN.fullmatch(key) else show(key) for key in map(str, path))


def _missing(path: KeyPath, field: Field) -> str:
    name, meaning = dotted(path) or "the file", field.declared.describe()
    if field.named:
        usual = "LIF" if "LIF" in field.parts else next(iter(field.parts))
        return f'{name} has no {field.name}: write {field.name} = "{usual}", for example'
    return f"{name} has no {field.name}" + (f" ({meaning})" if meaning else "") + ": add it"


def _error_path(table: Any, message: str, fallback: tuple[str, ...]) -> tuple[str, ...]:
    """Return the path of the key that a message mentions, relative to the table."""
    if not isinstance(table, dict):
        return ()
    for key, value in table.items():  # "FixedProbability.p = 10": a field of a part
        if isinstance(value, dict) and isinstance(value.get("type"), str):
            for inner in value:
                if f"{value['type']}.{inner} " in message:
                    return key, inner
    matches = {key: re.search(rf"\b{re.escape(key)}\b", message, re.IGNORECASE) for key in table}
    offsets = {key: match.start() for key, match in matches.items() if match}
    if offsets:
        return (min(offsets, key=offsets.__getitem__),)
    for key, value in table.items():
        if isinstance(value, str) and show(value) in message:
            return (key,)
    return next(((key,) for key in fallback if key in table), ())
