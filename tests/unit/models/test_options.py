"""Every option of every part of a network changes the simulation or is refused."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import neurosim as ns
from neurosim.models import Input, IntegrateAndFire, Rule
from neurosim.models.declare import OPTION
from neurosim.models.distance import Redrawn
from neurosim.models.registry import is_builtin, kinds_of

EXP = ns.ExpCurrent(2.0)
Make = Callable[[type, dict[str, Any]], ns.Network]


def _bits(net: ns.Network, **options: Any) -> bytes:
    """Return spikes and traces of a run in which the live spikes of a network arrive."""

    def send(chunk: ns.Chunk) -> None:
        for drive in net.drives:
            if isinstance(drive.input, ns.LiveSpikes):
                chunk.send(drive)

    simulation = ns.Simulation(net, **({"threads": 1} | options))
    result = simulation.stream(10.0, send, duration=40.0)
    parts = [a for t in result.spikes.values() for a in (t.times, t.ids)]
    parts += [a for t in result.traces.values() for a in (t.times, t.values)]
    peaks = [p.v_peak for p in result.populations.values()]
    return b"".join(a.tobytes() for a in parts) + np.array(peaks).tobytes()


def _changes(make: Callable[..., ns.Network], first: dict, other: dict) -> bool:
    one, two = (_bits(make(**options)) for options in (first, other))
    assert one == _bits(make(**first))  # it is the option that makes the difference
    return one != two


def _recorded(net: ns.Network, cells: ns.Population, *variables: str) -> ns.Network:
    for variable in ("v", *variables):
        net.record(cells, variable)
    return net


def _own(base: Any) -> list[type]:
    return [kind for kind in kinds_of(base).values() if is_builtin(kind)]


def _checked(cases: dict[type, dict[str, tuple[Any, Any]]], base: Any = None) -> list:
    """Return (class, field, first, other) of every field, each of which must have a case."""
    classes = _own(base) if base is not None else tuple(cases)
    found = []
    for cls in classes:
        # test_neuron_options.py tests the options that every neuron has.
        names = [f.name for f in dataclasses.fields(cls) if f.init and OPTION not in f.metadata]
        if not issubclass(cls, ns.LIF) and "escape" in names:
            names.remove("escape")  # tested for models with equations elsewhere
        assert sorted(names) == sorted(cases[cls]), f"give each option of {cls.__name__} a case"
        found += [
            pytest.param(cls, cases[cls], name, id=f"{cls.__name__}.{name}") for name in names
        ]
    return found


def _pair(case: dict[str, tuple[Any, Any]], name: str) -> tuple[dict, dict]:
    """Return the options of a part, and the same with another value of one."""
    first = {k: values[0] for k, values in case.items()}
    return first, first | {name: case[name][1]}


# Inputs

TIMED = {"start": (3.0, 5.0), "stop": (25.0, 20.0)}
INPUTS: dict[type, dict[str, tuple[Any, Any]]] = {
    ns.ConstantCurrent: {"amplitude": (100.0, 200.0)},
    ns.StepCurrent: {"times": ([2.0], [5.0]), "amplitudes": ([100.0], [200.0])},
    ns.CurrentWaveform: {"values": ([100.0, 50.0], [100.0, 60.0]), "interval": (5.0, 6.0)},
    ns.LiveCurrent: {"amplitude": (100.0, 200.0)},
    ns.SinusoidalCurrent: TIMED
    | {
        "amplitude": (100.0, 200.0),
        "frequency": (20.0, 30.0),
        "phase": (0.0, 1.0),
        "mean": (0.0, 50.0),
    },
    ns.RampCurrent: TIMED
    | {"times": ([1.0, 20.0], [1.0, 22.0]), "amplitudes": ([10.0, 99.0], [10.0, 98.0])},
    ns.WhiteNoiseCurrent: TIMED
    | {"sigma": (100.0, 200.0), "mean": (0.0, 50.0), "interval": (1.0, 2.0)},
    ns.OrnsteinUhlenbeckCurrent: TIMED
    | {"sigma": (100.0, 200.0), "mean": (0.0, 50.0), "tau": (5.0, 6.0)},
    ns.Poisson: {
        "rate": ([2000.0], [3000.0]),
        "times": ([2.0], [7.0]),
        "shared": (False, True),
    },
    ns.SinusoidalPoisson: TIMED
    | {
        "rate": (2000.0, 2500.0),
        "amplitude": (1000.0, 2000.0),
        "frequency": (20.0, 30.0),
        "phase": (0.0, 1.0),
        "shared": (False, True),
    },
    ns.GammaProcess: TIMED
    | {
        "rate": ([900.0], [800.0]),
        "shape": (2.0, 3.0),
        "times": ([2.0], [7.0]),
        "shared": (False, True),
    },
    ns.PoissonWithDeadTime: TIMED
    | {"rate": (900.0, 800.0), "dead_time": (0.5, 1.0), "shared": (False, True)},
    ns.CorrelatedPoisson: TIMED
    | {"rate": (500.0, 600.0), "correlation": (0.3, 0.4), "tau": (2.0, 3.0)},
    ns.PulsePacket: {
        "times": ([9.0, 20.0], [9.0, 21.0]),
        "activity": (10, 11),
        "sigma": (1.0, 1.5),
        "shared": (False, True),
    },
    ns.SpikeTimes: {"times": ([2.0, 9.0], [2.0, 9.1]), "factors": ([1.0, 2.0], [1.0, 3.0])},
    ns.LiveSpikes: {},
    ns.MembraneNoise: {"sigma": (2.0, 3.0)},
}
SPIKES = {
    cls for cls, case in INPUTS.items() if cls(**{k: v[0] for k, v in case.items()}).sends_spikes
}


def _driven(source: ns.network.Input, **options: Any) -> ns.Network:
    net = ns.Network()
    cells = net.add("cells", 3, ns.LIF())
    net.drive(cells, source, **options)
    return _recorded(net, cells, "input_exc", "i_syn")


@pytest.mark.parametrize(("cls", "case", "name"), _checked(INPUTS, Input))
def test_options_of_inputs(cls: type, case: dict, name: str) -> None:
    strength = {"psp": 2.0} if cls in SPIKES else {}
    first, other = _pair(case, name)
    assert _changes(lambda **k: _driven(cls(**k), **strength), first, other)


DRIVE: dict[str, Any] = {
    "ids": [1],
    "synapse": EXP,
    "psp": 3.0,
    "weight": 4.0,
    "delay": 3.3,
}


@pytest.mark.parametrize("name", DRIVE)
@pytest.mark.parametrize("cls", _own(Input), ids=lambda cls: cls.__name__)
def test_options_of_drives(cls: type, name: str) -> None:
    # test_compartments.py tests `compartment`.
    assert {"self", "target", "input", "name", "compartment", *DRIVE} == set(
        inspect.signature(ns.Network.drive).parameters
    )
    source = (
        cls(**_pair(INPUTS[cls], name)[0])
        if name in INPUTS[cls]
        else cls(**{k: values[0] for k, values in INPUTS[cls].items()})
    )
    if cls not in SPIKES and name != "ids":
        with pytest.raises(ns.NeurosimError, match=f"sends no spikes: leave out {name}"):
            _driven(source, **{name: DRIVE[name]})
        return
    first = {"psp": 2.0} if cls in SPIKES else {}
    other = first | {name: DRIVE[name]}
    if name == "weight":
        del other["psp"]
    assert _changes(lambda **k: _driven(source, **k), first, other)
    if cls not in SPIKES:
        return
    # The same with separate weights for each neuron.
    each = {"psp": [2.0, 2.1, 2.2], "ids": [2, 0, 1]}
    changed = {"ids": [0, 1, 2], "psp": [2.0, 2.1, 2.3], "synapse": EXP, "delay": 3.3}
    if name in changed:
        assert _changes(lambda **k: _driven(source, **k), each, each | {name: changed[name]})


# Rules and connections

RULES: dict[type, dict[str, tuple[Any, Any]]] = {
    ns.AllToAll: {"autapses": (True, False)},
    ns.DistanceProbability: {
        "profile": (ns.Gaussian(1.0, 50.0), ns.Gaussian(1.0, 150.0)),
        "autapses": (True, False),
    },
    ns.OneToOne: {},
    ns.FixedProbability: {"p": (0.5, 0.6), "autapses": (True, False)},
    ns.FixedInDegree: {"n": (5, 4), "autapses": (True, False), "multapses": (True, False)},
    ns.FixedOutDegree: {"n": (5, 4), "autapses": (True, False), "multapses": (True, False)},
    ns.FixedTotalNumber: {"n": (40, 41), "autapses": (True, False)},
    Redrawn: {"rule": (ns.FixedInDegree(5), ns.FixedInDegree(4))},
    ns.Explicit: {"sources": ([0, 1], [0, 2]), "targets": ([1, 1], [1, 3])},
}
N = 6


def _connected(rule: ns.network.Rule, **options: Any) -> ns.Network:
    net = ns.Network()
    cells = net.add("cells", N, ns.LIF(t_ref=1.0), positions=ns.Grid((N,), 50.0))
    times = [np.arange(1.0, 40.0, 3.0 + 0.7 * k) for k in range(N)]
    net.drive(cells, ns.SpikeTimes(times), psp=20.0)
    net.connect(cells, cells, rule, **({"psp": 1.0, "delay": 2.0} | options))
    return _recorded(net, cells, "i_syn")


DRAWN = [cls for cls in _own(Rule) if cls in RULES]


def test_rules_that_are_not_here_read_files() -> None:
    assert set(_own(Rule)) - set(RULES) == {ns.CSVEdges, ns.SonataEdges}


@pytest.mark.parametrize(("cls", "case", "name"), _checked({k: RULES[k] for k in DRAWN}))
def test_options_of_rules(cls: type, case: dict, name: str) -> None:
    first, other = _pair(case, name)
    assert _changes(lambda **k: _connected(cls(**k)), first, other)


CONNECT: dict[str, Any] = {
    "synapse": EXP,
    "psp": 1.5,
    "weight": 2.5,
    "delay": 2.3,
    "plasticity": ns.STDP(3.0, learning_rate=0.3),
    "dendritic_delay": 0.5,
    "short_term": ns.TsodyksMarkram(u=0.3),
    "release": ns.Release(0.5),
}


def _rule(cls: type, folder: Path) -> ns.network.Rule:
    """Return a rule; rules for files read two connections."""
    if cls is ns.CSVEdges:
        (folder / "edges.csv").write_text("source,target\n0,1\n2,3\n")
        return ns.CSVEdges(folder / "edges.csv")
    if cls is ns.SonataEdges:
        with h5py.File(folder / "edges.h5", "w") as file:
            group = file.create_group("edges/all")
            for name, ids in (("source_node_id", [0, 2]), ("target_node_id", [1, 3])):
                group[name] = np.array(ids, np.uint64)
                group[name].attrs["node_population"] = "cells"
            group["edge_type_id"] = group["edge_group_id"] = np.zeros(2, np.int64)
            group["edge_group_index"] = np.arange(2)
            group.create_group("0")
        return ns.SonataEdges(folder / "edges.h5", "all")
    return cls(**{k: values[0] for k, values in RULES[cls].items()})


@pytest.mark.parametrize("name", CONNECT)
@pytest.mark.parametrize("cls", _own(Rule), ids=lambda cls: cls.__name__)
def test_options_of_connections(cls: type, name: str, tmp_path: Path) -> None:
    parameters = inspect.signature(ns.Network.connect).parameters
    # test_compartments.py tests `compartment`.
    assert {"self", "source", "target", "rule", "compartment", *CONNECT} == set(parameters)
    first: dict[str, Any] = {}
    if name == "dendritic_delay":
        first["plasticity"] = CONNECT["plasticity"]
    rule, other = _rule(cls, tmp_path), first | {name: CONNECT[name]}
    if name == "weight":
        other["psp"] = None
    assert _changes(lambda **k: _connected(rule, **k), first, other)


# Neurons, synapses, plasticity, distributions

LIF: dict[str, tuple[Any, Any]] = {
    "v_rest": (-70.0, -69.0),
    "v_threshold": (-55.0, -56.0),
    "v_reset": (-70.0, -72.0),
    "v_peak": (30.0, 31.0),
    "tau_m": (20.0, 21.0),
    "c_m": (250.0, 251.0),
    "t_ref": (5.0, 4.0),
    "escape": (None, ns.EscapeRate(1.0, 1.0)),
}
NEURONS: dict[type, dict[str, tuple[Any, Any]]] = {
    ns.LIF: LIF,
    IntegrateAndFire: LIF | {"t_ref": (0.0, 4.0), "subtract": (0.0, 10.0)},
    ns.HodgkinHuxley: {
        "g_na": (12000.0, 12100.0),
        "g_k": (3600.0, 3700.0),
        "g_l": (30.0, 31.0),
        "e_na": (50.0, 51.0),
        "e_k": (-77.0, -78.0),
        "e_l": (-54.402, -54.0),
        "c_m": (100.0, 101.0),
        "t_ref": (0.0, 20.0),
    },
}


@pytest.mark.parametrize(("cls", "case", "name"), _checked(NEURONS))
def test_options_of_neurons(cls: type, case: dict, name: str) -> None:
    def make(**options: Any) -> ns.Network:
        net = ns.Network()
        cells = net.add("cells", 1, cls(**options))
        net.drive(cells, ns.ConstantCurrent(1000.0))
        return _recorded(net, cells)

    first, other = _pair(case, name)
    assert _changes(make, first, other)


ESCAPE = {
    ns.EscapeRate: {
        "delta": (2.0, 3.0),
        "tau": (5.0, 6.0),
        "link": ("softplus", "exponential"),
    }
}


@pytest.mark.parametrize(("cls", "case", "name"), _checked(ESCAPE))
def test_options_of_soft_thresholds(cls: type, case: dict, name: str) -> None:
    def make(**options: Any) -> ns.Network:
        net = ns.Network()
        net.drive(net.add("cells", 50, ns.LIF(escape=cls(**options))), ns.ConstantCurrent(200.0))
        return net

    assert _changes(make, *_pair(case, name))


SYNAPSES: dict[type, dict[str, tuple[Any, Any]]] = {
    ns.DeltaSynapse: {},
    ns.ExpCurrent: {"tau": (2.0, 3.0)},
    ns.AlphaCurrent: {"tau": (2.0, 3.0)},
}


@pytest.mark.parametrize(("cls", "case", "name"), _checked(SYNAPSES))
def test_options_of_synapses(cls: type, case: dict, name: str) -> None:
    def make(**options: Any) -> ns.Network:
        return _connected(ns.AllToAll(), synapse=cls(**options))

    assert _changes(make, *_pair(case, name))


PLASTICITY = {
    ns.STDP: {
        "w_max": (3.0, 4.0),
        "learning_rate": (0.1, 0.2),
        "asymmetry": (1.0, 1.1),
        "tau_plus": (20.0, 30.0),
        "tau_minus": (20.0, 30.0),
        "mu_plus": (0.0, 0.5),
        "mu_minus": (0.0, 0.5),
    }
}


@pytest.mark.parametrize(("cls", "case", "name"), _checked(PLASTICITY))
def test_options_of_plasticity(cls: type, case: dict, name: str) -> None:
    def make(**options: Any) -> ns.Network:
        return _connected(ns.AllToAll(), plasticity=cls(**options))

    assert _changes(make, *_pair(case, name))


DISTRIBUTIONS: dict[type, dict[str, tuple[Any, Any]]] = {
    ns.Normal: {"mean": (2.0, 2.1), "sd": (0.5, 0.6), "low": (1.0, 1.5), "high": (3.0, 2.5)},
    ns.Uniform: {"low": (1.0, 1.5), "high": (3.0, 2.5)},
    ns.LogNormal: {"mean": (2.0, 2.1), "sd": (0.5, 0.6), "low": (1.0, 1.5), "high": (3.0, 2.5)},
}


@pytest.mark.parametrize("use", ["psp", "delay", "v_init"])
@pytest.mark.parametrize(("cls", "case", "name"), _checked(DISTRIBUTIONS))
def test_options_of_distributions(cls: type, case: dict, name: str, use: str) -> None:
    def make(**options: Any) -> ns.Network:
        law = cls(**options)
        if use != "v_init":
            return _connected(ns.AllToAll(), **{use: law})
        net = ns.Network()
        return _recorded(net, net.add("cells", 20, ns.LIF(v_rest=2.0, v_reset=0.0, v_threshold=9.0),
                                      v_init=law))  # fmt: skip

    assert _changes(make, *_pair(case, name))


# Populations, recordings, runs


POPULATION = {"size": 21, "neuron": ns.LIF(t_ref=1.0), "v_init": -60.0, "dale": False}


@pytest.mark.filterwarnings("ignore:.* obeys Dale's law:UserWarning")
def test_options_of_populations() -> None:
    parameters = inspect.signature(ns.Network.add).parameters
    # test_models.py tests `initial`, test_positions.py `positions`.
    assert set(parameters) == {"self", "name", *POPULATION, "initial", "positions"}

    def make(**options: Any) -> ns.Network:
        net = ns.Network()
        start = {"v_init": ns.Uniform(-70.0, -56.0)}
        cells = net.add("cells", **({"size": 20, "neuron": ns.LIF()} | start | options))
        net.drive(cells, ns.ConstantCurrent(400.0))
        net.connect(cells, cells, ns.AllToAll(), psp=ns.Normal(0.1, 1.0))
        return _recorded(net, cells)

    for name, value in POPULATION.items():
        assert _changes(make, {}, {name: value}), name


MEAN = {"average": True}


def test_options_of_recordings() -> None:
    parameters = inspect.signature(ns.Network.record).parameters
    options = {"ids", "interval", "average", "sum", "synapse"}
    assert set(parameters) == {"self", "population", "variable"} | options

    def make(**options: Any) -> ns.Network:
        net = ns.Network()
        cells = net.add("cells", 3, ns.LIF(), v_init=[-60.0, -61.0, -62.0])
        net.record(cells, **({"variable": "v"} | options))
        net.drive(cells, ns.ConstantCurrent(400.0))
        return net

    for other in ({"variable": "input_exc"}, {"ids": [1]}, {"interval": 1.0}, MEAN, {"sum": True}):
        assert _changes(make, {}, other), other
    every = {"variable": "spikes"}
    assert _changes(make, every, every | {"ids": [1]})


def test_options_of_runs() -> None:
    net = _connected(ns.FixedProbability(0.5))
    first = _bits(net)
    assert _bits(net, seed=2) != first
    assert _bits(net, dt=0.2) != first
    # Of these the bits must not depend.
    assert _bits(net, threads=2, profile=True) == first
