"""Convert between NIR's units and those of neurosim.

Potentials are V = v_zero + mv_per_unit · v. A spike is a pulse of height 1 that lasts for one step.

Between spikes NIR's equations are solved exactly or, with integration "euler", by the steps of
other simulators: I ← I + (w_in·S − I)·dt/τ_syn, then v ← v + (v_leak − v + r·I)·dt/τ. The equations
are linear, so these steps are exact solutions with other time constants τ', for which
exp(−dt/τ') = 1 − dt/τ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import exprel

from neurosim.errors import NeurosimError
from neurosim.utils.checks import check_number, show

if TYPE_CHECKING:
    from numpy.typing import NDArray

RANGES = {
    "dt": ("ms", 1e-3, 1e3),
    "mv_per_unit": ("mV", 1e-6, 1e6),
    "v_zero": ("mV", -200.0, 200.0),
}
CHOICES = {
    "integration": ("exact", "euler"),
    "reset": ("value", "subtract", "subtract_delayed"),
}
VANISHING = 700.0
"""Time constants per step at which nothing is left in 64 bits (e^-700 = 1e-304)."""
SINGLE = 1e-6
"""Relative error of NIR's numbers: most simulators store them in 32 bits."""


@dataclass(frozen=True)
class Units:
    """Conventions that NIR does not specify.

    They are the time step, the solver, the unit of potentials and the reset.

    Attributes
    ----------
    dt : float
        Step of the time grid, and length of a spike (ms).
    integration : {"exact", "euler"}
    mv_per_unit : float
        mV per unit of NIR's potentials.
    v_zero : float
        Potential (mV) that is 0 in NIR.
    reset : {"value", "subtract", "subtract_delayed"}
        Whether a spike sets v to v_reset, lowers it by v_threshold − v_reset, or lowers it by that
        in the next step, after the leak.
    """

    dt: float = 0.1
    integration: str = "exact"
    mv_per_unit: float = 1.0
    v_zero: float = 0.0
    reset: str = "value"

    def __post_init__(self) -> None:
        for name, limits in RANGES.items():
            value = check_number(getattr(self, name), name, *limits)
            object.__setattr__(self, name, value)
        for name, known in CHOICES.items():
            word = getattr(self, name)
            if not isinstance(word, str) or word not in known:
                raise NeurosimError(f"{name} = {show(word)}; it is one of {', '.join(known)}")

    @classmethod
    def noted(cls, metadata: Any, **given: Any) -> Units:
        """Return the values given, with metadata or defaults for None."""
        values: dict[str, Any] = {}
        for key, value in given.items():
            note = metadata.get(f"neurosim_{key}") if isinstance(metadata, dict) else None
            if isinstance(note, (np.ndarray, np.generic)) and note.size == 1:
                note = note.item()  # metadata in files are arrays
            if value is not None or note is not None:
                values[key] = note if value is None else value
        return cls(**values)

    @property
    def dt_s(self) -> float:
        """Step of the time grid (s)."""
        return tidy(self.dt * 1e-3)

    @property
    def euler(self) -> bool:
        """Whether the equations are solved by Euler's method."""
        return self.integration == "euler"

    def decay(self, tau: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        """Return the factor by which a state with time constant tau (s) decays in a step."""
        if (tau <= 0.0).any():
            raise NeurosimError(f"{name} = {tau.min():g} s must be above 0 s")
        if not self.euler:
            return np.exp(-self.dt_s / tau)
        decay = 1.0 - self.dt_s / tau
        if (decay < -SINGLE).any():
            raise NeurosimError(
                f"{name} = {tau.min():g} s is below the step of {self.dt_s:g} s, where Euler's "
                "method overshoots: give a smaller dt"
            )
        return np.where(decay < SINGLE, 0.0, decay)

    def ms(self, tau: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        """Return the time constants of neurosim (ms) for those of NIR (s)."""
        decay = self.decay(tau, name)
        if not self.euler:
            return tidied(np.maximum(tau * 1e3, self.dt / VANISHING))
        exponents = np.full(tau.shape, -VANISHING)
        np.log1p(-self.dt_s / tau, out=exponents, where=decay > 0.0)
        with np.errstate(divide="ignore"):  # without decay the time constant is infinite
            return tidied(-self.dt / exponents)

    def seconds(self, tau: float) -> float:
        """Return the time constant of NIR (s) for one of neurosim (ms)."""
        if not self.euler or math.isinf(tau):
            return tidy(tau * 1e-3)
        return tidy(-self.dt_s / math.expm1(-self.dt / tau))

    def mv(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return potentials in mV."""
        return tidied(self.v_zero + self.mv_per_unit * v)

    def units(self, v: float) -> float:
        """Return a potential (mV) in NIR's unit."""
        return tidy((v - self.v_zero) / self.mv_per_unit)

    def rise(self, tau_m: Any, tau_s: Any) -> Any:
        """Return C times the voltage change per step by 1 pA of decaying current (mV·pF)."""
        x = self.dt / tau_m - self.dt / tau_s
        return self.dt * np.exp(-self.dt / tau_m) * exprel(x)


def tidy(x: float) -> float:
    """Remove the rounding error of a unit conversion: 1 for 1 − 1e-16."""
    short = float(f"{x:.14g}")
    return short if math.isclose(short, x, rel_tol=4e-15) else x


def tidied(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply `tidy` to each number."""
    first = values.flat[0]
    if (values == first).all():  # the usual case; sorting would take 1 s for a million
        return np.full(values.shape, tidy(float(first)))
    found, index = np.unique(values, return_inverse=True)
    return np.array([tidy(x) for x in found.tolist()])[index].reshape(values.shape)
