"""Spiking units in the engine fire as often as their noise says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

import neurosim as ns
from bridge import (
    EscapeNoise,
    GaussianNoise,
    LogisticUnit,
    OrnsteinUhlenbeckNoise,
    SpikingUnit,
    escape_rate,
    siegert_rate,
    to_spiking,
)
from neurosim.analysis import rates

ACTIVITY = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 1], [1, 1, 0], [1, 2, 1], [3, 1, 0]])
TRIALS = 10_000
NOISES = {
    "gaussian": GaussianNoise(3.0),
    "softplus": EscapeNoise(2.0),
    "exponential": EscapeNoise(3.0, "exponential"),
    "ornstein-uhlenbeck": OrnsteinUhlenbeckNoise(3.0, window=10.0),
}


def _least_p_value(unit: SpikingUnit, **options: float) -> float:
    fired = unit.fire(np.repeat(ACTIVITY, TRIALS, axis=0), **options)
    found = fired.reshape(len(ACTIVITY), -1).sum(axis=1)
    expected = unit.firing_probability(ACTIVITY)
    return min(binomtest(int(k), TRIALS, p).pvalue for k, p in zip(found, expected, strict=True))


@pytest.mark.parametrize("name", NOISES)
def test_share_that_fires_is_the_analytic_probability(name: str) -> None:
    # Below 1e-6 at any of six potentials: an error rate of 6e-6. So below.
    assert _least_p_value(SpikingUnit(ns.LIF(), [6.0, 4.5, -3.0], NOISES[name])) > 1e-6


@pytest.mark.parametrize("noise", ["gaussian", "escape"])
def test_a_neuron_that_fires_at_rest_is_lifted_by_a_current(noise: str) -> None:
    unit = to_spiking(LogisticUnit(0.5, [1.0, -1.0, 0.3]), noise=noise, beta=0.4)
    assert unit.current > 0.0
    assert _least_p_value(unit) > 1e-6


def test_a_unit_in_a_network_hears_other_neurons() -> None:
    unit = SpikingUnit(ns.LIF(), [16.0], EscapeNoise(0.1))
    net = ns.Network()
    source = net.add("source", 1, ns.LIF())
    twin = unit.add_to(net, "twin", 5)
    net.drive(source, ns.SpikeTimes([1.0]), psp=20.0)
    net.connect(source, twin, ns.AllToAll(), psp=16.0, delay=2.0)
    trains = ns.simulate(net, 3.5).spikes["twin"]
    # 10 widths above the threshold at 3 ms; 150 below it before.
    assert trains.times == pytest.approx(np.full(5, 3.0))


def test_one_run_is_the_same_for_any_number_of_threads() -> None:
    unit = SpikingUnit(ns.LIF(), [6.0, 4.5, -3.0], EscapeNoise(2.0))
    trials = np.repeat(ACTIVITY, 50, axis=0)
    assert (unit.fire(trials, threads=1) == unit.fire(trials, threads=3)).all()
    assert (unit.fire(trials, seed=1) != unit.fire(trials, seed=2)).any()


@pytest.mark.slow
def test_simulated_rates_are_within_one_percent_of_siegert_on_the_grid() -> None:
    mean = np.linspace(-60.0, -30.0, 10)
    repeats, duration, warmup = 150, 40_200.0, 200.0
    neuron = ns.LIF()
    net = ns.Network()
    cell = net.add("cell", len(mean) * repeats, neuron, v_init=ns.Uniform(-70.0, -55.5))
    net.drive(cell, ns.ConstantCurrent(np.repeat((mean + 70.0) / neuron.resistance, repeats)))
    net.drive(cell, ns.MembraneNoise(3.0))
    trains = ns.simulate(net, duration, dt=0.1).spikes["cell"]
    simulated = rates(trains, warmup, duration).reshape(len(mean), -1)
    expected = siegert_rate(mean, 3.0, neuron, dt=0.1)
    # The rarest, 6 Hz, leave 36,000 spikes of CV below 1: standard errors under 0.5 %, shown.
    error = simulated.std(axis=1, ddof=1) / np.sqrt(repeats) / expected
    assert (error < 0.005).all()
    assert np.abs(simulated.mean(axis=1) / expected - 1.0).max() < 0.01


def test_simulated_rates_over_a_soft_threshold_are_those_of_renewal_theory() -> None:
    mean = np.array([-62.0, -57.0, -52.0, -40.0])
    neuron = ns.LIF(escape=ns.EscapeRate(2.0, 5.0))
    repeats, duration = 100, 5000.0
    net = ns.Network()
    cell = net.add("cell", len(mean) * repeats, neuron)
    net.drive(cell, ns.ConstantCurrent(np.repeat((mean + 70.0) / neuron.resistance, repeats)))
    each = rates(ns.simulate(net, duration).spikes["cell"], 500.0, duration).reshape(4, -1)
    error = each.std(axis=1, ddof=1) / np.sqrt(repeats)
    # Four comparisons at 4.5 standard errors: an error rate of 3e-5.
    assert (np.abs(each.mean(axis=1) - escape_rate(mean, neuron)) < 4.5 * error).all()
