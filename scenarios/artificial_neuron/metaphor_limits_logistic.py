"""What logistic neurons lose, in bits per spike, against the law of the spiking neuron itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

import bridge
from scenarios.artificial_neuron.metaphor_limits_effects import EFFECTS
from scenarios.artificial_neuron.metaphor_limits_model import Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    import neurosim as ns
    from scenarios.artificial_neuron.metaphor_limits_effects import Effect
    from scenarios.artificial_neuron.metaphor_limits_model import Settings
    from scenarios.artificial_neuron.metaphor_limits_trials import Trials

RIDGE = 1e-6
"""Nothing beside what trials tell, but enough where a spike forbids another for certain."""
MODELS = (
    ("derived", "#000000", "o", "derived from the synapses"),
    ("trained", "#CC79A7", "s", "trained on input and spikes"),
    ("told", "#009E73", "D", "trained, and told what it lacks"),
)
"""Logistic neurons: attribute of `Rivals`, colour, marker and name of each."""


@dataclass(frozen=True, eq=False)
class Rivals:
    """Logistic neurons beside the law of one population's neurons.

    A loss is what the law of the neuron, which knows its potential, gains in log-likelihood over a
    logistic neuron. Its 95 % interval is taken between pairs of neurons, as these are independent.

    One logistic neuron is trained on half of the pairs, another on the other half. Each trial is
    judged by both, by the one that has seen it and by the one that has not: what the first is too
    good by, the second is too bad by, so that on average there is no loss where there is none.

    Attributes
    ----------
    effect : Effect
    trials : Trials
    """

    effect: Effect
    trials: Trials

    @property
    def fired(self) -> NDArray[np.bool_]:
        """Whether the neuron fired, by trial: window by window, all neurons in each."""
        return self.trials.fired.ravel()

    @cached_property
    def law(self) -> NDArray[np.float64]:
        """Probability to fire of every trial by the law of the neuron itself."""
        return self.effect.probability(self.trials).ravel()

    @cached_property
    def twin(self) -> NDArray[np.float64]:
        """Probability to fire of every trial by the logistic neuron derived from the synapses."""
        return bridge.to_logistic(self.trials.unit).probability(self.trials.sent).ravel()

    @property
    def pairs(self) -> NDArray[np.int64]:
        """The pair of neurons to which each trial belongs."""
        n_windows, n_neurons = self.trials.fired.shape
        return np.tile(np.arange(n_neurons) // 2, n_windows)

    @property
    def deviation(self) -> float:
        """How many more spikes there are than the law expects, in standard deviations."""
        variance = (self.law * (1.0 - self.law)).sum()
        return float((self.fired - self.law).sum() / np.sqrt(variance))

    @cached_property
    def known(self) -> bridge.Measure:
        """What the law of the neuron tells over a constant probability (bits per spike)."""
        return bridge.bits_per_spike(self.fired, self.law, self.pairs)

    @cached_property
    def derived(self) -> bridge.Measure:
        """Loss of the logistic neuron derived from the synapses."""
        return bridge.bits_per_spike(self.fired, self.law, self.pairs, over=self.twin)

    @cached_property
    def trained(self) -> bridge.Measure:
        """Loss of a logistic neuron trained on the input and the spikes."""
        return self._loss(self.trials.sent)

    @cached_property
    def told(self) -> bridge.Measure:
        """Loss of a logistic neuron trained on the columns that it lacked as well."""
        columns = self.effect.columns(self.trials)
        return self._loss(np.concatenate([self.trials.sent, columns], axis=-1))

    def _loss(self, columns: NDArray) -> bridge.Measure:
        X = columns.reshape(len(self.fired), -1).astype(float)
        seen, fresh = np.empty(len(X)), np.empty(len(X))
        for half in (0, 1):
            own = self.pairs % 2 == half
            neuron = bridge.LogisticNeuron(solver="newton", ridge=RIDGE)
            probability = neuron.fit(X[own], self.fired[own]).predict_proba(X)[:, 1]
            seen[own], fresh[~own] = probability[own], probability[~own]
        fired, law, pairs = (np.tile(each, 2) for each in (self.fired, self.law, self.pairs))
        return bridge.bits_per_spike(fired, law, pairs, over=np.concatenate([seen, fresh]))


def rivals(outcome: Outcome) -> dict[Effect, list[Rivals]]:
    """Return the logistic neurons for every strength of every effect."""
    return {
        effect: [
            Rivals(effect, outcome.trials(effect, strength))
            for strength in outcome.settings.strengths(effect)
        ]
        for effect in EFFECTS
    }


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set what logistic neurons lose beside what the law of the spiking neuron tells."""
    found = rivals(Outcome(result, settings))
    measures = _agreement(found)
    for effect, each in found.items():
        for place, rival in (
            ("zero", each[0]),
            ("middle", each[len(each) // 2]),
            ("largest", each[-1]),
        ):
            measures |= _losses(effect, place, rival)
    return bridge.Comparison(
        title="Bits per spike that logistic neurons lose against the law of the spiking neuron",
        measures=measures | _bounds(found),
        drawings={"losses": partial(_draw_losses, found, result.dt)},
    )


def _losses(effect: Effect, place: str, rival: Rivals) -> dict[str, bridge.Measure]:
    """Return the losses at one strength, and at the strongest all that the law tells."""
    key, strength = f"{effect.key}_{place}", effect.at(rival.trials.strength)
    measures = {
        f"{key}_derived": replace(rival.derived, note=f"{strength}; from the synapses"),
        f"{key}_trained": replace(rival.trained, note=f"{strength}; on the spikes"),
    }
    if place != "zero":
        measures[f"{key}_told"] = replace(rival.told, note=f"{strength}; {effect.told}")
        measures[f"{key}_law"] = replace(rival.known, note=f"{strength}; all that the law tells")
    return measures


def _agreement(found: dict[Effect, list[Rivals]]) -> dict[str, bridge.Measure]:
    """Return how often law and derived logistic neuron fall on the same side of p = 1/2."""
    measures = {}
    for key, place, words in (
        ("agreement", 0, "all effects off"),
        ("agreement_largest", -1, "each at its strongest"),
    ):
        law = np.concatenate([each[place].law for each in found.values()])
        twin = np.concatenate([each[place].twin for each in found.values()])
        note = f"{words}: law and derived on the same side of p = 1/2"
        measures[key] = replace(bridge.agreement(law > 0.5, twin > 0.5), note=note)
    return measures


def _bounds(found: dict[Effect, list[Rivals]]) -> dict[str, bridge.Measure]:
    """Return the largest error of probability by weak carry-over, beside its bound."""
    measures = {}
    for effect, each in found.items():
        for rival in each[1:3] if effect.key == "carry_over" else ():
            trials = rival.trials
            rows = trials.sent.reshape(-1, trials.sent.shape[-1])
            bound = bridge.validity(trials.unit, rows, window=trials.window).error
            off = float(np.abs(rival.law - rival.twin).max())
            note = f"of the derived; bridge.validity allows {bound:.3g}"
            measures[f"carry_over_{trials.strength:g}_error"] = bridge.Measure(off, note=note)
    return measures


def _draw_losses(found: dict[Effect, list[Rivals]], window: float) -> Figure:
    """Draw the losses against the strength of each effect, and what mends the strongest."""
    from neurosim import plot

    fig = plot.figure(10.0, 7.0)
    *grid, last = plot.panels(fig, 2, 3)
    with plot.style():
        for axes, (effect, each) in zip(grid, found.items(), strict=True):
            _draw_loss(axes, effect, each)
        for axes in (grid[0], grid[3]):
            axes.set_ylabel("bits lost per spike")
        _draw_mended(last, found)
        fig.suptitle(f"a window lasts {window:g} ms; bars: 95 % intervals", fontsize=10)
        handles, labels = grid[0].get_legend_handles_labels()
        more, words = last.get_legend_handles_labels()
        fig.legend(handles + more, labels + words, loc="outside lower center", ncols=4)
    return fig


def _draw_loss(axes: Axes, effect: Effect, each: list[Rivals]) -> None:
    """Draw the losses by one effect, and all that there is to lose."""
    strength = np.array([rival.trials.strength for rival in each])
    known = [rival.known.value for rival in each]
    words = "all that the neuron's own law tells"
    axes.plot(strength, known, color="0.75", lw=4, zorder=0, label=words)
    for model, colour, marker, words in MODELS:
        measures = [getattr(rival, model) for rival in each]
        value = np.array([measure.value for measure in measures])
        ends = np.array([(measure.low, measure.high) for measure in measures])
        look: dict[str, Any] = {"color": colour, "marker": marker, "ms": 4.5, "capsize": 2}
        axes.errorbar(strength, value, np.abs(ends.T - value), label=words, **look)
    axes.axhline(0.0, color="0.45", lw=0.8, zorder=0)
    axes.set(xlabel=effect.axis, title=effect.name)


def _draw_mended(axes: Axes, found: dict[Effect, list[Rivals]]) -> None:
    """Draw what of each loss at the strongest training mends, and what telling."""
    parts = (
        ("loss mended by training", MODELS[1][1]),
        ("loss mended by telling", MODELS[2][1]),
        ("loss that is left", MODELS[0][1]),
    )
    for place, (effect, each) in enumerate(found.items()):
        ends = [getattr(each[-1], model).value for model, *_ in MODELS] + [0.0]
        for (words, colour), high, low in zip(parts, ends, ends[1:], strict=False):
            label = words if place == 0 else None
            axes.barh(place + 0.2, high - low, 0.4, left=low, color=colour, label=label)
        axes.text(0.08, place - 0.15, f"told: {effect.told}", va="center", fontsize=8.5)
    axes.set_yticks(np.arange(len(found)) + 0.2, [effect.name for effect in found])
    axes.set_ylim(len(found) - 0.5, -0.45)
    axes.set(xlabel="bits lost per spike at the strongest", title="what mends it")
