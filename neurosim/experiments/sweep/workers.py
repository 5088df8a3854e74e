"""Where points are run: processes of this machine, or any cluster of Dask's."""

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
from neurosim.experiments.sweep.work import run_point

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator

    from distributed import Client, Future, LocalCluster

    from neurosim.experiments.sweep.grid import Point

TRIES = 3
"""How often a point is run whose worker dies."""
AHEAD = 2_000
"""Points that are handed over before their turn: what a thousand cores take, and little memory."""
CONNECTING = 7.0
"""Time (s) within which a scheduler must answer."""
MISSING = 'sweeps need Dask: pip install "neurosim-bridge[distributed]"'


@contextmanager
def workers_of(scheduler: str | None, workers: int) -> Iterator[Client]:
    """Give a client of the scheduler at that address, or of processes that end with the block.

    Parameters
    ----------
    scheduler : str or None
        None for processes of this machine.
    workers : int
        How many of these.

    Raises
    ------
    NeurosimError
        Where Dask is missing, the scheduler does not answer, or processes do not start.
    """
    try:
        from distributed import Client
        from distributed.utils import silence_logging_cmgr
    except ImportError:
        raise NeurosimError(MISSING) from None
    with ExitStack() as stack:
        stack.enter_context(silence_logging_cmgr(logging.CRITICAL))  # we say what matters
        if scheduler is None:
            cluster = stack.enter_context(_processes(workers))
            client = Client(cluster, set_as_default=False)
        else:
            client = _connected(scheduler)
        yield stack.enter_context(client)


def run_points(
    client: Client,
    points: Iterable[Point],
    threads: int,
    stop: threading.Event,
    tell: Callable[[str], object],
) -> Iterator[tuple[Point, bytes | BaseException]]:
    """Run points and yield what came of each, in the order in which they end.

    Parameters
    ----------
    client : distributed.Client
    points : iterable of Point
    threads : int
        Threads for each point.
    stop : threading.Event
        Ends the iteration.
    tell : callable
        Called with a sentence where nothing goes on.

    Yields
    ------
    point : Point
    outcome : bytes or exception
        As `run_point` returned or raised it; `distributed.KilledWorker` where workers died of it.

    Raises
    ------
    NeurosimError
        Where the scheduler is lost.
    """
    ended: queue.SimpleQueue[Future] = queue.SimpleQueue()
    under_way: dict[object, tuple[Future, Point]] = {}
    waiting = iter(points)

    def hand_over(count: int) -> None:
        for point in islice(waiting, count):
            # The name says what is computed: whoever asks the same scheduler for it shares it.
            key = f"neurosim-{neurosim.__version__}-{threads}-{point.key}"
            future = client.submit(run_point, point, threads, neurosim.__version__, key=key)
            under_way[key] = future, point
            future.add_done_callback(ended.put)

    hand_over(AHEAD)
    if not client.nthreads():
        tell("the scheduler has no workers yet: waiting for some")
    while under_way and not stop.is_set():
        batch = _drained(ended, 0.1)  # Ctrl-C is heard between
        try:
            outcomes = _outcomes(client, batch)
        except (OSError, CancelledError, asyncio.CancelledError):
            outcomes = None
        if outcomes is None or client.status != "running":
            raise NeurosimError(
                "the scheduler was lost: with one that runs, the same command goes on with what is "
                "missing"
            )
        for future, outcome in zip(batch, outcomes, strict=True):
            yield under_way.pop(future.key)[1], outcome
        hand_over(len(batch))


def _drained(ended: queue.SimpleQueue[Future], timeout: float) -> list[Future]:
    """Return what a queue holds, none after waiting for `timeout` (s)."""
    batch: list[Future] = []
    with suppress(queue.Empty):
        batch.append(ended.get(timeout=timeout))
        while True:
            batch.append(ended.get_nowait())
    return batch


def _outcomes(client: Client, batch: list[Future]) -> list[bytes | BaseException]:
    """Return what futures came to, fetched together: each fetching asks the scheduler and waits."""
    finished = [future for future in batch if future.status == "finished"]
    results = dict(zip(finished, client.gather(finished), strict=True))
    return [results[f] if f in results else f.exception() or f.result() for f in batch]


@contextmanager
def _processes(workers: int) -> Iterator[LocalCluster]:
    """Give a cluster of processes of this machine, one thread each.

    Only this process can speak to them: others on the machine lack the certificate, made for the
    occasion.
    """
    import dask
    from distributed import LocalCluster
    from distributed.system import MEMORY_LIMIT

    options = {
        # One point at a time for each worker, so that none is blamed for a death beside it.
        "distributed.scheduler.worker-saturation": 1.0,
        # Looking every 10 ms what a worker is at takes as long as the smallest points.
        "distributed.worker.profile.enabled": False,
        # To hand memory back to the system after every step took two thirds of the time.
        "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
    }
    try:
        with dask.config.set(options), _block_sigint():
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                memory_limit=MEMORY_LIMIT // workers,
                dashboard_address="127.0.0.1:0",  # any port that is free, for this machine alone
                silence_logs=logging.CRITICAL,
                security=True,
                scheduler_kwargs={"allowed_failures": TRIES - 1},
            )
    except ImportError:  # of what makes certificates
        raise NeurosimError(MISSING) from None
    except RuntimeError as error:
        raise NeurosimError(
            f"no workers could be started ({error}): a script that sweeps must do so below "
            'if __name__ == "__main__":'
        ) from error
    with cluster:
        try:
            yield cluster
        finally:
            with suppress(TimeoutError):
                cluster.sync(_end, cluster)


async def _end(cluster: LocalCluster) -> None:
    """End workers without waiting for what they are at."""
    await asyncio.gather(*(nanny.kill(timeout=0.5) for nanny in cluster.workers.values()))


@contextmanager
def _block_sigint() -> Iterator[None]:
    """Have processes started from here on, and those that replace them, not hear Ctrl-C.

    A terminal sends it to them too; it is ours to end them. They inherit which signals are blocked.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # started later, it would unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _connected(scheduler: str) -> Client:
    from distributed import Client
    from distributed.utils import LoopRunner, sync

    client = Client.__new__(Client)  # made before it connects, so that there is one to close
    runner = LoopRunner()
    try:
        runner.start()
        # The client would wait for ever for one who takes a call and says nothing.
        sync(runner.loop, _call, scheduler, callback_timeout=CONNECTING + 1.0)
        client.__init__(scheduler, timeout=CONNECTING, set_as_default=False)
    except Exception as error:  # what is no scheduler may answer anything
        if hasattr(client, "status"):
            client.close()
        reason = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
        raise NeurosimError(
            f"no scheduler answers at {scheduler!r} ({reason}): give the address of a Dask "
            "scheduler that runs, as in tcp://host:8786"
        ) from None
    finally:
        runner.stop()
    return client


async def _call(address: str) -> None:
    """See whether anyone who speaks as Dask does is there."""
    from distributed import Security
    from distributed.comm import connect

    certificates = Security().get_connection_args("client")
    comm = await connect(address, timeout=CONNECTING, **certificates)
    await comm.close()
