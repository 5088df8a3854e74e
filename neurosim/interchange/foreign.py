"""Spikes as a file of others tells them, and a result made of them."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.network.checks import check_number, show
from neurosim.recording import PopulationInfo, Result, RunStats, SpikeTrains

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    """

    times: NDArray[np.float64]
    ids: NDArray[np.int64]
    recorded: NDArray[np.int64]
    names: tuple[str, ...] | None = None


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

    Raises
    ------
    NeurosimError
        For what no recording can hold.
    """

    trains: Mapping[str, Train]
    dt: float | None = None
    duration: float | None = None

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
        Where times are moved to the grid.
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
    # The product is the one by which the engine makes times of steps: the same bits.
    times = np.rint(train.times / dt) * dt if moved else train.times
    order = np.lexsort((train.ids, times))
    recorded = np.union1d(train.recorded, train.ids)
    return SpikeTrains(times[order], train.ids[order], recorded, _names(train, recorded))


def _names(train: Train, recorded: NDArray[np.int64]) -> tuple[str, ...] | None:
    """Return the names in the order of `recorded`; a neuron without one is called by its id."""
    if train.names is None:
        return None
    named = dict(zip(train.recorded.tolist(), train.names, strict=True))
    return tuple(named.get(neuron, str(neuron)) for neuron in recorded.tolist())


def _tell_of_moves(
    times: NDArray[np.float64], spikes: Mapping[str, SpikeTrains], dt: float, stacklevel: int
) -> None:
    moved = int(np.count_nonzero(_off_grid(times, dt) > 0.0))
    if not moved:
        return
    furthest = np.abs(times - np.rint(times / dt) * dt).max()
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
