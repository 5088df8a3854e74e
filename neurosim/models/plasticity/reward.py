"""Spike-timing dependent plasticity that is gated by reward."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from neurosim.models.declare import parameter, signal, state, trace
from neurosim.models.plasticity.base import Plasticity


@dataclass(frozen=True)
class RewardSTDP(Plasticity):
    """Spike-timing dependent plasticity that is gated by reward.

    Pairs of spikes change an eligibility trace c of the synapse by a_plus e^(−Δ/tau_plus) or
    −a_minus e^(−Δ/tau_minus). The relative weight x = weight/w_max follows reward:

        dc/dt = −c/tau_c
        dn/dt = −n/tau_n + Σ amount δ(t − t_reward)/tau_n
        dx/dt = c (n − baseline)

    The equations are solved exactly. x is clipped to 0 to 1.

    Notes
    -----
    Reward is given by ``chunk.signal(projection, amount)`` in `Simulation.stream`, or by the spikes
    of a population, see `Network.modulate`. As n is divided by tau_n, a reward of 1 changes the
    weight by about the eligibility at that time. NEST's stdp_dopamine_synapse has absolute weights
    instead of relative ones.

    References
    ----------
    E. M. Izhikevich, *Solving the distal reward problem through linkage of STDP and dopamine
    signaling*, Cereb. Cortex 17, 2443 (2007).

    Examples
    --------
    A reward 20 ms after a pair of spikes strengthens the synapse:

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> pre, post = net.add("pre", 1, ns.LIF()), net.add("post", 1, ns.LIF())
    >>> rule = ns.RewardSTDP(w_max=1.0, a_plus=0.1)
    >>> synapse = net.connect(pre, post, ns.OneToOne(), weight=0.5, plasticity=rule)
    >>> first = net.drive(pre, ns.SpikeTimes([50.0, 990.0]), psp=20.0)
    >>> second = net.drive(post, ns.SpikeTimes([60.0]), psp=20.0)
    >>> def reward(chunk):
    ...     if chunk.stop == 80.0:
    ...         chunk.signal(synapse, 1.0)
    >>> simulation = ns.Simulation(net)
    >>> result = simulation.stream(20.0, reward, duration=1000.0)
    >>> simulation.connections(synapse).weights.round(3)
    array([0.547])
    """

    w_max: float = parameter(low=-1e9, high=1e9, help="strongest weight, with its sign")
    a_plus: float = parameter(0.01, "", 0.0, 1e3, "eligibility by a postsynaptic spike")
    a_minus: float = parameter(0.015, "", 0.0, 1e3, "loss of eligibility by a presynaptic spike")
    tau_plus: float = parameter(20.0, "ms", 0.1, 1e4, "time constant of potentiation")
    tau_minus: float = parameter(20.0, "ms", 0.1, 1e4, "time constant of depression")
    tau_c: float = parameter(1000.0, "ms", 0.1, 1e6, "time constant of eligibility")
    tau_n: float = parameter(200.0, "ms", 0.1, 1e6, "time constant of reward")
    baseline: float = parameter(0.0, "1/ms", -1e3, 1e3, "reward without effect")
    before: ClassVar = trace("pre", "tau_plus")
    after: ClassVar = trace("post", "tau_minus")
    eligibility: ClassVar = state("", 0.0, "eligibility trace")
    reward: ClassVar = signal("tau_n", "reward")

    @staticmethod
    def on_pre(w, before, after, eligibility, reward, p):
        """Decrease the eligibility by the postsynaptic trace."""
        return w, eligibility - p.a_minus * after

    @staticmethod
    def on_post(w, before, after, eligibility, reward, p):
        """Increase the eligibility by the presynaptic trace."""
        return w, eligibility + p.a_plus * before

    @staticmethod
    def between(w, before, after, eligibility, reward, elapsed, p):
        """Integrate eligibility times reward."""
        rate = 1.0 / p.tau_c + 1.0 / p.tau_n
        gained = -reward / p.tau_n / rate * math.expm1(-rate * elapsed)
        lost = -p.baseline * p.tau_c * math.expm1(-elapsed / p.tau_c)
        return w + eligibility * (gained - lost), eligibility * math.exp(-elapsed / p.tau_c)
