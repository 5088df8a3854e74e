"""Neo objects and files that Neo reads, as other people make them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import neo
import numpy as np
import pytest
import quantities as pq
from numpy.testing import assert_allclose

import neurosim as ns
from neurosim.analysis import rates
from neurosim.interchange.neo import neo_times, save_neo

pytestmark = pytest.mark.usefixtures("read_here")


def train(times: Sequence[float], start: float = 0.0, stop: float = 1.0, **of: object) -> object:
    """A spike train in seconds."""
    return neo.SpikeTrain(times * pq.s, t_start=start * pq.s, t_stop=stop * pq.s, **of)


def block_of(*segments: Sequence[object]) -> neo.Block:
    block = neo.Block()
    for trains in segments:
        segment = neo.Segment()
        segment.spiketrains.extend(trains)
        block.segments.append(segment)
    return block


def quietly(spikes: object) -> ns.Result:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return ns.from_neo(spikes)


def test_spans_that_differ_by_rounding_are_one():
    inexact = [tenths for tenths in range(1, 1000) if tenths / 10 * 1e3 != tenths * 100.0]
    assert len(inexact) == 10
    for tenths in inexact:
        stop = tenths / 10
        mixed = [
            neo.SpikeTrain([0.05] * pq.s, t_stop=stop * pq.s),
            neo.SpikeTrain([50.0] * pq.ms, t_stop=tenths * 100.0 * pq.ms),
        ]
        found = quietly(mixed)
        assert found.spikes["units"].observed is None
        assert found.duration == tenths * 100.0
        assert neo_times(mixed)[1] == pytest.approx(tenths * 100.0, rel=1e-15)


def test_a_spike_at_a_stop_that_rounding_moved_is_inside():
    stop = float((16.1 * pq.s).rescale("ms"))
    assert stop > 16100.0
    trains = [
        neo.SpikeTrain([stop] * pq.ms, t_stop=stop * pq.ms),
        neo.SpikeTrain([1.0] * pq.ms, t_stop=16100.0 * pq.ms),
        neo.SpikeTrain([1.0] * pq.ms, t_stop=9000.0 * pq.ms),
    ]
    trains_found = quietly(trains).spikes["units"]
    assert_allclose(rates(trains_found, 0.0, 17e3), [1e3 / 16100, 1e3 / 16100, 1 / 9], rtol=1e-9)


def test_trains_that_stop_at_different_times_are_observed_until_then():
    found = quietly([train([0.5], stop=1.0), train([0.5, 3.5], stop=4.0), train([], stop=2.0)])
    trains = found.spikes["units"]
    assert found.duration == 4000.0
    assert trains.observed is not None
    assert [spikes.tolist() for spikes in trains.observed] == [
        [[0.0, 1000.0]],
        [[0.0, 4000.0]],
        [[0.0, 2000.0]],
    ]
    assert rates(trains, 0.0, found.duration).tolist() == [1.0, 0.5, 0.0]


def test_trains_that_start_at_different_times_are_counted_from_the_first_start():
    found = quietly([train([5.5], start=5.0, stop=7.0), train([6.5], start=6.0, stop=8.0)])
    trains = found.spikes["units"]
    assert trains.times.tolist() == [500.0, 1500.0]
    assert found.duration == 3000.0
    assert rates(trains, 0.0, 3000.0).tolist() == [0.5, 0.5]
    with pytest.raises(ns.NeurosimError, match=r"spans \(5000 to 7000 ms, 6000 to 8000 ms\): read"):
        neo_times([train([], start=5.0, stop=7.0), train([], start=6.0, stop=8.0)])


def test_segments_that_follow_each_other_keep_their_distances():
    block = block_of(
        [train([2.5], 2.0, 3.0), train([2.25, 2.75], 2.0, 3.0)],
        [],
        [train([5.5], 5.0, 6.0), train([], 5.0, 6.0)],
    )
    found = quietly(block)
    trains = found.spikes["units"]
    assert [spikes.tolist() for spikes in trains.by_neuron()] == [[500.0, 3500.0], [250.0, 750.0]]
    assert found.duration == 4000.0
    assert trains.observed is not None
    assert trains.observed[0].tolist() == [[0.0, 1000.0], [3000.0, 4000.0]]
    assert rates(trains, 0.0, 4000.0).tolist() == [1.0, 1.0]


def test_segments_that_overlap_are_placed_one_after_another():
    block = block_of([train([0.25, 0.5])], [train([0.125], stop=2.0)], [train([], stop=1.0)])
    message = (
        "its 3 segments overlap in time and are placed one after another: the second starts at"
    )
    with pytest.warns(UserWarning, match=message) as caught:
        found = ns.from_neo(block)
    assert caught[0].filename == __file__
    trains = found.spikes["units"]
    assert trains.times.tolist() == [250.0, 500.0, 1125.0]
    assert found.duration == 4000.0
    assert rates(trains, 0.0, 4000.0).tolist() == [0.75]


def test_neurons_of_several_segments_are_identified_by_id_or_name():
    by_id = block_of(
        [train([0.5], id=7), train([0.25], id=9)], [train([1.5], 1, 2, id=9), train([], 1, 2, id=3)]
    )
    trains = quietly(by_id).spikes["units"]
    assert trains.recorded.tolist() == [3, 7, 9]
    assert [spikes.tolist() for spikes in trains.by_neuron()] == [[], [500.0], [250.0, 1500.0]]
    assert rates(trains, 0.0, 2000.0).tolist() == [0.0, 1.0, 1.0]
    by_name = block_of(
        [train([0.5], name="a"), train([0.25], name="b")], [train([1.5], 1, 2, name="b")]
    )
    trains = quietly(by_name).spikes["units"]
    assert trains.names == ("a", "b")
    assert [spikes.tolist() for spikes in trains.by_neuron()] == [[500.0], [250.0, 1500.0]]
    with pytest.raises(ns.NeurosimError, match="segments have 2, 1 spike trains without ids"):
        ns.from_neo(block_of([train([0.5]), train([0.25])], [train([1.5], 1, 2)]))


@pytest.mark.parametrize(
    ("annotations", "recorded", "names"),
    [
        ([{"id": 12.0}, {"id": np.float64(13)}], [12, 13], None),
        ([{"id": "12"}, {"id": "13"}], [12, 13], None),
        ([{"unit_id": np.int32(5)}, {"unit_id": 4}], [4, 5], None),
        ([{"id": "ch1#0"}, {"id": "ch1#1"}], [0, 1], ("ch1#0", "ch1#1")),
        ([{"id": "ch0", "name": "n4a"}, {"id": "ch1", "name": "n4b"}], [0, 1], ("n4a", "n4b")),
        ([{"unit name": "x", "index": 3}, {"unit name": "y", "index": 2}], [2, 3], ("y", "x")),
        ([{"id": 4, "name": "a"}, {"id": 4, "name": "b"}], [0, 1], ("a", "b")),
        ([{"id": 4}, {"id": 4}], [0, 1], None),
        ([{"id": 4.5}, {"id": True}], [0, 1], None),
        ([{"name": "a"}, {}], [0, 1], ("a", "1")),
        ([{}, {}], [0, 1], None),
    ],
)
def test_annotations_number_and_name_the_neurons(annotations, recorded, names):
    spikes = [train([0.1 * (k + 1)], **notes) for k, notes in enumerate(annotations)]
    trains = quietly(spikes).spikes["units"]
    assert trains.recorded.tolist() == recorded
    assert trains.names == names


def test_pynn_annotations_divide_populations():
    spikes = [
        train([0.1], source_population="exc", source_id=5),
        train([0.2], source_population="inh", source_id=5),
    ]
    found = quietly(spikes).spikes
    assert {name: spikes.recorded.tolist() for name, spikes in found.items()} == {
        "exc": [5],
        "inh": [5],
    }


def test_times_that_start_again_are_warned_of():
    with pytest.warns(UserWarning, match=r"1 of 2 neurons go back \(neuron b: 100 ms follows 900"):
        found = ns.from_neo([train([0.2], name="a"), train([0.5, 0.9, 0.1], name="b")])
    assert found.spikes["units"].of(1).tolist() == [100.0, 500.0, 900.0]


def test_a_file_of_a_raw_reader_is_read_as_neo_reads_it(tmp_path: Path):
    path = tmp_path / "a.fake"  # Neo makes up two blocks of two segments each
    path.write_text("")
    found = ns.load_spikes(path, format="ExampleIO")
    blocks = neo.io.ExampleIO(str(path)).read()
    segments = [segment for block in blocks for segment in block.segments]
    trains = found.spikes["units"]
    assert trains.names == ("unit0", "unit1", "unit2")
    for k, spikes in enumerate(trains.by_neuron()):
        parts = [segment.spiketrains[k].rescale("ms").magnitude for segment in segments]
        assert spikes.tobytes() == np.concatenate(parts).tobytes()
    assert found.duration == float(segments[-1].t_stop.rescale("ms"))
    assert trains.observed is not None
    spans = [[float(s.t_start.rescale("ms")), float(s.t_stop.rescale("ms"))] for s in segments]
    assert trains.observed[0].tolist() == spans


NEST_2 = "12\t34.100\n13\t35.200\n12\t36.300\n"


@pytest.mark.parametrize("format", [None, "NestIO"])
def test_nest_2_files_keep_their_ids(tmp_path: Path, format: str | None):
    path = tmp_path / "spikes-5-0.gdf"
    path.write_text(NEST_2)
    found = ns.load_spikes(path, format=format)
    trains = found.spikes["units"]
    options = {"gid_list": [], "t_start": 0.0 * pq.ms, "t_stop": 40.0 * pq.ms}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves its file open
        expected = neo.io.NestIO(str(path)).read_segment(**options).spiketrains
    for spikes in expected:
        assert trains.of(int(spikes.annotations["id"])).tobytes() == spikes.magnitude.tobytes()
    assert trains.recorded.tolist() == [12, 13]
    assert found.duration == pytest.approx(36.3)


@pytest.mark.parametrize(
    ("text", "ids", "times"),
    [
        ("7 1.5\n", [7], [1.5]),
        ("7 3\n8 4.25\n", [7, 8], [3.0, 4.25]),
        ("1.5\n2.5\n", [0, 0], [1.5, 2.5]),
    ],
)
def test_short_nest_2_files_are_read(tmp_path: Path, text: str, ids, times):
    (tmp_path / "a.gdf").write_text(text)
    trains = ns.load_spikes(tmp_path / "a.gdf", format="NestIO").spikes["units"]
    assert (trains.ids.tolist(), trains.times.tolist()) == (ids, times)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("7 341 -0.05\n", "its times are in steps of NEST: give dt"),
        ("7 1.5 -70.0\n", "name the columns neuron and time_ms"),
        ("nan 7\n", "row 1 has the time 'nan'"),
        ("x y\n", "its first line is 'x,y'"),
    ],
)
def test_other_gdf_files_are_refused(tmp_path: Path, text: str, message: str):
    (tmp_path / "a.gdf").write_text(text)
    with pytest.raises(ns.NeurosimError, match=message) as refused:
        ns.load_spikes(tmp_path / "a.gdf", format="NestIO")
    assert "damaged" not in str(refused.value)


@pytest.mark.parametrize("separator", ["\t", " ", ", ", ";"])
def test_text_files_with_a_train_a_line_are_read(tmp_path: Path, separator: str):
    path = tmp_path / "trains.txt"
    path.write_text("0.6\t1.0\n0.25\n\n2.5\t3\t3.25".replace("\t", separator))
    found = ns.load_spikes(path, format="AsciiSpikeTrainIO")
    trains = found.spikes["units"]
    assert trains.recorded.tolist() == [0, 1, 2, 3]
    assert trains.of(3).tolist() == [2500.0, 3000.0, 3250.0]
    assert trains.of(0).tolist() == [float(np.float32(0.6)) * 1e3, 1000.0]
    # The last spike of a line is not the end of its recording.
    assert trains.observed is None
    expected = np.array([2, 1, 0, 3]) / 3.25
    assert_allclose(rates(trains, 0.0, 3250.0), expected, rtol=1e-12)


def test_text_files_are_read_as_neo_reads_them(tmp_path: Path):
    random = np.random.default_rng(1)
    path = tmp_path / "trains.txt"
    lines = [sorted(random.uniform(0.0, 300.0, 20)) for _ in range(30)]
    path.write_text("".join("\t".join(f"{t:.7f}" for t in line) + "\n" for line in lines))
    found = ns.load_spikes(path)
    expected = neo.io.AsciiSpikeTrainIO(str(path)).read_segment().spiketrains
    for spikes, wanted in zip(found.spikes["units"].by_neuron(), expected, strict=True):
        assert spikes.tobytes() == wanted.rescale("ms").magnitude.astype(float).tobytes()


def test_names_survive_export_and_import(tmp_path: Path):
    imported = quietly([train([0.5], name="n1", id=4), train([0.25], name="n2", id=2)])
    save_neo(imported, tmp_path / "a.mat")
    block = neo.io.NeoMatlabIO(str(tmp_path / "a.mat")).read_block()
    assert [spikes.name for spikes in block.segments[0].spiketrains] == ["n2", "n1"]
    for found in (ns.from_neo(block), ns.load_spikes(tmp_path / "a.mat")):
        assert found.spikes["units"].names == ("n2", "n1")
        assert found.spikes["units"].recorded.tolist() == [2, 4]


def test_exported_trains_span_the_observed_time():
    imported = quietly([train([0.5]), train([0.5, 3.5], stop=4.0)])
    spans = [
        (float(spikes.t_start), float(spikes.t_stop))
        for spikes in ns.to_neo(imported).segments[0].spiketrains
    ]
    assert spans == [(0.0, 1000.0), (0.0, 4000.0)]
    again = ns.from_neo(ns.to_neo(imported)).spikes["units"]
    assert rates(again, 0.0, 4000.0).tolist() == [1.0, 0.5]
    assert again.names is None
