"""Read and write NWB files."""

from neurosim.interchange.nwb.read import read_nwb
from neurosim.interchange.nwb.write import save_nwb

__all__ = ["read_nwb", "save_nwb"]
