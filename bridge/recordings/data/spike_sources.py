"""Conversion of common containers of spike trains to one array per neuron."""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.utils.checks import as_floats
from neurosim import NeurosimError, Result, SpikeTrains
from neurosim.interchange.columns import Columns, find_columns
from neurosim.interchange.neo import is_neo_train, neo_times
from neurosim.utils.checks import show

# Spike times of each neuron (ms), names of the neurons, and duration (ms) if known.
Source = tuple[list[NDArray[np.float64]], NDArray, float | None]

KNOWN = (
    "give SpikeTrains, a list of arrays of times (ms), a dict of them by neuron, (times, ids), a "
    "table with columns time_ms and neuron, a matrix of counts per bin, or a list of "
    "neo.SpikeTrain"
)
# Dimensions of labelled arrays of counts along which time runs.
TIME_DIMENSIONS = ("time", "times", "t", "bin", "bins")


def read_source(spikes: Any, width: float) -> Source:
    """Convert any container that `bin_trains` accepts; bins are `width` ms wide.

    Return the spike trains, the names of the neurons, and the duration (ms) if known.
    """
    if isinstance(spikes, Result):
        populations = spikes.spikes
        one = next(iter(populations.values())) if len(populations) == 1 else populations
        trains, names, _ = read_source(one, width)
        return trains, names, spikes.duration
    if isinstance(spikes, SpikeTrains):
        known = spikes.t_stop if math.isfinite(spikes.t_stop) else None
        return spikes.by_neuron(), np.asarray(spikes.recorded), known
    if isinstance(spikes, (str, bytes, os.PathLike)):
        raise NeurosimError(f"{show(spikes)}: read files with neurosim.load_spikes, or {KNOWN}")
    if isinstance(spikes, Iterator):
        spikes = list(spikes)
    spikes = _series(_neo_trains(spikes))
    if hasattr(spikes, "columns") and hasattr(spikes, "to_numpy"):
        return _from_table(spikes, width)
    if isinstance(spikes, Mapping) or (hasattr(spikes, "keys") and hasattr(spikes, "items")):
        return _from_mapping(spikes)
    if hasattr(spikes, "dims") and np.ndim(spikes) == 2:
        return _from_labelled(spikes, width)
    if hasattr(spikes, "tocoo"):
        return _from_matrix(spikes.toarray(), width)
    if isinstance(spikes, np.ndarray) and spikes.ndim == 2:
        found = _split_matrix(spikes)
        if found is None:
            return _from_matrix(spikes, width)
        spikes = found
    if not hasattr(spikes, "__len__") or (isinstance(spikes, np.ndarray) and spikes.ndim == 0):
        raise NeurosimError(f"{type(spikes).__name__} is not a set of spike trains: {KNOWN}")
    if isinstance(spikes, tuple) and len(spikes) == 2 and _second_holds_ids(*spikes):
        return *_grouped(_times(spikes[0], "times"), np.asarray(spikes[1])), None
    if len(spikes) and all(map(is_neo_train, spikes)):
        return _from_neo(list(spikes))
    if len(spikes) and all(isinstance(one, numbers.Real) for one in spikes):
        spikes = [spikes]  # one neuron
    trains = [_times(train, f"the train of neuron {k}") for k, train in enumerate(spikes)]
    return trains, np.arange(len(trains)), None


def _neo_trains(spikes: Any) -> Any:
    """Return the spike trains of a Neo block, segment or train; other values unchanged."""
    if is_neo_train(spikes):
        return [spikes]
    if hasattr(spikes, "spiketrains"):
        return list(spikes.spiketrains)
    if not hasattr(spikes, "segments"):
        return spikes
    if len(spikes.segments) != 1:
        raise NeurosimError(
            f"the Neo block has {len(spikes.segments)} segments: give one of them, or join them "
            "with neurosim.from_neo"
        )
    return list(spikes.segments[0].spiketrains)


def _series(spikes: Any) -> Any:
    """Return a series of times as (times, ids) if its index repeats, else as one spike train.

    Other values, such as a series of spike trains, are unchanged.
    """
    index: Any = getattr(spikes, "index", None)
    if not hasattr(spikes, "to_numpy") or not hasattr(index, "is_unique"):
        return spikes
    if hasattr(spikes, "columns") or spikes.to_numpy().dtype.kind not in "iuf":
        return spikes
    if index.is_unique:
        return [spikes.to_numpy()]
    return spikes.to_numpy(), np.array(index.tolist())


def _from_neo(trains: list[Any]) -> Source:
    """Convert Neo's spike trains; names are used if they are unique."""
    times, duration = neo_times(trains)
    names = [str(getattr(train, "name", None) or "") for train in trains]
    if all(names) and len(set(names)) == len(names):
        return times, np.array(names), duration
    return times, np.arange(len(times)), duration


def _from_mapping(spikes: Any) -> Source:
    """Convert a mapping of neuron to times, or of population to `SpikeTrains`."""
    items = list(spikes.items())
    keys, values = [key for key, _ in items], [value for _, value in items]
    if values and all(isinstance(value, SpikeTrains) for value in values):
        trains = [train for value in values for train in value.by_neuron()]
        names = [f"{key} {k}" for key, value in items for k in value.recorded.tolist()]
        return trains, np.array(names), None
    if values and all(map(is_neo_train, values)):
        trains, duration = neo_times(values)
        return trains, _names(keys), duration
    trains = [_times(value, f"the train of neuron {key}") for key, value in items]
    support = getattr(spikes, "time_support", None)  # pynapple's TsGroup, in seconds
    end = None if support is None else float(np.asarray(support.end)[-1]) * 1e3
    return trains, _names(keys), end


def _from_table(table: Any, width: float) -> Source:
    """Convert a data frame of spikes, of spike trains, or of spike counts by bin and neuron."""
    labels = list(table.columns)
    columns = find_columns([str(label) for label in labels], remedy="leave one of them out")
    if columns is None:
        trains, _, duration = _from_matrix(table.to_numpy(), width, time_axis=0)
        return trains, _names(labels), duration
    if columns.to_ms is None:
        raise NeurosimError(f"column {labels[columns.time]} holds steps: give a column time_ms")
    label, to_ms = labels[columns.time], columns.to_ms
    values = table[label].to_numpy()
    has_trains = values.dtype == object and any(np.ndim(value) > 0 for value in values)
    if columns.neuron is not None:
        ids = _ids_of_rows(table, labels, columns)
    elif has_trains:  # such as the units of an NWB file
        ids = np.array(table.index.tolist() if hasattr(table, "index") else range(len(values)))
    else:
        raise NeurosimError(
            f"a table with columns {', '.join(map(str, labels))} has no column of neurons: "
            "give columns time_ms and neuron"
        )
    if has_trains:
        trains = [
            to_ms * _times(train, f"row {k} of column {label}") for k, train in enumerate(values)
        ]
        return trains, _names(ids), None
    times = to_ms * as_floats(values, f"column {label}", "ms" if to_ms == 1.0 else "")
    times, ids = _complete_rows(times, ids)
    order = np.argsort(times, kind="stable")
    return *_grouped(times[order], ids[order]), None


def _ids_of_rows(table: Any, labels: list[Any], columns: Columns) -> NDArray:
    """Return the neuron of each row of a table, with its population if there is such a column."""
    assert columns.neuron is not None
    ids = table[labels[columns.neuron]].to_numpy()
    if columns.population is None:
        return np.asarray(ids)
    populations = table[labels[columns.population]].to_numpy()
    pairs = zip(populations.tolist(), ids.tolist(), strict=True)
    return np.array([f"{population} {neuron}" for population, neuron in pairs], dtype=object)


def _complete_rows(times: NDArray[np.float64], ids: NDArray) -> tuple[NDArray[np.float64], NDArray]:
    """Return the rows of a table without those that have neither time nor neuron."""
    without_time = np.isnan(times)
    without_id = np.array([value is None or value != value for value in ids.tolist()], dtype=bool)
    incomplete = np.flatnonzero(without_time != without_id)
    if len(incomplete):
        row = incomplete[0]
        what = "time" if without_time[row] else "neuron"
        raise NeurosimError(f"row {row} of the table has no {what}: remove such rows")
    return times[~without_time], ids[~without_time]


def _from_labelled(array: Any, width: float) -> Source:
    """Convert an array of counts with named dimensions, as of xarray."""
    names = [str(name).lower() for name in array.dims]
    axes = [axis for axis, name in enumerate(names) if name in TIME_DIMENSIONS]
    time_axis = axes[0] if len(axes) == 1 else None
    trains, neurons, duration = _from_matrix(np.asarray(array.values), width, time_axis)
    other = None if time_axis is None else array.dims[1 - time_axis]
    if other in getattr(array, "coords", {}):
        neurons = _names(np.asarray(array.coords[other].values).tolist())
    return trains, neurons, duration


def _split_matrix(matrix: NDArray) -> Any:
    """Return an array of two dimensions as spike trains or (times, ids); None for counts.

    It holds spike trains if the values ascend within each row, which NaN may follow, and times and
    ids if one of two columns or rows holds whole numbers that repeat and the other does not.
    """
    if matrix.dtype == object and 1 in matrix.shape:  # a cell array of MATLAB
        return list(matrix.ravel())
    values = _floats(matrix)
    if 2 in values.shape and max(values.shape) > 2:
        pair = values.T if values.shape[1] == 2 else values
        are_ids, whole = [_repeat(row) for row in pair], [_whole(row) for row in pair]
        if are_ids[0] != are_ids[1] and not all(whole):
            return pair[are_ids.index(False)], pair[are_ids.index(True)]
        if values.shape[1] == 2 and all(whole) and any(are_ids) and _rows_ascend(values):
            raise NeurosimError(
                f"an array of shape {values.shape} can hold a time and a neuron in each row, or "
                "two spikes of each neuron: give (times, ids) or a list of arrays"
            )
    return list(values) if matrix.dtype != bool and _rows_ascend(values) else None


def _from_matrix(matrix: NDArray, width: float, time_axis: int | None = None) -> Source:
    """Convert counts per bin; the time axis is the longer one unless given."""
    values = _floats(matrix)
    if not (_whole(values) and (values >= 0).all()):
        raise NeurosimError(
            "the two-dimensional array or table contains neither spike counts per bin nor "
            f"ascending times: {KNOWN}"
        )
    if time_axis is None:
        if values.shape[0] == values.shape[1]:
            raise NeurosimError(
                f"the time axis of a spike matrix of shape {values.shape} is ambiguous: give more "
                "bins than neurons"
            )
        time_axis = int(np.argmax(values.shape))
    counts = np.moveaxis(values, time_axis, 1).astype(np.int64)
    ends = width * np.arange(1, counts.shape[1] + 1)
    trains = [np.repeat(ends, row) for row in counts]
    return trains, np.arange(len(trains)), width * counts.shape[1]


def _rows_ascend(values: NDArray[np.float64]) -> bool:
    """Return whether the rows can be spike times: strictly ascending, then NaN."""
    if values.size == 0 or values.shape[1] < 2:
        return False
    missing = np.isnan(values)
    ascending = (np.diff(values, axis=1) > 0) | missing[:, 1:]
    return bool(ascending.all() and (missing[:, 1:] >= missing[:, :-1]).all())


def _whole(values: NDArray[np.float64]) -> bool:
    """Return whether all values are whole numbers."""
    return bool(np.isfinite(values).all() and (values == np.rint(values)).all())


def _repeat(values: NDArray[np.float64]) -> bool:
    """Return whether values are whole numbers that do not strictly ascend, as times would."""
    return _whole(values) and bool((np.diff(values) <= 0).any())


def _floats(values: Any) -> NDArray[np.float64]:
    """Return values as floats, NaN if they are not numbers."""
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        return np.full(np.shape(values) or (1,), np.nan)


def _second_holds_ids(first: Any, second: Any) -> bool:
    """Return whether a tuple of two is (times, ids) and not two spike trains.

    Strings are ids. So are integers, unless both arrays are integers that strictly ascend, and
    whole floats, one per time, that do not strictly ascend.

    Raises
    ------
    NeurosimError
        If both are possible.
    """
    if is_neo_train(second):
        return False
    try:
        ids = np.asarray(second)
    except ValueError:
        return False
    if ids.ndim != 1:
        return False
    if ids.dtype.kind in "US" or (ids.dtype == object and all(isinstance(x, str) for x in ids)):
        return True
    if ids.dtype.kind in "iu":
        times = _floats(first)
        if len(ids) < 2 or _repeat(ids.astype(float)) or not _whole(times) or _repeat(times):
            return True
        if times.shape == ids.shape:
            raise NeurosimError(
                "a tuple of two ascending arrays of integers can be (times, ids) or two spike "
                "trains: give a list of arrays, or a table with columns time_ms and neuron"
            )
        return False
    return bool(ids.dtype.kind == "f" and np.shape(first) == ids.shape and _repeat(ids))


def _grouped(times: NDArray[np.float64], ids: NDArray) -> tuple[list[NDArray], NDArray]:
    """Return the times of each neuron in the given order, and the names."""
    if times.shape != ids.shape:
        raise NeurosimError(f"times {times.shape} and ids {ids.shape} must be of one length")
    names, owner = np.unique(_names(ids, unique=False), return_inverse=True)
    order = np.argsort(owner, kind="stable")
    edges = np.searchsorted(owner[order], np.arange(1, len(names)))
    return (np.split(times[order], edges) if len(names) else []), names


def _names(keys: Any, *, unique: bool = True) -> NDArray:
    """Return names as integers if all are whole numbers, otherwise as strings."""
    array = np.asarray(keys) if len(keys) else np.empty(0, dtype=np.int64)
    if array.ndim == 1 and array.dtype.kind in "iuf":
        bad = array[~np.isfinite(array) | (array != np.rint(array))]
        if len(bad):
            raise NeurosimError(
                f"neuron id {bad[0]:g} is not a whole number: give whole ids or names"
            )
        array = array.astype(np.int64)
    else:
        array = np.array([str(key) for key in keys])
    if unique and len(np.unique(array)) != len(array):
        raise NeurosimError("two neurons have the same name: give unique names")
    return array


def _times(values: Any, what: str) -> NDArray[np.float64]:
    """Return spike times (ms) without the NaN that fill rows of equal length."""
    if callable(getattr(values, "times", None)):  # pynapple's `Ts` converts seconds itself
        values = values.times(units="ms")
    array = as_floats(values, what, "ms")
    if array.ndim == 2 and 1 in array.shape:  # a vector of MATLAB
        array = array.ravel()
    if array.ndim != 1:
        raise NeurosimError(f"{what} has shape {array.shape}: give a 1-D array of times in ms")
    known = np.flatnonzero(~np.isnan(array))
    array = array[: known[-1] + 1 if len(known) else 0]
    if len(array) > 2 and np.isin(array, (0.0, 1.0)).all():
        raise NeurosimError(
            f"{what} holds only 0 and 1, not times in ms: give counts per bin as a matrix, one row "
            "per neuron"
        )
    return array
