"""Bounds on the error of the logistic neuron that approximates a spiking neuron."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bridge.neuron.unit import SpikingUnit
from bridge.utils.checks import as_float, as_floats, positive, require_type
from bridge.utils.renamed import old_attributes
from neurosim import NeurosimError

# Potential (mV) that may be carried over to the next window.
NEGLIGIBLE = 0.01


@old_attributes(rest="recovery_time")
@dataclass(frozen=True)
class Validity:
    """Error of the equivalent logistic neuron for a given use of the inputs.

    Attributes
    ----------
    link_error : float
        Largest difference in probability due to the shape of the noise.
    lowest, highest : float
        Smallest and largest potential above rest that the inputs reach (mV).
    carry_over : float
        Largest potential left from earlier windows when a window starts (mV).
    lost_to_jitter : float
        Largest part of the potential that leaks before the last input arrives (mV).
    error : float
        Bound on the difference in probability between spiking and logistic neuron.
    recovery_time : float
        Window (ms) after which at most 0.01 mV remains and the neuron is not refractory.
    tolerated_jitter : float
        Spread of arrival times (ms) that changes the probability by less than 0.01.

    Examples
    --------
    >>> import neurosim as ns
    >>> from bridge import GaussianNoise, SpikingUnit, validity
    >>> unit = SpikingUnit(ns.LIF(), [10.0, 3.0], GaussianNoise(3.0))
    >>> bounds = validity(unit, [[1, 0], [1, 1]])
    >>> bounds.lowest, bounds.highest
    (10.0, 13.0)
    """

    link_error: float
    lowest: float
    highest: float
    carry_over: float
    lost_to_jitter: float
    error: float
    recovery_time: float
    tolerated_jitter: float


def validity(
    unit: SpikingUnit, activity: ArrayLike, *, window: float = math.inf, jitter: float = 0.0
) -> Validity:
    """Return bounds on the error of the equivalent logistic neuron.

    Deviations in mV are converted to probability by the steepest slope of the link function. The
    potential carried over from all earlier windows is at most the decayed part of the largest
    potential. The potential lost to jitter is at most the part that leaks between the first and the
    last arrival, if the neuron decides at the last one.

    Parameters
    ----------
    unit : SpikingUnit
    activity : (n_trials, n) array_like
        Typical spike counts of each synapse.
    window : float
        Interval between windows (ms); infinite for independent trials.
    jitter : float
        Time from the first to the last arrival in a window (ms).

    Returns
    -------
    Validity

    Raises
    ------
    NeurosimError
        If the window is not positive, or the jitter is negative or longer than the window.

    Examples
    --------
    >>> import neurosim as ns
    >>> from bridge import GaussianNoise, SpikingUnit, validity
    >>> unit = SpikingUnit(ns.LIF(), [10.0, 3.0], GaussianNoise(3.0))
    >>> bounds = validity(unit, [[1, 0], [1, 1]], window=50.0, jitter=2.0)
    >>> round(bounds.carry_over, 2), round(bounds.lost_to_jitter, 2)
    (1.16, 1.24)
    """
    require_type(unit, SpikingUnit, "unit", "a SpikingUnit")
    if as_float(window, "window") != math.inf:
        positive(window, "window", "ms")
    if not (math.isfinite(as_float(jitter, "jitter")) and 0.0 <= jitter <= window):
        raise NeurosimError(
            f"jitter = {jitter:g} ms is outside 0 to {window:g} ms: inputs must arrive within the "
            "window"
        )
    driven = unit.potential(activity) - unit.current_depolarisation
    size = float(np.abs(as_floats(activity, "activity") * unit.psps).sum(axis=-1).max())
    largest = float(np.abs(driven).max())
    tau, slope, link_error = unit.neuron.tau_m, steepest(unit), unit.noise.logistic_error
    # Geometric series over all earlier windows.
    left = math.exp(-window / tau)
    carry_over = largest * left / (1.0 - left)
    lost = -size * math.expm1(-jitter / tau)
    recovery = tau * math.log(max(largest / NEGLIGIBLE, 1.0))
    kept = 1.0 - min(0.01 / (slope * size), 1.0) if size else 0.0
    return Validity(
        link_error=link_error,
        lowest=float(driven.min()) + unit.current_depolarisation,
        highest=float(driven.max()) + unit.current_depolarisation,
        carry_over=carry_over,
        lost_to_jitter=lost,
        error=min(1.0, link_error + slope * (carry_over + lost)),
        recovery_time=max(recovery, unit.neuron.t_ref),
        tolerated_jitter=-tau * math.log(kept) if kept else math.inf,
    )


def steepest(unit: SpikingUnit) -> float:
    """Return the steepest slope of a neuron's link function (probability per mV)."""
    excess = unit.noise.bias + np.linspace(-8.0, 8.0, 1601) / unit.noise.beta
    return float(np.max(np.diff(unit.noise.firing_probability(excess)) / np.diff(excess)))
