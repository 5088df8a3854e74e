"""What a table was made with: date, machine, versions."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from neurosim.utils.resources import available_cores, available_memory


def _processor() -> str:
    """Return the processor's name, where Linux tells it."""
    path = Path("/proc/cpuinfo")
    for line in path.read_text().splitlines() if path.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def heading(versions: Iterable[str], repeats: int) -> str:
    """Return the title, and the line that says where, when and with what."""
    cores, memory = available_cores(), (available_memory() or 0) / 2**30
    return (
        "# NEST, Brian2 and neurosim on the same networks\n\n"
        f"{date.today()}, {cores} cores of {_processor()}, {memory:.0f} GiB, "
        f"Python {platform.python_version()}; {', '.join(sorted(versions))}. Medians of {repeats} "
        "runs, rates their mean, memory the largest. Building lasts until the first step is made; "
        "all spikes are recorded; an event is one synapse delivering one spike; ratios are to "
        "neurosim on as many threads."
    )
