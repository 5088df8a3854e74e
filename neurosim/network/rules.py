"""Connection rules: which neurons of one population reach which of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neurosim.errors import NeurosimError
from neurosim.network.checks import (
    Array,
    check_flag,
    check_indices,
    check_integer,
    check_number,
    show,
)
from neurosim.network.csv_edges import CSVEdges
from neurosim.network.sonata import SonataEdges


def _check_flags(rule: Any, *names: str) -> None:
    for name in names:
        flag = check_flag(getattr(rule, name), f"{type(rule).__name__}.{name}")
        object.__setattr__(rule, name, flag)


@dataclass(frozen=True)
class AllToAll:
    """Every source to every target.

    Parameters
    ----------
    autapses : bool
        Whether a neuron may be connected to itself.
    """

    autapses: bool = True

    def __post_init__(self) -> None:
        _check_flags(self, "autapses")


@dataclass(frozen=True)
class OneToOne:
    """Each source to the target of the same index; both populations have one size."""


@dataclass(frozen=True)
class FixedProbability:
    """Each pair independently, with probability p.

    Parameters
    ----------
    p : float
        0 to 1.
    autapses : bool
        Whether a neuron may be connected to itself.
    """

    p: float
    autapses: bool = True

    def __post_init__(self) -> None:
        if isinstance(self.p, (int, float)) and 1.1 < self.p <= 100.0:  # per cent
            raise NeurosimError(
                f"FixedProbability.p = {self.p:g} is outside 0 to 1: did you mean {self.p / 100:g}?"
            )
        object.__setattr__(self, "p", check_number(self.p, "FixedProbability.p", "", 0.0, 1.0))
        _check_flags(self, "autapses")


@dataclass(frozen=True)
class FixedInDegree:
    """To each target n sources, drawn uniformly.

    Parameters
    ----------
    n : int
        Synapses onto each target.
    autapses : bool
        Whether a neuron may be connected to itself.
    multapses : bool
        Whether a pair may be connected more than once.
    """

    n: int
    autapses: bool = True
    multapses: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", check_integer(self.n, "FixedInDegree.n", 0))
        _check_flags(self, "autapses", "multapses")


@dataclass(frozen=True)
class FixedOutDegree:
    """From each source to n targets, drawn uniformly.

    Parameters
    ----------
    n : int
        Synapses from each source.
    autapses : bool
        Whether a neuron may be connected to itself.
    multapses : bool
        Whether a pair may be connected more than once.
    """

    n: int
    autapses: bool = True
    multapses: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", check_integer(self.n, "FixedOutDegree.n", 0))
        _check_flags(self, "autapses", "multapses")


@dataclass(frozen=True)
class FixedTotalNumber:
    """n synapses in all, each from a source and to a target drawn uniformly, with replacement.

    Parameters
    ----------
    n : int
        Synapses in all.
    autapses : bool
        Whether a neuron may be connected to itself.
    """

    n: int
    autapses: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", check_integer(self.n, "FixedTotalNumber.n", 0, 2**62))
        _check_flags(self, "autapses")


@dataclass(frozen=True, eq=False)
class Explicit:
    """The connections that are listed.

    Parameters
    ----------
    sources, targets : (n,) array_like of int
        Indices within the two populations.
    """

    sources: Array
    targets: Array

    def __post_init__(self) -> None:
        for name in ("sources", "targets"):
            indices = check_indices(getattr(self, name), f"Explicit.{name}")
            object.__setattr__(self, name, indices)
        if len(self.sources) != len(self.targets):
            raise NeurosimError(
                f"Explicit has {len(self.sources)} sources and {len(self.targets)} targets: give "
                "one of each per connection"
            )


Rule = (
    AllToAll
    | OneToOne
    | FixedProbability
    | FixedInDegree
    | FixedOutDegree
    | FixedTotalNumber
    | Explicit
    | CSVEdges
    | SonataEdges
)
"""Any of the rules."""


def check_rule(rule: object, n_sources: int, n_targets: int, *, n_common: int) -> None:
    """Refuse what is not a rule, or one that so many neurons cannot satisfy.

    Parameters
    ----------
    rule : object
    n_sources, n_targets : int
    n_common : int
        Number of neurons that are both source and target.

    Raises
    ------
    NeurosimError
    """
    if not isinstance(rule, Rule):
        given = "No rule was given" if rule is None else f"{show(rule)} is not a connection rule"
        raise NeurosimError(
            f"{given}: give AllToAll(), OneToOne(), "
            "FixedProbability(p), FixedInDegree(n), FixedOutDegree(n), FixedTotalNumber(n), "
            "Explicit(sources, targets), CSVEdges(path), SonataEdges(path, population) or a sparse "
            "matrix"
        )
    if isinstance(rule, OneToOne) and n_sources != n_targets:
        raise NeurosimError(
            f"OneToOne connects as many sources as targets, not {n_sources} and {n_targets} neurons"
        )
    if isinstance(rule, Explicit):
        check_indices(rule.sources, "Explicit.sources", n_sources)
        check_indices(rule.targets, "Explicit.targets", n_targets)
    if isinstance(rule, (FixedInDegree, FixedOutDegree)):
        pool = n_sources if isinstance(rule, FixedInDegree) else n_targets
        pool -= n_common > 0 and not rule.autapses
        most = 2**31 - 1 if rule.multapses and pool else pool
        if rule.n > most:
            raise NeurosimError(
                f"{type(rule).__name__}.n = {rule.n} is more than the {pool} neurons there are to "
                f"choose from: lower n, or allow {'multapses' if pool else 'autapses'}"
            )
    no_pair = n_common == n_sources * n_targets and not getattr(rule, "autapses", True)
    if isinstance(rule, FixedTotalNumber) and rule.n and no_pair:
        raise NeurosimError(
            f"FixedTotalNumber.n = {rule.n} finds no pair in one neuron: allow autapses"
        )
