"""Ion channels against NEST's `hh_psc_alpha` and against an integrator of high order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import neurosim as ns
from neurosim.models import steady_gates

DATA = Path(__file__).parents[1] / "data"


def _cases() -> dict[tuple[str, float], list[float]]:
    lines = (DATA / "nest_hodgkin_huxley.csv").read_text().splitlines()
    rows = [line.split(",") for line in lines if not line.startswith(("#", "case"))]
    return {(case, float(i)): [float(t) for t in times.split()] for case, i, times in rows}


def test_spikes_under_constant_currents_come_at_nests_steps() -> None:
    cases = {i: times for (case, i), times in _cases().items() if case == "constant"}
    net = ns.Network()
    cell = net.add("cell", len(cases), ns.HodgkinHuxley(), v_init=-65.0)
    net.drive(cell, ns.ConstantCurrent(list(cases)))
    trains = ns.simulate(net, 500.0).spikes["cell"]
    for k, times in enumerate(cases.values()):
        assert trains.of(k) == pytest.approx(times)


def test_spikes_after_synaptic_currents_come_at_nests_steps() -> None:
    net = ns.Network()
    cell = net.add("cell", 1, ns.HodgkinHuxley(), v_init=-65.0)
    exciting, inhibiting = ns.AlphaCurrent(0.2), ns.AlphaCurrent(2.0)
    volley = ns.SpikeTimes([20.0, 60.0, 61.0, 62.0, 120.0])
    net.drive(cell, volley, synapse=exciting, weight=6000.0, delay=1.0)
    net.drive(cell, ns.SpikeTimes([100.0]), synapse=inhibiting, weight=-800.0, delay=1.0)
    times = ns.simulate(net, 200.0).spikes["cell"].times
    # The last one is the rebound after inhibition.
    assert times == pytest.approx(_cases()["volley", 0.0])


def test_potential_is_nests_as_far_as_its_tolerance_goes() -> None:
    expected = np.loadtxt(DATA / "nest_hodgkin_huxley_trace.csv", delimiter=",", skiprows=2)
    net = ns.Network()
    cell = net.add("cell", 1, ns.HodgkinHuxley(), v_init=-65.0)
    net.drive(cell, ns.ConstantCurrent(700.0))
    net.record(cell, "v")
    trace = ns.simulate(net, 30.0).traces["cell", "v"]
    own = trace.values[: len(expected), 0]
    # NEST's solver keeps an absolute tolerance of 1e-3 mV.
    assert np.abs(own - expected[: len(own), 1]).max() < 2e-3


def _slopes(t: float, y: np.ndarray, current) -> list[float]:
    v, m, h, n = y
    a_m, a_n = (
        0.1 * (v + 40) / -np.expm1(-(v + 40) / 10),
        0.01 * (v + 55) / -np.expm1(-(v + 55) / 10),
    )
    b_m, b_n = 4 * np.exp(-(v + 65) / 18), 0.125 * np.exp(-(v + 65) / 80)
    a_h, b_h = 0.07 * np.exp(-(v + 65) / 20), 1 / (1 + np.exp(-(v + 35) / 10))
    ionic = 120 * m**3 * h * (v - 50) + 36 * n**4 * (v + 77) + 0.3 * (v + 54.402)
    return [
        current(t) / 100 - ionic,
        a_m * (1 - m) - b_m * m,
        a_h * (1 - h) - b_h * h,
        a_n * (1 - n) - b_n * n,
    ]


@pytest.mark.parametrize("dt", [0.1, 0.025])
def test_potential_equals_that_of_an_integrator_of_eighth_order(dt: float) -> None:
    net = ns.Network()
    cell = net.add("cell", 1, ns.HodgkinHuxley(), v_init=-60.0)
    net.drive(cell, ns.ConstantCurrent(300.0))
    net.drive(cell, ns.SpikeTimes([3.0]), synapse=ns.ExpCurrent(2.0), weight=2000.0)
    net.drive(cell, ns.SpikeTimes([14.0]), synapse=ns.AlphaCurrent(1.0), weight=3000.0)
    net.record(cell, "v", interval=0.5)
    trace = ns.simulate(net, 30.0, dt=dt).traces["cell", "v"]

    def current(t: float) -> float:
        first, second = t - 3.0, t - 14.0
        jump = 2000.0 * np.exp(-first / 2.0) if first >= 0 else 0.0
        rise = 3000.0 * second * np.exp(1.0 - second) if second >= 0 else 0.0
        return 300.0 + jump + rise

    y, expected = [-60.0, *steady_gates(-60.0)], []
    for start, stop in ((0.0, 3.0), (3.0, 14.0), (14.0, 30.0)):
        times = trace.times[(trace.times > start) & (trace.times <= stop + 1e-9)]
        # The current jumps at the begin of each piece: nudge the solver past it.
        found = solve_ivp(
            lambda t, y: _slopes(t, y, current),
            (start + 1e-12, stop),
            y,
            "DOP853",
            np.clip(times, None, stop),
            rtol=1e-11,
            atol=1e-11,
        )
        expected.extend(found.y[0])
        y = found.y[:, -1]
    assert np.abs(trace.values[:, 0] - expected).max() < 2e-4
