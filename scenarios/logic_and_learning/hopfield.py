"""Content-addressable memory: Hopfield's units and spiking neurons.

A Hopfield network stores patterns ξ of ±1 in its synapses, wᵢⱼ = Σ ξᵢξⱼ / N. The stored patterns
are fixed points of its dynamics, and no update of a unit raises the energy −½ Σ wᵢⱼsᵢsⱼ. From a cue
in which some units are wrong, the network recalls the nearest stored pattern. Beyond about 0.138
patterns per unit, recall of random patterns fails.

Here leaky integrate-and-fire neurons with noise use the same synapses. The memory stores eight
pictures (stripes and checkerboards), in each of which half of the neurons are active. Each cue is a
current of 100 ms. Recall is read from the firing rates 200 to 400 ms after its end: active neurons
fire, the others are silent. Further networks store larger numbers of random patterns. The sign of a
synapse depends on the pair of neurons, so these networks do not obey Dale's law.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

import bridge
import neurosim as ns
from bridge.classics import HopfieldNetwork, corrupt, random_patterns, retrieval_overlap
from bridge.classics.hopfield import CAPACITY
from neurosim.analysis import cv_isi
from scenarios import _kit as kit

NEURON = ns.LIF()
SYNAPSE = ns.ExpCurrent(20.0)
# Depolarisation of all neurons by a constant current (mV).
BACKGROUND = 14.0
# Weight (pA) times number of neurons for wᵢⱼ = 1/N.
STRENGTH = 400.0
# Depolarisation or hyperpolarisation by the cue (mV), and its duration (ms).
CUE, CUE_LENGTH = 20.0, 100.0
# First cue, time between cues, and time before the next cue in which rates are measured (ms).
START, PERIOD, READ = 50.0, 500.0, 200.0
# Rate of an active neuron (Hz): at least this.
ACTIVE = 20.0
# Hopfield networks whose capacity is measured: patterns per unit, units, networks of each load.
LOADS = (0.02, 0.05, 0.08, 0.1, 0.12, 0.13, 0.138, 0.145, 0.15, 0.16, 0.18, 0.2, 0.25)
UNITS, NETWORKS = 1000, 3
# Overlap at capacity in the theory, and half-way between the overlaps on both sides of the jump.
AT_CAPACITY, HALF_WAY = 0.97, 0.66
# Bin of the overlap (ms), and cues in the raster.
BIN, SHOWN = 25.0, 4


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    neurons: int = kit.setting(400, "", 50, 2000, "neurons of each spiking memory")
    patterns: int = kit.setting(8, "", 1, 2000, "patterns of the first memory; 8 are pictures")
    corruption: float = kit.setting(
        0.2, "", 0.0, 0.5, "fraction of the neurons that are wrong in a cue"
    )
    sigma: float = kit.setting(3.0, "mV", 0.0, 20.0, "standard deviation of the membrane noise")
    loads: tuple[float, ...] = kit.setting(
        (12.0, 16.0, 32.0), "", 1, 2000, "numbers of random patterns of further memories",
        length=(0, 10),
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        for number in (self.patterns, *self.loads):
            if number > self.neurons or number % 1.0:
                raise ns.NeurosimError(
                    f"{number:g} patterns: give whole numbers from 1 to the {self.neurons} neurons"
                )
        if len(set(self.loads)) < len(self.loads):
            raise ns.NeurosimError(f"loads = {self.loads}: give different numbers")


class Memory(NamedTuple):
    """A Hopfield network, and one cue for each stored pattern, shape (n_patterns, N)."""

    network: HopfieldNetwork
    cues: kit.Floats

    def n_cues(self, duration: float) -> int:
        """Return the number of cues in a run."""
        return min(int((duration - START) / PERIOD + 1e-9), len(self.cues))

    def overlaps(self, states: kit.Floats) -> kit.Floats:
        """Return the overlap of each state with the pattern of its cue."""
        return np.diagonal(self.network.overlap(states))


@lru_cache(maxsize=8)
def memories(settings: Settings) -> dict[str, Memory]:
    """Return what each spiking memory stores, by population."""
    numbers = {"memory": settings.patterns}
    numbers |= {f"memory of {number:g}": int(number) for number in settings.loads}
    found = {}
    for seed, (name, number) in enumerate(numbers.items()):
        rng = np.random.default_rng(seed)
        patterns = random_patterns(rng, number, settings.neurons, balanced=True)
        if name == "memory":
            drawn = pictures(settings.neurons)[:number]
            patterns[: len(drawn)] = drawn
        cues = corrupt(rng, patterns, settings.corruption)
        found[name] = Memory(HopfieldNetwork(patterns), cues)
    return found


def pictures(n: int) -> kit.Floats:
    """Return eight pictures of n pixels, half of them 1 and half −1, shape (8, n).

    They are stripes and checkerboards with nearly no overlap, like random patterns.
    """
    side = math.ceil(math.sqrt(n))
    y, x = (2.0 * np.array(np.divmod(np.arange(n), side)) + 1.0) / side - 1.0
    sin, cos, pi = np.sin, np.cos, np.pi
    shades = np.stack([
        -x, sin(2 * pi * y), cos(3 * pi * x), sin(2 * pi * (x + y) + 0.8),
        x * y, sin(2 * pi * (x - y) + 0.8), cos(3 * pi * x) * cos(3 * pi * y),
        sin(2 * pi * x + pi * y + 0.3),
    ])  # fmt: skip
    # The brightest half of the pixels; rounding makes equal shades equal.
    ranks = np.argsort(np.argsort(-shades.round(9), axis=1, kind="stable"), axis=1)
    return np.where(ranks < n // 2, 1.0, -1.0)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add the spiking memories, and their cues one after the other."""
    if options.duration < START + PERIOD:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is too short for a cue: give {START + PERIOD:g} "
            "ms or more"
        )
    net = ns.Network(dale=False)
    per_mv = 1.0 / NEURON.resistance
    background = np.full(settings.neurons, BACKGROUND * per_mv)
    for name, memory in memories(settings).items():
        population = net.add(name, settings.neurons, NEURON, v_init=ns.Uniform(-70.0, -55.0))
        sources, targets = np.nonzero(memory.network.couplings)
        weights = STRENGTH / settings.neurons * memory.network.couplings[sources, targets]
        rule = ns.Explicit(sources, targets)
        net.connect(population, population, rule, synapse=SYNAPSE, weight=weights, delay=1.0)
        net.drive(population, ns.MembraneNoise(settings.sigma))
        times, currents = [0.0], [background]
        for k in range(memory.n_cues(options.duration)):
            times += [START + k * PERIOD, START + k * PERIOD + CUE_LENGTH]
            currents += [per_mv * (BACKGROUND + CUE * memory.cues[k]), background]
        net.drive(population, ns.StepCurrent(np.array(times), np.array(currents)))
    return net


def recalled(result: ns.Result, settings: Settings, name: str) -> kit.Floats:
    """Return the state, ±1, of a spiking memory at the end of each period, shape (n_cues, N)."""
    n_cues = memories(settings)[name].n_cues(result.duration)
    ends = START + PERIOD * (1 + np.arange(n_cues))
    rates = [1e3 / READ * result.spikes[name].counts(end - READ, end) for end in ends]
    return np.where(np.array(rates) > ACTIVE, 1.0, -1.0)


def recall_overlaps(result: ns.Result, settings: Settings) -> dict[str, kit.Floats]:
    """Return the overlap of each recalled state with its pattern, by memory."""
    return {
        name: memory.overlaps(recalled(result, settings, name))
        for name, memory in memories(settings).items()
    }


@lru_cache(maxsize=1)
def measure_units() -> tuple[kit.Findings, kit.Floats, kit.Floats]:
    """Measure Hopfield networks of ±1 units, which do not depend on the settings.

    Returns
    -------
    findings : dict
    overlaps : (n_loads, NETWORKS) ndarray
        Mean overlap after recall from the stored patterns.
    energies : (n_sweeps + 1, 50) ndarray
        Energy per unit of the last 50 runs from random states.
    """
    rng = np.random.default_rng(1)
    few, fixed = int(UNITS / (4.0 * math.log(UNITS))), []
    for _ in range(10):
        patterns = random_patterns(rng, few, UNITS)
        fixed.append(HopfieldNetwork(patterns).is_fixed(patterns).mean())
    rise = -math.inf
    for seed in range(20):
        memory = HopfieldNetwork(random_patterns(rng, int(rng.integers(1, 30)), 100))
        _, energies = memory.recall(random_patterns(rng, 50, 100), seed=seed)
        rise = max(rise, float(np.diff(energies, axis=0).max()))
    overlaps = np.array([
        [retrieval_overlap(rng, UNITS, round(load * UNITS)) for _ in range(NETWORKS)]
        for load in LOADS
    ])  # fmt: skip
    mean = overlaps.mean(axis=1)
    return {
        "patterns_fixed_at_n_over_4_ln_n": float(np.mean(fixed)),
        "largest_rise_of_energy": rise,
        "overlap_at_a_tenth": mean[LOADS.index(0.1)],
        "overlap_at_a_tenth_from_corrupted": retrieval_overlap(
            rng, UNITS, UNITS // 10, fraction=0.1
        ),
        "load_where_overlap_leaves_0.97": load_at(AT_CAPACITY, mean),
        "load_where_overlap_leaves_0.66": load_at(HALF_WAY, mean),
    }, overlaps, energies / 100.0  # fmt: skip


def load_at(overlap: float, mean: kit.Floats) -> float:
    """Return the load at which the mean overlap first falls below a value, interpolated."""
    k = int(np.flatnonzero(mean < overlap)[0])
    return float(np.interp(-overlap, -mean[k - 1 : k + 1], LOADS[k - 1 : k + 1]))


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure recall by spiking neurons, and the capacity of ±1 units."""
    main, overlaps = memories(settings)["memory"], recall_overlaps(result, settings)
    # While the first pattern is recalled.
    begin, end = START + PERIOD - READ, START + PERIOD
    trains, active = result.spikes["memory"], main.network.patterns[0] > 0.0
    rates, cv = 1e3 / READ * trains.counts(begin, end), cv_isi(trains, start=begin, stop=end)
    return {
        "cue_overlap": main.overlaps(main.cues).mean(),
        "recall_overlaps": overlaps["memory"],
        "recall_overlap": overlaps["memory"].mean(),
        "recall_by_load": {
            f"{len(memory.cues) / settings.neurons:.3f}": float(overlaps[name].mean())
            for name, memory in memories(settings).items()
        },
        "rate_active_hz": rates[active].mean(),
        "rate_silent_hz": rates[~active].mean(),
        "cv": cv[np.isfinite(cv)].mean() if np.isfinite(cv).any() else None,
        "abstract_units": UNITS,
    } | measure_units()[0]


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State recall by spiking neurons, and the properties of ±1 units."""
    by_load = [f"{overlap:.2f} at {load}" for load, overlap in found["recall_by_load"].items()]
    return [
        f"Networks of {settings.neurons} spiking neurons stored patterns, and {UNITS} units of ±1 "
        "for comparison.",
        f"{len(found['recall_overlaps'])} cues with {settings.corruption:.0%} of the neurons wrong "
        f"have an overlap of {found['cue_overlap']:.2f} with the stored patterns. After recall, it "
        f"is {found['recall_overlap']:.3f} on average and at least "
        f"{min(found['recall_overlaps']):.3f}.",
        f"Active neurons fire at {found['rate_active_hz']:.0f} Hz, the others at "
        f"{found['rate_silent_hz']:.1f} Hz.",
        f"Spiking neurons, overlap after recall by patterns per neuron: {kit.listed(by_load)}.",
        f"Units of ±1: the largest rise of the energy in 1,000 runs is "
        f"{found['largest_rise_of_energy']:g}. Of N/(4 ln N) stored patterns, "
        f"{found['patterns_fixed_at_n_over_4_ln_n']:.0%} are fixed points.",
        "Units of ±1: the overlap after recall falls below 0.97 at "
        f"{found['load_where_overlap_leaves_0.97']:.3f} patterns per unit (theory for many units: "
        f"{CAPACITY}).",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw recall over time, and the patterns as pictures."""
    shown = min(SHOWN, memories(settings)["memory"].n_cues(result.duration))
    upper = kit.panel(_draw_raster, result, settings, shown, ylabel="neuron (sorted)", yticks=())
    lower = kit.panel(
        _draw_overlaps, result, settings, shown, ylabel="overlap of the spikes", xlabel="time (ms)",
        ylim=(-0.7, 1.25), yticks=(-0.5, 0.0, 0.5, 1.0), xlim=(0.0, START + shown * PERIOD),
    )  # fmt: skip
    title = "After each cue, the neurons of one stored pattern keep firing"
    look: dict[str, Any] = {"height_ratios": (1.3, 1), "sharex": True, "legend": 3}
    return {
        "recall": kit.page(title, upper, lower, columns=1, size=(8.5, 5.8), **look),
        "patterns": _patterns_page(result, settings),
    }


def _draw_raster(axes: kit.Axes, result: ns.Result, settings: Settings, shown: int) -> None:
    """Draw the spikes, with the neurons sorted by the patterns in which they are active."""
    patterns = memories(settings)["memory"].network.patterns[:shown]
    trains, rows = result.spikes["memory"], np.argsort(np.lexsort(patterns[::-1]))
    axes.plot(trains.times, rows[trains.ids], ".", color="black", ms=1.6, rasterized=True)
    axes.set_ylim(0, settings.neurons)
    _draw_cues(axes, shown)


def _draw_cues(axes: kit.Axes, shown: int) -> None:
    for k in range(shown):
        begin = START + k * PERIOD
        axes.axvspan(begin, begin + CUE_LENGTH, color="#E69F00", alpha=0.3, lw=0,
                     label="" if k else "cue")  # fmt: skip


def _draw_overlaps(axes: kit.Axes, result: ns.Result, settings: Settings, shown: int) -> None:
    """Draw the overlap of the spikes in each bin with all patterns."""
    patterns, trains = memories(settings)["memory"].network.patterns, result.spikes["memory"]
    edges = np.arange(0.0, result.duration + BIN, BIN)
    counts = np.histogram2d(trains.times, trains.ids, [edges, np.arange(settings.neurons + 1)])[0]
    overlaps = counts @ patterns.T / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    middles = edges[:-1] + 0.5 * BIN
    _draw_cues(axes, shown)
    axes.plot(middles, overlaps[:, 0], color="0.75", lw=0.8, label="overlap with other patterns")
    axes.plot(middles, overlaps[:, 1:], color="0.75", lw=0.8)
    for k in range(shown):
        begin = START + k * PERIOD
        inside = (middles >= begin) & (middles < begin + PERIOD)
        label = "" if k else "overlap with the pattern of the cue"
        axes.plot(middles[inside], overlaps[inside, k], color=kit.SPIKING, lw=2.2, label=label)
        kit.label(axes, begin + 0.5 * PERIOD, 1.05, f"pattern {k + 1}", side="above")


def _patterns_page(result: ns.Result, settings: Settings) -> kit.Figure:
    """Draw stored patterns, cues and recalled states as pictures."""
    memory = memories(settings)["memory"]
    spiking = recalled(result, settings, "memory")[:8]
    stored, cues = memory.network.patterns[: len(spiking)], memory.cues[: len(spiking)]
    units, _ = memory.network.recall(cues)
    panels = []
    for name, states in (
        ("stored", stored), ("cue", cues), ("spiking\nneurons", spiking), ("±1 units", units)
    ):  # fmt: skip
        for k, state in enumerate(states):
            overlap = f"{state @ stored[k] / settings.neurons:.2f}"
            labels = {"ylabel": "" if k else name, "xlabel": "" if name == "stored" else overlap}
            panels.append(kit.panel(_draw_picture, state, xticks=(), yticks=(), **labels))
    title = "Both networks complete corrupted cues (numbers: overlap with the stored pattern)"
    return kit.page(title, *panels, columns=len(spiking), size=(8.8, 5.2))


def _draw_picture(axes: kit.Axes, state: kit.Floats) -> None:
    side = math.ceil(math.sqrt(len(state)))
    picture = np.full(side * side, np.nan)
    picture[: len(state)] = state
    axes.imshow(picture.reshape(side, side), cmap="Greys", vmin=-1.3, vmax=1.3)
    axes.spines[:].set_visible(False)


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare recall by spiking neurons with recall by ±1 units."""
    main, units = memories(settings)["memory"], measure_units()[0]
    spiking = recalled(result, settings, "memory")
    cues = main.cues[: len(spiking)]
    abstract, _ = main.network.recall(cues)
    same = bridge.agreement(spiking.ravel() > 0.0, abstract.ravel() > 0.0)
    note = f"{len(spiking)} cues × {settings.neurons} neurons"
    measures = {"agreement": same.labelled("Neurons in the same state as their unit", note)}
    for key, value, label, note in (
        ("overlap_of_cues", main.overlaps(cues).mean(), "Overlap of cues with stored patterns", ""),
        ("overlap_spiking", main.overlaps(spiking).mean(), "Overlap after recall, spiking", ""),
        ("overlap_abstract", main.overlaps(abstract).mean(), "Overlap after recall, ±1 units", ""),
        ("patterns_fixed", units["patterns_fixed_at_n_over_4_ln_n"],
         "Fraction of patterns that are fixed points", f"N/(4 ln N), {UNITS} units"),
        ("largest_rise_of_energy", units["largest_rise_of_energy"], "Largest rise of the energy",
         "1,000 runs, 100 units"),
        ("overlap_at_a_tenth", units["overlap_at_a_tenth"], "Overlap at 0.1 patterns per unit",
         f"{UNITS} units"),
        ("load_where_overlap_leaves_0.97", units["load_where_overlap_leaves_0.97"],
         "Patterns per unit at overlap 0.97", f"theory, many units: {CAPACITY}"),
        ("load_where_overlap_leaves_0.66", units["load_where_overlap_leaves_0.66"],
         "Patterns per unit at overlap 0.66", f"{UNITS} units"),
    ):  # fmt: skip
        measures[key] = kit.Measure(float(value), note=note, label=label)
    before, after, units_after = (
        main.overlaps(states).mean() for states in (cues, spiking, abstract)
    )
    conclusion = (
        f"From cues with an overlap of {before:.2f}, spiking neurons recall the patterns with an "
        f"overlap of {after:.2f} and ±1 units with an overlap of {units_after:.2f}."
    )
    return kit.Comparison(
        "Recall of stored patterns: spiking neurons and Hopfield's units",
        measures,
        {"capacity": partial(_capacity_page, result, settings), "energy": _energy_page},
        conclusion,
    )


def _capacity_page(result: ns.Result, settings: Settings) -> kit.Figure:
    """Draw the overlap after recall against the load, for both kinds of memory."""
    overlaps = measure_units()[1]
    spiking = {
        len(memories(settings)[name].cues) / settings.neurons: values.mean()
        for name, values in recall_overlaps(result, settings).items()
    }

    def draw(axes: kit.Axes) -> None:
        mean = overlaps.mean(axis=1)
        bars = np.abs(np.stack([overlaps.min(axis=1), overlaps.max(axis=1)]) - mean)
        label = f"{UNITS} units of ±1, range of {NETWORKS} networks"
        axes.errorbar(LOADS, mean, bars, fmt="o-", color="0.35", ms=4, capsize=2, label=label)
        label = f"{settings.neurons} spiking neurons, cues {settings.corruption:.0%} wrong"
        loads, means = zip(*sorted(spiking.items()), strict=True)
        axes.plot(loads, means, "D--", color=kit.SPIKING, ms=6, label=label)
        few = 1.0 / (4.0 * math.log(UNITS))
        for load, text in ((few, "1/(4 ln N)"), (CAPACITY, f"theory: {CAPACITY}")):
            axes.axvline(load, color="0.6", lw=0.9, ls=":")
            kit.label(axes, load, 0.05, text, "0.35")
        axes.set_xlim(0.0, max(LOADS[-1], *loads) + 0.005)

    labels = {"xlabel": "load (patterns per unit)", "ylabel": "overlap after recall"}
    body = kit.panel(draw, **labels, ylim=(0.0, 1.05))
    title = "Above its capacity, the memory loses all patterns"
    return kit.page(title, body, size=(7.0, 4.4), legend=2)


def _energy_page() -> kit.Figure:
    energies = measure_units()[2]

    def draw(axes: kit.Axes) -> None:
        axes.plot(energies, color="black", lw=0.8, alpha=0.5)
        axes.locator_params(axis="x", integer=True)

    labels = {"xlabel": "sweep (each unit is updated once)", "ylabel": "energy per unit"}
    body = kit.panel(draw, **labels)
    return kit.page("The energy never rises: 50 runs from random states", body)


scenario = kit.lesson(__name__, row="S13", lectures=("L1",), duration=4050.0)
