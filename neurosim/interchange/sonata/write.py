"""Write results as SONATA files.

Dai et al. 2020, PLoS Comput Biol 16:e1007696.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.sampling import sampling_interval
from neurosim.results.storage.layout import group_name
from neurosim.results.storage.write import hdf5_image, write_spikes
from neurosim.utils.atomic_files import atomic_path, make_folder

if TYPE_CHECKING:
    import os

    import h5py

    from neurosim.results import Result, Trace

SPIKES, NODES = "spikes.h5", "nodes.h5"


def save_sonata(result: Result, folder: str | os.PathLike[str]) -> list[Path]:
    """Write a result as SONATA files.

    Spikes are written to `spikes.h5`, and each recorded variable to a membrane report. A report,
    for example `v.h5`, contains the traces of every population under /report/<population>, in
    single precision as SONATA specifies. If neurons have names, `nodes.h5` stores them as the
    attribute name of the nodes. "/" in names of populations is written as %2F, as in a result file.

    Parameters
    ----------
    result : Result
    folder : path-like
        Created if missing. Each file is written atomically.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    NeurosimError
        If a file cannot be written, or a trace is not sampled regularly.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> recording = net.record(cell, "v")
    >>> files = ns.save_sonata(ns.simulate(net, 50.0), pathlib.Path(tempfile.mkdtemp()))
    >>> [path.name for path in files]
    ['spikes.h5', 'v.h5']
    """
    folder = Path(folder)
    images = {SPIKES: hdf5_image(partial(_write_spikes, result=result))}
    if any(trains.names is not None for trains in result.spikes.values()):
        images[NODES] = hdf5_image(partial(_write_nodes, result=result))
    for variable in dict.fromkeys(variable for _, variable in result.traces):
        traces = {name: trace for (name, kind), trace in result.traces.items() if kind == variable}
        # Quoted, so that no file lies outside the folder or replaces another.
        name = quote(variable, safe="")
        if name in ("spikes", "nodes"):
            name = f"%{ord(name[0]):x}{name[1:]}"
        images[f"{name}.h5"] = hdf5_image(partial(_write_reports, traces=traces))
    make_folder(folder)
    for name, image in images.items():
        with atomic_path(folder / name) as part:
            part.write_bytes(image)
    return [folder / name for name in images]


def _write_spikes(file: h5py.File, result: Result) -> None:
    """Write the spikes of all populations."""
    spikes = file.create_group("spikes")
    for name, trains in result.spikes.items():
        write_spikes(spikes.create_group(group_name(name)), trains)


def _write_nodes(file: h5py.File, result: Result) -> None:
    """Write the names of neurons as node attributes.

    There is one node type and one group.
    """
    import h5py

    for name, trains in result.spikes.items():
        if trains.names is None:
            continue
        group = file.create_group(f"nodes/{group_name(name)}")
        n_nodes = len(trains.recorded)
        group["node_id"] = trains.recorded.astype(np.uint64)
        group["node_type_id"] = np.zeros(n_nodes, np.int64)
        group["node_group_id"] = np.zeros(n_nodes, np.uint32)
        group["node_group_index"] = np.arange(n_nodes, dtype=np.uint64)
        group.create_dataset("0/name", data=list(trains.names), dtype=h5py.string_dtype())


def _write_reports(file: h5py.File, traces: dict[str, Trace]) -> None:
    """Write the traces of a variable, one report per population."""
    for name, trace in traces.items():
        interval = sampling_interval(trace.times)
        if interval is None:
            raise NeurosimError(
                f"a trace of {name} is not sampled regularly, as a SONATA report must be: save it "
                "as NWB or Neo"
            )
        order = np.argsort(trace.ids)
        report = file.create_group(f"report/{group_name(name)}")
        data = report.create_dataset("data", data=trace.values[:, order], dtype=np.float32)
        data.attrs["units"] = trace.unit
        mapping = report.create_group("mapping")
        nodes = mapping.create_dataset("node_ids", data=trace.ids[order], dtype=np.uint64)
        nodes.attrs["sorted"] = np.uint8(1)
        mapping["index_pointers"] = np.arange(len(order) + 1, dtype=np.uint64)
        mapping["element_ids"] = np.zeros(len(order), np.uint32)
        start = float(trace.times[0])
        span = (start, start + len(trace.times) * interval, interval)
        time = mapping.create_dataset("time", data=np.array(span))
        time.attrs["units"] = "ms"
