"""A grasshopper's ear: logistic and spiking neurons fitted to real spikes.

Two auditory receptor neurons were recorded for 10 s each while a tone with a randomly fluctuating
amplitude played (A. Rokem et al., J. Neurophysiol. 95:2541, 2006; data from the package nitime).
The same sounds drive two models of a receptor.

The first model is a leaky integrate-and-fire (LIF) neuron with membrane noise. Its current is the
sound level in dB after a delay. Its parameters were adjusted on the first 5 s of the recordings.

The second model is a logistic neuron, fitted by `bridge.PopulationGLM` (a generalised linear
model). The probability of a spike in each ms depends on the sound level in the last 20 ms and on
the spikes in the last 10 ms; in an absolute refractory period it is 0. Fitted to the first 5 s, it
is simulated as a spiking neuron with the same probabilities. This equivalent neuron is a logistic
regression in the form of a spiking neuron, not a model of the membrane. Its weights are expressed
in mV. A potential far below the reversal potential of potassium, after a spike or during a faint
sound, only means that a spike is very improbable; no membrane reaches it. Both models are tested on
the rest of the recording.

The LIF neurons have realistic potentials, and their spikes coincide better with the recorded ones.
But they fire so regularly that they exclude spikes that did occur. As predictions, they are worse
than a constant probability.

Here a single neuron depends on a sound. For couplings between the neurons of a population, and
their tests, see the scenario population-glm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

import bridge
import neurosim as ns
from bridge.datasets import ReceptorRecording, grasshopper_recording
from neurosim.analysis import population_rate
from scenarios import _kit as kit
from scenarios.recordings.grasshopper_training import EQUIVALENT, FITTED, Training, with_equivalent

# Name and colour of the neurons, by population.
POPULATIONS = {"LIF": ("LIF neurons", kit.SPIKING), EQUIVALENT: ("equivalent neurons", "#E69F00")}
NEURON = ns.LIF(tau_m=1.5, c_m=15.0, t_ref=3.0)
# Current of each receptor at the mean intensity (pA), because the sound level was adjusted in each
# recording for about 100 Hz; and current per dB of sound level (pA). All parameters were adjusted
# on the first 5 s for the largest coincidence factor at equal rates, and rounded.
BIAS, GAIN = {1: 184.0, 2: 158.0}, 12.0
# Delay from ear-drum to spike generator, time constant of the integration of sound intensity (ms),
# and standard deviation of the membrane noise (mV).
DELAY, SMOOTHING, SIGMA = 6.3, 0.6, 0.7
# Time in which two spikes coincide (ms).
COINCIDENCE = 2.0
# Time at the end of the run in which single spikes are drawn (ms).
EXCERPT = 300.0


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    cell: Literal[1, 2] = kit.setting(1, help="receptor that is simulated")
    neurons: int = kit.setting(200, "", 2, 500, "simulated neurons of each kind")
    lags: int = kit.setting(20, "ms", 1, 200, "length of the sound filter")
    history: int = kit.setting(10, "ms", 5, 200, "length of the spike history filter")

    @property
    def recording(self) -> ReceptorRecording:
        """Sound and spikes of the receptor."""
        return grasshopper_recording(self.cell)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add LIF neurons that receive the sound as a current, with independent noise."""
    recording = settings.recording
    if not FITTED + 1000.0 <= options.duration <= recording.duration:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is outside 6000 to 10000 ms: neurons are tested "
            "from 5000 ms until the sound ends"
        )
    interval = ReceptorRecording.interval * max(
        1, int(np.ceil(options.dt / ReceptorRecording.interval - 1e-6))
    )
    level = recording.level(interval, smoothing=SMOOTHING)
    delayed = np.pad(level, (round(DELAY / interval), 0), mode="edge")[: len(level)]
    net = ns.Network()
    population = net.add("LIF", settings.neurons, NEURON)
    net.drive(population, ns.CurrentWaveform(BIAS[settings.cell] + GAIN * delayed, interval))
    net.drive(population, ns.MembraneNoise(SIGMA))
    return net


def simulate(settings: Settings, options: kit.RunOptions, progress: bool | None) -> ns.Result:
    """Simulate the LIF neurons, and the equivalent neurons with the bin of 1 ms as time step."""
    simulation = kit.simulation(network(settings, options), options, progress)
    result = simulation.run(options.duration, realtime=options.realtime)
    return with_equivalent(result, settings, options.threads)


def between(times: kit.Floats, start: float, stop: float) -> kit.Floats:
    """Return the spike times with start < t ≤ stop (ms)."""
    return times[(times > start) & (times <= stop)]


def probability(result: ns.Result, population: str) -> kit.Floats:
    """Estimate the firing probability in each ms, never exactly 0 or 1.

    By Krichevsky & Trofimov 1981, IEEE Trans. Inf. Theory 27:199: one more neuron, half of which
    fired.
    """
    trains = result.spikes[population]
    rate, neurons = population_rate(trains, result.duration, bin_ms=1.0)[1], len(trains.recorded)
    return (neurons * np.minimum(1e-3 * rate, 1.0) + 0.5) / (neurons + 1.0)


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure rates, and agreement with the recorded spikes after `FITTED`."""
    stop, recorded = result.duration, between(settings.recording.spikes, 0.0, result.duration)
    factor = partial(bridge.coincidence_factor, duration=stop - FITTED, window=COINCIDENCE)
    found: kit.Findings = {
        "spikes_recorded": len(recorded),
        "rate_recorded_hz": len(recorded) / stop * 1e3,
        "lowest_potential_equivalent_mv": result.traces[EQUIVALENT, "v"].values.min(),
    }
    tested = between(recorded, FITTED, stop) - FITTED
    for population in POPULATIONS:
        trains, key = result.spikes[population], population.lower()
        # Spikes of a step of 1 ms count as its middle.
        start = FITTED + 0.5 if population == EQUIVALENT else FITTED
        each = [between(trains.of(k), start, stop) - start for k in trains.recorded]
        found |= {
            f"rate_hz_{key}": len(trains) / len(each) / stop * 1e3,
            f"coincidence_factor_{key}": np.mean([factor(tested, one) for one in each]),
            f"coincidence_factor_among_{key}": np.mean([*map(factor, each, each[1:])]),
        }
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State how the two models fire, and how well their spikes coincide with the recording."""
    return kit.sentences(
        found,
        f"{settings.neurons} LIF neurons and {settings.neurons} neurons equivalent to a logistic "
        f"regression received the sound of receptor {settings.cell}, which fired "
        "{spikes_recorded} spikes, at {rate_recorded_hz:.0f} Hz.",
        *(
            f"The {name} fire at {{rate_hz_{key.lower()}:.0f}} Hz. After 5 s their coincidence "
            f"factor is {{coincidence_factor_{key.lower()}:.2f}} with the recording and "
            f"{{coincidence_factor_among_{key.lower()}:.2f}} with each other (0: chance, 1: equal)."
            for key, (name, _) in POPULATIONS.items()
        ),
        "The potential of the equivalent neurons falls to {lowest_potential_equivalent_mv:.0f} mV, "
        "unlike that of any membrane.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the spikes of an excerpt, and the filters and potential of equivalent neurons."""
    stop, recording = result.duration, settings.recording
    start, training = stop - EXCERPT, Training.on(settings.cell, settings)
    recorded, bins = between(recording.spikes, start, stop), slice(int(start), int(stop))

    def draw_sound(axes: kit.Axes) -> None:
        samples = np.arange(
            round(start / ReceptorRecording.interval), round(stop / ReceptorRecording.interval)
        )
        amplitude = recording.amplitude[samples]
        axes.fill_between(
            ReceptorRecording.interval * samples, -amplitude, amplitude, color="0.45", lw=0.0
        )

    def draw_prediction(axes: kit.Axes) -> None:
        edges = np.arange(bins.start, bins.stop + 1)
        axes.stairs(training.by_history[bins], edges, fill=True, color=kit.TRAINED)
        axes.vlines(recorded, 1.05, 1.35, color="black")

    glm, equivalent = training.glm, result.populations[EQUIVALENT]
    # Its resting potential stands for the score without spikes at the mean level of the sound.
    mv_per_score = (equivalent.v_rest - equivalent.v_threshold) / glm.intercept_[0]
    sound = glm.stimulus_[:, 0], glm.stimulus_errors_[:, 0]
    history = glm.unbiased_filters_[0, 0], glm.filter_errors_[0, 0]
    first = int(glm.refractory_[0])  # no effect is defined in the refractory period

    def draw_filter(axes: kit.Axes, lag: int, effect: kit.Floats, error: kit.Floats) -> None:
        mv, half = mv_per_score * effect, mv_per_score * bridge.NORMAL_95 * error
        axes.errorbar(lag + np.arange(len(effect)), mv, half, color="black", fmt="o")
        axes.axhline(0.0, color="0.45", lw=0.8, zorder=0)

    trace, threshold = result.traces[EQUIVALENT, "v"], equivalent.v_threshold
    lowest = kit.signed(round(trace.values.min()))
    return {
        "response": kit.page(
            "LIF neurons fire at nearly the same times, equivalent neurons less reliably",
            kit.panel(draw_sound, yticks=(), ylabel="amplitude", title="Sound: envelope"),
            kit.panel(draw_prediction, yticks=(0.0, 0.5, 1.0), ylabel="probability",
                      title=f"Recorded spikes of receptor {settings.cell} (black), and firing "
                      "probability in 1 ms by the logistic neuron"),
            kit.chart(kit.layer(ns.plot.draw_raster, result, start=start, max_neurons=100),
                      title="Spikes of the simulated neurons"),
            columns=1, size=(8.8, 8.0), sharex=True, height_ratios=(1.2, 1.4, 4.8),
        ),
        "equivalent": kit.page(
            f"A logistic regression in mV: the potential falls to {lowest} mV, unlike any membrane",
            kit.panel(draw_filter, 0, *sound, xlabel="time before the bin (ms)",
                      ylabel="effect of a standard\ndeviation of the level (mV)",
                      title="Sound filter"),
            kit.panel(draw_filter, first + 1, *(each[first:] for each in history),
                      xlabel="time since the spike (ms)", ylabel="effect (mV)",
                      title=f"Spike history filter, after {first} ms of refractoriness"),
            kit.chart(
                kit.curve(trace.times[bins], trace.of(0)[bins], color=POPULATIONS[EQUIVALENT][1]),
                kit.curve(recorded, np.full(len(recorded), -15.0), ls="", marker="|", color="k"),
                kit.level(threshold, "threshold", stop + 25.0),
                kit.level(-90.0, "potassium\nreversal", stop + 25.0),
                title="Potential of one neuron, and recorded spikes (|)", xlabel="time (ms)",
                ylabel="potential (mV)", xlim=(start, stop + 50.0),
            ),
            mosaic="AB;CC", size=(9.0, 7.2),
        ),
    }  # fmt: skip


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare how well all models predict the recorded spikes."""
    training, tested = (
        Training.on(settings.cell, settings),
        slice(int(FITTED), int(result.duration)),
    )
    # Name, colour, recorded spikes and predicted probability in each ms.
    models = {
        "sound": ("logistic neuron, sound", kit.LOGISTIC, training.fired, training.by_sound),
        "history": ("logistic neuron, sound and spikes", kit.TRAINED, training.fired,
                    training.by_history),
    }  # fmt: skip
    for population, look in POPULATIONS.items():
        simulated = probability(result, population)[tested]
        models[population.lower()] = (*look, training.fired[tested], simulated)
    measures: dict[str, kit.Measure] = {}
    bits = []
    for x, (key, (name, colour, fired, predicted)) in enumerate(models.items()):
        seconds = np.arange(len(fired)) // 1000  # unlike neighbouring bins, these are independent
        gain = replace(bridge.bits_per_spike(fired, predicted, seconds), unit="")
        measures[f"bits_per_spike_{key}"] = gain.labelled(f"Bits per spike, {name}")
        measures[f"auc_{key}"] = bridge.auc(fired, predicted, seconds)
        bits.append(kit.layer(kit.draw_measures, [x], [gain], ms=8, color=colour))

    def draw_calibration(axes: kit.Axes) -> None:
        axes.plot([0, 1], [0, 1], "--", color="0.45", lw=0.9)
        for name, colour, fired, predicted in models.values():
            curve = bridge.reliability_curve(fired, predicted, n_bins=6)
            used = curve.trials >= 20
            axes.plot(curve.predicted[used], curve.observed[used], "o-", color=colour, label=name)

    conclusion = kit.sentences(
        measures,
        "The logistic neuron predicts {bits_per_spike_history.value:.2f} bits per spike, the LIF "
        "neurons {bits_per_spike_lif.value:.2f} (constant probability: 0): they are overconfident.",
    )
    scores = partial(
        kit.page, "Logistic neurons predict the spikes, LIF neurons are overconfident",
        kit.chart(*bits, kit.level(0.0, "constant probability", 0.3), xlim=(-0.5, 3.5), xticks=(),
                  title=f"Predictions of receptor {settings.cell}", ylabel="bits per spike"),
        kit.panel(draw_calibration, xlabel="predicted probability", ylabel="observed fraction",
                  title="Calibration", xlim=(0, 1), ylim=(0, 1)),
        size=(9.6, 4.6), width_ratios=(1.35, 1.0), legend=4,
    )  # fmt: skip
    title = f"Receptor {settings.cell} of a grasshopper: models as predictions of its spikes"
    return kit.Comparison(title, measures, {"scores": scores}, *conclusion)


scenario = kit.lesson(__name__, duration=10_000.0)
