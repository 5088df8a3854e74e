"""What a long job has simulated so far, kept in a folder, so that it can be begun again there.

A job that is killed is begun anew: the same program makes the same simulations in the same order.
Each finds its own checkpoint by its number, goes on from there, and tells of the time before what
it told then. So a job of many simulations loses only the work since the last checkpoint.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING

import numpy as np

from neurosim.engine.checkpoint import Checkpoint, pack, read_checkpoint, write_checkpoint
from neurosim.errors import NeurosimError
from neurosim.utils.atomic_files import make_folder, remove_parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from neurosim.network import Network

WORTH_KEEPING = 1.0
"""Seconds of simulating from which on a run that is over is kept: shorter ones are done again."""

_current: ContextVar[Journal | None] = ContextVar("journal", default=None)


class Journal:
    """Checkpoints of all simulations that are made while it is open.

    Parameters
    ----------
    folder : Path
        For the checkpoints alone; made if there is none.
    every : float
        Seconds between checkpoints.

    Raises
    ------
    NeurosimError
        For an interval that is not above 0.
    """

    def __init__(self, folder: Path, every: float) -> None:
        if not (every > 0.0 and np.isfinite(every)):
            raise NeurosimError(
                f"checkpoint-every = {every:g} s is not a time above 0 s: give seconds between "
                "checkpoints, such as 60"
            )
        self.folder, self.every = folder, every
        self._entries = 0
        self._last = time.monotonic()

    def prepare(self) -> None:
        """Make the folder.

        Raises
        ------
        NeurosimError
            Where it cannot be written.
        """
        make_folder(self.folder)
        remove_parts(self.folder)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keep every simulation made inside."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def enter(self) -> Entry:
        """Return the entry of the next simulation."""
        self._entries += 1
        return Entry(self, self._entries)

    @property
    def due(self) -> bool:
        """Whether the last checkpoint is long enough ago."""
        return time.monotonic() - self._last >= self.every

    def wrote(self) -> None:
        """Take down that a checkpoint was written."""
        self._last = time.monotonic()


def discard(folder: Path) -> None:
    """Remove a journal's folder, if there is one: the job is over, or begun anew."""
    remove_parts(folder)
    for path in folder.glob("*.h5"):
        path.unlink(missing_ok=True)
    with suppress(OSError):  # there is none, or others keep something there
        folder.rmdir()


class Entry:
    """The place of one simulation in a journal."""

    def __init__(self, journal: Journal, number: int) -> None:
        self._journal = journal
        self._path = journal.folder / f"{number:06d}.h5"
        self._unkept = 0.0

    @property
    def exists(self) -> bool:
        """Whether there is a checkpoint."""
        return self._path.exists()

    def find(self, network: Network, dt: float, seed: int) -> Checkpoint | None:
        """Return the checkpoint there is, if it is of this simulation."""
        try:
            found = read_checkpoint(self._path)
        except NeurosimError as error:
            if isinstance(error.__cause__, MemoryError):  # the file may be whole
                raise
            reason, _, _ = str(error).rpartition(": ")
            raise NeurosimError(
                f"{reason}: remove this file, and what it was kept of is simulated again"
            ) from error
        own, kept = pack(network), pack(found.network)
        same = all(np.array_equal(own[name], kept[name]) for name in own)
        return found if same and (found.dt, found.seed) == (dt, seed) else None

    @property
    def due(self) -> bool:
        """Whether it is time for a checkpoint."""
        return self._journal.due

    def worth_keeping(self, seconds: float) -> bool:
        """Return whether a run that is over, and took so long, is to be kept."""
        self._unkept += seconds
        return self._unkept > WORTH_KEEPING

    def write(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint in place of the one before."""
        write_checkpoint(self._path, checkpoint)
        self._unkept = 0.0
        self._journal.wrote()


def enter_journal() -> Entry | None:
    """Return the entry of a new simulation in the journal that is open, if one is."""
    journal = _current.get()
    return journal.enter() if journal else None
