"""A grasshopper's ear: logistic and spiking neurons fitted to real spikes.

Two auditory receptor neurons were recorded for 10 s each while a tone with a randomly fluctuating
amplitude played (A. Rokem et al., J. Neurophysiol. 95:2541, 2006; data from the package nitime).
The same sounds drive two models of a receptor.

The first model is a leaky integrate-and-fire (LIF) neuron with membrane noise. Its current is the
sound level in dB after a delay. Its parameters were adjusted on the first 5 s of the recordings.

The second model is a logistic neuron, also called a generalised linear model. The probability of a
spike in each ms depends on the sound level in the last 20 ms and on the spikes in the last 10 ms.
It is simulated as a spiking neuron with the same probabilities, on parts of the recording that were
not used in training. This equivalent neuron is a logistic regression in the form of a spiking
neuron, not a model of the membrane. Its weights are expressed in mV. A potential near −200 mV,
after a spike and during a faint sound, only means that a spike is very improbable; no membrane
reaches it.

The LIF neurons have realistic potentials, and their spikes coincide better with the recorded ones.
But they fire so regularly that they exclude spikes that did occur. As predictions, they are worse
than a constant probability.

The comparison also estimates a coupling between the two receptors. They were recorded separately
with different sounds, so there is none. An apparent coupling is due to the adaptation of both, and
disappears when the model includes adaptation. Simulated neurons with a coupling show that it would
be found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from scipy.special import logit

import bridge
import neurosim as ns
from neurosim.analysis import population_rate
from scenarios import _kit as kit
from scenarios.recordings.data import INTERVAL, Recording, grasshopper_recording
from scenarios.recordings.grasshopper_training import (
    BIN,
    CELLS,
    EQUIVALENT,
    Coupling,
    Training,
    coupled_pairs,
    equivalent_to,
    spikes_by_bin,
    with_equivalents,
)

LIF = "LIF"
NAMES = {LIF: "LIF neurons", EQUIVALENT: "equivalent neurons"}
COLOURS = {LIF: kit.SPIKING, EQUIVALENT: "#E69F00"}
# Resistance of the LIF membrane (GΩ), and the time (ms) in which two spikes coincide.
RESISTANCE, COINCIDENCE = 0.1, 2.0
# Time (ms) at the start of the recordings on which the LIF neurons were adjusted.
ADJUSTED = 5000.0
# Reversal potential of potassium (mV), the lowest that a membrane reaches.
POTASSIUM = -90.0
# Interval of time (ms) in which single spikes are drawn.
EXCERPT = (6000.0, 6300.0)


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario.

    The parameters of the LIF neurons maximise the coincidence factor at equal rates over the first
    5 s of both recordings, rounded. Only `bias` differs between the receptors, because the sound
    level was adjusted in each recording for about 100 Hz.
    """

    cell: Literal[1, 2] = kit.setting(1, help="receptor that is simulated")
    neurons: int = kit.setting(200, "", 2, 2000, "simulated neurons of each kind")
    bias: tuple[float, ...] = kit.setting(
        (184.0, 158.0), "pA", -1e4, 1e4, "current at the mean intensity, for each receptor",
        length=(2, 2),
    )  # fmt: skip
    gain: float = kit.setting(12.0, "pA/dB", 0.0, 1e4, "current per dB of sound level")
    delay: float = kit.setting(6.3, "ms", 0.0, 100.0, "delay from ear-drum to spike generator")
    smoothing: float = kit.setting(
        0.6, "ms", 0.0, 100.0, "time constant of the integration of sound intensity"
    )
    tau_m: float = kit.setting(1.5, "ms", 0.1, 100.0, "membrane time constant")
    t_ref: float = kit.setting(3.0, "ms", 0.0, 100.0, "refractory period")
    sigma: float = kit.setting(0.7, "mV", 0.0, 50.0, "standard deviation of the membrane noise")
    lags: int = kit.setting(20, "ms", 1, 200, "length of the sound filter")
    history: int = kit.setting(10, "ms", 1, 200, "length of the spike history filter")
    coupling: int = kit.setting(10, "ms", 1, 200, "length of the coupling filter")
    coupled: tuple[float, ...] = kit.setting(
        (0.0, 20.0, 12.0, 6.0), "mV", -1000.0, 1000.0,
        "simulated coupling: effect of a spike 1, 2, … ms ago", length=(1, 200),
    )  # fmt: skip
    folds: int = kit.setting(5, "", 2, 20, "parts of the recording for cross-validation")

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.coupled) > self.coupling:
            raise ns.NeurosimError(
                f"coupled has {len(self.coupled)} values, but coupling = {self.coupling} ms: give "
                f"at most {self.coupling} values or a longer coupling"
            )

    @property
    def recording(self) -> Recording:
        """Sound and spikes of the receptor."""
        return grasshopper_recording(self.cell)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add LIF neurons that receive the sound as a current, with independent noise."""
    recording = settings.recording
    if not 100.0 <= options.duration <= recording.duration:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is outside 100 to {recording.duration:g} ms, the "
            "length of the recording"
        )
    interval = INTERVAL * max(1, int(np.ceil(options.dt / INTERVAL - 1e-6)))
    level = recording.level(interval, smoothing=settings.smoothing)
    delay = round(settings.delay / interval)
    delayed = np.concatenate([np.full(delay, level[0]), level])[: len(level)]
    current = settings.bias[settings.cell - 1] + settings.gain * delayed
    capacitance = settings.tau_m / RESISTANCE
    neuron = ns.LIF(tau_m=settings.tau_m, c_m=capacitance, t_ref=settings.t_ref)
    net = ns.Network()
    population = net.add(LIF, settings.neurons, neuron)
    net.drive(population, ns.CurrentWaveform(current, interval))
    net.drive(population, ns.MembraneNoise(settings.sigma))
    net.record(population, "v", ids=[0])
    return net


def simulate(settings: Settings, options: kit.RunOptions, progress: bool | None) -> ns.Result:
    """Simulate the LIF neurons, and the equivalent neurons with the bin of 1 ms as time step."""
    result = ns.simulate(
        network(settings, options), options.duration, dt=options.dt, seed=options.seed,
        threads=options.threads, progress=progress, realtime=options.realtime,
        profile=options.profile,
    )  # fmt: skip
    return with_equivalents(result, settings, options.threads)


def between(times: kit.Floats, start: float, stop: float) -> kit.Floats:
    """Return the spike times with start < t ≤ stop (ms)."""
    return times[(times > start) & (times <= stop)]


def fraction(result: ns.Result, population: str) -> kit.Floats:
    """Return the fraction of the neurons that fired in each ms, shape (n_bins,)."""
    rate = population_rate(result.spikes[population], result.duration, bin_ms=BIN)[1]
    return np.minimum(rate * 1e-3 * BIN, 1.0)


def probability(result: ns.Result, population: str) -> kit.Floats:
    """Estimate the firing probability in each ms, never exactly 0 or 1.

    By Krichevsky & Trofimov 1981, IEEE Trans. Inf. Theory 27:199: one more neuron, half of which
    fired.
    """
    neurons = len(result.spikes[population].recorded)
    return (neurons * fraction(result, population) + 0.5) / (neurons + 1.0)


def predictions(result: ns.Result, population: str, settings: Settings) -> list[kit.Measure]:
    """Return AUC and bits per spike of simulated neurons as predictions of the recorded spikes."""
    predicted = probability(result, population)
    fired = spikes_by_bin(settings.cell)[: len(predicted)]
    seconds = np.arange(len(fired)) // 1000
    blocks = seconds if seconds[-1] else None
    bits = bridge.bits_per_spike(fired, predicted, blocks)
    return [bridge.auc(fired, predicted, blocks), replace(bits, unit="")]


def trains_of(result: ns.Result, population: str) -> list[kit.Floats]:
    """Return the spike times of each neuron; those of a step of 1 ms count as its middle."""
    trains = result.spikes[population]
    shift = 0.5 * BIN if population == EQUIVALENT else 0.0
    return [trains.of(neuron) - shift for neuron in trains.recorded]


def coincidence_factor(data: kit.Floats, model: kit.Floats, start: float, stop: float) -> float:
    """Return the coincidence factor from start to stop (ms), or NaN where it is not defined."""
    data, model = (between(times, start, stop) - start for times in (data, model))
    if len(data) == 0 or 2.0 * COINCIDENCE * len(model) >= stop - start:
        return math.nan
    return bridge.coincidence_factor(data, model, duration=stop - start, window=COINCIDENCE)


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure rates, intervals and agreement with the recorded spikes."""
    recorded = between(settings.recording.spikes, 0.0, result.duration)
    thirds = np.linspace(0.0, result.duration, 4)
    rates = np.histogram(recorded, thirds)[0] / np.diff(thirds) * 1e3
    found: kit.Findings = {
        "spikes_recorded": len(recorded),
        "rate_recorded_hz": len(recorded) / result.duration * 1e3,
        "rates_recorded_hz": [float(rate) for rate in rates],
    }
    for population in NAMES:
        found |= _agreement(result, population, settings)
    lowest = result.traces[EQUIVALENT, "v"].values.min()
    return found | {"lowest_potential_equivalent_mv": lowest}


def _agreement(result: ns.Result, population: str, settings: Settings) -> dict[str, object]:
    """Return the findings for one population, whose name ends the keys."""
    trains, stop, recorded = result.spikes[population], result.duration, settings.recording.spikes
    each = trains_of(result, population)
    auc, bits = predictions(result, population, settings)

    def mean_factor(start: float) -> float:
        return float(np.mean([coincidence_factor(recorded, one, start, stop) for one in each]))

    among = [coincidence_factor(one, other, 0.0, stop) for one, other in pairwise(each)]
    found = {
        "rate_hz": len(trains) / len(each) / stop * 1e3,
        "coincidence_factor": mean_factor(0.0),
        "coincidence_factor_held_out": mean_factor(ADJUSTED) if stop > ADJUSTED else math.nan,
        "coincidence_factor_among": float(np.mean(among)),
        "auc": auc.value,
        "bits_per_spike": [bits.value, bits.low, bits.high],
    }
    return {f"{key}_{population.lower()}": value for key, value in found.items()}


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State how the two models fire, and how well they predict the receptor."""
    rates = kit.listed(f"{rate:.0f}" for rate in found["rates_recorded_hz"])
    sentences = [
        f"{settings.neurons} LIF neurons and {settings.neurons} neurons equivalent to a logistic "
        f"regression received the sound of receptor {settings.cell}, which fired "
        f"{found['spikes_recorded']} spikes.",
        f"In the first, second and last third of the time, the receptor fires at {rates} Hz.",
    ]
    for population, name in NAMES.items():
        key = population.lower()
        factors = (found[f"coincidence_factor{which}_{key}"] for which in ("", "_among"))
        recorded, among = map(_number, factors)
        bits, *interval = found[f"bits_per_spike_{key}"]
        worse = ": it is worse than a constant probability" if interval[1] < 0.0 else ""
        sentences += [
            f"The {name} fire at {found[f'rate_hz_{key}']:.0f} Hz. Their coincidence factor is "
            f"{recorded} with the recording and {among} with each other (0: chance, 1: equal).",
            "As a prediction, their firing probability gains "
            f"{kit.estimate(bits, interval, digits=2)} bits per spike{worse}.",
        ]
    lowest = kit.signed(round(found["lowest_potential_equivalent_mv"]))
    return [
        *sentences,
        f"The potential of the equivalent neurons falls to {lowest} mV: they are a logistic "
        "regression in the form of spiking neurons, not a model of the membrane.",
    ]


def _number(value: float | None) -> str:
    """Return a number with two digits, or "undefined"."""
    return "undefined" if value is None or math.isnan(value) else f"{value:.2f}"


def excerpt(duration: float) -> tuple[float, float]:
    """Return the interval of time in which single spikes are drawn (ms)."""
    start, stop = EXCERPT
    return EXCERPT if duration >= stop else (0.0, min(stop - start, duration))


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the spikes of an excerpt, and the filters and potential of equivalent neurons."""
    return {"response": _response(result, settings), "equivalent": _equivalent(result, settings)}


def _response(result: ns.Result, settings: Settings) -> kit.Figure:
    """Draw sound, recorded spikes, predicted probability and spikes of both kinds of neuron."""
    start, stop = excerpt(result.duration)
    amplitude = settings.recording.amplitude[round(start / INTERVAL) : round(stop / INTERVAL)]
    predicted = Training.on(settings.cell, settings).by_history[int(start) : int(stop)]

    def draw_sound(axes: kit.Axes) -> None:
        times = start + INTERVAL * np.arange(len(amplitude))
        axes.fill_between(times, -amplitude, amplitude, color="0.45", lw=0.0)

    def draw_prediction(axes: kit.Axes) -> None:
        edges = np.arange(int(start), int(start) + len(predicted) + 1)
        axes.stairs(predicted, edges, color=kit.TRAINED, fill=True)
        recorded = between(settings.recording.spikes, start, stop)
        axes.vlines(recorded, 1.05, 1.35, color="black")

    def draw_spikes(axes: kit.Axes, population: str) -> None:
        ns.plot.draw_raster(axes, result, [population], start=start, stop=stop, max_neurons=50)
        axes.lines[0].set_color(COLOURS[population])

    shown = f"(50 of {settings.neurons})" if settings.neurons > 50 else ""
    rasters = [
        kit.panel(draw_spikes, key, xlabel="", ylabel="neuron", yticks=(), title=f"{name} {shown}")
        for key, name in NAMES.items()
    ]
    rasters[-1].labels["xlabel"] = "time (ms)"
    return kit.page(
        "LIF neurons fire at nearly the same times, equivalent neurons do not",
        kit.panel(draw_sound, yticks=(), ylabel="amplitude", title="Sound: envelope of the tone"),
        kit.panel(draw_prediction, yticks=(0.0, 0.5, 1.0), ylabel="probability",
                  title=f"Recorded spikes of receptor {settings.cell} (black), and firing "
                  "probability in 1 ms by the logistic neuron"),
        *rasters,
        columns=1, size=(8.8, 8.0), sharex=True, height_ratios=(1.2, 1.4, 2.4, 2.4),
    )  # fmt: skip


def _equivalent(result: ns.Result, settings: Settings) -> kit.Figure:
    """Draw the filters of both trained neurons in mV, and the potential of an equivalent neuron."""
    lowest = kit.signed(round(result.traces[EQUIVALENT, "v"].values.min()))
    sound, spikes = slice(0, settings.lags), slice(settings.lags, None)
    return kit.page(
        f"A logistic regression in mV: the potential falls to {lowest} mV, unlike any membrane",
        kit.panel(_draw_filter, settings, sound, 0, xlabel="time before the bin (ms)",
                  ylabel="effect per dB (mV)", title="Sound filter"),
        kit.panel(_draw_filter, settings, spikes, 1, xlabel="time since the spike (ms)",
                  ylabel="effect (mV)", title="Spike history filter", legend="lower right"),
        kit.panel(_draw_potential, result, settings, xlabel="time (ms)",
                  ylabel="potential (mV)", xlim=excerpt(result.duration),
                  title="Potential (dashed: threshold, rest; grey: below potassium reversal) and "
                  "recorded spikes"),
        mosaic="AB;CC", size=(9.0, 7.2),
    )  # fmt: skip


def _draw_filter(axes: kit.Axes, settings: Settings, part: slice, first: int) -> None:
    """Draw the filters of both receptors, hollow where only the ridge penalty bounds them."""
    for cell, colour, marker in zip(CELLS, ("black", "#56B4E9"), "os", strict=True):
        training = Training.on(cell, settings)
        psps, hollow = training.neuron.psp_[part], training.unbounded[part]
        half = bridge.NORMAL_95 * training.neuron.psp_standard_errors_[part]
        lags = BIN * (first + np.arange(len(psps))) + 0.15 * (cell - 1)
        look: dict[str, Any] = {"color": colour, "marker": marker, "ms": 4.5}
        axes.errorbar(lags, psps, np.where(hollow, np.nan, half), lw=1.1, capsize=2, **look,
                      label=f"receptor {cell}, 95 % interval")  # fmt: skip
        axes.plot(lags[hollow], psps[hollow], ls="", mfc="white", zorder=4, **look)
    axes.plot([], [], "o", color="0.45", mfc="white", label="no spikes at this lag (ridge only)")
    axes.axhline(0.0, color="0.45", lw=0.8, zorder=0)
    axes.locator_params(axis="x", integer=True)


def _draw_potential(axes: kit.Axes, result: ns.Result, settings: Settings) -> None:
    """Draw the potential of one equivalent neuron, with a scale of firing probability."""
    start, stop = excerpt(result.duration)
    trace, info = result.traces[EQUIVALENT, "v"], result.populations[EQUIVALENT]
    bins = slice(int(start), int(stop))
    edges = np.append(trace.times[bins] - BIN, stop)
    axes.stairs(trace.of(0)[bins], edges, color=COLOURS[EQUIVALENT], baseline=None, lw=1.1)
    recorded = between(settings.recording.spikes, start, stop)
    axes.plot(recorded, np.full(len(recorded), -15.0), "|", color="black", ms=9, mew=1.2)
    kit.draw_levels(axes, info, labels=False)
    axes.set_ylim(axes.get_ylim())
    axes.axhspan(axes.get_ylim()[0], POTASSIUM, color="0.92", zorder=-1)
    training = Training.on(settings.cell, settings)
    beta = equivalent_to(training.neurons[training.part[bins.start]], settings).beta
    marks = (1e-5, 0.001, 0.1, 0.5, 0.9)
    scale = axes.secondary_yaxis("right")
    scale.set_yticks(info.v_threshold + logit(marks) / beta, [f"{p:g}" for p in marks])
    scale.set_ylabel("firing probability in 1 ms")


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare how well all models predict the recorded spikes, and test for a coupling."""
    measures: dict[str, kit.Measure] = {}
    for cell in CELLS:
        measures |= _logistic_measures(cell, settings)
    for population, name in NAMES.items():
        key = f"{population.lower()}_cell{settings.cell}"
        auc, bits = predictions(result, population, settings)
        measures[f"auc_{key}"] = auc
        label, note = f"Bits per spike, {name}", f"receptor {settings.cell}"
        measures[f"bits_per_spike_{key}"] = bits.labelled(label, note)
    found = {
        (cell, adaptation): Training.on(cell, settings).coupled(adaptation=adaptation)
        for cell in CELLS
        for adaptation in (False, True)
    }
    pair = coupled_pairs(settings, result.seed)[0].coupled(adaptation=False)
    measures |= _coupling_measures(found)
    peak = int(np.abs(settings.coupled).argmax())
    value, (low, high) = float(pair.psp[peak]), pair.interval[peak]
    measures["peak_coupling_pair"] = kit.Measure(value, "mV", low, high).labelled(
        f"Coupling of a simulated pair after {peak + 1} ms",
        f"true value {kit.signed(settings.coupled[peak])} mV",
    )
    drawings = {
        "scores": partial(_draw_scores, measures, result, settings),
        "coupling": partial(_draw_coupling, found, pair, settings),
    }
    title = "Two receptors of a grasshopper: logistic and spiking neurons as predictions"
    return kit.Comparison(title, measures, drawings, _conclusion(measures, settings.cell))


def _conclusion(measures: dict[str, kit.Measure], cell: int) -> str:
    """Return the main result of the comparison."""
    history, lif = (measures[f"bits_per_spike_{key}_cell{cell}"] for key in ("history", "lif"))
    relation = "worse" if lif.value < 0.0 else "better"
    significant = any(measures[f"p_value_coupling_cell{each}"].value < 0.05 for each in CELLS)
    return (
        f"The logistic neuron predicts {history.value:.2f} bits per spike; the LIF neurons are "
        f"{relation} than a constant probability ({kit.signed(lif.value, 3)} bits). With "
        f"adaptation in the model, the coupling is {'' if significant else 'not '}significant."
    )


def _logistic_measures(cell: int, settings: Settings) -> dict[str, kit.Measure]:
    """Return how well the cross-validated logistic neurons predict a receptor."""
    training, measures = Training.on(cell, settings), {}
    for key, predicted, words in (
        ("", training.by_sound, "logistic, sound"),
        ("history_", training.by_history, "logistic, sound and spikes"),
    ):
        bits = bridge.bits_per_spike(training.fired, predicted, training.seconds)
        bits = replace(bits, unit="").labelled(f"Bits per spike, {words}", f"receptor {cell}")
        measures[f"bits_per_spike_{key}cell{cell}"] = bits
        measures[f"auc_{key}cell{cell}"] = bridge.auc(training.fired, predicted, training.seconds)
    return measures


def _coupling_measures(found: dict[tuple[int, bool], Coupling]) -> dict[str, kit.Measure]:
    """Return the coupling of the receptors, without and with adaptation in the model."""
    measures = {}
    for (cell, adaptation), coupling in found.items():
        key, words = ("", "with") if adaptation else ("_naive", "no")
        label = f"Sum of coupling weights, {words} adaptation"
        total = coupling.total.labelled(label, f"receptor {3 - cell} to receptor {cell}")
        measures[f"total_coupling{key}_cell{cell}"] = total
        measures[f"p_value_coupling{key}_cell{cell}"] = kit.Measure(coupling.p_value)
    return measures


def _draw_scores(
    measures: dict[str, kit.Measure], result: ns.Result, settings: Settings
) -> kit.Figure:
    """Draw bits per spike of all models, and the observed against the predicted probability."""
    training = Training.on(settings.cell, settings)
    models = (
        ("", "logistic,\nsound", kit.LOGISTIC, training.by_sound),
        ("history_", "logistic, sound\nand spikes", kit.TRAINED, training.by_history),
        *(
            (f"{key.lower()}_", name.replace(" ", "\n"), COLOURS[key], probability(result, key))
            for key, name in reversed(NAMES.items())
        ),
    )

    def draw_bits(axes: kit.Axes) -> None:
        for x, (key, _, colour, _) in enumerate(models):
            bits = measures[f"bits_per_spike_{key}cell{settings.cell}"]
            kit.draw_measures(axes, [x], [bits], color=colour, ms=8, elinewidth=2.0)
        axes.axhline(0.0, color="0.45", lw=0.8, zorder=0)
        kit.label(axes, 0.3, 0.0, "constant probability", "0.35", "above")
        axes.set_xticks(range(len(models)), [name for _, name, _, _ in models])

    def draw_calibration(axes: kit.Axes) -> None:
        axes.plot([0, 1], [0, 1], "--", color="0.45", lw=0.9)
        for _, name, colour, predicted in models[1:]:
            fired = training.fired[: len(predicted)]
            curve = bridge.reliability_curve(fired, predicted, n_bins=6)
            used, label = curve.trials >= 20, name.replace("\n", " ")
            spikes = np.round(curve.observed * curve.trials)
            kit.draw_fraction(axes, curve.predicted[used], spikes[used], curve.trials[used],
                              color=colour, fmt="o-", label=label)  # fmt: skip

    worse = measures[f"bits_per_spike_lif_cell{settings.cell}"].value < 0.0
    return kit.page(
        "LIF neurons predict worse than a constant probability, because they are overconfident"
        if worse else "Bits per spike and calibration of all models",
        kit.panel(draw_bits, ylabel="bits per spike (95 % interval)", xlim=(-0.5, 3.5),
                  title=f"Predictions of receptor {settings.cell}"),
        kit.panel(draw_calibration, xlabel="predicted probability", ylabel="observed fraction",
                  title="Calibration", legend="upper left", xlim=(0, 1), ylim=(0, 1)),
        size=(9.6, 4.4), width_ratios=(1.35, 1.0),
    )  # fmt: skip


def _draw_coupling(
    found: dict[tuple[int, bool], Coupling], pair: Coupling, settings: Settings
) -> kit.Figure:
    """Draw the coupling filters of the receptors and of a simulated pair."""
    lags = np.arange(1, settings.coupling + 1)

    def draw(axes: kit.Axes, coupling: Coupling, colour: str, label: str, shift: float) -> None:
        bars = np.abs(coupling.interval.T - coupling.psp)
        axes.errorbar(lags + shift, coupling.psp, bars, color=colour, marker="o", ms=4.5, lw=1.1,
                      capsize=2, label=f"{label}, 95 % interval")  # fmt: skip
        axes.axhline(0.0, color="0.45", lw=0.8, zorder=0)

    def draw_receptors(axes: kit.Axes, adaptation: bool) -> None:
        for cell, colour in zip(CELLS, ("black", "#56B4E9"), strict=True):
            draw(axes, found[cell, adaptation], colour, f"receptor {cell}", 0.2 * (cell - 1))

    def draw_pair(axes: kit.Axes) -> None:
        true = np.pad(settings.coupled, (0, settings.coupling - len(settings.coupled)))
        look: dict[str, Any] = {"color": ns.plot.EXCITATORY, "lw": 1.8, "label": "true coupling"}
        axes.stairs(true, np.arange(0.5, settings.coupling + 1), **look)
        draw(axes, pair, COLOURS[EQUIVALENT], "simulated pair", 0.0)

    labels: dict[str, Any] = {"xlabel": "time since the spike (ms)"}
    return kit.page(
        "The receptors are not coupled; a coupling of simulated neurons is recovered",
        kit.panel(draw_receptors, False, **labels, title="Recorded: no adaptation term",
                  ylabel="effect of a spike (mV)"),
        kit.panel(draw_receptors, True, **labels, title="Recorded: with adaptation"),
        kit.panel(draw_pair, **labels, title="Simulated pair"),
        size=(9.8, 4.2), sharex=True, sharey=True, legend=2,
    )  # fmt: skip


scenario = kit.lesson(__name__, duration=10_000.0)
