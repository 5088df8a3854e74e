"""Write spikes as comma-separated values."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from neurosim.utils.atomic_files import atomic_path

if TYPE_CHECKING:
    import os

    from neurosim.results import Result

COLUMNS = ("population", "neuron", "time_ms")


def save_csv(result: Result, path: str | os.PathLike[str]) -> None:
    """Write spikes as comma-separated values, whole or not at all.

    The columns are population, neuron and time_ms, and name where neurons have names. Times have
    as many digits as are needed to read back the same bits.

    Parameters
    ----------
    result : Result
    path : path-like

    Raises
    ------
    NeurosimError
        If the file cannot be written.
    """
    named = any(trains.names is not None for trains in result.spikes.values())
    with atomic_path(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*COLUMNS, "name") if named else COLUMNS)
        for name, trains in result.spikes.items():
            rows = zip(trains.ids.tolist(), trains.times.tolist(), strict=True)
            if not named:
                writer.writerows((name, neuron, time) for neuron, time in rows)
                continue
            labels = trains.names or tuple(map(str, trains.recorded.tolist()))
            label = dict(zip(trains.recorded.tolist(), labels, strict=True))
            writer.writerows((name, neuron, time, label[neuron]) for neuron, time in rows)
