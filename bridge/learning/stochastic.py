"""Stochastic gradient descent on the mean loss over trials."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bridge.learning import loss_kinds
from bridge.learning.design import is_sparse
from bridge.learning.objectives import MeanLoss
from bridge.learning.optimizers import Callback, Distance, History, OptimizeResult
from neurosim.utils.renamed import with_old_argument

# Exponent of the step size: Σ ηₜ diverges, Σ ηₜ² converges.
DECAY = 0.75


@with_old_argument("watch", "callback")
def stochastic_descent(
    objective: MeanLoss,
    start: NDArray,
    *,
    batch_size: int = 1,
    seed: int | np.random.Generator = 0,
    tol: float = 1e-6,
    max_iter: int = 100,
    callback: Callback | None = None,
    distance: Distance | None = None,
) -> OptimizeResult:
    """Minimise by gradient steps on batches of trials.

    Every epoch visits all n trials once, in a new random order, b at a time. The size of step t is
    ηₜ = η₀/(1 + t √b/n)^¾, which satisfies the conditions Σ ηₜ = ∞, Σ ηₜ² < ∞ of convergence
    (Robbins & Monro 1951, Ann. Math. Stat. 22:400). Larger batches are less noisy, and their steps
    shrink after more epochs. η₀ = 1/L(b) is the largest safe step for such batches (expected
    smoothness, Gower et al. 2019, ICML, prop. 3.8):

        L(b) = n (b − 1)/(b (n − 1)) L + (n − b)/(b (n − 1)) max L_k.

    The perceptron criterion uses steps of 1, which is Rosenblatt's rule (1958, Psychol. Rev.
    65:386) and stops by itself if the classes are separable.

    Parameters
    ----------
    objective : MeanLoss
    start : (n,) ndarray
    batch_size : int
        Trials per step.
    seed : int or Generator
        Seed of the order of the trials.
    tol : float
        Largest component of the gradient over all trials at which to stop, tested once per epoch.
    max_iter : int
        Maximum number of epochs.
    callback : callable, optional
        Called after each epoch with the progress, 0 to 1.
    distance : callable, optional
        Distance from the minimum in standard errors, given a point and its gradient; must also be
        at most 300 tol.

    Examples
    --------
    `LogisticNeuron` uses this optimiser with ``solver="stochastic"``:

    >>> import numpy as np
    >>> from bridge import LogisticNeuron
    >>> rng = np.random.default_rng(1)
    >>> X = rng.normal(size=(500, 2))
    >>> fired = rng.random(500) < 1.0 / (1.0 + np.exp(-X[:, 0]))
    >>> neuron = LogisticNeuron(solver="stochastic", batch_size=32, tol=1e-3).fit(X, fired)
    >>> neuron.converged_
    True
    """
    n, rng = objective.n_rows, np.random.default_rng(seed)
    size = min(batch_size, n)
    steps = -(-n // size)
    rate = np.array([1.0 / expected_smoothness(objective, size), 0.0, n / np.sqrt(size), DECAY])
    if objective.loss.kind == loss_kinds.PERCEPTRON:
        rate = np.array([1.0, 0.0, 1.0, 0.0])
    history = History(objective, tol, max_iter, callback, distance)
    theta = np.array(start, dtype=float)
    history.append_point(0, 0, theta)
    history.append_values(*objective.value_and_gradient(theta))
    while not history.is_over:
        epoch, order, done = len(history.loss) - 1, rng.permutation(n), 0
        rate[1] = epoch * steps
        while done < steps:
            # Advance to the next stored point of the trajectory.
            every = history.thinning
            stop = min(steps, done + every - (epoch * steps + done) % every)
            _advance(objective, theta, order, size, done, stop, rate)
            done = stop
            history.append_point(epoch * steps + done, epoch * n + min(done * size, n), theta)
        history.append_values(*objective.value_and_gradient(theta))
    return history.result()


def _advance(
    objective: MeanLoss,
    theta: NDArray[np.float64],
    order: NDArray[np.int64],
    size: int,
    first: int,
    last: int,
    rate: NDArray[np.float64],
) -> None:
    """Take the steps `first` to `last` of an epoch, changing `theta` in place."""
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
    """Return L(b) of `stochastic_descent` for batches of `size` trials."""
    design, n = objective.design, objective.n_rows
    largest = n * float((objective.weights * design.squared_rows).max())
    if n > 1:
        fraction = (n - size) / (size * (n - 1))
        mean = design.largest_eigenvalue(objective.weights)
        largest = fraction * largest + (1.0 - fraction) * mean
    return objective.loss.bound * largest + objective.ridge
