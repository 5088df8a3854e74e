"""Write results as NWB 2 files (Rübel et al. 2022, eLife 11:e78362)."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.sampling import sampling_interval
from neurosim.results.storage.layout import group_name
from neurosim.utils.atomic_files import atomic_path
from neurosim.utils.checks import show
from neurosim.utils.optional import require

if TYPE_CHECKING:
    import os

    from neurosim.results import Result, Trace

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Default start of a simulation: NWB requires a date, and equal runs give identical files."""
NAMESPACE = UUID("5f1d9c3a-6f53-5d0e-9a57-0d3c6b1f7e42")
SI = {"mV": ("volts", 1e-3), "pA": ("amperes", 1e-12)}
"""SI unit and conversion factor."""


def save_nwb(
    result: Result,
    path: str | os.PathLike[str],
    *,
    description: str = "Simulated spiking neurons",
    start: datetime = EPOCH,
) -> None:
    """Write a result to an NWB file. The file is written atomically.

    Spikes are stored in the units table, with one row per neuron and the columns population, neuron
    and obs_intervals, and unit_name if neurons have names. Times are in seconds. The resolution of
    the table is the time step, so that the step of every spike can be computed exactly. Traces are
    time series under /acquisition, in mV or pA with the factor that converts to volts or amperes.
    Equal results give identical files: all identifiers are computed from the content.

    Parameters
    ----------
    result : Result
    path : path-like
    description : str
        Description of the session.
    start : datetime
        Start of the session, with a time zone.

    Raises
    ------
    NeurosimError
        If pynwb is not installed, or the file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> drive = net.drive(cell, ns.SpikeTimes([10.0, 30.0]), psp=16.0)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "spikes.nwb"
    >>> ns.save_nwb(ns.simulate(net, 50.0), path, description="Two spikes")
    >>> ns.load_spikes(path).spikes["cell"].times
    array([10., 30.])
    """
    if not isinstance(start, datetime) or start.tzinfo is None:
        raise NeurosimError(f"start = {show(start)} is not a datetime with a time zone: give one")
    if not (isinstance(description, str) and description.strip()):
        raise NeurosimError(f"description = {show(description)} is empty: describe the session")
    import h5py

    pynwb = require("pynwb", "save_nwb")
    identity = uuid5(NAMESPACE, _digest(result))
    file = pynwb.NWBFile(
        session_description=f"{description} (dt = {result.dt!r} ms, seed = {result.seed})",
        identifier=str(identity),
        session_start_time=start,
        timestamps_reference_time=start,
        file_create_date=[start],
        experiment_description="Simulation of a network of spiking neurons",
        keywords=["simulation", "spiking neurons"],
    )
    if any(len(trains.recorded) for trains in result.spikes.values()):
        file.units = _units(pynwb, result)
    for (population, variable), trace in result.traces.items():
        file.add_acquisition(_series(pynwb, population, variable, trace))
    for k, part in enumerate(file.all_children()):  # random otherwise
        part._AbstractContainer__object_id = str(uuid5(identity, str(k)))
    image = io.BytesIO()
    # In memory first: HDF5 fails badly on a full disk.
    with h5py.File(image, "w") as target, pynwb.NWBHDF5IO(file=target, mode="w") as writer:
        writer.write(file)
    with atomic_path(path) as part:
        part.write_bytes(image.getbuffer())


def _units(pynwb: Any, result: Result) -> Any:
    """Return the table of neurons and their spikes."""
    spikes = result.spikes.values()
    times = [train / 1e3 for trains in spikes for train in trains.by_neuron()]
    whole = [np.array([[0.0, result.duration]])]
    observed = [
        part / 1e3 for trains in spikes for part in trains.observed or whole * len(trains.recorded)
    ]
    populations = [name for name, trains in result.spikes.items() for _ in trains.recorded]
    neurons = np.concatenate([trains.recorded for trains in spikes])
    columns = {
        "population": ("Population of the neuron", populations),
        "neuron": ("Index of the neuron within its population", neurons),
        "spike_times": ("Spike times (s)", np.concatenate(times)),
        "obs_intervals": ("Time simulated (s)", np.concatenate(observed)),
    }
    if any(trains.names for trains in spikes):
        names = [
            name for trains in spikes for name in trains.names or map(str, trains.recorded.tolist())
        ]
        columns["unit_name"] = ("Name of the neuron", names)
    hdmf = require("hdmf.common", "save_nwb")
    found = [
        hdmf.VectorData(name=name, description=description, data=data)
        for name, (description, data) in columns.items()
    ]
    for column, parts in ((found[2], times), (found[3], observed)):
        ends = np.cumsum([len(part) for part in parts], dtype=np.uint64)
        found.append(hdmf.VectorIndex(name=f"{column.name}_index", data=ends, target=column))
    return pynwb.misc.Units(
        name="units",
        description="Neurons whose spikes were recorded",
        id=np.arange(len(times)),
        columns=found,
        colnames=list(columns),
        resolution=result.dt / 1e3,
    )


def _series(pynwb: Any, population: str, variable: str, trace: Trace) -> Any:
    """Return a trace as a time series."""
    unit, conversion = SI.get(trace.unit, (trace.unit, 1.0))
    interval = sampling_interval(trace.times)
    timing: dict[str, Any] = {"timestamps": trace.times / 1e3}
    if interval is not None:
        timing = {"starting_time": float(trace.times[0]) / 1e3, "rate": 1e3 / interval}
    return pynwb.TimeSeries(
        # NWB reserves ":", too.
        name=f"{group_name(population)}_{group_name(variable)}".replace(":", "%3A"),
        description=f"{variable} of neurons of {population}",
        comments=f"neurons, one per column: {' '.join(map(str, trace.ids.tolist()))}",
        data=trace.values,
        unit=unit,
        conversion=conversion,
        **timing,
    )


def _digest(result: Result) -> str:
    """Return a hash of the content of a result."""
    content: list[Any] = [(result.dt, result.duration, result.seed)]
    for name, trains in result.spikes.items():
        observed = [intervals.tolist() for intervals in trains.observed or ()]
        content += [(name, trains.names, observed), trains.times, trains.ids, trains.recorded]
    for key, trace in result.traces.items():
        content += [(key, trace.unit), trace.times, trace.ids, trace.values]
    digest = hashlib.sha256()
    for part in content:
        is_array = isinstance(part, np.ndarray)
        digest.update(repr(part.shape if is_array else part).encode())
        digest.update(part.tobytes() if is_array else b"")
    return digest.hexdigest()
