"""Parameters of neurons as numbers, one per neuron, and as distributions."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import bridge
import neurosim as ns
from neurosim.models import IntegrateAndFire, Neuron
from neurosim.models.registry import is_builtin, kinds_of

NEURONS = [kind for kind in kinds_of(Neuron).values() if is_builtin(kind)]


def test_a_parameter_is_a_number_an_array_or_a_distribution() -> None:
    neuron = ns.LIF(tau_m=[10.0, 20.0, 30.0], c_m=ns.Uniform(100.0, 200.0), t_ref=2)
    assert neuron.tau_m.tolist() == [10.0, 20.0, 30.0]
    assert not neuron.tau_m.flags.writeable
    assert neuron.c_m == ns.Uniform(100.0, 200.0)
    assert neuron.t_ref == 2.0
    assert (ns.LIF().is_uniform, neuron.is_uniform) == (True, False)


def test_a_distribution_is_truncated_to_the_range_and_below_the_threshold() -> None:
    neuron = ns.LIF(v_threshold=ns.Normal(-55.0, 3.0), tau_m=ns.Normal(10.0, 4.0))
    assert (neuron.v_threshold.low, neuron.v_threshold.high) == (-70.0, 30.0)
    assert neuron.tau_m.low == 0.1
    neuron = ns.LIF(v_reset=ns.Normal(-65.0, 5.0), v_rest=-75.0)
    assert neuron.v_reset.high == -55.0


def test_neurons_with_equal_parameters_are_equal() -> None:
    tau = np.array([10.0, 20.0])
    assert ns.LIF() == ns.LIF(tau_m=20.0)
    assert ns.LIF(tau_m=tau) == ns.LIF(tau_m=tau.copy())
    assert ns.LIF(tau_m=tau) != ns.LIF(tau_m=tau[::-1])
    assert ns.LIF(tau_m=tau) != ns.LIF()
    assert ns.LIF() != IntegrateAndFire()
    assert len({ns.LIF(), ns.LIF(), ns.LIF(tau_m=tau), ns.LIF(tau_m=tau)}) == 2
    assert dataclasses.replace(ns.LIF(tau_m=tau), c_m=100.0).tau_m.tolist() == [10.0, 20.0]


REFUSED = [
    (lambda: ns.LIF(tau_m=[10.0, -1.0]), r"LIF\.tau_m = -1 ms is outside 0\.1 to 1000 ms"),
    (lambda: ns.LIF(tau_m=[[10.0]]), r"tau_m has shape \(1, 1\): .* a 1-D array with one per"),
    (lambda: ns.LIF(tau_m=ns.Normal(-10.0, 1.0)), "tau_m = Normal.* almost no values from 0.1 to"),
    (lambda: ns.LIF(v_reset=[-70.0, -50.0]), r"LIF\.v_reset = -50 mV is not below .* = -55 mV"),
    (lambda: ns.LIF(v_threshold=[-50.0, -72.0]), r"v_reset = -70 mV is not below .* -72 mV"),
    (lambda: ns.LIF(v_reset=[-70.0] * 2, v_threshold=[-50.0] * 3), "2 values and v_threshold 3"),
    (lambda: ns.LIF(v_threshold=ns.Normal(-80.0, 1.0)), "almost no values above v_reset"),
    (lambda: ns.LIF(v_reset=ns.Normal(-20.0, 1.0)), "almost no values below v_threshold"),
    (
        lambda: ns.LIF(v_reset=ns.Normal(-70.0, 5.0), v_threshold=ns.Normal(-55.0, 5.0)),
        r"v_reset = -28\.5 mV is not below v_threshold = -96\.5 mV",
    ),
    (lambda: ns.LIF(v_threshold=[-0.05, -0.055]), "look like volts; did you mean -55"),
    (lambda: ns.LIF(v_threshold=ns.Normal(-0.055, 0.002)), "look like volts; did you mean -55"),
    (lambda: ns.LIF(v_peak=[30.0, -60.0]), r"v_peak = -60 mV is below"),
    (lambda: IntegrateAndFire(tau_m=[1.0, 0.0]), r"tau_m = 0 must be above 0"),
]


@pytest.mark.parametrize(("make", "words"), REFUSED)
def test_values_per_neuron_are_refused_like_numbers(make, words) -> None:
    with pytest.raises(ns.NeurosimError, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", NEURONS)
def test_potentials_out_of_order_or_in_volts_are_refused(kind: type[Neuron]) -> None:
    for lower, upper in kind.ascending:
        words = rf"{kind.__name__}\.{lower} = .* mV is not below {upper} = .* fire without end"
        with pytest.raises(ns.NeurosimError, match=words):
            kind(**{lower: getattr(kind(), upper)})
    for name in kind.potentials:
        with pytest.raises(ns.NeurosimError, match=rf"{name} = -0\.05 mV: .*did you mean -50\?"):
            kind(**{name: -0.05})


def test_arrays_have_one_value_per_neuron_of_the_population() -> None:
    net = ns.Network()
    with pytest.raises(ns.NeurosimError, match=r"LIF\.tau_m of population 'a' has 2 values for 3"):
        net.add("a", 3, ns.LIF(tau_m=[10.0, 20.0]))
    assert not net.populations


def test_a_psp_needs_one_membrane_for_all_neurons() -> None:
    net = ns.Network()
    a = net.add("a", 2, ns.LIF(c_m=[100.0, 200.0]))
    synapse = ns.ExpCurrent(5.0)
    with pytest.raises(ns.NeurosimError, match=r"psp = 1\.0: tau_m or c_m differs .* as weight"):
        net.connect(a, a, ns.AllToAll(), synapse=synapse, psp=1.0)
    assert net.connect(a, a, ns.AllToAll(), synapse=synapse, weight=5.0).weight == 5.0
    assert net.connect(a, a, ns.AllToAll(), psp=1.0).weight == 1.0


@pytest.mark.parametrize(
    "use",
    [lambda n: bridge.to_logistic(n, [1.0], 2.0), lambda n: bridge.siegert_rate(-60.0, 2.0, n)],
)
def test_the_bridge_describes_one_neuron(use) -> None:
    with pytest.raises(ns.NeurosimError, match="parameters that differ between neurons"):
        use(ns.LIF(tau_m=[10.0, 20.0]))
