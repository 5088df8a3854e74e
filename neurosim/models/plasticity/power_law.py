"""Spike-timing dependent plasticity with a power law of the weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from neurosim.models.declare import parameter, trace
from neurosim.models.plasticity.base import Plasticity


@dataclass(frozen=True)
class PowerLawSTDP(Plasticity):
    """Spike-timing dependent plasticity with potentiation by a power of the weight.

    Let x = weight/w_0. A postsynaptic spike that follows a presynaptic one by Δ increases x by
    λ x^mu e^(−Δ/tau_plus). One that precedes it by Δ decreases x by α λ x e^(−Δ/tau_minus). All
    pairs of spikes count. x is at least 0 and has no upper bound.

    Notes
    -----
    A power of a weight needs a unit of weight, ``w_0``: the weight at which potentiation is the
    fraction λ of the weight. NEST's stdp_pl_synapse_hom has w_0 = 1 pA. Weights of 0 stay 0.
    Potentiation and depression balance at a weight that does not depend on the learning rate.

    References
    ----------
    A. Morrison, A. Aertsen & M. Diesmann, *Spike-timing-dependent plasticity in balanced random
    networks*, Neural Comput. 19, 1437 (2007).

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.PowerLawSTDP(w_0=1.0, learning_rate=0.01).mu
    0.4
    """

    w_0: float = parameter(low=-1e9, high=1e9, help="unit of weight, with the sign of the weights")
    learning_rate: float = parameter(0.1, "", 0.0, 1.0, "λ")
    asymmetry: float = parameter(1.0, "", 0.0, 1e3, "α, ratio of depression to potentiation")
    tau_plus: float = parameter(20.0, "ms", 0.1, 1e4, "time constant of potentiation")
    tau_minus: float = parameter(20.0, "ms", 0.1, 1e4, "time constant of depression")
    mu: float = parameter(0.4, "", 0.0, 1.0, "exponent of potentiation")
    before: ClassVar = trace("pre", "tau_plus")
    after: ClassVar = trace("post", "tau_minus")
    scale: ClassVar[str] = "w_0"
    bounded: ClassVar[bool] = False

    @staticmethod
    def on_pre(w, before, after, p):
        """Depress the weight in proportion to it."""
        return w - p.learning_rate * p.asymmetry * w * after

    @staticmethod
    def on_post(w, before, after, p):
        """Potentiate the weight by a power of it."""
        return w + p.learning_rate * w**p.mu * before
