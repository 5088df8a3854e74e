"""The folder of a run; its files are written atomically."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from neurosim.cli.report import info
from neurosim.engine.autosave import remove_checkpoints
from neurosim.errors import NeurosimError
from neurosim.results.storage import save
from neurosim.utils.atomic_files import (
    atomic_path,
    make_folder,
    read_json,
    remove_parts,
    write_json,
)
from neurosim.utils.lock import require_unlocked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from neurosim.results import Result

RESULT = "result.h5"
SUMMARY = "summary.json"
COMPARISON = "comparison.json"
REQUEST = "order.json"
"""Request of a run with checkpoints; removed when the run is complete."""
REQUEST_SOURCE = "order.toml"
"""Scenario file of such a run."""
IDENTITY = ("scenario", "settings", "seed", "dt_ms", "duration_ms")
"""Keys of a summary that determine the spikes."""
CHECKPOINTS = "checkpoints"
SOURCE = "scenario.toml"
"""Copy of the scenario file."""
DPI = 150
"""Resolution of figures (dots per inch)."""


class RunFolder:
    """Read and write the files of a run.

    Files are written atomically: Ctrl-C or a full disk leaves no partial file.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    files : list of str
        Paths of the files written so far, in the order of writing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: list[str] = []

    def prepare(self) -> None:
        """Create the folder, and check before a long run that it can be written.

        Raises
        ------
        NeurosimError
            If it cannot be written.
        """
        make_folder(self.path)
        try:
            with TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            raise NeurosimError(
                f"{self.path} cannot be written ({error.strerror}): give a writable folder"
            ) from None
        remove_parts(self.path)
        self.remove_stale_checkpoints()

    def remove_stale_checkpoints(self) -> None:
        """Remove checkpoints of a complete run that was killed before removing them."""
        if not self.has_request:
            remove_checkpoints(self.path / CHECKPOINTS)

    @property
    def has_request(self) -> bool:
        """Whether the folder holds a run that can be resumed."""
        return (self.path / REQUEST).exists()

    def require_free(self) -> None:
        """Raise an error if another run uses the folder or can be resumed there."""
        require_unlocked(self.path)
        self.require_no_request()

    def require_no_request(self) -> None:
        """Raise an error if the folder holds a run that can be resumed."""
        if self.has_request:
            raise NeurosimError(
                f"{self.path} holds an unfinished run: continue it with `neurosim resume "
                f"{self.path}`, give another folder with --out, or delete this one"
            )

    def write_request(
        self, request: Mapping[str, object], source_file: bytes | None = None
    ) -> None:
        """Save a request with its scenario file, so that the run can be resumed."""
        (self.path / REQUEST_SOURCE).unlink(missing_ok=True)
        if source_file is not None:
            self._write(REQUEST_SOURCE, source_file)
        write_json(request, self.path / REQUEST)

    def read_request(self) -> dict[str, Any]:
        """Read the request of a run that can be resumed.

        Raises
        ------
        NeurosimError
            If there is none.
        """
        if not self.has_request:
            complete = (self.path / SUMMARY).exists()
            why = "is complete" if complete else "has no checkpoints, or does not exist"
            raise NeurosimError(
                f"the run in {self.path} {why}: only interrupted runs started with "
                "--checkpoint-every can be resumed"
            )
        return self.read_json(REQUEST)

    def remove_request(self) -> None:
        """Remove the request and the checkpoints of a complete run."""
        for name in (REQUEST, REQUEST_SOURCE):
            (self.path / name).unlink(missing_ok=True)
        self.remove_stale_checkpoints()

    def write_source(self, source_file: bytes) -> None:
        """Save a copy of the scenario file."""
        self._write(SOURCE, source_file)
        self._list(SOURCE)

    def copy_of(self, name: str) -> str | None:
        """Return the path of a copied scenario file, None if there is none."""
        path = self.path / name
        return str(path) if path.exists() else None

    def write_result(self, result: Result) -> None:
        """Write spikes and traces."""
        save(result, self.path / RESULT)
        self._list(RESULT)

    def write_json(self, name: str, content: Mapping[str, object]) -> None:
        """Write a JSON object."""
        write_json(content, self.path / name)
        self._list(name)

    def write_summary(self, summary: Mapping[str, object]) -> dict[str, Any]:
        """Write the summary with the list of all files, and return it."""
        itself = str(self.path / SUMMARY)
        files = [*(path for path in self.files if path != itself), itself]
        complete = {**summary, "files": files}
        self.write_json(SUMMARY, complete)
        return complete

    def write_figures(self, prefix: str, figures: Mapping[str, Figure]) -> None:
        """Write each figure as `prefix`-name.png."""
        for key, figure in figures.items():
            name = f"{prefix}-{key}.png"
            write_figure(figure, self.path / name)
            self._list(name)

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a file written by `write_json`.

        Raises
        ------
        NeurosimError
            If the file is missing or damaged.
        """
        return read_json(
            self.path / name, "a folder written by `neurosim run`", "run the scenario again"
        )

    def clear_earlier_run(self, summary: Mapping[str, Any], *, resumed: bool = False) -> None:
        """Remove the files of an earlier run of the same network, or else move them away.

        Files of a run with another scenario, seed, duration, time step or other settings are moved
        to the subfolder ``earlier-1``, ``earlier-2``, …

        Parameters
        ----------
        summary : mapping
            Summary of the run that is to be saved; empty for imported spikes.
        resumed : bool
            Whether the earlier run may be the first part of this one.
        """
        try:
            earlier = self.read_json(SUMMARY)
        except NeurosimError:
            return
        listed = earlier.get("files")
        paths = listed if isinstance(listed, list) else []
        names = [Path(path).name for path in paths if isinstance(path, str)]
        names = [name for name in names if name.endswith(".png") or name in (COMPARISON, SOURCE)]
        keys = [key for key in IDENTITY if not (resumed and key == "duration_ms")]
        if all(earlier.get(key) == summary.get(key) for key in keys):
            for name in (*names, SUMMARY):
                _remove(self.path / name)
            return
        folder = next(path for k in count(1) if not (path := self.path / f"earlier-{k}").exists())
        folder.mkdir()
        for name in (*names, RESULT, SUMMARY):
            with suppress(OSError, ValueError):
                if (self.path / name).is_file():
                    os.replace(self.path / name, folder / name)
        info(f"moved an earlier run with other settings to {folder}")

    def _write(self, name: str, content: bytes) -> None:
        with atomic_path(self.path / name) as part:
            part.write_bytes(content)

    def _list(self, name: str) -> None:
        path = str(self.path / name)
        if path not in self.files:
            self.files.append(path)


def _remove(path: Path) -> None:
    """Remove a file if it exists; leave anything that is not a file."""
    with suppress(OSError, ValueError):
        path.unlink()


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure to a file atomically."""
    with atomic_path(path) as part:
        figure.savefig(part, format="png", dpi=DPI)
