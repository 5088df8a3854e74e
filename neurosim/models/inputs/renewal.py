"""Renewal processes: spike trains with independent interspike intervals."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import parameter
from neurosim.models.inputs.base import (
    EACH,
    RATE_TIMES,
    START,
    STOP,
    PiecewiseRate,
    TimedInput,
    number_or_array,
    per_target,
)
from neurosim.models.inputs.poisson import SHARED
from neurosim.utils.checks import Array

if TYPE_CHECKING:
    from numpy.typing import NDArray

HIGHEST_RATE = 1e5
"""Highest rate of a train (Hz) whose spikes are generated one by one."""


class RenewalProcess(PiecewiseRate, TimedInput, ABC, abstract=True):
    """Base class of renewal processes in equilibrium.

    The interspike intervals of a train are independent in operational time, the expected number of
    spikes since time 0. Time 0 is an arbitrary time of the process, not the time of a spike.
    """

    @abstractmethod
    def intervals(self, trains: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Return an interspike interval with mean 1 for each of some trains."""

    @abstractmethod
    def first(self, trains: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Return the time from time 0 to the first spike of trains with mean interval 1."""

    def memory(self, n_targets: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return the operational time of the first spike of each train."""
        return self.first(np.arange(1 if self.shared else n_targets), rng)

    def spikes(
        self,
        start: float,
        stop: float,
        n_targets: int,
        rng: np.random.Generator,
        upcoming: NDArray[np.float64],
    ) -> Any:
        """Return times and targets of spikes; `upcoming` holds the next spike of each train."""
        ends = np.broadcast_to(_expected(*self.changes(), stop), upcoming.shape)
        numbers, found = [np.empty(0)], [np.empty(0, np.int64)]
        trains = np.flatnonzero(upcoming < ends)
        while len(trains):
            numbers.append(upcoming[trains])
            found.append(trains)
            upcoming[trains] += self.intervals(trains, rng)
            trains = trains[upcoming[trains] < ends[trains]]
        targets = np.concatenate(found)
        times = _times(*self.changes(), np.concatenate(numbers), targets)
        times = np.clip(times, start, np.nextafter(stop, start))  # against rounding
        return times if self.shared else (times, targets)


def _expected(times: NDArray, rates: NDArray, stop: float) -> NDArray[np.float64]:
    """Return the expected number of spikes of each train up to a time (ms)."""
    lengths = np.clip(stop, times, np.append(times[1:], max(stop, times[-1]))) - times
    return 1e-3 * lengths @ rates


def _times(
    times: NDArray, rates: NDArray, numbers: NDArray, trains: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the times (ms) at which trains reach expected numbers of spikes."""
    grown = 1e-3 * np.diff(times)[:, None] * rates[:-1]
    reached = np.cumsum(np.vstack([np.zeros((1, rates.shape[1])), grown]), axis=0)
    trains = trains if rates.shape[1] > 1 else np.zeros_like(trains)
    k = (reached[:, trains] <= numbers).sum(axis=0) - 1
    return times[k] + 1e3 * (numbers - reached[k, trains]) / rates[k, trains]


def _of(values: Any, trains: NDArray[np.int64]) -> Any:
    """Return the values of some trains, of one value for all or one per train."""
    return values[trains] if np.size(values) > 1 else values


@dataclass(frozen=True, eq=False)
class GammaProcess(RenewalProcess):
    """Spike trains with gamma-distributed interspike intervals.

    The coefficient of variation of the intervals is the inverse square root of `shape`: a Poisson
    process for 1, more regular above, more bursty below. If the rate changes, intervals have this
    distribution in operational time, the expected number of spikes. The process starts in
    equilibrium.

    Parameters
    ----------
    rate : float or array_like
        Hz. Without `times` a number or (n_targets,). With `times` (n_times,) or
        (n_times, n_targets): rate[k] holds from times[k] to times[k + 1], and there are no spikes
        before times[0].
    shape : float or (n_targets,) array_like
        Shape of the gamma distribution, 0.01 to 10000.
    times : (n_times,) array_like, optional
        Increasing (ms).
    shared : bool
        Whether all targets receive the same spikes.
    start, stop : float
        Only spikes from `start` to before `stop` are sent (ms).

    References
    ----------
    D. R. Cox, *Renewal Theory*, Methuen (1962).

    Examples
    --------
    >>> import numpy as np
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 100, ns.LIF())
    >>> drive = net.drive(cells, ns.GammaProcess(20.0, shape=4.0), psp=1.0)
    >>> recording = net.record(drive, "spikes")
    >>> trains = ns.simulate(net, 2000.0).inputs[drive]
    >>> intervals = np.concatenate([np.diff(trains.of(k)) for k in range(100)])
    >>> round(float(intervals.std() / intervals.mean()), 1)
    0.5
    """

    rate: Array = parameter(unit="Hz", low=0.0, high=HIGHEST_RATE, help=EACH, check=number_or_array)
    shape: Array = parameter(
        unit="", low=0.01, high=1e4, help="shape of the distribution", check=per_target
    )
    times: Array | None = parameter(**RATE_TIMES)
    shared: bool = parameter(False, help=SHARED)
    start: float = parameter(**START)
    stop: float | None = parameter(**STOP)

    def intervals(self, trains: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Return an interspike interval with mean 1 for each of some trains."""
        shape = _of(self.shape, trains)
        return rng.gamma(shape, 1.0 / shape, len(trains))

    def first(self, trains: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Return a uniform fraction of the interval that contains time 0."""
        # Long intervals are more likely to contain it: their density is that of shape + 1.
        shape = _of(self.shape, trains)
        return rng.random(len(trains)) * rng.gamma(shape + 1.0, 1.0 / shape, len(trains))


@dataclass(frozen=True, eq=False)
class PoissonWithDeadTime(RenewalProcess):
    r"""Poisson spike trains with a dead time after each spike.

    Interspike intervals are the dead time d plus an exponentially distributed time, with the hazard
    :math:`r / (1 - r d)` that makes `rate` the mean rate r. Their coefficient of variation is
    :math:`1 - r d`. The process starts in equilibrium.

    References
    ----------
    M. Deger, M. Helias, C. Boucsein, S. Rotter, *Statistical properties of superimposed stationary
    spike trains*, Journal of Computational Neuroscience 32, 443 (2012).

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 10, ns.LIF())
    >>> drive = net.drive(cells, ns.PoissonWithDeadTime(100.0, dead_time=3.0), psp=1.0)
    """

    rate: Array = parameter(
        unit="Hz", low=0.0, high=HIGHEST_RATE, help="mean rate", check=per_target
    )
    dead_time: Array = parameter(
        unit="ms", low=0.0, high=1e5, help="shortest interval", check=per_target
    )
    shared: bool = parameter(False, help=SHARED)
    start: float = parameter(**START)
    stop: float | None = parameter(**STOP)

    def __post_init__(self) -> None:
        super().__post_init__()
        sizes = {np.size(self.rate), np.size(self.dead_time)} - {1}
        if len(sizes) > 1:
            raise NeurosimError(
                f"PoissonWithDeadTime has {np.size(self.rate)} rates and "
                f"{np.size(self.dead_time)} dead times: give one number per target, or one for all"
            )
        worst = float(np.max(self._dead))
        if worst >= 1.0:
            raise NeurosimError(
                "PoissonWithDeadTime.rate times its dead_time is "
                f"{worst:g}, but spikes cannot be closer than the dead time: lower the rate or the "
                "dead time, so that their product is below 1"
            )

    @property
    def _dead(self) -> Any:
        """Dead time in units of the mean interval."""
        return 1e-3 * np.multiply(self.rate, self.dead_time)

    def intervals(self, trains: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Return an interspike interval with mean 1 for each of some trains."""
        dead = _of(self._dead, trains)
        return dead + (1.0 - dead) * rng.exponential(size=len(trains))

    def first(self, trains: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Return the rest of the dead time that contains time 0, if any, and a waiting time."""
        dead = _of(self._dead, trains)
        rest = np.maximum(dead - rng.random(len(trains)), 0.0)
        return rest + (1.0 - dead) * rng.exponential(size=len(trains))
