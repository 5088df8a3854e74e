"""Tables for drawing Poisson numbers, and the Poisson spikes of past steps."""

import math

import numpy as np

from neurosim.kernels.compiled import kernel
from neurosim.kernels.inputs import draw_by_mean, draw_by_table
from neurosim.kernels.types import BLOCK

_CELLS = 2.0**16


@kernel
def poisson_tables(means):
    """Return tables for drawing Poisson numbers from 16 random bits.

    Each number is assigned as many of the 2¹⁶ equally likely values as its probability yields,
    rounded down. If the bits take one of the few remaining values, the number is drawn again from
    the residual distribution. So most numbers take 16 bits, and all probabilities are exact:
    G. Marsaglia, *Generating discrete random variables in a computer*, Communications of the ACM 6,
    37 (1963).

    Parameters
    ----------
    means : (n,) float64

    Returns
    -------
    rows : (n, 3) int64
        The smallest number to which values are assigned, and the numbers of thresholds and of tail
        entries of each table.
    thresholds : (n_thresholds,) uint16
        Cumulative counts of the values of the smallest number, the next number, and so on. The last
        is repeated to make their number a multiple of four, as the kernel requires.
    tail_cdf : (n_tail,) uint64
        P(N ≤ 0), P(N ≤ 1), … in the residual distribution, as fractions of 2⁶⁴.
    """
    lengths = (means + 12.0 * np.sqrt(means) + 40.0).astype(np.int64)
    rows = np.zeros((means.size, 3), np.int64)
    thresholds = np.empty(lengths.sum() + 4 * means.size, np.uint16)
    tail_cdf = np.empty(lengths.sum(), np.uint64)
    n_thresholds = n_tail = 0
    for k in range(means.size):
        expected = np.empty(lengths[k])
        expected[0] = math.exp(-means[k])
        for n in range(1, expected.size):
            expected[n] = expected[n - 1] * means[k] / n
        expected *= _CELLS / expected.sum()
        counts = np.floor(expected).astype(np.int64)
        if counts.sum() == _CELLS:
            counts[np.argmax(counts)] -= 1
        assigned = np.flatnonzero(counts)
        total = 0
        for n in range(assigned[0], assigned[-1] + 1):
            total += counts[n]
            thresholds[n_thresholds] = total
            n_thresholds += 1
        rows[k, 1] = -(-(assigned[-1] + 1 - assigned[0]) // 4) * 4
        for _ in range(rows[k, 1] - (assigned[-1] + 1 - assigned[0])):
            thresholds[n_thresholds] = total
            n_thresholds += 1
        residual = 0.0
        for n in range(expected.size):
            residual += expected[n] - counts[n]
            if residual / (_CELLS - total) >= 1.0 - 2.0**-53:
                break
            tail_cdf[n_tail] = np.uint64(residual / (_CELLS - total) * 2.0**53) << np.uint64(11)
            n_tail += 1
            rows[k, 2] += 1
        rows[k, 0] = assigned[0]
    return rows, thresholds[:n_thresholds], tail_cdf[:n_tail]


@kernel
def poisson_spikes(values, stride, key, entity, n, first_step, tables, thresholds, tail_cdf, means):
    """Draw the Poisson spikes of n consecutive entities again.

    Parameters
    ----------
    values : (n_steps,) int64
        Table, or mean of the first entity, in each step from `first_step` on; -1 without spikes.
    stride : int
        0 if the values are tables, 1 if they are means.

    Returns
    -------
    steps, entities : (n_spikes,) int64
        Entities are counted from the first.
    """
    steps, found = [np.int64(0) for _ in range(0)], [np.int64(0) for _ in range(0)]
    numbers, bits = np.empty(BLOCK), np.empty(BLOCK, np.uint64)
    cells, counts = bits.view(np.uint16), np.empty(BLOCK, np.uint8)
    for k in range(values.size):
        if values[k] < 0:
            continue
        t = first_step + k
        for a in range(0, n, BLOCK):
            m = min(BLOCK, n - a)
            if stride == 0:
                table = tables[values[k]]
                draw_by_table(
                    numbers[:m], table, thresholds, tail_cdf, key, t, entity + a,
                    bits, cells, counts[:m],
                )  # fmt: skip
            else:
                first = values[k] + a
                draw_by_mean(numbers[:m], key, t, entity + a, means[first : first + m])
            for i in range(m):
                for _ in range(int(numbers[i])):
                    steps.append(t)
                    found.append(a + i)
    return np.array(steps, np.int64), np.array(found, np.int64)
