"""The processes that share a network's neurons among them, as threads of one process do (MPI)."""

from __future__ import annotations

import os
import sys
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

    Parameters
    ----------
    communicator : mpi4py.MPI.Comm, optional

    Attributes
    ----------
    rank, size : int
    """

    def __init__(self, communicator: Any = None) -> None:
        self._communicator = communicator
        self.rank = communicator.rank if communicator else 0
        self.size = communicator.size if communicator else 1

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
        from mpi4py import MPI

        here = self._communicator.Split_type(MPI.COMM_TYPE_SHARED)
        neighbours = here.size
        here.Free()
        # As many on all machines: threads are numbered so.
        return -int(self._communicator.allreduce(-max(cores // neighbours, 1), op=MPI.MAX))

    def mpi(self) -> NDArray[np.int64]:
        """Return what the kernels need to call MPI; see `kernels.types.Ranks`."""
        import ctypes

        from mpi4py import MPI

        library = ctypes.CDLL(MPI.__file__)  # leads to the MPI that mpi4py was given
        addresses = [
            ctypes.cast(getattr(library, name), ctypes.c_void_p).value
            for name in ("MPI_Iallgather", "MPI_Test", "MPI_Allgatherv")
        ]
        handles = [MPI._handleof(MPI.INT32_T), MPI._handleof(self._communicator)]
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
def spread_over(communicator: Any) -> Iterator[Ranks]:
    """Spread every simulation that is made inside over the processes of a communicator.

    Each process makes the same calls; each gets the whole result, with the bits of a single
    process.

    Parameters
    ----------
    communicator : mpi4py.MPI.Comm

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
    ranks = Ranks(own)
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
