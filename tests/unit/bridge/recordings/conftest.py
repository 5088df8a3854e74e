"""Recordings of neurons whose parameters are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

import neurosim as ns

DT = 0.1


@dataclass(frozen=True, eq=False)
class Recorded:
    """A simulated current-clamp recording."""

    current: NDArray[np.float64]
    trace: ns.Trace
    spikes: NDArray[np.float64]

    def noisy(self, rng: np.random.Generator, sd: float) -> ns.Trace:
        """Return the potential with measurement noise."""
        noise = rng.normal(0.0, sd, self.trace.values.shape)
        return ns.Trace(self.trace.times, self.trace.values + noise, self.trace.ids, "mV")


def record(neuron: Any, mean: float, sd: float, duration: float, seed: int) -> Recorded:
    """Inject a current that fluctuates within 5 ms into a neuron."""
    rng, keep = np.random.default_rng(seed), np.exp(-DT / 5.0)
    noise = rng.standard_normal(round(duration / DT))
    current = mean + lfilter([sd * np.sqrt(1.0 - keep**2)], [1.0, -keep], noise)
    net = ns.Network()
    cell = net.add("cell", 1, neuron)
    net.drive(cell, ns.CurrentWaveform(current, interval=DT))
    net.record(cell, "v")
    result = ns.simulate(net, duration, dt=DT, seed=seed)
    return Recorded(current, result.traces["cell", "v"], result.spikes["cell"].of(0))


@pytest.fixture
def recorded() -> Callable[..., Recorded]:
    return record
