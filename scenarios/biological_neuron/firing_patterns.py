"""A constant current makes neurons fire regularly, adapt, burst or stop.

A leaky integrate-and-fire neuron answers a constant current with equal intervals between spikes.
Neurons of the brain slow down or speed up, fire in bursts, or stop. Two models with a second
variable reproduce this: the adaptive exponential integrate-and-fire neuron (AdEx) and the neuron of
Izhikevich. Their second variable follows the membrane potential slowly and jumps at each spike. The
patterns differ only in the parameters. The irregular one is close to chaos: without any noise,
its intervals repeat only from about 1 s on, in a cycle of ten.

The comparison adds noise to the current, and trains logistic neurons to predict each spike. With
the current as the only input they ignore refractoriness. The time since the last spike describes
it, which is most of what matters to regular firing. The second variable sums all spikes: to predict
neurons that adapt or burst, earlier spikes are needed too. AdEx patterns: R. Naud, N. Marcille,
C. Clopath & W. Gerstner, Biological Cybernetics 99, 335 (2008), table 1. The others:
E. M. Izhikevich, IEEE Transactions on Neural Networks 14, 1569 (2003), figure 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.signal import lfilter
from scipy.stats import variation

import bridge
import neurosim as ns
from scenarios import _kit as kit

# The bursts of thalamo-cortical neurons need hyperpolarisation first, not one current.
IZHIKEVICH = [name for name in ns.Izhikevich.PATTERNS if name != "thalamo-cortical"]
# Neuron and current (pA) of each pattern.
PATTERNS: dict[str, tuple[ns.NeuronModel, float]] = {
    **{name: ns.AdEx.pattern(name) for name in ns.AdEx.PATTERNS},
    **{name: (ns.Izhikevich.pattern(name), 10.0) for name in IZHIKEVICH},
}
# Statistic and description of each kind of pattern.
KINDS = {
    "regular": ("rate_hz", "regular spikes from the start, at {} Hz"),
    "adapting": ("last_over_first", "the intervals grow by factors of {}"),
    "accelerating": ("last_over_first", "the last interval is {} times the first"),
    "initial burst": ("rate_hz", "a burst, then regular spikes; {} Hz on average"),
    "bursting": ("bursts", "{} bursts, all alike after the first"),
    "transient": ("latency_ms", "one spike, at {} ms"),
    "irregular": ("distinct_intervals", "{} different intervals, without any noise"),
}
# Time constants of the filters of current and own spikes (ms).
TAUS = (2.0, 4.0, 8.0, 30.0, 120.0)
# Name and colour of the inputs of each logistic neuron.
INPUTS = {
    "current": ("current", kit.LOGISTIC),
    "last": ("current and last spike", "#E69F00"),
    "all": ("current and all own spikes", kit.TRAINED),
}
# Time excluded from the comparison (ms), and the fewest spikes in either half of its data.
ONSET, FEWEST = 300, 20


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    noise: float = kit.setting(0.4, "", 0.1, 3.0, "standard deviation of the current over its mean")
    neurons: int = kit.setting(24, "", 4, 200, "neurons with noise for each pattern")


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Inject a constant current into the first neuron of each pattern, noise into the others."""
    kit.require_duration(options, 2.0 * ONSET, "is too short for slow patterns")
    net = ns.Network()
    for name, (model, current) in PATTERNS.items():
        neurons = net.add(name, 1 + settings.neurons, model)
        sigma = np.append(0.0, np.full(settings.neurons, settings.noise * current))
        drive = net.drive(neurons, ns.OrnsteinUhlenbeckCurrent(sigma, tau=5.0, mean=current))
        net.record(drive, "current", interval=1.0)
        net.record(neurons, "v", ids=[0])
    return net


def statistics(times: kit.Floats, duration: float) -> kit.Findings:
    """Describe spikes by their rate, intervals and bursts.

    A burst ends with a pause: an interval more than three times as long as the one before. The
    different intervals are those of the second half, rounded to 1 ms.
    """
    intervals = np.diff(times)
    rate = 1e3 * len(times) / duration
    found: kit.Findings = {"rate_hz": rate, "latency_ms": times[0], "kind": "transient"}
    if len(intervals) > 1:
        ratio = intervals[-1] / intervals[0]
        pauses = int(np.sum(intervals[1:] > 3.0 * intervals[:-1]))
        distinct = len(np.unique(intervals[len(intervals) // 2 :].round()))
        kind = "adapting" if ratio > 1.8 else "accelerating" if ratio < 1.0 / 1.8 else "regular"
        if pauses:
            kind = "initial burst" if pauses < 3 else "bursting" if distinct < 7 else "irregular"
        found |= {"kind": kind, "cv": variation(intervals), "last_over_first": ratio}
        found |= {"bursts": pauses, "distinct_intervals": distinct}
    return found


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Describe the spikes of each pattern without noise."""
    return {name: statistics(result.spikes[name].of(0), result.duration) for name in PATTERNS}


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """Characterise groups of patterns."""
    sentences = ["AdEx and Izhikevich neurons received a constant current, one for each pattern."]
    for kind, (key, text) in KINDS.items():
        values = {name: one[key] for name, one in found.items() if one["kind"] == kind}
        if values:
            numbers = kit.listed(f"{value:.3g}" for value in values.values())
            sentences.append(f"{kit.listed(values).capitalize()}: {text.format(numbers)}.")
    return sentences


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the potential of each pattern without noise."""
    panels = []
    for name, (_, current) in PATTERNS.items():
        trace = result.traces[name, "v"]
        potential = kit.curve(trace.times, trace.with_spikes(0), color="black", lw=0.9)
        title = f"{name.capitalize()}, {current:g} pA"
        panels.append(kit.chart(
            potential, title=title, xlim=(0.0, 400.0), xlabel="time (ms)", ylabel="potential (mV)",
        ))  # fmt: skip
    n, text = len(ns.AdEx.PATTERNS), "Parameters alone decide on the firing pattern of"
    return {
        name.lower(): kit.page(
            f"{text} {name} neurons", *drawn, columns=2, sharex=True, sharey=True,
            size=(9.0, 1.0 + 0.8 * len(drawn)),
        )
        for name, drawn in (("AdEx", panels[:n]), ("Izhikevich", panels[n:]))
    }  # fmt: skip


def exponentials(signal: kit.Floats) -> kit.Floats:
    """Filter signals (n_neurons, n_bins) by exponentials with each of `TAUS`; one more axis."""
    decays = np.exp(-1.0 / np.array(TAUS))
    return np.stack([lfilter([1.0], [1.0, -decay], signal, axis=1) for decay in decays], axis=-1)


def inputs(current: kit.Floats, active: kit.Bools) -> dict[str, kit.Floats]:
    """Return the inputs of each logistic neuron in bins of 1 ms, (n_neurons, n_bins, n_inputs)."""
    past = np.pad(active, ((0, 0), (1, 0)))[:, :-1]
    bins = np.arange(past.shape[1])
    age = bins - np.maximum.accumulate(np.where(past, bins, -1e9), axis=1)
    drive = np.concatenate([current[..., None], exponentials(current)], axis=-1)
    last = np.concatenate([drive, np.exp(-age[..., None] / TAUS)], axis=-1)
    every = np.concatenate([last, exponentials(past.astype(float))], axis=-1)
    return dict(zip(INPUTS, (drive, last, every), strict=True))


def information(result: ns.Result, name: str, current: kit.Floats) -> dict[str, kit.Measure]:
    """Return bits per spike of each logistic neuron, trained on one half of the neurons.

    Empty if either half of the neurons fires too few spikes.
    """
    spikes = result.spikes[name]
    trains = [spikes.of(neuron) for neuron in range(1, len(current))]
    active = np.array([bridge.bin_spikes(train, result.duration) for train in trains]) > 0
    half, fired, measured = len(active) // 2, active[:, ONSET:], {}
    if min(fired[:half].sum(), fired[half:].sum()) < FEWEST:
        return {}
    blocks = np.arange(fired[half:].size) // ONSET
    for key, given in inputs(current[1:] - current[0], active).items():
        train, test = (
            part[:, ONSET:].reshape(-1, part.shape[2]) for part in (given[:half], given[half:])
        )
        neuron = bridge.LogisticNeuron(ridge=1e-6).fit(train, fired[:half].ravel())
        probability = neuron.predict_proba(test)[:, 1]
        measured[key] = bridge.bits_per_spike(fired[half:].ravel(), probability, blocks)
    return measured


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare logistic neurons that have more or less of the past as inputs."""
    bits: dict[str, dict[str, kit.Measure]] = {}
    measures: dict[str, kit.Measure] = {}
    for name, trace in zip(PATTERNS, result.inputs.values(), strict=True):
        if found := information(result, name, trace.values.T):
            bits[name] = found
            note = "current {current.value:.2f}, last spike {last.value:.2f}"
            if name in ns.AdEx.PATTERNS:
                found["all"] = found["all"].labelled(name.capitalize(), note.format(**found))
            measures |= {f"{key} {name}".replace(" ", "_"): one for key, one in found.items()}
    tonic, burst = bits["tonic"], bits["initial burst"]
    conclusion = (
        "On tonic firing the current gives {current.value:.1f} bits per spike, and the last spike "
        "raises this to {last.value:.1f} of {all.value:.1f}. ".format(**tonic)
        + "Neurons with an initial burst sum their spikes: earlier ones raise the information from "
        "{last.value:.1f} to {all.value:.1f} bits.".format(**burst)
    )
    title = "Logistic neurons with the current and all own spikes as inputs"
    return kit.Comparison(title, measures, {"history": partial(_draw_bits, bits)}, conclusion)


def _draw_bits(bits: dict[str, dict[str, kit.Measure]]) -> kit.Figure:
    """Draw the information of each logistic neuron on each pattern."""
    x = range(len(bits))
    layers = []
    for key, (text, colour) in INPUTS.items():
        measured = [one[key] for one in bits.values()]
        layers.append(kit.layer(kit.draw_measures, x, measured, ls="", color=colour, label=text))
    panel = kit.chart(
        *layers, ylabel="information (bits per spike)", ylim=(0.0, None), xticks=x,
        xticklabels=[name.replace(" ", "\n").replace("-", "-\n") for name in bits],
    )  # fmt: skip
    title = "Adapting and bursting neurons depend on more than their last spike"
    return kit.page(title, panel, size=(11.5, 4.6), legend=3)


scenario = kit.lesson(__name__, duration=2000.0, source="Naud et al. (2008), Izhikevich (2003)")
