"""A folder is locked while a process writes it, and usable after the process is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from neurosim.cli import main
from neurosim.errors import NeurosimError
from neurosim.sweep import sweep
from neurosim.utils.lock import LOCK, lock_folder, require_unlocked

ROOT = Path(__file__).parents[3]
HOLDER = """
import sys, time
from pathlib import Path
from neurosim.utils.lock import lock_folder
with lock_folder(Path(sys.argv[1]), shared=sys.argv[2] == "True"):
    print("locked", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def held(folder: Path, *, shared: bool = False) -> Iterator[subprocess.Popen[str]]:
    """Lock a folder in another process."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), str(shared)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    try:
        yield process
    finally:
        process.communicate("\n")


def test_a_locked_folder_is_refused_until_it_is_released(tmp_path: Path):
    folder = tmp_path / "a" / "out"
    with held(folder) as process:
        words = rf"out is being written by another run \(process {process.pid}\): wait until"
        for refuses in (lambda: require_unlocked(folder), lock_folder(folder).__enter__):
            with pytest.raises(NeurosimError, match=words):
                refuses()
    require_unlocked(folder)
    with lock_folder(folder):
        assert [path.name for path in folder.iterdir()] == [LOCK]
    assert list(folder.iterdir()) == []


def test_a_lock_also_excludes_threads_of_the_same_process(tmp_path: Path):
    with lock_folder(tmp_path), pytest.raises(NeurosimError, match=rf"\(process {os.getpid()}\)"):
        lock_folder(tmp_path).__enter__()


def test_shared_locks_exclude_only_exclusive_ones(tmp_path: Path):
    with held(tmp_path, shared=True):
        with lock_folder(tmp_path, shared=True):
            pass
        assert (tmp_path / LOCK).exists()  # still held by the other process
        with pytest.raises(NeurosimError, match="is being written by another run"):
            lock_folder(tmp_path).__enter__()
    with lock_folder(tmp_path), pytest.raises(NeurosimError, match="is being written"):
        lock_folder(tmp_path, shared=True).__enter__()
    assert not (tmp_path / LOCK).exists()


def test_the_lock_of_a_killed_process_is_released(tmp_path: Path):
    with held(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (tmp_path / LOCK).exists()
        require_unlocked(tmp_path)
        with lock_folder(tmp_path):
            pass
    assert not (tmp_path / LOCK).exists()


@pytest.mark.parametrize("content", [b"", b"lots\n", b"\xff" * 10_000])
def test_a_lock_file_with_any_content_is_reused(tmp_path: Path, content: bytes):
    (tmp_path / LOCK).write_bytes(content)
    with lock_folder(tmp_path):
        assert (tmp_path / LOCK).read_bytes() == b"%d\n" % os.getpid()


def test_no_command_writes_into_the_folder_of_a_run(tmp_path: Path, capsys):
    out = tmp_path / "out"
    assert main(["run", "vote", "--no-plot", "--out", str(out)]) == 0
    (tmp_path / "a.csv").write_text("neuron,time_ms\n0,1.5\n")
    capsys.readouterr()
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with held(out):
        for command in (
            ["run", "vote", "--seed", "2", "--out"],
            ["compare", "vote", "--out"],
            ["import", str(tmp_path / "a.csv"), "--out"],
            ["resume"],
            ["plot"],
        ):
            assert main([*command, str(out)]) == 2
            said = capsys.readouterr().err
            assert "out is being written by another run (process " in said
            assert said.count("\n") == 1
        with pytest.raises(NeurosimError, match="is being written by another run"):
            sweep("vote", {"trials": [2000, 3000]}, seeds=1, out=out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
