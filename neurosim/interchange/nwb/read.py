"""Read spikes from the units table of an NWB file."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.imported_spikes import (
    MAX_ID,
    UNNAMED,
    ImportedSpikes,
    PopulationSpikes,
    warn_of_restarts,
)
from neurosim.interchange.to_result import printable
from neurosim.utils.hdf5 import FormatError
from neurosim.utils.intervals import merged

if TYPE_CHECKING:
    from collections.abc import Sequence

    import h5py
    from numpy.typing import NDArray

    from neurosim.interchange.hdf5 import HDF5Reader

NAME_COLUMNS = ("neuron", "unit_name", "name", "_name")
"""Columns that may hold names; the last is Neo's."""
LATE, RARE = 1e8, 1e-4
"""A last spike after 28 hours (ms) and a rate below 0.1 Hz (1/ms) suggest times in ms."""


def read_nwb(file: h5py.File, reader: HDF5Reader) -> ImportedSpikes:
    """Read the spikes of all units.

    The column `population` assigns units to populations, `neuron` or else `id` numbers them, and a
    column of text names them. Rows of `obs_intervals` are the intervals in which a unit was
    observed.

    Raises
    ------
    NeurosimError
        If the file has no units table with spike times.
    FormatError
        If the table does not follow NWB.
    """
    units = reader.member(file, "units")
    if units is None or reader.member(units, "spike_times") is None:
        raise NeurosimError("it has no sorted spikes: give an NWB file with a units table")
    trains = [times * 1e3 for times in _rows(reader, units, "spike_times")]
    if not trains:
        ids = reader.column(units, "id")
        trains = [np.empty(0)] * (0 if ids is None else len(ids))
    columns = {}
    for name in ("population", "id", *NAME_COLUMNS):
        column = columns[name] = reader.column(units, name)
        if column is not None and len(column) != len(trains):
            raise FormatError(
                f"{units.name}/{name} has {len(column)} rows instead of {len(trains)}"
            )
    populations = [UNNAMED] * len(trains)
    if columns["population"] is not None:
        populations = [name or UNNAMED for name in _text(columns["population"])]
    neurons, names = _identify(columns, populations)
    observed, duration, notes = _observed(reader, units, len(trains))
    rows: dict[str, list[int]] = {}
    for k, population in enumerate(populations):
        rows.setdefault(population, []).append(k)
    found = {
        population: PopulationSpikes(
            np.concatenate([trains[k] for k in members]),
            np.repeat(neurons[members], [len(trains[k]) for k in members]),
            neurons[members],
            None if names is None else [names[k] for k in members],
            None if observed is None else [observed[k] for k in members],
        )
        for population, members in rows.items()
    }
    notes += warn_of_restarts(trains, names or [str(k) for k in neurons]) + _warn_of_unit(trains)
    return ImportedSpikes(found, _step(reader, units), duration, notes)


def _rows(reader: HDF5Reader, units: h5py.Group, name: str, n_dims: int = 1) -> list[NDArray]:
    """Read the values of each unit in a ragged column."""
    values = reader.numbers(units, name, "fiu", n_dims).astype(np.float64)
    if reader.member(units, f"{name}_index") is None:
        return [values[k : k + 1] for k in range(len(values))]
    bounds = reader.regions(units, f"{name}_index", name)
    if bounds is None:
        ends = reader.numbers(units, f"{name}_index", "iu").astype(np.int64)
        bounds = np.column_stack([np.concatenate([[0], ends])[:-1], ends])
        if np.any(np.diff(bounds) < 0) or len(values) != (ends[-1] if len(ends) else 0):
            raise FormatError(f"{units.name}/{name}_index does not divide the {len(values)} values")
    return [values[start:stop] for start, stop in bounds.tolist()]


def _text(column: NDArray | list[str]) -> list[str]:
    """Return the values of a column as text: whole numbers without a decimal point."""
    return [value if isinstance(value, str) else f"{value:.15g}" for value in column]


def _identify(
    columns: dict[str, NDArray | list[str] | None], populations: list[str]
) -> tuple[NDArray[np.int64], list[str] | None]:
    """Return the number and, if available, the name of each unit.

    Numbers are unique within a population.
    """
    counters = {population: count() for population in populations}
    neurons = np.array([next(counters[population]) for population in populations], np.int64)
    for source in ("neuron", "id"):
        column = columns[source]
        if isinstance(column, np.ndarray) and _are_indices(column, populations):
            neurons = column.astype(np.int64)
            columns = columns | {source: None}
            break
    for name in NAME_COLUMNS:
        column = columns[name]
        if column is not None and (name == "neuron" or isinstance(column, list)):
            texts = zip(_text(column), neurons.tolist(), strict=True)
            return neurons, [printable(text.strip()) or str(neuron) for text, neuron in texts]
    return neurons, None


def _are_indices(column: NDArray, populations: list[str]) -> bool:
    """Whether a column has a valid index for each unit, unique within its population."""
    if column.dtype.kind not in "iu" or np.any((column < 0) | (column > MAX_ID)):
        return False
    return len(set(zip(populations, column.tolist(), strict=True))) == len(populations)


def _step(reader: HDF5Reader, units: h5py.Group) -> float | None:
    """Return the step (ms) that the file specifies as the resolution of spike times."""
    resolution = reader.attribute(reader.member(units, "spike_times"), "resolution")
    usable = isinstance(resolution, np.floating) and 0.0 < resolution < np.inf
    return step_of(np.float64(resolution)) if usable else None


def step_of(resolution: np.float64) -> float:
    """Return the shortest step (ms) that equals a resolution (s) when divided by 1000."""
    about = float(resolution) * 1e3
    near = (np.nextafter(about, 0.0), about, np.nextafter(about, np.inf))
    exact = [float(step) for step in near if step / 1e3 == resolution] or [about]
    return min(exact, key=lambda step: len(repr(step)))


def _observed(
    reader: HDF5Reader, units: h5py.Group, n_units: int
) -> tuple[list[NDArray[np.float64]] | None, float | None, list[str]]:
    """Return the observed intervals (ms) of units, the end of the last, and warnings.

    A unit without intervals counts as observed whenever any other unit was. The intervals are None
    if all units were observed from 0 to the end.
    """
    column = reader.member(units, "obs_intervals")
    if column is None or getattr(column, "shape", ())[1:] != (2,):
        return None, None, []
    rows = _rows(reader, units, "obs_intervals", n_dims=2)
    if len(rows) != n_units:
        raise FormatError(f"{units.name}/obs_intervals has {len(rows)} rows instead of {n_units}")
    # False for NaN
    valid = [bool(np.all((row[:, 0] <= row[:, 1]) & np.isfinite(row).all(axis=1))) for row in rows]
    ignored = (
        f"the observed intervals of {n_units - sum(valid):,} of {n_units:,} units do not end after "
        "they start: they are ignored"
    )
    notes = [] if all(valid) else [ignored]
    kept = [
        row[np.argsort(row[:, 0], kind="stable")] * 1e3 if ok else row[:0]
        for row, ok in zip(rows, valid, strict=True)
    ]
    anywhere = merged(np.concatenate([np.empty((0, 2)), *kept]))
    if not len(anywhere):
        return None, None, notes
    end = float(anywhere[-1, 1])
    if all(row.tolist() == [[0.0, end]] for row in kept):
        return None, end, notes
    return [row if len(row) else anywhere for row in kept], end, notes


def _warn_of_unit(trains: Sequence[NDArray[np.float64]]) -> list[str]:
    """Return a warning if times look like ms instead of the seconds of NWB."""
    active = [train for train in trains if len(train)]
    last = max((float(train.max()) for train in active), default=0.0)
    if not last > LATE or sum(map(len, active)) > len(active) * RARE * last:
        return []
    return [
        f"the last spike is {last / 3.6e6:,.1f} hours after the start: NWB has times in s; if this "
        "file has them in ms, rates are 1,000 times too low"
    ]
