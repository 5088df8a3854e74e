"""The folder of a sweep: one file that describes it, one for each point, each written once."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import neurosim
from neurosim.errors import NeurosimError
from neurosim.experiments.settings import format_value
from neurosim.experiments.sweep.description import describe
from neurosim.experiments.sweep.work import as_json
from neurosim.experiments.toml import Origin
from neurosim.utils.atomic_files import make_folder, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neurosim.experiments.sweep.grid import Point, Sweep

DESCRIPTION = "sweep.json"
SCENARIO = "scenario.toml"
"""Of a scenario that is a file, what it held."""
POINTS = "points"


class SweepFolder:
    """Where the points of one sweep are kept.

    A point's file appears under its name in one stroke, and never over another: whatever is killed,
    there is the whole file or none, and what is there stays as it is.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def claim(self, sweep: Sweep) -> None:
        """Make the folder this sweep's, unless it already is.

        Raises
        ------
        NeurosimError
            Where it is another's, or cannot be written.
        """
        make_folder(self.path / POINTS)
        description = _described(sweep)
        if not self._create(DESCRIPTION, as_json(description)):
            found = _read(self.path / DESCRIPTION)
            if found != description:
                raise NeurosimError(
                    f"{self.path} holds another sweep, {_difference(found, description)}: give "
                    "another folder"
                )
        if sweep.scenario.source_file is not None:
            self._create(SCENARIO, sweep.scenario.source_file)

    def sweep(self) -> Sweep:
        """Return the sweep that the folder is of.

        Raises
        ------
        NeurosimError
            Where its description is missing, damaged, or of another version.
        """
        path = self.path / DESCRIPTION
        found = _read(path)
        version = found.get("neurosim")
        if version != neurosim.__version__:
            raise NeurosimError(
                f"{path} is of neurosim {version}, here is {neurosim.__version__}: use that version"
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
                duration=_number(found["duration_ms"]),
                dt=_number(found["dt_ms"]),
                origin=Origin(name) if file else None,
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            reason = f" ({error})" if isinstance(error, NeurosimError) else ""
            raise NeurosimError(f"{path} describes no sweep{reason}: sweep again") from None
        if _described(sweep) != found:
            raise _damaged(path)
        return sweep

    def keys(self) -> frozenset[str]:
        """Return the keys of the points that are there."""
        try:
            names = os.listdir(self.path / POINTS)
        except OSError:
            return frozenset()
        return frozenset(name.removesuffix(".json") for name in names if name.endswith(".json"))

    def add(self, key: str, content: bytes) -> bool:
        """Write a point; return False where it is there already, and stays as it is."""
        return self._create(f"{POINTS}/{key}.json", content)

    def read(self, point: Point) -> dict[str, Any]:
        """Read a point.

        Raises
        ------
        NeurosimError
            Where its file is damaged or another's.
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
        """Write a file that is not there yet, whole or not at all; False where it is."""
        path = self.path / name
        part = self.path / f".part-{secrets.token_hex(8)}"
        try:
            part.write_bytes(content)
            try:
                os.link(part, path)  # unlike a renaming, this replaces nothing
            except FileExistsError:
                return False
            return True
        except OSError as error:
            raise _unwritable(path, error) from None
        finally:
            part.unlink(missing_ok=True)


def is_sweep(path: str | os.PathLike[str]) -> bool:
    """Return whether a folder is that of a sweep."""
    return (Path(path) / DESCRIPTION).exists()


def _described(sweep: Sweep) -> dict[str, Any]:
    return {"neurosim": neurosim.__version__} | sweep.as_dict()


def _read(path: Path) -> dict[str, Any]:
    """Read a JSON object."""
    return read_json(
        path,
        "a folder that `neurosim sweep` wrote",
        "remove it, and the same command runs again what is missing",
    )


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(value)
    return float(value)


def _damaged(path: Path) -> NeurosimError:
    return NeurosimError(
        f"{path} is damaged, or none of this sweep's: remove it, and the same command runs again "
        "what is missing"
    )


def _unwritable(path: Path, error: OSError) -> NeurosimError:
    return NeurosimError(f"{path} cannot be written ({error.strerror}): give a folder that can")


def _difference(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Return in words wherein two descriptions differ."""
    return ", ".join(_differences(found, wanted))


def _differences(found: dict[str, Any], wanted: dict[str, Any], of: str = "") -> Iterator[str]:
    for name in dict.fromkeys((*wanted, *found)):
        old, new = found.get(name), wanted.get(name)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _differences(old, new, f" of {name}")
        else:
            yield f"with {name}{of} {_short(old)} instead of {_short(new)}"


def _short(value: object) -> str:
    if value is None:
        return "none"
    text = format_value(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
