"""Compilation of kernels.

Compiled code is cached on disk. Numba detects changes of the file that contains a function, but not
of the files that it imports. So the cache folder is named by a hash of all kernel sources.

There are four kinds of functions. A `kernel` is called from Python with arrays. An `addressed`
function (see `neurosim.kernels.address`) is called by address, from Python or from compiled code. A
`helper` is called only by kernels: without wrappers for other calls it compiles twice as fast. An
`inline` function is inlined by Numba into its caller, so that LLVM optimises it only once.
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
    """Return the folder for compiled kernels, None if no folder is safe.

    Code in the folder is executed unchecked, so other users must not be able to write to it. A
    folder chosen by NUMBA_CACHE_DIR is not checked further.
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
    """Create a folder if needed; return why it is not writable, or None."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return error.strerror or str(error)
    return None


def _fault(folder: Path) -> str | None:
    """Create a folder if needed; return why others can write to it, or None."""
    if fault := _unwritable(folder):
        return fault
    try:
        if os.name == "posix":
            for path in (folder, folder.parent):
                if path.stat().st_uid != os.getuid():
                    return f"{path} belongs to another"
                path.chmod(0o700)
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
    """Disable the cyclic garbage collector.

    The compiler creates millions of permanent objects. Scanning them repeatedly takes an eighth of
    the compile time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
