"""Deprecated attributes and arguments that still work, with a warning."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

T = TypeVar("T")
Parameters = ParamSpec("Parameters")


def old_attributes(**names: str) -> Callable[[type[T]], type[T]]:
    """Return a class decorator that keeps old attributes, given as ``old="new"``."""

    def decorate(cls: Any) -> Any:
        inherited = getattr(cls, "__getattr__", None)

        def find(self: Any, name: str) -> Any:
            if name in names:
                message = f"{cls.__name__}.{name} is now {cls.__name__}.{names[name]}"
                warnings.warn(message, DeprecationWarning, stacklevel=2)
                return getattr(self, names[name])
            if inherited is not None:
                return inherited(self, name)
            return object.__getattribute__(self, name)  # raises the original error

        cls.__getattr__ = find
        return cls

    return decorate


def with_old_argument(
    old: str, new: str
) -> Callable[[Callable[Parameters, T]], Callable[Parameters, T]]:
    """Return a decorator that accepts a keyword argument by its old name, with a warning."""

    def decorate(function: Callable[Parameters, T]) -> Callable[Parameters, T]:
        @functools.wraps(function)
        def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> T:
            if old in kwargs:
                message = f"the argument {old!r} of {function.__qualname__} is now {new!r}"
                warnings.warn(message, DeprecationWarning, stacklevel=2)
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return call

    return decorate


def old_parameter(old: str, new: str) -> Callable[[type[T]], type[T]]:
    """Return a class decorator that keeps an old keyword of the constructor."""

    def decorate(cls: Any) -> Any:
        type.__setattr__(cls, "__init__", with_old_argument(old, new)(vars(cls)["__init__"]))
        return cls

    return decorate
