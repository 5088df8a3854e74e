"""Read spikes from NumPy's files: tables of times and neurons, or one array per neuron."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.columns import GUESSED, UNITS, Columns, find_columns
from neurosim.interchange.imported_spikes import (
    MAX_ID,
    MAX_POPULATIONS,
    NO_NAME,
    ImportedSpikes,
    PopulationSpikes,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

ZIP, MAGIC = b"PK", b"\x93NUMPY"
PYNAPPLE = {"t", "start", "end"}
"""Arrays by which pynapple's files are known; their times are in s."""
WANTED = (
    "give arrays named times and ids, such as time_ms and neuron, or one array of times per neuron"
)


def read_npz(path: Path, unit: str | None = None) -> ImportedSpikes:
    """Read spikes from a .npz or .npy file.

    Parameters
    ----------
    path : Path
    unit : str, optional
        Of times, where the names of arrays do not tell it: "ms", "s" or "us".

    Raises
    ------
    NeurosimError
    """
    arrays = _load(path)
    if set(arrays) >= PYNAPPLE:
        return _read_pynapple(arrays, path.stem)
    columns = find_columns(list(arrays), unit)
    if columns is not None and (columns.neuron is not None or len(arrays) == 1):
        return _read_table(list(arrays.values()), columns, path.stem)
    to_ms, notes = UNITS[unit or "ms"], () if unit else (GUESSED,)
    if len(arrays) == 1:
        (array,) = arrays.values()
        if array.ndim == 2 and array.shape[1] == 2:
            times, ids = _columns_of(array)
            return ImportedSpikes({NO_NAME: train_of(times * to_ms, ids)}, notes=notes)
    trains = {name: _times(array, name) * to_ms for name, array in arrays.items()}
    if not trains:
        raise NeurosimError(f"it holds no array: {WANTED}")
    return ImportedSpikes({NO_NAME: _each_a_neuron(trains)}, notes=notes)


def _load(path: Path) -> dict[str, NDArray]:
    """Return the arrays of a file by name; Python objects are refused."""
    with path.open("rb") as file:
        head = file.read(len(MAGIC))
        packed = head.startswith(ZIP)
        if not packed and head != MAGIC:
            raise NeurosimError("it is no file of NumPy: give one that numpy.savez has written")
        file.seek(0)
        try:
            found = np.load(file, allow_pickle=False)
            if not packed:
                return {path.stem: found}
            if len(found.files) > MAX_POPULATIONS:
                raise NeurosimError(f"it has {len(found.files):,} arrays: {WANTED}")
            return {name: found[name] for name in found.files}
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise ValueError(str(error)) from None
        except ValueError as error:
            if "pickle" not in str(error):
                raise
            raise NeurosimError(
                f"it holds Python objects, and to read them would be to run them: {WANTED}"
            ) from None


def _read_table(arrays: list[NDArray], columns: Columns, name: str) -> ImportedSpikes:
    """Read arrays with one value per spike."""
    if columns.to_ms is None:
        raise NeurosimError(f"its times are counted in steps: {WANTED}")
    times = _times(arrays[columns.time], "the times") * columns.to_ms
    notes = (GUESSED,) if columns.guessed else ()
    if columns.neuron is None:
        return ImportedSpikes({NO_NAME: _each_a_neuron({name: times})}, notes=notes)
    ids = arrays[columns.neuron].reshape(-1)
    if len(ids) != len(times):
        raise NeurosimError(f"it has {len(times)} times and {len(ids)} neurons")
    if columns.population is None:
        return ImportedSpikes({NO_NAME: train_of(times, ids)}, notes=notes)
    names = np.asarray(arrays[columns.population]).reshape(-1).astype(str)
    if len(names) != len(times):
        raise NeurosimError(f"it has {len(times)} times and {len(names)} populations")
    trains = {name: train_of(times[names == name], ids[names == name]) for name in _unique(names)}
    return ImportedSpikes(trains, notes=notes)


def _read_pynapple(arrays: Mapping[str, NDArray], name: str) -> ImportedSpikes:
    """Read the times (s) of pynapple's Ts and TsGroup."""
    times = _times(arrays["t"], "t") * 1e3
    end = float(arrays["end"].max()) * 1e3 if arrays["end"].size else None
    if "index" not in arrays:
        return ImportedSpikes({NO_NAME: _each_a_neuron({name: times})}, duration=end)
    train = train_of(times, arrays["index"].reshape(-1))
    recorded = arrays.get("keys", train.recorded)
    if recorded.dtype.kind in "iuf" and recorded.ndim == 1 and train.names is None:
        train = PopulationSpikes(
            train.times, train.ids, np.union1d(recorded.astype(np.int64), train.ids)
        )
    return ImportedSpikes({NO_NAME: train}, duration=end)


def _times(array: NDArray, name: str) -> NDArray[np.float64]:
    """Return an array of times as floats."""
    if array.dtype.kind not in "iuf" or array.size != max(array.shape, default=1):
        raise NeurosimError(
            f"{name[:80]} is an array of {array.dtype} of shape {array.shape}, not of times: "
            f"{WANTED}"
        )
    return array.reshape(-1).astype(np.float64)


def _columns_of(table: NDArray) -> tuple[NDArray[np.float64], NDArray]:
    """Return times and neurons out of two columns: neurons are whole numbers, times are not."""
    if table.dtype.kind not in "iuf":
        raise NeurosimError(f"it is an array of {table.dtype}: {WANTED}")
    whole = [bool((column >= 0).all() and (column % 1 == 0).all()) for column in table.T]
    if whole[0] == whole[1]:
        both = "both of its columns hold" if whole[0] else "neither of its columns holds"
        raise NeurosimError(f"{both} whole numbers alone, so which is neurons is unknown: {WANTED}")
    neuron = whole.index(True)
    return table[:, 1 - neuron].astype(np.float64), table[:, neuron]


def train_of(times: NDArray[np.float64], ids: NDArray) -> PopulationSpikes:
    """Return spikes of neurons called by whole numbers or by words.

    Raises
    ------
    NeurosimError
        For fractions and numbers out of range.
    """
    if ids.dtype.kind in "US":
        names = ids.astype(str) if ids.dtype.kind == "U" else np.char.decode(ids)
        order = _unique(names)
        number = {name: k for k, name in enumerate(order)}
        numbers = np.array([number[name] for name in names.tolist()], np.int64)
        return PopulationSpikes(times, numbers, np.arange(len(order)), tuple(order))
    if ids.dtype.kind not in "iuf":
        raise NeurosimError(f"its neurons are {ids.dtype}: give whole numbers or names")
    right = (ids >= 0) & (ids <= MAX_ID)
    if ids.dtype.kind == "f":
        right &= ids == np.floor(ids)
    if not right.all():
        raise NeurosimError(
            f"it has a neuron {ids[~right][0]}: neurons are whole numbers from 0 to {MAX_ID}"
        )
    whole = ids.astype(np.int64)
    return PopulationSpikes(times, whole, np.unique(whole))


def _each_a_neuron(trains: Mapping[str, NDArray[np.float64]]) -> PopulationSpikes:
    """Return spikes of neurons with an array each, numbered as named, else counted."""
    names = list(trains)
    numbered = all(name.isascii() and name.isdigit() and len(name) < 10 for name in names)
    ids = np.array([int(name) for name in names] if numbered else range(len(names)), np.int64)
    numbered &= len(set(ids.tolist())) == len(ids)
    counts = [len(times) for times in trains.values()]
    merged = np.concatenate(list(trains.values()))
    return PopulationSpikes(merged, np.repeat(ids, counts), ids, None if numbered else tuple(names))


def _unique(names: NDArray) -> list[str]:
    """Return different words in the order of their first appearance."""
    return list(dict.fromkeys(names.tolist()))
