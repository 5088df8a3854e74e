"""Spikes read from a file of another program."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

UNNAMED = "units"
"""Name of a population that has none in the file."""
MAX_POPULATIONS = 10_000
MAX_ID = 2**31 - 1
MAX_NAME = 200
"""Characters of the name of a population or neuron."""
MAX_TIME = 1e12
"""Largest absolute time (ms)."""


@dataclass(frozen=True, eq=False)
class PopulationSpikes:
    """Spikes of one population, in any order.

    Attributes
    ----------
    times : (n_spikes,) ndarray of float64
        ms.
    ids : (n_spikes,) ndarray of int64
        Index of the neuron of each spike.
    recorded : (n_recorded,) ndarray of int64
        Indices of the recorded neurons, including silent ones, in any order.
    names : sequence of str, optional
        Names of the neurons in `recorded`, in the same order. None if the neurons have no names.
    observed : sequence of (n_intervals, 2) ndarray of float64, optional
        Ascending intervals (ms) in which each neuron in `recorded` was observed, in the same order.
        None if all neurons were observed during the whole recording.
    """

    times: NDArray[np.float64]
    ids: NDArray[np.int64]
    recorded: NDArray[np.int64]
    names: Sequence[str] | None = None
    observed: Sequence[NDArray[np.float64]] | None = None

    def completed(self) -> PopulationSpikes:
        """Add neurons that fire but are not listed.

        They are identified by number and have no observed intervals.
        """
        missing = np.setdiff1d(self.ids, self.recorded)
        names = observed = None
        if self.names is not None:
            names = [*self.names, *map(str, missing.tolist())]
        if self.observed is not None:
            observed = [*self.observed, *[np.empty((0, 2))] * len(missing)]
        recorded = np.append(self.recorded, missing)
        return replace(self, recorded=recorded, names=names, observed=observed)

    def renumbered(self, neurons: Sequence[int]) -> PopulationSpikes:
        """Return the spikes with other indices for the neurons in `recorded`."""
        ids, order = np.array(neurons, np.int64), np.argsort(self.recorded)
        index = order[np.searchsorted(self.recorded, self.ids, sorter=order)]
        return replace(self, ids=ids[index], recorded=ids)

    @classmethod
    def of(cls, times: NDArray[np.float64], neurons: NDArray) -> PopulationSpikes:
        """Return spikes whose neurons are identified by whole numbers or by names.

        Raises
        ------
        NeurosimError
            If the arrays differ in length, or the neurons are other numbers.
        """
        if len(times) != len(neurons):
            raise NeurosimError(f"it has {len(times)} times and {len(neurons)} neurons")
        if neurons.dtype.kind in "US":
            words = neurons.astype(str) if neurons.dtype.kind == "U" else np.char.decode(neurons)
            index = {name: k for k, name in enumerate(dict.fromkeys(words.tolist()))}
            ids = np.array([index[name] for name in words.tolist()], np.int64)
            return cls(times, ids, np.arange(len(index)), tuple(index))
        if neurons.dtype.kind not in "iuf":
            raise NeurosimError(
                f"its neurons have the type {neurons.dtype}: give whole numbers or names"
            )
        valid = (neurons >= 0) & (neurons <= MAX_ID) & (neurons == np.floor(neurons))
        if not valid.all():
            raise NeurosimError(
                f"it has a neuron {neurons[~valid][0]}: neurons are whole numbers from 0 to "
                f"{MAX_ID}"
            )
        ids = neurons.astype(np.int64)
        return cls(times, ids, np.unique(ids))


@dataclass(frozen=True, eq=False)
class ImportedSpikes:
    """Spikes read from a file of another program.

    Attributes
    ----------
    populations : mapping of str to PopulationSpikes
        Times may be negative, relative to an event.
    dt : float or None
        Step of the time grid (ms), if the file specifies it.
    duration : float or None
        End of the recording (ms) on the clock of the file, if the file specifies it.
    notes : sequence of str
        Warnings about assumptions.
    in_steps : bool
        Whether the file counts times in steps of the `dt` that the user specified.

    Raises
    ------
    NeurosimError
        If a value is impossible in a recording.
    """

    populations: Mapping[str, PopulationSpikes]
    dt: float | None = None
    duration: float | None = None
    notes: Sequence[str] = ()
    in_steps: bool = False

    def __post_init__(self) -> None:
        if len(self.populations) > MAX_POPULATIONS:
            raise NeurosimError(
                f"it has {len(self.populations):,} populations; the maximum is {MAX_POPULATIONS:,}"
            )
        for name, spikes in self.populations.items():
            if not (0 < len(name) <= MAX_NAME and name.isprintable()):
                raise NeurosimError(
                    f"{show(name)} is not a name of a population: give 1 to {MAX_NAME} printable "
                    "characters"
                )
            valid = np.abs(spikes.times) <= MAX_TIME  # False for NaN
            if not valid.all():
                raise NeurosimError(
                    f"{name} has a spike at {spikes.times[~valid][0]:g} ms: times must be "
                    f"{-MAX_TIME:g} to {MAX_TIME:g} ms"
                )
            ids = spikes.recorded
            if ids.size and (ids.min() < 0 or ids.max() > MAX_ID):
                raise NeurosimError(
                    f"{name} has a neuron {ids.min() if ids.min() < 0 else ids.max()}: neurons are "
                    f"numbered from 0 to {MAX_ID}"
                )
        if self.duration is not None and not abs(self.duration) <= MAX_TIME:
            raise NeurosimError(
                f"its duration is {self.duration:g} ms: it must be 0 to {MAX_TIME:g} ms"
            )


def merge(parts: Sequence[ImportedSpikes]) -> ImportedSpikes:
    """Return the spikes of several files as one recording.

    Populations of the same name are combined, and within them neurons of the same index, or of the
    same name if one index has different names. Files of one named neuron each are different
    neurons.
    """
    found: dict[str, list[PopulationSpikes]] = {}
    partly = any(
        spikes.observed is not None for part in parts for spikes in part.populations.values()
    )
    for part in parts:
        for name, spikes in part.populations.items():
            if partly and spikes.observed is None:  # observed throughout its file
                end = part.duration
                end = float(spikes.times.max(initial=0.0)) if end is None else end
                spikes = replace(spikes, observed=[np.array([[0.0, end]])] * len(spikes.recorded))
            found.setdefault(name, []).append(spikes.completed())
    steps = {part.dt for part in parts}
    return ImportedSpikes(
        {name: _merge_population(spikes) for name, spikes in found.items()},
        steps.pop() if len(steps) == 1 else None,
        max((part.duration for part in parts if part.duration is not None), default=None),
        tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def _merge_population(parts: list[PopulationSpikes]) -> PopulationSpikes:
    """Concatenate the spikes of one population."""
    labels = [part.names for part in parts if part.names is not None]
    if len(labels) == len(parts):
        pairs = {pair for part in parts for pair in _named(part)}
        if all(len(names) == 1 for names in labels):
            parts = [part.renumbered([k]) for k, part in enumerate(parts)]
        elif len(dict(pairs)) < len(pairs):  # an index has several names: number by name
            number = {name: k for k, name in enumerate(dict.fromkeys(chain(*labels)))}
            numbers = ([number[name] for name in names] for names in labels)
            parts = [part.renumbered(ids) for part, ids in zip(parts, numbers, strict=True)]
    name_of = {neuron: name for part in parts for neuron, name in _named(part)}
    recorded = np.unique(np.concatenate([part.recorded for part in parts]))
    observed: dict[int, list[NDArray[np.float64]]] = {}
    for part in parts:
        for neuron, intervals in zip(part.recorded.tolist(), part.observed or (), strict=False):
            observed.setdefault(neuron, []).append(intervals)
    joined = [np.concatenate(observed[k]) for k in recorded.tolist() if observed]
    return PopulationSpikes(
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.ids for part in parts]),
        recorded,
        [name_of.get(k, str(k)) for k in recorded.tolist()] if name_of else None,
        [each[np.argsort(each[:, 0], kind="stable")] for each in joined] if observed else None,
    )


def _named(part: PopulationSpikes) -> Iterable[tuple[int, str]]:
    """Return index and name of each named neuron."""
    return zip(part.recorded.tolist(), part.names or (), strict=False)


def warn_of_restarts(trains: Sequence[NDArray[np.float64]], names: Sequence[str]) -> list[str]:
    """Return a warning if the spike times (ms) of a neuron decrease.

    Parameters
    ----------
    trains : sequence of (n_spikes,) ndarray
        Spike times of each neuron in the order of the file.
    names : sequence of str
        Name of each neuron.

    Returns
    -------
    list of str
        Empty if all times ascend.
    """
    falls = [np.flatnonzero(np.diff(train) < 0.0) for train in trains]
    unsorted = [k for k, found in enumerate(falls) if len(found)]
    if not unsorted:
        return []
    first = unsorted[0]
    before, after = trains[first][falls[first][0] : falls[first][0] + 2]
    return [
        f"the spike times of {len(unsorted):,} of {len(trains):,} neurons go back (neuron "
        f"{names[first]}: {after:g} ms follows {before:g} ms): they are sorted, but if the clock "
        "was reset during the recording, parts of it now overlap"
    ]
