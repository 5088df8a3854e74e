"""Compiled block coordinate descent for quadratic functions with group penalties."""

import math

import numpy as np

from neurosim.utils import compilation

compiled = compilation.compiled()


@compiled
def descend(metric, curvatures, size, scale, gradient, penalties, point, tol, max_sweeps):
    """Minimise a quadratic function with the norms of blocks as penalties, from `point`.

    The function is g·d + scale/2 d'Md + Σⱼ penaltyⱼ ‖pointⱼ + dⱼ‖ over blocks of `size`
    coordinates. `curvatures` are upper bounds of the blocks of M; blocks with 0 do not move.

    Returns the minimum, and M d scaled by `scale`.
    """
    found, slope = point.copy(), gradient.copy()
    target, change = np.empty(size), np.empty(size)
    for _ in range(max_sweeps):
        largest = 0.0
        for block in range(len(curvatures)):
            curvature = scale * curvatures[block]
            if curvature == 0.0:
                continue
            first, norm = block * size, 0.0
            for k in range(size):
                target[k] = curvature * found[first + k] - slope[first + k]
                norm += target[k] ** 2
            norm = math.sqrt(norm)
            factor = (1.0 - penalties[block] / norm) / curvature if norm > penalties[block] else 0.0
            moved = 0.0
            for k in range(size):
                change[k] = factor * target[k] - found[first + k]
                moved += change[k] ** 2
            if moved == 0.0:
                continue
            largest = max(largest, moved * curvature)
            for k in range(size):
                # Exactly 0 if the block is 0, without rounding.
                found[first + k] = factor * target[k]
                row, step = metric[first + k], scale * change[k]
                for i in range(len(slope)):
                    slope[i] += step * row[i]
        if largest <= tol * tol:
            break
    return found, slope - gradient
