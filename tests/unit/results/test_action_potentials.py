"""Hodgkin–Huxley neurons spike once per action potential and are stable at any potential.

The expected potentials are those of the multistep method LSODA with tolerances of 1e-10.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import expit, exprel

import neurosim as ns
from neurosim.models import steady_gates


def _net(neuron: ns.HodgkinHuxley, current: float = 0.0, v_init: float = -65.0) -> ns.Network:
    net = ns.Network()
    cell = net.add("cell", 1, neuron, v_init=v_init)
    net.drive(cell, ns.ConstantCurrent(current))
    net.record(cell, "v")
    return net


def _spikes(dt: float, t_ref: float, current: float = 1000.0) -> np.ndarray:
    return (
        ns.simulate(_net(ns.HodgkinHuxley(t_ref=t_ref), current), 300.0, dt=dt).spikes["cell"].times
    )


@pytest.mark.parametrize("dt", [0.05, 0.1, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("t_ref", [0.0, 0.5, 1.0, 2.0])
def test_an_action_potential_is_one_spike_at_any_step_and_refractory_period(
    dt: float, t_ref: float
) -> None:
    times = _spikes(dt, t_ref)
    # V crosses 0 mV upwards 21 times in these 300 ms.
    assert len(times) == 21
    # Each is reported at the end of a step: of that with the peak, or the next.
    late = times - _spikes(0.025, 2.0)
    assert late.min() > -0.05
    assert late.max() < 2.0 * dt


@pytest.mark.parametrize("dt", [2.0, 5.0, 10.0])
def test_of_an_action_potential_within_a_step_there_is_one_spike(dt: float) -> None:
    assert len(_spikes(dt, 0.0)) == 21


def _pushed(pushes: dict[float, float], t_ref: float, dt: float = 0.1) -> list[float]:
    """Return the spikes of a passive neuron whose potential is pushed by given amounts (mV)."""
    net = ns.Network()
    neuron = ns.HodgkinHuxley(g_na=0.0, g_k=0.0, g_l=1.0, e_l=-65.0, c_m=1e4, t_ref=t_ref)
    cell = net.add("cell", 1, neuron)
    for time, push in pushes.items():
        net.drive(cell, ns.SpikeTimes([time]), psp=push)
    return np.round(ns.simulate(net, 20.0, dt=dt).spikes["cell"].times, 9).tolist()


def test_a_jump_above_0_mv_is_one_spike_until_v_was_below_again() -> None:
    # V falls from the step after the jump on: a membrane of 10 s hardly moves between them.
    assert _pushed({1.0: 70.0}, 0.0) == [1.1]
    # Still above 0 mV when it is pushed on.
    assert _pushed({1.0: 70.0, 2.0: 5.0, 3.0: 5.0}, 0.0) == [1.1]
    # Down and up again.
    assert _pushed({1.0: 70.0, 2.0: -20.0, 3.0: 20.0}, 0.0) == [1.1, 3.1]
    # Up and down before it could fall.
    assert _pushed({1.0: 70.0, 1.1: -20.0}, 0.0) == [1.1]
    # The second one comes and goes within the refractory period.
    assert _pushed({1.0: 70.0, 2.0: -20.0, 3.0: 20.0, 4.0: -20.0}, 5.0) == [1.1]
    # The second one outlasts it, as in NEST.
    assert _pushed({1.0: 70.0, 2.0: -20.0, 3.0: 20.0}, 5.0) == [1.1, 6.2]


def test_a_neuron_that_starts_above_0_mv_spikes_once() -> None:
    spikes = ns.simulate(_net(ns.HodgkinHuxley(t_ref=0.0), v_init=20.0), 5.0).spikes["cell"].times
    assert spikes == pytest.approx([0.1])


def _expected(
    neuron: ns.HodgkinHuxley, current: float, push: tuple[float, float], times: np.ndarray
) -> tuple[np.ndarray, int]:
    """Return V at given times and how often it crosses 0 mV upwards."""

    def slopes(_: float, y: np.ndarray) -> list[float]:
        v, m, h, n = y
        opening = [
            1.0 / exprel(-(v + 40.0) / 10.0),
            0.07 * np.exp(-(v + 65.0) / 20.0),
            0.1 / exprel(-(v + 55.0) / 10.0),
        ]
        closing = [
            4.0 * np.exp(-(v + 65.0) / 18.0),
            expit((v + 35.0) / 10.0),
            0.125 * np.exp(-(v + 65.0) / 80.0),
        ]
        ionic = neuron.g_na * m**3 * h * (v - neuron.e_na) + neuron.g_k * n**4 * (v - neuron.e_k)
        ionic += neuron.g_l * (v - neuron.e_l)
        gates = [a * (1.0 - x) - b * x for a, b, x in zip(opening, closing, y[1:], strict=True)]
        return [(current - ionic) / neuron.c_m, *gates]

    def upwards(_: float, y: np.ndarray) -> float:
        return y[0]

    upwards.direction = 1.0  # type: ignore[attr-defined]
    y, v, crossings = np.array([-65.0, *steady_gates(-65.0)]), [], 0
    time, size = push
    for start, stop in ((0.0, time), (time, times[-1])):
        inside = times[(times > start + 1e-9) & (times <= stop + 1e-9)]
        found = solve_ivp(
            slopes, (start, stop), y, "LSODA", np.clip(inside, None, stop), rtol=1e-10, atol=1e-10,
            events=upwards,
        )  # fmt: skip
        v.extend(found.y[0])
        crossings += len(found.t_events[0])
        y = found.y[:, -1]
        if stop == time:
            y[0] += size
            v[-1] += size
    return np.array(v), crossings


HH = ns.HodgkinHuxley
CASES = {
    # neuron, current (pA), time (ms) and size (mV) of a push, largest error (mV)
    "hyperpolarised": (HH(), -2500.0, (5.0, 0.0), 1e-5),
    "far below rest": (HH(), -3000.0, (5.0, 0.0), 1e-5),
    "farther": (HH(), -8000.0, (5.0, 0.0), 1e-3),
    "rebound": (HH(), 0.0, (5.0, -80.0), 2e-2),
    "rebound from afar": (HH(), 0.0, (5.0, -150.0), 2e-2),
    "strong current": (HH(), 1e6, (5.0, 0.0), 0.2),
    "large push": (HH(), 0.0, (5.0, 300.0), 2e-2),
    "fast membrane": (HH(c_m=10.0), 1000.0, (5.0, 0.0), 0.1),
    "faster membrane": (HH(c_m=1.0), 1000.0, (5.0, 0.0), 0.1),
    "dense channels": (HH(g_na=1e6), 1000.0, (5.0, 0.0), 0.1),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_stiff_potentials_are_those_of_an_implicit_solver(case: tuple) -> None:
    neuron, current, push, error = case
    net = _net(neuron, current)
    if push[1]:
        net.drive(net["cell"], ns.SpikeTimes([push[0]]), psp=push[1])
    result = ns.simulate(net, 20.0)
    trace = result.traces["cell", "v"]
    expected, crossings = _expected(neuron, current, push, trace.times)
    crossings += expected[0] < 0.0 <= push[1] - 65.0
    assert np.abs(trace.values[:, 0] - expected).max() < error
    assert len(result.spikes["cell"]) == crossings


def test_the_rebound_comes_at_its_step() -> None:
    net = _net(HH())
    net.drive(net["cell"], ns.SpikeTimes([5.0]), psp=-70.0)
    assert ns.simulate(net, 60.0).spikes["cell"].times == pytest.approx([13.8])


@pytest.mark.parametrize("dt", [0.001, 0.1, 10.0])
@pytest.mark.parametrize("current", [-1e9, 1e9])
def test_the_strongest_currents_leave_finite_potentials(current: float, dt: float) -> None:
    v = ns.simulate(_net(HH(t_ref=0.0), current), 10.0 * dt, dt=dt).traces["cell", "v"].values
    # V stays between the reversal potentials and those with the leak alone.
    assert np.isfinite(v).all()
    assert np.abs(v).max() < 1e9 / 30.0 + 100.0


@pytest.mark.parametrize("push", [-1e9, -1e5, 1e5, 1e9])
def test_the_largest_pushes_leave_finite_potentials(push: float) -> None:
    net = _net(HH())
    net.drive(net["cell"], ns.SpikeTimes([1.0]), psp=push)
    v = ns.simulate(net, 200.0).traces["cell", "v"].values[:, 0]
    assert v[-1] == pytest.approx(-65.0, abs=0.5)


def _mixed() -> ns.Network:
    """Return a network of neurons some of which are stiff, and spike at every refractory period."""
    net = ns.Network(dale=False)
    for k, t_ref in enumerate((0.0, 0.5, 2.0)):
        cells = net.add(f"cells {k}", 7, HH(t_ref=t_ref, c_m=(100.0, 20.0, 5.0)[k]),
                        v_init=ns.Normal(-60.0, 20.0))  # fmt: skip
        net.drive(cells, ns.ConstantCurrent(np.linspace(-4000.0, 3000.0, 7)))
        net.drive(cells, ns.Poisson(300.0), psp=20.0)
        net.drive(cells, ns.Poisson(100.0), psp=-90.0)
        net.connect(cells, cells, ns.FixedInDegree(3), synapse=ns.ExpCurrent(1.0), weight=300.0)
        net.record(cells, "v", interval=0.5)
    return net


def _bits(result: ns.Result) -> list[bytes]:
    spikes = [a.tobytes() for t in result.spikes.values() for a in (t.times, t.ids)]
    return spikes + [t.values.tobytes() for t in result.traces.values()]


def test_stiff_neurons_have_the_same_bits_on_threads_in_pieces_and_restored(tmp_path) -> None:
    whole = ns.simulate(_mixed(), 40.0, dt=0.5, threads=1)
    assert min(map(len, whole.spikes.values())) > 10
    assert min(t.values.min() for t in whole.traces.values()) < -150.0
    simulation = ns.Simulation(_mixed(), dt=0.5, threads=3)
    for k in range(20):
        result = simulation.run(2.0)
        if k == 9:
            simulation.save(tmp_path / "state.h5")
    assert _bits(result) == _bits(whole)
    restored = ns.Simulation.restore(tmp_path / "state.h5", threads=2)
    assert _bits(restored.run(20.0)) == _bits(whole)
