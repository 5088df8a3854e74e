"""Connection rule: the edges of a SONATA file, with default values by edge type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from neurosim.edges.edge_file import EdgeFile, as_path, as_text
from neurosim.edges.readers import SonataReader
from neurosim.edges.sonata_population import SonataPopulation
from neurosim.edges.sonata_types import EdgeTypes
from neurosim.errors import NeurosimError
from neurosim.models.column import is_per_edge
from neurosim.models.declare import optional, parameter
from neurosim.utils.checks import show
from neurosim.utils.frozen import set_fields
from neurosim.utils.warn import warn

if TYPE_CHECKING:
    from neurosim.network import Projection

N_PROBED = 2**16
"""Edges in which several synapses per edge are looked for before the network is built."""


@dataclass(frozen=True)
class SonataEdges(EdgeFile):
    """Connect neurons as listed in an edge population of a SONATA file.

    The file is read in blocks when the network is built, so it may be larger than memory.
    Strengths and delays are read from attributes, such as "syn_weight" and "delay", if
    their names are passed to `Network.connect`. The value of an edge is read from its edge group
    or, if the group has none, from the row of its type in the table `edge_types`.

    An edge may represent several synapses. A strength read from the file is multiplied by their
    number, the attribute `nsyns`, as in BMTK. A strength given as a number or a distribution
    applies to the whole edge; ``Column("nsyns", 0.5)`` sets 0.5 for each synapse.

    Parameters
    ----------
    path : path-like
        HDF5; contiguous, or in chunks that may be compressed with gzip or LZF.
    population : str
        Name of the group in /edges.
    edge_types : path-like, optional
        Table with a column edge_type_id, its columns separated by spaces.
    nsyns : str or None
        Attribute with the number of synapses of an edge, by which strengths read from the file
        are multiplied. It may be missing. None: strengths apply to whole edges.

    Raises
    ------
    NeurosimError
        If a file is missing or not SONATA. Errors in single edges, and a file that has changed in
        the meantime, are reported with the number of the edge when the network is built.

    References
    ----------
    K. Dai et al., *The SONATA data format for efficient description of large-scale network
    models*, PLoS Comput. Biol. 16, e1007696 (2020).

    Examples
    --------
    The strengths of the edges are read from the attribute "syn_weight":

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> pre, post = net.add("pre", 100, ns.LIF()), net.add("post", 100, ns.LIF())
    >>> edges = ns.SonataEdges("edges.h5", "pre_to_post")  # doctest: +SKIP
    >>> strengths = {"weight": "syn_weight", "delay": "delay"}
    >>> projection = net.connect(pre, post, edges, **strengths)  # doctest: +SKIP
    """

    population: str = parameter(help="name of the group in /edges", check=as_text)
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
            columns = dict.fromkeys([*edges.attributes, *names])
            set_fields(self, size=edges.size, columns=tuple(columns))
        if self.nsyns not in (None, "nsyns", *self.columns):
            raise NeurosimError(
                f"SonataEdges.nsyns = {show(self.nsyns)}: {self.path} has no such attribute; "
                "give None if edges are single synapses"
            )

    def open(self, projection: Projection) -> SonataReader:
        """Return a reader of the edges of a projection."""
        return SonataReader(projection)

    def strength_or_delay(self, value: Any, name: str) -> Any:
        """Return a checked strength or delay; a name becomes a `Column`.

        Warns
        -----
        UserWarning
            If edges stand for several synapses, and a strength is not multiplied by their number.
        """
        value = super().strength_or_delay(value, name)
        constant = value is not None and name != "delay" and not is_per_edge(value)
        if constant and self._has_several():
            warn(
                f"edges of {self.path} stand for several synapses each ({self.nsyns}), and "
                f"{name} = {show(value)} is the strength of a whole edge: give the name of the "
                f'attribute, or Column("{self.nsyns}", …) with the strength of one synapse',
            )
        return value

    def _has_several(self) -> bool:
        """Whether an edge stands for several synapses."""
        if self.nsyns is None or self.nsyns not in self.columns:
            return False
        with SonataPopulation(self, self.nsyns) as edges:
            return not bool((edges.counts(0, min(N_PROBED, edges.size)) == 1.0).all())
