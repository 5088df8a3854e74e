"""Synapses whose efficacy depends on earlier spikes, or whose release is stochastic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import neurosim as ns
from neurosim.builder.transmission import sources_of
from neurosim.scenario import RunOptions, find_scenario
from tests.networks import bits
from tests.processes import mpiexec


@dataclass(frozen=True, eq=False)
class Fatigue(ns.ShortTermPlasticity):
    """Efficacy that is reduced by each spike and recovers exponentially."""

    loss: float = ns.parameter(0.2, "", 0.0, 1.0, "fraction lost by a spike")
    tau: float = ns.parameter(100.0, "ms", 0.1, 1e5, "time constant of the recovery")
    efficacy: ClassVar = ns.state("", 1.0, "efficacy after the last spike")

    @staticmethod
    def transmit(efficacy, interval, p):
        now = 1.0 - (1.0 - efficacy) * math.exp(-interval / p.tau)
        return now, now * (1.0 - p.loss)


DEPRESSION = ns.TsodyksMarkram(u=ns.Uniform(0.2, 0.8), tau_rec=200.0, tau_fac=50.0)
SPREAD = ns.Uniform(0.3, 3.0)


def network() -> ns.Network:
    """Return a network with every kind of transmission."""
    net = ns.Network()
    exc, inh = net.add("exc", 83, ns.LIF(t_ref=2.0)), net.add("inh", 21, ns.LIF(t_ref=1.0))
    net.drive(exc, ns.Poisson(1800.0), psp=0.9)
    net.drive(inh, ns.Poisson(1500.0), psp=0.9)
    random = ns.FixedInDegree(12)
    net.connect(exc, inh, random, psp=1.0, delay=SPREAD, short_term=DEPRESSION)
    net.connect(exc, exc, random, psp=ns.Normal(0.6, 0.1), short_term=DEPRESSION)
    net.connect(exc, exc, random, psp=0.5, delay=0.9)
    rates = ns.TsodyksMarkram(tau_rec=np.linspace(50.0, 100.0, 21))
    quantal = ns.Release(p=0.8, sites=3)
    net.connect(inh, exc, random, psp=-1.0, delay=SPREAD, short_term=rates, release=quantal)
    net.connect(exc, exc, random, psp=0.5, delay=SPREAD, release=ns.Release(p=0.3))
    plastic = ns.STDP(w_max=2.0)
    net.connect(inh, inh, random, weight=-1.0, delay=1.1)
    net.connect(
        exc, inh, random, weight=0.5, delay=SPREAD, short_term=Fatigue(), plasticity=plastic
    )
    net.record(exc, "v", ids=[5, 40, 82], interval=0.3)
    for variable in ("input_exc", "input_inh"):
        net.record(exc, variable, ids=[5, 40, 82], interval=0.3)
    return net


def pools() -> ns.Network:
    """Return a network with NMDA synapses of both forms, and pools that overlap."""
    net = ns.Network()
    exc, inh = net.add("exc", 61, ns.LIF(t_ref=2.0)), net.add("inh", 13, ns.LIF(t_ref=1.0))
    net.drive(exc, ns.Poisson(1500.0), psp=1.0)
    net.drive(inh, ns.Poisson(1200.0), psp=1.0)
    nmda, every = ns.NMDA(), ns.AllToAll()
    net.connect(exc, inh, every, synapse=nmda, weight=0.05, delay=0.7)
    net.connect(exc, exc, ns.AllToAll(autapses=False), synapse=nmda, weight=0.1, delay=0.7)
    net.connect(exc[:20], exc[10:30], every, synapse=nmda, weight=0.1, delay=1.3)
    net.connect(exc, inh, ns.FixedInDegree(9), synapse=nmda, weight=0.3, delay=SPREAD)
    net.connect(exc, exc, every, synapse=nmda, weight=0.1, short_term=DEPRESSION)
    net.connect(exc, inh, ns.FixedInDegree(9), psp=0.3, delay=SPREAD, short_term=DEPRESSION)
    net.connect(inh, exc, ns.FixedInDegree(5), psp=-1.0)
    for variable in ("v", "ExactNMDA.s", "ApproximateNMDA.s"):
        net.record(inh, variable, interval=0.4)
    return net


NETWORKS = (network, pools)


@pytest.mark.parametrize("made", NETWORKS)
def test_threads_pieces_and_restores_change_no_bit(made: Any, tmp_path: Path) -> None:
    whole = ns.simulate(made(), 100.0, threads=1)
    assert len(whole.spikes["exc"]) > 100
    simulation = ns.Simulation(made(), threads=3)
    for duration in (0.1, 40.3, 0.6):
        simulation.run(duration)
    simulation.save(tmp_path / "state.h5")
    assert bits(simulation.run(59.0)) == bits(whole)
    restored = ns.Simulation.restore(tmp_path / "state.h5", threads=2)
    assert bits(restored.run(59.0)) == bits(whole)


PROGRAM = """
import sys
from mpi4py import MPI
import neurosim as ns
from tests.networks import bits
from tests.unit.builder.test_transmission import NETWORKS

with ns.use_mpi(MPI.COMM_WORLD) as ranks:
    for k, made in enumerate(NETWORKS):
        result = ns.simulate(made(), 100.0)
        if ranks.rank == 0:
            open(f"{sys.argv[1]}/{k}", "wb").write(b"".join(bits(result)))
"""


@pytest.mark.slow
def test_processes_change_no_bit(tmp_path: Path) -> None:
    done = mpiexec(2, "-c", PROGRAM, str(tmp_path))
    assert done.returncode == 0, done.stderr
    for k, made in enumerate(NETWORKS):
        assert (tmp_path / str(k)).read_bytes() == b"".join(bits(ns.simulate(made(), 100.0)))


def test_plain_python_gives_the_same_spikes() -> None:
    compiled, plain = (
        ns.Simulation(network(), debug=debug, threads=1).run(30.0) for debug in (False, True)
    )
    for name, trains in compiled.spikes.items():
        np.testing.assert_array_equal(plain.spikes[name].times, trains.times)


def test_projections_from_a_population_share_the_states_of_its_neurons() -> None:
    found = sources_of(network())
    assert [(sources.numbers, sources.users) for sources in found] == [
        ((0, 1), ()),
        ((3,), ()),
        ((4,), ()),
        ((), (6,)),
    ]


def amplitudes(short_term: Any, times: Any, n: int = 1, **options: Any) -> np.ndarray:
    """Return the input that each of n neurons receives from its source after each spike."""
    net = ns.Network()
    pre, post = net.add("pre", n, ns.LIF(t_ref=0.0)), net.add("post", n, ns.LIF())
    net.drive(pre, ns.SpikeTimes(times), psp=30.0)
    options = {"weight": 1.0, "delay": 0.5} | options
    net.connect(pre, post, ns.OneToOne(), short_term=short_term, **options)
    net.record(post, "input_exc")
    values = ns.simulate(net, times[-1] + 10.0).traces["post", "input_exc"].values
    return values[np.round(np.array(times) / 0.1).astype(int) + 4]


def test_parameters_may_differ_between_sources() -> None:
    u = np.array([0.1, 0.5, 0.9])
    times = [10.0, 30.0, 45.0]
    found = amplitudes(ns.TsodyksMarkram(u=u, tau_rec=100.0), times, 3)
    for k, one in enumerate(u):
        alone = amplitudes(ns.TsodyksMarkram(u=one, tau_rec=100.0), times)
        np.testing.assert_array_equal(found[:, k], alone[:, 0])
    drawn = amplitudes(ns.TsodyksMarkram(u=ns.Uniform(0.2, 0.4)), times, 50)
    assert 0.2 <= drawn[0].min() < 0.25 < 0.35 < drawn[0].max() <= 0.4


def test_a_users_model_is_used() -> None:
    found = amplitudes(Fatigue(loss=0.5, tau=20.0), [10.0, 30.0, 50.0])
    first = 1.0
    second = 1.0 - 0.5 * math.exp(-1.0)
    third = 1.0 - (1.0 - 0.5 * second) * math.exp(-1.0)
    np.testing.assert_allclose(found[:, 0], [first, second, third], rtol=1e-14)


def test_both_forms_agree_without_facilitation_and_inactivation() -> None:
    times = [10.0, 20.0, 25.0, 90.0]
    one = amplitudes(ns.TsodyksMarkram(u=0.4, tau_rec=60.0), times)
    other = amplitudes(ns.TsodyksUzielMarkram(u=0.4, tau_rec=60.0, tau_psc=0.01), times)
    np.testing.assert_allclose(one, other, rtol=2e-3)


def test_equal_time_constants_are_the_limit_of_different_ones() -> None:
    times = [10.0, 20.0, 25.0, 90.0]
    models = [
        ns.TsodyksUzielMarkram(tau_rec=60.0, tau_psc=60.0 * (1.0 + off))
        for off in (-1.1e-5, 0.0, 1.1e-5)
    ]
    below, equal, above = (amplitudes(model, times) for model in models)
    np.testing.assert_allclose(equal, 0.5 * (below + above), rtol=1e-9)
    assert (below != above).any()


def test_weights_can_be_set_while_efficacies_continue() -> None:
    net = ns.Network()
    pre, post = net.add("pre", 1, ns.LIF(t_ref=0.0)), net.add("post", 2, ns.LIF())
    net.drive(pre, ns.SpikeTimes([10.0, 20.0]), psp=30.0)
    projection = net.connect(
        pre, post, ns.AllToAll(), weight=1.0, short_term=ns.TsodyksMarkram(u=0.5, tau_rec=100.0)
    )
    net.record(post, "input_exc")
    simulation = ns.Simulation(net)
    simulation.run(15.0)
    simulation.set(projection, weights=[2.0, 3.0])
    assert simulation.connections(projection).weights.tolist() == [2.0, 3.0]
    arrived = simulation.run(15.0).traces["post", "input_exc"].values
    second = 0.5 * (1.0 - 0.5 * math.exp(-0.1))
    np.testing.assert_allclose(arrived.sum(axis=0), [0.5 + 2 * second, 0.5 + 3 * second])


def test_statistics_count_all_synapses() -> None:
    net = ns.Network()
    exc = net.add("exc", 10, ns.LIF())
    net.connect(exc, exc, ns.AllToAll(), psp=0.1)
    net.connect(exc, exc, ns.AllToAll(), psp=0.1, short_term=ns.TsodyksMarkram())
    net.connect(exc, exc, ns.AllToAll(), synapse=ns.NMDA(), weight=0.1)
    assert ns.simulate(net, 1.0, threads=2).stats.synapses == 300


def test_the_form_of_nmda_synapses_follows_the_connections() -> None:
    net = ns.Network()
    a, b = net.add("a", 20, ns.LIF()), net.add("b", 10, ns.LIF())
    nmda = {"synapse": ns.NMDA(tau_decay=80.0), "weight": 0.1}
    exact = net.connect(a, b, ns.AllToAll(), **nmda)
    others = [
        net.connect(a, b, ns.FixedProbability(0.5), **nmda),
        net.connect(a, b, ns.AllToAll(), **nmda | {"weight": ns.Normal(0.1, 0.01)}),
        net.connect(a, b, ns.AllToAll(), **nmda, delay=ns.Uniform(1.0, 2.0)),
        net.connect(a, b, ns.AllToAll(), **nmda, release=ns.Release()),
        net.connect(a, b, ns.AllToAll(), **nmda, plasticity=ns.STDP(w_max=0.2)),
    ]
    assert exact.synapse == ns.ExactNMDA(tau_decay=80.0)
    assert all(p.synapse == ns.ApproximateNMDA(tau_decay=80.0) for p in others)
    assert "ExactNMDA" in str(net.summary())
    assert "ApproximateNMDA" in repr(others[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"short_term": 0.5}, "short_term = 0.5"),
        ({"release": 0.5}, "release = 0.5"),
        ({"short_term": ns.TsodyksMarkram(u=[0.1, 0.2])}, "2 values for the 3 neurons of 'pre'"),
        ({"release": ns.Release(), "plasticity": ns.STDP(w_max=2.0)}, "release cannot be combined"),
        (
            {"synapse": ns.NMDA(), "short_term": ns.TsodyksMarkram(), "delay": SPREAD},
            "cannot be combined with the approximate form",
        ),
        ({"synapse": ns.ExactNMDA(), "delay": ns.Uniform(1.0, 2.0)}, "ExactNMDA needs AllToAll"),
    ],
)
def test_invalid_options_are_refused(options: dict[str, Any], message: str) -> None:
    net = ns.Network()
    pre, post = net.add("pre", 3, ns.LIF()), net.add("post", 3, ns.LIF())
    with pytest.raises(ns.NeurosimError, match=message):
        net.connect(pre, post, ns.AllToAll(), **{"weight": 1.0} | options)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ns.Release(p=1.5), "Release.p = 1.5"),
        (lambda: ns.TsodyksMarkram(u=2.0), "TsodyksMarkram.u = 2"),
        (lambda: ns.NMDA(tau_rise=200.0), "tau_rise = 200 ms is not below tau_decay = 100 ms"),
        (lambda: ns.NMDA(alpha=90.0), "lower alpha"),
    ],
)
def test_invalid_parameters_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ns.NeurosimError, match=message):
        make()


@dataclass(frozen=True, eq=False)
class Endless(ns.ShortTermPlasticity):
    """A model that fails at the first spike, whose interval is infinite."""

    x: ClassVar = ns.state("", 1.0, "any state")

    @staticmethod
    def transmit(x, interval, p):
        return 1.0, x * interval


@dataclass(frozen=True, eq=False)
class Short(ns.ShortTermPlasticity):
    """A model that does not return its state."""

    x: ClassVar = ns.state("", 1.0, "any state")

    @staticmethod
    def transmit(x, interval, p):
        return 1.0


@dataclass(frozen=True, eq=False)
class Tuple(ns.ShortTermPlasticity):
    """A model without states that returns a tuple."""

    @staticmethod
    def transmit(interval, p):
        return (1.0,)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Tuple(), r"Tuple.transmit returns \(1.0,\) for the efficacy: it must return a number"),
        (Endless(), r"Endless.transmit returns inf for x with .* interval = inf"),
        (Short(), r"Short.transmit returns 1 value: it must return 2, for the efficacy, x"),
    ],
)
def test_mistakes_in_a_model_are_reported(model: Any, message: str) -> None:
    net = ns.Network()
    cells = net.add("cells", 3, ns.LIF())
    net.connect(cells, cells, ns.AllToAll(), psp=0.1, short_term=model)
    with pytest.raises(ns.NeurosimError, match=message):
        ns.Simulation(net)


def test_inputs_cannot_send_spikes_to_nmda_synapses() -> None:
    net = ns.Network()
    cells = net.add("cells", 3, ns.LIF())
    with pytest.raises(ns.NeurosimError, match="it connects neurons"):
        net.drive(cells, ns.Poisson(10.0), synapse=ns.NMDA(), weight=1.0)


FILE = """
title = "short-term plasticity"
duration = 20.0

[populations.exc]
size = 10
neuron = "LIF"

[[connections]]
from = "exc"
to = "exc"
rule = "AllToAll"
psp = 0.1
short_term = {type = "TsodyksMarkram", u = 0.3, tau_rec = 60.0}
release = {type = "Release", p = 0.4, sites = 3}

[[connections]]
from = "exc"
to = "exc"
rule = "AllToAll"
synapse = "NMDA"
weight = 0.1
"""


def test_a_scenario_file_describes_both(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(FILE)
    scenario = find_scenario(str(path))
    options = RunOptions(scenario.duration, scenario.dt, scenario.seed)
    first, second = scenario.network(scenario.settings(), options).projections
    assert first.release == ns.Release(p=0.4, sites=3)
    assert first.short_term == ns.TsodyksMarkram(u=0.3, tau_rec=60.0)
    assert second.synapse == ns.ExactNMDA()
