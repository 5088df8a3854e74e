"""Recording of weights over time."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from neurosim.engine.connections import RecordedWeights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from neurosim.engine.advance import Engine
    from neurosim.results import WeightTrace

WeightKey = tuple[str, str] | tuple[str, str, int]


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
        self._recorded: dict[WeightKey, RecordedWeights] = {}
        seen: Counter[tuple[str, str]] = Counter()
        for recording in engine.network.weight_recordings:
            pair = (recording.projection.source.name, recording.projection.target.name)
            seen[pair] += 1
            key = pair if seen[pair] == 1 else (*pair, seen[pair])
            self._recorded[key] = RecordedWeights(engine, recording)
        self.sampled = [(one.rows, one.interval) for one in self._recorded.values()]

    def next_sample(self, step: int, end: int) -> int:
        """Return the first step after `step` at which a weight is sampled, at most `end`."""
        return min([end, *((step // n + 1) * n for _, n in self.sampled)])

    def append(self, engine: Engine) -> None:
        """Store the weights that are sampled at the current step."""
        for one in self._recorded.values():
            if engine.steps % one.interval == 0:
                one.append(engine)

    def traces(self, first: int, last: int) -> dict[WeightKey, WeightTrace]:
        """Return the samples of steps `first` to `last` − 1 by source and target."""
        return {key: one.trace(first, last) for key, one in self._recorded.items()}

    def get_state(self) -> dict[str, NDArray]:
        """Return the samples as "weights 0", "weights 1" and so on."""
        return {f"weights {k}": rows.rows for k, (rows, _) in enumerate(self.sampled)}

    def set_state(self, saved: Mapping[str, NDArray], n_steps: int) -> None:
        """Load what was recorded in the first `n_steps` steps.

        Raises
        ------
        ValueError
            If it does not fit the network and the number of steps.
        """
        for k, (key, one) in enumerate(self._recorded.items()):
            shape = (n_steps // one.interval, *one.rows.rows.shape[1:])
            values = saved[f"weights {k}"]
            if values.shape != shape:
                raise ValueError(f"its weights of {key} do not have shape {shape}")
            one.rows.append(values)
