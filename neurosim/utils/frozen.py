"""Read-only arrays, records and mappings that can be pickled and copied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from itertools import islice
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

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
        return self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        if len(short := repr(self._items)) <= 100:
            return short
        lines = [f"{key!r}: {value!r}" for key, value in islice(self._items.items(), MAX_ITEMS)]
        if len(self) > MAX_ITEMS:
            lines.append(f"… and {len(self) - MAX_ITEMS:,} more")
        return "{" + ",\n ".join(lines) + "}"

    def _ipython_key_completions_(self) -> list[K]:
        return list(self._items)
