"""Spikes read from a file of another program, and a result made of them."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.results import PopulationInfo, Result, RunStats, SpikeTrains
from neurosim.utils.checks import check_number, show
from neurosim.utils.intervals import locate, merged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

NO_NAME = "units"
"""What a population is called that has no name."""
MAX_POPULATIONS = 10_000
MAX_ID = 2**31 - 1
LONGEST_NAME = 200
"""In characters."""
LONGEST = 1e12
"""The last time that an input may have (ms)."""
ON_GRID = 1e-6
"""By how much of a step a time on the grid may be off, for rounding."""
FINEST, COARSEST = 1e-6, 1e6
"""A file that names a step (ms) beyond these names none."""
ROUND = 100.0
"""Times before 0 are counted from a multiple of this (ms)."""
USUAL_STEPS = (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)
"""Steps (ms) of which the coarsest that fits is taken where none is known."""


@dataclass(frozen=True, eq=False)
class PopulationSpikes:
    """Spikes of one population, in any order.

    Attributes
    ----------
    times : (n_spikes,) ndarray of float64
        ms.
    ids : (n_spikes,) ndarray of int64
    recorded : (n_recorded,) ndarray of int64
        Recorded neurons, including silent ones, in any order.
    names : tuple of str, optional
        Name of each neuron in `recorded`, in that order. None if the source has only numbers.
    observed : tuple of (n_intervals, 2) ndarray of float64, optional
        Intervals (ms) in which each neuron in `recorded` was observed, in that order and ascending.
        None if all were observed during the whole recording.
    """

    times: NDArray[np.float64]
    ids: NDArray[np.int64]
    recorded: NDArray[np.int64]
    names: tuple[str, ...] | None = None
    observed: tuple[NDArray[np.float64], ...] | None = None


@dataclass(frozen=True, eq=False)
class ImportedSpikes:
    """Spikes read from a file of another program.

    Attributes
    ----------
    trains : mapping of str to PopulationSpikes
        By population. Times may be negative, relative to an event.
    dt : float or None
        Step of the time grid (ms), if the file has it.
    duration : float or None
        End of the recording (ms), on the clock of the file, if the file has it.
    notes : tuple of str
        Sentences with which the user is warned of what was assumed.
    counted : bool
        Whether times are counted in steps that the user has given as dt.

    Raises
    ------
    NeurosimError
        For what no recording can hold.
    """

    trains: Mapping[str, PopulationSpikes]
    dt: float | None = None
    duration: float | None = None
    notes: tuple[str, ...] = ()
    counted: bool = False

    def __post_init__(self) -> None:
        if len(self.trains) > MAX_POPULATIONS:
            raise NeurosimError(
                f"it has {len(self.trains):,} populations: give one of at most {MAX_POPULATIONS:,}"
            )
        for name, train in self.trains.items():
            if not (0 < len(name) <= LONGEST_NAME and name.isprintable()):
                raise NeurosimError(
                    f"{show(name)} names no population: give 1 to {LONGEST_NAME} printable "
                    "characters"
                )
            _check_train(name, train)
        if self.duration is not None and not abs(self.duration) <= LONGEST:
            raise NeurosimError(
                f"its duration is {self.duration:g} ms: it must be 0 to {LONGEST:g} ms"
            )


def _check_train(name: str, train: PopulationSpikes) -> None:
    if len(train.times) != len(train.ids):
        raise NeurosimError(f"{name} has {len(train.times)} times and {len(train.ids)} neurons")
    right = np.abs(train.times) <= LONGEST  # written so that NaN fails
    if not right.all():
        raise NeurosimError(
            f"{name} has a spike at {train.times[~right][0]:g} ms: times must be {-LONGEST:g} to "
            f"{LONGEST:g} ms"
        )
    if train.names is not None and len(train.names) != len(train.recorded):
        raise NeurosimError(
            f"{name} has {len(train.names)} names for {len(train.recorded)} neurons"
        )
    if train.observed is not None and len(train.observed) != len(train.recorded):
        raise NeurosimError(
            f"{name} has observed intervals of {len(train.observed)} neurons and "
            f"{len(train.recorded)} neurons"
        )
    for ids in (train.ids, train.recorded):
        wrong = (ids < 0) | (ids > MAX_ID)
        if wrong.any():
            raise NeurosimError(
                f"{name} has a neuron {ids[wrong][0]}: neurons are numbered from 0 to {MAX_ID}"
            )


def merge(parts: Sequence[ImportedSpikes]) -> ImportedSpikes:
    """Return the spikes of several files as one recording.

    Files with a single neuron that has a name hold different neurons. Otherwise populations of the
    same name are one, and so are their neurons of the same number, or of the same name where
    numbers are called differently.
    """
    found: dict[str, list[PopulationSpikes]] = {}
    partly = any(train.observed is not None for part in parts for train in part.trains.values())
    for part in parts:
        for name, train in part.trains.items():
            own = _with_intervals(train, part.duration) if partly else train
            found.setdefault(name, []).append(own)
    trains = {name: _merged(own) for name, own in found.items()}
    steps = {part.dt for part in parts}
    ends = [part.duration for part in parts if part.duration is not None]
    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    step = steps.pop() if len(steps) == 1 else None
    return ImportedSpikes(trains, step, max(ends, default=None), notes)


def _with_intervals(train: PopulationSpikes, duration: float | None) -> PopulationSpikes:
    """Return a train that says when its neurons were observed: throughout, if it did not."""
    if train.observed is not None:
        return train
    end = float(train.times.max(initial=0.0)) if duration is None else duration
    return replace(train, observed=(np.array([[0.0, end]]),) * len(train.recorded))


def _merged(trains: list[PopulationSpikes]) -> PopulationSpikes:
    """Return the spikes of parts of a population."""
    names = [train.names for train in trains]
    if all(own is not None and len(own) == 1 for own in names):
        trains = [
            replace(t, ids=np.full(len(t.ids), k), recorded=np.array([k]))
            for k, t in enumerate(trains)
        ]
    pairs = {
        (neuron, name)
        for train in trains
        if train.names is not None
        for neuron, name in zip(train.recorded.tolist(), train.names, strict=True)
    }
    named = dict(pairs)
    if len(named) < len(pairs) and all(own is not None for own in names):
        trains, named = _renumbered(trains)
    recorded = np.unique(np.concatenate([train.recorded for train in trains]))
    labels = tuple(named.get(k, str(k)) for k in recorded.tolist()) if named else None
    times = np.concatenate([train.times for train in trains])
    ids = np.concatenate([train.ids for train in trains])
    return PopulationSpikes(times, ids, recorded, labels, _all_intervals(trains, recorded))


def _all_intervals(
    trains: list[PopulationSpikes], recorded: NDArray[np.int64]
) -> tuple[NDArray[np.float64], ...] | None:
    """Return the intervals (ms) in which each neuron was observed in any of the trains."""
    parts: dict[int, list[NDArray[np.float64]]] = {}
    for train in trains:
        for neuron, own in zip(train.recorded.tolist(), train.observed or (), strict=False):
            parts.setdefault(neuron, []).append(own)
    if not parts:
        return None
    ordered = (np.concatenate(parts[neuron]) for neuron in recorded.tolist())
    return tuple(own[np.argsort(own[:, 0], kind="stable")] for own in ordered)


def _renumbered(trains: list[PopulationSpikes]) -> tuple[list[PopulationSpikes], dict[int, str]]:
    """Return trains whose neurons are numbered by name, in the order of first appearance."""
    number: dict[str, int] = {}
    found = []
    for train in trains:
        own = [number.setdefault(name, len(number)) for name in train.names or ()]
        new = np.array(own, np.int64)
        order = np.argsort(train.recorded)
        places = order[np.searchsorted(train.recorded, train.ids, sorter=order)]
        found.append(replace(train, ids=new[places], recorded=new))
    return found, {k: name for name, k in number.items()}


def to_result(
    imported: ImportedSpikes,
    dt: float | None = None,
    duration: float | None = None,
    start: float | None = None,
    stacklevel: int = 3,
) -> Result:
    """Put spikes on a time grid and make a result of them.

    Parameters
    ----------
    imported : ImportedSpikes
    dt, duration, start : float, optional
        As for `load_spikes`.
    stacklevel : int
        Frames up to the one that a warning names.

    Raises
    ------
    NeurosimError
        For an impossible step, duration or start.

    Warns
    -----
    UserWarning
        Where times are moved to the grid, counted from before 0, or in a unit that was assumed, and
        where spikes lie outside the observed intervals of their neuron.
    """
    for note in imported.notes:
        warnings.warn(note, UserWarning, stacklevel=stacklevel)
    imported, begin = _counted_from(imported, start, stacklevel + 1)
    times = np.concatenate([np.empty(0), *(train.times for train in imported.trains.values())])
    step = imported.dt if dt is None else check_number(dt, "dt", "ms", 0.001, 10.0)
    if step is None or not FINEST <= step <= COARSEST:
        step = next((s for s in USUAL_STEPS if _on_grid(times, s)), USUAL_STEPS[-1])
        moved = False
    else:
        moved = dt is not None or _on_grid(times, step)
    spikes = {name: _spike_trains(train, step, moved) for name, train in imported.trains.items()}
    if dt is not None:
        _tell_of_moves(times, spikes, step, stacklevel + 1)
    for message in _unobserved_spikes(spikes):
        warnings.warn(message, UserWarning, stacklevel=stacklevel)
    last = max((float(own.times[-1]) for own in spikes.values() if len(own)), default=0.0)
    return Result(
        dt=step,
        duration=_duration(imported, duration, step, last),
        seed=0,
        populations={name: _info(name, trains) for name, trains in spikes.items()},
        spikes=spikes,
        stats=RunStats(sum(len(s.recorded) for s in spikes.values()), 0, 1, 0.0, 0.0, 0.0),
        measured={"start_ms": np.array([begin])} if begin else {},
    )


def _counted_from(
    imported: ImportedSpikes, start: float | None, stacklevel: int
) -> tuple[ImportedSpikes, float]:
    """Return spikes counted from `start`, and which time of the file (ms) that is.

    A result begins at 0 ms. Recordings that begin before 0 are therefore counted from an earlier
    time, a multiple of `ROUND` below their first spike and the start of their first interval.
    """
    trains = imported.trains.values()
    first = min((train.times.min() for train in trains if len(train.times)), default=0.0)
    starts = [own[0, 0] for train in trains for own in train.observed or () if len(own)]
    earliest = float(min([first, *starts]))
    if start is not None:
        begin = check_number(start, "start", "ms", -LONGEST, LONGEST)
        if begin > first:
            raise NeurosimError(
                f"start = {begin:g} ms comes after the first spike at {first:g} ms: give an "
                "earlier time"
            )
    elif earliest >= 0.0:
        begin = 0.0
    else:
        begin = (math.ceil(earliest / ROUND) - 1) * ROUND
        what = f"the first spike is at {first:g} ms"
        if earliest < first:
            what = f"the recording begins at {earliest:g} ms"
        warnings.warn(
            f"{what}: times are counted from {begin:g} ms, so that the event at 0 is at "
            f"{-begin:g} ms of the result; start chooses another time",
            UserWarning,
            stacklevel=stacklevel,
        )
    if begin == 0.0:
        return imported, begin
    moved = {name: _earlier(train, begin) for name, train in imported.trains.items()}
    end = None if imported.duration is None else imported.duration - begin
    return replace(imported, trains=moved, duration=end, notes=()), begin


def _earlier(train: PopulationSpikes, begin: float) -> PopulationSpikes:
    """Return a train whose times and intervals are counted from a time (ms)."""
    observed = None if train.observed is None else tuple(own - begin for own in train.observed)
    return replace(train, times=train.times - begin, observed=observed)


def _on_grid(times: NDArray[np.float64], dt: float) -> bool:
    return bool(np.all(_off_grid(times, dt) <= 0.0))


def _off_grid(times: NDArray[np.float64], dt: float) -> NDArray[np.float64]:
    """Return by how many steps times are off the grid, beyond what rounding may do."""
    steps = times / dt
    # From seconds to ms and to steps a time is rounded thrice.
    return np.abs(steps - np.rint(steps)) - ON_GRID - 4.0 * np.finfo(float).eps * steps


def _spike_trains(train: PopulationSpikes, dt: float, moved: bool) -> SpikeTrains:
    times = _moved(train.times, dt) if moved else train.times
    order = np.lexsort((train.ids, times))
    recorded = np.union1d(train.recorded, train.ids)
    return SpikeTrains(
        times[order],
        train.ids[order],
        recorded,
        _names(train, recorded),
        _observed(train, recorded, dt, moved),
    )


def _moved(times: NDArray[np.float64], dt: float) -> NDArray[np.float64]:
    """Return times moved to the grid, with the bits of the engine's step · dt."""
    return np.rint(times / dt) * dt


def _names(train: PopulationSpikes, recorded: NDArray[np.int64]) -> tuple[str, ...] | None:
    """Return the names in the order of `recorded`; a neuron without one is called by its id."""
    if train.names is None:
        return None
    named = dict(zip(train.recorded.tolist(), train.names, strict=True))
    return tuple(_printable(named.get(neuron, str(neuron))) for neuron in recorded.tolist())


def _printable(name: str) -> str:
    """Return a name of one line that a terminal can show."""
    return "".join(c if c.isprintable() else "?" for c in name[:LONGEST_NAME])


def _observed(
    train: PopulationSpikes, recorded: NDArray[np.int64], dt: float, moved: bool
) -> tuple[NDArray[np.float64], ...] | None:
    """Return the intervals in the order of `recorded`, moved to the grid as spikes are.

    A spike and the ends of its interval are rounded alike, so that it stays inside.
    """
    if train.observed is None:
        return None
    known = dict(zip(train.recorded.tolist(), train.observed, strict=True))
    ordered = (known.get(neuron, np.empty((0, 2))) for neuron in recorded.tolist())
    return tuple(_moved(intervals, dt) if moved else intervals for intervals in ordered)


def _unobserved_spikes(spikes: Mapping[str, SpikeTrains]) -> list[str]:
    """Return a warning for each population that fires outside its observed intervals."""
    messages = []
    for name, trains in spikes.items():
        if trains.observed is None:
            continue
        outside = [
            int(np.count_nonzero(locate(times, merged(intervals)) < 0))
            for times, intervals in zip(trains.by_neuron(), trains.observed, strict=True)
        ]
        if any(outside):
            messages.append(
                f"{sum(outside):,} of {len(trains):,} spikes of {name} lie outside the intervals "
                f"in which their neuron was observed ({np.count_nonzero(outside):,} of "
                f"{len(trains.recorded):,} neurons): rates leave them out"
            )
    return messages


def warn_of_restarts(trains: Sequence[NDArray[np.float64]], names: Sequence[str]) -> list[str]:
    """Return a warning if the spike times (ms) of a neuron go back.

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


def _tell_of_moves(
    times: NDArray[np.float64], spikes: Mapping[str, SpikeTrains], dt: float, stacklevel: int
) -> None:
    moved = int(np.count_nonzero(_off_grid(times, dt) > 0.0))
    if not moved:
        return
    furthest = np.abs(times - _moved(times, dt)).max()
    shared = sum(
        int(np.count_nonzero((np.diff(s.times) == 0.0) & (np.diff(s.ids) == 0)))
        for s in spikes.values()
    )
    collided = f"; {shared:,} of them now share a step with another of their neuron"
    warnings.warn(
        f"{moved:,} of {len(times):,} spikes are moved to steps of {dt:g} ms, by up to "
        f"{furthest:.3g} ms{collided if shared else ''}",
        UserWarning,
        stacklevel=stacklevel,
    )


def _duration(imported: ImportedSpikes, wanted: float | None, dt: float, last: float) -> float:
    if wanted is not None:
        wanted = check_number(wanted, "duration", "ms", dt, LONGEST)
        if last > wanted * (1.0 + 1e-12) + ON_GRID * dt:
            raise NeurosimError(
                f"duration = {wanted:g} ms ends before the last spike at {last:g} ms: give a "
                "longer one"
            )
        return wanted
    told = imported.duration or 0.0
    if told < last or told == 0.0:
        return max(1, math.ceil(last / dt - ON_GRID)) * dt
    steps = round(told / dt)
    return steps * dt if abs(told / dt - steps) <= ON_GRID else told


def _info(name: str, trains: SpikeTrains) -> PopulationInfo:
    """Describe a population of which only spikes are known."""
    size = int(trains.recorded.max(initial=0)) + 1
    nan = math.nan
    return PopulationInfo(name, size, nan, nan, nan, nan, nan, nan, sign=0)
