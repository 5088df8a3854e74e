"""Run tasks in separate processes, each in the environment of its simulator."""

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
"""Time step (ms)."""

ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    "nest": "on_nest",
    "brian2-standalone": "on_brian2",
    "brian2-runtime": "on_brian2",
    "neurosim": "on_neurosim",
}
CACHING = ("brian2-runtime", "neurosim")
"""Simulators that cache compiled code between processes."""


class Timed(Answer):
    """An answer with the total time of the process (s)."""

    elapsed_s: float


@dataclass(frozen=True)
class Laboratory:
    """Environments of the simulators and options for starting them.

    Attributes
    ----------
    folder : Path
        Folder for environments and compiled code.
    prefix : tuple of str
        Command prefix of each run, such as a command that waits for an idle machine.
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
        """Install missing simulators."""
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
        """Return a task. Times are in ms; spikes are saved if a file is given."""
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
        """Run a task. With `cold`, compilation caches are empty.

        Raises
        ------
        RuntimeError
            If the simulator fails. The message has the end of its standard error.
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
            completed = subprocess.run(
                [*self.prefix, *stopwatch, *command],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
            )
        if completed.returncode:
            raise RuntimeError(f"{task['simulator']} failed:\n{completed.stderr[-2000:]}")
        return json.loads(completed.stdout.splitlines()[-1])
