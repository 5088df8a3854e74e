"""Tables for drawing Poisson numbers, and the Poisson spikes of past steps."""

import math
from typing import Any

import numpy as np

from neurosim.kernels.compiled import kernel
from neurosim.kernels.inputs import draw_by_mean, draw_by_table
from neurosim.kernels.types import BLOCK

_CELLS = 2.0**16
MAX_DRAWN = 2**22
"""Largest number of Poisson numbers that are drawn again at once."""


@kernel
def fill_poisson_tables(means, expected, rows, thresholds, tail_cdf):
    """Write tables for drawing Poisson numbers from 16 random bits.

    Each number is assigned as many of the 2¹⁶ equally likely values as its probability yields,
    rounded down. If the bits take one of the few remaining values, the number is drawn again from
    the residual distribution. So most numbers take 16 bits, and all probabilities are exact:
    G. Marsaglia, *Generating discrete random variables in a computer*, Communications of the ACM 6,
    37 (1963).

    Parameters
    ----------
    means : (n,) float64
    expected : (n_numbers,) float64
        Scratch, for all numbers of the largest mean whose probability is not negligible.
    rows : (n, 3) int64
        The smallest number to which values are assigned, and the numbers of thresholds and of tail
        entries of each table.
    thresholds : (capacity,) uint16
        Cumulative counts of the values of the smallest number, the next number, and so on. The last
        is repeated to make their number a multiple of four, as the kernel requires.
    tail_cdf : (capacity,) uint64
        P(N ≤ 0), P(N ≤ 1), … in the residual distribution, as fractions of 2⁶⁴.

    Returns
    -------
    n_thresholds, n_tail : int
    """
    n_thresholds = n_tail = 0
    for k in range(means.size):
        mode, total = 0, 0
        probability, sum_ = math.exp(-means[k]), 0.0
        for n in range(expected.size):
            expected[n] = probability
            sum_ += probability
            mode = n if probability > expected[mode] else mode
            probability *= means[k] / (n + 1)
        for n in range(expected.size):
            expected[n] *= _CELLS / sum_
            total += int(expected[n])
        spared = int(total == _CELLS)  # from the most likely number, so that there is a residual
        least, first, assigned, residual = -1, n_thresholds, 0, 0.0
        rest, ended = _CELLS - total + spared, False
        for n in range(expected.size):
            count = int(expected[n]) - (spared if n == mode else 0)
            assigned += count
            least = n if least < 0 < count else least
            residual += expected[n] - count
            if least >= 0 and (count or assigned < total - spared):
                thresholds[n_thresholds] = assigned
                n_thresholds += 1
            ended |= residual / rest >= 1.0 - 2.0**-53
            if not ended:
                tail_cdf[n_tail] = np.uint64(residual / rest * 2.0**53) << np.uint64(11)
                n_tail += 1
                rows[k, 2] += 1
        while (n_thresholds - first) % 4:
            thresholds[n_thresholds] = assigned
            n_thresholds += 1
        rows[k, 0], rows[k, 1] = least, n_thresholds - first
    return n_thresholds, n_tail


def poisson_tables(means: Any) -> tuple[Any, Any, Any]:
    """Return `rows`, `thresholds` and `tail_cdf` of `fill_poisson_tables` for some means."""
    highest = means.max(initial=0.0)
    expected = np.empty(int(highest + 12.0 * math.sqrt(highest) + 40.0))
    capacity = means.size * (expected.size + 4)
    thresholds, tail_cdf = np.empty(capacity, np.uint16), np.empty(capacity, np.uint64)
    rows = np.zeros((means.size, 3), np.int64)
    n_thresholds, n_tail = fill_poisson_tables(means, expected, rows, thresholds, tail_cdf)
    return rows, thresholds[:n_thresholds], tail_cdf[:n_tail]


@kernel
def _draw_again(drawn, values, stride, key, entity, t, tables, thresholds, tail_cdf, means):
    """Draw the Poisson numbers of steps from t on, (n_steps, n_entities)."""
    numbers, bits = np.empty(BLOCK), np.empty(BLOCK, np.uint64)
    cells, counts = bits.view(np.uint16), np.empty(BLOCK, np.uint8)
    for k in range(drawn.shape[0]):
        for a in range(0, drawn.shape[1] if values[k] >= 0 else 0, BLOCK):
            m = min(BLOCK, drawn.shape[1] - a)
            if stride == 0:
                draw_by_table(
                    numbers[:m], tables[values[k]], thresholds, tail_cdf, key, t + k, entity + a,
                    bits, cells, counts[:m],
                )  # fmt: skip
            else:
                first = values[k] + a
                draw_by_mean(numbers[:m], key, t + k, entity + a, means[first : first + m])
            for i in range(m):
                drawn[k, a + i] = int(numbers[i])


def poisson_spikes(
    values: Any, stride: int, key: Any, entity: int, n: int, first_step: int, *tables: Any
) -> tuple[Any, Any]:
    """Draw the Poisson spikes of n consecutive entities again.

    Parameters
    ----------
    values : (n_steps,) int64
        Table, or mean of the first entity, in each step from `first_step` on; -1 without spikes.
    stride : int
        0 if the values are tables, 1 if they are means.
    key : uint64
        Of the random stream.
    entity : int
        Number of the first entity in the random stream.
    *tables : ndarray
        `poisson_tables`, `thresholds`, `tail_cdf` and `means` of `Inputs`.

    Returns
    -------
    steps, entities : (n_spikes,) int64
        Entities are counted from the first.
    """
    found = [(np.empty(0, np.int64),) * 2]
    some = max(MAX_DRAWN // n, 1)
    for k in range(0, values.size, some):
        chosen = values[k : k + some]
        drawn = np.zeros((chosen.size, n), np.int32)
        _draw_again(drawn, chosen, stride, key, entity, first_step + k, *tables)
        rows, columns = np.nonzero(drawn)
        counts = drawn[rows, columns]
        found.append((np.repeat(first_step + k + rows, counts), np.repeat(columns, counts)))
    steps, entities = zip(*found, strict=True)
    return np.concatenate(steps), np.concatenate(entities)
