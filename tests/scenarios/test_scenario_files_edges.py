"""Scenario files that refer to edge lists in other files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neurosim.cli import main
from neurosim.cli.folder import RunFolder
from neurosim.errors import NeurosimError
from neurosim.experiments.toml import Origin
from neurosim.scenario import RunOptions, find_scenario

TEXT = """
title = "Edges in a file"
duration = 40
[populations.cells]
size = 3
neuron = "LIF"
[[connections]]
from = "cells"
to = "cells"
rule = {type = "CSVEdges", path = "lists/edges.csv"}
psp = "strength"
delay = "late"
[[connections]]
from = "cells"
to = "cells"
rule = "OneToOne"
psp = 0.5
[[inputs]]
to = "cells"
ids = [0]
type = "SpikeTimes"
times = [2.0]
psp = 20.0
[[recordings]]
of = "cells"
variable = "v"
"""
# Neuron 0 makes 1 fire after 3 ms, and 1 makes 2 fire after 4.
EDGES = "target,late,source,strength\n1,3.0,0,20.0\n2,4.0,1,25.5\n0,1.5,2,0.25\n"


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("here/lists").mkdir(parents=True)
    Path("here/lists/edges.csv").write_text(EDGES)
    Path("here/my.toml").write_text(TEXT)


def json_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main([*arguments]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


@pytest.mark.slow
def test_a_list_is_looked_for_beside_the_scenario_file(capsys):
    summary = json_of(capsys, "run", "here/my.toml")
    assert summary["synapses"] == 6
    # One spike each of three neurons in 40 ms.
    assert summary["rates_hz"]["cells"] == pytest.approx(25.0)
    assert "connections.1.psp" in summary["settings"]
    assert "connections.0.psp" not in summary["settings"]


def test_show_tells_of_a_list(capsys):
    row = json_of(capsys, "show", "here/my.toml")["network"]["projections"][0]
    assert row["weight"] == "column 'strength'"
    assert row["delay"] == "column 'late'"
    assert row["rule"].startswith("CSVEdges(")
    assert row["rule"].endswith("edges.csv)")
    assert main(["show", "here/my.toml"]) == 0


def test_a_run_is_drawn_again_when_its_files_have_gone(capsys):
    assert main(["run", "here/my.toml", "--set", "connections.1.psp=0.25", "--out", "out"]) == 0
    drawn = {path.name: path.read_bytes() for path in Path("out").glob("*.png")}
    assert len(drawn) == 2
    Path("here").rename("gone")
    Path("gone/lists/edges.csv").unlink()
    for path in Path("out").glob("*.png"):
        path.unlink()
    assert main(["plot", "out"]) == 0
    assert {path.name: path.read_bytes() for path in Path("out").glob("*.png")} == drawn


def test_a_copy_without_its_lists_does_not_run():
    copy = find_scenario("here/my.toml", Origin("my"))
    assert copy.name == "my"
    with pytest.raises(NeurosimError, match="is a copy without the edge lists that it refers to"):
        copy.network(copy.settings(), RunOptions(40.0))


def test_a_stopped_run_finds_its_list_from_another_folder(capsys, monkeypatch, tmp_path):
    whole = json_of(capsys, "run", "here/my.toml", "--no-plot", "--out", "whole")

    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("neurosim.cli.run.run_scenario", stop)
        keep = ["--checkpoint-every", "60", "--no-plot", "--out", "cut"]
        assert main(["run", "here/my.toml", *keep]) == 130
    assert RunFolder(Path("cut")).read_request()["name"] == str(tmp_path / "here" / "my.toml")
    Path("here/my.toml").write_text("changed since")
    monkeypatch.chdir(tmp_path / "here")
    capsys.readouterr()
    assert json_of(capsys, "resume", "../cut")["findings"] == whole["findings"]


def test_a_list_cannot_be_swept(capsys):
    grid = ["--grid", "connections.1.psp=0.25,0.5", "--seeds", "2"]
    assert "which the workers of a sweep do not have" in refusal(
        capsys, "sweep", "here/my.toml", *grid
    )


@pytest.mark.parametrize(
    "path", ["../edges.csv", "/etc/passwd", "lists/../../edges.csv", "link.csv", "away/edges.csv"]
)
def test_a_list_outside_the_folder_is_refused_unread(capsys, tmp_path: Path, path: str):
    Path("edges.csv").write_text(EDGES)
    Path("here/link.csv").symlink_to(tmp_path / "edges.csv")
    Path("here/away").symlink_to(tmp_path)
    Path("here/my.toml").write_text(TEXT.replace("lists/edges.csv", path))
    said = refusal(capsys, "run", "here/my.toml")
    assert said == (
        f"neurosim: here/my.toml:10: path = '{path}' is outside the folder of the scenario file: "
        "move the file there and give its relative path\n"
    )


@pytest.mark.parametrize(
    ("was", "instead", "said"),
    [
        ("lists/edges.csv", "edge.csv", "edge.csv cannot be read (No such file or directory)"),
        ("lists/edges.csv", "lists", "lists is not a regular file"),
        ("lists/edges.csv", "a\\u0000b", "is not a path"),
        ('"lists/edges.csv"', "3", "CSVEdges.path = 3 is not a path"),
        (', path = "lists/edges.csv"', "", "connections.0.rule has no path"),
        ('psp = "strength"', 'psp = "strong"', "has no column 'strong': did you mean 'strength'?"),
        ('psp = "strength"', "psp = [1, 2]", "psp is an array, but the connections are in a file"),
        ('rule = "OneToOne"', 'rule = "CSVEdges"', "connections.1.rule has no path"),
    ],
)
def test_a_mistake_about_a_list_has_its_line(capsys, was: str, instead: str, said: str):
    assert was in TEXT
    Path("here/my.toml").write_text(TEXT.replace(was, instead, 1))
    message = refusal(capsys, "show", "here/my.toml")
    assert message.startswith("neurosim: here/my.toml:")
    assert said in message


def test_what_is_wrong_with_an_edge_is_told_with_its_line(capsys):
    Path("here/lists/edges.csv").write_text(EDGES.replace("2,4.0,1", "7,4.0,1"))
    said = refusal(capsys, "run", "here/my.toml")
    assert "edges.csv:3" in said or "line 3" in said
