"""Sweeps through the command line, with worker processes that may be killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from distributed import LocalCluster

import neurosim as ns
from neurosim.cli import main
from neurosim.errors import NeurosimError
from neurosim.experiments.sweep.task import run_point
from neurosim.scenario import run
from neurosim.sweep import SweepFolder, describe, read_table

HUNDRED = ["fi-curve", "--grid", "sigma=1,2,3,4,5,6,7,8,9,10"]
HUNDRED += ["--set", "repeats=2", "--duration", "400", "--seeds", "10"]
"""Points that take about 30 ms each."""


def points_in(folder: Path) -> dict[str, tuple[int, int]]:
    """Name, inode and modification time of each point's file."""
    files = (folder / "points").glob("*")
    return {file.name: (file.stat().st_ino, file.stat().st_mtime_ns) for file in files}


def wait_for(happened: Callable[[], object]) -> None:
    limit = time.monotonic() + 120.0
    while not happened():
        assert time.monotonic() < limit
        time.sleep(0.02)


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen]]:
    """Start `neurosim sweep` in a new session, as in a terminal."""
    with ExitStack() as stack:

        def started(*arguments: str) -> subprocess.Popen:
            command = [sys.executable, "-m", "neurosim", "sweep", *arguments]
            client = subprocess.Popen(
                command, stderr=subprocess.PIPE, text=True, start_new_session=True
            )
            stack.enter_context(client)
            stack.callback(client.kill)
            return client

        yield started


def workers_under(process: psutil.Process) -> list[psutil.Process]:
    return [child for child in process.children() if "spawn_main" in " ".join(child.cmdline())]


@pytest.mark.slow
def test_a_hundred_points_are_each_done_once_whoever_is_killed(start, tmp_path: Path, capsys):
    command = ["sweep", *HUNDRED, "--out", str(tmp_path), "--workers", "2"]

    client = start(*command[1:])
    wait_for(lambda: len(points_in(tmp_path)) >= 10)
    workers = workers_under(psutil.Process(client.pid))
    client.kill()
    client.communicate()
    psutil.wait_procs(workers, timeout=30)  # they do not outlive it
    assert not any(worker.is_running() for worker in workers)
    first = points_in(tmp_path)

    killed = []

    def kill_a_worker() -> None:
        wait_for(lambda: len(points_in(tmp_path)) >= len(first) + 10)
        victim = workers_under(psutil.Process())[0]
        victim.kill()
        killed.append(len(points_in(tmp_path)))

    killer = threading.Thread(target=kill_a_worker)
    killer.start()
    assert main(command) == 0
    killer.join()
    assert "100 of 100 points completed" in capsys.readouterr().err
    assert 10 <= len(first) < killed[0] < 100

    second = points_in(tmp_path)
    assert len(second) == 100
    assert first.items() <= second.items()

    assert main([*command, "--json"]) == 0  # nothing is left to do
    assert points_in(tmp_path) == second
    found = json.loads(capsys.readouterr().out)
    assert (found["points"], found["done"], found["missing"], found["failed"]) == (100, 100, 0, [])

    assert main([*command, "--duration", "500"]) == 2
    said = capsys.readouterr().err
    assert "holds another sweep, with duration_ms 400 instead of 500: give another folder" in said


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(start, tmp_path: Path):
    client = start(*HUNDRED, "--out", str(tmp_path), "--workers", "1")
    wait_for(lambda: len(points_in(tmp_path)) >= 3)
    os.killpg(client.pid, signal.SIGINT)  # as a terminal sends it: to the workers too
    words = client.communicate(timeout=30)[1]
    assert client.returncode == 130
    done = len(points_in(tmp_path))
    assert 3 <= done < 100
    lines = [line for line in words.splitlines() if line.startswith("neurosim: ")]
    assert lines == [
        f"neurosim: fi-curve: {done} of 100 points completed",
        f"neurosim: repeat the command to run the {100 - done} missing points",
        "neurosim: stopped",
    ]
    assert "Traceback" not in words


@pytest.mark.slow
def test_a_point_that_kills_its_workers_is_given_up(tmp_path: Path, capsys, monkeypatch):
    def deadly(point, threads, version):
        if point.settings["tau"] == 2.0:
            os._exit(1)
        return run_point(point, threads, version)

    command = ["sweep", "psp-summation", "--grid", "tau=1,2,4", "--seeds", "1", "--workers", "1"]
    command += ["--out", str(tmp_path)]
    with monkeypatch.context() as patch:
        patch.setattr("neurosim.experiments.sweep.workers.run_point", deadly)
        assert main(command) == 2
    said = capsys.readouterr().err
    assert "psp-summation: 2 of 3 points completed" in said
    assert "tau=2, seed 1: gave up after 3 workers died running it" in said
    assert len(points_in(tmp_path)) == 2
    assert "repeat the command to run the 1 missing point" in said


@pytest.mark.slow
def test_workers_of_any_scheduler_find_what_a_plain_run_finds(tmp_path: Path, capsys):
    with LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    ) as cluster:
        address = cluster.scheduler_address
        arguments = ["psp-summation", "--grid", "psps=10,3,3;-6,10,3", "--seeds", "2,5"]
        arguments += ["--scheduler", address, "--out", str(tmp_path), "--json"]
        assert main(["sweep", *arguments]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [place["findings"]["fired"]["mean"] for place in found["table"]] == [1.0, 0.0]
    plain = run("psp-summation", psps=(10.0, 3.0, 3.0), seed=5).summary
    kept = [json.loads(file.read_text()) for file in (tmp_path / "points").iterdir()]
    (entry,) = [p for p in kept if p["seed"] == 5 and p["settings"]["psps"] == [10.0, 3.0, 3.0]]
    same = ("scenario", "settings", "seed", "dt_ms", "duration_ms", "rates_hz", "findings")
    assert entry == {name: plain[name] for name in same}
    assert {Path(file).name for file in found["files"]} == {"sweep.csv", "sweep.png"}

    table = (tmp_path / "sweep.csv").read_bytes()
    for file in found["files"]:
        Path(file).unlink()
    assert main(["plot", str(tmp_path)]) == 0
    assert (tmp_path / "sweep.csv").read_bytes() == table
    assert (tmp_path / "sweep.png").stat().st_size > 10_000


def test_a_scenario_file_is_swept_and_kept_with_its_points(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "my.toml"]) == 0
    described = describe("my.toml", {"inputs.0.rate": [1200]}, seeds=2, duration=300.0)
    folder = SweepFolder("out")
    folder.claim(described)
    for point in described.points():
        folder.add(point.key, run_point(point, 1, ns.__version__))
    Path("my.toml").unlink()
    assert main(["plot", "out"]) == 0
    assert folder.sweep().as_dict() == described.as_dict()
    assert not read_table(described, folder).missing
    changed = Path("out", "scenario.toml")
    changed.write_text(changed.read_text() + "# another\n")
    with pytest.raises(NeurosimError, match="is damaged or belongs to another sweep"):
        folder.sweep()


def test_an_address_where_nothing_answers_is_told_in_time(tmp_path: Path, capsys, monkeypatch):
    monkeypatch.setattr("neurosim.experiments.sweep.workers.CONNECT_TIMEOUT", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # accepts connections and never answers
        port = deaf.getsockname()[1]
        arguments = ["psp-summation", "--grid", "tau=1,2", "--out", str(tmp_path)]
        assert main(["sweep", *arguments, "--scheduler", f"tcp://127.0.0.1:{port}"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"neurosim: no scheduler answers at 'tcp://127.0.0.1:{port}' (")
    assert said.count("\n") == 1


@pytest.mark.parametrize("address", ["nonsense", "foo://x:1"])
def test_what_is_no_address_is_told_at_once(tmp_path: Path, capsys, address: str):
    arguments = ["psp-summation", "--grid", "tau=1,2", "--out", str(tmp_path)]
    assert main(["sweep", *arguments, "--scheduler", address]) == 2
    assert f"no scheduler answers at '{address}'" in capsys.readouterr().err
