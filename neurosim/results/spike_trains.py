"""Spike trains of a population."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, overload

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.results.windows import check_window, inside
from neurosim.utils.frozen import ReadOnlyRecord, read_only, set_fields
from neurosim.utils.optional import require
from neurosim.utils.table import MAX_SHOWN, Table, counted

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class HasIds(Protocol):
    """An object with an attribute `ids`, such as a view of a population."""

    @property
    def ids(self) -> NDArray[np.int64]:
        """Indices within the population."""


def checked_array(
    values: Any, name: str, dtype: type, n_dims: int = 1, *, finite: bool = True
) -> NDArray:
    """Return a read-only array of numbers of the given type."""
    array = np.asarray(values)
    if array.size == 0:
        array = array.astype(dtype)
    if array.dtype.kind not in "iuf" or array.ndim != n_dims:
        raise NeurosimError(f"{name} is not a {n_dims}-D array of numbers")
    if array.dtype.kind == "f":
        if finite and not np.isfinite(array).all():
            raise NeurosimError(f"{name} contains values that are not finite")
        if dtype is np.int64 and (array != np.rint(array)).any():
            raise NeurosimError(f"{name} contains non-integer numbers: give indices from 0")
    return read_only(array.astype(dtype, copy=False))


@dataclass(frozen=True, eq=False, repr=False)
class SpikeTrains(ReadOnlyRecord):
    """Spikes of one population, sorted by time, then by neuron.

    Parameters
    ----------
    times : (n_spikes,) array_like
        Spike times (ms): the end of the step in which the neuron fired.
    ids : (n_spikes,) array_like of int
        Index of the neuron within its population for each spike.
    recorded : (n_recorded,) array_like of int
        Indices of the neurons whose spikes were recorded.
    names : tuple of str, optional
        Names of the neurons in `recorded`, in that order, if an imported file has names.
    observed : tuple of (n_intervals, 2) ndarray, optional
        Intervals (ms) in which each neuron in `recorded` was observed, in that order. None: all
        neurons were observed during the whole recording.
    dt : float, optional
        Step of the time grid (ms); None: times are not on a grid.
    t_start, t_stop : float, optional
        Start and end of the recording (ms); infinite if unknown.

    Attributes
    ----------
    times, ids, recorded
        Read-only arrays of float64, int64, int64. Spikes are sorted by time, then by neuron, and
        `recorded` is ascending.
    names, observed, dt, t_start, t_stop
        As passed.

    Raises
    ------
    NeurosimError
        If arrays differ in length, times are not finite, or neurons with spikes are missing in
        `recorded`.

    Examples
    --------
    >>> import neurosim as ns
    >>> trains = ns.SpikeTrains([1.0, 2.5, 4.0], [0, 2, 0], [0, 1, 2])
    >>> trains
    <SpikeTrains: 3 spikes of 3 neurons, 1 to 4 ms>
    >>> trains.counts()
    array([2, 0, 1])
    >>> trains.of(0)
    array([1., 4.])
    """

    times: NDArray[np.float64]
    ids: NDArray[np.int64]
    recorded: NDArray[np.int64]
    names: tuple[str, ...] | None = None
    observed: tuple[NDArray[np.float64], ...] | None = None
    dt: float | None = None
    t_start: float = -math.inf
    t_stop: float = math.inf

    def __post_init__(self) -> None:
        times = checked_array(self.times, "SpikeTrains.times", np.float64)
        ids = checked_array(self.ids, "SpikeTrains.ids", np.int64)
        recorded = checked_array(self.recorded, "SpikeTrains.recorded", np.int64)
        if len(times) != len(ids):
            raise NeurosimError(
                f"SpikeTrains has {len(times)} times and {len(ids)} ids: give one id per spike"
            )
        for name, values in (("names", self.names), ("observed", self.observed)):
            if values is not None and len(values) != len(recorded):
                raise NeurosimError(
                    f"SpikeTrains.{name} has {len(values)} entries for {len(recorded)} recorded "
                    "neurons: give one per neuron"
                )
        if (np.diff(recorded) <= 0).any():
            recorded, order = np.unique(recorded, return_index=True)
            names, observed = _picked(self.names, order), _picked(self.observed, order)
            set_fields(self, names=names, observed=observed)
        unknown = ~np.isin(ids, recorded)
        if unknown.any():
            raise NeurosimError(
                f"SpikeTrains.ids contains {ids[unknown][0]}, which is not in `recorded`: add all "
                "recorded neurons"
            )
        steps = np.diff(times)
        if (steps < 0).any() or (np.diff(ids)[steps == 0] < 0).any():
            order = np.lexsort((ids, times))
            times, ids = times[order], ids[order]
        set_fields(self, times=times, ids=ids, recorded=recorded)
        if self.observed is not None:
            set_fields(self, observed=tuple(map(read_only, self.observed)))

    def __len__(self) -> int:
        return len(self.times)

    def __repr__(self) -> str:
        spikes = f"{counted(len(self), 'spike')} of {counted(len(self.recorded), 'neuron')}"
        if len(self):
            spikes += f", {self.times[0]:,.10g} to {self.times[-1]:,.10g} ms"
        return f"<SpikeTrains: {spikes}>"

    def _repr_html_(self) -> str:
        shown = [(int(neuron), self.of(neuron)) for neuron in self.recorded[:MAX_SHOWN]]
        rows = tuple((neuron, len(times), *_ends(times)) for neuron, times in shown)
        columns = ("neuron", "spikes", "first (ms)", "last (ms)")
        return Table(repr(self)[1:-1], columns, rows).html_of_first(len(self.recorded))

    @overload
    def of(self, neuron: int | np.integer) -> NDArray[np.float64]: ...

    @overload
    def of(self, neuron: slice | ArrayLike | HasIds) -> SpikeTrains: ...

    def of(self, neuron: Any) -> NDArray[np.float64] | SpikeTrains:
        """Return the spike times of one neuron (ms), or the spikes of several.

        Parameters
        ----------
        neuron : int, slice, array_like or PopulationView
            Index or indices within the population, or a mask of its neurons. A slice selects from
            the recorded neurons.

        Returns
        -------
        (n_spikes,) ndarray or SpikeTrains
            SpikeTrains unless `neuron` is an int.

        Raises
        ------
        NeurosimError
            If the spikes of a neuron were not recorded.
        """
        if np.isscalar(neuron):
            require_recorded(neuron, self.recorded)
            return self.times[self.ids == neuron]
        chosen = np.flatnonzero(np.isin(self.recorded, chosen_ids(neuron, self.recorded)))
        kept = np.isin(self.ids, self.recorded[chosen])
        return SpikeTrains._unchecked(
            self.times[kept],
            self.ids[kept],
            self.recorded[chosen],
            names=_picked(self.names, chosen),
            observed=_picked(self.observed, chosen),
            dt=self.dt,
            t_start=self.t_start,
            t_stop=self.t_stop,
        )

    def by_neuron(self) -> list[NDArray[np.float64]]:
        """Return the spike times of each recorded neuron (ms), as for `SpikeTimes`."""
        order = np.argsort(self.ids, kind="stable")
        edges = np.searchsorted(self.ids[order], self.recorded[1:])
        return np.split(self.times[order], edges) if len(self.recorded) else []

    def to_dataframe(self) -> Any:
        """Return a pandas DataFrame with one row per spike.

        Returns
        -------
        pandas.DataFrame
            With the columns time (ms) and neuron.

        Raises
        ------
        NeurosimError
            If pandas is not installed.
        """
        pandas = require("pandas", "to_dataframe")
        return pandas.DataFrame({"time": self.times, "neuron": self.ids})

    def counts(self, start: float = -math.inf, stop: float = math.inf) -> NDArray[np.int64]:
        """Count the spikes of each recorded neuron in a window.

        Parameters
        ----------
        start, stop : float
            Spikes with start < t <= stop count (ms). Default: all.

        Returns
        -------
        (n_recorded,) ndarray of int64

        Raises
        ------
        NeurosimError
            If the window is empty or extends beyond the recording.
        """
        chosen = self.ids[self.inside(start, stop)]
        positions = np.searchsorted(self.recorded, chosen)
        return np.bincount(positions, minlength=len(self.recorded))

    def inside(self, start: float, stop: float) -> NDArray[np.bool_]:
        """Return which spikes lie in the window start < t <= stop.

        Parameters
        ----------
        start, stop : float
            ms; infinite: to the end of the recording.

        Returns
        -------
        (n_spikes,) ndarray of bool

        Raises
        ------
        NeurosimError
            If the window is empty or extends beyond the recording.
        """
        check_window(start, stop, self.t_start, self.t_stop, self.dt)
        return inside(self.times, start, stop, self.dt)


def _ends(times: NDArray[np.float64]) -> tuple[str | None, str | None]:
    """Return the first and the last time as text, None if there is none."""
    return (f"{times[0]:.10g}", f"{times[-1]:.10g}") if len(times) else (None, None)


def chosen_ids(neurons: Any, recorded: NDArray[np.int64]) -> NDArray[np.int64]:
    """Convert a slice, an array, a mask or a view to indices; `recorded` is ascending."""
    if isinstance(neurons, slice):
        top = int(recorded[-1]) + 1 if len(recorded) else 0
        return recorded[np.isin(recorded, np.arange(top)[neurons])]
    ids = np.asarray(getattr(neurons, "ids", neurons))
    ids = np.flatnonzero(ids) if ids.dtype == bool else checked_array(ids, "neurons", np.int64)
    missing = ids[~np.isin(ids, recorded)]
    if len(missing):
        require_recorded(int(missing[0]), recorded)
    return ids


def _picked(values: tuple[Any, ...] | None, chosen: NDArray[np.intp]) -> Any:
    """Return the values with some indices; None stays None."""
    return None if values is None else tuple(values[k] for k in chosen)


def require_recorded(neuron: object, recorded: NDArray[np.int64]) -> None:
    """Raise an error if the neuron was not recorded."""
    if not np.isscalar(neuron) or not (recorded == neuron).any():
        n = len(recorded)
        some = ", ".join(str(k) for k in recorded[:5]) + (", ..." if n > 5 else "")
        raise NeurosimError(
            f"neuron {neuron!r} was not recorded; recorded neurons: {some if n else 'none'}"
            + (f" ({n} neurons, up to {recorded[-1]})" if n > 5 else "")
        )
