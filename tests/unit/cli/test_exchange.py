from __future__ import annotations

import json
from pathlib import Path

import pytest

import neurosim as ns
from neurosim.cli import main
from tests.unit.cli.test_commands import json_of, mistake_of, names
from tests.unit.interchange.test_formats import assert_same_spikes
from tests.unit.results.test_storage_results import sample


@pytest.fixture(autouse=True)
def _in_folder_with_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()
    ns.save(sample(300, 9), "run/result.h5")


@pytest.mark.parametrize(
    ("to", "written"),
    [("nwb", "result.nwb"), ("csv", "spikes.csv"), ("neo", "neo.mat"), ("sonata", "sonata")],
)
def test_export_writes_beside_the_result_and_import_takes_it_back(capsys, to: str, written: str):
    assert main(["export", "run", "--to", to]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"run/{written}" in captured.err
    assert names("run") == {"result.h5", written}
    file = "run/sonata/spikes.h5" if to == "sonata" else f"run/{written}"
    summary = json_of(capsys, "import", file, "--out", "there", "--no-plot", "--json")
    assert summary["populations"]["L2/3 exc 50%"]["spikes"] == 300
    assert (summary["dt_ms"], summary["files"]) == (0.1, ["there/result.h5"])
    found = ns.load("there/result.h5")
    assert found.spikes["L2/3 exc 50%"].times.tobytes() == (
        sample(300, 9).spikes["L2/3 exc 50%"].times.tobytes()
    )


def test_export_of_a_file_to_a_place(capsys):
    assert main(["export", "run/result.h5", "--to", "nwb", "--out", "a.nwb"]) == 0
    assert names("run") == {"result.h5"}
    assert_same_spikes(ns.load_spikes("a.nwb"), sample(300, 9))


def test_import_draws_and_tells(capsys):
    assert main(["export", "run", "--to", "csv"]) == 0
    capsys.readouterr()
    assert main(["import", "run/spikes.csv"]) == 0
    assert names("neurosim-out/spikes") == {"result.h5", "imported-spikes.png"}
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "L2/3 exc 50%" in captured.err
    assert "neurosim-out/spikes/imported-spikes.png" in captured.err


def test_import_tells_what_it_moves(capsys):
    Path("a.csv").write_text("neuron,time_ms\n0,1.04\n3,2\n")
    assert main(["import", "a.csv", "--dt", "0.1", "--duration", "10", "--json"]) == 0
    captured = capsys.readouterr()
    assert "1 of 2 spikes are moved to steps of 0.1 ms, by up to 0.04 ms\n" in captured.err
    summary = json.loads(captured.out)
    assert summary["populations"]["units"] == {
        "neurons": 2,
        "spikes": 2,
        "rate_hz": 100.0,
        "cv_isi": None,
    }
    assert summary["duration_ms"] == 10.0


def test_import_of_no_spikes_draws_nothing(capsys):
    Path("a.csv").write_text("neuron,time_ms\n")
    assert main(["import", "a.csv"]) == 0
    assert names("neurosim-out/a") == {"result.h5"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("export none --to nwb", "none cannot be read (No such file or directory): give a result"),
        ("export run/other.csv --to nwb", "run/other.csv cannot be read"),
        ("export . --to csv", "result.h5 cannot be read"),
        ("export run --to xls", "'xls' is not one of"),
        ("export run --to csv --out none/a.csv", "none/a.csv cannot be written"),
        ("import none.nwb", "none.nwb cannot be read (No such file or directory)"),
        ("import run/result.h5", "it is a result of neurosim: open it with neurosim.load"),
        ("import run", "run cannot be read (not a regular file)"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(capsys, arguments: str, sentence: str):
    assert sentence in mistake_of(capsys, *arguments.split())


def test_import_does_not_replace_what_it_reads(capsys):
    ns.save_sonata(sample(30, 3), "sonata")
    Path("sonata/spikes.h5").rename("sonata/result.h5")
    told = mistake_of(capsys, "import", "sonata/result.h5", "--out", "sonata")
    assert told == "sonata/result.h5 would be overwritten: give another folder with --out"
