"""Containers of spike trains that the inference of synapses accepts."""

from __future__ import annotations

import io
from collections import UserDict
from dataclasses import replace
from types import SimpleNamespace

import neo
import numpy as np
import pandas as pd
import pytest
import quantities as pq
from scipy.sparse import csr_array

import neurosim as ns
from bridge.inference import bin_trains

TRAINS = [np.array([3.0, 43.5, 83.0, 120.0]), np.array([5.0, 46.0]), np.array([7.5, 8.5, 99.0])]
IDS = np.repeat([0, 1, 2], [len(train) for train in TRAINS])
TIMES = np.concatenate(TRAINS)
ORDER = np.argsort(TIMES)
DURATION = 200.0


class Ts:
    """A train as pynapple has it, in seconds."""

    def __init__(self, times: np.ndarray) -> None:
        self.seconds = times / 1e3

    def times(self, units: str = "s") -> np.ndarray:
        return self.seconds * {"s": 1.0, "ms": 1e3}[units]


class TsGroup(UserDict):
    time_support = SimpleNamespace(start=np.array([0.0]), end=np.array([DURATION / 1e3]))


def loaded_by_loadtxt() -> tuple[np.ndarray, np.ndarray]:
    text = "\n".join(f"{t:.1f} {k}" for t, k in zip(TIMES[ORDER], IDS[ORDER], strict=True))
    times, ids = np.loadtxt(io.StringIO(text), unpack=True)
    return times, ids


def matrix() -> np.ndarray:
    """Counts in bins of 0.5 ms, one row per neuron; a spike at t is in the bin that ends at t."""
    counts = np.zeros((3, 400), dtype=int)
    counts[IDS, np.rint(TIMES / 0.5).astype(int) - 1] = 1
    return counts


def table(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns)


SOURCES = {
    "list": (list(TRAINS), None),
    "dict": (dict(enumerate(TRAINS)), None),
    "dict of float ids": ({float(k): train for k, train in enumerate(TRAINS)}, None),
    "named dict": ({"a": TRAINS[0], "b": TRAINS[1], "c": TRAINS[2]}, "abc"),
    "series of trains": (pd.Series({"a": TRAINS[0], "b": TRAINS[1], "c": TRAINS[2]}), "abc"),
    "times and ids": ((TIMES[ORDER], IDS[ORDER]), None),
    "times and float ids": ((TIMES[ORDER], IDS[ORDER].astype(float)), None),
    "times and text ids": ((TIMES[ORDER], np.array(list("abc"))[IDS[ORDER]]), "abc"),
    "neuron by neuron": ((TIMES, IDS.astype(np.float32)), None),
    "lists of float ids": ((TIMES[ORDER].tolist(), IDS[ORDER].astype(float).tolist()), None),
    "loadtxt": (loaded_by_loadtxt(), None),
    "table": (table(neuron=IDS[ORDER], time_ms=TIMES[ORDER]), None),
    "table in s": (table(unit=IDS.astype(float), time_s=TIMES / 1e3), None),
    "table of text": (table(Unit_ID=np.array(list("abc"))[IDS], Time=TIMES), "abc"),
    "matrix": (matrix(), None),
    "matrix, time first": (matrix().T.astype(float), None),
    "matrix of bool": (matrix().astype(bool), None),
    "sparse matrix": (csr_array(matrix()), None),
    "table of counts": (pd.DataFrame(matrix().T, columns=list("abc")), "abc"),
    "pynapple": (TsGroup({k: Ts(train) for k, train in enumerate(TRAINS)}), None),
    "populations": (
        {"exc": ns.SpikeTrains(TIMES[ORDER], IDS[ORDER], np.arange(3))},
        ["exc 0", "exc 1", "exc 2"],
    ),
    "neo": (
        [neo.SpikeTrain(t * pq.ms, t_stop=DURATION * pq.ms, name=n) for t, n in
         zip(TRAINS, "abc", strict=True)],
        "abc",
    ),
    "neo by name": (
        {n: neo.SpikeTrain(t * pq.ms, t_stop=DURATION * pq.ms) for t, n in
         zip(TRAINS, "abc", strict=True)},
        "abc",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
def test_every_container_holds_the_same_spikes(name):
    spikes, names = SOURCES[name]
    binned = bin_trains(spikes, DURATION, 0.5)
    expected = bin_trains(TRAINS, DURATION, 0.5)
    assert binned.ids.tolist() == expected.ids.tolist()
    assert binned.bins.tolist() == expected.bins.tolist()
    assert binned.neurons.tolist() == ([0, 1, 2] if names is None else list(names))


@pytest.mark.parametrize("name", ["neo", "neo by name", "matrix", "table of counts", "pynapple"])
def test_containers_that_know_their_duration_need_none(name):
    assert bin_trains(SOURCES[name][0], None, 0.5).n_bins == 400


def test_a_result_names_its_neurons_and_knows_its_duration():
    net = ns.Network()
    cells = [net.add(name, 2, ns.LIF()) for name in ("exc", "inh")]
    net.drive(cells[0], ns.ConstantCurrent(700.0))
    result = ns.simulate(net, 200.0)
    binned = bin_trains(result)
    assert binned.neurons.tolist() == ["exc 0", "exc 1", "inh 0", "inh 1"]
    assert binned.n_bins == 200
    assert binned.counts.tolist() == [*result.spikes["exc"].counts(), 0, 0]
    alone = replace(result, spikes={"exc": result.spikes["exc"]})
    assert bin_trains(alone).neurons.tolist() == [0, 1]


def test_a_tuple_of_two_trains_stays_two_trains():
    for trains in ((TRAINS[0], TRAINS[2]), (TRAINS[0][:2], TRAINS[1])):
        binned = bin_trains(trains, DURATION)
        assert binned.counts.tolist() == [len(train) for train in trains]


def test_equally_many_times_per_neuron_in_one_array_are_times():
    times = np.array([[3.0, 43.0, 83.0], [5.0, 46.0, 90.0]])
    assert bin_trains(times, DURATION).bins.tolist() == [2, 4, 42, 45, 82, 89]


@pytest.mark.parametrize(
    ("spikes", "message"),
    [
        (table(x=[1.0], y=[2.0], time_ms=[3.0]), "has no column of neurons: give col"),
        (table(x=[0.5, 1.0, 2.0], y=[1.0, 2.0, 0.0]), "neither spike counts per bin nor ascending"),
        (np.eye(4), r"shape \(4, 4\) is ambiguous"),
        (np.array([[0.0, -1.0, 0.0]]), "neither spike counts per bin nor ascending"),
        (table(neuron=[0.5, 1.0], time_ms=[1.0, 2.0]), "neuron id 0.5 is not a whole number"),
        ({"a": [1.0], 2: ["b"]}, "the train of neuron 2 must be an array of real numbers"),
        ({1: [1.0], 1.5: [2.0]}, "neuron id 1.5 is not a whole number"),
        ({1: [1.0], "1": [2.0]}, "two neurons have the same name"),
        ({"a": [5.0, 1.0], "b": [2.0]}, "spike times of neuron a are not in order"),
        (3, "int is not a set of spike trains"),
    ],
)
def test_what_holds_no_spike_trains_is_refused_in_a_sentence(spikes, message):
    with pytest.raises(ns.NeurosimError, match=message):
        bin_trains(spikes, DURATION)


@pytest.mark.parametrize(("late", "end"), [(100_000.4, 100_000.1), (7_200_000.3, 7_200_000.2)])
def test_messages_hold_enough_digits(late, end):
    with pytest.raises(ns.NeurosimError, match=rf"at {late} ms, after the end .* at {end} ms"):
        bin_trains([[late], [1.0]], end)
