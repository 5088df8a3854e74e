"""Adaptive exponential integrate-and-fire neuron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.models.declare import one_of, parameter, state
from neurosim.models.neurons.eif import Exponential, spike_current

_NAMES = ("c_m", "g_l", "e_l", "a", "tau_w", "b", "v_reset")
_PATTERNS = {
    "tonic": (500.0, (200.0, 10.0, -70.0, 2.0, 30.0, 0.0, -58.0)),
    "adapting": (500.0, (200.0, 12.0, -70.0, 2.0, 300.0, 60.0, -58.0)),
    "initial burst": (400.0, (130.0, 18.0, -58.0, 4.0, 150.0, 120.0, -50.0)),
    "regular bursting": (210.0, (200.0, 10.0, -58.0, 2.0, 120.0, 100.0, -46.0)),
    "delayed accelerating": (300.0, (200.0, 12.0, -70.0, -10.0, 300.0, 0.0, -58.0)),
    "delayed regular bursting": (110.0, (100.0, 10.0, -65.0, -10.0, 90.0, 30.0, -47.0)),
    "transient": (180.0, (100.0, 10.0, -65.0, 10.0, 90.0, 100.0, -47.0)),
    "irregular": (160.0, (100.0, 12.0, -60.0, -11.0, 130.0, 30.0, -48.0)),
}
"""Current (pA) and parameters of each firing pattern."""


@dataclass(frozen=True, eq=False)
class AdEx(Exponential):
    """Adaptive exponential integrate-and-fire neuron.

    C dV/dt = −g_l (V − e_l) + g_l Δ_T exp((V − v_th)/Δ_T) − w + I and
    τ_w dw/dt = a (V − e_l) − w. A spike is sent when V reaches v_peak; V is then set to v_reset and
    held there for the refractory period, and w increases by b. With Δ_T = 0 the exponential is
    omitted, and the neuron spikes at v_th.

    Notes
    -----
    Steps of the integration become shorter where V rises steeply. Without a refractory period the
    neuron goes on from the reset within the time step, and may send several spikes in it.
    Parameters are those of NEST, where v_reset = −60 mV; in the paper it is −70.6 mV. With
    ``method="gsl"`` spike times are those of NEST's aeif models (`from_nest`).

    References
    ----------
    R. Brette & W. Gerstner, *Adaptive exponential integrate-and-fire model as an effective
    description of neuronal activity*, J. Neurophysiol. 94:3637 (2005).

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.AdEx(t_ref=2.0))
    >>> drive = net.drive(cell, ns.ConstantCurrent(800.0))
    >>> recording = net.record(cell, "w")
    >>> ns.simulate(net, 150.0).spikes["cell"].times.round(1)
    array([ 17.8,  37.2,  64.4, 106. ])
    """

    a: Any = parameter(4.0, "nS", -1e4, 1e4, "subthreshold adaptation")
    b: Any = parameter(80.5, "pA", -1e5, 1e5, "jump of w at a spike")
    tau_w: Any = parameter(144.0, "ms", 0.01, 1e5, "time constant of w")

    w: ClassVar = state("pA", 0.0, "adaptation current")

    PATTERNS: ClassVar[tuple[str, ...]] = tuple(_PATTERNS)
    """Names of the firing patterns of `pattern`."""

    @classmethod
    def pattern(cls, name: str) -> tuple[AdEx, float]:
        """Return a neuron with one of eight firing patterns, and the current that evokes it.

        Parameters
        ----------
        name : str
            One of `AdEx.PATTERNS`.

        Returns
        -------
        neuron : AdEx
        current : float
            Constant current (pA).

        Raises
        ------
        NeurosimError
            If the pattern is unknown.

        References
        ----------
        R. Naud, N. Marcille, C. Clopath & W. Gerstner, *Firing patterns in the adaptive exponential
        integrate-and-fire model*, Biol. Cybern. 99:335 (2008), table 1.

        Examples
        --------
        >>> import neurosim as ns
        >>> neuron, current = ns.AdEx.pattern("regular bursting")
        >>> neuron.v_reset, current
        (-46.0, 210.0)
        """
        name = one_of(*_PATTERNS)(name, "firing pattern")
        current, values = _PATTERNS[name]
        own: dict[str, Any] = dict(zip(_NAMES, values, strict=True))
        return cls(v_th=-50.0, delta_t=2.0, **own), current

    @staticmethod
    def derivatives(v, w, i, p):
        dv = (p.g_l * (p.e_l - v) + spike_current(v, p) - w + i) * (1.0 / p.c_m)
        return dv, (p.a * (v - p.e_l) - w) * (1.0 / p.tau_w)

    @staticmethod
    def spikes(v_before, v, w, p):
        return v >= (p.v_peak if p.delta_t > 0.0 else p.v_th)

    @staticmethod
    def reset(v, w, p):
        return p.v_reset, w + p.b
