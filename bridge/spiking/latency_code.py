"""Conversion of ReLU networks to neurons that fire once, earlier if more active."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neurosim as ns
from bridge.networks import LayeredNetwork
from bridge.networks.layer import checked_inputs
from bridge.spiking.balanced import Balanced, balance
from bridge.spiking.spiking_network import Scores, SpikingNetwork, connect_copies, first_spikes
from bridge.utils.binning import whole_number
from bridge.utils.checks import as_float, positive, require_neuron
from bridge.utils.renamed import old_attributes
from neurosim import NeurosimError

# A synaptic current that is constant to 0.2 % within 20 ms.
STEP_CURRENT = ns.ExpCurrent(10_000.0)
# A leaky neuron that fires once, because it is refractory for a second.
FIRES_ONCE = ns.LIF(t_ref=1000.0)


@old_attributes(gap="threshold_distance")
@dataclass(frozen=True, eq=False)
class LatencyCodedNetwork(SpikingNetwork):
    """Spiking form of a ReLU network with activations coded by spike times.

    Each neuron fires once, at a time given by its activation.

    Each layer has a time window of length W. A neuron with activation x fires at the time t before
    the end T of its window for which k(T − t) = x·k(W), where k(s) = 1 − exp(−s/τ_m); a silent
    neuron fires at T. A spike switches on a constant current, which changes the potential of the
    next layer by w·R·k(T − t) until T: the membrane computes W x + b. At T these currents are
    compensated, as all neurons have fired, and a current is switched on that takes a neuron from
    rest to threshold in time W. A neuron with potential V then crosses the threshold, at distance
    d, when k(T + W − t) = k(W)·V/d. This is a ReLU for any τ_m, exact except for the time grid.
    Before its window a neuron is hyperpolarised by `hold`, so that it does not fire. Scores are
    read from first spikes at the end of the last window; none is below the offset of `balanced`.

    After Stanojevic et al. 2024, Nat. Commun. 15:6793, who use neurons without leak.

    Attributes
    ----------
    network : LayeredNetwork
    balanced : Balanced
    window : float
        W (ms).
    neuron : LIF
        Its refractory period must exceed all windows together.
    hold : float
        Hyperpolarisation before the window (mV).

    Examples
    --------
    Inputs of 1 and 0.5 fire 20 and about 7.6 ms before the end of the first window:

    >>> import numpy as np
    >>> from bridge import Layer, LayeredNetwork
    >>> from bridge.spiking import LatencyCodedNetwork
    >>> network = LayeredNetwork((Layer([[1, -1], [-1, 1]], [0, 0], "relu"),))
    >>> inputs = np.array([[0.9, 0.2], [0.3, 0.4]])
    >>> spiking = LatencyCodedNetwork.of(network, inputs)
    >>> spiking.latencies(np.array([1.0, 0.5])).round(1)
    array([20. ,  7.6])
    >>> choice, _ = spiking.decisions(spiking.run(inputs))
    >>> choice
    array([0, 1])
    """

    network: LayeredNetwork
    balanced: Balanced
    window: float = 20.0
    neuron: ns.LIF = FIRES_ONCE
    hold: float = 15.0

    def __post_init__(self) -> None:
        require_neuron(self.neuron, "neuron")
        if not 1.0 <= as_float(self.window, "window") <= 10.0 * self.neuron.tau_m:
            raise NeurosimError(
                f"window = {self.window:g} ms is outside 1 ms to 10 membrane time constants, "
                f"{10.0 * self.neuron.tau_m:g} ms"
            )
        if self.neuron.t_ref < self.window * (1 + len(self.balanced.layers)):
            raise NeurosimError(
                f"t_ref = {self.neuron.t_ref:g} ms ends before the last window, so that neurons "
                "can fire twice: shorten the window or lengthen t_ref"
            )

    @classmethod
    def of(
        cls,
        network: LayeredNetwork,
        data: ArrayLike,
        *,
        percentile: float = 100.0,
        **options: object,
    ) -> LatencyCodedNetwork:
        """Convert a network, with weights normalised on data by `balance`."""
        found = balance(network, data, percentile=percentile, shift_scores=True)
        return cls(network, found, **options)  # type: ignore[arg-type]

    @property
    def threshold_distance(self) -> float:
        """Difference between threshold and resting potential (mV)."""
        return self.neuron.v_threshold - self.neuron.v_rest

    @property
    def reach(self) -> float:
        """k(W): fraction of its final potential that a step current reaches in a window."""
        return -math.expm1(-self.window / self.neuron.tau_m)

    def end(self, layer: int, dt: float) -> float:
        """Return the end of the window of a layer (ms); layer 0 are the inputs."""
        return (layer + 1) * (self.window + dt) - dt

    def latencies(self, activation: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the time from spike to end of window (ms) for activations from 0 to 1."""
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
            Not negative. Values above the largest one in the data for normalisation are clipped.
        dt : float
            Simulation step (ms).
        name : str
            Prefix of the names of the populations, "input", "layer 1", "layer 2" …

        Returns
        -------
        list of Population
            Inputs, then one for each layer.
        """
        positive(dt, "dt", "ms")
        whole_number(self.window, dt, ("window", "dt"))
        values = checked_inputs(inputs, self.network.n_inputs, signed=False)
        before = self.latencies(self.balanced.scaled(values)).ravel()
        times = np.maximum(self.end(0, dt) - dt * np.rint(before / dt), dt)
        first = net.add(f"{name}input", values.size, self.neuron, dale=False)
        distance, resistance = self.threshold_distance, self.neuron.resistance
        net.drive(first, ns.SpikeTimes(tuple(times[:, np.newaxis])), psp=2.0 * distance)
        populations = [first]
        for number, layer in enumerate(self.balanced.layers, start=1):
            cells = net.add(
                f"{name}layer {number}",
                len(values) * len(layer.bias),
                self.neuron,
                v_init=self.neuron.v_rest - self.hold,
                dale=False,
            )
            unit = distance / (resistance * self.reach)  # pA for an activation of 1
            opens, closes = self.end(number - 1, dt) + dt, self.end(number, dt)
            currents = np.zeros((3, len(layer.bias)))
            currents[:2] -= self.hold / resistance
            currents[1] += unit * layer.bias
            currents[2] = unit * (1.0 - layer.weights.sum(axis=1))
            begins = [0.0, opens - self.window, opens]
            net.drive(cells, ns.StepCurrent(begins, np.tile(currents, len(values))))
            net.drive(cells, ns.SpikeTimes([opens]), psp=self.hold)
            # Strong enough to make every neuron fire, however inhibited.
            force = 2.0 + float(np.abs(layer.weights).sum(axis=1).max())
            net.drive(cells, ns.SpikeTimes([closes]), psp=force * distance)
            weights = unit * layer.weights
            connect_copies(net, populations[-1], cells, weights, synapse=STEP_CURRENT, delay=dt)
            populations.append(cells)
        return populations

    def duration(self, dt: float | None = None) -> float:
        """Return the duration of the simulation (ms) with a step of `dt` (ms)."""
        dt = self.dt if dt is None else dt
        return self.end(len(self.balanced.layers), dt) + dt

    def activity(
        self, result: ns.Result, inputs: ArrayLike, *, name: str = ""
    ) -> list[NDArray[np.float64]]:
        """Return the activations of inputs and layers from their first spikes.

        For the last layer it is the score, at least the offset of `balanced`.

        Parameters
        ----------
        result : Result
        inputs : (n_trials, n_inputs) array_like
        name : str
            As for `add_to`.

        Returns
        -------
        list of (n_trials, n_units) ndarray
        """
        n_trials, found = len(np.asarray(inputs)), []
        for number, scale in enumerate(self.balanced.scales):
            key = f"{name}layer {number}" if number else f"{name}input"
            left = self.end(number, result.dt) - first_spikes(result, key, n_trials)
            found.append(self._activation(left, scale))
        found[-1] += self.balanced.offset
        return found

    def _scores(self, result: ns.Result, n_trials: int, name: str) -> Scores:
        """Return the end of the last window (ms), and the scores read from first spikes."""
        last = len(self.balanced.layers)
        end = self.end(last, result.dt)
        first = first_spikes(result, self.population(last - 1, name), n_trials)
        scores = self._activation(end - first, self.balanced.scales[-1]) + self.balanced.offset
        return np.array([end]), scores[np.newaxis]

    def decisions(
        self, result: ns.Result, *, n_trials: int | None = None, name: str = ""
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the first output to fire and its spike time (ms), shape (n_trials,) each.

        For a single output the decision is 1 if its score is above 0, else 0.
        """
        scores = self.scores(result, n_trials=n_trials, name=name)[1][0]
        last = self.population(len(self.balanced.layers) - 1, name)
        first = first_spikes(result, last, len(scores))
        if self.n_outputs == 1:
            return self._decide(scores), first[:, 0]
        return first.argmin(axis=1), first.min(axis=1)

    def _activation(self, left: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
        """Return the activations of spikes `left` (ms) before the end of the window."""
        return scale * -np.expm1(-np.maximum(left, 0.0) / self.neuron.tau_m) / self.reach
