"""Read a result from an HDF5 file, which may be damaged or hostile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.results import (
    PopulationInfo,
    Result,
    RunStats,
    SpikeTrains,
    Trace,
    WeightTrace,
)
from neurosim.results.storage.layout import DRAWN_SPIKES, FORMAT, column_types, group_name
from neurosim.utils.atomic_files import check_file, no_memory_for
from neurosim.utils.hdf5 import ERRORS, check_stored, reason
from neurosim.utils.hdf5 import require as _require

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import h5py
    from numpy.typing import DTypeLike, NDArray


def load(path: str | os.PathLike[str]) -> Result:
    """Read a result written by `save`.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    Result
        Bit-identical to the saved result.

    Raises
    ------
    NeurosimError
        If the file is missing, damaged, of a later format, or not a result of neurosim.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "result.h5"
    >>> ns.save(ns.simulate(net, 100.0), path)
    >>> ns.load(path).duration
    100.0
    """
    import h5py

    path = Path(path)
    check_file(path, "a result file of neurosim")
    try:
        if not h5py.is_hdf5(path):
            raise NeurosimError(f"{path} is not an HDF5 file: give a result file of neurosim")
        with h5py.File(path, "r") as file:
            _check_format(file, path)
            return _read_result(file, path.stat().st_size)
    except NeurosimError:
        raise
    except MemoryError as error:
        raise no_memory_for(path, error) from error
    except ERRORS as error:
        raise NeurosimError(
            f"{path} is damaged ({reason(error)}): run the simulation again"
        ) from error


def _check_format(file: h5py.File, path: Path) -> None:
    written = file["neurosim"].attrs.get("format") if "neurosim" in file else None
    if not isinstance(written, np.integer):
        raise NeurosimError(
            f"{path} is an HDF5 file but not a result of neurosim: give a result file of neurosim"
        )
    if not 1 <= written <= FORMAT:
        raise NeurosimError(
            f"{path} has format {written} and this neurosim reads formats 1 to {FORMAT}: "
            "install a later neurosim"
        )


def _read_result(file: h5py.File, file_size: int) -> Result:
    run = file["neurosim"]
    dt, duration = float(run.attrs["dt"]), float(run.attrs["duration"])
    _require(0.0 < dt < np.inf, f"dt is {dt:g} ms")
    _require(0.0 <= duration < np.inf, f"duration is {duration:g} ms")
    reader = _Reader(file_size, int(run.attrs["format"]), dt, duration)
    spikes, traces = file["spikes"], file["traces"]
    populations = {info.name: info for info in reader.populations(run["populations"])}
    for name in map(unquote, [*spikes, *traces]):
        _require(name in populations, f"population {name} is not described")
    return Result(
        dt=dt,
        duration=duration,
        seed=int(run.attrs["seed"]),
        populations=populations,
        spikes={
            name: reader.trains(spikes[group_name(name)], run, info)
            for name, info in populations.items()
            if group_name(name) in spikes
        },
        traces={
            (name, variable): reader.trace(traces[group_name(name)][variable], variable, info)
            for name, info in populations.items()
            for variable in traces.get(group_name(name), ())
        },
        stats=_read_stats(run["stats"]),
        measured={
            unquote(name): reader.array(values, np.float64, 1)
            for name, values in run.get("measured", {}).items()
        },
        weights=dict(
            reader.weights(file["weights"][str(k)], populations)
            for k in range(len(file.get("weights", ())))
        ),
        inputs={
            unquote(name): reader.input(group) for name, group in file.get("inputs", {}).items()
        },
    )


def _read_stats(group: h5py.Group) -> RunStats:
    types = dict(column_types(RunStats))
    values = {name: np.asarray(value) for name, value in group.attrs.items() if name in types}
    for name, value in values.items():
        _require(
            value.dtype == types[name] and value.ndim == 0, f"{group.name}/{name} is not a number"
        )
    return RunStats(**{name: value.item() for name, value in values.items()})


class _Reader:
    """Reader of arrays that checks first whether the file is large enough for them.

    Parameters
    ----------
    file_size : int
        Size of the file (bytes).
    version : int
        Version of the layout.
    dt, duration : float
        Time step and duration of the run (ms).
    """

    def __init__(self, file_size: int, version: int, dt: float, duration: float) -> None:
        self.file_size, self.version = file_size, version
        self.dt, self.duration = dt, duration

    def populations(self, table: h5py.Dataset) -> list[PopulationInfo]:
        """Read the table of populations."""
        length = table.dtype["name"].itemsize
        rows = self.array(table, column_types(PopulationInfo, length), 1).tolist()
        infos = [PopulationInfo(name.decode(), *values) for name, *values in rows]
        for info in infos:
            _require(info.size > 0, f"population {info.name} has {info.size} neurons")
        return infos

    def trains(self, group: h5py.Group, run: h5py.Group, population: PopulationInfo) -> SpikeTrains:
        """Read the spikes of a population and the properties of its neurons."""
        recorded, name = run["recorded"], group_name(population.name)
        neurons = self.ids(recorded[name], np.int64, population)
        _require(bool(np.all(np.diff(neurons) > 0)), f"{recorded.name} is not ascending")
        times = self.array(group["timestamps"], np.float64, 1)
        ids = self.ids(group["node_ids"], np.uint64, population)
        _require(len(times) == len(ids), f"{group.name} has {len(times)} times, {len(ids)} ids")
        _require(_ascending(times), f"{group.name}/timestamps are not ascending")
        known = len(neurons) == population.size or bool(np.isin(ids, neurons).all())
        _require(known, f"{group.name} has spikes of neurons that were not recorded")
        names = self._names(run["names"][name], neurons) if name in run.get("names", ()) else None
        observed = run["observed"][name] if name in run.get("observed", ()) else None
        intervals = None if observed is None else self._intervals(observed, neurons)
        return SpikeTrains(times, ids, neurons, names, intervals, self.dt, 0.0, self.duration)

    def _names(self, table: h5py.Dataset, neurons: NDArray[np.int64]) -> tuple[str, ...]:
        """Read the names of neurons."""
        names = self.array(table, f"S{max(1, table.dtype.itemsize)}", 1).tolist()
        _require(len(names) == len(neurons), f"{table.name} has {len(names)} names")
        return tuple(name.decode() for name in names)

    def _intervals(
        self, group: h5py.Group, neurons: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], ...]:
        """Read the observed intervals (ms) of each neuron."""
        counts = self.array(group["counts"], np.int64, 1)
        intervals = self.array(group["intervals"], np.float64, 2)
        fits = len(counts) == len(neurons) and bool(np.all(counts >= 0))
        fits = fits and intervals.shape == (counts.sum(), 2) and bool(np.isfinite(intervals).all())
        _require(fits, f"{group.name} does not match the {len(neurons)} neurons")
        return tuple(np.split(intervals, np.cumsum(counts)[:-1])) if len(counts) else ()

    def weights(
        self, group: h5py.Group, populations: Mapping[str, PopulationInfo]
    ) -> tuple[Any, WeightTrace]:
        """Read recorded weights, with their key."""
        key: list[Any] = [bytes(group.attrs[name]).decode() for name in ("source", "target")]
        _require(all(name in populations for name in key), f"{group.name} has unknown populations")
        sources, targets = (
            self.ids(group[name], np.int64, populations[end])
            for name, end in zip(("sources", "targets"), key, strict=True)
        )
        times, delays = (self.array(group[name], np.float64, 1) for name in ("times", "delays"))
        values, unit = self.array(group["values"], np.float64, 2), group.attrs["units"]
        lengths = (len(times), len(sources)), len(targets), len(delays)
        fits = lengths == (values.shape, len(sources), len(sources)) and isinstance(unit, bytes)
        _require(fits and _ascending(times), f"{group.name} is not a table of weights")
        if "number" in group.attrs:
            key.append(int(group.attrs["number"]))
        return tuple(key), WeightTrace(times, values, sources, targets, delays, unit.decode())

    def trace(self, group: h5py.Group, variable: str, population: PopulationInfo) -> Trace:
        """Read one variable."""
        times = self.array(group["times"], np.float64, 1)
        values = self.array(group["values"], np.float64, 2)
        ids = self.ids(group["ids"], np.int64, population)
        shape = (len(times), len(ids))
        _require(values.shape == shape, f"{group.name}/values are {values.shape}, not {shape}")
        _require(_ascending(times), f"{group.name}/times are not ascending")
        unit = group.attrs["units"]
        _require(isinstance(unit, bytes), f"the units of {group.name} are not a string")
        if variable == "v" and self.version <= DRAWN_SPIKES:
            values, row, column = _without_spikes(values, population)
            spike_times, spike_ids = times[row], ids[column]
        elif "spike_times" in group:
            spike_times = self.array(group["spike_times"], np.float64, 1)
            spike_ids = self.ids(group["spike_ids"], np.int64, population)
        else:
            return Trace(times, values, ids, unit.decode())
        _require(
            len(spike_times) == len(spike_ids),
            f"{group.name} has unequal spike_times and spike_ids",
        )
        _require(bool(np.isin(spike_ids, ids).all()), f"{group.name} has spikes of other neurons")
        spikes = SpikeTrains(
            spike_times, spike_ids, ids, dt=self.dt, t_start=0.0, t_stop=self.duration
        )
        return Trace(times, values, ids, unit.decode(), spikes, population.v_peak)

    def input(self, group: h5py.Group) -> SpikeTrains | Trace:
        """Read the spikes or the current of an input."""
        if "timestamps" not in group:
            times = self.array(group["times"], np.float64, 1)
            values, ids = (
                self.array(group[name], dtype, n_dims)
                for name, dtype, n_dims in (("values", np.float64, 2), ("ids", np.int64, 1))
            )
            return Trace(times, values, ids, group.attrs["units"].decode())
        times = self.array(group["timestamps"], np.float64, 1)
        ids = self.array(group["node_ids"], np.uint64, 1).astype(np.int64)
        recorded = self.array(group["recorded"], np.int64, 1)
        known = len(times) == len(ids) and bool(np.isin(ids, recorded).all())
        _require(known and _ascending(times), f"{group.name} has impossible spikes")
        return SpikeTrains(times, ids, recorded, dt=self.dt, t_start=0.0, t_stop=self.duration)

    def ids(self, dataset: h5py.Dataset, dtype: DTypeLike, population: PopulationInfo) -> NDArray:
        """Read indices of neurons of `population`."""
        ids = self.array(dataset, dtype, 1)
        inside = (ids >= 0) & (ids < population.size)
        _require(bool(inside.all()), f"{dataset.name} is outside the {population.size} neurons")
        return ids.astype(np.int64)

    def array(self, dataset: h5py.Dataset, dtype: Any, n_dims: int) -> NDArray:
        """Read a dataset after checking its type and size."""
        wanted = np.dtype(dtype)
        fits = dataset.dtype == wanted and dataset.ndim == n_dims
        _require(fits, f"{dataset.name} is not a {n_dims}-dimensional array of the expected type")
        check_stored(dataset, self.file_size)
        return dataset[()]


def _without_spikes(
    values: NDArray[np.float64], population: PopulationInfo
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
    """Return potentials without action potentials, and the samples that contained one.

    These samples are set to the reset potential.
    """
    row, column = np.nonzero(values == population.v_peak)
    values[row, column] = population.v_reset
    return values, row, column


def _ascending(times: NDArray[np.float64]) -> bool:
    # NaN fails both comparisons.
    return bool(np.all(np.isfinite(times)) and np.all(np.diff(times) >= 0))
