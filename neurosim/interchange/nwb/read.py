"""Read spikes from the units table of an NWB file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.hdf5 import FormatError
from neurosim.interchange.imported_spikes import (
    MAX_ID,
    NO_NAME,
    ImportedSpikes,
    PopulationSpikes,
    warn_of_restarts,
)
from neurosim.utils.intervals import merged

if TYPE_CHECKING:
    from collections.abc import Sequence

    import h5py
    from numpy.typing import NDArray

    from neurosim.interchange.hdf5 import HDF5Reader

NAME_COLUMNS = ("neuron", "unit_name", "name", "_name")
"""Columns that may hold names; Neo writes the last."""
LATE, RARE = 1e8, 1e-4
"""A last spike after 28 hours (ms) and a rate below 0.1 Hz (1/ms): times were written in ms."""


def read_nwb(file: h5py.File, reader: HDF5Reader) -> ImportedSpikes:
    """Read the spikes of all units.

    The column `population` divides them, `neuron` or else `id` numbers them, and a column of text
    names them. Rows of `obs_intervals` are the times in which a unit was observed.

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
        trains = [np.empty(0)] * _n_rows(reader, units)
    populations = _populations(reader, units, len(trains))
    neurons, names = _identities(reader, units, populations)
    observed, duration, doubts = _observed(reader, units, len(trains))
    rows: dict[str, list[int]] = {}
    for k, population in enumerate(populations):
        rows.setdefault(population, []).append(k)
    found = {}
    for population, own in rows.items():
        found[population] = PopulationSpikes(
            np.concatenate([trains[k] for k in own]),
            np.repeat(neurons[own], [len(trains[k]) for k in own]),
            neurons[own],
            None if names is None else tuple(names[k] for k in own),
            None if observed is None else tuple(observed[k] for k in own),
        )
    called = [str(neuron) for neuron in neurons] if names is None else names
    doubts += warn_of_restarts(trains, called) + _warn_of_unit(trains)
    return ImportedSpikes(found, _step(reader, units), duration, tuple(doubts))


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


def _n_rows(reader: HDF5Reader, units: h5py.Group) -> int:
    ids = reader.column(units, "id")
    return 0 if ids is None else len(ids)


def _column(
    reader: HDF5Reader, units: h5py.Group, name: str, n_units: int
) -> NDArray | list[str] | None:
    """Read a column with one value a unit, or return None if there is none of that name."""
    column = reader.column(units, name)
    if column is not None and len(column) != n_units:
        raise FormatError(f"{units.name}/{name} has {len(column)} rows instead of {n_units}")
    return column


def _populations(reader: HDF5Reader, units: h5py.Group, n_units: int) -> list[str]:
    column = _column(reader, units, "population", n_units)
    return [NO_NAME] * n_units if column is None else [name or NO_NAME for name in _text(column)]


def _text(column: NDArray | list[str]) -> list[str]:
    """Return the values of a column as text: whole numbers without a decimal point."""
    return [value if isinstance(value, str) else f"{value:.15g}" for value in column]


def _identities(
    reader: HDF5Reader, units: h5py.Group, populations: Sequence[str]
) -> tuple[NDArray[np.int64], list[str] | None]:
    """Return a number for each unit, unique within its population, and names if there are any."""
    columns = {
        name: _column(reader, units, name, len(populations)) for name in ("id", *NAME_COLUMNS)
    }
    neurons, source = np.arange(len(populations)), None
    for name in ("neuron", "id"):
        column = columns[name]
        if isinstance(column, np.ndarray) and _are_indices(column, populations):
            neurons, source = column.astype(np.int64), name
            break
    else:
        neurons = _count(populations)
    if source == "neuron":
        columns["neuron"] = None
    for name in NAME_COLUMNS:
        column = columns[name]
        if column is not None and (name == "neuron" or isinstance(column, list)):
            texts = zip(_text(column), neurons.tolist(), strict=True)
            return neurons, [_printable(text) or str(neuron) for text, neuron in texts]
    return neurons, None


def _are_indices(column: NDArray, populations: Sequence[str]) -> bool:
    """Whether a column numbers the units of each population from 0 on, each differently."""
    if column.dtype.kind not in "iu" or np.any((column < 0) | (column > MAX_ID)):
        return False
    return len(set(zip(populations, column.tolist(), strict=True))) == len(populations)


def _count(populations: Sequence[str]) -> NDArray[np.int64]:
    """Number the units of each population from 0 on."""
    counts = dict.fromkeys(populations, 0)
    numbers = np.empty(len(populations), np.int64)
    for k, population in enumerate(populations):
        numbers[k] = counts[population]
        counts[population] += 1
    return numbers


def _printable(text: str) -> str:
    """Return a name on one line, of at most 200 characters."""
    return "".join(letter if letter.isprintable() else "?" for letter in text.strip())[:200]


def _step(reader: HDF5Reader, units: h5py.Group) -> float | None:
    resolution = reader.attribute(reader.member(units, "spike_times"), "resolution")
    usable = isinstance(resolution, np.floating) and 0.0 < resolution < np.inf
    return step_of(np.float64(resolution)) if usable else None


def step_of(resolution: np.float64) -> float:
    """Return the step (ms) from which a resolution (s) was made.

    Of the numbers that become this resolution when divided by 1000, the shortest is meant.
    """
    about = float(resolution) * 1e3
    near = (np.nextafter(about, 0.0), about, np.nextafter(about, np.inf))
    exact = [float(step) for step in near if step / 1e3 == resolution] or [about]
    return min(exact, key=lambda step: len(repr(step)))


def _observed(
    reader: HDF5Reader, units: h5py.Group, n_units: int
) -> tuple[list[NDArray[np.float64]] | None, float | None, list[str]]:
    """Return the observed intervals (ms) of each unit, the end of the last, and warnings.

    A unit without intervals counts as observed whenever any other unit was. None stands for units
    that were all observed from 0 to the end.
    """
    column = reader.member(units, "obs_intervals")
    if column is None or getattr(column, "shape", ())[1:] != (2,):
        return None, None, []
    rows = _rows(reader, units, "obs_intervals", n_dims=2)
    if len(rows) != n_units:
        raise FormatError(f"{units.name}/obs_intervals has {len(rows)} rows instead of {n_units}")
    # NaN fails the comparison, too.
    sound = [bool(np.all((row[:, 0] <= row[:, 1]) & np.isfinite(row).all(axis=1))) for row in rows]
    doubts = []
    if not all(sound):
        doubts = [
            f"the observed intervals of {n_units - sum(sound):,} of {n_units:,} units do not end "
            "after they start: they are ignored"
        ]
    kept = [
        row[np.argsort(row[:, 0], kind="stable")] * 1e3 if fine else row[:0]
        for row, fine in zip(rows, sound, strict=True)
    ]
    anywhere = merged(np.concatenate([np.empty((0, 2)), *kept]))
    if not len(anywhere):
        return None, None, doubts
    end = float(anywhere[-1, 1])
    if all(row.tolist() == [[0.0, end]] for row in kept):
        return None, end, doubts
    return [row if len(row) else anywhere for row in kept], end, doubts


def _warn_of_unit(trains: Sequence[NDArray[np.float64]]) -> list[str]:
    """Return a warning if times look like ms; NWB has seconds."""
    active = [train for train in trains if len(train)]
    last = max((float(train.max()) for train in active), default=0.0)
    if not last > LATE or sum(map(len, active)) > len(active) * RARE * last:
        return []
    return [
        f"the last spike is {last / 3.6e6:,.1f} hours after the start: NWB has times in s; if this "
        "file has them in ms, rates are 1,000 times too low"
    ]
