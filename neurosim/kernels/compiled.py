"""How kernels are compiled: what every one of them has in common.

Compiled code is cached on disk. Numba notices a change of the file that holds a function, not of
the files it imports, so the cache lives in a folder named by a hash of all kernel sources.

There are three sorts. A `kernel` is called from Python. A `part` is called by kernels alone, and is
spared the code that would let Python call it, which took as long to compile as the part itself.
What is `inlined` takes a whole tuple of arrays, of which handing over the hundred pieces would take
the compiler longer than all the rest.
"""

import gc
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numba
from numba import config


def _cache_folder() -> str:
    """Return the folder for compiled kernels, one per version of their sources."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", str(Path.home()))
    else:
        base = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    return str(Path(base) / "neurosim" / f"kernels-{digest.hexdigest()[:16]}")


_FOLDER = _cache_folder()


def compiled(**options):
    """Return a decorator that has Numba compile a function, with these options of its own."""

    def decorate(function):
        # Numba reads the folder when a function is decorated: set it for ours only, and leave the
        # caches of whoever imports us where they were. A folder of the user's choice is respected.
        previous = config.CACHE_DIR
        config.CACHE_DIR = previous or _FOLDER
        try:
            return numba.njit(cache=True, nogil=True, **options)(function)
        finally:
            config.CACHE_DIR = previous

    return decorate


kernel = compiled()
part = compiled(no_cpython_wrapper=True, no_cfunc_wrapper=True)
inlined = compiled(inline="always")


@contextmanager
def without_collection() -> Iterator[None]:
    """Leave Python's cyclic garbage alone meanwhile.

    The compiler makes millions of objects that stay; to look through them over and over takes an
    eighth of its time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
