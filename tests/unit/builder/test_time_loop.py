"""The time loop and the functions that it calls at their addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from numba import config

import neurosim as ns
from neurosim.kernels import Entry, advance
from neurosim.kernels.address import addressed
from neurosim.kernels.tables import tables_at

compiled = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="about compiled code")


class Inner(NamedTuple):
    matrix: Any
    flags: Any


class Outer(NamedTuple):
    count: Any
    inner: Inner
    values: Any


@addressed
def mix(frame, a, b):
    outer, single, number = tables_at(frame)
    total = np.int64(0)
    for i in range(outer.count):
        if outer.inner.flags[i]:
            total += np.int64(outer.inner.matrix[i, 1]) * a
    outer.values[0] += total + single[1]
    return total + number + b


def tables() -> tuple[Outer, np.ndarray, int]:
    matrix = np.arange(6, dtype=np.uint16).reshape(3, 2)
    inner = Inner(matrix, np.array([True, False, True]))
    return Outer(3, inner, np.zeros(2)), np.array([0.5, 0.25]), 100


def test_a_function_reads_and_writes_the_tables_of_its_frame() -> None:
    own = tables()
    assert Entry(mix, *own, n=2)(10, 7) == 60 + 100 + 7
    assert own[0].values.tolist() == [60.25, 0.0]


@compiled
def test_arrays_that_can_and_cannot_be_written_are_of_one_type() -> None:
    own = tables()
    Entry(mix, *own, n=2)
    known = len(mix.overloads)
    own[0].inner.matrix.flags.writeable = False
    assert Entry(mix, *own, n=2)(1, 0) == 106
    assert len(mix.overloads) == known


def test_other_tables_of_the_same_types_need_no_compilation() -> None:
    one, other = tables(), tables()
    first = Entry(mix, *one, n=2)
    assert first.has(*one)
    assert not first.has(*other)
    second = Entry(mix, *other, n=2, like=first)
    other[0].inner.matrix[0, 1] = 5
    assert (first(1, 0), second(1, 0)) == (106, 110)


def _plastic(net: ns.Network, neurons: ns.Population) -> None:
    net.connect(neurons, neurons, ns.AllToAll(), weight=1.0, plasticity=ns.STDP(w_max=5.0))


def _recorded(net: ns.Network, neurons: ns.Population) -> None:
    net.record(neurons, "v")
    net.record(neurons, "input_exc")


FEATURES: dict[str, Callable[[ns.Network, ns.Population], object]] = {
    "plasticity": _plastic,
    "soft threshold": lambda net, _: net.add("soft", 3, ns.LIF(escape=ns.EscapeRate(1.0, 10.0))),
    "recording": _recorded,
    "noise": lambda net, neurons: net.drive(neurons, ns.Poisson(100.0), psp=0.1),
    "live input": lambda net, neurons: net.drive(neurons, ns.LiveSpikes(), psp=1.0),
    "drawn": lambda net, neurons: net.connect(
        neurons, neurons, ns.FixedProbability(0.5), psp=ns.Normal(0.1, 0.01)
    ),
}


@compiled
@pytest.mark.parametrize("feature", FEATURES)
def test_no_feature_compiles_the_time_loop_anew(feature: str) -> None:
    net = ns.Network()
    neurons = net.add("n", 4, ns.LIF())
    net.drive(neurons, ns.ConstantCurrent(500.0))
    net.connect(neurons, neurons, ns.AllToAll(), psp=0.1)
    FEATURES[feature](net, neurons)
    ns.simulate(net, 30.0)
    assert len(advance.overloads) == 1
