"""Limits of the logistic neuron as a model of a spiking one, in bits per spike.

Spiking neurons receive random spikes at ten synapses in windows of 5 ms. If the membrane forgets
each window before the next, and the threshold is soft, the neuron is exactly a logistic neuron of
the spikes of one window. Five effects violate this: spikes that arrive early or late (jitter), a
refractory period, a potential that has not decayed (carry-over), synapses between two neurons
(feedback), and a slow current after each spike (adaptation). Each is simulated at several
strengths, from none to strong.

The membrane potential determines the firing probability, so the true probability of each window is
known. The loss of a logistic neuron is the log-likelihood per spike that it lacks relative to this
probability. Three logistic neurons are compared: one derived from the postsynaptic potentials
(PSPs), one trained on input and spikes, and one trained with further predictors, such as the
neuron's past spikes. A loss that exceeds the information in the true probability means that a
model predicts worse than a constant probability.

One step of the simulation is one window; its spikes arrive together at its end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

import bridge
import neurosim as ns
from scenarios import _kit as kit
from scenarios.artificial_neuron.metaphor_limits_effects import EFFECTS, Effect, Trials

# Windows in the figure of potentials.
SHOWN = 30
# Penalty without effect, except where a past spike excludes a spike with certainty.
RIDGE = 1e-6
# Distance of the derived probability from 0 and 1, at least.
ROUNDED = 1e-15
# Logistic neurons: name, colour and marker, by attribute of `Models`.
MODELS = {
    "derived": ("derived from the PSPs", kit.LOGISTIC, "o"),
    "trained": ("trained on input and spikes", kit.TRAINED, "s"),
    "extended": ("trained with further predictors", "#56B4E9", "D"),
}


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    psps: tuple[float, ...] = kit.setting(
        (6.0, 5.0, 5.0, 4.0, 4.0, 3.0, 3.0, -3.0, -4.0, -5.0), "mV", -50.0, 50.0,
        "peak of each PSP", length=(1, 50),
    )  # fmt: skip
    activity: float = kit.setting(0.4, "", 0.001, 0.999, "probability of an input spike")
    delta: float = kit.setting(2.0, "mV", 0.1, 50.0, "width of the soft threshold")
    pairs: int = kit.setting(30, "", 4, 200, "pairs of neurons at each strength")
    levels: int = kit.setting(7, "", 2, 7, "strengths of each effect, from none to the strongest")

    @property
    def effects(self) -> list[Effect]:
        """All effects, each at all strengths."""
        chosen = np.linspace(0, 6, self.levels).round().astype(int)
        return [effect(effect.strengths[k]) for effect in EFFECTS for k in chosen]

    def unit(self, effect: Effect, window: float) -> bridge.SpikingUnit:
        """Return the neuron with an effect."""
        noise = bridge.EscapeNoise(self.delta)
        return bridge.SpikingUnit(effect.neuron(window), np.array(self.psps), noise)

    def sent(self, seed: int, duration: float, window: float) -> tuple[kit.Bools, kit.Floats]:
        """Draw the spikes sent to every population, and standard normal deviations in time.

        Returns
        -------
        sent, deviation : (n_windows, n_neurons, n_synapses) ndarray
        """
        spikes, times = np.random.default_rng(seed).spawn(2)
        shape = int(duration / window + 1e-6), 2 * self.pairs, len(self.psps)
        return spikes.random(shape) < self.activity, times.standard_normal(shape)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a population for each strength of each effect, all with the same spikes sent."""
    window, net = options.dt, ns.Network()
    # After 4 ms, e⁻⁴⁰ of the potential remains: less than rounding.
    if not 4.0 <= window <= 10.0:
        raise ns.NeurosimError(f"dt = {window:g} ms is outside 4 to 10 ms: a step is a window")
    kit.require_duration(options, 100 * window, "is shorter than 100 windows")
    sent, deviation = settings.sent(options.seed, options.duration, window)
    ends = window * np.arange(1, len(sent) + 1)
    for effect in settings.effects:
        unit = settings.unit(effect, window)
        population = unit.add_to(net, str(effect), 2 * settings.pairs, dt=window)
        arrived = effect.arrivals(sent, deviation, window).astype(int)
        for psp, counts in zip(unit.psps, arrived.transpose(2, 1, 0), strict=True):
            spikes = ns.SpikeTimes([np.repeat(ends, count) for count in counts])
            net.drive(population, spikes, psp=psp)
        effect.connect(net, population, window)
        net.record(population, "v", ids=[0, 1])
    return net


def trials_of(result: ns.Result, settings: Settings, effect: Effect) -> Trials:
    """Return the input and the spikes of one population."""
    window, trains = result.dt, result.spikes[str(effect)]
    sent, deviation = settings.sent(result.seed, result.duration, window)
    arrived = effect.arrivals(sent, deviation, window)
    fired = np.zeros(sent.shape[:2], dtype=bool)
    fired[np.rint(trains.times / window).astype(int) - 1, trains.ids] = True
    return Trials(settings.unit(effect, window), window, sent.astype(float), arrived, fired)


@dataclass(frozen=True, eq=False)
class Models:
    """True firing probability and logistic neurons of one population.

    Probabilities are by trial: all neurons in the first window, then in the next. Losses are in
    bits per spike relative to the true probability. Their intervals are computed from the variance
    between pairs of neurons, which are independent.

    Attributes
    ----------
    effect : Effect
    trials : Trials
    """

    effect: Effect
    trials: Trials

    @property
    def fired(self) -> kit.Bools:
        """Spikes by trial."""
        return self.trials.fired.ravel()

    @property
    def pairs(self) -> kit.Integers:
        """Index of the pair of neurons by trial."""
        n_windows, n_neurons = self.trials.fired.shape
        return np.tile(np.arange(n_neurons) // 2, n_windows)

    @cached_property
    def true(self) -> kit.Floats:
        """True firing probability."""
        return self.effect.probability(self.trials).ravel()

    @cached_property
    def predicted(self) -> kit.Floats:
        """Firing probability of the derived logistic neuron."""
        predicted = bridge.to_logistic(self.trials.unit).probability(self.trials.sent).ravel()
        # Probabilities that are rounded to 0 or 1 would make the loss infinite.
        return predicted.clip(ROUNDED, 1.0 - ROUNDED)

    @cached_property
    def information(self) -> kit.Measure:
        """Information in the true probability, relative to a constant one."""
        return bridge.bits_per_spike(self.fired, self.true, self.pairs)

    @cached_property
    def derived(self) -> kit.Measure:
        """Loss of the logistic neuron derived from the PSPs."""
        return bridge.bits_per_spike(self.fired, self.true, self.pairs, over=self.predicted)

    @cached_property
    def trained(self) -> kit.Measure:
        """Loss of a logistic neuron trained on the spikes sent."""
        return self._trained_loss(self.trials.sent)

    @cached_property
    def extended(self) -> kit.Measure:
        """Loss of a logistic neuron trained with the further predictors."""
        further = self.effect.predictors(self.trials)
        return self._trained_loss(np.dstack([self.trials.sent, further]))

    def _trained_loss(self, columns: kit.Floats) -> kit.Measure:
        """Return the loss without bias by overfitting.

        One neuron is trained on the even pairs, one on the odd pairs. Each trial is evaluated by
        both. To first order, the optimism on training trials and the pessimism on others cancel.
        """
        X, neuron = columns.reshape(len(self.fired), -1), bridge.LogisticNeuron(ridge=RIDGE)
        predicted = []
        for used in (self.pairs % 2 == 0, self.pairs % 2 == 1):
            predicted.append(neuron.fit(X[used], self.fired[used]).predict_proba(X)[:, 1])
        fired, true, pairs = (np.tile(each, 2) for each in (self.fired, self.true, self.pairs))
        return bridge.bits_per_spike(fired, true, pairs, over=np.concatenate(predicted))


def all_models(result: ns.Result, settings: Settings) -> dict[type[Effect], list[Models]]:
    """Return the models of all populations, by effect, in order of strength."""
    models = [Models(each, trials_of(result, settings, each)) for each in settings.effects]
    return {effect: [one for one in models if type(one.effect) is effect] for effect in EFFECTS}


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the loss of the derived logistic neuron at all strengths."""
    found: kit.Findings = {"windows": int(result.duration / result.dt + 1e-6)}
    for effect, models in all_models(result, settings).items():
        found[f"strengths_{effect.key}"] = [model.effect.strength for model in models]
        found[f"bits_lost_{effect.key}"] = [model.derived.value for model in models]
        found[f"information_{effect.key}"] = models[-1].information.value
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the loss by each effect at its strongest."""
    return kit.sentences(
        found,
        f"{len(settings.effects)} populations of {2 * settings.pairs} neurons received the same "
        f"spikes in {{windows}} windows: {len(EFFECTS)} effects, each at several strengths.",
        "Without an effect, the derived logistic neuron predicts the true firing probability. If "
        "its loss exceeds the information, it predicts worse than a constant probability.",
        *(
            f"{effect.summary.format(effect.strengths[-1])}. The derived neuron "
            f"loses {{bits_lost_{effect.key}[{settings.levels - 1}]:.2f}} bits per spike, and the "
            f"true probability carries {{information_{effect.key}:.2f}} bits."
            for effect in EFFECTS
        ),
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the potential under each effect at its strongest."""
    strongest = [effect(effect.strengths[-1]) for effect in EFFECTS]
    panels = [kit.panel(_draw_potential, result, settings, effect) for effect in strongest]
    panels[2].labels["ylabel"] = "membrane potential at the end of each window (mV)"
    panels[-1].labels["xlabel"] = "time (ms)"
    title = "The potential depends on more than the spikes sent in one window"
    page = kit.page(title, *panels, columns=1, size=(8.4, 9.6), sharex=True, legend=3)
    return {"potentials": page}


def _draw_potential(axes: kit.Axes, result: ns.Result, settings: Settings, effect: Effect) -> None:
    """Draw the potential of the first neuron, and the potential due to the spikes sent."""
    trials, last = trials_of(result, settings, effect), slice(-SHOWN, None)
    neuron, end = trials.unit.neuron, len(trials.fired)
    edges = trials.window * (np.arange(end - SHOWN, end + 1) + 0.5)
    middle, fired = edges[:-1] + trials.window / 2, trials.fired[last, 0]
    potential = effect.potential(trials)[last, 0]
    expected = neuron.v_rest + trials.expected[last, 0]
    low, high = np.min([potential, expected]) - 5.0, np.max([potential, expected]) + 8.0
    axes.stairs(potential, edges, baseline=expected, fill=True, color="#F0E442", label="difference")
    axes.stairs(expected, edges, baseline=None, color="0.6", lw=1.5, label="due to spikes sent")
    axes.stairs(potential, edges, baseline=None, color="k", lw=1.5, label="membrane potential")
    axes.vlines(middle[fired], potential[fired], high, color=kit.SPIKING, lw=2.0, label="spike")
    axes.axhline(neuron.v_threshold, color="0.45", lw=0.9, ls="--", label="soft threshold −55 mV")
    refractory = np.where(effect.refractory(trials)[last, 0], high, low)
    axes.stairs(refractory, edges, baseline=low, fill=True, color="0.9", zorder=-1,
                label="refractory")  # fmt: skip
    if effect.key == "feedback":
        other = middle[trials.fired[last, 1]]
        axes.plot(other, np.full(len(other), low + 2.0), "^", ms=6, color=ns.plot.EXCITATORY,
                  label="spike of the other neuron")  # fmt: skip
    axes.set(xlim=edges[[0, -1]], ylim=(low, high), title=effect.summary.format(effect.strength))


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the losses of derived and trained logistic neurons."""
    models = all_models(result, settings)
    measures: dict[str, kit.Measure] = {}
    for effect, (*_, model) in models.items():
        for key, (words, *_) in MODELS.items():
            label = "" if key == "trained" else f"{effect.name}: {words}"
            loss = replace(getattr(model, key), unit="", label=label)  # the unit is in the title
            measures[f"{effect.key}_largest_{key}"] = loss
    strongest = [each[-1] for each in models.values()]
    lost = [model.derived.value for model in strongest]
    conclusion = (
        f"At their strongest, the effects cost the derived neuron {max(min(lost), 0.0):.1f} to "
        f"{max(lost):.1f} bits per spike. After training with further predictors, at most "
        f"{max(model.extended.value for model in strongest):.2f} remain."
    )
    title = "Bits per spike that logistic neurons lose by each effect at its strongest"
    return kit.Comparison(title, measures, {"losses": partial(_draw_losses, models)}, conclusion)


def _draw_losses(models: dict[type[Effect], list[Models]]) -> kit.Figure:
    """Draw the losses by each effect, and the information in the true probability."""

    def draw(axes: kit.Axes, each: list[Models]) -> None:
        strength = [one.effect.strength for one in each]
        information = [one.information.value for one in each]
        label = "information in the true probability"
        axes.plot(strength, information, color="black", ls=":", lw=1.6, label=label)
        for key, (name, colour, marker) in MODELS.items():
            losses, label = [getattr(one, key) for one in each], f"{name}, 95 % interval"
            kit.draw_measures(axes, strength, losses, color=colour, marker=marker, label=label)
        axes.axhline(0.0, color="0.45", lw=0.8, zorder=0)

    panels = []
    for effect, each in models.items():
        title = f"{effect.name}\nblue: {effect.predictor_names}"
        panels.append(kit.panel(draw, each, xlabel=effect.axis, title=title))
    panels[0].labels["ylabel"] = panels[3].labels["ylabel"] = "loss (bits per spike)"
    title = "Further predictors recover most of what the logistic neuron loses"
    return kit.page(title, *panels, mosaic="AABBCC;.DDEE.", size=(9.8, 7.2), legend=2)


scenario = kit.lesson(__name__, row="S21", lectures=("L2",), duration=3000.0, dt=5.0)
