"""Which signals the layers of a network see."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from neurosim import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.networks.layer import Layer

Sources = tuple[tuple[int, ...], ...]


def chain(layers: Sequence[Layer]) -> Sources:
    """Return the sources of layers of which each sees the one before."""
    for number, (layer, after) in enumerate(pairwise(layers), start=1):
        if len(layer.bias) != after.weights.shape[1]:
            raise NeurosimError(
                f"layer {number} has {len(layer.bias)} units and layer {number + 1} "
                f"{after.weights.shape[1]} inputs: the numbers must be equal"
            )
    widths = [layers[0].weights.shape[1], *(len(layer.bias) for layer in layers)]
    starts = np.cumsum([0, *widths])
    return tuple(tuple(range(start, end)) for start, end in pairwise(starts[:-1].tolist()))


def check_sources(layers: Sequence[Layer], sources: Sources, own: Sequence[slice]) -> None:
    """Refuse sources that do not fit the layers, whose outputs are the signals `own`."""
    if len(sources) != len(layers):
        raise NeurosimError(
            f"{len(layers)} layers and {len(sources)} sources: give each layer the numbers of the "
            "signals that it sees"
        )
    for number, (layer, seen, place) in enumerate(zip(layers, sources, own, strict=True), start=1):
        if len(seen) != layer.weights.shape[1] or len(set(seen)) != len(seen):
            raise NeurosimError(
                f"layer {number} has {layer.weights.shape[1]} inputs and sees {len(set(seen))} "
                "signals: the numbers must be equal"
            )
        if not all(0 <= signal < place.start for signal in seen):
            raise NeurosimError(
                f"layer {number} sees the signals {list(seen)}: only those below {place.start} "
                "come before it, and a network has no loops"
            )
