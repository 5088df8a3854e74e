"""The folder of a sweep: a file with its description, and one file for each point."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import neurosim
from neurosim.errors import NeurosimError
from neurosim.experiments.model_files import loaded_file
from neurosim.experiments.settings import format_value
from neurosim.experiments.sweep.description import describe
from neurosim.experiments.sweep.task import as_json
from neurosim.experiments.toml import Origin
from neurosim.utils.atomic_files import make_folder, read_json

if TYPE_CHECKING:
    from neurosim.experiments.sweep.grid import Point, Sweep

DESCRIPTION = "sweep.json"
SCENARIO = "scenario.toml"
"""Copy of the scenario file, if the scenario has one."""
POINTS = "points"
REPAIR = "remove it, and the same command runs the missing points again"


class SweepFolder:
    """The folder that holds the points of one sweep.

    Files are created atomically and never overwritten: after a crash a file is either complete or
    missing.

    Parameters
    ----------
    path : path-like

    Examples
    --------
    >>> import tempfile
    >>> from neurosim.sweep import SweepFolder, describe
    >>> folder = SweepFolder(tempfile.mkdtemp())
    >>> folder.claim(describe("psp-summation", {"tau": [2.0, 5.0]}, seeds=2))
    >>> folder.sweep().size
    4
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def claim(self, sweep: Sweep) -> None:
        """Create the folder, or check that it belongs to the same sweep.

        Raises
        ------
        NeurosimError
            If the folder belongs to another sweep or cannot be written.
        """
        make_folder(self.path / POINTS)
        description = _description(sweep)
        if not self._create(DESCRIPTION, as_json(description)):
            found = _read(self.path / DESCRIPTION)
            if found != description:
                raise NeurosimError(
                    f"{self.path} holds another sweep, with {_difference(found, description)}: "
                    "give another folder"
                )
        if sweep.scenario.source_file is not None:
            self._create(SCENARIO, sweep.scenario.source_file)

    def sweep(self) -> Sweep:
        """Return the sweep that the folder belongs to.

        Raises
        ------
        NeurosimError
            If the description is missing, damaged or from another version of neurosim, or the
            files with its models are not loaded.
        """
        path = self.path / DESCRIPTION
        found = _read(path)
        version = found.get("neurosim")
        if version != neurosim.__version__:
            raise NeurosimError(
                f"{path} was written by neurosim {version}, this is {neurosim.__version__}: use "
                "that version"
            )
        try:
            grid, settings = dict(found["grid"]), dict(found["settings"])
            if not all(isinstance(values, list) for values in (*grid.values(), found["seeds"])):
                raise TypeError
            name = str(found["scenario"])
            file = str(self.path / SCENARIO) if "file_sha256" in found else None
            sweep = describe(
                file or name,
                grid,
                seeds=found["seeds"],
                settings=settings,
                duration=found["duration_ms"],
                dt=found["dt_ms"],
                models=_loaded_models(path, dict(found.get("models_sha256", {}))),
                origin=Origin(name) if file else None,
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            reason = f" ({error})" if isinstance(error, NeurosimError) else ""
            raise NeurosimError(
                f"{path} does not describe a valid sweep{reason}: run the sweep again"
            ) from None
        if _description(sweep) != found:
            raise _damaged(path)
        return sweep

    def keys(self) -> frozenset[str]:
        """Return the keys of the points that have been run."""
        return frozenset(path.stem for path in (self.path / POINTS).glob("*.json"))

    def add(self, key: str, content: bytes) -> bool:
        """Write a point; return False if its file already exists."""
        return self._create(f"{POINTS}/{key}.json", content)

    def read(self, point: Point) -> dict[str, Any]:
        """Read a point.

        Raises
        ------
        NeurosimError
            If the file is damaged or belongs to another point.
        """
        path = self.path / POINTS / f"{point.key}.json"
        found = _read(path)
        expected = point.as_dict()
        if {name: found.get(name) for name in expected} != expected or not (
            isinstance(found.get("error"), str)
            or all(isinstance(found.get(name), dict) for name in ("findings", "rates_hz"))
        ):
            raise _damaged(path)
        return found

    def _create(self, name: str, content: bytes) -> bool:
        """Create a file atomically; return False if it already exists."""
        path = self.path / name
        part = self.path / f".part-{secrets.token_hex(8)}"
        try:
            part.write_bytes(content)
            try:
                os.link(part, path)  # unlike os.replace, never overwrites
            except FileExistsError:
                return False
            return True
        except OSError as error:
            raise NeurosimError(
                f"{path} cannot be written ({error.strerror}): give a writable folder"
            ) from None
        finally:
            part.unlink(missing_ok=True)


def is_sweep(path: str | os.PathLike[str]) -> bool:
    """Return whether a folder belongs to a sweep.

    Examples
    --------
    >>> import tempfile
    >>> from neurosim.sweep import is_sweep
    >>> is_sweep(tempfile.mkdtemp())
    False
    """
    return (Path(path) / DESCRIPTION).exists()


def _description(sweep: Sweep) -> dict[str, Any]:
    return {"neurosim": neurosim.__version__} | sweep.as_dict()


def _read(path: Path) -> dict[str, Any]:
    return read_json(path, "a folder written by `neurosim sweep`", REPAIR)


def _loaded_models(path: Path, names: dict[str, str]) -> list[str]:
    """Return the paths of model files, which must have been loaded."""
    files = {name: loaded_file(name) for name in names}
    if missing := [f"--models {name}.py" for name, file in files.items() if file is None]:
        raise NeurosimError(f"it uses models that are not loaded; add {' '.join(missing)}")
    return [file.path for file in files.values() if file]


def _damaged(path: Path) -> NeurosimError:
    return NeurosimError(f"{path} is damaged or belongs to another sweep: {REPAIR}")


def _difference(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Return the differences between two descriptions as text."""
    old, new = _flat(found), _flat(wanted)
    return ", ".join(
        f"{name} {_short(old.get(name))} instead of {_short(new.get(name))}"
        for name in new | old
        if old.get(name) != new.get(name)
    )


def _flat(description: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in description.items():
        flat |= value if name in ("grid", "settings", "models_sha256") else {name: value}
    return flat


def _short(value: object) -> str:
    text = "none" if value is None else format_value(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
