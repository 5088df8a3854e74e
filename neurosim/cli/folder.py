"""The folder of one run, whose files are written atomically."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

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
from neurosim.utils.lock import lock_folder, require_unlocked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from matplotlib.figure import Figure

    from neurosim.results import Result

RESULT = "result.h5"
SUMMARY = "summary.json"
COMPARISON = "comparison.json"
ORDER = "order.json"
"""There as long as a run that keeps checkpoints is not over."""
ORDER_SOURCE = "order.toml"
"""The scenario file that such a run is of."""
CHECKPOINTS = "checkpoints"
SOURCE = "scenario.toml"
"""The scenario file that was run: the original may change or go."""
DPI = 150
"""Resolution of the pictures (dots per inch)."""


class RunFolder:
    """Writes and reads the files of a run.

    Neither Ctrl-C nor a full disk leaves half a file. While a run writes the folder, it is locked.

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
        self._locked = False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder for the time of a block, unless this object has done so already.

        Raises
        ------
        NeurosimError
            Where another process writes the folder.
        """
        if self._locked:
            yield
            return
        with lock_folder(self.path):
            self._locked = True
            try:
                yield
            finally:
                self._locked = False

    def prepare(self) -> None:
        """Make the folder and try it, before a long run makes a failure costly.

        Raises
        ------
        NeurosimError
            Where it cannot be written.
        """
        make_folder(self.path)
        try:
            with TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            raise NeurosimError(
                f"{self.path} cannot be written ({error.strerror}): give a folder that can"
            ) from None
        remove_parts(self.path)
        self.forget_checkpoints()

    def forget_checkpoints(self) -> None:
        """Remove checkpoints of a run that is over, if it was killed before it could do so."""
        if not self.has_order:
            remove_checkpoints(self.path / CHECKPOINTS)

    def write_order(self, order: Mapping[str, object], source_file: bytes | None = None) -> None:
        """Write down what is to be run, to be read again should the run be stopped."""
        (self.path / ORDER_SOURCE).unlink(missing_ok=True)
        if source_file is not None:
            self._write(ORDER_SOURCE, source_file)
        write_json(order, self.path / ORDER)

    def write_source(self, source_file: bytes) -> None:
        """Keep the scenario file that was run."""
        self._write(SOURCE, source_file)
        self._list(SOURCE)

    def kept(self, name: str) -> str | None:
        """Return the path of a scenario file that was kept under that name, None without one."""
        path = self.path / name
        return str(path) if path.exists() else None

    @property
    def has_order(self) -> bool:
        """Whether the folder holds a run that is not over."""
        return (self.path / ORDER).exists()

    def require_free(self) -> None:
        """Refuse a folder that another run writes, or whose run can be resumed.

        Raises
        ------
        NeurosimError
        """
        if not self._locked:
            require_unlocked(self.path)
        if self.has_order:
            raise NeurosimError(
                f"{self.path} holds a run that is not over: go on with `neurosim resume "
                f"{self.path}`, or give another folder with --out, or remove this one"
            )

    def read_order(self) -> dict[str, Any]:
        """Read what was to be run.

        Raises
        ------
        NeurosimError
            Where the folder holds no run that could be gone on with.
        """
        if not self.has_order:
            over = (self.path / SUMMARY).exists()
            why = "is over" if over else "kept no checkpoints, or there is none"
            raise NeurosimError(
                f"the run in {self.path} {why}: only a run with --checkpoint-every that was "
                "stopped can be gone on with"
            )
        return self.read_json(ORDER)

    def end(self) -> None:
        """Take down that the run is over."""
        for name in (ORDER, ORDER_SOURCE):
            (self.path / name).unlink(missing_ok=True)
        self.forget_checkpoints()

    def write_result(self, result: Result) -> None:
        """Write the spikes and traces."""
        save(result, self.path / RESULT)
        self._list(RESULT)

    def write_json(self, name: str, content: Mapping[str, object]) -> None:
        """Write an object as JSON."""
        write_json(content, self.path / name)
        self._list(name)

    def write_summary(self, summary: Mapping[str, object]) -> dict[str, Any]:
        """Write the summary with `files`, itself the last of them, and return it."""
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
        """Read what `write_json` wrote.

        Raises
        ------
        NeurosimError
            Where the file is missing or damaged.
        """
        return read_json(
            self.path / name, "a folder that `neurosim run` wrote", "run the scenario again"
        )

    def forget_former_run(self) -> None:
        """Remove the files of an earlier run except its result.

        Only the summary and files that it lists are touched.
        """
        try:
            listed = self.read_json(SUMMARY).get("files")
        except NeurosimError:
            return
        names = listed if isinstance(listed, list) else []
        for path in (Path(name) for name in names if isinstance(name, str)):
            if path.suffix == ".png" or path.name in (COMPARISON, SOURCE):
                _remove(self.path / path.name)
        _remove(self.path / SUMMARY)

    def _write(self, name: str, content: bytes) -> None:
        with atomic_path(self.path / name) as part:
            part.write_bytes(content)

    def _list(self, name: str) -> None:
        path = str(self.path / name)
        if path not in self.files:
            self.files.append(path)


def _remove(path: Path) -> None:
    """Remove a file if there is one; what is no file stays."""
    with suppress(OSError, ValueError):
        path.unlink()


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure to a file atomically."""
    with atomic_path(path) as part:
        figure.savefig(part, format="png", dpi=DPI)
