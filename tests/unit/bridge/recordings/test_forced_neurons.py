"""Neurons that spike at recorded times follow the potential of the recorded neuron."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from bridge.recordings.fitting.forced import equations_of, forced_class

MODELS = [
    (ns.LIF(t_ref=3.0), 220.0, 1e-9),
    (ns.LIF(escape=ns.EscapeRate(1.0, 1.0)), 150.0, 1e-9),
    (
        ns.GIF(v_threshold=-50.0, delta_v=2.0, lambda_0=10.0, a_eta_3=20.0, a_gamma_2=3.0),
        100.0,
        1e-9,
    ),
    (ns.MAT2(), 600.0, 1e-9),
    (ns.TwoCompartment(), 250.0, 1e-9),
    (ns.Izhikevich2007(), 150.0, None),
]


@pytest.mark.parametrize(
    ("neuron", "mean", "tolerance"), MODELS, ids=lambda one: type(one).__name__
)
def test_potential_equals_that_of_the_neuron(recorded, neuron, mean, tolerance) -> None:
    data = recorded(neuron, mean, 0.7 * mean, 500.0, 1)
    kind = equations_of(neuron)
    values = {name: getattr(neuron, name) for name in kind.declared_parameters()}
    net = ns.Network()
    cell = net.add("cell", 1, forced_class(neuron)(**values))
    net.drive(cell, ns.CurrentWaveform(data.current, interval=0.1))
    net.drive(cell, ns.SpikeTimes(data.spikes - 0.1), weight=1.0, compartment="forced")
    net.record(cell, "v")
    result = ns.simulate(net, 500.0, dt=0.1)
    assert len(data.spikes) > 3
    assert result.spikes["cell"].of(0) == pytest.approx(data.spikes)
    error = np.abs(result.traces["cell", "v"].values - data.trace.values)
    if tolerance is not None:
        assert error.max() < tolerance
    else:  # an upstroke within a step: the reset is at another moment of it
        assert np.median(error) < 0.1


def test_rate_is_the_hazard_of_the_model(recorded) -> None:
    neuron = ns.LIF(escape=ns.EscapeRate(2.0, 3.0, "exponential"))
    data = recorded(neuron, 150.0, 100.0, 300.0, 2)
    values = {name: getattr(neuron, name) for name in equations_of(neuron).declared_parameters()}
    net = ns.Network()
    kind = forced_class(neuron)
    cell = net.add("cell", 1, kind(**values, soft_delta=2.0, soft_tau=3.0))
    net.drive(cell, ns.CurrentWaveform(data.current, interval=0.1))
    net.record(cell, "rate")
    net.record(cell, "v")
    result = ns.simulate(net, 300.0, dt=0.1)
    v = result.traces["cell", "v"].values
    expected = neuron.escape.rate(v - neuron.v_threshold)
    assert result.traces["cell", "rate"].values == pytest.approx(expected, rel=1e-9)
