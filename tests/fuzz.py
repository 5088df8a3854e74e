"""Damaged files: what readers of foreign files must survive."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

EXTREMES = tuple(
    value.to_bytes(size, "little")
    for size in (1, 2, 4, 8)
    for value in (0, 1, 2 ** (8 * size - 1) - 1, 2 ** (8 * size - 1), 2 ** (8 * size) - 1)
)


def fuzz_count(quick: int) -> int:
    """How many mutants a test tries: `quick`, or as many as NEUROSIM_FUZZ asks for."""
    return int(os.environ.get("NEUROSIM_FUZZ", quick))


def mutants(data: bytes, n: int, seed: int) -> Iterator[bytes]:
    """Damage `data` in `n` ways, the same for the same seed."""
    random = np.random.default_rng(seed)
    for _ in range(n):
        damaged = bytearray(data)
        # Many readers look at the length before all else: mostly it stays.
        damages = _LENGTHS if random.random() < 0.15 else _VALUES
        for _ in range(int(random.integers(1, 5))):
            damaged = damages[random.integers(len(damages))](damaged, random)
        yield bytes(damaged)


def _place(data: bytearray, random: np.random.Generator) -> int:
    """Choose a place, often near the start, where headers are."""
    reach = len(data) if random.random() < 0.5 else min(len(data), 4096)
    return int(random.integers(max(1, reach)))


def _flip(data: bytearray, random: np.random.Generator) -> bytearray:
    for _ in range(int(random.integers(1, 9))):
        place = _place(data, random)
        data[place : place + 1] = bytes([int(random.integers(256))])
    return data


def _extreme(data: bytearray, random: np.random.Generator) -> bytearray:
    place, value = _place(data, random), EXTREMES[random.integers(len(EXTREMES))]
    data[place : place + len(value)] = value[: len(data) - place]
    return data


def _truncate(data: bytearray, random: np.random.Generator) -> bytearray:
    return data[: _place(data, random)]


def _cut(data: bytearray, random: np.random.Generator) -> bytearray:
    place = _place(data, random)
    del data[place : place + int(random.integers(1, 65))]
    return data


def _double(data: bytearray, random: np.random.Generator) -> bytearray:
    place = _place(data, random)
    data[place:place] = data[place : place + int(random.integers(1, 257))]
    return data


def _move(data: bytearray, random: np.random.Generator) -> bytearray:
    source, target, length = _place(data, random), _place(data, random), random.integers(1, 129)
    moved = data[source : source + length][: len(data) - target]
    data[target : target + len(moved)] = moved
    return data


_VALUES = (_flip, _extreme, _move)
_LENGTHS = (_truncate, _cut, _double)
