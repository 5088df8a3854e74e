"""Spikes in NumPy's files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurosim as ns

pytestmark = pytest.mark.usefixtures("read_here")

TIMES = np.array([5.5, 0.1234567890123456, 7.0, 2.25, 123.456])
IDS = np.array([3, 0, 3, 12, 0])


def expected(factor: float = 1.0) -> list[tuple[int, float]]:
    return sorted(zip(IDS.tolist(), (TIMES * factor).tolist(), strict=True))


def spikes_of(result: ns.Result, name: str = "units") -> list[tuple[int, float]]:
    trains = result.spikes[name]
    return sorted(zip(trains.ids.tolist(), trains.times.tolist(), strict=True))


TABLES = {
    "times and ids": ({"times_ms": TIMES, "ids": IDS}, 1.0),
    "seconds": ({"spike_time_s": TIMES, "unit_id": IDS.astype("u2")}, 1e3),
    "float ids": ({"t_ms": TIMES, "i": IDS.astype(float)}, 1.0),
    "sender and times": ({"senders": IDS, "times": TIMES}, 1.0),
    "columns": ({"time_ms": TIMES[:, None], "neuron": IDS[None]}, 1.0),
    "pynapple": (
        {"t": TIMES, "index": IDS, "start": [0.0], "end": [200.0], "type": ["TsGroup"]},
        1e3,
    ),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(("arrays", "factor"), TABLES.values(), ids=TABLES)
def test_tables_are_read_bit_by_bit(tmp_path: Path, recwarn, arrays: dict, factor: float, save):
    save(tmp_path / "a.npz", **arrays)
    assert spikes_of(ns.load_spikes(tmp_path / "a.npz")) == expected(factor)
    assert not [warning for warning in recwarn if warning.category is UserWarning]


def test_times_without_a_unit_are_ms_with_a_warning(tmp_path: Path):
    np.savez(tmp_path / "a.npz", times=TIMES, ids=IDS)
    with pytest.warns(UserWarning, match="ms is assumed"):
        assert spikes_of(ns.load_spikes(tmp_path / "a.npz")) == expected()
    assert spikes_of(ns.load_spikes(tmp_path / "a.npz", unit="us")) == expected(1e-3)


def test_pynapple_knows_silent_neurons_and_the_end(tmp_path: Path):
    arrays = {"t": TIMES, "index": IDS, "start": [0.0], "end": [200.0], "keys": [0, 3, 5, 12]}
    np.savez(tmp_path / "a.npz", **arrays)
    found = ns.load_spikes(tmp_path / "a.npz")
    assert found.duration == 200e3
    assert found.spikes["units"].recorded.tolist() == [0, 3, 5, 12]
    np.savez(tmp_path / "cell.npz", t=TIMES, start=[0.0], end=[200.0])
    assert ns.load_spikes(tmp_path / "cell.npz").spikes["units"].names == ("cell",)


@pytest.mark.parametrize("keys", [("4", "0", "11"), ("PV", "e 4", "arr_0")])
def test_every_array_may_be_a_neuron(tmp_path: Path, keys: tuple[str, ...]):
    trains = [np.array([3.0, 1.0]), np.empty(0), np.array([2, 7])]
    np.savez(tmp_path / "a.npz", **dict(zip(keys, trains, strict=True)))
    spikes = ns.load_spikes(tmp_path / "a.npz", unit="ms").spikes["units"]
    labels = spikes.names or tuple(map(str, spikes.recorded.tolist()))
    found = dict(zip(labels, [times.tolist() for times in spikes.by_neuron()], strict=True))
    assert found == {keys[0]: [1.0, 3.0], keys[1]: [], keys[2]: [2.0, 7.0]}
    assert (spikes.names is None) == keys[0].isdigit()


def test_populations_and_names_are_read(tmp_path: Path):
    arrays = {"time_ms": TIMES, "unit": np.array(["b", "a", "b", "c", "a"])}
    np.savez(tmp_path / "a.npz", **arrays, population=np.array(["x", "x", "x", "y", "y"]))
    found = ns.load_spikes(tmp_path / "a.npz")
    assert found.spikes["x"].names == ("b", "a")
    assert [spikes.tolist() for spikes in found.spikes["x"].by_neuron()] == [[5.5, 7.0], [TIMES[1]]]
    assert found.spikes["y"].names == ("c", "a")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_array_alone_is_read(tmp_path: Path, order: tuple[int, int]):
    np.save(tmp_path / "a.npy", np.column_stack([IDS, TIMES])[:, order])
    assert spikes_of(ns.load_spikes(tmp_path / "a.npy", unit="s")) == expected(1e3)
    np.save(tmp_path / "b.npy", TIMES)
    spikes = ns.load_spikes(tmp_path / "b.npy", unit="ms").spikes["units"]
    assert (spikes.names, spikes.times.tolist()) == (("b",), sorted(TIMES.tolist()))


class Runs:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("ran"),))


REFUSED = {
    "objects": ({"times": np.array([Runs()], object)}, "it holds Python objects, and reading"),
    "lengths": ({"times": TIMES, "ids": IDS[:3]}, "it has 5 times and 3 neurons"),
    "fractions": ({"times": TIMES, "ids": IDS + 0.5}, "it has a neuron 3.5: neurons are whole"),
    "negative": ({"times": TIMES, "ids": IDS - 4}, "it has a neuron -1: neurons are whole"),
    "matrix": ({"raster": np.zeros((5, 9))}, r"is an array of float64 of shape \(5, 9\), not of"),
    "words": ({"note": np.array(["a"])}, "is an array of <U1 of shape"),
    "both": ({"a": np.array([[1, 2], [3, 4]])}, "both of its columns can hold neurons"),
    "nan": ({"a": np.array([np.nan])}, "spike at nan ms"),
    "nothing": ({}, "it holds no array"),
    "steps": ({"sender": IDS, "time_step": IDS}, "its times are in steps"),
}


@pytest.mark.parametrize(("arrays", "message"), REFUSED.values(), ids=REFUSED)
def test_other_arrays_are_refused(tmp_path: Path, monkeypatch, arrays: dict, message: str):
    monkeypatch.chdir(tmp_path)
    np.savez("a.npz", **arrays)
    with pytest.raises(ns.NeurosimError, match=message):
        ns.load_spikes("a.npz", unit="ms")
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_damaged_files_are_refused(tmp_path: Path):
    np.savez(tmp_path / "a.npz", times=TIMES, ids=IDS)
    whole = (tmp_path / "a.npz").read_bytes()
    for kept in range(2, len(whole) - 30, 101):
        (tmp_path / "b.npz").write_bytes(whole[:kept])
        with pytest.raises(ns.NeurosimError, match=r"b\.npz: it"):
            ns.load_spikes(tmp_path / "b.npz")
