"""Courses that rise and decay exponentially."""

from __future__ import annotations

import math
from typing import Any

from neurosim.models.declare import parameter


def tau(help: str) -> Any:
    """Declare the time constant of a synapse."""
    return parameter(unit="ms", low=0.01, high=1e4, help=help)


def rate_of_rise(tau_rise: float, tau_decay: float) -> float:
    """Return the rate (per ms) at which a course starts to rise if its peak is 1."""
    d = tau_decay / tau_rise - 1.0
    # The time to the peak in units of tau_rise, which is 1 for equal time constants.
    peak = (1.0 + d) * math.log1p(d) / d if d != 0.0 else 1.0
    return math.exp(peak) / tau_decay
