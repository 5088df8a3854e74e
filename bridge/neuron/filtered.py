"""The spiking twin of a logistic neuron with filters: past input and past spikes, in millivolts.

A logistic neuron that is asked once a bin, and is given the signal of some bins and the spikes of
the bins before, is a spike response model with a soft threshold: a generalised linear model of the
spike train (W. Truccolo et al., J. Neurophysiol. 93:1074, 2005; J. W. Pillow et al., Nature
454:995, 2008). Its twin is a neuron of the engine whose step is the bin:

- its membrane forgets within a step, so that its potential is this bin's input and nothing else;
- the filtered signal is a current, held through the bin;
- a spike k bins ago is a delta synapse with a delay of k bins, onto the neuron itself or onto
  another: what refractoriness there is comes from these, so that `t_ref` is 0;
- the soft threshold makes σ(beta · (V − v_threshold)) the probability of a spike in the step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import neurosim as ns
from bridge.learning.features import lagged
from bridge.neuron.mapping import to_spiking
from bridge.neuron.unit import finite_vector
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bridge.neuron.mapping import LogisticUnit
    from bridge.neuron.unit import SpikingUnit

FORGETFUL = ns.LIF(tau_m=0.1, c_m=1.0, t_ref=0.0)
"""The neuron with the fastest membrane there is; of a potential it keeps e^(−width/tau_m)."""
KEPT = 1e-4
"""Largest share of a bin's potential that may be left over in the next."""


@dataclass(frozen=True, eq=False)
class FilteredTwin:
    """A spiking neuron with filters in millivolts; `of` makes the twin of a logistic neuron.

    Attributes
    ----------
    unit : SpikingUnit
        Its "synapses" are the filters' values, in the order of the three below.
    n_signal, n_history, n_coupling : int
        Length of the filters, in bins.
    width : float
        Of a bin (ms): the step with which it has to be simulated.

    Examples
    --------
    >>> import bridge
    >>> import neurosim as ns
    >>> fitted = bridge.LogisticUnit(-3.0, [2.0, 1.0, -6.0, -3.0])
    >>> twin = bridge.FilteredTwin.of(fitted, history=2)
    >>> twin.signal.tolist(), twin.history.tolist()
    ([10.0, 5.0], [-30.0, -15.0])
    >>> net = ns.Network()
    >>> cells = twin.add_to(net, "twin", [0.0, 1.0, 2.0, 1.0, 0.0, 0.0], size=1000)
    >>> spikes = ns.simulate(net, 6.0, dt=twin.width).spikes["twin"]
    """

    unit: SpikingUnit
    n_signal: int
    n_history: int
    n_coupling: int
    width: float

    @classmethod
    def of(
        cls,
        logistic: LogisticUnit | Any,
        *,
        history: int,
        coupling: int = 0,
        width: float = 1.0,
        beta: float | None = None,
        neuron: ns.LIF = FORGETFUL,
    ) -> FilteredTwin:
        """Return the spiking twin of a logistic neuron fitted to `lagged` and `spike_history`.

        Parameters
        ----------
        logistic : LogisticUnit or fitted estimator
            Its weights are those of the signal, the present bin first, then those of the neuron's
            own spikes and of another's, the last bin first.
        history, coupling : int
            Number of weights for own spikes and for another neuron's.
        width : float
            Of a bin (ms).
        beta : float, optional
            Slope (per mV); without it −θ₀/gap, as for `to_spiking`.
        neuron : LIF, optional
            Gives the potentials. Its membrane must be fast against a bin, it must be reset to rest
            and have no refractory period.

        Raises
        ------
        NeurosimError
            For filters longer than the weights, for another kind of neuron, and for θ₀ ≥ 0 without
            `beta`.
        """
        _require_forgetful(neuron, width)
        unit = to_spiking(logistic, neuron=neuron, noise="escape", beta=beta)
        n_signal = len(unit.psps) - history - coupling
        if min(history, coupling, n_signal) < 0:
            raise NeurosimError(
                f"history = {history} and coupling = {coupling} do not fit a logistic neuron of "
                f"{len(unit.psps)} weights: give how many of them belong to spikes"
            )
        return cls(unit, n_signal, history, coupling, float(width))

    @property
    def beta(self) -> float:
        """Slope (per mV): the logistic neuron's score over its potential."""
        return self.unit.noise.beta

    @property
    def signal(self) -> NDArray[np.float64]:
        """Filter of the signal (mV per unit of it), shape (n_signal,), the present bin first."""
        return self.unit.psps[: self.n_signal]

    @property
    def history(self) -> NDArray[np.float64]:
        """What an own spike adds to the potential 1, 2, … bins later (mV), shape (n_history,)."""
        return self.unit.psps[self.n_signal : self.n_signal + self.n_history]

    @property
    def coupling(self) -> NDArray[np.float64]:
        """What another's spike adds 1, 2, … bins later (mV), shape (n_coupling,)."""
        return self.unit.psps[self.n_signal + self.n_history :]

    def add_to(
        self, network: ns.Network, name: str, signal: ArrayLike, *, size: int = 1
    ) -> ns.Population:
        """Add a population of such neurons, which hear the signal and their own past spikes.

        The network has to be simulated with dt = `width`. A spike of bin k has the time
        (k + 1)·width, the end of its step. For another neuron's spikes see `connect_filter`.

        Parameters
        ----------
        network : Network
        name : str
        signal : (n_bins,) array_like
            One value a bin; before the first it was as it is there.
        size : int
            Neurons, each with spikes of its own.

        Returns
        -------
        Population
        """
        values = finite_vector("signal", signal)
        # A filter has both signs: these are no synapses for Dale's law.
        population = self.unit.add_to(network, name, size, dt=self.width, dale=False)
        if self.n_signal:
            heard = lagged(values, self.n_signal) @ self.signal
            current = heard / self.unit.neuron.resistance
            network.drive(population, ns.CurrentWaveform(current, self.width))
        connect_filter(network, population, population, self.history, width=self.width)
        return population


def connect_filter(
    network: ns.Network,
    source: ns.Population,
    target: ns.Population,
    psps: ArrayLike,
    *,
    width: float = 1.0,
) -> None:
    """Let each spike move the potential of one neuron of the target for some bins.

    Neuron i of the source is connected to neuron i of the target.

    Parameters
    ----------
    network : Network
    source, target : Population
        Of one size. A filter of both signs needs a source without Dale's law; the target is a
        population of `FilteredTwin.add_to`, whose membrane forgets within a bin.
    psps : (n,) array_like
        What is added to the potential 1, 2, … bins after a spike (mV).
    width : float
        Of a bin (ms).
    """
    for lag, psp in enumerate(finite_vector("psps", psps, "mV"), 1):
        if psp:
            network.connect(source, target, ns.OneToOne(), psp=psp, delay=lag * width)


def _require_forgetful(neuron: ns.LIF, width: float) -> None:
    """Refuse a neuron whose potential in a bin would depend on more than the bin's input."""
    least = -math.log(KEPT) * neuron.tau_m
    if not (math.isfinite(width) and width >= least):
        raise NeurosimError(
            f"width = {width:g} ms is too short for LIF.tau_m = {neuron.tau_m:g} ms: a bin must be "
            f"at least {least:.3g} ms long, or what is left of its potential disturbs the next"
        )
    if neuron.t_ref or neuron.v_reset != neuron.v_rest:
        raise NeurosimError(
            f"LIF.t_ref = {neuron.t_ref:g} ms and LIF.v_reset = {neuron.v_reset:g} mV: what a "
            f"spike leaves behind is in the filters, so give t_ref = 0 and v_reset = v_rest = "
            f"{neuron.v_rest:g} mV"
        )
