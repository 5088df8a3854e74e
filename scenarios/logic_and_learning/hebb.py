"""Neurons that fire together wire together, and what stops runaway growth.

Hebb's rule, w ← w + η x y, strengthens each synapse whose input x is active together with the
output y. The weights grow without bound, because strong synapses make the output, and hence their
own growth, stronger. Oja's rule adds the decay −η y² w: the weights then keep a length of 1 and
converge to the first principal component of the inputs.

Here spiking neurons receive two groups of inputs. Inputs of one group often fire together, those of
the other group fire independently. In the first rule, a pair of spikes only strengthens a synapse
(potentiation): all synapses reach the largest allowed weight. In the second rule, spike-timing
dependent plasticity (STDP), a presynaptic spike that arrives after the postsynaptic one weakens the
synapse (depression). The correlated inputs then keep their synapses, and the independent inputs
lose theirs, as in Oja's rule on the same spikes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

import bridge
import neurosim as ns
from bridge.classics import hebb, oja, principal_component
from scenarios import _kit as kit

GROUPS = {"correlated": "correlated inputs", "independent": "independent inputs"}
COLOURS = {"correlated": "#E69F00", "independent": "0.35"}
RULES = {"hebb": "Potentiation only", "stdp": "Potentiation and depression (STDP)"}
# Neurons of each rule, which differ in their initial weights.
NEURONS = 10
# Mean delay of correlated spikes after their common event (ms).
JITTER = 2.0
# Number of intervals at which the weights are read.
SAMPLES = 60
# Bins of the linear unit (ms), and its learning rate.
BIN, ETA = 20.0, 0.002
MOST_SPIKES = 5_000_000
# Part of the run, at its end, in which rates are measured.
LATE = 0.1
# Length of the rasters (ms), and inputs of each group in them.
SHOWN, ROWS = 1000.0, 20


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    synapses: int = kit.setting(50, "", 2, 500, "inputs of each group")
    rate: float = kit.setting(15.0, "Hz", 1.0, 100.0, "firing rate of each input")
    correlation: float = kit.setting(
        0.5, "", 0.01, 1.0, "fraction of spikes that two correlated inputs have in common"
    )
    psp_max: float = kit.setting(1.0, "mV", 0.01, 15.0, "largest weight that the rule allows")
    learning_rate: float = kit.setting(
        0.01, "", 1e-5, 0.2, "change by one pair of spikes, as a fraction of psp_max"
    )
    asymmetry: float = kit.setting(
        1.1, "", 0.1, 10.0, "amplitude of depression relative to potentiation"
    )


def spike_times(settings: Settings, duration: float, seed: int) -> dict[str, list[kit.Floats]]:
    """Draw the spike times of all inputs (ms), rounded up to whole ms, by group.

    Each correlated input takes part in a random fraction of common events. All inputs have the same
    mean rate.
    """
    n, rate, fraction = settings.synapses, 1e-3 * settings.rate, settings.correlation
    if 2.0 * n * rate * duration > MOST_SPIKES:
        raise ns.NeurosimError(
            f"duration = {duration:g} ms gives {2.0 * n * rate * duration:,.0f} input spikes: "
            f"{MOST_SPIKES:,} are the most; shorten it, or lower synapses or rate"
        )
    rng = np.random.default_rng(seed)
    events = rng.uniform(0.0, duration, rng.poisson(rate / fraction * duration))
    common = [events[rng.random(len(events)) < fraction] for _ in range(n)]
    correlated = [times + rng.exponential(JITTER, len(times)) for times in common]
    independent = [rng.uniform(0.0, duration, rng.poisson(rate * duration)) for _ in range(n)]
    return {
        group: [np.unique(np.ceil(times[times < duration - 1.0])) for times in trains]
        for group, trains in zip(GROUPS, (correlated, independent), strict=True)
    }


def describe(
    settings: Settings, options: kit.RunOptions
) -> tuple[ns.Network, dict[tuple[str, str], ns.Projection]]:
    """Return the network, and its plastic projections by rule and group of inputs."""
    net = ns.Network()
    spikes = spike_times(settings, options.duration, options.seed)
    groups = {group: net.add(group, settings.synapses, ns.LIF(t_ref=1.0)) for group in GROUPS}
    for group, population in groups.items():
        net.drive(population, ns.SpikeTimes(spikes[group]), psp=30.0)
    plastic = {}
    for rule in RULES:
        asymmetry = settings.asymmetry if rule == "stdp" else 0.0
        plasticity = ns.STDP(
            settings.psp_max, learning_rate=settings.learning_rate, asymmetry=asymmetry
        )
        neurons = net.add(rule, NEURONS, ns.LIF())
        for group, population in groups.items():
            initial = ns.Uniform(0.3 * settings.psp_max, 0.7 * settings.psp_max)
            plastic[rule, group] = net.connect(
                population, neurons, ns.AllToAll(), psp=initial, plasticity=plasticity
            )
    return net, plastic


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Connect both groups of inputs to neurons with each rule."""
    return describe(settings, options)[0]


def simulate(settings: Settings, options: kit.RunOptions, progress: bool | None) -> ns.Result:
    """Run the network, and read the weights at regular intervals."""
    step = max(1, round(options.duration / SAMPLES / options.dt)) * options.dt
    net, plastic = describe(settings, options)
    simulation = ns.Simulation(
        net, dt=options.dt, seed=options.seed, threads=options.threads, progress=progress,
        profile=options.profile,
    )  # fmt: skip
    times: list[float] = []
    samples: dict[str, list[Any]] = {f"{rule}_{group}": [] for rule, group in plastic}

    def sample(time: float) -> None:
        times.append(time)
        for (rule, group), projection in plastic.items():
            samples[f"{rule}_{group}"].append(simulation.connections(projection).weights)

    sample(0.0)
    result = simulation.stream(
        step, lambda chunk: sample(chunk.stop), duration=options.duration,
        realtime=options.realtime,
    )  # fmt: skip
    measured = {key: np.concatenate(weights) for key, weights in samples.items()}
    return replace(result, measured=measured | {"times": np.array(times)})


def weights_of(result: ns.Result, rule: str, group: str) -> kit.Floats:
    """Return the weights (mV), shape (n_times, n_inputs, n_neurons)."""
    return result.measured[f"{rule}_{group}"].reshape(len(result.measured["times"]), -1, NEURONS)


def final_weights(result: ns.Result, rule: str) -> kit.Floats:
    """Return the final weights (mV), the mean of all neurons, correlated inputs first."""
    return np.concatenate([weights_of(result, rule, group)[-1].mean(axis=1) for group in GROUPS])


class LinearUnit(NamedTuple):
    """Weights of a linear unit on the same inputs; trajectories of shape (n_bins + 1, n_inputs)."""

    hebb: kit.Floats
    oja: kit.Floats
    # Oja's weights, the mean of the second half of the run.
    learned: kit.Floats
    first_component: kit.Floats


@lru_cache(maxsize=2)
def linear_unit(result: ns.Result) -> LinearUnit:
    """Train a linear unit on the spike counts of all inputs, less their mean."""
    bins = BIN * np.arange(int(result.duration / BIN) + 1)
    trains = [(result.spikes[group], result.populations[group].size) for group in GROUPS]
    counts = [
        np.histogram2d(train.times, train.ids, [bins, np.arange(train_size + 1)])[0]
        for train, train_size in trains
    ]
    inputs = np.concatenate(counts, axis=1)
    inputs -= inputs.mean(axis=0)
    trajectory = oja(inputs, ETA)
    learned = trajectory[len(trajectory) // 2 :].mean(axis=0)
    return LinearUnit(hebb(inputs, ETA), trajectory, learned, principal_component(inputs))


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure weights and rates at the end, of the spiking neurons and of the linear unit."""
    begin, seconds = (1.0 - LATE) * result.duration, 1e-3 * LATE * result.duration
    found: kit.Findings = {}
    for rule in RULES:
        for group in GROUPS:
            weights = weights_of(result, rule, group)
            found[f"{rule}_{group}_mv"] = [weights[0].mean(), weights[-1].mean()]
        final = final_weights(result, rule)
        found[f"{rule}_at_bound"] = float((final > 0.99 * settings.psp_max).mean())
        found[f"{rule}_rate_hz"] = result.spikes[rule].counts(begin).mean() / seconds
    unit = linear_unit(result)
    lengths = np.linalg.norm(unit.hebb, axis=1)
    direction = unit.learned / np.linalg.norm(unit.learned)
    return found | {
        "hebb_grew": lengths[-1] / lengths[0],
        "hebb_ever_shrank": bool((np.diff(lengths) < 0.0).any()),
        "oja_length": float(np.linalg.norm(unit.oja[-1])),
        "oja_cosine_with_first_component": float(abs(direction @ unit.first_component)),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the final weights and rates of both rules."""
    n, bound = settings.synapses, settings.psp_max
    sentences = []
    for rule, name in RULES.items():
        (start, correlated), (_, independent) = (found[f"{rule}_{group}_mv"] for group in GROUPS)
        sentences.append(
            f"{name}: from {start:.2f} mV on average, the weights of correlated inputs change to "
            f"{correlated:.2f} mV and those of independent inputs to {independent:.2f} mV (bound "
            f"{bound:g} mV). The neurons fire at {found[f'{rule}_rate_hz']:.1f} Hz in the end."
        )
    return [
        f"{NEURONS} neurons with each of two plasticity rules received {n} correlated and {n} "
        f"independent inputs of {settings.rate:g} Hz.",
        *sentences,
        f"Hebb's rule, linear unit: the length of the weights grows by a factor of "
        f"{found['hebb_grew']:.1e}.",
        f"Oja's rule, linear unit: the length of the weights is {found['oja_length']:.2f} in the "
        "end. The cosine of the angle to the first principal component is "
        f"{found['oja_cosine_with_first_component']:.4f}.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw spikes before and after learning, and the weights of both rules."""
    length = min(SHOWN, 0.5 * result.duration)
    starts = {"Start of learning": 0.0, "End of learning": result.duration - length}
    panels = [
        kit.panel(_draw_spikes, result, start, length, title=title, xlabel="time (s)")
        for title, start in starts.items()
    ]
    title = "After STDP, neurons fire only when the correlated inputs fire together"
    spikes = kit.page(title, *panels, size=(9.5, 4.6), sharey=True)
    title = "With depression, only correlated inputs keep their synapses"
    weights = kit.page(title, *_rule_panels(result, settings), size=(8.5, 3.9), legend=2)
    return {"spikes": spikes, "weights": weights}


def _draw_spikes(axes: kit.Axes, result: ns.Result, start: float, length: float) -> None:
    """Draw the spikes of some inputs, and of one neuron of each rule, which is labelled."""
    rows, ticks, row = {**GROUPS, "hebb": "potentiation\nonly", "stdp": "STDP"}, [], 0.0
    for name in rows:
        height, shown = (1, ROWS) if name in GROUPS else (6, 1)
        trains = result.spikes[name]
        inside = (trains.ids < shown) & (trains.times >= start) & (trains.times <= start + length)
        times, ids = 1e-3 * trains.times[inside], trains.ids[inside]
        axes.vlines(times, row + height * ids, row + height * (ids + 0.8), lw=1.1,
                    color=COLOURS.get(name, "black"))  # fmt: skip
        ticks.append(row + 0.5 * height * shown)
        row += height * shown + 2.0
    axes.set_yticks(ticks, rows.values())
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(1e-3 * start, 1e-3 * (start + length)), ylim=(row, -1.0))


def _rule_panels(result: ns.Result, settings: Settings) -> list[kit.Panel]:
    """Describe one panel for each rule with its weights over time."""
    limits = (-0.03 * settings.psp_max, 1.12 * settings.psp_max)
    return [
        kit.panel(_draw_weights, result, rule, settings.psp_max, title=title, ylim=limits,
                  xlabel="time (s)", ylabel="weight (PSP, mV)")
        for rule, title in RULES.items()
    ]  # fmt: skip


def _draw_weights(axes: kit.Axes, result: ns.Result, rule: str, bound: float) -> None:
    """Draw single weights as thin lines, and the mean of each group as a thick one."""
    times = 1e-3 * result.measured["times"]
    axes.axhline(bound, color="0.45", lw=0.9, ls="--")
    kit.label(axes, times[-1], bound, "bound", "0.35", "above")
    for group, name in GROUPS.items():
        weights = weights_of(result, rule, group)
        axes.plot(times, weights[:, :12, 0], lw=0.5, alpha=0.35, color=COLOURS[group])
        mean = weights.mean(axis=(1, 2))
        axes.plot(times, mean, lw=2.5, color=COLOURS[group], label=name)


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the synapses that STDP and Oja's rule keep."""
    unit, found = linear_unit(result), findings(result, settings)
    stdp, oja = final_weights(result, "stdp"), unit.learned
    chosen = bridge.agreement(stdp > 0.5 * settings.psp_max, oja > 0.5 * oja.max())
    correlation = float(np.corrcoef(stdp, oja)[0, 1])
    measures = {
        "agreement": chosen.labelled("Synapses kept, or lost, by both rules", f"of {len(stdp)}"),
        "correlation": kit.Measure(correlation, label="Correlation of STDP and Oja's weights"),
    }
    for key, unit_name, label in (
        ("hebb_grew", "", "Hebb's rule: growth of the length of the weights"),
        ("oja_length", "", "Oja's rule: length of the weights at the end"),
        ("oja_cosine_with_first_component", "", "Oja's rule: cosine with first component"),
        ("hebb_at_bound", "", "Potentiation only: fraction of weights at bound"),
        ("hebb_rate_hz", "Hz", "Potentiation only: firing rate"),
        ("stdp_rate_hz", "Hz", "STDP: firing rate"),
    ):
        measures[key] = kit.Measure(found[key], unit_name, label=label)
    for group in GROUPS:
        last = found[f"stdp_{group}_mv"][1]
        measures[f"stdp_{group}"] = kit.Measure(
            last, "mV", label=f"STDP: mean weight, {group} inputs"
        )
    drawings = {"growth": partial(_growth_page, result, settings)}
    conclusion = (
        f"STDP and Oja's rule select the same inputs for {chosen.value:.0%} of the synapses "
        f"(correlation of the weights {correlation:.2f}). Without depression or decay, the weights "
        "grow until a bound stops them."
    )
    title = "Hebbian learning: spiking neurons and a linear unit on the same inputs"
    return kit.Comparison(title, measures, drawings, conclusion)


def _growth_page(result: ns.Result, settings: Settings) -> kit.Figure:
    """Draw the weights of the spiking neurons, and below them those of the linear unit."""
    unit = linear_unit(result)
    lower = [
        kit.panel(_draw_unit, path, result, title=title, ylabel="mean |weight|", xlabel="time (s)",
                  **scale)
        for path, title, scale in (
            (unit.hebb, "Hebb: w ← w + η x y", {"yscale": "log"}),
            (unit.oja, "Oja: w ← w + η y (x − y w)", {}),
        )
    ]  # fmt: skip
    title = "Two ways to stop growth, in spiking neurons (top) and in a linear unit"
    return kit.page(
        title, *_rule_panels(result, settings), *lower, columns=2, size=(8.5, 6.8), legend=2
    )


def _draw_unit(axes: kit.Axes, path: kit.Floats, result: ns.Result) -> None:
    times = 1e-3 * np.linspace(0.0, result.duration, len(path))
    halves = np.split(np.abs(path), 2, axis=1)
    for (group, name), weights in zip(GROUPS.items(), halves, strict=True):
        axes.plot(times, weights.mean(axis=1), color=COLOURS[group], lw=2.0, label=name)


scenario = kit.lesson(__name__, row="S10", lectures=("L1", "L3"), duration=150_000.0)
