"""HDF5 files of arrays with a checksum.

The user block of the HDF5 file (the first 512 bytes) holds a line of text with the kind of file,
its format and the SHA-256 of the rest. Damage is detected before the content is read.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.utils.atomic_files import atomic_path, no_memory_for, read_bytes
from neurosim.utils.hdf5 import ERRORS, check_stored, reason, require

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import h5py

BLOCK = 512
"""Size of the user block (bytes)."""
MAX_DEPTH = 4
"""Largest depth of nested groups."""
TYPES = tuple(np.dtype(t) for t in (np.uint8, np.int32, np.int64, np.uint64, np.float64))


def write_checksummed(
    path: str | os.PathLike[str], kind: str, version: int, tree: Mapping[str, Any]
) -> None:
    """Write arrays to a file, atomically.

    Parameters
    ----------
    path : path-like
        An existing file is replaced.
    kind : str
        Kind of the file, in one word.
    version : int
        Version of the format.
    tree : mapping
        Arrays, or nested mappings of arrays, by name.

    Raises
    ------
    NeurosimError
        If the file cannot be written.
    """
    import h5py

    image = io.BytesIO()  # HDF5 does not survive a full disk
    with h5py.File(image, "w", userblock_size=BLOCK) as file:
        _write(file, tree)
    content = image.getbuffer()
    digest = hashlib.sha256(content[BLOCK:]).hexdigest()
    content[:BLOCK] = f"neurosim {kind} {version} sha256 {digest}\n".encode().ljust(BLOCK, b"\0")
    with atomic_path(path) as part:
        part.write_bytes(content)


def _write(group: h5py.Group, tree: Mapping[str, Any]) -> None:
    for name, value in tree.items():
        if isinstance(value, np.ndarray):
            group.create_dataset(name, data=value)
        else:
            _write(group.create_group(name), value)


def read_checksummed(path: str | os.PathLike[str], kind: str, version: int) -> dict[str, Any]:
    """Read and verify a file written by `write_checksummed`.

    Parameters
    ----------
    path : path-like
    kind : str
    version : int
        Latest version of the format that can be read.

    Raises
    ------
    NeurosimError
        If the file is missing, of another kind, damaged, or of a later format.
    """
    import h5py

    path = Path(path)
    wanted = f"a {kind} that neurosim saved"
    _check_kind(path, read_bytes(path, wanted, BLOCK), kind, version)
    content = read_bytes(path, wanted)
    _check_digest(path, content, kind)
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            return _read(file, _Budget(len(content)), MAX_DEPTH)
    except (*ERRORS, OverflowError) as error:
        raise damaged(path, kind, error) from error


def damaged(path: str | os.PathLike[str], kind: str, error: Exception) -> NeurosimError:
    """Return the error for a file with invalid content."""
    if isinstance(error, MemoryError):
        return no_memory_for(path, error)
    return NeurosimError(
        f"{path} is damaged ({reason(error)}): give another {kind} that neurosim saved"
    )


def _words(head: bytes) -> list[str]:
    """Return the words of the line in the user block."""
    return head[:BLOCK].rstrip(b"\0\n").decode("ascii", "replace").split(" ")


def _check_kind(path: Path, head: bytes, kind: str, version: int) -> None:
    """Raise an error if the first bytes show another kind of file or a later format."""
    words = _words(head)
    if len(words) != 5 or words[:2] != ["neurosim", kind] or words[3] != "sha256":
        raise NeurosimError(f"{path} is not a {kind}: give one that neurosim saved")
    if not words[2].isdigit() or int(words[2]) > version:
        raise NeurosimError(
            f"{path} has format {words[2]}, and this version reads formats 1 to {version}: "
            "install a later neurosim"
        )


def _check_digest(path: Path, content: bytes, kind: str) -> None:
    """Raise an error if the checksum of a file is wrong."""
    if hashlib.sha256(content[BLOCK:]).hexdigest() != _words(content)[4]:
        raise NeurosimError(
            f"{path} is damaged (its checksum does not match): give another {kind} "
            "that neurosim saved"
        )


class _Budget:
    """Limits what is read to the size of the file: hard links may repeat an array."""

    def __init__(self, file_size: int) -> None:
        self.file_size = self.left = file_size

    def spend(self, n_bytes: int) -> None:
        self.left -= n_bytes
        require(self.left >= 0, "it claims more than it holds")


def _read(group: h5py.Group, budget: _Budget, depth: int) -> dict[str, Any]:
    import h5py

    tree: dict[str, Any] = {}
    for name in group:
        budget.spend(1)
        is_hard = isinstance(group.get(name, getlink=True), h5py.HardLink)
        require(is_hard, f"{name} is a link")
        found = group[name]
        if isinstance(found, h5py.Group) and depth > 0:
            tree[name] = _read(found, budget, depth - 1)
            continue
        known = isinstance(found, h5py.Dataset) and found.dtype in TYPES
        require(known, f"{name} is not an array of a known type")
        require(found.compression is None, f"{name} is compressed")
        check_stored(found, budget.file_size)
        budget.spend(found.nbytes)
        tree[name] = found[()]
    return tree
