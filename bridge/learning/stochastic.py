"""Stochastic gradient descent on the mean loss over trials, one by one or in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bridge.learning.descent import Path, Record
from bridge.learning.design import is_sparse
from bridge.utils import kinds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bridge.learning.descent import Descent, Distance, Watcher
    from bridge.learning.objectives import MeanLoss

DECAY = 0.75
"""Power at which the steps shrink: Σ ηₜ has no bound, Σ ηₜ² has one."""


def stochastic_descent(
    objective: MeanLoss,
    start: NDArray,
    *,
    batch_size: int = 1,
    seed: int | np.random.Generator = 0,
    tol: float = 1e-6,
    max_iter: int = 100,
    watch: Watcher | None = None,
    distance: Distance | None = None,
) -> Descent:
    """Minimise by steps against the gradient of a few trials at a time.

    Every epoch goes once through all n trials, in a new random order, b at a time. Step t is
    ηₜ = η₀/(1 + t √b/n)^¾, which meets the conditions Σ ηₜ = ∞, Σ ηₜ² < ∞ of convergence (Robbins &
    Monro 1951, Ann. Math. Stat. 22:400); the larger the batches and so the smaller the noise, the
    more epochs pass before it shrinks. η₀ = 1/L(b) is the step that is safe for such batches
    (expected smoothness, Gower et al. 2019, ICML, prop. 3.8), which goes from the roughest trial's
    for b = 1 to that of gradient descent for b = n:

        L(b) = n (b − 1)/(b (n − 1)) L + (n − b)/(b (n − 1)) max L_k.

    The perceptron criterion takes steps of 1, which is Rosenblatt's rule (1958, Psychol. Rev.
    65:386): it ends by itself where the classes are separable.

    Parameters
    ----------
    objective : MeanLoss
    start : (n,) ndarray
    batch_size : int
        Trials per step.
    seed : int or Generator
        Of the order of the trials.
    tol : float
        Largest component of the gradient over all trials at which to stop, looked at once an epoch.
    max_iter : int
        Most epochs.
    watch : callable, optional
        Is told after each epoch what share of the way is done.
    distance : callable, optional
        Distance of the minimum in standard errors, given a point and its gradient; at most 300 tol
        at the end, too.
    """
    n, rng = objective.n_rows, np.random.default_rng(seed)
    size = min(batch_size, n)
    steps = -(-n // size)
    rate = np.array([1.0 / expected_smoothness(objective, size), 0.0, n / np.sqrt(size), DECAY])
    if objective.loss.kind == kinds.PERCEPTRON:
        rate = np.array([1.0, 0.0, 1.0, 0.0])
    record, path = Record(objective, tol, max_iter, watch, distance), Path()
    theta = np.array(start, dtype=float)
    path.add(0, 0, theta)
    record.keep(theta, *objective.value_and_gradient(theta), 0)
    while not record.is_over:
        epoch = len(record.loss) - 1
        order, taken = rng.permutation(n), 0
        rate[1] = epoch * steps
        while taken < steps:
            # As far as the next point of the path.
            stop = min(steps, taken + path.every - (epoch * steps + taken) % path.every)
            _advance(objective, theta, order, size, taken, stop, rate)
            taken = stop
            path.add(epoch * steps + taken, epoch * n + min(taken * size, n), theta)
        record.keep(theta, *objective.value_and_gradient(theta), (epoch + 1) * n)
    epochs = len(record.loss) - 1
    return record.ended(theta, path.upto(epochs * steps, epochs * n, theta))


def _advance(
    objective: MeanLoss,
    theta: NDArray[np.float64],
    order: NDArray[np.int64],
    size: int,
    first: int,
    last: int,
    rate: NDArray[np.float64],
) -> None:
    """Take some steps of an epoch, changing `theta`."""
    from bridge.learning.kernels import stochastic_dense, stochastic_sparse

    design, loss = objective.design, objective.loss
    trials = (objective.sign, objective.weights, loss.kind, loss.gain, objective.ridge)
    batches = (order, size, first, last, rate, theta, design.intercept)
    if is_sparse(design.matrix):
        matrix = (design.matrix.data, design.matrix.indices, design.matrix.indptr)
        shift = design.mean * design.inverse_scale
        stochastic_sparse(*matrix, shift, design.inverse_scale, *trials, *batches)
    else:
        matrix = (design.matrix, design.mean, design.inverse_scale)
        stochastic_dense(*matrix, *trials, *batches)


def expected_smoothness(objective: MeanLoss, size: int) -> float:
    """L(b) of `stochastic_descent` for batches of `size` trials."""
    design, n = objective.design, objective.n_rows
    every = design.largest_eigenvalue(objective.weights)
    roughest = n * float((objective.weights * design.squared_rows()).max())
    if n > 1:
        share = (n - size) / (size * (n - 1))
        roughest = share * roughest + (1.0 - share) * every
    return objective.loss.bound * roughest + objective.ridge
