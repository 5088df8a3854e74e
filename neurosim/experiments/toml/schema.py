"""What may stand in a table, read off the class or method that takes it: nothing is said twice."""

from __future__ import annotations

import dataclasses
import inspect
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, get_args, get_origin

from numpy.typing import ArrayLike

from neurosim import models, network
from neurosim.experiments.settings import nearest
from neurosim.experiments.toml.figures import FIGURES
from neurosim.experiments.toml.findings import FINDINGS
from neurosim.models.declare import Parameter, parameters_of
from neurosim.models.distributions import Distribution
from neurosim.models.lif import Neuron
from neurosim.models.profiles import Profile
from neurosim.models.registry import Part, kinds_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

UNDECLARED = Parameter("", -math.inf, math.inf, "")
ARGUMENTS = {
    name: dataclasses.replace(UNDECLARED, unit=unit, help=help)
    for name, unit, help in (
        ("size", "", "number of neurons, at least 1"),
        ("v_init", "mV", "potentials at time 0"),
        ("psp", "mV", "peak of the postsynaptic potential"),
        ("weight", "mV or pA", "strength in the unit of the synapse"),
        ("delay", "ms", "time from a spike to its arrival"),
        ("variable", "", "what is recorded"),
        ("ids", "", "indices of neurons"),
        ("interval", "ms", "time between samples"),
    )
}
"""Declarations of the arguments of the methods of `Network`."""

MOST_LISTED = 12
"""Names in a sentence."""


@dataclass(frozen=True)
class Field:
    """A key that a table may have.

    Attributes
    ----------
    name : str
    hint : object
        Type of its value, as annotated.
    required : bool
    declared : Parameter
        With unit and meaning.
    """

    name: str
    hint: Any
    required: bool
    declared: Parameter

    @property
    def each(self) -> bool:
        """Whether it holds a list of parts."""
        lists = [hint for hint in (self.hint, *get_args(self.hint)) if get_origin(hint) is tuple]
        return bool(lists and self.parts)

    @property
    def parts(self) -> dict[str, type]:
        """Parts that may stand there; where anything may, distributions and profiles."""
        if Any not in _members(self.hint):
            return self._kinds
        return self._kinds or {**kinds_of(Distribution), **kinds_of(Profile)}

    @property
    def named(self) -> bool:
        """Whether a text stands for the part of that name."""
        return bool(self._kinds) and float not in _members(self.hint)

    @property
    def _kinds(self) -> dict[str, type]:
        """Parts that the annotation names."""
        classes = tuple(member for member in _members(self.hint) if isinstance(member, type))
        return {name: kind for name, kind in named_parts().items() if issubclass(kind, classes)}

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


def field_of(name: str, hint: Any, help: str, *, required: bool = False) -> Field:
    """Return a key that no class or method declares."""
    return Field(name, hint, required, dataclasses.replace(UNDECLARED, help=help))


def named_parts() -> dict[str, type]:
    """Return all parts that a file can name by their type."""
    return {**kinds_of(Part), **FINDINGS, **FIGURES}


@cache
def fields_of(taker: Callable[..., Any]) -> Mapping[str, Field]:
    """Return the keys of the table that stands for the arguments of a class or method."""
    parts = {**vars(models), **vars(network)}
    known = {**parts, "ArrayLike": ArrayLike, "Mapping": Mapping, **FINDINGS, **FIGURES}
    hints = typing.get_type_hints(taker, localns=known)
    declared = parameters_of(taker) if isinstance(taker, type) else ARGUMENTS
    if isinstance(taker, type) and issubclass(taker, Neuron):
        # Neurons may differ in every parameter, however it is annotated.
        hints |= dict.fromkeys(declared, Any)
    fields = {}
    for name, argument in inspect.signature(taker).parameters.items():
        if name in hints:
            required = argument.default is argument.empty
            fields[name] = Field(name, hints[name], required, declared.get(name, UNDECLARED))
    return fields


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
