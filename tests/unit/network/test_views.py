"""Views of populations: selection, and connections between views."""

from __future__ import annotations

import re

import numpy as np
import pytest
import scipy.sparse

import neurosim as ns
from neurosim.engine.checkpoint import pack, unpack
from neurosim.scenario import RunOptions, find_scenario
from tests.tables import connections

CHOICES = {
    "slice": slice(7, 27),
    "strided": slice(None, None, 2),
    "list": [3, 4, 9, 15, 16, 17, 30, 39],
    "mask": np.arange(40) % 3 == 1,
}


def _ids(choice, size=40):
    return np.arange(size)[choice]


@pytest.mark.parametrize(
    ("index", "ids"),
    [
        (slice(2, 5), [2, 3, 4]),
        (slice(None, None, -2), [5, 3, 1]),
        (np.array([True, False, False, True, False, False]), [0, 3]),
        ([False, True] * 3, [1, 3, 5]),
        ([4, 2], [4, 2]),
        (3, [3]),
        (-1, [5]),
        (np.int32(2), [2]),
        (range(1, 3), [1, 2]),
    ],
)
def test_indexing_selects_neurons_like_an_array(index, ids) -> None:
    population = ns.Network().add("p", 6, ns.LIF())
    view = population[index]
    assert view.population is population
    assert view.ids.tolist() == ids
    assert len(view) == view.size == len(ids)


def test_a_view_of_a_view_has_the_ids_of_the_whole_population() -> None:
    view = ns.Network().add("p", 10, ns.LIF())[2:8]
    assert view[1:3].ids.tolist() == [3, 4]
    assert view[-1].ids.tolist() == [7]


def test_the_representation_of_a_view() -> None:
    population = ns.Network().add("exc", 10, ns.LIF())
    assert repr(population[:5]) == "<PopulationView: 5 of the 10 neurons of 'exc', 0 to 4>"
    assert repr(population[[7, 2]]) == "<PopulationView: 2 of the 10 neurons of 'exc', 7, 2>"


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (10, "index of 'p' is 10: indices run from 0 to 9"),
        (-11, "index of 'p' is -11"),
        ([3, 10], "index of 'p' holds 10: indices run from 0 to 9"),
        ([3, -1], "index of 'p' holds -1"),
        ([1, 1], "contains 1 more than once"),
        (slice(4, 4), "is empty: select at least one neuron"),
        ([True, False], r"mask of shape \(2,\); expected \(10,\)"),
        (1.5, "not a 1-D array of whole numbers"),
        ("a", "not a 1-D array of whole numbers"),
        (slice(0.5, 2), "invalid slice"),
    ],
)
def test_invalid_indices_are_refused(index, words) -> None:
    population = ns.Network().add("p", 10, ns.LIF())
    with pytest.raises(ns.NeurosimError, match=words):
        population[index]


RULES = [
    ns.AllToAll(),
    ns.FixedProbability(0.3),
    ns.FixedInDegree(5),
    ns.FixedInDegree(5, multapses=False),
    ns.FixedOutDegree(5),
    ns.FixedOutDegree(5, multapses=False),
    ns.FixedTotalNumber(60),
]


@pytest.mark.parametrize("source", CHOICES)
@pytest.mark.parametrize("target", CHOICES)
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_a_rule_draws_in_a_view_what_it_draws_in_a_population_of_its_size(
    rule, source, target
) -> None:
    options = {"psp": ns.Normal(1.0, 0.2), "delay": ns.Normal(1.5, 0.75)}
    sources, targets = _ids(CHOICES[source]), _ids(CHOICES[target])
    whole = ns.Network()
    a, b = whole.add("a", 40, ns.LIF()), whole.add("b", 40, ns.LIF())
    whole.connect(a[CHOICES[source]], b[CHOICES[target]], rule, **options)
    small = ns.Network()
    a, b = small.add("a", len(sources), ns.LIF()), small.add("b", len(targets), ns.LIF())
    small.connect(a, b, rule, **options)
    expected = connections(small)
    expected[:, 0] = sources[expected[:, 0].astype(int)]
    expected[:, 1] = 40 + targets[expected[:, 1].astype(int) - len(sources)]
    assert len(expected) > 10
    for threads in (1, 2, 3):
        assert np.array_equal(connections(whole, threads=threads), expected)


def test_a_view_of_all_neurons_is_the_population() -> None:
    found = []
    for index in (None, slice(None), np.ones(30, bool)):
        net = ns.Network()
        a = net.add("a", 30, ns.LIF())
        part = a if index is None else a[index]
        net.connect(part, part, ns.FixedProbability(0.3, autapses=False), psp=ns.Normal(1, 0.1))
        assert net.projections[0].source_ids is None
        found.append(connections(net))
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


@pytest.mark.parametrize(
    "rule",
    [
        ns.AllToAll(autapses=False),
        ns.FixedProbability(0.9, autapses=False),
        ns.FixedInDegree(15, autapses=False, multapses=False),
        ns.FixedOutDegree(15, autapses=False, multapses=False),
        ns.FixedTotalNumber(2000, autapses=False),
    ],
    ids=repr,
)
@pytest.mark.parametrize(
    "views", [(slice(0, 20), slice(8, 24)), (slice(0, 32, 2), [0, *range(9, 24)])]
)
def test_no_neuron_reaches_itself_where_views_overlap(rule, views) -> None:
    net = ns.Network()
    a = net.add("a", 40, ns.LIF())
    source, target = (a[view] for view in views)
    net.connect(source, target, rule, psp=1.0)
    one = connections(net)
    assert np.array_equal(one, connections(net, threads=3))
    pairs = one[:, :2].astype(int)
    assert (pairs[:, 0] != pairs[:, 1]).all()
    possible = np.array([(s, t) for s in source.ids for t in target.ids if s != t])
    assert {tuple(pair) for pair in pairs} <= {tuple(pair) for pair in possible}
    if isinstance(rule, ns.AllToAll):
        assert np.array_equal(pairs, possible[np.lexsort(possible.T[::-1])])
    if isinstance(rule, ns.FixedInDegree):
        assert (np.bincount(pairs[:, 1])[target.ids] == 15).all()
    if isinstance(rule, ns.FixedTotalNumber):
        drawn = np.unique(pairs, axis=0, return_counts=True)[1]
        assert len(drawn) > 0.95 * len(possible)
        assert drawn.mean() < 2000 / len(possible) * 1.05


def test_arrays_have_the_shape_and_the_order_of_the_views() -> None:
    sources, targets = [5, 2, 9], [7, 1]
    weights, delays = np.arange(1.0, 7.0).reshape(3, 2), np.arange(1, 7).reshape(3, 2)
    net = ns.Network()
    a, b = net.add("a", 10, ns.LIF()), net.add("b", 10, ns.LIF())
    net.connect(a[sources], b[targets], ns.AllToAll(), psp=weights, delay=delays * 0.1)
    expected = [
        (s, 10 + t, weights[i, j], delays[i, j])
        for i, s in enumerate(sources)
        for j, t in enumerate(targets)
    ]
    assert connections(net).tolist() == sorted(map(list, expected))
    with pytest.raises(ns.NeurosimError, match=r"shape \(10, 10\); expected \(3, 2\)"):
        net.connect(a[sources], b[targets], ns.AllToAll(), psp=np.ones((10, 10)))


@pytest.mark.parametrize(("sources", "targets"), [([5, 2, 9], [7, 1, 3]), ([2, 5, 9], [1, 3, 8])])
def test_one_to_one_pairs_views_in_their_order(sources, targets) -> None:
    net = ns.Network()
    a, b = net.add("a", 10, ns.LIF()), net.add("b", 10, ns.LIF())
    net.connect(a[sources], b[targets], ns.OneToOne(), psp=[1.0, 2.0, 3.0])
    pairs = zip(sources, targets, (1.0, 2.0, 3.0), strict=True)
    expected = sorted([s, 10 + t, w, 10] for s, t, w in pairs)
    assert connections(net, threads=2).tolist() == expected
    with pytest.raises(ns.NeurosimError, match="as many sources as targets, not 3 and 10"):
        net.connect(a[sources], b, ns.OneToOne(), psp=1.0)


def test_listed_connections_count_the_neurons_of_the_views(tmp_path) -> None:
    path = tmp_path / "edges.csv"
    path.write_text("source,target,psp\n0,1,0.5\n2,0,1.5\n")
    matrix = scipy.sparse.coo_array(([0.5, 1.5], ([0, 2], [1, 0])), shape=(3, 2))
    rules = [
        (ns.Explicit([0, 2], [1, 0]), [0.5, 1.5]),
        (None, matrix),
        (ns.CSVEdges(path), "psp"),
    ]
    for rule, psp in rules:
        net = ns.Network()
        a, b = net.add("a", 10, ns.LIF()), net.add("b", 10, ns.LIF())
        net.connect(a[[5, 2, 9]], b[[7, 1]], rule, psp=psp)
        assert connections(net)[:, :3].tolist() == [[5, 11, 0.5], [9, 17, 1.5]]
    net.connect(a[[5, 2]], b[[7, 1]], ns.CSVEdges(path), psp="psp")
    with pytest.raises(ns.NeurosimError, match="source = 2 is outside 0 to 1"):
        ns.Simulation(net)


def _driven():
    net = ns.Network()
    a, b = net.add("a", 30, ns.LIF()), net.add("b", 30, ns.LIF())
    net.drive(a[:20], ns.Poisson(1500.0), psp=1.0)
    net.drive(a[[25, 3]], ns.ConstantCurrent([400.0, 300.0]))
    net.connect(a[:15], b[::2], ns.FixedInDegree(6), psp=ns.Normal(2.0, 0.2), delay=1.0)
    net.connect(a[10:], b[[29, 3, 4]], ns.AllToAll(), synapse=ns.ExpCurrent(3.0), psp=1.0)
    net.connect(b[:15], a[15:], ns.FixedProbability(0.3), psp=-1.0)
    plastic = ns.STDP(w_max=2.0, learning_rate=0.01)
    net.connect(a[5:20], b[:10], ns.FixedInDegree(3), psp=1.0, plasticity=plastic)
    net.record(b[[4, 29]], "v")
    net.record(a, "i_syn", ids=slice(0, 3))
    net.record(b, "i_syn", ids=2)
    return net


def _bits(result):
    found = [trains.times.tobytes() + trains.ids.tobytes() for trains in result.spikes.values()]
    return found + [trace.values.tobytes() for trace in result.traces.values()]


def test_runs_are_the_same_on_any_threads_and_after_a_checkpoint(tmp_path) -> None:
    whole = ns.simulate(_driven(), 100.0)
    assert len(whole.spikes["b"]) > 20
    assert whole.traces["b", "v"].ids.tolist() == [4, 29]
    assert whole.traces["a", "i_syn"].ids.tolist() == [0, 1, 2]
    for threads in (2, 3):
        assert _bits(ns.simulate(_driven(), 100.0, threads=threads)) == _bits(whole)
    simulation = ns.Simulation(_driven(), threads=2)
    simulation.run(50.0)
    simulation.save(tmp_path / "state.h5")
    restored = ns.Simulation.restore(tmp_path / "state.h5", threads=3)
    assert _bits(restored.run(50.0)) == _bits(whole)


def test_a_saved_description_has_the_views() -> None:
    net = _driven()
    again = unpack(pack(net))
    for one, other in zip(net.projections, again.projections, strict=True):
        for end in ("source_ids", "target_ids"):
            assert np.array_equal(getattr(one, end), getattr(other, end))


def test_ids_together_with_a_view_are_refused() -> None:
    net = ns.Network()
    a = net.add("a", 5, ns.LIF())
    with pytest.raises(ns.NeurosimError, match="already a view of 'a'"):
        net.drive(a[:2], ns.ConstantCurrent(1.0), ids=[0])
    with pytest.raises(ns.NeurosimError, match="already a view of 'a'"):
        net.record(a[:2], "v", ids=[0])
    with pytest.raises(ns.NeurosimError, match="belongs to another network"):
        ns.Network().drive(a[:2], ns.ConstantCurrent(1.0))


def test_results_take_slices_masks_arrays_and_views() -> None:
    spikes = ns.SpikeTrains([1.0, 2.0, 3.0, 4.0], [0, 2, 4, 2], [0, 2, 4])
    population = ns.Network().add("a", 6, ns.LIF())
    for neurons in (slice(1, None), [2, 4], np.arange(6) % 4 == 2, population[[4, 2]]):
        if isinstance(neurons, np.ndarray):
            neurons = neurons | (np.arange(6) == 4)
        part = spikes.of(neurons)
        assert part.times.tolist() == [2.0, 3.0, 4.0]
        assert part.recorded.tolist() == [2, 4]
    trace = ns.Trace([1.0, 2.0], [[1.0, 2.0], [3.0, 4.0]], [5, 2], "mV")
    assert trace.of(2).tolist() == [2.0, 4.0]
    assert trace.of([2, 5]).tolist() == [[2.0, 1.0], [4.0, 3.0]]
    assert trace.of(slice(3)).tolist() == [[2.0], [4.0]]
    for found in (spikes, trace):
        with pytest.raises(ns.NeurosimError, match="neuron 1 was not recorded"):
            found.of([1, 2])


TOML = """
duration = 50.0
[populations.exc]
size = 20
neuron = "LIF"
[[connections]]
from = "exc"
from_ids = "0:10"
to = "exc"
to_ids = [3, 12]
rule = "AllToAll"
psp = 0.1
[[inputs]]
to = "exc"
ids = "10:"
type = "ConstantCurrent"
amplitude = 100.0
[[recordings]]
of = "exc"
ids = "::5"
variable = "v"
"""


def _read(folder, text):
    (folder / "my.toml").write_text(text, encoding="utf-8")
    scenario = find_scenario(str(folder / "my.toml"))
    options = RunOptions(scenario.duration, scenario.dt, scenario.seed)
    return scenario.network(scenario.settings(), options)


def test_a_scenario_file_names_views(tmp_path) -> None:
    net = _read(tmp_path, TOML)
    (projection,), (drive,), (recording,) = net.projections, net.drives, net.recordings
    assert projection.source_ids.tolist() == list(range(10))
    assert projection.target_ids.tolist() == [3, 12]
    assert drive.ids.tolist() == list(range(10, 20))
    assert recording.ids.tolist() == [0, 5, 10, 15]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"0:10"', '"first"', "my.toml:8: from_ids = 'first' is not a slice"),
        ("[3, 12]", "[3, 20]", "my.toml:10: index of 'exc' holds 20"),
        ('"10:"', '"30:"', "ids of 'exc' is empty"),
    ],
)
def test_a_wrong_view_in_a_scenario_file_is_reported_with_its_line(
    tmp_path, old, new, words
) -> None:
    with pytest.raises(ns.NeurosimError, match=re.escape(words)):
        _read(tmp_path, TOML.replace(old, new))


def test_masks_and_indices_of_other_libraries_are_accepted() -> None:
    pandas = pytest.importorskip("pandas")
    cells = ns.Network().add("cells", 10, ns.LIF())
    mask = np.arange(10) % 3 == 0
    for index in (pandas.Series(mask), [0.0, 3.0, 6.0, 9.0], pandas.Series([0, 3, 6, 9])):
        assert cells[index].ids.tolist() == [0, 3, 6, 9]
    with pytest.raises(ns.NeurosimError, match="not a 1-D array of whole numbers"):
        cells[[0.5, 2.0]]
