"""First passage of an Ornstein–Uhlenbeck process in discrete time.

The barrier may move.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import sici

# Range of the density in standard deviations; beyond it the density is taken to be 0.
REACH = 7.5
# Nodes of the density per standard deviation of the change in one step.
NODES_PER_STEP = 2.0


def first_passage_probability(barrier: NDArray[np.float64], kept: float) -> NDArray[np.float64]:
    """Return the probability that the process exceeds its barrier in any step.

    The process yₖ₊₁ = kept·yₖ + √(1 − kept²)·ξ starts from its stationary distribution, which has
    variance 1. The density of the trajectories below the barrier is propagated by the transition
    kernel. It is stored at equally spaced nodes and integrated up to the barrier as a series of
    sinc functions, whose integral is Si.

    Parameters
    ----------
    barrier : (n, n_steps) ndarray
        Barrier of each of n cases at each step, in stationary standard deviations.
    kept : float
        Autocorrelation over one step, 0 < kept < 1.

    Returns
    -------
    (n,) ndarray
        Accurate to 1e-9.
    """
    moved = np.sqrt(1.0 - kept**2)
    width = moved / NODES_PER_STEP
    nodes = np.arange(-REACH, REACH + width, width)
    normal = np.sqrt(2.0 * np.pi)
    step = np.exp(-0.5 * ((nodes[:, None] - kept * nodes) / moved) ** 2) / (moved * normal)
    density = np.exp(-0.5 * nodes**2)[None, :] / normal
    below = np.zeros((len(barrier), len(nodes)))
    for k in range(barrier.shape[1]):
        if k:
            density = below @ step.T
        position = barrier[:, k, None]
        fraction = 0.5 + sici(np.pi * (position - nodes) / width)[0] / np.pi
        below = np.where(position < -REACH, 0.0, density * width * fraction)
    return 1.0 - below.sum(axis=1)
