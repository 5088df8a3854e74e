from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from neurosim.utils.resources import _cgroup_memory, available_memory

GIB = 2**30
ROOT = Path(__file__).parents[3]


def cgroup(root: Path, lines: str, limits: dict[str, str]) -> int | None:
    """Return the memory left by a tree of control groups."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(lines)
    for path, limit in limits.items():
        file = root / "sys/fs/cgroup" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{limit}\n")
    return _cgroup_memory(root)


@pytest.mark.parametrize(
    ("lines", "limits", "expected"),
    [
        # Version 2: all parent groups count; "max" means no limit.
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": str(2 * GIB)}, 2 * GIB),
        ("0::/a/b\n", {"a/b/memory.max": str(GIB), "a/memory.max": str(2 * GIB)}, GIB),
        ("0::/a/b\n", {"a/b/memory.max": "max"}, None),
        # In a container the path is that of the host, and the limit is at the mount point.
        ("0::/docker/1\n", {"memory.max": str(GIB)}, GIB),
        # Version 1, with and without an empty version 2.
        (
            "9:cpu,memory:/job\n0::/\n",
            {
                "memory/job/memory.limit_in_bytes": str(3 * GIB),
                "memory/memory.limit_in_bytes": str(2**63 - 4096),
            },
            3 * GIB,
        ),
        ("4:memory:/docker/1\n", {"memory/memory.limit_in_bytes": str(GIB)}, GIB),
        ("4:cpu:/job\n", {"memory/job/memory.limit_in_bytes": str(GIB)}, None),
        ("damaged\n", {"memory.max": "lots"}, None),
        # Memory in use is subtracted, but not caches.
        (
            "0::/a\n",
            {
                "a/memory.max": str(4 * GIB),
                "a/memory.current": str(3 * GIB),
                "a/memory.stat": f"anon {GIB}\ninactive_file {GIB}\nactive_file 0",
            },
            2 * GIB,
        ),
        ("0::/a\n", {"a/memory.max": str(GIB), "a/memory.current": str(2 * GIB)}, 0),
    ],
)
def test_the_smallest_rest_of_the_control_groups_counts(
    tmp_path: Path, lines: str, limits: dict[str, str], expected: int | None
):
    assert cgroup(tmp_path, lines, limits) == expected


def test_a_system_without_control_groups_has_no_such_limit(tmp_path: Path):
    assert _cgroup_memory(tmp_path) is None
    assert available_memory() is None or available_memory() > 2**28


SCRIPT = """
import resource, sys
import neurosim as ns
ns.Simulation  # import its dependencies
held = bytes(2**27)
kind, limit = getattr(resource, sys.argv[1]), int(sys.argv[2])
resource.setrlimit(kind, (limit, limit))
from neurosim.utils.resources import available_memory
print(available_memory() < limit - 2**26)
net = ns.Network()
cells = net.add("cells", 100_000, ns.LIF())
net.connect(cells, cells, ns.FixedOutDegree(9_000), psp=0.1)
try:
    ns.Simulation(net)
except ns.NeurosimError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limits are those of Linux")
@pytest.mark.parametrize(("kind", "limit"), [("RLIMIT_AS", GIB), ("RLIMIT_DATA", GIB // 2)])
def test_the_limits_of_the_process_count(kind: str, limit: int):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, kind, str(limit)],
        env={"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    below, refusal = done.stdout.splitlines()
    assert below == "True"  # memory in use is subtracted
    assert "The network needs about" in refusal
    assert "GiB are available, enough for about" in refusal
