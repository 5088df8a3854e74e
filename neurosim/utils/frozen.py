"""Read-only arrays and mappings that can be pickled and copied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

K = TypeVar("K")
V = TypeVar("V")


def read_only(array: NDArray) -> NDArray:
    """Return a read-only view of `array`; the caller's own array stays writeable."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


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
        return repr(self._items)
