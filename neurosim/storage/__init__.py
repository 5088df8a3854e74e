"""Results in files: HDF5 with the spikes in SONATA's layout, and JSON for summaries."""

from neurosim.storage.files import atomic_path, plain, remove_parts, write_json
from neurosim.storage.read import load
from neurosim.storage.sealed import damaged, read_sealed, write_sealed
from neurosim.storage.write import save

__all__ = [
    "atomic_path",
    "damaged",
    "load",
    "plain",
    "read_sealed",
    "remove_parts",
    "save",
    "write_json",
    "write_sealed",
]
