"""The fly's brain: connectomes in files, activation and silencing, and errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as arrow
import pytest
from pyarrow import csv, parquet

import neurosim as ns
from scenarios.networks import fly
from scenarios.networks.fly_brain import scenario

FIRST = 720_575_940_600_000_001
"""Smallest id of a neuron in the table. FlyWire ids exceed the precision of floats."""
CHAIN = [(0, 1, 60), (1, 2, 60), (0, 3, 60), (4, 3, -1)]
"""Neuron 0 excites 1 and 3, and 1 excites 2."""


@pytest.fixture(params=["parquet", "csv"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Write a small connectome as the authors publish theirs; return its path."""
    pre, post, synapses = np.array(CHAIN).T
    columns = {
        "Presynaptic_ID": FIRST + pre,
        "Postsynaptic_ID": FIRST + post,
        "Presynaptic_Index": pre,
        "Excitatory x Connectivity": synapses,
    }
    path = tmp_path / f"connectivity.{request.param}"
    write = parquet.write_table if request.param == "parquet" else csv.write_csv
    write(arrow.table(columns), path)
    return str(path)


def test_ids_of_64_bits_become_indices(table):
    found = fly.read_connectome(table)
    assert found.ids.tolist() == [FIRST + k for k in range(5)]
    assert list(zip(found.sources, found.targets, strict=True)) == [x[:2] for x in CHAIN]
    np.testing.assert_allclose(found.jumps, 0.275 * np.array([60, 60, 60, -1]))
    assert found.indices(f"{FIRST + 4}, {FIRST}", "activate").tolist() == [0, 4]
    assert found.strongest(np.array([0]), 2).tolist() == [1, 3]


def chosen(*settings: str) -> list[str]:
    """Return the arguments of the command line for settings."""
    return [word for setting in settings for word in ("--set", setting)]


def test_silencing_stops_the_neurons_behind_the_silenced_one(table, command):
    settings = chosen(
        f"connectivity={table}", f"activate={FIRST}", f"silence={FIRST + 1}", "rate=200"
    )
    found = command("run", "fly-brain", *settings, "--duration", "300", "--no-plot")["findings"]
    assert (found["neurons"], found["connections"]) == (5, 4)
    # Neurons 1, 2 and 3 fire in the intact brain. Without the synapses of 1, 2 is silent.
    assert found["active_intact"] == 3
    assert found["active_silenced"] == 2


def test_a_neuron_without_effect_has_no_downstream_spikes(table, command):
    settings = chosen(f"connectivity={table}", f"activate={FIRST + 4}", f"silence={FIRST}")
    printed = command("run", "fly-brain", *settings, "--duration", "100", "--no-plot")
    assert printed["findings"]["active_intact"] == 0
    assert printed["findings"]["change"] == 0.0
    assert len(printed["report"]) == 2


def test_activated_neurons_fire_once_for_each_external_spike(table):
    settings = scenario.settings(connectivity=table, activate=str(FIRST), silence="", rate=200.0)
    net = scenario.network(settings, ns.scenario.RunOptions(duration=500.0))
    external = np.asarray(net.drives[0].input.times[0])
    times = ns.simulate(net, 500.0, seed=1).spikes["intact"].of(0)
    arrivals = np.unique(np.maximum(np.floor(external / 0.1 + 0.5), 1.0))
    assert len(times) > 80
    # An external spike in the step after another one is lost, because the neuron fires in it.
    arrivals = arrivals[np.diff(arrivals, prepend=0.0) > 1.0]
    expected = 0.1 * (arrivals + 1.0)
    np.testing.assert_allclose(times, expected[expected <= 500.0])


def test_silencing_a_quarter_lowers_the_activity_of_the_random_network(command):
    small = (*chosen("scale=0.01"), "--duration", "500", "--no-plot")
    found = command("compare", "fly-brain", *small)
    measures = found["comparison"]
    assert (
        measures["bits_both"]["value"] > measures["bits_v"]["value"] > measures["bits_g"]["value"]
    )
    # In 1 ms g moves v by (e^(-1/20) - e^(-1/5))/3, and v decays by e^(-1/20).
    exact = (1.0 - np.exp(1.0 / 20.0 - 1.0 / 5.0)) / 3.0
    assert measures["exact"] == pytest.approx(exact)
    assert measures["ratio"] == pytest.approx(exact, rel=0.15)
    found = command("run", "fly-brain", *small)["findings"]
    assert found["silenced"] == 5
    assert found["active_intact"] >= fly.CORE
    assert -0.4 < found["change"] < -0.15


def test_errors_are_one_sentence(table, refused, tmp_path):
    def said(*settings: str) -> str:
        return refused("fly-brain", *chosen(*settings))

    given = f"connectivity={table}"
    assert "activate contains 0," in said(given)
    assert "activate is empty" in said(given, "activate=")
    assert "silence contains 7," in said(given, f"activate={FIRST}", "silence=7")
    assert "silence = 'x' is not a list of ids" in said(given, f"activate={FIRST}", "silence=x")
    assert "cannot be read" in said("connectivity=missing.csv", "activate=1")
    assert "cannot be read" in said("connectivity=missing.parquet", "activate=1")
    other = tmp_path / "other.csv"
    other.write_text("pre,post\n1,2\n")
    assert "no column 'Presynaptic_ID'" in said(f"connectivity={other}")
    other.write_text("Presynaptic_ID,Postsynaptic_ID,Excitatory x Connectivity\n1,x,3\n")
    assert "cannot be read" in said(f"connectivity={other}", "activate=1")
