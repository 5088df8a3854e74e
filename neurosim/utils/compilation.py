"""Compile functions with Numba, and cache the machine code where that is possible."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numba
from numba import config
from numba.core.caching import FunctionCache

if TYPE_CHECKING:
    from collections.abc import Callable


def compiled(
    *, cached: bool = True, folder: str | None = None, **options: Any
) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator like ``numba.njit(cache=True)``, for which a failing cache is no error.

    A full disk costs the time to compile again, not the run.

    Parameters
    ----------
    cached : bool
        Whether to keep the machine code for other processes.
    folder : str, optional
        For the machine code. Default: Numba's choice.
    **options
        As for `numba.njit`.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(nogil=True, **options)(function)
        if config.DISABLE_JIT or not cached:
            return dispatcher
        # Numba reads the folder when a cache is made. Other packages keep theirs.
        previous = config.CACHE_DIR
        config.CACHE_DIR = folder or previous
        try:
            dispatcher._cache = _Cache(function)
        except (OSError, RuntimeError) as error:
            warn_of_cache(error)
        finally:
            config.CACHE_DIR = previous
        return dispatcher

    return decorate


def warn_of_cache(reason: object) -> None:
    """Warn that machine code cannot be cached, and of what that costs."""
    reason = getattr(reason, "strerror", None) or reason
    warnings.warn(
        f"compiled code cannot be cached ({reason}) and is compiled again by every process, which "
        "takes half a minute: set XDG_CACHE_HOME to a folder of your own on a disk with free space",
        stacklevel=2,
    )


class _Cache(FunctionCache):  # type: ignore[misc]
    """A cache of machine code that reads no damaged file and survives a full disk."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except MemoryError:
            raise
        except Exception:  # unpickling damaged data may raise anything
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            warn_of_cache(error)
