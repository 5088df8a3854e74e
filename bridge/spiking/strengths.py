"""The synapses with which a neuron does the job of a threshold unit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import neurosim as ns
from bridge.neuron.unit import threshold_gap
from neurosim import NeurosimError

if TYPE_CHECKING:
    from bridge.classics.threshold import ThresholdUnit

TOLERANCE = 1e-9
"""Share of a unit's weights within which sums are not told from its threshold."""


@dataclass(frozen=True)
class Strengths:
    """The synapses of a neuron that does the job of a threshold unit.

    Attributes
    ----------
    psps : tuple of float
        One a source (mV).
    clock : float
        PSP (mV) of a spike from outside that comes in each window; 0 where none is needed.
    veto : float
        PSP (mV) of each source that vetoes, at least as strong as all excitation together.
    margin : float
        By how much the sum of PSPs misses the threshold at least (mV).
    deepest : float
        How far inputs can take the potential below rest or, without a spike, above (mV).
    """

    psps: tuple[float, ...]
    clock: float
    veto: float
    margin: float
    deepest: float


def strengths(unit: ThresholdUnit, neuron: ns.LIF | None = None) -> Strengths:
    """Return the synapses with which a neuron at rest fires if and only if a unit does.

    The threshold of the unit is first moved halfway between the sums of weights on either side of
    it, which changes no answer. With T > 0 a weight w becomes a PSP of gap·w/T, where gap is the
    distance from rest to threshold, else a clock helps.

    Parameters
    ----------
    unit : ThresholdUnit
    neuron : LIF, optional
        The default neuron if not given.

    Raises
    ------
    NeurosimError
        Where a sum of weights comes so near the threshold that rounding would decide.

    Examples
    --------
    >>> from bridge.classics import ThresholdUnit
    >>> strengths(ThresholdUnit.mcculloch_pitts("A & ¬B", (0,), (1,), threshold=1)).psps
    (30.0,)
    """
    gap = threshold_gap(ns.LIF() if neuron is None else neuron)
    silent, firing = unit.reachable
    scale = sum(map(abs, unit.weights)) or 1.0
    if firing - silent < TOLERANCE * scale:
        raise NeurosimError(
            f"unit {unit.name!r}: sums of its weights come within {firing - silent:g} of its "
            f"threshold {unit.threshold:g}; use whole numbers, or move the threshold"
        )
    if math.isinf(silent):  # fires whatever its sources do
        silent = firing - 2.0 * scale
    if math.isinf(firing):
        firing = silent + 2.0 * scale
    threshold, half = 0.5 * (silent + firing), 0.5 * (firing - silent)
    # A threshold far below the weights, or below 0, is reached with the help of a clock.
    per_weight = gap / threshold if threshold > 0.25 * half else 0.5 * gap / half
    clock = gap - per_weight * threshold if threshold <= 0.25 * half else 0.0
    psps = tuple(per_weight * weight for weight in unit.weights)
    excitation = clock + sum(psp for psp in psps if psp > 0.0)
    inhibition = sum(psp for psp in psps if psp < 0.0)
    veto = -max(excitation, gap)
    deepest = max(gap, len(unit.vetoes) * -veto - inhibition)
    return Strengths(psps, clock, veto, per_weight * half, deepest)
