"""A virtual environment for each simulator that is compared."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = {
    "nest": ("nest-simulator",),
    # Brian2 2.9, the last one for Python 3.11, fails to import with numpy 2.3 and later, but does
    # not say so in its requirements.
    "brian2": ("brian2", "setuptools", "numpy<2.3; python_version < '3.12'"),
}
"""Requirements of each environment, which is named after the module to import."""

BRIAN2_PYTHON = "python3.13"
"""Lowest version that the present Brian2 needs; on an older one an older Brian2 is installed."""


def default_folder() -> Path:
    """Return where environments are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "neurosim-benchmarks"


def interpreter(simulator: str, folder: Path, python313: str | None) -> str:
    """Return the interpreter of a simulator; install the simulator if it cannot be imported.

    Parameters
    ----------
    simulator : {"nest", "brian2-standalone", "brian2-runtime", "neurosim"}
    folder : Path
        Where environments are kept.
    python313 : str, optional
        Interpreter to make Brian2's environment with.
    """
    if simulator == "neurosim":
        return sys.executable
    name = simulator.split("-")[0]
    python = folder / name / "bin" / "python"
    if not (python.exists() and _works(str(python), f"import {name}")):
        base = _brian2_python(python313) if name == "brian2" else sys.executable
        print(f"installing {' '.join(PACKAGES[name])} in {python.parent.parent}", file=sys.stderr)
        subprocess.run([base, "-m", "venv", "--clear", folder / name], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES[name]], check=True)
    return str(python)


def _works(python: str, code: str = "") -> bool:
    return subprocess.run([python, "-c", code], capture_output=True).returncode == 0


def _brian2_python(given: str | None) -> str:
    found = given or shutil.which(BRIAN2_PYTHON)
    if found is not None and _works(found):
        return found
    if given is not None:
        sys.exit(f"--python313 {given} is not an interpreter that runs")
    print(f"no {BRIAN2_PYTHON}: an older Brian2 is installed, see --python313", file=sys.stderr)
    return sys.executable
