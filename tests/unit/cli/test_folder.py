from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from neurosim.cli.folder import RunFolder
from neurosim.errors import NeurosimError


def names(path: Path) -> set[str]:
    return {file.name for file in path.iterdir()}


class HalfDrawn:
    """A figure that fails while it is saved."""

    def __init__(self, reason: BaseException) -> None:
        self.reason = reason

    def savefig(self, path: Path, **options: object) -> None:
        path.write_text("half")
        raise self.reason


def test_ctrl_c_while_a_figure_is_saved_leaves_nothing(tmp_path: Path):
    with pytest.raises(KeyboardInterrupt):
        RunFolder(tmp_path).write_figures("toy", {"trace": HalfDrawn(KeyboardInterrupt())})
    assert names(tmp_path) == set()


def test_a_full_disk_leaves_the_former_figure(tmp_path: Path):
    full_disk = OSError(28, "No space left on device")
    (tmp_path / "toy-trace.png").write_text("former")
    with pytest.raises(NeurosimError, match=r"cannot be written \(No space"):
        RunFolder(tmp_path).write_figures("toy", {"trace": HalfDrawn(full_disk)})
    assert names(tmp_path) == {"toy-trace.png"}
    assert (tmp_path / "toy-trace.png").read_text() == "former"


def test_preparing_makes_the_folder_and_leaves_it_empty(tmp_path: Path):
    RunFolder(tmp_path / "a" / "b").prepare()
    assert names(tmp_path / "a" / "b") == set()


def test_a_folder_below_a_file_cannot_be_prepared(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(NeurosimError, match=r"cannot be written \(Not a directory"):
        RunFolder(tmp_path / "file" / "out").prepare()


def test_files_are_listed_once_the_summary_last(tmp_path: Path):
    folder = RunFolder(tmp_path)
    folder.write_summary({"seed": 1})
    folder.write_figures("toy", {"trace": Figure()})
    summary = folder.write_summary({"seed": 1})
    assert summary == {
        "seed": 1,
        "files": [str(tmp_path / "toy-trace.png"), str(tmp_path / "summary.json")],
    }
    assert folder.read_json("summary.json") == summary


SAME = {"scenario": "toy", "settings": {"tau": 5.0}, "seed": 1, "dt_ms": 0.1, "duration_ms": 9.0}


def earlier_run(folder: Path) -> None:
    """Write the files of a run, with files of the user beside them."""
    for name in ("old.png", "mine.png", "notes.txt", "comparison.json", "result.h5"):
        (folder / name).write_text("earlier")
    listed = ["elsewhere/old.png", "notes.txt", "comparison.json", "gone.png"]
    RunFolder(folder).write_json("summary.json", SAME | {"files": listed})


def test_figures_of_the_same_run_are_removed_and_other_files_stay(tmp_path: Path):
    earlier_run(tmp_path)
    RunFolder(tmp_path).clear_earlier_run(SAME | {"files": []})
    assert names(tmp_path) == {"mine.png", "notes.txt", "result.h5"}


def test_a_resumed_run_replaces_its_first_part(tmp_path: Path):
    earlier_run(tmp_path)
    RunFolder(tmp_path).clear_earlier_run(SAME | {"duration_ms": 90.0}, resumed=True)
    assert names(tmp_path) == {"mine.png", "notes.txt", "result.h5"}


@pytest.mark.parametrize(
    ("key", "value"), [("duration_ms", 90.0), ("seed", 2), ("settings", {"tau": 6.0})]
)
def test_a_run_with_other_settings_is_moved_and_not_lost(tmp_path: Path, capsys, key, value):
    for number in (1, 2):
        earlier_run(tmp_path)
        RunFolder(tmp_path).clear_earlier_run(SAME | {key: value})
        earlier = tmp_path / f"earlier-{number}"
        assert f"moved an earlier run with other settings to {earlier}" in capsys.readouterr().err
        assert names(earlier) == {"old.png", "comparison.json", "result.h5", "summary.json"}
        assert (earlier / "result.h5").read_text() == "earlier"
        assert RunFolder(earlier).read_json("summary.json")["seed"] == 1
    assert names(tmp_path) == {"mine.png", "notes.txt", "earlier-1", "earlier-2"}


@pytest.mark.parametrize("text", ['{"scenario": "to', "[1, 2]", ""])
def test_damaged_json_is_told_in_one_sentence(tmp_path: Path, text: str):
    (tmp_path / "summary.json").write_text(text)
    with pytest.raises(
        NeurosimError, match="is damaged or not a JSON object: run the scenario again"
    ):
        RunFolder(tmp_path).read_json("summary.json")
