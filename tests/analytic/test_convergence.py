"""The error of each integration method falls with its order, fitted over several steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import neurosim as ns

DT = 1.0


def potential(neuron: ns.network.Neuron) -> float:
    """Return the potential after 30 ms, in which the neuron does not spike."""
    net = ns.Network()
    cell = net.add("cell", 1, neuron)
    net.drive(cell, ns.ConstantCurrent(450.0))
    net.drive(cell, ns.SpikeTimes([5.0, 12.0]), synapse=ns.ExpConductance(3.0, -50.0), weight=10.0)
    net.record(cell, "v")
    result = ns.simulate(net, 30.0, dt=DT)
    assert not len(result.spikes["cell"])
    return float(result.traces["cell", "v"].of(0)[-1])


def fitted_order(options: list[dict[str, Any]], size: str) -> float:
    """Return the slope of log(error) over log(size) of a neuron with several options."""
    exact = potential(ns.AdEx(method="adaptive", tolerance=1e-13))
    errors = [abs(potential(ns.AdEx(**each)) - exact) for each in options]
    assert min(errors) > 1e-12  # above rounding
    sizes = [each[size] for each in options]
    return float(np.polyfit(np.log(sizes), np.log(errors), 1)[0])


@pytest.mark.parametrize(("method", "order"), [("rk4", 4), ("euler", 1), ("exponential_euler", 1)])
def test_the_order_of_methods_with_fixed_steps(method: str, order: int) -> None:
    options = [{"method": method, "substep": 1.0 / n} for n in (1, 2, 4, 8)]
    assert fitted_order(options, "substep") == pytest.approx(order, abs=0.3)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["adaptive", "gsl"])
def test_the_error_of_adaptive_methods_is_proportional_to_the_tolerance(method: str) -> None:
    options = [{"method": method, "tolerance": 10.0**-k} for k in (5, 6, 7, 8, 9)]
    assert fitted_order(options, "tolerance") == pytest.approx(1.0, abs=0.35)
