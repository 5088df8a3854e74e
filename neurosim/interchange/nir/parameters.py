"""Parameters of the neurons of a NIR node, and the effect of input on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.nir.fields import array_of
from neurosim.interchange.nir.units import tidied

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.interchange.nir.units import Units

SYNAPTIC = {"CubaLIF", "CubaLI"}
READOUTS = {"LI", "CubaLI", "I"}
"""Kinds of node whose potential is read and which never fire."""
IMPULSE = "neurosim_impulse"
"""Key in the metadata of a CubaLIF whose current jumps at the end of the step of a spike."""
USUAL_C = 250.0
"""Capacitance (pF) where the one that NIR implies cannot be had."""
C_RANGE = (1.0, 1e5)


class Parameters:
    """Membrane parameters of the neurons of a node, one value per neuron, in NIR's units.

    Parameters
    ----------
    node : nir.NIRNode
    name : str
    size : int
    units : Units
    """

    def __init__(self, node: Any, name: str, size: int, units: Units) -> None:
        self.node, self.name, self.size = node, name, size
        kind = type(node).__name__
        zeros, ones = np.zeros(size), np.ones(size)
        self.tau, self.r, self.v_leak = ones * np.inf, ones, zeros
        self.threshold, self.v_reset = ones * np.inf, zeros
        if kind == "Threshold":  # no state: Euler's method with a time constant of one step
            self.tau, self.threshold = ones * units.dt_s, self.field("threshold")
            self.v_reset = np.minimum(self.threshold, 0.0) - 1.0  # gone at the next step
            return
        self.r = self.field("r")
        if kind not in ("IF", "I"):
            self.tau = self.field("tau_mem" if kind in SYNAPTIC else "tau")
            self.v_leak = self.v_reset = self.field("v_leak")
        elif (self.r == 1.0).all():
            self.r = ones / units.dt_s
        if kind not in READOUTS:
            self.threshold, self.v_reset = self.field("v_threshold"), self.field("v_reset")
            self._check_order()

    def field(self, key: str) -> NDArray[np.float64]:
        """Return a field of the node with one value for each neuron."""
        values = array_of(self.node, key, self.name).ravel()
        if values.size not in (1, self.size):
            raise NeurosimError(f"{key} has {values.size} values for {self.size} neurons")
        return np.array(np.broadcast_to(values, self.size))

    def _check_order(self) -> None:
        """Refuse neurons whose reset is not below their threshold."""
        wrong = self.v_reset >= self.threshold
        if wrong.any():
            raise NeurosimError(
                f"v_reset = {self.v_reset[wrong][0]:g} is not below v_threshold = "
                f"{self.threshold[wrong][0]:g}: the neuron would fire at every step; lower v_reset"
            )


@dataclass(frozen=True, eq=False)
class NodeInput:
    """How input acts on the neurons of a node; arrays have one value per neuron.

    Attributes
    ----------
    tau_s : (n,) ndarray of float64
        Time constant of the synaptic current (ms); 0 where there is none.
    c_m : (n,) ndarray of float64
        Capacitance (pF).
    per_weight, jump, missing : (n,) ndarray of float64
        As in `Group`.
    held : (n,) ndarray of float64
        Potential (mV) that a constant input of 1 adds in the end; without leak, in a second.
    """

    tau_s: NDArray[np.float64]
    c_m: NDArray[np.float64]
    per_weight: NDArray[np.float64]
    jump: NDArray[np.float64]
    missing: NDArray[np.float64]
    held: NDArray[np.float64]


def _gain(tau: NDArray[np.float64], units: Units) -> NDArray[np.float64]:
    """Return the fraction of its final effect that a constant input has after one step.

    Where tau is infinite, return the step in s.
    """
    x = units.dt_s / tau
    return np.where(np.isinf(tau), units.dt_s, x if units.euler else -np.expm1(-x))


def direct_input(own: Parameters, tau_m: NDArray[np.float64], units: Units) -> NodeInput:
    """Return the input of neurons whose potential a spike moves at once."""
    held, zeros = units.mv_per_unit * own.r, np.zeros(own.size)
    per_weight = tidied(held * _gain(own.tau, units))
    return NodeInput(zeros, zeros + USUAL_C, per_weight, zeros, zeros, held)


def synaptic_input(own: Parameters, tau_m: NDArray[np.float64], units: Units) -> NodeInput:
    """Return the input of neurons with synaptic currents.

    Solved exactly, a pulse leaves a current and a potential at the end of its step. Under Euler's
    method it leaves a current that acts in the same step; here it acts a step later, which delays
    make up for. A current that decays within a step moves the potential at once.
    """
    tau_syn, w_in, per_unit = own.field("tau_syn"), own.field("w_in"), units.mv_per_unit * own.r
    left, tau_s = units.decay(tau_syn, "tau_syn"), units.ms(tau_syn, "tau_syn")
    at_once = left == 0.0
    tau_s = np.where(at_once, 1.0, tau_s)
    rise = units.rise(tau_m, tau_s)
    per_pf = per_unit / (own.tau * 1e3)
    if units.euler:
        per_pf = per_unit * units.dt_s / own.tau / rise
    c_m, per_current = _capacitance(per_pf)
    impulse = _is_impulse(own.node)
    gain = units.dt_s / tau_syn if impulse else _gain(tau_syn, units)
    per_weight = per_current * tidied(w_in * gain)
    missing = -per_current * w_in * (left if units.euler else 1.0)
    jump = np.zeros(own.size)
    if not units.euler and not impulse:
        jump = np.where(
            at_once, 0.0, per_unit * w_in * (-np.expm1(-units.dt / tau_m) - rise / tau_m)
        )
    direct = tidied(per_unit * w_in * _gain(own.tau, units))
    return NodeInput(
        np.where(at_once, 0.0, tau_s),
        np.where(at_once, USUAL_C, c_m),
        np.where(at_once, direct, per_weight),
        jump,
        np.where(at_once, 0.0, missing),
        per_unit * w_in,
    )


def _is_impulse(node: Any) -> bool:
    """Whether the metadata of a node say that its current jumps at the end of a spike's step."""
    noted = node.metadata.get(IMPULSE) if isinstance(node.metadata, dict) else None
    return isinstance(noted, (bool, int, np.ndarray, np.generic)) and bool(np.all(noted))


def _capacitance(per_pf: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return capacitances (pF), and pA per unit of NIR's current: 1 where possible."""
    with np.errstate(divide="ignore"):
        implied = tidied(1.0 / per_pf)
    fits = (implied >= C_RANGE[0]) & (implied <= C_RANGE[1])
    return np.where(fits, implied, USUAL_C), np.where(fits, 1.0, USUAL_C * per_pf)
