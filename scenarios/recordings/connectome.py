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
shrinks those that few spikes determine. With ``--duration 60000``, a minute of spikes, only strong
synapses are found.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np

import neurosim as ns
from bridge import inference
from neurosim.analysis import cv_isi
from scenarios import _kit as kit

NEURON = ns.LIF()
# Range of delays (ms).
DELAYS = (1.0, 2.0)
# Range of strengths (mV), and the standard deviation of their logarithm.
WEAKEST, STRONGEST, SPREAD = 0.1, 10.0, 0.6
# Least strength of synapses to find (mV), and the false discovery rate of called synapses.
LEAST, FALSE_DISCOVERY = 1.0, 0.01
# Shortest recording (ms).
SHORTEST = 20_000.0
# Last lags (ms) of the windows for cross-correlation.
WINDOWS = (5.0, 10.0, 15.0, 20.0, 30.0)
KINDS = (("excitatory", 1, ns.plot.EXCITATORY), ("inhibitory", -1, ns.plot.INHIBITORY))


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    excitatory: int = kit.setting(80, "", 2, 800, "excitatory neurons")
    inhibitory: int = kit.setting(20, "", 1, 200, "inhibitory neurons")
    probability: float = kit.setting(0.15, "", 0.001, 0.9, "connection probability")
    psp: float = kit.setting(1.0, "mV", WEAKEST, STRONGEST, "median strength, excitatory")
    inhibition: float = kit.setting(2.0, "", 0.01, 100.0, "relative strength of inhibition")
    sigma: float = kit.setting(3.0, "mV", 0.1, 50.0, "standard deviation of the membrane noise")
    mean: float = kit.setting(-62.0, "mV", -100.0, 0.0, "mean potential without synaptic input")

    @property
    def neurons(self) -> int:
        """Number of neurons, the excitatory ones first."""
        return self.excitatory + self.inhibitory


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
        raise ns.NeurosimError("there are no synapses of one sign: increase their probability")
    net, first = ns.Network(), settings.excitatory
    parts = [
        (net.add("exc", settings.excitatory, NEURON), slice(0, first)),
        (net.add("inh", settings.inhibitory, NEURON), slice(first, None)),
    ]
    for (source, rows), (target, columns) in product(parts, parts):
        pairs = np.nonzero(psps[rows, columns])
        psp, delay = psps[rows, columns][pairs], delays[rows, columns][pairs]
        net.connect(source, target, ns.Explicit(*pairs), psp=psp, delay=delay)
    for target, _ in parts:
        net.drive(target, ns.ConstantCurrent((settings.mean - NEURON.v_rest) / NEURON.resistance))
        net.drive(target, ns.MembraneNoise(settings.sigma))
    return net


def spike_trains(result: ns.Result) -> list[kit.Floats]:
    """Return the spike times (ms) of all neurons, the excitatory ones first."""
    return [trains.of(neuron) for trains in result.spikes.values() for neuron in trains.recorded]


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the activity of the network."""
    psps, _ = wiring(settings, result.seed)
    cv = np.concatenate([cv_isi(trains) for trains in result.spikes.values()])
    spikes = sum(map(len, result.spikes.values()))
    return {
        "synapses": int((psps != 0).sum()),
        "spikes": spikes,
        "duration_s": result.duration / 1e3,
        "rate_hz": 1e3 * spikes / settings.neurons / result.duration,
        "cv_isi": kit.known_mean(cv),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State size and activity of the network."""
    return kit.sentences(
        found,
        f"{settings.excitatory} excitatory and {settings.inhibitory} inhibitory neurons with "
        "{synapses:,} synapses were simulated for {duration_s:g} s.",
        "They fired {spikes:,} spikes, at {rate_hz:.1f} Hz on average.",
        "The CV of inter-spike intervals is {cv_isi:.2f} (1 for a Poisson process).",
        "The comparison infers the synapses from the spikes alone.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw two seconds of spikes and the true synapses."""
    psps, start = wiring(settings, result.seed)[0], result.duration - 2000.0
    return {"network": kit.page(
        "Irregular spikes of a network whose synapses are known",
        kit.chart(kit.layer(ns.plot.draw_raster, result, start=start, max_neurons=200),
                  title="Spikes in the last 2 s"),
        kit.panel(lambda axes: axes.imshow(psps, cmap=ns.plot.signed_colours(), vmin=-3, vmax=3),
                  title="True synapses", xlabel="postsynaptic neuron", ylabel="presynaptic neuron"),
        size=(9.8, 4.6), width_ratios=(1.25, 1.0), colourbar="PSP (mV)",
    )}  # fmt: skip


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the synapses inferred by logistic neurons with the true ones."""
    truth, _ = wiring(settings, result.seed)
    trains = inference.bin_trains(spike_trains(result), result.duration)
    with warnings.catch_warnings(action="ignore"):  # of few spikes, and of misfits
        connectome = inference.infer_synapses(trains)
    correlograms = inference.Correlograms.of(trains)
    scores = [connectome.z, *(correlograms.z((1.0, last)) for last in WINDOWS)]
    auc, *others = (inference.existence_auc(z, truth, least=LEAST) for z in scores)
    # The window that is best for these synapses.
    best = int(np.argmax([other.value for other in others]))
    measures = kit.rows(
        inference.score_connectome(connectome, truth, least=LEAST, fdr=FALSE_DISCOVERY),
        ("auc_logistic", "AUC, logistic neurons", auc),
        ("auc_correlation", "AUC, cross-correlation", others[best]),
        ("found", f"Synapses of {LEAST:g} mV or more found"),
        ("false_calls", f"Called synapses that do not exist | requested: {FALSE_DISCOVERY:g}"),
        ("sign_accuracy", "Called synapses with correct sign"),
        ("null_sd", "SD of z of absent synapses | 1 for a correct model"),
        ("strength_correlation", "Correlation of true and inferred strengths"),
    )
    rates = np.maximum(connectome.rates, 1e-3)
    beta = inference.membrane_beta(rates, NEURON, settings.sigma, connectome.areas, dt=result.dt)
    psps, slopes = connectome.psps(beta), {}
    for kind, sign, _ in KINDS:
        used = (truth * sign > 0.0) & np.isfinite(psps)
        slopes[kind] = float(psps[used] @ truth[used] / (truth[used] @ truth[used]))
        label = f"Inferred per true PSP, {kind}"
        measures[f"mv_per_mv_{kind}"] = kit.Measure(slopes[kind], label=label)
    conclusion = (
        f"Logistic neurons find {measures['found'].value:.1%} of the synapses of {LEAST:g} mV or "
        f"more. Strengths are biased: inhibitory PSPs are inferred as {slopes['inhibitory']:.2f} "
        f"times the true ones, excitatory ones as {slopes['excitatory']:.2f} times."
    )

    def draw_scores(axes: kit.Axes, z: kit.Floats) -> None:
        exists = np.abs(truth) >= LEAST
        low, high = np.nanpercentile(z[exists], [2, 98])
        shown = min(low, -4.0), max(high, 4.0)  # absent synapses have a spread of about 1
        look: kit.Options = {"bins": 60, "range": shown, "density": True}
        axes.hist(z[truth == 0.0], color="0.75", label="no synapse", **look)
        axes.hist(z[exists], histtype="step", lw=1.5, color=kit.TRAINED,
                  label=f"synapse of {LEAST:g} mV or more", **look)  # fmt: skip

    def draw_strengths(axes: kit.Axes) -> None:
        axes.axline((0.0, 0.0), slope=1.0, color="0.45", ls="--", label="inferred = true")
        for kind, sign, colour in KINDS:
            used, label = truth * sign > 0.0, f"{kind}, slope {slopes[kind]:.2f}"
            axes.plot(truth[used], psps[used], ".", color=colour, label=label)
            axes.plot(truth[used], slopes[kind] * truth[used], "k")

    drawing = partial(
        kit.page,
        "Logistic neurons separate synapses from indirect correlations, with biased strengths",
        kit.panel(draw_scores, scores[1 + best], xlabel="z of the correlogram", yticks=(),
                  ylabel="density", title=f"Cross-correlation: AUC {others[best].value:.3f}"),
        kit.panel(draw_scores, connectome.z, xlabel="weight / standard error", yticks=(),
                  title=f"Logistic neurons: AUC {auc.value:.3f}", legend="upper right"),
        kit.panel(draw_strengths, xlabel="true PSP (mV)", ylabel="inferred PSP (mV)",
                  title="Strengths", legend="upper left"),
    )  # fmt: skip
    title = f"Synapses inferred from {result.duration / 60e3:.3g} min of spikes, and the true ones"
    return kit.Comparison(title, measures, {"synapses": drawing}, conclusion)


scenario = kit.lesson(__name__, duration=600_000.0)
