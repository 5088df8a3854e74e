from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.bench.machine import peak_memory
from neurosim.errors import NeurosimError
from neurosim.results import PopulationInfo, Result, RunStats, SpikeTrains, Trace
from neurosim.results.storage import load, save
from tests.fuzz import fuzz_count, mutants

KEY = "L2/3 exc 50%", "v"


def sample(n_spikes: int = 5000, n_times: int = 300) -> Result:
    """Two populations, one of them silent, with traces large enough to be compressed."""
    random = np.random.default_rng(1)
    exc = PopulationInfo("L2/3 exc 50%", 50, -70.0, -55.0, -70.0, 30.0, 20.0, 5.0, 1)
    inh = PopulationInfo(".", 7, -65.0, -50.0, -60.0, 30.0, 0.1 + 0.2, 0.5, -1)
    steps = np.sort(random.integers(1, 10_000, n_spikes))
    return Result(
        dt=0.1,
        duration=1000.0,
        seed=2**64 - 1,
        populations={exc.name: exc, inh.name: inh},
        spikes={
            exc.name: SpikeTrains(steps * 0.1, random.integers(0, 50, n_spikes), np.arange(50)),
            inh.name: SpikeTrains(np.empty(0), np.empty(0, np.int64), np.array([1, 5])),
        },
        traces={
            (exc.name, "v"): Trace(
                np.arange(n_times) * 0.1,
                random.normal(-60.0, 5.0, (n_times, 4)),
                np.array([3, 1, 49, 0]),
                "mV",
            ),
            (exc.name, "i_exc"): Trace(np.arange(3.0), np.zeros((3, 1)), np.array([2]), "pA"),
        },
        stats=RunStats(
            57,
            12345,
            2,
            0.25,
            1 / 3,
            1e-3,
            interrupted=True,
            paced_chunks=50,
            late_chunks=3,
            largest_lateness_ms=4.1,
        ),
    )


def assert_equal(found: Result, expected: Result) -> None:
    for name in ("dt", "duration", "seed"):
        assert getattr(found, name) == getattr(expected, name)
    for name in ("neurons", "synapses", "interrupted", "events"):
        assert getattr(found.stats, name) == getattr(expected.stats, name)
    assert list(found.populations) == list(expected.populations)
    for name, info in expected.populations.items():
        assert dataclasses.astuple(found.populations[name]) == dataclasses.astuple(info)
    for kind, arrays in (("spikes", ("times", "ids", "recorded")), ("traces", ("times", "ids"))):
        assert getattr(found, kind).keys() == getattr(expected, kind).keys()
        for key, part in getattr(expected, kind).items():
            for name in arrays:
                array, wanted = getattr(getattr(found, kind)[key], name), getattr(part, name)
                assert array.dtype == wanted.dtype
                np.testing.assert_array_equal(array, wanted)
    for key, trace in expected.traces.items():
        assert found.traces[key].values.tobytes() == trace.values.tobytes()
        assert found.traces[key].unit == trace.unit


def test_a_result_comes_back_bit_by_bit(tmp_path: Path):
    save(sample(), tmp_path / "result.h5")
    found = load(tmp_path / "result.h5")
    assert_equal(found, sample())
    assert not found.traces["L2/3 exc 50%", "v"].values.flags.writeable


def test_files_do_not_contain_the_duration_of_the_run(tmp_path: Path):
    slow = dataclasses.replace(sample().stats, wall_s=77.0, build_s=9.0, compile_s=5.0, threads=5)
    save(sample(), tmp_path / "one.h5")
    save(dataclasses.replace(sample(), stats=slow), tmp_path / "other.h5")
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "other.h5").read_bytes()
    stats = load(tmp_path / "other.h5").stats
    assert stats.threads == 0
    times = [stats.build_s, stats.compile_s, stats.wall_s, stats.real_time_factor]
    assert np.isnan(times).all()


def test_a_result_without_populations_comes_back(tmp_path: Path):
    empty = Result(dt=0.1, duration=0.0, seed=0, populations={}, spikes={})
    save(empty, tmp_path / "result.h5")
    assert_equal(load(tmp_path / "result.h5"), empty)


def test_spikes_follow_the_sonata_guide(tmp_path: Path):
    save(sample(), tmp_path / "result.h5")
    with h5py.File(tmp_path / "result.h5") as file:
        assert file.attrs["magic"] == 0x0A7A
        assert file.attrs["version"].tolist() == [0, 1]
        assert file.attrs["version"].dtype == np.uint32
        group = file["spikes/L2%2F3 exc 50%25"]
        assert set(group) == {"timestamps", "node_ids"}
        assert group["timestamps"].dtype == np.float64
        assert group["timestamps"].attrs["units"] == "ms"
        assert group["node_ids"].dtype == np.uint64
        sorting = group.attrs.get_id("sorting").dtype
        assert h5py.check_enum_dtype(sorting) == {"none": 0, "by_id": 1, "by_time": 2}
        assert group.attrs["sorting"] == 2
        # libsonata is distributed without zlib and could not read it.
        assert group["timestamps"].compression is None


def test_a_failing_save_leaves_the_former_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "result.h5"
    save(sample(), path)

    def fail(*args: object) -> None:
        raise KeyError("values")

    monkeypatch.setattr("neurosim.results.storage.write._write_trace", fail)
    with pytest.raises(KeyError, match="values"):
        save(sample(), path)
    assert [file.name for file in tmp_path.iterdir()] == ["result.h5"]
    assert_equal(load(path), sample())


FULL_DISK = """
import resource, signal, sys
import numpy as np
from neurosim.errors import NeurosimError
from neurosim.results import PopulationInfo, Result, SpikeTrains
from neurosim.results.storage import save
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
info = PopulationInfo("a", 1, -70.0, -55.0, -70.0, 30.0, 20.0, 5.0, 1)
trains = SpikeTrains(np.arange(1e5), np.zeros(100_000, np.int64), np.arange(1))
result = Result(0.1, 1e5, 1, {"a": info}, {"a": trains})
try:
    save(result, sys.argv[1])
except NeurosimError as error:
    print(error)
"""


@pytest.mark.parametrize("limit", [1_000, 100_000])
def test_a_file_that_outgrows_the_disk_is_refused_in_one_sentence(tmp_path: Path, limit: int):
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "result.h5"), str(limit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.endswith(
        "result.h5 cannot be written (File too large): give a file in a folder that can\n"
    )
    assert list(tmp_path.iterdir()) == []


def remove(name: str) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[name]

    return change


def replace(name: str, value: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[name]
        file[name] = value

    return change


def set_attribute(name: str, attribute: str, value: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        file[name].attrs[attribute] = value

    return change


def claim_a_terabyte(file: h5py.File) -> None:
    del file[f"{TRACE}/times"]
    file.create_dataset(f"{TRACE}/times", (2**37,), np.float64, chunks=(2**20,), compression="gzip")


def lie_in_another_file(file: h5py.File) -> None:
    del file[f"{TRACE}/times"]
    file.create_dataset(f"{TRACE}/times", (9,), np.float64, external=[("/etc/hostname", 0, 72)])


EXC = "spikes/L2%2F3 exc 50%25"
TRACE = "traces/L2%2F3 exc 50%25/v"
DAMAGES = {
    "no_spikes": (remove("spikes"), "spikes"),
    "no_timestamps": (remove(f"{EXC}/timestamps"), "timestamps"),
    "no_recorded": (remove("neurosim/recorded/%2E"), "%2E"),
    "no_values": (remove(f"{TRACE}/values"), "values"),
    "no_seed": (lambda file: file["neurosim"].attrs.__delitem__("seed"), "seed"),
    "no_run": (remove("neurosim"), "not a result of neurosim"),
    "words_for_times": (replace(f"{EXC}/timestamps", "words"), "expected type"),
    "single_for_double": (replace(f"{EXC}/timestamps", np.zeros(5000, "f4")), "expected type"),
    "table_for_times": (replace(f"{EXC}/timestamps", np.zeros((5, 2))), "expected type"),
    "nan_in_times": (replace(f"{EXC}/timestamps", np.full(5000, np.nan)), "not ascending"),
    "times_backwards": (replace(f"{EXC}/timestamps", -np.arange(5000.0)), "not ascending"),
    "fewer_times": (replace(f"{EXC}/timestamps", np.arange(9.0)), "9 times and 5000 ids"),
    "ids_too_high": (replace(f"{EXC}/node_ids", np.full(5000, 50, "u8")), "contains 50"),
    "unrecorded_ids": (
        replace("neurosim/recorded/L2%2F3 exc 50%25", np.arange(9)),
        "not in `recorded`",
    ),
    "narrow_trace": (replace(f"{TRACE}/values", np.zeros((300, 3))), r"need shape \(300, 4\)"),
    "stranger": (lambda file: file.create_group("spikes/stranger"), "stranger is not described"),
    "words_for_dt": (set_attribute("neurosim", "dt", "words"), "words"),
    "no_dt": (set_attribute("neurosim", "dt", 0.0), "dt is 0 ms"),
    "endless": (set_attribute("neurosim", "duration", np.inf), "duration is inf ms"),
    "words_for_stats": (set_attribute("neurosim/stats", "neurons", "words"), "stats/neurons"),
    "number_for_unit": (set_attribute(TRACE, "units", 7), "are not a string"),
    "terabyte": (claim_a_terabyte, "claims 1099511627776 bytes and holds 0"),
    "other_file": (lie_in_another_file, "another file"),
}


@pytest.mark.parametrize(("change", "message"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_refused_in_one_sentence(
    tmp_path: Path, change: Callable[[h5py.File], None], message: str
):
    path = tmp_path / "result.h5"
    save(sample(), path)
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(NeurosimError, match=message) as refused:
        load(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def imported() -> Result:
    """A result with names and observed intervals."""
    observed = (np.array([[0.0, 4.0], [6.0, 9.0]]), np.empty((0, 2)))
    trains = SpikeTrains(
        np.array([1.0, 8.0]), np.array([0, 0]), np.array([0, 6]), ("neuron é", "b"), observed
    )
    info = sample(0).populations["."]
    return Result(dt=0.1, duration=9.0, seed=0, populations={".": info}, spikes={".": trains})


def test_names_and_observed_intervals_come_back(tmp_path: Path):
    save(imported(), tmp_path / "result.h5")
    found, expected = load(tmp_path / "result.h5").spikes["."], imported().spikes["."]
    assert found.names == expected.names
    assert found.observed is not None
    assert expected.observed is not None
    for got, wanted in zip(found.observed, expected.observed, strict=True):
        np.testing.assert_array_equal(got, wanted)
        assert got.shape == wanted.shape
        assert not got.flags.writeable


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("names/%2E", np.array([b"a"]), "has 1 entries for 2"),
        ("names/%2E", np.array([b"a", b"\xff"]), "utf-8"),
        ("names/%2E", np.arange(2), "expected type"),
        ("observed/%2E/counts", np.array([2]), "does not match the 2 neurons"),
        ("observed/%2E/counts", np.array([3, -1]), "does not match the 2 neurons"),
        ("observed/%2E/counts", np.array([2, 1]), "does not match the 2 neurons"),
        ("observed/%2E/intervals", np.full((2, 2), np.nan), "does not match the 2 neurons"),
    ],
)
def test_damaged_names_and_intervals_are_refused(tmp_path, name, value, message):
    save(imported(), tmp_path / "result.h5")
    with h5py.File(tmp_path / "result.h5", "r+") as file:
        del file[f"neurosim/{name}"]
        file[f"neurosim/{name}"] = value
    with pytest.raises(NeurosimError, match=message):
        load(tmp_path / "result.h5")


def test_files_without_a_result_are_refused(tmp_path: Path):
    with pytest.raises(NeurosimError, match=r"cannot be read \(No such file"):
        load(tmp_path / "none.h5")
    with pytest.raises(NeurosimError, match=r"cannot be read \(not a regular file"):
        load(tmp_path)
    (tmp_path / "text.h5").write_text("time,id\n")
    with pytest.raises(NeurosimError, match="is not an HDF5 file"):
        load(tmp_path / "text.h5")
    h5py.File(tmp_path / "foreign.h5", "w").close()
    with pytest.raises(NeurosimError, match="not a result of neurosim"):
        load(tmp_path / "foreign.h5")


def test_a_later_format_is_refused_with_the_way_out(tmp_path: Path):
    save(sample(), tmp_path / "result.h5")
    with h5py.File(tmp_path / "result.h5", "r+") as file:
        file["neurosim"].attrs["format"] = 4
    with pytest.raises(NeurosimError, match=r"has format 4 .* install a later neurosim"):
        load(tmp_path / "result.h5")


@given(st.integers(0, 2**16))
def test_a_truncated_file_is_refused(tmp_path_factory: pytest.TempPathFactory, kept: int):
    path = tmp_path_factory.mktemp("truncated") / "result.h5"
    save(sample(500, 10), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: kept % len(whole)])
    with pytest.raises(NeurosimError, match=r"is not an HDF5 file|is damaged"):
        load(path)


def test_damaged_files_are_read_or_refused(tmp_path: Path):
    path = tmp_path / "result.h5"
    save(sample(200), path)
    before, outcomes = peak_memory(), []
    for damaged in mutants(path.read_bytes(), fuzz_count(100), seed=1):
        path.write_bytes(damaged)
        try:
            load(path)
            outcomes.append("read")
        except NeurosimError as error:
            outcomes.append("two lines" if "\n" in str(error) else "refused")
    # Not all is refused, and not all is read: the damage reaches beyond the first bytes.
    assert set(outcomes) == {"read", "refused"}
    if before is not None:
        assert peak_memory() - before < 2**30


def test_action_potentials_drawn_into_files_of_earlier_formats_are_taken_out(tmp_path: Path):
    """Formats 1 and 2 stored the peak at the sample after a spike."""
    result = sample()
    values = result.traces[KEY].values.copy()
    drawn = values.copy()
    values[[7, 20], [0, 2]] = -70.0
    drawn[[7, 20], [0, 2]] = 30.0
    trace = dataclasses.replace(result.traces[KEY], values=drawn)
    save(dataclasses.replace(result, traces={KEY: trace}), tmp_path / "old.h5")
    with h5py.File(tmp_path / "old.h5", "r+") as file:
        file["neurosim"].attrs["format"] = 2
    found = load(tmp_path / "old.h5").traces[KEY]
    assert np.array_equal(found.values, values)
    assert np.array_equal(found.with_spikes(), drawn)


def test_drawn_action_potentials_come_back(tmp_path: Path):
    result = sample()
    spikes = SpikeTrains([0.7, 2.0], [3, 49], [0, 1, 3, 49], dt=0.1)
    trace = dataclasses.replace(result.traces[KEY], spikes=spikes, v_peak=30.0)
    save(dataclasses.replace(result, traces={KEY: trace}), tmp_path / "result.h5")
    found = load(tmp_path / "result.h5").traces[KEY]
    assert np.array_equal(found.values, trace.values)
    assert np.array_equal(found.with_spikes(), trace.with_spikes())
    assert (found.with_spikes() == 30.0).sum() == 2
