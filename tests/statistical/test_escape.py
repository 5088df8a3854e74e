"""Neurons with a soft threshold fire as often as their link says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binomtest, chisquare

import neurosim as ns

POTENTIALS = np.arange(-75.0, -44.0, 3.0)
TRIALS = 20_000


def _fired(escape: ns.EscapeRate, dt: float, steps: int = 1) -> np.ndarray:
    """Return at how many of the trials at each potential the neuron fired."""
    net = ns.Network()
    neuron = ns.LIF(escape=escape)
    potential = np.repeat(POTENTIALS, TRIALS)
    cell = net.add("cell", len(potential), neuron, v_init=potential)
    # The current that holds each potential where it is.
    net.drive(cell, ns.ConstantCurrent((potential - neuron.v_rest) / neuron.resistance))
    fired = ns.simulate(net, steps * dt, dt=dt).spikes["cell"].counts() > 0
    return fired.reshape(len(POTENTIALS), -1).sum(axis=1)


def _least_p_value(fired: np.ndarray, probability: np.ndarray) -> float:
    pairs = zip(fired, probability, strict=True)
    return min(binomtest(int(k), TRIALS, p).pvalue for k, p in pairs)


def test_softplus_with_tau_of_a_step_is_the_logistic_function() -> None:
    fired = _fired(ns.EscapeRate(2.5, 0.1), 0.1)
    # Below 1e-6 at any of eleven potentials: an error rate of 1.1e-5. So in the other tests.
    assert _least_p_value(fired, expit((POTENTIALS + 55.0) / 2.5)) > 1e-6


@pytest.mark.parametrize("link", ["softplus", "exponential"])
@pytest.mark.parametrize("steps", [1, 20])
def test_probability_of_a_window_follows_from_the_rate(link: str, steps: int) -> None:
    escape = ns.EscapeRate(2.0, 4.0, link)
    expected = -np.expm1(-escape.rate(POTENTIALS + 55.0) * steps * 0.1)
    assert _least_p_value(_fired(escape, 0.1, steps), expected) > 1e-6


def test_window_does_not_depend_on_the_step() -> None:
    escape = ns.EscapeRate(2.0, 4.0)
    expected = -np.expm1(-escape.rate(POTENTIALS + 55.0) * 2.0)
    for dt, steps in ((0.05, 40), (1.0, 2)):
        assert _least_p_value(_fired(escape, dt, steps), expected) > 1e-6


def test_intervals_are_the_refractory_period_and_a_geometric_time() -> None:
    net = ns.Network()
    neuron = ns.LIF(t_ref=2.0, v_reset=-60.0, v_rest=-60.0, escape=ns.EscapeRate(5.0, 10.0))
    net.add("cell", 20, neuron)
    trains = ns.simulate(net, 20_000.0).spikes["cell"]
    intervals = np.concatenate([np.diff(trains.of(i)) for i in range(20)])
    waited = np.round((intervals - 2.0) / 0.1).astype(int)
    chance = -np.expm1(-float(neuron.escape.rate(-5.0)) * 0.1)

    assert waited.min() >= 1
    edges = np.array([0, 20, 50, 100, 150, 250, 350, 500])
    share = np.diff((1.0 - (1.0 - chance) ** edges), append=1.0)
    observed = np.histogram(waited, [*edges + 1, 10**9])[0]
    # The end of a run cuts long intervals off: 32 ms of 20 s, far below what chi-square sees here.
    assert chisquare(observed, share / share.sum() * observed.sum()).pvalue > 1e-4


def test_gif_waits_as_long_as_its_moving_threshold_says() -> None:
    net = ns.Network()
    neuron = ns.GIF(
        v_threshold=-68.0, v_reset=-70.0, delta_v=2.0, lambda_0=100.0, t_ref=2.0,
        a_gamma_1=3.0, a_gamma_2=4.0, a_gamma_3=-1.0,
    )  # fmt: skip
    net.add("cells", TRIALS, neuron)
    trains = ns.simulate(net, 150.0).spikes["cells"]
    order = np.lexsort((trains.times, trains.ids))
    ids, times = trains.ids[order], trains.times[order]
    first = np.flatnonzero(np.diff(ids, prepend=-1))
    first = first[times[first] < 100.0]  # the longest interval that is counted follows
    second = np.minimum(first + 1, len(ids) - 1)
    waited = np.where(ids[second] == ids[first], times[second] - times[first], np.inf)
    assert waited.min() > 2.05

    # After the first spike v rests at v_reset, and the threshold decays.
    later = 0.1 * np.arange(1, 401)
    raised = sum(a * np.exp(-later / tau) for a, tau in ((3.0, 1.0), (4.0, 10.0), (-1.0, 100.0)))
    hazard = 0.1 * np.exp((-2.0 - raised) / 2.0) * (later > 2.05)
    survived = np.exp(-0.1 * np.cumsum(hazard))
    edges = np.array([20, 40, 60, 80, 110, 150, 200, 260, 330, 400])
    expected = -np.diff(survived[edges - 1])
    observed = np.histogram(waited, 0.1 * edges + 0.05)[0]
    assert first.size > 0.9 * TRIALS
    # Below 1e-6 in any of nine bins: an error rate of 9e-6.
    for k, p in zip(observed, expected, strict=True):
        assert binomtest(int(k), first.size, p).pvalue > 1e-6
