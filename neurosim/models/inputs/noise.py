"""Inputs of noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurosim.errors import NeurosimError
from neurosim.models.declare import parameter
from neurosim.models.inputs.base import Input
from neurosim.models.quantity import bounds_of

if TYPE_CHECKING:
    from neurosim.models.neuron import Neuron


@dataclass(frozen=True)
class MembraneNoise(Input):
    """White current noise, independent for every target.

    Parameters
    ----------
    sigma : float
        Stationary standard deviation (mV) of the membrane potential without threshold, an
        Ornstein–Uhlenbeck process with time constant τ_m.

    Examples
    --------
    Without threshold, the potential has the given standard deviation:

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 500, ns.LIF(v_threshold=0.0))
    >>> noise = net.drive(cells, ns.MembraneNoise(sigma=3.0))
    >>> recording = net.record(cells, "v", interval=100.0)
    >>> values = ns.simulate(net, 200.0).traces["cells", "v"].values
    >>> round(float(values[-1].std()), 1)
    3.0
    """

    is_noise = True
    sigma: float = parameter(
        unit="mV", low=0.0, high=1e3, help="standard deviation of the potential without threshold"
    )

    def check_neuron(self, neuron: Neuron, name: str) -> None:
        """Raise an error if the potential has no stationary distribution."""
        if not neuron.is_linear:
            raise NeurosimError(
                f"MembraneNoise supports LIF neurons, and {name!r} has {type(neuron).__name__}: "
                "use Poisson spikes or a CurrentWaveform of noise"
            )
        if bounds_of(neuron.tau_m)[1] == math.inf:
            raise NeurosimError(
                f"MembraneNoise needs a leak, which {name!r} does not have: its potential has no "
                "stationary sigma; use Poisson spikes or a CurrentWaveform of noise"
            )
