"""Virtual environments of the compared simulators and packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = {
    "nest": ("nest-simulator",),
    # Brian2 2.9, the last version for Python 3.11, cannot be imported with numpy 2.3 or later. Its
    # requirements do not exclude these numpy versions.
    "brian2": ("brian2", "setuptools", "numpy<2.3; python_version < '3.12'"),
    "nemos": ("nemos",),
    "glum": ("glum",),
    "statsmodels": ("statsmodels",),
}
"""Requirements of each environment, by the name of the imported module."""

BRIAN2_PYTHON = "python3.13"
"""Minimum version for the current Brian2. Older versions of Python get an older Brian2."""


def default_folder() -> Path:
    """Return the default folder of the environments."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "neurosim-benchmarks"


def interpreter(simulator: str, folder: Path, python313: str | None) -> str:
    """Return the interpreter of a simulator or package.

    It is installed if it cannot be imported.

    Parameters
    ----------
    simulator : str
        "neurosim" or a name of `PACKAGES`, which "-standalone" or "-runtime" may follow.
    folder : Path
        Folder of the environments.
    python313 : str, optional
        Interpreter for Brian2's environment.
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


def _brian2_python(requested: str | None) -> str:
    python = requested or shutil.which(BRIAN2_PYTHON)
    if python is not None and _works(python):
        return python
    if requested is not None:
        sys.exit(f"--python313 {requested}: not a working Python interpreter")
    print(
        f"{BRIAN2_PYTHON} not found: installing an older Brian2; see --python313", file=sys.stderr
    )
    return sys.executable
