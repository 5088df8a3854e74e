"""Automatic checkpoints, from which an interrupted job is resumed.

A job is resumed by replaying it: the same program creates the same simulations in the same order.
Each simulation finds its checkpoint by its number and continues from there. Until it has
passed the time of the checkpoint, it returns the results of the first attempt. So a job of many
simulations loses only the work since the last checkpoint.
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

MIN_RUN_TIME = 1.0
"""Computing time (s) from which a completed run is saved; shorter runs are repeated."""

_active: ContextVar[CheckpointSeries | None] = ContextVar("checkpoint series", default=None)


class CheckpointSeries:
    """Checkpoints of all simulations that are created while the series is active.

    Parameters
    ----------
    folder : Path
        Holds the checkpoints and nothing else.
    interval : float
        Time between checkpoints (s).

    Raises
    ------
    NeurosimError
        If the interval is not positive and finite.
    """

    def __init__(self, folder: Path, interval: float) -> None:
        if not (interval > 0.0 and np.isfinite(interval)):
            raise NeurosimError(
                f"checkpoint-every = {interval:g} s is not a time above 0 s: give seconds between "
                "checkpoints, such as 60"
            )
        self.folder, self.interval = folder, interval
        self.last_write = time.monotonic()
        self._simulations = 0

    def prepare(self) -> None:
        """Create the folder, and remove incomplete files of killed processes.

        Raises
        ------
        NeurosimError
            If it cannot be written.
        """
        make_folder(self.folder)
        remove_parts(self.folder)

    @contextmanager
    def active(self) -> Iterator[None]:
        """Save every simulation that is created inside the block."""
        token = _active.set(self)
        try:
            yield
        finally:
            _active.reset(token)

    def new_autosave(self) -> Autosave:
        """Return the checkpoint file of the next simulation."""
        self._simulations += 1
        return Autosave(self, self._simulations)


def remove_checkpoints(folder: Path) -> None:
    """Remove the folder of a checkpoint series, if it exists."""
    remove_parts(folder)
    for path in folder.glob("*.h5"):
        path.unlink(missing_ok=True)
    with suppress(OSError):  # the folder does not exist, or holds files of others
        folder.rmdir()


class Autosave:
    """The checkpoint file of one simulation in a series."""

    def __init__(self, series: CheckpointSeries, number: int) -> None:
        self._series = series
        self._path = series.folder / f"{number:06d}.h5"
        self._unsaved = 0.0

    @property
    def exists(self) -> bool:
        """Whether a checkpoint has been written."""
        return self._path.exists()

    def read(self, network: Network, dt: float, seed: int) -> Checkpoint | None:
        """Return the checkpoint, or None if it belongs to another simulation."""
        try:
            found = read_checkpoint(self._path)
        except NeurosimError as error:
            if isinstance(error.__cause__, MemoryError):  # the file may be intact
                raise
            reason, _, _ = str(error).rpartition(": ")
            raise NeurosimError(f"{reason}: remove this file to repeat its simulation") from error
        packed, saved = pack(network), pack(found.network)
        same = all(np.array_equal(packed[name], saved[name]) for name in packed)
        return found if same and (found.dt, found.seed) == (dt, seed) else None

    @property
    def is_due(self) -> bool:
        """Whether the interval since the last checkpoint of the series has passed."""
        return time.monotonic() - self._series.last_write >= self._series.interval

    def is_worthwhile(self, seconds: float) -> bool:
        """Return whether to save a completed run that took `seconds` to compute."""
        self._unsaved += seconds
        return self._unsaved > MIN_RUN_TIME

    def write(self, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint."""
        write_checkpoint(self._path, checkpoint)
        self._unsaved = 0.0
        self._series.last_write = time.monotonic()


def new_autosave() -> Autosave | None:
    """Return the checkpoint file of a new simulation, or None if no series is active."""
    series = _active.get()
    return series.new_autosave() if series else None
