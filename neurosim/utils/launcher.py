"""Number and index of the processes that an MPI launcher has started."""

from __future__ import annotations

import os
import sys
from typing import Any

SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "PMIX_SIZE", "PALS_SIZE")
"""Environment variables in which MPI launchers pass the number of processes."""
RANKS = ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PALS_RANKID")
"""Environment variables in which MPI launchers pass the index of a process."""


def launched_by_mpi() -> bool:
    """Return whether an MPI launcher started this process together with others."""
    return any(size > 1 for size in _numbers(SIZES))


def mpi_rank() -> int:
    """Return the index of this process in its MPI job, 0 without MPI."""
    mpi: Any = sys.modules.get("mpi4py.MPI")
    if mpi and mpi.Is_initialized() and not mpi.Is_finalized():
        return int(mpi.COMM_WORLD.rank)
    return max(_numbers(RANKS), default=0) if launched_by_mpi() else 0


def _numbers(names: tuple[str, ...]) -> list[int]:
    """Return the numbers in environment variables."""
    values = [os.environ.get(name, "") for name in names]
    return [int(value) for value in values if value.isdigit()]
