"""What is done for speed alone leaves the bits alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

import neurosim as ns
from neurosim.builder import Plan, build
from neurosim.engine import advance
from neurosim.kernels.input_types import MIXED


def _network(
    port: ns.DeltaSynapse | ns.ExpCurrent, other: ns.ExpCurrent | None = None
) -> ns.Network:
    net = ns.Network()
    exc = net.add("exc", 500, ns.LIF(tau_m=10.0, t_ref=2.0), v_init=ns.Uniform(-70.0, -56.0))
    inh = net.add("inh", 130, ns.LIF(tau_m=10.0, t_ref=0.0))
    delay = ns.Normal(1.0, 0.6)
    for target in (exc, inh):
        net.connect(exc, target, ns.FixedInDegree(40), synapse=port, psp=0.5, delay=delay)
        net.connect(inh, target, ns.FixedInDegree(10), synapse=other or port, psp=-0.5, delay=delay)
        if other is None:
            net.drive(target, ns.Poisson(12000.0), synapse=port, psp=0.2)
    net.drive(exc, ns.ConstantCurrent(600.0 if other else 60.0))
    net.record(exc, "v", ids=[0, 17, 499])
    return net


NETWORKS = {
    "delta": lambda: _network(ns.DeltaSynapse()),
    "exponential": lambda: _network(ns.ExpCurrent(0.5)),
    "two exponentials": lambda: _network(ns.ExpCurrent(5.0), ns.ExpCurrent(10.0)),
}


def _run(monkeypatch: pytest.MonkeyPatch, net: ns.Network, change: Callable[[Plan], Plan]):
    with monkeypatch.context() as patch:
        patch.setattr(advance, "build", lambda *a, **k: change(build(*a, **k)))
        return ns.simulate(net, 60.0, threads=2)


def _same(one: ns.Result, other: ns.Result) -> bool:
    assert all(len(trains) > 50 for trains in one.spikes.values())
    spikes = all(
        np.array_equal(one.spikes[k].times, other.spikes[k].times)
        and np.array_equal(one.spikes[k].ids, other.spikes[k].ids)
        for k in one.spikes
    )
    return spikes and np.array_equal(one.traces["exc", "v"].values, other.traces["exc", "v"].values)


def _port_by_port(plan: Plan) -> Plan:
    def mixed(part):
        kinds = np.full_like(part.inputs.noise_kind, MIXED)
        kinds.flags.writeable = False
        return dataclasses.replace(part, inputs=part.inputs._replace(noise_kind=kinds))

    return dataclasses.replace(plan, threads=tuple(map(mixed, plan.threads)))


@pytest.mark.parametrize("name", NETWORKS)
def test_one_step_delivered_at_a_time_gives_the_same_bits(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = NETWORKS[name]()
    singly = _run(monkeypatch, net, lambda plan: dataclasses.replace(plan, steps_per_delivery=1))
    assert _same(ns.simulate(net, 60.0, threads=2), singly)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("ring", [1, 2])
def test_delays_told_by_targets_give_the_same_bits(
    name: str, ring: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ns.Simulation(NETWORKS[name](), threads=2)
    assert whole._runner.engine.plan.threads[0].table.ring[0] == 4
    monkeypatch.setattr("neurosim.builder.layout.Layout.ring", ring)
    partly = ns.Simulation(NETWORKS[name](), threads=2)
    assert partly._runner.engine.plan.threads[0].table.ring[0] == ring
    assert _same(whole.run(60.0), partly.run(60.0))


@pytest.mark.parametrize("name", NETWORKS)
def test_neurons_advanced_port_by_port_give_the_same_bits(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = NETWORKS[name]()
    assert _same(ns.simulate(net, 60.0, threads=2), _run(monkeypatch, net, _port_by_port))


def _common_weights(least: float) -> tuple[bool, ns.Result]:
    """Run a network whose rows have up to three weights, in common from so many synapses on."""
    net = ns.Network()
    exc = net.add("exc", 400, ns.LIF(tau_m=10.0), v_init=ns.Uniform(-70.0, -56.0))
    inh = net.add("inh", 100, ns.LIF(tau_m=10.0))
    rule, delay = ns.FixedInDegree(40), ns.Uniform(0.5, 1.5)
    for source, target, psp in (
        (exc, exc, 0.5),
        (exc, inh, 0.7),
        (inh, exc, -0.5),
        (exc, exc, 0.3),
        (exc, inh, 0.3),
        (exc, exc, 0.5),
    ):
        net.connect(source, target, rule, psp=psp, delay=delay)
    for target in (exc, inh):
        net.drive(target, ns.Poisson(9000.0), psp=0.2)
    net.record(exc, "v", ids=[0, 17, 399])
    net.record(exc, "input_exc", ids=[17])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("neurosim.builder.weights.WORTH_SORTING", least)
        simulation = ns.Simulation(net, threads=2)
    return simulation.weights_in_common, simulation.run(60.0)


@pytest.mark.parametrize("precise", [True, False])
def test_weights_in_common_give_the_bits_of_weights_of_ones_own(
    precise: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not precise:
        monkeypatch.setattr("neurosim.builder.synapses.PRECISE", 0)
    in_common, one = _common_weights(0.0)
    own, other = _common_weights(np.inf)
    assert (in_common, own) == (True, False)
    assert _same(one, other)
    heard = one.traces["exc", "input_exc"].values
    assert heard.any()
    assert np.array_equal(heard, other.traces["exc", "input_exc"].values)


def _dense(rule: ns.Rule, weight: object, **options: object) -> ns.Network:
    net = ns.Network()
    exc = net.add("exc", 300, ns.LIF(tau_m=10.0), v_init=ns.Uniform(-70.0, -56.0))
    inh = net.add("inh", 150, ns.LIF(tau_m=10.0))
    for source, sign in ((exc, 1.0), (inh, -3.0)):
        for target in (exc, inh):
            low, high = sorted((0.0, sign))
            scaled = ns.Uniform(low, high) if weight is None else sign * weight
            net.connect(source, target, rule, weight=scaled, **options)
    for target in (exc, inh):
        net.drive(target, ns.Poisson(9000.0), psp=0.2)
    net.record(exc, "v", ids=[0, 63, 64, 299])
    return net


DENSE = {
    "all-to-all": lambda: _dense(ns.AllToAll(), None, delay=1.5),
    "several delays": lambda: _dense(ns.AllToAll(), None, delay=ns.Uniform(0.3, 1.0)),
    "equal weights": lambda: _dense(ns.AllToAll(), 0.02, delay=1.5),
    "several synapses of a pair": lambda: _dense(ns.FixedInDegree(600), None, delay=1.5),
    "short-term plasticity": lambda: _dense(
        ns.AllToAll(), None, delay=1.5, short_term=ns.TsodyksMarkram(0.5, 100.0)
    ),
}


@pytest.mark.parametrize("name", DENSE)
@pytest.mark.parametrize("precise", [True, False])
def test_consecutive_targets_added_at_once_give_the_same_bits(
    name: str, precise: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not precise:
        monkeypatch.setattr("neurosim.builder.synapses.PRECISE", 0)
    results = []
    for runs in (True, False):
        monkeypatch.setattr("neurosim.builder.synapses._has_runs", lambda _, runs=runs: runs)
        results.append(ns.simulate(DENSE[name](), 60.0, threads=2))
    assert _same(*results)


@pytest.mark.parametrize(("rule", "expected"), [(ns.AllToAll(), 1), (ns.FixedInDegree(30), 0)])
def test_runs_of_consecutive_targets_are_found(rule: ns.Rule, expected: int) -> None:
    simulation = ns.Simulation(_dense(rule, None, delay=1.5), threads=2)
    tables = [part.table for part in simulation._runner.engine.plan.threads]
    assert [table.runs[0] for table in tables] == [expected] * 2
