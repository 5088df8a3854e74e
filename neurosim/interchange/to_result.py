"""Convert imported spikes to a result."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.imported_spikes import MAX_NAME, MAX_TIME
from neurosim.results import PopulationInfo, Result, RunStats, SpikeTrains
from neurosim.utils.checks import check_number
from neurosim.utils.intervals import locate, merged
from neurosim.utils.warn import warn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from neurosim.interchange.imported_spikes import ImportedSpikes, PopulationSpikes

TOLERANCE = 1e-6
"""Largest deviation from the grid (steps) that counts as rounding."""
MIN_STEP, MAX_STEP = 1e-6, 1e6
"""A step (ms) that a file specifies outside this range is ignored."""
START_MULTIPLE = 100.0
"""Recordings that begin before 0 are counted from a multiple of this (ms)."""
USUAL_STEPS = (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)
"""Candidate steps (ms) if none is known; the coarsest one that fits is chosen."""


def to_result(
    imported: ImportedSpikes,
    dt: float | None = None,
    duration: float | None = None,
    start: float | None = None,
) -> Result:
    """Convert imported spikes to a result, with times counted from its start.

    Parameters
    ----------
    imported : ImportedSpikes
    dt, duration, start : float, optional
        As for `load_spikes`.

    Raises
    ------
    NeurosimError
        If the step, duration or start is out of range.

    Warns
    -----
    UserWarning
        If times are moved to the grid, counted from a time before 0, or in an assumed unit, or if
        spikes lie outside the observed intervals of their neuron. Names the caller's caller.
    """
    begin, messages = _find_start(imported, start)
    populations = imported.populations
    times = np.concatenate([np.empty(0), *(part.times for part in populations.values())]) - begin
    step = imported.dt if dt is None else check_number(dt, "dt", "ms", 0.001, 10.0)
    if step is None or not MIN_STEP <= step <= MAX_STEP:
        step = next((s for s in USUAL_STEPS if not _off_grid(times, s).any()), USUAL_STEPS[-1])
        snap = False
    else:
        snap = dt is not None or not _off_grid(times, step).any()
    spikes = {
        name: _spike_trains(part, begin, step, snap=snap) for name, part in populations.items()
    }
    if dt is not None:
        messages += _warn_of_moves(times, spikes.values(), step)
    for message in (*imported.notes, *messages, *_warn_of_unobserved(spikes)):
        warn(message)
    end = 0.0 if imported.duration is None else imported.duration - begin
    last = max((float(trains.times[-1]) for trains in spikes.values() if len(trains)), default=0.0)
    return Result(
        dt=step,
        duration=_duration(end, duration, step, last),
        seed=0,
        populations={name: _info(name, trains) for name, trains in spikes.items()},
        spikes=spikes,
        stats=RunStats(
            sum(len(trains.recorded) for trains in spikes.values()), 0, 1, 0.0, 0.0, 0.0
        ),
        measured={"start_ms": np.array([begin])} if begin else {},
    )


def _find_start(imported: ImportedSpikes, start: float | None) -> tuple[float, list[str]]:
    """Return the time of the file (ms) at which the result begins, and warnings.

    By default it is 0, or a multiple of `START_MULTIPLE` before the first negative time.
    """
    populations = imported.populations.values()
    first = min((part.times.min() for part in populations if len(part.times)), default=0.0)
    if start is not None:
        start = check_number(start, "start", "ms", -MAX_TIME, MAX_TIME)
        if start > first:
            raise NeurosimError(
                f"start = {start:g} ms comes after the first spike at {first:g} ms: give an "
                "earlier time"
            )
        return start, []
    intervals = [
        observed for part in populations for observed in part.observed or () if len(observed)
    ]
    earliest = float(min([first, *(observed[0, 0] for observed in intervals)]))
    if earliest >= 0.0:
        return 0.0, []
    begin = (math.ceil(earliest / START_MULTIPLE) - 1) * START_MULTIPLE
    event = "the first spike is" if earliest == first else "the recording begins"
    return begin, [
        f"{event} at {earliest:g} ms: times are counted from {begin:g} ms, so that the event at 0 "
        f"is at {-begin:g} ms of the result; start chooses another time"
    ]


def _off_grid(times: NDArray[np.float64], dt: float) -> NDArray[np.bool_]:
    """Return which times are off the grid by more than rounding explains."""
    steps = times / dt
    # The conversion from seconds to ms and to steps rounds three times.
    tolerance = TOLERANCE + 4.0 * np.finfo(float).eps * steps
    return np.abs(steps - np.rint(steps)) > tolerance


def _snap(times: NDArray[np.float64], dt: float) -> NDArray[np.float64]:
    """Return the nearest times on the grid, bit-identical to those of a simulation."""
    return np.rint(times / dt) * dt


def _spike_trains(spikes: PopulationSpikes, begin: float, dt: float, *, snap: bool) -> SpikeTrains:
    """Return the spike trains of a population from `begin` (ms) on.

    With `snap`, times are moved to the grid.

    Spikes and the ends of intervals are rounded in the same way, so that a spike stays inside its
    interval. Neurons that fire but are not listed are added.
    """

    def convert(times: NDArray[np.float64]) -> NDArray[np.float64]:
        return _snap(times - begin, dt) if snap else times - begin

    spikes = spikes.completed()
    names = None if spikes.names is None else tuple(map(printable, spikes.names))
    observed = None if spikes.observed is None else tuple(map(convert, spikes.observed))
    return SpikeTrains(convert(spikes.times), spikes.ids, spikes.recorded, names, observed)


def printable(name: str) -> str:
    """Return a name in one line that a terminal can print.

    It is shortened to `MAX_NAME` characters.
    """
    return "".join(c if c.isprintable() else "?" for c in name[:MAX_NAME])


def _warn_of_moves(
    times: NDArray[np.float64], spikes: Iterable[SpikeTrains], dt: float
) -> list[str]:
    """Return a warning if moving spikes to the grid changed times beyond rounding."""
    n_moved = np.count_nonzero(_off_grid(times, dt))
    if not n_moved:
        return []
    furthest = np.abs(times - _snap(times, dt)).max()
    shared = sum(
        np.count_nonzero((np.diff(trains.times) == 0.0) & (np.diff(trains.ids) == 0))
        for trains in spikes
    )
    collided = f"; {shared:,} of them now share a step with another of their neuron"
    return [
        f"{n_moved:,} of {len(times):,} spikes are moved to steps of {dt:g} ms, by up to "
        f"{furthest:.3g} ms{collided if shared else ''}"
    ]


def _warn_of_unobserved(spikes: Mapping[str, SpikeTrains]) -> list[str]:
    """Return a warning for each population with spikes outside its observed intervals."""
    messages = []
    for name, trains in spikes.items():
        pairs = zip(trains.by_neuron(), trains.observed or (), strict=False)
        outside = [
            np.count_nonzero(locate(times, merged(observed)) < 0) for times, observed in pairs
        ]
        if any(outside):
            messages.append(
                f"{sum(outside):,} of {len(trains):,} spikes of {name} lie outside the intervals "
                f"in which their neuron was observed ({np.count_nonzero(outside):,} of "
                f"{len(trains.recorded):,} neurons): rates leave them out"
            )
    return messages


def _duration(recorded: float, wanted: float | None, dt: float, last: float) -> float:
    """Return the duration (ms).

    It is `wanted`, or that of the file, or the end of the last spike.
    """
    if wanted is not None:
        wanted = check_number(wanted, "duration", "ms", dt, MAX_TIME)
        if last > wanted * (1.0 + 1e-12) + TOLERANCE * dt:
            raise NeurosimError(
                f"duration = {wanted:g} ms ends before the last spike at {last:g} ms: give a "
                "longer one"
            )
        return wanted
    if recorded < last or recorded == 0.0:
        return max(1, math.ceil(last / dt - TOLERANCE)) * dt
    steps = round(recorded / dt)
    return steps * dt if abs(recorded / dt - steps) <= TOLERANCE else recorded


def _info(name: str, trains: SpikeTrains) -> PopulationInfo:
    """Describe a population of which only spikes are known."""
    size, nan = int(trains.recorded.max(initial=0)) + 1, math.nan
    return PopulationInfo(name, size, nan, nan, nan, nan, nan, nan, sign=0)
