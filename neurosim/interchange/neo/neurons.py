"""Tell which neuron a Neo spike train belongs to, and when it was observed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.imported_spikes import MAX_ID, NO_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ID_KEYS = ("index", "id", "unit_id", "source_id", "cluster_id")
"""Annotations that may hold the number of a neuron: of this project, NestIO, raw readers, PyNN."""
NAME_KEYS = ("unit_name", "unit name")
POPULATION_KEYS = ("population", "source_population")
SAME_TIME = 1e-9
"""Relative difference of two times that rounding explains: 16.1 s is not quite 16100 ms."""


@dataclass(frozen=True)
class Owner:
    """The neuron of a spike train, as its annotations describe it.

    Attributes
    ----------
    population : str
    number : int or None
    name : str or None
    """

    population: str
    number: int | None
    name: str | None


def owner_of(train: Any) -> Owner:
    """Return whose spikes a train holds."""
    notes = getattr(train, "annotations", {})
    populations = [str(notes[key]) for key in POPULATION_KEYS if notes.get(key) is not None]
    population = populations[0] if populations else NO_NAME
    ids = [notes[key] for key in ID_KEYS if notes.get(key) is not None]
    numbers = [number for value in ids if (number := _index(value)) is not None]
    number = numbers[0] if numbers else None
    given = [notes.get(key) for key in NAME_KEYS] + [getattr(train, "name", None)]
    texts = [value for value in [*given, *ids] if isinstance(value, str) and value.strip()]
    own = texts[0] if texts and _index(texts[0]) is None else None
    # The name that `to_neo` gives a train without one.
    return Owner(population, number, None if own == f"{population} {number}" else own)


def _index(value: Any) -> int | None:
    """Return a whole number from 0 to the highest id, given as number or digits, or None."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 11:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return None
    return int(value) if 0 <= value <= MAX_ID and value == int(value) else None


def identify(segments: Sequence[Sequence[Owner]]) -> list[list[tuple[str, int]]]:
    """Return population and number of each train, the same in every segment for one neuron.

    Numbers are used if they are unique within each segment, else names, else the order of the
    trains.

    Raises
    ------
    NeurosimError
        If segments have different numbers of trains, without ids or names.
    """
    numbered = [[(own.population, own.number) for own in owners] for owners in segments]
    if _are_keys(numbered):
        return numbered  # type: ignore[return-value]
    keys: list[list[Any]] = [[(own.population, own.name) for own in owners] for owners in segments]
    if not _are_keys(keys):
        keys = [_in_order(owners) for owners in segments]
        if len({tuple(sorted(Counter(p for p, _ in own).items())) for own in keys}) > 1:
            sizes = ", ".join(str(len(owners)) for owners in segments[:5])
            raise NeurosimError(
                f"its segments have {sizes} spike trains, which have no ids or names that tell "
                "which belong together: give one segment to from_neo"
            )
    numbers: dict[tuple[str, Any], int] = {}
    counts: Counter[str] = Counter()
    for key in (key for own in keys for key in own):
        if key not in numbers:
            numbers[key] = counts[key[0]]
            counts[key[0]] += 1
    return [[(key[0], numbers[key]) for key in own] for own in keys]


def _are_keys(segments: Sequence[Sequence[tuple[str, Any]]]) -> bool:
    """Whether all trains have an id, and no two of a segment share one."""
    return all(
        len(set(keys)) == len(keys) and all(key[1] is not None for key in keys) for keys in segments
    )


def _in_order(owners: Sequence[Owner]) -> list[tuple[str, int]]:
    """Number the trains of each population in their order."""
    counts: Counter[str] = Counter()
    keys = []
    for own in owners:
        keys.append((own.population, counts[own.population]))
        counts[own.population] += 1
    return keys


def spans_of(trains: Sequence[Any]) -> NDArray[np.float64]:
    """Return start and stop of each train (ms), shape (n, 2).

    Starts that differ by rounding only are made equal, and so are stops.
    """
    starts = np.array([float(train.t_start.rescale("ms")) for train in trains])
    stops = np.array([float(train.t_stop.rescale("ms")) for train in trains])
    return np.column_stack([_equalised(starts), -_equalised(-stops)])


def _equalised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replace each value by the lowest of those that rounding alone separates from it."""
    ordered, inverse = np.unique(values, return_inverse=True)
    apart = np.diff(ordered) > SAME_TIME * np.maximum(1.0, np.abs(ordered[1:]))
    first = np.maximum.accumulate(np.where(np.append(True, apart), np.arange(len(ordered)), 0))
    lowest: NDArray[np.float64] = ordered[first][inverse]
    return lowest


def offsets_of(
    spans: Sequence[NDArray[np.float64]],
) -> tuple[NDArray[np.float64], list[str]]:
    """Return what to add to the times (ms) of each segment, and warnings.

    Segments that follow each other keep their distances; the first starts at 0. Segments that
    overlap, such as trials that each start at 0, are placed one after another.
    """
    starts = np.array([own[:, 0].min() for own in spans])
    stops = np.array([own[:, 1].max() for own in spans])
    if np.all(starts[1:] >= stops[:-1] - SAME_TIME * np.abs(stops[:-1])):
        return np.full(len(spans), -starts[0]), []
    offsets = np.concatenate([[0.0], np.cumsum(stops - starts)[:-1]]) - starts
    return offsets, [
        f"its {len(spans)} segments overlap in time and are placed one after another: the second "
        f"starts at {offsets[1] + starts[1]:g} ms"
    ]
