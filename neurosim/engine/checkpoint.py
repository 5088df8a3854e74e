"""Checkpoint files.

They have the description of a network, and everything that has changed since time 0.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurosim.network.data import from_data, to_data
from neurosim.results.connections import Connections
from neurosim.utils.checksummed import damaged, read_checksummed, write_checksummed

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from neurosim.network import Network

KIND, VERSION = "checkpoint", 1

INVALID = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""Exceptions raised for a file with a valid checksum whose content is not valid."""

_DTYPES = (np.dtype(np.int64), np.dtype(np.float64))
"""Types of the arrays that describe a network."""


class EngineState(NamedTuple):
    """State of an engine between two steps. The field names are those of the file.

    Attributes
    ----------
    steps : int
        Number of steps since time 0.
    state, learned, live, recorded : mapping of str to ndarray
        State of neurons, plastic synapses, live inputs and the recorder.
    """

    steps: int
    state: Mapping[str, NDArray]
    learned: Mapping[str, NDArray]
    live: Mapping[str, NDArray]
    recorded: Mapping[str, NDArray]


class Checkpoint(NamedTuple):
    """State of a simulation between two steps.

    Attributes
    ----------
    network : Network
    dt : float
        ms.
    seed : int
    wall_s : float
        Computing time (s).
    events : mapping of int to int
        Synaptic events up to each step at which a run ended.
    plastic_reads : sequence of Connections
        Results of `Simulation.connections` for plastic synapses, in automatic checkpoints.
    engine : EngineState
    """

    network: Network
    dt: float
    seed: int
    wall_s: float
    events: Mapping[int, int]
    plastic_reads: Sequence[Connections]
    engine: EngineState


def write_checkpoint(path: str | os.PathLike[str], checkpoint: Checkpoint) -> None:
    """Write a checkpoint to a file, atomically."""
    reads = enumerate(checkpoint.plastic_reads)
    content = {
        "network": pack(checkpoint.network),
        "dt": np.array(checkpoint.dt),
        "seed": np.array(checkpoint.seed, np.uint64),
        "wall": np.array(checkpoint.wall_s),
        "marks": np.array(list(checkpoint.events.items()), np.int64).reshape(-1, 2),
        "answers": {str(k): connections.columns() for k, connections in reads},
        **checkpoint.engine._asdict(),
        "steps": np.array(checkpoint.engine.steps),
    }
    write_checksummed(path, KIND, VERSION, content)


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint.

    Raises
    ------
    NeurosimError
        If the file is missing, not a checkpoint, damaged, or of a later format.
    """
    content = read_checksummed(path, KIND, VERSION)
    try:
        reads = content["answers"]
        fields = {name: content[name] for name in EngineState._fields}
        return Checkpoint(
            network=unpack(content["network"]),
            dt=content["dt"].item(),
            seed=content["seed"].item(),
            wall_s=content["wall"].item(),
            events=dict(content["marks"].tolist()),
            plastic_reads=[Connections(**reads[str(k)]) for k in range(len(reads))],
            engine=EngineState(**fields | {"steps": content["steps"].item()}),
        )
    except INVALID as error:
        raise damaged(path, KIND, error) from error


def pack(network: Network) -> dict[str, Any]:
    """Return the description of a network as arrays, equal for equal networks.

    Returns
    -------
    dict
        "text": a JSON tree as bytes. "shapes": type and lengths of each array in it. "integers"
        and "floats": the values of all arrays, concatenated.
    """
    tree, arrays = to_data(network)
    text = json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()
    shapes = np.full((len(arrays), 4), -1, np.int64)
    flat: list[list[NDArray]] = [[np.empty(0, dtype)] for dtype in _DTYPES]
    for row, array in zip(shapes, arrays, strict=True):
        row[0] = _DTYPES.index(array.dtype)
        row[1 : 1 + array.ndim] = array.shape
        flat[row[0]].append(array.ravel())
    return {
        "text": np.frombuffer(text, np.uint8),
        "shapes": shapes,
        "integers": np.concatenate(flat[0]),
        "floats": np.concatenate(flat[1]),
    }


def unpack(packed: Mapping[str, NDArray]) -> Network:
    """Return the network that was packed.

    Raises
    ------
    NeurosimError, ValueError, LookupError, TypeError
        If the arrays do not describe a network.
    """
    remaining = [packed["integers"], packed["floats"]]
    arrays = []
    for kind, *lengths in packed["shapes"].tolist():
        shape = tuple(length for length in lengths if length >= 0)
        size = int(np.prod(shape, dtype=float))
        if size > len(remaining[kind]):
            raise ValueError("an array of the network is incomplete")
        arrays.append(remaining[kind][:size].reshape(shape))
        remaining[kind] = remaining[kind][size:]
    return from_data(json.loads(packed["text"].tobytes()), arrays)
