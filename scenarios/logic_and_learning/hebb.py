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

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

import bridge
import neurosim as ns
from bridge.classics import hebb, oja, principal_component
from scenarios import _kit as kit

# Groups of inputs, with their colours.
GROUPS = {"correlated": "#E69F00", "independent": "0.35"}
# Rules, with the amplitude of depression relative to potentiation.
RULES = {"hebb": ("Potentiation only", 0.0), "stdp": ("STDP", 1.1)}
# Bound of the weights of the linear unit, so that their squares are finite.
LARGEST = 1e150
# Largest weight (mV), and neurons of each rule, which differ in their initial weights.
BOUND, NEURONS = 1.0, 10
# Mean delay of correlated spikes after their common event (ms).
JITTER = 2.0
# Number of intervals at which the weights are read.
SAMPLES = 60
# Bins of the linear unit (ms), and its largest learning rate.
BIN, ETA = 20.0, 0.002


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    synapses: int = kit.setting(50, "", 2, 500, "inputs of each group")
    rate: float = kit.setting(15.0, "Hz", 1.0, 100.0, "firing rate of each input")
    correlation: float = kit.setting(
        0.5, "", 0.01, 1.0, "fraction of spikes that two correlated inputs have in common"
    )


def spike_times(settings: Settings, duration: float, seed: int) -> dict[str, list[kit.Floats]]:
    """Draw the spike times of all inputs (ms), rounded up to whole ms, by group.

    Each correlated input takes part in a random fraction of common events. All inputs have the same
    mean rate.
    """
    n, rate, fraction = settings.synapses, 1e-3 * settings.rate, settings.correlation
    rng = np.random.default_rng(seed)
    events = rng.uniform(0.0, duration, rng.poisson(rate / fraction * duration))
    common = [events[rng.random(len(events)) < fraction] for _ in range(n)]
    correlated = [times + rng.exponential(JITTER, len(times)) for times in common]
    independent = [rng.uniform(0.0, duration, rng.poisson(rate * duration)) for _ in range(n)]
    return {
        group: [np.unique(np.ceil(times[times < duration - 1.0])) for times in trains]
        for group, trains in zip(GROUPS, (correlated, independent), strict=True)
    }


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Connect both groups of inputs to neurons with each rule."""
    net = ns.Network()
    for group, times in spike_times(settings, options.duration, options.seed).items():
        inputs = net.add(group, settings.synapses, ns.LIF(t_ref=1.0))
        net.drive(inputs, ns.SpikeTimes(times), psp=30.0)
    for rule, (_, asymmetry) in RULES.items():
        plasticity = ns.STDP(BOUND, learning_rate=0.01, asymmetry=asymmetry)
        neurons, psp = net.add(rule, NEURONS, ns.LIF()), ns.Uniform(0.3, 0.7)
        for group in GROUPS:
            net.connect(net[group], neurons, ns.AllToAll(), psp=psp, plasticity=plasticity)
    return net


def simulate(settings: Settings, options: kit.RunOptions, progress: bool | None) -> ns.Result:
    """Run the network, and read the weights at regular intervals."""
    net = network(settings, options)
    simulation = kit.simulation(net, options, progress)
    samples: dict[str, list[Any]] = defaultdict(list)

    def sample(time: float) -> None:
        samples["times"].append(time)
        for projection in net.projections:
            weights = simulation.connections(projection).weights.reshape(-1, NEURONS)
            samples[f"{projection.target.name}_{projection.source.name}"].append(weights)

    sample(0.0)
    step = max(1, round(options.duration / SAMPLES / options.dt)) * options.dt
    result = simulation.stream(
        step, lambda chunk: sample(chunk.stop), duration=options.duration,
        realtime=options.realtime,
    )  # fmt: skip
    return replace(result, measured={key: np.array(each) for key, each in samples.items()})


def final_weights(result: ns.Result, rule: str) -> kit.Floats:
    """Return the final weight of each input (mV), the mean over neurons."""
    return np.concatenate([result.measured[f"{rule}_{one}"][-1].mean(axis=1) for one in GROUPS])


@lru_cache(maxsize=2)
def linear_unit(result: ns.Result) -> tuple[kit.Floats, kit.Floats, kit.Floats, kit.Floats]:
    """Train a linear unit on the spike counts of all inputs, less their mean.

    Returns
    -------
    grown, bounded : (n_bins + 1, n_inputs) ndarray
        Weights by Hebb's and by Oja's rule.
    learned : (n_inputs,) ndarray
        Mean of Oja's weights in the second half of the run.
    first_component : (n_inputs,) ndarray
    """
    bins, counts = BIN * np.arange(int(result.duration / BIN) + 1), []
    for group in GROUPS:
        trains, neurons = result.spikes[group], np.arange(result.populations[group].size + 1)
        counts.append(np.histogram2d(trains.times, trains.ids, [bins, neurons])[0])
    inputs = np.concatenate(counts, axis=1)
    inputs -= inputs.mean(axis=0)
    # Faster learning would let the weights of Oja's rule diverge.
    rate = min(ETA, 1.0 / np.square(inputs).sum(axis=1).max(initial=1.0))
    bounded = oja(inputs, rate)
    learned = bounded[len(bounded) // 2 :].mean(axis=0)
    grown = np.nan_to_num(hebb(inputs, rate), nan=LARGEST).clip(-LARGEST, LARGEST)
    return grown, bounded, learned, principal_component(inputs)


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure weights and rates at the end, of the spiking neurons and of the linear unit."""
    found: kit.Findings = {}
    for rule in RULES:
        for group in GROUPS:
            weights = result.measured[f"{rule}_{group}"]
            found[f"{rule}_{group}_mv"] = weights[[0, -1]].mean(axis=(1, 2))
        found[f"{rule}_at_bound"] = (final_weights(result, rule) > 0.99 * BOUND).mean()
        late = result.spikes[rule].counts(0.9 * result.duration)
        found[f"{rule}_rate_hz"] = late.mean() / (1e-4 * result.duration)
    grown, bounded, learned, component = linear_unit(result)
    lengths = np.linalg.norm(grown, axis=1)
    return found | {
        "hebb_grew": min(lengths[-1] / lengths[0], LARGEST),
        "hebb_ever_shrank": (np.diff(lengths) < 0.0).any(),
        "oja_length": np.linalg.norm(bounded[-1]),
        "oja_cosine_with_first_component": abs(learned @ component) / np.linalg.norm(learned),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the final weights and rates of both rules."""
    return kit.sentences(
        found,
        f"{NEURONS} neurons with each of two plasticity rules received {settings.synapses} "
        f"correlated and as many independent inputs of {settings.rate:g} Hz.",
        "Potentiation only: weights of correlated inputs change to {hebb_correlated_mv[1]:.2f} mV, "
        "others to {hebb_independent_mv[1]:.2f} mV. The neurons fire at {hebb_rate_hz:.1f} Hz.",
        "STDP: weights of correlated inputs change to {stdp_correlated_mv[1]:.2f} mV, others to "
        "{stdp_independent_mv[1]:.2f} mV. The neurons fire at {stdp_rate_hz:.1f} Hz.",
        "Hebb's rule, linear unit: the length of the weights grows by a factor of "
        f"{'more than ' * (found['hebb_grew'] >= LARGEST)}{{hebb_grew:.3g}}.",
        "Oja's rule, linear unit: the length of the weights ends at {oja_length:.2f}. The cosine "
        "of their angle to the first principal component is {oja_cosine_with_first_component:.4f}.",
    )


def group_curves(times: kit.Floats, weights: kit.Floats) -> list[kit.Layer]:
    """Return the mean weights of both groups of inputs over time (ms)."""
    return [
        kit.curve(1e-3 * times, mean, f"{group} inputs", lw=2, color=colour)
        for mean, (group, colour) in zip(weights, GROUPS.items(), strict=True)
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the weights of both rules during learning."""
    times, panels = result.measured["times"], []
    for rule, (title, _) in RULES.items():
        means = np.mean([result.measured[f"{rule}_{group}"] for group in GROUPS], axis=(2, 3))
        panels.append(kit.chart(
            kit.level(BOUND, "bound", 1e-3 * times[-1]), *group_curves(times, means), title=title,
            xlabel="time (s)", ylabel="mean weight (PSP, mV)", ylim=(-0.03, 1.12),
        ))  # fmt: skip
    title = "With depression, only correlated inputs keep their synapses"
    return {"weights": kit.page(title, *panels, size=(8.5, 3.9), legend=2)}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the synapses that STDP and Oja's rule keep."""
    found, (grown, bounded, learned, _) = findings(result, settings), linear_unit(result)
    stdp = final_weights(result, "stdp")
    chosen = bridge.agreement(stdp > 0.5 * BOUND, learned > 0.5 * learned.max())
    measures = kit.rows(
        found,
        ("agreement", f"Synapses kept, or lost, by both rules | of {len(stdp)}", chosen),
        ("correlation", "Correlation of STDP and Oja's weights", np.corrcoef(stdp, learned)[0, 1]),
        ("hebb_grew", "Hebb's rule: growth of the length of the weights"),
        ("oja_length", "Oja's rule: length of the weights at the end"),
    )
    conclusion = (
        f"STDP and Oja's rule select the same inputs for {chosen.value:.0%} of the synapses."
    )
    if found["hebb_at_bound"] > 0.5:
        conclusion += " Without depression or decay, the weights grow until a bound stops them."
    panels, times = [], np.linspace(0.0, result.duration, len(grown))
    for path, rule in ((grown, "Hebb: w ← w + η x y"), (bounded, "Oja: w ← w + η y (x − y w)")):
        means = np.abs(path).reshape(len(path), 2, -1).mean(axis=2).T
        labels = {"title": rule, "xlabel": "time (s)", "ylabel": "mean |weight|", "yscale": "log"}
        panels.append(kit.chart(*group_curves(times, means), **labels))
    title = "In a linear unit, Hebb's rule grows without bound and Oja's rule selects inputs"
    drawing = partial(kit.page, title, *panels, size=(8.5, 3.9), legend=2)
    title = "Hebbian learning: spiking neurons and a linear unit on the same inputs"
    return kit.Comparison(title, measures, {"growth": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S10", lectures=("L1", "L3"), duration=150_000.0)
