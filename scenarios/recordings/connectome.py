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
# Range of delays (ms) and of strengths (mV).
DELAYS = (1.0, 2.0)
WEAKEST, STRONGEST = 0.1, 10.0
# Shortest recording (ms).
SHORTEST = 20_000.0
# Last lags (ms) of the windows for cross-correlation, and the expected counts it can use.
WINDOWS = (5.0, 10.0, 15.0, 20.0, 30.0)
EXPECTATIONS: tuple[bridge.inference.Expectation, ...] = ("rate", "slow")
METHODS = {
    "logistic": ("logistic neurons", kit.TRAINED),
    "correlation": ("cross-correlation", "black"),
}
KINDS = (("excitatory", 1, ns.plot.EXCITATORY), ("inhibitory", -1, ns.plot.INHIBITORY))
# Strength (mV) of the darkest colours of a matrix.
DARKEST = 3.0


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    excitatory: int = kit.setting(80, "", 2, 4000, "excitatory neurons")
    inhibitory: int = kit.setting(20, "", 1, 1000, "inhibitory neurons")
    probability: float = kit.setting(0.15, "", 0.001, 0.9, "connection probability")
    psp: float = kit.setting(1.0, "mV", WEAKEST, STRONGEST, "median strength, excitatory")
    inhibition: float = kit.setting(2.0, "", 0.01, 100.0, "relative strength of inhibition")
    spread: float = kit.setting(0.6, "", 0.0, 3.0, "SD of the logarithm of strengths")
    noise: Literal["membrane", "escape"] = kit.setting(
        "membrane", help="white noise current, or a soft threshold"
    )
    sigma: float = kit.setting(3.0, "mV", 0.1, 50.0, "standard deviation of the membrane noise")
    delta: float = kit.setting(2.0, "mV", 0.1, 50.0, "width of the soft threshold")
    mean: float = kit.setting(-62.0, "mV", -100.0, 0.0, "mean potential without synaptic input")
    least: float = kit.setting(1.0, "mV", 0.0, STRONGEST, "least strength of synapses to find")
    fdr: float = kit.setting(0.01, "", 1e-6, 0.5, "false discovery rate of called synapses")

    @property
    def neurons(self) -> int:
        """Number of neurons, the excitatory ones first."""
        return self.excitatory + self.inhibitory

    @property
    def neuron(self) -> ns.LIF:
        """Neuron model."""
        if self.noise == "membrane":
            return ns.LIF()
        return ns.LIF(escape=ns.EscapeRate(self.delta, 10.0, "exponential"))


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
    strength = median[:, None] * np.exp(settings.spread * rng.standard_normal(shape))
    sign = np.where(excites, 1.0, -1.0)[:, None]
    psps = np.where(exists, sign * np.clip(strength, WEAKEST, STRONGEST), 0.0)
    return psps, rng.uniform(*DELAYS, shape)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Connect the neurons by the synapses of `wiring`."""
    if options.duration < SHORTEST:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is below {SHORTEST:g} ms: synapses cannot be "
            "inferred from so few spikes"
        )
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
        "synapses_of_least_size": int((np.abs(psps) >= settings.least).sum()),
        "spikes": sum(len(trains) for trains in result.spikes.values()),
        "duration_s": result.duration / 1e3,
        "rate_hz": float(rates @ sizes / sizes.sum()),
        "cv_isi": float(np.nanmean(cv)) if np.isfinite(cv).any() else None,
        "correlation_10ms": float(correlated.mean()) if len(correlated) else None,
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State size and activity of the network."""
    rate, cv, correlation = (found[key] for key in ("rate_hz", "cv_isi", "correlation_10ms"))
    sentences = [
        f"{settings.excitatory} excitatory and {settings.inhibitory} inhibitory neurons with "
        f"{found['synapses']:,} synapses fired {found['spikes']:,} spikes in "
        f"{found['duration_s']:g} s, at {rate:.1f} Hz on average.",
        f"{found['synapses_of_least_size']:,} of the PSPs are at least {settings.least:g} mV.",
    ]
    if cv is not None:
        sentences.append(f"The CV of inter-spike intervals is {cv:.2f} (1 for a Poisson process).")
    if correlation is not None:
        sentences.append(f"Spike counts in 10 ms have a correlation of {correlation:.3f}.")
    return [*sentences, "The comparison infers the synapses from the spikes alone."]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw two seconds of spikes and the true synapses."""
    stop = result.duration

    def draw_spikes(axes: kit.Axes) -> None:
        ns.plot.draw_raster(axes, result, start=stop - 2000.0, stop=stop, max_neurons=200)
        axes.xaxis.set_major_formatter(lambda time, _: f"{time / 1e3:g}")

    page = kit.page(
        "Irregular spikes of a network whose synapses are known",
        kit.panel(draw_spikes, title="Spikes in the last 2 s", xlabel="time (s)"),
        kit.panel(_draw_matrix, wiring(settings, result.seed)[0], title="True synapses"),
        size=(9.8, 4.6), width_ratios=(1.25, 1.0),
    )  # fmt: skip
    return {"network": _with_bar(page)}


def _draw_matrix(axes: kit.Axes, psps: kit.Floats) -> None:
    """Draw synapses as a matrix."""
    from matplotlib.colors import LinearSegmentedColormap

    ends = [ns.plot.INHIBITORY, "white", ns.plot.EXCITATORY]
    colours = LinearSegmentedColormap.from_list("synapses", ends)
    axes.imshow(psps, cmap=colours, vmin=-DARKEST, vmax=DARKEST, interpolation="nearest")
    axes.set(xlabel="postsynaptic neuron", ylabel="presynaptic neuron")


def _with_bar(page: kit.Figure) -> kit.Figure:
    """Add the colour scale of matrices to a page."""
    axes = page.axes[-1]
    page.colorbar(axes.images[0], ax=axes, label="PSP (mV)", extend="both", shrink=0.85)
    return page


def lengths(duration: float) -> list[float]:
    """Return the lengths of the recordings to use (ms), from a twentieth to all."""
    parts = [duration * part for part in (0.05, 0.1, 0.2, 0.5, 1.0)]
    return [length for length in parts if length >= SHORTEST]


@dataclass(frozen=True, eq=False)
class Inference:
    """Synapses inferred from a recording.

    Attributes
    ----------
    settings : Settings
    truth, psps : (n, n) ndarray
        True and inferred PSPs (mV); inferred ones are NaN from a neuron to itself.
    connectome, correlograms : Connectome, Correlograms
    aucs : dict of str to dict of float to Measure
        AUC of the existence of synapses by method, for parts of the recording by length (ms).
    """

    settings: Settings
    truth: kit.Floats
    psps: kit.Floats
    connectome: bridge.inference.Connectome
    correlograms: bridge.inference.Correlograms
    aucs: dict[str, dict[float, kit.Measure]]

    @classmethod
    def of(cls, result: ns.Result, settings: Settings) -> Inference:
        """Infer the synapses from parts of the recording and from all of it."""
        truth, _ = wiring(settings, result.seed)
        trains = bridge.inference.bin_trains(spike_trains(result), result.duration)
        aucs: dict[str, dict[float, kit.Measure]] = defaultdict(dict)
        for length in lengths(result.duration):
            part = trains.until(length)
            connectome, correlograms = infer(part, settings), bridge.inference.Correlograms.of(part)
            auc = bridge.inference.existence_auc(connectome.z, truth, least=settings.least)
            aucs["logistic"][length] = auc
            aucs["correlation"][length] = best_correlation(correlograms, truth, settings.least)
        psps = connectome.psps(log_odds_per_mv(connectome, settings, result.dt))
        return cls(settings, truth, psps, connectome, correlograms, aucs)

    @property
    def called(self) -> kit.Bools:
        """Synapses called at the false discovery rate of the settings."""
        return self.connectome.called(self.settings.fdr)

    @property
    def length(self) -> str:
        """Length of the recording in words."""
        return f"{max(self.aucs['logistic']) / 60e3:.3g} min"

    def slope(self, sign: int) -> float:
        """Return the inferred mV per true mV of excitatory (1) or inhibitory (−1) synapses."""
        used = (self.truth * sign > 0.0) & np.isfinite(self.psps)
        return float(self.psps[used] @ self.truth[used] / (self.truth[used] @ self.truth[used]))


def infer(trains: bridge.inference.BinnedTrains, settings: Settings) -> bridge.inference.Connectome:
    """Fit all neurons, with the kernel suitable for the noise."""
    options: dict[str, Any] = {}
    if settings.noise == "escape":
        kernel = bridge.inference.SynapticKernel((settings.neuron.tau_m,))
        options = {"kernel": kernel, "reset": settings.neuron.t_ref}
    with warnings.catch_warnings():
        # Pairs with a misfit are counted in the comparison.
        warnings.filterwarnings("ignore", "the residuals")
        return bridge.inference.infer_synapses(trains, **options)


def log_odds_per_mv(
    connectome: bridge.inference.Connectome, settings: Settings, dt: float
) -> kit.Floats:
    """Return the log-odds per mV of each neuron predicted by theory."""
    if settings.noise == "escape":
        return np.full(settings.neurons, 1.0 / settings.delta)
    rates, kernel = np.maximum(connectome.rates, 1e-3), connectome.kernel
    return bridge.inference.membrane_beta(rates, settings.neuron, settings.sigma, kernel, dt=dt)


def best_correlation(
    correlograms: bridge.inference.Correlograms, truth: kit.Floats, least: float
) -> kit.Measure:
    """Return the AUC of the window and expectation that are best for these synapses."""
    scores = [correlograms.z((1.0, last), kind) for last in WINDOWS for kind in EXPECTATIONS]
    tried = [bridge.inference.existence_auc(z, truth, least=least) for z in scores]
    return max(tried, key=lambda auc: auc.value)


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the synapses inferred by logistic neurons with the true ones."""
    inference = Inference.of(result, settings)
    measures = _auc_measures(inference) | _synapse_measures(inference)
    true, inferred = (measures[f"strongest_{name}"].value for name in ("true", "inferred"))
    conclusion = (
        f"Logistic neurons find {measures['found'].value:.1%} of the synapses of "
        f"{settings.least:g} mV or more. Strong inhibitory synapses are biased: the strongest "
        f"tenth, {kit.signed(true, 2)} mV on average, are inferred as {kit.signed(inferred, 2)} mV."
    )
    drawings = {
        "quality": partial(_draw_quality, inference),
        "strengths": partial(_draw_strengths, inference),
        "matrices": partial(_draw_matrices, inference),
        "correlograms": partial(_draw_correlograms, inference),
    }
    title = f"Synapses inferred from {inference.length} of spikes, and the true ones"
    return kit.Comparison(title, measures, drawings, conclusion)


def _auc_measures(inference: Inference) -> dict[str, kit.Measure]:
    """Return the AUC by method and length; those of the shortest and longest have labels."""
    measures = {}
    for key, (name, _) in METHODS.items():
        aucs = inference.aucs[key]
        for length, auc in aucs.items():
            label = f"AUC, {name}, {length / 1e3:g} s" if length in (min(aucs), max(aucs)) else ""
            note = "best of 10 variants" if key == "correlation" else ""
            measures[f"auc_{key}_{length / 1e3:.0f}_s"] = auc.labelled(label, note)
    return measures


def _synapse_measures(inference: Inference) -> dict[str, kit.Measure]:
    """Return the accuracy of the synapses inferred from the whole recording."""
    settings, truth, psps = inference.settings, inference.truth, inference.psps
    scores = bridge.inference.score_connectome(
        inference.connectome, truth, least=settings.least, fdr=settings.fdr
    )
    del scores["auc_existence"]
    for key, label, note in (
        ("found", f"Synapses of {settings.least:g} mV or more found", ""),
        ("false_calls", "Called synapses that do not exist", f"requested: {settings.fdr:g}"),
        ("sign_accuracy", "Called synapses with correct sign", ""),
        ("null_sd", "SD of z of absent synapses", "1 for a correct model"),
    ):
        scores[key] = scores[key].labelled(label, note)
    for kind, sign, _ in KINDS:
        label, note = f"Inferred per true PSP, {kind}", "1 without bias"
        scores[f"mv_per_mv_{kind}"] = kit.Measure(inference.slope(sign), note=note, label=label)
    strongest = truth <= np.quantile(truth[truth < 0.0], 0.1)
    true, inferred = (float(np.nanmean(values[strongest])) for values in (truth, psps))
    scores["strongest_true"] = kit.Measure(true, "mV")
    scores["strongest_inferred"] = kit.Measure(
        inferred, "mV", note=f"true: {kit.signed(true, 3)} mV",
        label="Strongest tenth of inhibitory PSPs",
    )  # fmt: skip
    misfits, note = inference.connectome.misfits().sum(), f"of {np.isfinite(psps).sum():,}"
    scores["misfits"] = kit.Measure(misfits, note=note, label="Pairs with structured residuals")
    return scores


def _draw_quality(inference: Inference) -> kit.Figure:
    """Draw the AUC of existence over the length of the recording."""

    def draw(axes: kit.Axes) -> None:
        for (key, (name, colour)), marker in zip(METHODS.items(), "os", strict=True):
            aucs = inference.aucs[key]
            minutes = [length / 60e3 for length in aucs]
            look = {"color": colour, "marker": marker, "label": name}
            kit.draw_measures(axes, minutes, list(aucs.values()), **look)
        axes.axhline(1.0, color="0.7", lw=0.8, zorder=0)
        axes.set_xscale("log")
        axes.set_xticks(minutes, [f"{each:.2g}" for each in minutes])
        axes.minorticks_off()

    labels = {"xlabel": "length of the recording (min)", "ylabel": "AUC (95 % interval)"}
    title = f"Existence of synapses of {inference.settings.least:g} mV or more"
    body = kit.panel(draw, **labels, title=title, legend="lower right")
    return kit.page("Logistic neurons separate synapses from indirect correlations", body)


def _draw_strengths(inference: Inference) -> kit.Figure:
    """Draw inferred against true strengths."""
    truth, psps, called = inference.truth, inference.psps, inference.called
    slopes = {sign: inference.slope(sign) for _, sign, _ in KINDS}

    def draw(axes: kit.Axes) -> None:
        ends = np.array([truth.min(), truth.max()])
        axes.plot(ends, ends, color="0.45", lw=1.0, ls="--", label="inferred = true")
        for (kind, sign, colour), end in zip(KINDS, reversed(ends), strict=True):
            present = truth * sign > 0
            found, missed = present & called, present & ~called
            axes.plot(truth[found], psps[found], ".", color=colour, ms=5, label=kind)
            axes.plot(truth[missed], psps[missed], "x", color=colour, ms=4, label=f"{kind}, missed")
            axes.plot([0.0, end], [0.0, slopes[sign] * end], color="black", lw=1.2)
            x, side = (0.6 * end, "right") if sign > 0 else (0.8 * end, "above")
            kit.label(axes, x, 0.8 * slopes[sign] * x, f"slope {slopes[sign]:.2f}", side=side)

    bias = "underestimated" if slopes[-1] < 1.0 else "overestimated"
    body = kit.panel(draw, xlabel="true PSP (mV)", ylabel="inferred PSP (mV)")
    title = f"Inhibitory strengths are {bias}: {slopes[-1]:.2f} inferred per true mV"
    return kit.page(title, body, size=(7.4, 5.0), legend=3)


def _draw_matrices(inference: Inference) -> kit.Figure:
    """Draw the true and the called synapses."""
    called = np.where(inference.called, inference.psps, 0.0)
    least = inference.settings.least
    found = inference.called[np.abs(inference.truth) >= max(least, WEAKEST)].mean()
    page = kit.page(
        f"{inference.length} of spikes reveal {found:.1%} of the synapses above {least:g} mV",
        kit.panel(_draw_matrix, inference.truth, title="True"),
        kit.panel(_draw_matrix, called, ylabel="",
                  title=f"Inferred (false discovery rate {inference.settings.fdr:g})"),
        size=(9.6, 4.8), sharex=True, sharey=True,
    )  # fmt: skip
    return _with_bar(page)


def _draw_correlograms(inference: Inference) -> kit.Figure:
    """Draw the correlogram of a synapse, and the largest one of a pair without synapse."""
    truth, counted = inference.truth, inference.correlograms
    z, scores = counted.z((1.0, 10.0)), inference.connectome.z
    single = (truth.T == 0) & np.isfinite(z) & np.isfinite(scores)
    strong = np.where(single & (truth > 0), truth, 0.0)
    synapse = np.abs(strong - np.quantile(truth[truth > 0], 0.9)).argmin()
    absent = np.where(single & (truth == 0), z, -np.inf).argmax()
    lags = counted.lags * counted.width

    def draw(axes: kit.Axes, pair: tuple[int, ...], colour: str) -> None:
        before, after = pair
        expected = counted.spikes[before] * counted.spikes[after] / counted.n_bins
        axes.bar(lags, counted.counts[pair], counted.width, color=colour)
        axes.axhline(expected, color="black", lw=1.0, ls="--", label="expected from the rates")

    panels = []
    for index, kind, colour in (
        (synapse, "Synapse of {:+.1f} mV", ns.plot.EXCITATORY),
        (absent, "No synapse (most correlated pair)", "0.6"),
    ):
        pair = tuple(map(int, np.unravel_index(index, truth.shape)))
        both = [kit.signed(round(score[pair], 1)) for score in (z, scores)]
        title = f"{kind.format(truth[pair])}\nz = {both[0]}; of the logistic neuron: z = {both[1]}"
        panels.append(kit.panel(draw, pair, colour, title=title, xlabel="lag (ms)", xlim=(-30, 30)))
    panels[0].labels["ylabel"] = "pairs of spikes per ms"
    title = "Neurons without a synapse can be as correlated as neurons with one"
    return kit.page(title, *panels, size=(9.0, 4.2), legend=1)


scenario = kit.lesson(__name__, duration=600_000.0)
