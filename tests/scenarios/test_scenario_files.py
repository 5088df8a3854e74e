"""Scenario files through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neurosim.cli import main
from neurosim.experiments.toml.start import start_text


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def json_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_start_file_runs_as_it_is(capsys):
    assert main(["new", "my.toml"]) == 0
    assert Path("my.toml").read_text(encoding="utf-8") == start_text()
    summary = json_of(capsys, "run", "my.toml")
    found = summary["findings"]
    assert summary["synapses"] == 1000 * (80 + 20)
    for population in ("exc", "inh"):  # asynchronous and irregular, at a few spikes a second
        assert 5.0 < found["rate_hz"][population] < 15.0
        assert 0.8 < found["cv"][population] < 1.2
        assert abs(found["correlation"][population]) < 0.05
    assert -66.0 < found["potential_mv"]["exc"] < -60.0
    names = {file.name for file in Path("neurosim-out/my").iterdir()}
    pictures = {"my-raster.png", "my-traces-exc.png", "my-rates_and_cv.png"}
    pictures.add("my-potential_histogram.png")
    assert names == pictures | {"result.h5", "scenario.toml", "summary.json"}
    assert {Path(path).name for path in summary["files"]} == names
    assert Path("neurosim-out/my/scenario.toml").read_text(encoding="utf-8") == start_text()


def test_new_overwrites_nothing(capsys):
    Path("my.toml").write_text("mine")
    assert main(["new", "my.toml"]) == 2
    assert "already exists: choose another name" in capsys.readouterr().err
    assert Path("my.toml").read_text() == "mine"
    assert main(["new", "my.json"]) == 2
    assert "does not end in .toml: call it my.toml" in capsys.readouterr().err
    assert main(["new", "none/my.toml"]) == 2
    assert "cannot be written (No such file or directory)" in capsys.readouterr().err


def small() -> str:
    text = start_text().replace("size = 800", "size = 40").replace("n = 80", "n = 4")
    return text.replace("duration = 1000.0", "duration = 300.0").replace(
        "stop = 600.0", "stop = 290.0"
    )


def test_options_and_settings_come_before_the_file(capsys):
    Path("my.toml").write_text(small().replace("seed = 1 ", "seed = 4 "), encoding="utf-8")
    as_written = json_of(capsys, "run", "my.toml", "--no-plot")
    assert (as_written["seed"], as_written["duration_ms"], as_written["neurons"]) == (4, 300.0, 240)
    options = ["--seed", "9", "--duration", "250", "--set", "populations.exc.size=30"]
    changed = json_of(capsys, "run", "my.toml", "--no-plot", *options)
    assert (changed["seed"], changed["duration_ms"], changed["neurons"]) == (9, 250.0, 230)
    assert changed["settings"]["populations.exc.size"] == 30
    assert changed["settings"]["connections.0.psp"] == 0.4


def test_a_run_is_drawn_again_without_its_file(capsys):
    Path("my.toml").write_text(small(), encoding="utf-8")
    assert main(["run", "my.toml", "--set", "analysis.warmup=150", "--out", "here"]) == 0
    drawn = {path.name: path.read_bytes() for path in Path("here").glob("*.png")}
    assert len(drawn) == 4
    Path("my.toml").unlink()
    for path in Path("here").glob("*.png"):
        path.unlink()
    Path("here").rename("there")
    assert main(["plot", "there"]) == 0
    assert {path.name: path.read_bytes() for path in Path("there").glob("*.png")} == drawn


def test_the_copy_goes_when_another_scenario_takes_the_folder(capsys):
    Path("my.toml").write_text(small(), encoding="utf-8")
    assert main(["run", "my.toml", "--no-plot", "--out", "here"]) == 0
    assert Path("here/scenario.toml").exists()
    assert main(["run", "psp-summation", "--no-plot", "--out", "here"]) == 0
    assert not Path("here/scenario.toml").exists()
    assert main(["plot", "here"]) == 0


def test_a_run_that_was_stopped_goes_on_without_its_file(capsys, monkeypatch):
    Path("my.toml").write_text(small(), encoding="utf-8")
    whole = json_of(capsys, "run", "my.toml", "--no-plot", "--out", "whole")

    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("neurosim.cli.run.run_scenario", stop)
        keep = ["--checkpoint-every", "60", "--no-plot", "--out", "cut"]
        assert main(["run", "my.toml", *keep]) == 130
    Path("my.toml").write_text("changed since")
    capsys.readouterr()
    resumed = json_of(capsys, "resume", "cut")
    assert resumed["scenario"] == "my"
    assert resumed["findings"] == whole["findings"]
    names = {file.name for file in Path("cut").iterdir()}
    assert names == {"result.h5", "scenario.toml", "summary.json"}


def test_show_tells_what_would_be_built(capsys):
    assert main(["new", "my.toml"]) == 0
    capsys.readouterr()
    shown = json_of(capsys, "show", "my.toml", "--set", "populations.inh.size=300")
    assert shown["network"]["neurons"] == 1100
    assert shown["network"]["synapses"] == 1100 * 100
    assert shown["settings"]["populations.exc.neuron.t_ref"]["unit"] == "ms"
    assert main(["show", "my.toml"]) == 0
    printed = capsys.readouterr().out
    assert "1,000 neurons, 100,000 synapses" in printed
    assert "inh → exc" in printed
    assert "-2.8 mV" in printed
    assert "neurosim run my.toml" in printed


@pytest.mark.parametrize("name", ["hebb", "real-time-budget", "hopfield", "cortical-column"])
def test_show_tells_what_a_scenario_would_build(capsys, name):
    shown = json_of(capsys, "show", name)
    assert shown["network"]["neurons"] >= 1
    assert main(["show", name]) == 0
    assert "Network of" in capsys.readouterr().out


def test_show_can_leave_out_a_network_that_takes_time(capsys):
    assert json_of(capsys, "show", "digits", "--no-network")["network"] is None
    assert main(["show", "digits", "--no-network"]) == 0
    assert "Network of" not in capsys.readouterr().out


def test_a_file_has_no_comparison(capsys):
    Path("my.toml").write_text(small(), encoding="utf-8")
    assert main(["compare", "my.toml"]) == 2
    assert "my has no comparison" in capsys.readouterr().err
