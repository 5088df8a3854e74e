"""Plasticity of inhibitory synapses that balances excitation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from neurosim.models.declare import parameter, trace
from neurosim.models.plasticity.base import Plasticity


@dataclass(frozen=True)
class VogelsSprekeler(Plasticity):
    """Plasticity of inhibitory synapses that keeps the target's rate at a set value.

    The relative weight x = weight/w_max changes at each postsynaptic and presynaptic spike by

        Δx = η before   (post)
        Δx = η (after − 2 rate tau)   (pre)

    Both traces decay with tau. Near-coincident spikes of any order strengthen the synapse, and each
    presynaptic spike weakens it. x is clipped to 0 to 1.

    Notes
    -----
    ``w_max`` has the sign of the weights, so it is negative for inhibitory currents. In NEST's
    vogels_sprekeler_synapse η is absolute, alpha is 2 rate tau, and the postsynaptic trace decays
    with the tau_minus of the neuron, which must be set to tau.

    References
    ----------
    T. P. Vogels, H. Sprekeler, F. Zenke, C. Clopath & W. Gerstner, *Inhibitory plasticity balances
    excitation and inhibition in sensory pathways and memory networks*, Science 334, 1569 (2011).

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.VogelsSprekeler(w_max=-5.0, rate=5.0).tau
    20.0
    """

    w_max: float = parameter(low=-1e9, high=1e9, help="strongest weight, with its sign")
    learning_rate: float = parameter(1e-3, "", 0.0, 1.0, "η")
    rate: float = parameter(3.0, "Hz", 0.0, 1e3, "firing rate of the target")
    tau: float = parameter(20.0, "ms", 0.1, 1e4, "time constant of both traces")
    before: ClassVar = trace("pre", "tau")
    after: ClassVar = trace("post", "tau")

    @staticmethod
    def on_pre(w, before, after, p):
        """Strengthen by the postsynaptic trace and weaken by a constant."""
        return w + p.learning_rate * (after - 2e-3 * p.rate * p.tau)

    @staticmethod
    def on_post(w, before, after, p):
        """Strengthen by the presynaptic trace."""
        return w + p.learning_rate * before
