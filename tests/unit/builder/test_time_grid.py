"""Times between the steps of the grid are rounded to the nearest, halves to the later one."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from neurosim.builder.grid import to_steps

PASSIVE = ns.LIF(v_threshold=199.0, v_peak=199.0)


@pytest.mark.parametrize("dt", [0.1, 0.05, 0.025, 0.2, 0.7, 1.0, 0.01])
def test_halves_go_to_the_later_step_whatever_their_binary_fraction(dt: float) -> None:
    steps = np.arange(5000)
    assert np.array_equal(to_steps(steps * dt, dt), steps)
    assert np.array_equal(to_steps((steps + 0.5) * dt, dt), steps + 1)
    assert np.array_equal(to_steps((steps + 0.499) * dt, dt), steps)
    # Decimals as users write them.
    written = [float(f"{x:.10g}") for x in (steps + 0.5) * dt]
    assert np.array_equal(to_steps(written, dt), steps + 1)


def _arrivals(times: list[float], dt: float, delay: float | None = None) -> list[float]:
    net = ns.Network()
    cell = net.add("cell", 1, PASSIVE)
    net.drive(cell, ns.SpikeTimes(times), psp=1.0, delay=delay)
    net.record(cell, "input_exc")
    trace = ns.simulate(net, 10.0, dt=dt).traces["cell", "input_exc"]
    return np.repeat(trace.times, np.rint(trace.values[:, 0]).astype(int)).tolist()


def test_given_spikes_off_the_grid_arrive_at_the_nearest_step() -> None:
    assert _arrivals([1.5, 2.5, 3.4], 1.0) == pytest.approx([2.0, 3.0, 3.0])
    assert _arrivals([0.05, 0.06, 0.15, 0.24, 0.35], 0.1) == pytest.approx(
        [0.1, 0.1, 0.2, 0.2, 0.4]
    )
    assert _arrivals([0.02, 1.02], 0.1, delay=0.03) == pytest.approx([0.1, 1.1])


def test_what_would_arrive_before_the_first_step_is_over_is_refused() -> None:
    for time in (0.0, 0.04):
        with pytest.raises(ns.NeurosimError, match="before the first step is over"):
            _arrivals([time], 0.1)
    assert _arrivals([0.0, 0.04], 0.1, delay=0.05) == pytest.approx([0.1, 0.1])


def _first_arrival(delay: float | None, **options: object) -> np.ndarray:
    """Return the first arrival of Poisson spikes at each of 200 neurons (ms)."""
    net = ns.Network()
    cells = net.add("cells", 200, PASSIVE)
    net.drive(cells, ns.Poisson(**options), psp=1.0, delay=delay)  # type: ignore[arg-type]
    net.record(cells, "input_exc")
    trace = ns.simulate(net, 100.0).traces["cells", "input_exc"]
    assert trace.values.any(axis=0).all()
    return trace.times[np.argmax(trace.values > 0.0, axis=0)]


# 20 spikes a step at 200 neurons: that none arrives in the first has a probability of e^-20.
@pytest.mark.parametrize(
    ("options", "onset"),
    [
        ({"rate": 1000.0}, 0.0),
        ({"rate": np.full(200, 1000.0)}, 0.0),
        ({"rate": [1000.0], "times": [50.0]}, 50.0),
        ({"rate": [0.0, 1000.0], "times": [10.0, 40.0]}, 40.0),
    ],
)
@pytest.mark.parametrize("delay", [None, 0.0, 0.1, 3.0, 20.0])
def test_poisson_spikes_begin_later_by_the_delay(options, onset, delay) -> None:
    assert _first_arrival(delay, **options).min() == pytest.approx(onset + (delay or 0.0) + 0.1)


def test_the_end_of_poisson_spikes_is_delayed_too() -> None:
    net = ns.Network()
    cells = net.add("cells", 200, PASSIVE)
    net.drive(cells, ns.Poisson([2000.0, 0.0], times=[5.0, 20.0]), psp=1.0, delay=3.0)
    net.record(cells, "input_exc")
    trace = ns.simulate(net, 40.0).traces["cells", "input_exc"]
    arrived = trace.times[trace.values.any(axis=1)]
    # Forty spikes a step: that a step has none has a probability of e^-40.
    assert arrived == pytest.approx(np.arange(81, 231) * 0.1)


def test_a_delayed_onset_survives_pieces_threads_and_checkpoints(tmp_path) -> None:
    net = ns.Network()
    cells = net.add("cells", 60, ns.LIF())
    net.drive(cells, ns.Poisson(9000.0), psp=1.0, delay=12.3)
    whole = ns.simulate(net, 60.0, threads=1).spikes["cells"]
    simulation = ns.Simulation(net, threads=3)
    simulation.run(7.7)
    simulation.save(tmp_path / "state.h5")
    for other in (simulation, ns.Simulation.restore(tmp_path / "state.h5", threads=2)):
        other.run(4.5)
        found = other.run(47.8).spikes["cells"]
        assert found.times.tobytes() == whole.times.tobytes()
        assert found.ids.tobytes() == whole.ids.tobytes()
    assert len(whole) > 60
    assert whole.times.min() > 12.3


def _refused(**options: object) -> str:
    net = ns.Network()
    a, b = net.add("a", 2, ns.LIF()), net.add("b", 2, ns.LIF())
    try:
        net.connect(a, b, ns.AllToAll(), **options)  # type: ignore[arg-type]
        ns.Simulation(net)
    except ns.NeurosimError as error:
        return str(error)
    raise AssertionError("it was not refused")


def test_a_refusal_names_the_numbers_that_were_given() -> None:
    law = ns.Uniform(0.01, 0.04)
    words = _refused(psp=1.0, delay=law)
    assert f"delays {law} ms from 'a' to 'b' round to 0" in words
    assert "dt = 0.1 ms" in words
    assert "0.05" not in words
    assert "Normal(mean=0.01, sd=0.001" in _refused(psp=1.0, delay=ns.Normal(0.01, 0.001))

    exp = ns.ExpCurrent(2.0)
    rule = ns.STDP(10.0)
    words = _refused(synapse=exp, psp=2.0, plasticity=rule)
    assert words.startswith("psp = 2 mV, a weight = ")
    assert "outside 0 to STDP.w_max = 10" in words
    law = ns.Normal(2.0, 0.01)
    assert f"psp = {law}, as a weight, lies" in _refused(synapse=exp, psp=law, plasticity=rule)

    law = ns.Normal(4.7, 1.0, high=1e-3)
    assert f"psp = {law} has almost no values with the sign of its mean" in _refused(psp=law)


def test_initial_potentials_without_an_end_are_refused() -> None:
    net = ns.Network()
    for law in (ns.Normal(1e308, 1e300), ns.LogNormal(1e3, 1e6), ns.Uniform(-1e308, 1e308)):
        with pytest.raises(ns.NeurosimError, match=r"v_init of population 'a' = .* extends from"):
            net.add("a", 2, ns.LIF(), v_init=law)


def test_a_column_may_not_be_multiplied_beyond_all_numbers() -> None:
    with pytest.raises(ns.NeurosimError, match=r"Column\.factor"):
        ns.Column("w", 1e300)
