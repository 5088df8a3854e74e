"""Results of a run: spike trains and traces, read-only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Protocol, overload

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.results.windows import check_window, inside
from neurosim.utils.frozen import FrozenMapping, read_only

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


UNITS = FrozenMapping(
    {
        "v": "mV",
        "i_syn": "pA",
        "i_exc": "pA",
        "i_inh": "pA",
        "input_exc": "mV or pA",
        "input_inh": "mV or pA",
    }
)
"""Unit of each variable that can be recorded as a trace."""


class HasIds(Protocol):
    """A view of a population: anything with indices of neurons."""

    @property
    def ids(self) -> NDArray[np.int64]:
        """Indices within the population."""


@dataclass(frozen=True, eq=False)
class PopulationInfo:
    """What analysis and plots need to know of a population.

    Attributes
    ----------
    name : str
    size : int
        Number of neurons.
    v_rest, v_threshold, v_reset, v_peak : float
        Potentials (mV); threshold and peak are NaN for neurons that have no fixed ones.
    tau_m, t_ref : float
        Membrane time constant and refractory period (ms).
    sign : {1, -1, 0}
        +1 where all outgoing synapses excite, −1 where all inhibit, 0 where neither holds.
    """

    name: str
    size: int
    v_rest: float
    v_threshold: float
    v_reset: float
    v_peak: float
    tau_m: float
    t_ref: float
    sign: int


def _checked(
    values: Any, what: str, dtype: type, n_dims: int = 1, *, finite: bool = True
) -> NDArray:
    """Return `values` as a read-only array of numbers of the given type."""
    array = np.asarray(values)
    if array.size == 0:
        array = array.astype(dtype)
    if array.dtype.kind not in "iuf" or array.ndim != n_dims:
        raise NeurosimError(f"{what} is not a {n_dims}-D array of numbers")
    if array.dtype.kind == "f":
        if finite and not np.isfinite(array).all():
            raise NeurosimError(f"{what} holds values that are not finite")
        if dtype is np.int64 and (array != np.rint(array)).any():
            raise NeurosimError(f"{what} holds numbers that are not whole: give indices from 0")
    return read_only(array.astype(dtype, copy=False))


@dataclass(frozen=True, eq=False)
class SpikeTrains:
    """Spikes of one population, ordered by time, then by neuron.

    Parameters
    ----------
    times : (n_spikes,) array_like
        Spike times (ms): the end of the step in which the neuron fired.
    ids : (n_spikes,) array_like of int
        Index of the neuron within its population, one per spike.
    recorded : (n_recorded,) array_like of int
        Indices of the neurons whose spikes were recorded.
    names : tuple of str, optional
        Name of each neuron in `recorded`, in that order, where an imported file has names.
    observed : tuple of (n_intervals, 2) ndarray, optional
        Intervals (ms) in which each neuron in `recorded` was observed, in that order. None: all
        neurons were observed during the whole recording.
    dt : float, optional
        Step of the time grid on which the times lie (ms); None: they lie on no grid.
    t_start, t_stop : float, optional
        Start and end of the recording (ms); infinite where unknown.

    Attributes
    ----------
    times, ids, recorded
        Read-only arrays of float64, int64, int64. Spikes are sorted by time, then by neuron, and
        `recorded` ascends.
    names, observed, dt, t_start, t_stop
        As given.

    Raises
    ------
    NeurosimError
        For arrays of unequal length, times that are not finite, and spikes of neurons that are not
        in `recorded`.

    Examples
    --------
    >>> import neurosim as ns
    >>> trains = ns.SpikeTrains([1.0, 2.5, 4.0], [0, 2, 0], [0, 1, 2])
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
        times = _checked(self.times, "SpikeTrains.times", np.float64)
        ids = _checked(self.ids, "SpikeTrains.ids", np.int64)
        recorded = _checked(self.recorded, "SpikeTrains.recorded", np.int64)
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
            self._reorder(order)
        unknown = ~np.isin(ids, recorded)
        if unknown.any():
            raise NeurosimError(
                f"SpikeTrains.ids holds {ids[unknown][0]}, which is not in `recorded`: list every "
                "neuron whose spikes were recorded"
            )
        steps = np.diff(times)
        if (steps < 0).any() or (np.diff(ids)[steps == 0] < 0).any():
            order = np.lexsort((ids, times))
            times, ids = times[order], ids[order]
        self._set(times, ids, recorded)
        if self.observed is not None:
            observed = tuple(read_only(intervals) for intervals in self.observed)
            object.__setattr__(self, "observed", observed)

    def _reorder(self, order: NDArray[np.intp]) -> None:
        """Bring what belongs to the recorded neurons into ascending order."""
        for name in ("names", "observed"):
            values = getattr(self, name)
            if values is not None:
                object.__setattr__(self, name, tuple(values[k] for k in order))

    def _set(self, times: NDArray, ids: NDArray, recorded: NDArray) -> None:
        """Store the arrays."""
        for name, array in (("times", times), ("ids", ids), ("recorded", recorded)):
            object.__setattr__(self, name, read_only(array))

    @classmethod
    def _trusted(
        cls, times: NDArray, ids: NDArray, recorded: NDArray, **others: Any
    ) -> SpikeTrains:
        """Return spike trains from arrays that are known to be in order, without checking them."""
        trains = object.__new__(cls)
        trains._set(times, ids, recorded)
        for name, value in others.items():
            object.__setattr__(trains, name, value)
        return trains

    def __reduce__(self) -> tuple[Any, ...]:
        return SpikeTrains, tuple(getattr(self, field.name) for field in fields(self))

    def __len__(self) -> int:
        return len(self.times)

    @overload
    def of(self, neuron: int | np.integer) -> NDArray[np.float64]: ...

    @overload
    def of(self, neuron: slice | ArrayLike | HasIds) -> SpikeTrains: ...

    def of(self, neuron: Any) -> NDArray[np.float64] | SpikeTrains:
        """Return the spike times of one neuron (ms), or the spikes of several.

        Parameters
        ----------
        neuron : int, slice, array_like or PopulationView
            Index or indices within the population, or a mask of its neurons. A slice chooses among
            the recorded neurons.

        Returns
        -------
        (n_spikes,) ndarray or SpikeTrains
            SpikeTrains unless one int is given.

        Raises
        ------
        NeurosimError
            Where the spikes of a neuron were not recorded.
        """
        if np.isscalar(neuron):
            _require_recorded(neuron, self.recorded)
            return self.times[self.ids == neuron]
        chosen = np.isin(self.recorded, _chosen(neuron, self.recorded))
        kept = np.isin(self.ids, self.recorded[chosen])
        return SpikeTrains._trusted(
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
        """Return the spike times of each recorded neuron (ms), as `SpikeTimes` accepts them."""
        order = np.argsort(self.ids, kind="stable")
        edges = np.searchsorted(self.ids[order], self.recorded[1:])
        return np.split(self.times[order], edges) if len(self.recorded) else []

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
            For a window that is empty or goes beyond the recording.
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
            For a window that is empty or goes beyond the recording.
        """
        check_window(start, stop, self.t_start, self.t_stop, self.dt)
        return inside(self.times, start, stop, self.dt)


def _chosen(neurons: Any, recorded: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the indices that a slice, an array, a mask or a view stands for.

    `recorded` ascends.
    """
    if isinstance(neurons, slice):
        top = int(recorded[-1]) + 1 if len(recorded) else 0
        return recorded[np.isin(recorded, np.arange(top)[neurons])]
    ids = np.asarray(getattr(neurons, "ids", neurons))
    ids = np.flatnonzero(ids) if ids.dtype == bool else _checked(ids, "neurons", np.int64)
    missing = ids[~np.isin(ids, recorded)]
    if len(missing):
        _require_recorded(int(missing[0]), recorded)
    return ids


def _picked(values: tuple[Any, ...] | None, chosen: NDArray[np.bool_]) -> Any:
    """Return some of the values, in order; None where there are none."""
    if values is None:
        return None
    return tuple(value for value, kept in zip(values, chosen, strict=True) if kept)


def _require_recorded(neuron: object, recorded: NDArray[np.int64]) -> None:
    """Refuse a neuron that was not recorded."""
    if not np.isscalar(neuron) or not (recorded == neuron).any():
        n = len(recorded)
        some = ", ".join(str(k) for k in recorded[:5]) + (", ..." if n > 5 else "")
        raise NeurosimError(
            f"neuron {neuron!r} was not recorded; recorded: {some if n else 'none'}"
            + (f" ({n} neurons, up to {recorded[-1]})" if n > 5 else "")
        )


@dataclass(frozen=True, eq=False)
class Trace:
    """One recorded variable of some neurons over time.

    Attributes
    ----------
    times : (n_times,) ndarray of float64
        Times of the samples (ms).
    values : (n_times, n_neurons) ndarray of float64
        In `unit`. "v" holds the membrane potential itself: after a spike it is at reset.
        `with_spikes` returns it with the action potentials drawn in.
    ids : (n_neurons,) ndarray of int64
        Indices of the neurons within their population, one per column. An average or a sum over
        neurons has one column, with index 0.
    unit : str
    spikes : SpikeTrains or None
        For "v": the spikes of these neurons, for drawing.
    v_peak : float
        For "v": peak of the drawn action potential (mV); NaN: the equations make their own.
    """

    times: NDArray[np.float64]
    values: NDArray[np.float64]
    ids: NDArray[np.int64]
    unit: str
    spikes: SpikeTrains | None = None
    v_peak: float = math.nan

    def __post_init__(self) -> None:
        times = _checked(self.times, "Trace.times", np.float64)
        values = _checked(self.values, "Trace.values", np.float64, 2, finite=False)
        ids = _checked(self.ids, "Trace.ids", np.int64)
        shape = (len(times), len(ids))
        if values.shape != shape:
            raise NeurosimError(
                f"Trace.values has shape {values.shape}: {shape[0]} times and {shape[1]} ids "
                f"need shape {shape}"
            )
        self._set(times, values, ids)

    def _set(self, times: NDArray, values: NDArray, ids: NDArray) -> None:
        """Store the arrays."""
        for name, array in (("times", times), ("values", values), ("ids", ids)):
            object.__setattr__(self, name, read_only(array))

    @classmethod
    def _trusted(
        cls,
        times: NDArray[np.float64],
        values: NDArray[np.float64],
        ids: NDArray[np.int64],
        unit: str,
        spikes: SpikeTrains | None,
        v_peak: float,
    ) -> Trace:
        """Return a trace of arrays that are known to fit, without checking them."""
        trace = object.__new__(cls)
        trace._set(times, values, ids)
        for name, value in (("unit", unit), ("spikes", spikes), ("v_peak", v_peak)):
            object.__setattr__(trace, name, value)
        return trace

    def __reduce__(self) -> tuple[Any, ...]:
        arrays = (self.times, self.values, self.ids)
        return Trace._trusted, (*arrays, self.unit, self.spikes, self.v_peak)

    def of(self, neuron: int | np.integer | slice | ArrayLike | HasIds) -> NDArray[np.float64]:
        """Return the values of one neuron or of several.

        Parameters
        ----------
        neuron : int, slice, array_like or PopulationView
            Index or indices within the population, or a mask of its neurons. A slice chooses among
            the recorded neurons.

        Returns
        -------
        (n_times,) or (n_times, n_neurons) ndarray
            One column per neuron unless one int is given.

        Raises
        ------
        NeurosimError
            Where a neuron was not recorded.
        """
        if np.isscalar(neuron):
            _require_recorded(neuron, self.ids)
            return self.values[:, int(np.flatnonzero(self.ids == neuron)[0])]
        order = np.argsort(self.ids)
        chosen = _chosen(neuron, self.ids[order])
        return self.values[:, order[np.searchsorted(self.ids, chosen, sorter=order)]]

    def with_spikes(self, neuron: int | None = None) -> NDArray[np.float64]:
        """Return the values with the action potentials drawn in, for figures.

        The first sample at or after each spike is set to `v_peak`. Integrate-and-fire neurons have
        no action potential of their own: their potential goes from threshold to reset.

        Parameters
        ----------
        neuron : int, optional
            Index within the population. Default: all recorded neurons.

        Returns
        -------
        (n_times, n_neurons) or (n_times,) ndarray
            The values themselves where there is nothing to draw.

        Raises
        ------
        NeurosimError
            Where that neuron was not recorded.
        """
        values = self.values if neuron is None else self.of(neuron)
        if self.spikes is None or math.isnan(self.v_peak):
            return values
        chosen = np.isin(self.spikes.ids, self.ids if neuron is None else neuron)
        row = np.searchsorted(self.times, self.spikes.times[chosen])
        ids = self.spikes.ids[chosen][row < len(self.times)]
        row = row[row < len(self.times)]
        values = values.copy()
        if neuron is None:
            order = np.argsort(self.ids)
            column = order[np.searchsorted(self.ids, ids, sorter=order)]
            values[row, column] = self.v_peak
        else:
            values[row] = self.v_peak
        return values


UNSAVED = FrozenMapping({"saved": False})
"""Of a field that files leave out."""


@dataclass(frozen=True)
class RunStats:
    """Size and speed of a run.

    Files leave out how fast it was and on how many threads: the same run gives the same file. What
    is read from one has 0 threads, and times that are not a number.

    Attributes
    ----------
    neurons, synapses, threads : int
    build_s, wall_s : float
        Seconds spent on building the network and on simulating it, callbacks of a stream included,
        waiting for the wall clock left out.
    real_time_factor : float
        `wall_s` over simulated time; below 1 is faster than life. Of a run that is paced to the
        wall clock it says what share of the time was spent on computing.
    interrupted : bool
        Whether Ctrl-C ended the run before its time.
    events : int
        Synaptic events: synapses that brought a spike.
    profile : mapping of str to float, optional
        What the time of simulating went to (s), where that was asked for: "delivery" of spikes,
        "update" of neurons, "noise", "waiting" for other threads and "recording".
    paced_chunks, late_chunks : int
        Chunks that were paced to the wall clock, and those of them that came late.
    largest_lateness_ms : float
        By how much the latest of them missed its time (ms).
    """

    neurons: int
    synapses: int
    threads: int = field(default=0, metadata=UNSAVED)
    build_s: float = field(default=math.nan, metadata=UNSAVED)
    wall_s: float = field(default=math.nan, metadata=UNSAVED)
    real_time_factor: float = field(default=math.nan, metadata=UNSAVED)
    interrupted: bool = False
    events: int = 0
    profile: Mapping[str, float] | None = field(default=None, metadata=UNSAVED)
    paced_chunks: int = field(default=0, metadata=UNSAVED)
    late_chunks: int = field(default=0, metadata=UNSAVED)
    largest_lateness_ms: float = field(default=0.0, metadata=UNSAVED)


@dataclass(frozen=True, eq=False)
class Result:
    """Everything a run recorded.

    Attributes
    ----------
    dt : float
        Step of the time grid (ms).
    duration : float
        Simulated time since the start of the simulation (ms).
    seed : int
    populations : mapping of str to PopulationInfo
    spikes : mapping of str to SpikeTrains
        By population.
    traces : mapping of (str, str) to Trace
        By (population, variable).
    stats : RunStats
    measured : mapping of str to (n,) ndarray of float64
        What a scenario measured beside the network, on the clock for example, by name.
    """

    dt: float
    duration: float
    seed: int
    populations: Mapping[str, PopulationInfo]
    spikes: Mapping[str, SpikeTrains]
    traces: Mapping[tuple[str, str], Trace] = field(default_factory=dict)
    stats: RunStats = field(default_factory=lambda: RunStats(0, 0, 1, 0.0, 0.0, 0.0))
    measured: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("populations", "spikes", "traces", "measured"):
            object.__setattr__(self, name, FrozenMapping(getattr(self, name)))
        measured = {name: read_only(values) for name, values in self.measured.items()}
        object.__setattr__(self, "measured", FrozenMapping(measured))
