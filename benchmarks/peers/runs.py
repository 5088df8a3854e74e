"""Runs tasks, each in a process and in the environment of its own simulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import neurosim as ns
from benchmarks.peers.description import describe
from benchmarks.peers.environments import interpreter
from benchmarks.peers.protocol import Answer, Task

DT = 0.1
"""ms."""

ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    "nest": "on_nest",
    "brian2-standalone": "on_brian2",
    "brian2-runtime": "on_brian2",
    "neurosim": "on_neurosim",
}
CACHING = ("brian2-runtime", "neurosim")
"""Simulators that keep what they compiled for the next process."""


class Timed(Answer):
    """An answer, with the seconds from the start of the process to its end."""

    elapsed_s: float


@dataclass(frozen=True)
class Laboratory:
    """Where simulators are installed and how they are started.

    Attributes
    ----------
    folder : Path
        For environments and for what Brian2 compiles.
    prefix : tuple of str
        Command put before each run, such as one that waits for a quiet machine.
    python313 : str or None
        Interpreter for Brian2's environment.
    """

    folder: Path
    prefix: tuple[str, ...] = ()
    python313: str | None = None

    @cached_property
    def _interpreters(self) -> dict[str, str]:
        return {}

    def install(self, simulators: tuple[str, ...]) -> None:
        """Install what is missing."""
        for name in simulators:
            self._interpreters[name] = interpreter(name, self.folder, self.python313)

    def task(
        self,
        net: ns.Network,
        simulator: str,
        threads: int,
        seed: int,
        warmup: float,
        span: float,
        spikes: Path | None = None,
    ) -> Task:
        """Return a task; times in ms, spikes are kept in the file if one is named."""
        return {
            "network": describe(net, DT),
            "simulator": simulator,
            "threads": threads,
            "seed": seed,
            "warmup": warmup,
            "span": span,
            "folder": str(self.folder / "compiled" / simulator),
            "spikes": None if spikes is None else str(spikes.resolve()),
        }

    def run(self, task: Task, *, cold: bool = False) -> Timed:
        """Run a task, with `cold` as if nothing had ever been compiled.

        Raises
        ------
        RuntimeError
            If the simulator fails, with the end of what it said.
        """
        with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
            environment = dict(os.environ)
            if cold:
                task = {**task, "folder": f"{scratch}/compiled"}
                environment["NUMBA_CACHE_DIR"] = f"{scratch}/numba"
            Path(task["folder"]).mkdir(parents=True, exist_ok=True)
            request = Path(scratch) / "task.json"
            request.write_text(json.dumps(task))
            module = f"benchmarks.peers.{MODULES[task['simulator']]}"
            command = [self._interpreters[task["simulator"]], "-m", module, str(request)]
            stopwatch = [sys.executable, str(Path(__file__).with_name("stopwatch.py"))]
            done = subprocess.run(
                [*self.prefix, *stopwatch, *command],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
            )
        if done.returncode:
            raise RuntimeError(f"{task['simulator']} failed:\n{done.stderr[-2000:]}")
        return json.loads(done.stdout.splitlines()[-1])
