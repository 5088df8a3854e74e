"""Homeostatic scaling of synapses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from neurosim.models.declare import parameter, trace
from neurosim.models.plasticity.base import Plasticity


@dataclass(frozen=True)
class HomeostaticScaling(Plasticity):
    """Homeostatic scaling: all weights of a neuron follow its firing rate by one factor.

    With the firing rate r̄ of the target, averaged over tau_rate, and x = weight/w_max,

        dx/dt = x (1 − r̄/rate)/tau

    The equation is solved exactly. x is clipped to 0 to 1; weights of 0 stay 0.

    Notes
    -----
    Scaling is multiplicative, so ratios of the weights of a neuron are constant as long as no
    weight reaches w_max. If tau is not much longer than tau_rate, the rate oscillates. The average
    rate starts at 0, so weights grow at first.

    References
    ----------
    G. G. Turrigiano et al., *Activity-dependent scaling of quantal amplitude in neocortical
    neurons*, Nature 391, 892 (1998).

    M. C. W. van Rossum, G. Q. Bi & G. G. Turrigiano, *Stable Hebbian learning from spike
    timing-dependent plasticity*, J. Neurosci. 20, 8812 (2000).

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.HomeostaticScaling(w_max=10.0, rate=5.0).tau
    100000.0
    """

    w_max: float = parameter(low=-1e9, high=1e9, help="strongest weight, with its sign")
    rate: float = parameter(5.0, "Hz", 1e-3, 1e3, "firing rate that is kept")
    tau: float = parameter(1e5, "ms", 100.0, 1e9, "time constant of scaling")
    tau_rate: float = parameter(1e4, "ms", 1.0, 1e9, "time constant of the average rate")
    spikes: ClassVar = trace("post", "tau_rate", "r̄ tau_rate")

    @staticmethod
    def on_pre(w, spikes, p):
        """Leave the weight unchanged."""
        return w

    @staticmethod
    def on_post(w, spikes, p):
        """Leave the weight unchanged."""
        return w

    @staticmethod
    def between(w, spikes, elapsed, p):
        """Scale the weight by the average rate since the last spike."""
        counted = -spikes * math.expm1(-elapsed / p.tau_rate)
        return w * math.exp((elapsed - counted / (1e-3 * p.rate)) / p.tau)
