"""Trials of the playground: spikes of the neuron, and probabilities of its logistic unit."""

from __future__ import annotations

from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import bridge
from scenarios import _kit as kit

if TYPE_CHECKING:
    import neurosim as ns
    from scenarios.networks.playground import Settings


class Points(NamedTuple):
    """Trials grouped by the potential that their input reaches.

    Attributes
    ----------
    potential : (n_points,) ndarray
        Without noise (mV).
    trials : (n_points,) ndarray
        Number of trials.
    fraction, probability : (n_points,) ndarray
        Fraction of trials with a spike, and its probability by the logistic unit.
    interval : (2, n_points) ndarray
        95 % interval of the fraction.
    """

    potential: kit.Floats
    trials: kit.Integers
    fraction: kit.Floats
    probability: kit.Floats
    interval: kit.Floats


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
        potential = self.unit.neuron.v_rest + self.unit.potential(self.active)
        values, spikes, trials = kit.pool_trials(potential, self.fired[:, np.newaxis])
        probability = self.unit.noise.firing_probability(values - self.settings.v_threshold)
        interval = np.stack(bridge.wilson_interval(spikes, trials))
        return Points(values, trials, spikes / trials, probability, interval)

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
