"""Spikes read from a third-party file, and the result made of them."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.intervals import locate, merged
from neurosim.network.checks import check_number, show
from neurosim.recording import PopulationInfo, Result, RunStats, SpikeTrains

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

NO_NAME = "units"
"""What a population is called that has no name."""
MAX_POPULATIONS = 10_000
MAX_ID = 2**31 - 1
LONGEST = 1e12
"""The last time that an input may have (ms)."""
ON_GRID = 1e-6
"""By how much of a step a time on the grid may be off, for rounding."""
FINEST, COARSEST = 1e-6, 1e6
"""A file that names a step (ms) beyond these names none."""
USUAL_STEPS = (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)
"""Steps (ms) of which the coarsest that fits is taken where none is known."""


@dataclass(frozen=True, eq=False)
class Train:
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
class Foreign:
    """What a file of others tells.

    Attributes
    ----------
    trains : mapping of str to Train
        By population.
    dt : float or None
        Step of the time grid (ms), as the file has it.
    duration : float or None
        End of the recording (ms), where the file knows it.
    notes : tuple of str
        Sentences with which the user is warned of what was assumed.

    Raises
    ------
    NeurosimError
        For what no recording can hold.
    """

    trains: Mapping[str, Train]
    dt: float | None = None
    duration: float | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.trains) > MAX_POPULATIONS:
            raise NeurosimError(
                f"it has {len(self.trains):,} populations: give one of at most {MAX_POPULATIONS:,}"
            )
        for name, train in self.trains.items():
            if not (0 < len(name) <= 200 and name.isprintable()):
                raise NeurosimError(
                    f"{show(name)} names no population: give 1 to 200 printable characters"
                )
            _check_train(name, train)
        if self.duration is not None and not 0.0 <= self.duration <= LONGEST:
            raise NeurosimError(
                f"its duration is {self.duration:g} ms: it must be 0 to {LONGEST:g} ms"
            )


def _check_train(name: str, train: Train) -> None:
    if len(train.times) != len(train.ids):
        raise NeurosimError(f"{name} has {len(train.times)} times and {len(train.ids)} neurons")
    right = (train.times >= 0.0) & (train.times <= LONGEST)  # written so that NaN fails
    if not right.all():
        raise NeurosimError(
            f"{name} has a spike at {train.times[~right][0]:g} ms: times must be 0 to "
            f"{LONGEST:g} ms from the start of the recording"
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


def to_result(
    foreign: Foreign, dt: float | None = None, duration: float | None = None, stacklevel: int = 3
) -> Result:
    """Put spikes on a time grid and make a result of them.

    Parameters
    ----------
    foreign : Foreign
    dt, duration : float, optional
        As for `load_spikes`.
    stacklevel : int
        Frames up to the one that a warning is to name.

    Raises
    ------
    NeurosimError
        For a step or a duration that cannot be.

    Warns
    -----
    UserWarning
        Where times are moved to the grid, spikes lie outside the observed intervals, or the reader
        doubts the content.
    """
    times = np.concatenate([np.empty(0), *(train.times for train in foreign.trains.values())])
    step = foreign.dt if dt is None else check_number(dt, "dt", "ms", 0.001, 10.0)
    if step is None or not FINEST <= step <= COARSEST:
        step = next((s for s in USUAL_STEPS if _on_grid(times, s)), USUAL_STEPS[-1])
        moved = False
    else:
        moved = dt is not None or _on_grid(times, step)
    spikes = {name: _spike_trains(train, step, moved) for name, train in foreign.trains.items()}
    if dt is not None:
        _tell_of_moves(times, spikes, step, stacklevel + 1)
    for message in (*foreign.notes, *_unobserved_spikes(spikes)):
        warnings.warn(message, UserWarning, stacklevel=stacklevel)
    last = max((float(own.times[-1]) for own in spikes.values() if len(own)), default=0.0)
    return Result(
        dt=step,
        duration=_duration(foreign, duration, step, last),
        seed=0,
        populations={name: _info(name, trains) for name, trains in spikes.items()},
        spikes=spikes,
        stats=RunStats(sum(len(s.recorded) for s in spikes.values()), 0, 1, 0.0, 0.0, 0.0),
    )


def _on_grid(times: NDArray[np.float64], dt: float) -> bool:
    return bool(np.all(_off_grid(times, dt) <= 0.0))


def _off_grid(times: NDArray[np.float64], dt: float) -> NDArray[np.float64]:
    """Return by how many steps times are off the grid, beyond what rounding may do."""
    steps = times / dt
    # From seconds to ms and to steps a time is rounded thrice.
    return np.abs(steps - np.rint(steps)) - ON_GRID - 4.0 * np.finfo(float).eps * steps


def _spike_trains(train: Train, dt: float, moved: bool) -> SpikeTrains:
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


def _names(train: Train, recorded: NDArray[np.int64]) -> tuple[str, ...] | None:
    """Return the names in the order of `recorded`; a neuron without one is called by its id."""
    if train.names is None:
        return None
    named = dict(zip(train.recorded.tolist(), train.names, strict=True))
    return tuple(named.get(neuron, str(neuron)) for neuron in recorded.tolist())


def _observed(
    train: Train, recorded: NDArray[np.int64], dt: float, moved: bool
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


def _duration(foreign: Foreign, wanted: float | None, dt: float, last: float) -> float:
    if wanted is not None:
        wanted = check_number(wanted, "duration", "ms", dt, LONGEST)
        if last > wanted * (1.0 + 1e-12) + ON_GRID * dt:
            raise NeurosimError(
                f"duration = {wanted:g} ms ends before the last spike at {last:g} ms: give a "
                "longer one"
            )
        return wanted
    told = foreign.duration or 0.0
    if told < last or told == 0.0:
        return max(1, math.ceil(last / dt - ON_GRID)) * dt
    steps = round(told / dt)
    return steps * dt if abs(told / dt - steps) <= ON_GRID else told


def _info(name: str, trains: SpikeTrains) -> PopulationInfo:
    """Describe a population of which only spikes are known."""
    size = int(trains.recorded.max(initial=0)) + 1
    nan = math.nan
    return PopulationInfo(name, size, nan, nan, nan, nan, nan, nan, sign=0)
