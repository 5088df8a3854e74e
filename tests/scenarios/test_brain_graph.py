from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

import neurosim as ns
from neurosim.scenario import RunOptions
from scenarios.biological_neuron.brain_graph import (
    CLUBS,
    RINGS,
    Settings,
    all_graphs,
    club,
    clustering_and_path,
    network,
    small_world,
    spiking_activity,
)


@pytest.mark.slow
def test_few_shortcuts_make_spread_fast_and_activity_last(command, tmp_path):
    printed = command("compare", "brain-graph")
    compared, found = printed["comparison"], printed["findings"]
    # If one input is enough, neurons fire exactly when threshold units are active.
    assert compared["agreement"] == 1.0
    none, few, random = (found["shortcuts"].index(fraction) for fraction in (0.0, 0.01, 1.0))
    half, persistent = found["half_reached_ms"], found["share_that_lasts"]
    assert half[none] == 100.0  # 50 steps of 2 ms, two neurons per step and side
    assert half[few] < 60.0
    assert half[random] < 12.0
    assert persistent[none] == persistent[random] == 0.0
    assert persistent[few] >= 0.5
    assert compared["hubs_reached_rich_club"] > 3.0 * compared["hubs_reached_hubs_apart"]
    assert (tmp_path / "brain-graph-small-world.png").exists()


def test_a_small_world_is_clustered_like_a_ring_and_short_like_a_random_graph():
    settings = Settings(nodes=300, neighbours=6)
    graphs = (small_world(p, settings, 1) for p in (0.0, 0.03, 1.0))
    lattice, few, random = map(clustering_and_path, graphs)
    assert lattice[0] == pytest.approx(0.6)  # 3 (k − 2)/(4 (k − 1))
    assert few[0] > 0.85 * lattice[0]
    assert random[0] < 0.1 * lattice[0]
    assert few[1] < 0.5 * lattice[1]
    graph = small_world(0.3, settings, 2)
    assert set(dict(graph.out_degree).values()) == {6}
    assert nx.number_of_selfloops(graph) == 0


def test_clubs_have_the_same_degrees():
    rich, apart = (club(kind, Settings(nodes=200), 3) for kind in CLUBS)
    degrees = [np.array([graph.degree[k] for k in range(200)]) for graph in (rich, apart)]
    assert (degrees[0] == degrees[1]).all()
    coefficients = [nx.rich_club_coefficient(one, normalized=False)[8] for one in (rich, apart)]
    assert coefficients[0] > 10.0 * coefficients[1]
    assert nx.degree_assortativity_coefficient(rich) > 0.1
    assert nx.degree_assortativity_coefficient(apart) < -0.1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "neighbours=5"), "not one of 4, 6, 8, 10"),
        (("--set", "nodes=10"), "outside 100 to 2000"),
        (("--duration", "50"), "before the spread does"),
        (("--set", "nodes=2000"), "ends before the spread does: give at least 512 ms"),
    ],
)
def test_invalid_graphs_are_refused(refused, arguments, words):
    assert words in refused("brain-graph", *arguments)


def test_first_spikes_come_at_the_distance_in_the_graph():
    settings = Settings(copies=1)
    result = ns.simulate(network(settings, RunOptions(duration=250.0, dt=0.5)), 250.0, dt=0.5)
    name = [*RINGS][2]
    first = spiking_activity(result, settings, name)[:, 0].argmax(axis=0)
    distance = nx.single_source_shortest_path_length(all_graphs(settings, 1)[name], 0)
    assert [first[node] for node in distance] == list(distance.values())
