"""Descriptions of networks: values, immutability and errors."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import scipy.sparse

import neurosim as ns
from neurosim.models.declare import parameters_of


def _pair() -> tuple[ns.Network, ns.Population, ns.Population]:
    net = ns.Network()
    return net, net.add("exc", 6, ns.LIF()), net.add("inh", 4, ns.LIF(tau_m=10.0))


def test_the_default_neuron_has_textbook_parameters() -> None:
    values = [getattr(ns.LIF(), name) for name in parameters_of(ns.LIF)]
    assert values == [-70.0, -55.0, -70.0, 30.0, 20.0, 250.0, 5.0]
    assert ns.LIF().resistance == pytest.approx(0.08)


def test_descriptions_are_frozen() -> None:
    net, exc, _ = _pair()
    with pytest.raises(dataclasses.FrozenInstanceError):
        exc.size = 7  # type: ignore[misc]
    source = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    current = ns.ConstantCurrent(source)
    source[0] = 99.0
    assert np.asarray(current.amplitude)[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        current.amplitude[0] = 5.0  # type: ignore[index]
    assert net.populations == (exc, net["inh"])


def test_a_psp_becomes_a_weight_in_the_synapses_unit() -> None:
    net, exc, inh = _pair()
    synapse = ns.ExpCurrent(5.0)
    projection = net.connect(exc, inh, ns.AllToAll(), synapse=synapse, psp=2.0)
    assert projection.weight * synapse.psp_per_weight(inh.neuron) == pytest.approx(2.0)
    law = net.connect(exc, exc, ns.AllToAll(), synapse=synapse, psp=ns.Normal(2.0, 0.5)).weight
    assert law.mean / law.sd == pytest.approx(4.0)
    assert law.low == 0.0
    drive = net.drive(inh, ns.Poisson(10.0), synapse=synapse, psp=[-1.0, 1.0, 2.0, 3.0])
    assert drive.weight * synapse.psp_per_weight(inh.neuron) == pytest.approx([-1.0, 1.0, 2.0, 3.0])


def test_a_sparse_matrix_may_be_rule_or_strength_or_both() -> None:
    net, exc, inh = _pair()
    matrix = scipy.sparse.csr_array(np.eye(6, 4))
    for projection in (
        net.connect(exc, inh, matrix, psp=1.0),
        net.connect(exc, inh, psp=matrix),
        net.connect(exc, inh, matrix, psp=matrix),
    ):
        assert isinstance(projection.rule, ns.Explicit)
        assert projection.rule.sources.tolist() == projection.rule.targets.tolist() == [0, 1, 2, 3]


def test_the_sign_of_a_population_is_that_of_its_synapses() -> None:
    net, exc, inh = _pair()
    assert net.sign_of(exc) == 0
    net.connect(exc, inh, ns.AllToAll(), psp=1.0)
    net.connect(inh, exc, ns.AllToAll(), psp=ns.Normal(-1.0, 0.5))
    assert (net.sign_of(exc), net.sign_of(inh)) == (1, -1)


def test_dales_law_can_be_lifted_for_a_network_or_a_population() -> None:
    for net in (ns.Network(dale=False), ns.Network()):
        mixed = net.add("mixed", 3, ns.LIF(), dale=False)
        net.connect(mixed, mixed, ns.AllToAll(), psp=1.0)
        net.connect(mixed, mixed, ns.AllToAll(), psp=-1.0)
        assert net.sign_of(mixed) == 0


@pytest.mark.parametrize(
    ("law", "mass"),
    [
        (ns.Normal(1.0, 2.0, low=1.0), 0.5),
        (ns.Uniform(2.0, 3.0), 1.0),
        (ns.LogNormal(2.0, 1.0), 1.0),
        (ns.LogNormal(-2.0, 1.0), 1.0),
    ],
)
def test_truncation_leaves_its_mass(law, mass) -> None:
    low, high = law.quantiles()
    assert high - low == pytest.approx(mass)
    low, high = law.scaled(-3.0).quantiles()
    assert high - low == pytest.approx(mass)


def test_log_normal_moments_are_those_of_the_value() -> None:
    law = ns.LogNormal(2.0, 1.0)
    mean = math.exp(law.mu + law.sigma**2 / 2)
    assert mean == pytest.approx(2.0)
    assert mean * math.sqrt(math.expm1(law.sigma**2)) == pytest.approx(1.0)


NAN = float("nan")

BAD_PARTS = [
    (lambda: ns.LIF(tau_m=0.02), r"LIF\.tau_m = 0\.02 ms .*did you mean 20\?"),
    (lambda: ns.LIF(tau_m=NAN), r"LIF\.tau_m = nan is not finite"),
    (lambda: ns.LIF(tau_m="20"), r"LIF\.tau_m = '20' is not a number"),
    (lambda: ns.LIF(t_ref=True), r"LIF\.t_ref = True is not a number"),
    (lambda: ns.LIF(t_ref=-1.0), r"LIF\.t_ref = -1 ms is outside 0 to 1000 ms"),
    (lambda: ns.LIF(-0.07, -0.055, -0.07, 0.03), "look like volts"),
    (lambda: ns.LIF(v_reset=-50.0), r"v_reset = -50 mV is not below v_threshold"),
    (lambda: ns.LIF(v_peak=-60.0), r"v_peak = -60 mV is below"),
    (lambda: ns.LIF(c_m=2.5e-10), r"LIF\.c_m = 2\.5e-10 pF is outside"),
    (lambda: ns.ExpCurrent(0.0), r"ExpCurrent\.tau = 0 ms is outside"),
    (lambda: ns.ExpCurrent(0.005), r"did you mean 5\?"),
    (lambda: ns.AlphaCurrent(-2.0), r"AlphaCurrent\.tau = -2 ms"),
    (lambda: ns.Normal(1.0, -0.1), r"Normal\.sd = -0\.1 is not above 0"),
    (lambda: ns.Normal(0.0, 1.0, low=50.0), "almost no values between its bounds"),
    (lambda: ns.Normal(0.0, 1.0, low=2.0, high=1.0), "low = 2 is not below high = 1"),
    (lambda: ns.Uniform(3.0, 3.0), "low = 3 is not below high = 3"),
    (lambda: ns.LogNormal(0.0, 1.0), r"LogNormal\.mean = 0"),
    (lambda: ns.FixedProbability(1.5), r"FixedProbability\.p = 1\.5 is outside 0 to 1"),
    (lambda: ns.FixedProbability(10.0), r"did you mean 0\.1\?"),
    (lambda: ns.FixedInDegree(2.5), r"FixedInDegree\.n = 2\.5 is not a whole number"),
    (lambda: ns.FixedOutDegree(-1), r"FixedOutDegree\.n = -1 is outside 0 to"),
    (lambda: ns.FixedInDegree(3, multapses=1), r"multapses = 1 is neither True nor False"),
    (lambda: ns.Explicit([0, 1], [1]), "2 sources and 1 targets"),
    (lambda: ns.Explicit([0.5], [1]), "not a 1-D array of whole numbers"),
    (lambda: ns.ConstantCurrent([1.0, NAN]), r"holds nan at \[1\]"),
    (lambda: ns.ConstantCurrent("5"), "is not a number"),
    (lambda: ns.StepCurrent([5.0, 3.0], [1.0, 2.0]), "3 ms follows 5 ms"),
    (lambda: ns.StepCurrent([1.0, 2.0], [1.0]), r"shape \(1,\): expected \(2,\)"),
    (lambda: ns.StepCurrent([], []), "is empty"),
    (lambda: ns.CurrentWaveform([1.0], -1.0), r"interval = -1 ms is outside"),
    (lambda: ns.Poisson(-5.0), r"Poisson\.rate = -5 Hz is outside"),
    (lambda: ns.SpikeTimes([1.0, -2.0]), r"SpikeTimes\.times = -2 ms is outside"),
    (lambda: ns.SpikeTimes([1.0, NAN]), "holds nan"),
    (lambda: ns.MembraneNoise(-1.0), r"MembraneNoise\.sigma = -1 mV"),
    (lambda: ns.Network(dale="no"), "neither True nor False"),
]


@pytest.mark.parametrize(("make", "words"), BAD_PARTS)
def test_an_invalid_part_is_refused_in_one_sentence(make, words) -> None:
    with pytest.raises(ns.NeurosimError, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)


BAD_NETWORKS = [
    (lambda n, e, i: n.add("exc", 3, ns.LIF()), "Population 'exc' already exists"),
    (lambda n, e, i: n.add("new", 0, ns.LIF()), "Size of population 'new' = 0 is outside 1 to"),
    (lambda n, e, i: n.add("new", -3, ns.LIF()), "= -3 is outside 1 to"),
    (lambda n, e, i: n.add("new", 2.0, ns.LIF()), "is not a whole number"),
    (lambda n, e, i: n.add("a/b", 3, ns.LIF()), "without '/'"),
    (lambda n, e, i: n.add("new", 3, ns.LIF), "is not a neuron model"),
    (lambda n, e, i: n.add("new", 3, ns.LIF(), v_init=[1.0]), r"shape \(1,\); expected \(3,\)"),
    (lambda n, e, i: n.add("new", 3, ns.LIF(), v_init=NAN), "not finite"),
    (lambda n, e, i: n["exz"], "did you mean 'exc'"),
    (lambda n, e, i: n.connect(e, "inh", ns.AllToAll(), psp=1.0), "not a population"),
    (lambda n, e, i: n.connect(e, ns.Network().add("x", 1, ns.LIF()), psp=1.0), "another network"),
    (lambda n, e, i: n.connect(e, i, "all", psp=1.0), "not a connection rule"),
    (lambda n, e, i: n.connect(e, i, ns.AllToAll()), "neither was given"),
    (lambda n, e, i: n.connect(e, i, ns.AllToAll(), psp=1.0, weight=1.0), "both were given"),
    (lambda n, e, i: n.connect(e, i, ns.AllToAll(), psp=NAN), "psp = nan is not finite"),
    (lambda n, e, i: n.connect(e, i, ns.AllToAll(), psp=1.0, delay=-1.0), "delay = -1 ms"),
    (lambda n, e, i: n.connect(e, i, ns.AllToAll(), psp=1.0, delay=0.0), "at least one time step"),
    (lambda n, e, i: n.connect(e, i, ns.AllToAll(), psp=1.0, delay=NAN), "delay = nan"),
    (
        lambda n, e, i: n.connect(e, i, ns.AllToAll(), psp=1.0, delay=ns.Uniform(-2.0, -1.0)),
        "no positive values",
    ),
    (lambda n, e, i: n.connect(e, i, ns.AllToAll(), psp=np.ones((4, 6))), r"expected \(6, 4\)"),
    (lambda n, e, i: n.connect(e, i, ns.FixedInDegree(2), psp=np.ones(8)), "connections at random"),
    (lambda n, e, i: n.connect(e, i, ns.OneToOne(), psp=1.0), "6 and 4 neurons"),
    (lambda n, e, i: n.connect(e, i, ns.Explicit([6], [0]), psp=1.0), "holds 6: indices .* 0 to 5"),
    (
        lambda n, e, i: n.connect(e, i, ns.FixedInDegree(7, multapses=False), psp=1.0),
        "7 exceeds the 6 neurons",
    ),
    (lambda n, e, i: n.connect(e, i, ns.AllToAll(), synapse="exp", psp=1.0), "not a synapse model"),
    (lambda n, e, i: n.connect(e, i, psp=scipy.sparse.eye(3)), r"shape \(3, 3\); .*\(6, 4\)"),
    (lambda n, e, i: n.connect(e, e, ns.AllToAll(), psp=np.eye(6) - 0.5), "both signs.*dale=False"),
    (lambda n, e, i: n.drive(e, 100.0), "not an input"),
    (lambda n, e, i: n.drive(e, ns.Poisson(5.0)), "neither was given"),
    (lambda n, e, i: n.drive(e, ns.Poisson(5.0), psp=ns.Normal(1.0, 0.1)), "number per target"),
    (lambda n, e, i: n.drive(e, ns.Poisson(5.0), psp=1.0, delay=-0.5), "delay = -0.5 ms"),
    (lambda n, e, i: n.drive(e, ns.ConstantCurrent(5.0), psp=1.0), "leave out psp"),
    (lambda n, e, i: n.drive(e, ns.ConstantCurrent([1.0, 2.0])), "2 targets but drives 6"),
    (lambda n, e, i: n.drive(e, ns.MembraneNoise(1.0), ids=[1, 1]), "contains 1 more than once"),
    (lambda n, e, i: n.drive(e, ns.MembraneNoise(1.0), ids=[6]), "holds 6: indices .* 0 to 5"),
    (lambda n, e, i: n.drive(e, ns.MembraneNoise(1.0), ids=[]), "is empty"),
    (lambda n, e, i: n.record(e, "spike"), "did you mean 'spikes'"),
    (lambda n, e, i: n.record(e, "v", interval=0.0), "interval = 0 ms"),
    (lambda n, e, i: n.record(e, "spikes", interval=1.0), "no sampling interval"),
    (lambda n, e, i: (n.record(e, "v"), n.record(e, "v", ids=[1])), "already recorded"),
]


@pytest.mark.parametrize(("act", "words"), BAD_NETWORKS)
def test_an_invalid_call_is_refused_in_one_sentence(act, words) -> None:
    net, exc, inh = _pair()
    with pytest.raises(ns.NeurosimError, match=words) as caught:
        act(net, exc, inh)
    assert "\n" not in str(caught.value)


def test_a_refused_step_leaves_the_network_as_it_was() -> None:
    net, exc, inh = _pair()
    net.connect(exc, inh, ns.AllToAll(), psp=1.0)
    with pytest.raises(
        ns.NeurosimError, match="'exc' to 'exc' would inhibit, those to 'inh' excite"
    ):
        net.connect(exc, exc, ns.AllToAll(), psp=-1.0)
    assert len(net.projections) == 1


def test_truncation_by_dales_law_warns() -> None:
    net = ns.Network()
    exc = net.add("exc", 3, ns.LIF())
    with pytest.warns(UserWarning, match=r"psp = Normal\(mean=0\.5.*31% .* 'exc' obeys Dale's law"):
        net.connect(exc, exc, ns.AllToAll(), psp=ns.Normal(0.5, 1.0))
    inh = net.add("inh", 3, ns.LIF())
    with pytest.warns(UserWarning, match=r"weight = Normal\(mean=-0\.5.*16% "):
        net.connect(inh, exc, ns.AllToAll(), weight=ns.Normal(-0.5, 0.5))
    # Warnings are errors in tests: negligible truncation must not warn.
    net.connect(exc, exc, ns.AllToAll(), psp=ns.Normal(0.5, 0.2))
