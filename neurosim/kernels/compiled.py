"""How kernels are compiled.

Compiled code is cached on disk. Numba notices a change of the file that holds a function, not of
the files it imports, so the cache lives in a folder named by a hash of all kernel sources.

There are four kinds of functions. A `kernel` is called from Python with arrays. An `addressed`
function (see `neurosim.kernels.address`) is called at its address, from Python or from compiled
code. A `helper` is called by kernels alone: without the code for other calls it compiles twice as
fast. An `inline` function becomes a piece of the one that calls it, which is then compiled only
once.
"""

import gc
import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from neurosim.utils.compilation import compiled as _compiled
from neurosim.utils.compilation import warn_of_cache


def _cache_folder() -> str | None:
    """Return the folder for compiled kernels, None where there is none that is safe to use.

    Code in it is run unchecked, so no one else may be able to write there. A folder that the user
    chose by NUMBA_CACHE_DIR is not questioned further.
    """
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        folder, fault = Path(chosen), _unwritable(Path(chosen))
    else:
        digest = hashlib.sha256()
        for source in sorted(Path(__file__).parent.glob("*.py")):
            digest.update(source.read_bytes())
        try:
            folder = _base() / "neurosim" / f"kernels-{digest.hexdigest()[:16]}"
        except RuntimeError as error:  # there is no home folder
            warn_of_cache(error)
            return None
        fault = _fault(folder)
    if not fault:
        return str(folder)
    warn_of_cache(f"{folder}: {fault}")
    return None


def _base() -> Path:
    """Return the user's folder for caches."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute()


def _unwritable(folder: Path) -> str | None:
    """Return why a folder, made if there is none, cannot be written; None where it can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return error.strerror or str(error)
    return None


def _fault(folder: Path) -> str | None:
    """Return why a folder, made if there is none, is not the user's alone; None where it is."""
    if fault := _unwritable(folder):
        return fault
    try:
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


FOLDER = _cache_folder()
compiled = partial(_compiled, folder=FOLDER, cached=FOLDER is not None)

kernel = compiled()
helper = compiled(no_cpython_wrapper=True, no_cfunc_wrapper=True)
inline = compiled(inline="always")


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
