"""Built-in connection rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import parameter
from neurosim.models.rule import Resolved, Rule
from neurosim.utils.checks import Array, check_indices, check_number
from neurosim.utils.frozen import read_only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurosim.models.endpoints import Endpoints

MOST = 2**31 - 1
"""Largest number of synapses of a neuron."""
AUTAPSES = "whether a neuron may be connected to itself"
MULTAPSES = "whether a pair may be connected more than once"


def _pairs(rule: Rule, n_sources: int, n_targets: int, n_common: int) -> int:
    """Return the number of pairs that may be connected."""
    return n_sources * n_targets - (not rule.autapses) * n_common


@dataclass(frozen=True)
class AllToAll(Rule):
    """Connect every source to every target.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 10, ns.LIF())
    >>> projection = net.connect(cells, cells, ns.AllToAll(autapses=False), psp=0.1)
    >>> len(ns.Simulation(net).connections(projection).sources)
    90
    """

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
        """Return strengths and delays in order of ascending ids."""
        order = np.ix_(np.argsort(ends.sources), np.argsort(ends.targets))
        return super().resolve(ends, _reordered(weight, order), _reordered(delay, order))


@dataclass(frozen=True)
class OneToOne(Rule):
    """Connect sources to targets of the same index.

    The populations must have equal size.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> a, b = net.add("a", 5, ns.LIF()), net.add("b", 5, ns.LIF())
    >>> projection = net.connect(a, b, ns.OneToOne(), psp=[1.0, 2.0, 3.0, 4.0, 5.0])
    """

    rows = "one"
    random = False

    def check(self, n_sources: int, n_targets: int, *, n_common: int) -> None:
        """Raise an error if the populations differ in size."""
        if n_sources != n_targets:
            raise NeurosimError(
                f"OneToOne needs as many sources as targets, not {n_sources} and {n_targets} "
                "neurons: choose another rule, or views of equal size"
            )

    def expected_synapses(self, n_sources: int, n_targets: int, *, n_common: int) -> float:
        """Return the number of sources."""
        return n_sources

    def shape(self, n_sources: int, n_targets: int) -> tuple[int, ...]:
        """Return (n_sources,)."""
        return (n_sources,)

    def resolve(self, ends: Endpoints, weight: Any, delay: Any) -> Resolved:
        """Return the rule, or a list of pairs if ids are ordered differently."""
        order = np.argsort(ends.sources)
        if not np.array_equal(order, np.argsort(ends.targets)):
            return Resolved(Explicit(ends.sources, ends.targets), weight, delay, None, None)
        return super().resolve(ends, _reordered(weight, order), _reordered(delay, order))


def _probability(value: Any, name: str, unit: str, low: float, high: float) -> float:
    if isinstance(value, (int, float)) and 1.1 < value <= 100.0:  # per cent
        raise NeurosimError(f"{name} = {value:g} is outside 0 to 1: did you mean {value / 100:g}?")
    return check_number(value, name, unit, low, high)


@dataclass(frozen=True)
class FixedProbability(Rule):
    """Connect each pair independently, with probability p.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> exc, inh = net.add("exc", 800, ns.LIF()), net.add("inh", 200, ns.LIF())
    >>> rule = ns.FixedProbability(0.1)
    >>> rule.expected_synapses(800, 200, n_common=0)
    16000.0
    >>> projection = net.connect(exc, inh, rule, psp=0.2, delay=1.5)
    """

    p: float = parameter(low=0.0, high=1.0, help="probability of each pair", check=_probability)
    autapses: bool = parameter(True, help=AUTAPSES)

    @property
    def rows(self) -> str:
        """How targets are drawn: each with probability p."""
        return "probability" if self.p < 1.0 else "all"

    def expected_synapses(self, n_sources: int, n_targets: int, *, n_common: int) -> float:
        """Return p times the number of pairs."""
        return _pairs(self, n_sources, n_targets, n_common) * self.p


class _FixedDegree(Rule, abstract=True):
    """Base class of rules that draw n synapses for each neuron of one population.

    Attributes
    ----------
    drawn : int
        Index of the population from which neurons are drawn, 0 for sources and 1 for targets.
    """

    drawn: ClassVar[int]
    n: int

    def check(self, n_sources: int, n_targets: int, *, n_common: int) -> None:
        """Raise an error if there are too few neurons to draw n from."""
        pool = (n_sources, n_targets)[self.drawn] - (n_common > 0 and not self.autapses)
        if self.n > (MOST if self.multapses and pool else pool):
            raise NeurosimError(
                f"{type(self).__name__}.n = {self.n} exceeds the {pool} neurons to choose from: "
                f"lower n, or allow {'multapses' if pool else 'autapses'}"
            )

    def expected_synapses(self, n_sources: int, n_targets: int, *, n_common: int) -> float:
        """Return n times the number of neurons that have n synapses."""
        return self.n * (n_targets, n_sources)[self.drawn]


@dataclass(frozen=True)
class FixedInDegree(_FixedDegree):
    """Connect each target to n sources, drawn uniformly.

    Examples
    --------
    Each of the 200 targets receives 80 synapses from distinct sources:

    >>> import numpy as np
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> exc, inh = net.add("exc", 800, ns.LIF()), net.add("inh", 200, ns.LIF())
    >>> projection = net.connect(exc, inh, ns.FixedInDegree(80, multapses=False), psp=0.2)
    >>> connections = ns.Simulation(net).connections(projection)
    >>> np.bincount(connections.targets, minlength=200)[:5]
    array([80, 80, 80, 80, 80])
    """

    rows = "in-degree"
    drawn = 0
    n: int = parameter(low=0, high=MOST, help="synapses onto each target")
    autapses: bool = parameter(True, help=AUTAPSES)
    multapses: bool = parameter(True, help=MULTAPSES)


@dataclass(frozen=True)
class FixedOutDegree(_FixedDegree):
    """Connect each source to n targets, drawn uniformly.

    Examples
    --------
    >>> import numpy as np
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> exc, inh = net.add("exc", 800, ns.LIF()), net.add("inh", 200, ns.LIF())
    >>> projection = net.connect(exc, inh, ns.FixedOutDegree(20), psp=0.2)
    >>> connections = ns.Simulation(net).connections(projection)
    >>> np.bincount(connections.sources, minlength=800)[:5]
    array([20, 20, 20, 20, 20])
    """

    rows = "out-degree"
    drawn = 1
    n: int = parameter(low=0, high=MOST, help="synapses from each source")
    autapses: bool = parameter(True, help=AUTAPSES)
    multapses: bool = parameter(True, help=MULTAPSES)

    def out_degrees(self, ends: Endpoints, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return n for every source."""
        return np.full(ends.shape[0], self.n, np.int64)


@dataclass(frozen=True)
class FixedTotalNumber(Rule):
    """Draw n pairs of source and target uniformly, with replacement.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 100, ns.LIF())
    >>> projection = net.connect(cells, cells, ns.FixedTotalNumber(1000, autapses=False), psp=0.2)
    >>> len(ns.Simulation(net).connections(projection).sources)
    1000
    """

    rows = "out-degree"
    n: int = parameter(low=0, high=2**62, help="total number of synapses")
    autapses: bool = parameter(True, help=AUTAPSES)

    def check(self, n_sources: int, n_targets: int, *, n_common: int) -> None:
        """Raise an error if the only possible synapses are excluded autapses."""
        if self.n and n_common == n_sources * n_targets and not self.autapses:
            raise NeurosimError(
                f"FixedTotalNumber.n = {self.n}, but a single neuron has no pairs: allow autapses"
            )

    def expected_synapses(self, n_sources: int, n_targets: int, *, n_common: int) -> float:
        """Return n."""
        return self.n

    def out_degrees(self, ends: Endpoints, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw multinomial out-degrees; targets are independent given these."""
        n_sources, n_targets = ends.shape
        p = np.full(n_sources, 1.0 / n_sources)
        if not self.autapses and 0 < ends.n_common < n_sources:
            # Sources that are also targets have one target less to choose from.
            choices = n_targets - np.isin(ends.sources, ends.targets).astype(float)
            p = choices / choices.sum()
        return rng.multinomial(self.n, p)


def _indices(value: Any, name: str, *_: Any) -> NDArray[np.int64]:
    return check_indices(value, name)


@dataclass(frozen=True, eq=False)
class Explicit(Rule):
    """Connect listed pairs of neurons.

    Parameters
    ----------
    sources, targets : (n,) array_like of int
        Indices within the two populations.

    Examples
    --------
    A ring of five neurons:

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> ring = net.add("ring", 5, ns.LIF())
    >>> rule = ns.Explicit(sources=[0, 1, 2, 3, 4], targets=[1, 2, 3, 4, 0])
    >>> projection = net.connect(ring, ring, rule, psp=16.0, delay=2.0)
    >>> start = net.drive(ring[0], ns.SpikeTimes([1.0]), psp=16.0)
    >>> ns.simulate(net, 10.0).spikes["ring"].times
    array([1., 3., 5., 7., 9.])
    """

    random = False
    sources: Array = parameter(help="indices within the source population", check=_indices)
    targets: Array = parameter(help="indices within the target population", check=_indices)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.sources) != len(self.targets):
            raise NeurosimError(
                f"Explicit has {len(self.sources)} sources and {len(self.targets)} targets: "
                "their numbers must be equal"
            )

    def check(self, n_sources: int, n_targets: int, *, n_common: int) -> None:
        """Raise an error if an index is out of range."""
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
        """Return the connections with indices within the whole populations."""
        listed = Explicit(ends.sources[self.sources], ends.targets[self.targets])
        return Resolved(listed, weight, delay, None, None)


def _reordered(values: Any, order: Any) -> Any:
    """Return an array with its values in another order; return other values unchanged."""
    return read_only(values[order]) if isinstance(values, np.ndarray) else values
