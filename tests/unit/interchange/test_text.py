"""Spikes in text as other tools write them."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import neurosim as ns

pytestmark = pytest.mark.usefixtures("read_here")

TIMES = [5.5, 0.1234567890123456, 7.0, 2.25, 123.456]
IDS = [3, 0, 3, 12, 0]
NAMES = ["PV+ 3", "e4", "PV+ 3", "L5", "e4"]


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def table(delimiter: str, *columns: list, head: str | None = None) -> str:
    rows = [] if head is None else [head.split()]
    rows += [list(map(str, row)) for row in zip(*columns, strict=True)]
    return "".join(delimiter.join(row) + "\n" for row in rows)


def spikes_of(result: ns.Result, name: str = "units") -> list[tuple[int, float]]:
    trains = result.spikes[name]
    return sorted(zip(trains.ids.tolist(), trains.times.tolist(), strict=True))


def expected(factor: float = 1.0) -> list[tuple[int, float]]:
    return sorted((k, t * factor) for k, t in zip(IDS, TIMES, strict=True))


def read_quietly(path: object, **options: object) -> ns.Result:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return ns.load_spikes(path, **options)


NEURON = (
    "neuron unit unit_id id cell cell_id i sender senders gid node_ids node_id cluster_id "
    "Neuron UnitID Unit-ID spike_clusters"
)
TIME = {
    "time_ms": 1.0,
    "t_ms": 1.0,
    "time_s": 1e3,
    "time_us": 1e-3,
    "spike_time_ms": 1.0,
    "spike_times_s": 1e3,
    "Time(ms)": 1.0,
    "time[s]": 1e3,
    "Time_sec": 1e3,
    "timestamps_ms": 1.0,
    "spikeTimeMs": 1.0,
}


@pytest.mark.parametrize("neuron", NEURON.split())
def test_neurons_have_many_names(tmp_path: Path, neuron: str):
    path = write(tmp_path / "a.csv", table(",", IDS, TIMES, head=f"{neuron} time_ms"))
    assert spikes_of(read_quietly(path)) == expected()


@pytest.mark.parametrize(("time", "factor"), TIME.items())
def test_the_name_of_times_has_their_unit(tmp_path: Path, time: str, factor: float):
    path = write(tmp_path / "a.csv", table(",", TIMES, IDS, head=f"{time} neuron"))
    assert spikes_of(read_quietly(path)) == expected(factor)
    unit = {1.0: "s", 1e3: "ms", 1e-3: "ms"}[factor]
    with pytest.raises(ns.NeurosimError, match=f"are in .*, not {unit}"):
        ns.load_spikes(path, unit=unit)


@pytest.mark.parametrize("time", ["time", "t", "spike_time", "times", "spikes"])
def test_times_without_a_unit_are_ms_with_a_warning(tmp_path: Path, time: str):
    path = write(tmp_path / "a.csv", table(",", IDS, TIMES, head=f"unit_id {time}"))
    with pytest.warns(UserWarning, match="ms is assumed") as warned:
        found = ns.load_spikes(path)
    assert warned[0].filename == __file__
    assert spikes_of(found) == expected()
    for unit, factor in (("ms", 1.0), ("s", 1e3), ("us", 1e-3)):
        assert spikes_of(read_quietly(path, unit=unit)) == expected(factor)


FLOAT_IDS = [f"{k}.0" for k in IDS]
SCIENTIFIC = io.StringIO()
np.savetxt(SCIENTIFIC, np.column_stack([IDS, TIMES]), header="neuron time_ms")
TEXTS = {
    "semicolons": table(";", IDS, TIMES, head="neuron time_ms"),
    "decimal commas": table(";", IDS, TIMES, head="neuron time_ms").replace(".", ","),
    "UTF-16": table("\t", IDS, TIMES, head="neuron time_ms").encode("utf-16"),
    "Windows": ("# µ\n" + table(";", IDS, TIMES, head="neuron time_ms")).encode("cp1252"),
    "delimiter of Excel": "sep=;\n" + table(";", IDS, TIMES, head="neuron time_ms"),
    "empty last rows": table(",", IDS, TIMES, head="neuron time_ms") + ",\n,\n",
    "missing last rows": table(",", IDS, TIMES, head="neuron time_ms") + "NaN,NaN\nNA,NA\n",
    "channels": table(",", IDS, TIMES, head="channel time_ms"),
    "tabs": table("\t", IDS, TIMES, head="neuron time_ms"),
    "blanks": table(" ", IDS, TIMES, head="neuron time_ms"),
    "many blanks": table("    ", IDS, TIMES, head="  neuron time_ms"),
    "quotes": table(",", [f'"{k}"' for k in IDS], [f'"{t}"' for t in TIMES], head="neuron time_ms"),
    "comments": "# a\n# b, c\n" + table(",", IDS, TIMES, head="neuron time_ms") + "# end\n",
    "percent": "% a\n" + table(",", IDS, TIMES, head="neuron time_ms"),
    "comments between": table(",", IDS, TIMES, head="neuron time_ms").replace("12,", "# x\n12,"),
    "header as a comment": "#\n# neuron,time_ms\n" + table(",", IDS, TIMES),
    "from savetxt": SCIENTIFIC.getvalue(),
    "float ids": table(",", FLOAT_IDS, TIMES, head="neuron time_ms"),
    "trailing commas": table(",", IDS, TIMES, [""] * 5, head="neuron time_ms"),
    "more columns": table(",", IDS, TIMES, ["x y"] * 5, head="neuron time_ms depth"),
    "empty last column": table(",", IDS, TIMES, [""] * 5, head="neuron time_ms note"),
    "index of pandas": pd.DataFrame({"neuron": IDS, "time_ms": TIMES}).to_csv(),
    "mark and line ends": "\ufeff" + table(",", IDS, TIMES, head="neuron time_ms").replace(
        "\n", "\r\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt", ".dat"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_ordinary_tables_are_read_bit_by_bit(tmp_path: Path, text: str, suffix: str):
    assert spikes_of(read_quietly(write(tmp_path / f"a{suffix}", text))) == expected()


HEADLESS = {
    "neurons first": table(",", IDS, TIMES),
    "times first": table(",", TIMES, IDS),
    "blanks": table(" ", TIMES, IDS),
    "tabs": table("\t", TIMES, FLOAT_IDS),
    "commented": "# by hand\n" + table(",", IDS, TIMES),
}


@pytest.mark.parametrize("suffix", [".csv", ".txt"])
@pytest.mark.parametrize("text", HEADLESS.values(), ids=HEADLESS)
def test_without_a_header_neurons_are_the_whole_numbers(tmp_path: Path, text: str, suffix: str):
    path = write(tmp_path / f"a{suffix}", text)
    with pytest.warns(UserWarning, match="ms is assumed"):
        assert spikes_of(ns.load_spikes(path)) == expected()
    assert spikes_of(read_quietly(path, unit="s")) == expected(1e3)


def test_a_decimal_point_makes_a_time(tmp_path: Path):
    path = write(tmp_path / "spikes.csv", "533.0 2\n537.0 0\n547.0 1\n")
    assert spikes_of(read_quietly(path, unit="ms")) == [(0, 537.0), (1, 547.0), (2, 533.0)]


LISTS = {
    "BMTK": "gid spike-times\n4 2.5,1.5,7\n0 3\n",
    "pandas": 'gid,spike_times_ms\n4,"[2.5, 1.5, 7.0]"\n0,[3.0]\n9,[]\n',
    "NumPy": 'gid,spike_times_ms\n4,"[2.5 1.5\n 7. ]"\n0,[3.]\n9,[]\n',
}


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_a_row_may_hold_all_times_of_a_neuron(tmp_path: Path, text: str):
    found = read_quietly(write(tmp_path / "a.csv", text))
    assert spikes_of(found) == [(0, 3.0), (4, 1.5), (4, 2.5), (4, 7.0)]
    assert found.spikes["units"].recorded.tolist() == ([0, 4, 9] if "9," in text else [0, 4])


def test_columns_can_be_named(tmp_path: Path):
    path = write(tmp_path / "a.csv", table(",", TIMES, [7] * 5, IDS))
    found = read_quietly(path, columns=["time_s", "", "neuron"])
    assert spikes_of(found) == expected(1e3)
    for head in ("time_ms;t;neuron", "a;b;c", "# a;b;c"):
        text = f"{head}\n" + table(";", TIMES, [7] * 5, IDS)
        found = read_quietly(write(tmp_path / "d.csv", text), columns=["time_s", "", "neuron"])
        assert spikes_of(found) == expected(1e3)
    ambiguous = write(tmp_path / "b.csv", "3,5\n4,6\n")
    with pytest.raises(ns.NeurosimError, match="both of its columns can hold neurons"):
        ns.load_spikes(ambiguous)
    found = read_quietly(ambiguous, columns=["time_ms", "neuron"])
    assert spikes_of(found) == [(5, 3.0), (6, 4.0)]
    neither = write(tmp_path / "c.csv", "0.5,0.6\n")
    with pytest.raises(ns.NeurosimError, match="neither of its columns can hold neurons"):
        ns.load_spikes(neither)
    with pytest.raises(ns.NeurosimError, match=r"columns = .'a', 'b'.: give the names of all"):
        ns.load_spikes(path, columns=["a", "b"])
    with pytest.raises(ns.NeurosimError, match="unknown unit = 'h': give ms, s, us"):
        ns.load_spikes(path, unit="h")


def test_bmtk_text_is_read(tmp_path: Path):
    text = "timestamps population node_ids\n136.6 v1 0\n136.8 v1 1\n2.5 lgn 1\n"
    found = read_quietly(write(tmp_path / "spikes.csv", text))
    assert spikes_of(found, "v1") == [(0, 136.6), (1, 136.8)]
    assert spikes_of(found, "lgn") == [(1, 2.5)]
    text = 'node_ids,timestamps,population\n4,2.5,"a b"\n'
    assert spikes_of(read_quietly(write(tmp_path / "b.csv", text)), "a b") == [(4, 2.5)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_neurons_may_have_names(tmp_path: Path, delimiter: str):
    path = write(tmp_path / "a.csv", table(delimiter, NAMES, TIMES, head="unit time_ms"))
    trains = read_quietly(path).spikes["units"]
    assert trains.names == ("PV+ 3", "e4", "L5")
    by_name = dict(zip(trains.names, trains.by_neuron(), strict=True))
    assert {name: times.tolist() for name, times in by_name.items()} == {
        "PV+ 3": [5.5, 7.0],
        "e4": [0.1234567890123456, 123.456],
        "L5": [2.25],
    }


def test_numbers_among_names_are_names(tmp_path: Path):
    text = "unit,time_ms\n1,1.0\n2,2.0\n2b,3.0\n1,4.0\n"
    trains = read_quietly(write(tmp_path / "a.csv", text)).spikes["units"]
    assert trains.names == ("1", "2", "2b")
    assert [own.tolist() for own in trains.by_neuron()] == [[1.0, 4.0], [2.0], [3.0]]


def test_names_beside_numbers_are_kept_and_written(tmp_path: Path):
    text = "population,neuron,time_ms,name\na,7,1.0,tail\na,3,2.0,head\nb,1,1.0,1\n"
    found = read_quietly(write(tmp_path / "a.csv", text))
    assert found.spikes["a"].recorded.tolist() == [3, 7]
    assert found.spikes["a"].names == ("head", "tail")
    ns.save_csv(found, tmp_path / "b.csv")
    again = read_quietly(tmp_path / "b.csv")
    assert spikes_of(again, "a") == spikes_of(found, "a")
    assert again.spikes["a"].names == ("head", "tail")


NEST_3 = "# NEST version: 3.6.0\n# RecordBackendASCII version: 2\n"


@pytest.mark.parametrize("suffix", [".dat", ".gdf", ".txt"])
def test_nest_3_is_read(tmp_path: Path, suffix: str):
    text = NEST_3 + table("\t", IDS, TIMES, head="sender time_ms")
    assert spikes_of(read_quietly(write(tmp_path / f"a{suffix}", text))) == expected()
    steps, offsets = [55, 2, 70, 23, 1235], [0.0, 0.0765, 0.0, 0.05, 0.044]
    text = NEST_3 + table("\t", IDS, steps, offsets, head="sender time_step time_offset")
    path = write(tmp_path / f"a{suffix}", text)
    with pytest.raises(ns.NeurosimError, match="in steps of NEST: give dt, the resolution"):
        ns.load_spikes(path)
    found = read_quietly(path, dt=0.1)
    precise = sorted((k, s * 0.1 - o) for k, s, o in zip(IDS, steps, offsets, strict=True))
    assert spikes_of(found) == precise
    assert found.dt == 0.1


def test_nest_counts_in_steps_of_its_resolution(tmp_path: Path):
    path = write(tmp_path / "a.gdf", "4\t13\t0.000\n5\t40\t0.000\n")
    assert spikes_of(read_quietly(path, dt=0.25)) == [(4, 3.25), (5, 10.0)]


def test_nest_2_is_read_and_its_empty_files_are(tmp_path: Path):
    path = write(tmp_path / "a.gdf", "12\t34.100\t\n13\t35.200\t\n12\t36.300\t\n")
    assert spikes_of(read_quietly(path)) == [(12, 34.1), (12, 36.3), (13, 35.2)]
    empty = write(tmp_path / "b.gdf", "")
    assert len(read_quietly(empty).spikes) == 0
    both = read_quietly([path, empty, path])
    assert len(both.spikes["units"]) == 6


def test_nest_recordings_of_potentials_are_not_spikes(tmp_path: Path):
    text = NEST_3 + "sender\ttime_ms\tV_m\n1\t1.0\t-70.0\n"
    with pytest.raises(ns.NeurosimError, match="NEST's recording of V_m, not of spikes"):
        ns.load_spikes(write(tmp_path / "a.dat", text))
    for dt in (None, 0.1):
        with pytest.raises(ns.NeurosimError):
            ns.load_spikes(write(tmp_path / "b.dat", "1\t1.0\t-70.0\n1\t1.1\t-69.0\n"), dt=dt)


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".dat"])
def test_files_of_one_column_are_a_neuron_each(tmp_path: Path, suffix: str):
    paths = [
        write(tmp_path / f"cell{k}{suffix}", "".join(f"{t}\n" for t in times))
        for k, times in enumerate([[1.5, 0.25], [7.0, 8.0, 2.0]])
    ]
    with pytest.warns(UserWarning, match="ms is assumed"):
        (one,) = [ns.load_spikes(paths[0]).spikes["units"]]
    assert (one.times.tolist(), one.names) == ([0.25, 1.5], ("cell0",))
    both = read_quietly(paths, unit="s").spikes["units"]
    assert both.names == ("cell0", "cell1")
    assert [own.tolist() for own in both.by_neuron()] == [[250, 1500], [2000, 7000, 8000]]


def test_several_files_are_one_recording(tmp_path: Path):
    a = write(tmp_path / "a.csv", "population,neuron,time_ms\nexc,1,2\ninh,1,3\n")
    b = write(tmp_path / "b.csv", "population,neuron,time_ms\nexc,2,1\nexc,1,4\n")
    found = read_quietly([a, b])
    assert spikes_of(found, "exc") == [(1, 2.0), (1, 4.0), (2, 1.0)]
    assert spikes_of(found, "inh") == [(1, 3.0)]
    c = write(tmp_path / "c.csv", "unit,time_ms\ny,1\nx,2\n")
    d = write(tmp_path / "d.csv", "unit,time_ms\nx,3\nz,4\n")
    trains = read_quietly([c, d]).spikes["units"]
    named = dict(zip(trains.names, [own.tolist() for own in trains.by_neuron()], strict=True))
    assert named == {"y": [1.0], "x": [2.0, 3.0], "z": [4.0]}
    with pytest.raises(ns.NeurosimError, match="no file is given"):
        ns.load_spikes([])
    with pytest.raises(ns.NeurosimError, match="path = 5 is not a path: give one, or a list"):
        ns.load_spikes(5)


@pytest.mark.parametrize(("first", "start"), [(-499.25, -500.0), (-500.0, -600.0), (-0.5, -100.0)])
def test_times_before_an_event_are_kept(tmp_path: Path, first: float, start: float):
    path = write(tmp_path / "a.csv", f"neuron,time_ms\n0,{first}\n1,250.5\n")
    message = f"the first spike is at {first:g} ms: times are counted from {start:g} ms"
    with pytest.warns(UserWarning, match=message) as warned:
        found = ns.load_spikes(path)
    assert warned[0].filename == __file__
    assert found.spikes["units"].times.tolist() == [first - start, 250.5 - start]
    assert found.measured["start_ms"].tolist() == [start]
    assert found.duration == pytest.approx(250.5 - start, abs=1.0)


def test_the_start_can_be_chosen(tmp_path: Path):
    path = write(tmp_path / "a.csv", "neuron,time_ms\n0,-20\n1,30\n")
    found = read_quietly(path, start=-50.0)
    assert found.spikes["units"].times.tolist() == [30.0, 80.0]
    assert read_quietly(path, start=-50.0, duration=200.0).duration == 200.0
    with pytest.raises(
        ns.NeurosimError, match="start = 0 ms comes after the first spike at -20 ms"
    ):
        ns.load_spikes(path, start=0.0)
    later = write(tmp_path / "b.csv", "neuron,time_ms\n0,1020\n")
    assert read_quietly(later, start=1000.0).spikes["units"].times.tolist() == [20.0]
    assert "start_ms" not in read_quietly(later).measured


def test_text_that_neo_reads_goes_to_neo(tmp_path: Path):
    path = write(tmp_path / "a.txt", "0.6\t1.0\t1.5\n")
    one = ns.load_spikes(path)
    np.testing.assert_allclose(one.spikes["units"].times, [600.0, 1000.0, 1500.0], rtol=1e-6)


def test_points_between_thousands_are_no_decimal_points(tmp_path: Path):
    path = write(tmp_path / "a.csv", "neuron;time_ms\n0;812,5\n0;1.010,5\n0;1.234.567,25\n")
    assert ns.load_spikes(path).spikes["units"].times.tolist() == [812.5, 1010.5, 1234567.25]


def test_names_in_the_encoding_of_windows(tmp_path: Path):
    path = write(tmp_path / "a.csv", "neuron;time [µs]\nMüller;10500\n".encode("cp1252"))
    trains = ns.load_spikes(path).spikes["units"]
    assert (trains.names, trains.times.tolist()) == (("Müller",), [10.5])


REFUSED = {
    "empty": ("", {}, "it has no row of numbers: name the columns"),
    "unnamed": ("a,b\n1,2\n", {}, "its first line is 'a,b': name the columns"),
    "no neuron": ("time_ms,depth\n1,2\n", {}, "name the columns neuron and time_ms"),
    "two times": ("neuron,time_ms,t\n1,2,3\n", {}, "'time_ms' and 't' are both names of times"),
    "ragged": ("neuron,time_ms\n1\n", {}, "row 2 has 1 fields instead of 2"),
    "ragged numbers": ("1,2\n3\n", {}, "row 2 has 1 fields instead of 2"),
    "nodes": ("neuron,time_ms\n1,2\n", {"nodes": "n.h5"}, "nodes are for SONATA"),
}


@pytest.mark.parametrize(("text", "options", "message"), REFUSED.values(), ids=REFUSED)
def test_other_text_is_refused(tmp_path: Path, text: str, options: dict, message: str):
    with pytest.raises(ns.NeurosimError, match=message):
        ns.load_spikes(write(tmp_path / "a.csv", text), **options)
