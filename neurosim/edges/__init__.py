"""Edge lists in CSV and SONATA files, read in blocks."""

from __future__ import annotations

from neurosim.edges.csv import CSVEdges
from neurosim.edges.edge_file import EdgeFile
from neurosim.edges.sonata import SonataEdges
from neurosim.edges.sonata_population import SonataPopulation

__all__ = ["CSVEdges", "EdgeFile", "SonataEdges", "SonataPopulation"]
