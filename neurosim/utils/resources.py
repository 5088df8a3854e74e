"""Number of cores and memory available to this process."""

from __future__ import annotations

import os
from pathlib import Path

MAX_THREADS = 256
"""Largest number of threads per process."""
CGROUP_FILES = (
    ("memory", "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
    ("", "sys/fs/cgroup", "memory.max", "memory.current"),
)
"""Controller, mount point, and files of the memory limit and the memory in use of Linux control
groups, version 1 and 2."""
CACHES = ("inactive_file", "total_inactive_file")
"""Entries of ``memory.stat`` for file caches, which count as used but are released if needed."""


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def available_memory() -> int | None:
    """Return the memory that this process may still use (bytes); None if unknown.

    It is the minimum of the free memory of the machine and what is left of the limits of the
    control group (containers, batch systems) and the process (``ulimit -v``, ``ulimit -d``).
    """
    known = [_machine_memory(), _cgroup_memory(), process_memory()]
    return min((size for size in known if size is not None), default=None)


def process_memory() -> int | None:
    """Return the memory available under process limits (bytes); None without limits."""
    limits = process_limits()
    if not limits:
        return None
    used = status_fields("self/status", "Vm")
    return min(max(limit - used.get(name, 0), 0) for name, limit in limits.items())


def process_limits() -> dict[str, int]:
    """Return the process limits "VmSize" and "VmData", if they are set (bytes)."""
    try:
        import resource
    except ImportError:  # Windows
        return {}
    kinds = {"VmSize": resource.RLIMIT_AS, "VmData": resource.RLIMIT_DATA}
    limits = {name: resource.getrlimit(kind)[0] for name, kind in kinds.items()}
    return {name: size for name, size in limits.items() if size != resource.RLIM_INFINITY}


def status_fields(name: str, prefix: str) -> dict[str, int]:
    """Return lines such as "MemAvailable: 12 kB" of a file in /proc (bytes).

    It is empty if the file is missing.
    """
    try:
        lines = Path("/proc", name).read_text("ascii", "replace").splitlines()
    except OSError:
        return {}
    fields = (line.split() for line in lines if line.startswith(prefix))
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in fields}


def _machine_memory() -> int | None:
    """Return the free memory of the machine (bytes).

    Where that is unknown, it is the total memory.
    """
    free = status_fields("meminfo", "MemAvailable")
    if free:
        return free["MemAvailable"]
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _cgroup_memory(root: Path = Path("/")) -> int | None:
    """Return the memory left in the control groups of this process (bytes)."""
    try:
        lines = (root / "proc/self/cgroup").read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    # Lines are number:controllers:path; in version 2 controllers is empty.
    groups = [line.split(":", 2) for line in lines if line.count(":") >= 2]
    left = [
        _left(root / mount / above, limit, used)
        for controller, mount, limit, used in CGROUP_FILES
        for _, controllers, path in groups
        if controller in controllers.split(",")
        # The limits of all parent groups apply. In a container the path may not exist, and the
        # limit of the container is found at the mount point.
        for above in (Path(path.lstrip("/")), *Path(path.lstrip("/")).parents)
    ]
    return min((size for size in left if size is not None), default=None)


def _left(group: Path, limit: str, used: str) -> int | None:
    """Return the memory left in a control group (bytes); None without a limit."""
    most = _number(group / limit)
    if most is None:
        return None
    try:
        lines = (group / "memory.stat").read_text("ascii", "replace").splitlines()
    except OSError:
        lines = []
    caches = [int(n) for name, n in map(str.split, lines) if name in CACHES]
    return max(most - max((_number(group / used) or 0) - max(caches, default=0), 0), 0)


def _number(path: Path) -> int | None:
    """Return the number in a file; None for "max" or a missing file."""
    try:
        return int(path.read_text("ascii", "replace"))
    except (OSError, ValueError):
        return None
