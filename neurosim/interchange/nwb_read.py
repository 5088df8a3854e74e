"""Spikes out of the units table of an NWB file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.foreign import MAX_ID, NO_NAME, Foreign, Train

if TYPE_CHECKING:
    import h5py
    from numpy.typing import NDArray

    from neurosim.interchange.hdf5 import HDF5Reader


def read_nwb(file: h5py.File, reader: HDF5Reader) -> Foreign:
    """Read the spikes of all units; a column `population` divides them, `neuron` numbers them."""
    units = reader.member(file, "units")
    if units is None or reader.member(units, "spike_times") is None:
        raise NeurosimError("it has no sorted spikes: give an NWB file with a units table")
    times = reader.numbers(units, "spike_times", "f").astype(np.float64) * 1e3
    ends = _ends(reader, units, "spike_times", len(times))
    names, neurons = _names(reader, units, len(ends)), _neurons(reader, units, len(ends))
    owner = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
    trains = {}
    for name in dict.fromkeys(names):
        own = np.array([other == name for other in names])
        if len(np.unique(neurons[own])) < np.count_nonzero(own):
            neurons[own] = np.arange(np.count_nonzero(own))
        mine = own[owner]
        trains[name] = Train(times[mine], neurons[owner[mine]], neurons[own])
    return Foreign(trains, _step(reader, units), _end(reader, units))


def _ends(reader: HDF5Reader, units: h5py.Group, name: str, n_values: int) -> NDArray[np.int64]:
    """Read where the values of each unit end in a ragged column."""
    ends = reader.numbers(units, f"{name}_index", "iu").astype(np.int64)
    bounds = np.concatenate([[0], ends])
    if np.any(np.diff(bounds) < 0) or bounds[-1] != n_values:
        raise ValueError(f"{units.name}/{name}_index does not divide the {n_values} values")
    return ends


def _names(reader: HDF5Reader, units: h5py.Group, n_units: int) -> list[str]:
    names = reader.words(units, "population")
    if names is None:
        return [NO_NAME] * n_units
    if len(names) != n_units:
        raise ValueError(f"{units.name}/population has {len(names)} rows instead of {n_units}")
    return names


def _neurons(reader: HDF5Reader, units: h5py.Group, n_units: int) -> NDArray[np.int64]:
    """Read what the units are called; where these are no numbers, they are counted."""
    for name in ("neuron", "id"):
        if reader.member(units, name) is None:
            continue
        numbers = reader.numbers(units, name, "iu").astype(np.int64)
        if len(numbers) != n_units:
            raise ValueError(f"{units.name}/{name} has {len(numbers)} rows instead of {n_units}")
        if np.all((numbers >= 0) & (numbers <= MAX_ID)):
            return numbers
    return np.arange(n_units)


def _step(reader: HDF5Reader, units: h5py.Group) -> float | None:
    resolution = reader.attribute(reader.member(units, "spike_times"), "resolution")
    usable = isinstance(resolution, np.floating) and 0.0 < resolution < np.inf
    return step_of(np.float64(resolution)) if usable else None


def step_of(resolution: np.float64) -> float:
    """Return the step (ms) that became a resolution (s).

    Of the numbers of which it is a thousandth, the shortest is meant.
    """
    about = float(resolution) * 1e3
    near = (np.nextafter(about, 0.0), about, np.nextafter(about, np.inf))
    exact = [float(step) for step in near if step / 1e3 == resolution] or [about]
    return min(exact, key=lambda step: len(repr(step)))


def _end(reader: HDF5Reader, units: h5py.Group) -> float | None:
    """Return the end of the last interval observed (ms)."""
    if reader.member(units, "obs_intervals") is None:
        return None
    intervals = reader.numbers(units, "obs_intervals", "f", n_dims=2)
    if intervals.shape[1:] != (2,) or not len(intervals) or not np.isfinite(intervals).all():
        return None
    return float(intervals[:, 1].max()) * 1e3
