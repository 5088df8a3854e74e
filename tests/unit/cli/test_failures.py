"""Failures of the environment end a command with one message and status 2."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from neurosim.cli import failures, main
from neurosim.cli.failures import explain
from neurosim.cli.report import print_json
from neurosim.experiments.toml.start import start_text

ROOT = Path(__file__).parents[3]
START = start_text()


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError("Unable to allocate 5 GiB"), r"out of memory (Unable to allocate 5 GiB): "),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out of memory: "),
        (OSError(errno.ENOSPC, "", "a.h5"), "a.h5: No space left on device"),
        (OSError(errno.ENAMETOOLONG, "", b"a" * 9), "aaaaaaaaa: File name too long"),
        (OSError(errno.EMFILE, ""), "Too many open files"),
    ],
)
def test_a_failure_of_the_system_is_explained(error: OSError, said: str):
    assert (explain(raised(error)) or "").startswith(said)
    assert (explain(raised(RuntimeError("no"), error)) or "").startswith(said)


@pytest.mark.parametrize(
    "error",
    [
        KeyError("a"),
        FileNotFoundError(errno.ENOENT, "", "a.h5"),
        RuntimeError("can't start new thread"),  # of which a limit is not the only cause
        ImportError("a.so: failed to map segment from shared object"),
        SystemError("error return without exception set"),
        SystemError("<built-in f> returned NULL without setting an exception"),
    ],
)
def test_a_defect_is_not_explained_away(error: BaseException):
    assert explain(raised(error)) is None


@pytest.mark.parametrize(
    "text",
    ["error return without exception set", "f returned NULL without setting an exception"],
)
def test_where_memory_is_limited_extensions_that_fail_lack_memory(monkeypatch, text: str):
    monkeypatch.setattr(failures, "process_limits", lambda: {"VmSize": 2**29})
    assert "limited to 0.5 GiB (ulimit -v)" in explain(raised(SystemError(text)))


def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "neurosim", *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"} | variables,
        capture_output=True,
        text=True,
        errors="strict",
        timeout=120,
    )


def test_characters_that_a_terminal_lacks_are_replaced():
    without_utf8 = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = command("list", **without_utf8)
    assert done.returncode == 0, done.stderr
    assert "?" in done.stdout
    assert done.stdout.isascii()


class Terminal(io.TextIOWrapper):
    """A text stream with a given encoding."""

    def __init__(self, encoding: str) -> None:
        self.bytes = io.BytesIO()
        super().__init__(self.bytes, encoding=encoding)

    @property
    def shown(self) -> bytes:
        self.flush()
        return self.bytes.getvalue()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
def test_tables_and_messages_are_shown_in_every_encoding(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    text = START.replace("title =", 'title = "σ → 中" #', 1)
    (tmp_path / "网.toml").write_text(text, encoding="utf-8")
    streams = Terminal(encoding), Terminal(encoding)
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    assert main(["show", str(tmp_path / "网.toml")]) == 0
    assert main(["show", str(tmp_path / "中.toml")]) == 2
    assert b"?.toml" in streams[0].shown
    assert "σ".encode(encoding, "replace") in streams[0].shown
    assert b"?.toml cannot be read" in streams[1].shown


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_json_is_whole_in_every_encoding(encoding: str, monkeypatch: pytest.MonkeyPatch):
    content = {"title": "σ → 中", "file": os.fsdecode(b"caf\xe9")}
    out = Terminal(encoding)
    monkeypatch.setattr(sys, "stdout", out)
    print_json(content)
    assert json.loads(out.shown.decode(encoding)) == content


def test_a_variable_that_numba_refuses_is_named(tmp_path: Path):
    done = command("run", "vote", "--out", str(tmp_path / "out"), NUMBA_NUM_THREADS="0")
    assert done.returncode == 2
    assert done.stderr.startswith("neurosim: Numba failed (")
    assert "NUMBA_NUM_THREADS=0" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "x" * 5_000),
        ("show", "x" * 5_000 + ".toml"),
        ("run", "vote", "--out", "x" * 5_000),
        ("resume", "a/" * 4_000),
        ("run", "vote", "--set", f"voters={'9' * 5_000}"),
    ],
)
def test_names_that_are_too_long_are_refused_in_a_short_sentence(arguments, capsys):
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert len(said) < 500


def test_a_file_name_that_is_no_text_is_kept(tmp_path: Path, capsys):
    out = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    assert main(["run", "vote", "--json", "--out", out]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert all(Path(file).exists() for file in files)
    assert main(["plot", out]) == 0
    assert json.loads((Path(out) / "summary.json").read_text(encoding="utf-8"))["files"] == files


limited = pytest.mark.skipif(sys.platform != "linux", reason="the limits are those of Linux")

SUPERVISED = """
import os, resource, signal, sys, time
resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))
from neurosim.cli.supervision import supervised

def wait():
    print(os.getpid(), flush=True)
    time.sleep(60)
    return 0

def stop():
    try:
        return wait()
    except KeyboardInterrupt:
        return 130

# Started in the background by a shell, Python would ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(supervised({
    "return": lambda: 7,
    "raise": lambda: sys.exit(5),
    "abort": os.abort,
    "segv": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "exit": lambda: os._exit(1),
    "wait": wait,
    "stop": stop,
}[sys.argv[1]]))
"""


def start(what: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SUPERVISED, what],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@limited
@pytest.mark.parametrize(
    ("what", "status"), [("return", 7), ("abort", 2), ("segv", 2), ("exit", 2)]
)
def test_a_library_that_ends_the_process_for_lack_of_memory_is_reported(what: str, status: int):
    process = start(what)
    _, said = process.communicate(timeout=60)
    assert process.returncode == status
    words = "neurosim: out of memory: this process is limited to 4 GiB (ulimit -v); raise"
    assert said.startswith(words) == (status == 2)


@limited
@pytest.mark.parametrize(
    ("what", "number", "status"),
    [("stop", signal.SIGINT, 130), ("wait", signal.SIGTERM, -15), ("wait", signal.SIGKILL, -9)],
)
def test_signals_reach_the_command_behind_its_supervisor(what: str, number: int, status: int):
    process = start(what)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.send_signal(number)
    assert process.wait(timeout=60) == status
    process.communicate()
    for _ in range(1_000):  # the system ends it, and init collects it
        state = Path(f"/proc/{child}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            return
        time.sleep(0.01)
    pytest.fail("the command has outlived its supervisor")


@limited
@pytest.mark.parametrize("limit", [0.35, 0.45])
def test_a_command_without_enough_memory_says_so(tmp_path: Path, limit: float):
    limited = ["bash", "-c", 'ulimit -v $0 && exec "$@"', str(int(limit * 2**20))]
    command = [sys.executable, "-m", "neurosim", "run", "psp-summation", "--out", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    # CPython 3.11 can loop forever if memory runs out during an import.
    for _ in range(3):
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = subprocess.run(
                limited + command, env=environment, capture_output=True, text=True, timeout=120
            )
            break
    else:
        pytest.fail("the command did not end")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "out of memory" in done.stderr.splitlines()[-1]
    assert "(ulimit -v); raise the limit" in done.stderr
