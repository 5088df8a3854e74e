"""Neurons that decide once a window, with five effects that the logistic neuron leaves out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from scenarios.artificial_neuron.metaphor_limits_effects import EFFECTS, Effect
from scenarios.artificial_neuron.metaphor_limits_trials import Input, Trials

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neurosim.scenario import RunOptions

NEURON = ns.LIF(tau_m=0.1, t_ref=0.0)
"""It forgets a window before the next one ends, and can fire in each."""
SHORTEST, LONGEST = 4.0, 10.0
"""Windows allowed (ms): of the shortest the neuron keeps e^−40, less than a float can tell."""
LEAST_WINDOWS = 100
LEAST_SPIKES = 20
MOST_SPIKES = 2_000_000
RECORDED = (0, 1)
"""Neurons of each population whose potential is recorded: the first pair."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    psps: tuple[float, ...] = field(
        default=(6.0, 5.0, 5.0, 4.0, 4.0, 3.0, 3.0, -3.0, -4.0, -5.0),
        metadata={"help": "peak of the potential that one spike makes", "unit": "mV"},
    )
    activity: float = field(
        default=0.4, metadata={"help": "probability of a spike at a synapse in a window"}
    )
    delta: float = field(
        default=2.0, metadata={"help": "width of the soft threshold", "unit": "mV"}
    )
    pairs: int = field(default=30, metadata={"help": "pairs of neurons for each strength"})
    jitter: tuple[float, ...] = field(
        default=(0.0, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0),
        metadata={"help": "standard deviation of the time at which a spike arrives", "unit": "ms"},
    )
    refractoriness: tuple[float, ...] = field(
        default=(0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0),
        metadata={"help": "windows for which a spike silences the neuron"},
    )
    carry_over: tuple[float, ...] = field(
        default=(0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8),
        metadata={"help": "share of the potential that a window leaves to the next"},
    )
    feedback: tuple[float, ...] = field(
        default=(0.0, 1.0, 2.0, 4.0, 6.0, 8.0, 10.0),
        metadata={"help": "potential that a spike of the pair's other neuron adds", "unit": "mV"},
    )
    adaptation: tuple[float, ...] = field(
        default=(0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0),
        metadata={"help": "potential that each own spike takes away", "unit": "mV"},
    )

    def __post_init__(self) -> None:
        if not self.psps or not all(abs(psp) <= 50.0 for psp in self.psps):
            raise ns.NeurosimError(
                f"psps = {', '.join(f'{psp:g}' for psp in self.psps)} mV: give one value or more, "
                "from -50 to 50 mV"
            )
        for name, unit, low, high in (
            ("activity", "", 0.001, 0.999),
            ("delta", " mV", 0.1, 50.0),
            ("pairs", "", 4, 10_000),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ns.NeurosimError(
                    f"{name} = {value:g}{unit} is outside {low:g} to {high:g}{unit}"
                )
        for effect in EFFECTS:
            effect.check(self.strengths(effect))

    def strengths(self, effect: Effect) -> tuple[float, ...]:
        """Return the strengths of an effect, from 0 up."""
        strengths: tuple[float, ...] = getattr(self, effect.key)
        return strengths

    @property
    def populations(self) -> Iterator[tuple[Effect, float]]:
        """Every effect with each of its strengths."""
        for effect in EFFECTS:
            for strength in self.strengths(effect):
                yield effect, strength

    def unit(self, effect: Effect, strength: float, window: float) -> bridge.SpikingUnit:
        """Return the neuron that an effect makes; with a strength of 0 it is logistic."""
        neuron = effect.neuron(NEURON, strength, window)
        return bridge.SpikingUnit(neuron, np.array(self.psps), bridge.EscapeNoise(self.delta))

    def input(self, seed: int, n_windows: int) -> Input:
        """Return the spikes sent to the neurons of every population."""
        return Input.drawn(seed, (n_windows, 2 * self.pairs, len(self.psps)), self.activity)


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe a population for each strength of each effect, all with the same input.

    One step is one window: the spikes of a window act together at its end, and there the neuron
    fires, or does not, with the probability that its potential sets.
    """
    given = settings.input(options.seed, _windows(settings, options))
    net = ns.Network()
    drives: dict[float, list[ns.SpikeTimes]] = {}
    for effect, strength in settings.populations:
        unit = settings.unit(effect, strength, options.dt)
        name = effect.population(strength)
        population = unit.add_to(net, name, 2 * settings.pairs, dt=options.dt)
        spread = effect.jitter(strength)
        if spread not in drives:
            drives[spread] = [ns.SpikeTimes(times) for times in given.times(spread, options.dt)]
        for psp, spikes in zip(unit.psps, drives[spread], strict=True):
            net.drive(population, spikes, psp=psp)
        effect.wire(net, population, strength, options.dt)
        net.record(population, "v", ids=RECORDED)
    return net


def _windows(settings: Settings, options: RunOptions) -> int:
    """Return how many windows there are; refuse windows that are unfit, too few or too many."""
    if not SHORTEST <= options.dt <= LONGEST:
        raise ns.NeurosimError(
            f"dt = {options.dt:g} ms is outside {SHORTEST:g} to {LONGEST:g} ms: a step is a window "
            "here, and the membrane is to forget each before the next one ends"
        )
    n_windows = math.floor(options.duration / options.dt + 1e-6)
    if n_windows < LEAST_WINDOWS:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms holds {n_windows} windows of {options.dt:g} ms: "
            f"give {LEAST_WINDOWS * options.dt:g} ms or more"
        )
    n_places = n_windows * 2 * settings.pairs * len(settings.psps)
    if n_places > MOST_SPIKES:
        raise ns.NeurosimError(
            f"{n_windows} windows of {2 * settings.pairs} neurons with {len(settings.psps)} "
            f"synapses hold up to {n_places:,} spikes: give fewer pairs or a shorter duration, for "
            f"at most {MOST_SPIKES:,}"
        )
    return n_windows


@dataclass(frozen=True, eq=False)
class Outcome:
    """What all populations of a run did.

    Attributes
    ----------
    result : Result
    settings : Settings
    """

    result: ns.Result
    settings: Settings

    @cached_property
    def input(self) -> Input:
        """The spikes that were sent: the same for all populations."""
        n_windows = math.floor(self.result.duration / self.result.dt + 1e-6)
        return self.settings.input(self.result.seed, n_windows)

    def trials(self, effect: Effect, strength: float) -> Trials:
        """Return what a population was sent, what reached it, and when it fired."""
        window, given = self.result.dt, self.input
        name = effect.population(strength)
        trains = self.result.spikes[name]
        fired = np.zeros(given.sent.shape[:2], dtype=bool)
        fired[np.rint(trains.times / window).astype(int) - 1, trains.ids] = True
        if not LEAST_SPIKES <= len(trains) <= fired.size - LEAST_SPIKES:
            raise ns.NeurosimError(
                f"the neurons of {name} fired {len(trains):,} times in {fired.size:,} windows, too "
                "seldom or too often to learn from: change psps, activity or delta, or run longer"
            )
        return Trials(
            unit=self.settings.unit(effect, strength, window),
            window=window,
            strength=strength,
            sent=given.sent,
            arrived=given.arrived(effect.jitter(strength), window),
            fired=fired,
        )

    def potential_error(self) -> float:
        """Return how far recorded potentials are from those of the neurons' law, at most (mV).

        Windows with a spike are left out: there the trace is already at reset.
        """
        worst = 0.0
        for effect, strength in self.settings.populations:
            trials = self.trials(effect, strength)
            recorded = self.result.traces[effect.population(strength), "v"]
            off = np.abs(recorded.values - effect.potential(trials)[:, recorded.ids])
            worst = max(worst, float(off[~trials.fired[:, recorded.ids]].max(initial=0.0)))
        return worst
