"""An interrupted run is resumed with the same bits."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neurosim.cli import main

COLUMN = ("cortical-column", "--set", "scale=0.02", "--duration", "6000", "--no-plot")
EVERY = ("--checkpoint-every", "0.1")


def _start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "neurosim", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that fails with status 2; return its message."""

    def carry_out(*arguments: str) -> str:
        assert main(arguments) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        return said

    return carry_out


def _wait_for_checkpoint(job: subprocess.Popen[str], out: Path) -> None:
    """Wait for the first checkpoint."""
    while not list(out.glob("checkpoints/*.h5")):
        assert job.poll() is None, job.stderr and job.stderr.read()
        time.sleep(0.02)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("undisturbed")
    assert main(["run", *COLUMN, "--out", str(out)]) == 0
    return _figures(out)


def _figures(out: Path) -> dict[str, Any]:
    assert sorted(path.name for path in out.iterdir()) == ["result.h5", "summary.json"]
    summary = json.loads((out / "summary.json").read_text())
    return {
        "bytes": (out / "result.h5").read_bytes(),
        "findings": sorted(summary["findings"]),
        "rates": summary["rates_hz"],
    }


def test_checkpoints_change_nothing(tmp_path: Path, undisturbed: dict[str, Any]) -> None:
    assert main(["run", *COLUMN, *EVERY, "--out", str(tmp_path)]) == 0
    assert _figures(tmp_path) == undisturbed


def test_a_killed_run_is_resumed_with_the_same_bits(
    tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    draw = random.Random(1)
    job = _start("run", *COLUMN, *EVERY, "--out", str(tmp_path))
    for threads in ("2", "1"):
        _wait_for_checkpoint(job, tmp_path)
        time.sleep(draw.uniform(0.0, 0.5))
        job.kill()
        job.communicate()
        job = _start("resume", str(tmp_path), "--threads", threads)
    _, printed = job.communicate()
    assert job.returncode == 0, printed
    assert _figures(tmp_path) == undisturbed


def test_ctrl_c_keeps_a_checkpoint_and_names_the_command(
    tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    job = _start("run", *COLUMN, *EVERY, "--out", str(tmp_path))
    _wait_for_checkpoint(job, tmp_path)
    job.send_signal(signal.SIGINT)
    _, printed = job.communicate()
    assert job.returncode == 130
    assert f"continue with `neurosim resume {tmp_path}`" in printed
    assert main(["resume", str(tmp_path)]) == 0
    assert _figures(tmp_path) == undisturbed


def test_ctrl_c_twice_ends_at_once_and_loses_no_checkpoint(
    tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    job = _start("run", *COLUMN, *EVERY, "--out", str(tmp_path))
    _wait_for_checkpoint(job, tmp_path)
    job.send_signal(signal.SIGINT)
    time.sleep(0.002)
    job.send_signal(signal.SIGINT)
    _, printed = job.communicate()
    assert job.returncode == 130
    assert "Traceback" not in printed
    assert main(["resume", str(tmp_path)]) == 0
    assert _figures(tmp_path) == undisturbed


def test_a_full_disk_is_reported_and_loses_no_checkpoint(
    tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    def small_files_only() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, 120_000))

    cache = os.environ | {"NUMBA_DISABLE_PERFORMANCE_WARNINGS": "1"}
    options = {"preexec_fn": small_files_only, "env": cache}
    job = _start("run", *COLUMN, *EVERY, "--out", str(tmp_path), **options)
    _, printed = job.communicate()
    assert job.returncode == 2
    assert "cannot be written (File too large)" in printed
    assert "Traceback" not in printed
    assert not list(tmp_path.rglob(".part-*"))
    assert main(["resume", str(tmp_path)]) == 0
    assert _figures(tmp_path) == undisturbed


def test_a_run_does_not_replace_one_that_can_be_resumed(tmp_path: Path, refused: Any) -> None:
    job = _start("run", *COLUMN, *EVERY, "--out", str(tmp_path))
    _wait_for_checkpoint(job, tmp_path)
    job.kill()
    job.communicate()
    kept = sorted(tmp_path.rglob("*.h5"))
    printed = refused("run", *COLUMN, "--out", str(tmp_path))
    assert f"continue it with `neurosim resume {tmp_path}`" in printed
    assert sorted(tmp_path.rglob("*.h5")) == kept


def test_runs_that_cannot_be_resumed_are_refused(tmp_path: Path, refused: Any) -> None:
    assert "does not exist" in refused("resume", str(tmp_path / "nowhere"))
    (tmp_path / "summary.json").write_text("{}")
    (tmp_path / "checkpoints").mkdir()  # killed before it removed the checkpoints
    (tmp_path / "checkpoints" / "000001.h5").write_bytes(b"")
    assert "is complete" in refused("resume", str(tmp_path))
    assert not (tmp_path / "checkpoints").exists()
    for damaged in ('{"name": 3', "[]"):
        (tmp_path / "order.json").write_text(damaged)
        printed = refused("resume", str(tmp_path))
        assert "order.json is damaged" in printed


@pytest.mark.parametrize("every", ["0", "-3", "nan"])
def test_an_invalid_interval_is_refused(tmp_path: Path, refused: Any, every: str) -> None:
    printed = refused("run", *COLUMN, f"--checkpoint-every={every}", "--out", str(tmp_path))
    assert "give seconds between checkpoints, such as 60" in printed
