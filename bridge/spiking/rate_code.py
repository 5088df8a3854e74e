"""Conversion of ReLU networks to integrate-and-fire neurons with a rate code."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neurosim as ns
from bridge.networks import LayeredNetwork
from bridge.networks.layer import checked_inputs
from bridge.spiking.balanced import Balanced, balance
from bridge.spiking.spiking_network import Scores, SpikingNetwork, connect_copies
from bridge.utils.checks import (
    as_float,
    as_floats,
    positive,
    require_choice,
    require_reset_to_rest,
)
from bridge.utils.renamed import old_attributes
from neurosim import NeurosimError

# A neuron with little leak and no refractory period: its rate is proportional to its current.
INTEGRATOR = ns.LIF(tau_m=1000.0, t_ref=0.0)
# Default number of spikes for an activation of 1.
SPIKES = 40


@old_attributes(gap="threshold_distance")
@dataclass(frozen=True, eq=False)
class RateCodedNetwork(SpikingNetwork):
    """Integrate-and-fire form of a ReLU network.

    The firing rates are the activations.

    With d = v_threshold − v_reset, a neuron without leak fires at the rate I/(C·d) for I > 0 and
    not for I ≤ 0: a ReLU. The reset discards the input above threshold of the last step. Synaptic
    currents with a time constant of many steps make this loss small. The leak reduces the rate by
    1/(2 τ_m) to first order, which a constant current compensates. Potentials start half-way to the
    threshold, so that spike counts are rounded instead of truncated.

    Scores (mV) are the integrated input of the last layer: d times the spike count, plus the change
    of the potential, at the times at which potentials were recorded, or at the end if none were.

    Attributes
    ----------
    network : LayeredNetwork
    balanced : Balanced
    rate : float
        Firing rate for an activation of 1 in balanced units (Hz).
    inputs : {"current", "spikes"}
        Whether inputs are currents into the first layer, or neurons that fire at their rate.
    neuron : LIF
    tau_s : float
        Time constant of the synaptic currents (ms).

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import Layer, LayeredNetwork
    >>> from bridge.spiking import RateCodedNetwork
    >>> network = LayeredNetwork((Layer([[1, -1], [-1, 1]], [0, 0], "relu"),))
    >>> inputs = np.array([[0.9, 0.2], [0.3, 0.4]])
    >>> spiking = RateCodedNetwork.of(network, inputs, rate=100.0)
    >>> choice, _ = spiking.decisions(spiking.run(inputs))
    >>> choice
    array([0, 1])
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
        require_choice(self.inputs, "inputs", ("current", "spikes"))
        require_reset_to_rest(self.neuron, "a rate code")

    @classmethod
    def of(
        cls,
        network: LayeredNetwork,
        data: ArrayLike,
        *,
        percentile: float = 99.9,
        **options: object,
    ) -> RateCodedNetwork:
        """Convert a network, with weights normalised on data by `balance`."""
        return cls(network, balance(network, data, percentile=percentile), **options)  # type: ignore[arg-type]

    @property
    def threshold_distance(self) -> float:
        """Threshold − reset potential (mV)."""
        return self.neuron.v_threshold - self.neuron.v_reset

    @property
    def unit_current(self) -> float:
        """Current for which a neuron without leak fires at `rate` (pA)."""
        return self.neuron.c_m * self.threshold_distance * self.rate * 1e-3

    def add_to(
        self,
        net: ns.Network,
        inputs: ArrayLike,
        *,
        dt: float = 0.1,
        name: str = "",
        sample: float | None = None,
    ) -> list[ns.Population]:
        """Add one copy of the network for each trial; inputs are constant.

        Parameters
        ----------
        net : Network
        inputs : (n_trials, n_inputs) array_like
        dt : float
            Simulation step (ms).
        name : str
            Prefix of the names of the populations, "input", "layer 1", "layer 2" …
        sample : float, optional
            Interval (ms) at which the potentials of the last layer are recorded, which decide
            between equal spike counts; 0 for none. Default: 100 steps.

        Returns
        -------
        list of Population
            Inputs if they are spikes, then one for each layer.
        """
        positive(dt, "dt", "ms")
        if sample is not None:
            as_float(sample, "sample")
        spikes = self.inputs == "spikes"
        values = checked_inputs(inputs, self.network.n_inputs, signed=not spikes)
        signal = self.balanced.scaled(values)
        populations = [self._integrators(net, f"{name}input", signal)] if spikes else []
        # The charge of a synaptic current is weight · tau_s; on the grid it is a geometric sum.
        charge = dt / -math.expm1(-dt / self.tau_s)
        for number, layer in enumerate(self.balanced.layers, start=1):
            bias = np.tile(layer.bias, (len(signal), 1))
            constant = bias if populations else layer.score(signal)
            cells = self._integrators(net, f"{name}layer {number}", constant)
            if populations:
                weights = layer.weights * (self.neuron.c_m * self.threshold_distance / charge)
                synapse = ns.ExpCurrent(self.tau_s)
                connect_copies(net, populations[-1], cells, weights, synapse=synapse, delay=dt)
            populations.append(cells)
        if sample is None or sample > 0:
            net.record(populations[-1], "v", interval=100 * dt if sample is None else sample)
        return populations

    def duration(self, dt: float | None = None) -> float:
        """Return the time in which an activation of 1 causes 40 spikes (ms).

        Any other duration is possible; rounding errors of the rates are inversely proportional to
        it. The value is a multiple of 100 steps of `dt` (ms), at which potentials are recorded.
        """
        unit = 100.0 * (self.dt if dt is None else dt)
        return unit * math.ceil(SPIKES * 1e3 / self.rate / unit - 1e-9)

    def activity(
        self, result: ns.Result, inputs: ArrayLike, *, stop: float, name: str = ""
    ) -> list[NDArray[np.float64]]:
        """Return the activations represented by rates, of the inputs and of every layer.

        For the last layer it is the score, at least the offset of `balanced`. Recorded potentials
        add the input since the last spike.

        Parameters
        ----------
        result : Result
        inputs : (n_trials, n_inputs) array_like
        stop : float
            End of the interval in which spikes are counted (ms).
        name : str
            As for `add_to`.

        Returns
        -------
        list of (n_trials, n_units) ndarray
        """
        found = [as_floats(inputs, "inputs")]
        n_trials, scales = len(found[0]), self.balanced.scales
        quantum = 1e3 / (self.rate * stop)
        for number, scale in enumerate(scales):
            if number or self.inputs == "spikes":
                trains = result.spikes[f"{name}layer {number}" if number else f"{name}input"]
                counts = trains.counts(stop=stop).reshape(n_trials, -1)
                found[number:] = [counts * (quantum * scale)]
        if (f"{name}layer {len(scales) - 1}", "v") in result.traces:
            times, scores = self.scores(result, n_trials=n_trials, name=name)
            last = max(int(np.searchsorted(times, stop + 1e-6)) - 1, 0)
            spikes = np.maximum(scores[last] / self.threshold_distance, 0.0)
            found[-1] = spikes * (quantum * scales[-1])
        found[-1] += self.balanced.offset
        return found

    def _scores(self, result: ns.Result, n_trials: int, name: str) -> Scores:
        """Return the integrated input of the last layer (mV): spikes plus current potential."""
        last = self.population(len(self.balanced.layers) - 1, name)
        trains = result.spikes[last]
        if (last, "v") not in result.traces:
            counts = trains.counts().astype(float).reshape(1, n_trials, -1)
            return np.array([result.duration]), self.threshold_distance * counts
        trace = result.traces[last, "v"]
        scores = trace.values - self._start
        sample = np.searchsorted(trace.times, trains.times - 1e-6)
        recorded = sample < len(trace.times)
        fired = np.zeros_like(scores)
        np.add.at(fired, (sample[recorded], trains.ids[recorded]), 1.0)
        scores += self.threshold_distance * np.cumsum(fired, axis=0)
        return trace.times, scores.reshape(len(trace.times), n_trials, -1)

    @property
    def _start(self) -> float:
        """Initial potential (mV)."""
        return self.neuron.v_reset + 0.5 * self.threshold_distance

    def _integrators(
        self, net: ns.Network, name: str, activation: NDArray[np.float64]
    ) -> ns.Population:
        """Add neurons driven by constant activations, with compensation of the leak."""
        cells = net.add(name, activation.size, self.neuron, v_init=self._start, dale=False)
        leak = 0.5 * self.neuron.c_m * self.threshold_distance / self.neuron.tau_m
        net.drive(cells, ns.ConstantCurrent(leak + self.unit_current * activation.ravel()))
        return cells
