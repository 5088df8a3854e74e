"""Python files that define neuron models, rules and inputs."""

from __future__ import annotations

import linecache
import os
import sys
import traceback
from dataclasses import dataclass
from importlib.abc import ExecutionLoader
from importlib.util import decode_source, find_spec, module_from_spec, spec_from_loader
from pathlib import Path
from typing import TYPE_CHECKING

from neurosim.errors import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Iterable

    FilePath = str | os.PathLike[str]


@dataclass(frozen=True)
class ModelFile:
    """A Python file with its content, so that it can be sent to another machine.

    Attributes
    ----------
    path : str
    source : bytes
    """

    path: str
    source: bytes

    @property
    def name(self) -> str:
        """Name of the module."""
        return Path(self.path).stem

    def load(self) -> None:
        """Execute the file as a module, unless this has already been done.

        Raises
        ------
        NeurosimError
            If the name belongs to another module, or the file fails.
        """
        name, loaded = self.name, loaded_file(self.name)
        if loaded == self:
            return
        if loaded and loaded.path == self.path:
            raise NeurosimError(
                f"--models {self.path}: an earlier version of this file is already loaded: restart "
                "the process or, in a sweep, the workers"
            )
        if name in sys.modules or not name.isidentifier() or find_spec(name):
            raise NeurosimError(
                f"--models {self.path}: {name!r} is the name of another module or not a valid "
                "module name: rename the file"
            )
        spec = spec_from_loader(name, _Loader(self))
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except NeurosimError:
            raise
        except Exception as error:
            raise NeurosimError(f"{self._location(error)}: {_message(error)}") from error

    def _location(self, error: Exception) -> str:
        """Return the path with the line at which executing the file failed."""
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == self.path]
        line = error.lineno if isinstance(error, SyntaxError) else next(reversed(lines), None)
        return self.path if line is None else f"{self.path}:{line}"


class _Loader(ExecutionLoader):
    """Import a module from the content of a `ModelFile`."""

    def __init__(self, file: ModelFile) -> None:
        self.file = file

    def get_filename(self, fullname: str) -> str:
        return self.file.path

    def get_source(self, fullname: str) -> str:
        text = decode_source(self.file.source)
        # The source of the equations is read from this cache; there may be no file here, or the
        # file may have been edited since.
        linecache.cache[self.file.path] = len(text), None, text.splitlines(True), self.file.path
        return text


def load_models(paths: Iterable[FilePath]) -> tuple[ModelFile, ...]:
    """Execute Python files that define models.

    Scenario files and checkpoints can then use the classes that they define.

    Parameters
    ----------
    paths : iterable of path-like

    Returns
    -------
    tuple of ModelFile

    Raises
    ------
    NeurosimError
        If a file does not exist, has the name of another module, or fails.
    """
    files = tuple(map(_read, paths))
    for file in files:
        file.load()
    return files


def loaded_file(name: str) -> ModelFile | None:
    """Return the file from which `load_models` imported a module.

    The result is None for other modules.
    """
    loader = getattr(sys.modules.get(name), "__loader__", None)
    return loader.file if isinstance(loader, _Loader) else None


def _read(path: FilePath) -> ModelFile:
    path = Path(path)
    if path.suffix != ".py" or not path.is_file():
        raise NeurosimError(f"--models {path}: no such Python file: give a file that ends in .py")
    return ModelFile(str(path), path.read_bytes())


def _message(error: Exception) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}"
