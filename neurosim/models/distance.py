"""Connections that depend on the distance between neurons."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.connection_rules import AUTAPSES
from neurosim.models.declare import parameter
from neurosim.models.profiles import Profile
from neurosim.models.rule import Resolved, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurosim.models.endpoints import Endpoints

PAIRS_AT_ONCE = 2**20
"""Pairs of neurons drawn in one block."""
PAIRS_SAMPLED = 2**16
"""Maximum number of pairs from which the expected number of synapses is computed."""


def _profile(value: Any, name: str, *_: Any) -> Profile:
    Profile.require(value)
    if float(value(0.0)) > 1.0:
        raise NeurosimError(f"{name} = {value} is above 1 at distance 0: lower the probability")
    return value


@dataclass(frozen=True)
class DistanceProbability(Rule):
    """Connect each pair independently, with a probability that depends on distance.

    Parameters
    ----------
    profile : Linear, Gaussian or ExponentialDecay
        Probability as a function of distance; values are clipped to 0 to 1.
    autapses : bool
        Whether a neuron may be connected to itself.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> sheet = ns.Grid((20, 20), 50.0, periodic=True)
    >>> exc = net.add("exc", 400, ns.LIF(), positions=sheet)
    >>> rule = ns.DistanceProbability(ns.Gaussian(0.3, sd=100.0), autapses=False)
    >>> one = net.connect(exc, exc, rule, psp=0.5, delay=ns.Linear(1.0, 0.002))
    """

    profile: Profile = parameter(help="probability as a function of distance", check=_profile)
    autapses: bool = parameter(True, help=AUTAPSES)
    _ends: Any = field(default=None, init=False, repr=False, compare=False)

    def bind(self, ends: Endpoints) -> DistanceProbability:
        """Return the rule bound to given neurons.

        Raises
        ------
        NeurosimError
            If neurons lack positions, or their positions are in different spaces.
        """
        ends.check_positions("DistanceProbability")
        rule = replace(self)
        object.__setattr__(rule, "_ends", ends)
        return rule

    def edges(
        self, n_sources: int, n_targets: int, rng: np.random.Generator
    ) -> Iterator[tuple[Any, Any]]:
        """Yield the connections of blocks of sources."""
        n_rows = max(1, PAIRS_AT_ONCE // n_targets)
        for first in range(0, n_sources, n_rows):
            p = self._probabilities(np.arange(first, min(first + n_rows, n_sources)))
            sources, targets = np.nonzero(rng.random(p.shape) < p)
            yield first + sources, targets

    def _probabilities(self, sources: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the probability of each pair, with a row per source."""
        ends = self._ends
        assert ends is not None
        ids = ends.sources[sources][:, None]
        p = self.profile(ends.distances(ids, ends.targets[None]))
        if not self.autapses and ends.source is ends.target:
            p[ids == ends.targets[None]] = 0.0
        return p

    def expected_synapses(self, n_sources: int, n_targets: int, *, n_common: int) -> float:
        """Return the expected number, estimated from some sources if there are many pairs."""
        n = max(1, min(n_sources, PAIRS_SAMPLED // n_targets))
        some = np.linspace(0, n_sources - 1, n).astype(np.int64)
        p = np.clip(self._probabilities(some), 0.0, 1.0)
        return float(p.sum()) * n_sources / n


def _rule(value: Any, name: str, *_: Any) -> Rule:
    Rule.require(value)
    return value


@dataclass(frozen=True)
class Redrawn(Rule):
    """Drawn connections as a list, because strengths or delays depend on distance.

    Parameters
    ----------
    rule : Rule
        FixedProbability, FixedInDegree, FixedOutDegree or FixedTotalNumber.
    """

    rule: Rule = parameter(help="rule that draws connections", check=_rule)

    def check(self, n_sources: int, n_targets: int, *, n_common: int) -> None:
        """Raise an error if the rule cannot connect populations of these sizes."""
        self.rule.check(n_sources, n_targets, n_common=n_common)

    def expected_synapses(self, n_sources: int, n_targets: int, *, n_common: int) -> float:
        """Return the expected number of synapses."""
        return self.rule.expected_synapses(n_sources, n_targets, n_common=n_common)

    def resolve(self, ends: Endpoints, weight: Any, delay: Any) -> Resolved:
        """Return the rule for whole populations or for views with ascending ids."""
        return self.rule.resolve(ends, weight, delay)._replace(rule=self)


def with_distance(rule: Rule, *values: Any) -> Rule:
    """Return a rule that supports weights and delays that depend on distance."""
    drawn = rule.random and rule.rows != "listed"
    return Redrawn(rule) if drawn and any(isinstance(v, Profile) for v in values) else rule
