"""Connection rules: which neurons of one population reach which of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.column import Column
from neurosim.models.declare import parameter
from neurosim.models.registry import Part
from neurosim.utils.checks import Array, check_indices, check_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurosim.models.endpoints import Endpoints

MOST = 2**31 - 1
"""Largest number of synapses of a neuron."""
AUTAPSES = "whether a neuron may be connected to itself"
MULTAPSES = "whether a pair may be connected more than once"


class Resolved(NamedTuple):
    """A rule with strengths, delays and neurons, in the order in which it is built."""

    rule: Rule
    weight: Any
    delay: Any
    source_ids: NDArray[np.int64] | None
    target_ids: NDArray[np.int64] | None


class Rule(Part, abstract=True):
    """Base class of connection rules.

    A rule of your own is a frozen dataclass with a method

    ``edges(n_sources, n_targets, rng)``
        Yields blocks of connections: an array of sources and one of targets, of equal length, as
        indices within the two populations. All randomness comes from `rng`, a
        `numpy.random.Generator`: the connections depend on the seed of the simulation alone.

    The edges are drawn once more to count them, unless the rule has a method
    ``expected_synapses(n_sources, n_targets, *, n_common)`` that returns their number, in the mean
    where that is random.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> import neurosim as ns
    >>> @dataclass(frozen=True, eq=False)
    ... class Ring(ns.Rule):
    ...     "Each neuron to the one that is `by` further on."
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
        """How the targets of a source are found; "listed": one by one."""
        return "listed"

    def edges(
        self, n_sources: int, n_targets: int, rng: np.random.Generator
    ) -> Iterator[tuple[Any, Any]]:
        """Yield blocks of connections: an array of sources and one of targets."""
        raise NeurosimError(
            f"{type(self).__name__} has no method edges(n_sources, n_targets, rng): it yields "
            "arrays of sources and of targets"
        )

    def check(self, n_sources: int, n_targets: int, *, n_common: int) -> None:
        """Refuse populations of these sizes that the rule cannot connect.

        Parameters
        ----------
        n_sources, n_targets : int
        n_common : int
            Number of neurons that are both source and target.

        Raises
        ------
        NeurosimError
        """

    def expected_synapses(self, n_sources: int, n_targets: int, *, n_common: int) -> float:
        """Return how many synapses there are, in the mean where that is random."""
        counted = vars(self).setdefault("_counted", {})  # drawn once: it may take long
        if (n_sources, n_targets) not in counted:
            blocks = checked_edges(self, n_sources, n_targets, np.random.default_rng(0))
            counted[n_sources, n_targets] = float(sum(len(sources) for sources, _ in blocks))
        return counted[n_sources, n_targets]

    def shape(self, n_sources: int, n_targets: int) -> tuple[int, ...] | None:
        """Return the shape of arrays with a value per synapse; None where none are possible."""
        return None

    def strength_or_delay(self, value: Any, what: str) -> Any:
        """Return what was given as `what`, psp, weight or delay.

        Raises
        ------
        NeurosimError
            For what the rule cannot have.
        """
        if isinstance(value, Column):
            raise NeurosimError(
                f"{what} = {value} is a column of a file: give CSVEdges or SonataEdges as the rule"
            )
        return value

    def bind(self, ends: Endpoints) -> Rule:
        """Return the rule for given neurons: one that depends on more than their number.

        Raises
        ------
        NeurosimError
            For neurons that the rule cannot connect.
        """
        return self

    def out_degrees(self, ends: Endpoints, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return how many targets each source has, where `rows` is "out-degree"."""
        return np.empty(0, np.int64)

    def resolve(self, ends: Endpoints, weight: Any, delay: Any) -> Resolved:
        """Return a rule of whole populations, or one of views whose ids ascend.

        Where a rule draws, the order of a view does not matter.
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
        For what are no connections.
    """
    what = f"{type(rule).__name__}.edges"
    for block in rule.edges(n_sources, n_targets, rng):
        if not isinstance(block, tuple) or len(block) != 2:
            raise NeurosimError(f"{what} must yield pairs of arrays, sources and targets")
        sources = check_indices(block[0], f"{what}: sources", n_sources, copy=False)
        targets = check_indices(block[1], f"{what}: targets", n_targets, copy=False)
        if len(sources) != len(targets):
            raise NeurosimError(
                f"{what} yielded {len(sources)} sources and {len(targets)} targets: yield one of "
                "each per connection"
            )
        yield sources, targets


def _pairs(rule: Rule, n_sources: int, n_targets: int, n_common: int) -> int:
    """Return how many pairs may be connected."""
    return n_sources * n_targets - (not rule.autapses) * n_common


@dataclass(frozen=True)
class AllToAll(Rule):
    """Every source to every target."""

    rows = "all"
    random = False
    autapses: bool = parameter(True, help=AUTAPSES)

    def expected_synapses(self, n_sources: int, n_targets: int, *, n_common: int) -> float:
        """Return the number of pairs."""
        return _pairs(self, n_sources, n_targets, n_common)

    def shape(self, n_sources: int, n_targets: int) -> tuple[int, ...]:
        """Return (n_sources, n_targets)."""
        return (n_sources, n_targets)

    def resolve(self, ends: Endpoints, weight: Any, delay: Any) -> Resolved:
        """Return strengths and delays in the order of ascending ids."""
        order = np.ix_(np.argsort(ends.sources), np.argsort(ends.targets))
        return super().resolve(ends, _reordered(weight, order), _reordered(delay, order))


@dataclass(frozen=True)
class OneToOne(Rule):
    """Each source to the target of the same index; both populations have one size."""

    rows = "one"
    random = False

    def check(self, n_sources: int, n_targets: int, *, n_common: int) -> None:
        """Refuse populations of different size."""
        if n_sources != n_targets:
            raise NeurosimError(
                f"OneToOne connects as many sources as targets, not {n_sources} and {n_targets} "
                "neurons"
            )

    def expected_synapses(self, n_sources: int, n_targets: int, *, n_common: int) -> float:
        """Return the number of sources."""
        return n_sources

    def shape(self, n_sources: int, n_targets: int) -> tuple[int, ...]:
        """Return (n_sources,)."""
        return (n_sources,)

    def resolve(self, ends: Endpoints, weight: Any, delay: Any) -> Resolved:
        """List the pairs where their order is not that of the ids on both sides."""
        order = np.argsort(ends.sources)
        if not np.array_equal(order, np.argsort(ends.targets)):
            return Resolved(Explicit(ends.sources, ends.targets), weight, delay, None, None)
        return super().resolve(ends, _reordered(weight, order), _reordered(delay, order))


def _probability(value: Any, what: str, unit: str, low: float, high: float) -> float:
    if isinstance(value, (int, float)) and 1.1 < value <= 100.0:  # per cent
        raise NeurosimError(f"{what} = {value:g} is outside 0 to 1: did you mean {value / 100:g}?")
    return check_number(value, what, unit, low, high)


@dataclass(frozen=True)
class FixedProbability(Rule):
    """Each pair independently, with probability p."""

    p: float = parameter(low=0.0, high=1.0, help="of each pair", check=_probability)
    autapses: bool = parameter(True, help=AUTAPSES)

    @property
    def rows(self) -> str:
        """Every target with probability p."""
        return "probability" if self.p < 1.0 else "all"

    def expected_synapses(self, n_sources: int, n_targets: int, *, n_common: int) -> float:
        """Return p times the number of pairs."""
        return _pairs(self, n_sources, n_targets, n_common) * self.p


class _FixedDegree(Rule, abstract=True):
    """A fixed number of synapses per neuron."""

    n: int

    def _check_pool(self, pool: int) -> None:
        """Refuse more synapses of a neuron than there are neurons to choose from."""
        if self.n > (MOST if self.multapses and pool else pool):
            raise NeurosimError(
                f"{type(self).__name__}.n = {self.n} is more than the {pool} neurons there are to "
                f"choose from: lower n, or allow {'multapses' if pool else 'autapses'}"
            )


@dataclass(frozen=True)
class FixedInDegree(_FixedDegree):
    """To each target n sources, drawn uniformly."""

    rows = "in-degree"
    n: int = parameter(low=0, high=MOST, help="synapses onto each target")
    autapses: bool = parameter(True, help=AUTAPSES)
    multapses: bool = parameter(True, help=MULTAPSES)

    def check(self, n_sources: int, n_targets: int, *, n_common: int) -> None:
        """Refuse more synapses than there are sources to choose from."""
        self._check_pool(n_sources - (n_common > 0 and not self.autapses))

    def expected_synapses(self, n_sources: int, n_targets: int, *, n_common: int) -> float:
        """Return n times the number of targets."""
        return self.n * n_targets


@dataclass(frozen=True)
class FixedOutDegree(_FixedDegree):
    """From each source to n targets, drawn uniformly."""

    rows = "out-degree"
    n: int = parameter(low=0, high=MOST, help="synapses from each source")
    autapses: bool = parameter(True, help=AUTAPSES)
    multapses: bool = parameter(True, help=MULTAPSES)

    def check(self, n_sources: int, n_targets: int, *, n_common: int) -> None:
        """Refuse more synapses than there are targets to choose from."""
        self._check_pool(n_targets - (n_common > 0 and not self.autapses))

    def expected_synapses(self, n_sources: int, n_targets: int, *, n_common: int) -> float:
        """Return n times the number of sources."""
        return self.n * n_sources

    def out_degrees(self, ends: Endpoints, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return n for every source."""
        return np.full(ends.shape[0], self.n, np.int64)


@dataclass(frozen=True)
class FixedTotalNumber(Rule):
    """n synapses in all, each from a source and to a target drawn uniformly, with replacement."""

    rows = "out-degree"
    n: int = parameter(low=0, high=2**62, help="synapses in all")
    autapses: bool = parameter(True, help=AUTAPSES)

    def check(self, n_sources: int, n_targets: int, *, n_common: int) -> None:
        """Refuse a single neuron that may not be connected to itself."""
        if self.n and n_common == n_sources * n_targets and not self.autapses:
            raise NeurosimError(
                f"FixedTotalNumber.n = {self.n} finds no pair in one neuron: allow autapses"
            )

    def expected_synapses(self, n_sources: int, n_targets: int, *, n_common: int) -> float:
        """Return n."""
        return self.n

    def out_degrees(self, ends: Endpoints, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return multinomial numbers: given these, the targets are independent."""
        n_sources, n_targets = ends.shape
        shares = np.full(n_sources, 1.0 / n_sources)
        if not self.autapses and 0 < ends.n_common < n_sources:
            # Sources that are targets, too, have one target less to choose.
            choices = n_targets - np.isin(ends.sources, ends.targets).astype(float)
            shares = choices / choices.sum()
        return rng.multinomial(self.n, shares)


def _indices(value: Any, what: str, *_: Any) -> NDArray[np.int64]:
    return check_indices(value, what)


@dataclass(frozen=True, eq=False)
class Explicit(Rule):
    """The connections that are listed.

    Parameters
    ----------
    sources, targets : (n,) array_like of int
        Indices within the two populations.
    """

    random = False
    sources: Array = parameter(help="indices within the source population", check=_indices)
    targets: Array = parameter(help="indices within the target population", check=_indices)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.sources) != len(self.targets):
            raise NeurosimError(
                f"Explicit has {len(self.sources)} sources and {len(self.targets)} targets: give "
                "one of each per connection"
            )

    def check(self, n_sources: int, n_targets: int, *, n_common: int) -> None:
        """Refuse indices of neurons that there are not."""
        check_indices(self.sources, "Explicit.sources", n_sources)
        check_indices(self.targets, "Explicit.targets", n_targets)

    def edges(
        self, n_sources: int, n_targets: int, rng: np.random.Generator
    ) -> Iterator[tuple[Any, Any]]:
        """Yield all connections."""
        yield self.sources, self.targets

    def expected_synapses(self, n_sources: int, n_targets: int, *, n_common: int) -> float:
        """Return the number of connections."""
        return len(self.sources)

    def shape(self, n_sources: int, n_targets: int) -> tuple[int, ...]:
        """Return (n,)."""
        return (len(self.sources),)

    def resolve(self, ends: Endpoints, weight: Any, delay: Any) -> Resolved:
        """Return the connections with indices of the whole populations."""
        listed = Explicit(ends.sources[self.sources], ends.targets[self.targets])
        return Resolved(listed, weight, delay, None, None)


def _reordered(values: Any, order: Any) -> Any:
    """Return an array with its values in another order; anything else as it is."""
    if not isinstance(values, np.ndarray):
        return values
    values = values[order]
    values.flags.writeable = False
    return values


def _ascending(ids: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
    if ids is None:
        return None
    ids = np.sort(ids)
    ids.flags.writeable = False
    return ids
