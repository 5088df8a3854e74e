"""Run points on processes of this machine or on any Dask cluster."""

from __future__ import annotations

import asyncio
import logging
import queue
import signal
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING

import neurosim
from neurosim.errors import NeurosimError
from neurosim.experiments.sweep.task import run_point

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator

    from distributed import Client, Future, LocalCluster

    from neurosim.experiments.sweep.grid import Point

MAX_ATTEMPTS = 3
"""Number of times that a point is run if its workers die."""
QUEUE_LENGTH = 2_000
"""Points submitted in advance: enough for a thousand cores, and little memory."""
CONNECT_TIMEOUT = 7.0
"""Time (s) within which a scheduler must answer."""
MISSING = 'sweeps need Dask: pip install "neurosim-bridge[distributed]"'
SCHEDULER_LOST = "the scheduler was lost: the same command, with a running one, resumes the sweep"


@contextmanager
def workers_of(scheduler: str | None, workers: int) -> Iterator[Client]:
    """Connect to a scheduler, or start worker processes that end with the block.

    Parameters
    ----------
    scheduler : str or None
        Address; None starts processes on this machine.
    workers : int
        Number of processes to start.

    Raises
    ------
    NeurosimError
        If Dask is missing, the scheduler does not answer, or the processes do not start.
    """
    try:
        from distributed import Client
        from distributed.utils import silence_logging_cmgr
    except ImportError:
        raise NeurosimError(MISSING) from None
    with ExitStack() as stack:
        stack.enter_context(silence_logging_cmgr(logging.CRITICAL))
        if scheduler is None:
            cluster = stack.enter_context(_processes(workers))
            client = Client(cluster, set_as_default=False)
        else:
            client = _connect(scheduler)
        yield stack.enter_context(client)


def run_points(
    client: Client,
    points: Iterable[Point],
    threads: int,
    stop: threading.Event,
    report: Callable[[str], object],
) -> Iterator[tuple[Point, bytes | BaseException]]:
    """Run points and yield the outcome of each, in order of completion.

    Parameters
    ----------
    client : distributed.Client
    points : iterable of Point
    threads : int
        Threads for each point.
    stop : threading.Event
        Ends the iteration.
    report : callable
        Called with a message while there are no workers.

    Yields
    ------
    point : Point
    outcome : bytes or exception
        As returned or raised by `run_point`; `distributed.KilledWorker` if the workers died.

    Raises
    ------
    NeurosimError
        If the connection to the scheduler is lost.
    """
    finished: queue.SimpleQueue[Future] = queue.SimpleQueue()
    # Dask cancels tasks whose futures are not kept.
    running: dict[object, tuple[Future, Point]] = {}
    waiting = iter(points)

    def submit(count: int) -> None:
        for point in islice(waiting, count):
            # The key identifies the computation: clients of one scheduler share its result.
            key = f"neurosim-{neurosim.__version__}-{threads}-{point.key}"
            future = client.submit(run_point, point, threads, neurosim.__version__, key=key)
            running[key] = future, point
            future.add_done_callback(finished.put)

    submit(QUEUE_LENGTH)
    if not client.nthreads():
        report("the scheduler has no workers yet: waiting for some")
    while running and not stop.is_set():
        batch = _take(finished, 0.1)  # the timeout lets Ctrl-C through
        try:
            outcomes = _outcomes(client, batch)
        except (OSError, CancelledError, asyncio.CancelledError):
            raise NeurosimError(SCHEDULER_LOST) from None
        if client.status != "running":
            raise NeurosimError(SCHEDULER_LOST)
        for future, outcome in zip(batch, outcomes, strict=True):
            yield running.pop(future.key)[1], outcome
        submit(len(batch))


def _take(finished: queue.SimpleQueue[Future], timeout: float) -> list[Future]:
    """Empty a queue; wait up to `timeout` (s) for its first item."""
    batch: list[Future] = []
    with suppress(queue.Empty):
        batch.append(finished.get(timeout=timeout))
        while True:
            batch.append(finished.get_nowait())
    return batch


def _outcomes(client: Client, batch: list[Future]) -> list[bytes | BaseException]:
    """Return results or exceptions.

    The whole batch is submitted to the scheduler in one request.
    """
    finished = [future for future in batch if future.status == "finished"]
    results = dict(zip(finished, client.gather(finished), strict=True))
    return [results[f] if f in results else f.exception() or f.result() for f in batch]


@contextmanager
def _processes(workers: int) -> Iterator[LocalCluster]:
    """Start a cluster of single-threaded processes on this machine.

    A temporary certificate keeps other users of the machine out.
    """
    import dask
    from distributed import LocalCluster
    from distributed.system import MEMORY_LIMIT

    options = {
        # One point at a time for each worker, so that a crash is attributed to the right point.
        "distributed.scheduler.worker-saturation": 1.0,
        # Profiling every 10 ms takes as long as the smallest points.
        "distributed.worker.profile.enabled": False,
        # Returning memory to the system after each step took two thirds of the time.
        "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
    }
    try:
        with dask.config.set(options), _block_sigint():
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                memory_limit=MEMORY_LIMIT // workers,
                dashboard_address="127.0.0.1:0",  # any free port, reachable from this machine only
                silence_logs=logging.CRITICAL,
                security=True,
                scheduler_kwargs={"allowed_failures": MAX_ATTEMPTS - 1},
            )
    except ImportError:  # the package that makes certificates
        raise NeurosimError(MISSING) from None
    except RuntimeError as error:
        raise NeurosimError(
            f"the workers could not be started ({error}): a script must start a sweep below "
            'if __name__ == "__main__":'
        ) from error
    with cluster:
        try:
            yield cluster
        finally:
            with suppress(TimeoutError):
                cluster.sync(_kill_workers, cluster)


async def _kill_workers(cluster: LocalCluster) -> None:
    """End workers without waiting for their current points."""
    await asyncio.gather(*(nanny.kill(timeout=0.5) for nanny in cluster.workers.values()))


@contextmanager
def _block_sigint() -> Iterator[None]:
    """Block Ctrl-C in processes started within this block.

    This includes the processes that replace them.

    A terminal sends it to all processes, but the client ends the workers. Blocked signals are
    inherited.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # if started later, it would unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _connect(scheduler: str) -> Client:
    from distributed import Client
    from distributed.utils import LoopRunner, sync

    client = Client.__new__(Client)  # created before connecting, so that it can be closed
    runner = LoopRunner()
    try:
        runner.start()
        # Without this, the client would wait for ever for a server that never responds.
        sync(runner.loop, _handshake, scheduler, callback_timeout=CONNECT_TIMEOUT + 1.0)
        client.__init__(scheduler, timeout=CONNECT_TIMEOUT, set_as_default=False)
    except Exception as error:  # another kind of server may answer anything
        if hasattr(client, "status"):
            client.close()
        reason = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
        raise NeurosimError(
            f"no scheduler answers at {scheduler!r} ({reason}): give the address of a running Dask "
            "scheduler, such as tcp://host:8786"
        ) from None
    finally:
        runner.stop()
    return client


async def _handshake(address: str) -> None:
    """Connect to an address with Dask's protocol, and disconnect."""
    from distributed import Security
    from distributed.comm import connect

    certificates = Security().get_connection_args("client")
    comm = await connect(address, timeout=CONNECT_TIMEOUT, **certificates)
    await comm.close()
