"""Reads files named on standard input as `load_spikes` does, those that end in .nir as `from_nir`.

Each is read in a fork instead of a new process.

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
from typing import BinaryIO

import h5py
import neo as neo_library
import scipy.io.matlab

from neurosim.errors import NeurosimError
from neurosim.interchange import from_nir, hdf5, neo, nwb, reader, sonata
from neurosim.interchange.imported_spikes import to_result
from neurosim.interchange.load import first_line, receive
from neurosim.interchange.nir import file as nir_file
from neurosim.interchange.nir import reader as nir_reader
from neurosim.interchange.text.read import read_text

IMPORTED_ONCE = (h5py, hdf5, neo_library, neo, nwb, scipy.io.matlab, sonata)

reader.SECONDS = 1
warnings.simplefilter("ignore")


def read_into(path: Path, answer: BinaryIO) -> None:
    if path.suffix == ".nir":
        nir_reader.answer_for(path, answer)
        return
    if path.suffix != ".csv":
        reader.answer_for(path, None, answer)
        return
    try:
        reader.write(answer, read_text(path))
    except NeurosimError as error:
        reader.write_line(answer, {"error": str(error)})


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
            told = first_line(answer)
            if path.suffix == ".nir":
                from_nir(nir_file.receive(told, answer))
            else:
                to_result(receive(told, answer))
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
