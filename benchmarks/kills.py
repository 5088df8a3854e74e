"""Kills runs at random instants, goes on with them, and compares the bits of what they leave.

python -m benchmarks.kills [--kills 200] [--seed 1] [--json]

Each run is started with checkpoints, killed with SIGKILL at an instant drawn uniformly from the
time that the undisturbed run takes, and gone on with, on another number of threads; what goes on
may be killed again. Files that hold the figures must be those of the undisturbed run, byte by
byte, and every file that a kill leaves must be readable.
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
"""Seconds between checkpoints."""


@dataclass
class Tally:
    """What became of the kills."""

    kills: int = 0
    resumed: int = 0
    before_the_order: int = 0
    """Killed before the run had written what it was to do: begun again."""
    over: int = 0
    """Kills that came after the end."""
    checkpoints_read: int = 0
    other_bits: int = 0
    unreadable: int = 0


def main() -> int:
    arguments = _parser().parse_args()
    draw, tally = random.Random(arguments.seed), Tally()
    with tempfile.TemporaryDirectory() as root:
        wanted = {}
        for name, options in RUNS.items():
            out = Path(root) / f"{name}-undisturbed"
            _call("run", name, *options, "--no-plot", "--out", str(out))
            started = perf_counter()
            _call(
                "run", name, *options, "--no-plot", "--out", str(out), "--checkpoint-every", EVERY
            )
            wanted[name] = perf_counter() - started, _content(out)
        while tally.kills < arguments.kills:
            for name, (seconds, content) in wanted.items():
                out = Path(root) / name
                _kill_and_go_on(name, out, seconds, draw, tally)
                if _content(out) != content:
                    tally.other_bits += 1
                shutil.rmtree(out)
            print(f"{tally.kills} kills", file=sys.stderr)
    found = vars(tally)
    print(json.dumps(found) if arguments.json else found)
    return 1 if tally.other_bits or tally.unreadable else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "neurosim", *arguments]


def _begin(name: str, out: Path) -> list[str]:
    where = ["--no-plot", "--out", str(out), "--checkpoint-every", EVERY]
    return ["run", name, *RUNS[name], *where]


def _call(*arguments: str) -> None:
    subprocess.run(_command(*arguments), check=True, capture_output=True)


def _kill_and_go_on(
    name: str, out: Path, seconds: float, draw: random.Random, tally: Tally
) -> None:
    """Run to the end, killed on the way, on the way of what goes on too, three times at most."""
    begin = _begin(name, out)
    arguments = begin
    for _ in range(3):
        process = subprocess.Popen(
            _command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(draw.uniform(0.0, seconds))
            tally.over += 1
            return
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        tally.kills += 1
        _read_what_is_left(out, tally)
        if (out / "order.json").exists():
            arguments = ["resume", str(out), "--threads", str(draw.randint(1, 3))]
            tally.resumed += 1
        elif (out / "summary.json").exists():  # killed while it was removing its checkpoints
            subprocess.run(_command("resume", str(out)), check=False, capture_output=True)
            tally.over += 1
            return
        else:
            arguments = begin
            tally.before_the_order += 1
    _call(*arguments)


def _read_what_is_left(out: Path, tally: Tally) -> None:
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
    """Return the bytes of the result, and the findings."""
    assert sorted(path.name for path in out.iterdir()) == ["result.h5", "summary.json"]
    summary = json.loads((out / "summary.json").read_text())
    return (out / "result.h5").read_bytes(), (summary["findings"], summary["rates_hz"])


if __name__ == "__main__":
    sys.exit(main())
