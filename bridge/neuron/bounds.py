"""Where a spiking neuron is its logistic twin, and by how much the twin may be wrong elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bridge.neuron.noise import require_positive
from bridge.neuron.unit import SpikingUnit
from bridge.utils.checks import as_float, as_floats, require_kind
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


NEGLIGIBLE = 0.01
"""mV that a window may leave to the next without anybody's noticing."""


@dataclass(frozen=True)
class Validity:
    """How far the logistic twin can be trusted for inputs used in a certain way.

    Attributes
    ----------
    link_error : float
        Largest difference in probability that the shape of the noise makes.
    lowest, highest : float
        Least and greatest potential above rest that the inputs reach (mV).
    carry_over : float
        What is left of it and of earlier windows, at most, when the next one begins (mV).
    lost_to_jitter : float
        What of it has leaked, at most, when the last input arrives (mV).
    error : float
        Bound of the difference in probability between neuron and twin, all three together.
    rest : float
        Window (ms) after which no more than 0.01 mV is left and the neuron is not refractory.
    tolerated_jitter : float
        Spread of arrivals (ms) that costs less than 0.01 in probability.
    """

    link_error: float
    lowest: float
    highest: float
    carry_over: float
    lost_to_jitter: float
    error: float
    rest: float
    tolerated_jitter: float


def validity(
    unit: SpikingUnit, activity: ArrayLike, *, window: float = math.inf, jitter: float = 0.0
) -> Validity:
    """Return within what bounds the logistic twin of a neuron describes it.

    The steepest slope of the link turns millivolts that the twin does not know of into probability.
    Carried over from the windows before, without end, is at most what decays of the highest
    potential; lost to jitter is at most what leaks of the potential between the first arrival and
    the last, where the decision falls after that.

    Parameters
    ----------
    unit : SpikingUnit
    activity : (n_trials, n) array_like
        Spikes of each synapse, as they will be used.
    window : float
        From one window to the next (ms); infinite for trials that stand alone.
    jitter : float
        From the first arrival of a window to the last (ms).

    Returns
    -------
    Validity

    Raises
    ------
    NeurosimError
        For a window that is not positive, a negative jitter, or jitter longer than the window.
    """
    require_kind(unit, SpikingUnit, "unit", "SpikingUnit")
    if as_float(window, "window") != math.inf:
        require_positive("window", window, "ms")
    if not (math.isfinite(as_float(jitter, "jitter")) and 0.0 <= jitter <= window):
        raise NeurosimError(
            f"jitter = {jitter:g} ms is outside 0 to the window of {window:g} ms: inputs of one "
            "window arrive within it"
        )
    driven = unit.potential(activity) - unit.lift
    size = float(np.abs(as_floats(activity, "activity") * unit.psps).sum(axis=-1).max())
    tau, slope = unit.neuron.tau_m, steepest(unit)
    # So much of the last window, its square of the one before, and so on.
    left = math.exp(-window / tau)
    carry_over = float(np.abs(driven).max()) * left / (1.0 - left)
    lost = -size * math.expm1(-jitter / tau)
    rest = tau * math.log(max(float(np.abs(driven).max()) / NEGLIGIBLE, 1.0))
    harmless = 1.0 - min(0.01 / (slope * size), 1.0) if size else 0.0
    return Validity(
        link_error=unit.noise.logistic_error,
        lowest=float(driven.min()) + unit.lift,
        highest=float(driven.max()) + unit.lift,
        carry_over=carry_over,
        lost_to_jitter=lost,
        error=min(1.0, unit.noise.logistic_error + slope * (carry_over + lost)),
        rest=max(rest, unit.neuron.t_ref),
        tolerated_jitter=-tau * math.log(harmless) if harmless else math.inf,
    )


def steepest(unit: SpikingUnit) -> float:
    """Return the steepest slope of a neuron's link (probability per mV)."""
    excess = unit.noise.shift + np.linspace(-8.0, 8.0, 1601) / unit.noise.beta
    return float(np.max(np.diff(unit.noise.firing_probability(excess)) / np.diff(excess)))
