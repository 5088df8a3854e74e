"""Memories of spiking neurons, and what abstract ones are measured to do."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

import neurosim as ns
from bridge.classics import HopfieldNetwork, corrupt, random_patterns, retrieval_overlap

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

NEURON = ns.LIF()
BACKGROUND = 14.0
"""How far a constant current lifts all neurons above rest (mV)."""
STRENGTH = 400.0
"""Weight of a synapse (pA) times the number of neurons, for wᵢⱼ = 1/N."""
SYNAPSE = ns.ExpCurrent(20.0)
CUE, CUE_LENGTH = 20.0, 100.0
"""How far the cue moves the potential, up or down (mV), and for how long (ms)."""
START, PERIOD, READ = 50.0, 500.0, 200.0
"""First cue, time from cue to cue, and time at the end of it in which is read (ms)."""
ACTIVE = 20.0
"""Rate above which a neuron counts as active (Hz)."""
LOADS = (0.02, 0.05, 0.08, 0.1, 0.12, 0.13, 0.138, 0.145, 0.15, 0.16, 0.18, 0.2, 0.25)
UNITS, NETWORKS = 1000, 3
"""Size of the abstract networks whose capacity is measured, and how many of each load."""
KEPT = 0.97
"""Overlap that theory has at capacity."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    neurons: int = field(default=400, metadata={"help": "neurons of the spiking memory"})
    patterns: int = field(default=8, metadata={"help": "patterns that it stores"})
    corruption: float = field(
        default=0.2, metadata={"help": "share of the neurons that a cue has wrong"}
    )
    sigma: float = field(
        default=3.0, metadata={"help": "standard deviation of the membrane noise", "unit": "mV"}
    )
    loads: tuple[float, ...] = field(
        default=(12.0, 16.0, 32.0),
        metadata={"help": "numbers of patterns of further spiking memories"},
    )

    def __post_init__(self) -> None:
        if not 50 <= self.neurons <= 2000:
            raise ns.NeurosimError(f"neurons = {self.neurons} is outside 50 to 2000")
        for name, stored in (("patterns", (self.patterns,)), ("loads", self.loads)):
            for number in stored:
                if not 1 <= number <= self.neurons or number % 1.0:
                    raise ns.NeurosimError(
                        f"{name} = {number:g}: give whole numbers from 1 to the {self.neurons} "
                        "neurons"
                    )
        if len(set(self.loads)) < len(self.loads) or len(self.loads) > 10:
            raise ns.NeurosimError("loads must be at most 10 different numbers")
        if not 0.0 <= self.corruption <= 0.5:
            raise ns.NeurosimError(f"corruption = {self.corruption:g} is outside 0 to 0.5")
        if not 0.0 <= self.sigma <= 20.0:
            raise ns.NeurosimError(f"sigma = {self.sigma:g} mV is outside 0 to 20 mV")

    @cached_property
    def memories(self) -> dict[str, Memory]:
        """What each spiking memory stores, by population."""
        names = {"memory": self.patterns}
        names |= {f"memory of {number:g}": int(number) for number in self.loads}
        return {
            name: Memory.of(k, number, self.neurons, self.corruption)
            for k, (name, number) in enumerate(names.items())
        }


@dataclass(frozen=True, eq=False)
class Memory:
    """Stored patterns, and the cues from which they are to be recalled.

    Attributes
    ----------
    network : HopfieldNetwork
        Of balanced patterns: half of the neurons are active in each.
    cues : (p, N) ndarray of ±1
    """

    network: HopfieldNetwork
    cues: NDArray[np.float64]

    @classmethod
    def of(cls, seed: int, n_patterns: int, size: int, corruption: float) -> Memory:
        """Draw patterns and cues."""
        rng = np.random.default_rng(seed)
        patterns = random_patterns(rng, n_patterns, size, balanced=True)
        return cls(HopfieldNetwork(patterns), corrupt(rng, patterns, corruption))


def n_cues(duration: float, memory: Memory) -> int:
    """Return how many cues a run has time for."""
    return min(int((duration - START) / PERIOD + 1e-9), len(memory.cues))


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe a spiking memory, and others with more patterns; each is cued again and again."""
    if options.duration < START + PERIOD:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms has no time for a cue: give {START + PERIOD:g} ms "
            "or more"
        )
    # The sign of wᵢⱼ is of the pair, not of the neuron: these neurons do not obey Dale's law.
    net = ns.Network(dale=False)
    lift = 1.0 / NEURON.resistance
    for name, memory in settings.memories.items():
        size, couplings = memory.network.size, memory.network.couplings
        population = net.add(name, size, NEURON, v_init=ns.Uniform(-70.0, -55.0))
        sources, targets = np.nonzero(couplings)
        weights = STRENGTH / size * couplings[sources, targets]
        rule = ns.Explicit(sources, targets)
        net.connect(population, population, rule, synapse=SYNAPSE, weight=weights, delay=1.0)
        net.drive(population, ns.MembraneNoise(settings.sigma))
        times, amplitudes = [0.0], [np.full(size, BACKGROUND * lift)]
        for k in range(n_cues(options.duration, memory)):
            times += [START + k * PERIOD, START + k * PERIOD + CUE_LENGTH]
            amplitudes += [lift * (BACKGROUND + CUE * memory.cues[k]), amplitudes[0]]
        net.drive(population, ns.StepCurrent(np.array(times), np.array(amplitudes)))
    return net


def recalled(result: ns.Result, name: str, memory: Memory) -> NDArray[np.float64]:
    """Return the states, ±1, in which a spiking memory was at the end of each period.

    Returns
    -------
    (n_cues, N) ndarray
    """
    ends = START + PERIOD * (1 + np.arange(n_cues(result.duration, memory)))
    trains = result.spikes[name]
    rates = [1e3 / READ * trains.counts(end - READ, end) for end in ends]
    return np.where(np.array(rates) > ACTIVE, 1.0, -1.0)


def own_overlap(states: NDArray[np.float64], memory: Memory) -> NDArray[np.float64]:
    """Return the overlap of each state with the pattern that was cued."""
    return np.diagonal(memory.network.overlap(states))


@dataclass(frozen=True, eq=False)
class Abstract:
    """What networks of ±1 units were measured to do.

    Attributes
    ----------
    fixed : float
        Share of stored patterns that are fixed points, at N/(4 ln N) of them.
    largest_rise : float
        Largest change of the energy in any sweep of 1,000 random runs.
    energies : (n_sweeps + 1, 50) ndarray
        Of the last 50 of these runs.
    overlaps : (n_loads, NETWORKS) ndarray
        Mean overlap after recall from the patterns themselves, by load and network.
    corrupted : float
        The same at 0.1 N patterns, from cues with a tenth of the units wrong.
    """

    fixed: float
    largest_rise: float
    energies: NDArray[np.float64]
    overlaps: NDArray[np.float64]
    corrupted: float

    def load_at(self, overlap: float) -> float:
        """Return the load at which the mean overlap falls through a value."""
        mean = self.overlaps.mean(axis=1)
        k = int(np.flatnonzero(mean < overlap)[0])
        share = (mean[k - 1] - overlap) / (mean[k - 1] - mean[k])
        return float(LOADS[k - 1] + share * (LOADS[k] - LOADS[k - 1]))


@lru_cache(maxsize=1)
def measure_abstract() -> Abstract:
    """Measure networks of ±1 units; they do not depend on the settings."""
    rng = np.random.default_rng(1)
    few = int(UNITS / (4.0 * math.log(UNITS)))
    fixed = []
    for _ in range(10):
        patterns = random_patterns(rng, few, UNITS)
        fixed.append(HopfieldNetwork(patterns).is_fixed(patterns).mean())
    rise = -math.inf
    for seed in range(20):
        memory = HopfieldNetwork(random_patterns(rng, int(rng.integers(1, 30)), 100))
        _, energies = memory.recall(random_patterns(rng, 50, 100), seed=seed)
        rise = max(rise, float(np.diff(energies, axis=0).max()))
    overlaps = [
        [retrieval_overlap(rng, UNITS, round(load * UNITS)) for _ in range(NETWORKS)]
        for load in LOADS
    ]
    corrupted = retrieval_overlap(rng, UNITS, UNITS // 10, fraction=0.1)
    return Abstract(float(np.mean(fixed)), rise, energies, np.array(overlaps), corrupted)
