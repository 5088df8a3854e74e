"""A run that is stopped goes on where it was, whatever stopped it."""

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
    """Carry out a command that is the user's mistake; return the sentence it says."""

    def carry_out(*arguments: str) -> str:
        assert main(arguments) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        return said

    return carry_out


def _until_kept(job: subprocess.Popen[str], out: Path) -> None:
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


def test_a_killed_run_goes_on_with_the_same_bits(
    tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    draw = random.Random(1)
    job = _start("run", *COLUMN, *EVERY, "--out", str(tmp_path))
    for threads in ("2", "1"):
        _until_kept(job, tmp_path)
        time.sleep(draw.uniform(0.0, 0.5))
        job.kill()
        job.communicate()
        job = _start("resume", str(tmp_path), "--threads", threads)
    _, told = job.communicate()
    assert job.returncode == 0, told
    assert _figures(tmp_path) == undisturbed


def test_ctrl_c_keeps_a_checkpoint_and_says_how_to_go_on(
    tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    job = _start("run", *COLUMN, *EVERY, "--out", str(tmp_path))
    _until_kept(job, tmp_path)
    job.send_signal(signal.SIGINT)
    _, told = job.communicate()
    assert job.returncode == 130
    assert f"continue with `neurosim resume {tmp_path}`" in told
    assert main(["resume", str(tmp_path)]) == 0
    assert _figures(tmp_path) == undisturbed


def test_ctrl_c_twice_ends_at_once_and_loses_no_checkpoint(
    tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    job = _start("run", *COLUMN, *EVERY, "--out", str(tmp_path))
    _until_kept(job, tmp_path)
    job.send_signal(signal.SIGINT)
    time.sleep(0.002)
    job.send_signal(signal.SIGINT)
    _, told = job.communicate()
    assert job.returncode == 130
    assert "Traceback" not in told
    assert main(["resume", str(tmp_path)]) == 0
    assert _figures(tmp_path) == undisturbed


def test_a_full_disk_is_told_and_loses_no_checkpoint(
    tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    def small_files_only() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, 120_000))

    cache = os.environ | {"NUMBA_DISABLE_PERFORMANCE_WARNINGS": "1"}
    options = {"preexec_fn": small_files_only, "env": cache}
    job = _start("run", *COLUMN, *EVERY, "--out", str(tmp_path), **options)
    _, told = job.communicate()
    assert job.returncode == 2
    assert "cannot be written (File too large)" in told
    assert "Traceback" not in told
    assert not list(tmp_path.rglob(".part-*"))
    assert main(["resume", str(tmp_path)]) == 0
    assert _figures(tmp_path) == undisturbed


def test_a_run_is_not_begun_over_one_that_can_be_gone_on_with(tmp_path: Path, refused: Any) -> None:
    job = _start("run", *COLUMN, *EVERY, "--out", str(tmp_path))
    _until_kept(job, tmp_path)
    job.kill()
    job.communicate()
    kept = sorted(tmp_path.rglob("*.h5"))
    told = refused("run", *COLUMN, "--out", str(tmp_path))
    assert f"continue with `neurosim resume {tmp_path}`" in told
    assert sorted(tmp_path.rglob("*.h5")) == kept


def test_what_cannot_be_gone_on_with_is_told(tmp_path: Path, refused: Any) -> None:
    assert "does not exist" in refused("resume", str(tmp_path / "nowhere"))
    (tmp_path / "summary.json").write_text("{}")
    (tmp_path / "checkpoints").mkdir()  # it was killed when all but to remove these was done
    (tmp_path / "checkpoints" / "000001.h5").write_bytes(b"")
    assert "is complete" in refused("resume", str(tmp_path))
    assert not (tmp_path / "checkpoints").exists()
    for damaged in ('{"name": 3', "[]"):
        (tmp_path / "order.json").write_text(damaged)
        told = refused("resume", str(tmp_path))
        assert "order.json is damaged" in told


@pytest.mark.parametrize("every", ["0", "-3", "nan"])
def test_an_interval_that_is_no_time_is_refused(tmp_path: Path, refused: Any, every: str) -> None:
    told = refused("run", *COLUMN, f"--checkpoint-every={every}", "--out", str(tmp_path))
    assert "give seconds between checkpoints, such as 60" in told
