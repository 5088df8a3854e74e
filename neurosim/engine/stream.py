"""Chunks of a stream: recorded data, and live input for the next chunk."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.results.result import RecordedInputs
from neurosim.utils.frozen import FrozenMapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from neurosim.engine.advance import Engine
    from neurosim.network import Drive, Projection
    from neurosim.results import SpikeTrains, Trace, WeightTrace


class Chunk:
    """One chunk of `Simulation.stream`, passed to `on_chunk`.

    Attributes
    ----------
    start, stop : float
        The chunk covers start < t <= stop (ms).
    live_input : list of dict
        Arguments of all calls of `inject`, `send` and `signal`, with the index of the live drive or
        the projection.

    Examples
    --------
    Follow the firing rate of a running simulation:

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> drive = net.drive(cell, ns.ConstantCurrent(300.0))
    >>> def on_chunk(chunk):
    ...     print(chunk.start, chunk.stop, len(chunk.spikes["cell"]))
    >>> result = ns.Simulation(net).stream(20.0, on_chunk, duration=60.0)
    0.0 20.0 1
    20.0 40.0 0
    40.0 60.0 1
    """

    def __init__(self, engine: Engine, first: int, last: int) -> None:
        self.start, self.stop = first * engine.plan.dt, last * engine.plan.dt
        self._engine, self._first, self._last = engine, first, last
        self._closed = self._finish = False
        self.live_input: list[dict[str, Any]] = []

    def __repr__(self) -> str:
        return f"<Chunk: {self.start:g} to {self.stop:g} ms>"

    @cached_property
    def spikes(self) -> Mapping[str, SpikeTrains]:
        """Spikes in the chunk, by population."""
        return FrozenMapping(self._engine.recorder.spikes(self._first, self._last))

    @cached_property
    def traces(self) -> Mapping[tuple[str, str], Trace]:
        """Samples in the chunk, by (population, variable)."""
        return FrozenMapping(self._engine.recorder.traces(self._first, self._last))

    @cached_property
    def weights(self) -> Mapping[Any, WeightTrace]:
        """Recorded weights in the chunk, by (source, target); see `Result.weights`."""
        return FrozenMapping(self._engine.weights.traces(self._first, self._last))

    @cached_property
    def inputs(self) -> Mapping[str, SpikeTrains | Trace]:
        """Recorded inputs in the chunk, by drive or its name."""
        return RecordedInputs(self._engine.recorder.inputs(self._first, self._last))

    def inject(self, drive: Drive, amplitude: ArrayLike) -> None:
        """Set a live current from `stop` on, until it is set again.

        Parameters
        ----------
        drive : Drive
            Returned by `Network.drive` for a `LiveCurrent`.
        amplitude : float or (n_targets,) array_like
            pA.

        Raises
        ------
        NeurosimError
            If the drive is not a live current of this simulation, an amplitude is not finite or
            out of range, or the chunk is over.
        """
        self._check_open()
        self._engine.live.inject(drive, amplitude)
        number = self._engine.live.index(drive)
        self.live_input.append({"drive": number, "amplitude": np.array(amplitude)})

    def send(
        self, drive: Drive, ids: ArrayLike | None = None, times: ArrayLike | None = None
    ) -> None:
        """Send spikes through a live drive.

        Parameters
        ----------
        drive : Drive
            Returned by `Network.drive` for `LiveSpikes`; it has the weight and the delay.
        ids : (n,) array_like of int, optional
            Indices of the neurons that receive a spike each; a repeated index receives several.
            Default: all targets of the drive.
        times : float or (n,) array_like, optional
            Times of the spikes (ms). They must arrive after `stop`. Default: one step after it.

        Raises
        ------
        NeurosimError
            If the drive is not one of this simulation, it does not reach a neuron, a spike would
            arrive in the past, or the chunk is over.
        """
        self._check_open()
        self._engine.live.send(drive, ids, times, self._last)
        given = {"ids": ids, "times": times}
        self.live_input.append(
            {"drive": self._engine.live.index(drive)}
            | {name: None if value is None else np.array(value) for name, value in given.items()}
        )

    def signal(self, projection: Projection, amount: float) -> None:
        """Add to the signal of a plasticity rule at `stop`, such as reward.

        Parameters
        ----------
        projection : Projection
            With a rule that has a signal, such as `RewardSTDP`.
        amount : float
            May be negative.

        Raises
        ------
        NeurosimError
            If the projection has no signal, or the chunk is over.
        """
        self._check_open()
        number = self._engine.add_signal(projection, amount)
        self.live_input.append({"projection": number, "amount": float(amount)})

    def finish(self) -> None:
        """End the stream after this chunk."""
        self._check_open()
        self._finish = True

    def close(self) -> bool:
        """End live input to this chunk; return whether the stream continues."""
        self._closed = True
        return not self._finish

    def _check_open(self) -> None:
        if self._closed:
            raise NeurosimError(
                f"The chunk from {self.start:g} to {self.stop:g} ms is over: give live input to "
                "the latest chunk, before on_chunk returns"
            )
