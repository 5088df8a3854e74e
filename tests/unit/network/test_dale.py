"""Dale's law: the synapses of a population have one sign by default."""

from __future__ import annotations

import math

import numpy as np
import pytest

import neurosim as ns


@pytest.fixture
def pair() -> tuple[ns.Network, ns.Population, ns.Population]:
    net = ns.Network()
    return net, net.add("exc", 3, ns.LIF()), net.add("inh", 2, ns.LIF())


def test_strengths_of_zero_have_no_sign(pair) -> None:
    net, exc, inh = pair
    for nothing in (0.0, np.zeros((3, 2)), ns.Normal(0.0, 0.0)):
        net.connect(exc, inh, ns.AllToAll(), psp=nothing)
        assert net.sign_of(exc) == 0
    net.connect(exc, inh, ns.AllToAll(), psp=-1.0)
    net.connect(exc, exc, ns.AllToAll(), psp=np.array([[0.0, 0.0, -2.0]] * 3))
    assert net.sign_of(exc) == -1


@pytest.mark.filterwarnings("ignore:.* obeys Dale's law:UserWarning")
def test_a_distribution_is_truncated_at_zero_on_the_side_of_its_mean(pair) -> None:
    net, exc, inh = pair
    excites = net.connect(exc, inh, ns.AllToAll(), psp=ns.Normal(1.0, 2.0)).weight
    inhibits = net.connect(inh, exc, ns.AllToAll(), psp=ns.Uniform(-2.0, 1.0)).weight
    assert (excites.low, excites.high) == (0.0, math.inf)
    assert inhibits == ns.Uniform(-2.0, 0.0)
    assert (net.sign_of(exc), net.sign_of(inh)) == (1, -1)


def test_without_dales_law_a_distribution_keeps_both_signs() -> None:
    net = ns.Network(dale=False)
    mixed = net.add("mixed", 3, ns.LIF())
    law = net.connect(mixed, mixed, ns.AllToAll(), psp=ns.Normal(1.0, 2.0)).weight
    assert law == ns.Normal(1.0, 2.0)
    assert net.sign_of(mixed) == 0


def test_the_setting_of_a_population_overrides_that_of_the_network() -> None:
    net = ns.Network(dale=False)
    strict = net.add("strict", 3, ns.LIF(), dale=True)
    net.connect(strict, strict, ns.AllToAll(), psp=1.0)
    with pytest.raises(ns.NeurosimError, match="would inhibit"):
        net.connect(strict, strict, ns.AllToAll(), psp=-1.0)


@pytest.mark.parametrize(
    "both", [ns.Normal(0.0, 1.0), ns.Uniform(-1.0, 1.0), np.array([[1.0, -1.0]] * 3)]
)
def test_strengths_of_both_signs_are_refused(pair, both) -> None:
    net, exc, inh = pair
    with pytest.raises(ns.NeurosimError, match=r"'exc' to 'inh' have both signs.*dale=False"):
        net.connect(exc, inh, ns.AllToAll(), psp=both)


def test_drives_may_have_both_signs(pair) -> None:
    net, exc, _ = pair
    net.drive(exc, ns.Poisson(5.0), psp=[1.0, -1.0, 0.0])
    assert net.sign_of(exc) == 0
