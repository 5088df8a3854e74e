from __future__ import annotations

import os
import warnings
from datetime import UTC, datetime
from pathlib import Path

import h5py
import neo
import numpy as np
import pynwb
import pytest
import quantities as pq

import neurosim as ns
from neurosim.interchange.imported_spikes import ImportedSpikes, PopulationSpikes, merge

pytestmark = pytest.mark.usefixtures("read_here")


def nwb_of(path: Path, trains: list[list[float]], **units: object) -> Path:
    """A file such as an electrophysiologist has: times in s, no grid, no populations."""
    start = datetime(2024, 5, 1, 12, tzinfo=UTC)
    file = pynwb.NWBFile("a session", "identifier", start)
    for train in trains:
        file.add_unit(spike_times=train, **units)
    with pynwb.NWBHDF5IO(path, "w") as writer:
        writer.write(file)
    return path


def sonata_of(path: Path, unit: str | None = None, **datasets: object) -> Path:
    with h5py.File(path, "w") as file:
        group = file.create_group("spikes/cells")
        for name, values in datasets.items():
            group[name] = values
        if unit:
            group["timestamps"].attrs["units"] = unit
    return path


def csv_of(path: Path, text: str | bytes) -> Path:
    path = path / "spikes.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_recorded_nwb_file_is_read_in_ms(tmp_path: Path):
    trains = [[0.0101234567, 0.5], [], [0.25]]
    found = ns.load_spikes(nwb_of(tmp_path / "session.nwb", trains))
    assert found.spikes["units"].times.tolist() == [0.0101234567 * 1e3, 250.0, 500.0]
    assert found.spikes["units"].ids.tolist() == [0, 2, 0]
    assert found.spikes["units"].recorded.tolist() == [0, 1, 2]
    assert found.populations["units"].size == 3
    assert found.duration == pytest.approx(500.0)


def test_observed_intervals_determine_the_duration(tmp_path: Path):
    path = nwb_of(tmp_path / "session.nwb", [[0.5]], obs_intervals=[[0.0, 1.0], [1.5, 2.5]])
    assert ns.load_spikes(path).duration == 2500.0


@pytest.mark.parametrize(("unit", "factor"), [(None, 1.0), ("ms", 1.0), ("s", 1e3)])
def test_sonata_honours_its_unit(tmp_path: Path, unit, factor):
    path = sonata_of(tmp_path / "a.h5", unit, timestamps=[2.0, 1.0], node_ids=[3, 5])
    found = ns.load_spikes(path).spikes["cells"]
    assert found.times.tolist() == [1.0 * factor, 2.0 * factor]
    assert found.ids.tolist() == [5, 3]


def test_csv_columns_come_in_any_order_and_in_seconds(tmp_path: Path):
    path = csv_of(tmp_path, "\ufefftime_s, neuron,depth\r\n0.25,3,x\r\n\r\n0.125,1,y\r\n")
    found = ns.load_spikes(path)
    assert found.spikes["units"].times.tolist() == [125.0, 250.0]
    assert found.spikes["units"].ids.tolist() == [1, 3]
    assert (found.dt, found.duration) == (1.0, 250.0)
    by_format = path.rename(tmp_path / "spikes.txt")
    assert len(ns.load_spikes(by_format, format="csv").spikes["units"]) == 2


@pytest.mark.parametrize(
    ("times", "dt"),
    [("1 5 3", 1.0), ("0.1 7 3.3", 0.1), ("0.125 2", 1e-3), ("0.123456789", 1e-6)],
)
def test_without_a_step_the_coarsest_usual_one_that_fits_is_named(tmp_path, times, dt):
    path = csv_of(tmp_path, "neuron,time_ms\n" + "".join(f"0,{t}\n" for t in times.split()))
    found = ns.load_spikes(path)
    assert found.dt == dt
    assert found.spikes["units"].times.tolist() == sorted(map(float, times.split()))


def test_moving_to_a_grid_warns_how_far(tmp_path: Path):
    path = csv_of(tmp_path, "neuron,time_ms\n0,1.04\n0,0.96\n1,0.3\n1,2\n")
    message = r"2 of 4 spikes are moved to steps of 0.1 ms, by up to 0.04 ms; 1 of them now share"
    with pytest.warns(UserWarning, match=message) as warned:
        found = ns.load_spikes(path, dt=0.1)
    assert warned[0].filename == __file__
    assert found.spikes["units"].times.tolist() == [3 * 0.1, 1.0, 1.0, 2.0]
    assert (found.dt, found.duration) == (0.1, 2.0)


def test_times_on_the_grid_are_only_rounded_without_a_warning(tmp_path: Path):
    path = csv_of(tmp_path, "neuron,time_s\n0,0.0003\n0,0.0007\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = ns.load_spikes(path, dt=0.1)
    assert found.spikes["units"].times.tolist() == [3 * 0.1, 7 * 0.1]


def test_a_spike_moved_beyond_the_end_moves_the_end(tmp_path: Path):
    path = nwb_of(tmp_path / "session.nwb", [[0.09996]], obs_intervals=[[0.0, 0.09997]])
    with pytest.warns(UserWarning, match="1 of 1 spikes are moved"):
        found = ns.load_spikes(path, dt=0.1)
    assert (found.spikes["units"].times.tolist(), found.duration) == ([100.0], 100.0)


def test_a_duration_too_short_and_a_step_out_of_range_are_refused(tmp_path: Path):
    path = csv_of(tmp_path, "neuron,time_ms\n0,100\n")
    with pytest.raises(ns.NeurosimError, match=r"ends before the last spike at 100 ms"):
        ns.load_spikes(path, duration=50.0)
    with pytest.raises(ns.NeurosimError, match=r"dt = 20 ms is outside 0.001 to 10 ms"):
        ns.load_spikes(path, dt=20.0)


def neo_trains(**changes: object) -> list[neo.SpikeTrain]:
    span = {"t_start": 0.5 * pq.s, "t_stop": 1.5 * pq.s} | changes
    return [neo.SpikeTrain(times * pq.s, **span) for times in (np.array([0.6, 1.0]), np.empty(0))]


def test_neo_trains_are_counted_from_their_start():
    found = ns.from_neo(neo_trains())
    np.testing.assert_allclose(found.spikes["units"].times, [100.0, 500.0], rtol=1e-15)
    assert found.spikes["units"].recorded.tolist() == [0, 1]
    assert found.duration == 1000.0
    (one, _) = neo_trains()
    assert len(ns.from_neo(one).spikes["units"]) == 2


def test_neos_sampling_rate_is_the_step():
    rated = neo_trains(sampling_rate=20.0 * pq.kHz)
    assert ns.from_neo(rated).dt == 0.05
    with pytest.warns(UserWarning, match="moved to steps of 7 ms") as warned:
        ns.from_neo(rated, dt=7.0)
    assert warned[0].filename == __file__


def test_objects_without_spike_trains_are_refused():
    block = neo.Block()
    block.segments += [neo.Segment(), neo.Segment()]
    for none in (block, neo.Segment(), [], 7, "trains", [1, 2]):
        with pytest.raises(ns.NeurosimError, match="holds no spike trains"):
            ns.from_neo(none)


def test_any_file_that_neo_reads_is_read(tmp_path: Path):
    path = tmp_path / "spikes.txt"
    path.write_text("0.6\t1.0\n")
    for name in (None, "AsciiSpikeTrainIO"):
        found = ns.load_spikes(path, format=name)
        np.testing.assert_allclose(found.spikes["units"].times, [600.0, 1000.0], rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.pkl", b"cos\nsystem\n(S'touch ran'\ntR.", "pickled, and reading it would execute code"),
        ("a.mat", b"cos\nsystem\n(S'touch ran'\ntR.", "Neo could not read spikes"),
        ("a.npz", b"what", "it is not a NumPy file"),
        ("a", b"what", "there is no reader for a file without a suffix"),
        ("a.nwb", b"what", "it is not an HDF5 file, and NWB files are"),
        ("a.csv", b"", "name the columns neuron and time_ms"),
    ],
)
def test_unreadable_files_are_refused_with_a_fix(tmp_path, monkeypatch, name, content, message):
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(content)
    with pytest.raises(ns.NeurosimError, match=message) as refused:
        ns.load_spikes(name)
    assert str(refused.value).startswith(f"{name}: ")
    assert os.listdir() == [name]


@pytest.mark.parametrize("format", ["PickleIO", "NeuralynxIO", "NWBIO", "hdf", "../x"])
def test_an_unknown_format_is_refused(tmp_path: Path, format: str):
    path = csv_of(tmp_path, "x")
    with pytest.raises(ns.NeurosimError, match=rf"unknown format = '{format}': give csv, npz, nwb"):
        ns.load_spikes(path, format=format)


def test_other_paths_than_files_are_refused(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.csv")
    for path, message in (
        (tmp_path, "not a regular file"),
        (tmp_path / "pipe.csv", "not a regular file"),
        (tmp_path / "none.nwb", "No such file"),
        ("a\0b", "null character"),
    ):
        with pytest.raises(ns.NeurosimError, match=rf"cannot be read \(.*{message}"):
            ns.load_spikes(path)


def test_results_of_neurosim_are_refused_with_the_function_to_use(tmp_path: Path):
    ns.save(ns.Result(0.1, 1.0, 1, {}, {}), tmp_path / "result.h5")
    with pytest.raises(ns.NeurosimError, match=r"open it with neurosim\.load"):
        ns.load_spikes(tmp_path / "result.h5")


def test_neurons_that_no_list_contains_are_merged_by_number():
    names = [("x", "y"), ("y", "x")]
    times, ids, listed = np.array([1.0, 2.0]), np.array([0, 7]), np.arange(2)
    parts = [PopulationSpikes(times, ids, listed, own) for own in names]
    found = merge([ImportedSpikes({"v1": part}) for part in parts]).populations["v1"]
    assert found.names == ["x", "y", "7"]
    assert found.ids.tolist() == [0, 2, 1, 2]
