"""The probability of a spike as a logistic function of the recorded potential."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from bridge import SoftThreshold

BETA, THRESHOLD, N = 0.8, -55.0, 40


def simulated(duration: float = 8000.0, t_ref: float = 0.0) -> ns.Result:
    """Neurons with constant potentials: each step of 1 ms is a trial of a logistic neuron."""
    levels = np.linspace(-62.0, -55.1, N)
    neuron = ns.LIF(
        v_rest=levels, v_reset=levels, v_threshold=THRESHOLD, t_ref=t_ref,
        escape=ns.EscapeRate(1.0 / BETA, 1.0, "softplus"),
    )  # fmt: skip
    net = ns.Network()
    cells = net.add("cells", N, neuron)
    net.record(cells, "v", interval=1.0)
    return ns.simulate(net, duration, dt=1.0, seed=3)


def test_slope_and_threshold_of_a_logistic_neuron_are_found():
    soft = SoftThreshold.of(simulated(), "cells")
    error = soft.beta.high - soft.beta.value
    assert abs(soft.beta.value - BETA) < 2.0 * error  # 4 standard errors
    assert soft.half == pytest.approx(THRESHOLD, abs=0.1)
    expected = 1.0 / (1.0 + np.exp(-BETA * (soft.v - THRESHOLD)))
    np.testing.assert_allclose(soft.probability, expected, atol=0.02)
    assert len(soft.v) == N * 4000  # half of the time is test data
    assert soft.fired.mean() == pytest.approx(expected.mean(), abs=0.005)
    bits = soft.bits_per_spike
    assert bits.low > 0.3
    assert bits.unit == "bits/spike"


def test_samples_are_compared_with_spikes_after_them_and_outside_of_the_refractory_period():
    result = simulated(2000.0, t_ref=4.0)
    soft = SoftThreshold.of(result, "cells", start=100.0, window=2.0, block=100.0)
    trains, v, fired, blocks = result.spikes["cells"], [], [], []
    for neuron in range(N):
        spikes = trains.of(neuron)
        trace = result.traces["cells", "v"].of(neuron)
        for time, value in zip(result.traces["cells", "v"].times[::2], trace[::2], strict=True):
            refractory = ((spikes <= time) & (time < spikes + 4.0)).any()
            if 100.0 <= time <= 1998.0 and time // 100.0 % 2 == 1 and not refractory:
                v.append(value)
                fired.append(((spikes > time) & (spikes <= time + 2.0)).any())
                blocks.append(time // 100.0)
    np.testing.assert_array_equal(soft.v, v)
    np.testing.assert_array_equal(soft.fired, fired)
    np.testing.assert_array_equal(soft.blocks, blocks)


@pytest.mark.parametrize(
    ("population", "options", "words"),
    [
        ("cells", {"start": 1990.0}, r"cells has \d+ spikes to train on and \d+ to test"),
        ("cells", {"window": 0.0}, "window = 0 ms"),
        ("cells", {"block": -1.0}, "block = -1 ms"),
        ("cels", {}, "cells"),
    ],
)
def test_what_does_not_suffice_is_refused(population, options, words):
    with pytest.raises(ns.NeurosimError, match=words):
        SoftThreshold.of(simulated(2000.0), population, **options)


def test_neurons_that_fire_as_soon_as_they_can_are_refused():
    net = ns.Network()
    cells = net.add("cells", 2, ns.LIF(t_ref=2.0))
    net.drive(cells, ns.ConstantCurrent(1e5))
    net.record(cells, "v")
    result = ns.simulate(net, 1000.0)
    with pytest.raises(ns.NeurosimError, match=r"cells spikes within 1 ms of all but \d+ of"):
        SoftThreshold.of(result, "cells")
