"""Exchange of spikes between machines through MPI.

On one machine, processes share memory and meet at one barrier, like threads. One process of every
machine sends messages of fixed length: the number of spikes, the number that each thread fired in
each step, then their ids. A second message follows if the ids exceed the capacity of the first. All
machines know from the numbers whether it does.

MPI functions are called by address, so the kernels do not depend on MPI and are cached on disk.
"""

from neurosim.kernels.address import addressed, call_3, call_8
from neurosim.kernels.compiled import helper
from neurosim.kernels.intrinsics import yield_thread
from neurosim.kernels.tables import tables_at

CAPACITY = 64
"""Number of ids that fit into the first message."""
SPINS = 500
"""Number of tests for messages before a waiting process yields."""


@helper
def _write(fired, start, first_thread, n_threads, known, k, out, overflow):
    """Write the message for the steps known … k − 1; return its length."""
    n, offset = 0, 1 + n_threads * (k - known)
    for i in range(n_threads):
        row = first_thread + i
        for step in range(known, k):
            count = start[row, step + 1] - start[row, step]
            out[1 + i * (k - known) + step - known] = count
        for j in range(start[row, known], start[row, k]):
            if n < CAPACITY:
                out[offset + n] = fired[row, j]
            else:
                overflow[n - CAPACITY] = fired[row, j]
            n += 1
    out[0] = n
    return offset + CAPACITY


@helper
def _read(fired, start, first_thread, n_threads, known, k, message, overflow):
    """Insert the message of another machine into the spikes of all threads."""
    n, offset = 0, 1 + n_threads * (k - known)
    for i in range(n_threads):
        row = first_thread + i
        for step in range(known, k):
            begin = start[row, step]
            end = begin + message[1 + i * (k - known) + step - known]
            for j in range(begin, end):
                fired[row, j] = message[offset + n] if n < CAPACITY else overflow[n - CAPACITY]
                n += 1
            start[row, step + 1] = end


@helper
def _await(ranks):
    """Wait for the messages; yield the processor now and then."""
    spins = 0
    ranks.flag[0] = 0
    while True:
        call_3(
            ranks.test, ranks.request.ctypes.data, ranks.flag.ctypes.data,
            ranks.status.ctypes.data,
        )  # fmt: skip
        if ranks.flag[0] != 0:
            return
        spins += 1
        if spins > SPINS:
            yield_thread()


@addressed
def exchange(frame, first_thread, n_threads, known, k, _):
    """Exchange the spikes of the steps known … k − 1 with the other machines.

    Parameters
    ----------
    frame : Frame
        Holds `Ranks` and `Shared`.
    first_thread, n_threads : int
        The threads of this machine. All machines have the same number.
    known, k : int
        Steps of the chunk.
    """
    ranks, shared = tables_at(frame)
    fired, start = shared.fired, shared.fired_start
    send, receive, counts, displacements = (
        ranks.send,
        ranks.receive,
        ranks.counts,
        ranks.displacements,
    )
    length = _write(fired, start, first_thread, n_threads, known, k, send, ranks.send_overflow)
    call_8(
        ranks.iallgather, send.ctypes.data, length, ranks.integer, receive.ctypes.data, length,
        ranks.integer, ranks.communicator, ranks.request.ctypes.data,
    )  # fmt: skip
    _await(ranks)
    left = 0
    for r in range(counts.size):
        counts[r] = max(receive[r * length] - CAPACITY, 0)
        displacements[r] = left
        left += counts[r]
    if left > 0:
        here = counts[first_thread // n_threads]
        call_8(
            ranks.allgatherv, ranks.send_overflow.ctypes.data, here, ranks.integer,
            ranks.receive_overflow.ctypes.data, counts.ctypes.data, displacements.ctypes.data,
            ranks.integer, ranks.communicator,
        )  # fmt: skip
    for r in range(counts.size):
        if r != first_thread // n_threads:
            message = receive[r * length : (r + 1) * length]
            overflow = ranks.receive_overflow[displacements[r] :]
            _read(fired, start, r * n_threads, n_threads, known, k, message, overflow)
    return 0
