"""Neurons of Izhikevich, in the forms of 2003 and 2007."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.models.declare import one_of, parameter, state
from neurosim.models.neuron_model import NeuronModel
from neurosim.models.quantity import check_quantity
from neurosim.utils.checks import is_scalar

_PATTERNS = {
    "regular spiking": (0.02, 0.2, -65.0, 8.0),
    "intrinsically bursting": (0.02, 0.2, -55.0, 4.0),
    "chattering": (0.02, 0.2, -50.0, 2.0),
    "fast spiking": (0.1, 0.2, -65.0, 2.0),
    "low-threshold spiking": (0.02, 0.25, -65.0, 2.0),
    "thalamo-cortical": (0.02, 0.25, -65.0, 0.05),
    "resonator": (0.1, 0.26, -65.0, 2.0),
}
"""Parameters a, b, c and d of each firing pattern."""


def _or_none(value: Any, *limits: Any) -> Any:
    """Return a quantity in range, or −infinity."""
    return value if is_scalar(value) and value == -math.inf else check_quantity(value, *limits)


@dataclass(frozen=True, eq=False)
class Izhikevich(NeuronModel):
    """Izhikevich's neuron of 2003, in whole time steps as in NEST.

    dV/dt = 0.04 V² + 5 V + 140 − u + I/c_m and du/dt = a (b V − u). At the end of a step in which V
    has reached v_peak, V is set to c and u increases by d. The capacitance is 1 pF, so a current of
    1 pA changes V by 1 mV per ms. There is no refractory period.

    Notes
    -----
    Results depend on the integration. With ``consistent_integration`` it is forward Euler, and the
    input of delta synapses is added to V. Otherwise it is the scheme of the paper, for steps of
    1 ms: two half steps of V, then a step of u. There a delta synapse acts as a current: for one
    time step, 1 mV of weight is 1 pA. `Izhikevich2007` is integrated accurately.

    References
    ----------
    E. M. Izhikevich, *Simple model of spiking neurons*, IEEE Trans. Neural Netw. 14:1569 (2003).

    R. Pauli, P. Weidel, S. Kunkel & A. Morrison, *Reproducing polychronization: a guide to
    maximizing the reproducibility of spiking network models*, Front. Neuroinform. 12:46 (2018).

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.Izhikevich.pattern("chattering"))
    >>> drive = net.drive(cell, ns.ConstantCurrent(10.0))
    >>> recording = net.record(cell, "u")
    >>> len(ns.simulate(net, 200.0, dt=0.1).spikes["cell"])
    22
    """

    a: Any = parameter(0.02, "", -1e3, 1e3, "rate of u (per ms)")
    b: Any = parameter(0.2, "", -1e3, 1e3, "dependence of u on V (per ms)")
    c: Any = parameter(-65.0, "mV", -200.0, 200.0, "potential after a spike")
    d: Any = parameter(8.0, "", -1e6, 1e6, "jump of u at a spike (mV per ms)")
    v_peak: Any = parameter(30.0, "mV", -200.0, 1e3, "potential at which a spike is sent")
    v_min: Any = parameter(
        -math.inf, "mV", -1e8, 200.0, "lower bound of V, −inf for none", check=_or_none
    )
    consistent_integration: bool = parameter(
        True, help="forward Euler instead of the scheme of the paper"
    )
    c_m: Any = parameter(1.0, "pF", 1e-3, 1e5, "membrane capacitance")

    v: ClassVar = state("mV", -65.0, "membrane potential")
    u: ClassVar = state("mV/ms", -13.0, "recovery variable")
    threshold: ClassVar[str] = "v_peak"
    ascending: ClassVar = (("c", "v_peak"),)

    PATTERNS: ClassVar[tuple[str, ...]] = tuple(_PATTERNS)
    """Names of the firing patterns of `pattern`."""

    @classmethod
    def pattern(cls, name: str) -> Izhikevich:
        """Return a neuron with one of the firing patterns of the paper (figure 2).

        Parameters
        ----------
        name : str
            One of `Izhikevich.PATTERNS`.

        Raises
        ------
        NeurosimError
            If the pattern is unknown.

        Examples
        --------
        >>> import neurosim as ns
        >>> ns.Izhikevich.pattern("fast spiking").a
        0.1
        """
        name = one_of(*_PATTERNS)(name, "firing pattern")
        return cls(*_PATTERNS[name])

    @staticmethod
    def step(v, u, i, jump, dt, p):
        current, new = i * (1.0 / p.c_m), v
        if p.consistent_integration:
            new += dt * (0.04 * v * v + 5.0 * v + 140.0 - u + current) + jump
            u += dt * p.a * (p.b * v - u)
        else:
            current += jump
            new += 0.5 * dt * (0.04 * new * new + 5.0 * new + 140.0 - u + current)
            new += 0.5 * dt * (0.04 * new * new + 5.0 * new + 140.0 - u + current)
            u += dt * p.a * (p.b * new - u)
        return max(new, p.v_min), u

    @staticmethod
    def spikes(v_before, v, u, p):
        return v >= p.v_peak

    @staticmethod
    def reset(v, u, p):
        return p.c, u + p.d


@dataclass(frozen=True, eq=False)
class Izhikevich2007(NeuronModel):
    """Izhikevich's neuron with a capacitance and dimensions.

    C dV/dt = k (V − v_rest)(V − v_critical) − u + I and du/dt = a (b (V − v_rest) − u). A spike is
    sent when V reaches v_peak; V is then set to v_reset, and u increases by d. The defaults are
    those of a regular spiking neuron of the neocortex.

    References
    ----------
    E. M. Izhikevich, *Dynamical Systems in Neuroscience*, MIT Press (2007), section 8.1.4 and
    figure 8.12.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.Izhikevich2007())
    >>> drive = net.drive(cell, ns.ConstantCurrent(70.0))
    >>> recording = net.record(cell, "u")
    >>> len(ns.simulate(net, 1000.0).spikes["cell"])
    7
    """

    c_m: Any = parameter(100.0, "pF", 1.0, 1e5, "membrane capacitance")
    k: Any = parameter(0.7, "", 0.0, 1e3, "curvature (nS per mV)")
    v_rest: Any = parameter(-60.0, "mV", -200.0, 200.0, "resting potential")
    v_critical: Any = parameter(-40.0, "mV", -200.0, 200.0, "potential above which V grows alone")
    a: Any = parameter(0.03, "", 0.0, 1e3, "rate of u (per ms)")
    b: Any = parameter(-2.0, "nS", -1e5, 1e5, "dependence of u on V")
    v_reset: Any = parameter(-50.0, "mV", -200.0, 200.0, "potential after a spike")
    d: Any = parameter(100.0, "pA", -1e6, 1e6, "jump of u at a spike")
    v_peak: Any = parameter(35.0, "mV", -200.0, 1e3, "potential at which a spike is sent")
    t_ref: Any = parameter(0.0, "ms", 0.0, 1e3, "absolute refractory period")

    v: ClassVar = state("mV", "v_rest", "membrane potential")
    u: ClassVar = state("pA", 0.0, "recovery current")
    v_max: ClassVar = "v_peak"
    threshold: ClassVar[str] = "v_peak"
    ascending: ClassVar = (("v_reset", "v_peak"),)
    method = "adaptive"

    @staticmethod
    def derivatives(v, u, i, p):
        dv = (p.k * (v - p.v_rest) * (v - p.v_critical) - u + i) * (1.0 / p.c_m)
        return dv, p.a * (p.b * (v - p.v_rest) - u)

    @staticmethod
    def spikes(v_before, v, u, p):
        return v >= p.v_peak

    @staticmethod
    def reset(v, u, p):
        return p.v_reset, u + p.d
