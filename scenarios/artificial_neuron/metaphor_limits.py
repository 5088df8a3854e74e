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

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

import bridge
import neurosim as ns
from scenarios import _kit as kit
from scenarios.artificial_neuron.metaphor_limits_effects import EFFECTS, Effect, Trials

# Allowed windows (ms). After the shortest, e⁻⁴⁰ of the potential remains: less than rounding.
SHORTEST, LONGEST = 4.0, 10.0
LEAST_WINDOWS, LEAST_SPIKES, MOST_INPUTS = 100, 20, 2_000_000
# Windows in the figure of potentials.
SHOWN = 30
# A penalty without effect, except where a past spike excludes a spike with certainty.
RIDGE = 1e-6
MODELS = (
    ("derived", kit.LOGISTIC, "o", "derived from the PSPs"),
    ("trained", kit.TRAINED, "s", "trained on input and spikes"),
    ("extended", "#56B4E9", "D", "trained with the predictors above"),
)
"""Logistic neurons: attribute of `Models`, colour, marker and name."""


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    psps: tuple[float, ...] = kit.setting(
        (6.0, 5.0, 5.0, 4.0, 4.0, 3.0, 3.0, -3.0, -4.0, -5.0), "mV", -50.0, 50.0,
        "peak of each PSP", length=(1, 50),
    )  # fmt: skip
    activity: float = kit.setting(
        0.4, "", 0.001, 0.999, "probability of a spike at a synapse in a window"
    )
    delta: float = kit.setting(2.0, "mV", 0.1, 50.0, "width of the soft threshold")
    pairs: int = kit.setting(30, "", 4, 10_000, "pairs of neurons at each strength")
    levels: int = kit.setting(7, "", 2, 7, "strengths of each effect, from none to the strongest")

    def strengths(self, effect: Effect) -> tuple[float, ...]:
        """Return the strengths of an effect."""
        chosen = np.linspace(0, len(effect.strengths) - 1, self.levels).round().astype(int)
        return tuple(effect.strengths[k] for k in chosen)

    @property
    def populations(self) -> Iterator[tuple[Effect, float]]:
        """All effects with each of their strengths."""
        return ((effect, strength) for effect in EFFECTS for strength in self.strengths(effect))

    def unit(self, effect: Effect, strength: float, window: float) -> bridge.SpikingUnit:
        """Return the neuron with an effect."""
        neuron = effect.neuron(strength, window)
        return bridge.SpikingUnit(neuron, np.array(self.psps), bridge.EscapeNoise(self.delta))

    def sent(self, seed: int, n_windows: int) -> tuple[kit.Bools, kit.Floats]:
        """Draw the spikes sent to every population, and standard normal deviations in time.

        Returns
        -------
        sent, deviation : (n_windows, n_neurons, n_synapses) ndarray
        """
        spikes, times = np.random.default_rng(seed).spawn(2)
        shape = n_windows, 2 * self.pairs, len(self.psps)
        return spikes.random(shape) < self.activity, times.standard_normal(shape)


def arrivals(sent: kit.Bools, deviation: kit.Floats, window: float) -> kit.Floats:
    """Count the spikes that arrive in each window.

    Parameters
    ----------
    sent : (n_windows, n_neurons, n_synapses) ndarray of bool
        Without deviation, the spikes of window k arrive at (k + 1)·window.
    deviation : (n_windows, n_neurons, n_synapses) ndarray
        Time by which each spike is late (ms).
    window : float
        ms.

    Returns
    -------
    (n_windows, n_neurons, n_synapses) ndarray
        Spikes that arrive outside the run are omitted.
    """
    k, neuron, synapse = np.nonzero(sent)
    arrived = np.rint(((k + 1) * window + deviation[sent]) / window).astype(int) - 1
    inside = (arrived >= 0) & (arrived < len(sent))
    counts = np.zeros(sent.shape)
    np.add.at(counts, (arrived[inside], neuron[inside], synapse[inside]), 1.0)
    return counts


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a population for each strength of each effect, all with the same spikes sent."""
    window, n_windows = options.dt, _windows(options.duration, options.dt)
    _check(settings, window, n_windows)
    sent, deviation = settings.sent(options.seed, n_windows)
    ends = window * np.arange(1, n_windows + 1)
    net = ns.Network()
    for effect, strength in settings.populations:
        unit = settings.unit(effect, strength, window)
        population = unit.add_to(net, effect.at(strength), 2 * settings.pairs, dt=window)
        arrived = arrivals(sent, effect.jitter(strength) * deviation, window).astype(int)
        for psp, counts in zip(unit.psps, arrived.transpose(2, 1, 0), strict=True):
            spikes = ns.SpikeTimes([np.repeat(ends, count) for count in counts])
            net.drive(population, spikes, psp=psp)
        effect.connect(net, population, strength, window)
        net.record(population, "v", ids=[0, 1])
    return net


def _windows(duration: float, window: float) -> int:
    """Return the number of complete windows."""
    return int(duration / window + 1e-6)


def _check(settings: Settings, window: float, n_windows: int) -> None:
    """Raise an error if windows are unsuitable, too few or too many."""
    if not SHORTEST <= window <= LONGEST:
        raise ns.NeurosimError(
            f"dt = {window:g} ms is outside {SHORTEST:g} to {LONGEST:g} ms: a step is a window, "
            "in which the potential must decay"
        )
    n_inputs = n_windows * 2 * settings.pairs * len(settings.psps)
    if n_windows < LEAST_WINDOWS or n_inputs > MOST_INPUTS:
        raise ns.NeurosimError(
            f"{n_windows} windows of {window:g} ms for {settings.pairs} pairs with "
            f"{len(settings.psps)} synapses: give at least {LEAST_WINDOWS} windows, and at most "
            f"{MOST_INPUTS:,} inputs in all (2 × pairs × synapses × windows)"
        )


def trials_of(result: ns.Result, settings: Settings, effect: Effect, strength: float) -> Trials:
    """Return the input and the spikes of one population."""
    window = result.dt
    sent, deviation = settings.sent(result.seed, _windows(result.duration, window))
    trains = result.spikes[effect.at(strength)]
    fired = np.zeros(sent.shape[:2], dtype=bool)
    fired[np.rint(trains.times / window).astype(int) - 1, trains.ids] = True
    if not LEAST_SPIKES <= len(trains) <= fired.size - LEAST_SPIKES:
        raise ns.NeurosimError(
            f"the neurons of {effect.at(strength)} fired {len(trains):,} times in {fired.size:,} "
            "windows, too rarely or too often for training: change psps, activity or delta, or "
            "run longer"
        )
    arrived = arrivals(sent, effect.jitter(strength) * deviation, window)
    unit = settings.unit(effect, strength, window)
    return Trials(unit, window, strength, sent.astype(float), arrived, fired)


@dataclass(frozen=True, eq=False)
class Models:
    """True firing probability and logistic neurons of one population.

    Losses are in bits per spike relative to the true probability. Their intervals are computed from
    the variance between pairs of neurons, which are independent.

    Attributes
    ----------
    effect : Effect
    trials : Trials
    """

    effect: Effect
    trials: Trials

    @cached_property
    def fired(self) -> kit.Bools:
        """Spikes by trial: all neurons in the first window, then in the next."""
        return self.trials.fired.ravel()

    @cached_property
    def true(self) -> kit.Floats:
        """True firing probability by trial."""
        return self.effect.probability(self.trials).ravel()

    @cached_property
    def predicted(self) -> kit.Floats:
        """Firing probability of the derived logistic neuron by trial."""
        return bridge.to_logistic(self.trials.unit).probability(self.trials.sent).ravel()

    @cached_property
    def pairs(self) -> np.ndarray:
        """Index of the pair of neurons by trial."""
        n_windows, n_neurons = self.trials.fired.shape
        return np.tile(np.arange(n_neurons) // 2, n_windows)

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
        columns = self.trials.sent, self.effect.predictors(self.trials)
        return self._trained_loss(np.concatenate(columns, axis=-1))

    def _trained_loss(self, columns: kit.Floats) -> kit.Measure:
        """Return the loss without bias by overfitting.

        One neuron is trained on the even pairs, one on the odd pairs. Each trial is evaluated by
        both. To first order, the optimism on training trials and the pessimism on others cancel.
        """
        X = columns.reshape(len(self.fired), -1)
        seen, unseen = np.empty(len(X)), np.empty(len(X))
        for half in (0, 1):
            used = self.pairs % 2 == half
            neuron = bridge.LogisticNeuron(solver="newton", ridge=RIDGE)
            probability = neuron.fit(X[used], self.fired[used]).predict_proba(X)[:, 1]
            seen[used], unseen[~used] = probability[used], probability[~used]
        fired, true, pairs = (np.tile(each, 2) for each in (self.fired, self.true, self.pairs))
        return bridge.bits_per_spike(fired, true, pairs, over=np.concatenate([seen, unseen]))


def all_models(result: ns.Result, settings: Settings) -> dict[Effect, list[Models]]:
    """Return the models of all populations, by effect, in order of strength."""
    return {
        effect: [
            Models(effect, trials_of(result, settings, effect, strength))
            for strength in settings.strengths(effect)
        ]
        for effect in EFFECTS
    }


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the loss of the derived logistic neuron at all strengths."""
    found: kit.Findings = {"windows": _windows(result.duration, result.dt)}
    for effect, models in all_models(result, settings).items():
        losses = [model.derived for model in models]
        found[f"strengths_{effect.key}"] = settings.strengths(effect)
        found[f"bits_lost_{effect.key}"] = [loss.value for loss in losses]
        found[f"interval_{effect.key}"] = [losses[-1].low, losses[-1].high]
        found[f"information_{effect.key}"] = models[-1].information.value
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the loss by each effect at its strongest."""
    return [
        f"{len(EFFECTS) * settings.levels} populations of {2 * settings.pairs} neurons received "
        f"the same random spikes in {found['windows']} windows: {len(EFFECTS)} effects, each at "
        "several strengths.",
        "Without an effect, the derived logistic neuron predicts the true firing probability. If "
        "its loss exceeds the information, it predicts worse than a constant probability.",
        *(
            f"At {effect.at(effect.strengths[-1])}, the derived neuron loses "
            + kit.estimate(
                found[f"bits_lost_{effect.key}"][-1], found[f"interval_{effect.key}"],
                "bits per spike", 2,
            )
            + f"; the true probability carries {found[f'information_{effect.key}']:.2f} bits."
            for effect in EFFECTS
        ),
    ]  # fmt: skip


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the potential under each effect at its strongest."""
    panels = []
    for effect in EFFECTS:
        strength = settings.strengths(effect)[-1]
        trials = trials_of(result, settings, effect, strength)
        trace = result.traces[effect.at(strength), "v"].of(0)
        title = effect.summary.format(strength)
        panels.append(kit.panel(_draw_potential, effect, trials, trace, title=title))
    panels[2].labels["ylabel"] = "membrane potential at the end of each window (mV)"
    panels[-1].labels["xlabel"] = "time (ms)"
    title = "The potential depends on more than the spikes sent in one window"
    page = kit.page(title, *panels, columns=1, size=(8.4, 9.6), sharex=True, legend=3)
    return {"potentials": page}


def _draw_potential(axes: kit.Axes, effect: Effect, trials: Trials, trace: kit.Floats) -> None:
    """Draw the potential of the first neuron, and the potential due to the spikes sent."""
    n_windows, neuron = len(trials.fired), trials.unit.neuron
    last = slice(n_windows - SHOWN, None)
    edges = trials.window * (np.arange(n_windows - SHOWN, n_windows + 1) + 0.5)
    middle, fired = edges[:-1] + trials.window / 2, trials.fired[last, 0]
    # A trace has been reset at the end of windows with a spike.
    potential = np.where(fired, effect.potential(trials)[last, 0], trace[last])
    expected = neuron.v_rest + trials.expected[last, 0]
    low = min(potential.min(), expected.min()) - 5.0
    high = max(potential.max(), expected.max()) + 8.0
    axes.stairs(potential, edges, baseline=expected, fill=True, color="#F0E442", label="difference")
    for values, colour, label in (
        (expected, "0.6", "due to the spikes sent in the window"),
        (potential, "black", "membrane potential"),
    ):
        axes.stairs(values, edges, baseline=None, color=colour, lw=1.5, label=label)
    axes.vlines(middle[fired], potential[fired], high, color=kit.SPIKING, lw=2.0, label="spike")
    axes.axhline(neuron.v_threshold, color="0.45", lw=0.9, ls="--", label="soft threshold −55 mV")
    refractory = effect.refractory(trials)[last, 0]
    axes.stairs(np.where(refractory, high, low), edges, baseline=low, fill=True, color="0.9",
                zorder=-1)  # fmt: skip
    if effect.key == "feedback":
        other = middle[trials.fired[last, 1]]
        axes.plot(other, np.full(len(other), low + 2.0), "^", ms=6, color=ns.plot.EXCITATORY)
    axes.set(xlim=(edges[0], edges[-1]), ylim=(low, high))


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the losses of derived and trained logistic neurons."""
    models = all_models(result, settings)
    measures: dict[str, kit.Measure] = {}
    for key, index, words in (
        ("agreement", 0, "no effect"),
        ("agreement_largest", -1, "strongest"),
    ):
        true = np.concatenate([each[index].true for each in models.values()])
        predicted = np.concatenate([each[index].predicted for each in models.values()])
        same = bridge.agreement(true > 0.5, predicted > 0.5)
        measures[key] = same.labelled(f"Decisions as true (p > 1/2), {words}")
    for effect, (*_, model) in models.items():
        trained, name = f"{model.trained.value:.2f} after training", effect.name.capitalize()
        key = f"{effect.key}_largest"
        # The unit is in the title.
        losses = {
            one: replace(getattr(model, one), unit="") for one in ("derived", "trained", "extended")
        }
        measures[f"{key}_trained"] = losses["trained"]
        measures |= kit.rows(
            {},
            (f"{key}_derived", f"{name}: derived from the PSPs | {trained}", losses["derived"]),
            (f"{key}_extended", f"{name}: further predictors | {effect.predictor_names}",
             losses["extended"]),
        )  # fmt: skip
    derived = [each[-1].derived.value for each in models.values()]
    remaining = {each[-1].extended.value: effect.name for effect, each in models.items()}
    worst = max(remaining)
    conclusion = (
        f"At their strongest, the effects cost the derived neuron {min(derived):.1f} to "
        f"{max(derived):.1f} bits per spike. After training with further predictors, at most "
        f"{worst:.2f} remain ({remaining[worst]})."
    )
    title = "Bits per spike that logistic neurons lose by each effect at its strongest"
    drawings = {"losses": partial(_draw_losses, models)}
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_losses(models: dict[Effect, list[Models]]) -> kit.Figure:
    """Draw the losses against the strength of each effect."""
    panels = [
        kit.panel(
            _draw_effect, each, xlabel=effect.axis,
            title=f"{effect.name.capitalize()}\nblue: {effect.predictor_names}",
        )
        for effect, each in models.items()
    ]  # fmt: skip
    panels[0].labels["ylabel"] = panels[3].labels["ylabel"] = "loss (bits per spike)"
    title = "Further predictors recover most of what the logistic neuron loses"
    return kit.page(title, *panels, mosaic="AABBCC;.DDEE.", size=(9.8, 7.2), legend=2)


def _draw_effect(axes: kit.Axes, each: list[Models]) -> None:
    """Draw the losses by one effect, and the information in the true probability."""
    strength = [model.trials.strength for model in each]
    information = [model.information.value for model in each]
    label = "information in the true probability"
    axes.plot(strength, information, color="black", ls=":", lw=1.6, label=label)
    for name, colour, marker, label in MODELS:
        losses = [getattr(model, name) for model in each]
        label = f"{label}, 95 % interval"
        kit.draw_measures(axes, strength, losses, color=colour, marker=marker, label=label)
    axes.axhline(0.0, color="0.45", lw=0.8, zorder=0)


scenario = kit.lesson(__name__, row="S21", lectures=("L2",), duration=3000.0, dt=5.0)
