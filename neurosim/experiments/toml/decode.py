"""From tables to parts, with what is wrong told by file and line."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_origin

from neurosim.errors import NeurosimError
from neurosim.experiments.settings import nearest
from neurosim.experiments.toml.schema import Field, fields_of, unknown
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from neurosim.experiments.toml.document import Document, Place

MOST_TOLD = 10
"""Mistakes told at a time."""
MOST_NOTED = 50
"""Mistakes after which a file is read no further."""

_PLAIN = re.compile(r"[\w +-]{1,64}")


class InvalidPart(Exception):  # noqa: N818 - no error but a way out, caught by `Decoder.attempt`
    """A part cannot be made; what is wrong with it has been noted."""


class TooManyErrors(Exception):  # noqa: N818 - as above, for `describe`
    """There are too many mistakes to look for more."""


class Decoder:
    """Makes parts of tables, and notes all mistakes instead of stopping at the first.

    Parameters
    ----------
    document : Document

    Attributes
    ----------
    settable : dict
        Field and value of every number that the file states, by its place.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.settable: dict[Place, tuple[Field, Any]] = {}
        self._mistakes: list[tuple[int, str]] = []

    def note(self, place: Place, sentence: str) -> None:
        """Keep a mistake."""
        self._mistakes.append((self.document.line(place), sentence))
        if len(self._mistakes) == MOST_NOTED:
            raise TooManyErrors

    def conclude(self) -> None:
        """Refuse the file if there were mistakes.

        Raises
        ------
        NeurosimError
            With a line for each, in the order of the file.
        """
        if not self._mistakes:
            return
        found = list(dict.fromkeys(sorted(self._mistakes)))
        lines = [f"{self.document.name}:{line}: {said}" for line, said in found[:MOST_TOLD]]
        if len(found) > MOST_TOLD:
            least = "at least " if len(self._mistakes) == MOST_NOTED else ""
            lines[-1] += f" (and {least}{len(found) - MOST_TOLD} more mistakes)"
        raise NeurosimError("\n".join(lines))

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Go on after the block where it could not be done."""
        with suppress(InvalidPart):
            yield

    @contextmanager
    def blaming(self, place: Place, table: Any, otherwise: tuple[str, ...] = ()) -> Iterator[None]:
        """Note what a part says against its arguments at the line of the key that it means.

        Parameters
        ----------
        place : tuple
        table : dict
            The table at that place.
        otherwise : tuple of str
            Keys, one of which is meant where the sentence names none.
        """
        try:
            yield
        except NeurosimError as error:
            # Python's True and False are written small in TOML.
            said = re.sub(r"=?\b(True|False)\b", _small, str(error))
            self.note((*place, *_error_path(table, said, otherwise)), said)
            raise InvalidPart from None

    def is_table(self, value: Any, place: Place, form: str) -> bool:
        """Whether a value is a table; noted where it is not. `form` says how to write it."""
        if not isinstance(value, dict):
            self.note(place, f"{dotted(place)} = {show(value)} is no table: write {form}")
        return isinstance(value, dict)

    def arguments(
        self, table: Mapping[str, Any], place: Place, fields: Mapping[str, Field]
    ) -> dict[str, Any]:
        """Return what a table gives for each field.

        Raises
        ------
        InvalidPart
            Where a key is unknown or missing, or its value no part.
        """
        found: dict[str, Any] = {}
        meant = set(table)
        refused = False
        for key, value in table.items():
            try:
                if key not in fields:
                    meant.add(nearest(key, fields) or key)
                    what = f"{show(key)} in {dotted(place)}"
                    self.note((*place, key), unknown(what, key, fields))
                    raise InvalidPart
                found[key] = self.value(value, (*place, key), fields[key])
            except InvalidPart:
                refused = True
        for field in fields.values():
            if field.required and field.name not in meant:
                self.note(place, _missing(place, field))
                refused = True
        if refused:
            raise InvalidPart
        return found

    def value(self, value: Any, place: Place, field: Field) -> Any:
        """Return what the value of a key stands for."""
        if field.each and isinstance(value, list):
            return tuple(
                self.part(item, (*place, number), field.parts) for number, item in enumerate(value)
            )
        if field.each:
            self.note(place, f"{field.name} = {show(value)} is no list: write it in [ ]")
            raise InvalidPart
        if field.by_name and isinstance(value, dict):
            anything = replace(field, hint=Any)
            return {key: self.value(item, (*place, key), anything) for key, item in value.items()}
        if isinstance(value, dict) or (isinstance(value, str) and field.named):
            return self.part(value, place, field.parts)
        choice = isinstance(value, str) and get_origin(field.kind) is Literal
        if isinstance(value, (int, float)) or choice:
            self.settable[place] = field, value
        return value

    def part(self, value: Any, place: Place, parts: Mapping[str, type]) -> Any:
        """Return the part that a name, or a table with type and fields, stands for."""
        kind, table = (value.get("type"), value) if isinstance(value, dict) else (value, {})
        what = dotted(place)
        if not parts:
            self.note(place, f"{what} is a table, and no table can stand there: give its value")
        elif kind is None:
            self.note(place, f'{what} has no type: write {{type = "{next(iter(parts))}", …}}')
        elif kind not in parts if isinstance(kind, str) else True:
            at = (*place, "type") if table else place
            self.note(at, unknown(f"{what} = {show(kind)}", kind, parts))
        else:
            own = {key: item for key, item in table.items() if key != "type"}
            arguments = self.arguments(own, place, fields_of(parts[kind]))
            with self.blaming(place, own):
                if paths := getattr(parts[kind], "paths", ()):
                    return self._edges(parts[kind], arguments, paths)
                return parts[kind](**arguments)
        raise InvalidPart

    def _edges(self, kind: type, arguments: dict[str, Any], names: tuple[str, ...]) -> Any:
        """Return a list of edges in a file beside the scenario file; None where it is not at hand.

        Raises
        ------
        NeurosimError
            Where a path leads out of the folder of the scenario file.
        """
        if self.document.folder is None:
            return None
        folder = os.path.realpath(self.document.folder)
        paths = {}
        for name in names:
            given = arguments.get(name)
            if not isinstance(given, str) or "\0" in given:
                continue  # refused by the part itself
            whole = os.path.realpath(os.path.join(folder, given))
            if os.path.isabs(given) or not Path(whole).is_relative_to(folder):
                raise NeurosimError(
                    f"{name} = {show(given)} leads out of the folder of the scenario file: put "
                    "the file there and give its name"
                )
            paths[name] = whole
        return kind(**arguments | paths)


def _small(word: re.Match[str]) -> str:
    return word[0].lower().replace("=", " = ")


def dotted(place: Place) -> str:
    """Return a place as it is written on the command line, odd keys in quotes and cut short."""
    return ".".join(key if _PLAIN.fullmatch(key) else show(key) for key in map(str, place))


def _missing(place: Place, field: Field) -> str:
    what, meaning = dotted(place) or "the file", field.declared.describe()
    if field.named:
        return f'{what} has no {field.name}: write {field.name} = "{next(iter(field.parts))}", say'
    return f"{what} has no {field.name}" + (f" ({meaning})" if meaning else "") + ": add it"


def _error_path(table: Any, said: str, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    """Return the key, or the way to the key, that a sentence speaks of; () where it names none."""
    if not isinstance(table, dict):
        return ()
    for key, value in table.items():  # "FixedProbability.p = 10": a field of a part
        if isinstance(value, dict) and isinstance(value.get("type"), str):
            for inner in value:
                if f"{value['type']}.{inner} " in said:
                    return key, inner
    named = {key: re.search(rf"\b{re.escape(key)}\b", said, re.IGNORECASE) for key in table}
    places = {key: found.start() for key, found in named.items() if found}
    if places:
        return (min(places, key=places.__getitem__),)
    for key, value in table.items():
        if isinstance(value, str) and show(value) in said:
            return (key,)
    return next(((key,) for key in otherwise if key in table), ())
