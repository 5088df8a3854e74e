"""Spike-timing dependent plasticity of nearest neighbours: three ways to pair spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from neurosim.models.declare import parameter, state, trace
from neurosim.models.plasticity.stdp import STDP, depress, potentiate


@dataclass(frozen=True)
class NearestSTDP(STDP):
    """Spike-timing dependent plasticity of nearest neighbours, symmetric.

    Each postsynaptic spike is paired with the last presynaptic spike, and each presynaptic spike
    with the last postsynaptic spike (Morrison et al. 2008, figure 7A). The change of the weight by
    a pair is that of `STDP`.

    Notes
    -----
    Spikes that arrive at the synapse in the same step are not paired. With ``spike_at_start`` the
    rule equals NEST's stdp_nn_symm_synapse, in which postsynaptic spikes before the first
    presynaptic spike are paired with time 0.

    References
    ----------
    A. Morrison, M. Diesmann & W. Gerstner, *Phenomenological models of synaptic plasticity based
    on spike timing*, Biol. Cybern. 98, 459 (2008).

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.NearestSTDP(w_max=1.0, learning_rate=0.02).mu_plus
    0.0
    """

    spike_at_start: bool = parameter(
        False, help="whether the synapse starts as after a presynaptic spike at time 0"
    )
    before: ClassVar = trace("pre", "tau_plus", nearest=True, initial="spike_at_start")
    after: ClassVar = trace("post", "tau_minus", nearest=True)


@dataclass(frozen=True)
class PreCentredSTDP(STDP):
    """Spike-timing dependent plasticity of nearest neighbours, presynaptically centred.

    Each presynaptic spike is paired with the last postsynaptic spike and with the next one
    (Morrison et al. 2008, figure 7B). The change of the weight by a pair is that of `STDP`.

    Notes
    -----
    Spikes that arrive at the synapse in the same step are not paired. The rule equals NEST's
    stdp_nn_pre_centered_synapse.

    References
    ----------
    A. Morrison, M. Diesmann & W. Gerstner, *Phenomenological models of synaptic plasticity based
    on spike timing*, Biol. Cybern. 98, 459 (2008).

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.PreCentredSTDP(w_max=1.0, learning_rate=0.02).mu_plus
    0.0
    """

    before: ClassVar = trace("pre", "tau_plus", reset=True)
    after: ClassVar = trace("post", "tau_minus", nearest=True)


@dataclass(frozen=True)
class RestrictedSTDP(NearestSTDP):
    """Spike-timing dependent plasticity of nearest neighbours, restricted.

    Only immediate pairs count: a postsynaptic spike is paired with the last presynaptic spike, and
    a presynaptic spike with the last postsynaptic spike, if no other spike lies between the two
    (Morrison et al. 2008, figure 7C). The change of the weight by a pair is that of `STDP`.

    Notes
    -----
    With ``spike_at_start`` the rule equals NEST's stdp_nn_restr_synapse. As there, a presynaptic
    spike that arrives in the same step as a postsynaptic one is paired with the postsynaptic spike
    before.

    References
    ----------
    A. Morrison, M. Diesmann & W. Gerstner, *Phenomenological models of synaptic plasticity based
    on spike timing*, Biol. Cybern. 98, 459 (2008).

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.RestrictedSTDP(w_max=1.0, learning_rate=0.02).mu_plus
    0.0
    """

    paired: ClassVar = state("", 0.0, "1 after a postsynaptic spike, 0 after a presynaptic one")

    @staticmethod
    def on_pre(w, before, after, paired, p):
        """Depress the weight if the last spike was postsynaptic."""
        return depress(w, paired * after, p), 0.0

    @staticmethod
    def on_post(w, before, after, paired, p):
        """Potentiate the weight if the last spike was presynaptic."""
        return potentiate(w, (1.0 - paired) * before, p), 1.0
