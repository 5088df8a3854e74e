"""Edge lists in SONATA's HDF5 files, with defaults per edge type in a table beside them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.edges.edge_file import EdgeFile, as_path, as_text
from neurosim.edges.sonata_population import SonataPopulation
from neurosim.edges.sonata_types import EdgeTypes
from neurosim.errors import NeurosimError
from neurosim.models.column import is_per_edge
from neurosim.models.declare import optional, parameter
from neurosim.utils.checks import show

PROBED = 2**16
"""Edges of which the number of synapses is looked at before the network is built."""

STACKLEVEL = 3
"""Frames from a warning up to the caller of `Network.connect`."""


@dataclass(frozen=True)
class SonataEdges(EdgeFile):
    """Connect as a population of edges in a SONATA file lists.

    The file is read in blocks when the network is built, so it may be larger than memory.
    Strengths and delays are read from it where `Network.connect` is given the names of
    attributes, such as "syn_weight" and "delay". The value of an edge is that in its edge group,
    else that of its type in the table `edge_types`.

    An edge may stand for several synapses. A strength read from the file is multiplied by their
    number, the attribute `nsyns`, as BMTK does. A strength given as a number or a distribution
    holds for the whole edge; ``Column("nsyns", 0.5)`` gives 0.5 to each synapse.

    Parameters
    ----------
    path : path-like
        HDF5; contiguous, or in chunks that may be packed with gzip or LZF.
    population : str
        Name of the group under /edges.
    edge_types : path-like, optional
        Table with a column edge_type_id, its columns separated by spaces.
    nsyns : str or None
        Attribute with the number of synapses of an edge, by which strengths read from the file
        are multiplied. It may be missing. None: strengths hold for the whole edge.

    Raises
    ------
    NeurosimError
        If a file is missing or not SONATA. Faults of a single edge are reported with its number
        when the network is built, and so is a file that has changed since.

    References
    ----------
    K. Dai et al., *The SONATA data format for efficient description of large-scale network
    models*, PLoS Comput. Biol. 16, e1007696 (2020).
    """

    population: str = parameter(help="name of the group under /edges", check=as_text)
    edge_types: str | None = parameter(
        None, help="table with a column edge_type_id", check=optional(as_path)
    )
    nsyns: str | None = parameter(
        "nsyns", help="attribute with the number of synapses of an edge", check=optional(as_text)
    )

    paths: ClassVar[tuple[str, ...]] = ("path", "edge_types")

    def __post_init__(self) -> None:
        super().__post_init__()
        names = [] if self.edge_types is None else EdgeTypes(self.edge_types).names
        with SonataPopulation(self) as edges:
            own = tuple(edges.attributes)
            object.__setattr__(self, "size", edges.size)
        object.__setattr__(self, "columns", own + tuple(n for n in names if n not in own))
        if self.nsyns not in (None, "nsyns", *self.columns):
            raise NeurosimError(
                f"SonataEdges.nsyns = {show(self.nsyns)}: {self.path} has no such attribute; "
                "give None if edges are single synapses"
            )

    def strength_or_delay(self, value: Any, what: str) -> Any:
        """Return a strength or a delay; a name becomes a `Column`.

        Warns
        -----
        UserWarning
            Where edges stand for several synapses, and a strength is not multiplied by their
            number.
        """
        value = super().strength_or_delay(value, what)
        own = value is not None and what != "delay" and not is_per_edge(value)
        if own and self._has_several():
            warnings.warn(
                f"edges of {self.path} stand for several synapses each ({self.nsyns}), and "
                f"{what} = {show(value)} is the strength of a whole edge: name the attribute that "
                f'has it, or give Column("{self.nsyns}", …) with the strength of one synapse',
                UserWarning,
                stacklevel=STACKLEVEL,
            )
        return value

    def _has_several(self) -> bool:
        """Whether an edge stands for several synapses."""
        if self.nsyns is None or self.nsyns not in self.columns:
            return False
        with SonataPopulation(self, self.nsyns) as edges:
            return not bool((edges.counts(0, min(PROBED, edges.size)) == 1.0).all())
