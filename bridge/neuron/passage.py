"""First passage of an Ornstein–Uhlenbeck process over a moving barrier, looked at once a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import sici

if TYPE_CHECKING:
    from numpy.typing import NDArray

REACH = 7.5
"""Standard deviations beyond which the process is taken never to be."""
NODES_PER_STEP = 2.0
"""Nodes of the density for each standard deviation that the process moves in a step."""


def first_passage_probability(barrier: NDArray[np.float64], kept: float) -> NDArray[np.float64]:
    """Return the probability that the process is found above its barrier.

    The process yₖ₊₁ = kept·yₖ + √(1 − kept²)·ξ starts from its stationary law, of variance 1. The
    density of what has stayed below is carried from step to step by its transition kernel. It is
    held at equally spaced nodes, which determine such a smooth function to rounding error, and is
    integrated up to the barrier as the series of sinc functions through them: ∫ sinc is Si.

    Parameters
    ----------
    barrier : (n, n_steps) ndarray
        In stationary standard deviations, for each of n cases at each step.
    kept : float
        Autocorrelation over a step, 0 < kept < 1.

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
        share = 0.5 + sici(np.pi * (position - nodes) / width)[0] / np.pi
        below = np.where(position < -REACH, 0.0, density * width * share)
    return 1.0 - below.sum(axis=1)
