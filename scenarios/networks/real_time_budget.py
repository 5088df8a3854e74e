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

import numpy as np

import neurosim as ns
from neurosim.bench.machine import flop_per_s, limit_ns_per_event
from neurosim.bench.measurement import Span
from neurosim.bench.networks.driven import drive_rate, driven_network
from scenarios import _kit as kit

# Neurons, and synapses of each, at scale 1.
NETWORKS = {"lecture": (71_000, 7_000), "cortex": (50_000, 1_000)}
# One multiplication and one addition for each synaptic event.
FLOP_PER_EVENT = 2
# Firing rate of the estimate: one spike in each refractory period of 5 ms (Hz).
HIGHEST_RATE = 200.0
# Speed of the lecture's computer, of the fastest computer of 2018, and neurons of a brain.
LECTURE_FLOP_PER_S, RECORD_FLOP_PER_S, BRAIN = 200e9, 150e15, 1e11
# Time excluded at the start (ms), and timed spans at each rate.
WARMUP, REPEATS = 100.0, 3
# Highest rates in real time that a resource allows: label and colour.
LIMITS = {
    "rate_allowed_by_arithmetic_hz": ("arithmetic alone", "#009E73"),
    "rate_allowed_by_memory_hz": ("reading synapses and storing their input", "#CC79A7"),
}


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    scale: float = kit.setting(
        1.0, "", 0.001, 10.0, "number of neurons relative to the estimate; 1 needs 1.4 GB"
    )
    rates: tuple[float, ...] = kit.setting(
        (0.5, 1.0, 2.0, 5.0, 10.0, 20.0), "Hz", 0.1, 50.0, "mean firing rates", length=(2, 50)
    )  # fmt: skip

    def span(self, options: kit.RunOptions) -> float:
        """Return the simulated time of one timed span (ms), in whole steps."""
        span = (options.duration - WARMUP) / (REPEATS * len(self.rates))
        return np.floor(span / options.dt + 1e-9) * options.dt


def network(settings: Settings, options: kit.RunOptions, name: str = "lecture") -> ns.Network:
    """Describe a network whose external drive steps through the rates, the lowest first."""
    neurons, synapses = NETWORKS[name]
    times = WARMUP + REPEATS * settings.span(options) * np.arange(len(settings.rates))
    times[0] = 0.0  # the first rate holds during the warm-up too
    drive = ns.Poisson(drive_rate(np.sort(settings.rates)), times)
    return driven_network(round(neurons * settings.scale), synapses, drive)


def simulate(settings: Settings, options: kit.RunOptions, progress: bool | None) -> ns.Result:
    """Time both networks and the machine; return the result of the lecture's network."""
    if options.realtime:
        raise ns.NeurosimError("real-time-budget measures the highest speed: omit --realtime")
    reason = f"is too short for {REPEATS} spans of 1 ms at each of {len(settings.rates)} rates"
    kit.require_duration(options, WARMUP + REPEATS * len(settings.rates), reason)
    measured = {"flop_per_s": np.array([flop_per_s()])}
    for name in ("cortex", "lecture"):
        simulation = kit.simulation(network(settings, options, name), options, progress)
        result = simulation.run(WARMUP)
        rates, factors = np.zeros((2, len(settings.rates), REPEATS))
        for k in np.ndindex(rates.shape):
            before, result = result, simulation.run(settings.span(options))
            span = Span.between(before, result)
            rates[k] = span.events / (result.stats.synapses * span.duration * 1e-3)
            factors[k] = span.real_time_factor
        measured[f"{name}_rates"] = rates.mean(axis=1)
        measured[f"{name}_factors"] = np.median(factors, axis=1)
        # The same number of events, with synapses read one after the other.
        threads, same = result.stats.threads, simulation.weights_in_common
        limit = limit_ns_per_event(-(-result.stats.neurons // threads), threads, common=same)
        measured[f"{name}_limit_ns"] = np.array([limit])
    return replace(result, measured=measured)


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
    """List the estimate, the speed of the machine, and the rate that each resource allows."""
    per_neuron = 7_000 * FLOP_PER_EVENT * HIGHEST_RATE
    measured = result.measured
    estimate = {
        "flop_per_s_per_neuron": per_neuron,
        "neurons_in_real_time": round(LECTURE_FLOP_PER_S / per_neuron),
        "brain_flop_per_s": BRAIN * per_neuron,
        "record_2018_flop_per_s": RECORD_FLOP_PER_S,
    }
    flop = float(measured["flop_per_s"][0])
    found: kit.Findings = {"estimate": estimate, "flop_per_s": flop}
    for name, (most, synapses_of_each) in NETWORKS.items():
        neurons = round(most * settings.scale)
        synapses = neurons * synapses_of_each
        rates, factors = measured[f"{name}_rates"], measured[f"{name}_factors"]
        found[name] = {
            "words": f"{neurons:,} neurons with {synapses_of_each:,} synapses each",
            "neurons": neurons,
            "synapses": synapses,
            "rates_hz": rates,
            "real_time_factors": factors,
            "real_time_rate_hz": real_time_rate(rates, factors),
            "rate_allowed_by_arithmetic_hz": flop / (FLOP_PER_EVENT * synapses),
            "rate_allowed_by_memory_hz": 1e9 / (measured[f"{name}_limit_ns"][0] * synapses),
        }
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State what the networks reach in real time, and the limit of each resource."""
    networks = [f"{found[name]['words']}: {_reached(found[name])}." for name in NETWORKS]
    return kit.sentences(
        found["lecture"],
        f"Two networks were timed at {len(settings.rates)} firing rates up to "
        f"{max(settings.rates):g} Hz.",
        "By arithmetic alone, 200 GFLOP/s run 71,000 neurons with 7,000 synapses at 200 Hz; this "
        f"machine computes {found['flop_per_s'] / 1e9:.0f} GFLOP/s.",
        *networks,
        "In the lecture's network, arithmetic alone would allow "
        "{rate_allowed_by_arithmetic_hz:,.1f} Hz, and moving synapses through memory "
        "{rate_allowed_by_memory_hz:,.1f} Hz.",
    )


def _reached(budget: kit.Findings) -> str:
    """Return the highest rate in real time, in words."""
    rates, factors = budget["rates_hz"], budget["real_time_factors"]
    if budget["real_time_rate_hz"] is not None:
        return f"real time up to a mean rate of {budget['real_time_rate_hz']:.2g} Hz"
    comparative, k = ("slower", 0) if min(factors) > 1.0 else ("faster", -1)
    return f"{comparative} than real time even at {rates[k]:.2g} Hz (factor {factors[k]:.2g})"


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the real-time factor against the firing rate: estimated, allowed and measured."""
    found, rates, panels = findings(result, settings), np.array([0.2, 1000.0]), []
    for name in NETWORKS:
        budget = found[name]
        estimate = FLOP_PER_EVENT * budget["synapses"] / LECTURE_FLOP_PER_S
        panels.append(kit.chart(
            kit.curve(rates, estimate * rates, "200 GFLOP/s", ls="--", color="#E69F00", lw=3),
            *(kit.curve(rates, rates / budget[key], text, color=colour)
              for key, (text, colour) in LIMITS.items()),
            kit.curve(budget["rates_hz"], budget["real_time_factors"], "simulated", marker="o",
                      color="black"),
            kit.level(1.0, "real time", 500.0, side="below"),
            title=budget["words"], xlabel="mean firing rate (Hz)", xlim=rates, ylim=(1e-3, 50.0),
            ylabel="real-time factor (wall clock / simulated time)", xscale="log", yscale="log",
        ))  # fmt: skip
    title = "Memory, not arithmetic, limits the speed"
    return {"budget": kit.page(title, *panels, size=(9.6, 5.0), sharey=True, legend=4)}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the rate in real time with the rates that single resources would allow."""
    found = findings(result, settings)
    shown = {key: text for key, (text, _) in LIMITS.items()} | {"real_time_rate_hz": "simulated"}
    measures = {
        f"{name}_{key}": kit.Measure(
            found[name][key], "Hz", label=f"{found[name]['neurons']:,} × {each:,}: {text}"
        )
        for name, (_, each) in NETWORKS.items()
        for key, text in shown.items()
        if found[name][key] is not None
    }
    allowed = found["lecture"]["rate_allowed_by_arithmetic_hz"]
    conclusion = (
        f"The lecture's network: {_reached(found['lecture'])}; counting multiplications and "
        f"additions promises {allowed:,.1f} Hz. Moving synapses through memory takes the time."
    )
    title = "Highest mean firing rate in real time: by counting operations, and simulated"
    return kit.Comparison(title, measures, conclusion=conclusion)


def warmup(settings: Settings) -> float:
    """Return the time that reported rates exclude (ms)."""
    return WARMUP


scenario = kit.lesson(__name__, row="S8", lectures=("L0", "L1"), duration=1000.0)
