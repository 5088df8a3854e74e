"""Conversion of common containers of spike trains to one array per neuron."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.utils.checks import as_floats
from neurosim import NeurosimError, Result, SpikeTrains
from neurosim.interchange.neo import is_neo_train, neo_times

# Spike times of each neuron (ms), names of the neurons, and duration (ms) if known.
Source = tuple[list[NDArray[np.float64]], NDArray, float | None]

_TIMES = ("time", "times", "t", "spike_time", "spike_times")
# Column names of spike times, with their factor to ms.
TIME_COLUMNS = {
    name + unit: factor
    for unit, factor in (("", 1.0), ("_ms", 1.0), ("_s", 1e3))
    for name in _TIMES
} | {"timestamp": 1.0, "timestamps": 1.0}
# Column names of neurons.
NEURON_COLUMNS = (
    *("neuron", "neurons", "neuron_id", "neuron_ids", "id", "ids", "unit", "units", "unit_id"),
    *("unit_ids", "cell", "cell_id", "cluster", "cluster_id", "sender", "senders", "i"),
    *("node_id", "node_ids", "gid", "gids"),
)

KNOWN = (
    "give SpikeTrains, a list of arrays of times (ms), a dict of them by neuron, (times, ids), a "
    "table with columns time_ms and neuron, a matrix of counts per bin, or a list of "
    "neo.SpikeTrain"
)


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
    if isinstance(spikes, (str, bytes)):
        raise NeurosimError(f"{type(spikes).__name__} is not a set of spike trains: {KNOWN}")
    if hasattr(spikes, "columns") and hasattr(spikes, "to_numpy"):
        return _from_table(spikes, width)
    if isinstance(spikes, Mapping) or (hasattr(spikes, "keys") and hasattr(spikes, "items")):
        return _from_mapping(spikes)
    if hasattr(spikes, "tocoo") or (isinstance(spikes, np.ndarray) and spikes.ndim == 2):
        matrix = spikes.toarray() if hasattr(spikes, "tocoo") else spikes
        if hasattr(spikes, "tocoo") or not _rows_ascend(matrix):
            return _from_matrix(matrix, width)
    if not hasattr(spikes, "__len__"):
        raise NeurosimError(f"{type(spikes).__name__} is not a set of spike trains: {KNOWN}")
    if isinstance(spikes, tuple) and len(spikes) == 2 and _second_holds_ids(*spikes):
        return *_grouped(_array(spikes[0], "times"), np.asarray(spikes[1])), None
    if len(spikes) and all(map(is_neo_train, spikes)):
        return _from_neo(list(spikes))
    trains = [_times(train, f"the train of neuron {k}") for k, train in enumerate(spikes)]
    return trains, np.arange(len(trains)), None


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
        pairs = [
            f"{key} {k}"
            for key, value in zip(keys, values, strict=True)
            for k in value.recorded.tolist()
        ]
        return trains, np.array(pairs), None
    if values and all(map(is_neo_train, values)):
        trains, duration = neo_times(values)
        return trains, _names(keys), duration
    trains = [
        _times(value, f"the train of neuron {key}") for key, value in zip(keys, values, strict=True)
    ]
    support = getattr(spikes, "time_support", None)  # pynapple's TsGroup, in seconds
    end = None if support is None else float(np.asarray(support.end)[-1]) * 1e3
    return trains, _names(keys), end


def _from_table(table: Any, width: float) -> Source:
    """Convert a data frame of spikes, or of spike counts by bin and neuron.

    A frame of spikes has one row per spike.
    """
    columns = {str(name).strip().lower(): name for name in table.columns}
    times = [name for name in columns if name in TIME_COLUMNS]
    neurons = [name for name in columns if name in NEURON_COLUMNS]
    if len(times) == 1 and len(neurons) == 1:
        values = _array(table[columns[times[0]]].to_numpy(), f"column {columns[times[0]]}")
        ids = table[columns[neurons[0]]].to_numpy()
        order = np.argsort(values, kind="stable")
        return *_grouped(TIME_COLUMNS[times[0]] * values[order], ids[order]), None
    if times:
        raise NeurosimError(
            f"a table with columns {', '.join(map(str, table.columns))} has no column of neurons: "
            "give columns time_ms and neuron"
        )
    trains, _, duration = _from_matrix(table.to_numpy(), width, time_axis=0)
    return trains, _names(list(table.columns)), duration


def _from_matrix(matrix: NDArray, width: float, time_axis: int | None = None) -> Source:
    """Convert counts per bin; the time axis is the longer one unless given."""
    values = _floats(matrix)
    if not (
        np.isfinite(values).all() and (values >= 0).all() and (values == np.rint(values)).all()
    ):
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


def _rows_ascend(matrix: NDArray) -> bool:
    """Return whether the rows can be spike times, which are strictly ascending."""
    if matrix.dtype == bool or matrix.size == 0 or matrix.shape[1] < 2:
        return False
    return bool((np.diff(_floats(matrix), axis=1) > 0).all())


def _floats(values: Any) -> NDArray[np.float64]:
    """Return values as floats, NaN if they are not numbers."""
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        return np.full(np.shape(values) or (1,), np.nan)


def _second_holds_ids(first: Any, second: Any) -> bool:
    """Return whether a tuple of two is (times, ids) and not two spike trains.

    Integers and strings are ids. Floats are ids if they are whole, one per time, and not strictly
    ascending as spike times would be.
    """
    if is_neo_train(second):
        return False
    try:
        ids = np.asarray(second)
    except ValueError:
        return False
    if ids.ndim != 1:
        return False
    if ids.dtype.kind in "iuUS":
        return True
    if ids.dtype.kind != "f" or np.shape(first) != ids.shape or len(ids) < 2:
        return False
    whole = np.isfinite(ids).all() and (ids == np.rint(ids)).all()
    return bool(whole and (np.diff(ids) <= 0).any())


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
        if not (np.isfinite(array).all() and (array == np.rint(array)).all()):
            bad = array[~(array == np.rint(array))][0]
            raise NeurosimError(f"neuron id {bad:g} is not a whole number: give whole ids or names")
        array = array.astype(np.int64)
    else:
        array = np.array([str(key) for key in keys])
    if unique and len(np.unique(array)) != len(array):
        raise NeurosimError("two neurons have the same name: give unique names")
    return array


def _times(values: Any, what: str) -> NDArray[np.float64]:
    """Return spike times in ms; pynapple's `Ts` converts seconds itself."""
    if callable(getattr(values, "times", None)):
        values = values.times(units="ms")
    return _array(values, what)


def _array(values: Any, what: str) -> NDArray[np.float64]:
    """Return a 1-D array of floats."""
    array = as_floats(values, what)
    if array.ndim != 1:
        raise NeurosimError(f"{what} has shape {array.shape}: give a 1-D array of times in ms")
    return array
