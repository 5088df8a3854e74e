"""Result files: HDF5, with spikes in the SONATA layout."""

from neurosim.results.storage.read import load
from neurosim.results.storage.write import save

__all__ = ["load", "save"]
