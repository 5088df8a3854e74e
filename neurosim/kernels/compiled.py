"""How kernels are compiled: what every one of them has in common.

Compiled code is cached on disk. Numba notices a change of the file that holds a function, not of
the files it imports, so the cache lives in a folder named by a hash of all kernel sources.

There are three sorts. A `kernel` is called from Python. A `part` is called by kernels alone, and is
spared the code that would let Python call it, which took as long to compile as the part itself.
What is `inlined` takes a whole tuple of arrays, of which handing over the hundred pieces would take
the compiler longer than all the rest.
"""

import atexit
import gc
import hashlib
import os
import shutil
import stat
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numba
from numba import config


def _cache_folder() -> str:
    """Return the folder for compiled kernels, one per version of their sources.

    What lies there is run as it is. So it must be a folder where no one else can put anything;
    where there is none, kernels are compiled anew by every process.
    """
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", str(Path.home()))
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base).absolute() / "neurosim" / f"kernels-{digest.hexdigest()[:16]}"
    fault = _fault(folder)
    if not fault:
        return str(folder)
    warnings.warn(
        f"compiled kernels cannot be kept in {folder} ({fault}), and are compiled anew each time, "
        "which takes half a minute: set XDG_CACHE_HOME to a folder of your own",
        stacklevel=2,
    )
    private = tempfile.mkdtemp(prefix="neurosim-")
    atexit.register(shutil.rmtree, private, ignore_errors=True)
    return private


def _fault(folder: Path) -> str | None:
    """Return why a folder, made if there is none, is not one's own; None where it is."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        if os.name == "posix":
            for own in (folder, folder.parent):
                if own.stat().st_uid != os.getuid():
                    return f"{own} belongs to another"
                own.chmod(0o700)
            for place in folder.resolve().parents:
                mode = place.stat().st_mode
                if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
                    return f"others can write to {place}"
    except (OSError, RuntimeError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None


FOLDER = os.environ.get("NUMBA_CACHE_DIR") or _cache_folder()


def compiled(**options):
    """Return a decorator that has Numba compile a function, with these options of its own."""

    def decorate(function):
        # Numba reads the folder when a function is decorated: set it for ours only, and leave the
        # caches of whoever imports us where they were. A folder of the user's choice is respected.
        previous = config.CACHE_DIR
        config.CACHE_DIR = FOLDER
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
