"""A ReLU network in first spikes: every neuron fires once, the earlier the stronger."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

import neurosim as ns
from bridge.neuron.noise import require_positive
from bridge.spiking.balance import Balanced, balance
from bridge.spiking.copies import checked_inputs, connect_copies, first_spikes
from bridge.spiking.twin import SpikingTwin
from bridge.utils.checks import as_float
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bridge.networks import LayeredNetwork

LASTING = ns.ExpCurrent(10_000.0)
"""A synaptic current that stays on: a step, to 0.2 % within 20 ms."""
ONCE = ns.LIF(t_ref=1000.0)
"""A leaky neuron that fires once, for it is refractory for a second."""


@dataclass(frozen=True, eq=False)
class LatencyTwin(SpikingTwin):
    """A network of ReLU units in which each neuron fires once, and its time is its activation.

    Time goes in windows of length W, one for each layer. Whoever is active with x fires at the
    time t before the end T of its window at which k(T − t) = x·k(W), where
    k(s) = 1 − exp(−s/τ_m); who is silent fires at T. A spike switches on a lasting current, whose
    potential in the next layer is w·R·k(T − t) at T: the leaky membrane itself forms W x + b. At T
    these currents are switched off again (all have fired, so their sum is known), and one that
    brings a neuron at rest to the threshold in just W is switched on. It finds a neuron at the
    potential V at the distance gap/k(W) − V of its goal, and so the threshold is crossed where
    k(T + W − t) = k(W)·V/gap: a ReLU, for any τ_m, without approximation but for the grid of time.
    Until its window opens a neuron is held down by `hold`, so that it cannot fire too soon.

    After Stanojevic et al. 2024, Nat. Commun. 15:6793, there with neurons that do not leak.

    Attributes
    ----------
    network : LayeredNetwork
    balanced : Balanced
    window : float
        W (ms).
    neuron : LIF
        Its refractory period must outlast all windows.
    hold : float
        How much a neuron is held down before its window (mV).
    """

    network: LayeredNetwork
    balanced: Balanced
    window: float = 20.0
    neuron: ns.LIF = ONCE
    hold: float = 15.0

    def __post_init__(self) -> None:
        if not 1.0 <= as_float(self.window, "window") <= 10.0 * self.neuron.tau_m:
            raise NeurosimError(
                f"window = {self.window:g} ms is outside 1 ms to 10 time constants of the membrane"
            )
        if self.neuron.t_ref < self.window * (1 + len(self.balanced.layers)):
            raise NeurosimError(
                f"t_ref = {self.neuron.t_ref:g} ms ends before the last window: a neuron must fire "
                "once; shorten the window or lengthen t_ref"
            )

    @classmethod
    def of(
        cls,
        network: LayeredNetwork,
        data: ArrayLike,
        *,
        percentile: float = 100.0,
        **options: object,
    ) -> LatencyTwin:
        """Return the twin whose weights are balanced on data, as `balance` does it."""
        found = balance(network, data, percentile=percentile, lift=True)
        return cls(network, found, **options)  # type: ignore[arg-type]

    @property
    def gap(self) -> float:
        """From rest to threshold (mV)."""
        return self.neuron.v_threshold - self.neuron.v_rest

    @property
    def reach(self) -> float:
        """k(W): how far a step of current brings the potential within a window, of 1."""
        return -math.expm1(-self.window / self.neuron.tau_m)

    def end(self, layer: int, dt: float) -> float:
        """When the last neuron of a layer fires (ms); layer 0 are the inputs."""
        return (layer + 1) * (self.window + dt) - dt

    def latencies(self, activation: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how long before the end of its window each fires (ms), of activations 0 … 1."""
        clipped = np.clip(activation, 0.0, 1.0)
        return -self.neuron.tau_m * np.log1p(-self.reach * clipped)

    def add_to(
        self, net: ns.Network, inputs: ArrayLike, *, dt: float = 0.1, name: str = ""
    ) -> list[ns.Population]:
        """Add one copy of the network for each trial.

        Parameters
        ----------
        net : Network
        inputs : (n_trials, n_inputs) array_like
            0 or more; what is above all data from which the scales came counts as the largest.
        dt : float
            Step (ms) with which the network is going to be simulated.
        name : str
            Put before "input", "layer 1", "layer 2" …, the names of the populations.

        Returns
        -------
        list of Population
            Of the inputs, then one for each layer.
        """
        require_positive("dt", dt, "ms")
        steps = self.window / dt
        if abs(steps - round(steps)) > 1e-6:
            raise NeurosimError(
                f"window = {self.window:g} ms is no whole number of steps of {dt:g} ms"
            )
        layers = self.balanced.layers
        values = checked_inputs(inputs, layers[0].weights.shape[1], signed=False)
        before = self.latencies(self.balanced.scaled(values)).ravel()
        times = self.end(0, dt) - dt * np.rint(before / dt)
        first = net.add(f"{name}input", values.size, self.neuron, dale=False)
        times = np.maximum(times, dt)
        net.drive(first, ns.SpikeTimes(tuple(times[:, np.newaxis])), psp=2.0 * self.gap)
        populations = [first]
        for number, layer in enumerate(layers, start=1):
            cells = net.add(
                f"{name}layer {number}",
                len(values) * len(layer.bias),
                self.neuron,
                v_init=self.neuron.v_rest - self.hold,
                dale=False,
            )
            unit = self.gap / (self.neuron.resistance * self.reach)  # pA for an activation of 1
            opens, closes = self.end(number - 1, dt) + dt, self.end(number, dt)
            currents = np.zeros((3, len(layer.bias)))
            currents[:2] -= self.hold / self.neuron.resistance
            currents[1] += unit * layer.bias
            currents[2] = unit * (1.0 - layer.weights.sum(axis=1))
            begins = [0.0, opens - self.window, opens]
            net.drive(cells, ns.StepCurrent(begins, np.tile(currents, len(values))))
            net.drive(cells, ns.SpikeTimes([opens]), psp=self.hold)
            net.drive(cells, ns.SpikeTimes([closes]), psp=_force(layer.weights) * self.gap)
            connect_copies(
                net, populations[-1], cells, unit * layer.weights, synapse=LASTING, delay=dt
            )
            populations.append(cells)
        return populations

    def duration(self, dt: float | None = None) -> float:
        """How long to simulate (ms), with a step of `dt` (ms)."""
        dt = self.dt if dt is None else dt
        return self.end(len(self.balanced.layers), dt) + dt

    def activity(
        self, result: ns.Result, inputs: ArrayLike, *, name: str = ""
    ) -> list[NDArray[np.float64]]:
        """Return what the first spikes stand for: of the inputs, then of every layer.

        The last layer's is its score, down to the balanced offset.

        Parameters
        ----------
        result : Result
        inputs : (n_trials, n_inputs) array_like
        name : str
            As given to `add_to`.

        Returns
        -------
        list of (n_trials, n_units) ndarray
        """
        n_trials, found = len(np.asarray(inputs)), []
        for number, scale in enumerate(self.balanced.scales):
            key = f"{name}layer {number}" if number else f"{name}input"
            left = self.end(number, result.dt) - first_spikes(result, key, n_trials)
            found.append(self._carried(left, scale))
        found[-1] += self.balanced.offset
        return found

    def scores(
        self, result: ns.Result, *, n_trials: int | None = None, name: str = ""
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return when the last window ends (ms), and the scores that its first spikes stand for.

        They are in units of the abstract scores, and never below the balanced offset. Shapes (1,)
        and (1, n_trials, n_outputs); parameters as of `SpikingTwin.scores`.
        """
        number = len(self.balanced.layers)
        key = f"{name}layer {number}"
        first = first_spikes(result, key, self._trials(result, key, n_trials))
        end = self.end(number, result.dt)
        scores = self._carried(end - first, self.balanced.scales[-1]) + self.balanced.offset
        return np.array([end]), scores[np.newaxis]

    def decisions(
        self, result: ns.Result, *, n_trials: int | None = None, name: str = ""
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return which output fires first, and when (ms); both of shape (n_trials,).

        Of a single output, 1 if it fires so early that its score is above 0, else 0.
        """
        key = f"{name}layer {len(self.balanced.layers)}"
        first = first_spikes(result, key, self._trials(result, key, n_trials))
        if self.n_outputs == 1:
            scores = self.scores(result, n_trials=n_trials, name=name)[1]
            return self._chosen(scores[0]), first[:, 0]
        return first.argmin(axis=1), first.min(axis=1)

    def _carried(self, left: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
        """What spikes stand for that come so long (ms) before the end of their window."""
        return scale * -np.expm1(-np.maximum(left, 0.0) / self.neuron.tau_m) / self.reach


def _force(weights: NDArray[np.float64]) -> float:
    """Return how many gaps surely lift any neuron over the threshold, however inhibited."""
    return 2.0 + float(np.abs(weights).sum(axis=1).max())
