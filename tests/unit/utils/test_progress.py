"""Progress on stderr: in terminals, notebooks and files, and the notice of compilation."""

from __future__ import annotations

import io
import multiprocessing
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

import neurosim as ns
from neurosim.utils import compilation
from neurosim.utils.progress import Activity, clear_line, may_notify, progress_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    @property
    def lines(self) -> list[str]:
        """What one after another stood in the line."""
        return [text.rstrip() for text in self.getvalue().split("\r") if text.strip()]


Notebook = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})


@pytest.fixture(autouse=True)
def _switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEUROSIM_PROGRESS")
    monkeypatch.setenv("TERM", "xterm")


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> Callable[[io.StringIO], Any]:
    def replace(stream: io.StringIO) -> io.StringIO:
        monkeypatch.setattr(sys, "stderr", stream)
        return stream

    return replace


def wait_for(text: str, stream: io.StringIO) -> None:
    """Wait until a text has been written."""
    deadline = time.monotonic() + 30.0
    while text not in stream.getvalue():
        assert time.monotonic() < deadline, stream.getvalue()
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("done", "now", "line"),
    [
        (0.0, 7.4, "simulating … 7 s"),
        (250.0, 3.0, "simulating  25% [#####...............] 250 of 1,000 ms, 3 s, 9 s left"),
        (500.0, 99.6, "simulating  50% [##########..........] 500 of 1,000 ms, 1:40, 1:40 left"),
        (10.0, 61.0, "simulating   1% [....................] 10 of 1,000 ms, 61 s, 1:40:39 left"),
        (1000.0, 60.0, "simulating 100% [####################] 1,000 of 1,000 ms, 60 s, 0 s left"),
    ],
)
def test_the_line_contains_the_time_left(done: float, now: float, line: str) -> None:
    activity = Activity("simulating", 1000.0, "ms", started=0.0)
    activity.done = done
    assert activity.line(now) == line


def test_a_terminal_shows_one_line_that_is_erased(stderr: Any) -> None:
    stream = stderr(Terminal())
    with progress_bar(4.0, unit="points", text="sweeping", delay=0.0) as show:
        show(1.0)
        wait_for("25%", stream)
        show(2.0)
        wait_for("50%", stream)
    assert "\n" not in stream.getvalue()
    assert stream.getvalue().endswith(f"\r{' ' * len(stream.lines[-1])}\r")


def test_work_that_ends_before_the_delay_shows_nothing(stderr: Any) -> None:
    stream = stderr(Terminal())
    with progress_bar(text="outer", delay=0.0), progress_bar(1.0, delay=1e9):
        wait_for("outer … ", stream)
    assert all(line.startswith("outer") for line in stream.lines)


def test_the_innermost_work_is_shown(stderr: Any) -> None:
    stream = stderr(Terminal())
    with progress_bar(text="outer", delay=0.0):
        wait_for("outer", stream)
        with progress_bar(text="inner", delay=0.0):
            wait_for("inner", stream)
        seen = len(stream.getvalue())
        while "outer" not in stream.getvalue()[seen:]:
            time.sleep(0.01)
    assert "inner" not in stream.getvalue()[seen:]


def test_other_output_starts_on_an_empty_line(stderr: Any) -> None:
    stream = stderr(Terminal())
    with progress_bar(text="sweeping", delay=0.0):
        wait_for("sweeping", stream)
        clear_line()
        assert stream.getvalue().endswith(" \r")


def test_a_notebook_shows_a_line_too(stderr: Any) -> None:
    stream = stderr(Notebook())
    with progress_bar(2.0, delay=0.0) as show:
        show(1.0)
        wait_for("50%", stream)
    assert stream.getvalue().startswith("\rsimulating")
    assert stream.getvalue().endswith(" \r")


def test_a_file_receives_lines_only_on_request(stderr: Any) -> None:
    stream = stderr(io.StringIO())
    with progress_bar(2.0, delay=0.0):
        time.sleep(0.5)
    assert stream.getvalue() == ""
    with progress_bar(2.0, show=True) as show:
        show(1.0)
        wait_for("50%", stream)
    assert "\r" not in stream.getvalue()
    assert stream.getvalue().endswith("left\n")


def test_a_closed_stream_is_no_obstacle(stderr: Any) -> None:
    stderr(io.StringIO()).close()
    for show in (None, True):
        with progress_bar(show=show):
            time.sleep(0.3)


@pytest.mark.parametrize(
    ("variables", "notifies"),
    [
        ({}, True),
        ({"NEUROSIM_PROGRESS": "0"}, False),
        ({"PMI_SIZE": "2", "PMI_RANK": "0"}, True),
        ({"PMI_SIZE": "2", "PMI_RANK": "1"}, False),
        ({"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "3"}, False),
    ],
)
def test_one_process_of_a_job_notifies(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], notifies: bool
) -> None:
    monkeypatch.delitem(sys.modules, "mpi4py.MPI", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert may_notify() == notifies


def test_worker_processes_do_not_notify() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert not pool.apply(may_notify)


SOURCE = """
from neurosim.utils.compilation import compiled

@compiled(folder=FOLDER)
def double(x):
    return 2 * x
"""


def double_from(folder: Path, name: str) -> Any:
    source = folder / "doubling.py"
    if not source.exists():  # its time of change is part of the key of the cache
        source.write_text(SOURCE)
    module = {"FOLDER": str(folder / "cache"), "__name__": name}
    exec(compile(source.read_text(), str(source), "exec"), module)
    return module["double"]


def test_compilation_is_announced_once_and_measured(
    tmp_path: Path, stderr: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compilation, "NOTICE_DELAY", 0.0)
    stream, before = stderr(io.StringIO()), compilation.compile_seconds()
    monkeypatch.setattr("neurosim.utils.progress._line._written", set())
    double = double_from(tmp_path, "neurosim_double")
    assert double(21) == 42
    assert double(1.5) == 3.0
    assert stream.getvalue() == f"{compilation.NOTICE} …\n"
    assert compilation.compile_seconds() > before


def test_a_terminal_shows_the_time_of_compilation(
    tmp_path: Path, stderr: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compilation, "NOTICE_DELAY", 0.0)
    stream = stderr(Terminal())
    double_from(tmp_path, "neurosim_double")(21)
    assert stream.lines[0].startswith(f"{compilation.NOTICE} … ")
    assert stream.getvalue().endswith(" \r")


@pytest.mark.parametrize(
    ("name", "cached", "switch"),
    [("neurosim_double", True, "1"), ("other", False, "1"), ("neurosim_double", False, "0")],
)
def test_nothing_is_announced(
    tmp_path: Path,
    stderr: Any,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    cached: bool,
    switch: str,
) -> None:
    monkeypatch.setattr(compilation, "NOTICE_DELAY", 0.0)
    if cached:
        double_from(tmp_path, name)(21)
    stream = stderr(Terminal())
    monkeypatch.setenv("NEUROSIM_PROGRESS", switch)
    assert double_from(tmp_path, name)(21) == 42
    assert stream.getvalue() == ""


class Leaky(ns.NeuronModel):
    """A model that no other test compiles."""

    v: ClassVar = ns.state("mV", -64.5)

    @staticmethod
    def derivatives(v, i, p):
        return (-64.5 - v + 0.07 * i) / 13.7

    @staticmethod
    def spikes(v_before, v, p):
        return v >= -51.25

    @staticmethod
    def reset(v, p):
        return -64.5


def test_compilation_is_not_part_of_the_build_time() -> None:
    net = ns.Network()
    net.add("cell", 1, Leaky())
    first, second = (ns.simulate(net, 1.0).stats for _ in range(2))
    assert first.compile_s > 0.0
    assert first.build_s > 0.0
    assert second.compile_s < first.compile_s
