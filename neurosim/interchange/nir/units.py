"""NIR's numbers in neurosim's units, and back.

Potentials are V = v_zero + mv_per_unit · v. A spike is a pulse of height 1 that lasts for a step of
dt: it moves an LIF by r·w·dt/τ, the current of a CubaLIF by w_in·w·dt/τ_syn.

Between spikes NIR's equations are solved exactly, or, with integration "euler", by the steps that
other simulators of NIR take: I ← I + (w_in·S − I)·dt/τ_syn, then v ← v + (v_leak − v + r·I)·dt/τ.
They are linear, so these steps are exact solutions too, for other time constants: those with which
exp(−dt/τ') = 1 − dt/τ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import exprel

from neurosim.errors import NeurosimError
from neurosim.interchange.nir.fields import array_of
from neurosim.network.checks import check_number, show
from neurosim.network.neurons import LIF
from neurosim.network.synapses import DeltaSynapse, ExpCurrent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from neurosim.network.synapses import Synapse

INTEGRATIONS = ("exact", "euler")
USUAL_C = 250.0
"""Capacitance (pF) where the one that NIR implies cannot be had."""
C_RANGE = (1.0, 1e5)
SILENT = 200.0
"""Threshold (mV) of a neuron that shall only be read: the highest there is."""


@dataclass(frozen=True)
class Units:
    """How numbers are to be read.

    Attributes
    ----------
    dt : float
        Step of the time grid, and length of a spike (ms).
    integration : {"exact", "euler"}
    mv_per_unit : float
        mV in a unit of NIR's potentials.
    v_zero : float
        Potential (mV) that is 0 in NIR.
    """

    dt: float = 0.1
    integration: str = "exact"
    mv_per_unit: float = 1.0
    v_zero: float = 0.0

    def __post_init__(self) -> None:
        ranges = {"dt": ("ms", 1e-3, 1e3), "mv_per_unit": ("mV", 1e-6, 1e6)}
        ranges["v_zero"] = ("mV", -200.0, 200.0)
        for name, limits in ranges.items():
            value = check_number(getattr(self, name), name, *limits)
            object.__setattr__(self, name, value)
        if not isinstance(self.integration, str) or self.integration not in INTEGRATIONS:
            raise NeurosimError(
                f"integration = {show(self.integration)}; it is one of {', '.join(INTEGRATIONS)}"
            )

    @classmethod
    def noted(cls, notes: Any, given: Mapping[str, Any]) -> Units:
        """Return what is given; what is None from a graph's notes, else as usual."""
        values: dict[str, Any] = {}
        for key, value in given.items():
            note = notes.get(f"neurosim_{key}") if isinstance(notes, dict) else None
            if isinstance(note, (np.ndarray, np.generic)) and note.size == 1:
                note = note.item()  # so they come out of files
            if value is not None or note is not None:
                values[key] = note if value is None else value
        return cls(**values)

    @property
    def dt_s(self) -> float:
        """The step in s."""
        return tidy(self.dt * 1e-3)

    @property
    def euler(self) -> bool:
        """Whether the equations are solved by Euler's steps."""
        return self.integration == "euler"

    def ms(self, tau: NDArray[np.float64], what: str) -> NDArray[np.float64]:
        """Return the time constants (ms) that stand for those of NIR (s)."""
        low = self.dt_s if self.euler else 0.0
        if (tau <= low).any():
            raise NeurosimError(
                f"{what} = {tau.min():g} s must be above {low:g} s"
                + (", the step: Euler's method is at its end there" if self.euler else "")
            )
        return tidied(-self.dt / np.log1p(-self.dt_s / tau) if self.euler else tau * 1e3)

    def seconds(self, tau: float) -> float:
        """Return the time constant of NIR (s) for one of neurosim (ms)."""
        return tidy(-self.dt_s / math.expm1(-self.dt / tau) if self.euler else tau * 1e-3)

    def mv(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return potentials in mV."""
        return tidied(self.v_zero + self.mv_per_unit * v)

    def units(self, v: float) -> float:
        """Return a potential (mV) in NIR's unit."""
        return tidy((v - self.v_zero) / self.mv_per_unit)

    def rise(self, tau_m: Any, tau_s: Any) -> Any:
        """Return what 1 pA of synaptic current adds to V in a step, times the capacitance."""
        x = self.dt / tau_m - self.dt / tau_s
        return self.dt * np.exp(-self.dt / tau_m) * exprel(x)


def tidy(x: float) -> float:
    """Return a number without what a change of units did to its last bits: 1 for 1 − 1e-16."""
    short = float(f"{x:.14g}")
    return short if math.isclose(short, x, rel_tol=4e-15) else x


def tidied(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `tidy` of each number."""
    first = values.flat[0]
    if (values == first).all():  # mostly so, and sorting would take a second for a million
        return np.full(values.shape, tidy(float(first)))
    found, places = np.unique(values, return_inverse=True)
    return np.array([tidy(x) for x in found.tolist()])[places].reshape(values.shape)


@dataclass(frozen=True, eq=False)
class Group:
    """Neurons of a node that have all parameters in common.

    Attributes
    ----------
    ids : (n,) ndarray of int64
        Elements of the node.
    neuron : LIF
    synapse : DeltaSynapse or ExpCurrent
    per_weight : (n,) ndarray of float64
        Strength (mV or pA) of a synapse of weight 1.
    per_constant : (n,) ndarray of float64
        Current (pA) that a constant input of 1 comes to.
    missing : (n,) ndarray of float64
        Synaptic current (pA) by which a constant input of 1 falls short of that at first.
    rise, kept : float
        What a synaptic current of 1 pA adds to V within a step (mV), and what is left of it then.
    """

    ids: NDArray[np.int64]
    neuron: LIF
    synapse: Synapse
    per_weight: NDArray[np.float64]
    per_constant: NDArray[np.float64]
    missing: NDArray[np.float64]
    rise: float
    kept: float


def groups_of(node: Any, name: str, size: int, units: Units) -> list[Group]:
    """Return the neurons of a node, by parameters.

    Raises
    ------
    NeurosimError
        For parameters that a neuron of neurosim cannot have; names the node.
    """
    try:
        return _groups(node, name, size, units)
    except NeurosimError as error:
        told = str(error)
        if "mV" in told:
            told += f" (mv_per_unit is {units.mv_per_unit:g} and v_zero {units.v_zero:g} mV)"
        raise NeurosimError(told if repr(name) in told else f"Node {name!r}: {told}") from None


def _groups(node: Any, name: str, size: int, units: Units) -> list[Group]:
    def field(key: str) -> NDArray[np.float64]:
        values = array_of(node, key, name).ravel()
        if values.size not in (1, size):
            raise NeurosimError(f"{key} has {values.size} values for {size} neurons")
        return np.array(np.broadcast_to(values, size))

    kind = type(node).__name__
    cuba = kind.startswith("Cuba")
    tau = field("tau_mem" if cuba else "tau")
    per_unit = units.mv_per_unit * field("r")
    tau_m, v_rest = units.ms(tau, "tau"), units.mv(field("v_leak"))
    if kind in ("LI", "CubaLI"):
        threshold, reset = np.full(size, SILENT), v_rest
    else:
        threshold, reset = units.mv(field("v_threshold")), units.mv(field("v_reset"))
    tau_s, c_m = np.zeros(size), np.full(size, USUAL_C)
    per_weight, per_current = tidied(per_unit * units.dt_s / tau), np.ones(size)
    at_end, missing = per_unit, np.zeros(size)
    if cuba:
        tau_syn, w_in = field("tau_syn"), field("w_in")
        tau_s = units.ms(tau_syn, "tau_syn")
        per_pf = per_unit / (tau * 1e3)
        if units.euler:
            per_pf = per_unit * units.dt_s / tau / units.rise(tau_m, tau_s)
        c_m, per_current = _capacitance(per_pf)
        per_weight = per_current * tidied(w_in * units.dt_s / tau_syn)
        missing = -per_current * w_in * (1.0 - units.dt_s / tau_syn if units.euler else 1.0)
        at_end = per_unit * w_in
    models = np.stack([tau_m, v_rest, threshold, reset, c_m, tau_s], axis=1)
    found, places = models[:1], np.zeros(size, int)
    if (models != models[0]).any():
        found, places = np.unique(models, axis=0, return_inverse=True)
    groups = []
    for k, (tm, rest, top, low, c, ts) in enumerate(found.tolist()):
        ids = np.flatnonzero(places.ravel() == k)
        neuron = LIF(rest, top, low, max(30.0, top), tau_m=tm, c_m=c, t_ref=0.0)
        synapse = ExpCurrent(ts) if cuba else DeltaSynapse()
        groups.append(
            Group(
                ids,
                neuron,
                synapse,
                per_weight[ids],
                at_end[ids] / neuron.resistance,
                missing[ids],
                float(units.rise(tm, ts)) / c if cuba else 0.0,
                math.exp(-units.dt / ts) if cuba else 0.0,
            )
        )
    return groups


def _capacitance(per_pf: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return capacitances (pF), and pA in a unit of NIR's current: 1 where it can be."""
    with np.errstate(divide="ignore"):
        implied = tidied(1.0 / per_pf)
    fits = (implied >= C_RANGE[0]) & (implied <= C_RANGE[1])
    return np.where(fits, implied, USUAL_C), np.where(fits, 1.0, USUAL_C * per_pf)
