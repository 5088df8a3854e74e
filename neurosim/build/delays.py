"""Delays as columns of a synapse table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.build.grid import to_steps
from neurosim.errors import NeurosimError
from neurosim.kernels.rows import ARRAY, CONSTANT, GUIDE_BITS, LAW
from neurosim.network import LogNormal, Normal, Uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.network import Projection

TAIL = 1e-10
"""Mass beyond which the upper tail of a distribution of delays is cut off."""


def delay_law(
    delay: Normal | LogNormal | Uniform, dt: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the support (steps) and the cumulative probabilities of delays rounded to the grid.

    A delay that would round to less than one step is drawn again, which is to say that the
    distribution is truncated at dt/2.
    """
    law = delay.truncated(dt / 2.0, np.inf)
    low, high = law.quantiles()
    first = max(1, round(max(law.low, dt / 2.0) / dt))
    last = first
    while law.cdf((last + 0.5) * dt) < high - TAIL * (high - low):
        last *= 2
    steps = np.arange(first, last + 1)
    cumulative = (np.array([law.cdf((s + 0.5) * dt) for s in steps]) - low) / (high - low)
    n = int(np.searchsorted(cumulative, 1.0 - TAIL)) + 1
    cumulative = cumulative[:n]
    cumulative[-1] = 1.0
    return steps[:n], cumulative


class DelayTable:
    """The delays of all projections: their distinct values, and how each synapse finds its own."""

    def __init__(self, projections: tuple[Projection, ...], dt: float) -> None:
        self._steps: list[NDArray[np.int64]] = []
        self._law: list[NDArray[np.uint64]] = []
        self._guide: list[NDArray[np.int64]] = []
        self.kinds: list[int] = []
        self.guides: list[int] = []
        for projection in projections:
            self._add(projection, dt)
        self.lengths = np.array([*map(len, self._steps)], np.int64)
        self.places = np.cumsum(self.lengths) - self.lengths
        steps = np.concatenate([np.empty(0, np.int64), *self._steps])
        self.delays = np.unique(steps)
        """Distinct delays in steps, ascending."""
        self.columns = np.searchsorted(self.delays, steps)
        self.law = np.concatenate([np.empty(0, np.uint64), *self._law])
        self.guide = np.array(self._guide, np.int64).reshape(-1, 2**GUIDE_BITS)

    def _add(self, projection: Projection, dt: float) -> None:
        delay = projection.delay
        guide = 0
        if isinstance(delay, (Normal, LogNormal, Uniform)):
            steps, cumulative = delay_law(delay, dt)
            law = np.floor(np.minimum(cumulative, 1.0 - 2.0**-53) * 2.0**53).astype(np.uint64)
            law <<= np.uint64(11)
            law[-1] = np.iinfo(np.uint64).max
            leading = np.arange(2**GUIDE_BITS, dtype=np.uint64) << np.uint64(64 - GUIDE_BITS)
            guide = len(self._guide)
            self._guide.append(np.searchsorted(law, leading, side="right"))
            self.kinds.append(LAW)
        else:
            times = np.asarray(delay, float).ravel()
            steps = to_steps(times, dt)
            if len(times) and times.min() < dt * (1.0 - 1e-9):
                raise NeurosimError(
                    f"Delay {times.min():g} ms from {projection.source.name!r} to "
                    f"{projection.target.name!r} is below the time step dt = {dt:g} ms: lengthen "
                    "the delay or take a smaller dt"
                )
            law = np.zeros(len(steps), np.uint64)
            self.kinds.append(CONSTANT if np.ndim(delay) == 0 else ARRAY)
        self._steps.append(steps)
        self._law.append(law)
        self.guides.append(guide)
