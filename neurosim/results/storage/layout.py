"""The layout of a result file, shared by what writes and what reads it.

::

    /                                      attributes magic, version: those of SONATA
    /spikes/<population>                   attribute sorting = by_time
    /spikes/<population>/timestamps        float64, attribute units = "ms"
    /spikes/<population>/node_ids          uint64
    /traces/<population>/<variable>        attribute units
    /traces/<population>/<variable>/times, values, ids
                                           float64 (ms), float64 (time, neuron), int64
    /traces/<population>/v/spike_times, spike_ids
                                           float64 (ms), int64: spikes of these neurons, for drawing
    /neurosim                              attributes format, dt (ms), duration (ms), seed
    /neurosim/populations                  one row a population: the fields of PopulationInfo
    /neurosim/recorded/<population>        int64, the neurons whose spikes were recorded
    /neurosim/names/<population>           UTF-8 of fixed length, absent where neurons have no names
    /neurosim/observed/<population>/counts, intervals
                                           int64, float64 (ms): how many intervals each recorded
                                           neuron was observed in, and their starts and ends; absent
                                           where all were observed throughout
    /neurosim/stats                        attributes: fields of RunStats, not how fast it was
    /neurosim/measured/<name>              float64, absent where nothing was measured

Under /spikes lies what the SONATA developer guide asks of a spike file (Dai et al. 2020, PLoS
Comput Biol 16:e1007696) and nothing else, so that libsonata and other readers open it. In the names
of groups "/" stands as %2F, "%" as %25 and a lone "." as %2E.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from neurosim.results import PopulationInfo, RunStats

FORMAT = 3
"""Version of the layout; a file with a later one is refused.

Format 1 stored how long a run took. Up to format 2 potentials had their action potentials drawn in:
the sample after a spike was `v_peak`.
"""
DRAWN_SPIKES = 2
"""Last format with action potentials drawn into the potentials."""

SONATA_MAGIC = 0x0A7A
SONATA_VERSION = (0, 1)
SONATA_SORTING = {"none": 0, "by_id": 1, "by_time": 2}


def group_name(population: str) -> str:
    """Return the name of a population's group; HDF5 gives "/" and a lone "." a meaning."""
    return "%2E" if population == "." else population.replace("%", "%25").replace("/", "%2F")


def column_types(record: type[PopulationInfo | RunStats], word_length: int = 1) -> list[Any]:
    """Return name and type of each field of a record, words as UTF-8 of a fixed length.

    Words of any length HDF5 keeps in a heap: in a damaged file it may follow that in a circle.
    """
    types = {"str": f"S{word_length}", "int": np.int64, "float": np.float64, "bool": np.bool_}
    saved = [field for field in dataclasses.fields(record) if field.metadata.get("saved", True)]
    return [(field.name, types[str(field.type)]) for field in saved]
