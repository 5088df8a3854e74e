"""A network on several processes gives the bits of a single process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.processes import MPIEXEC, ROOT, mpiexec

PROGRAM = """
import hashlib, sys
from pathlib import Path
from mpi4py import MPI
import neurosim as ns
from tests.networks import bits, everything, learning

for network in (everything, learning):
    with ns.use_mpi(MPI.COMM_WORLD) as comm:
        simulation = ns.Simulation(network(), threads=int(sys.argv[1]))
        simulation.run(33.3)
        result = simulation.run(46.7)
        learned = [
            simulation.connections(projection).weights.tobytes()
            for projection in simulation.network.projections
            if projection.plasticity
        ]
        simulation._runner.wall_s = 0.0
        simulation.save(f"{sys.argv[2]}/{network.__name__}.h5")
        restored = ns.Simulation.restore(f"{sys.argv[2]}/{network.__name__}.h5")
        assert bits(restored.run(20.0)) == bits(simulation.run(20.0))
    found = b"".join([*bits(result), *learned, str(result.stats.events).encode()])
    digest = hashlib.sha256(found).hexdigest()
    Path(sys.argv[2], f"{network.__name__} {comm.rank}.txt").write_text(digest)
"""


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], list[bytes]]:
    return _run(1, 1, tmp_path_factory.mktemp("single"))


def _run(n: int, threads: int, folder: Path) -> tuple[set[str], list[bytes]]:
    done = mpiexec(n, "-c", PROGRAM, str(threads), str(folder))
    assert done.returncode == 0, done.stderr
    digests = [path.read_text() for path in folder.glob("*.txt")]
    assert len(digests) == 2 * n  # every process has the whole result
    return set(digests), [path.read_bytes() for path in sorted(folder.glob("*.h5"))]


MORE = [(int(n), 1) for n in os.environ.get("NEUROSIM_PROCESSES", "").split(",") if n]
"""Further numbers of processes, which take too long for every run."""


@pytest.mark.parametrize(
    ("n", "threads"), [(2, 2), pytest.param(3, 1, marks=pytest.mark.slow), *MORE]
)
def test_any_number_of_processes_gives_the_same_bits(
    tmp_path: Path, single: tuple[set[str], list[bytes]], n: int, threads: int
) -> None:
    assert _run(n, threads, tmp_path) == single
    assert len(single[0]) == len(single[1]) == 2


CHANGED = """
import hashlib, sys
from pathlib import Path
import numpy as np
from mpi4py import MPI
import neurosim as ns
from tests.networks import bits

net = ns.Network()
exc = net.add("exc", 41, ns.LIF(), positions=ns.RandomPositions((1.0, 1.0)))
inh = net.add("inh", 11, ns.LIF(), positions=ns.Grid((11, 1), 0.1))
net.drive(exc, ns.Poisson(2000.0), psp=1.0)
rule = ns.DistanceProbability(ns.Gaussian(0.8, 0.5))
static = net.connect(exc[:30], inh, rule, psp=ns.Normal(1.0, 0.1), delay=ns.Linear(1.0, 2.0))
plastic = net.connect(exc, exc, ns.FixedInDegree(5), psp=1.0, plasticity=ns.STDP(2.0))
net.connect(inh, exc[1::2], ns.FixedProbability(0.5), psp=-1.0)
net.record(exc, "v", average=True)
with ns.use_mpi(MPI.COMM_WORLD) as comm:
    simulation = ns.Simulation(net, threads=int(sys.argv[1]))
    simulation.run(30.0)
    simulation.set(static, weights=simulation.connections(static).weights * 1.5)
    simulation.set(plastic, weights=np.linspace(0.1, 1.9, len(simulation.connections(plastic))))
    simulation.set(exc[:7], v_threshold=-57.0)
    result = simulation.run(30.0)
    found = [simulation.connections(p).weights.tobytes() for p in (static, plastic)]
assert len(result.spikes["inh"]) > 10
digest = hashlib.sha256(b"".join([*bits(result), *found])).hexdigest()
Path(sys.argv[2], f"{comm.rank}.txt").write_text(digest)
"""


@pytest.mark.slow
def test_connections_changes_and_averages_are_the_same_on_processes(tmp_path: Path) -> None:
    found = set()
    for n, threads in ((1, 1), (2, 1), (3, 2)):
        done = mpiexec(n, "-c", CHANGED, str(threads), str(tmp_path))
        assert done.returncode == 0, done.stderr
        found |= {path.read_text() for path in tmp_path.glob("*.txt")}
    assert len(found) == 1


@pytest.mark.slow
def test_more_spikes_than_fit_into_a_message(tmp_path: Path) -> None:
    # All 400 neurons fire at once: more than fit into the first message.
    program = """
import sys
from mpi4py import MPI
import neurosim as ns
net = ns.Network()
cells = net.add("cells", 400, ns.LIF())
net.connect(cells, cells, ns.FixedInDegree(5), psp=0.4, delay=ns.Uniform(0.1, 3.0))
net.drive(cells, ns.SpikeTimes([1.0, 9.0, 20.0]), psp=20.0)
net.drive(cells, ns.Poisson(500.0), psp=0.9)
with ns.use_mpi(MPI.COMM_WORLD) as comm:
    result = ns.simulate(net, 40.0, threads=1)
if comm.is_root:
    ns.save(result, sys.argv[1])
"""
    for n in (1, 3):
        assert mpiexec(n, "-c", program, str(tmp_path / f"{n}.h5")).returncode == 0
    assert (tmp_path / "1.h5").read_bytes() == (tmp_path / "3.h5").read_bytes()


COLUMN = ("-m", "neurosim", "run", "cortical-column", "--set", "scale=0.02", "--no-plot")


def test_the_command_runs_on_processes_and_prints_once(tmp_path: Path) -> None:
    printed = []
    for n in (1, 2):
        out = str(tmp_path / str(n))
        done = mpiexec(n, *COLUMN, "--duration", "600", "--out", out, "--json")
        assert done.returncode == 0, done.stderr
        printed.append(json.loads(done.stdout))
    assert [summary["threads"] for summary in printed] == [1, 2]
    results = [(tmp_path / n / "result.h5").read_bytes() for n in "12"]
    assert results[0] == results[1]


def test_a_late_process_takes_part(tmp_path: Path) -> None:
    program = """
import sys, time
from mpi4py import MPI
from neurosim.cli import main, run

class Late(run.RunFolder):
    def __init__(self, path):
        time.sleep(MPI.COMM_WORLD.rank)
        super().__init__(path)

run.RunFolder = Late
sys.exit(main(sys.argv[1:]))
"""
    out = ("--duration", "600", "--out", str(tmp_path), "--checkpoint-every", "60")
    done = mpiexec(2, "-c", program, *COLUMN[2:], *out)
    assert done.returncode == 0, done.stderr


def test_a_mistake_is_reported_once_with_status_2(tmp_path: Path) -> None:
    done = mpiexec(2, "-m", "neurosim", "run", "cortical-colum", "--out", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.count("did you mean 'cortical-column'?") == 1


@pytest.mark.slow
def test_a_killed_process_ends_the_run_which_can_be_resumed(tmp_path: Path) -> None:
    whole = mpiexec(1, *COLUMN, "--duration", "12000", "--out", str(tmp_path / "whole"))
    assert whole.returncode == 0
    out = tmp_path / "out"
    options = ("--duration", "12000", "--out", str(out), "--checkpoint-every", "0.1")
    command = [MPIEXEC, "-n", "2", sys.executable, *COLUMN, *options]
    job = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    for _ in range(600):
        if list(out.glob("checkpoints/*.h5")):
            break
        time.sleep(0.05)
    children = Path(f"/proc/{job.pid}/task/{job.pid}/children")
    lost = _youngest(int(children.read_text().split()[0]))
    os.kill(lost, signal.SIGKILL)
    printed, errors = job.communicate(timeout=60)
    assert job.returncode not in (0, None)
    assert "Killed" in printed + errors or "signal 9" in printed + errors
    done = mpiexec(2, "-m", "neurosim", "resume", str(out))
    assert done.returncode == 0, done.stderr
    found, wanted = ((tmp_path / name / "result.h5").read_bytes() for name in ("out", "whole"))
    assert found == wanted


def _youngest(process: int) -> int:
    """Return the last descendant of a process."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return _youngest(int(children[-1])) if children else process
