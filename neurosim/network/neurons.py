"""Integrate-and-fire neuron models."""

from __future__ import annotations

import math
from dataclasses import dataclass

from neurosim.errors import NeurosimError
from neurosim.network.checks import check_number, show
from neurosim.network.escape import EscapeRate

_POTENTIALS = ("v_rest", "v_threshold", "v_reset", "v_peak")


@dataclass(frozen=True)
class LIF:
    """A leaky integrate-and-fire neuron.

    Below threshold τ_m dV/dt = −(V − v_rest) + (τ_m/C)·I. When V exceeds the threshold the neuron
    fires: V is set to v_reset and held there for the refractory period.

    Parameters
    ----------
    v_rest : float
        Resting potential (mV).
    v_threshold : float
        The neuron fires when V is strictly above it (mV).
    v_reset : float
        Potential after a spike (mV), below the threshold.
    v_peak : float
        Height of the action potential that recorded traces show (mV); no part of the dynamics.
    tau_m : float
        Membrane time constant (ms), 0.1 to 1000.
    c_m : float
        Membrane capacitance (pF), 1 to 100,000.
    t_ref : float
        Absolute refractory period (ms), 0 to 1000; 5 ms means at most 200 spikes a second.
    escape : EscapeRate, optional
        Lets the neuron fire by chance, at a rate that grows with its potential, in place of the
        sharp threshold.

    Raises
    ------
    NeurosimError
        If a value is out of range, or the potentials are out of order.

    References
    ----------
    W. Gerstner, W. M. Kistler, R. Naud & L. Paninski, *Neuronal Dynamics*, Cambridge University
    Press (2014), section 1.3.
    """

    v_rest: float = -70.0
    v_threshold: float = -55.0
    v_reset: float = -70.0
    v_peak: float = 30.0
    tau_m: float = 20.0
    c_m: float = 250.0
    t_ref: float = 5.0
    escape: EscapeRate | None = None

    def __post_init__(self) -> None:
        ranges = dict.fromkeys(_POTENTIALS, ("mV", -200.0, 200.0))
        ranges |= {"tau_m": ("ms", 0.1, 1e3), "c_m": ("pF", 1.0, 1e5), "t_ref": ("ms", 0.0, 1e3)}
        for name, (unit, low, high) in ranges.items():
            value = check_number(getattr(self, name), f"LIF.{name}", unit, low, high)
            object.__setattr__(self, name, value)
        self._check_volts()
        self._check_order()
        self._check_escape()

    def _check_volts(self) -> None:
        """Refuse potentials that must be meant in volts: −0.07, or all within ±0.2."""
        potentials = {name: getattr(self, name) for name in _POTENTIALS[:3]}
        all_small = max(map(abs, potentials.values())) < 0.2
        for name, v in potentials.items():
            if -0.2 < v <= -0.01 or (all_small and v != 0.0):
                raise NeurosimError(
                    f"LIF.{name} = {v:g} mV: values are in mV, and these look like volts; did you "
                    f"mean {v * 1e3:g}?"
                )

    def _check_escape(self) -> None:
        """Refuse anything but an escape rate or None."""
        if self.escape is not None and not isinstance(self.escape, EscapeRate):
            raise NeurosimError(
                f"{type(self).__name__}.escape = {show(self.escape)} is not a soft threshold: give "
                "EscapeRate(delta, tau)"
            )

    def _check_order(self) -> None:
        """Refuse a neuron that would fire at every step, and a peak below the threshold."""
        for name in ("v_reset", "v_rest"):
            if getattr(self, name) >= self.v_threshold:
                raise NeurosimError(
                    f"LIF.{name} = {getattr(self, name):g} mV is not below LIF.v_threshold = "
                    f"{self.v_threshold:g} mV: the neuron would fire without end"
                )
        if self.v_peak < self.v_threshold:
            raise NeurosimError(
                f"LIF.v_peak = {self.v_peak:g} mV is below LIF.v_threshold = "
                f"{self.v_threshold:g} mV: an action potential rises above the threshold"
            )

    @property
    def resistance(self) -> float:
        """Membrane resistance τ_m/C (mV per pA, that is GΩ)."""
        return self.tau_m / self.c_m


@dataclass(frozen=True)
class IntegrateAndFire(LIF):
    """An integrate-and-fire neuron in arbitrary units, with or without leak.

    It follows the equation of `LIF`. Its parameters have no biological limits, because networks
    trained elsewhere have no unit for potentials: `from_nir` builds it where a `LIF` cannot
    represent a node.

    Parameters
    ----------
    v_rest : float
        Resting potential (mV). Above the threshold the neuron fires without input.
    v_threshold : float
        The neuron fires when V is strictly above it (mV); infinity: it never fires.
    v_reset : float
        Potential after a spike (mV), below the threshold.
    v_peak : float
        Height of the action potential in plots (mV); no part of the dynamics.
    tau_m : float
        Membrane time constant (ms), above 0; infinity: no leak.
    c_m : float
        Membrane capacitance (pF), above 0.
    t_ref : float
        Absolute refractory period (ms); 0 where `subtract` is given.
    escape : EscapeRate, optional
        Soft threshold, as for `LIF`.
    subtract : float
        If above 0, a spike lowers V by this amount (mV) and does not set it to v_reset. V may then
        still be above the threshold, and the neuron fires again in the next step.

    Raises
    ------
    NeurosimError
        If a value is out of range.
    """

    subtract: float = 0.0

    def __post_init__(self) -> None:
        for name in ("v_rest", "v_reset", "v_peak", "v_threshold", "tau_m", "c_m"):
            value = getattr(self, name)
            if name not in ("v_threshold", "tau_m") or value != math.inf:
                unit = {"tau_m": "ms", "c_m": "pF"}.get(name, "mV")
                value = check_number(value, f"IntegrateAndFire.{name}", unit)
            object.__setattr__(self, name, float(value))
            if name in ("tau_m", "c_m") and not value > 0.0:
                raise NeurosimError(f"IntegrateAndFire.{name} = {value:g} must be above 0")
        for name, unit in (("t_ref", "ms"), ("subtract", "mV")):
            value = check_number(getattr(self, name), f"IntegrateAndFire.{name}", unit, 0.0)
            object.__setattr__(self, name, value)
        if self.v_reset >= self.v_threshold:
            raise NeurosimError(
                f"IntegrateAndFire.v_reset = {self.v_reset:g} mV is not below v_threshold = "
                f"{self.v_threshold:g} mV: the neuron would fire at every step"
            )
        if self.subtract and self.t_ref:
            raise NeurosimError(
                f"IntegrateAndFire.t_ref = {self.t_ref:g} ms: reset by subtraction leaves no "
                "potential to hold, so t_ref must be 0"
            )
        self._check_escape()
