"""What runs: Numba-compiled functions on plain arrays, no Python objects.

Compiled code is cached on disk. Numba notices a change of the file that holds a function, not of
the files it imports, so the cache lives in a folder named by a hash of all kernel sources.

Functions that take a whole tuple of arrays are marked `inline="always"`: handing over its
hundred parts would take the compiler longer than all the rest.
"""

import hashlib
import os
import sys
from pathlib import Path

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


# Numba reads the folder when a function is decorated: set it for our kernels only, and leave the
# caches of whoever imports us where they were. A folder of the user's own choice is respected.
_previous = config.CACHE_DIR
config.CACHE_DIR = _previous or _cache_folder()
try:
    from neurosim.kernels.connect import count_rows, fill_rows
    from neurosim.kernels.loop import advance, forget
    from neurosim.kernels.rows import Lists, Room, Rules, invert_in_degree
    from neurosim.kernels.types import Inputs, Neurons, Probes, Scratch, Shared, State, Table
finally:
    config.CACHE_DIR = _previous

__all__ = [
    "Inputs",
    "Lists",
    "Neurons",
    "Probes",
    "Room",
    "Rules",
    "Scratch",
    "Shared",
    "State",
    "Table",
    "advance",
    "count_rows",
    "fill_rows",
    "forget",
    "invert_in_degree",
]
