"""Keys of the tables in a scenario file.

They are read from the signatures of classes and methods.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, get_args, get_origin

from numpy.typing import ArrayLike

from neurosim import models, network
from neurosim.experiments.toml.figures import FIGURES
from neurosim.experiments.toml.findings import FINDINGS
from neurosim.models.declare import UNDECLARED, Parameter, options_of, parameters_of
from neurosim.models.distributions import Distribution
from neurosim.models.neuron import Neuron
from neurosim.models.profiles import Profile
from neurosim.models.registry import Part, kinds_of
from neurosim.utils.checks import suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ARGUMENTS = {
    name: dataclasses.replace(UNDECLARED, unit=unit, help=help)
    for name, unit, help in (
        ("size", "", "number of neurons, at least 1"),
        ("v_init", "mV", "membrane potentials at time 0"),
        ("psp", "mV", "peak of the postsynaptic potential"),
        ("weight", "mV or pA", "weight in the unit of the synapse"),
        ("delay", "ms", "transmission delay"),
        ("compartment", "", "compartment of the neuron, such as dendrite"),
        ("dendritic_delay", "ms", "dendritic part of the delay of plastic synapses"),
        ("amount", "", "change of the signal by each spike"),
        ("name", "", "name of an input in results"),
        ("variable", "", "recorded variable"),
        ("ids", "", "indices of neurons"),
        ("interval", "ms", "time between samples"),
    )
}
"""Declarations of the arguments of the methods of `Network`."""


@dataclass(frozen=True)
class Field:
    """A key of a table.

    Attributes
    ----------
    name : str
    hint : object
        Annotated type of the value.
    required : bool
    declared : Parameter
        Unit, range and meaning.
    """

    name: str
    hint: Any
    required: bool
    declared: Parameter

    @property
    def each(self) -> bool:
        """Whether the value is a list of parts."""
        lists = [hint for hint in (self.hint, *get_args(self.hint)) if get_origin(hint) is tuple]
        return bool(lists and self.parts)

    @property
    def parts(self) -> dict[str, type]:
        """Possible parts; for Any, distributions and profiles."""
        if Any not in _members(self.hint):
            return self._kinds
        return self._kinds or {**kinds_of(Distribution), **kinds_of(Profile)}

    @property
    def named(self) -> bool:
        """Whether a string is the name of a part."""
        return bool(self._kinds) and float not in _members(self.hint)

    @property
    def _kinds(self) -> dict[str, type]:
        """Classes that the type annotation of the key allows, by name."""
        classes = tuple(member for member in _members(self.hint) if isinstance(member, type))
        return {name: kind for name, kind in named_parts().items() if issubclass(kind, classes)}

    @property
    def by_name(self) -> bool:
        """Whether the value is a table of values by name."""
        return any(get_origin(member) is Mapping for member in _members(self.hint))

    @property
    def kind(self) -> Any:
        """Type of a single value: float, int, bool or a Literal; None for anything else."""
        members = _members(self.hint)
        if float in members or Any in members:
            return float
        single = [m for m in members if m in (int, bool) or get_origin(m) is typing.Literal]
        return single[0] if len(single) == 1 else None


def field_of(name: str, hint: Any, help: str, *, required: bool = False) -> Field:
    """Return a key that does not belong to a signature."""
    return Field(name, hint, required, dataclasses.replace(UNDECLARED, help=help))


def named_parts() -> dict[str, type]:
    """Return all parts by the name of their type."""
    return {**kinds_of(Part), **FINDINGS, **FIGURES}


@cache
def fields_of(function: Callable[..., Any]) -> Mapping[str, Field]:
    """Return the keys of a table with the arguments of a class or method."""
    parts = {**vars(models), **vars(network)}
    known = {**parts, "ArrayLike": ArrayLike, "Mapping": Mapping, **FINDINGS, **FIGURES}
    hints = typing.get_type_hints(function, localns=known)
    declared = parameters_of(function) if isinstance(function, type) else ARGUMENTS
    if isinstance(function, type) and issubclass(function, Neuron):
        # Every parameter but a flag may differ between neurons, whatever its annotation.
        hints |= {name: Any for name in declared if hints[name] is not bool}
        declared = {**declared, **options_of(function)}
    fields = {}
    for name, argument in inspect.signature(function).parameters.items():
        if name in hints:
            required = argument.default is argument.empty
            fields[name] = Field(name, hints[name], required, declared.get(name, UNDECLARED))
    return fields


def unknown(subject: str, word: object, known: Iterable[str]) -> str:
    """Return the message for an unknown name, with the most similar known one."""
    return f"{subject} is unknown: {suggest(word, known)}"


def _members(hint: Any) -> list[Any]:
    """Return the types in a union or tuple."""
    if get_origin(hint) in (typing.Union, types.UnionType):
        return [member for part in get_args(hint) for member in _members(part)]
    if get_origin(hint) is tuple:
        return [member for part in get_args(hint) for member in _members(part)]
    return [hint]
