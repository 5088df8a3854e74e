"""Old names of attributes and keywords, which still work with a warning."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def _warn(old: str, new: str) -> None:
    warnings.warn(f"{old} is now {new}", DeprecationWarning, stacklevel=3)


class _OldAttribute:
    """Forward an attribute to its current name, with a warning."""

    def __init__(self, old: str, new: str) -> None:
        self.old, self.new = old, new

    def __get__(self, instance: Any, owner: type) -> Any:
        _warn(f"{owner.__name__}.{self.old}", f"{owner.__name__}.{self.new}")
        return getattr(owner if instance is None else instance, self.new)

    def __set__(self, instance: Any, value: Any) -> None:
        _warn(f"{type(instance).__name__}.{self.old}", f"{type(instance).__name__}.{self.new}")
        setattr(instance, self.new, value)


def old_attributes(**names: str) -> Callable[[type[T]], type[T]]:
    """Return a class decorator that keeps old attributes, given as ``old="new"``."""

    def decorate(cls: type[T]) -> type[T]:
        for old, new in names.items():
            setattr(cls, old, _OldAttribute(old, new))
        return cls

    return decorate


def old_keywords(**names: str) -> Callable[[T], T]:
    """Return a decorator that keeps old keywords of a function or class, as ``old="new"``."""

    def decorate(target: Any) -> Any:
        called: Any = getattr(target, "__init__") if isinstance(target, type) else target  # noqa: B009

        @functools.wraps(called)
        def call(*arguments: Any, **options: Any) -> Any:
            for old in names.keys() & options.keys():
                _warn(f"{target.__name__}({old}=...)", f"{target.__name__}({names[old]}=...)")
                options[names[old]] = options.pop(old)
            return called(*arguments, **options)

        if isinstance(target, type):
            target.__init__ = call  # type: ignore[misc]
            return target
        return call

    return decorate
