"""Dale's law: the synapses of a neuron are all excitatory or all inhibitory."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.column import PerEdge, is_per_edge
from neurosim.models.quantity import is_distribution

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from neurosim.models.distributions import Distribution
    from neurosim.models.synapses import Synapse
    from neurosim.network.parts import Population, Projection

    Weight = float | NDArray[np.float64] | Distribution | PerEdge

NOTICEABLE = 0.025
"""Fraction of a distribution that may be truncated at 0 without a warning."""

EFFECT = {1: "excite", -1: "inhibit"}


def sign_of(weight: Weight) -> int | None:
    """Return +1, −1, 0 if all strengths are 0, or None if both signs occur.

    Also None for strengths in a file, which is read when the network is built.
    """
    if is_per_edge(weight):
        return None
    if is_distribution(weight):
        return 0 if weight.extent == (0.0, 0.0) else weight.sign or None
    positive, negative = bool(np.any(np.asarray(weight) > 0)), bool(np.any(np.asarray(weight) < 0))
    return None if positive and negative else int(positive) - int(negative)


def keep_sign(weight: Weight, given: object, name: str) -> Weight:
    """Truncate a distribution at 0, on the side of its mean.

    Parameters
    ----------
    weight : float, ndarray, distribution or Column
        In the synapse's unit.
    given : object
        The strength given by the user, for messages.
    name : str
        "psp" or "weight".

    Raises
    ------
    NeurosimError
        If almost no values are on that side.
    """
    if not is_distribution(weight) or weight.sign != 0 or weight.mean == 0.0:
        return weight
    half = (0.0, math.inf) if weight.mean > 0.0 else (-math.inf, 0.0)
    try:
        return weight.truncated(*half)
    except NeurosimError:
        raise NeurosimError(
            f"{name} = {given} has almost no values with the sign of its mean, which Dale's law "
            "requires: change its bounds, or add the source population with dale=False"
        ) from None


def warn_of_truncation(weight: Weight, given: object, name: str, source: str) -> None:
    """Warn if truncation at 0 changes a distribution noticeably.

    Parameters
    ----------
    weight : float, ndarray, distribution or Column
        Before truncation.
    given : object
        The strength given by the user, for messages.
    name : str
        "psp" or "weight".
    source : str
        Name of the source population.
    """
    if not is_distribution(weight) or weight.sign or not weight.mean:
        return
    below, above = weight.quantiles()
    at_zero = (weight.cdf(0.0) - below) / (above - below)
    lost = at_zero if weight.mean > 0.0 else 1.0 - at_zero
    if lost > NOTICEABLE:
        warnings.warn(
            f"{name} = {given}: {lost:.0%} of the distribution is truncated at 0, because "
            f"{source!r} obeys Dale's law, so the mean strength is larger than given; reduce the "
            "spread, or add the population with dale=False",
            stacklevel=3,
        )


def effect_of(projection: Projection, weight: Weight | None = None) -> int | None:
    """Return +1 if all synapses excite, −1 if all inhibit, 0 if neither, None if both.

    Parameters
    ----------
    projection : Projection
    weight : float, ndarray, distribution or Column, optional
        Replaces the weight of the projection.
    """
    if projection.synapse.couples:
        return 0
    sign = sign_of(projection.weight if weight is None else weight)
    return None if sign is None else sign * projection.effect


def common_effect(effects: Iterable[int | None]) -> int:
    """Return +1 if all synapses excite, −1 if all inhibit, else 0."""
    signs = set(effects) - {0}
    return (signs.pop() or 0) if len(signs) == 1 else 0


def check_dale(
    source: Population,
    target: Population,
    weight: Weight,
    synapse: Synapse,
    others: Iterable[Projection],
) -> None:
    """Raise an error if synapses from one population have both signs.

    Strengths of 0 are ignored.

    Parameters
    ----------
    source, target : Population
    weight : float, ndarray, distribution or Column
        Strength of the new projection from `source` to `target`.
    synapse : Synapse
    others : iterable of Projection
        Existing projections.

    Raises
    ------
    NeurosimError
    """
    sign = sign_of(weight)
    if is_per_edge(weight):
        return  # checked when the file is read
    if sign is None:
        raise NeurosimError(
            f"The synapses from {source.name!r} to {target.name!r} have both signs, against "
            "Dale's law: split the population, or add it with dale=False"
        )
    sign *= synapse.effect_on(target.neuron)
    for other in others:
        before = effect_of(other) if other.source is source else 0
        if sign and before and before != sign:
            raise NeurosimError(
                f"The synapses from {source.name!r} to {target.name!r} would {EFFECT[sign]}, "
                f"those to {other.target.name!r} {EFFECT[before]}, against Dale's law: "
                "split the population, or add it with dale=False"
            )
