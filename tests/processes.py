"""Run programs on several processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

MPIEXEC = shutil.which(
    "mpiexec", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
)
assert MPIEXEC, "mpiexec is missing: the extra `test` installs it"

ROOT = Path(__file__).parents[1]


def mpiexec(n: int, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run Python on `n` processes; a job that takes longer than `timeout` (s) fails."""
    command = [MPIEXEC, "-n", str(n), sys.executable, *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment)
