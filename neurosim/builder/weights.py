"""Weights of projections, and weights that the synapses of a row share."""

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
"""Number of synapses with the same source, delay and weight above which the weight is stored once.
With fewer synapses, looking up the segments would take longer."""

KINDS = {Uniform: c.UNIFORM, Normal: c.NORMAL, LogNormal: c.LOG_NORMAL}
"""Kind of weights for each distribution."""


def is_listed(projection: Projection) -> bool:
    """Whether the synapses of a projection are listed one by one."""
    return projection.rule.rows == "listed"


def weight_array(projection: Projection) -> NDArray[np.float64]:
    """Return the weights of a projection with a weight matrix, else an empty array."""
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
    """Weights that are shared by all synapses of a row.

    Attributes
    ----------
    values : (n_populations, n_common) ndarray of float64
        Weights of the rows whose sources are in each population.
    index : (n_projections,) ndarray of int64
        Column in `values` of each projection.
    """

    values: NDArray[np.float64]
    index: NDArray[np.int64]

    @property
    def width(self) -> int:
        """Number of weights of a row."""
        return self.values.shape[1]


def common_weights(
    projections: Sequence[Projection],
    first_rule: NDArray[np.int64],
    segments: int,
    synapses: float,
) -> CommonWeights | None:
    """Return the weights that rows share, or None if weights are stored per synapse.

    Input is added to a neuron in the same order either way, by delay, then by projection, and gives
    the same bits. Therefore a weight that recurs after another one gets another column.

    Parameters
    ----------
    projections : sequence of Projection
        Ordered by source.
    first_rule : (n_populations + 1,) ndarray of int64
        First projection from each population.
    segments : int
        Number of rows times number of delays.
    synapses : float
        Expected number in the whole network, so that the result is the same for any threads.
    """
    fields = [weight_fields(p) for p in projections]
    if not fields or any(one["weight_kind"] != c.CONSTANT for one in fields):
        return None
    index = np.zeros(len(projections), np.int64)
    rows: list[list[float]] = []
    for first, last in pairwise(first_rule):
        row: list[float] = []
        for p in range(first, last):
            weight = fields[p]["weight_a"]
            if not row or row[-1] != weight:
                row.append(weight)
            index[p] = len(row) - 1
        rows.append(row)
    width = max(map(len, rows))
    if synapses < WORTH_SORTING * segments * width:
        return None
    values = np.array([row + [0.0] * (width - len(row)) for row in rows])
    return CommonWeights(values, index)
