"""Courses that rise and decay exponentially."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.models.declare import parameter

if TYPE_CHECKING:
    from neurosim.models.neuron import Neuron


def tau(help: str) -> Any:
    """Declare the time constant of a synapse."""
    return parameter(unit="ms", low=0.01, high=1e4, help=help)


def rate_of_rise(tau_rise: float, tau_decay: float) -> float:
    """Return the rate (per ms) at which a course starts to rise if its peak is 1."""
    d = tau_decay / tau_rise - 1.0
    # The time to the peak in units of tau_rise, which is 1 for equal time constants.
    peak = (1.0 + d) * math.log1p(d) / d if d != 0.0 else 1.0
    return math.exp(peak) / tau_decay


def psp_peak(neuron: Neuron, tau_rise: float, tau_decay: float) -> tuple[float, float]:
    """Return time (ms) and size (mV per pA) of the peak of the PSP of a current.

    The current rises and decays exponentially, and has a peak of 1 pA. At the peak of the PSP leak
    and current balance.
    """
    from scipy.linalg import expm  # late: slow to import
    from scipy.optimize import brentq

    resistance, tau_m = neuron.resistance, neuron.tau_m
    # Potential, current, and its rate of rise.
    matrix = np.array(
        [
            [-1.0 / tau_m, resistance / tau_m, 0.0],
            [0.0, -1.0 / tau_decay, 1.0],
            [0.0, 0.0, -1.0 / tau_rise],
        ]
    )
    start = np.array([0.0, 0.0, rate_of_rise(tau_rise, tau_decay)])

    def slope(t: float) -> float:
        v, i, _ = expm(matrix * t) @ start
        return float(resistance * i - v)

    first = last = min(tau_rise, tau_decay)
    while slope(first) <= 0.0:
        first *= 0.5
    while slope(last) > 0.0:
        last *= 2.0
    time = float(brentq(slope, first, last, xtol=1e-13, rtol=1e-13))
    return time, float((expm(matrix * time) @ start)[0])
