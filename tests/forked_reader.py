"""Read the files named on standard input like `load_spikes`, NIR files like `from_nir`.

Each file is read in a fork instead of a new process. For each, a line of JSON is printed: the
outcome, the peak memory (bytes) and the signal that ended the reader.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import traceback
import warnings
from functools import partial
from pathlib import Path
from typing import BinaryIO

import h5py
import neo
import scipy.io.matlab

from neurosim.errors import NeurosimError
from neurosim.interchange import from_nir, isolation, readers
from neurosim.interchange.load import from_message
from neurosim.interchange.nir.file import graph_of, read_tree
from neurosim.interchange.text.read import read_text
from neurosim.interchange.to_result import to_result

IMPORTED_ONCE = (h5py, neo, scipy.io.matlab)

isolation.SECONDS = 1
warnings.simplefilter("ignore")


def read_into(path: Path, stream: BinaryIO) -> None:
    function = {".nir": read_tree, ".csv": read_text}.get(path.suffix, readers.read_spikes)
    isolation.answer(stream, partial(function, path))


def _own_peak() -> int:
    """Return the most memory this process has had (bytes).

    Not by `getrusage`: there Linux counts what the process that started this one had.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = status.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


def outcome_of(path: Path) -> dict[str, object]:
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        try:
            with os.fdopen(into, "wb") as answer:
                read_into(path, answer)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as answer:
        try:
            found = isolation.receive(answer)
            if path.suffix == ".nir":
                from_nir(graph_of(found))
            else:
                to_result(from_message(found))
            words = "read"
        except NeurosimError as error:
            words = f"refused: {error}"
        except Exception:
            words = f"defect: {traceback.format_exc()}"
    _, status, usage = os.wait4(child, 0)
    if status and not os.WIFSIGNALED(status):
        words = "defect: the reader raised"
    memory = max(usage.ru_maxrss * 1024, _own_peak())
    ended = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return {"words": words, "memory": memory, "signal": ended}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(outcome_of(Path(line.rstrip("\n")))), flush=True)
