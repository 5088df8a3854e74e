"""The network that is being built, and the settings of the build."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurosim.builder.layout import Layout, LocalPopulation
    from neurosim.builder.workers import Each
    from neurosim.network import Network, Population


@dataclass(frozen=True, eq=False)
class BuildContext:
    """A network that is being built, and how it is built.

    Attributes
    ----------
    network : Network
    layout : Layout
    dt : float
        Step of the time grid (ms).
    seed : int
    local_threads : range
        Indices of the threads of this process among all.
    each : Each
        Maps a function over threads.
    debug : bool
        Whether to run models as plain Python.
    """

    network: Network
    layout: Layout
    dt: float
    seed: int
    local_threads: range
    each: Each = map
    debug: bool = False

    def parts(self, thread: int) -> tuple[LocalPopulation, ...]:
        """Return the part of each population that a thread owns."""
        return self.layout.threads[thread].populations

    def part(self, thread: int, population: Population) -> LocalPopulation:
        """Return the part of a population that a thread owns."""
        return self.parts(thread)[self.layout.index(population)]

    def first_id(self, population: Population) -> int:
        """Return the global id of the first neuron of a population."""
        return int(self.layout.first_id[self.layout.index(population)])

    def here(self, thread: int) -> int:
        """Return the index of a thread among those of this process."""
        return thread - self.local_threads.start
