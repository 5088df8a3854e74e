"""Whatever the network: the same bits on any number of threads, in pieces, and after a restore."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.engine.checkpoint import pack, unpack
from tests.networks import bits

DELAYS = st.one_of(
    st.integers(1, 40).map(lambda steps: steps * 0.1),
    st.tuples(st.floats(0.1, 3.0), st.floats(0.1, 2.0)).map(lambda law: ns.Normal(*law)),
    st.floats(0.1, 2.0).map(lambda low: ns.Uniform(low, low + 1.5)),
)
SYNAPSES = st.sampled_from([ns.DeltaSynapse(), ns.ExpCurrent(2.0), ns.AlphaCurrent(1.5)])
NEURONS = st.builds(
    ns.LIF,
    tau_m=st.sampled_from([5.0, 10.0, 20.0]),
    t_ref=st.sampled_from([0.0, 0.1, 2.0, 5.0]),
    escape=st.sampled_from([None, None, ns.EscapeRate(2.0, 1.0)]),
)
STRENGTHS = st.one_of(
    st.floats(-2.0, 2.0),
    st.tuples(st.floats(-1.0, 1.0), st.floats(0.05, 0.5)).map(lambda law: ns.Normal(*law)),
)


@st.composite
def rules(draw: st.DrawFn, source: ns.Population, target: ns.Population) -> object:
    """Draw a rule that fits two populations."""
    pairs = draw(st.lists(st.tuples(*(st.integers(0, p.size - 1) for p in (source, target)))))
    choices = [
        ns.FixedProbability(draw(st.floats(0.0, 1.0))),
        ns.FixedInDegree(draw(st.integers(0, 12))),
        ns.FixedOutDegree(draw(st.integers(0, 12))),
        ns.FixedTotalNumber(draw(st.integers(0, 60))),
        ns.AllToAll(),
        ns.Explicit([s for s, _ in pairs], [t for _, t in pairs]),
    ]
    return draw(st.sampled_from(choices))


@st.composite
def networks(draw: st.DrawFn) -> ns.Network:
    """Draw a network of up to three populations that hear each other and noise."""
    net = ns.Network(dale=False)
    for k in range(draw(st.integers(1, 3))):
        cells = net.add(f"cells {k}", draw(st.integers(1, 40)), draw(NEURONS))
        net.drive(cells, ns.Poisson(draw(st.floats(100.0, 2000.0))), psp=draw(st.floats(0.5, 3.0)))
        if draw(st.booleans()):
            net.drive(cells, ns.MembraneNoise(draw(st.floats(0.5, 4.0))))
        if draw(st.booleans()):
            net.record(cells, draw(st.sampled_from(["v", "i_syn", "input_exc"])), interval=0.2)
    for _ in range(draw(st.integers(0, 5))):
        source, target = (draw(st.sampled_from(net.populations)) for _ in range(2))
        options = {"synapse": draw(SYNAPSES), "psp": draw(STRENGTHS), "delay": draw(DELAYS)}
        net.connect(source, target, draw(rules(source, target)), **options)
    return net


@settings(max_examples=15)
@given(networks(), st.integers(1, 5), st.integers(1, 5), st.integers(1, 199), st.integers(0, 2**32))
def test_threads_pieces_and_restores_change_no_bit(
    net: ns.Network, threads: int, others: int, first: int, seed: int
) -> None:
    whole = bits(ns.simulate(net, 20.0, seed=seed, threads=threads))
    simulation = ns.Simulation(net, seed=seed, threads=others)
    simulation.run(first * 0.1)
    with tempfile.TemporaryDirectory() as folder:
        simulation.save(Path(folder) / "state.h5")
        restored = ns.Simulation.restore(Path(folder) / "state.h5", threads=threads)
    left = 20.0 - first * 0.1
    assert bits(simulation.run(left)) == whole
    assert bits(restored.run(left)) == whole


@settings(max_examples=40)
@given(networks())
def test_a_description_comes_back_as_it_was(net: ns.Network) -> None:
    packed = pack(net)
    again = pack(unpack(packed))
    for name, array in packed.items():
        np.testing.assert_array_equal(again[name], array)
