"""What may stand in a table, read off the class or method that takes it: nothing is said twice."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, get_args, get_origin

from numpy.typing import ArrayLike

from neurosim import network
from neurosim.network.catalogue import DISTRIBUTIONS, PARTS
from neurosim.scenario_file.figures import FIGURES
from neurosim.scenario_file.findings import FINDINGS
from neurosim.settings import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NAMED: Mapping[str, type] = {**PARTS, **FINDINGS, **FIGURES}
"""All parts that a file can name by their type."""

ANNOTATED = {**vars(network), "ArrayLike": ArrayLike, "Mapping": Mapping, **NAMED}
"""Names in annotations that only type checkers import."""

MOST_LISTED = 12
"""Names in a sentence."""

_UNIT = re.compile(r"(?:^|\()((?:ms|mV|pA|pF|nS|Hz)(?: or (?:mV|pA))?)\b")


@dataclass(frozen=True)
class Field:
    """A key that a table may have.

    Attributes
    ----------
    name : str
    hint : object
        Type of its value, as annotated.
    required : bool
    help : str
        What its docstring says.
    """

    name: str
    hint: Any
    required: bool
    help: str

    @property
    def unit(self) -> str:
        """Unit of its value; empty where it has none."""
        found = _UNIT.search(self.help)
        return found[1] if found else ""

    @property
    def each(self) -> bool:
        """Whether it holds a list of parts."""
        lists = [hint for hint in (self.hint, *get_args(self.hint)) if get_origin(hint) is tuple]
        return bool(lists and self.parts)

    @property
    def parts(self) -> dict[str, type]:
        """Parts that may stand there; where anything may, distributions."""
        return self._kinds or (dict(DISTRIBUTIONS) if Any in _members(self.hint) else {})

    @property
    def named(self) -> bool:
        """Whether a text stands for the part of that name."""
        return bool(self._kinds) and float not in _members(self.hint)

    @property
    def _kinds(self) -> dict[str, type]:
        """Parts that the annotation names."""
        classes = tuple(member for member in _members(self.hint) if isinstance(member, type))
        return {name: kind for name, kind in NAMED.items() if issubclass(kind, classes)}

    @property
    def by_name(self) -> bool:
        """Whether it holds a table of values by name."""
        return any(get_origin(member) is Mapping for member in _members(self.hint))

    @property
    def kind(self) -> Any:
        """What a single value is to be: float, int, bool, a Literal; None for anything else."""
        members = _members(self.hint)
        if float in members or Any in members:
            return float
        single = [m for m in members if m in (int, bool) or get_origin(m) is typing.Literal]
        return single[0] if len(single) == 1 else None


@cache
def fields_of(taker: Callable[..., Any]) -> Mapping[str, Field]:
    """Return the keys of the table that stands for the arguments of a class or method."""
    hints = typing.get_type_hints(taker, localns=ANNOTATED)
    help_: dict[str, str] = {}
    for said in reversed(getattr(taker, "__mro__", (taker,))):
        help_ |= documented(inspect.cleandoc(said.__doc__ or ""))
    return {
        name: Field(name, hints[name], parameter.default is parameter.empty, help_.get(name, ""))
        for name, parameter in inspect.signature(taker).parameters.items()
        if name in hints
    }


def documented(docstring: str) -> dict[str, str]:
    """Return what a docstring in numpy style says of each parameter."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?:\n\n\S|\Z)", docstring, re.DOTALL | re.MULTILINE)
    said: dict[str, str] = {}
    names: list[str] = []
    for line in section[1].splitlines() if section else ():
        if line and not line[0].isspace():
            names = [name.strip() for name in line.partition(" : ")[0].split(",")]
            said |= dict.fromkeys(names, "")
        else:
            said |= {name: f"{said[name]} {line.strip()}".strip() for name in names}
    return said


def unknown(what: str, word: object, known: Iterable[str]) -> str:
    """Return the sentence that refuses a name, with the one that was probably meant."""
    known = list(known)
    near = nearest(str(word), known)
    if near:
        return f"{what} is unknown: did you mean {near}?"
    more = ", …" if len(known) > MOST_LISTED else ""
    return f"{what} is unknown: there are {', '.join(known[:MOST_LISTED]) or 'none'}{more}"


def _members(hint: Any) -> list[Any]:
    """Return the types that a hint allows, one by one."""
    if get_origin(hint) in (typing.Union, types.UnionType):
        return [member for part in get_args(hint) for member in _members(part)]
    if get_origin(hint) is tuple:
        return [member for part in get_args(hint) for member in _members(part)]
    return [hint]
