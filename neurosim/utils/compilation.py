"""Compilation with Numba and a cache that tolerates errors."""

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
    """Return a decorator like ``numba.njit(cache=True)`` that tolerates a failing cache.

    If the disk is full, the function is compiled in every process.

    Parameters
    ----------
    cached : bool
        Whether to cache the machine code.
    folder : str, optional
        Folder of the cache. Default: chosen by Numba.
    **options
        As for `numba.njit`.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(nogil=True, **options)(function)
        if config.DISABLE_JIT or not cached:
            return dispatcher
        # Numba reads the folder when a cache is created. Other packages use the default.
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
    """Warn that compiled code cannot be cached."""
    reason = getattr(reason, "strerror", None) or reason
    warnings.warn(
        f"compiled code cannot be cached ({reason}) and is compiled again by every process, which "
        "takes half a minute: set XDG_CACHE_HOME to a writable folder on a disk with free space",
        stacklevel=2,
    )


class _Cache(FunctionCache):  # type: ignore[misc]
    """A cache that ignores damaged files and full disks."""

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
