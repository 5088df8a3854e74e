"""Integrate-and-fire neurons fitted to a recording of a neuron with ion channels.

A fluctuating current is injected into a neuron with sodium and potassium channels (R. D. Traub &
R. Miles, *Neuronal Networks of the Hippocampus*, 1991). An experimenter would see what the
simulation records: current, membrane potential with measurement noise, and spikes. The comparison
fits simpler neurons to the first 80 % and predicts the rest.

The leaky integrate-and-fire neuron (LIF) integrates the current up to a fixed threshold. The
adaptive exponential one (AdEx) also describes the onset of the action potential and an adaptation
current. A logistic neuron has no membrane: its inputs are filters of the current and of its spikes.

The fitted neurons run freely, and their spikes are compared with the recorded ones by the
coincidence factor. The logistic neuron predicts the probability of a spike in each time step from
the current and the recorded spikes before. What it misses is seen when the spikes of a fitted
neuron become further inputs: they add information, in bits per spike.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from scipy.signal import lfilter

import bridge
import neurosim as ns
from scenarios import _kit as kit

MODELS: dict[str, tuple[ns.LIF | ns.NeuronModel, str]] = {
    "LIF": (ns.LIF(t_ref=4.0), kit.SPIKING),
    "AdEx": (ns.AdEx(t_ref=4.0, v_peak=0.0), "#0072B2"),
}
"""Starting point and colour of each fitted neuron."""
TEST = 0.8
"""Part of the recording that is fitted."""
MASK = (1.0, 4.0)
"""Time before and after spikes in which the potential is not compared (ms)."""
BLOCK = 500.0
"""Length of the blocks of time for intervals (ms)."""
TAUS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 100.0)
"""Time constants of the filters of the logistic neuron (ms)."""
LAGS = (-8.0, -4.0, -2.0, -1.0, -0.5, -0.2, 0.0, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Limits of the windows in which spikes of a model are inputs of the logistic neuron (ms)."""
SHORTEST = 2000.0
"""Shortest recording (ms)."""


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    mean: float = kit.setting(100.0, "pA", 0.0, 5e3, "mean of the current")
    sigma: float = kit.setting(300.0, "pA", 1.0, 5e3, "standard deviation of the current")
    tau: float = kit.setting(5.0, "ms", 0.1, 100.0, "correlation time of the current")
    noise: float = kit.setting(0.3, "mV", 0.0, 10.0, "measurement noise")


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Inject the current into one neuron."""
    kit.require_duration(options, SHORTEST, "is too short to fit a neuron")
    net = ns.Network()
    cell = net.add("cell", 1, ns.HodgkinHuxleyTraub())
    current = ns.OrnsteinUhlenbeckCurrent(settings.sigma, tau=settings.tau, mean=settings.mean)
    drive = net.drive(cell, current)
    net.record(drive, "current", interval=options.dt)
    net.record(cell, "v")
    return net


def recording(result: ns.Result, settings: Settings) -> tuple[kit.Floats, ns.Trace]:
    """Return the injected current (pA) and the recorded potential."""
    [injected] = result.inputs.values()
    trace = result.traces["cell", "v"]
    noise = np.random.default_rng([result.seed, 1]).normal(0.0, settings.noise, trace.values.shape)
    return injected.values[:, 0], ns.Trace(trace.times, trace.values + noise, trace.ids, "mV")


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Describe the recording."""
    spikes = result.spikes["cell"].of(0)
    return {
        "spikes": len(spikes),
        "rate_hz": 1e3 * len(spikes) / result.duration,
        "shortest_interval_ms": float(np.diff(spikes).min()) if len(spikes) > 1 else np.nan,
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the rate."""
    return kit.sentences(
        found,
        f"A current of {settings.mean:g} ± {settings.sigma:g} pA was injected into a neuron with "
        "ion channels.",
        "It fired {spikes} spikes, at {rate_hz:.1f} Hz; the shortest interval is "
        "{shortest_interval_ms:.1f} ms.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the first half second of the recording."""
    current, trace = recording(result, settings)
    shown = trace.times <= 500.0
    potential = kit.curve(trace.times[shown], trace.values[shown, 0], color="black", lw=0.9)
    injected = kit.curve(trace.times[shown], current[shown], color="0.35", lw=0.9)
    return {
        "recording": kit.page(
            "A fluctuating current makes a neuron fire irregularly",
            kit.chart(potential, ylabel="potential (mV)", title="Recorded potential"),
            kit.chart(injected, ylabel="current (pA)", xlabel="time (ms)",
                      title="Injected current"),
            columns=1, size=(8.0, 5.0), sharex=True, height_ratios=(2.0, 1.0),
        )
    }  # fmt: skip


def fits(result: ns.Result, settings: Settings) -> dict[str, bridge.NeuronFit]:
    """Fit all neurons to the recording."""
    current, voltage = recording(result, settings)
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # parameters of the wrong model
        for name, (model, _) in MODELS.items():
            found[name] = bridge.fit_neuron(
                model, current, voltage=voltage, mask=MASK, held_out=1.0 - TEST, seed=result.seed
            )
    return found


def prediction(inputs: list[kit.Floats], fired: kit.Floats, n_train: int) -> kit.Floats:
    """Return the probability of a spike in each step by a logistic neuron with some inputs."""
    columns = np.column_stack(inputs)
    neuron = bridge.LogisticNeuron(ridge=1e-4).fit(columns[:n_train], fired[:n_train])
    return neuron.predict_proba(columns)[:, 1]


def nearby(spikes: kit.Floats, n: int, dt: float) -> list[kit.Floats]:
    """Return whether a spike of a model lies within each window of lags of each step."""
    train = np.zeros(n)
    train[np.rint(spikes / dt).astype(int) - 1] = 1.0
    total = np.concatenate([[0.0], np.cumsum(train)])
    edges = np.rint(np.array(LAGS) / dt).astype(int)
    at = [np.clip(np.arange(n) + edge, 0, n) for edge in edges]
    return [total[last] - total[first] for first, last in pairwise(at)]


def _filtered(signal: kit.Floats, steps: float) -> kit.Floats:
    """Filter a signal by an exponential."""
    return lfilter([1.0], [1.0, -np.exp(-1.0 / steps)], signal)


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the predictions of the fitted neurons and of a logistic neuron."""
    found, dt, n = fits(result, settings), result.dt, round(result.duration / result.dt)
    n_train, current = n - round((1.0 - TEST) * n), recording(result, settings)[0]
    [first, *_] = found.values()
    fired = np.zeros(n)
    fired[np.rint(first.spikes / dt).astype(int) - 1] = 1.0
    past = np.concatenate([[0.0], fired[:-1]])
    inputs = [current, *(_filtered(one, tau / dt) for one in (current, past) for tau in TAUS)]
    spikes = {name: fit.simulate().spikes["neuron"].of(0) for name, fit in found.items()}
    extra = {"alone": []} | {f"with {name}": nearby(spikes[name], n, dt) for name in spikes}
    blocks, bits = (np.arange(n) * dt // BLOCK)[n_train:], {}
    for name, more in extra.items():
        probability = prediction(inputs + more, fired, n_train)[n_train:]
        bits[name] = bridge.bits_per_spike(fired[n_train:], probability, blocks)
    measures = {
        f"bits_{name.replace(' ', '_').lower()}": one.labelled(f"Bits per spike, logistic {name}")
        for name, one in bits.items()
    }
    for name, fit in found.items():
        label = f"Coincidence factor of the freely running {name}"
        measures[f"coincidence_{name.lower()}"] = kit.Measure(fit.coincidence, label=label)
        error = kit.Measure(fit.voltage_error, "mV", label=f"Error of the potential, {name}")
        measures[f"error_{name.lower()}"] = error
        measures |= {f"{name.lower()}_{key}": one for key, one in fit.parameters.items()}
    lif, adex = (fit.coincidence for fit in found.values())
    conclusion = (
        "A logistic neuron predicts {alone.value:.1f} bits per spike. It misses what the spikes of "
        "AdEx add: {with_AdEx.value:.1f} bits; those of LIF add less, {with_LIF.value:.1f}. "
    ).format(**{name.replace(" ", "_"): one for name, one in bits.items()})
    conclusion += f"The coincidence factor is {adex:.2f} for AdEx and {lif:.2f} for LIF."
    drawings = {"bits": partial(_draw_bits, bits, found), "traces": partial(_draw_traces, found)}
    title = "Neurons fitted to a recording of a neuron with ion channels"
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_bits(bits: dict[str, kit.Measure], found: dict[str, bridge.NeuronFit]) -> kit.Figure:
    """Draw bits per spike of all predictions, and coincidence of the freely running neurons."""
    own = {name: colour for name, (_, colour) in MODELS.items()}
    colours = (
        {"alone": kit.TRAINED} | own | {f"with {name}": colour for name, colour in own.items()}
    )
    points = [
        kit.layer(kit.draw_measures, [x], [one], color=colours[name], ms=8)
        for x, (name, one) in enumerate(bits.items())
    ]
    factors = [fit.coincidence for fit in found.values()]
    bars = kit.bars(range(len(found)), factors, color=[colours[name] for name in found], width=0.6)
    return kit.page(
        "Spikes of AdEx contain what LIF and the logistic neuron miss",
        kit.chart(*points, ylabel="bits per spike (95 % interval)", ylim=(0.0, None),
                  xlim=(-0.5, len(bits) - 0.5), xticks=range(len(bits)),
                  xticklabels=[name.replace(" ", "\n") for name in bits],
                  title="Logistic neuron, with spikes of models"),
        kit.chart(bars, ylabel="coincidence factor Γ", ylim=(0.0, 1.0), xticks=range(len(found)),
                  xticklabels=list(found), title="Running freely"),
        size=(8.4, 4.0),
    )  # fmt: skip


def _draw_traces(found: dict[str, bridge.NeuronFit]) -> kit.Figure:
    """Draw half a second of the test data, with the potentials of the freely running neurons."""
    panels = []
    for name, fit in found.items():
        data, result = fit.recording, fit.simulate()
        trace, spikes = result.traces["neuron", "v"], result.spikes["neuron"].of(0)
        shown = (trace.times > fit.tested_from) & (trace.times <= fit.tested_from + 500.0)
        time, colour = trace.times[shown], MODELS[name][1]
        start, stop = time[0], time[-1]
        rows = [(fit.spikes, 60.0, "black"), (spikes, 45.0, colour)]
        ticks = [_ticks(times[(times > start) & (times <= stop)], *row) for times, *row in rows]
        panels.append(kit.chart(
            kit.curve(time, data.voltage[shown], "recorded", color="black", lw=1.0),
            kit.curve(time, trace.values[shown, 0], name, color=colour, lw=1.0),
            *ticks, title=f"{name}: Γ = {fit.coincidence:.2f}", xlabel="time (ms)",
            ylabel="potential (mV)", xlim=(start, stop), legend="lower right",
        ))  # fmt: skip
    title = "Potentials and spikes (|) that were not used in the fit"
    return kit.page(title, *panels, columns=1, size=(9.0, 6.0), sharex=True)


def _ticks(times: kit.Floats, height: float, colour: str) -> kit.Layer:
    """Return a row of spikes."""
    return kit.curve(times, np.full(len(times), height), ls="", marker="|", ms=9, color=colour)


scenario = kit.lesson(__name__, duration=10_000.0)
