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
    """Write spikes as comma-separated values. The file is written atomically.

    The columns are population, neuron and time_ms, and name if neurons have names. Times have as
    many digits as are needed to read back the same bits.

    Parameters
    ----------
    result : Result
    path : path-like

    Raises
    ------
    NeurosimError
        If the file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> drive = net.drive(cell, ns.SpikeTimes([10.0, 30.0]), psp=16.0)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "spikes.csv"
    >>> ns.save_csv(ns.simulate(net, 50.0), path)
    >>> print(path.read_text(), end="")
    population,neuron,time_ms
    cell,0,10.0
    cell,0,30.0
    """
    named = any(trains.names is not None for trains in result.spikes.values())
    with atomic_path(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*COLUMNS, "name") if named else COLUMNS)
        for name, trains in result.spikes.items():
            ids, recorded = trains.ids.tolist(), trains.recorded.tolist()
            labels = dict(zip(recorded, trains.names or recorded, strict=True))
            more = ((labels[neuron],) if named else () for neuron in ids)
            writer.writerows(
                (name, neuron, time, *label)
                for neuron, time, label in zip(ids, trains.times.tolist(), more, strict=True)
            )
