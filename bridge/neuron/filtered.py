"""Spiking neuron with filters, equivalent to a logistic neuron.

The filters act on the stimulus, the spike history and coupled neurons.

A logistic neuron evaluated once per time bin, with recent stimulus values and spikes as inputs, is
a spike response model with a soft threshold, that is a generalised linear model of the spike train
(W. Truccolo et al., J. Neurophysiol. 93:1074, 2005; J. W. Pillow et al., Nature 454:995, 2008).
The equivalent spiking neuron is simulated with the bin as step:

- The membrane has no memory: the potential depends on the input of the current bin only.
- The filtered stimulus is a current, constant within a bin.
- A spike k bins ago acts through a delta synapse with a delay of k bins, onto the neuron itself or
  another one. These synapses include refractoriness, so `t_ref` is 0.
- The soft threshold gives a spike with probability σ(beta · (V − v_threshold)) in each step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neurosim as ns
from bridge.learning.features import lagged
from bridge.neuron.mapping import LogisticUnit, to_spiking
from bridge.neuron.unit import SpikingUnit
from bridge.utils.checks import as_floats, as_integer, finite_vector, positive, require_neuron
from neurosim import NeurosimError

# Bin width in membrane time constants: e⁻¹⁰⁰⁰ of the potential remains, which is 0.
TIME_CONSTANTS = 1e3
# Largest fraction of the potential that may remain in the next bin.
LARGEST_REMAINDER = 1e-4


@dataclass(frozen=True, eq=False)
class FilteredNeuron:
    """A spiking neuron with filters in mV; `of` converts a logistic neuron.

    Attributes
    ----------
    unit : SpikingUnit
        Its "synapses" are the filter values: signal, history, coupling.
    n_signal, n_history : int
        Lengths of the filters in bins.
    n_coupling : int or tuple of int
        Length of the coupling filter in bins, or lengths for several sources.
    width : float
        Bin width (ms), which must be the simulation step.

    Examples
    --------
    >>> import bridge
    >>> import neurosim as ns
    >>> fitted = bridge.LogisticUnit(-3.0, [2.0, 1.0, -6.0, -3.0])
    >>> neuron = bridge.FilteredNeuron.of(fitted, history=2)
    >>> neuron.signal.tolist(), neuron.history.tolist()
    ([10.0, 5.0], [-30.0, -15.0])
    >>> net = ns.Network()
    >>> cells = neuron.add_to(net, "cells", [0.0, 1.0, 2.0, 1.0, 0.0, 0.0], size=1000)
    >>> spikes = ns.simulate(net, 6.0, dt=neuron.width).spikes["cells"]
    """

    unit: SpikingUnit
    n_signal: int
    n_history: int
    n_coupling: int | tuple[int, ...]
    width: float

    @classmethod
    def of(
        cls,
        logistic: LogisticUnit | Any,
        *,
        history: int,
        coupling: int | Sequence[int] = 0,
        width: float = 1.0,
        beta: float | None = None,
        neuron: ns.LIF | None = None,
    ) -> FilteredNeuron:
        """Convert a logistic neuron fitted to `lagged` and `spike_history`.

        Parameters
        ----------
        logistic : LogisticUnit or fitted estimator
            Weights of the signal, starting with the current bin, then of the neuron's own spikes
            and of the spikes of other neurons, one after another, starting with the previous bin.
        history : int
            Number of weights of the neuron's own spikes.
        coupling : int or sequence of int
            Number of weights of another neuron's spikes, or of each of several other neurons.
        width : float
            Bin width (ms).
        beta : float, optional
            Slope (per mV); see `to_spiking` for the default.
        neuron : LIF, optional
            Potentials. The membrane must be fast compared to a bin, the reset potential must be
            the resting potential, and `t_ref` must be 0. Default: a membrane without memory.

        Raises
        ------
        NeurosimError
            If the filters are longer than the weights, if the neuron is unsuitable, or if θ₀ ≥ 0
            and `beta` is not given.
        """
        neuron = memoryless_neuron(width) if neuron is None else neuron
        _require_fast(neuron, width)
        unit = to_spiking(logistic, neuron=neuron, noise="escape", beta=beta)
        lengths = tuple(coupling) if isinstance(coupling, Sequence) else (coupling,)
        lengths = tuple(as_integer(length, "coupling") for length in lengths)
        n_signal = len(unit.psps) - as_integer(history, "history") - sum(lengths)
        if min(history, n_signal, *lengths) < 0:
            raise NeurosimError(
                f"history = {history} and coupling = {coupling} do not fit a logistic neuron of "
                f"{len(unit.psps)} weights: give the number of weights that belong to spikes"
            )
        n_coupling = lengths if isinstance(coupling, Sequence) else lengths[0]
        return cls(unit, n_signal, history, n_coupling, float(width))

    @property
    def beta(self) -> float:
        """Slope (per mV): score of the logistic neuron per mV."""
        return self.unit.noise.beta

    @property
    def signal(self) -> NDArray[np.float64]:
        """Filter of the signal (mV per unit), shape (n_signal,).

        It starts with the current bin.
        """
        return self.unit.psps[: self.n_signal]

    @property
    def history(self) -> NDArray[np.float64]:
        """Effect of the neuron's own spike after 1, 2, … bins (mV), shape (n_history,)."""
        return self.unit.psps[self.n_signal : self.n_signal + self.n_history]

    @property
    def coupling(self) -> NDArray[np.float64] | tuple[NDArray[np.float64], ...]:
        """Effect of another neuron's spike after 1, 2, … bins (mV), shape (n_coupling,).

        A tuple with the effect of each source, if `n_coupling` is a tuple.
        """
        psps = self.unit.psps[self.n_signal + self.n_history :]
        if isinstance(self.n_coupling, int):
            return psps
        return tuple(np.split(psps, np.cumsum(self.n_coupling)[:-1])) if self.n_coupling else ()

    def add_to(
        self, network: ns.Network, name: str, signal: ArrayLike, *, size: int = 1
    ) -> ns.Population:
        """Add a population of these neurons.

        It is driven by the signal and its past spikes.

        Simulate the network with dt = `width`. A spike in bin k has the time (k + 1)·width, the end
        of the step. For spikes of other neurons see `connect_filter`.

        Parameters
        ----------
        network : Network
        name : str
        signal : (n_bins,) array_like
            One value per bin. The first value also holds before the first bin.
        size : int
            Number of neurons, which spike independently.

        Returns
        -------
        Population
        """
        values = finite_vector(signal, "signal")
        # Filters can have both signs, so Dale's law does not apply.
        population = self.unit.add_to(network, name, size, dt=self.width, dale=False)
        if self.n_signal:
            filtered = lagged(values, self.n_signal) @ self.signal
            current = filtered / self.unit.neuron.resistance
            network.drive(population, ns.CurrentWaveform(current, self.width))
        connect_filter(network, population, population, self.history, width=self.width)
        return population


def memoryless_neuron(width: float, t_ref: float | ArrayLike = 0.0) -> ns.IntegrateAndFire:
    """Return a neuron whose potential depends on the input of the current step only.

    A current of 1 pA depolarises it by 1 mV.

    Parameters
    ----------
    width : float
        Bin width and simulation step (ms).
    t_ref : float or (n,) array_like
        Absolute refractory period (ms).
    """
    tau_m = positive(width, "width", "ms") / TIME_CONSTANTS
    return ns.IntegrateAndFire(tau_m=tau_m, c_m=tau_m, t_ref=t_ref)


def connect_filter(
    network: ns.Network,
    source: ns.Population,
    target: ns.Population,
    psps: ArrayLike,
    *,
    width: float = 1.0,
) -> None:
    """Connect two populations by filters, with one delta synapse for each lag.

    Parameters
    ----------
    network : Network
    source, target : Population
        The target must come from `FilteredNeuron.add_to`. A filter with both signs needs a source
        with `dale=False`.
    psps : (n,) or (n_sources, n_targets, n) array_like
        Effect on the potential 1, 2, … bins after a spike (mV). A single filter connects neuron i
        of the source to neuron i of the target.
    width : float
        Bin width (ms).

    Examples
    --------
    >>> import neurosim as ns
    >>> from bridge import FilteredNeuron, LogisticUnit, connect_filter
    >>> net = ns.Network()
    >>> source = net.add("source", 1, ns.LIF())
    >>> neuron = FilteredNeuron.of(LogisticUnit(-3.0, [2.0, 1.0]), history=0)
    >>> target = neuron.add_to(net, "target", [0.0, 1.0, 2.0, 1.0])
    >>> connect_filter(net, source, target, [3.0, 1.0])
    """
    filters = _as_filters(psps, source.size, target.size)
    if filters.ndim == 1:
        sources, lag = np.nonzero(np.broadcast_to(filters, (source.size, len(filters))))
        targets, strengths = sources, filters[lag]
    else:
        sources, targets, lag = np.nonzero(filters)
        strengths = filters[sources, targets, lag]
    if len(lag):
        delays = width * (lag + 1.0)
        network.connect(source, target, ns.Explicit(sources, targets), psp=strengths, delay=delays)


def _as_filters(psps: ArrayLike, n_sources: int, n_targets: int) -> NDArray[np.float64]:
    """Return checked filters in mV, shape (n,) or (n_sources, n_targets, n)."""
    if np.ndim(psps) != 3:
        if n_sources != n_targets:
            raise NeurosimError(
                f"one filter connects neurons pair by pair, but there are {n_sources} sources and "
                f"{n_targets} targets: give filters of shape (n_sources, n_targets, n)"
            )
        return finite_vector(psps, "psps", "mV")
    filters = as_floats(psps, "psps")
    if filters.shape[:2] != (n_sources, n_targets) or not np.isfinite(filters).all():
        raise NeurosimError(
            f"psps has shape {filters.shape}: it must hold finite numbers for {n_sources} sources "
            f"and {n_targets} targets"
        )
    return filters


def _require_fast(neuron: ns.LIF, width: float) -> None:
    """Raise an error if the potential would depend on input before the current bin."""
    require_neuron(neuron, "neuron")
    least = -math.log(LARGEST_REMAINDER) * neuron.tau_m
    if not (math.isfinite(width) and width >= least):
        raise NeurosimError(
            f"width = {width:g} ms is too short for LIF.tau_m = {neuron.tau_m:g} ms: a bin must be "
            f"at least {least:.3g} ms long, so that the potential decays within it"
        )
    if neuron.t_ref or neuron.v_reset != neuron.v_rest:
        raise NeurosimError(
            f"LIF.t_ref = {neuron.t_ref:g} ms and LIF.v_reset = {neuron.v_reset:g} mV: the filters "
            f"include all effects of a spike, so give t_ref = 0 and v_reset = v_rest = "
            f"{neuron.v_rest:g} mV"
        )
