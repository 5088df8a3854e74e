"""What runs: Numba-compiled functions on plain arrays, no Python objects."""

from neurosim.kernels import steps
from neurosim.kernels.address import Entry, address_table
from neurosim.kernels.compiled import without_collection
from neurosim.kernels.connect import count_rows, draw_row, fill_rows
from neurosim.kernels.delivery import deliver, deliver_in_common, deliver_into_ring
from neurosim.kernels.edge_lists import Edges, count_edges, lay_rows, place_edges
from neurosim.kernels.exchange import exchange
from neurosim.kernels.history import drop_spikes
from neurosim.kernels.loop import advance, sample
from neurosim.kernels.plasticity import record_post, transmit_plastic
from neurosim.kernels.random_rows import Lists, Rules, Workspace, count_sources, invert_in_degree
from neurosim.kernels.text import parse_edges
from neurosim.kernels.types import (
    Heterogeneous,
    Inputs,
    Loop,
    Models,
    Neurons,
    Plastic,
    PlasticityState,
    Ranks,
    RecordingTable,
    Scratch,
    Shared,
    State,
    Table,
)

__all__ = [
    "Edges",
    "Entry",
    "Heterogeneous",
    "Inputs",
    "Lists",
    "Loop",
    "Models",
    "Neurons",
    "Plastic",
    "PlasticityState",
    "Ranks",
    "RecordingTable",
    "Rules",
    "Scratch",
    "Shared",
    "State",
    "Table",
    "Workspace",
    "address_table",
    "advance",
    "count_edges",
    "count_rows",
    "count_sources",
    "deliver",
    "deliver_in_common",
    "deliver_into_ring",
    "draw_row",
    "drop_spikes",
    "exchange",
    "fill_rows",
    "invert_in_degree",
    "lay_rows",
    "parse_edges",
    "place_edges",
    "record_post",
    "sample",
    "steps",
    "transmit_plastic",
    "without_collection",
]
