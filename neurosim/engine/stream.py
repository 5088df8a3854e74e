"""A chunk of a stream: what it brought, and what the next is to get."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.utils.frozen import FrozenMapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from neurosim.engine.live_inputs import LiveInputs
    from neurosim.engine.recorder import Recorder
    from neurosim.network import Drive
    from neurosim.results import SpikeTrains, Trace


class Chunk:
    """What one chunk of `Simulation.stream` brought; made by it and handed to `on_chunk`.

    Attributes
    ----------
    start, stop : float
        It contains what happened at start < t <= stop (ms).
    live_input : list of dict
        Arguments of all calls of `inject` and `send`, with the number of the live drive.
    """

    def __init__(
        self, recorder: Recorder, live: LiveInputs, first: int, last: int, dt: float
    ) -> None:
        self.start, self.stop = first * dt, last * dt
        self._recorder, self._live = recorder, live
        self._first, self._last = first, last
        self._over = self._final = False
        self.live_input: list[dict[str, Any]] = []

    def __repr__(self) -> str:
        return f"<Chunk: {self.start:g} to {self.stop:g} ms>"

    @cached_property
    def spikes(self) -> Mapping[str, SpikeTrains]:
        """Its spikes, by population."""
        return FrozenMapping(self._recorder.spikes(self._first, self._last))

    @cached_property
    def traces(self) -> Mapping[tuple[str, str], Trace]:
        """Its samples of what is recorded, by (population, variable)."""
        return FrozenMapping(self._recorder.traces(self._first, self._last))

    def inject(self, drive: Drive, amplitude: ArrayLike) -> None:
        """Set a live current, which holds from `stop` until it is set again.

        Parameters
        ----------
        drive : Drive
            What `Network.drive` returned for a `LiveCurrent`.
        amplitude : float or (n_targets,) array_like
            pA.

        Raises
        ------
        NeurosimError
        """
        self._require_open()
        self._live.inject(drive, amplitude)
        self.live_input.append(
            {"drive": self._live.number(drive), "amplitude": np.array(amplitude)}
        )

    def send(
        self, drive: Drive, ids: ArrayLike | None = None, times: ArrayLike | None = None
    ) -> None:
        """Send spikes through a live drive.

        Parameters
        ----------
        drive : Drive
            What `Network.drive` returned for `LiveSpikes`; it gives strength and delay.
        ids : (n,) array_like of int, optional
            Neurons that get a spike each, as indices within the population; one named twice gets
            two. Default: each that the drive reaches.
        times : float or (n,) array_like, optional
            Times of the spikes (ms). With the drive's delay they must lie beyond `stop`. Default:
            one step after it.

        Raises
        ------
        NeurosimError
        """
        self._require_open()
        self._live.send(drive, ids, times, self._last)
        given = {"ids": ids, "times": times}
        self.live_input.append(
            {"drive": self._live.number(drive)}
            | {name: None if value is None else np.array(value) for name, value in given.items()}
        )

    def finish(self) -> None:
        """Let this chunk be the stream's last."""
        self._require_open()
        self._final = True

    def close(self) -> bool:
        """Take no more input; return whether the stream is to go on. Called by the stream."""
        self._over = True
        return not self._final

    def _require_open(self) -> None:
        if self._over:
            raise NeurosimError(
                f"The chunk from {self.start:g} to {self.stop:g} ms is over: give live input to "
                "the chunk that on_chunk was called with last, before it returns"
            )
