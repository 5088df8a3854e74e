"""Read spikes from SONATA files, with the neurons that files of nodes describe."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

import h5py
import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.columns import UNIT_OF, unit_length
from neurosim.interchange.imported_spikes import UNNAMED, ImportedSpikes, PopulationSpikes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurosim.interchange.hdf5 import HDF5Reader
    from neurosim.interchange.sonata.nodes import Nodes

TIMES = "timestamps"
IDS = ("node_ids", "gids")
"""Names of the ids of neurons in the current and the earlier layout."""


def read_sonata(
    file: h5py.File, reader: HDF5Reader, unit: str | None, nodes: Mapping[str, Nodes]
) -> ImportedSpikes:
    """Read a SONATA spike file.

    In the earlier layout, /spikes/gids and /spikes/timestamps, populations have no names.

    Parameters
    ----------
    file : h5py.File
    reader : HDF5Reader
    unit : str or None
        Unit of times if the file does not specify it. Default: ms.
    nodes : mapping of str to Nodes
        Neurons of each population, if known.
    """
    spikes = reader.group(file, "spikes")
    groups = {}
    if isinstance(reader.member(spikes, TIMES), h5py.Dataset):
        groups[next(iter(nodes)) if len(nodes) == 1 else UNNAMED] = spikes
    for name in reader.names(spikes):
        if not isinstance(reader.member(spikes, name), h5py.Dataset):
            groups[unquote(name)] = reader.group(spikes, name)
    found = {name: _read_population(group, reader, unit) for name, group in groups.items()}
    for name in found.keys() & nodes.keys():
        known = nodes[name]
        found[name] = replace(found[name], recorded=known.ids, names=known.names)
    return ImportedSpikes(found)


def _read_population(group: h5py.Group, reader: HDF5Reader, unit: str | None) -> PopulationSpikes:
    """Read the spikes of a population."""
    ids = next((name for name in IDS if reader.member(group, name) is not None), None)
    if ids is None or reader.member(group, TIMES) is None:
        there = ", ".join(list(group)[:5]) or "nothing"
        raise NeurosimError(
            f"{group.name} holds {there}; SONATA stores spikes as {TIMES} and {IDS[0]}"
        )
    times = reader.numbers(group, TIMES, "fiu").astype(np.float64)
    named = reader.attribute(reader.member(group, TIMES), "units")
    stated = None if named is None else UNIT_OF.get(str(named))
    if named is not None and stated is None:
        raise NeurosimError(f"the unit of {group.name}/{TIMES} is {named!s:.20}: use ms or s")
    to_ms = unit_length(stated, unit, f"{group.name}/{TIMES}")
    return PopulationSpikes.of(times * to_ms, reader.numbers(group, ids, "iuf"))
