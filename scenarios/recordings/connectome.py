"""A connectome inferred from spikes by logistic neurons.

Excitatory and inhibitory neurons with noise are connected at random and fire for ten minutes at a
few Hz. All synapses are known. The comparison infers them from the spikes alone: for each neuron it
fits a logistic neuron (a generalised linear model) to the spikes of all others, filtered by a
synaptic kernel, and to the neuron's last spike. Weights are synapses, and weights divided by their
standard errors indicate which synapses exist.

The usual alternative, the peak of the cross-correlogram of two neurons, also responds to indirect
connections: neurons that share an input, or are connected through a third one, are correlated
without a synapse. The logistic neuron includes all inputs at once, so it separates these.

Signs are recovered, but strengths are biased, and strong inhibitory synapses are systematically
underestimated. Weights are converted to mV by linear response, which holds for postsynaptic
potentials (PSPs) that are small compared with the membrane noise, and the prior of the weights
shrinks those that few spikes determine. With ``noise=escape`` the neurons have a soft
threshold, for which the logistic model is correct except for the width of its time bins.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

import bridge
import neurosim as ns
from neurosim.analysis import correlations, cv_isi, mean_rate
from scenarios import _kit as kit

POPULATIONS = ("exc", "inh")
DELAYS = (1.0, 2.0)
"""Range of delays (ms)."""
WEAKEST, STRONGEST, SPREAD = 0.1, 10.0, 0.6
"""Range of strengths (mV), and the standard deviation of their logarithm."""
LEAST, FALSE_DISCOVERY = 1.0, 0.01
"""Least strength of synapses to find (mV), and the false discovery rate of called synapses."""
WIDTH = 2.0
SOFT = ns.LIF(escape=ns.EscapeRate(WIDTH, 10.0, "exponential"))
"""Neuron with a soft threshold, and its width (mV)."""
SHORTEST = 20_000.0
"""Shortest recording (ms)."""
WINDOWS = (5.0, 10.0, 15.0, 20.0, 30.0)
EXPECTATIONS: tuple[bridge.inference.Expectation, ...] = ("rate", "slow")
"""Last lags (ms) of the windows for cross-correlation, and the expected counts it can use."""
METHODS = {
    "logistic": ("logistic neurons", kit.TRAINED),
    "correlation": ("cross-correlation", "black"),
}
KINDS = (("excitatory", 1, ns.plot.EXCITATORY), ("inhibitory", -1, ns.plot.INHIBITORY))


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    excitatory: int = kit.setting(80, "", 2, 4000, "excitatory neurons")
    inhibitory: int = kit.setting(20, "", 1, 1000, "inhibitory neurons")
    probability: float = kit.setting(0.15, "", 0.001, 0.9, "connection probability")
    psp: float = kit.setting(1.0, "mV", WEAKEST, STRONGEST, "median strength, excitatory")
    inhibition: float = kit.setting(2.0, "", 0.01, 100.0, "relative strength of inhibition")
    noise: Literal["membrane", "escape"] = kit.setting(
        "membrane", help="white noise current, or a soft threshold"
    )
    sigma: float = kit.setting(3.0, "mV", 0.1, 50.0, "standard deviation of the membrane noise")
    mean: float = kit.setting(-62.0, "mV", -100.0, 0.0, "mean potential without synaptic input")

    @property
    def neurons(self) -> int:
        """Number of neurons, the excitatory ones first."""
        return self.excitatory + self.inhibitory

    @property
    def neuron(self) -> ns.LIF:
        """Neuron model."""
        return ns.LIF() if self.noise == "membrane" else SOFT


def wiring(settings: Settings, seed: int) -> tuple[kit.Floats, kit.Floats]:
    """Draw all synapses.

    Returns
    -------
    psps : (n, n) ndarray
        Peaks of PSPs (mV), 0 for no synapse; rows are presynaptic neurons.
    delays : (n, n) ndarray
        ms.
    """
    rng = np.random.default_rng([seed, settings.neurons])
    shape = (settings.neurons, settings.neurons)
    exists = rng.random(shape) < settings.probability
    np.fill_diagonal(exists, False)
    excites = np.arange(settings.neurons) < settings.excitatory
    median = np.where(excites, settings.psp, settings.psp * settings.inhibition)
    strength = median[:, None] * np.exp(SPREAD * rng.standard_normal(shape))
    sign = np.where(excites, 1.0, -1.0)[:, None]
    psps = np.where(exists, sign * np.clip(strength, WEAKEST, STRONGEST), 0.0)
    return psps, rng.uniform(*DELAYS, shape)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Connect the neurons by the synapses of `wiring`."""
    reason = f"is below {SHORTEST:g} ms: synapses cannot be inferred from so few spikes"
    kit.require_duration(options, SHORTEST, reason)
    psps, delays = wiring(settings, options.seed)
    if not psps.min() < 0.0 < psps.max():
        raise ns.NeurosimError(
            f"probability = {settings.probability:g} of {settings.neurons} neurons gave no "
            "synapses of one sign: give more neurons or a larger probability"
        )
    neuron, net = settings.neuron, ns.Network()
    parts = [
        (net.add("exc", settings.excitatory, neuron), slice(0, settings.excitatory)),
        (net.add("inh", settings.inhibitory, neuron), slice(settings.excitatory, None)),
    ]
    for source, rows in parts:
        for target, columns in parts:
            block = psps[rows, columns]
            pairs = np.nonzero(block)
            if len(pairs[0]):
                delay = delays[rows, columns][pairs]
                net.connect(source, target, ns.Explicit(*pairs), psp=block[pairs], delay=delay)
    current = (settings.mean - neuron.v_rest) / neuron.resistance
    for target, _ in parts:
        net.drive(target, ns.ConstantCurrent(current))
        if settings.noise == "membrane":
            net.drive(target, ns.MembraneNoise(settings.sigma))
    return net


def spike_trains(result: ns.Result) -> list[kit.Floats]:
    """Return the spike times (ms) of all neurons, the excitatory ones first."""
    trains = [result.spikes[name] for name in POPULATIONS]
    return [each.of(neuron) for each in trains for neuron in each.recorded]


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the activity of the network."""
    psps, _ = wiring(settings, result.seed)
    cv = np.concatenate([cv_isi(result.spikes[name]) for name in POPULATIONS])
    rates = np.array([mean_rate(result, name) for name in POPULATIONS])
    sizes = np.array([settings.excitatory, settings.inhibitory])
    correlated = correlations(result.spikes["exc"], result.duration, bin_ms=10.0)
    return {
        "synapses": int((psps != 0).sum()),
        "spikes": sum(len(trains) for trains in result.spikes.values()),
        "duration_s": result.duration / 1e3,
        "rate_hz": float(rates @ sizes / sizes.sum()),
        "cv_isi": float(np.nanmean(cv)),
        "correlation_10ms": float(np.mean(correlated)),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State size and activity of the network."""
    return kit.sentences(
        found,
        f"{settings.excitatory} excitatory and {settings.inhibitory} inhibitory neurons with "
        "{synapses:,} synapses fired {spikes:,} spikes in {duration_s:g} s, at {rate_hz:.1f} Hz on "
        "average.",
        "The CV of inter-spike intervals is {cv_isi:.2f} (1 for a Poisson process).",
        "Spike counts in 10 ms have a correlation of {correlation_10ms:.3f}.",
        "The comparison infers the synapses from the spikes alone.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw two seconds of spikes and the true synapses."""
    psps, stop = wiring(settings, result.seed)[0], result.duration

    def draw_spikes(axes: kit.Axes) -> None:
        ns.plot.draw_raster(axes, result, start=stop - 2000.0, stop=stop, max_neurons=200)

    def draw_matrix(axes: kit.Axes) -> None:
        axes.imshow(psps, cmap="RdBu_r", vmin=-3.0, vmax=3.0, interpolation="nearest")

    page = kit.page(
        "Irregular spikes of a network whose synapses are known",
        kit.panel(draw_spikes, title="Spikes in the last 2 s"),
        kit.panel(draw_matrix, title="True synapses", xlabel="postsynaptic neuron",
                  ylabel="presynaptic neuron"),
        size=(9.8, 4.6), width_ratios=(1.25, 1.0), colourbar="PSP (mV)",
    )  # fmt: skip
    return {"network": page}


def lengths(duration: float) -> list[float]:
    """Return the lengths of the recordings to use (ms), from a twentieth to all."""
    parts = [duration * part for part in (0.05, 0.1, 0.2, 0.5, 1.0)]
    return [length for length in parts if length >= SHORTEST]


def infer(trains: bridge.inference.BinnedTrains, settings: Settings) -> bridge.inference.Connectome:
    """Fit all neurons, with the kernel suitable for the noise."""
    options: dict[str, Any] = {}
    if settings.noise == "escape":
        kernel = bridge.inference.SynapticKernel((settings.neuron.tau_m,))
        options = {"kernel": kernel, "reset": settings.neuron.t_ref}
    with warnings.catch_warnings():
        # Pairs with a misfit are counted in the comparison.
        warnings.filterwarnings("ignore", "the residuals|.* have fewer spikes than")
        return bridge.inference.infer_synapses(trains, **options)


def log_odds_per_mv(
    connectome: bridge.inference.Connectome, settings: Settings, dt: float
) -> kit.Floats:
    """Return the log-odds per mV of each neuron or pair predicted by theory."""
    if settings.noise == "escape":
        return np.full(settings.neurons, 1.0 / WIDTH)
    rates, areas = np.maximum(connectome.rates, 1e-3), connectome.areas
    return bridge.inference.membrane_beta(rates, settings.neuron, settings.sigma, areas, dt=dt)


def best_correlation(correlograms: bridge.inference.Correlograms, truth: kit.Floats) -> kit.Measure:
    """Return the AUC of the window and expectation that are best for these synapses."""
    scores = [correlograms.z((1.0, last), kind) for last in WINDOWS for kind in EXPECTATIONS]
    tried = [bridge.inference.existence_auc(z, truth, least=LEAST) for z in scores]
    return max(tried, key=lambda auc: auc.value)


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the synapses inferred by logistic neurons with the true ones."""
    truth, _ = wiring(settings, result.seed)
    trains = bridge.inference.bin_trains(spike_trains(result), result.duration)
    aucs: dict[str, dict[float, kit.Measure]] = defaultdict(dict)
    for length in lengths(result.duration):
        part = trains.until(length)
        connectome, correlograms = infer(part, settings), bridge.inference.Correlograms.of(part)
        auc = bridge.inference.existence_auc(connectome.z, truth, least=LEAST)
        aucs["logistic"][length] = auc
        aucs["correlation"][length] = best_correlation(correlograms, truth)
    measures = {
        f"auc_{key}_{length / 1e3:.0f}_s": auc.labelled(
            f"AUC, {name}, {length / 1e3:g} s" if length in (min(aucs[key]), max(aucs[key])) else ""
        )
        for key, (name, _) in METHODS.items()
        for length, auc in aucs[key].items()
    }
    scores = bridge.inference.score_connectome(connectome, truth, least=LEAST, fdr=FALSE_DISCOVERY)
    psps = connectome.psps(log_odds_per_mv(connectome, settings, result.dt))
    slopes, strongest = {}, truth <= np.quantile(truth[truth < 0.0], 0.1)
    for kind, sign, _ in KINDS:
        used = (truth * sign > 0.0) & np.isfinite(psps)
        slopes[kind] = float(psps[used] @ truth[used] / (truth[used] @ truth[used]))
    measures |= kit.rows(
        scores,
        ("found", f"Synapses of {LEAST:g} mV or more found"),
        ("false_calls", f"Called synapses that do not exist | requested: {FALSE_DISCOVERY:g}"),
        ("sign_accuracy", "Called synapses with correct sign"),
        ("null_sd", "SD of z of absent synapses | 1 for a correct model"),
        ("strength_correlation", "Correlation of true and inferred strengths"),
        *(
            (f"mv_per_mv_{kind}", f"Inferred per true PSP, {kind} | 1 without bias", slope)
            for kind, slope in slopes.items()
        ),
    )
    true, inferred = float(truth[strongest].mean()), float(np.nanmean(psps[strongest]))
    measures["strongest_true"] = kit.Measure(true, "mV")
    measures["strongest_inferred"] = kit.Measure(inferred, "mV")
    conclusion = (
        f"Logistic neurons find {scores['found'].value:.1%} of the synapses of {LEAST:g} mV or "
        f"more. Strong inhibitory synapses are biased: the strongest tenth, {kit.signed(true, 2)} "
        f"mV on average, are inferred as {kit.signed(inferred, 2)} mV."
    )
    called = connectome.called(FALSE_DISCOVERY)
    drawings = {
        "quality": partial(_draw_quality, aucs),
        "strengths": partial(_draw_strengths, truth, psps, called, slopes),
    }
    title = f"Synapses inferred from {result.duration / 60e3:.3g} min of spikes, and the true ones"
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_quality(aucs: dict[str, dict[float, kit.Measure]]) -> kit.Figure:
    """Draw the AUC of existence over the length of the recording."""
    minutes = [length / 60e3 for length in aucs["logistic"]]
    curves = [
        kit.layer(kit.draw_measures, minutes, [*aucs[key].values()], color=colour, label=name)
        for key, (name, colour) in METHODS.items()
    ]
    quality = kit.chart(
        *curves, xlabel="length of the recording (min)", ylabel="AUC (95 % interval)",
        title=f"Existence of synapses of {LEAST:g} mV or more", legend="lower right",
    )  # fmt: skip
    return kit.page("Logistic neurons separate synapses from indirect correlations", quality)


def _draw_strengths(
    truth: kit.Floats, psps: kit.Floats, called: kit.Bools, slopes: dict[str, float]
) -> kit.Figure:
    """Draw inferred against true strengths."""
    ends = np.array([truth.min(), truth.max()])
    layers = [kit.curve(ends, ends, "inferred = true", color="0.45", ls="--")]
    for kind, sign, colour in KINDS:
        found, missed = ((truth * sign > 0) & chosen for chosen in (called, ~called))
        line = np.array([0.0, ends[int(sign > 0)]])
        layers += [
            kit.curve(truth[found], psps[found], kind, ls="", marker=".", color=colour),
            kit.curve(truth[missed], psps[missed], f"{kind}, missed", ls="", marker="x",
                      color=colour),
            kit.curve(line, slopes[kind] * line, text=f"slope {slopes[kind]:.2f}", color="black",
                      side="above"),
        ]  # fmt: skip
    chart = kit.chart(*layers, xlabel="true PSP (mV)", ylabel="inferred PSP (mV)")
    title = f"Inhibitory strengths are biased: {slopes['inhibitory']:.2f} inferred per true mV"
    return kit.page(title, chart, size=(7.4, 5.0), legend=3)


scenario = kit.lesson(__name__, duration=600_000.0)
