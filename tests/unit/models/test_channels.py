"""Hodgkin-Huxley neurons in networks."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from neurosim.models import steady_gates


def test_it_rests_at_minus_65_mv_with_the_gates_of_the_paper() -> None:
    neuron = ns.HodgkinHuxley()
    assert neuron.v_rest == pytest.approx(-65.0, abs=0.01)
    # Table of Hodgkin & Huxley at rest: m = 0.053, h = 0.596, n = 0.318.
    assert steady_gates(-65.0) == pytest.approx([0.0529, 0.5961, 0.3177], abs=1e-4)
    net = ns.Network()
    net.record(net.add("cell", 1, neuron), "v")
    trace = ns.simulate(net, 50.0).traces["cell", "v"].values
    assert np.abs(trace - neuron.v_rest).max() < 1e-9


def test_action_potentials_are_all_or_none() -> None:
    net = ns.Network()
    cell = net.add("cell", 4, ns.HodgkinHuxley())
    net.drive(cell, ns.SpikeTimes([5.0]), psp=[4.0, 6.0, 15.0, 30.0])
    net.record(cell, "v")
    result = ns.simulate(net, 30.0)
    peaks = result.traces["cell", "v"].values.max(axis=0)
    assert result.spikes["cell"].counts().tolist() == [0, 0, 1, 1]
    assert peaks[1] < -55.0
    assert (np.abs(peaks[2:] - 41.0) < 5.0).all()


def test_threads_and_pieces_give_the_same_bits() -> None:
    net = ns.Network()
    squid = net.add("squid", 37, ns.HodgkinHuxley(), v_init=ns.Normal(-65.0, 3.0))
    plain = net.add("plain", 11, ns.LIF())
    net.drive(squid, ns.Poisson(400.0), synapse=ns.ExpCurrent(1.0), weight=500.0)
    net.drive(squid, ns.ConstantCurrent(300.0))
    net.connect(squid, plain, ns.FixedProbability(0.5), psp=2.0)
    net.connect(plain, squid, ns.FixedProbability(0.5), synapse=ns.AlphaCurrent(2.0), weight=300.0)
    net.record(squid, "v", ids=[0, 20, 36])
    one = ns.simulate(net, 60.0, threads=1)
    assert len(one.spikes["squid"]) > 50
    assert len(one.spikes["plain"]) > 5
    simulation = ns.Simulation(net, threads=3)
    simulation.run(13.7)
    other = simulation.run(46.3)
    for name in ("squid", "plain"):
        assert one.spikes[name].times.tobytes() == other.spikes[name].times.tobytes()
        assert one.spikes[name].ids.tobytes() == other.spikes[name].ids.tobytes()
    key = ("squid", "v")
    assert one.traces[key].values.tobytes() == other.traces[key].values.tobytes()


def test_results_with_channels_are_saved_and_drawn(tmp_path) -> None:
    net = ns.Network()
    cell = net.add("cell", 1, ns.HodgkinHuxley())
    net.drive(cell, ns.ConstantCurrent(1000.0))
    net.record(cell, "v")
    result = ns.simulate(net, 20.0)
    ns.save(result, tmp_path / "run.h5")
    loaded = ns.load(tmp_path / "run.h5")
    assert np.isnan(loaded.populations["cell"].v_threshold)
    assert loaded.traces["cell", "v"].values.max() < 60.0

    from neurosim import plot

    figure = plot.voltage_trace(loaded, "cell")
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert any("rest" in text for text in texts)
    assert not any("threshold" in text for text in texts)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ns.HodgkinHuxley(g_na=-1.0), r"g_na = -1 nS is outside 0 to"),
        (lambda: ns.HodgkinHuxley(c_m=np.nan), "c_m = nan is not finite"),
        (
            lambda: ns.HodgkinHuxley(e_na=0.05, e_k=-0.077, e_l=-0.0544),
            "look like volts; did you mean 50",
        ),
    ],
)
def test_values_out_of_range_are_refused(make, words) -> None:
    with pytest.raises(ns.NeurosimError, match=words):
        make()


def test_strengths_as_psp_are_refused() -> None:
    net = ns.Network()
    cell = net.add("cell", 2, ns.HodgkinHuxley())
    with pytest.raises(ns.NeurosimError, match=r"depends on its state; give .* weight \(pA\)"):
        net.drive(cell, ns.Poisson(10.0), synapse=ns.ExpCurrent(2.0), psp=1.0)
    with pytest.raises(ns.NeurosimError, match="'cell' has HodgkinHuxley"):
        net.drive(cell, ns.MembraneNoise(1.0))


def test_gates_follow_from_the_recorded_potential() -> None:
    neuron = ns.HodgkinHuxley()
    net = ns.Network()
    cells = net.add("cells", 2, neuron)
    net.drive(cells, ns.StepCurrent([2.0], [[0.0, 1000.0]]))
    net.record(cells, "v")
    coarse, fine = (ns.simulate(net, 30.0, dt=dt).traces["cells", "v"] for dt in (0.1, 0.01))
    gates = neuron.gates(coarse.values, 0.1)
    resting = np.broadcast_to(steady_gates(neuron.v_rest)[:, None], gates.shape[:2])
    assert gates[:, :, 0] == pytest.approx(resting, abs=1e-9)
    # The capacitive and ionic currents add up to the injected current.
    v, (m, h, n) = fine.of(1), neuron.gates(fine.of(1), 0.01)
    sodium = neuron.g_na * m**3 * h * (v - neuron.e_na)
    others = neuron.g_k * n**4 * (v - neuron.e_k) + neuron.g_l * (v - neuron.e_l)
    injected = neuron.c_m * np.gradient(v, 0.01) + sodium + others
    assert v.max() > 30.0
    assert np.abs(injected[300:-1] - 1000.0).max() < 2e-3 * np.abs(sodium).max()
    # A sampling interval ten times as long gives the same gates.
    assert gates[:, :, 1] == pytest.approx(np.array([m, h, n])[:, 9::10], abs=2e-3)


@pytest.mark.parametrize(
    ("v", "dt", "words"),
    [
        (np.zeros(1), 0.1, "at least two samples"),
        (np.zeros(5), 2.0, "dt = 2 ms is outside"),
        (np.array([0.0, np.nan]), 0.1, "v holds nan"),
    ],
)
def test_invalid_potentials_for_gates_are_refused(v, dt, words) -> None:
    with pytest.raises(ns.NeurosimError, match=words):
        ns.HodgkinHuxley().gates(v, dt)
