"""Neurons of Neo spike trains, and the intervals in which they were observed."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.imported_spikes import MAX_ID, UNNAMED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ID_KEYS = ("index", "id", "unit_id", "source_id", "cluster_id")
"""Annotations with the number of a neuron: of neurosim, NestIO, raw readers and PyNN."""
NAME_KEYS = ("unit_name", "unit name")
POPULATION_KEYS = ("population", "source_population")
SAME_TIME = 1e-9
"""Relative difference of two times that rounding explains: 16.1 s is not exactly 16100 ms."""


class NeuronLabel(NamedTuple):
    """Population, number and name of a neuron, from spike train annotations."""

    population: str
    number: int | None
    name: str | None


def label_of(train: Any) -> NeuronLabel:
    """Return the annotations of a spike train that identify its neuron."""
    annotations = getattr(train, "annotations", {})

    def values(keys: tuple[str, ...]) -> list[Any]:
        return [annotations[key] for key in keys if annotations.get(key) is not None]

    population = next(map(str, values(POPULATION_KEYS)), UNNAMED)
    ids = values(ID_KEYS)
    number = next((k for k in map(_index, ids) if k is not None), None)
    texts = [*values(NAME_KEYS), getattr(train, "name", None), *ids]
    name = next((text for text in texts if isinstance(text, str) and text.strip()), None)
    # `to_neo` names a neuron without a name by its population and number.
    if name is not None and (_index(name) is not None or name == f"{population} {number}"):
        name = None
    return NeuronLabel(population, number, name)


def _index(value: Any) -> int | None:
    """Convert a number or a string of digits to an index; return None for others."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 11:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return None
    return int(value) if 0 <= value <= MAX_ID and value == int(value) else None


def identify(segments: Sequence[Sequence[NeuronLabel]]) -> list[list[tuple[str, int]]]:
    """Assign (population, number) to each spike train, consistently across segments.

    Trains of the same neuron are matched by number if numbers are unique within each segment,
    otherwise by name, otherwise by the order of the trains.

    Raises
    ------
    NeurosimError
        If segments differ in the number of trains, and trains have neither ids nor names.
    """
    keys: list[list[Any]] = [
        [(population, k) for population, k, _ in labels] for labels in segments
    ]
    if _are_keys(keys):
        return keys
    keys = [[(population, name) for population, _, name in labels] for labels in segments]
    if not _are_keys(keys):
        keys = [_number([label.population for label in labels]) for labels in segments]
        if len({tuple(sorted(segment)) for segment in keys}) > 1:
            sizes = ", ".join(str(len(labels)) for labels in segments[:5])
            raise NeurosimError(
                f"its segments have {sizes} spike trains without ids or names, so that the neurons "
                "are unknown: give one segment to from_neo"
            )
    unique = dict.fromkeys(key for segment in keys for key in segment)
    numbers = dict(zip(unique, _number([population for population, _ in unique]), strict=True))
    return [[numbers[key] for key in segment] for segment in keys]


def _are_keys(segments: Sequence[Sequence[tuple[str, Any]]]) -> bool:
    """Whether all trains have an id, unique within their segment."""
    return all(
        len(set(keys)) == len(keys) and all(key[1] is not None for key in keys) for keys in segments
    )


def _number(populations: Sequence[str]) -> list[tuple[str, int]]:
    """Number the neurons of each population in their order."""
    counters = {population: count() for population in populations}
    return [(population, next(counters[population])) for population in populations]


def spans_of(trains: Sequence[Any]) -> NDArray[np.float64]:
    """Return start and stop of each train (ms), shape (n, 2).

    Differences by rounding are removed.
    """
    starts = np.array([float(train.t_start.rescale("ms")) for train in trains])
    stops = np.array([float(train.t_stop.rescale("ms")) for train in trains])
    return np.column_stack([_equalise(starts), -_equalise(-stops)])


def _equalise(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replace each value by the lowest value that differs from it only by rounding."""
    ordered, inverse = np.unique(values, return_inverse=True)
    apart = np.diff(ordered) > SAME_TIME * np.maximum(1.0, np.abs(ordered[1:]))
    first = np.maximum.accumulate(np.where(np.append(True, apart), np.arange(len(ordered)), 0))
    lowest: NDArray[np.float64] = ordered[first][inverse]
    return lowest


def offsets_of(spans: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], list[str]]:
    """Return the offset to add to the times (ms) of each segment, and warnings.

    Segments that follow each other keep their distances; the first starts at 0. Segments that
    overlap, such as trials that each start at 0, are placed one after another.
    """
    starts = np.array([span[:, 0].min() for span in spans])
    stops = np.array([span[:, 1].max() for span in spans])
    if np.all(starts[1:] >= stops[:-1] - SAME_TIME * np.abs(stops[:-1])):
        return np.full(len(spans), -starts[0]), []
    offsets = np.concatenate([[0.0], np.cumsum(stops - starts)[:-1]]) - starts
    return offsets, [
        f"its {len(spans)} segments overlap in time and are placed one after another: the second "
        f"starts at {offsets[1] + starts[1]:g} ms"
    ]
