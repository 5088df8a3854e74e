"""Reads files named on standard input as `load_spikes` does, in forks instead of new processes.

A line of JSON for each: what came of it, the memory taken (bytes) and the signal that ended the
reader.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import traceback
import warnings
from pathlib import Path

import h5py
import neo  # noqa: F401  (imported once, for all forks)
import scipy.io.matlab

from neurosim.errors import NeurosimError
from neurosim.interchange import neo_files, nwb_read, reader, sonata  # noqa: F401
from neurosim.interchange.foreign import to_result
from neurosim.interchange.load import receive

reader.SECONDS = 10
warnings.simplefilter("ignore")
assert h5py
assert scipy.io.matlab


def outcome_of(path: Path) -> dict[str, object]:
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        # A traceback is a defect, and tells of itself.
        try:
            with os.fdopen(into, "wb") as answer:
                reader.answer_for(path, None, answer)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as answer:
        try:
            to_result(receive(answer))
            words = "read"
        except NeurosimError as error:
            words = f"refused: {error}"
        except Exception:
            words = f"defect: {traceback.format_exc()}"
    _, status, usage = os.wait4(child, 0)
    if status and not os.WIFSIGNALED(status):
        words = "defect: the reader raised"
    memory = max(usage.ru_maxrss, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * 1024
    ended = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return {"words": words, "memory": memory, "signal": ended, "seconds": usage.ru_utime}


for line in sys.stdin:
    print(json.dumps(outcome_of(Path(line.rstrip("\n")))), flush=True)
