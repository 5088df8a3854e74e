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
the current and the earlier recorded spikes. The spikes of a fitted neuron are then added to its
inputs: the information they add, in bits per spike, is what the logistic neuron misses.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np
from scipy.signal import lfilter

import bridge
import neurosim as ns
from scenarios import _kit as kit

# Starting point and colour of each fitted neuron.
MODELS: dict[str, tuple[ns.LIF | ns.NeuronModel, str]] = {
    "LIF": (ns.LIF(t_ref=4.0), kit.SPIKING),
    "AdEx": (ns.AdEx(t_ref=4.0, v_peak=0.0), ns.plot.PALETTE[2]),
}
# Part of the recording that is fitted.
TEST = 0.8
# Time before and after spikes in which the potential is not compared (ms).
MASK = (1.0, 4.0)
# Length of the blocks of time for intervals (ms).
BLOCK = 500.0
# Time constants of the filters of the logistic neuron (ms).
TAUS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 100.0)
# Limits of the windows in which spikes of a model are inputs of the logistic neuron (ms).
LAGS = (-8.0, -4.0, -2.0, -1.0, -0.5, -0.2, 0.0, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    mean: float = kit.setting(100.0, "pA", 0.0, 1e3, "mean of the current")
    sigma: float = kit.setting(300.0, "pA", 1.0, 1e3, "standard deviation of the current")
    tau: float = kit.setting(5.0, "ms", 0.1, 100.0, "correlation time of the current")
    noise: float = kit.setting(0.3, "mV", 0.0, 10.0, "measurement noise")


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Inject the current into one neuron."""
    kit.require_duration(options, 2000.0, "is too short to fit a neuron")
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
        "It fired {spikes} spikes, at {rate_hz:.1f} Hz.",
        "The shortest interval between spikes is {shortest_interval_ms:.1f} ms.",
        "The comparison fits LIF and AdEx neurons to the recording.",
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
    # The refractory period of a model must be shorter than all intervals.
    found, longest = {}, round(0.8 * findings(result, settings)["shortest_interval_ms"], 1)
    with warnings.catch_warnings(action="ignore"):  # about parameters of the wrong model
        for name, (model, _) in MODELS.items():
            start = replace(model, t_ref=min(model.t_ref, longest))
            found[name] = bridge.fit_neuron(
                start, current, voltage=voltage, mask=MASK, held_out=1.0 - TEST, seed=result.seed
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
    blocks, tested = (np.arange(n) * dt // BLOCK)[n_train:], fired[n_train:]
    alone = prediction(inputs, fired, n_train)[n_train:]
    information = bridge.bits_per_spike(tested, alone, blocks)
    measures = {"bits": information.labelled("Bits per spike, logistic neuron")}
    gains: dict[str, kit.Measure] = {}
    for name, fit in found.items():
        spikes, key = fit.simulate().spikes["neuron"].of(0), name.lower()
        more = prediction(inputs + nearby(spikes, n, dt), fired, n_train)[n_train:]
        gains[name] = bridge.bits_per_spike(tested, more, blocks, over=alone)
        measures[f"gain_{key}"] = gains[name].labelled(f"Bits that spikes of {name} add")
        label = f"Coincidence factor of the freely running {name}"
        measures[f"coincidence_{key}"] = kit.Measure(fit.coincidence, label=label)
        label = f"Error of the potential, {name}"
        measures[f"error_{key}"] = kit.Measure(fit.voltage_error, "mV", label=label)
        measures |= {f"{key}_{parameter}": one for parameter, one in fit.parameters.items()}
    lif, adex = (fit.coincidence for fit in found.values())
    conclusion = (
        f"A logistic neuron predicts {information.value:.1f} bits per spike. It misses "
        f"{gains['AdEx'].value:.1f} bits that the spikes of AdEx add; those of LIF add "
        f"{gains['LIF'].value:.1f}. Coincidence factors: AdEx {adex:.2f}, LIF {lif:.2f}."
    )
    drawings: dict[str, Callable[[], kit.Figure]] = {
        "bits": partial(_draw_bits, gains, found),
        **{name: fit.plot for name, fit in found.items()},
    }
    title = "Neurons fitted to a recording of a neuron with ion channels"
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_bits(gains: dict[str, kit.Measure], found: dict[str, bridge.NeuronFit]) -> kit.Figure:
    """Draw the information of the spikes of each fitted neuron, and their coincidence."""
    x, colours = range(len(found)), [colour for _, colour in MODELS.values()]
    points = [
        kit.layer(kit.draw_measures, [k], [one], color=colours[k], ms=8)
        for k, one in enumerate(gains.values())
    ]
    bars = kit.bars(x, [fit.coincidence for fit in found.values()], color=colours, width=0.6)
    labels: kit.Options = {"xticks": x, "xticklabels": list(found), "xlim": (-0.6, len(x) - 0.4)}
    return kit.page(
        f"Spikes of AdEx add {gains['AdEx'].value:.1f} bits that the logistic neuron misses",
        kit.chart(bars, ylabel="coincidence factor Γ", ylim=(0.0, 1.0), **labels,
                  title="Coincidence with recorded spikes"),
        kit.chart(*points, kit.level(0.0), ylabel="gain (bits per spike, 95 % interval)", **labels,
                  title="Information beyond the logistic neuron"),
        size=(8.8, 4.0),
    )  # fmt: skip


scenario = kit.lesson(__name__, duration=10_000.0)
