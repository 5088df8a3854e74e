from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from scenarios.biological_neuron.brain_graph import Graph
from scenarios.biological_neuron.brain_graph_model import CLUBS, Settings, club, small_world


@pytest.mark.slow
def test_few_shortcuts_make_spread_fast_and_activity_last(command, tmp_path):
    told = command("compare", "brain-graph")["comparison"]
    # One input suffices: exactly what threshold units do, and as far as the graph says.
    assert told["agreement"] == 1.0
    assert told["first_spike_is_distance"] == 1.0
    assert told["half_reached_0_percent"] == 100.0  # 50 steps of 2 ms, two neurons a step each way
    assert told["half_reached_1_percent"] < 60.0
    assert told["half_reached_100_percent"] < 12.0
    assert told["lasts_0_percent"] == told["lasts_100_percent"] == 0.0
    assert told["lasts_1_percent"] >= 0.5
    assert told["club_rich_club"] > 10.0 * told["club_hubs_apart"]
    assert told["hubs_reached_rich_club"] > 3.0 * told["hubs_reached_hubs_apart"]
    for name in ("small-world", "rich-club"):
        assert (tmp_path / f"brain-graph-comparison-{name}.png").exists()


def test_a_small_world_is_clustered_like_a_ring_and_short_like_a_random_graph():
    settings = Settings(nodes=300, neighbours=6)
    ring, few, random = (Graph.of(small_world(p, settings, 1)) for p in (0.0, 0.03, 1.0))
    assert ring.clustering == pytest.approx(0.6)  # 3 (k − 2)/(4 (k − 1))
    assert few.clustering > 0.85 * ring.clustering
    assert random.clustering < 0.1 * ring.clustering
    assert few.path < 0.5 * ring.path
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
def test_what_is_no_graph_is_refused(refused, arguments, words):
    assert words in refused("brain-graph", *arguments)
