"""Read a result from an HDF5 file, which may be damaged or hostile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.results import PopulationInfo, Result, RunStats, SpikeTrains, Trace, WeightTrace
from neurosim.results.storage.layout import ARRAYS, DRAWN_SPIKES, FORMAT, column_types, group_name
from neurosim.utils.atomic_files import check_file, no_memory_for
from neurosim.utils.hdf5 import ERRORS, check_stored, reason
from neurosim.utils.hdf5 import require as _require

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import h5py
    from numpy.typing import NDArray


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
    if not h5py.is_hdf5(path):
        raise NeurosimError(f"{path} is not an HDF5 file: give a result file of neurosim")
    try:
        with h5py.File(path, "r") as file:
            written = file["neurosim"].attrs.get("format") if "neurosim" in file else None
            if isinstance(written, np.integer) and 1 <= written <= FORMAT:
                return _read_result(file, path.stat().st_size)
    except MemoryError as error:
        raise no_memory_for(path, error) from error
    except ERRORS as error:
        raise NeurosimError(
            f"{path} is damaged ({reason(error)}): run the simulation again"
        ) from error
    if isinstance(written, np.integer):
        raise NeurosimError(
            f"{path} has format {written} and this neurosim reads formats 1 to {FORMAT}: "
            "install a later neurosim"
        )
    raise NeurosimError(
        f"{path} is an HDF5 file but not a result of neurosim: give a result file of neurosim"
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
        name = group_name(population.name)
        neurons = self.array(run["recorded"][name], np.int64, 1)
        _check_ids(neurons, run["recorded"][name].name, population)
        times, ids = self.arrays(group, "timestamps", "node_ids")
        _require(_ascending(times), f"{group.name}/timestamps are not ascending")
        names = self._names(run["names"][name]) if name in run.get("names", ()) else None
        observed = run["observed"][name] if name in run.get("observed", ()) else None
        intervals = None if observed is None else self._intervals(observed, neurons)
        return SpikeTrains(times, ids, neurons, names, intervals, self.dt, 0.0, self.duration)

    def _names(self, table: h5py.Dataset) -> tuple[str, ...]:
        """Read the names of neurons."""
        names = self.array(table, f"S{max(1, table.dtype.itemsize)}", 1).tolist()
        return tuple(name.decode() for name in names)

    def _intervals(
        self, group: h5py.Group, neurons: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], ...]:
        """Read the observed intervals (ms) of each neuron."""
        counts, intervals = self.arrays(group, "counts", "intervals")
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
        names = ("times", "values", "sources", "targets", "delays")
        times, values, sources, targets, delays = self.arrays(group, *names)
        for ids, name in zip((sources, targets), key, strict=True):
            _check_ids(ids, group.name, populations[name])
        _require(_ascending(times), f"{group.name}/times are not ascending")
        if "number" in group.attrs:
            key.append(int(group.attrs["number"]))
        return tuple(key), WeightTrace(times, values, sources, targets, delays, _unit(group))

    def trace(self, group: h5py.Group, variable: str, population: PopulationInfo) -> Trace:
        """Read one variable."""
        trace = self._trace(group)
        _check_ids(trace.ids, group.name, population)
        values = trace.values
        if variable == "v" and self.version <= DRAWN_SPIKES:
            # The samples with action potentials are at the reset potential.
            row, column = np.nonzero(values == population.v_peak)
            values = np.where(values == population.v_peak, population.v_reset, values)
            spike_times, spike_ids = trace.times[row], trace.ids[column]
        elif "spike_times" in group:
            spike_times, spike_ids = self.arrays(group, "spike_times", "spike_ids")
        else:
            return trace
        spikes = SpikeTrains(
            spike_times, spike_ids, trace.ids, dt=self.dt, t_start=0.0, t_stop=self.duration
        )
        return replace(trace, values=values, spikes=spikes, v_peak=population.v_peak)

    def _trace(self, group: h5py.Group) -> Trace:
        """Read the samples of a variable or an input."""
        times, values, ids = self.arrays(group, "times", "values", "ids")
        _require(_ascending(times), f"{group.name}/times are not ascending")
        return Trace(times, values, ids, _unit(group))

    def input(self, group: h5py.Group) -> SpikeTrains | Trace:
        """Read the spikes or the current of an input."""
        if "timestamps" not in group:
            return self._trace(group)
        times, ids, recorded = self.arrays(group, "timestamps", "node_ids", "recorded")
        _require(_ascending(times), f"{group.name}/timestamps are not ascending")
        return SpikeTrains(times, ids, recorded, dt=self.dt, t_start=0.0, t_stop=self.duration)

    def arrays(self, group: h5py.Group, *names: str) -> list[NDArray]:
        """Read the arrays of a group with these names."""
        return [self.array(group[name], *ARRAYS[name]) for name in names]

    def array(self, dataset: h5py.Dataset, dtype: Any, n_dims: int) -> NDArray:
        """Read a dataset after checking its type and size."""
        wanted = np.dtype(dtype)
        fits = dataset.dtype == wanted and dataset.ndim == n_dims
        _require(fits, f"{dataset.name} is not a {n_dims}-dimensional array of the expected type")
        check_stored(dataset, self.file_size)
        return dataset[()]


def _check_ids(ids: NDArray, name: str, population: PopulationInfo) -> None:
    """Raise an error unless indices are those of neurons of a population."""
    inside = (ids >= 0) & (ids < population.size)
    _require(bool(inside.all()), f"{name} is outside the {population.size} neurons")


def _unit(group: h5py.Group) -> str:
    """Return the unit of recorded values."""
    unit = group.attrs["units"]
    _require(isinstance(unit, bytes), f"the units of {group.name} are not a string")
    return unit.decode()


def _ascending(times: NDArray[np.float64]) -> bool:
    # NaN fails both comparisons.
    return bool(np.all(np.isfinite(times)) and np.all(np.diff(times) >= 0))
