"""Numbers out of the nodes of a NIR graph, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Room:
    """Synapses that may still be made.

    Parameters
    ----------
    most : int
    """

    def __init__(self, most: int) -> None:
        self.most = self.left = most

    def take(self, n: int, name: str) -> None:
        """Take room for n more, or refuse."""
        self.left -= n
        if self.left < 0:
            raise NeurosimError(
                f"Node {name!r} brings the graph beyond max_synapses = {self.most:,}: raise it "
                "where the memory allows, at about 100 bytes each"
            )


def array_of(node: Any, field: str, name: str) -> NDArray[np.float64]:
    """Return a node's field as finite numbers."""
    try:
        values = np.asarray(getattr(node, field))
        if values.dtype.kind not in "biuf":
            raise TypeError
        values = values.astype(np.float64)
    except (AttributeError, TypeError, ValueError, RuntimeError):
        raise NeurosimError(f"Node {name!r}: {field} is no array of numbers") from None
    if not np.isfinite(values).all():
        raise NeurosimError(f"Node {name!r}: {field} holds NaN or infinity: give finite numbers")
    return values


def whole_numbers(node: Any, field: str, name: str, n: int, low: int) -> tuple[int, ...]:
    """Return a node's field as n whole numbers from `low` on; one stands for all."""
    values = array_of(node, field, name).ravel()
    right = (values == np.rint(values)) & (values >= low) & (values < 2**31)
    if values.size not in (1, n) or not right.all():
        raise NeurosimError(
            f"Node {name!r}: {field} = {show(getattr(node, field))}; it needs {n} whole numbers "
            f"from {low} on"
        )
    return tuple(int(value) for value in np.broadcast_to(values, n))
