"""Integrate-and-fire neurons whose parameters differ within a population."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import neurosim as ns
from neurosim.models import IntegrateAndFire, Neuron

SIZE = 7
VALUES: dict[str, np.ndarray] = {
    "v_rest": np.linspace(-72.0, -66.0, SIZE),
    "v_threshold": np.linspace(-58.0, -52.0, SIZE),
    "v_reset": np.linspace(-75.0, -65.0, SIZE),
    "tau_m": np.linspace(8.0, 30.0, SIZE),
    "c_m": np.linspace(150.0, 350.0, SIZE),
    "t_ref": np.array([0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0]),
}
CURRENTS = np.linspace(300.0, 900.0, SIZE)


def _driven(neuron: ns.LIF, which: list[int]) -> ns.Network:
    """Return neurons with input of every kind; what each gets depends on its number alone."""
    net = ns.Network()
    cells = net.add("cells", len(which), neuron)
    net.drive(cells, ns.StepCurrent([3.0, 60.0], [CURRENTS[which], 0.5 * CURRENTS[which]]))
    spikes = [np.arange(5.0 + k, 90.0, 3.0 + k) for k in which]
    net.drive(cells, ns.SpikeTimes(spikes), synapse=ns.ExpCurrent(2.0), weight=200.0)
    net.drive(cells, ns.SpikeTimes(spikes), synapse=ns.AlphaCurrent(3.0), weight=-80.0)
    net.drive(cells, ns.SpikeTimes(spikes), weight=1.5, delay=2.0)
    net.record(cells, "v")
    net.record(cells, "i_syn")
    return net


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("threads", [1, 3])
def test_each_neuron_has_the_bits_that_it_has_alone(name: str, threads: int) -> None:
    together = _driven(ns.LIF(**{name: VALUES[name]}), list(range(SIZE)))
    result = ns.simulate(together, 100.0, threads=threads)
    assert len(result.spikes["cells"]) > 20
    for k in range(SIZE):
        alone = ns.simulate(_driven(ns.LIF(**{name: float(VALUES[name][k])}), [k]), 100.0)
        assert np.array_equal(result.spikes["cells"].of(k), alone.spikes["cells"].times)
        for variable in ("v", "i_syn"):
            own, other = (r.traces["cells", variable] for r in (result, alone))
            assert np.array_equal(own.of(k), other.of(0))


def _random(neuron: ns.LIF) -> ns.Network:
    net = ns.Network()
    cells = net.add("cells", 60, neuron, v_init=ns.Uniform(-70.0, -60.0))
    net.drive(cells, ns.Poisson(3000.0), synapse=ns.ExpCurrent(3.0), weight=60.0)
    net.drive(cells, ns.Poisson(1500.0), psp=0.4)
    net.drive(cells, ns.MembraneNoise(2.0))
    net.connect(cells, cells, ns.FixedProbability(0.2), psp=ns.Normal(0.3, 0.1), delay=1.5)
    net.record(cells, "v", ids=[0, 30, 59])
    net.record(cells, "input_exc", ids=[3])
    return net


@pytest.mark.parametrize(
    "escape", [None, ns.EscapeRate(2.0, 5.0), ns.EscapeRate(2.0, 5.0, "exponential")]
)
def test_equal_values_for_each_neuron_are_as_one_value_for_all(escape: Any) -> None:
    same = ns.LIF(tau_m=np.full(60, 20.0), v_threshold=np.full(60, -55.0), escape=escape)
    one, each = (ns.simulate(_random(neuron), 100.0) for neuron in (ns.LIF(escape=escape), same))
    assert len(one.spikes["cells"]) > 100
    assert np.array_equal(one.spikes["cells"].times, each.spikes["cells"].times)
    assert np.array_equal(one.spikes["cells"].ids, each.spikes["cells"].ids)
    for key, trace in one.traces.items():
        assert np.array_equal(trace.values, each.traces[key].values)


DRAWN = ns.LIF(
    v_threshold=ns.Normal(-55.0, 2.0), tau_m=ns.Uniform(10.0, 30.0), t_ref=ns.Uniform(0.0, 5.0)
)


def test_drawn_values_give_the_same_bits_on_any_threads_and_after_a_checkpoint(tmp_path) -> None:
    whole = ns.simulate(_random(DRAWN), 80.0, threads=1)
    simulation = ns.Simulation(_random(DRAWN), threads=3)
    simulation.run(33.3)
    simulation.save(tmp_path / "state.h5")
    for other in (
        simulation.run(46.7),
        ns.Simulation.restore(tmp_path / "state.h5", threads=2).run(46.7),
    ):
        assert np.array_equal(whole.spikes["cells"].times, other.spikes["cells"].times)
        assert np.array_equal(whole.spikes["cells"].ids, other.spikes["cells"].ids)
        trace = other.traces["cells", "v"].values
        assert np.array_equal(whole.traces["cells", "v"].values, trace)


def test_values_are_drawn_by_the_seed() -> None:
    rates = [ns.simulate(_random(DRAWN), 80.0, seed=k).spikes["cells"].counts() for k in (1, 1, 2)]
    assert np.array_equal(rates[0], rates[1])
    assert not np.array_equal(rates[0], rates[2])


def test_drawn_values_can_be_read_back() -> None:
    net = _random(DRAWN)
    cells = net["cells"]
    values = ns.Simulation(net, threads=2).parameters(cells)
    assert values["c_m"] == 250.0
    threshold, tau_m = values["v_threshold"], values["tau_m"]
    assert len(np.unique(threshold)) == len(np.unique(tau_m)) == 60
    assert ((tau_m >= 10.0) & (tau_m <= 30.0)).all()
    own = ns.Simulation(net).parameters(cells[[3, 50]])
    assert np.array_equal(own["v_threshold"], threshold[[3, 50]])
    # With these values given for each neuron the network is the same.
    given = ns.LIF(**{name: values[name] for name in ("v_threshold", "tau_m", "t_ref")})
    one, other = (ns.simulate(_random(neuron), 60.0) for neuron in (DRAWN, given))
    assert np.array_equal(one.spikes["cells"].times, other.spikes["cells"].times)


def test_a_reset_by_subtraction_differs_between_neurons() -> None:
    subtract = np.array([5.0, 10.0, 20.0])
    net = ns.Network()
    neuron = IntegrateAndFire(tau_m=np.inf, t_ref=0.0, subtract=subtract)
    cells = net.add("cells", 3, neuron)
    net.drive(cells, ns.ConstantCurrent(250.0))
    net.record(cells, "v")
    result = ns.simulate(net, 200.0)
    # V rises by 1 mV per ms and falls by `subtract` at each spike above 15 mV.
    assert result.spikes["cells"].counts() == pytest.approx((200.0 - 15.0) / subtract, abs=1.01)


def test_a_wrong_number_of_values_is_refused() -> None:
    with pytest.raises(
        ns.NeurosimError, match=r"LIF.tau_m of population 'cells' has 3 values for 4"
    ):
        ns.Network().add("cells", 4, ns.LIF(tau_m=[10.0, 20.0, 30.0]))
    net = ns.Network()
    cells = net.add("cells", 2, ns.LIF(tau_m=[10.0, 20.0]))
    with pytest.raises(ns.NeurosimError, match="differs between the neurons; give the strength"):
        net.drive(cells, ns.Poisson(10.0), synapse=ns.ExpCurrent(2.0), psp=1.0)


def _spikes_with(neuron: Neuron, synapse: ns.Synapse | None = None) -> ns.SpikeTrains:
    """Return the spikes of four neurons; a synapse with equations changes their integration."""
    net = ns.Network()
    cells = net.add("cells", 4, neuron)
    net.drive(cells, ns.ConstantCurrent(5000.0))
    if synapse is not None:
        net.connect(cells, cells, synapse=synapse, rule=ns.OneToOne(), weight=0.0)
    return ns.simulate(net, 30.0).spikes["cells"]


@pytest.mark.parametrize("kind", [ns.LIF, ns.IntegrateAndFire, ns.AdEx, ns.GLIF, ns.MAT2])
@pytest.mark.parametrize("synapse", [None, ns.ExpConductance(5.0)])
def test_refractory_periods_between_steps_are_rounded_to_the_nearest_one_halves_up(
    kind: type[Neuron], synapse: ns.Synapse | None
) -> None:
    between, steps = [0.04, 0.25, 0.34, 0.35], [0.0, 0.3, 0.3, 0.4]
    differing = _spikes_with(kind(t_ref=between), synapse)
    assert np.array_equal(differing.times, _spikes_with(kind(t_ref=steps), synapse).times)
    for k, (given, rounded) in enumerate(zip(between, steps, strict=True)):
        spikes = _spikes_with(kind(t_ref=given), synapse).of(k)
        assert np.array_equal(spikes, _spikes_with(kind(t_ref=rounded), synapse).of(k))
        assert len(spikes) > 1
        assert np.array_equal(spikes, differing.of(k))
