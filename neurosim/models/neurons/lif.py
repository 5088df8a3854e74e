"""Integrate-and-fire neurons."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.errors import NeurosimError
from neurosim.models.declare import parameter
from neurosim.models.escape import EscapeRate
from neurosim.models.neuron import Neuron
from neurosim.models.potentials import keep_order
from neurosim.models.quantity import bounds_of, check_quantity, is_uniform, or_infinity


@dataclass(frozen=True, eq=False)
class LIF(Neuron):
    """A leaky integrate-and-fire neuron.

    Below threshold τ_m dV/dt = −(V − v_rest) + (τ_m/C)·I. When V exceeds the threshold the neuron
    fires: V is set to v_reset and held there for the refractory period.

    Parameters
    ----------
    v_rest : float, array_like or distribution
        Resting potential (mV).
    v_threshold : float, array_like or distribution
        The neuron fires when V is strictly above it (mV).
    v_reset : float, array_like or distribution
        Potential after a spike (mV), below the threshold.
    v_peak : float, array_like or distribution
        Height of the action potential drawn into traces (mV); not part of the dynamics.
    tau_m : float, array_like or distribution
        Membrane time constant (ms), 0.1 to 1000.
    c_m : float, array_like or distribution
        Membrane capacitance (pF), 1 to 100,000.
    t_ref : float, array_like or distribution
        Absolute refractory period (ms), 0 to 1000, rounded to the nearest time step (halves up);
        5 ms limit the rate to 200 Hz.
    escape : EscapeRate, optional
        Replaces the threshold by stochastic firing at a rate that grows with the potential.

    Raises
    ------
    NeurosimError
        If a value is out of range, or the potentials are out of order.

    Notes
    -----
    Arrays have one value per neuron of the population. Distributions of v_threshold, v_reset or
    v_rest are truncated so that the threshold is the higher one.

    References
    ----------
    W. Gerstner, W. M. Kistler, R. Naud & L. Paninski, *Neuronal Dynamics*, Cambridge University
    Press (2014), section 1.3.

    Examples
    --------
    A current of 200 pA drives the membrane from −70 mV towards −54 mV, 1 mV above the threshold:

    >>> import neurosim as ns
    >>> neuron = ns.LIF(tau_m=20.0, c_m=250.0)
    >>> neuron.v_rest + neuron.resistance * 200.0
    -54.0
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, neuron)
    >>> drive = net.drive(cell, ns.ConstantCurrent(200.0))
    >>> ns.simulate(net, 200.0).spikes["cell"].times.round(1)
    array([ 55.5, 116. , 176.5])

    Thresholds that differ between neurons:

    >>> cells = net.add("cells", 100, ns.LIF(v_threshold=ns.Normal(-55.0, 1.0)))
    """

    is_linear = True
    method = "exact"
    substep = 0.1
    error_control = "y"
    potentials: ClassVar[tuple[str, ...]] = ("v_rest", "v_threshold", "v_reset")
    ascending: ClassVar[tuple[tuple[str, str], ...]] = (
        ("v_reset", "v_threshold"),
        ("v_rest", "v_threshold"),
    )
    v_rest: Any = parameter(-70.0, "mV", -200.0, 200.0, "resting potential")
    v_threshold: Any = parameter(-55.0, "mV", -200.0, 200.0, "the neuron fires when V is above it")
    v_reset: Any = parameter(-70.0, "mV", -200.0, 200.0, "potential after a spike")
    v_peak: Any = parameter(30.0, "mV", -200.0, 200.0, "peak of spikes in figures")
    tau_m: Any = parameter(20.0, "ms", 0.1, 1e3, "membrane time constant")
    c_m: Any = parameter(250.0, "pF", 1.0, 1e5, "membrane capacitance")
    t_ref: Any = parameter(5.0, "ms", 0.0, 1e3, "absolute refractory period")
    escape: EscapeRate | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.escape is not None:
            EscapeRate.require(self.escape, f"{type(self).__name__}.escape = ")
        self._check_spikes()

    def _check_spikes(self) -> None:
        """Raise an error if spikes are impossible."""
        wrong = keep_order(self, "v_threshold", "v_peak")
        if wrong and wrong[0] > wrong[1]:
            raise NeurosimError(
                f"LIF.v_peak = {wrong[1]:g} mV is below v_threshold = {wrong[0]:g} mV: an action "
                "potential rises above the threshold"
            )

    def check_psp(self) -> None:
        """Raise an error if the peak PSP of a synaptic current is unknown."""
        if not (is_uniform(self.tau_m) and is_uniform(self.c_m)):
            raise NeurosimError("tau_m or c_m differs between the neurons")
        if math.isinf(self.tau_m):
            raise NeurosimError("without leak the PSP has no peak")

    @property
    def resistance(self) -> Any:
        """Membrane resistance τ_m/C (GΩ)."""
        return self.tau_m / self.c_m


def _above_zero(value: Any, name: str, unit: str, low: float, high: float) -> Any:
    """Return a quantity above 0."""
    value = check_quantity(value, name, unit, -high, high)
    if bounds_of(value)[0] <= 0.0:
        raise NeurosimError(f"{name} = {bounds_of(value)[0]:g} must be above 0")
    return value


def _above_zero_or_infinity(value: Any, name: str, unit: str, low: float, high: float) -> Any:
    """Return a quantity above 0, or infinity."""
    infinite = is_uniform(value) and value == math.inf
    return value if infinite else _above_zero(value, name, unit, low, high)


@dataclass(frozen=True, eq=False)
class IntegrateAndFire(LIF):
    """An integrate-and-fire neuron in arbitrary units, with or without leak.

    It follows the equation of `LIF`. Its parameters have no biological limits, because potentials
    of networks trained in other frameworks have no unit. `from_nir` creates it for nodes that
    `LIF` cannot represent.

    Parameters
    ----------
    v_rest : float, array_like or distribution
        Resting potential (mV). Above the threshold the neuron fires without input.
    v_threshold : float, array_like or distribution
        The neuron fires when V is strictly above it (mV); infinity: it never fires.
    v_reset : float, array_like or distribution
        Potential after a spike (mV), below the threshold.
    v_peak : float, array_like or distribution
        Height of the action potential in plots (mV); not part of the dynamics.
    tau_m : float, array_like or distribution
        Membrane time constant (ms), above 0; infinity: no leak.
    c_m : float, array_like or distribution
        Membrane capacitance (pF), above 0.
    t_ref : float, array_like or distribution
        Absolute refractory period (ms); must be 0 with `subtract`.
    escape : EscapeRate, optional
        Soft threshold, as for `LIF`.
    subtract : float, array_like or distribution
        If above 0, a spike lowers V by this amount (mV) instead of setting it to v_reset. If V is
        still above the threshold, the neuron fires again in the next step.

    Raises
    ------
    NeurosimError
        If a value is out of range.

    Examples
    --------
    A neuron without leak, in the units of a network from another framework:

    >>> import math
    >>> import neurosim as ns
    >>> units = {"v_rest": 0.0, "v_reset": 0.0, "v_threshold": 1.0}
    >>> neuron = ns.IntegrateAndFire(**units, v_peak=2.0, tau_m=math.inf, c_m=1.0, t_ref=0.0)
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, neuron)
    >>> drive = net.drive(cell, ns.SpikeTimes([1.0, 2.0, 3.0]), weight=0.4)
    >>> ns.simulate(net, 5.0).spikes["cell"].times
    array([3.])
    """

    v_rest: Any = parameter(-70.0, "mV", help="resting potential")
    v_threshold: Any = parameter(
        -55.0, "mV", help="the neuron fires when V is above it", check=or_infinity
    )
    v_reset: Any = parameter(-70.0, "mV", help="potential after a spike")
    v_peak: Any = parameter(30.0, "mV", help="peak of spikes in figures")
    tau_m: Any = parameter(
        20.0, "ms", 0.0, help="membrane time constant", check=_above_zero_or_infinity
    )
    c_m: Any = parameter(250.0, "pF", 0.0, help="membrane capacitance", check=_above_zero)
    t_ref: Any = parameter(5.0, "ms", 0.0, help="absolute refractory period")
    subtract: Any = parameter(0.0, "mV", 0.0, help="decrease of V at a spike")
    potentials: ClassVar = ()
    ascending: ClassVar = (("v_reset", "v_threshold"),)

    def _check_spikes(self) -> None:
        subtracts, refractory = bounds_of(self.subtract)[1], bounds_of(self.t_ref)[1]
        if subtracts and refractory:
            raise NeurosimError(
                f"IntegrateAndFire.t_ref = {refractory:g} ms: t_ref must be 0 with reset by "
                "subtraction"
            )
