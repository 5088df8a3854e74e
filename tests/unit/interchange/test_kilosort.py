"""Folders of spikes of Kilosort and phy, and times in samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim import NeurosimError

pytestmark = pytest.mark.usefixtures("read_here")

SAMPLES = np.array([[30], [75], [90], [3000], [3030]], np.uint64)
NEURONS = np.array([4, 0, 4, 7, 0], np.int32)
TIMES = {4: [1.0, 3.0], 0: [2.5, 101.0], 7: [100.0]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "spike_times.npy", SAMPLES)
    np.save(tmp_path / "spike_templates.npy", np.zeros(5, np.int32))
    np.save(tmp_path / "spike_clusters.npy", NEURONS)
    (tmp_path / "params.py").write_text("dat_path = 'a.bin'\nsample_rate = 30000.\n")
    return tmp_path


def times(result: ns.Result) -> dict[int, list[float]]:
    trains = result.spikes["units"]
    return {int(one): trains.of(one).round(9).tolist() for one in trains.recorded}


def test_a_folder_is_one_recording(folder):
    for path in (folder, folder / "spike_times.npy", folder / "spike_clusters.npy"):
        assert times(ns.load_spikes(path)) == TIMES
    both = [folder / "spike_times.npy", folder / "spike_clusters.npy"]
    assert times(ns.load_spikes(both)) == TIMES


@pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
@pytest.mark.parametrize(
    ("name", "head"),
    [("cluster_group.tsv", "cluster_id\tgroup"), ("cluster_info.tsv", "id\tgroup")],
)
def test_noise_is_left_out_with_a_warning(folder, name, head, delimiter):
    text = f"{head}\n0\tgood\n4\tnoise\n7\tmua\n9\tnoise\n"
    (folder / name).write_text(text.replace("\t", delimiter))
    with pytest.warns(UserWarning, match=r"labelled as noise are left out: 1 \(4\)"):
        found = ns.load_spikes(folder)
    assert times(found) == {0: TIMES[0], 7: TIMES[7]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cluster_id\tlabel\n4\tnoise\n", "has no columns cluster_id and group: save the labels"),
        ("4\tnoise\n", "has no columns cluster_id and group"),
        ("\0\xff", "has no columns cluster_id and group"),
        ("cluster_id\tgroup\n4\tnoise\n7\n", "has the row '7': save the labels again in phy"),
        ("cluster_id\tgroup\n4\tnoise\tmua\n", "has the row '4 noise mua'"),
        ("cluster_id\tgroup\nfour\tnoise\n", "has the row 'four noise'"),
    ],
)
def test_damaged_labels_are_refused(folder, text, words):
    for name in ("cluster_group.tsv", "cluster_info.tsv"):
        (folder / name).write_text(text)
        with pytest.raises(NeurosimError, match=f"{name} {words}"):
            ns.load_spikes(folder)
        (folder / name).unlink()


def test_an_empty_table_labels_nothing(folder):
    (folder / "cluster_group.tsv").write_text("")
    assert times(ns.load_spikes(folder)) == TIMES


def test_only_noise_is_refused(folder):
    (folder / "cluster_group.tsv").write_text("cluster_id\tgroup\n0\tnoise\n4\tnoise\n7\tnoise\n")
    with pytest.raises(NeurosimError, match="all its neurons are labelled as noise"):
        ns.load_spikes(folder)


def test_neurons_before_editing_are_those_of_the_templates(folder):
    (folder / "spike_clusters.npy").unlink()
    assert list(times(ns.load_spikes(folder))) == [0]


def test_the_sampling_rate_can_be_given(folder):
    (folder / "params.py").unlink()
    with pytest.raises(NeurosimError, match="give it as unit, such as '30 kHz'"):
        ns.load_spikes(folder)
    for unit in ("30 kHz", "30kHz", "30000 Hz", "3e4 hz"):
        assert times(ns.load_spikes(folder, unit=unit)) == TIMES


def test_other_files_have_times_in_samples_too(tmp_path):
    (tmp_path / "a.csv").write_text("neuron,time\n0,30000\n1,45000\n")
    assert times(ns.load_spikes(tmp_path / "a.csv", unit="30 kHz")) == {0: [1000.0], 1: [1500.0]}
    np.savez(tmp_path / "a.npz", times=SAMPLES.ravel(), ids=NEURONS)
    assert times(ns.load_spikes(tmp_path / "a.npz", unit="30 kHz")) == TIMES


@pytest.mark.parametrize("unit", ["30 parsec", "0 kHz", "kHz", "-30 kHz", "nan Hz", 30_000])
def test_unknown_units_are_refused(folder, unit):
    with pytest.raises(NeurosimError, match=r"unknown unit = .*: give ms, s, us, or the sampling"):
        ns.load_spikes(folder, unit=unit)


def test_folders_without_spikes_and_damaged_ones_are_refused(folder):
    whole = (folder / "spike_times.npy").read_bytes()
    (folder / "spike_times.npy").write_bytes(whole[:-8])
    with pytest.raises(NeurosimError, match="damaged"):
        ns.load_spikes(folder)
    np.save(folder / "spike_times.npy", SAMPLES[:3])
    with pytest.raises(NeurosimError, match="3 times and 5 neurons"):
        ns.load_spikes(folder)
    np.save(folder / "spike_times.npy", np.zeros((5, 2)))
    with pytest.raises(NeurosimError, match=r"spike_times.npy is an array of float64 of shape"):
        ns.load_spikes(folder)
    (folder / "spike_times.npy").unlink()
    with pytest.raises(NeurosimError, match=r"not a regular file\): give a file of spikes, or a"):
        ns.load_spikes(folder)
