"""Base class and registry of the classes that describe a network."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import numpy as np

from neurosim.network.checks import check_number
from neurosim.network.declare import parameters_of


class Part:
    """Base class of neurons, synapses, plasticity and connection rules, inputs, distributions.

    A part is a frozen dataclass. Its fields that are declared by `neurosim.parameter` are checked
    when it is made. A class is registered when it is defined; one that is only a base of others is
    defined with ``abstract=True``. Parts of one class with equal fields are equal.
    """

    registry: ClassVar[dict[str, type[Part]]] = {}
    """Classes that this process has defined, by "module:qualified name"."""
    check_value: ClassVar[Any] = staticmethod(check_number)
    """Checks a parameter whose declaration has no check: (value, name, unit, low, high)."""

    def __init_subclass__(cls, *, abstract: bool = False, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not abstract:
            Part.registry[address_of(cls)] = cls

    def __post_init__(self) -> None:
        for name, declared in parameters_of(type(self)).items():
            check = declared.check or self.check_value
            what = f"{type(self).__name__}.{name}"
            value = check(getattr(self, name), what, declared.unit, declared.low, declared.high)
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        pairs = zip(_compared(self), _compared(other), strict=True)
        return all(_equal(own, given) for own, given in pairs)

    def __hash__(self) -> int:
        return hash((type(self), *map(_hashable, _compared(self))))


def kinds_of(base: type[Part]) -> dict[str, type[Part]]:
    """Return the classes that are derived from `base` by name; neurosim's own come first."""
    found = [kind for kind in Part.registry.values() if issubclass(kind, base)]
    ordered = sorted(found, key=lambda kind: not is_own(kind))
    return {kind.__name__: kind for kind in reversed(ordered)} | {k.__name__: k for k in ordered}


def is_own(kind: type) -> bool:
    """Whether a class belongs to neurosim."""
    return kind.__module__.partition(".")[0] == "neurosim"


def address_of(kind: type) -> str:
    """Return the name by which a class is found again: module and qualified name."""
    return f"{kind.__module__}:{kind.__qualname__}"


def _compared(part: Any) -> list[Any]:
    """Return the values of the fields that decide whether parts are equal."""
    return [getattr(part, field.name) for field in dataclasses.fields(part) if field.compare]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    return bool(one == other)


def _hashable(value: Any) -> Any:
    """Return something hashable that is equal for equal values."""
    return value.shape if isinstance(value, np.ndarray) else value
