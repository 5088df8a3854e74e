from __future__ import annotations

import json
import pickle
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

import neurosim as ns
from neurosim.interchange.neo import save_neo
from tests.fuzz import fuzz_count, mutants
from tests.unit.results.test_storage_results import sample

ROOT = Path(__file__).parents[3]
GIB = 2**30


class Reader:
    """Reads files, each in a fork of one process that has imported all modules."""

    def __init__(self) -> None:
        command = [sys.executable, "-P", str(ROOT / "tests" / "forked_reader.py")]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        )

    def read(self, path: Path) -> str:
        """Read a file, and check what must hold for all files."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{path}\n")
        self.process.stdin.flush()
        found = json.loads(self.process.stdout.readline())
        assert not found["words"].startswith("defect"), found["words"]
        assert "\n" not in found["words"]
        assert len(found["words"]) < 600
        assert found["memory"] < GIB
        return found["words"]


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    reader = Reader()
    yield reader
    reader.process.communicate()


def save_npz(result: ns.Result, path: Path) -> None:
    trains = next(iter(result.spikes.values()))
    np.savez_compressed(path, time_ms=trains.times, neuron=trains.ids)


WRITERS: dict[str, Callable[[ns.Result, Path], object]] = {
    "a.nwb": ns.save_nwb,
    "a.h5": lambda result, path: ns.save_sonata(result, path.parent),
    "a.mat": save_neo,
    "a.csv": ns.save_csv,
    "a.npz": save_npz,
}


@pytest.mark.parametrize("name", WRITERS)
def test_damaged_files_are_read_or_refused(tmp_path: Path, reader: Reader, name: str):
    home = tmp_path / "home"
    home.mkdir()
    WRITERS[name](sample(60, 3), home / name)
    data = (home / ("spikes.h5" if name == "a.h5" else name)).read_bytes()
    place = tmp_path / "only"
    place.mkdir()
    outcomes = []
    for damaged in mutants(data, fuzz_count(50), seed=1):
        (place / name).write_bytes(damaged)
        outcomes.append(reader.read(place / name))
    assert [path.name for path in place.iterdir()] == [name]
    # Some are refused and some are read: the damage reaches beyond the first bytes.
    assert 0 < outcomes.count("read") < len(outcomes)


def spikes_of(change: Callable[[h5py.Group], object]) -> Callable[[Path], None]:
    """Write a SONATA file with what `change` makes of its one population."""

    def write(path: Path) -> None:
        with h5py.File(path, "w") as file:
            group = file.create_group("spikes/cells")
            group["timestamps"], group["node_ids"] = np.arange(9.0), np.arange(9)
            change(group)

    return write


def instead(**values: object) -> Callable[[Path], None]:
    def change(group: h5py.Group) -> None:
        for name, value in values.items():
            del group[name]
            if isinstance(value, dict):
                group.create_dataset(name, **value)
            else:
                group[name] = value

    return spikes_of(change)


def circle(group: h5py.Group) -> None:
    del group["timestamps"]
    group["other"] = h5py.SoftLink("/spikes/cells/timestamps")
    group["timestamps"] = h5py.SoftLink("/spikes/cells/other")


def virtual(group: h5py.Group) -> None:
    del group["timestamps"]
    layout = h5py.VirtualLayout((9,), "f8")
    layout[:] = h5py.VirtualSource("/etc/hostname", "times", (9,))
    group.create_virtual_dataset("timestamps", layout)


def population_elsewhere(group: h5py.Group) -> None:
    group.parent["elsewhere"] = h5py.ExternalLink("/etc/hostname", "/spikes")


def nested(group: h5py.Group) -> None:
    for _ in range(3000):
        group = group.create_group("d")


def many_populations(group: h5py.Group) -> None:
    for k in range(10_001):
        group.parent.create_group(f"p{k}")


def zeros(n_bytes: int) -> bytes:
    """Compress zeros."""
    deflate = zlib.compressobj(1)
    piece = bytes(2**24)
    return b"".join([*(deflate.compress(piece) for _ in range(n_bytes // 2**24)), deflate.flush()])


def bomb(group: h5py.Group) -> None:
    """A chunk of 8 kB by its header that inflates to 640 MiB."""
    del group["timestamps"]
    times = group.create_dataset("timestamps", (1000,), "f8", chunks=(1000,), compression="gzip")
    times.id.write_direct_chunk((0,), zeros(5 * 2**27))


def packed(group: h5py.Group) -> None:
    """Many zeros that are really there."""
    for name in ("timestamps", "node_ids"):
        del group[name]
        shape = (2**26,)
        group.create_dataset(name, shape, "f8" if name[0] == "t" else "u8", compression="gzip",
                             chunks=(2**22,))  # fmt: skip
    chunk = zlib.compress(bytes(2**25), 1)
    for name in ("timestamps", "node_ids"):
        for k in range(16):
            group[name].id.write_direct_chunk((k * 2**22,), chunk)


def endless_unit(group: h5py.Group) -> None:
    group["timestamps"].attrs["units"] = np.zeros(7000)


TERABYTE = {"shape": (2**37,), "dtype": "f8", "chunks": (2**20,), "compression": "gzip"}
BIG_CHUNK = {"shape": (1,), "maxshape": (None,), "dtype": "f8", "chunks": (2**28,)}
HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "external_link": (instead(timestamps=h5py.ExternalLink("/etc/hostname", "t")), "is a link"),
    "external_group": (spikes_of(population_elsewhere), "is a link"),
    "external_storage": (
        instead(timestamps={"shape": (9,), "dtype": "f8", "external": [("/etc/passwd", 0, 72)]}),
        "is stored in another file",
    ),
    "virtual": (spikes_of(virtual), "is stored in another file"),
    "circle": (spikes_of(circle), "is a link"),
    "nested": (spikes_of(nested), "read"),
    "populations": (spikes_of(many_populations), "the maximum is 10,000"),
    "terabyte": (instead(timestamps=TERABYTE), "claims 1099511627776 bytes and holds"),
    "big_chunk": (instead(timestamps=BIG_CHUNK), "claims 8 bytes and holds 0"),
    "bomb": (spikes_of(bomb), "refused"),
    "packed": (spikes_of(packed), "far more than the file holds"),
    "words": (instead(timestamps="words"), "timestamps is not a 1-dimensional array of numbers"),
    "table": (instead(timestamps=np.zeros((3, 3))), "not a 1-dimensional array"),
    "compound": (
        instead(node_ids=np.zeros(9, [("a", "i4")])),
        "node_ids is not a 1-dimensional array",
    ),
    "group_for_times": (instead(timestamps={"shape": None, "dtype": "f8"}), "not a 1-dimensional"),
    "nan": (instead(timestamps=np.full(9, np.nan)), "spike at nan ms"),
    "infinite": (instead(timestamps=np.full(9, np.inf)), "spike at inf ms"),
    "far before": (instead(timestamps=np.full(9, -1e300)), "spike at -1e+300 ms"),
    "fewer": (instead(timestamps=np.ones(8)), "8 times and 9 neurons"),
    "neuron": (instead(node_ids=np.full(9, 2**63, "u8")), "neurons are whole numbers from 0"),
    "unit": (
        spikes_of(lambda group: group["timestamps"].attrs.create("units", "fortnights")),
        "is fortnights: use ms or s",
    ),
    "units": (spikes_of(endless_unit), "not a single value"),
    "single": (instead(timestamps=np.arange(9, dtype=">f4")), "read"),
}


@pytest.mark.parametrize(("write", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_hdf5_file_is_refused(tmp_path: Path, reader: Reader, write, message: str):
    write(tmp_path / "a.h5")
    assert message in reader.read(tmp_path / "a.h5")
    assert len(list(tmp_path.iterdir())) == 1


def edit_nwb(change: Callable[[h5py.File], None]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        ns.save_nwb(sample(60, 3), path)
        with h5py.File(path, "r+") as file:
            change(file)

    return write


def column(name: str, value: object) -> Callable[[Path], None]:
    def change(file: h5py.File) -> None:
        del file[f"units/{name}"]
        file[f"units/{name}"] = value

    return edit_nwb(change)


def resolution(value: float) -> Callable[[Path], None]:
    return edit_nwb(lambda file: file["units/spike_times"].attrs.modify("resolution", value))


HOSTILE_NWB = {
    "falling_index": (column("spike_times_index", np.arange(52)[::-1]), "does not divide"),
    "index_beyond": (column("spike_times_index", np.full(52, 2**40)), "does not divide"),
    "negative_index": (column("spike_times_index", np.full(52, -1)), "does not divide"),
    "short_names": (column("population", ["a"]), "1 rows instead of 52"),
    "many_names": (column("population", [f"p{k}" for k in range(52)]), "read"),
    "long_name": (column("population", ["x" * 70_000] * 52), "is not a name of a population"),
    "control_name": (column("population", ["a\x1bb"] * 52), "is not a name of a population"),
    "doubled_neurons": (column("neuron", np.zeros(52, int)), "read"),
    "neurons_beyond": (column("neuron", np.full(52, 2**40)), "read"),
    "odd_step": (resolution(1e-310), "read"),
    "odd_intervals": (column("obs_intervals", np.full((52, 2), np.nan)), "read"),
    "endless": (column("obs_intervals", np.full((52, 2), 1e300)), "its duration is 1e+303 ms"),
}


@pytest.mark.parametrize(("write", "message"), HOSTILE_NWB.values(), ids=HOSTILE_NWB)
def test_a_hostile_nwb_file_is_refused(tmp_path: Path, reader: Reader, write, message: str):
    write(tmp_path / "a.nwb")
    assert message in reader.read(tmp_path / "a.nwb")


HEADER = "population,neuron,time_ms\n"
HOSTILE_CSV = {
    "one_endless_line": (b"a" * 2**25, "line 1 has more than 1,048,576 characters"),
    "endless_field": (HEADER + '"' + "a\n" * 2**17, "(field larger than field limit (131072))"),
    "no_header": ("a,1,2.0\n", "name the columns"),
    "two_times": ("neuron,time_ms,time_s\n", "are both names of times"),
    "many_digits": (HEADER + "a," + "9" * 4000 + ",1\n", "row 2 has the neuron '999"),
    "digits_in_a_name": (HEADER + "a," + "9" * 100_000 + "x,1\n", "read"),
    "negative_neuron": (HEADER + "a,-1,1\n", "row 2 has the neuron '-1'"),
    "other_digits": (HEADER + "a,3,٣\n", "row 2 has the time"),
    "no_neuron": (HEADER + "a,x,1\na,,1\n", "row 3 has no neuron"),
    "half_a_neuron": (HEADER + "a,0.5,1\n", "row 2 has the neuron '0.5'"),
    "no_number": (HEADER + "a,nan,1\n", "row 2 has the neuron 'nan'"),
    "nan": (HEADER + "a,1,nan\n", "row 2 has the time 'nan'"),
    "infinite": (HEADER + "a,1,1\na,1,1e999\n", "row 3 has the time '1e999'"),
    "negative": (HEADER + "a,1,-0.5\n", "read"),
    "underscored": (HEADER + "a,1,1_0\n", "row 2 has the time '1_0'"),
    "late": (HEADER + "a,1,1e300\n", "spike at 1e+300 ms"),
    "short_row": (HEADER + "a,1\n", "row 2 has 2 fields instead of 3"),
    "null": (HEADER.encode() + b"a\0,1,2\n", "is not a name of a population"),
    "no_text": (b"\xfe\x00\x81", "cannot be read ('utf-8' codec can't decode byte 0xfe"),
    "populations": (HEADER + "".join(f"p{k},0,1\n" for k in range(10_001)), "10,000 populations"),
    "unsorted": (HEADER + "a,1,5\na,1,2\n", "read"),
    "empty": (HEADER, "read"),
}


@pytest.mark.parametrize(("content", "message"), HOSTILE_CSV.values(), ids=HOSTILE_CSV)
def test_a_hostile_csv_file_is_refused(tmp_path: Path, reader: Reader, content, message: str):
    path = tmp_path / "a.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert message in reader.read(path)


def test_a_matlab_file_that_inflates_is_refused(tmp_path: Path, reader: Reader):
    n = 5 * 2**24
    parts = struct.pack("<4I", 6, 8, 6, 0) + struct.pack("<2I2i", 5, 8, 1, n)
    body = parts + struct.pack("<2I", 1, 5) + b"block\0\0\0" + struct.pack("<2I", 9, 8 * n)
    matrix = struct.pack("<2I", 14, len(body) + 8 * n) + body
    deflate = zlib.compressobj(1)
    pieces = [
        deflate.compress(matrix),
        *(deflate.compress(bytes(2**24)) for _ in range(n // 2**21)),
    ]
    packed = b"".join([*pieces, deflate.flush()])
    header = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<HH", 0x0100, 0x4D49)
    (tmp_path / "a.mat").write_bytes(header + struct.pack("<2I", 15, len(packed)) + packed)
    assert reader.read(tmp_path / "a.mat").startswith("refused")


class Runs:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("ran"),))


def test_nothing_in_a_file_is_run_or_written(tmp_path, monkeypatch, reader: Reader):
    monkeypatch.chdir(tmp_path)
    payload = pickle.dumps(Runs())
    for name in ("a.pkl", "a.pickle", "a.mat", "a.dat", "a.txt", "a.h5", "a.nwb"):
        (tmp_path / name).write_bytes(payload)
        assert reader.read(tmp_path / name).startswith("refused")
        (tmp_path / name).unlink()
    assert list(tmp_path.iterdir()) == []


CONFINED = """
import os, pickle
from neurosim.interchange.isolation import limit_resources
limit_resources(0)
tries = {
    "write": lambda: open("out", "w"),
    "append": lambda: os.open("out", os.O_CREAT | os.O_WRONLY),
    "unpickle": lambda: pickle.loads(b"cos\\nsystem\\n(S'touch out'\\ntR."),
    "memory": lambda: bytes(2**30),
}
for name, attempt in tries.items():
    try:
        attempt()
        print(name)
    except (MemoryError, PermissionError, OSError):
        pass
print(open("kept").read())
"""


def test_the_reading_process_writes_no_file_runs_no_pickle_and_takes_little_memory(tmp_path: Path):
    (tmp_path / "kept").write_text("kept")
    run = subprocess.run(
        [sys.executable, "-c", CONFINED],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert run.stdout == "kept\n"
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_reader_that_dies_is_reported_in_one_sentence(tmp_path: Path, monkeypatch):
    (tmp_path / "a.nwb").write_text("")
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(ns.NeurosimError, match=r"a.nwb: the process that reads it ended early"):
        ns.load_spikes(tmp_path / "a.nwb")
