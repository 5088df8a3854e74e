"""Results in files: HDF5 with the spikes in SONATA's layout, and JSON for summaries."""

from neurosim.storage.files import atomic_path, plain, write_json
from neurosim.storage.read import load
from neurosim.storage.write import save

__all__ = ["atomic_path", "load", "plain", "save", "write_json"]
