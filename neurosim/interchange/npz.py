"""Readers of spikes in NumPy files.

A file has tables of times and neurons, or one array per neuron.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.columns import (
    ASSUMED_MS,
    Columns,
    find_columns,
    find_whole_column,
    time_unit,
)
from neurosim.interchange.imported_spikes import (
    MAX_POPULATIONS,
    UNNAMED,
    ImportedSpikes,
    PopulationSpikes,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

ZIP, MAGIC = b"PK", b"\x93NUMPY"
PYNAPPLE = {"t", "start", "end"}
"""Arrays that identify the files of pynapple, whose times are in s."""
WANTED = (
    "give arrays named times and ids, such as time_ms and neuron, or one array of times per neuron"
)


def read_npz(path: Path, unit: str | None = None) -> ImportedSpikes:
    """Read spikes from a .npz or .npy file.

    Parameters
    ----------
    path : Path
    unit : str, optional
        Unit of times if the names of the arrays do not specify it; see `time_unit`.

    Raises
    ------
    NeurosimError
        If the arrays do not hold spikes.
    """
    arrays = _load(path)
    if set(arrays) >= PYNAPPLE:
        return _read_pynapple(arrays, path.stem)
    columns = find_columns(list(arrays), unit)
    if columns is not None and (columns.neuron is not None or len(arrays) == 1):
        return _read_table(arrays, columns, path.stem)
    to_ms, notes = time_unit(unit or "ms"), () if unit else (ASSUMED_MS,)
    if not arrays:
        raise NeurosimError(f"it holds no array: {WANTED}")
    first = next(iter(arrays.values()))
    if len(arrays) == 1 and first.ndim == 2 and first.shape[1] == 2:
        times, ids = _split_columns(first)
        spikes = PopulationSpikes.of(times * to_ms, ids)
    else:
        spikes = _neuron_per_array(
            {name: _times(array, name) * to_ms for name, array in arrays.items()}
        )
    return ImportedSpikes({UNNAMED: spikes}, notes=notes)


def read_array(path: Path) -> NDArray:
    """Return the numbers of a .npy file, in one dimension.

    Raises
    ------
    NeurosimError
        If it holds something else.
    """
    try:
        return _times(next(iter(_load(path).values())), path.name)
    except NeurosimError as error:
        raise NeurosimError(f"{path.name}: {error}") from None


def _load(path: Path) -> dict[str, NDArray]:
    """Return the arrays of a file by name, without Python objects."""
    with path.open("rb") as file:
        head = file.read(len(MAGIC))
        is_zip = head.startswith(ZIP)
        if not is_zip and head != MAGIC:
            raise NeurosimError("it is not a NumPy file: give one written by numpy.savez")
        file.seek(0)
        try:
            found = np.load(file, allow_pickle=False)
            if not is_zip:
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
                f"it holds Python objects, and reading these would execute code: {WANTED}"
            ) from None


def _read_table(arrays: Mapping[str, NDArray], columns: Columns, stem: str) -> ImportedSpikes:
    """Read arrays with one value per spike."""
    if columns.to_ms is None:
        raise NeurosimError(f"its times are in steps: {WANTED}")
    table = list(arrays.values())
    times = _times(table[columns.time], "the array of times") * columns.to_ms
    if columns.neuron is None:
        spikes = _neuron_per_array({stem: times})
        return ImportedSpikes({UNNAMED: spikes}, notes=columns.notes)
    ids = table[columns.neuron].reshape(-1)
    found = {UNNAMED: PopulationSpikes.of(times, ids)}
    if columns.population is not None:
        names = table[columns.population].reshape(-1).astype(str)
        if len(names) != len(times):
            raise NeurosimError(f"it has {len(times)} times and {len(names)} populations")
        found = {
            name: PopulationSpikes.of(times[names == name], ids[names == name])
            for name in dict.fromkeys(names.tolist())
        }
    return ImportedSpikes(found, notes=columns.notes)


def _read_pynapple(arrays: Mapping[str, NDArray], stem: str) -> ImportedSpikes:
    """Read the times (s) of a Ts or TsGroup of pynapple."""
    times = _times(arrays["t"], "t") * 1e3
    end = float(arrays["end"].max()) * 1e3 if arrays["end"].size else None
    if "index" not in arrays:
        return ImportedSpikes({UNNAMED: _neuron_per_array({stem: times})}, duration=end)
    spikes = PopulationSpikes.of(times, arrays["index"].reshape(-1))
    keys = arrays.get("keys", spikes.recorded)
    if keys.dtype.kind in "iuf" and keys.ndim == 1 and spikes.names is None:
        spikes = replace(spikes, recorded=np.union1d(keys.astype(np.int64), spikes.ids))
    return ImportedSpikes({UNNAMED: spikes}, duration=end)


def _times(array: NDArray, name: str) -> NDArray[np.float64]:
    """Return an array of times as floats."""
    if array.dtype.kind not in "iuf" or array.size != max(array.shape, default=1):
        raise NeurosimError(
            f"{name[:80]} is an array of {array.dtype} of shape {array.shape}, not of times: "
            f"{WANTED}"
        )
    return array.reshape(-1).astype(np.float64)


def _split_columns(table: NDArray) -> tuple[NDArray[np.float64], NDArray]:
    """Return times and neurons; neurons are in the column of whole numbers."""
    if table.dtype.kind not in "iuf":
        raise NeurosimError(f"it is an array of {table.dtype}: {WANTED}")
    whole = [bool((column >= 0).all() and (column % 1 == 0).all()) for column in table.T]
    neuron = find_whole_column(whole, WANTED)
    return table[:, 1 - neuron].astype(np.float64), table[:, neuron]


def _neuron_per_array(trains: Mapping[str, NDArray[np.float64]]) -> PopulationSpikes:
    """Return spikes with one array per neuron.

    Neurons are numbered by name if all names are numbers.
    """
    names = list(trains)
    numbered = all(name.isascii() and name.isdigit() and len(name) < 10 for name in names)
    numbers = [int(name) for name in names] if numbered else list(range(len(names)))
    numbered &= len(set(numbers)) == len(numbers)
    ids = np.array(numbers, np.int64)
    return PopulationSpikes(
        np.concatenate(list(trains.values())),
        np.repeat(ids, [len(times) for times in trains.values()]),
        ids,
        None if numbered else tuple(names),
    )
