"""Read-only arrays, records and mappings that can be pickled and copied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import islice
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from neurosim.errors import UnknownKeyError
from neurosim.utils.checks import nearest, suggest

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_ITEMS = 30
"""Largest number of items of a mapping that are displayed."""

K = TypeVar("K")
V = TypeVar("V")


def read_only(array: NDArray) -> NDArray:
    """Return a read-only view of `array`; the caller's own array stays writeable."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


def set_fields(instance: Any, **values: Any) -> None:
    """Set fields of a frozen dataclass instance; arrays become read-only."""
    for name, value in values.items():
        value = read_only(value) if isinstance(value, np.ndarray) else value
        object.__setattr__(instance, name, value)


class ReadOnlyRecord:
    """Base class of frozen dataclasses with read-only arrays."""

    @classmethod
    def _unchecked(cls, *values: Any, **others: Any) -> Self:
        """Return an instance with valid values, without checks."""
        record = object.__new__(cls)
        names = (field.name for field in fields(cls))  # type: ignore[arg-type]
        set_fields(record, **dict(zip(names, values, strict=False)), **others)
        return record

    def __reduce__(self) -> tuple[Any, ...]:
        # Arrays would be writeable after unpickling.
        values = (getattr(self, field.name) for field in fields(self))  # type: ignore[arg-type]
        return type(self), tuple(values)


class FrozenMapping(Mapping[K, V]):
    """A mapping without methods that change it.

    Unlike `types.MappingProxyType` it can be pickled and deep-copied.

    Parameters
    ----------
    items : mapping
        Copied.
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[K, V]) -> None:
        self._items = dict(items)

    def __getitem__(self, key: K) -> V:
        try:
            return self._items[key]
        except KeyError:
            known = [repr(name) for name in self._items]
            near = nearest(repr(key), known)
            hint = f"did you mean {near}?" if near else suggest("", known)
            raise UnknownKeyError(f"no entry {key!r}: {hint}") from None

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        first = islice(self._items.items(), MAX_ITEMS)
        return listed([f"{key!r}: {_brief(value)}" for key, value in first], "{}", len(self))

    def _ipython_key_completions_(self) -> list[K]:
        return list(self._items)


class FrozenList(tuple[V, ...]):
    """A tuple whose items are displayed one per line."""

    __slots__ = ()

    def __repr__(self) -> str:
        return listed([repr(item) for item in self[:MAX_ITEMS]], "()", len(self))


def listed(items: Sequence[str], brackets: str, n: int) -> str:
    """Return the first of `n` items in brackets, on one line if they are short."""
    shown = [*items] + [f"… and {n - len(items):,} more"] * (n > len(items))
    short = ", ".join(shown)
    return brackets[0] + (short if len(short) < 100 else ",\n ".join(shown)) + brackets[1]


def _brief(value: object) -> str:
    """Return a value on one line."""
    if isinstance(value, np.ndarray) and value.size > 8:
        return f"<array of {value.size:,} numbers>"
    return " ".join(repr(value).split())
