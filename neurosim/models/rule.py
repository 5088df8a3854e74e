"""Base class of connection rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.column import Column
from neurosim.models.registry import Part
from neurosim.utils.checks import check_indices
from neurosim.utils.frozen import read_only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurosim.models.endpoints import Endpoints


class Resolved(NamedTuple):
    """A rule with strengths, delays and neurons in the order in which they are built."""

    rule: Rule
    weight: Any
    delay: Any
    source_ids: NDArray[np.int64] | None
    target_ids: NDArray[np.int64] | None


class Rule(Part, abstract=True):
    """Base class of connection rules.

    A custom rule is a frozen dataclass with a method

    ``edges(n_sources, n_targets, rng)``
        Yields blocks of connections: an array of sources and an array of targets, of equal
        length, as indices within the two populations. Draw all random numbers from `rng`, a
        `numpy.random.Generator`. The connections then depend only on the seed of the simulation.

    The method is called once more to count the edges, unless the rule has a method
    ``expected_synapses(n_sources, n_targets, *, n_common)`` that returns their (expected) number.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> import neurosim as ns
    >>> @dataclass(frozen=True, eq=False)
    ... class Ring(ns.Rule):
    ...     "Connect each neuron to the one `by` positions further."
    ...     by: int = ns.parameter(1, "", 1, 1000, "distance")
    ...     def edges(self, n_sources, n_targets, rng):
    ...         sources = np.arange(n_sources)
    ...         yield sources, (sources + self.by) % n_targets
    >>> net = ns.Network()
    >>> exc = net.add("exc", 10, ns.LIF())
    >>> ring = net.connect(exc, exc, Ring(by=2), psp=1.0)
    >>> ns.Simulation(net).run(1.0).stats.synapses
    10
    """

    noun: ClassVar[str] = "a connection rule"
    random: ClassVar[bool] = True
    """Whether the connections differ between seeds."""
    autapses: bool = True
    multapses: bool = True

    @property
    def rows(self) -> str:
        """How the targets of a source are drawn; "listed": they are listed one by one."""
        return "listed"

    def edges(
        self, n_sources: int, n_targets: int, rng: np.random.Generator
    ) -> Iterator[tuple[Any, Any]]:
        """Yield blocks of connections: an array of sources and an array of targets."""
        raise NeurosimError(
            f"{type(self).__name__} has no method edges(n_sources, n_targets, rng): define one "
            "that yields arrays of sources and targets"
        )

    def check(self, n_sources: int, n_targets: int, *, n_common: int) -> None:
        """Raise an error if the rule cannot connect populations of these sizes.

        Parameters
        ----------
        n_sources, n_targets : int
        n_common : int
            Number of neurons that are both sources and targets.

        Raises
        ------
        NeurosimError
        """

    def expected_synapses(self, n_sources: int, n_targets: int, *, n_common: int) -> float:
        """Return the expected number of synapses."""
        counted = vars(self).setdefault("_counted", {})  # drawing may take long
        if (n_sources, n_targets) not in counted:
            blocks = checked_edges(self, n_sources, n_targets, np.random.default_rng(0))
            counted[n_sources, n_targets] = float(sum(len(sources) for sources, _ in blocks))
        return counted[n_sources, n_targets]

    def shape(self, n_sources: int, n_targets: int) -> tuple[int, ...] | None:
        """Return the shape of arrays with one value per synapse; None if not supported."""
        return None

    def strength_or_delay(self, value: Any, name: str) -> Any:
        """Return a checked strength or delay; `name` is "psp", "weight" or "delay".

        Raises
        ------
        NeurosimError
            If the rule does not support this kind of value.
        """
        if isinstance(value, Column):
            raise NeurosimError(
                f"{name} = {value} is a column of a file: use CSVEdges or SonataEdges as the rule"
            )
        return value

    def bind(self, ends: Endpoints) -> Rule:
        """Return the rule bound to given neurons.

        This is needed by rules that depend on positions.

        Raises
        ------
        NeurosimError
            If the rule cannot connect the neurons.
        """
        return self

    def out_degrees(self, ends: Endpoints, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return the number of targets of each source, for rules with `rows` "out-degree"."""
        return np.empty(0, np.int64)

    def resolve(self, ends: Endpoints, weight: Any, delay: Any) -> Resolved:
        """Return a rule for whole populations or for views with ascending ids.

        The order of a view does not matter to a rule that draws its connections.
        """
        if self.rows == "listed":
            return Resolved(self, weight, delay, ends.source_ids, ends.target_ids)
        ids = _ascending(ends.source_ids), _ascending(ends.target_ids)
        return Resolved(self, weight, delay, *ids)


def checked_edges(
    rule: Rule, n_sources: int, n_targets: int, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the blocks of connections of a rule, checked.

    Raises
    ------
    NeurosimError
        If a block is not two arrays of indices of equal length.
    """
    name = f"{type(rule).__name__}.edges"
    for block in rule.edges(n_sources, n_targets, rng):
        if not isinstance(block, tuple) or len(block) != 2:
            raise NeurosimError(f"{name} must yield pairs of arrays, sources and targets")
        sources = check_indices(block[0], f"{name}: sources", n_sources, copy=False)
        targets = check_indices(block[1], f"{name}: targets", n_targets, copy=False)
        if len(sources) != len(targets):
            raise NeurosimError(
                f"{name} yielded {len(sources)} sources and {len(targets)} targets: their numbers "
                "must be equal"
            )
        yield sources, targets


def _ascending(ids: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
    return None if ids is None else read_only(np.sort(ids))
