"""Write a result to an HDF5 file."""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.results import PopulationInfo, Result, SpikeTrains, Trace, WeightTrace
from neurosim.results.storage import layout
from neurosim.utils.atomic_files import atomic_path

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    import h5py
    from numpy.typing import DTypeLike, NDArray

COMPRESS_FROM = 1024
"""Smaller arrays are not compressed: the table of chunks would outweigh the gain."""


def save(result: Result, path: str | os.PathLike[str]) -> None:
    """Write a result to an HDF5 file atomically.

    Parameters
    ----------
    result : Result
    path : path-like
        An existing file is replaced only by a complete new one.

    Raises
    ------
    NeurosimError
        If the file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> drive = net.drive(cell, ns.ConstantCurrent(300.0))
    >>> result = ns.simulate(net, 100.0)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "result.h5"
    >>> ns.save(result, path)
    >>> ns.load(path).spikes["cell"].times.round(1)
    array([19.7, 44.4, 69.1, 93.8])
    """
    image = hdf5_image(lambda file: _write_result(file, result))
    with atomic_path(path) as part:
        part.write_bytes(image)


def hdf5_image(write: Callable[[h5py.File], None]) -> bytes:
    """Return an HDF5 file with the version of SONATA, written in memory by a function.

    On a full disk HDF5 cannot close a file and ends the process.
    """
    import h5py

    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        file.attrs["magic"] = np.uint32(layout.SONATA_MAGIC)
        file.attrs["version"] = np.array(layout.SONATA_VERSION, np.uint32)
        write(file)
    return image.getvalue()


def _write_result(file: h5py.File, result: Result) -> None:
    _write_run(file.create_group("neurosim"), result)
    spikes = file.create_group("spikes")
    for name, trains in result.spikes.items():
        write_spikes(spikes.create_group(layout.group_name(name)), trains)
    traces = file.create_group("traces")
    for (name, variable), trace in result.traces.items():
        _write_trace(traces.create_group(f"{layout.group_name(name)}/{variable}"), trace)
    for number, (key, weights) in enumerate(result.weights.items()):
        _write_weights(file.create_group(f"weights/{number}"), key, weights)
    for name, recorded in result.inputs.items():
        group = file.create_group(f"inputs/{layout.group_name(name)}")
        if isinstance(recorded, SpikeTrains):
            write_spikes(group, recorded)
            _write_arrays(group, recorded, "recorded")
        else:
            _write_trace(group, recorded)


def _write_run(group: h5py.Group, result: Result) -> None:
    group.attrs["format"] = layout.FORMAT
    group.attrs["dt"] = float(result.dt)
    group.attrs["duration"] = float(result.duration)
    group.attrs["seed"] = result.seed
    group["populations"] = _table(list(result.populations.values()))
    recorded = group.create_group("recorded")
    for name, trains in result.spikes.items():
        _write_array(recorded, layout.group_name(name), trains.recorded, np.int64)
        if trains.names is not None:
            group[f"names/{layout.group_name(name)}"] = _words(trains.names)
        if trains.observed is not None:
            observed = group.create_group(f"observed/{layout.group_name(name)}")
            _write_array(observed, "counts", np.array([len(t) for t in trains.observed]), np.int64)
            intervals = np.concatenate([np.empty((0, 2)), *trains.observed])
            _write_array(observed, "intervals", intervals, np.float64)
    for name, values in result.measured.items():
        _write_array(group, f"measured/{layout.group_name(name)}", values, np.float64)
    stats = group.create_group("stats")
    for name, kind in layout.column_types(type(result.stats)):
        stats.attrs.create(name, getattr(result.stats, name), dtype=kind)


def _table(populations: list[PopulationInfo]) -> NDArray:
    names = _words([population.name for population in populations])
    table = np.empty(len(names), layout.column_types(PopulationInfo, names.dtype.itemsize))
    for row, (name, population) in enumerate(zip(names, populations, strict=True)):
        table[row] = (name, *dataclasses.astuple(population)[1:])
    return table


def _words(names: Sequence[str]) -> NDArray[np.bytes_]:
    """Encode strings as UTF-8 of a fixed length of at least one byte."""
    encoded = [name.encode() for name in names]
    return np.array(encoded, f"S{max([1, *map(len, encoded)])}")


def write_spikes(group: h5py.Group, trains: SpikeTrains) -> None:
    """Write the spikes of a population in the SONATA layout."""
    import h5py

    sorting = h5py.enum_dtype(layout.SONATA_SORTING, basetype=np.uint8)
    group.attrs.create("sorting", layout.SONATA_SORTING["by_time"], dtype=sorting)
    # Not compressed: the wheels of libsonata are built without zlib.
    times = group.create_dataset("timestamps", data=trains.times, dtype=np.float64)
    times.attrs["units"] = "ms"
    group.create_dataset("node_ids", data=trains.ids, dtype=np.uint64)


def _write_trace(group: h5py.Group, trace: Trace) -> None:
    group.attrs["units"] = np.bytes_(trace.unit.encode())
    _write_arrays(group, trace, "times", "values", "ids")
    if trace.spikes is not None:
        _write_array(group, "spike_times", trace.spikes.times, np.float64)
        _write_array(group, "spike_ids", trace.spikes.ids, np.int64)


def _write_weights(group: h5py.Group, key: tuple[Any, ...], weights: WeightTrace) -> None:
    group.attrs["units"] = np.bytes_(weights.unit.encode())
    for name, value in zip(("source", "target"), key, strict=False):
        group.attrs[name] = np.bytes_(value.encode())
    if len(key) > 2:
        group.attrs["number"] = key[2]
    _write_arrays(group, weights, "times", "values", "delays", "sources", "targets")


def _write_arrays(group: h5py.Group, record: Any, *names: str) -> None:
    """Write attributes of a record."""
    for name in names:
        _write_array(group, name, getattr(record, name), layout.ARRAYS[name][0])


def _write_array(group: h5py.Group, name: str, array: NDArray, dtype: DTypeLike) -> None:
    compression: dict[str, Any] = {}
    if array.size >= COMPRESS_FROM:
        compression = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
    group.create_dataset(name, data=array, dtype=dtype, **compression)
