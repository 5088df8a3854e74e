"""Short-term plasticity: synapses that report changes, or prefer a rate.

A spike uses a fraction u of the resources x of a synapse, such as its vesicles, so its PSP is
proportional to the efficacy u · x. Resources take almost a second to recover: the synapse depresses
(Tsodyks & Markram 1997). In other synapses the calcium left by recent spikes increases u, so they
facilitate (Markram, Wang & Tsodyks 1998).

At high rates r, the efficacy of a depressing synapse approaches 1/(τ_rec r). The mean current,
which is proportional to r u x, then hardly depends on the rate. The synapse transmits relative
changes: each doubling of the rate evokes a similar transient, where a static synapse transmits the
rate itself (Abbott et al. 1997). Facilitating synapses are strongest at an intermediate rate.

A logistic neuron has static weights. In the comparison, the rates of two groups of inputs change at
random. Trained static weights are averages over all rates. A logistic neuron whose inputs are the
spikes times their efficacy has nearly the same weight per mV for both groups, and predicts much
better. The 20 ms after a spike are left out, in which the neuron recovers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import bridge
import neurosim as ns
from scenarios import _kit as kit

# A neuron that fires at each spike of its input.
RELAY = ns.LIF(t_ref=0.0)
# A neuron with a threshold that the input cannot reach.
MEMBRANE = ns.LIF(tau_m=10.0, v_threshold=200.0, v_peak=200.0)
CURRENT = ns.ExpCurrent(3.0)
DEPRESSION = ns.TsodyksMarkram(u=0.5, tau_rec=800.0)
# Synapse models; u, τ_rec and τ_fac (ms) of the second are from Markram, Wang & Tsodyks (1998).
MODELS = {"depression": DEPRESSION, "facilitation": ns.TsodyksMarkram(0.03, 130.0, 530.0)}
COLOURS = {"depression": "#56B4E9", "facilitation": "#E69F00", "static": "0.5"}
# Eight spikes at 20 Hz, and one 500 ms later (ms).
TRAIN = np.append(np.arange(50, 401, 50), 900)
# Rates of regular spikes (Hz).
RATES = np.geomspace(1.0, 100.0, 17)
# Rates of the steps (Hz), their duration (ms), and the number of synapses.
STEPS, STEP, SYNAPSES = np.array([5.0, 10.0, 20.0, 40.0]), 2000, 4000
# Synapses that receive the steps.
COMPARED = ("static", "depression")
# Comparison: width of the soft threshold (mV), inputs of a group, their PSP (mV), range of their
# random rates (Hz), and time for which the rates are constant (ms).
DELTA, GROUP, PSP, RANGE, HOLD = 2.0, 50, 2.2, (2.0, 60.0), 200.0
# Logistic neurons: name, and scale of the PSPs in membranes that record their inputs.
INPUTS = {"static": ("static weights", 0.1), "dynamic": ("with efficacy", 1.0)}
# Time excluded after a spike, length of independent blocks and of drawn windows (ms).
READY, BLOCK, WINDOW = 20, 400, 40


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    neurons: int = kit.setting(50, "", 1, 1000, "neurons with the same inputs in the comparison")


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Connect spike trains to membranes, and two groups with random rates to neurons."""
    kit.require_duration(options, 13_000.0, "ends before the times that figures show")
    net, rng, end = ns.Network(), np.random.default_rng(options.seed), options.duration

    def connect(source: str, kind: str, psp: float, model: Any, one: bool = True) -> None:
        target = net.add(f"{source}_{kind}", 1 if one else net[source].size, MEMBRANE)
        rule, synapse = (ns.AllToAll(), CURRENT) if one else (ns.OneToOne(), ns.DeltaSynapse())
        net.connect(net[source], target, rule, synapse=synapse, psp=psp, short_term=model)
        net.record(target, "v" if one else "input_exc", interval=1.0)

    changes = np.arange(0.0, end, HOLD)
    random = RANGE[0] * (RANGE[1] / RANGE[0]) ** rng.random((2, len(changes)))
    for name, size, spikes in (
        ("train", 1, ns.SpikeTimes(TRAIN)),
        ("rates", len(RATES), ns.SpikeTimes([np.arange(1e3 / r, end, 1e3 / r) for r in RATES])),
        ("step", SYNAPSES, ns.Poisson(STEPS, STEP * np.arange(len(STEPS)))),
        ("depression", GROUP, ns.Poisson(random[0], changes)),
        ("facilitation", GROUP, ns.Poisson(random[1], changes)),
    ):
        net.drive(net.add(name, size, RELAY), spikes, psp=20.0)
    neuron = ns.LIF(tau_m=10.0, t_ref=2.0, escape=ns.EscapeRate(DELTA, 1.0))
    cell, rule = net.add("cell", settings.neurons, neuron), ns.AllToAll()
    for kind, model in MODELS.items():
        connect("train", kind, 1.0 / model.u, model)
        connect("rates", kind, 1.0, model, one=False)
        for key, (_, scale) in INPUTS.items():
            connect(kind, key, scale * PSP, model if key == "dynamic" else None)
        net.connect(net[kind], cell, rule, synapse=CURRENT, psp=PSP, short_term=model)
    # Both synapses transmit the same mean current at the lowest rate.
    efficacy = DEPRESSION.u / (1.0 + DEPRESSION.u * DEPRESSION.tau_rec * STEPS[0] / 1e3)
    connect("step", "depression", 200.0 / SYNAPSES, DEPRESSION)
    connect("step", "static", 200.0 / SYNAPSES * efficacy, None)
    return net


def potential(result: ns.Result, name: str) -> tuple[kit.Floats, kit.Floats]:
    """Return times and depolarisation (mV) of a membrane, one sample per ms."""
    trace = result.traces[name, "v"]
    return trace.times, trace.values[:, 0] - MEMBRANE.v_rest


def steady(model: ns.TsodyksMarkram, rate: kit.Floats) -> kit.Floats:
    """Return the efficacy of regular spikes at a rate (Hz) after a long time."""
    recovery, kept = np.exp(-1e3 / np.outer([model.tau_rec, model.tau_fac or 1e-9], rate))
    used = model.u / (1.0 - (1.0 - model.u) * kept)
    return used * (1.0 - recovery) / (1.0 - (1.0 - used) * recovery)


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure PSPs of a train, the efficacy at each rate, and responses to steps of the rate."""
    found: kit.Findings = {}
    late = result.duration / 2
    counts = result.spikes["rates"].counts(late - 1.0, result.duration - 1.0)  # delay: 1 ms
    for kind in MODELS:
        v = potential(result, f"train_{kind}")[1]
        found[f"{kind}_mv"] = [v[k : k + 15].max() - v[k] for k in TRAIN]
        sent = result.traces[f"rates_{kind}", "input_exc"]
        found[f"efficacy_{kind}"] = sent.values[sent.times > late].sum(axis=0) / counts
    for kind in COMPARED:
        stages = potential(result, f"step_{kind}")[1][: len(STEPS) * STEP].reshape(-1, STEP)
        plateaus = stages[:, -500:].mean(axis=1)
        found[f"jumps_{kind}"] = stages[1:, 10:40].mean(axis=1) / plateaus[:-1]
        found[f"range_{kind}"] = plateaus[-1] / plateaus[0]
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State how PSPs change in a train, with the rate, and at steps of the rate."""
    return kit.sentences(
        found,
        "Eight spikes at 20 Hz, and one 500 ms later, reached two synapses with a PSP of 1 mV.",
        "Depression: PSPs fall to {depression_mv[7]:.2f} and recover to {depression_mv[8]:.2f} mV.",
        "Facilitation: these PSPs are {facilitation_mv[7]:.1f} and {facilitation_mv[8]:.1f} mV.",
        "At 100 Hz, the efficacy u x of the depressing synapse is {efficacy_depression[16]:.4f}, "
        "near 1/(τ_rec r) = 0.0125. The facilitating synapse is strongest near {best:.0f} Hz.",
        "When the rate doubles to 10, 20 and 40 Hz, the response of depressing synapses first "
        "increases {jumps}-fold. In the end it is only {range_depression:.1f} times that at 5 Hz, "
        "but {range_static:.1f} times with static synapses.",
        best=RATES[np.argmax(found["efficacy_facilitation"])],
        jumps=kit.listed(f"{jump:.1f}" for jump in found["jumps_depression"]),
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the PSPs of a train, the efficacy at each rate, and responses to steps of the rate."""
    found, line = findings(result, settings), np.geomspace(1.0, 100.0, 200)
    curves = [kit.curve(line, 1e3 / DEPRESSION.tau_rec / line, "1/(τ_rec r)", color="0.3", ls="--")]
    for kind, model in MODELS.items():
        look: kit.Options = {"color": COLOURS[kind], "ms": 4}
        curves.append(kit.curve(line, steady(model, line), kind, **look))
        curves.append(kit.curve(RATES, found[f"efficacy_{kind}"], marker="o", ls="", **look))
    train = [kit.curve(*potential(result, f"train_{k}"), k, color=COLOURS[k]) for k in MODELS]
    steps = [kit.curve(*potential(result, f"step_{k}"), k, color=COLOURS[k]) for k in COMPARED]
    volts: kit.Options = {"xlabel": "time (ms)", "ylabel": "depolarisation (mV)"}
    return {"responses": kit.page(
        "Depressing synapses transmit changes of the rate, facilitating ones prefer a rate",
        kit.chart(*train, **volts, xlim=(0.0, 1000.0), title="Spikes at 20 Hz, and a pause"),
        kit.chart(*curves, xlabel="rate of regular spikes (Hz)", ylabel="efficacy u · x",
                  title="Simulated (dots) and formula (lines)", ylim=(0.008, 1.2), xscale="log",
                  yscale="log"),
        kit.chart(*steps, **volts, xlim=(1000, 8000), ylim=(0, 25), title="5, 10, 20 and 40 Hz"),
        size=(11.0, 4.0), legend=4,
    )}  # fmt: skip


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare logistic neurons with static weights and with the efficacy in their inputs."""
    time, fired = kit.ready_trials(kit.activity(result, "cell", start=0.55, step=1.0), READY)
    test, block, window = time >= result.duration / 2, time // BLOCK, time // WINDOW
    measures, drawn = {}, {"spiking neurons": fired.astype(float)}
    for key, (name, scale) in INPUTS.items():
        psps = [potential(result, f"{kind}_{key}")[1][time - 1] / scale for kind in MODELS]
        fit = bridge.LogisticNeuron().fit(np.column_stack(psps)[~test], fired[~test])
        drawn[name] = fit.predict_proba(np.column_stack(psps))[:, 1]
        bits = bridge.bits_per_spike(fired[test], drawn[name][test], block[test])
        measures[f"bits_{key}"] = bits.labelled(f"Information, {name}")
        for kind, w in zip(MODELS, fit.coef_[0], strict=True):
            measures[f"{kind}_{key}"] = kit.Measure(w, "per mV", label=f"Weight of {kind}, {name}")
    _, static, dynamic = (p[test] for p in drawn.values())
    gain = bridge.bits_per_spike(fired[test], dynamic, block[test], over=static)
    measures["gain"] = gain.labelled("Gain by the efficacy")
    ready = np.bincount(window).clip(1) / 1e3
    middle = (np.arange(len(ready)) + 0.5) * WINDOW / 1e3
    curves = [
        kit.curve(middle, np.bincount(window, p) / ready, name, color=colour)
        for (name, p), colour in zip(drawn.items(), (kit.SPIKING, "0.5", kit.TRAINED), strict=True)
    ]
    chart = kit.chart(
        *curves, xlabel="time (s)", ylabel="firing rate (Hz)", xlim=(10, 13), ylim=(0, 400)
    )
    conclusion = (
        f"Static weights lose {gain.value:.2f} bits per spike. With spikes times their efficacy, "
        "both groups have nearly the same weight per mV, and a logistic neuron is adequate again."
    )
    message = "Static weights mispredict the firing rate of neurons that are ready to fire"
    drawing = partial(kit.page, message, chart, size=(9.0, 4.2), legend=3)
    title = "Dynamic synapses, and logistic neurons without and with the efficacy"
    return kit.Comparison(title, measures, {"rates": drawing}, conclusion)


scenario = kit.lesson(__name__, duration=20_000.0, source="Tsodyks & Markram, PNAS 94 (1997)")
