"""The neuron model of Hodgkin and Huxley."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.special import expit, exprel

from neurosim.errors import NeurosimError
from neurosim.models.declare import parameter, state
from neurosim.models.neuron_model import NeuronModel
from neurosim.models.quantity import is_distribution
from neurosim.utils.checks import check_array, check_number

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

SUBSTEPS = 8
"""Substeps per sample in which gates follow a recorded potential."""
FASTEST = -2000.0
"""Lowest potential (mV) at which rates of gates are computed; below, e^−V overflows."""


@dataclass(frozen=True, eq=False)
class HodgkinHuxley(NeuronModel):
    """Hodgkin-Huxley neuron, with sodium, potassium and leak channels.

    C dV/dt = −g_na m³h (V − e_na) − g_k n⁴ (V − e_k) − g_l (V − e_l) + I, where each gate
    x = m, h, n opens and closes at rates that depend on the potential:
    dx/dt = α(V)(1 − x) − β(V) x. There is neither a threshold nor a reset.

    A rise of V above 0 mV is an action potential. It is reported as one spike, at the end of the
    first step in which V falls (as in NEST) or is below 0 mV again. The next spike requires that V
    has been below 0 mV. At most one spike is reported per step: with dt above 5 ms, choose inputs
    that do not make the neuron fire twice within a step.

    Parameters
    ----------
    g_na, g_k, g_l : float
        Conductances (nS) of all sodium channels open, of all potassium channels open, and of the
        leak: 0 to 1,000,000, the leak above 0.
    e_na, e_k, e_l : float
        Reversal potentials (mV).
    c_m : float
        Membrane capacitance (pF), 1 to 100,000.
    t_ref : float
        Time after a spike (ms), 0 to 1000, without further reported spikes; the dynamics
        continue.

    Raises
    ------
    NeurosimError
        If a value is out of range or the neuron has no resting potential.

    Notes
    -----
    Integrated by the classical Runge–Kutta method in steps of at most 1/80 ms, with an error below
    1e-5 mV in an action potential. Where a gate or the membrane relaxes too fast for this method
    (below about −137 mV, above about 2000 mV, or with a capacitance below about 20 pF), it is
    replaced by an exponential method with adaptive steps, which is stable at any potential.

    References
    ----------
    A. L. Hodgkin & A. F. Huxley, *A quantitative description of membrane current and its
    application to conduction and excitation in nerve*, J. Physiol. 117, 500 (1952): rates
    from equations 12, 13, 20, 21, 23 and 24, with the modern sign of the potential and rest at
    −65 mV; conductances for a membrane area of 10⁻⁴ cm².

    Examples
    --------
    >>> import neurosim as ns
    >>> neuron = ns.HodgkinHuxley()
    >>> round(neuron.v_rest, 2)
    -65.0
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, neuron)
    >>> drive = net.drive(cell, ns.StepCurrent([5.0, 6.0], [1000.0, 0.0]))
    >>> recording = net.record(cell, "v")
    >>> result = ns.simulate(net, 20.0)
    >>> len(result.spikes["cell"])
    1
    >>> float(result.traces["cell", "v"].values.max().round())
    39.0
    """

    g_na: Any = parameter(12000.0, "nS", 0.0, 1e6, "conductance of all sodium channels open")
    g_k: Any = parameter(3600.0, "nS", 0.0, 1e6, "conductance of all potassium channels open")
    g_l: Any = parameter(30.0, "nS", 1e-3, 1e6, "leak conductance")
    e_na: Any = parameter(50.0, "mV", -200.0, 200.0, "reversal potential of sodium")
    e_k: Any = parameter(-77.0, "mV", -200.0, 200.0, "reversal potential of potassium")
    e_l: Any = parameter(-54.402, "mV", -200.0, 200.0, "reversal potential of the leak")
    c_m: Any = parameter(100.0, "pF", 1.0, 1e5, "membrane capacitance")
    t_ref: Any = parameter(2.0, "ms", 0.0, 1e3, "time after a spike without another one")

    v: ClassVar = state("mV", "v_rest", "membrane potential")
    m: ClassVar = state("", "steady_m", "activation of sodium channels")
    h: ClassVar = state("", "steady_h", "inactivation of sodium channels")
    n: ClassVar = state("", "steady_n", "activation of potassium channels")
    rise: ClassVar = state("", "risen", "phase of the action potential")
    """0: none; 1: above 0 mV, spike pending; 2: below 0 mV again; 3: above 0 mV again."""

    substep = 0.0125
    refractory: ClassVar[str] = "ignore"
    spike_check: ClassVar[str] = "step"
    psp_at_rest: ClassVar[bool] = False
    potentials: ClassVar = ("e_na", "e_k", "e_l")

    @staticmethod
    def derivatives(v, m, h, n, rise, i, p):
        sodium, potassium = p.g_na * m * m * m * h, p.g_k * n * n * n * n
        ionic = sodium * (v - p.e_na) + potassium * (v - p.e_k) + p.g_l * (v - p.e_l)
        u = max(v, FASTEST)
        a = linear_rate(0.1 * (u + 40.0))
        dm = a - (a + 4.0 * math.exp((u + 65.0) * (-1.0 / 18.0))) * m
        a = 0.07 * math.exp(-0.05 * (u + 65.0))
        dh = a - (a + 1.0 / (1.0 + math.exp(-0.1 * (u + 35.0)))) * h
        a = 0.1 * linear_rate(0.1 * (u + 55.0))
        dn = a - (a + 0.125 * math.exp(-0.0125 * (u + 65.0))) * n
        return (i - ionic) / p.c_m, dm, dh, dn, 0.0

    @staticmethod
    def stable(v, m, h, n, rise, step, p):
        conductance = p.g_na * m * m * m * h + p.g_k * n * n * n * n + p.g_l
        # NaN compares false, and so is not stable.
        return (abs(v - 931.0) < 1068.0) & (conductance * step < 2.785 * p.c_m)

    @staticmethod
    def after_step(v_before, v, m, h, n, rise, refractory, p):
        fallen = 0.0 if refractory else 2.0
        if v_before < 0.0 and v >= 0.0:
            rise = 3.0 if rise == 2.0 else 1.0
        if v < 0.0 and rise > 0.0:
            rise = fallen
        return v, m, h, n, rise

    @staticmethod
    def spikes(v_before, v, m, h, n, rise, p):
        return (rise > 1.0) | ((rise == 1.0) & (v < v_before))

    @staticmethod
    def reset(v, m, h, n, rise, p):
        return v, m, h, n, 1.0 if rise == 3.0 else 0.0

    @cached_property
    def v_rest(self) -> Any:
        """Resting potential (mV), where all currents cancel; NaN for distributions."""
        values = [getattr(self, name) for name in ("g_na", "g_k", "g_l", "e_na", "e_k", "e_l")]
        if any(map(is_distribution, values)):
            return math.nan
        rest = np.vectorize(_resting_potential, otypes=[float])(*values)
        return float(rest) if rest.ndim == 0 else rest

    @property
    def v_peak(self) -> float:
        """NaN: no action potential is drawn in traces; the equations generate it."""
        return math.nan

    @property
    def v_threshold(self) -> float:
        """NaN: there is no fixed threshold."""
        return math.nan

    @property
    def v_reset(self) -> float:
        """The resting potential; there is no reset."""
        return self.v_rest

    @property
    def tau_m(self) -> float:
        """Membrane time constant at rest (ms), with constant gates."""
        m, h, n = steady_gates(self.v_rest)
        return self.c_m / (self.g_na * m**3 * h + self.g_k * n**4 + self.g_l)

    def steady_m(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the steady state of gate m at a potential (mV)."""
        return steady_gates(v)[0]

    def steady_h(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the steady state of gate h at a potential (mV)."""
        return steady_gates(v)[1]

    def steady_n(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the steady state of gate n at a potential (mV)."""
        return steady_gates(v)[2]

    def risen(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return 1 above 0 mV: as in NEST, a neuron that starts there spikes when V falls."""
        return np.where(v >= 0.0, 1.0, 0.0)

    def gates(self, v: ArrayLike, dt: float) -> NDArray[np.float64]:
        """Return the gates m, h, n over time for a recorded potential.

        The potential is interpolated monotonically between samples. The gates start at the steady
        state of the first sample.

        Parameters
        ----------
        v : (n_times,) or (n_times, n_neurons) array_like
            mV, at least two samples.
        dt : float
            Sampling interval (ms), at most 1. At 0.1 the error of the gates during a spike is below
            0.002; it grows with the interval.

        Returns
        -------
        (3, n_times) or (3, n_times, n_neurons) ndarray
        """
        from scipy.interpolate import PchipInterpolator  # late: slow to import

        dt = check_number(dt, "dt", "ms", 1e-6, 1.0)
        v = check_array(v, "v", "mV", -1e3, 1e3)
        if v.ndim not in (1, 2) or len(v) < 2:
            raise NeurosimError(f"v has shape {v.shape}: give at least two samples, one per row")
        middles = (np.arange((len(v) - 1) * SUBSTEPS) + 0.5) / SUBSTEPS
        opening, closing = gate_rates(PchipInterpolator(np.arange(len(v)), v)(middles))
        kept = np.exp(-(opening + closing) * (dt / SUBSTEPS))
        gained = (1.0 - kept) * opening / (opening + closing)
        gate = steady_gates(v[0])
        course = [gate]
        for k in range(len(middles)):
            gate = kept[:, k] * gate + gained[:, k]
            if (k + 1) % SUBSTEPS == 0:
                course.append(gate)
        return np.stack(course, axis=1)


def linear_rate(x: float) -> float:
    """Return x/(1 − e^−x), which is about 1 + x/2 near 0."""
    return 1.0 + 0.5 * x if abs(x) < 1e-6 else x / -math.expm1(-x)


def _resting_potential(
    g_na: float, g_k: float, g_l: float, e_na: float, e_k: float, e_l: float
) -> float:
    """Return the potential (mV) at which all currents cancel."""
    from scipy.optimize import brentq  # late: slow to import

    def ionic(v: float) -> float:
        m, h, n = steady_gates(v)
        sodium, potassium = g_na * m**3 * h, g_k * n**4
        return float(sodium * (v - e_na) + potassium * (v - e_k) + g_l * (v - e_l))

    reversals = (e_na, e_k, e_l)
    return float(brentq(ionic, min(reversals) - 1.0, max(reversals) + 1.0, xtol=1e-12))


def steady_gates(v: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the steady state of the gates m, h, n at potentials (mV); shape (3, ...)."""
    opening, closing = gate_rates(v)
    return opening / (opening + closing)


def gate_rates(v: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return α and β (per ms) of m, h, n at potentials (mV); shape (2, 3, ...)."""
    opening = [
        1.0 / exprel(-(v + 40.0) / 10.0),
        0.07 * np.exp(-(v + 65.0) / 20.0),
        0.1 / exprel(-(v + 55.0) / 10.0),
    ]
    closing = [
        4.0 * np.exp(-(v + 65.0) / 18.0),
        expit((v + 35.0) / 10.0),
        0.125 * np.exp(-(v + 65.0) / 80.0),
    ]
    return np.array([opening, closing])
