"""Networks against a simulator in plain Python, one synapse at a time."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from tests import naive


def _random_network(seed: int, soft: bool) -> ns.Network:
    """Two recurrent populations with three kinds of synapse, many delays, and given input."""
    random = np.random.default_rng(seed)
    net = ns.Network()
    escapes = (
        (ns.EscapeRate(1.5, 2.0), ns.EscapeRate(2.5, 5.0, "exponential")) if soft else (None, None)
    )
    exc = net.add("exc", 7, ns.LIF(tau_m=15.0, t_ref=1.0, escape=escapes[0]))
    inh = net.add(
        "inh",
        5,
        ns.LIF(tau_m=10.0, c_m=200.0, t_ref=0.0, v_reset=-65.0, escape=escapes[1]),
    )
    kinds = [ns.DeltaSynapse(), ns.ExpCurrent(5.0), ns.AlphaCurrent(2.0), ns.ExpCurrent(10.0)]
    for source, sign in ((exc, 1.0), (inh, -1.0)):
        for target in (exc, inh):
            for kind in kinds:
                n = 12
                rule = ns.Explicit(
                    random.integers(0, source.size, n), random.integers(0, target.size, n)
                )
                # Eighths of a millivolt or picoampere: exact in the table's 32-bit floats.
                strength = random.integers(1, 60 if kind.unit == "pA" else 16, n) / 8.0
                scale = 16.0 if kind.unit == "pA" else 1.0
                delay = random.integers(1, 60, n) * 0.1
                net.connect(
                    source, target, rule, synapse=kind, weight=sign * scale * strength, delay=delay
                )
    for kind, weight in zip(kinds[:3], (9.0, 900.0, 700.0), strict=True):
        times = np.sort(random.uniform(0.2, 80.0, 25))
        net.drive(exc, ns.SpikeTimes(times), synapse=kind, weight=weight, delay=0.3)
    net.drive(inh, ns.ConstantCurrent(random.uniform(0.0, 400.0, 5)))
    net.record(exc, "v")
    net.record(inh, "v")
    return net


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("soft", [False, True], ids=["sharp threshold", "soft threshold"])
def test_spikes_and_potentials_equal_those_of_a_naive_simulator(
    seed: int, threads: int, soft: bool
) -> None:
    net = _random_network(seed, soft)
    expected, potentials = naive.simulate(net, 80.0)
    result = ns.simulate(net, 80.0, threads=threads)
    found = sorted(
        (round(t / 0.1), name, i)
        for name, trains in result.spikes.items()
        for t, i in zip(trains.times, trains.ids, strict=True)
    )
    assert len(found) > 20
    assert found == sorted((round(t / 0.1), name, i) for t, name, i in expected)
    for name, info in result.populations.items():
        trace = result.traces[name, "v"].values
        for i in range(info.size):
            free = trace[:, i] != info.v_peak
            assert np.abs(trace[free, i] - np.array(potentials[name, i])[free]).max() < 1e-9


@pytest.mark.parametrize("escape", [ns.EscapeRate(0.001, 1e4), ns.EscapeRate(0.01, 1e5)])
def test_softplus_far_above_the_threshold_is_the_linear_rate(escape: ns.EscapeRate) -> None:
    """The probability is small there where tau is long, though e^x is beyond all numbers."""
    net = ns.Network()
    cells = net.add("cells", 200, ns.LIF(t_ref=0.0, escape=escape, v_reset=-56.0))
    net.drive(cells, ns.ConstantCurrent(np.linspace(200.0, 2000.0, 200)))
    expected, _ = naive.simulate(net, 20.0)
    found = ns.simulate(net, 20.0).spikes["cells"]
    assert len(found) > (800 if escape.delta == 0.001 else 20)
    pairs = sorted(zip(np.rint(found.times / 0.1).astype(int), found.ids, strict=True))
    assert pairs == sorted((round(t / 0.1), i) for t, _, i in expected)
