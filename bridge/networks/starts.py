"""Training from several initial weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from numpy.typing import ArrayLike

from bridge.learning.optimizers import OptimizeResult, Solver, quasi_newton
from bridge.networks.network import LayeredNetwork
from bridge.utils.checks import require_type
from neurosim import NeurosimError


def train_best(
    networks: Iterable[LayeredNetwork],
    inputs: ArrayLike,
    targets: ArrayLike,
    *,
    solver: Solver = quasi_newton,
    **options: Any,
) -> tuple[LayeredNetwork, OptimizeResult]:
    """Train networks with different initial weights, and return the one with the lowest loss.

    The loss of a network with hidden layers has local minima, so one training can fail.

    Parameters
    ----------
    networks : iterable of LayeredNetwork
    inputs, targets : array_like
        As for `LayeredNetwork.train`.
    solver : callable
    **options
        Further keywords of `LayeredNetwork.train`.

    Returns
    -------
    network : LayeredNetwork
    result : OptimizeResult
        Of this network.

    Examples
    --------
    XOR with two hidden units, which about half of the initial weights learn:

    >>> from bridge import LayeredNetwork
    >>> from bridge.networks import train_best
    >>> inputs, targets = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> starts = [LayeredNetwork.random([2, 2, 1], ["sigmoid"] * 2, seed) for seed in range(5)]
    >>> network, _ = train_best(starts, inputs, targets)
    >>> network([[0, 1], [1, 1]]).round(2).ravel().tolist()
    [1.0, 0.0]
    """
    require_type(networks, Iterable, "networks", "a list of LayeredNetworks")
    fits = []
    for one in networks:
        require_type(one, LayeredNetwork, "network", "a LayeredNetwork")
        fits.append(one.train(inputs, targets, solver=solver, **options))
    if not fits:
        raise NeurosimError("there is no network to train: give at least one")
    return min(fits, key=lambda fit: float(fit[1].loss[-1]))
