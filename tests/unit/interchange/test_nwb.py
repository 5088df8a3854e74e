"""NWB files as other people write them, against pynwb."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pynwb
import pytest
from numpy.testing import assert_allclose

import neurosim as ns
from neurosim.analysis import cv_isi, mean_rate, rates
from neurosim.cli import main

pytestmark = pytest.mark.usefixtures("read_here")


def nwb_of(
    path: Path, units: Sequence[dict[str, object]], columns: Sequence[str] = (), **table: object
) -> Path:
    file = pynwb.NWBFile("a session", "identifier", datetime(2024, 5, 1, 12, tzinfo=UTC))
    if table:
        file.units = pynwb.misc.Units(name="units", **table)
    for name in columns:
        file.add_unit_column(name, name)
    for unit in units:
        file.add_unit(**unit)
    with pynwb.NWBHDF5IO(path, "w") as writer:
        writer.write(file)
    return path


def assert_as_pynwb(path: Path, found: ns.Result) -> None:
    """Compare the spikes of one population with pynwb's, row by row and bit by bit."""
    trains = found.spikes["units"]
    with pynwb.NWBHDF5IO(path, "r") as reader:
        units = reader.read().units
        expected = [np.sort(units.get_unit_spike_times(k)) * 1e3 for k in range(len(units))]
    assert len(trains.recorded) == len(expected)
    for own, times in zip(trains.by_neuron(), expected, strict=True):
        assert own.tobytes() == times.tobytes()


def warnings_of(path: Path) -> tuple[ns.Result, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = ns.load_spikes(path)
    assert {warning.filename for warning in caught} <= {__file__}
    return found, [str(warning.message) for warning in caught]


def test_rates_use_the_time_in_which_a_unit_was_observed(tmp_path: Path):
    random = np.random.default_rng(1)
    late = np.sort(random.uniform(100.0, 200.0, 1000))
    gaps = np.sort(np.concatenate([random.uniform(0, 10, 50), random.uniform(30, 50, 100)]))
    path = nwb_of(
        tmp_path / "a.nwb",
        [
            {"spike_times": late, "obs_intervals": [[100.0, 200.0]]},
            # Unsorted, overlapping and touching intervals cover 30 s.
            {"spike_times": gaps, "obs_intervals": [[30.0, 45.0], [0.0, 10.0], [40.0, 50.0]]},
            {"spike_times": [], "obs_intervals": [[0.0, 200.0]]},
        ],
    )
    found, messages = warnings_of(path)
    assert messages == []
    assert_as_pynwb(path, found)
    trains = found.spikes["units"]
    assert found.duration == 200e3
    assert_allclose(rates(trains, 0.0, found.duration), [10.0, 5.0, 0.0], rtol=1e-12)
    assert mean_rate(found, "units") == pytest.approx(5.0, rel=1e-12)
    # A span of one's own is cut to the observed time, too.
    within = np.count_nonzero((gaps > 20) & (gaps <= 40)) / 10.0
    assert rates(trains, 20e3, 40e3)[1] == pytest.approx(within, rel=1e-12)
    assert np.isnan(rates(trains, 20e3, 40e3)[0])
    assert trains.observed is not None
    assert trains.observed[1].tolist() == [[0.0, 10e3], [30e3, 45e3], [40e3, 50e3]]


def test_import_prints_the_rate_over_the_observed_time(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    units = [{"spike_times": np.linspace(100.1, 200.0, 1000), "obs_intervals": [[100.0, 200.0]]}]
    nwb_of(tmp_path / "a.nwb", units)
    assert main(["import", "a.nwb", "--no-plot", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["duration_ms"] == 200e3
    about = summary["populations"]["units"]
    assert (about["rate_hz"], about["observed_ms"]) == (10.0, 100e3)
    assert main(["import", "a.nwb", "--no-plot"]) == 0
    assert "observed (ms)" in capsys.readouterr().err
    # The folder holds a result that keeps the intervals.
    assert mean_rate(ns.load("neurosim-out/a/result.h5"), "units") == 10.0


def test_an_interval_across_a_gap_is_not_an_interspike_interval(tmp_path: Path):
    clock = np.arange(0.5, 10.0)
    path = nwb_of(
        tmp_path / "a.nwb",
        [
            {
                "spike_times": np.concatenate([clock, clock + 70.25]),
                "obs_intervals": [[0.0, 10.0], [70.0, 81.0]],
            }
        ],
    )
    assert_allclose(cv_isi(ns.load_spikes(path).spikes["units"]), [0.0], atol=1e-9)


def test_spikes_outside_the_observed_intervals_are_left_out_of_rates(tmp_path: Path):
    units = [
        {"spike_times": [0.5, 1.5, 2.0, 9.0], "obs_intervals": [[1.0, 2.0]]},
        {"spike_times": [1.0], "obs_intervals": [[1.0, 2.0]]},
    ]
    found, messages = warnings_of(nwb_of(tmp_path / "a.nwb", units))
    assert messages == [
        "2 of 5 spikes of units lie outside the intervals in which their neuron was observed (1 of "
        "2 neurons): rates leave them out"
    ]
    # Both ends belong to an interval.
    assert rates(found.spikes["units"], 0.0, found.duration).tolist() == [2.0, 1.0]


def test_moving_spikes_to_a_grid_keeps_them_in_their_interval(tmp_path: Path):
    units = [{"spike_times": [1.00004, 1.99996], "obs_intervals": [[1.00004, 1.99996]]}]
    path = nwb_of(tmp_path / "a.nwb", units)
    with pytest.warns(UserWarning, match="2 of 2 spikes are moved") as caught:
        found = ns.load_spikes(path, dt=0.1)
    assert len(caught) == 1
    assert rates(found.spikes["units"], 0.0, found.duration).tolist() == [2.0]


def test_a_unit_without_intervals_was_observed_when_any_other_was(tmp_path: Path):
    units = [
        {"spike_times": [1.5], "obs_intervals": [[1.0, 2.0]]},
        {"spike_times": [1.5, 3.5], "obs_intervals": np.empty((0, 2))},
        {"spike_times": [3.5], "obs_intervals": [[3.0, 4.0]]},
    ]
    found, messages = warnings_of(nwb_of(tmp_path / "a.nwb", units))
    assert messages == []
    assert rates(found.spikes["units"], 0.0, found.duration).tolist() == [1.0, 1.0, 1.0]


def test_intervals_that_end_before_they_start_are_ignored_with_a_warning(tmp_path: Path):
    units = [{"spike_times": [1.5], "obs_intervals": [[2.0, 1.0]]}]
    found, messages = warnings_of(nwb_of(tmp_path / "a.nwb", units))
    assert messages == [
        "the observed intervals of 1 of 1 units do not end after they start: they are ignored"
    ]
    assert found.spikes["units"].observed is None


@pytest.mark.parametrize(
    ("column", "values", "names"),
    [
        ("neuron", ["a1", "b\n2", ""], ("a1", "b?2", "12")),
        ("neuron", [0.5, 3.0, 7.25], ("0.5", "3", "7.25")),
        ("neuron", [4, 4, 9], ("4", "4", "9")),
        ("neuron", [-1, 5, 6], ("-1", "5", "6")),
        ("unit_name", ["x", "y", "z"], ("x", "y", "z")),
        ("quality", ["good", "mua", "good"], None),
    ],
)
def test_a_column_that_does_not_number_the_units_names_them(tmp_path, column, values, names):
    units = [
        {"spike_times": [0.1 * k + 0.1], column: value, "id": 10 + k}
        for k, value in enumerate(values)
    ]
    path = nwb_of(tmp_path / "a.nwb", units, [column])
    found = ns.load_spikes(path)
    assert_as_pynwb(path, found)
    assert found.spikes["units"].recorded.tolist() == [10, 11, 12]
    assert found.spikes["units"].names == names


def test_whole_numbers_in_neuron_number_the_units_and_names_stand_beside(tmp_path: Path):
    units = [
        {"spike_times": [0.1], "neuron": 8, "unit_name": "late"},
        {"spike_times": [0.2], "neuron": 3, "unit_name": "early"},
    ]
    found = ns.load_spikes(nwb_of(tmp_path / "a.nwb", units, ["neuron", "unit_name"]))
    assert found.spikes["units"].recorded.tolist() == [3, 8]
    assert found.spikes["units"].names == ("early", "late")


def test_populations_may_be_numbers(tmp_path: Path):
    units = [{"spike_times": [0.1 * (k + 1)], "population": k % 2} for k in range(4)]
    found = ns.load_spikes(nwb_of(tmp_path / "a.nwb", units, ["population"]))
    assert {name: t.recorded.tolist() for name, t in found.spikes.items()} == {
        "0": [0, 2],
        "1": [1, 3],
    }


def three_units(path: Path) -> Path:
    trains = [[0.25, 0.5], [], [0.125]]
    return nwb_of(path, [{"spike_times": t, "obs_intervals": [[0.0, 5.0]]} for t in trains])


def test_soft_links_within_the_file_are_followed(tmp_path: Path):
    path = three_units(tmp_path / "a.nwb")
    with h5py.File(path, "r+") as file:
        file.move("units/spike_times", "scratch/times")
        file["units/spike_times"] = h5py.SoftLink("/scratch/./again")
        file["scratch/again"] = h5py.SoftLink("times")
        file.move("units/spike_times_index", "units/moved")
        file["units/spike_times_index"] = h5py.SoftLink("moved")
        file.move("units", "processing/ecephys")
        file["units"] = h5py.SoftLink("/processing/ecephys")
    found = ns.load_spikes(path)
    assert found.spikes["units"].times.tolist() == [125.0, 250.0, 500.0]


def test_a_link_to_another_file_is_not_called_damage(tmp_path: Path):
    path = three_units(tmp_path / "a.nwb")
    with h5py.File(path, "r+") as file:
        file.move("units/spike_times", "units/moved")
        file["units/spike_times"] = h5py.ExternalLink("other.nwb", "/units/spike_times")
    with pytest.raises(ns.NeurosimError, match="a link to another file") as refused:
        ns.load_spikes(path)
    assert "damaged" not in str(refused.value)


def test_a_chain_of_links_without_end_is_refused(tmp_path: Path):
    path = three_units(tmp_path / "a.nwb")
    with h5py.File(path, "r+") as file:
        del file["units/spike_times"]
        file["units/spike_times"] = h5py.SoftLink("/units/spike_times")
    with pytest.raises(ns.NeurosimError, match="is a link, and at most 16 links in a row"):
        ns.load_spikes(path)


def with_regions(path: Path, regions: Sequence[slice | list[int] | None], of: str) -> Path:
    """Replace the index of the spike times by region references, as NWB 2.0 beta had it."""
    with h5py.File(three_units(path), "r+") as file:
        del file["units/spike_times_index"]
        index = file["units"].create_dataset("spike_times_index", (3,), h5py.regionref_dtype)
        for row, region in enumerate(regions):
            if region is not None:
                index[row] = file[of].regionref[region]
    return path


def test_region_references_are_an_index(tmp_path: Path):
    regions = [slice(0, 2), None, slice(2, 3)]
    found = ns.load_spikes(with_regions(tmp_path / "a.nwb", regions, "units/spike_times"))
    trains = found.spikes["units"].by_neuron()
    assert [times.tolist() for times in trains] == [[250.0, 500.0], [], [125.0]]


@pytest.mark.parametrize(
    ("regions", "of", "message"),
    [
        ([slice(0, 2), None, slice(2, 3)], "units/obs_intervals", "row 0 .* another dataset"),
        ([slice(0, 3), None, slice(2, 3)], "units/spike_times", "values more than once"),
        ([[0, 2], None, slice(1, 2)], "units/spike_times", "row 0 .* rows with gaps"),
    ],
)
def test_region_references_that_are_no_index_are_refused(tmp_path, regions, of, message):
    with pytest.raises(ns.NeurosimError, match=message):
        ns.load_spikes(with_regions(tmp_path / "a.nwb", regions, of))


@pytest.mark.parametrize("dtype", ["f4", "i4"])
def test_spike_times_of_other_types_are_read(tmp_path: Path, dtype: str):
    path = three_units(tmp_path / "a.nwb")
    with h5py.File(path, "r+") as file:
        times = np.array([1.25, 2.0, 3.7]).astype(dtype)
        del file["units/spike_times"]
        file["units/spike_times"] = times
    trains = ns.load_spikes(path).spikes["units"].by_neuron()
    expected = [[float(times[0]) * 1e3, float(times[1]) * 1e3], [], [float(times[2]) * 1e3]]
    assert [own.tolist() for own in trains] == expected


def test_units_without_spikes_are_recorded(tmp_path: Path):
    path = nwb_of(tmp_path / "a.nwb", [{"spike_times": []}, {"spike_times": []}])
    found = ns.load_spikes(path)
    assert found.spikes["units"].recorded.tolist() == [0, 1]
    assert rates(found.spikes["units"], 0.0, found.duration).tolist() == [0.0, 0.0]
    path = nwb_of(tmp_path / "b.nwb", [{"id": 4}])
    with pytest.raises(ns.NeurosimError, match="no sorted spikes"):
        ns.load_spikes(path)


def test_times_that_start_again_are_warned_of(tmp_path: Path):
    units = [
        {"spike_times": [0.1, 0.2]},
        {"spike_times": [0.5, 9.0, 0.25, 3.0]},
        {"spike_times": [1.0, 1.0]},
    ]
    found, messages = warnings_of(nwb_of(tmp_path / "a.nwb", units))
    assert messages == [
        "the spike times of 1 of 3 neurons go back (neuron 1: 250 ms follows 9000 ms): they are "
        "sorted, but if the clock was reset during the recording, parts of it now overlap"
    ]
    assert found.spikes["units"].of(1).tolist() == [250.0, 500.0, 3000.0, 9000.0]


def test_times_in_ms_are_suspected(tmp_path: Path):
    in_ms = np.linspace(100.0, 600e3, 3000)
    _, messages = warnings_of(nwb_of(tmp_path / "a.nwb", [{"spike_times": in_ms}]))
    assert len(messages) == 1
    assert messages[0].startswith(
        "the last spike is 166.7 hours after the start: NWB has times in s"
    )
    sparse = np.linspace(0.0, 9e4, 500)
    assert warnings_of(nwb_of(tmp_path / "b.nwb", [{"spike_times": sparse}]))[1] == []


def nwb_1(file: h5py.File) -> None:
    file["nwb_version"] = "NWB-1.0.6"
    file["processing/units/UnitTimes/1/times"] = [0.1, 0.2]


def before_nwb_1(file: h5py.File) -> None:
    file["processing/trial_0/spike_train/0/data"] = [0.1, 0.2]


def nwb_1_attribute(file: h5py.File) -> None:
    file.attrs["nwb_version"] = "1.0.3"


@pytest.mark.parametrize("write", [nwb_1, before_nwb_1, nwb_1_attribute])
@pytest.mark.parametrize("format", [None, "nwb"])
def test_nwb_1_is_refused_by_name(tmp_path: Path, write, format):
    with h5py.File(tmp_path / "a.nwb", "w") as file:
        write(file)
    with pytest.raises(ns.NeurosimError, match="NWB 1 is not supported: convert") as refused:
        ns.load_spikes(tmp_path / "a.nwb", format=format)
    assert "damaged" not in str(refused.value)


def test_a_file_that_is_not_hdf5_is_told(tmp_path: Path):
    (tmp_path / "a.nwb").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(ns.NeurosimError, match="not an HDF5 file, and NWB files are"):
        ns.load_spikes(tmp_path / "a.nwb")


def test_a_filter_that_is_not_installed_is_named(tmp_path: Path):
    path = three_units(tmp_path / "a.nwb")
    with h5py.File(path, "r+") as file:
        del file["units/spike_times"]
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        creation.set_chunk((3,))
        # HDF5 keeps the numbers 256 to 511 for tests: no library registers them.
        creation.set_filter(300, h5py.h5z.FLAG_OPTIONAL, (3,))
        space = h5py.h5s.create_simple((3,))
        args = (h5py.h5t.IEEE_F64LE, space, creation)
        h5py.h5d.create(file["units"].id, b"spike_times", *args)
    with pytest.raises(ns.NeurosimError, match=r"HDF5 filter 300 .*h5repack") as refused:
        ns.load_spikes(path)
    assert "damaged" not in str(refused.value)


def test_names_and_observed_intervals_survive_saving_and_exporting(tmp_path: Path):
    units = [
        {"spike_times": [0.5], "neuron": "é", "obs_intervals": [[0.25, 1.0], [2.0, 3.0]]},
        {"spike_times": [2.5], "neuron": "b", "obs_intervals": [[2.0, 4.0]]},
    ]
    imported = ns.load_spikes(nwb_of(tmp_path / "a.nwb", units, ["neuron"]))
    ns.save(imported, tmp_path / "result.h5")
    ns.save_nwb(ns.load(tmp_path / "result.h5"), tmp_path / "b.nwb")
    assert pynwb.validate(path=str(tmp_path / "b.nwb")) == []
    with pynwb.NWBHDF5IO(tmp_path / "b.nwb", "r") as reader:
        table = reader.read().units.to_dataframe()
    assert table["unit_name"].tolist() == ["é", "b"]
    assert table["neuron"].tolist() == [0, 1]
    assert table["obs_intervals"][0].tolist() == [[0.25, 1.0], [2.0, 3.0]]
    for found in (ns.load(tmp_path / "result.h5"), ns.load_spikes(tmp_path / "b.nwb")):
        trains = found.spikes["units"]
        assert trains.names == ("é", "b")
        assert trains.observed is not None
        assert [own.tolist() for own in trains.observed] == [
            [[250.0, 1000.0], [2000.0, 3000.0]],
            [[2000.0, 4000.0]],
        ]
        assert found.duration == 4000.0


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("spike_times", np.zeros((3, 3)), "not a 1-dimensional array of numbers"),
        ("spike_times", "words", "not a 1-dimensional array of numbers"),
        ("spike_times_index", [3, 2, 1], "does not divide the 3 values"),
        ("id", [1, 2], "2 rows instead of 3"),
    ],
)
def test_a_table_that_does_not_follow_nwb_is_not_called_damaged(tmp_path, name, value, message):
    path = three_units(tmp_path / "a.nwb")
    with h5py.File(path, "r+") as file:
        del file[f"units/{name}"]
        file[f"units/{name}"] = value
    with pytest.raises(ns.NeurosimError, match=f"does not follow its format .*{message}"):
        ns.load_spikes(path)


def test_a_file_cut_short_is_called_incomplete(tmp_path: Path):
    path = three_units(tmp_path / "a.nwb")
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(ns.NeurosimError, match="check that the file is complete"):
        ns.load_spikes(path)


def test_a_recording_that_begins_before_0_is_counted_from_earlier(tmp_path: Path):
    units = [
        {"spike_times": [-5.0, 2.0], "obs_intervals": [[-10.0, 10.0]]},
        {"spike_times": [3.0], "obs_intervals": [[0.0, 10.0]]},
    ]
    path = nwb_of(tmp_path / "a.nwb", units)
    with pytest.warns(UserWarning, match="begins at -10000 ms: times are counted from -10100 ms"):
        found = ns.load_spikes(path)
    trains = found.spikes["units"]
    assert trains.times.tolist() == [5100.0, 12100.0, 13100.0]
    assert found.duration == 20100.0
    assert rates(trains, 0.0, found.duration).tolist() == [0.1, 0.1]


def test_files_read_together_keep_their_intervals(tmp_path: Path):
    first = nwb_of(tmp_path / "a.nwb", [{"spike_times": [1.5], "obs_intervals": [[1.0, 2.0]]}])
    second = nwb_of(
        tmp_path / "b.nwb",
        [
            {"spike_times": [5.5, 5.75], "obs_intervals": [[5.0, 6.0]]},
            {"spike_times": [0.5], "obs_intervals": [[0.0, 1.0]]},
        ],
    )
    found = ns.load_spikes([second, first])
    trains = found.spikes["units"]
    assert trains.observed is not None
    assert [own.tolist() for own in trains.observed] == [
        [[1000.0, 2000.0], [5000.0, 6000.0]],
        [[0.0, 1000.0]],
    ]
    assert rates(trains, 0.0, found.duration).tolist() == [1.5, 1.0]
