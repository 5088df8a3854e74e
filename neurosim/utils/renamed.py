"""Deprecated names that still work, with a warning."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from neurosim.utils.warn import warn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Parameters = ParamSpec("Parameters")
Value = TypeVar("Value")


def with_old_names(
    package: str, find: Callable[[str], Any], renamed: Mapping[str, str]
) -> Callable[[str], Any]:
    """Return a `__getattr__` of a package that also accepts old names.

    Parameters
    ----------
    package : str
        Name of the package.
    find : callable
        `__getattr__` of the package for current names.
    renamed : mapping of str to str
        Current name of each old name.
    """

    def find_any(name: str) -> Any:
        """Return an attribute of the package."""
        if name not in renamed:
            return find(name)
        warn(f"{package}.{name} is now {package}.{renamed[name]}", DeprecationWarning)
        return find(renamed[name])

    return find_any


def with_old_argument(
    old: str, new: str
) -> Callable[[Callable[Parameters, Value]], Callable[Parameters, Value]]:
    """Return a decorator for the old name of a keyword argument.

    The old name is accepted with a warning.
    """

    def decorate(function: Callable[Parameters, Value]) -> Callable[Parameters, Value]:
        @functools.wraps(function)
        def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Value:
            if old in kwargs:
                message = f"the argument {old!r} of {function.__name__} is now {new!r}"
                warn(message, DeprecationWarning)
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return call

    return decorate
