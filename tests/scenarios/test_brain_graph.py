from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from scenarios.biological_neuron.brain_graph import (
    CLUBS,
    Settings,
    club,
    clustering_and_path,
    small_world,
)


@pytest.mark.slow
def test_few_shortcuts_make_spread_fast_and_activity_last(command, tmp_path):
    compared = command("compare", "brain-graph")["comparison"]
    # If one input is enough, spikes are those of threshold units, at the distance in the graph.
    assert compared["agreement"] == 1.0
    assert compared["first_spike_is_distance"] == 1.0
    assert (
        compared["half_reached_0_percent"] == 100.0
    )  # 50 steps of 2 ms, two neurons per step and side
    assert compared["half_reached_1_percent"] < 60.0
    assert compared["half_reached_100_percent"] < 12.0
    assert compared["lasts_0_percent"] == compared["lasts_100_percent"] == 0.0
    assert compared["lasts_1_percent"] >= 0.5
    assert compared["club_rich_club"] > 10.0 * compared["club_hubs_apart"]
    assert compared["hubs_reached_rich_club"] > 3.0 * compared["hubs_reached_hubs_apart"]
    for name in ("spikes", "small-world", "comparison-rich-club"):
        assert (tmp_path / f"brain-graph-{name}.png").exists()


def test_a_small_world_is_clustered_like_a_ring_and_short_like_a_random_graph():
    settings = Settings(nodes=300, neighbours=6)
    ring, few, random = (clustering_and_path(small_world(p, settings, 1)) for p in (0.0, 0.03, 1.0))
    assert ring[0] == pytest.approx(0.6)  # 3 (k − 2)/(4 (k − 1))
    assert few[0] > 0.85 * ring[0]
    assert random[0] < 0.1 * ring[0]
    assert few[1] < 0.5 * ring[1]
    graph = small_world(0.3, settings, 2)
    assert set(dict(graph.out_degree).values()) == {6}
    assert nx.number_of_selfloops(graph) == 0


def test_clubs_have_the_same_degrees():
    rich, apart = (club(kind, Settings(nodes=200), 3) for kind in CLUBS)
    degrees = [np.array([graph.degree[k] for k in range(200)]) for graph in (rich, apart)]
    assert (degrees[0] == degrees[1]).all()
    assert nx.degree_assortativity_coefficient(rich) > 0.1
    assert nx.degree_assortativity_coefficient(apart) < -0.1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "neighbours=5"), "is odd"),
        (("--set", "nodes=10"), "outside 100 to 5000"),
        (("--set", "nodes=5000", "--set", "copies=50"), "above 100,000"),
        (("--duration", "50"), "before the spread does"),
    ],
)
def test_invalid_graphs_are_refused(refused, arguments, words):
    assert words in refused("brain-graph", *arguments)
