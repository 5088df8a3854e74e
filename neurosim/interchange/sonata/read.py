"""Read spikes from SONATA files, with what nodes files say about the neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.columns import UNITS
from neurosim.interchange.imported_spikes import MAX_ID, NO_NAME, ImportedSpikes, PopulationSpikes

if TYPE_CHECKING:
    from collections.abc import Mapping

    import h5py

    from neurosim.interchange.hdf5 import HDF5Reader
    from neurosim.interchange.sonata.nodes import Nodes

SPELLINGS = {"ms": "ms", "milliseconds": "ms", "s": "s", "seconds": "s"}
TIMES = "timestamps"
IDS = ("node_ids", "gids")
"""Names of the ids of neurons, today's and the earlier one."""


def read_sonata(
    file: h5py.File,
    reader: HDF5Reader,
    unit: str | None = None,
    nodes: Mapping[str, Nodes] | None = None,
) -> ImportedSpikes:
    """Read a SONATA spike file.

    In the earlier layout, /spikes/gids and /spikes/timestamps, populations have no names.

    Parameters
    ----------
    file : h5py.File
    reader : HDF5Reader
    unit : str, optional
        Of times, where the file does not name it. Default: ms, as SONATA has it.
    nodes : mapping of str to Nodes, optional
        By population, the neurons that there are.
    """
    import h5py

    nodes = nodes or {}
    spikes = reader.group(file, "spikes")
    trains = {}
    if isinstance(reader.member(spikes, TIMES), h5py.Dataset):
        name = next(iter(nodes)) if len(nodes) == 1 else NO_NAME
        trains[name] = _train(spikes, reader, unit, nodes.get(name))
    for stored in reader.names(spikes):
        if isinstance(reader.member(spikes, stored), h5py.Dataset):
            continue  # of the earlier layout
        name = unquote(stored)
        trains[name] = _train(reader.group(spikes, stored), reader, unit, nodes.get(name))
    return ImportedSpikes(trains)


def _train(
    group: h5py.Group, reader: HDF5Reader, unit: str | None, nodes: Nodes | None
) -> PopulationSpikes:
    """Read the spikes of a population."""
    stored = next((name for name in IDS if reader.member(group, name) is not None), None)
    if stored is None or reader.member(group, TIMES) is None:
        there = ", ".join(list(group)[:5]) or "nothing"
        raise NeurosimError(
            f"{group.name} holds {there}, and SONATA has {TIMES} and {IDS[0]} of spikes there"
        )
    times = reader.numbers(group, TIMES, "fiu").astype(np.float64)
    numbers = reader.numbers(group, stored, "iuf")
    if numbers.dtype.kind == "f" and not (numbers == np.floor(numbers)).all():
        raise NeurosimError(f"{group.name}/{stored} has fractions: ids are whole numbers")
    ids = np.where(numbers <= MAX_ID, numbers, -1).astype(np.int64)
    named = reader.attribute(reader.member(group, TIMES), "units")
    own = None if named is None else SPELLINGS.get(str(named))
    if named is not None and own is None:
        raise NeurosimError(f"the unit of {group.name}/{TIMES} is {named!s:.20}: use ms or s")
    if own is not None and unit not in (None, own):
        raise NeurosimError(f"the unit of {group.name}/{TIMES} is {own}, not {unit}")
    times = times * UNITS[own or unit or "ms"]
    if nodes is None:
        return PopulationSpikes(times, ids, np.unique(ids))
    return PopulationSpikes(times, ids, nodes.ids, nodes.names)
