"""Delays as columns of a synapse table."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurosim.builder.grid import to_steps
from neurosim.errors import NeurosimError
from neurosim.kernels.random_rows import ARRAY, CONSTANT, GUIDE_BITS, TABLE
from neurosim.models.column import is_per_edge
from neurosim.models.quantity import is_distribution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neurosim.models.distributions import Distribution
    from neurosim.network import Projection

MOST_DELAYS = 2_000_000
"""Maximum number of distinct delays of a distribution on the time grid."""
TAIL = 1e-10
"""Probability of the upper tail of a delay distribution that is cut off."""


def delay_span(delay: Distribution, dt: float) -> tuple[int, int]:
    """Return the minimum and maximum delay (steps) of a distribution without tail.

    Raises
    ------
    NeurosimError
        If almost all delays are below half a step.
    """
    law = delay.truncated(dt / 2.0, np.inf)
    low, high = law.quantiles()

    def is_last(step: int) -> bool:
        return (law.cdf((step + 0.5) * dt) - low) / (high - low) >= 1.0 - TAIL

    first = max(1, int(to_steps(max(law.low, dt / 2.0), dt)))
    above = first
    while not is_last(above):
        above *= 2
    return first, bisect_left(range(above + 1), True, lo=first, key=is_last)


def delay_law(delay: Distribution, dt: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return support (steps) and cumulative probabilities of delays on the grid.

    The distribution is truncated at dt/2, below which a delay would round to 0.
    """
    law = delay.truncated(dt / 2.0, np.inf)
    low, high = law.quantiles()
    first, last = delay_span(delay, dt)
    steps = np.arange(first, last + 1)
    cumulative = (law.cdfs(np.multiply(steps + 0.5, dt, dtype=np.float64)) - low) / (high - low)
    cumulative[-1] = 1.0
    return steps, cumulative


@dataclass(frozen=True, eq=False)
class Delays:
    """The delays of one projection.

    Attributes
    ----------
    kind : int
        `CONSTANT`, `ARRAY` or `TABLE`.
    steps : (n,) ndarray of int64
        Distinct delays; for delay matrices the delay of each synapse.
    cdf : (n,) ndarray of uint64
        Cumulative probabilities of a distribution, as fractions of 2⁶⁴.
    guide : (2**GUIDE_BITS,) or (0,) ndarray of int64
        First entry of the distribution to compare, by the leading bits of the random number.
    """

    kind: int
    steps: NDArray[np.int64]
    cdf: NDArray[np.uint64]
    guide: NDArray[np.int64]


def check_delays(projection: Projection, dt: float) -> None:
    """Check that the time grid resolves the delays, and that their number is limited.

    Delays in a file are not checked.

    Raises
    ------
    NeurosimError
    """
    delay = projection.delay
    if is_distribution(delay):
        try:
            first, last = delay_span(delay, dt)
        except NeurosimError:
            raise NeurosimError(
                f"The delays {delay} ms from {projection.source.name!r} to "
                f"{projection.target.name!r} round to 0 on the time grid, dt = {dt:g} ms: lengthen "
                "them or take a smaller dt"
            ) from None
        if last - first >= MOST_DELAYS:
            raise NeurosimError(
                f"Delays from {projection.source.name!r} to {projection.target.name!r} have "
                f"{last - first + 1:,} different values in steps of {dt:g} ms, more than "
                f"{MOST_DELAYS:,}: narrow their distribution, or take a larger dt"
            )
    elif not is_per_edge(delay):
        times = np.asarray(delay, float).ravel()
        if len(times) and times.min() < dt * (1.0 - 1e-9):
            raise NeurosimError(too_short(projection, float(times.min()), dt))


def delays_of(projection: Projection, dt: float) -> Delays:
    """Return the delays of a projection, none if they are in a file.

    Raises
    ------
    NeurosimError
        If a delay, or almost all of a delay distribution, is too short for the grid.
    """
    delay, no_guide = projection.delay, np.empty(0, np.int64)
    if is_per_edge(delay):
        return Delays(ARRAY, np.empty(0, np.int64), np.empty(0, np.uint64), no_guide)
    check_delays(projection, dt)
    if not is_distribution(delay):
        times = np.asarray(delay, float).ravel()
        steps = to_steps(times, dt)
        kind = CONSTANT if np.ndim(delay) == 0 else ARRAY
        return Delays(kind, steps, np.zeros(len(steps), np.uint64), no_guide)
    steps, cumulative = delay_law(delay, dt)
    cdf = np.floor(np.minimum(cumulative, 1.0 - 2.0**-53) * 2.0**53).astype(np.uint64)
    cdf <<= np.uint64(11)
    cdf[-1] = np.iinfo(np.uint64).max
    leading = np.arange(2**GUIDE_BITS, dtype=np.uint64) << np.uint64(64 - GUIDE_BITS)
    return Delays(TABLE, steps, cdf, np.searchsorted(cdf, leading, side="right"))


def too_short(projection: Projection, delay: float, dt: float) -> str:
    """Return a message about a delay (ms) that the time grid cannot resolve."""
    return (
        f"Delay {delay:g} ms from {projection.source.name!r} to {projection.target.name!r} is "
        f"below the time step dt = {dt:g} ms: lengthen the delay or take a smaller dt"
    )


class DelayTable:
    """The delays of all projections.

    Attributes
    ----------
    delays : (n_delays,) ndarray of int64
        Distinct delays in steps, ascending.
    kinds : list of int
    lengths, first : (n_projections,) ndarray of int64
        Number of delays of each projection, and index of the first in `columns` and `cdf`.
    columns : (n,) ndarray of int64
        Indices in `delays`, projection by projection.
    cdf : (n,) ndarray of uint64
    guides : (n_distributions, 2**GUIDE_BITS) ndarray of int64
    guide_rows : (n_projections,) ndarray of int64
        Row of `guides` of each projection.
    """

    def __init__(self, given: Sequence[Delays]) -> None:
        self.kinds = [delays.kind for delays in given]
        self.lengths = np.array([len(delays.steps) for delays in given], np.int64)
        self.first = np.cumsum(self.lengths) - self.lengths
        steps = np.concatenate([np.empty(0, np.int64), *(delays.steps for delays in given)])
        self.delays = np.unique(steps)
        self.columns = np.searchsorted(self.delays, steps)
        self.cdf = np.concatenate([np.empty(0, np.uint64), *(delays.cdf for delays in given)])
        has_guide = np.array([len(delays.guide) > 0 for delays in given], np.int64)
        self.guide_rows = np.cumsum(has_guide) - has_guide
        guides = np.concatenate([np.empty(0, np.int64), *(delays.guide for delays in given)])
        self.guides = guides.reshape(-1, 2**GUIDE_BITS)
