"""Conductance-based synapses and bi-exponential currents on integrate-and-fire neurons."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import neurosim as ns
from neurosim.models.neurons.lif import IntegrateAndFire

DT = 0.1
SYNAPSES = [
    ns.ExpConductance(4.0),
    ns.AlphaConductance(2.0, -80.0),
    ns.BiexpConductance(1.0, 6.0, -90.0),
    ns.BiexpConductance(3.0, 3.0, -20.0),
    ns.BiexpCurrent(0.5, 5.0),
]


def course(synapse: Any, t: np.ndarray) -> np.ndarray:
    """Return conductance or current at times after one spike of weight 1, in closed form."""
    if isinstance(synapse, ns.ExpConductance):
        return np.exp(-t / synapse.tau)
    if isinstance(synapse, ns.AlphaConductance) or synapse.tau_rise == synapse.tau_decay:
        tau = getattr(synapse, "tau", getattr(synapse, "tau_rise", None))
        return t / tau * np.exp(1.0 - t / tau)
    rise, decay = synapse.tau_rise, synapse.tau_decay
    peak = math.log(decay / rise) * decay * rise / (decay - rise)
    top = math.exp(-peak / decay) - math.exp(-peak / rise)
    return (np.exp(-t / decay) - np.exp(-t / rise)) / top


def one_spike(neuron: Any, synapse: Any, **strength: float) -> ns.Result:
    net = ns.Network(dale=False)
    cell = net.add("cell", 1, neuron)
    net.drive(cell, ns.SpikeTimes([1.0]), synapse=synapse, **strength)
    net.record(cell, "v")
    net.record(cell, "i" if synapse.unit == "pA" else "g")
    return ns.simulate(net, 60.0, dt=DT)


@pytest.mark.parametrize("synapse", SYNAPSES, ids=str)
def test_the_course_after_a_spike_is_the_closed_form(synapse: Any) -> None:
    result = one_spike(ns.LIF(), synapse, weight=2.0)
    trace = result.traces["cell", "i" if synapse.unit == "pA" else "g"]
    after = trace.times >= 1.0 - 1e-9
    expected = 2.0 * course(synapse, trace.times[after] - 1.0)
    assert np.abs(trace.of(0)[after] - expected).max() < 1e-12
    assert not trace.of(0)[~after].any()


@pytest.mark.parametrize("synapse", SYNAPSES, ids=str)
def test_the_peak_of_the_psp_is_the_one_given(synapse: Any) -> None:
    neuron = ns.LIF(tau_m=10.0)
    psp = math.copysign(1e-3, synapse.psp_per_weight(neuron))
    result = one_spike(neuron, synapse, psp=psp)
    trace = result.traces["cell", "v"]
    # The time grid lies within half a step of the peak, where v is flat.
    assert trace.of(0)[np.abs(trace.of(0) + 70.0).argmax()] + 70.0 == pytest.approx(psp, rel=2e-4)
    top = trace.times[np.abs(trace.of(0) + 70.0).argmax()] - 1.0
    assert top == pytest.approx(synapse.time_to_peak(neuron), abs=0.06)


def test_the_psp_of_an_alpha_current_is_that_of_equal_time_constants() -> None:
    neuron, one, two = ns.LIF(tau_m=13.0), ns.AlphaCurrent(3.0), ns.BiexpCurrent(3.0, 3.0)
    assert two.psp_per_weight(neuron) == pytest.approx(one.psp_per_weight(neuron), rel=1e-12)
    assert two.time_to_peak(neuron) == pytest.approx(one.time_to_peak(neuron), rel=1e-7)


@pytest.mark.parametrize(
    ("synapse", "neuron", "psp", "message"),
    [
        (ns.ExpConductance(2.0, -80.0), ns.LIF(), 1.0, "inhibits at rest, so psp is negative"),
        (ns.ExpConductance(2.0), ns.LIF(), -1.0, "excites at rest, so psp is positive"),
        (ns.ExpConductance(2.0, -70.0), ns.LIF(), 1.0, "reversal potential is the resting pot"),
        (ns.ExpConductance(2.0), ns.LIF(v_rest=ns.Normal(-70.0, 1.0)), 1.0, "resting potential di"),
        (ns.ExpConductance(2.0), ns.LIF(tau_m=ns.Normal(9.0, 1.0)), 1.0, "tau_m or c_m differs"),
        (ns.ExpConductance(2.0), ns.HodgkinHuxley(), 1.0, "depends on its state"),
    ],
)
def test_an_unknown_psp_is_refused(synapse: Any, neuron: Any, psp: float, message: str) -> None:
    with pytest.raises(ns.NeurosimError, match=message):
        one_spike(neuron, synapse, psp=psp)


def test_a_distribution_of_psps_has_the_sign_of_the_synapse() -> None:
    net = ns.Network(dale=False)
    one, two = net.add("one", 5, ns.LIF()), net.add("two", 50, ns.LIF())
    inhibition = ns.ExpConductance(5.0, -80.0)
    psp = ns.Normal(-0.5, 0.5)
    projection = net.connect(one, two, ns.AllToAll(), synapse=inhibition, psp=psp)
    weights = ns.Simulation(net).connections(projection).weights
    assert (weights >= 0.0).all()
    assert weights.std() > 0.0


def reference(
    neuron: Any, inputs: list[tuple[Any, np.ndarray, float]], duration: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return potentials at the steps, and the steps in which located threshold crossings lie."""

    def total(t: float, v: float) -> float:
        current = 0.0
        for synapse, times, weight in inputs:
            past = t - times[times < t]
            g = weight * course(synapse, past).sum()
            current += g if synapse.unit == "pA" else g * (synapse.e_rev - v)
        return current

    def slope(t: float, v: np.ndarray) -> list[float]:
        return [(neuron.v_rest - v[0]) / neuron.tau_m + total(t, v[0]) / neuron.c_m]

    def crossing(t: float, v: np.ndarray) -> float:
        return v[0] - neuron.v_threshold

    crossing.terminal, crossing.direction = True, 1.0  # type: ignore[attr-defined]
    v, free, potentials, spikes = neuron.v_rest, 0, [], []
    for step in range(round(duration / DT)):
        if step < free:
            v = neuron.v_reset
        else:
            span = (step * DT + 1e-10, (step + 1) * DT)
            found = solve_ivp(slope, span, [v], "DOP853", events=crossing, rtol=1e-11, atol=1e-11)
            v = found.y[0, -1]
            if found.status == 1:
                spikes.append(step + 1)
                v, free = neuron.v_reset, step + 1 + round(neuron.t_ref / DT)
        potentials.append(v)
    return np.array(potentials), np.array(spikes)


@pytest.mark.parametrize("method", ["exact", "adaptive", "exponential_euler"])
def test_potentials_and_spikes_are_those_of_scipy(method: str, rng: np.random.Generator) -> None:
    neuron = ns.LIF(tau_m=15.0, c_m=200.0, t_ref=2.0, method=method)
    inputs = [
        (ns.ExpConductance(3.0, name="ampa"), 60, 3.0),
        (ns.AlphaConductance(1.5, name="fast"), 60, 2.0),
        (ns.BiexpConductance(0.5, 8.0, -80.0, name="gaba"), 40, 2.0),
        (ns.BiexpCurrent(0.4, 4.0, name="current"), 40, 40.0),
    ]
    given = [(s, np.sort(rng.integers(1, 600, n)) * DT, w) for s, n, w in inputs]
    net = ns.Network(dale=False)
    cell = net.add("cell", 1, neuron)
    for synapse, times, weight in given:
        net.drive(cell, ns.SpikeTimes(times), synapse=synapse, weight=weight)
    net.record(cell, "v")
    for name in ("ampa.g", "fast.g", "gaba.g", "current.i"):
        net.record(cell, name)
    result = ns.simulate(net, 60.0, dt=DT)
    v, spikes = reference(neuron, given, 60.0)
    assert len(spikes) > 3
    assert np.array_equal(np.rint(result.spikes["cell"].times / DT), spikes)
    limit = {"exact": 1e-6, "adaptive": 1e-5, "exponential_euler": 0.01}[method]
    assert np.abs(result.traces["cell", "v"].of(0) - v).max() < limit
    assert result.traces["cell", "gaba.g"].of(0).max() > result.traces["cell", "ampa.g"].of(0)[0]


def test_receptors_of_one_class_have_names() -> None:
    net = ns.Network(dale=False)
    cell = net.add("cell", 1, ns.LIF())
    for name, time, weight in (("one", 1.0, 2.0), ("two", 3.0, 5.0)):
        synapse = ns.ExpConductance(4.0, name=name)
        net.drive(cell, ns.SpikeTimes([time]), synapse=synapse, weight=weight)
        net.record(cell, f"{name}.g")
    traces = ns.simulate(net, 5.0).traces
    assert traces["cell", "one.g"].of(0).max() == 2.0
    assert traces["cell", "two.g"].of(0).max() == 5.0
    with pytest.raises(ns.NeurosimError, match=r"is a state of .* name or class"):
        net.record(cell, "g")
    with pytest.raises(ns.NeurosimError, match=r"name = 'a\.b': give a non-empty string"):
        ns.ExpConductance(4.0, name="a.b")
    assert ns.ExpConductance(4.0, name="a") != ns.ExpConductance(4.0) == ns.ExpConductance(4.0)


def test_linear_synapses_are_integrated_exactly_on_a_lif() -> None:
    result = one_spike(ns.LIF(tau_m=10.0), ns.BiexpCurrent(0.05, 3.0), weight=100.0)
    fine = ns.LIF(tau_m=10.0, method="adaptive", tolerance=1e-12)
    expected = one_spike(fine, ns.BiexpCurrent(0.05, 3.0), weight=100.0)
    error = result.traces["cell", "v"].of(0) - expected.traces["cell", "v"].of(0)
    assert np.abs(error).max() < 1e-9


def test_reset_by_subtraction_and_delta_synapses_work_beside_conductances() -> None:
    units = {"v_rest": 0.0, "v_reset": 0.0, "v_threshold": 10.0, "t_ref": 0.0}
    trains = []
    for synapse in (ns.ExpConductance(5.0, 60.0), ns.ExpCurrent(5.0)):
        net = ns.Network(dale=False)
        cell = net.add("cell", 1, IntegrateAndFire(**units, subtract=10.0))
        net.drive(cell, ns.SpikeTimes([3.0, 20.0]), weight=25.0)
        net.drive(cell, ns.SpikeTimes([40.0]), synapse=synapse, weight=1e-9)
        trains.append(ns.simulate(net, 50.0).spikes["cell"].times)
    assert np.array_equal(*trains)
    assert len(trains[0]) == 4


@pytest.mark.parametrize("method", ["exact", "exponential_euler", "adaptive", "gsl"])
@pytest.mark.parametrize(("e_rev", "fires"), [(0.0, True), (-80.0, False)])
def test_extreme_conductances_clamp_the_potential(method: str, e_rev: float, fires: bool) -> None:
    result = one_spike(ns.LIF(method=method), ns.ExpConductance(2.0, e_rev), weight=1e6)
    v = result.traces["cell", "v"].of(0)
    assert np.isfinite(v).all()
    assert bool(len(result.spikes["cell"])) == fires
    if not fires:
        assert v.min() == pytest.approx(-80.0, abs=1e-3)
        assert v[11] < -79.0


def test_a_reversal_potential_in_volts_is_reported() -> None:
    with pytest.raises(ns.NeurosimError, match=r"e_rev = -0\.08 mV: .* did you mean -80"):
        ns.ExpConductance(5.0, -0.08)
