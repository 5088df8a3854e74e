"""Distribution of a network over MPI processes, as over the threads of a process."""

from __future__ import annotations

import mmap
import os
import tempfile
import time
import warnings
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from neurosim.engine.calls import DIGEST_BYTES, Call, comparable, difference
from neurosim.errors import NeurosimError
from neurosim.utils.failure import abort, end_job, exit_status, install_hook
from neurosim.utils.launcher import launched_by_mpi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

MESSAGE_BYTES = 2**26
"""Largest message: MPI counts bytes in 32 bits."""

GRACE = 2.0
"""Time (s) in which the other processes may fail too, before one failure aborts the job."""


class Communicator:
    """The processes that simulate a network together.

    All of them must make the same calls in the same order, and each returns the whole result.
    Processes on one machine share memory. One process per machine exchanges messages with the
    other machines.

    Parameters
    ----------
    comm : mpi4py.MPI.Comm, optional
        Default: this process alone.
    share_memory : bool
        If False, every process exchanges messages, as if it had a machine to itself.

    Attributes
    ----------
    rank, size : int
    machines : int
        Number of machines.
    index : int
        Number of this process if processes are numbered machine by machine.
    """

    def __init__(self, comm: Any = None, *, share_memory: bool = True) -> None:
        self._comm = self._machine_comm = self._roots_comm = comm
        self.rank = self.index = comm.rank if comm else 0
        self.size = comm.size if comm else 1
        self.machines = self._processes_here = 1
        self._simulations = 0
        if not self.is_serial:
            self._split(share_memory)

    def _split(self, share_memory: bool) -> None:
        """Create communicators of each machine's processes, and of their first processes."""
        from mpi4py import MPI

        self._machine_comm = self._comm.Split_type(MPI.COMM_TYPE_SHARED, key=self.rank)
        n_roots = self.sum(int(self._machine_comm.rank == 0))
        equal = self._machine_comm.size * n_roots == self.size
        if self.any(not (equal and share_memory)):
            self._machine_comm = self._comm.Split(self.rank)
        self._processes_here = self._machine_comm.size
        self.machines = self.size // self._processes_here
        color = 0 if self._machine_comm.rank == 0 else MPI.UNDEFINED
        self._roots_comm = self._comm.Split(color, self.rank)
        machine = self._roots_comm.rank if self._machine_comm.rank == 0 else 0
        machine = self._machine_comm.bcast(machine)
        self.index = machine * self._processes_here + self._machine_comm.rank

    @property
    def is_root(self) -> bool:
        """Whether this process writes files and prints."""
        return self.rank == 0

    @property
    def leads(self) -> bool:
        """Former name of `is_root`."""
        warnings.warn("leads is now is_root", DeprecationWarning, stacklevel=2)
        return self.is_root

    @property
    def is_serial(self) -> bool:
        """Whether there is only one process."""
        return self.size == 1

    def threads_here(self, threads: int) -> range:
        """Return the numbers of all threads on this machine, with `threads` per process."""
        n = self._processes_here * threads
        machine = self.index // self._processes_here
        return range(machine * n, (machine + 1) * n)

    def cores_per_process(self, cores: int) -> int:
        """Return the share of a machine's cores for each process; equal on all machines."""
        shares = np.zeros(self.size, np.int64)
        shares[self.rank] = max(cores // self._processes_here, 1)
        return int(self.allreduce(shares).min())

    def shared_memory(self, size: int) -> NDArray[np.uint8]:
        """Return zeroed memory that all processes of this machine share (bytes)."""
        if self._processes_here == 1:
            return np.zeros(size, np.uint8)
        folder = "/dev/shm" if os.path.isdir("/dev/shm") else None
        first, path = self._machine_comm.rank == 0, None
        if first:
            descriptor, path = tempfile.mkstemp(prefix="neurosim-", dir=folder)
            os.ftruncate(descriptor, size)
        path = self._machine_comm.bcast(path)
        if not first:
            descriptor = os.open(path, os.O_RDWR)
        memory = mmap.mmap(descriptor, size)
        os.close(descriptor)
        self._machine_comm.Barrier()
        if first:  # the memory is freed when the last process unmaps it
            os.unlink(path)
        return np.frombuffer(memory, np.uint8)

    def allreduce(self, array: NDArray) -> NDArray:
        """Combine an array from all processes by bitwise OR.

        Each process fills part of the array and leaves zeros elsewhere.
        """
        if self.is_serial:
            return array
        from mpi4py import MPI

        whole = np.ascontiguousarray(array).copy()
        data = whole.reshape(-1).view(np.uint8)
        for start in range(0, len(data), MESSAGE_BYTES):
            message = data[start : start + MESSAGE_BYTES]
            self._comm.Allreduce(MPI.IN_PLACE, message, op=MPI.BOR)
        return whole

    def allgather(self, array: NDArray) -> NDArray:
        """Return the arrays of all processes, concatenated; shape (n,)."""
        if self.is_serial:
            return array
        lengths = np.zeros(self.size, np.int64)
        lengths[self.rank] = len(array)
        lengths = self.allreduce(lengths)
        whole = np.zeros(int(lengths.sum()), array.dtype)
        start = int(lengths[: self.rank].sum())
        whole[start : start + len(array)] = array
        return self.allreduce(whole)

    def sum(self, number: int) -> int:
        """Return the sum of a number over all processes."""
        return number if self.is_serial else int(self._comm.allreduce(number))

    def any(self, flag: bool) -> bool:
        """Return whether the flag is set on any process."""
        return flag if self.is_serial else bool(self.allreduce(np.array([flag]))[0])

    def bcast(self, number: int) -> int:
        """Return the number of the first process."""
        return number if self.is_serial else int(self._comm.bcast(number))

    def barrier(self) -> None:
        """Wait for all processes."""
        if not self.is_serial:
            self._comm.Barrier()

    def run_on_root(self, function: Callable[[], object]) -> None:
        """Call a function on the first process while the others wait.

        Raises
        ------
        NeurosimError
            On all processes, if `function` raises it.
        """
        if self.is_serial:
            function()
            return
        self.require_same("waited for the first process to write files")
        message = None
        if self.is_root:
            try:
                function()
            except NeurosimError as error:
                message = str(error)
        message = self._comm.bcast(message)
        if message is not None:
            raise NeurosimError(message)

    def require_same(self, name: str, arguments: Mapping[str, Any] | None = None) -> None:
        """Check that all processes make the same call.

        Parameters
        ----------
        name : str
            What this process does, such as "called Simulation.save".
        arguments : mapping of str to object, optional
            Must be equal on all processes; see `calls.comparable`.

        Raises
        ------
        NeurosimError
            On all processes, with the first difference.
        """
        if self.is_serial:
            return
        call = Call(name, comparable(arguments or {}))
        digests = np.zeros((self.size, DIGEST_BYTES), np.uint8)
        self._comm.Allgather(np.frombuffer(call.digest(), np.uint8), digests)
        if (digests == digests[0]).all():
            return
        found = difference(self._comm.allgather(call))
        raise NeurosimError(
            f"{found}: all processes must make the same calls with the same arguments, in the "
            "same order"
        )

    def count_simulation(self) -> int:
        """Return the number, from 1, of a new simulation."""
        self._simulations += 1
        return self._simulations

    def all_arrive(self, seconds: float) -> bool:
        """Return whether all processes call this within a time (s).

        If not, the communicator cannot be used any more.
        """
        request = self._comm.Ibarrier()
        end = time.monotonic() + seconds
        while not request.Test():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def abort(self, status: int) -> NoReturn:
        """End all processes of the job with an exit status."""
        end_job(self._comm, status)

    def kernel_handles(self) -> NDArray[np.int64]:
        """Return the MPI functions and handles for the kernels; see `kernels.types.Ranks`."""
        import ctypes

        from mpi4py import MPI

        if self._machine_comm.rank > 0:  # only the first process of a machine sends messages
            return np.zeros(5, np.int64)
        library = ctypes.CDLL(MPI.__file__)  # resolves to the MPI library that mpi4py loaded
        addresses = [
            ctypes.cast(getattr(library, name), ctypes.c_void_p).value
            for name in ("MPI_Iallgather", "MPI_Test", "MPI_Allgatherv")
        ]
        handles = [MPI._handleof(MPI.INT32_T), MPI._handleof(self._roots_comm)]
        return np.array([*addresses, *handles], np.uint64).view(np.int64)


_current: ContextVar[Communicator | None] = ContextVar("communicator", default=None)


def current_communicator() -> Communicator:
    """Return the communicator of the enclosing `use_mpi` block, or a serial one."""
    return _current.get() or Communicator()


@contextmanager
def _using(communicator: Communicator | None) -> Iterator[None]:
    """Make a communicator the current one for the time of a block."""
    token = _current.set(communicator)
    try:
        yield
    finally:
        _current.reset(token)


def without_mpi() -> AbstractContextManager[None]:
    """Return a context in which this process simulates alone."""
    return _using(None)


@contextmanager
def use_mpi(comm: Any, *, share_memory: bool = True) -> Iterator[Communicator]:
    """Distribute all simulations in the block over the processes of a communicator.

    All processes must make the same calls with the same arguments. Each returns the whole result,
    bit-identical to that of a single process. The calls are compared: if they differ, all
    processes raise a `NeurosimError` that names the first difference.

    An exception, or `sys.exit` with a status other than 0, that leaves the block on some processes
    only is printed and aborts the job with the exit status of that process (2 for a
    `NeurosimError`). So does an uncaught exception anywhere in the script.

    Parameters
    ----------
    comm : mpi4py.MPI.Comm
    share_memory : bool
        Whether processes on one machine share memory. If False, they exchange messages, as
        processes on different machines do.

    Raises
    ------
    NeurosimError
        If a process leaves the block while others make another call.

    Examples
    --------
    ::

        from mpi4py import MPI

        with ns.use_mpi(MPI.COMM_WORLD):
            result = ns.simulate(net, 1000.0)
    """
    install_hook()
    communicator = _duplicate(comm, share_memory)
    try:
        with _using(communicator):
            yield communicator
            communicator.require_same("left use_mpi")
    except BaseException as error:
        if communicator.is_serial:
            raise
        if exit_status(error) == 0:  # sys.exit(0) is a normal end of the block
            communicator.require_same("left use_mpi")
        elif not communicator.all_arrive(GRACE):
            trace = error.__traceback__  # its first entry is the line `yield` above
            abort(error.with_traceback(trace and trace.tb_next))
        raise


def _duplicate(comm: Any, share_memory: bool = True) -> Communicator:
    """Return the processes of a communicator, through a duplicate of it."""
    from mpi4py import MPI

    duplicate = comm.Dup()
    duplicate.Set_errhandler(MPI.ERRORS_ARE_FATAL)  # the kernels do not check error codes
    return Communicator(duplicate, share_memory=share_memory)


@contextmanager
def use_mpi_if_launched() -> Iterator[Communicator]:
    """Distribute simulations over the processes started by `mpiexec`, if several.

    The caller must handle exceptions and abort the job.

    Raises
    ------
    NeurosimError
        If several processes were started and mpi4py is missing.
    """
    if not launched_by_mpi():
        yield Communicator()
        return
    try:
        from mpi4py import MPI
    except ImportError:
        raise NeurosimError(
            "mpiexec started several processes, and mpi4py, which they need to work together, is "
            'not installed: pip install "neurosim-bridge[distributed]"'
        ) from None
    communicator = _duplicate(MPI.COMM_WORLD)
    with _using(communicator):
        yield communicator
        communicator.require_same("ended its command")
