"""The engine against closed-form solutions of the membrane equation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

import neurosim as ns

PASSIVE = {"v_threshold": 199.0, "v_peak": 199.0}


def _response(synapse, neuron, dt, duration=60.0, arrival=5.0):
    """Return times since arrival and the PSP of a synapse of weight 1 (pA or mV)."""
    net = ns.Network()
    cell = net.add("cell", 1, neuron)
    net.drive(cell, ns.SpikeTimes([arrival]), synapse=synapse, weight=1.0)
    net.record(cell, "v")
    trace = ns.simulate(net, duration, dt=dt).traces["cell", "v"]
    after = trace.times > arrival - 0.5 * dt
    return trace.times[after] - arrival, trace.values[after, 0] - neuron.v_rest


def _convolved(kernel, neuron, t):
    """Return the PSP at time t by numerical convolution of a current with the membrane's kernel."""
    value, _ = quad(lambda s: math.exp(-(t - s) / neuron.tau_m) * kernel(s), 0.0, t, epsabs=1e-14)
    return value / neuron.c_m


@pytest.mark.parametrize("dt", [0.05, 0.1, 1.0])
@pytest.mark.parametrize("tau", [0.5, 5.0, 19.999999, 20.0, 20.000001, 80.0])
def test_exponential_current_gives_the_exact_psp_at_any_step(tau, dt) -> None:
    neuron = ns.LIF(**PASSIVE)
    times, psp = _response(ns.ExpCurrent(tau), neuron, dt)
    for k in range(0, len(times), max(1, len(times) // 12)):
        exact = _convolved(lambda s: math.exp(-s / tau), neuron, times[k])
        assert psp[k] == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("dt", [0.05, 0.1, 1.0])
@pytest.mark.parametrize("tau", [0.5, 5.0, 19.999999, 20.0, 20.000001, 80.0])
def test_alpha_current_gives_the_exact_psp_at_any_step(tau, dt) -> None:
    neuron = ns.LIF(**PASSIVE)
    times, psp = _response(ns.AlphaCurrent(tau), neuron, dt)
    for k in range(0, len(times), max(1, len(times) // 12)):
        exact = _convolved(lambda s: s / tau * math.exp(1.0 - s / tau), neuron, times[k])
        assert psp[k] == pytest.approx(exact, abs=1e-12)


def test_delta_synapse_jumps_and_decays() -> None:
    neuron = ns.LIF(**PASSIVE)
    times, psp = _response(ns.DeltaSynapse(), neuron, 0.1)
    assert psp == pytest.approx(np.exp(-times / neuron.tau_m), abs=1e-13)


@pytest.mark.parametrize("synapse", [ns.DeltaSynapse(), ns.ExpCurrent(5.0), ns.AlphaCurrent(3.0)])
@pytest.mark.parametrize("size", [10.0, -6.0])
def test_a_psp_of_ten_millivolts_lifts_the_potential_by_ten_millivolts(synapse, size) -> None:
    net = ns.Network()
    cell = net.add("cell", 1, ns.LIF())
    net.drive(cell, ns.SpikeTimes([1.0]), synapse=synapse, psp=size)
    net.record(cell, "v")
    v = ns.simulate(net, 60.0, dt=0.01).traces["cell", "v"].values[:, 0] + 70.0
    # The grid misses the peak by half a step at most: V'' there is below |size|/τs².
    assert v[np.argmax(np.abs(v))] == pytest.approx(size, abs=0.5 * (0.005 / 3.0) ** 2 * abs(size))


def test_membrane_charges_exponentially_under_a_constant_current() -> None:
    neuron = ns.LIF()
    net = ns.Network()
    cell = net.add("cell", 1, neuron)
    net.drive(cell, ns.ConstantCurrent(100.0))
    net.record(cell, "v")
    trace = ns.simulate(net, 100.0).traces["cell", "v"]
    exact = -70.0 + 100.0 * neuron.resistance * (1.0 - np.exp(-trace.times / neuron.tau_m))
    assert trace.values[:, 0] == pytest.approx(exact, abs=1e-11)


def test_step_and_waveform_currents_hold_from_their_times_on() -> None:
    times, amplitudes = [10.0, 25.0, 40.0], [120.0, -60.0, 0.0]
    waveform = np.repeat([0.0, 0.0, 120.0, 120.0, 120.0, -60.0, -60.0, -60.0], 50)
    net = ns.Network()
    cell = net.add("cell", 3, ns.LIF())
    net.drive(cell, ns.StepCurrent(times, amplitudes), ids=[0])
    net.drive(cell, ns.CurrentWaveform(waveform, 0.1), ids=[1])
    net.drive(cell, ns.CurrentWaveform(waveform[::50], 5.0), ids=[2])
    net.record(cell, "v")
    trace = ns.simulate(net, 60.0).traces["cell", "v"]
    exact = np.zeros(len(trace.times))
    for start, jump in zip(times, np.diff([0.0, *amplitudes]), strict=True):
        t = np.maximum(trace.times - start, 0.0)
        exact += jump * 0.08 * (1.0 - np.exp(-t / 20.0))
    for column in range(3):
        assert trace.values[:, column] + 70.0 == pytest.approx(exact, abs=1e-11)


def test_at_exactly_the_threshold_the_neuron_is_silent_and_just_above_it_fires() -> None:
    net = ns.Network()
    cells = net.add("cells", 2, ns.LIF())
    net.drive(cells, ns.SpikeTimes([10.0]), psp=[15.0, math.nextafter(15.0, 16.0)])
    net.record(cells, "v")
    result = ns.simulate(net, 20.0)
    assert result.traces["cells", "v"].values[99].tolist() == [-55.0, -70.0]
    assert result.traces["cells", "v"].with_spikes()[99].tolist() == [-55.0, 30.0]
    assert result.spikes["cells"].ids.tolist() == [1]
    assert result.spikes["cells"].times.tolist() == [10.0]


@pytest.mark.parametrize("current", [190.0, 250.0, 400.0, 2000.0])
def test_inter_spike_intervals_follow_from_charging_and_refractoriness(current) -> None:
    neuron = ns.LIF()
    net = ns.Network()
    cell = net.add("cell", 1, neuron)
    net.drive(cell, ns.ConstantCurrent(current))
    intervals = np.diff(ns.simulate(net, 1000.0).spikes["cell"].times)
    drive = neuron.resistance * current
    charging = neuron.tau_m * math.log(drive / (drive - 15.0))
    steps = math.ceil(charging / 0.1) + 50
    assert len(intervals) > 2
    assert intervals == pytest.approx(np.full(len(intervals), steps * 0.1))


def test_no_neuron_fires_more_than_200_times_a_second() -> None:
    net = ns.Network()
    cell = net.add("cell", 1, ns.LIF())
    net.drive(cell, ns.ConstantCurrent(1e8))
    assert len(ns.simulate(net, 1000.0).spikes["cell"]) <= 200


def test_delta_input_is_lost_and_currents_are_kept_during_refractoriness() -> None:
    net = ns.Network()
    cells = net.add("cells", 2, ns.LIF())
    net.drive(cells, ns.SpikeTimes([10.0]), psp=20.0)
    net.drive(cells, ns.SpikeTimes([12.0]), ids=[0], psp=20.0)
    net.drive(cells, ns.SpikeTimes([12.0]), ids=[1], synapse=ns.ExpCurrent(5.0), psp=60.0)
    spikes = ns.simulate(net, 40.0).spikes["cells"]
    assert len(spikes.of(0)) == 1
    assert len(spikes.of(1)) == 2
    assert spikes.of(1)[1] > 15.0
