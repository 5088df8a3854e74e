"""Synapse models: what one presynaptic spike does, and how high a PSP it makes."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.optimize import brentq
from scipy.special import exprel

from neurosim.models.declare import parameter
from neurosim.models.registry import Part

if TYPE_CHECKING:
    from neurosim.models.lif import Neuron


def _tau(help: str) -> Any:
    return parameter(unit="ms", low=0.01, high=1e4, help=help)


class Synapse(Part, ABC, abstract=True):
    """Base class of synapse models."""

    noun: ClassVar[str] = "a synapse model"
    unit: ClassVar[str] = "pA"
    """Unit of its weights."""
    is_current: ClassVar[bool] = True
    """Whether it injects a current; otherwise it moves the potential at once."""

    @abstractmethod
    def time_to_peak(self, neuron: Neuron) -> float:
        """Time from arrival to the peak of the PSP (ms)."""

    @abstractmethod
    def psp_per_weight(self, neuron: Neuron) -> float:
        """Peak of the PSP (mV) for a weight of 1.

        Raises
        ------
        NeurosimError
            Where it is not known.
        """


@dataclass(frozen=True)
class DeltaSynapse(Synapse):
    """A synapse that moves the potential at once, by its weight in mV."""

    unit = "mV"
    is_current = False

    def time_to_peak(self, neuron: Neuron) -> float:
        """Time from arrival to the peak of the PSP (ms): none."""
        return 0.0

    def psp_per_weight(self, neuron: Neuron) -> float:
        """Peak of the PSP (mV) per mV of weight: 1."""
        return 1.0


@dataclass(frozen=True)
class ExpCurrent(Synapse):
    """A synaptic current that jumps by its weight (pA) and decays exponentially."""

    tau: float = _tau("decay time constant")

    def time_to_peak(self, neuron: Neuron) -> float:
        """Time from arrival to the peak of the PSP (ms): ln(τm/τs)·τm·τs/(τm − τs)."""
        x = neuron.tau_m / self.tau - 1.0
        # ln(1 + x)/x, which is 1 where the time constants are equal
        return neuron.tau_m * (math.log1p(x) / x if x else 1.0)

    def psp_per_weight(self, neuron: Neuron) -> float:
        """Peak of the PSP (mV) per pA of weight: at the peak leak and current balance."""
        neuron.check_psp()
        return neuron.resistance * math.exp(-self.time_to_peak(neuron) / self.tau)


@dataclass(frozen=True)
class AlphaCurrent(Synapse):
    """A synaptic current w·(t/τ)·exp(1 − t/τ), which peaks at its weight w (pA) after τ."""

    tau: float = _tau("time to the peak of the current")

    def time_to_peak(self, neuron: Neuron) -> float:
        """Time from arrival to the peak of the PSP (ms).

        V ∝ ∫₀ᵗ exp(−(t − s)/τm)·s·exp(−s/τs) ds peaks after the current does, where
        1 = (t/τm)·∫₀¹ (1 − z)·exp((t/τs − t/τm)·z) dz.
        """
        b = 1.0 / self.tau - 1.0 / neuron.tau_m

        def slope(t: float) -> float:
            return 1.0 - t / neuron.tau_m * _ramp(b * t)

        top = self.tau
        while slope(top) > 0.0:
            top *= 2.0
        return float(brentq(slope, 0.5 * self.tau, top, xtol=1e-14, rtol=1e-14))

    def psp_per_weight(self, neuron: Neuron) -> float:
        """Peak of the PSP (mV) per pA of weight: at the peak leak and current balance."""
        neuron.check_psp()
        x = self.time_to_peak(neuron) / self.tau
        return neuron.resistance * x * math.exp(1.0 - x)


def _ramp(x: float) -> float:
    """Return ∫₀¹ (1 − z)·exp(x·z) dz, to rounding error for every x."""
    if abs(x) > 0.5:
        return float((exprel(x) - 1.0) / x)
    powers = np.cumprod(np.r_[0.5, x / np.arange(3, 20)])
    return float(powers.sum())
