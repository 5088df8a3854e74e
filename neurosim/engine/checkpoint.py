"""A simulation in a file: the network as it was described, and all that has changed since."""

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

FOREIGN = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What is raised where a file vouches for its bytes, but does not hold what it should."""

_KINDS = (np.dtype(np.int64), np.dtype(np.float64))
"""Types of the arrays that describe a network."""


class EngineState(NamedTuple):
    """What has changed in a network since time 0, between two steps.

    Attributes
    ----------
    steps : int
        How many were made.
    state, learned, live, recorded : mapping of str to ndarray
        As `build.take_state`, `build.take_learned`, `LiveInputs.take` and `Recorder.snapshot`
        return them.
    """

    steps: int
    state: Mapping[str, NDArray]
    learned: Mapping[str, NDArray]
    live: Mapping[str, NDArray]
    recorded: Mapping[str, NDArray]


class Checkpoint(NamedTuple):
    """A simulation between two steps.

    Attributes
    ----------
    network : Network
    dt : float
        ms.
    seed : int
    wall : float
        Seconds that were spent on simulating.
    marks : mapping of int to int
        Synaptic events up to the steps at which runs ended.
    answers : sequence of Connections
        What `Simulation.connections` returned of plastic synapses, in a journal.
    engine : EngineState
    """

    network: Network
    dt: float
    seed: int
    wall: float
    marks: Mapping[int, int]
    answers: Sequence[Connections]
    engine: EngineState


def write_checkpoint(path: str | os.PathLike[str], checkpoint: Checkpoint) -> None:
    """Write a checkpoint to a file, whole or not at all."""
    content = {
        "network": pack(checkpoint.network),
        "dt": np.array(checkpoint.dt),
        "seed": np.array(checkpoint.seed, np.uint64),
        "wall": np.array(checkpoint.wall),
        "marks": np.array(list(checkpoint.marks.items()), np.int64).reshape(-1, 2),
        "answers": {str(k): answer.columns() for k, answer in enumerate(checkpoint.answers)},
        **checkpoint.engine._asdict(),
        "steps": np.array(checkpoint.engine.steps),
    }
    write_checksummed(path, KIND, VERSION, content)


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint.

    Raises
    ------
    NeurosimError
        Where the file is missing, no checkpoint, damaged, or of a later format.
    """
    content = read_checksummed(path, KIND, VERSION)
    try:
        parts = ("state", "learned", "live", "recorded")
        engine = EngineState(content["steps"].item(), *(content[part] for part in parts))
        answers = content["answers"]
        return Checkpoint(
            network=unpack(content["network"]),
            dt=content["dt"].item(),
            seed=content["seed"].item(),
            wall=content["wall"].item(),
            marks=dict(content["marks"].tolist()),
            answers=[Connections(**answers[str(k)]) for k in range(len(answers))],
            engine=engine,
        )
    except FOREIGN as error:
        raise damaged(path, KIND, error) from error


def pack(network: Network) -> dict[str, Any]:
    """Return a network's description as arrays: equal networks give equal ones.

    Returns
    -------
    dict
        "text", the tree as bytes; "shapes", of each array its type, then its lengths; and its
        "integers" or "floats", those of all arrays one after the other.
    """
    tree, arrays = to_data(network)
    text = json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()
    shapes = np.full((len(arrays), 4), -1, np.int64)
    flat: list[list[NDArray]] = [[np.empty(0, kind)] for kind in _KINDS]
    for row, array in zip(shapes, arrays, strict=True):
        row[0] = _KINDS.index(array.dtype)
        row[1 : 1 + array.ndim] = array.shape
        flat[row[0]].append(array.ravel())
    return {
        "text": np.frombuffer(text, np.uint8),
        "shapes": shapes,
        "integers": np.concatenate(flat[0]),
        "floats": np.concatenate(flat[1]),
    }


def unpack(packed: Mapping[str, NDArray]) -> Network:
    """Return the network that `pack` was given.

    Raises
    ------
    NeurosimError, ValueError, LookupError, TypeError
        Where it is the description of none.
    """
    left = [packed["integers"], packed["floats"]]
    arrays = []
    for kind, *lengths in packed["shapes"].tolist():
        shape = tuple(length for length in lengths if length >= 0)
        size = int(np.prod(shape, dtype=float))
        if size > len(left[kind]):
            raise ValueError("an array of the network is cut short")
        arrays.append(left[kind][:size].reshape(shape))
        left[kind] = left[kind][size:]
    return from_data(json.loads(packed["text"].tobytes()), arrays)
