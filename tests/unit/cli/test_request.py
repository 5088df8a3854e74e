"""Requests and summaries of run folders that were edited or replaced."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest

from neurosim.cli import main
from neurosim.cli.request import RunRequest

VALID = asdict(RunRequest("vote", checkpoint_every=60.0))


def resume_with(folder: Path, content: object, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the message of `resume` for an invalid request, which it must not change."""
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "order.json").write_text(text)
    assert main(["resume", str(folder)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert (folder / "order.json").read_text() == text
    return said


WRONG = [
    ("threads", "two", "'two': give a whole number from 1 to 256, or null"),
    ("threads", 0, "0: give a whole number"),
    ("threads", 1.5, "1.5: give a whole number"),
    ("threads", True, "True: give a whole number"),
    ("seed", -1, "-1: give a whole number from 0 to 2^63 - 1, or null"),
    ("seed", 2**63, "9223372036854775808: give"),
    ("seed", [1], r"[1]: give"),
    ("name", 5, "5: give the name of a scenario"),
    ("name", "", "'': give the name"),
    ("name", "a\0b", r"'a\x00b': give the name"),
    ("duration", "1e3", "'1e3': give a finite time above 0 ms, or null"),
    ("duration", -1.0, "-1.0: give a finite time"),
    ("duration", float("nan"), "nan: give a finite time"),
    ("dt", float("inf"), "inf: give a finite time"),
    ("dt", 10**400, "1000000000000000000"),
    ("dt", {}, "{}: give a finite time"),
    ("checkpoint_every", None, "None: give a finite number of seconds above 0"),
    ("checkpoint_every", 0, "0: give a finite number"),
    ("assignments", "trials=3", "'trials=3': give a list of strings"),
    ("assignments", [1], "[1]: give a list of strings"),
    ("assignments", None, "None: give a list of strings"),
    ("plot", 1, "1: give true or false"),
    ("compare", "yes", "'yes': give true or false"),
    ("realtime", None, "None: give true or false"),
    ("profile", 0.0, "0.0: give true or false"),
    ("out", "elsewhere", "'elsewhere': give null"),
]


@pytest.mark.parametrize(("field", "value", "said"), WRONG)
def test_a_request_with_a_wrong_value_names_it(tmp_path: Path, capsys, field, value, said):
    words = resume_with(tmp_path, VALID | {field: value}, capsys)
    assert f"order.json: {field} = {said}" in words


def test_a_request_with_missing_or_unknown_fields_names_them(tmp_path: Path, capsys):
    for field in VALID:
        content = {name: value for name, value in VALID.items() if name != field}
        assert f"{field} is missing: give " in resume_with(tmp_path, content, capsys)
    words = resume_with(tmp_path, VALID | {"sead": 1}, capsys)
    assert "unknown field 'sead': remove it, or start the run again in another folder" in words


@pytest.mark.parametrize(
    "change",
    [
        {"name": "x" * 5_000},
        {"assignments": ["trials=many"]},
        {"assignments": ["trial=3"]},
        {"duration": 1e12},
        {"dt": 1e-300},
    ],
)
def test_a_request_that_cannot_be_run_is_refused_in_one_sentence(
    tmp_path: Path, capsys, change: dict[str, object]
):
    resume_with(tmp_path, VALID | change, capsys)


def test_a_request_as_it_was_written_is_run(tmp_path: Path):
    (tmp_path / "order.json").write_text(json.dumps(VALID))
    assert main(["resume", str(tmp_path)]) == 0
    assert not (tmp_path / "order.json").exists()
    assert (tmp_path / "summary.json").exists()


ODD = {
    "nested": b"[" * 100_000,
    "list": b"[1, 2]",
    "not a list": b'{"files": 3, "scenario": "vote", "settings": [[1]]}',
    "odd names": b'{"files": ["a\\u0000.png", 5, {}, "..", "out.png"]}',
    "deep settings": b'{"scenario": "vote", "settings": {"trials": '
    + b"[" * 900
    + b"]" * 900
    + b"}}",
    "no text": b"\xff\xfe",
    "large": None,
    "endless": None,
    "pipe": None,
    "folder": None,
}


def put(path: Path, kind: str) -> None:
    """Replace a file with something unusual."""
    if kind == "large":
        with path.open("wb") as file:
            file.truncate(2**40)  # a hole
    elif kind == "endless":
        path.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(ODD[kind] or b"")


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices of POSIX")
@pytest.mark.parametrize("kind", ODD)
def test_odd_files_in_a_run_folder_stop_no_command(tmp_path: Path, capsys, kind: str):
    (tmp_path / "out.png").mkdir()  # which an odd summary may list
    put(tmp_path / "summary.json", kind)
    assert main(["plot", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    put(tmp_path / "order.json", kind)
    assert main(["resume", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    put(tmp_path / "sweep.json", kind)
    assert main(["plot", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    for name in ("order.json", "sweep.json"):
        (tmp_path / name).rmdir() if kind == "folder" else (tmp_path / name).unlink()
    status = main(["run", "vote", "--no-plot", "--out", str(tmp_path)])
    assert status == (2 if kind == "folder" else 0)
    if not status:
        assert json.loads((tmp_path / "summary.json").read_text())["scenario"] == "vote"


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices of POSIX")
@pytest.mark.parametrize("kind", ["large", "endless", "pipe", "folder"])
def test_odd_results_and_checkpoints_are_refused(tmp_path: Path, capsys, kind: str):
    put(tmp_path / "result.h5", kind)
    summary = {"scenario": "vote", "settings": {}, "files": []}
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    for command in (["plot"], ["export", "--to", "csv"]):
        assert main([*command, str(tmp_path)]) == 2
        assert "result.h5" in capsys.readouterr().err
    (tmp_path / "checkpoints").mkdir()
    put(tmp_path / "checkpoints" / "000001.h5", kind)
    (tmp_path / "order.json").write_text(json.dumps(VALID | {"name": "psp-summation"}))
    assert main(["resume", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "000001.h5" in said
    assert said.endswith(": remove this file to repeat its simulation\n")
