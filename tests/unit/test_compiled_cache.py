"""Compiled code is read back only from where no one else can write."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from neurosim.kernels.compiled import _fault

pytestmark = pytest.mark.skipif(os.name != "posix", reason="about permissions of POSIX")


def test_the_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "neurosim" / "kernels"
    assert _fault(folder) is None
    for own in (folder, folder.parent):
        assert stat.S_IMODE(own.stat().st_mode) == 0o700
    folder.chmod(0o777)
    assert _fault(folder) is None  # what is one's own can be put right
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_in_a_place_that_all_can_write_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    assert _fault(tmp_path / "open" / "neurosim" / "kernels") == (
        f"others can write to {tmp_path / 'open'}"
    )
    (tmp_path / "open").chmod(0o1777)  # where only one's own can be renamed, as in /tmp
    assert _fault(tmp_path / "open" / "neurosim" / "kernels") is None


def test_a_folder_of_another_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "neurosim" / "kernels"
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    assert _fault(folder) == f"{folder} belongs to another"


def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").touch()  # a folder below it cannot be made
    program = "import neurosim.kernels.compiled as c; print(c._FOLDER)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path / "file"), "NUMBA_CACHE_DIR": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "are compiled anew each time" in done.stderr
    assert "set XDG_CACHE_HOME to a folder of your own" in done.stderr
    assert not Path(done.stdout.strip()).exists()  # removed at the end
