"""Compiled code is read back only from where no one else can write."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

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


SOURCE = """
from neurosim.utils.compilation import compiled

@compiled(folder=FOLDER)
def double(x):
    return 2 * x
"""


def double_from(folder: Path) -> Any:
    """Return a function that is compiled anew, or read back from the cache."""
    source = folder / "doubling.py"
    if not source.exists():
        source.write_text(SOURCE)
    module = {"FOLDER": str(folder / "cache"), "__name__": "doubling"}
    exec(compile(source.read_text(), str(source), "exec"), module)
    return module["double"]


def hits(folder: Path) -> int:
    """Return how many of two compiled functions are read back from the cache."""
    double = double_from(folder)
    assert (double(21), double(1.5)) == (42, 3.0)
    return sum(double._cache_hits.values())


def test_a_full_cache_costs_time_and_nothing_else(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    (tmp_path / "doubling.py").write_text(SOURCE)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))  # as where a disk is full
    try:
        with pytest.warns(UserWarning, match=r"cannot be cached \(File too large\)"):
            assert hits(tmp_path) == 0
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert hits(tmp_path) == 0
    assert hits(tmp_path) == 2


@pytest.mark.parametrize("ending", [".nbi", ".nbc"])
def test_damaged_files_in_the_cache_are_replaced(tmp_path: Path, ending: str) -> None:
    assert hits(tmp_path) == 0
    for path in (tmp_path / "cache").rglob(f"*{ending}"):
        path.write_bytes(path.read_bytes()[:5])
    assert hits(tmp_path) == 0
    assert hits(tmp_path) == 2


@pytest.mark.parametrize("variables", [{}, {"NUMBA_CACHE_DIR": "/dev/null/none"}])
def test_without_a_folder_kernels_are_compiled_without_a_cache(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    (tmp_path / "file").touch()  # a folder below it cannot be made
    program = """if True:
        from neurosim.kernels.compiled import kernel
        print(kernel(lambda x: 2 * x)._cache.cache_path)
    """
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ
        | {"XDG_CACHE_HOME": str(tmp_path / "file"), "NUMBA_CACHE_DIR": ""}
        | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "None\n"
    assert done.stderr.count("compiled code cannot be cached (/") == 1
    assert "set XDG_CACHE_HOME to a writable folder on a disk with free space" in done.stderr
