"""All modules can be imported without the modules and functions that only POSIX systems have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("neurosim", "bridge", "scenarios")
SCRIPT = """
import os, pkgutil, signal, sys
from importlib import import_module

# Other packages have their own versions for other systems.
import asyncio, distributed, h5py, matplotlib.pyplot, multiprocessing.resource_tracker, numba
import scipy.optimize, sklearn.linear_model, subprocess, tempfile, typer

for name in ("fcntl", "grp", "pwd", "resource", "termios", "tty"):
    sys.modules[name] = None
for module, names in {
    os: ("fork", "getppid", "register_at_fork", "sched_getaffinity", "sched_yield", "sysconf"),
    signal: ("SIGCHLD", "SIGHUP", "SIGKILL", "SIGXFSZ", "pthread_sigmask", "sigwaitinfo"),
}.items():
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
for name in sys.argv[1:]:
    package = import_module(name)
    for found in pkgutil.walk_packages(package.__path__, f"{name}."):
        if not found.name.endswith("__main__"):
            import_module(found.name)
            print(found.name)
from neurosim.utils.resources import available_cores, process_memory
print(available_cores() > 0, process_memory())
"""


def test_no_module_needs_posix_when_it_is_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *PACKAGES], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    *modules, last = done.stdout.splitlines()
    for package in PACKAGES:
        files = list((ROOT / package).rglob("*.py"))
        imported = [name for name in modules if name.startswith(f"{package}.")]
        assert len(imported) > 0.8 * len(files)
    assert last == "True None"


def test_describing_a_network_imports_neither_compiler_nor_plots() -> None:
    script = (
        "import sys, neurosim as ns\n"
        "net = ns.Network()\n"
        "net.connect(net.add('a', 2, ns.LIF()), net['a'], ns.AllToAll(), psp=1.0)\n"
        "slow = 'numba', 'matplotlib', 'h5py', 'rich', 'scipy.optimize', 'scipy.interpolate'\n"
        "print([name for name in slow if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "[]\n", done.stderr
