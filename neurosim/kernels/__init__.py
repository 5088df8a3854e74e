"""What runs: Numba-compiled functions on plain arrays, no Python objects."""

from neurosim.kernels.compiled import without_collection
from neurosim.kernels.connect import count_rows, fill_rows
from neurosim.kernels.edges import Edges, count_edges, lay_rows, place_edges
from neurosim.kernels.history import drop_spikes
from neurosim.kernels.loop import advance
from neurosim.kernels.rows import Lists, Room, Rules, count_sources, invert_in_degree
from neurosim.kernels.text import parse_edges
from neurosim.kernels.types import (
    Inputs,
    Learned,
    Models,
    Neurons,
    Plastic,
    Probes,
    Ranks,
    Scratch,
    Shared,
    State,
    Table,
)

__all__ = [
    "Edges",
    "Inputs",
    "Learned",
    "Lists",
    "Models",
    "Neurons",
    "Plastic",
    "Probes",
    "Ranks",
    "Room",
    "Rules",
    "Scratch",
    "Shared",
    "State",
    "Table",
    "advance",
    "count_edges",
    "count_rows",
    "count_sources",
    "drop_spikes",
    "fill_rows",
    "invert_in_degree",
    "lay_rows",
    "parse_edges",
    "place_edges",
    "without_collection",
]
