"""Connections of a projection at a time of a simulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.utils.frozen import set_fields
from neurosim.utils.optional import require

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, repr=False)
class Connections:
    """Connections of one projection, ordered by source, then target.

    Returned by `Simulation.connections`. Connections between the same two neurons are ordered by
    delay.

    Attributes
    ----------
    sources, targets : (n,) ndarray of int
        Indices of the neurons within their populations.
    weights : (n,) ndarray of float
        In the unit of the synapse (`unit`).
    delays : (n,) ndarray of float64, or None
        ms; None in files of earlier versions.
    shape : (int, int), optional
        Number of neurons of the source and the target population.
    source, target : str
        Names of the populations.
    unit : str

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> a, b = net.add("a", 2, ns.LIF()), net.add("b", 3, ns.LIF())
    >>> projection = net.connect(a, b, ns.AllToAll(), psp=0.5, delay=1.5)
    >>> ns.Simulation(net).connections(projection)
    <Connections 'a' → 'b': 6, weights 0.5 to 0.5 mV, delays 1.5 to 1.5 ms>
    """

    sources: NDArray[np.integer]
    targets: NDArray[np.integer]
    weights: NDArray[np.floating]
    delays: NDArray[np.float64] | None = None
    shape: tuple[int, int] | None = None
    source: str = ""
    target: str = ""
    unit: str = ""

    def __post_init__(self) -> None:
        set_fields(self, **self.columns())

    def columns(self) -> dict[str, NDArray]:
        """Return the arrays by name, without delays where they are unknown."""
        columns = {name: getattr(self, name) for name in ("sources", "targets", "weights")}
        return columns if self.delays is None else columns | {"delays": self.delays}

    def __len__(self) -> int:
        return len(self.weights)

    def __repr__(self) -> str:
        shown = f"{self.source!r} → {self.target!r}: {len(self):,}"
        units = {"weights": self.unit, "delays": "ms"}
        for name, column in self.columns().items():
            if name in units and len(self):
                shown += f", {name} {column.min():g} to {column.max():g} {units[name]}"
        return f"<Connections {shown}>"

    def to_scipy(self) -> Any:
        """Return the weights as a sparse matrix.

        Returns
        -------
        scipy.sparse.csr_array
            A row per source and a column per target. Several connections between the same two
            neurons are duplicate entries, which SciPy sums when needed.
        """
        from scipy.sparse import csr_array

        shape = self.shape
        if shape is None:
            shape = int(self.sources.max(initial=-1)) + 1, int(self.targets.max(initial=-1)) + 1
        start = np.searchsorted(self.sources, np.arange(shape[0] + 1))
        return csr_array((self.weights, self.targets, start), shape=shape)

    def to_dataframe(self) -> Any:
        """Return a pandas DataFrame with the columns source, target, weight and delay.

        Raises
        ------
        NeurosimError
            If pandas is not installed.
        """
        pandas = require("pandas", "to_dataframe")
        return pandas.DataFrame({name[:-1]: column for name, column in self.columns().items()})


Synapses = Connections
"""Former name of `Connections`."""
