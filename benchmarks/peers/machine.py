"""Date, machine and software versions of a comparison."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from neurosim.utils.resources import available_cores, available_memory


def _processor() -> str:
    """Return the model name of the processor."""
    path = Path("/proc/cpuinfo")
    for line in path.read_text().splitlines() if path.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def heading(versions: Iterable[str], repeats: int) -> str:
    """Return the title and a paragraph on date, machine, versions and method."""
    cores, memory = available_cores(), (available_memory() or 0) / 2**30
    return (
        "# NEST, Brian2 and neurosim on the same networks\n\n"
        f"{date.today()}, {cores} cores of {_processor()}, {memory:.0f} GiB, "
        f"Python {platform.python_version()}; {', '.join(sorted(versions))}. Times are medians of "
        f"{repeats} runs, rates are means, memory is the maximum. The build time includes the "
        "first step. All spikes are recorded. An event is the delivery of one spike by one "
        "synapse. The last column is the time relative to neurosim with the same number of threads."
    )
