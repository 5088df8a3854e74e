"""Spikes of a fitted neuron that runs freely, and their coincidence with recorded ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neurosim as ns
from bridge.evaluation.measures import coincidence_factor
from bridge.recordings.fitting.forced import equations_of
from bridge.recordings.fitting.objective import Objective, initial_states
from bridge.recordings.fitting.recording import CurrentClamp
from bridge.recordings.fitting.space import Free
from neurosim import NeurosimError

Floats = NDArray[np.float64]

THRESHOLDS = 61
"""Number of thresholds that are tried."""
REACH = 6.0
"""Largest change of the threshold (mV)."""
GAIN = 0.02
"""Smallest increase of the coincidence factor for which the threshold is changed."""
MOST_PAIRS = 90
"""Number of pairs of trials in the reliability."""


def is_random(neuron: Any) -> bool:
    """Whether a neuron fires at random."""
    return neuron.escape is not None or hasattr(equations_of(neuron), "hazard")


def driven(neuron: Any, data: CurrentClamp, size: int) -> tuple[ns.Network, ns.Population]:
    """Return a network of neurons that receive the recorded current."""
    net = ns.Network()
    cells = net.add("neuron", size, neuron, initial=initial_states(neuron, data))
    net.drive(cells, ns.CurrentWaveform(data.current, interval=data.dt))
    return net, cells


def free_spikes(neuron: Any, data: CurrentClamp, trials: int, seed: int) -> list[Floats]:
    """Return the spike times of neurons that run freely (ms)."""
    net, _ = driven(neuron, data, trials)
    result = ns.simulate(net, data.duration, dt=data.dt, seed=seed, progress=False)
    return [result.spikes["neuron"].of(k) for k in range(trials)]


def gamma(recorded: Floats, model: Floats, duration: float, window: float) -> float:
    """Return the coincidence factor; NaN if it is not defined."""
    try:
        return coincidence_factor(recorded, np.unique(model), duration=duration, window=window)
    except NeurosimError:
        return math.nan


def coincidence(
    trains: list[Floats], data: CurrentClamp, first: float, window: float
) -> tuple[float, float]:
    """Return the mean coincidence factor with the recorded spikes, and that between trials.

    Parameters
    ----------
    trains : list of ndarray
        Spike times of each trial (ms).
    data : CurrentClamp
    first : float
        Start of the part in which spikes are compared (ms).
    window : float
        ms.
    """
    duration = data.duration - first
    recorded, *models = (train[train > first] - first for train in (data.spike_times, *trains))
    found = float(np.mean([gamma(recorded, model, duration, window) for model in models]))
    if len(models) == 1:
        return found, 1.0
    pairs = list(permutations(models, 2))[:MOST_PAIRS]
    return found, float(np.mean([gamma(one, other, duration, window) for one, other in pairs]))


def best_threshold(
    neuron: Any, objective: Objective, fitted: Mapping[str, float], window: float
) -> dict[str, float]:
    """Return the threshold at which the freely running neuron coincides best with the recording.

    The result is empty if the threshold was not fitted, the neuron fires at random, or no other
    threshold is clearly better.
    """
    name = equations_of(neuron).threshold
    if name not in fitted or is_random(neuron):
        return {}
    value, data = fitted[name], objective.data
    shifts = np.linspace(-REACH, REACH, THRESHOLDS)
    free = next(one for one in objective.space.free if one.label == name)
    factors = np.full(THRESHOLDS, -np.inf)
    valid = [k for k in range(THRESHOLDS) if _is_valid(neuron, name, value + shifts[k], free)]
    candidates = replace(neuron, **{name: value + shifts[valid]})
    trains = free_spikes(candidates, data, len(valid), 0)
    recorded = data.spike_times
    factors[valid] = [gamma(recorded, train, data.duration, window) for train in trains]
    factors[np.isnan(factors)] = -np.inf
    middle = THRESHOLDS // 2
    best = max(range(THRESHOLDS), key=lambda k: (round(float(factors[k]), 6), -abs(k - middle)))
    better = factors[best] > max(factors[middle], -1e9) + GAIN
    return {name: float(value + shifts[best])} if better else {}


def _is_valid(neuron: Any, name: str, value: float, free: Free) -> bool:
    """Whether a neuron can have a value of a parameter."""
    if not free.low <= value <= free.high:
        return False
    try:
        replace(neuron, **{name: float(value)})
    except NeurosimError:
        return False
    return True
