"""Layout of result files.

::

    /                                      attributes magic, version: those of SONATA
    /spikes/<population>                   attribute sorting = by_time
    /spikes/<population>/timestamps        float64, attribute units = "ms"
    /spikes/<population>/node_ids          uint64
    /traces/<population>/<variable>        attribute units
    /traces/<population>/<variable>/times, values, ids
                                           float64 (ms), float64 (time, neuron), int64
    /traces/<population>/v/spike_times, spike_ids
                                           float64 (ms), int64: spikes of these neurons
    /inputs/<name>/timestamps, node_ids, recorded
                                           spikes of an input: float64 (ms), uint64, int64
    /inputs/<name>/times, values, ids      current of an input, as for traces
    /neurosim                              attributes format, dt (ms), duration (ms), seed
    /neurosim/populations                  one row per population: the fields of PopulationInfo
    /neurosim/recorded/<population>        int64, indices of the recorded neurons
    /neurosim/names/<population>           UTF-8 of fixed length; optional
    /neurosim/observed/<population>/counts, intervals
                                           int64, float64 (ms): number of observed intervals of each
                                           recorded neuron, and their starts and ends; optional
    /neurosim/stats                        attributes: fields of RunStats without times
    /neurosim/measured/<name>              float64; optional

/spikes follows the SONATA developer guide for spike files (Dai et al. 2020, PLoS Comput Biol
16:e1007696), so that libsonata and other readers open the file. In names of groups "/" is encoded
as %2F, "%" as %25 and a lone "." as %2E.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from neurosim.results import PopulationInfo, RunStats

FORMAT = 3
"""Version of the layout; later versions cannot be read.

Format 1 stored the duration of runs. Up to format 2 potentials contained action potentials: the
sample after a spike was `v_peak`.
"""
DRAWN_SPIKES = 2
"""Last format with action potentials in recorded potentials."""

INTEGERS = ("counts", "ids", "recorded", "sources", "spike_ids", "targets")
ARRAYS: dict[str, tuple[Any, int]] = {
    **dict.fromkeys(("delays", "spike_times", "times", "timestamps"), (np.float64, 1)),
    **dict.fromkeys(("intervals", "values"), (np.float64, 2)),
    **dict.fromkeys(INTEGERS, (np.int64, 1)),
    "node_ids": (np.uint64, 1),
}
"""Type and number of dimensions of each array, by the name of its dataset."""

SONATA_MAGIC = 0x0A7A
SONATA_VERSION = (0, 1)
SONATA_SORTING = {"none": 0, "by_id": 1, "by_time": 2}


def group_name(population: str) -> str:
    """Return the name of the group of a population; "/" and "." are special in HDF5."""
    return "%2E" if population == "." else population.replace("%", "%25").replace("/", "%2F")


def column_types(record: type[PopulationInfo | RunStats], word_length: int = 1) -> list[Any]:
    """Return the name and type of each field of a record.

    Strings are UTF-8 of fixed length.

    HDF5 stores strings of variable length in a heap, where a damaged file may contain circular
    references.
    """
    types = {"str": f"S{word_length}", "int": np.int64, "float": np.float64, "bool": np.bool_}
    saved = [field for field in dataclasses.fields(record) if field.metadata.get("saved", True)]
    return [(field.name, types[str(field.type)]) for field in saved]
