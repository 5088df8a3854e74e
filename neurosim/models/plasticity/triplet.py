"""Plasticity by pairs and triplets of spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from neurosim.models.declare import parameter, trace
from neurosim.models.plasticity.base import Plasticity


@dataclass(frozen=True)
class TripletSTDP(Plasticity):
    """Plasticity by pairs and triplets of spikes, all to all.

    The relative weight x = weight/w_max changes at each postsynaptic and presynaptic spike by

        Δx = r1 (a2_plus + a3_plus o2)   (post)
        Δx = −o1 (a2_minus + a3_minus r2)   (pre)

    The presynaptic traces r1 and r2 decay with tau_plus and tau_x, the postsynaptic traces o1 and
    o2 with tau_minus and tau_y. All are taken just before the spike. x is clipped to 0 to 1.

    Notes
    -----
    The default values are those of the full all-to-all model, fitted to visual cortex. In NEST,
    tau_minus and tau_y belong to the neuron. Its default values, 20 and 110 ms, are not those of
    the fit, and its amplitudes are not relative to the largest weight.

    References
    ----------
    J.-P. Pfister & W. Gerstner, *Triplets of spikes in a model of spike timing-dependent
    plasticity*, J. Neurosci. 26, 9673 (2006).

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.TripletSTDP(w_max=1.0).tau_y
    125.0
    """

    w_max: float = parameter(low=-1e9, high=1e9, help="strongest weight, with its sign")
    a2_plus: float = parameter(5e-10, "", 0.0, 1.0, "potentiation by pairs")
    a2_minus: float = parameter(7e-3, "", 0.0, 1.0, "depression by pairs")
    a3_plus: float = parameter(6.2e-3, "", 0.0, 1.0, "potentiation by triplets")
    a3_minus: float = parameter(2.3e-4, "", 0.0, 1.0, "depression by triplets")
    tau_plus: float = parameter(16.8, "ms", 0.1, 1e4, "time constant of r1")
    tau_minus: float = parameter(33.7, "ms", 0.1, 1e4, "time constant of o1")
    tau_x: float = parameter(101.0, "ms", 0.1, 1e4, "time constant of r2")
    tau_y: float = parameter(125.0, "ms", 0.1, 1e4, "time constant of o2")
    r1: ClassVar = trace("pre", "tau_plus")
    r2: ClassVar = trace("pre", "tau_x")
    o1: ClassVar = trace("post", "tau_minus")
    o2: ClassVar = trace("post", "tau_y")

    @staticmethod
    def on_pre(w, r1, r2, o1, o2, p):
        """Depress the weight by pairs and triplets."""
        return w - o1 * (p.a2_minus + p.a3_minus * r2)

    @staticmethod
    def on_post(w, r1, r2, o1, o2, p):
        """Potentiate the weight by pairs and triplets."""
        return w + r1 * (p.a2_plus + p.a3_plus * o2)
