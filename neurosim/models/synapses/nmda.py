"""NMDA synapses with magnesium block."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, ClassVar

from neurosim.errors import NeurosimError
from neurosim.models.declare import parameter, state
from neurosim.models.short_term.base import ShortTermPlasticity
from neurosim.models.synapses.base import Synapse

if TYPE_CHECKING:
    from typing import Any

MOST_OPENING = 100.0
"""Largest product of alpha and tau_rise: a single spike then opens all channels."""


def _current(v: float, s: float, p: Any) -> Any:
    """Return the current through open channels that magnesium does not block (pA)."""
    return s * (p.e_rev - v) / (1.0 + p.mg * math.exp(-0.062 * v) / 3.57)


@dataclass(frozen=True, eq=False)
class NMDA(Synapse):
    r"""NMDA synapses with magnesium block, which saturate (Wang 2002).

    A presynaptic spike increases :math:`x` by 1. The gating variable :math:`s` follows it and
    saturates at 1:

    .. math::

        \dot x &= -x / \tau_{rise} \\
        \dot s &= -s / \tau_{decay} + \alpha\, x\, (1 - s) \\
        I &= w\, s\, \frac{E_{rev} - V}{1 + [\mathrm{Mg}^{2+}]\, e^{-0.062 V} / 3.57}

    The weight w is a conductance (nS).

    `Network.connect` chooses one of two forms, which `Projection.synapse` names afterwards:

    `ExactNMDA`
        The equations above, where all synapses of the projection have the same delay and weight,
        and every source is connected to every target (`AllToAll`). The variables are computed once
        per presynaptic neuron, and their sum once for all targets.
    `ApproximateNMDA`
        Elsewhere: s jumps at a spike, by the amount that the exact s would gain without decay, and
        decays exponentially. The error is limited to the rise, a few milliseconds. The jump
        depends on the earlier spikes of the presynaptic neuron and is computed once for all of its
        synapses.

    Notes
    -----
    The presynaptic neurons must be part of the network: connect a population instead of an input.
    Short-term plasticity of the exact form scales the jumps of x.
    Record the state "s" (nS), the sum over synapses of weight times gating variable.

    References
    ----------
    N. Brunel & X.-J. Wang, *Effects of neuromodulation in a cortical network model of object
    working memory dominated by recurrent inhibition*, J. Comput. Neurosci. 11, 63 (2001).

    X.-J. Wang, *Probabilistic decision making by slow reverberation in cortical circuits*, Neuron
    36, 955 (2002).

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> exc, inh = net.add("exc", 160, ns.LIF()), net.add("inh", 40, ns.LIF())
    >>> pool = net.connect(exc, inh, ns.AllToAll(), synapse=ns.NMDA(), weight=0.1)
    >>> sparse = net.connect(exc, exc, ns.FixedProbability(0.1), synapse=ns.NMDA(), weight=1.0)
    >>> type(pool.synapse).__name__, type(sparse.synapse).__name__
    ('ExactNMDA', 'ApproximateNMDA')
    """

    tau_rise: float = parameter(2.0, "ms", 0.01, 1e4, "rise time constant")
    tau_decay: float = parameter(100.0, "ms", 0.01, 1e5, "decay time constant")
    alpha: float = parameter(0.5, "1/ms", 0.001, 1e3, "rate of opening")
    mg: float = parameter(1.0, "mM", 0.0, 1e3, "magnesium concentration")
    e_rev: float = parameter(0.0, "mV", -200.0, 200.0, "reversal potential")
    between_neurons: ClassVar[bool] = True
    s: ClassVar = state("nS", 0.0, "open conductance without magnesium block")

    def __post_init__(self) -> None:
        super().__post_init__()
        kind = type(self).__name__
        if self.tau_rise >= self.tau_decay:
            raise NeurosimError(
                f"{kind}.tau_rise = {self.tau_rise:g} ms is not below tau_decay = "
                f"{self.tau_decay:g} ms: lower tau_rise"
            )
        if self.alpha * self.tau_rise > MOST_OPENING:
            raise NeurosimError(
                f"{kind}.alpha * tau_rise = {self.alpha * self.tau_rise:g} is above "
                f"{MOST_OPENING:g}: lower alpha"
            )

    @staticmethod
    def derivatives(s, p):
        """Decay exponentially."""
        return -s / p.tau_decay

    @staticmethod
    def current(v, s, p):
        """Current with magnesium block (pA)."""
        return _current(v, s, p)

    @property
    def transmission(self) -> ShortTermPlasticity | None:
        """Efficacy of a presynaptic spike: the jump of its gating variable."""
        return Saturation(self.tau_decay, *jump_of(self))

    def chosen(self, *, is_pool: bool) -> Synapse:
        """Return the form for a projection.

        Parameters
        ----------
        is_pool : bool
            Whether every source is connected to every target with one weight and delay.
        """
        if type(self) is not NMDA:
            return self
        given: Any = {field.name: getattr(self, field.name) for field in fields(self)}
        return ExactNMDA(**given) if is_pool else ApproximateNMDA(**given)


@dataclass(frozen=True, eq=False)
class ApproximateNMDA(NMDA):
    """NMDA synapses whose gating variable jumps at each spike; see `NMDA`.

    A spike of a neuron with gating variable s increases s, and with it the conductance of its
    targets, by k0 + k1 s, where k1 = exp(-alpha tau_rise) - 1, and k0 is the increase for s = 0.
    The equations are those of NEST's ``iaf_bw_2001``.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> exc, inh = net.add("exc", 80, ns.LIF()), net.add("inh", 20, ns.LIF())
    >>> synapse = ns.ApproximateNMDA(tau_decay=80.0)
    >>> projection = net.connect(exc, inh, ns.AllToAll(), synapse=synapse, weight=0.1)
    """


@dataclass(frozen=True, eq=False)
class ExactNMDA(NMDA):
    """NMDA synapses of a pool of neurons that project all-to-all; see `NMDA`.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> exc = net.add("exc", 160, ns.LIF())
    >>> pool = net.connect(exc, exc, ns.AllToAll(), synapse=ns.ExactNMDA(), weight=0.1, delay=0.5)
    """

    slope: ClassVar = state("nS/ms", 0.0, "derivative of s at the start of a time step")
    curvature: ClassVar = state("nS/ms²", 0.0, "its second derivative during the step")

    @staticmethod
    def derivatives(s, slope, curvature, p):
        """Follow the parabola through the exact values at start, middle and end of the step."""
        return slope, curvature, 0.0

    @staticmethod
    def current(v, s, slope, curvature, p):
        """Current with magnesium block (pA)."""
        return _current(v, s, p)

    @property
    def transmission(self) -> ShortTermPlasticity | None:
        """The gating variables are computed by the pool."""
        return None

    def chosen(self, *, is_pool: bool) -> Synapse:
        """Return this form, if it applies."""
        if not is_pool:
            raise NeurosimError(
                "ExactNMDA needs AllToAll with one weight and one delay, without plasticity and "
                "stochastic release: use NMDA, which takes an approximation elsewhere"
            )
        return self


# Not registered, because networks and scenario files never name it.
@dataclass(frozen=True, eq=False)
class Saturation(ShortTermPlasticity, abstract=True):
    """Jump of the gating variable of NMDA synapses at a presynaptic spike."""

    tau_decay: float = parameter(100.0, "ms")
    k0: float = parameter(1.0)
    k1: float = parameter(0.0)
    s: ClassVar = state("", 0.0, "gating variable after the last spike")

    @staticmethod
    def transmit(s, interval, p):
        """Decay since the last spike, then jump."""
        s *= math.exp(-interval / p.tau_decay)
        jump = p.k0 + p.k1 * s
        return jump, s + jump


def jump_of(synapse: NMDA) -> tuple[float, float]:
    """Return k0 and k1: a spike increases a gating variable s by k0 + k1 s."""
    x, ratio = synapse.alpha * synapse.tau_rise, synapse.tau_rise / synapse.tau_decay
    return x**ratio * _lower_gamma(1.0 - ratio, x), math.expm1(-x)


def _lower_gamma(a: float, x: float) -> float:
    """Return the lower incomplete gamma function for a > 0."""
    term = total = 1.0 / a
    k = 1
    while term > 1e-17 * total:
        term *= x / (a + k)
        total += term
        k += 1
    return total * x**a * math.exp(-x)
