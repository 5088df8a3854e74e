"""What machines tell each other: the spikes of the last steps, through MPI.

On one machine processes local memory and meet at one barrier, as threads do. Of every machine one
process sends a message, all of one length, in which the spikes nearly always have room: their
number, how many each thread fired in each step, then their ids. What is left over goes in a second
message, which all know of, having read the numbers.

MPI is called at its address, so that the kernels do not need it and are cached on disk like any
other.
"""

from neurosim.kernels.address import addressed, call_3, call_8
from neurosim.kernels.compiled import helper
from neurosim.kernels.intrinsics import give_way
from neurosim.kernels.tables import tables_at
from neurosim.kernels.types import (
    COMMUNICATOR,
    FLAG,
    GATHER,
    GATHER_ALL,
    INTEGER,
    REQUEST,
    STATUS,
    TEST,
)

CAPACITY = 64
"""Ids that fit into a first message."""
SPINS = 500
"""Looks for messages before a waiting process gives way."""


@helper
def _write(fired, start, own, n_own, known, k, out, more):
    """Write the message for the steps known … k − 1; return its length."""
    n, place = 0, 1 + n_own * (k - known)
    for i in range(n_own):
        row = own + i
        for step in range(known, k):
            count = start[row, step + 1] - start[row, step]
            out[1 + i * (k - known) + step - known] = count
        for j in range(start[row, known], start[row, k]):
            if n < CAPACITY:
                out[place + n] = fired[row, j]
            else:
                more[n - CAPACITY] = fired[row, j]
            n += 1
    out[0] = n
    return place + CAPACITY


@helper
def _read(fired, start, own, n_own, known, k, message, more):
    """Put what another machine wrote among the spikes of all threads."""
    n, place = 0, 1 + n_own * (k - known)
    for i in range(n_own):
        row = own + i
        for step in range(known, k):
            begin = start[row, step]
            end = begin + message[1 + i * (k - known) + step - known]
            for j in range(begin, end):
                fired[row, j] = message[place + n] if n < CAPACITY else more[n - CAPACITY]
                n += 1
            start[row, step + 1] = end


@helper
def _await(mpi, request):
    """Return once the messages have come; with fewer cores than processes, let others go on."""
    spins = 0
    request[FLAG] = 0
    while True:
        call_3(
            mpi[TEST], request[REQUEST:].ctypes.data, request[FLAG:].ctypes.data,
            request[STATUS:].ctypes.data,
        )  # fmt: skip
        if request[FLAG] != 0:
            return
        spins += 1
        if spins > SPINS:
            give_way()


@addressed
def exchange(frame, own, n_own, known, k, _):
    """Tell the other machines what this one's threads fired in the steps known … k − 1.

    Parameters
    ----------
    frame : Frame
        Of `Ranks` and `Shared`.
    own, n_own : int
        First of the machine's own threads, and how many they are; all machines have as many.
    known, k : int
        Steps of the chunk.
    """
    ranks, shared = tables_at(frame)
    fired, start, mpi = shared.fired, shared.fired_start, ranks.mpi
    out, into, counts, places = ranks.out, ranks.into, ranks.counts, ranks.places
    length = _write(fired, start, own, n_own, known, k, out, ranks.more_out)
    call_8(
        mpi[GATHER], out.ctypes.data, length, mpi[INTEGER], into.ctypes.data, length,
        mpi[INTEGER], mpi[COMMUNICATOR], ranks.request.ctypes.data,
    )  # fmt: skip
    _await(mpi, ranks.request)
    left = 0
    for r in range(counts.size):
        counts[r] = max(into[r * length] - CAPACITY, 0)
        places[r] = left
        left += counts[r]
    if left > 0:
        here = counts[own // n_own]
        call_8(
            mpi[GATHER_ALL], ranks.more_out.ctypes.data, here, mpi[INTEGER],
            ranks.more_into.ctypes.data, counts.ctypes.data, places.ctypes.data, mpi[INTEGER],
            mpi[COMMUNICATOR],
        )  # fmt: skip
    for r in range(counts.size):
        if r != own // n_own:
            message, more = into[r * length : (r + 1) * length], ranks.more_into[places[r] :]
            _read(fired, start, r * n_own, n_own, known, k, message, more)
    return 0
