"""How many neurons run in real time, and what an estimate by arithmetic omits.

A lecture estimates: 7,000 synapses per neuron, with one multiplication and one addition each,
200 times a second, need 2.8 MFLOP/s per neuron. A computer of 200 GFLOP/s then runs 71,000 neurons
in real time, and the 100 billion neurons of a brain need 2.8e17 FLOP/s, twice the speed of the
fastest computer of 2018.

This scenario builds that network, and a cubic millimetre of cortex (50,000 neurons with 1,000
synapses each), and times both at several firing rates. Arithmetic is not the limit: each synapse
has to be fetched from memory, and its input has to be stored where the target neuron reads it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np

import bridge
import neurosim as ns
from neurosim.bench.machine import bytes_per_s, flop_per_s, limit_ns_per_event
from neurosim.bench.measurement import Span
from neurosim.bench.networks.driven import drive_rate, driven_network
from scenarios import _kit as kit

NETWORKS = {"lecture": (71_000, 7_000), "cortex": (50_000, 1_000)}
"""Neurons, and synapses of each, at scale 1."""
FLOP_PER_EVENT = 2
"""One multiplication and one addition for each synaptic event."""
HIGHEST_RATE = 200.0
"""Firing rate of the estimate: one spike in each refractory period of 5 ms (Hz)."""
LECTURE_FLOP_PER_S, RECORD_FLOP_PER_S, BRAIN = 200e9, 150e15, 1e11
"""Speed of the lecture's computer, of the fastest computer of 2018, and neurons of a brain."""
WARMUP, REPEATS = 100.0, 3
"""Time excluded at the start (ms), and timed spans at each rate."""
LIMITS = {
    "rate_allowed_by_arithmetic_hz": ("arithmetic alone", "#009E73"),
    "rate_allowed_by_reading_hz": ("reading each synapse from memory", "#56B4E9"),
    "rate_allowed_by_delivering_hz": ("reading it and storing its input", "#CC79A7"),
    "real_time_rate_hz": ("simulated", "black"),
}
"""Highest rates in real time: label and colour."""


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    scale: float = kit.setting(
        1.0, "", 0.001, 10.0, "number of neurons relative to the estimate; 1 needs 1.4 GB"
    )
    rates: tuple[float, ...] = kit.setting(
        (0.5, 1.0, 2.0, 5.0, 10.0, 20.0), "Hz", 0.1, 150.0, "mean firing rates, ascending",
        length=(2, 50),
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if (np.diff(self.rates) <= 0).any():
            raise ns.NeurosimError(f"rates = {self.rates} do not ascend: give ascending rates")

    def span(self, options: kit.RunOptions) -> float:
        """Return the simulated time of one timed span (ms), in whole steps."""
        span = (options.duration - WARMUP) / (REPEATS * len(self.rates))
        return np.floor(span / options.dt + 1e-9) * options.dt


def network(settings: Settings, options: kit.RunOptions, name: str = "lecture") -> ns.Network:
    """Describe a network whose external drive steps through the rates."""
    neurons, synapses = NETWORKS[name]
    times = WARMUP + REPEATS * settings.span(options) * np.arange(len(settings.rates))
    times[0] = 0.0  # the first rate holds during the warm-up too
    drive = ns.Poisson(drive_rate(np.array(settings.rates)), times)
    return driven_network(round(neurons * settings.scale), synapses, drive)


def simulate(settings: Settings, options: kit.RunOptions, progress: bool | None) -> ns.Result:
    """Time both networks and the machine; return the result of the lecture's network."""
    if options.realtime:
        raise ns.NeurosimError("real-time-budget measures the highest speed: omit --realtime")
    needed = WARMUP + REPEATS * len(settings.rates)
    reason = f"is too short for {REPEATS} spans of 1 ms at each of {len(settings.rates)} rates"
    kit.require_duration(options, needed, reason)
    cortex, _ = _time("cortex", settings, options, progress)
    lecture, result = _time("lecture", settings, options, progress)
    threads = result.stats.threads
    machine = {
        "flop_per_s": np.array([flop_per_s()]),
        "bytes_per_s": np.array([bytes_per_s(threads)]),
        "threads": np.array([float(threads)]),
    }
    return replace(result, measured=cortex | lecture | machine)


def _time(
    name: str, settings: Settings, options: kit.RunOptions, progress: bool | None
) -> tuple[dict[str, kit.Floats], ns.Result]:
    """Build a network and time it at each rate, and a loop that only delivers its events."""
    simulation = kit.simulation(network(settings, options, name), options, progress)
    spans = [settings.span(options)] * (REPEATS * len(settings.rates))
    results = [simulation.run(duration) for duration in (WARMUP, *spans)]
    last = results[-1]
    stats = last.stats
    rates = [
        sum(trains.counts(a.duration, b.duration).sum() for trains in last.spikes.values())
        / (stats.neurons * (b.duration - a.duration) * 1e-3)
        for a, b in pairwise(results)
    ]
    factors = [Span.between(a, b).real_time_factor for a, b in pairwise(results)]
    per_thread = -(-stats.neurons // stats.threads)
    limit = limit_ns_per_event(per_thread, stats.threads, common=simulation.weights_in_common)
    table = simulation.table_bytes / stats.synapses
    measured = {
        f"{name}_sizes": np.array([stats.neurons, stats.synapses, stats.build_s, table, limit]),
        f"{name}_rates": np.reshape(rates, (-1, REPEATS)).mean(axis=1),
        f"{name}_factors": np.array(factors),
    }
    return measured, last


def real_time_rate(rates: kit.Floats, factors: kit.Floats) -> float | None:
    """Return the firing rate at the real-time factor 1 (Hz), by linear interpolation.

    Parameters
    ----------
    rates, factors : (n,) ndarray
        Ascending rates, with real-time factors.

    Returns
    -------
    float or None
        None if all factors are below 1, or all above.
    """
    rising = np.maximum.accumulate(factors)  # noise must not make a faster network cheaper
    if not rising[0] <= 1.0 <= rising[-1]:
        return None
    return float(np.interp(1.0, rising, rates))


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """List the estimate, the speed of the machine, and the measured networks."""
    per_neuron = 7_000 * FLOP_PER_EVENT * HIGHEST_RATE
    keys = ("threads", "flop_per_s", "bytes_per_s")
    return {
        "estimate": {
            "flop_per_s_per_neuron": per_neuron,
            "neurons_in_real_time": round(LECTURE_FLOP_PER_S / per_neuron),
            "brain_flop_per_s": BRAIN * per_neuron,
            "record_2018_flop_per_s": RECORD_FLOP_PER_S,
        },
        "machine": {key: float(result.measured[key][0]) for key in keys},
        **{name: _budget(result, name) for name in NETWORKS},
    }


def _budget(result: ns.Result, name: str) -> kit.Findings:
    """Return the timing of a network, and the rate (Hz) that each resource would allow alone."""
    neurons, synapses, build_s, n_bytes, limit_ns = result.measured[f"{name}_sizes"].tolist()
    rates = result.measured[f"{name}_rates"]
    factors = result.measured[f"{name}_factors"].reshape(len(rates), REPEATS)
    median = np.median(factors, axis=1)
    flop, read = result.measured["flop_per_s"][0], result.measured["bytes_per_s"][0]
    return {
        "neurons": neurons,
        "synapses": synapses,
        "build_s": build_s,
        "rates_hz": rates,
        "real_time_factors": median,
        "real_time_factors_least": factors.min(axis=1),
        "real_time_factors_most": factors.max(axis=1),
        "real_time_rate_hz": real_time_rate(rates, median),
        "rate_allowed_by_arithmetic_hz": flop / (FLOP_PER_EVENT * synapses),
        "rate_allowed_by_reading_hz": read / (n_bytes * synapses),
        "rate_allowed_by_delivering_hz": 1e9 / (limit_ns * synapses),
        "bytes_per_event": n_bytes,
        "limit_ns_per_event": limit_ns,
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State what the networks reach in real time, and the limit of each resource."""
    machine, slow = found["machine"], found["lecture"]
    return [
        f"Two networks were timed at {len(settings.rates)} firing rates from {settings.rates[0]:g} "
        f"to {settings.rates[-1]:g} Hz, on {machine['threads']:.0f} threads.",
        "By arithmetic alone, 200 GFLOP/s run 71,000 neurons with 7,000 synapses at 200 Hz; this "
        f"machine computes {machine['flop_per_s'] / 1e9:.0f} GFLOP/s and reads "
        f"{machine['bytes_per_s'] / 1e9:.0f} GB/s from memory.",
        *(
            f"{found[name]['neurons']:,.0f} neurons with {NETWORKS[name][1]:,} synapses: "
            f"{_reached(found[name], settings)}."
            for name in NETWORKS
        ),
        "In the lecture's network, arithmetic alone would allow "
        f"{slow['rate_allowed_by_arithmetic_hz']:.3g} Hz, reading each synapse "
        f"{slow['rate_allowed_by_reading_hz']:.3g} Hz, and delivering its input "
        f"{slow['rate_allowed_by_delivering_hz']:.3g} Hz.",
    ]


def _reached(budget: kit.Findings, settings: Settings) -> str:
    """Return the highest rate in real time, in words."""
    low, high = budget["real_time_factors_least"], budget["real_time_factors_most"]
    if budget["real_time_rate_hz"] is not None:
        return f"real time up to a mean rate of {budget['real_time_rate_hz']:.2g} Hz"
    if min(budget["real_time_factors"]) > 1.0:
        return (
            f"slower than real time even at {settings.rates[0]:g} Hz (real-time factor "
            f"{low[0]:.2g} to {high[0]:.2g})"
        )
    return f"faster than real time even at {settings.rates[-1]:g} Hz (factor {high[-1]:.2g})"


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the real-time factor against the firing rate: estimated, allowed and measured."""
    found, rates, panels = findings(result, settings), np.array([0.2, 1000.0]), []
    for name in NETWORKS:
        budget = found[name]
        factors, low, high = (budget[f"real_time_factors{end}"] for end in ("", "_least", "_most"))
        estimate = FLOP_PER_EVENT * budget["synapses"] / LECTURE_FLOP_PER_S
        simulated = [
            bridge.Measure(*each) for each in zip(factors, [""] * len(low), low, high, strict=True)
        ]
        panels.append(
            kit.chart(
                kit.curve(rates, estimate * rates, "200 GFLOP/s", ls="--", color="#E69F00", lw=3),
                *(
                    kit.curve(rates, rates / budget[key], text, color=colour)
                    for key, (text, colour) in list(LIMITS.items())[:-1]
                ),
                kit.layer(kit.draw_measures, budget["rates_hz"], simulated, color="black",
                          label="simulated, median and range"),
                kit.level(1.0, "real time", 0.4),
                title=f"{budget['neurons']:,.0f} neurons, {budget['synapses']:,.0f} synapses",
                xlabel="mean firing rate (Hz)", xlim=rates, ylim=(1e-3, 50.0), xscale="log",
                yscale="log", ylabel="real-time factor (wall clock / simulated time)",
            )
        )  # fmt: skip
    title = "Memory, not arithmetic, limits the speed"
    return {"budget": kit.page(title, *panels, size=(9.6, 5.0), sharey=True, legend=3)}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the rate in real time with the rates that single resources would allow."""
    found = findings(result, settings)
    measures = {
        f"{name}_{key}": kit.Measure(found[name][key], "Hz", label=f"{place}: {text}")
        for name, place in (("lecture", "71,000 × 7,000"), ("cortex", "50,000 × 1,000"))
        for key, (text, _) in LIMITS.items()
        if found[name][key] is not None
    }
    reached, allowed = (found["lecture"][key] for key in
                        ("real_time_rate_hz", "rate_allowed_by_arithmetic_hz"))  # fmt: skip
    if reached is not None:
        measures["agreement"] = kit.Measure(reached / allowed)
    conclusion = (
        f"The lecture's network: {_reached(found['lecture'], settings)}; counting multiplications "
        f"and additions promises {allowed:.3g} Hz. Moving synapses through memory takes the time."
    )
    x, bars = np.arange(len(NETWORKS)), []
    for j, (key, (text, colour)) in enumerate(LIMITS.items()):
        heights = [found[name][key] or 0.0 for name in NETWORKS]
        bars.append(kit.bars(x + 0.2 * j - 0.3, heights, width=0.18, color=colour, label=text))
    rates = kit.chart(
        *bars, kit.level(HIGHEST_RATE, "200 Hz, the estimate", 0.4), yscale="log",
        ylim=(1.0, None), xticks=x,
        xticklabels=[f"{n:,} neurons,\n{m:,} synapses each" for n, m in NETWORKS.values()],
        ylabel="mean firing rate in real time (Hz)",
    )  # fmt: skip
    message = "Memory limits the firing rate that is reached in real time"
    drawings = {"rates": partial(kit.page, message, rates, size=(8.0, 4.4), legend=2)}
    title = "Highest mean firing rate in real time: by counting operations, and simulated"
    return kit.Comparison(title, measures, drawings, conclusion)


def warmup(settings: Settings) -> float:
    """Return the time that reported rates exclude (ms)."""
    return WARMUP


scenario = kit.lesson(__name__, row="S8", lectures=("L0", "L1"), duration=1000.0)
