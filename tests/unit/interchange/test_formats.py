from __future__ import annotations

import csv
import math
import subprocess
import sys
from pathlib import Path

import libsonata
import neo
import numpy as np
import pynwb
import pytest
import quantities as pq
from hypothesis import given
from hypothesis import strategies as st

import neurosim as ns
from neurosim.interchange.imported_spikes import ImportedSpikes, PopulationSpikes
from neurosim.interchange.neo import save_neo
from neurosim.interchange.nwb.read import step_of
from neurosim.interchange.to_result import to_result
from tests.unit.results.test_storage_results import sample

pytestmark = pytest.mark.usefixtures("read_here")

EXC, INH = "L2/3 exc 50%", "."


def ordered(result: ns.Result, name: str) -> tuple[bytes, bytes]:
    trains = result.spikes[name]
    order = np.lexsort((trains.ids, trains.times))
    return trains.times[order].tobytes(), trains.ids[order].tobytes()


def assert_same_spikes(found: ns.Result, expected: ns.Result) -> None:
    for name in expected.spikes:
        assert ordered(found, name) == ordered(expected, name)


def test_neo_has_every_neuron_and_every_trace():
    result = sample()
    block = ns.to_neo(result)
    (segment,) = block.segments
    assert block.annotations["seed"] == result.seed
    assert block.annotations["dt"] == 0.1 * pq.ms
    assert len(segment.spiketrains) == 50 + 2
    train = segment.spiketrains[7]
    assert (train.annotations["population"], train.annotations["index"]) == (EXC, 7)
    assert (train.t_start, train.t_stop) == (0.0 * pq.ms, 1000.0 * pq.ms)
    assert train.magnitude.tobytes() == result.spikes[EXC].of(7).tobytes()
    assert segment.spiketrains[-1].annotations["index"] == 5
    potential, current = segment.analogsignals
    assert potential.units == pq.mV
    assert potential.sampling_period == 0.1 * pq.ms
    assert potential.array_annotations["index"].tolist() == [3, 1, 49, 0]
    assert potential.magnitude.tobytes() == result.traces[EXC, "v"].values.tobytes()
    assert current.units == pq.pA


def test_neo_comes_back(tmp_path: Path):
    result = sample()
    for found in (ns.from_neo(ns.to_neo(result)), ns.from_neo(ns.to_neo(result).segments[0])):
        assert (found.dt, found.duration) == (0.1, 1000.0)
        assert_same_spikes(found, result)
        assert found.spikes[INH].recorded.tolist() == [1, 5]


def test_neo_takes_samples_at_odd_times():
    result = sample()
    trace = ns.Trace(np.array([1.0, 2.5, 3.0]), np.ones((3, 2)), np.array([4, 2]), "mV or pA")
    odd = ns.Result(0.1, 10.0, 1, result.populations, {}, {(EXC, "input_exc"): trace})
    (signal,) = ns.to_neo(odd).segments[0].irregularlysampledsignals
    assert signal.times.magnitude.tolist() == [1.0, 2.5, 3.0]
    assert signal.annotations["unit"] == "mV or pA"


def test_neos_own_reader_gives_the_block_back(tmp_path: Path):
    save_neo(sample(), tmp_path / "neo.mat")
    block = neo.io.NeoMatlabIO(str(tmp_path / "neo.mat")).read_block()
    assert_same_spikes(ns.from_neo(block), sample())
    potential = block.segments[0].analogsignals[0]
    assert potential.magnitude.tobytes() == sample().traces[EXC, "v"].values.tobytes()
    assert_same_spikes(ns.load_spikes(tmp_path / "neo.mat"), sample())


def test_nwb_is_valid_and_pynwb_reads_it(tmp_path: Path):
    path = tmp_path / "result.nwb"
    ns.save_nwb(sample(), path)
    assert pynwb.validate(path=str(path)) == []
    with pynwb.NWBHDF5IO(path, "r") as reader:
        file = reader.read()
        assert file.session_start_time.isoformat() == "2000-01-01T00:00:00+00:00"
        units = file.units.to_dataframe()
        assert units["population"].tolist() == [EXC] * 50 + [INH] * 2
        assert units["neuron"].tolist() == [*range(50), 1, 5]
        assert file.units.resolution == 0.1 / 1e3
        for _, unit in units.iterrows():
            assert unit["obs_intervals"].tolist() == [[0.0, 1.0]]
            own = sample().spikes[unit["population"]].of(unit["neuron"])
            # The step is recovered exactly, and with it the time in ms, bit by bit.
            steps = np.rint(unit["spike_times"] / file.units.resolution)
            assert (steps * 0.1).tobytes() == own.tobytes()
        series = file.acquisition["L2%2F3 exc 50%25_v"]
        assert (series.unit, series.conversion, series.rate) == ("volts", 1e-3, 1e4)
        assert series.data[:].tobytes() == sample().traces[EXC, "v"].values.tobytes()
        assert series.comments == "neurons, one per column: 3 1 49 0"
        current = file.acquisition["L2%2F3 exc 50%25_i_exc"]
        assert (current.unit, current.conversion) == ("amperes", 1e-12)


def test_nwb_comes_back(tmp_path: Path):
    ns.save_nwb(sample(), tmp_path / "result.nwb")
    found = ns.load_spikes(tmp_path / "result.nwb")
    assert (found.dt, found.duration) == (0.1, 1000.0)
    assert_same_spikes(found, sample())
    assert found.spikes[INH].recorded.tolist() == [1, 5]


def test_nwb_of_no_spikes_and_no_neurons(tmp_path: Path):
    ns.save_nwb(sample(n_spikes=0), tmp_path / "silent.nwb")
    assert len(ns.load_spikes(tmp_path / "silent.nwb").spikes[EXC]) == 0
    ns.save_nwb(ns.Result(0.1, 1.0, 1, {}, {}), tmp_path / "empty.nwb")
    assert pynwb.validate(path=str(tmp_path / "empty.nwb")) == []
    with pytest.raises(ns.NeurosimError, match="give an NWB file with a units table"):
        ns.load_spikes(tmp_path / "empty.nwb")


WRITE = """
import sys
import neurosim as ns
from neurosim.interchange.neo import save_neo
from tests.unit.results.test_storage_results import sample
ns.save_nwb(sample(), sys.argv[1] + ".nwb")
save_neo(sample(), sys.argv[1] + ".mat")
"""


def test_equal_results_make_equal_files(tmp_path: Path):
    # In another process, hashes and addresses differ.
    command = [sys.executable, "-c", WRITE, str(tmp_path / "other")]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[3])
    ns.save_nwb(sample(), tmp_path / "own.nwb")
    save_neo(sample(), tmp_path / "own.mat")
    for suffix in (".nwb", ".mat"):
        own, other = (tmp_path / (name + suffix) for name in ("own", "other"))
        assert own.read_bytes() == other.read_bytes()
    assert len(list(tmp_path.iterdir())) == 4


@given(
    st.one_of(
        st.sampled_from([0.1, 0.025, 0.05, 0.2, 0.3, 0.7, 1.0, 0.001, 10.0]),
        st.floats(0.001, 10.0),
    ),
    st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=20),
)
def test_seconds_determine_every_step_exactly(dt: float, steps: list[int]):
    times = np.multiply(np.array(steps), dt, dtype=float)
    step = step_of(np.float64(dt / 1e3))
    ids = np.zeros(len(steps), np.int64)
    found = to_result(
        ImportedSpikes({"a": PopulationSpikes(times / 1e3 * 1e3, ids, ids[:1])}, step)
    )
    wanted = np.sort(np.array(steps))
    assert np.rint(found.spikes["a"].times / dt).tolist() == wanted.tolist()
    # dt is recovered if it has no more digits than people write.
    if float(f"{dt:.9g}") == dt:
        assert step == dt
        assert found.spikes["a"].times.tobytes() == np.sort(times).tobytes()


def test_libsonata_reads_spikes_and_reports(tmp_path: Path):
    result = sample()
    files = ns.save_sonata(result, tmp_path / "sonata")
    assert [file.name for file in files] == ["spikes.h5", "v.h5", "i_exc.h5"]
    spikes = libsonata.SpikeReader(str(files[0]))
    assert spikes.get_population_names() == ["%2E", "L2%2F3 exc 50%25"]
    population = spikes["L2%2F3 exc 50%25"]
    assert (population.sorting, population.time_units) == ("by_time", "ms")
    found = np.array(population.get())
    assert found[:, 1].astype(float).tobytes() == result.spikes[EXC].times.tobytes()
    assert found[:, 0].astype(int).tolist() == result.spikes[EXC].ids.tolist()
    for kind in (libsonata.SomaReportReader, libsonata.ElementReportReader):
        report = kind(str(files[1]))["L2%2F3 exc 50%25"]
        assert (report.data_units, report.time_units, report.sorted) == ("mV", "ms", True)
        data = report.get()
        trace = result.traces[EXC, "v"]
        assert data.data.tobytes() == trace.values[:, [3, 1, 0, 2]].astype(np.float32).tobytes()
        np.testing.assert_allclose(data.times, trace.times, atol=1e-9)
        assert np.ravel(data.ids)[:: np.ndim(data.ids)].tolist() == [0, 1, 3, 49]


def test_sonata_comes_back_bit_by_bit(tmp_path: Path):
    ns.save_sonata(sample(), tmp_path)
    found = ns.load_spikes(tmp_path / "spikes.h5")
    assert_same_spikes(found, sample())
    assert found.dt == 0.1


def test_a_report_cannot_leave_its_folder_nor_replace_the_spikes(tmp_path: Path):
    trace = ns.Trace(np.arange(3.0), np.ones((3, 1)), np.array([0]), "mV")
    names = ("../../out", "spikes", "..")
    result = ns.Result(0.1, 10.0, 1, {}, {}, {("../x", name): trace for name in names})
    ns.save_sonata(result, tmp_path / "a" / "b")
    written = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert written == {f"a/b/{n}.h5" for n in ("spikes", "..%2F..%2Fout", "%73pikes", "..")}


def test_a_report_needs_regular_samples(tmp_path: Path):
    trace = ns.Trace(np.array([0.0, 1.0, 3.0]), np.ones((3, 1)), np.array([0]), "mV")
    result = ns.Result(0.1, 10.0, 1, {}, {}, {("a", "v"): trace})
    with pytest.raises(ns.NeurosimError, match="not sampled regularly"):
        ns.save_sonata(result, tmp_path / "sonata")
    assert list(tmp_path.iterdir()) == []


def test_csv_has_a_header_and_every_digit(tmp_path: Path):
    ns.save_csv(sample(), tmp_path / "spikes.csv")
    with (tmp_path / "spikes.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["population", "neuron", "time_ms"]
    assert {row[0] for row in rows} == {EXC}
    assert [float(row[2]) for row in rows] == sample().spikes[EXC].times.tolist()
    found = ns.load_spikes(tmp_path / "spikes.csv", duration=1000.0)
    assert ordered(found, EXC) == ordered(sample(), EXC)
    assert found.duration == 1000.0


def test_what_is_loaded_drives_and_is_saved(tmp_path: Path):
    ns.save_nwb(sample(), tmp_path / "result.nwb")
    found = ns.load_spikes(tmp_path / "result.nwb")
    net = ns.Network()
    cells = net.add("cell", 50, ns.LIF())
    net.drive(cells, ns.SpikeTimes(found.spikes[EXC].by_neuron()), psp=16.0, delay=0.1)
    driven = ns.simulate(net, duration=found.duration)
    assert len(driven.spikes["cell"]) > 1000
    ns.save(found, tmp_path / "result.h5")
    assert_same_spikes(ns.load(tmp_path / "result.h5"), sample())
    assert math.isnan(found.populations[EXC].v_rest)


def test_by_neuron_has_silent_ones():
    trains = ns.SpikeTrains(np.array([1.0, 2.0, 3.0]), np.array([7, 2, 7]), np.array([2, 3, 7, 9]))
    assert [list(train) for train in trains.by_neuron()] == [[2.0], [], [1.0, 3.0], []]
    none = ns.SpikeTrains(np.empty(0), np.empty(0, int), np.empty(0, int))
    assert none.by_neuron() == []


@pytest.mark.parametrize("save", [ns.save_nwb, ns.save_csv, save_neo, ns.save_sonata])
def test_a_path_that_cannot_be_written_is_reported(tmp_path: Path, save):
    (tmp_path / "file").write_text("")
    with pytest.raises(ns.NeurosimError, match="cannot be written"):
        save(sample(9, 9), tmp_path / "file" / "out.mat")
    assert (tmp_path / "file").read_text() == ""


@pytest.mark.parametrize(("library", "call"), [("neo", ns.to_neo), ("pynwb", ns.save_nwb)])
def test_a_missing_library_is_named_with_what_installs_it(tmp_path, monkeypatch, library, call):
    monkeypatch.setitem(sys.modules, library, None)
    message = f"needs {library}, which is not installed: python -m pip install {library}"
    with pytest.raises(ns.NeurosimError, match=message):
        call(sample(), *([tmp_path / "out.nwb"] if library == "pynwb" else []))


def test_invalid_arguments_of_save_nwb_are_refused(tmp_path: Path):
    with pytest.raises(ns.NeurosimError, match="not a datetime with a time zone"):
        ns.save_nwb(sample(), tmp_path / "a.nwb", start="today")
    with pytest.raises(ns.NeurosimError, match="is empty: describe"):
        ns.save_nwb(sample(), tmp_path / "a.nwb", description=" ")
