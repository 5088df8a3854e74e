"""A failing process ends the job, and different calls of processes are reported."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.processes import mpiexec

HANGS = 120
"""Time (s) after which a job counts as hanging."""

# Process 1 fails while process 0 waits for it.
FAILS = """
import os, sys, time
import neurosim as ns

second = os.environ.get("PMI_RANK", os.environ.get("OMPI_COMM_WORLD_RANK")) == "1"
net = ns.Network()
net.add("cells", 10, ns.LIF())

def fail(when):
    if second and when == sys.argv[1]:
        {statement}

fail("before MPI starts")
if not second and sys.argv[1] == "long before MPI starts":
    time.sleep(7.0)
fail("long before MPI starts")
from mpi4py import MPI
fail("before")
with ns.use_mpi(MPI.COMM_WORLD, share_memory=sys.argv[2] == "memory"):
    fail("inside")
    simulation = ns.Simulation(net, threads=1)
    simulation.run(50.0)
    fail("after a run")
    simulation.stream(10.0, lambda chunk: fail("in a stream"), duration=50.0)
    ns.Simulation(net)
print("all is well")
"""

STATEMENTS = {
    "an error": ("open('missing.csv')", 1, "FileNotFoundError"),
    "a mistake": ("simulation.run(0.01)", 2, "NeurosimError: duration = 0.01 ms"),
    "a status": ("sys.exit(3)", 3, ""),
    "a message": ("sys.exit('no input')", 1, "no input"),
    "an early end": ("sys.exit(0)", 2, "process 1 left use_mpi while process 0 called"),
}


@pytest.mark.parametrize(
    ("when", "failure", "meeting"),
    [
        ("before MPI starts", "an error", "memory"),
        pytest.param("before MPI starts", "a status", "memory", marks=pytest.mark.slow),
        pytest.param("long before MPI starts", "a message", "memory", marks=pytest.mark.slow),
        ("before", "an error", "memory"),
        pytest.param("before", "a status", "memory", marks=pytest.mark.slow),
        ("inside", "an error", "messages"),
        pytest.param("after a run", "a status", "memory", marks=pytest.mark.slow),
        pytest.param("after a run", "an early end", "messages", marks=pytest.mark.slow),
        pytest.param("after a run", "a mistake", "memory", marks=pytest.mark.slow),
        pytest.param("in a stream", "a message", "messages", marks=pytest.mark.slow),
    ],
)
def test_a_failing_process_ends_the_job(when: str, failure: str, meeting: str) -> None:
    statement, status, printed = STATEMENTS[failure]
    done = mpiexec(2, "-c", FAILS.format(statement=statement), when, meeting, timeout=HANGS)
    assert done.returncode == status, done.stderr
    assert done.stderr.count(printed) == 1 or not printed
    assert "all is well" not in done.stdout


def test_an_exit_that_is_caught_ends_no_job() -> None:
    program = """
import sys
import neurosim as ns
try:
    sys.exit(3)
except SystemExit as error:
    print(error.code)
from mpi4py import MPI
MPI.COMM_WORLD.Barrier()
"""
    done = mpiexec(2, "-c", program, timeout=HANGS)
    # Lines of processes may be interleaved, so that "3\n3\n" becomes "33\n\n".
    assert (done.returncode, done.stdout.count("3")) == (0, 2), done.stderr


def test_an_error_of_all_processes_before_mpi_starts_is_reported_once() -> None:
    program = "import neurosim as ns; ns.LIF(tau_m=-1.0)"
    done = mpiexec(2, "-c", program, timeout=HANGS)
    assert done.returncode == 2
    assert done.stderr.count("NeurosimError: LIF.tau_m = -1 ms") == 1


def test_an_error_of_all_processes_can_be_caught() -> None:
    program = """
from mpi4py import MPI
import neurosim as ns
net = ns.Network()
net.add("cells", 10, ns.LIF())
for share_memory in (True, False):
    try:
        with ns.use_mpi(MPI.COMM_WORLD, share_memory=share_memory) as comm:
            ns.Simulation(net).run(-1.0)
    except ns.NeurosimError as error:
        print(comm.rank, error)
"""
    done = mpiexec(3, "-c", program, timeout=HANGS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("duration = -1 ms") == 6


def test_states_that_are_not_finite_on_several_processes_are_reported_once() -> None:
    program = """
import numpy as np
from mpi4py import MPI
import neurosim as ns
net = ns.Network()
net.add("cells", 10, ns.LIF())
with ns.use_mpi(MPI.COMM_WORLD) as comm:
    simulation = ns.Simulation(net)
    simulation._runner.engine._states[0].v[:] = np.nan
    try:
        simulation.run(1.0)
    except ns.NeurosimError as error:
        print(f"{error}|")
"""
    done = mpiexec(2, "-c", program, timeout=HANGS)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.split("|")[:2]
    assert first.strip() == second.strip()
    assert first.count("became nan") == 1
    assert first.endswith("take a smaller dt")
    assert "neuron 0 of 'cells'" in first


# All processes raise the same error if calls differ, so one job can try many.
DIFFERS = """
import json, sys
from pathlib import Path
import numpy as np
from mpi4py import MPI
import neurosim as ns

folder, r = Path(sys.argv[1]), MPI.COMM_WORLD.rank
second = r == 1
found = {}

def network(rate=400.0, size=40, model=ns.LIF(), weights=0, more=0):
    net = ns.Network()
    cells = net.add("cells", size, model)
    pairs = np.arange(30), np.arange(30)
    psp = np.random.default_rng(weights).uniform(0.1, 0.2, 30)
    net.connect(cells, cells, ns.Explicit(*pairs), psp=psp)
    net.drive(cells, ns.Poisson(rate), psp=1.0)
    net.drive(cells, ns.LiveCurrent())
    for _ in range(more):
        net.record(cells, "v", ids=[0])
    return net

def differs(name, call):
    try:
        call()
        found[name] = "nothing"
    except ns.NeurosimError as error:
        found[name] = str(error).partition(": all processes")[0]

def make(**options):
    return ns.Simulation(network(**options))

def respond(amplitude, finish):
    def on_chunk(chunk):
        chunk.inject(net.drives[1], amplitude)
        if finish:
            chunk.finish()
    return on_chunk

with ns.use_mpi(MPI.COMM_WORLD, share_memory=sys.argv[2] == "memory"):
    net = network()
    simulation = ns.Simulation(net)
    simulation.run(20.0)
    simulation.save(folder / "earlier.h5")
    simulation.run(20.0)
    simulation.save(folder / "later.h5")
    differs("seed", lambda: ns.Simulation(net, seed=2 if second else 1))
    differs("dt", lambda: ns.Simulation(net, dt=0.2 if second else 0.1))
    differs("rate", lambda: make(rate=410.0 if second else 400.0))
    differs("size", lambda: make(size=41 if second else 40))
    differs("model", lambda: make(model=ns.HodgkinHuxley() if second else ns.LIF()))
    differs("tau", lambda: make(model=ns.LIF(tau_m=9.5) if second else ns.LIF()))
    differs("weights", lambda: make(weights=r))
    differs("recordings", lambda: make(more=r))
    differs("duration", lambda: simulation.run(60.0 if second else 50.0))
    differs("realtime", lambda: simulation.run(50.0, realtime=second))
    differs("chunk", lambda: simulation.stream(5.0 if second else 10.0, print, duration=20.0))
    differs("endless", lambda: simulation.stream(10.0, print, duration=20.0 if second else None))
    differs("finish", lambda: simulation.stream(10.0, respond(0.0, second), duration=20.0))
    differs("live", lambda: simulation.stream(10.0, respond(2.0 * r, False), duration=20.0))
    differs("kind", lambda: simulation.save(folder / "x.h5") if second else simulation.run(1.0))
    differs("time", lambda: simulation.run(0.1) if second else ns.simulate(net, 0.1))
    other = ns.Simulation(net)
    differs("order", lambda: (other if second else simulation).run(10.0))
    path = folder / ("earlier.h5" if second else "later.h5")
    differs("checkpoint", lambda: ns.Simulation.restore(path))
    # The number of threads may differ, and one process alone may read attributes.
    differs("none", lambda: ns.Simulation(net, threads=2 if second else None).run(10))
    if second:
        simulation.table_bytes
Path(folder, f"{r}.json").write_text(json.dumps(found))
"""


@pytest.mark.parametrize("meeting", ["memory", "messages"])
def test_the_first_difference_is_named_on_all_processes(tmp_path: Path, meeting: str) -> None:
    done = mpiexec(2, "-c", DIFFERS, str(tmp_path), meeting, timeout=HANGS)
    assert done.returncode == 0, done.stderr
    found = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1)]
    assert found[0] == found[1]
    lists = [found[0].pop(name) for name in ("weights", "model")]
    assert lists[0].startswith("process 1 was given network.projections[0].weight = 30 values")
    assert lists[1].startswith("process 1 was given network.populations[0].neuron = HodgkinHuxley(")
    given = {
        "seed": ("seed = 2", "seed = 1"),
        "dt": ("dt = 0.2", "dt = 0.1"),
        "rate": ("network.drives[0].input.rate = 410", "rate = 400"),
        "size": ("network.populations[0].size = 41", "size = 40"),
        "tau": ("network.populations[0].neuron.tau_m = 9.5", "tau_m = 20"),
        "recordings": ("len(network.recordings) = 1", "len(network.recordings) = 0"),
        "duration": ("duration = 60 ms", "duration = 50 ms"),
        "realtime": ("realtime = True", "realtime = False"),
        "chunk": ("chunk_ms = 5 ms", "chunk_ms = 10 ms"),
        "endless": ("duration = 20 ms", "duration = None"),
        "finish": ("finish = True", "finish = False"),
        "live": ("live_input[0].amplitude = 2", "amplitude = 0"),
        "order": ("simulation = 2", "simulation = 1"),
        "checkpoint": ("checkpoint.steps = 200", "steps = 400"),
    }
    calls = {
        "kind": "process 1 called Simulation.save while process 0 called Simulation.run",
        "time": "process 1 called Simulation.run while process 0 made a Simulation",
        "none": "nothing",
    }
    named = {name: f"process 1 was given {a}, process 0 {b}" for name, (a, b) in given.items()}
    assert found[0] == named | calls


def test_a_difference_between_commands_is_reported_once(tmp_path: Path) -> None:
    command = ("-m", "neurosim", "run", "vote", "--no-plot", "--out", str(tmp_path), "--seed")
    others = (":", "-n", "1", sys.executable, *command, "2")
    done = mpiexec(1, *command, "1", *others, timeout=HANGS)
    assert done.returncode == 2
    assert done.stderr.count("process 1 was given seed = 2, process 0 seed = 1") == 1
    assert "Traceback" not in done.stderr
