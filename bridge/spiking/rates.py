"""A ReLU network as neurons that integrate and fire: activations become firing rates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

import neurosim as ns
from bridge.neuron.noise import require_positive
from bridge.spiking.balance import Balanced, balance
from bridge.spiking.copies import checked_inputs, connect_copies, spike_counts
from bridge.spiking.twin import SpikingTwin
from bridge.utils.checks import as_float, as_floats, one_of
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bridge.networks import LayeredNetwork

INTEGRATOR = ns.LIF(tau_m=1000.0, t_ref=0.0)
"""A neuron that hardly leaks and rests for no time: its rate is proportional to its current."""
SPIKES = 40
"""Of an activation of 1, in the time that a run lasts by default."""


@dataclass(frozen=True, eq=False)
class RateTwin(SpikingTwin):
    """A network of ReLU units as integrate-and-fire neurons, activations as rates.

    A neuron that does not leak fires at the rate I/(C·gap), and not at all for I ≤ 0: a ReLU. What
    is lost at a spike, because the potential falls to v_reset and not by the gap, is what came in
    within the step beyond the threshold. Synaptic currents that last make this small: with a step
    of 0.1 ms and a time constant of 1 ms a spike's charge comes in over tens of steps. The leak
    takes 1/(2 τ_m) off the rate, to first order, which a constant current gives back. Potentials
    begin half-way to the threshold, so that counts are rounded and not cut.

    Attributes
    ----------
    network : LayeredNetwork
    balanced : Balanced
    rate : float
        Of an activation of 1 in balanced units (Hz).
    inputs : {"current", "spikes"}
        Whether inputs are currents into the first layer, or neurons that fire at their rate.
    neuron : LIF
    tau_s : float
        Time constant of the synaptic currents (ms).
    """

    network: LayeredNetwork
    balanced: Balanced
    rate: float = 200.0
    inputs: Literal["current", "spikes"] = "current"
    neuron: ns.LIF = INTEGRATOR
    tau_s: float = 1.0

    def __post_init__(self) -> None:
        if not 1.0 <= as_float(self.rate, "rate") <= 1000.0:
            raise NeurosimError(f"rate = {self.rate:g} Hz is outside 1 to 1000 Hz")
        if not one_of(self.inputs, ("current", "spikes")):
            raise NeurosimError(f'inputs = {self.inputs!r} is unknown: give "current" or "spikes"')
        if self.neuron.v_reset != self.neuron.v_rest or self.neuron.escape is not None:
            raise NeurosimError("a rate twin needs LIF neurons with v_reset = v_rest and no escape")

    @classmethod
    def of(
        cls,
        network: LayeredNetwork,
        data: ArrayLike,
        *,
        percentile: float = 99.9,
        **options: object,
    ) -> RateTwin:
        """Return the twin whose weights are balanced on data, as `balance` does it."""
        return cls(network, balance(network, data, percentile=percentile), **options)  # type: ignore[arg-type]

    @property
    def gap(self) -> float:
        """From reset to threshold (mV)."""
        return self.neuron.v_threshold - self.neuron.v_reset

    @property
    def unit_current(self) -> float:
        """Current that makes a neuron without leak fire at `rate` (pA)."""
        return self.neuron.c_m * self.gap * self.rate * 1e-3

    def add_to(
        self,
        net: ns.Network,
        inputs: ArrayLike,
        *,
        dt: float = 0.1,
        name: str = "",
        sample: float | None = None,
    ) -> list[ns.Population]:
        """Add one copy of the network for each trial; inputs last from the start on.

        Parameters
        ----------
        net : Network
        inputs : (n_trials, n_inputs) array_like
        dt : float
            Step (ms) with which the network is going to be simulated.
        name : str
            Put before "input", "layer 1", "layer 2" …, the names of the populations.
        sample : float, optional
            Interval (ms) at which to record the potentials of the last layer, which tell apart what
            spikes alone leave a tie; 0 for no potentials. Default: 100 steps.

        Returns
        -------
        list of Population
            One for each layer, after that of the inputs where these are spikes.
        """
        require_positive("dt", dt, "ms")
        if sample is not None:
            as_float(sample, "sample")
        layers, spikes = self.balanced.layers, self.inputs == "spikes"
        values = checked_inputs(inputs, layers[0].weights.shape[1], signed=not spikes)
        signal = self.balanced.scaled(values)
        populations = []
        if spikes:
            populations.append(self._integrators(net, f"{name}input", signal))
        for number, layer in enumerate(layers, start=1):
            known = (
                layer.score(signal) if not populations else np.tile(layer.bias, (len(signal), 1))
            )
            cells = self._integrators(net, f"{name}layer {number}", known)
            if populations:
                # A synaptic current's charge is weight · tau_s; on a grid, a geometric sum.
                charge = dt / -math.expm1(-dt / self.tau_s)
                weights = layer.weights * (self.neuron.c_m * self.gap / charge)
                synapse = ns.ExpCurrent(self.tau_s)
                connect_copies(net, populations[-1], cells, weights, synapse=synapse, delay=dt)
            populations.append(cells)
        if sample is None or sample > 0:
            net.record(populations[-1], "v", interval=100 * dt if sample is None else sample)
        return populations

    def duration(self, dt: float | None = None) -> float:
        """How long to simulate (ms): until an activation of 1 has made 40 spikes.

        Twice as long halves what rounding to whole spikes costs; any other time will do, too. It
        is a multiple of 100 steps of `dt` (ms), at which potentials are recorded.
        """
        unit = 100.0 * (self.dt if dt is None else dt)
        return unit * math.ceil(SPIKES * 1e3 / self.rate / unit - 1e-9)

    def activity(
        self, result: ns.Result, inputs: ArrayLike, *, stop: float, name: str = ""
    ) -> list[NDArray[np.float64]]:
        """Return what the rates up to a time stand for: of the inputs, then of every layer.

        The last layer's is its score, down to the balanced offset, for no rate is below 0; where
        its potentials are recorded, they tell what it has summed up since its last spike.

        Parameters
        ----------
        result : Result
        inputs : (n_trials, n_inputs) array_like
        stop : float
            ms.
        name : str
            As given to `add_to`.

        Returns
        -------
        list of (n_trials, n_units) ndarray
        """
        found = [as_floats(inputs, "inputs")]
        n_trials, scales = len(found[0]), self.balanced.scales
        quantum = 1e3 / (self.rate * stop)
        if self.inputs == "spikes":
            counts = spike_counts(result, f"{name}input", n_trials, stop)
            found[0] = counts * (quantum * scales[0])
        for number in range(1, len(scales)):
            counts = spike_counts(result, f"{name}layer {number}", n_trials, stop)
            found.append(counts * (quantum * scales[number]))
        if (f"{name}layer {len(scales) - 1}", "v") in result.traces:
            times, scores = self.scores(result, n_trials=n_trials, name=name)
            last = max(int(np.searchsorted(times, stop + 1e-6)) - 1, 0)
            found[-1] = np.maximum(scores[last] / self.gap, 0.0) * (quantum * scales[-1])
        found[-1] += self.balanced.offset
        return found

    def scores(
        self, result: ns.Result, *, n_trials: int | None = None, name: str = ""
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what the last layer has summed up: its spikes, and its potential on the way.

        Parameters
        ----------
        result : Result
        n_trials : int, optional
            Copies of the network; found from the size of the last layer if not given.
        name : str
            As given to `add_to`.

        Returns
        -------
        times : (n_times,) ndarray
            When potentials were recorded, or the end if none were (ms).
        scores : (n_times, n_trials, n_outputs) ndarray
            mV: gap times spikes, and the potential over the one at the start.
        """
        last = f"{name}layer {len(self.balanced.layers)}"
        n_trials, trains = self._trials(result, last, n_trials), result.spikes[last]
        if (last, "v") not in result.traces:
            counts = trains.counts().reshape(1, n_trials, -1)
            return np.array([result.duration]), float(self.gap) * counts.astype(float)
        trace = result.traces[last, "v"]
        scores = trace.values - self._start
        sample = np.searchsorted(trace.times, trains.times - 1e-6)
        seen = sample < len(trace.times)
        fired = np.zeros_like(scores)
        np.add.at(fired, (sample[seen], trains.ids[seen]), 1.0)
        scores += self.gap * np.cumsum(fired, axis=0)
        return trace.times, scores.reshape(len(trace.times), n_trials, -1)

    @property
    def _start(self) -> float:
        return self.neuron.v_reset + 0.5 * self.gap

    def _integrators(
        self, net: ns.Network, name: str, activation: NDArray[np.float64]
    ) -> ns.Population:
        """Add neurons with the currents of known activations, and what the leak takes."""
        cells = net.add(name, activation.size, self.neuron, v_init=self._start, dale=False)
        leak = 0.5 * self.neuron.c_m * self.gap / self.neuron.tau_m
        net.drive(cells, ns.ConstantCurrent(leak + self.unit_current * activation.ravel()))
        return cells
