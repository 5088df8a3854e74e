"""Spike-timing dependent plasticity of pairs of spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.models.declare import parameter, trace
from neurosim.models.plasticity.base import Plasticity


def _power(x: float, exponent: float) -> float:
    """Return a power, exactly where the exponent is 0 or 1."""
    if exponent == 0.0:
        return 1.0
    return x if exponent == 1.0 else x**exponent


def depress(w: float, after: float, p: Any) -> float:
    """Return a weight depressed by the postsynaptic trace."""
    return w - p.learning_rate * p.asymmetry * _power(w, p.mu_minus) * after


def potentiate(w: float, before: float, p: Any) -> float:
    """Return a weight potentiated by the presynaptic trace."""
    return w + p.learning_rate * _power(1.0 - w, p.mu_plus) * before


@dataclass(frozen=True)
class STDP(Plasticity):
    """Spike-timing dependent plasticity with all-to-all pairing of spikes.

    Let x = weight/w_max. A postsynaptic spike that follows a presynaptic one by Δ at the synapse
    increases x by λ (1 − x)^mu_plus e^(−Δ/tau_plus). One that precedes it by Δ decreases x by
    α λ x^mu_minus e^(−Δ/tau_minus). x is clipped to 0 to 1.

    With exponents of 0 changes do not depend on the weight (additive rule), with 1 they are
    proportional to the distance from the limit (multiplicative rule).

    Notes
    -----
    The delay is dendritic unless `Network.connect` splits it. Spikes that arrive at the synapse in
    the same step are not paired. The rule equals NEST's stdp_synapse with ``tau_minus`` of the
    postsynaptic neuron.

    References
    ----------
    R. Gütig, R. Aharonov, S. Rotter & H. Sompolinsky, *Learning input correlations through
    nonlinear temporally asymmetric Hebbian plasticity*, J. Neurosci. 23, 3697 (2003).

    Examples
    --------
    Pairing at +10 ms, ten times, strengthens the synapse:

    >>> import numpy as np
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> pre, post = net.add("pre", 1, ns.LIF()), net.add("post", 1, ns.LIF())
    >>> rule = ns.STDP(w_max=1.0, learning_rate=0.01)
    >>> synapse = net.connect(pre, post, ns.OneToOne(), weight=0.5, delay=1.0, plasticity=rule)
    >>> times = np.arange(100.0, 1100.0, 100.0)
    >>> first = net.drive(pre, ns.SpikeTimes(times), psp=20.0)
    >>> second = net.drive(post, ns.SpikeTimes(times + 10.0), psp=20.0)
    >>> simulation = ns.Simulation(net)
    >>> result = simulation.run(1200.0)
    >>> simulation.synapses(synapse).weights.round(3)
    array([0.551])
    """

    w_max: float = parameter(low=-1e9, high=1e9, help="strongest weight, with its sign")
    learning_rate: float = parameter(0.01, "", 0.0, 1.0, "λ")
    asymmetry: float = parameter(1.0, "", 0.0, 1e3, "α, ratio of depression to potentiation")
    tau_plus: float = parameter(20.0, "ms", 0.1, 1e4, "time constant of potentiation")
    tau_minus: float = parameter(20.0, "ms", 0.1, 1e4, "time constant of depression")
    mu_plus: float = parameter(0.0, "", 0.0, 1.0, "0: additive potentiation, 1: multiplicative")
    mu_minus: float = parameter(0.0, "", 0.0, 1.0, "0: additive depression, 1: multiplicative")
    before: ClassVar = trace("pre", "tau_plus")
    after: ClassVar = trace("post", "tau_minus")

    @staticmethod
    def on_pre(w, before, after, p):
        """Depress the weight by the postsynaptic trace."""
        return depress(w, after, p)

    @staticmethod
    def on_post(w, before, after, p):
        """Potentiate the weight by the presynaptic trace."""
        return potentiate(w, before, p)
