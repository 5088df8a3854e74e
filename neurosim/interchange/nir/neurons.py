"""Convert the neurons of a NIR node to neurons of neurosim."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.nir.fields import per_element
from neurosim.interchange.nir.units import tidied
from neurosim.models.neurons.lif import LIF, IntegrateAndFire
from neurosim.models.synapses import DeltaSynapse, ExpCurrent

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from neurosim.interchange.nir.units import Units
    from neurosim.models.synapses import Synapse

    Array = NDArray[np.float64]
    Response = list[tuple[Synapse, Array]]
    """Synapses through which an input acts, each with its strength per neuron (mV or pA)."""

SYNAPTIC = {"CubaLIF", "CubaLI"}
READOUTS = {"LI", "CubaLI", "I"}
"""Kinds of node whose output is their potential, and which never fire."""
IMPULSE = "neurosim_impulse"
"""Key in the metadata of a CubaLIF whose current jumps at the end of the step of a spike."""
DEFAULT_C_M = 250.0
"""Capacitance (pF) if the one that NIR implies is out of range."""
C_M_RANGE = (1.0, 1e5)
MIN_PEAK = 30.0
"""Lowest peak of an action potential in plots (mV)."""


@dataclass(frozen=True, eq=False)
class Group:
    """Neurons of a node that have the same parameters.

    Attributes
    ----------
    ids : (n,) ndarray of int64
        Elements of the node.
    neuron : LIF
    synapse : DeltaSynapse or ExpCurrent
    per_weight : (n,) ndarray of float64
        Strength (mV or pA) of a synapse of weight 1.
    jump : (n,) ndarray of float64
        Potential (mV) that a spike of weight 1 adds at once, in addition to its effect through
        `synapse`.
    per_constant : (n,) ndarray of float64
        Injected current (pA) that is equivalent to a constant input of 1.
    missing : (n,) ndarray of float64
        Synaptic current (pA) to add at the start of a constant input of 1. In NIR the synaptic
        current rises gradually; the injected current of neurosim does not.
    rise, kept : float
        Potential (mV) that a synaptic current of 1 pA adds in one step, and the fraction of the
        current that remains after the step.
    """

    ids: NDArray[np.int64]
    neuron: LIF
    synapse: Synapse
    per_weight: Array
    jump: Array
    per_constant: Array
    missing: Array
    rise: float
    kept: float

    @property
    def synaptic(self) -> bool:
        """Whether spikes act through a synaptic current."""
        return self.synapse.is_current

    def response(self, *, late: bool = False) -> Response:
        """Return the effect of an input of 1 that lasts for one step.

        Parameters
        ----------
        late : bool
            Whether it arrives one step late, so that the response includes the effect of that step.
        """
        if late and self.synaptic:
            return self.decayed(self.per_weight)
        direct: Response = [(self.synapse, self.per_weight)]
        return [(DeltaSynapse(), self.jump), *direct] if self.jump.any() else direct

    def decayed(self, current: Array) -> Response:
        """Return the response that replaces synaptic currents which started one step ago."""
        return [(DeltaSynapse(), self.rise * current), (self.synapse, self.kept * current)]


def groups_of(node: Any, size: int, units: Units) -> list[Group]:
    """Return the neurons of a node, grouped by parameters.

    Raises
    ------
    NeurosimError
        If a parameter is out of range for neurons of neurosim.
    """
    kind = type(node).__name__
    if kind == "Threshold":  # no state: Euler's method with a time constant of one step
        units = replace(units, integration="euler")

    def field(key: str) -> Array:
        return per_element(node, key, size)

    tau, r, v_leak, threshold, v_reset = _parameters(kind, field, units)
    wrong = v_reset >= threshold
    if wrong.any():
        raise NeurosimError(
            f"v_reset = {v_reset[wrong][0]:g} is not below v_threshold = "
            f"{threshold[wrong][0]:g}: the neuron would fire in every step; lower v_reset"
        )
    zeros = np.zeros(size)
    tau_m, top, low = units.ms(tau, "tau"), units.mv(threshold), units.mv(v_reset)
    subtract = zeros
    if kind not in READOUTS | {"Threshold"}:
        subtract = _subtracted(top - low, units.decay(tau, "tau"), units)
    per_unit = units.mv_per_unit * r
    # Potential (mV) that a constant input of 1 adds in the end or, without leak, in a second.
    held = per_unit * field("w_in") if kind in SYNAPTIC else per_unit
    at_once = tidied(held * _gain(tau, units))
    effect = np.array([zeros, zeros + DEFAULT_C_M, at_once, zeros, zeros])
    if kind in SYNAPTIC:
        lasting, synaptic = _synaptic_input(node, field, per_unit, tau, tau_m, units)
        effect = np.where(lasting, synaptic, effect)
    tau_syn, c_m = effect[:2]
    models = np.stack([tau_m, units.mv(v_leak), top, low, subtract, c_m, tau_syn], axis=1)
    return _grouped(models, held, effect[2:], units)


def _parameters(kind: str, field: Callable[[str], Array], units: Units) -> tuple[Array, ...]:
    """Return tau (s), r, v_leak, v_threshold and v_reset in the unit of the graph."""
    if kind == "Threshold":
        threshold = field("threshold")
        zeros = np.zeros_like(threshold)
        # The reset has no effect on the next step.
        return zeros + units.dt_s, zeros + 1.0, zeros, threshold, np.minimum(threshold, 0.0) - 1.0
    r = field("r")
    tau = threshold = np.full_like(r, np.inf)
    v_leak = v_reset = np.zeros_like(r)
    if kind not in ("IF", "I"):
        tau = field("tau_mem" if kind in SYNAPTIC else "tau")
        v_leak = v_reset = field("v_leak")
    elif (r == 1.0).all():
        r = r / units.dt_s
    if kind not in READOUTS:
        threshold, v_reset = field("v_threshold"), field("v_reset")
    return tau, r, v_leak, threshold, v_reset


def _grouped(models: Array, held: Array, effect: Array, units: Units) -> list[Group]:
    """Return a group for each different row of `models`.

    The columns of `models` are the parameters of `_neuron` (tau_m, potentials and c_m) and the time
    constant of the synapse. The rows of `effect` are `per_weight`, `jump` and `missing`.
    """
    per_weight, jump, missing = effect
    unique, index = models[:1], np.zeros(len(models), int)
    if (models != models[0]).any():
        unique, index = np.unique(models, axis=0, return_inverse=True)
    groups = []
    for k, (tau_k, *potentials, c_m, tau_s) in enumerate(unique.tolist()):
        ids = np.flatnonzero(index.ravel() == k)
        # Without leak, `held` is the slope in mV per second.
        per_pa = tau_k / c_m if math.isfinite(tau_k) else 1e3 / c_m
        groups.append(
            Group(
                ids,
                _neuron(tau_k, c_m, *potentials),
                ExpCurrent(tau_s) if tau_s else DeltaSynapse(),
                per_weight[ids],
                jump[ids],
                held[ids] / per_pa,
                missing[ids],
                float(units.rise(tau_k, tau_s)) / c_m if tau_s else 0.0,
                math.exp(-units.dt / tau_s) if tau_s else 0.0,
            )
        )
    return groups


def _neuron(tau_m: float, c_m: float, rest: float, top: float, low: float, subtract: float) -> LIF:
    """Return a LIF, or an IntegrateAndFire if the ranges of a LIF do not allow one."""
    peak = max(MIN_PEAK, top) if math.isfinite(top) else MIN_PEAK
    values = (rest, top, low, peak, tau_m, c_m, 0.0)
    if not subtract:
        with suppress(NeurosimError):
            return LIF(*values)
    return IntegrateAndFire(*values, subtract=subtract)


def _subtracted(depth: Array, decay: Array, units: Units) -> Array:
    """Return the potential (mV) that a spike subtracts; 0 if it resets V."""
    if units.reset == "value":
        return np.zeros_like(depth)
    if units.reset == "subtract":
        return tidied(depth)
    if not decay.all():
        raise NeurosimError(
            "reset = 'subtract_delayed' lowers the potential that is left after the leak, and "
            "tau = dt leaves none: give reset = 'subtract'"
        )
    # neurosim subtracts before the leak, so that the value is larger.
    return tidied(depth / decay)


def _gain(tau: Array, units: Units) -> Array:
    """Return the fraction of its final effect that constant input has in one step.

    For infinite tau, return the step in s.
    """
    x = units.dt_s / tau
    return np.where(np.isinf(tau), units.dt_s, x if units.euler else -np.expm1(-x))


def _synaptic_input(
    node: Any,
    field: Callable[[str], Array],
    per_unit: Array,
    tau: Array,
    tau_m: Array,
    units: Units,
) -> tuple[NDArray[np.bool_], Array]:
    """Return synaptic currents that outlast a step, and the effect of their input.

    The rows of the effect are the time constant (ms), the capacitance (pF), and `per_weight`,
    `jump` and `missing` as in `Group`.

    Solved exactly, a pulse leaves a current and a potential at the end of its step. With Euler's
    method it leaves a current that acts in the same step; here it acts one step later, which delays
    compensate. A current that decays within a step moves the potential at once.
    """
    tau_syn, w_in = field("tau_syn"), field("w_in")
    left, tau_s = units.decay(tau_syn, "tau_syn"), units.ms(tau_syn, "tau_syn")
    lasting = left != 0.0
    tau_s = np.where(lasting, tau_s, 1.0)
    rise = units.rise(tau_m, tau_s)
    per_pf = per_unit * units.dt_s / tau / rise if units.euler else per_unit / (tau * 1e3)
    # Capacitances for which a current of 1 in NIR is 1 pA, if they are in range.
    with np.errstate(divide="ignore"):
        c_m = tidied(1.0 / per_pf)
    fits = (c_m >= C_M_RANGE[0]) & (c_m <= C_M_RANGE[1])
    c_m, per_current = np.where(fits, c_m, DEFAULT_C_M), np.where(fits, 1.0, DEFAULT_C_M * per_pf)
    noted = node.metadata.get(IMPULSE) if isinstance(node.metadata, dict) else None
    impulse = isinstance(noted, (bool, int, np.ndarray, np.generic)) and bool(np.all(noted))
    per_weight = per_current * tidied(
        w_in * (units.dt_s / tau_syn if impulse else _gain(tau_syn, units))
    )
    missing = -per_current * w_in * (left if units.euler else 1.0)
    jump = np.zeros_like(tau)
    if not units.euler and not impulse:
        jump = per_unit * w_in * (-np.expm1(-units.dt / tau_m) - rise / tau_m)
    return lasting, np.array([tau_s, c_m, per_weight, jump, missing])
