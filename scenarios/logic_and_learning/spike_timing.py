"""Spike timing: order, frequency and reward decide which synapses grow.

In spike-timing dependent plasticity (STDP), a presynaptic spike some ms before a postsynaptic one
strengthens the synapse, and the opposite order weakens it. P. J. Sjöström, G. G. Turrigiano & S. B.
Nelson (Neuron 32, 1149, 2001) repeated such pairs at different frequencies. At 40 Hz and above,
both orders strengthen the synapse. A rule that sums over pairs does not describe this: with the
same time constants and adjusted to the changes at 10 Hz, it predicts depression at 50 Hz. In the
triplet rule of J.-P. Pfister & W. Gerstner (J. Neurosci. 26, 9673, 2006), potentiation also grows
with a slow trace of earlier postsynaptic spikes. The rule is fitted to these measurements.

Reward comes seconds after the spikes that led to it. In the rule of E. M. Izhikevich (Cereb. Cortex
17, 2443, 2007), pairs of spikes therefore change only an eligibility trace of the synapse, and
reward changes the weight in proportion to the trace. Here a neuron is rewarded 1 to 3 s after each
spike that follows a spike of input 0 within 10 ms. This synapse grows to its limit, although many
other spikes precede each reward. The others shrink, because random pairs depress a synapse on
average. The traces decay in 2 s instead of Izhikevich's 1 s, so that 25 minutes are enough.

A logistic neuron has no order of spikes within a time bin. Its eligibility is the gradient (y − p)
x of the log-likelihood, as in the rule REINFORCE of R. J. Williams (Machine Learning 8, 229, 1992).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.signal import lfilter
from scipy.special import expit, logit

import bridge
import neurosim as ns
from scenarios import _kit as kit

ORDERS = {10.0: ("pre 10 ms before post", kit.SPIKING), -10.0: ("post 10 ms before pre", "#E69F00")}
FREQUENCIES = np.array([0.1, 10.0, 20.0, 40.0, 50.0])
# Change of the weight by 60 pairs (%), for each order and frequency (Hz), and its standard error:
# Sjöström et al. 2001, as listed by Pfister & Gerstner 2006.
MEASURED = np.array([[-4.0, 14.0, 29.0, 53.0, 56.0], [-29.0, -41.0, -34.0, 56.0, 75.0]])
ERROR = np.array([[5.0, 10.0, 14.0, 11.0, 26.0], [8.0, 11.0, 10.0, 32.0, 19.0]])
PAIRS, BOUND = 60, 4.0  # pairs at each frequency; largest weight (mV), initially 1 mV
RULES = {
    # Time constants as in the triplet rule, amplitudes adjusted to the changes at 10 Hz.
    "pair": ns.STDP(BOUND, 0.00536 / BOUND, asymmetry=1.64, tau_plus=16.8, tau_minus=33.7),
    # Amplitudes of Pfister & Gerstner, which are relative to the initial weight.
    "triplet": ns.TripletSTDP(BOUND, *np.array([5e-10, 7e-3, 6.2e-3, 2.3e-4]) / BOUND),
}
DELAY, WINDOW, CHUNK = 1.0, 10.0, 250.0  # dendritic delay, rewarded intervals, steps of reward (ms)
NEURON, TAU_C = ns.LIF(v_rest=-65.0, v_reset=-70.0, t_ref=2.0), 2000.0
BIN, ETA = 5.0, 0.1  # time bins (ms) and learning rate of the logistic neuron


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    inputs: int = kit.setting(100, "", 10, 1000, "inputs of the neuron that is rewarded")
    rate: float = kit.setting(1.5, "Hz", 0.5, 20.0, "firing rate of each input")
    a_plus: float = kit.setting(0.02, "", 1e-4, 0.2, "eligibility by a pair of spikes")
    latest: float = kit.setting(3000.0, "ms", 1250.0, 1e5, "longest delay of the reward")


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Pair spikes at each frequency in both orders; connect inputs that learn by reward."""
    net = ns.Network()
    times = [50.0 + 1e3 / frequency * np.arange(PAIRS) for frequency in FREQUENCIES]
    # A last presynaptic spike makes the synapse evaluate the postsynaptic spikes before it.
    before = [np.append(each, each[-1] + 2000.0) for each in times]
    after = [each + order - DELAY for order in ORDERS for each in times]
    kit.require_duration(options, before[0][-1] + DELAY, "ends before the pairs at 0.1 Hz")
    pre, post = (net.add(name, len(after), ns.LIF(t_ref=1.0)) for name in ("pre", "post"))
    net.drive(pre, ns.SpikeTimes(before * len(ORDERS)), psp=30.0)
    net.drive(post, ns.SpikeTimes(after), psp=30.0)
    inputs, neuron = net.add("inputs", settings.inputs, ns.LIF()), net.add("neuron", 1, NEURON)
    net.drive(inputs, ns.Poisson(settings.rate), psp=30.0)
    net.drive(neuron, ns.MembraneNoise(4.0))
    for pairing in RULES.values():
        paired = net.connect(pre, post, ns.OneToOne(), psp=1.0, delay=DELAY, plasticity=pairing)
        net.record(paired, "weight", interval=options.duration)
    rule = ns.RewardSTDP(BOUND, settings.a_plus, 1.75 * settings.a_plus, tau_c=TAU_C)
    plastic = net.connect(inputs, neuron, ns.AllToAll(), psp=1.0, delay=DELAY, plasticity=rule)
    net.record(plastic, "weight", interval=10_000.0)
    return net


def simulate(settings: Settings, options: kit.RunOptions, progress: bool | None) -> ns.Result:
    """Reward the neuron some time after each spike that follows a spike of input 0."""
    net = network(settings, options)
    rng, due, rewards = np.random.default_rng(options.seed), Counter[int](), []

    def on_chunk(chunk: ns.Chunk) -> None:
        now, spikes = round(chunk.stop / CHUNK), chunk.spikes
        interval = np.subtract.outer(spikes["neuron"].times, spikes["inputs"].of(0))
        rewarded = ((interval > 0.0) & (interval <= WINDOW)).any(axis=1).sum()
        due.update(now + rng.integers(4, round(settings.latest / CHUNK), rewarded))
        if due[now]:
            chunk.signal(net.projections[-1], float(due[now]))
            rewards.append(chunk.stop)

    simulation, span = kit.simulation(net, options, progress), options.duration
    result = simulation.stream(CHUNK, on_chunk, duration=span, realtime=options.realtime)
    return replace(result, measured={"rewards": np.array(rewards)})


def changes(result: ns.Result) -> dict[str, kit.Floats]:
    """Return the change of paired weights by rule (%), shape (n_orders, n_frequencies)."""
    keys = dict(zip(RULES, (("pre", "post"), ("pre", "post", 2)), strict=True))
    final = {rule: result.weights[key].values[-1] for rule, key in keys.items()}
    return {rule: 100.0 * (each.reshape(ERROR.shape) - 1.0) for rule, each in final.items()}


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the changes by pairs, and the weights after learning by reward."""
    found: kit.Findings = {"rewards": len(result.measured["rewards"])}
    for rule, change in changes(result).items():
        error = np.sqrt((((change - MEASURED) / ERROR) ** 2).mean())
        found |= {f"{rule}_percent": change, f"{rule}_error": error}
    first, *others = result.weights["inputs", "neuron"].values[-1]
    return found | {"rewarded_mv": first, "others_mv": np.mean(others), "largest_mv": max(others)}


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the changes by pairs, and the weights after learning by reward."""
    return kit.sentences(
        found,
        f"{PAIRS} pairs of spikes were repeated at {len(FREQUENCIES)} frequencies in both orders. "
        f"A neuron with {settings.inputs} inputs received {{rewards}} rewards.",
        "Post before pre, measured: the weight changes by −41 % at 10 Hz and by +75 % at 50 Hz.",
        "Pair rule: {pair_percent[1][1]:+.0f} % and {pair_percent[1][4]:+.0f} %. It deviates from "
        "all measurements by {pair_error:.1f} standard errors (root mean square).",
        "Triplet rule: {triplet_percent[1][1]:+.0f} % and {triplet_percent[1][4]:+.0f} %. It "
        "deviates by {triplet_error:.1f} standard errors.",
        "Reward: the weight of the rewarded synapse changes from 1 to {rewarded_mv:.2f} mV. The "
        "others end at {others_mv:.2f} mV on average, the largest at {largest_mv:.2f} mV.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the change by pairs against frequency, and the weights during learning by reward."""
    labels = {"xlabel": "frequency of pairs (Hz)", "ylabel": "change of the weight (%)"}
    panels = [
        kit.panel(_draw_changes, change, title=f"{rule.capitalize()} rule", **labels)
        for rule, change in changes(result).items()
    ]
    trace = result.weights["inputs", "neuron"]
    chart = weight_chart(trace.times / 60e3, trace.values, "weight (PSP, mV)")
    fast = "Only the triplet rule strengthens synapses at high frequencies, as measured"
    page = kit.page(fast, *panels, size=(9.0, 4.3), legend=3, sharey=True)
    return {"pairs": page, "reward": kit.page("Late reward strengthens the right synapse", chart)}


def _draw_changes(axes: kit.Axes, change: kit.Floats) -> None:
    """Draw the change of the weights against frequency, with the measured changes."""
    axes.axhline(0.0, color="0.6", lw=0.8)
    axes.plot([], [], "o", color="0.5", label="measured, ± standard error")
    for row, (order, (name, colour)) in enumerate(ORDERS.items()):
        axes.plot(FREQUENCIES, change[row], lw=2, color=colour, label=name)
        x = FREQUENCIES - 0.04 * order  # both orders side by side
        axes.errorbar(x, MEASURED[row], ERROR[row], fmt="o", capsize=2, color=colour)


def weight_chart(minutes: kit.Floats, weights: kit.Floats, ylabel: str) -> kit.Panel:
    """Describe a panel with the weights of all inputs over time."""
    return kit.chart(
        kit.curve(minutes, weights[:, 1:], color="0.6", lw=0.5, alpha=0.5),
        kit.curve(minutes, weights[:, 1:].mean(axis=1), "mean of the others", color="black", lw=2),
        kit.curve(minutes, weights[:, 0], "rewarded input", color=kit.SPIKING, lw=2.5),
        legend="upper left", xlabel="time (min)", ylabel=ylabel,
    )  # fmt: skip


def information(x: kit.Floats, fired: kit.Bools, weights: kit.Floats) -> kit.Measure:
    """Return the information of weighted inputs about the spikes in every second block."""
    v, blocks = (x @ weights)[:, None], np.arange(len(fired)) // round(1e3 / BIN)
    test = blocks % 2 == 1
    neuron = bridge.LogisticNeuron().fit(v[~test], fired[~test])
    return bridge.bits_per_spike(fired[test], neuron.predict_proba(v[test])[:, 1], blocks[test])


def gradient_weights(x: kit.Floats, fired: kit.Bools, rewards: kit.Floats) -> kit.Floats:
    """Train a logistic neuron by gradient and reward; return its weights after each reward."""
    weights, eligibility, start = np.zeros((len(rewards) + 1, x.shape[1])), 0.0, 0
    for k, stop in enumerate(np.rint(rewards / BIN).astype(int)):
        decay = np.exp(-BIN / TAU_C * np.arange(stop - start, -1, -1))
        p = expit(logit(fired.mean()) + x[start:stop] @ weights[k])
        eligibility = decay[0] * eligibility + decay[1:] * (fired[start:stop] - p) @ x[start:stop]
        weights[k + 1], start = weights[k] + ETA * eligibility, stop
    return weights


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare reward with a gradient rule, and predict spikes from the weights."""
    spikes, y = (kit.activity(result, name, start=BIN, step=BIN) for name in ("inputs", "neuron"))
    # Depolarisation by each input, relative to its weight.
    decay, fired, rewards = np.exp(-BIN / NEURON.tau_m), y[:, 0], result.measured["rewards"]
    x = lfilter([1.0], [1.0, -decay], spikes.astype(np.float32), axis=0)
    trace, gradient = result.weights["inputs", "neuron"].values, gradient_weights(x, fired, rewards)
    stdp, rule = ((w[0] - w[1:].mean()) / w[1:].std() for w in (trace[-1], gradient[-1]))
    first, last = slice(len(x) // 3), slice(-(len(x) // 3), None)
    learned, initial = (information(x[last], fired[last], w) for w in (trace[-1], trace[0]))
    measures = kit.rows(
        {},
        ("reward_sd", "STDP: rewarded synapse above the others", kit.Measure(stdp, "SD")),
        ("gradient_sd", "Gradient: rewarded synapse above the others", kit.Measure(rule, "SD")),
        ("bits_first", "Information, first third", information(x[first], fired[first], trace[0])),
        ("bits_initial", "Information, last third, initial weights", initial),
        ("bits_learned", "Information, last third, learned weights", learned),
    )
    selects = "selects" if min(stdp, rule) > 2.0 else "does not select"
    conclusion = (
        f"A gradient rule {selects} the same synapse. In bits per spike, the learned weights "
        f"predict later spikes by {learned.value:.2f}, the initial ones by {initial.value:.2f}."
    )
    chart = weight_chart(np.append(0.0, rewards / 60e3), gradient, "weight of the logistic neuron")
    drawing = partial(kit.page, f"A gradient rule {selects} the same synapse", chart)
    return kit.Comparison("Reward: STDP and gradient", measures, {"gradient": drawing}, conclusion)


scenario = kit.lesson(
    __name__, duration=1_500_000.0, dt=1.0, source="Pfister & Gerstner 2006; Izhikevich 2007"
)
