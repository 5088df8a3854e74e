"""Keys of random streams, derived from the seed and the purpose of the stream."""

from __future__ import annotations

import hashlib

import numpy as np

from neurosim.errors import NeurosimError


def check_seed(seed: int) -> int:
    """Return `seed` if it is an integer from 0 to 2⁶³ − 1."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**63:
        raise NeurosimError(f"seed = {seed!r} is not an integer from 0 to 2^63 - 1")
    return int(seed)


def stream_key(seed: int, purpose: str, index: int | str) -> np.uint64:
    """Return the 64-bit key of a random stream.

    Parameters
    ----------
    seed : int
    purpose : str
        Purpose of the stream, such as ``"delays"``.
    index : int or str
        Projection, drive or population.
    """
    digest = hashlib.blake2b(f"{seed}/{purpose}/{index}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little") | 1)


def generator(seed: int, purpose: str, index: int | str) -> np.random.Generator:
    """Return the generator of a random stream."""
    return np.random.Generator(np.random.Philox(key=int(stream_key(seed, purpose, index))))


def uniform(seed: int, purpose: str, index: int | str, size: int) -> np.ndarray:
    """Return `size` uniform numbers in (0, 1) from a stream."""
    return (generator(seed, purpose, index).integers(0, 2**52, size) + 0.5) * 2.0**-52
