"""Old names of attributes and keywords, which still work with a warning."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def _warn(old: str, new: str) -> None:
    warnings.warn(f"{old} is now {new}", DeprecationWarning, stacklevel=3)


def old_attributes(**names: str) -> Callable[[type[T]], type[T]]:
    """Return a class decorator that keeps old attributes, given as ``old="new"``."""

    def decorate(cls: Any) -> Any:
        inherited = getattr(cls, "__getattr__", None)

        def find(self: Any, name: str) -> Any:
            if name in names:
                _warn(f"{cls.__name__}.{name}", f"{cls.__name__}.{names[name]}")
                return getattr(self, names[name])
            if inherited is not None:
                return inherited(self, name)
            return object.__getattribute__(self, name)  # raises the original error

        cls.__getattr__ = find
        return cls

    return decorate


def old_keywords(**names: str) -> Callable[[T], T]:
    """Return a decorator that keeps old keywords of a function or class, as ``old="new"``."""

    def decorate(target: Any) -> Any:
        is_class = isinstance(target, type)
        called = vars(target)["__init__"] if is_class else target

        @functools.wraps(called)
        def call(*arguments: Any, **options: Any) -> Any:
            for old in names.keys() & options.keys():
                _warn(f"{target.__name__}({old}=...)", f"{target.__name__}({names[old]}=...)")
                options[names[old]] = options.pop(old)
            return called(*arguments, **options)

        if not is_class:
            return call
        type.__setattr__(target, "__init__", call)
        return target

    return decorate
