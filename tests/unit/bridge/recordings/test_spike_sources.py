"""Containers of spike trains that the inference of synapses accepts."""

from __future__ import annotations

import io
from collections import UserDict
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

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


def neo_trains() -> list[neo.SpikeTrain]:
    return [
        neo.SpikeTrain(t * pq.ms, t_stop=DURATION * pq.ms, name=n)
        for t, n in zip(TRAINS, "abc", strict=True)
    ]


def segment() -> neo.Segment:
    found = neo.Segment()
    found.spiketrains.extend(neo_trains())
    return found


def block(n_segments: int = 1) -> neo.Block:
    found = neo.Block()
    found.segments.extend([segment() for _ in range(n_segments)])
    return found


def padded() -> np.ndarray:
    """Trains of unequal length in rows that NaN fill."""
    found = np.full((3, 6), np.nan)
    for row, train in zip(found, TRAINS, strict=True):
        row[: len(train)] = train
    return found


def masked(train: np.ndarray) -> np.ma.MaskedArray:
    """A train followed by an invalid value."""
    return np.ma.masked_greater(np.append(train, 1e6), DURATION)


class Labelled(np.ndarray):
    """An array with named dimensions and coordinates as xarray has it."""

    dims = ("time", "unit")
    coords = MappingProxyType({"unit": SimpleNamespace(values=np.array(list("abc")))})
    values = property(np.asarray)


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
    "quantities in s": ([train / 1e3 * pq.s for train in TRAINS], None),
    "time differences": ([(1e6 * train).astype("timedelta64[ns]") for train in TRAINS], None),
    "filled with NaN": (padded(), None),
    "lists filled with NaN": (padded().tolist(), None),
    "masked": ([masked(train) for train in TRAINS], None),
    "row vectors": ([train[None] for train in TRAINS], None),
    "column vectors": ([train[:, None] for train in TRAINS], None),
    "cell array": (np.array([*TRAINS, None], dtype=object)[None, :3], None),
    "objects": ([train.astype(object) for train in TRAINS], None),
    "single precision": ([train.astype(np.float32) for train in TRAINS], None),
    "text ids as objects": ((TIMES[ORDER], np.array(list("abc"), object)[IDS[ORDER]]), "abc"),
    "columns": (np.column_stack([TIMES[ORDER], IDS[ORDER]]), None),
    "columns, neuron first": (np.column_stack([IDS[ORDER], TIMES[ORDER]]), None),
    "rows": (np.vstack([TIMES[ORDER], IDS[ORDER]]), None),
    "series by neuron": (pd.Series(TIMES[ORDER], index=np.array(list("abc"))[IDS[ORDER]]), "abc"),
    "table with a header of words": (
        pd.DataFrame({"Unit ID": IDS, "Spike Time (ms)": TIMES, "id": 7}),
        None,
    ),
    "table of channels": (table(channel=IDS, t=TIMES), None),
    "table with empty last rows": (
        table(neuron=[*IDS, np.nan, np.nan], time_ms=[*TIMES, np.nan, np.nan]),
        None,
    ),
    "table of categories": (
        table(unit=pd.Categorical(np.array(list("abc"))[IDS]), time_s=TIMES / 1e3),
        "abc",
    ),
    "table of time differences": (
        table(neuron=IDS, time=pd.to_timedelta(TIMES, unit="ms")),
        None,
    ),
    "table of trains": (table(unit=list("abc"), spike_times=TRAINS), "abc"),
    "table of trains by index": (
        pd.DataFrame({"spike_times": TRAINS}, index=list("abc")),
        "abc",
    ),
    "table of populations": (
        table(population=np.array(["exc", "exc", "inh"])[IDS], neuron=IDS % 2, time_ms=TIMES),
        ["exc 0", "exc 1", "inh 0"],
    ),
    "labelled matrix": (matrix().T.view(Labelled), "abc"),
    "populations": (
        {"exc": ns.SpikeTrains(TIMES[ORDER], IDS[ORDER], np.arange(3))},
        ["exc 0", "exc 1", "exc 2"],
    ),
    "neo": (neo_trains(), "abc"),
    "neo segment": (segment(), "abc"),
    "neo block": (block(), "abc"),
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


@pytest.mark.parametrize(
    "name",
    ["neo", "neo block", "neo by name", "matrix", "labelled matrix", "table of counts", "pynapple"],
)
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
        ({1: [1.0], np.inf: [2.0]}, "neuron id inf is not a whole number"),
        ({1: [1.0], np.nan: [2.0]}, "neuron id nan is not a whole number"),
        ({1: [1.0], "1": [2.0]}, "two neurons have the same name"),
        ({"a": [5.0, 1.0], "b": [2.0]}, "spike times of neuron a are not in order"),
        (3, "int is not a set of spike trains"),
        (np.array(3.0), "ndarray is not a set of spike trains"),
        ("spikes.nwb", "'spikes.nwb': read files with neurosim.load_spikes"),
        (Path("spikes.nwb"), "read files with neurosim.load_spikes"),
        ([np.array([0, 1, 0, 1]), np.array([1, 0, 0, 0])], "holds only 0 and 1, not times"),
        ([np.zeros(9, bool), np.ones(9, bool)], "holds only 0 and 1, not times"),
        ([np.array([1.0, np.nan, 3.0]), [2.0]], "neuron 0 has a spike at nan ms"),
        ((np.arange(1, 9), np.arange(2, 10)), "two ascending arrays of integers can be"),
        (np.column_stack([[0, 1, 0], [5, 6, 9]]), "a time and a neuron in each row, or two"),
        ([TRAINS[0].astype("datetime64[ms]"), [2.0]], "must be an array of real numbers"),
        ([TRAINS[0] * pq.mV, [2.0]], "the train of neuron 0 is in mV: give ms"),
        (block(2), "the Neo block has 2 segments"),
        (table(neuron=[0, None], time_ms=[1.0, 2.0]), "row 1 of the table has no neuron"),
        (table(neuron=["a", None], time_ms=[1.0, 2.0]), "row 1 of the table has no neuron"),
        (table(neuron=["a", "b"], time_ms=[np.nan, 2.0]), "row 0 of the table has no time"),
        (table(neuron=[0], time=[1.0], time_s=[0.1]), "both names of times: leave one of them"),
        (table(sender=[0], time_step=[5]), "column time_step holds steps"),
    ],
)
def test_what_holds_no_spike_trains_is_refused_in_a_sentence(spikes, message):
    with pytest.raises(ns.NeurosimError, match=message):
        bin_trains(spikes, DURATION)


def test_an_iterator_is_read_once():
    assert bin_trains(iter(TRAINS), DURATION).counts.tolist() == [4, 2, 3]


@pytest.mark.parametrize(
    "spikes", [TRAINS[0], TRAINS[0].tolist(), pd.Series(TRAINS[0]), neo_trains()[0]]
)
def test_one_train_is_one_neuron(spikes):
    assert bin_trains(spikes, DURATION, fewest=1).counts.tolist() == [4]


def test_two_trains_of_whole_numbers_that_differ_in_length_stay_two_trains():
    binned = bin_trains((np.array([3, 43, 83]), np.array([5, 46])), DURATION)
    assert binned.counts.tolist() == [3, 2]


@pytest.mark.parametrize(
    ("duration", "message"),
    [
        ("200", "duration = '200' is not a number"),
        ((0.0, 200.0), r"duration = \(0.0, 200.0\) is not a number"),
        (np.array([0.0, 200.0]), "is not a number"),
        (0.5 * pq.mV, "duration is in mV: give ms"),
        (1.5, "give times and duration in ms, or a smaller bin_width"),
    ],
)
def test_the_duration_is_one_number_in_ms(duration, message):
    with pytest.raises(ns.NeurosimError, match=message):
        bin_trains(TRAINS, duration)
    assert bin_trains(TRAINS, 0.2 * pq.s).n_bins == 200


@pytest.mark.parametrize(("late", "end"), [(100_000.4, 100_000.1), (7_200_000.3, 7_200_000.2)])
def test_messages_hold_enough_digits(late, end):
    with pytest.raises(ns.NeurosimError, match=rf"at {late} ms, after the end .* at {end} ms"):
        bin_trains([[late], [1.0]], end)
