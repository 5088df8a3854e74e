"""Deprecated attributes and arguments that still work, with a warning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from neurosim.utils.renamed import with_old_argument
from neurosim.utils.warn import warn

T = TypeVar("T")


def old_attributes(**names: str) -> Callable[[type[T]], type[T]]:
    """Return a class decorator that keeps old attributes, given as ``old="new"``."""

    def decorate(cls: Any) -> Any:
        inherited = getattr(cls, "__getattr__", None)

        def find(self: Any, name: str) -> Any:
            if name in names:
                message = f"{cls.__name__}.{name} is now {cls.__name__}.{names[name]}"
                warn(message, DeprecationWarning)
                return getattr(self, names[name])
            if inherited is not None:
                return inherited(self, name)
            return object.__getattribute__(self, name)  # raises the original error

        cls.__getattr__ = find
        return cls

    return decorate


def old_parameter(old: str, new: str) -> Callable[[type[T]], type[T]]:
    """Return a class decorator that keeps an old keyword of the constructor."""

    def decorate(cls: Any) -> Any:
        type.__setattr__(cls, "__init__", with_old_argument(old, new)(vars(cls)["__init__"]))
        return cls

    return decorate
