"""Tables of the comparison with other simulators agree with the measurements."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

import neurosim as ns
from benchmarks.peers.description import describe, out_degrees
from benchmarks.peers.distances import compare, rejected
from benchmarks.peers.networks import CASES
from benchmarks.peers.on_neurosim import rebuild
from benchmarks.peers.protocol import cut, draw
from benchmarks.peers.table import Row, best_ratios, disagreements, table


def two_populations() -> ns.Network:
    net = ns.Network()
    exc = net.add("exc", 80, ns.LIF(), v_init=ns.Uniform(-70.0, -60.0))
    inh = net.add("inh", 20, ns.LIF(), v_init=ns.Normal(-65.0, 2.0))
    net.connect(exc, inh, ns.FixedInDegree(8), psp=ns.Normal(0.5, 0.1), delay=ns.Normal(1.0, 0.5))
    net.connect(exc, exc, ns.FixedProbability(0.1), psp=0.2, delay=1.5)
    net.connect(inh, exc, ns.FixedTotalNumber(400), synapse=ns.ExpCurrent(5.0), weight=-20.0)
    net.drive(exc, ns.Poisson(5000.0), psp=0.5)
    net.drive(inh, ns.ConstantCurrent(200.0))
    return net


def row(simulator: str, wall_s: float, n_exc: int, *, threads: int = 1) -> Row:
    answer = {
        "version": simulator,
        "build_s": 1.0,
        "compile_s": None,
        "wall_s": wall_s,
        "peak_mb": 100.0,
        "counts": {"exc": n_exc, "inh": 100},
        "elapsed_s": 2.0,
    }
    return Row("small", simulator, threads, 1000.0, two_populations(), [answer])


def with_conductances() -> ns.Network:
    net = ns.Network()
    exc = net.add("exc", 80, ns.LIF(v_threshold=np.linspace(-56.0, -54.0, 80)))
    inh = net.add("inh", 20, ns.LIF())
    for source, e_rev, weight in ((exc, 0.0, 2.0), (inh, -80.0, 10.0)):
        synapse = ns.ExpConductance(5.0, e_rev)
        net.connect(source, exc, ns.AllToAll(), synapse=synapse, weight=weight)
        net.drive(source, ns.WhiteNoiseCurrent(sigma=200.0, mean=300.0))
    return net


def with_depression() -> ns.Network:
    net = ns.Network()
    cells = net.add("cells", 100, ns.LIF(), v_init=ns.Uniform(-70.0, -56.0))
    model = ns.TsodyksMarkram(0.04, 100.0, 1000.0)
    net.connect(cells, cells, ns.FixedProbability(0.1), psp=5.0, short_term=model)
    net.drive(cells, ns.ConstantCurrent(250.0))
    return net


NETWORKS = [two_populations, with_conductances, with_depression, CASES["cuba"].network]


@pytest.mark.parametrize("net", [network() for network in NETWORKS])
def test_a_described_network_is_rebuilt_to_the_same_spikes(net):
    again = ns.simulate(rebuild(describe(net, 0.1)), 30.0)
    once = ns.simulate(net, 30.0)
    assert sum(map(len, once.spikes.values())) > 0
    for name, trains in once.spikes.items():
        np.testing.assert_array_equal(trains.times, again.spikes[name].times)
        np.testing.assert_array_equal(trains.ids, again.spikes[name].ids)


def test_what_other_simulators_were_not_taught_is_refused():
    net = ns.Network()
    cells = net.add("cells", 10, ns.LIF())
    net.drive(cells, ns.MembraneNoise(2.0))
    with pytest.raises(TypeError, match="MembraneNoise"):
        describe(net, 0.1)
    net = ns.Network()
    net.add("cells", 10, ns.HodgkinHuxley())
    with pytest.raises(TypeError, match="HodgkinHuxley"):
        describe(net, 0.1)


def test_out_degrees_count_the_synapses_of_every_rule():
    # 8 onto each of 20, a tenth of 80, 400 from 20.
    assert out_degrees(two_populations()) == {"exc": 8 * 20 / 80 + 0.1 * 80, "inh": 400 / 20}


def test_a_row_gives_rates_events_and_nanoseconds():
    shown = row("neurosim", 0.5, 800)
    assert shown.rates == {"exc": 10.0, "inh": 5.0}
    assert shown.events == 800 * 10.0 + 100 * 20.0
    assert shown.real_time_factor == 0.5
    assert "| 0.5 | 10.00 5.00 | 2e+04 | 5e+04 |" in table([shown])


def test_ratios_are_to_neurosim_on_as_many_threads_and_best_to_best():
    rows = [
        row("nest", 6.0, 800),
        row("nest", 4.0, 800, threads=2),
        row("neurosim", 0.5, 800),
        row("neurosim", 0.8, 800, threads=2),
    ]
    ratios = [line.split("|")[-2].strip() for line in table(rows).splitlines()[2:]]
    assert ratios == ["12", "5", "1", "1"]
    assert best_ratios(rows)[0].endswith("nest 8")


def test_rates_that_differ_by_more_than_four_standard_errors_disagree():
    spreads = {"small": {"exc": 0.01, "inh": 0.01}}  # of a difference: 1.4 %
    assert not disagreements([row("nest", 1.0, 800), row("neurosim", 1.0, 840)], spreads)
    (found,) = disagreements([row("nest", 1.0, 800), row("neurosim", 1.0, 850)], spreads)
    assert found.startswith("small, exc: nest 10.000 Hz and neurosim 10.625 Hz")


def test_numbers_outside_the_bounds_are_drawn_again():
    law = {"kind": "normal", "mean": 1.0, "sd": 1.0, "low": 0.5, "high": np.inf}
    values = draw(law, 1000, np.random.default_rng(1))
    assert values.min() >= 0.5


def test_only_spikes_of_the_timed_span_are_kept():
    task = {"network": {"dt": 0.1}, "warmup": 10.0, "span": 5.0}
    times = np.array([10.1, 10.2, 15.1, 15.2])  # the span begins 0.1 ms late
    kept, ids = cut({"exc": (times, np.arange(4))}, task)["exc"]
    np.testing.assert_array_equal(kept, [10.2, 15.1])
    np.testing.assert_array_equal(ids, [1, 2])


def runs(shift: float) -> dict:
    """Return two runs of NEST and ten of neurosim, the latter shifted."""
    rng = np.random.default_rng(3)
    named = [("nest", k) for k in range(2)] + [("neurosim", k) for k in range(10)]
    kinds = [("rate", "exc"), ("CV", "exc")]
    return {
        run: {kind: rng.normal(shift * (run[0] == "neurosim"), 1.0, 2000) for kind in kinds}
        for run in named
    }


def test_seeds_of_one_law_are_no_further_apart_than_each_other():
    found = compare(runs(0.0))
    assert not found.further(0.05)
    assert found.p_further("rate") * 66 == pytest.approx(round(found.p_further("rate") * 66))


def test_a_shift_of_a_fifth_of_the_spread_is_seen():
    # D = 2Φ(0.1) − 1 = 0.080; between seeds of 2,000 values 0.86/√1000 = 0.027 in the mean.
    found = compare(runs(0.2))
    assert found.further(0.05)
    assert found.p_further("CV") == pytest.approx(1 / 66)
    for a, b in combinations(range(2, 12), 2):
        assert found.d[a, b].max() < found.d[0, 2:].min()


def test_holm_counts_only_what_many_tests_leave_significant():
    assert rejected(np.array([0.2, 0.011, 0.03]), 0.05) == 1
    assert rejected(np.array([0.001, 0.002, 0.003]), 0.05) == 3
