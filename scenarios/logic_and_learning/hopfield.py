"""Content-addressable memory: Hopfield's units and spiking neurons.

A Hopfield network stores patterns ξ of ±1 in its synapses, wᵢⱼ = Σ ξᵢξⱼ / N. The stored patterns
are fixed points of its dynamics, and no update of a unit raises the energy −½ Σ wᵢⱼsᵢsⱼ. From a cue
in which some units are wrong, the network recalls the nearest stored pattern. Beyond about 0.138
patterns per unit, recall of random patterns fails.

Here leaky integrate-and-fire neurons with noise use the same synapses. The memory stores eight
pictures (stripes and checkerboards), in each of which half of the neurons are active. Each cue is a
current of 100 ms. Recall is read from the firing rates 200 to 400 ms after its end: active neurons
fire, the others are silent. The sign of a synapse depends on the pair of neurons, so the network
does not obey Dale's law.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

import bridge
import neurosim as ns
from bridge.classics import HopfieldNetwork, corrupt, random_patterns, retrieval_overlap
from bridge.classics.hopfield import CAPACITY
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
# Cues in the raster.
SHOWN = 4


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    neurons: int = kit.setting(400, "", 50, 2000, "neurons of the spiking memory")
    patterns: int = kit.setting(8, "", 1, 50, "stored patterns; the first 8 are pictures")
    corruption: float = kit.setting(0.2, "", 0.0, 0.5, "fraction of the neurons wrong in a cue")
    sigma: float = kit.setting(3.0, "mV", 0.0, 20.0, "standard deviation of the membrane noise")

    def cue_times(self, duration: float) -> kit.Floats:
        """Return the starts of the cues that fit into a run (ms)."""
        times = START + PERIOD * np.arange(float(self.patterns))
        return times[times + PERIOD <= duration]


@lru_cache(maxsize=8)
def memory(settings: Settings) -> tuple[HopfieldNetwork, kit.Floats]:
    """Return the network that stores the patterns, and a cue for each, shape (n_patterns, N)."""
    rng = np.random.default_rng(0)
    patterns = random_patterns(rng, settings.patterns, settings.neurons, balanced=True)
    drawn = pictures(settings.neurons)[: settings.patterns]
    patterns[: len(drawn)] = drawn
    return HopfieldNetwork(patterns), corrupt(rng, patterns, settings.corruption)


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
    """Add the spiking memory, and its cues one after the other."""
    kit.require_duration(options, START + PERIOD, "is too short for a cue")
    stored, cues = memory(settings)
    net = ns.Network(dale=False)
    neurons = net.add("memory", settings.neurons, NEURON, v_init=ns.Uniform(-70.0, -55.0))
    weights = STRENGTH / settings.neurons * stored.couplings
    pairs = np.nonzero(weights)
    rule = ns.Explicit(*pairs)
    net.connect(neurons, neurons, rule, synapse=SYNAPSE, weight=weights[pairs], delay=1.0)
    net.drive(neurons, ns.MembraneNoise(settings.sigma))
    background = np.full(settings.neurons, BACKGROUND)
    times, depolarisations = [0.0], [background]
    for start, cue in zip(settings.cue_times(options.duration), cues, strict=False):
        times += [start, start + CUE_LENGTH]
        depolarisations += [background + CUE * cue, background]
    currents = np.array(depolarisations) / NEURON.resistance
    net.drive(neurons, ns.StepCurrent(np.array(times), currents))
    return net


def recalled(result: ns.Result, settings: Settings) -> kit.Floats:
    """Return the state, ±1, of the spiking memory at the end of each period, shape (n_cues, N)."""
    ends = settings.cue_times(result.duration) + PERIOD
    rates = [1e3 / READ * result.spikes["memory"].counts(end - READ, end) for end in ends]
    return np.where(np.array(rates) > ACTIVE, 1.0, -1.0)


def overlaps(states: kit.Floats, settings: Settings) -> kit.Floats:
    """Return the overlap of each state with the pattern of its cue."""
    return np.diagonal(memory(settings)[0].overlap(states))


@lru_cache(maxsize=1)
def measure_units() -> tuple[kit.Findings, kit.Floats]:
    """Measure Hopfield networks of ±1 units, which do not depend on the settings.

    Returns
    -------
    findings : dict
    overlaps : (n_loads,) ndarray
        Mean overlap after recall from the stored patterns.
    """
    rng = np.random.default_rng(1)
    few, fixed = int(UNITS / (4.0 * math.log(UNITS))), []
    for _ in range(10):
        patterns = random_patterns(rng, few, UNITS)
        fixed.append(HopfieldNetwork(patterns).is_fixed(patterns).mean())
    rise = -math.inf
    for seed in range(20):
        stored = HopfieldNetwork(random_patterns(rng, int(rng.integers(1, 30)), 100))
        _, energies = stored.recall(random_patterns(rng, 50, 100), seed=seed)
        rise = max(rise, float(np.diff(energies, axis=0).max()))
    sizes = [round(load * UNITS) for load in LOADS]
    mean = np.array([
        np.mean([retrieval_overlap(rng, UNITS, size) for _ in range(NETWORKS)]) for size in sizes
    ])  # fmt: skip
    corrupted = retrieval_overlap(rng, UNITS, UNITS // 10, fraction=0.1)
    return {
        "patterns_fixed_at_n_over_4_ln_n": float(np.mean(fixed)),
        "largest_rise_of_energy": rise,
        "overlap_at_a_tenth": mean[LOADS.index(0.1)],
        "overlap_at_a_tenth_from_corrupted": corrupted,
        "load_where_overlap_leaves_0.97": load_at(AT_CAPACITY, mean),
        "load_where_overlap_leaves_0.66": load_at(HALF_WAY, mean),
    }, mean


def load_at(overlap: float, mean: kit.Floats) -> float:
    """Return the load at which the mean overlap first falls below a value, interpolated."""
    k = int(np.flatnonzero(mean < overlap)[0])
    return float(np.interp(-overlap, -mean[k - 1 : k + 1], LOADS[k - 1 : k + 1]))


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure recall by spiking neurons, and the capacity of ±1 units."""
    stored, cues = memory(settings)
    recall = overlaps(recalled(result, settings), settings)
    # While the first pattern is recalled.
    end, active = START + PERIOD, stored.patterns[0] > 0.0
    rates = 1e3 / READ * result.spikes["memory"].counts(end - READ, end)
    return {
        "cue_overlap": overlaps(cues, settings).mean(),
        "recall_overlaps": recall,
        "recall_overlap": recall.mean(),
        "least_recall_overlap": recall.min(),
        "rate_active_hz": rates[active].mean(),
        "rate_silent_hz": rates[~active].mean(),
    } | measure_units()[0]


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State recall by spiking neurons, and the properties of ±1 units."""
    return kit.sentences(
        found,
        "A network of {settings.neurons} spiking neurons stored {settings.patterns} patterns, and "
        f"networks of up to {UNITS} units of ±1 for comparison.",
        "Cues with {settings.corruption:.0%} of the neurons wrong have an overlap of "
        "{cue_overlap:.2f} with the stored patterns. After recall, it is {recall_overlap:.3f} on "
        "average and at least {least_recall_overlap:.3f}.",
        "Active neurons fire at {rate_active_hz:.0f} Hz, the others at {rate_silent_hz:.1f} Hz.",
        "Units of ±1: the largest rise of the energy in 1,000 runs is {largest_rise_of_energy:g}. "
        "Of N/(4 ln N) stored patterns, {patterns_fixed_at_n_over_4_ln_n:.0%} are fixed points.",
        "Units of ±1: the overlap after recall falls below 0.97 at "
        "{load:.3f} patterns per unit (theory for many units: {capacity}).",
        settings=settings, load=found["load_where_overlap_leaves_0.97"], capacity=CAPACITY,
    )  # fmt: skip


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw recall over time, and the patterns as pictures."""
    times = settings.cue_times(result.duration)[:SHOWN]
    trains, patterns = result.spikes["memory"], memory(settings)[0].patterns[: len(times)]
    # Neurons sorted by the patterns in which they are active.
    rows = np.argsort(np.lexsort(patterns[::-1]))

    def draw_cues(axes: kit.Axes) -> None:
        for k, start in enumerate(times):
            axes.axvspan(start, start + CUE_LENGTH, color="#E69F00", alpha=0.3, lw=0)
            kit.label(axes, start, 1.05 * settings.neurons, f"cue {k + 1}", "#B07500")

    raster = kit.chart(
        kit.curve(trains.times, rows[trains.ids], ls="", marker=".", color="black", ms=1.6),
        draw_cues, ylabel="neuron (sorted)", yticks=(), ylim=(0, 1.1 * settings.neurons),
        xlabel="time (ms)", xlim=(0.0, START + len(times) * PERIOD),
    )  # fmt: skip
    title = "After each cue, the neurons of one stored pattern keep firing"
    return {
        "recall": kit.page(title, raster, size=(8.5, 4.0)),
        "patterns": _patterns_page(result, settings),
    }


def _patterns_page(result: ns.Result, settings: Settings) -> kit.Figure:
    """Draw stored patterns, cues and recalled states as pictures."""
    spiking, (stored, cues) = recalled(result, settings)[:8], memory(settings)
    patterns, cues = stored.patterns[: len(spiking)], cues[: len(spiking)]
    units, _ = stored.recall(cues)
    panels = []
    for name, states in (
        ("stored", patterns), ("cue", cues), ("spiking\nneurons", spiking), ("±1 units", units)
    ):  # fmt: skip
        for k, state in enumerate(states):
            overlap = f"{state @ patterns[k] / settings.neurons:.2f}"
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
    found, (units, mean) = findings(result, settings), measure_units()
    spiking, (stored, cues) = recalled(result, settings), memory(settings)
    abstract, _ = stored.recall(cues[: len(spiking)])
    recall, size = overlaps(abstract, settings).mean(), f"{UNITS} units"
    measures = kit.rows(
        found | {"patterns_fixed": units["patterns_fixed_at_n_over_4_ln_n"]},
        ("agreement", "Neurons in the same state as their unit | neurons × cues",
         bridge.agreement(spiking.ravel() > 0.0, abstract.ravel() > 0.0)),
        ("cue_overlap", "Overlap of cues with stored patterns"),
        ("overlap_spiking", "Overlap after recall, spiking", found["recall_overlap"]),
        ("overlap_abstract", "Overlap after recall, ±1 units", recall),
        ("patterns_fixed", f"Fraction of patterns that are fixed points | N/(4 ln N), {size}"),
        ("largest_rise_of_energy", "Largest rise of the energy | 1,000 runs, 100 units"),
        ("overlap_at_a_tenth", f"Overlap at 0.1 patterns per unit | {size}"),
        ("load_where_overlap_leaves_0.97",
         f"Patterns per unit at overlap 0.97 | theory, many units: {CAPACITY}"),
    )  # fmt: skip
    conclusion = (
        f"From cues with an overlap of {found['cue_overlap']:.2f}, spiking neurons recall the "
        f"patterns with an overlap of {found['recall_overlap']:.2f} and ±1 units with an overlap "
        f"of {recall:.2f}."
    )
    load = settings.patterns / settings.neurons
    capacity = kit.chart(
        kit.curve(LOADS, mean, f"{UNITS} units of ±1", marker="o", color="0.35"),
        kit.curve([load], [found["recall_overlap"]], f"{settings.neurons} neurons", **kit.DOTS),
        kit.curve([CAPACITY] * 2, [0.05, 1], text=f"theory: {CAPACITY}", at=0, color="0.6", ls=":"),
        xlabel="load (patterns per unit)", ylabel="overlap after recall", ylim=(0.0, 1.05),
    )  # fmt: skip
    title = "Above its capacity, the memory loses all patterns"
    drawing = partial(kit.page, title, capacity, size=(7.0, 4.4), legend=2)
    title = "Recall of stored patterns: spiking neurons and Hopfield's units"
    return kit.Comparison(title, measures, {"capacity": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S13", lectures=("L1",), duration=4050.0)
