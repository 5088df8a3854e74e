"""Trials of the playground: spikes of the neuron, and probabilities of its logistic unit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

import bridge
from scenarios import _kit as kit

if TYPE_CHECKING:
    import neurosim as ns
    from scenarios.networks.playground import Settings


@dataclass(frozen=True, eq=False)
class Points:
    """Trials grouped by the potential that their input reaches.

    Attributes
    ----------
    potential : (n_points,) ndarray
        Without noise (mV).
    trials, spikes : (n_points,) ndarray
        Counts.
    probability : (n_points,) ndarray
        Of a spike, by the logistic unit.
    """

    potential: kit.Floats
    trials: kit.Integers
    spikes: kit.Integers
    probability: kit.Floats

    @property
    def fraction(self) -> kit.Floats:
        """Fraction of trials with a spike."""
        return self.spikes / self.trials

    @property
    def interval(self) -> kit.Floats:
        """95 % interval of the fraction, shape (2, n_points)."""
        return np.stack(bridge.wilson_interval(self.spikes, self.trials))


class Trials:
    """Trials of the neuron, and the logistic unit that corresponds to it.

    Parameters
    ----------
    result : Result
    settings : Settings

    Attributes
    ----------
    unit, logistic : SpikingUnit and LogisticUnit
    active : (n_trials, n_synapses) ndarray
        1 for a synapse with a spike, else 0.
    fired : (n_trials,) ndarray of bool
    times : (n_times,) ndarray
        Sampling times within a trial (ms).
    traces : (n_times, n_shown) ndarray
        Membrane potential in the last trials (mV).
    period : float
        Duration of a trial (ms).
    """

    def __init__(self, result: ns.Result, settings: Settings) -> None:
        self.settings, self.unit = settings, settings.unit
        self.logistic = bridge.to_logistic(self.unit)
        self.active, _ = settings.draw(result.seed)
        self.fired = result.spikes["neuron"].counts() > 0
        trace = result.traces["neuron", "v"]
        self.times, self.traces, self.period = trace.times, trace.with_spikes(), result.duration

    @property
    def shown(self) -> int:
        """Number of trials whose potential was recorded: the last ones."""
        return self.traces.shape[1]

    @cached_property
    def points(self) -> Points:
        """The trials, grouped by potential."""
        potential = np.round(self.unit.neuron.v_rest + self.unit.potential(self.active), 9)
        distinct, first, group, trials = np.unique(
            potential, return_index=True, return_inverse=True, return_counts=True
        )
        spikes = np.bincount(group[self.fired], minlength=len(distinct))
        return Points(distinct, trials, spikes, self.logistic.probability(self.active[first]))

    @property
    def count(self) -> kit.Measure:
        """Fraction of all trials with a spike."""
        return bridge.agreement(self.fired, np.ones_like(self.fired))

    @cached_property
    def expected(self) -> float:
        """Firing probability of the logistic unit, averaged over all possible inputs."""
        inputs = np.array(self.settings.inputs)
        patterns = np.array(list(product((0.0, 1.0), repeat=len(inputs))))
        weight = np.where(patterns > 0.0, inputs, 1.0 - inputs).prod(axis=1)
        return float(weight @ self.logistic.probability(patterns))
