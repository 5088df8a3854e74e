"""Layers in step: by how much each neuron of a NIR graph is late, and what makes up for it.

In NIR a spike arrives at once; here it takes a step at least. Each layer therefore runs some steps
late, and connections that lead past layers take as many more: the spikes are those of the graph, at
later times. Round a loop nothing can be made up for: there a connection takes one step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence


@dataclass(frozen=True)
class Way:
    """A connection between two nodes.

    Attributes
    ----------
    source, target : str
    delay : int
        That the graph gives it (steps).
    early : bool
        Whether its target is to feel a spike in the very step in which it arrives, and feels it
        here one step later: so in a synaptic current under Euler's method.
    """

    source: str
    target: str
    delay: int
    early: bool


@dataclass(frozen=True)
class Timing:
    """When spikes are to come.

    Attributes
    ----------
    late : mapping of str to int
        By how many steps each node is late.
    delays : mapping of Way to int
        Steps that each connection takes.
    kicked : frozenset of Way
        Connections too short to be felt in time through a synaptic current alone: what it would
        have done to V is to be given to V directly.
    """

    late: Mapping[str, int]
    delays: Mapping[Way, int]
    kicked: frozenset[Way]


def timing(names: Iterable[str], ways: Iterable[Way]) -> Timing:
    """Find the least lateness with which every connection takes a step or more."""
    ways = list(ways)
    looped = dict(zip(ways, in_loops([(way.source, way.target) for way in ways]), strict=True))
    # In a loop a connection without a delay takes one step.
    least = {way: max(way.delay, 1) if looped[way] else way.delay for way in ways}
    kicked = frozenset(way for way in ways if way.early and looped[way] and least[way] == 1)
    ahead = {way: least[way] - (way.early and way not in kicked) for way in ways}
    late = dict.fromkeys(names, 0)
    changed = True
    while changed:
        changed = False
        for way in ways:
            needed = late[way.source] + 1 - ahead[way]
            if late[way.target] < needed:
                late[way.target] = needed
                changed = True
    delays = {way: late[way.target] - late[way.source] + ahead[way] for way in ways}
    return Timing(late, delays, kicked)


def in_loops(ways: Sequence[tuple[str, str]]) -> list[bool]:
    """Return which connections, each from one name to another, are part of a loop."""
    import networkx as nx

    parts = nx.strongly_connected_components(nx.DiGraph(ways))
    loop = {name: k for k, part in enumerate(parts) for name in part}
    return [loop[source] == loop[target] for source, target in ways]


def run_ahead(
    names: Iterable[str],
    ways: Sequence[tuple[str, str]],
    delays: Sequence[int],
    fixed: Collection[str],
) -> dict[str, int]:
    """Find by how much each node may be ahead of its spikes, so that no delay falls below 0.

    Parameters
    ----------
    names : iterable of str
    ways : sequence of (str, str)
    delays : sequence of int
        Steps of each connection, of which it may lose all.
    fixed : collection of str
        Nodes that have a beginning of their own, and must not be ahead.
    """
    ahead = {name: 0 if name in fixed else None for name in names}

    def relax() -> None:
        changed = True
        while changed:
            changed = False
            for (source, target), delay in zip(ways, delays, strict=True):
                start, now = ahead[source], ahead[target]
                if start is not None and (now is None or now > start + delay):
                    ahead[target] = start + delay
                    changed = True

    relax()
    # What no spike reaches from outside stays where it is.
    ahead = {name: steps or 0 for name, steps in ahead.items()}
    relax()
    return {name: steps or 0 for name, steps in ahead.items()}
