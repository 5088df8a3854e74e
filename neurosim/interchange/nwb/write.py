"""A result as an NWB 2 file (Rübel et al. 2022, eLife 11:e78362)."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.common import import_optional
from neurosim.interchange.regular import regular
from neurosim.results.storage.layout import group_name
from neurosim.utils.atomic_files import atomic_path
from neurosim.utils.checks import show

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from neurosim.results import Result, SpikeTrains, Trace

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""When a simulation began: NWB wants a date, and files of equal runs are to be equal."""
NAMESPACE = UUID("5f1d9c3a-6f53-5d0e-9a57-0d3c6b1f7e42")
SI = {"mV": ("volts", 1e-3), "pA": ("amperes", 1e-12)}
"""Unit in SI and the factor that leads to it."""


def save_nwb(
    result: Result,
    path: str | os.PathLike[str],
    *,
    description: str = "Simulated spiking neurons",
    start: datetime = EPOCH,
) -> None:
    """Write a result to an NWB file, whole or not at all.

    Spikes are in the units table, one row a neuron, with the columns population, neuron and
    obs_intervals, and unit_name if neurons have names. Times are in seconds, and the resolution of
    the table is the step, so that the step of every spike can be computed exactly. Traces are time
    series under /acquisition, in mV or pA with the factor that converts to volts or amperes. Equal
    results make equal files, byte by byte: all identifiers are computed from the content.

    Parameters
    ----------
    result : Result
    path : path-like
    description : str
        What the session was.
    start : datetime
        Its start, with a time zone.

    Raises
    ------
    NeurosimError
        Where pynwb is not installed, or the file cannot be written.
    """
    if not isinstance(start, datetime) or start.tzinfo is None:
        raise NeurosimError(f"start = {show(start)} is no datetime with a time zone: give one")
    if not (isinstance(description, str) and description.strip()):
        raise NeurosimError(f"description = {show(description)} says nothing: give a sentence")
    image = _Writer(result).write(description, start)
    with atomic_path(path) as part:
        part.write_bytes(image)


class _Writer:
    """Makes NWB objects whose ids are made of the result that they show.

    Parameters
    ----------
    result : Result
    """

    def __init__(self, result: Result) -> None:
        self._pynwb, self._hdmf = import_optional("pynwb"), import_optional("hdmf.common")
        self._result = result
        self._identity = uuid5(NAMESPACE, _digest(result))

    def write(self, description: str, start: datetime) -> memoryview:
        """Return the file as bytes."""
        import h5py

        result = self._result
        file = self._make(
            self._pynwb.NWBFile,
            "root",
            session_description=f"{description} (dt = {result.dt!r} ms, seed = {result.seed})",
            identifier=str(self._identity),
            session_start_time=start,
            timestamps_reference_time=start,
            file_create_date=[start],
            experiment_description="Simulation of a network of spiking neurons",
            keywords=["simulation", "spiking neurons"],
        )
        if any(len(trains.recorded) for trains in result.spikes.values()):
            file.units = self._units()
        for (name, variable), trace in result.traces.items():
            file.add_acquisition(self._series(name, variable, trace))
        image = io.BytesIO()
        # By way of memory: HDF5 does not survive a full disk.
        with (
            h5py.File(image, "w") as target,
            self._pynwb.NWBHDF5IO(file=target, mode="w") as writer,
        ):
            writer.write(file)
        return image.getbuffer()

    def _make(self, kind: Any, key: str, /, **fields: Any) -> Any:
        """Make an NWB object; else its id would be drawn anew for every file."""
        made: Any = kind.__new__(kind, object_id=str(uuid5(self._identity, key)))
        made.__init__(**fields)
        return made

    def _units(self) -> Any:
        spikes = self._result.spikes
        trains = [train / 1e3 for own in spikes.values() for train in own.by_neuron()]
        n_units = len(trains)
        counts = [len(own.recorded) for own in spikes.values()]
        names = np.repeat(np.array(list(spikes), object), counts)
        observed = [part / 1e3 for own in spikes.values() for part in self._observed(own)]
        unit_names = [name for own in spikes.values() for name in _names(own)]
        resolution = self._result.dt / 1e3
        columns = [
            self._column("population", "Population of the neuron", names.tolist()),
            self._column(
                "neuron",
                "Index of the neuron within its population",
                np.concatenate([own.recorded for own in spikes.values()]),
            ),
            *self._ragged("spike_times", "Spike times (s)", np.concatenate(trains), trains),
            *self._ragged(
                "obs_intervals", "Time simulated (s)", np.concatenate(observed), observed
            ),
        ]
        if any(own.names for own in spikes.values()):
            columns.insert(2, self._column("unit_name", "Name of the neuron", unit_names))
        return self._make(
            self._pynwb.misc.Units,
            "units",
            name="units",
            description="Neurons whose spikes were recorded",
            columns=columns,
            colnames=[column.name for column in columns if not column.name.endswith("_index")],
            id=self._make(
                self._hdmf.ElementIdentifiers, "units/id", name="id", data=np.arange(n_units)
            ),
            resolution=resolution,
        )

    def _observed(self, trains: SpikeTrains) -> Sequence[NDArray[np.float64]]:
        """Return the intervals (ms) in which each neuron was observed."""
        if trains.observed is not None:
            return trains.observed
        return [np.array([[0.0, self._result.duration]])] * len(trains.recorded)

    def _column(self, name: str, description: str, data: Any) -> Any:
        key = f"units/{name}"
        kind = self._hdmf.VectorData
        return self._make(kind, key, name=name, description=description, data=data)

    def _ragged(self, name: str, description: str, data: NDArray, parts: Any) -> Iterator[Any]:
        """Give a column with several values a row, and the one that says where each row ends."""
        column = self._column(name, description, data)
        yield column
        index = f"{name}_index"
        ends = np.cumsum([len(part) for part in parts], dtype=np.uint64)
        kind = self._hdmf.VectorIndex
        yield self._make(kind, f"units/{index}", name=index, data=ends, target=column)

    def _series(self, population: str, variable: str, trace: Trace) -> Any:
        unit, conversion = SI.get(trace.unit, (trace.unit, 1.0))
        interval = regular(trace.times)
        timing: dict[str, Any] = {"timestamps": trace.times / 1e3}
        if interval is not None:
            timing = {"starting_time": float(trace.times[0]) / 1e3, "rate": 1e3 / interval}
        # NWB gives ":" a meaning, too.
        name = f"{group_name(population)}_{group_name(variable)}".replace(":", "%3A")
        return self._make(
            self._pynwb.TimeSeries,
            f"acquisition/{name}",
            name=name,
            description=f"{variable} of neurons of {population}",
            comments=f"neurons, one a column: {' '.join(map(str, trace.ids.tolist()))}",
            data=trace.values,
            unit=unit,
            conversion=conversion,
            **timing,
        )


def _names(trains: SpikeTrains) -> Sequence[str]:
    """Return the name of each recorded neuron, its number if it has none."""
    return trains.names or [str(neuron) for neuron in trains.recorded.tolist()]


def _digest(result: Result) -> str:
    """Return a word that is as good as different for different results."""
    digest = hashlib.sha256(repr((result.dt, result.duration, result.seed)).encode())
    for name, trains in result.spikes.items():
        digest.update(repr((name, len(trains), len(trains.recorded))).encode())
        for array in (trains.times, trains.ids, trains.recorded):
            digest.update(array.tobytes())
        if trains.names is not None or trains.observed is not None:
            intervals = [own.tolist() for own in trains.observed or ()]
            digest.update(repr((trains.names, intervals)).encode())
    for key, trace in result.traces.items():
        digest.update(repr((key, trace.unit, trace.values.shape)).encode())
        for array in (trace.times, trace.ids, trace.values):
            digest.update(array.tobytes())
    return digest.hexdigest()
