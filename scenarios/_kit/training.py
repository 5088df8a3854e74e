"""Training of layered networks from several initial weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import bridge

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def best_fit(
    networks: Iterable[bridge.LayeredNetwork],
    inputs: ArrayLike,
    targets: ArrayLike,
    **options: Any,
) -> bridge.LayeredNetwork:
    """Train networks with different initial weights, and return the one with the lowest loss.

    Parameters
    ----------
    networks : iterable of LayeredNetwork
    inputs, targets : array_like
        As for `LayeredNetwork.train`.
    **options
        Further arguments of `LayeredNetwork.train`.
    """
    fits = [one.train(inputs, targets, solver=bridge.quasi_newton, **options) for one in networks]
    network, _ = min(fits, key=lambda fit: float(fit[1].loss[-1]))
    return network
