"""Short-term depression and facilitation of Tsodyks and Markram."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.models.declare import parameter, state
from neurosim.models.short_term.base import ShortTermPlasticity

HELP = {
    "u": "fraction of the available resources that the first spike uses",
    "tau_rec": "time constant of the recovery from depression",
    "tau_fac": "time constant of facilitation, 0: none",
}
LONGEST = 1e9
"""Interval (ms) after which nothing is left of earlier spikes."""


def _delayed(
    still_active: float, still_inactive: float, interval: float, tau_psc: float, tau_rec: float
) -> float:
    """Return how much less is recovered because resources are first active, then inactive."""
    if abs(tau_rec - tau_psc) > 1e-5 * tau_rec:
        return tau_psc * (still_inactive - still_active) / (tau_rec - tau_psc)
    tau, within = 0.5 * (tau_psc + tau_rec), min(interval, LONGEST)
    return tau_psc * within / tau**2 * math.exp(-within / tau)


@dataclass(frozen=True, eq=False)
class TsodyksMarkram(ShortTermPlasticity):
    r"""Depression and facilitation of synapses (Tsodyks, Pawelzik & Markram 1998).

    A spike uses a fraction :math:`u` of the available resources :math:`x`. Its efficacy is
    :math:`u x`. At a spike that follows the previous one by :math:`\Delta`,

    .. math::

        x &\leftarrow 1 + (x - u x - 1)\, e^{-\Delta/\tau_{rec}} \\
        u &\leftarrow U + u (1 - U)\, e^{-\Delta/\tau_{fac}}

    with the old :math:`u` in the first line, and :math:`x = 1`, :math:`u = U` at the first spike.

    Notes
    -----
    The weight, and the PSP given as `psp`, are those of a spike that uses all resources. The first
    spike transmits `u` times the weight. The equations are those of NEST's ``tsodyks2_synapse``.

    References
    ----------
    M. Tsodyks, K. Pawelzik & H. Markram, *Neural networks with dynamic synapses*, Neural Comput.
    10, 821 (1998).

    H. Markram, Y. Wang & M. Tsodyks, *Differential signaling via the same axon of neocortical
    pyramidal neurons*, PNAS 95, 5323 (1998).

    Examples
    --------
    The strength of ten spikes at 50 Hz, relative to the weight:

    >>> import numpy as np
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> pre, post = net.add("pre", 1, ns.LIF()), net.add("post", 1, ns.LIF())
    >>> times = np.arange(20.0, 101.0, 20.0)
    >>> drive = net.drive(pre, ns.SpikeTimes(times), psp=20.0)
    >>> model = ns.TsodyksMarkram(u=0.5, tau_rec=100.0)
    >>> projection = net.connect(pre, post, ns.OneToOne(), weight=1.0, short_term=model)
    >>> recording = net.record(post, "input_exc", interval=20.0)
    >>> ns.simulate(net, 120.0).traces["post", "input_exc"].values[1:, 0].round(3)
    array([0.5  , 0.295, 0.212, 0.177, 0.163])
    """

    u: Any = parameter(0.5, "", 0.0, 1.0, HELP["u"])
    tau_rec: Any = parameter(800.0, "ms", 0.01, 1e5, HELP["tau_rec"])
    tau_fac: Any = parameter(0.0, "ms", 0.0, 1e5, HELP["tau_fac"])
    available: ClassVar = state("", 1.0, "available resources x at the last spike")
    used: ClassVar = state("", 0.0, "fraction u of them that it used")

    @staticmethod
    def transmit(available, used, interval, p):
        """Recover with the old fraction, then facilitate."""
        available = 1.0 + (available - available * used - 1.0) * math.exp(-interval / p.tau_rec)
        kept = math.exp(-interval / p.tau_fac) if p.tau_fac > 0.0 else 0.0
        used = p.u + used * (1.0 - p.u) * kept
        return available * used, available, used


@dataclass(frozen=True, eq=False)
class TsodyksUzielMarkram(ShortTermPlasticity):
    r"""Depression and facilitation with inactivation (Tsodyks, Uziel & Markram 2000).

    Resources are recovered (:math:`x`), active (:math:`y`) or inactive (:math:`z = 1 - x - y`):

    .. math::

        \dot x = z/\tau_{rec}, \qquad \dot y = -y/\tau_{psc}, \qquad \dot u = -u/\tau_{fac}.

    At a spike :math:`u \leftarrow u + U (1 - u)`, then :math:`u x` of the resources change from
    recovered to active. This amount is the efficacy.

    Notes
    -----
    `tau_psc` is the decay time constant of the synapse: give both the same value. The equations are
    those of NEST's ``tsodyks_synapse`` and of PyNN's ``TsodyksMarkramSynapse``.

    References
    ----------
    M. Tsodyks, A. Uziel & H. Markram, *Synchrony generation in recurrent networks with
    frequency-dependent synapses*, J. Neurosci. 20, RC50 (2000).

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> exc, inh = net.add("exc", 80, ns.LIF()), net.add("inh", 20, ns.LIF())
    >>> facilitating = ns.TsodyksUzielMarkram(u=0.04, tau_rec=100.0, tau_fac=1000.0, tau_psc=3.0)
    >>> current = ns.ExpCurrent(tau=3.0)
    >>> rule = ns.FixedProbability(0.1)
    >>> projection = net.connect(exc, inh, rule, synapse=current, psp=1.0, short_term=facilitating)
    """

    u: Any = parameter(0.5, "", 0.0, 1.0, HELP["u"])
    tau_rec: Any = parameter(800.0, "ms", 0.01, 1e5, HELP["tau_rec"])
    tau_fac: Any = parameter(0.0, "ms", 0.0, 1e5, HELP["tau_fac"])
    tau_psc: Any = parameter(3.0, "ms", 0.01, 1e4, "decay time constant of the synapse")
    recovered: ClassVar = state("", 1.0, "recovered resources x after the last spike")
    active: ClassVar = state("", 0.0, "active resources y after the last spike")
    used: ClassVar = state("", 0.0, "fraction u that the last spike used")

    @staticmethod
    def transmit(recovered, active, used, interval, p):
        """Advance the resources to the spike, facilitate, then use a fraction."""
        inactive = 1.0 - recovered - active
        still_active = math.exp(-interval / p.tau_psc)
        still_inactive = math.exp(-interval / p.tau_rec)
        # Fraction of the active resources that became inactive, and then recovered.
        delayed = _delayed(still_active, still_inactive, interval, p.tau_psc, p.tau_rec)
        gained = 1.0 - still_inactive - delayed
        recovered += gained * active + (1.0 - still_inactive) * inactive
        active *= still_active
        used *= math.exp(-interval / p.tau_fac) if p.tau_fac > 0.0 else 0.0
        used += p.u * (1.0 - used)
        sent = used * recovered
        return sent, recovered - sent, active + sent, used
