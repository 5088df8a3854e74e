"""The processes that share a network's neurons among them, as threads of one process do (MPI)."""

from __future__ import annotations

import mmap
import os
import sys
import tempfile
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "PMIX_SIZE", "PALS_SIZE")
"""Variables by which those who start processes together say how many there are."""

PIECE = 2**26
"""Bytes that are sent at a time: MPI counts in 32 bits."""


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
        refusal = None
        if self.leads:
            try:
                work()
            except NeurosimError as error:
                refusal = str(error)
        refusal = self._communicator.bcast(refusal)
        if refusal is not None:
            raise NeurosimError(refusal)

    def give_up(self, status: int) -> None:
        """End all processes."""
        sys.stdout.flush()
        self._communicator.Abort(status)

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
    """Spread every simulation that is made inside over the processes of a communicator.

    Each process makes the same calls; each gets the whole result, with the bits of a single
    process.

    Parameters
    ----------
    communicator : mpi4py.MPI.Comm
    share_memory : bool
        Whether processes on one machine meet in memory that they share; if not, they send messages
        as to other machines.

    Examples
    --------
    ::

        from mpi4py import MPI

        with ns.spread_over(MPI.COMM_WORLD):
            result = ns.simulate(net, 1000.0)
    """
    from mpi4py import MPI

    own = communicator.Dup()  # so that its messages are no one else's
    own.Set_errhandler(MPI.ERRORS_ARE_FATAL)  # the kernels look at no error
    ranks = Ranks(own, share_memory=share_memory)
    token = _current.set(ranks)
    try:
        yield ranks
    finally:
        _current.reset(token)


@contextmanager
def spread_as_started() -> Iterator[Ranks]:
    """Spread simulations over the processes that `mpiexec` started together, if it did.

    Raises
    ------
    NeurosimError
        Where it did, and mpi4py is missing.
    """
    sizes = [os.environ.get(name, "") for name in SIZES]
    if not any(size.isdigit() and int(size) > 1 for size in sizes):
        yield Ranks()
        return
    try:
        from mpi4py import MPI
    except ImportError:
        raise NeurosimError(
            "several processes were started together, and mpi4py, by which they would share the "
            'work, is missing: pip install "neurosim-bridge[distributed]"'
        ) from None
    with spread_over(MPI.COMM_WORLD) as ranks:
        yield ranks
