"""Kill runs at random times, resume them, and check that results do not change.

python -m benchmarks.kills [--kills 200] [--seed 1] [--json]

Each run saves checkpoints and is killed with SIGKILL at a random time, uniform over the duration of
the uninterrupted run. It is then resumed on one to three threads and may be killed again. The
results must be byte-identical to those of the uninterrupted run, and every file left by a killed
run must be readable.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import neurosim as ns
from neurosim.engine.checkpoint import read_checkpoint

RUNS = {
    "cortical-column": ["--set", "scale=0.1", "--duration", "10000"],
    "concept-cell": [],
    "digits": [],
}
EVERY = "0.3"
"""Interval between checkpoints (s)."""


@dataclass
class Tally:
    """Number of kills by outcome."""

    kills: int = 0
    resumed: int = 0
    restarted: int = 0
    """Runs killed before they saved their request, and restarted from the beginning."""
    finished: int = 0
    """Runs that finished before the kill."""
    checkpoints_read: int = 0
    different: int = 0
    unreadable: int = 0


def main() -> int:
    arguments = _parser().parse_args()
    rng, tally = random.Random(arguments.seed), Tally()
    with tempfile.TemporaryDirectory() as root:
        expected = {}
        for name, options in RUNS.items():
            out = Path(root) / f"{name}-uninterrupted"
            _call("run", name, *options, "--no-plot", "--out", str(out))
            started = perf_counter()
            _call(
                "run", name, *options, "--no-plot", "--out", str(out), "--checkpoint-every", EVERY
            )
            expected[name] = perf_counter() - started, _content(out)
        while tally.kills < arguments.kills:
            for name, (seconds, content) in expected.items():
                out = Path(root) / name
                _kill_and_resume(name, out, seconds, rng, tally)
                if _content(out) != content:
                    tally.different += 1
                shutil.rmtree(out)
            print(f"{tally.kills} kills", file=sys.stderr)
    counts = vars(tally)
    print(json.dumps(counts) if arguments.json else counts)
    return 1 if tally.different or tally.unreadable else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "neurosim", *arguments]


def _run_arguments(name: str, out: Path) -> list[str]:
    options = ["--no-plot", "--out", str(out), "--checkpoint-every", EVERY]
    return ["run", name, *RUNS[name], *options]


def _call(*arguments: str) -> None:
    subprocess.run(_command(*arguments), check=True, capture_output=True)


def _kill_and_resume(
    name: str, out: Path, seconds: float, rng: random.Random, tally: Tally
) -> None:
    """Run to the end, with up to three kills on the way."""
    run_arguments = _run_arguments(name, out)
    arguments = run_arguments
    for _ in range(3):
        process = subprocess.Popen(
            _command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(rng.uniform(0.0, seconds))
            tally.finished += 1
            return
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        tally.kills += 1
        _read_remaining_files(out, tally)
        if (out / "order.json").exists():
            arguments = ["resume", str(out), "--threads", str(rng.randint(1, 3))]
            tally.resumed += 1
        elif (out / "summary.json").exists():  # killed while deleting its checkpoints
            subprocess.run(_command("resume", str(out)), check=False, capture_output=True)
            tally.finished += 1
            return
        else:
            arguments = run_arguments
            tally.restarted += 1
    _call(*arguments)


def _read_remaining_files(out: Path, tally: Tally) -> None:
    for path in out.rglob("*"):
        if path.is_dir() or path.name.startswith(".part-"):
            continue
        try:
            if path.name == "result.h5":
                ns.load(path)
            elif path.suffix == ".h5":
                read_checkpoint(path)
                tally.checkpoints_read += 1
            elif path.suffix == ".json":
                json.loads(path.read_text())
        except ValueError as error:
            print(f"{path}: {error}", file=sys.stderr)
            tally.unreadable += 1


def _content(out: Path) -> tuple[bytes, object]:
    """Return the contents of the result file, and the findings and rates."""
    assert sorted(path.name for path in out.iterdir()) == ["result.h5", "summary.json"]
    summary = json.loads((out / "summary.json").read_text())
    return (out / "result.h5").read_bytes(), (summary["findings"], summary["rates_hz"])


if __name__ == "__main__":
    sys.exit(main())
