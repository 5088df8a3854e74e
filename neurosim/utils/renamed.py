"""Deprecated names that still work, with a warning."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


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
        warnings.warn(
            f"{package}.{name} is now {package}.{renamed[name]}", DeprecationWarning, stacklevel=2
        )
        return find(renamed[name])

    return find_any
