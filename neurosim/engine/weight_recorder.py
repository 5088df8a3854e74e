"""Recording of weights over time."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from neurosim.builder.grid import whole_steps
from neurosim.engine.connections import WeightReader
from neurosim.engine.recorder import Rows
from neurosim.results.weights import WeightTrace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from neurosim.engine.advance import Engine

WeightKey = tuple[str, str] | tuple[str, str, int]


class _Recorded(NamedTuple):
    """A projection whose weights are recorded."""

    key: WeightKey
    interval: int
    reader: WeightReader
    unit: str
    rows: Rows


class WeightRecorder:
    """Records the weights of projections, between chunks of steps.

    Parameters
    ----------
    engine : Engine

    Attributes
    ----------
    sampled : list of (Rows, int)
        Samples of each projection, with their interval (steps).
    """

    def __init__(self, engine: Engine) -> None:
        self._dt, self._recorded, network = engine.plan.dt, list[_Recorded](), engine.network
        seen: Counter[tuple[str, str]] = Counter()
        for recording in network.weight_recordings:
            projection = recording.projection
            pair = (projection.source.name, projection.target.name)
            seen[pair] += 1
            key = pair if seen[pair] == 1 else (*pair, seen[pair])
            steps = 1
            if recording.interval is not None:
                steps = whole_steps(recording.interval, self._dt, f"interval of {recording}")
            reader = WeightReader(engine, network.projections.index(projection))
            rows = Rows(np.float64, len(reader.order))
            unit = projection.synapse.unit
            self._recorded.append(_Recorded(key, steps, reader, unit, rows))
        self.sampled = [(one.rows, one.interval) for one in self._recorded]

    def next_sample(self, step: int, end: int) -> int:
        """Return the first step after `step` at which a weight is sampled, at most `end`."""
        return min([end, *((step // n + 1) * n for _, n in self.sampled)])

    def append(self, engine: Engine) -> None:
        """Store the weights that are sampled at the current step."""
        for one in self._recorded:
            if engine.steps % one.interval == 0:
                one.rows.append(one.reader.read(engine)[None])

    def traces(self, first: int, last: int) -> dict[WeightKey, WeightTrace]:
        """Return the samples of steps `first` to `last` − 1 by source and target."""
        return {one.key: self._trace(one, first, last) for one in self._recorded}

    def _trace(self, one: _Recorded, first: int, last: int) -> WeightTrace:
        low, high = first // one.interval, last // one.interval
        times = np.arange(low + 1, high + 1) * one.interval * self._dt
        reader = one.reader
        return WeightTrace._unchecked(
            times, one.rows.rows[low:high], reader.sources, reader.targets, reader.delays, one.unit
        )

    def get_state(self) -> dict[str, NDArray]:
        """Return the samples as "weights 0", "weights 1" and so on."""
        return {f"weights {k}": one.rows.rows for k, one in enumerate(self._recorded)}

    def set_state(self, saved: Mapping[str, NDArray], n_steps: int) -> None:
        """Load what was recorded in the first `n_steps` steps.

        Raises
        ------
        ValueError
            If it does not fit the network and the number of steps.
        """
        for k, one in enumerate(self._recorded):
            shape = (n_steps // one.interval, len(one.reader.order))
            values = saved[f"weights {k}"]
            if values.shape != shape:
                raise ValueError(f"its weights of {one.key} do not have shape {shape}")
            one.rows.append(values)
