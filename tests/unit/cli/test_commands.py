from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from neurosim.cli import main
from neurosim.cli.request import RunRequest
from tests.conftest import Registry, toy_result

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toys: Registry) -> None:
    monkeypatch.chdir(tmp_path)


def names(path: str) -> set[str]:
    return {file.name for file in Path(path).iterdir()}


def json_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert main(arguments) == 0
    return json.loads(capsys.readouterr().out)


def mistake_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command with invalid input; return its one-line message."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("neurosim: ")
    return captured.err.removeprefix("neurosim: ").strip()


def test_run_saves_result_summary_and_figures(capsys):
    summary = json_of(capsys, "run", "toy", "--json")
    folder = "neurosim-out/toy"
    assert names(folder) == {"result.h5", "summary.json", "toy-trace.png"}
    assert {Path(path).name for path in summary["files"]} == names(folder)
    assert json.loads(Path(folder, "summary.json").read_text()) == summary


def test_run_without_json_prints_findings_and_files_to_stderr(capsys):
    assert main(["run", "toy"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "peak_mv" in captured.err
    assert "Files in neurosim-out/toy:" in captured.err
    assert "toy-trace.png" in captured.err


def test_run_prints_the_report_of_a_scenario_instead_of_its_findings(capsys, toys):
    def report(found, settings):
        return ["One neuron was simulated.", f"It peaks at {found['peak_mv']:g} mV."]

    toys.add("teller", report=report)
    assert main(["run", "teller"]) == 0
    printed = capsys.readouterr().err
    assert "One neuron was simulated." in printed
    assert "• It peaks at -63 mV." in printed
    assert "peak_mv" not in printed
    assert "rate of" not in printed
    assert json_of(capsys, "run", "teller", "--json")["report"][0] == "One neuron was simulated."


@pytest.mark.filterwarnings("default")
def test_warnings_are_printed_as_messages(capsys, toys):
    def findings(result, settings):
        warnings.warn("the trials are few: simulate more", stacklevel=1)
        return {}

    toys.add("doubtful", findings=findings)
    assert main(["run", "doubtful"]) == 0
    printed = capsys.readouterr().err
    assert "neurosim: the trials are few: simulate more\n" in printed
    assert "Warning" not in printed
    with pytest.warns(UserWarning, match="few"):  # outside the command as before
        warnings.warn("few", stacklevel=1)


def test_run_hands_its_options_on(capsys, toys):
    options = "--duration 40 --dt 0.5 --seed 7 --threads 2 --out here --no-plot --set trials=5"
    summary = json_of(capsys, "run", "toy", "--json", *options.split())
    timing = {"duration": 40.0, "dt": 0.5, "realtime": False, "profile": False}
    assert toys.asked == timing | {"seed": 7, "threads": 2, "progress": None}
    assert summary["settings"]["trials"] == 5
    assert names("here") == {"result.h5", "summary.json"}


@pytest.mark.parametrize("command", ["run", "compare"])
@pytest.mark.parametrize(
    ("late", "words"),
    [
        (3, "paced to the wall clock: 3 of 5,000 chunks late, by at most 4.12 ms"),
        (0, "paced to the wall clock: none of 5,000 chunks late"),
    ],
)
def test_a_run_in_real_time_tells_how_many_chunks_came_late(capsys, toys, command, late, words):
    stats = dataclasses.replace(
        toys.result.stats, paced_chunks=5000, late_chunks=late, largest_lateness_ms=4.1249
    )
    toys.result = dataclasses.replace(toys.result, stats=stats)
    assert main([command, "toy", "--realtime"]) == 0
    assert words in capsys.readouterr().err
    assert toys.asked["realtime"] is True
    summary = json.loads(Path("neurosim-out/toy/summary.json").read_text())
    assert summary["realtime"] == {
        "chunks": 5000,
        "late_chunks": late,
        "largest_lateness_ms": 4.1249,
    }


def test_a_run_at_full_speed_has_no_lateness(capsys):
    assert json_of(capsys, "run", "toy", "--json")["realtime"] is None
    assert main(["run", "toy"]) == 0
    assert "paced" not in capsys.readouterr().err


def test_compare_adds_the_comparison(capsys):
    printed = json_of(capsys, "compare", "toy", "--json")
    assert printed["comparison"] == {"agreement": 0.9}
    assert names("neurosim-out/toy") == {
        "result.h5",
        "summary.json",
        "toy-trace.png",
        "comparison.json",
        "toy-comparison-plane.png",
    }
    assert "comparison" not in json.loads(Path("neurosim-out/toy/summary.json").read_text())


def test_compare_prints_the_main_measures_and_a_conclusion(capsys):
    assert main(["compare", "toy"]) == 0
    printed = capsys.readouterr().err
    assert "of 10 windows" in printed
    assert "They agree in 9 of 10 windows." in printed
    assert "bits per spike" not in printed
    assert "1 more measure: add --all" in printed
    assert main(["compare", "toy", "--all"]) == 0
    assert "bits per spike" in capsys.readouterr().err


def test_a_second_run_leaves_no_comparison_of_the_first(capsys):
    assert main(["compare", "toy"]) == 0
    assert main(["run", "toy", "--no-plot"]) == 0
    assert names("neurosim-out/toy") == {"result.h5", "summary.json"}


def test_plot_draws_a_saved_comparison_again(capsys):
    assert main(["compare", "toy", "--no-plot", "--out", "here"]) == 0
    assert main(["plot", "here"]) == 0
    assert {"toy-trace.png", "toy-comparison-plane.png"} < names("here")


def test_plot_hands_the_saved_settings_to_the_figures(capsys, toys):
    seen = []
    toys.add("seer", figures=lambda result, settings: seen.append(settings.psps) or {})
    assert main(["run", "seer", "--no-plot", "--set", "psps=10,3,3"]) == 0
    assert main(["plot", "neurosim-out/seer"]) == 0
    assert seen == [(10.0, 3.0, 3.0)]


def test_list_prints_every_scenario(capsys):
    assert main(["list"]) == 0
    assert "the scenario plain-toy" in capsys.readouterr().out


def test_list_json_is_an_array(capsys):
    listed = json_of(capsys, "list", "--json")
    assert [entry["name"] for entry in listed] == ["plain-toy", "toy"]
    assert listed[1] == {
        "name": "toy",
        "title": "the scenario toy",
        "row": "S7",
        "source": "L0",
        "group": "Networks",
        "compare": True,
    }


def test_show_gives_unit_default_and_meaning_of_each_setting(capsys):
    assert main(["show", "toy"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert ["psps", "-6,10", "mV", "peaks"] in [line.split()[:4] for line in lines]


def test_show_json_has_the_settings(capsys):
    shown = json_of(capsys, "show", "toy", "--json")
    assert shown["settings"]["tau_m"] == {
        "default": 20.0,
        "unit": "ms",
        "expected": "a number in ms",
        "range": "",
        "help": "time constant",
    }


def test_demo_runs_its_steps_and_names_the_pictures(capsys, monkeypatch):
    comparison = RunRequest("toy", ("trials=9",), 50.0, compare=True)
    steps = {"see": RunRequest("toy"), "compare": comparison}
    monkeypatch.setattr("neurosim.cli.commands.DEMO", steps)
    assert main(["demo", "--out", "here"]) == 0
    words = capsys.readouterr().err
    assert "of 10 windows" in words
    assert "here/toy/toy-comparison-plane.png" in words


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("run toi", "unknown scenario 'toi': did you mean 'toy'?"),
        ("compare toi", "unknown scenario 'toi': did you mean 'toy'?"),
        ("show toi", "unknown scenario 'toi': did you mean 'toy'?"),
        ("run toy --set tau=5", "unknown setting 'tau': did you mean 'tau_m'?"),
        ("run toy --set tau_m=-5", "tau_m = -5 ms must be above 0 ms"),
        ("run toy --duration nan", "duration = nan is not finite: give a number in ms"),
        ("compare plain-toy", "plain-toy has no comparison: the scenarios with one are toy"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(capsys, arguments: str, sentence: str):
    assert mistake_of(capsys, *arguments.split()) == sentence


@pytest.mark.parametrize(
    "arguments", ["rnu toy", "run", "run toy --sed 3", "run toy --seed x", "plot"]
)
def test_a_wrong_command_line_is_one_line_and_status_2(capsys, arguments: str):
    assert mistake_of(capsys, *arguments.split()).endswith("(see `neurosim --help`)")


def test_a_mistake_leaves_no_folder_behind(capsys):
    mistake_of(capsys, "run", "toy", "--set", "tau=5")
    assert names(".") == set()


def test_an_unwritable_folder_is_told_before_the_run(capsys, toys):
    Path("file").touch()
    assert "cannot be written" in mistake_of(capsys, "run", "toy", "--out", "file/out")
    assert toys.asked == {}


def test_plot_of_a_folder_without_a_run_is_a_mistake(capsys):
    assert "give a folder written by `neurosim run`" in mistake_of(capsys, "plot", "nowhere")


@pytest.mark.parametrize("text", ['{"scenario": "to', "{}", '{"scenario": "toy", "settings": 3}'])
def test_plot_of_a_damaged_summary_is_a_mistake(capsys, text: str):
    assert main(["run", "toy"]) == 0
    capsys.readouterr()
    Path("neurosim-out/toy/summary.json").write_text(text)
    assert "run the scenario again" in mistake_of(capsys, "plot", "neurosim-out/toy")


def test_plot_of_a_truncated_result_is_a_mistake(capsys):
    assert main(["run", "toy"]) == 0
    capsys.readouterr()
    result = Path("neurosim-out/toy/result.h5")
    result.write_bytes(result.read_bytes()[:1000])
    assert "result.h5" in mistake_of(capsys, "plot", "neurosim-out/toy")


def test_a_defect_is_called_one_with_its_traceback_and_status_1(capsys, toys):
    toys.result = ZeroDivisionError("by nought")
    assert main(["run", "toy"]) == 1
    words = capsys.readouterr().err
    assert "Traceback" in words
    assert "this is a bug in neurosim" in words


def test_a_failing_picture_does_not_lose_the_run(capsys, toys):
    toys.add("blind", figures=lambda result, settings: 1 / 0)
    assert main(["run", "blind"]) == 1
    assert names("neurosim-out/blind") == {"result.h5", "summary.json"}


def test_a_run_stopped_by_ctrl_c_is_saved_and_gives_130(capsys, toys):
    toys.result = toy_result(duration=30.0, interrupted=True)
    assert main(["compare", "toy", "--json"]) == 130
    captured = capsys.readouterr()
    assert json.loads(captured.out)["duration_ms"] == 30.0
    assert "interrupted at 30 ms; the result so far is saved" in captured.err
    assert names("neurosim-out/toy") == {"result.h5", "summary.json"}


def test_ctrl_c_before_anything_was_recorded_gives_130(capsys, toys):
    toys.result = KeyboardInterrupt()
    assert main(["run", "toy"]) == 130
    assert capsys.readouterr().err == "neurosim: stopped\n"
    assert names("neurosim-out/toy") == set()


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_help_is_fast_because_nothing_heavy_is_imported():
    heavy = "numba", "matplotlib", "sklearn", "h5py"
    code = (
        "import sys; from neurosim.cli import main; status = main(['run', '--help'])\n"
        f"sys.exit(status or ' '.join(set({heavy!r}) & set(sys.modules)) or 0)"
    )
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
    assert "Exit status" in done.stdout


def test_the_module_is_the_command():
    done = python("-m", "neurosim", "rnu")
    assert done.returncode == 2
    assert done.stderr.startswith("neurosim: ")


def test_an_unknown_backend_of_matplotlib_is_told(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "nosuch")
    done = python("-c", "from neurosim import plot; plot.figure()")
    assert "NeurosimError: MPLBACKEND = nosuch is not a backend" in done.stderr.splitlines()[-1]


def test_profile_splits_the_time_by_what_it_was_spent_on(capsys, toys):
    stats = dataclasses.replace(toys.result.stats, profile={"delivery": 3.0, "update": 1.0})
    toys.result = dataclasses.replace(toys.result, stats=stats)
    assert main(["run", "toy", "--profile"]) == 0
    assert toys.asked["profile"] is True
    words = " ".join(capsys.readouterr().err.split())
    assert "time for delivery 3.00 s (75%) time for update 1.00 s (25%)" in words


TITLE = "rates [red]per neuron[/red] of :cat:"


def test_brackets_and_colons_in_texts_are_printed(capsys, toys: Registry):
    toys.add("brackets", title=TITLE, description=f"Compares {TITLE}.")
    for arguments in (["list"], ["show", "brackets", "--no-network"], ["run", "brackets"]):
        assert main(arguments) == 0
        captured = capsys.readouterr()
        assert TITLE in captured.out + captured.err
    Path("a.csv").write_text("population,neuron,time_ms\n[red]a[/red] :cat:,0,1.5\n")
    assert main(["import", "a.csv"]) == 0
    assert "[red]a[/red] :cat:" in capsys.readouterr().err
