"""Edge lists in CSV and SONATA files, read in blocks."""

from __future__ import annotations

from neurosim.edges.csv import CSVEdges
from neurosim.edges.edge_file import EdgeFile
from neurosim.edges.open_edges import OpenEdges
from neurosim.edges.sonata import SonataEdges

__all__ = ["CSVEdges", "EdgeFile", "OpenEdges", "SonataEdges"]
