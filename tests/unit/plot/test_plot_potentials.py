"""Distribution of potentials: numbers and figure."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from neurosim import plot
from neurosim.analysis import potentials


@pytest.fixture(scope="module")
def ran() -> ns.Result:
    """Two populations under noise, one of which fires, and one without recordings."""
    net = ns.Network()
    for name, drive in (("fires", 300.0), ("rests", 0.0), ("unseen", 0.0)):
        cells = net.add(name, 20, ns.LIF())
        net.drive(cells, ns.ConstantCurrent(drive))
        net.drive(cells, ns.MembraneNoise(2.0))
        if name != "unseen":
            net.record(cells, "v")
    return ns.simulate(net, 400.0)


def test_potentials_are_those_of_the_membrane_after_the_warmup(ran: ns.Result):
    trace = ran.traces["fires", "v"]
    values = potentials(ran, "fires", 100.0)
    assert values.max() <= -55.0
    assert np.array_equal(values, trace.values[1000:].ravel())
    with pytest.raises(ns.NeurosimError, match="'v' of population 'unseen' was not recorded"):
        potentials(ran, "unseen")


def test_a_histogram_of_potentials_has_unit_area_and_marks_the_threshold(ran: ns.Result):
    (axes,) = plot.potential_histogram(ran, start=100.0).axes
    assert [patch.get_label() for patch in axes.patches] == ["fires", "rests"]
    for patch in axes.patches:
        density, edges, _ = patch.get_data()
        assert density @ np.diff(edges) == pytest.approx(1.0)
    assert [line.get_xdata()[0] for line in axes.lines] == [-55.0]
    assert axes.get_xlabel() == "membrane potential (mV)"
    assert axes.get_ylabel() == "density (1/mV)"


def test_a_histogram_of_no_samples_says_so(ran: ns.Result):
    (axes,) = plot.potential_histogram(ran, start=400.0).axes
    assert [text.get_text() for text in axes.texts] == ["no samples"]


def test_a_potential_that_never_moves_is_drawn():
    net = ns.Network()
    net.record(net.add("cell", 1, ns.LIF()), "v")
    (axes,) = plot.potential_histogram(ns.simulate(net, 5.0)).axes
    density, edges, _ = axes.patches[0].get_data()
    assert density @ np.diff(edges) == pytest.approx(1.0)
