"""NMDA synapses against an accurate solution of their equations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import gamma, gammainc

import neurosim as ns
from neurosim.models.synapses.nmda import jump_of

SILENT = ns.LIF(v_rest=-70.0, v_threshold=200.0, v_peak=200.0, tau_m=15.0, c_m=300.0)


def gating(
    spikes: np.ndarray, times: np.ndarray, p: ns.NMDA, efficacy: np.ndarray | float = 1.0
) -> np.ndarray:
    """Return s at some times, given the times at which spikes arrive and their efficacies."""
    jumps = np.append(np.broadcast_to(efficacy, spikes.shape), 0.0)

    def slopes(_, y):
        x, s = y
        return [-x / p.tau_rise, -s / p.tau_decay + p.alpha * x * (1.0 - s)]

    s, y, start = np.zeros(len(times)), np.zeros(2), 0.0
    for end, jump in zip([*spikes, times[-1] + 1.0], jumps, strict=True):
        inside = (times > start) & (times <= end)
        found = solve_ivp(
            slopes,
            (start, end),
            y,
            "DOP853",
            rtol=1e-12,
            atol=1e-14,
            dense_output=True,
            max_step=1.0,
        )
        s[inside] = found.sol(times[inside])[1]
        y, start = found.y[:, -1] + [jump, 0.0], end
    return s


@pytest.mark.parametrize(
    "synapse",
    [ns.NMDA(), ns.NMDA(tau_rise=5.0, tau_decay=60.0, alpha=0.1), ns.NMDA(tau_rise=0.5, alpha=8.0)],
)
def test_a_pool_follows_the_equations(synapse: ns.NMDA, rng: np.random.Generator) -> None:
    trains = [np.unique(np.round(np.sort(rng.uniform(5.0, 200.0, n)), 1)) for n in (3, 12, 40)]
    net = ns.Network()
    pre = net.add("pre", 3, ns.LIF(t_ref=0.0))
    post = net.add("post", 4, SILENT)
    for k, train in enumerate(trains):
        net.drive(pre[k], ns.SpikeTimes(train), psp=30.0)
    net.connect(pre, post, ns.AllToAll(), synapse=synapse, weight=2.0, delay=1.7)
    net.connect(pre[:2], post[1:3], ns.AllToAll(), synapse=synapse, weight=3.0, delay=1.7)
    net.record(post, "s")
    net.record(post, "v")
    result = ns.simulate(net, 250.0, threads=2)
    times = result.traces["post", "s"].times
    parts = np.stack([gating(train + 1.7, times, synapse) for train in trains], axis=1)
    exact = 2.0 * parts.sum(axis=1)
    second = exact + 3.0 * parts[:, :2].sum(axis=1)
    found = result.traces["post", "s"].values
    np.testing.assert_allclose(found[:, [0, 3]], np.stack([exact, exact], axis=1), atol=1e-6)
    np.testing.assert_allclose(found[:, [1, 2]], np.stack([second, second], axis=1), atol=1e-6)
    v = result.traces["post", "v"].values[:, 0]
    np.testing.assert_allclose(v, potential(times, exact, synapse), atol=2e-3)


def potential(times: np.ndarray, s: np.ndarray, p: ns.NMDA) -> np.ndarray:
    """Return the potential for a conductance that is known at the ends of all steps."""

    def slope(t, v):
        block = 1.0 + p.mg * np.exp(-0.062 * v) / 3.57
        current = np.interp(t, times, s) * (p.e_rev - v) / block
        return (SILENT.v_rest - v) / SILENT.tau_m + current / SILENT.c_m

    end = times[-1]
    found = solve_ivp(slope, (0.0, end), [SILENT.v_rest], t_eval=times, max_step=0.1, rtol=1e-9)
    return found.y[0]


def test_short_term_plasticity_scales_the_jumps_of_x() -> None:
    synapse, model = ns.NMDA(), ns.TsodyksMarkram(u=0.5, tau_rec=100.0)
    spikes = np.array([10.0, 20.0, 60.0])
    net = ns.Network()
    pre, post = net.add("pre", 1, ns.LIF(t_ref=0.0)), net.add("post", 1, SILENT)
    net.drive(pre, ns.SpikeTimes(spikes), psp=30.0)
    net.connect(pre, post, ns.AllToAll(), synapse=synapse, weight=1.0, short_term=model)
    net.record(post, "s")
    trace = ns.simulate(net, 100.0).traces["post", "s"]
    second = 1.0 - 0.5 * np.exp(-0.1)
    third = 1.0 - (1.0 - 0.5 * second) * np.exp(-0.4)
    exact = gating(spikes + 1.0, trace.times, synapse, 0.5 * np.array([1.0, second, third]))
    np.testing.assert_allclose(trace.of(0), exact, atol=1e-6)


def test_neurons_do_not_excite_themselves_without_autapses() -> None:
    net = ns.Network()
    cells = net.add("cells", 3, ns.LIF(t_ref=0.0))
    net.drive(cells[1], ns.SpikeTimes([10.0]), psp=30.0)
    rule = ns.AllToAll(autapses=False)
    net.connect(cells, cells, rule, synapse=ns.NMDA(), weight=1.0, delay=1.0)
    net.record(cells, "s")
    s = ns.simulate(net, 40.0).traces["cells", "s"].values
    assert np.abs(s[:, 1]).max() < 1e-15
    np.testing.assert_array_equal(s[:, 0], s[:, 2])
    assert s[-1, 0] > 0.4


@pytest.mark.parametrize("synapse", [ns.NMDA(), ns.NMDA(3.0, 50.0, 0.2), ns.NMDA(2.0, 9.0, 40.0)])
def test_the_jump_is_that_of_the_incomplete_gamma_function(synapse: ns.NMDA) -> None:
    ratio, x = synapse.tau_rise / synapse.tau_decay, synapse.alpha * synapse.tau_rise
    k0 = x**ratio * gammainc(1.0 - ratio, x) * gamma(1.0 - ratio)
    np.testing.assert_allclose(jump_of(synapse), (k0, np.exp(-x) - 1.0), rtol=1e-13)


@pytest.mark.slow
def test_both_forms_agree_after_the_rise() -> None:
    found = []
    for kind in (ns.ExactNMDA, ns.ApproximateNMDA):
        net = ns.Network()
        pre, post = net.add("pre", 1, ns.LIF(t_ref=0.0)), net.add("post", 1, SILENT)
        net.drive(pre, ns.SpikeTimes([10.0, 40.0, 70.0]), psp=30.0)
        net.connect(pre, post, ns.AllToAll(), synapse=kind(), weight=1.0)
        net.record(post, "s")
        found.append(ns.simulate(net, 120.0).traces["post", "s"].values[:, 0])
    exact, approximate = found
    after = [39.0, 69.0, 119.0]
    steps = np.round(np.array(after) / 0.1).astype(int)
    np.testing.assert_allclose(approximate[steps], exact[steps], rtol=2e-3)
    assert abs(approximate - exact).max() > 0.3
