"""Weights: how the kernels make them, and which of them a whole row has in common."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from neurosim.kernels import random_rows as c
from neurosim.models import LogNormal, Normal, Uniform
from neurosim.models.column import is_per_edge
from neurosim.models.quantity import is_distribution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neurosim.network import Projection

WORTH_SORTING = 16
"""Synapses with the same source, delay and weight from which on it pays to keep the weight once:
with fewer the time goes to finding them."""

KINDS = {Uniform: c.UNIFORM, Normal: c.NORMAL, LogNormal: c.LOG_NORMAL}
"""Kind of weights for each distribution."""


def is_listed(projection: Projection) -> bool:
    """Whether a projection's synapses are listed one by one."""
    return projection.rule.rows == "listed"


def weight_array(projection: Projection) -> NDArray[np.float64]:
    """Return a projection's strengths where each synapse was given its own and none is listed."""
    if isinstance(projection.weight, np.ndarray) and not is_listed(projection):
        return projection.weight.ravel()
    return np.empty(0)


def weight_fields(projection: Projection) -> dict[str, float]:
    """Return the fields of a RULE that describe the weights of a projection."""
    weight = projection.weight
    if is_per_edge(weight) or isinstance(weight, np.ndarray):
        return {"weight_kind": c.ARRAY}
    if not is_distribution(weight):
        return {"weight_kind": c.CONSTANT, "weight_a": float(weight)}
    low, high = weight.quantiles()
    kind, (a, b) = KINDS[type(weight)], weight.location_scale
    return {
        "weight_kind": kind,
        "weight_a": a,
        "weight_b": b,
        "weight_low": low,
        "weight_high": high,
        "weight_sign": float(np.sign(weight.mean)) if kind == c.LOG_NORMAL else 1.0,
    }


@dataclass(frozen=True, eq=False)
class CommonWeights:
    """Weights that all synapses of a row draw from.

    Attributes
    ----------
    values : (n_populations, n_common) ndarray of float64
        Those of the rows from each population.
    places : (n_projections,) ndarray of int64
        Which of them each projection has.
    """

    values: NDArray[np.float64]
    places: NDArray[np.int64]

    @property
    def width(self) -> int:
        """Number of weights that a row draws from."""
        return self.values.shape[1]


def common_weights(
    projections: Sequence[Projection],
    first_rule: NDArray[np.int64],
    segments: int,
    synapses: float,
) -> CommonWeights | None:
    """Return the weights that rows have in common, or None where each synapse carries its own.

    What is added to a neuron is added in the same order either way, and so to the same bits: by
    delay, then by projection. Therefore a weight that comes back after another one counts anew.

    Parameters
    ----------
    projections : sequence of Projection
        Ordered by source.
    first_rule : (n_populations + 1,) ndarray of int64
        First projection from each population.
    segments : int
        Number of rows times number of delays.
    synapses : float
        Expected number in the whole network: the number of threads must change nothing.
    """
    fields = [weight_fields(p) for p in projections]
    if not fields or any(own["weight_kind"] != c.CONSTANT for own in fields):
        return None
    places = np.zeros(len(projections), np.int64)
    rows: list[list[float]] = []
    for first, last in pairwise(first_rule):
        own: list[float] = []
        for p in range(first, last):
            weight = fields[p]["weight_a"]
            if not own or own[-1] != weight:
                own.append(weight)
            places[p] = len(own) - 1
        rows.append(own)
    width = max(map(len, rows))
    if synapses < WORTH_SORTING * segments * width:
        return None
    values = np.array([own + [0.0] * (width - len(own)) for own in rows])
    return CommonWeights(values, places)
