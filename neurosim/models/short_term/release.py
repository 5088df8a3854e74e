"""Stochastic release of transmitter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from neurosim.models.declare import parameter
from neurosim.models.registry import Part

MOST_SITES = 1000
"""Largest number of release sites of a synapse."""


@dataclass(frozen=True, eq=False)
class Release(Part):
    r"""Stochastic release of transmitter at each synapse.

    A synapse has `sites` release sites. At a presynaptic spike each of them releases with
    probability `p`, independently of other sites, synapses and spikes. A synapse at which k sites
    release transmits k/sites of its weight. With one site it transmits the whole weight with
    probability `p`, else nothing.

    With short-term plasticity the probability is `p` times the efficacy of the spike, so the mean
    is that of a deterministic synapse.

    Notes
    -----
    Resources of short-term plasticity are those of the mean over synapses: the number of sites
    that release at one spike has the exact (binomial) distribution, but a synapse that has just
    released is not less likely to release at the next spike than another one of the same neuron.

    References
    ----------
    B. Katz, *The Release of Neural Transmitter Substances* (1969).

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> exc, inh = net.add("exc", 80, ns.LIF()), net.add("inh", 20, ns.LIF())
    >>> unreliable = ns.Release(p=0.4, sites=5)
    >>> projection = net.connect(exc, inh, ns.AllToAll(), psp=0.5, release=unreliable)
    """

    noun: ClassVar[str] = "a model of stochastic release"
    p: float = parameter(0.5, "", 0.0, 1.0, "release probability")
    sites: int = parameter(1, "", 1, MOST_SITES, "number of release sites of a synapse")
