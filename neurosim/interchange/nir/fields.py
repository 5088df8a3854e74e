"""Read numbers from the nodes of a NIR graph."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurosim.interchange.nir.units import Units


class SynapseBudget:
    """Number of synapses that a graph may still need.

    Parameters
    ----------
    maximum : int
    """

    def __init__(self, maximum: int) -> None:
        self.maximum = self.left = maximum

    def take(self, n: int) -> None:
        """Subtract the synapses of a node; raise an error if there are too many."""
        self.left -= n
        if self.left < 0:
            raise NeurosimError(
                f"it needs more than max_synapses = {self.maximum:,} synapses in all: increase it "
                "if memory allows; a synapse takes about 100 bytes"
            )


@contextmanager
def naming(name: str, units: Units | None = None) -> Iterator[None]:
    """Add the node name and its scaling options to errors raised in the block."""
    try:
        yield
    except NeurosimError as error:
        message = f"Node {name!r}: {error}"
        if units is not None and re.search("mV|pA", message):
            message += (
                f" (1 unit of the graph is {units.mv_per_unit:g} mV: the options mv_per_unit and "
                "v_zero change that)"
            )
        raise NeurosimError(message) from None


def as_numbers(values: Any, name: str) -> NDArray[np.float64]:
    """Return an array of finite numbers as float64."""
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biuf":
            raise TypeError
        array = array.astype(np.float64)
    except (TypeError, ValueError, RuntimeError):
        raise NeurosimError(f"{name} is not an array of numbers") from None
    if not np.isfinite(array).all():
        raise NeurosimError(f"{name} holds NaN or infinity: give finite numbers")
    return array


def array_of(node: Any, field: str) -> NDArray[np.float64]:
    """Return a field of a node as finite numbers."""
    return as_numbers(getattr(node, field, None), field)


def per_element(node: Any, field: str, size: int) -> NDArray[np.float64]:
    """Return a field of a node with one value per element.

    A single value applies to all elements.
    """
    values = array_of(node, field).ravel()
    if values.size not in (1, size):
        raise NeurosimError(f"{field} has {values.size} values for {size} elements")
    return np.array(np.broadcast_to(values, size))


def whole_numbers(node: Any, field: str, n: int, low: int) -> tuple[int, ...]:
    """Return a field of a node as n whole numbers; a single one applies to all."""
    values = array_of(node, field).ravel()
    right = (values == np.rint(values)) & (values >= low) & (values < 2**31)
    if values.size not in (1, n) or not right.all():
        raise NeurosimError(
            f"{field} = {show(getattr(node, field))}; it needs {n} whole numbers from {low} on"
        )
    return tuple(int(value) for value in np.broadcast_to(values, n))
