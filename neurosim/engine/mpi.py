"""The processes that share a network's neurons among them, as threads of one process do (MPI)."""

from __future__ import annotations

import mmap
import os
import tempfile
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from neurosim.engine.calls import DIGEST_BYTES, Call, difference, plain
from neurosim.errors import NeurosimError
from neurosim.utils.failure import abort, end_job, exit_status, install_hook, started_together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

PIECE = 2**26
"""Bytes that are sent at a time: MPI counts in 32 bits."""

GRACE = 2.0
"""Time that the other processes have to fail as well before one that failed ends the job (s)."""


class Ranks:
    """The processes that work together, of which this is one; it is alone without a communicator.

    All of them make the same calls in the same order, and every one of them gets the whole result.
    Those on one machine share memory; of each machine one process speaks with the others.

    Parameters
    ----------
    communicator : mpi4py.MPI.Comm, optional
    share_memory : bool
        Otherwise every process speaks with the others as if it had a machine to itself.

    Attributes
    ----------
    rank, size : int
    machines : int
    place : int
        Number of this process where those of a machine are numbered one after the other.
    """

    def __init__(self, communicator: Any = None, *, share_memory: bool = True) -> None:
        self._communicator = self._neighbours = self._speakers = communicator
        self.rank = self.place = communicator.rank if communicator else 0
        self.size = communicator.size if communicator else 1
        self.machines = 1
        self._simulations = 0
        if not self.alone:
            self._find_machines(share_memory)

    def _find_machines(self, share_memory: bool) -> None:
        from mpi4py import MPI

        whole = self._communicator
        self._neighbours = whole.Split_type(MPI.COMM_TYPE_SHARED, key=self.rank)
        even = self._neighbours.size * self._speaking() == self.size
        if self.any(not (even and share_memory)):
            # Not as many everywhere: as if each had a machine to itself.
            self._neighbours = whole.Split(self.rank)
        self.machines = self.size // self._neighbours.size
        color = 0 if self._neighbours.rank == 0 else MPI.UNDEFINED
        self._speakers = whole.Split(color, self.rank)
        machine = self._speakers.rank if self._neighbours.rank == 0 else 0
        machine = self._neighbours.bcast(machine)
        self.place = machine * self._neighbours.size + self._neighbours.rank

    def _speaking(self) -> int:
        """Return how many processes are the first of their machine."""
        return self.total(int(self._neighbours.rank == 0))

    def here(self, threads: int) -> range:
        """Return the numbers of the threads on this machine, each process having so many."""
        if self.alone:
            return range(threads)
        n = self._neighbours.size * threads
        machine = self.place // self._neighbours.size
        return range(machine * n, (machine + 1) * n)

    def shared_bytes(self, size: int) -> NDArray[np.uint8]:
        """Return memory, zeroed, that all processes of this machine share."""
        if self.alone or self._neighbours.size == 1:
            return np.zeros(size, np.uint8)
        folder = "/dev/shm" if os.path.isdir("/dev/shm") else None
        path = None
        if self._neighbours.rank == 0:
            descriptor, path = tempfile.mkstemp(prefix="neurosim-", dir=folder)
            os.ftruncate(descriptor, size)
        else:
            descriptor = -1
        path = self._neighbours.bcast(path)
        if descriptor < 0:
            descriptor = os.open(path, os.O_RDWR)
        memory = mmap.mmap(descriptor, size)
        os.close(descriptor)
        self._neighbours.Barrier()
        if self._neighbours.rank == 0:  # it goes with the last process that has it
            os.unlink(path)
        return np.frombuffer(memory, np.uint8)

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes files and speaks to the user."""
        return self.rank == 0

    @property
    def alone(self) -> bool:
        """Whether there is no other."""
        return self.size == 1

    def number_simulation(self) -> int:
        """Return the number, from 1, of a simulation that all processes make."""
        self._simulations += 1
        return self._simulations

    def require_same(self, name: str, given: Mapping[str, Any] | None = None) -> None:
        """Compare a call of all processes before they work on it together.

        Parameters
        ----------
        name : str
            What this process does, such as "called Simulation.save".
        given : mapping of str to object, optional
            Arguments that must be equal on all processes; see `calls.plain`.

        Raises
        ------
        NeurosimError
            On all processes, with the first difference, where names or arguments differ.
        """
        if self.alone:
            return
        call = Call(name, plain(given or {}))
        digests = np.zeros((self.size, DIGEST_BYTES), np.uint8)
        self._communicator.Allgather(np.frombuffer(call.digest(), np.uint8), digests)
        if (digests == digests[0]).all():
            return
        found = difference(self._communicator.allgather(call))
        raise NeurosimError(
            f"{found}: all processes must make the same calls with the same arguments, in the "
            "same order"
        )

    def all_fail(self, seconds: float) -> bool:
        """Return whether all processes call this within a time (s).

        Where one does not, the communicator cannot be used any more.
        """
        request = self._communicator.Ibarrier()
        end = time.monotonic() + seconds
        while not request.Test():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def merge(self, array: NDArray) -> NDArray:
        """Return an array of which every process has filled its own part, the rest being 0."""
        if self.alone:
            return array
        from mpi4py import MPI

        whole = np.ascontiguousarray(array).copy()
        parts = whole.reshape(-1).view(np.uint8)
        for first in range(0, len(parts), PIECE):
            piece = parts[first : first + PIECE]
            self._communicator.Allreduce(MPI.IN_PLACE, piece, op=MPI.BOR)
        return whole

    def join(self, array: NDArray) -> NDArray:
        """Return the arrays of all processes, one after the other; shape (n,)."""
        if self.alone:
            return array
        lengths = np.zeros(self.size, np.int64)
        lengths[self.rank] = len(array)
        lengths = self.merge(lengths)
        whole = np.zeros(int(lengths.sum()), array.dtype)
        first = int(lengths[: self.rank].sum())
        whole[first : first + len(array)] = array
        return self.merge(whole)

    def total(self, number: int) -> int:
        """Return the sum of a number over all processes."""
        return number if self.alone else int(self._communicator.allreduce(number))

    def any(self, flag: bool) -> bool:
        """Return whether any process says so."""
        return flag if self.alone else bool(self.merge(np.array([flag]))[0])

    def as_the_first(self, number: int) -> int:
        """Return the number that the first process gave."""
        return number if self.alone else int(self._communicator.bcast(number))

    def together(self) -> None:
        """Wait until all have come as far."""
        if not self.alone:
            self._communicator.Barrier()

    def lead(self, work: Callable[[], object]) -> None:
        """Have the first process do something, while the others wait.

        Raises
        ------
        NeurosimError
            On all processes, where it does on the first.
        """
        if self.alone:
            work()
            return
        self.require_same("waited for the first process to write files")
        refusal = None
        if self.leads:
            try:
                work()
            except NeurosimError as error:
                refusal = str(error)
        refusal = self._communicator.bcast(refusal)
        if refusal is not None:
            raise NeurosimError(refusal)

    def give_up(self, status: int) -> NoReturn:
        """End all processes of the job with a status."""
        end_job(self._communicator, status)

    def share_of(self, cores: int) -> int:
        """Return how many of a machine's cores this process may take."""
        if self.alone:
            return cores
        # As many on all machines: threads are numbered so.
        own = np.zeros(self.size, np.int64)
        own[self.rank] = max(cores // self._neighbours.size, 1)
        return int(self.merge(own).min())

    def mpi(self) -> NDArray[np.int64]:
        """Return what the kernels need to call MPI; see `kernels.types.Ranks`."""
        import ctypes

        from mpi4py import MPI

        if self._neighbours.rank > 0:  # it leaves that to the first of its machine
            return np.zeros(5, np.int64)
        library = ctypes.CDLL(MPI.__file__)  # leads to the MPI that mpi4py was given
        addresses = [
            ctypes.cast(getattr(library, name), ctypes.c_void_p).value
            for name in ("MPI_Iallgather", "MPI_Test", "MPI_Allgatherv")
        ]
        handles = [MPI._handleof(MPI.INT32_T), MPI._handleof(self._speakers)]
        return np.array([*addresses, *handles], np.uint64).view(np.int64)


_current: ContextVar[Ranks | None] = ContextVar("ranks", default=None)


def current_ranks() -> Ranks:
    """Return the processes over which simulations are spread here."""
    return _current.get() or Ranks()


@contextmanager
def alone() -> Iterator[None]:
    """Simulate by this process alone inside, whatever the others do."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def spread_over(communicator: Any, *, share_memory: bool = True) -> Iterator[Ranks]:
    """Share every simulation that is made inside among the processes of a communicator.

    All processes must make the same calls with the same arguments; each returns the whole result,
    with the bits of a single process. The calls are compared, and all processes raise a
    `NeurosimError` that names the first difference.

    An exception, or `sys.exit` with a status other than 0, that leaves the block on some processes
    only ends the job: it is printed, and all processes are aborted with its exit status (2 for a
    `NeurosimError`). So does an uncaught exception anywhere in the script.

    Parameters
    ----------
    communicator : mpi4py.MPI.Comm
    share_memory : bool
        Whether processes on one machine share memory; if not, they exchange messages as between
        machines.

    Raises
    ------
    NeurosimError
        Where a process leaves the block while others make another call.

    Examples
    --------
    ::

        from mpi4py import MPI

        with ns.spread_over(MPI.COMM_WORLD):
            result = ns.simulate(net, 1000.0)
    """
    install_hook()
    ranks = _ranks_of(communicator, share_memory)
    token = _current.set(ranks)
    try:
        yield ranks
        ranks.require_same("left spread_over")
    except BaseException as error:
        if ranks.alone:
            raise
        if exit_status(error) == 0:  # sys.exit(0) leaves the block as its end does
            ranks.require_same("left spread_over")
        elif not ranks.all_fail(GRACE):
            trace = error.__traceback__  # its first entry is the line `yield` above
            abort(error.with_traceback(trace and trace.tb_next))
        raise
    finally:
        _current.reset(token)


def _ranks_of(communicator: Any, share_memory: bool) -> Ranks:
    """Return the processes of a communicator, with a duplicate of it for their own messages."""
    from mpi4py import MPI

    own = communicator.Dup()
    own.Set_errhandler(MPI.ERRORS_ARE_FATAL)  # the kernels check no error codes
    return Ranks(own, share_memory=share_memory)


@contextmanager
def spread_as_started() -> Iterator[Ranks]:
    """Share simulations among the processes that `mpiexec` started together, if it did.

    The caller handles exceptions, and must abort the job.

    Raises
    ------
    NeurosimError
        If several processes were started and mpi4py is missing.
    """
    if not started_together():
        yield Ranks()
        return
    try:
        from mpi4py import MPI
    except ImportError:
        raise NeurosimError(
            "several processes were started together, and mpi4py, by which they would share the "
            'work, is missing: pip install "neurosim-bridge[distributed]"'
        ) from None
    ranks = _ranks_of(MPI.COMM_WORLD, share_memory=True)
    token = _current.set(ranks)
    try:
        yield ranks
        ranks.require_same("ended its command")
    finally:
        _current.reset(token)
