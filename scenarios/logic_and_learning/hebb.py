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

GROUPS = {"correlated": "#E69F00", "independent": "0.35"}
"""Groups of inputs, with their colours."""
RULES = {"hebb": "Potentiation only", "stdp": "STDP (potentiation and depression)"}
ASYMMETRY = {"hebb": 0.0, "stdp": 1.1}
"""Amplitude of depression relative to potentiation."""
BOUND, NEURONS = 1.0, 10
"""Largest weight (mV), and neurons of each rule, which differ in their initial weights."""
JITTER = 2.0
"""Mean delay of correlated spikes after their common event (ms)."""
SAMPLES = 60
"""Number of intervals at which the weights are read."""
BIN, ETA = 20.0, 0.002
"""Bins of the linear unit (ms), and its learning rate."""
SHOWN, ROWS = 1000.0, 20
"""Length of the rasters (ms), and inputs of each group in them."""


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    synapses: int = kit.setting(50, "", 2, 500, "inputs of each group")
    rate: float = kit.setting(15.0, "Hz", 1.0, 100.0, "firing rate of each input")
    correlation: float = kit.setting(
        0.5, "", 0.01, 1.0, "fraction of spikes that two correlated inputs have in common"
    )
    learning_rate: float = kit.setting(
        0.01, "", 1e-5, 0.2, "change by one pair of spikes, as a fraction of the bound"
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


def describe(
    settings: Settings, options: kit.RunOptions
) -> tuple[ns.Network, dict[str, ns.Projection]]:
    """Return the network, and its plastic projections by rule and group of inputs."""
    net, inputs, plastic = ns.Network(), {}, {}
    for group, times in spike_times(settings, options.duration, options.seed).items():
        inputs[group] = net.add(group, settings.synapses, ns.LIF(t_ref=1.0))
        net.drive(inputs[group], ns.SpikeTimes(times), psp=30.0)
    for rule in RULES:
        neurons = net.add(rule, NEURONS, ns.LIF())
        plasticity = ns.STDP(BOUND, learning_rate=settings.learning_rate, asymmetry=ASYMMETRY[rule])
        for group, population in inputs.items():
            plastic[f"{rule}_{group}"] = net.connect(
                population, neurons, ns.AllToAll(), psp=ns.Uniform(0.3, 0.7), plasticity=plasticity
            )
    return net, plastic


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Connect both groups of inputs to neurons with each rule."""
    return describe(settings, options)[0]


def simulate(settings: Settings, options: kit.RunOptions, progress: bool | None) -> ns.Result:
    """Run the network, and read the weights at regular intervals."""
    net, plastic = describe(settings, options)
    simulation = kit.simulation(net, options, progress)
    samples: dict[str, list[Any]] = {key: [] for key in ("times", *plastic)}

    def sample(time: float) -> None:
        samples["times"].append([time])
        for key, projection in plastic.items():
            samples[key].append(simulation.connections(projection).weights)

    sample(0.0)
    step = max(1, round(options.duration / SAMPLES / options.dt)) * options.dt
    result = simulation.stream(
        step, lambda chunk: sample(chunk.stop), duration=options.duration,
        realtime=options.realtime,
    )  # fmt: skip
    return replace(result, measured={key: np.concatenate(each) for key, each in samples.items()})


def weights_of(result: ns.Result, rule: str, group: str) -> kit.Floats:
    """Return the weights (mV), shape (n_times, n_inputs, n_neurons)."""
    return result.measured[f"{rule}_{group}"].reshape(len(result.measured["times"]), -1, NEURONS)


class LinearUnit(NamedTuple):
    """Weights of a linear unit on the same inputs; trajectories of shape (n_bins + 1, n_inputs)."""

    hebb: kit.Floats
    oja: kit.Floats
    first_component: kit.Floats

    @property
    def learned(self) -> kit.Floats:
        """Oja's weights, the mean of the second half of the run."""
        return self.oja[len(self.oja) // 2 :].mean(axis=0)


@lru_cache(maxsize=2)
def linear_unit(result: ns.Result) -> LinearUnit:
    """Train a linear unit on the spike counts of all inputs, less their mean."""
    bins, counts = BIN * np.arange(int(result.duration / BIN) + 1), []
    for group in GROUPS:
        trains, neurons = result.spikes[group], np.arange(result.populations[group].size + 1)
        counts.append(np.histogram2d(trains.times, trains.ids, [bins, neurons])[0])
    inputs = np.concatenate(counts, axis=1)
    inputs -= inputs.mean(axis=0)
    return LinearUnit(hebb(inputs, ETA), oja(inputs, ETA), principal_component(inputs))


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure weights and rates at the end, of the spiking neurons and of the linear unit."""
    found: kit.Findings = {}
    for rule in RULES:
        weights = {group: weights_of(result, rule, group).mean(axis=2) for group in GROUPS}
        for group, each in weights.items():
            found[f"{rule}_{group}_mv"] = [each[0].mean(), each[-1].mean()]
        final = np.concatenate([each[-1] for each in weights.values()])
        found[f"{rule}_at_bound"] = (final > 0.99 * BOUND).mean()
        late = result.spikes[rule].counts(0.9 * result.duration)
        found[f"{rule}_rate_hz"] = late.mean() / (1e-4 * result.duration)
    unit = linear_unit(result)
    lengths = np.linalg.norm(unit.hebb, axis=1)
    direction = unit.learned / np.linalg.norm(unit.learned)
    return found | {
        "hebb_grew": lengths[-1] / lengths[0],
        "hebb_ever_shrank": bool((np.diff(lengths) < 0.0).any()),
        "oja_length": np.linalg.norm(unit.oja[-1]),
        "oja_cosine_with_first_component": abs(direction @ unit.first_component),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the final weights and rates of both rules."""
    return kit.sentences(
        found,
        f"{NEURONS} neurons with each of two plasticity rules received {settings.synapses} "
        f"correlated and as many independent inputs of {settings.rate:g} Hz.",
        *(
            f"{name}: from {{{rule}_correlated_mv[0]:.2f}} mV on average, the weights of "
            f"correlated inputs change to {{{rule}_correlated_mv[1]:.2f}} mV and those of "
            f"independent inputs to {{{rule}_independent_mv[1]:.2f}} mV (bound {BOUND:g} mV). The "
            f"neurons fire at {{{rule}_rate_hz:.1f}} Hz in the end."
            for rule, name in RULES.items()
        ),
        "Hebb's rule, linear unit: the length of the weights grows by a factor of {hebb_grew:.1e}.",
        "Oja's rule, linear unit: the length of the weights is {oja_length:.2f} in the end. The "
        "cosine of the angle to the first principal component is "
        "{oja_cosine_with_first_component:.4f}.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw spikes before and after learning, and the weights of both rules."""
    length = min(SHOWN, 0.5 * result.duration)
    spikes = [
        kit.panel(_draw_spikes, result, start, length, title=title, xlabel="time (s)")
        for title, start in (("Start", 0.0), ("End of learning", result.duration - length))
    ]
    seconds, weights = 1e-3 * result.measured["times"], []
    for rule, title in RULES.items():
        curves = [kit.level(BOUND, "bound", seconds[-1])]
        for group, colour in GROUPS.items():
            each = weights_of(result, rule, group)
            curves.append(kit.curve(seconds, each[:, :12, 0], lw=0.5, alpha=0.35, color=colour))
            mean = each.mean(axis=(1, 2))
            curves.append(kit.curve(seconds, mean, f"{group} inputs", lw=2.5, color=colour))
        labels = {"title": title, "xlabel": "time (s)", "ylabel": "weight (PSP, mV)"}
        weights.append(kit.chart(*curves, **labels, ylim=(-0.03, 1.12)))
    fires = "After STDP, neurons fire only when the correlated inputs fire together"
    title = "With depression, only correlated inputs keep their synapses"
    return {
        "spikes": kit.page(fires, *spikes, size=(9.5, 4.6), sharey=True),
        "weights": kit.page(title, *weights, size=(8.5, 3.9), legend=2),
    }


def _draw_spikes(axes: kit.Axes, result: ns.Result, start: float, length: float) -> None:
    """Draw the spikes of some inputs, and of one neuron of each rule, which is labelled."""
    ticks, row = {}, 0.0
    for name in (*GROUPS, *RULES):
        height, shown = (1, ROWS) if name in GROUPS else (6, 1)
        trains = result.spikes[name]
        inside = (trains.ids < shown) & trains.inside(start, start + length)
        times, low = 1e-3 * trains.times[inside], row + height * trains.ids[inside]
        axes.vlines(times, low, low + 0.8 * height, lw=1.1, color=GROUPS.get(name, "black"))
        ticks[row + 0.5 * height * shown] = RULES.get(name, f"{name} inputs").split(" (")[0]
        row += height * shown + 2.0
    axes.set_yticks([*ticks], ticks.values())
    axes.set(xlim=(1e-3 * start, 1e-3 * (start + length)), ylim=(row, -1.0))


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the synapses that STDP and Oja's rule keep."""
    unit, found = linear_unit(result), findings(result, settings)
    stdp = np.concatenate([weights_of(result, "stdp", one)[-1].mean(axis=1) for one in GROUPS])
    chosen = bridge.agreement(stdp > 0.5 * BOUND, unit.learned > 0.5 * unit.learned.max())
    correlation = np.corrcoef(stdp, unit.learned)[0, 1]
    measures = kit.rows(
        found,
        ("agreement", f"Synapses kept, or lost, by both rules | of {len(stdp)}", chosen),
        ("correlation", "Correlation of STDP and Oja's weights", correlation),
        ("hebb_grew", "Hebb's rule: growth of the length of the weights"),
        ("oja_length", "Oja's rule: length of the weights at the end"),
        ("oja_cosine_with_first_component", "Oja's rule: cosine with first component"),
        ("hebb_at_bound", "Potentiation only: fraction of weights at bound"),
        ("hebb_rate_hz", "Potentiation only: firing rate"),
        ("stdp_rate_hz", "STDP: firing rate"),
    )
    conclusion = (
        f"STDP and Oja's rule select the same inputs for {chosen.value:.0%} of the synapses "
        f"(correlation of the weights {correlation:.2f}). Without depression or decay, the weights "
        "grow until a bound stops them."
    )
    panels, seconds = [], 1e-3 * np.linspace(0.0, result.duration, len(unit.oja))
    for path, rule, scale in (
        (unit.hebb, "Hebb: w ← w + η x y", "log"),
        (unit.oja, "Oja: w ← w + η y (x − y w)", "linear"),
    ):
        curves = [
            kit.curve(seconds, half.mean(axis=1), f"{group} inputs", lw=2, color=colour)
            for half, (group, colour) in zip(
                np.split(np.abs(path), 2, axis=1), GROUPS.items(), strict=True
            )
        ]
        labels = {"title": rule, "xlabel": "time (s)", "ylabel": "mean |weight|", "yscale": scale}
        panels.append(kit.chart(*curves, **labels))
    title = "In a linear unit, Hebb's rule grows without bound and Oja's rule selects inputs"
    drawing = partial(kit.page, title, *panels, size=(8.5, 3.9), legend=2)
    title = "Hebbian learning: spiking neurons and a linear unit on the same inputs"
    return kit.Comparison(title, measures, {"growth": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S10", lectures=("L1", "L3"), duration=150_000.0)
