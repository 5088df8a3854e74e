"""Choose the reader for a file of spikes, in the subprocess that parses it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import h5py

from neurosim.errors import NeurosimError
from neurosim.interchange.hdf5 import HDF5Reader
from neurosim.interchange.isolation import limit_resources
from neurosim.interchange.kilosort import kilosort_file, read_kilosort
from neurosim.interchange.neo import read_neo
from neurosim.interchange.npz import read_npz
from neurosim.interchange.nwb.read import read_nwb
from neurosim.interchange.sonata.nodes import find_node_files, read_config, read_nodes
from neurosim.interchange.sonata.read import read_sonata

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neurosim.interchange.imported_spikes import ImportedSpikes
    from neurosim.interchange.sonata.nodes import Nodes

NUMPY = (".npz", ".npy")
CONVERT = "NWB 1 is not supported: convert the file to NWB 2, or save its spike times as CSV"
SONATA_OTHERS = {"nodes": "nodes", "edges": "edges", "report": "a report of traces"}
"""Groups of SONATA files without spikes, and their content."""


def read_spikes(
    path: Path, format: str | None = None, unit: str | None = None, nodes: Sequence[str] = ()
) -> ImportedSpikes:
    """Read spikes with the reader named, or with the one that fits suffix and content.

    Parameters
    ----------
    path : Path
    format : str, optional
        "npz", "nwb", "sonata" or the name of a Neo reader.
    unit : str, optional
        Unit of times if the file does not specify it.
    nodes : sequence of str
        SONATA files that describe the neurons: nodes, tables of types or configurations.

    Raises
    ------
    NeurosimError
        If the file has no spikes, or needs another file that is missing.
    """
    config = read_config(path) if path.suffix.lower() == ".json" else None
    node_files = find_node_files(nodes)
    if config is not None:
        if config.spikes is None:
            raise NeurosimError("it names no spikes_file under output: give the file of spikes")
        path, format, node_files = config.spikes, "sonata", [*config.nodes, *node_files]
    files = [path, *(file for pair in node_files for file in pair if file is not None)]
    for file in files:
        if not file.is_file():
            raise NeurosimError(f"it needs {file}, which is not a file")
    limit_resources(sum(file.stat().st_size for file in files))
    found = _read(path, format, unit, read_nodes(node_files))
    return found if config is None else replace(found, dt=config.dt, duration=config.duration)


def _read(
    path: Path, format: str | None, unit: str | None, nodes: dict[str, Nodes]
) -> ImportedSpikes:
    """Read a file in the format named or found."""
    if format is None and kilosort_file(path) is not None:
        _refuse_options(None, nodes)
        return read_kilosort(path.parent, unit)
    if format == "npz" or (format is None and path.suffix.lower() in NUMPY):
        _refuse_options(None, nodes)
        return read_npz(path, unit)
    is_nwb = format == "nwb" or (format is None and path.suffix.lower() == ".nwb")
    is_hdf5 = format in (None, "nwb", "sonata") and h5py.is_hdf5(path)
    if is_nwb and not is_hdf5:
        raise NeurosimError(
            "it is not an HDF5 file, and NWB files are: check that it was downloaded completely"
        )
    if is_hdf5:
        with h5py.File(path, "r") as file:
            reader = HDF5Reader(path.stat().st_size)
            if _has_nwb(file, reader, is_nwb):
                _refuse_options(unit, nodes)
                return read_nwb(file, reader)
            if reader.member(file, "spikes") is not None:
                return read_sonata(file, reader, unit, nodes)
            for other, content in SONATA_OTHERS.items():
                if reader.member(file, other) is not None:
                    raise NeurosimError(
                        f"it holds {content} of SONATA, and no spikes: give the spikes file"
                    )
    if format in ("nwb", "sonata"):
        raise NeurosimError(f"it is not a {format.upper()} file: leave the format out")
    _refuse_options(unit, nodes)
    return read_neo(path, format)


def _has_nwb(file: h5py.File, reader: HDF5Reader, is_nwb: bool) -> bool:
    """Whether an HDF5 file is NWB 2; raise an error for NWB 1 and neurosim results."""
    if reader.member(file, "neurosim") is not None:
        raise NeurosimError("it is a result of neurosim: open it with neurosim.load")
    version = reader.attribute(file, "nwb_version")
    # NWB 1 has its version in a dataset, and earlier files have none.
    is_first = str(version).removeprefix("NWB-").startswith(("0.", "1."))
    if is_first or (version is None and reader.member(file, "nwb_version") is not None):
        raise NeurosimError(f"it is an NWB 1 file, and {CONVERT}")
    if is_nwb and version is None and reader.member(file, "spikes") is None:
        raise NeurosimError(f"it lacks the attribute nwb_version of NWB 2, and {CONVERT}")
    return version is not None


def _refuse_options(unit: str | None, nodes: dict[str, Nodes]) -> None:
    """Raise an error for an option that the format does not use."""
    if unit is not None:
        raise NeurosimError(f"its format specifies the unit of times: leave unit = {unit!r} out")
    if nodes:
        raise NeurosimError("nodes are for SONATA files of spikes: leave them out")
