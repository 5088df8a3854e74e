"""Every registered model gives the same bits on any threads and processes, in pieces, restored.

New models are covered as soon as they are registered.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from neurosim.models.declare import parameters_of, signals_of, states_of
from neurosim.models.distributions import Distribution
from neurosim.models.neuron import Neuron
from neurosim.models.plasticity import Plasticity
from neurosim.models.registry import Part, kinds_of
from tests.networks import bits
from tests.processes import mpiexec

SIZE = 11
"""Neurons of each population."""
DURATION = 60.0
"""Simulated time (ms)."""

BY_NAME = {
    "times": [3.0, 11.0, 12.5, 40.0],
    "amplitudes": [300.0, 500.0, 200.0, 600.0],
    "values": np.linspace(200.0, 600.0, 60),
    "interval": 1.0,
    "sources": [0, 3, 3, 7],
    "targets": [1, 2, 3, 3],
    "w_max": 500.0,
    "n": 5,
    "low": 100.0,
    "high": 400.0,
    "mean": 200.0,
    "sd": 50.0,
    "profile": ns.Gaussian(0.9, 3.0),
    "rule": ns.AllToAll(),
    "dead_time": 1.0,
    "activity": 5,
}
BY_UNIT = {"Hz": 500.0, "ms": 4.0, "pA": 400.0, "mV": 1.5, "nS": 2.0, "": 0.5}
BASES = (
    Neuron,
    ns.Synapse,
    Plasticity,
    ns.ShortTermPlasticity,
    ns.Release,
    ns.Input,
    ns.Rule,
    Distribution,
)


def example(kind: type[Any]) -> Any:
    """Return an instance whose required parameters have plausible values."""
    required = [
        field.name
        for field in dataclasses.fields(kind)
        if field.init and field.default is field.default_factory is dataclasses.MISSING
    ]
    units = parameters_of(kind)
    return kind(**{n: BY_NAME[n] if n in BY_NAME else BY_UNIT[units[n].unit] for n in required})


def network(name: str) -> ns.Network:
    """Return a network of noisy neurons in which one part has the given model."""
    part = example(kinds_of(Part)[name])
    net = ns.Network(dale=False)
    grid = ns.Grid((SIZE,))
    noisy = net.add("noisy", SIZE, ns.LIF(t_ref=2.0), positions=grid)
    cells = net.add("cells", SIZE, part if isinstance(part, Neuron) else ns.LIF(), positions=grid)
    net.drive(noisy, ns.Poisson(900.0), psp=4.0)
    net.drive(cells, ns.StepCurrent([2.0], np.linspace(100.0, 700.0, SIZE)[None]))
    connect = {"rule": ns.FixedInDegree(6), "weight": 200.0, "delay": ns.Uniform(0.3, 1.8)}
    connect["synapse"] = ns.ExpCurrent(3.0)
    if isinstance(part, ns.Rule):
        connect["rule"] = part
    elif isinstance(part, ns.Synapse):
        connect |= {"synapse": part, "weight": {"pA": 200.0, "nS": 5.0}.get(part.unit, 2.0)}
        if part.couples:
            del connect["delay"]
        if isinstance(part, ns.NMDA):  # the exact form needs these
            connect |= {"rule": ns.AllToAll(), "delay": 1.3, "weight": 0.5}
    elif isinstance(part, Plasticity):
        connect["plasticity"] = part
    elif isinstance(part, ns.ShortTermPlasticity):
        connect["short_term"] = part
    elif isinstance(part, ns.Release):
        connect["release"] = part
    elif isinstance(part, Distribution):
        connect["weight"] = part
    elif isinstance(part, ns.Input):
        drive = net.drive(cells, part, **({"psp": 3.0} if part.sends_spikes else {}))
        for variable in drive.recordables():
            net.record(drive, variable)
    projection = net.connect(noisy, cells, connect.pop("rule"), **connect)
    if isinstance(part, Plasticity):
        net.record(projection, "weight", interval=2.5)
        if signals_of(type(part)):
            net.modulate(noisy, projection, amount=0.01)
    net.connect(cells, noisy, ns.FixedProbability(0.4), psp=1.0, delay=0.7)
    for state in dict.fromkeys(["v", *states_of(type(part))] if isinstance(part, Neuron) else "v"):
        net.record(cells, state, interval=0.5)
    net.record(noisy, "v", interval=0.5)
    return net


NAMES = [
    name
    for name, kind in kinds_of(Part).items()
    if issubclass(kind, BASES) and kind.__module__.startswith("neurosim.models.")
]


@pytest.mark.parametrize("name", NAMES)
def test_threads_pieces_and_restores_change_no_bit(name: str, tmp_path: Path) -> None:
    whole = ns.simulate(network(name), DURATION, threads=1)
    assert all(np.isfinite(trace.values).all() for trace in whole.traces.values())
    assert len(whole.spikes["noisy"]) > SIZE
    simulation = ns.Simulation(network(name), threads=3)
    for duration in (0.1, 20.4, 0.5):
        simulation.run(duration)
    simulation.save(tmp_path / "state.h5")
    assert bits(simulation.run(DURATION - 21.0)) == bits(whole)
    restored = ns.Simulation.restore(tmp_path / "state.h5", threads=2)
    assert bits(restored.run(DURATION - 21.0)) == bits(whole)


PROGRAM = """
import sys
from pathlib import Path
from mpi4py import MPI
import neurosim as ns
from tests.networks import bits
from tests.oracle.test_registry import DURATION, NAMES, network

with ns.use_mpi(MPI.COMM_WORLD) as ranks:
    for name in NAMES:
        result = ns.simulate(network(name), DURATION)
        Path(sys.argv[1], f"{name} {ranks.rank}").write_bytes(b"".join(bits(result)))
"""


def test_processes_change_no_bit(tmp_path: Path) -> None:
    done = mpiexec(2, "-c", PROGRAM, str(tmp_path))
    assert done.returncode == 0, done.stderr
    for name in NAMES:
        whole = b"".join(bits(ns.simulate(network(name), DURATION, threads=1)))
        assert [(tmp_path / f"{name} {rank}").read_bytes() for rank in "01"] == [whole, whole], name
