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
from scipy.sparse import csr_array

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
# Lowest rate of an active neuron (Hz).
ACTIVE = 20.0
# Networks whose capacity is measured: patterns per unit, units, and networks of each load.
LOADS = (0.02, 0.05, 0.08, 0.1, 0.12, 0.13, 0.138, 0.145, 0.15, 0.16, 0.18, 0.2, 0.25)
UNITS, NETWORKS = 1000, 3


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
    patterns[:8] = pictures(settings.neurons)[: settings.patterns]
    return HopfieldNetwork(patterns), corrupt(rng, patterns, settings.corruption)


def pictures(n: int) -> kit.Floats:
    """Return eight pictures of n pixels, half of them 1 and half −1, shape (8, n).

    They are stripes and checkerboards with nearly no overlap, like random patterns.
    """
    side = math.ceil(math.sqrt(n))
    y, x = np.pi * ((2.0 * np.array(np.divmod(np.arange(n), side)) + 1.0) / side - 1.0)
    shades = np.stack([
        -x, np.sin(2 * y), np.cos(3 * x), np.sin(2 * (x + y) + 0.8), x * y,
        np.sin(2 * (x - y) + 0.8), np.cos(3 * x) * np.cos(3 * y), np.sin(2 * x + y + 0.3),
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
    weights = csr_array(STRENGTH / settings.neurons * stored.couplings)
    net.connect(neurons, neurons, synapse=SYNAPSE, weight=weights, delay=1.0)
    net.drive(neurons, ns.MembraneNoise(settings.sigma))
    starts = settings.cue_times(options.duration)
    times = np.append(0.0, np.column_stack([starts, starts + CUE_LENGTH]))
    depolarisation = np.full((len(times), settings.neurons), BACKGROUND)
    depolarisation[1::2] += CUE * cues[: len(starts)]
    net.drive(neurons, ns.StepCurrent(times, depolarisation / NEURON.resistance))
    return net


def rates(result: ns.Result, settings: Settings) -> kit.Floats:
    """Return the rates of all neurons (Hz) at the end of each period, shape (n_cues, N)."""
    ends, trains = settings.cue_times(result.duration) + PERIOD, result.spikes["memory"]
    return 1e3 / READ * np.array([trains.counts(end - READ, end) for end in ends])


def recalled(result: ns.Result, settings: Settings) -> kit.Floats:
    """Return the state, ±1, of the spiking memory at the end of each period, shape (n_cues, N)."""
    return np.where(rates(result, settings) > ACTIVE, 1.0, -1.0)


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
    few = HopfieldNetwork(random_patterns(rng, int(UNITS / (4.0 * math.log(UNITS))), UNITS))
    small = HopfieldNetwork(random_patterns(rng, 15, 100))
    _, energies = small.recall(random_patterns(rng, 1000, 100))
    overlaps = [retrieval_overlap(rng, UNITS, round(p * UNITS)) for p in np.repeat(LOADS, NETWORKS)]
    mean = np.reshape(overlaps, (-1, NETWORKS)).mean(axis=1)
    return {
        "patterns_fixed_at_n_over_4_ln_n": few.is_fixed(few.patterns).mean(),
        "largest_rise_of_energy": np.diff(energies, axis=0).max(),
        # The overlap at capacity is 0.97 in the theory.
        "load_where_overlap_leaves_0.97": np.interp(-0.97, -mean, LOADS),
    }, mean


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure recall by spiking neurons, and the capacity of ±1 units."""
    stored, cues = memory(settings)
    recall = overlaps(recalled(result, settings), settings)
    first, active = rates(result, settings)[0], stored.patterns[0] > 0.0
    return {
        "cue_overlap": overlaps(cues, settings).mean(),
        "recall_overlaps": recall,
        "recall_overlap": recall.mean(),
        "rate_active_hz": first[active].mean(),
        "rate_silent_hz": first[~active].mean(),
    } | measure_units()[0]


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State recall by spiking neurons, and the properties of ±1 units."""
    return kit.sentences(
        found,
        f"Patterns stored in a network of {settings.neurons} spiking neurons: {settings.patterns}.",
        f"Cues with {settings.corruption:.0%} of the neurons wrong have an overlap of "
        "{cue_overlap:.2f} with the stored patterns. After recall, it is {recall_overlap:.3f}.",
        "Active neurons fire at {rate_active_hz:.0f} Hz, the others at {rate_silent_hz:.1f} Hz.",
        "Units of ±1: the largest rise of the energy in 1,000 runs is {largest_rise_of_energy:g}. "
        "Of N/(4 ln N) stored patterns, {patterns_fixed_at_n_over_4_ln_n:.0%} are fixed points.",
        "Units of ±1: the overlap after recall falls below 0.97 at "
        f"{found['load_where_overlap_leaves_0.97']:.3f} patterns per unit (theory: {CAPACITY}).",
    )


def picture(state: kit.Floats) -> kit.Floats:
    """Return a state as a square picture with a margin; missing pixels are NaN."""
    side = math.ceil(math.sqrt(len(state)))
    pixels = np.append(state, np.full(side * side - len(state), np.nan))
    return np.pad(pixels.reshape(side, side), 1, constant_values=np.nan)


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw recall over time, and the patterns as pictures."""
    times = settings.cue_times(result.duration)[:4]
    (stored, cues), trains = memory(settings), result.spikes["memory"]
    # Neurons sorted by the patterns in which they are active.
    sorting = np.argsort(np.lexsort(stored.patterns[: len(times)][::-1]))
    raster = kit.chart(
        kit.curve(trains.times, sorting[trains.ids], ls="", marker=".", color="black", ms=1.6),
        ylabel="neuron (sorted)", yticks=(), xlim=(0.0, START + len(times) * PERIOD),
        xticks=times, xlabel="time (ms); a cue of 100 ms starts at each tick",
    )  # fmt: skip
    shown, (units, _) = recalled(result, settings)[:8], stored.recall(cues)
    columns = zip(stored.patterns, cues, shown, units, strict=False)  # as many as were recalled
    image = np.hstack([np.vstack([*map(picture, column)]) for column in columns])
    pictures = kit.chart(
        lambda axes: axes.imshow(image, cmap="Greys", vmin=-1.3, vmax=1.3),
        xticks=(), yticks=len(image) * np.arange(1, 8, 2) / 8,
        yticklabels=("stored", "cue", "neurons", "±1 units"),
    )  # fmt: skip
    title = "After a corrupted cue, the neurons of the stored pattern keep firing"
    return {"recall": kit.page(title, raster, pictures, columns=1, size=(8.8, 8.0))}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare recall by spiking neurons with recall by ±1 units."""
    (stored, cues), spiking = memory(settings), recalled(result, settings)
    abstract, _ = stored.recall(cues[: len(spiking)])
    found = findings(result, settings)
    neurons, units = found["recall_overlap"], overlaps(abstract, settings).mean()
    measures = kit.rows(
        found,
        ("agreement", "Neurons in the same state as their unit | neurons × cues",
         bridge.agreement(spiking.ravel() > 0.0, abstract.ravel() > 0.0)),
        ("overlap_spiking", "Overlap after recall, spiking", neurons),
        ("overlap_abstract", "Overlap after recall, ±1 units", units),
        ("load_where_overlap_leaves_0.97",
         f"Patterns per unit at overlap 0.97 | theory, many units: {CAPACITY}"),
    )  # fmt: skip
    conclusion = f"After recall, the overlap is {neurons:.2f} (neurons) and {units:.2f} (±1 units)."
    capacity = kit.chart(
        kit.curve(LOADS, measure_units()[1], f"{UNITS} units of ±1", marker="o", color="0.35"),
        kit.curve([settings.patterns / settings.neurons], [neurons], "spiking neurons", **kit.DOTS),
        kit.curve([CAPACITY] * 2, [0.05, 1], text=f"theory: {CAPACITY}", at=0, color="0.6", ls=":"),
        xlabel="load (patterns per unit)", ylabel="overlap after recall", ylim=(0.0, 1.05),
    )  # fmt: skip
    message = "Above its capacity, the memory recalls no pattern well"
    drawing = partial(kit.page, message, capacity, size=(7.0, 4.4), legend=2)
    title = "Recall of stored patterns: spiking neurons and Hopfield's units"
    return kit.Comparison(title, measures, {"capacity": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S13", lectures=("L1",), duration=4050.0)
