"""Results in files: HDF5 with the spikes in SONATA's layout, and JSON for summaries."""

from neurosim.results.storage.read import load
from neurosim.results.storage.write import save
from neurosim.utils.atomic_files import (
    atomic_path,
    check_file,
    make_folder,
    plain,
    read_json,
    remove_parts,
    write_json,
)
from neurosim.utils.checksummed import damaged, read_checksummed, write_checksummed
from neurosim.utils.lock import lock_folder, require_unlocked

__all__ = [
    "atomic_path",
    "check_file",
    "damaged",
    "load",
    "lock_folder",
    "make_folder",
    "plain",
    "read_checksummed",
    "read_json",
    "remove_parts",
    "require_unlocked",
    "save",
    "write_checksummed",
    "write_json",
]
