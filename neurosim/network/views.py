"""Views of populations: neurons selected by index, slice, mask or array."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.utils.checks import check_indices
from neurosim.utils.frozen import read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.network.parts import Population


@dataclass(frozen=True, eq=False, repr=False)
class PopulationView:
    """Some neurons of a population, created by indexing it like a NumPy array.

    A view can be used instead of a population in `Network.connect`, `drive` and `record` and in
    `Simulation.set`. Indices of neurons in results always refer to the whole population.

    Attributes
    ----------
    population : Population
    ids : (n,) ndarray of int64
        Indices within the population, without duplicates.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> exc = net.add("exc", 100, ns.LIF())
    >>> exc[:50]
    <PopulationView: 50 of the 100 neurons of 'exc', 0 to 49>
    >>> exc[[3, 5]].ids
    array([3, 5])
    >>> one = net.connect(exc[:50], exc[50:], ns.FixedInDegree(10), psp=0.5)
    """

    population: Population
    ids: NDArray[np.int64]

    @property
    def size(self) -> int:
        """Number of neurons."""
        return len(self.ids)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: Any) -> PopulationView:
        chosen = select(index, self.size, f"index of a view of {self.population.name!r}")
        return view_of(self.population, self.ids[chosen])

    __iter__ = None

    def __repr__(self) -> str:
        whole, ids = self.population, self.ids
        if len(ids) > 1 and (np.diff(ids) == 1).all():
            shown = f"{ids[0]} to {ids[-1]}"
        else:
            shown = ", ".join(map(str, ids[:5])) + (", …" if len(ids) > 5 else "")
        neurons = f"{len(ids)} of the {whole.size} neurons"
        return f"<PopulationView: {neurons} of {whole.name!r}, {shown}>"


def view_of(population: Population, index: Any) -> PopulationView:
    """Return a view of the selected neurons of a population.

    Raises
    ------
    NeurosimError
        If an index is out of range, a mask has the wrong size, no neuron is selected, or a neuron
        is selected twice.
    """
    return PopulationView(population, _chosen(index, population, "index"))


def check_ids(ids: Any, population: Population, *, empty: bool = False) -> NDArray[np.int64] | None:
    """Return selected neurons of a population; None: all.

    Parameters
    ----------
    ids : int, slice, mask or array_like of int, or None
    population : Population
    empty : bool
        Whether an empty selection is allowed.

    Raises
    ------
    NeurosimError
        As by `view_of`.
    """
    return None if ids is None else _chosen(ids, population, "ids", empty=empty)


def _chosen(
    index: Any, population: Population, label: str, *, empty: bool = False
) -> NDArray[np.int64]:
    """Return the selected neurons of a population, each once."""
    name = f"{label} of {population.name!r}"
    ids = select(index, population.size, name)
    if not (len(ids) or empty):
        raise NeurosimError(f"{name} is empty: select at least one neuron")
    values, counts = np.unique(ids, return_counts=True)
    if len(values) < len(ids):
        raise NeurosimError(
            f"{name} contains {int(values[counts > 1][0])} more than once: indices must be unique"
        )
    return read_only(ids)


def select(index: Any, size: int, name: str) -> NDArray[np.int64]:
    """Convert an int, a slice, a mask or an array to indices from 0 to `size` − 1.

    Parameters
    ----------
    index : int, slice, (size,) array_like of bool or (n,) array_like of int
        A negative int counts from the end.
    size : int
    name : str
        Name of the index in messages.

    Raises
    ------
    NeurosimError
    """
    if isinstance(index, slice):
        try:
            return np.arange(size)[index]
        except (TypeError, ValueError) as error:
            raise NeurosimError(f"{name} is an invalid slice: {error}") from None
    if isinstance(index, (int, np.integer)) and not isinstance(index, bool):
        if not -size <= index < size:
            raise NeurosimError(f"{name} is {index}: indices run from 0 to {size - 1}")
        return np.array([index % size], np.int64)
    if _is_mask(index, size, name):
        return np.flatnonzero(index)
    return check_indices(index, name, size).copy()


def _is_mask(index: Any, size: int, name: str) -> bool:
    """Whether an index is a mask; raise an error if its size is wrong."""
    try:
        array = np.asarray(index)
    except ValueError:  # rows of unequal length are reported as invalid indices
        return False
    if array.dtype != bool or array.ndim == 0:
        return False
    if array.shape != (size,):
        raise NeurosimError(f"{name} is a mask of shape {array.shape}; expected ({size},)")
    return True
