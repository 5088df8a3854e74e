"""What a run brings back: spike trains and traces, read-only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNITS = MappingProxyType(
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


def read_only(array: NDArray) -> NDArray:
    """Return `array` with writing switched off."""
    array = np.asarray(array)
    array.flags.writeable = False
    return array


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


@dataclass(frozen=True, eq=False)
class SpikeTrains:
    """Spikes of one population, ordered by time, then by neuron.

    Attributes
    ----------
    times : (n_spikes,) ndarray of float64
        End of the step in which the neuron fired (ms).
    ids : (n_spikes,) ndarray of int64
        Index of the neuron within its population.
    recorded : (n_recorded,) ndarray of int64
        Indices of the neurons whose spikes were recorded, ascending.
    names : tuple of str, optional
        Name of each neuron in `recorded`, in that order, where an imported file has names.
    """

    times: NDArray[np.float64]
    ids: NDArray[np.int64]
    recorded: NDArray[np.int64]
    names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("times", "ids", "recorded"):
            read_only(getattr(self, name))

    def __len__(self) -> int:
        return len(self.times)

    def of(self, neuron: int) -> NDArray[np.float64]:
        """Spike times (ms) of one neuron."""
        return self.times[self.ids == neuron]

    def by_neuron(self) -> list[NDArray[np.float64]]:
        """Spike times (ms) of each recorded neuron, as `SpikeTimes` takes them."""
        order = np.argsort(self.ids, kind="stable")
        edges = np.searchsorted(self.ids[order], self.recorded[1:])
        return np.split(self.times[order], edges) if len(self.recorded) else []

    def counts(self, start: float = 0.0, stop: float = np.inf) -> NDArray[np.int64]:
        """Count the spikes of each recorded neuron with start < t <= stop (ms)."""
        inside = (self.times > start) & (self.times <= stop)
        positions = np.searchsorted(self.recorded, self.ids[inside])
        return np.bincount(positions, minlength=len(self.recorded))


@dataclass(frozen=True, eq=False)
class Trace:
    """One variable of some neurons over time.

    Attributes
    ----------
    times : (n_times,) ndarray of float64
        Times of the samples (ms).
    values : (n_times, n_neurons) ndarray of float64
        In `unit`; in "v" the step of a spike shows the action potential, `v_peak`.
    ids : (n_neurons,) ndarray of int64
        Indices of the neurons within their population, one per column.
    unit : str
    """

    times: NDArray[np.float64]
    values: NDArray[np.float64]
    ids: NDArray[np.int64]
    unit: str

    def __post_init__(self) -> None:
        for name in ("times", "values", "ids"):
            read_only(getattr(self, name))

    def of(self, neuron: int) -> NDArray[np.float64]:
        """Values of one neuron, shape (n_times,)."""
        return self.values[:, int(np.flatnonzero(self.ids == neuron)[0])]


@dataclass(frozen=True, eq=False)
class Synapses:
    """Synapses of one projection, by source, then target.

    Attributes
    ----------
    sources, targets : (n_synapses,) ndarray of int64
        Indices of the neurons within their populations.
    weights : (n_synapses,) ndarray of float64
        In the synapse model's unit.
    """

    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in ("sources", "targets", "weights"):
            read_only(getattr(self, name))

    def __len__(self) -> int:
        return len(self.weights)


UNSAVED = MappingProxyType({"saved": False})
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
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        for values in self.measured.values():
            read_only(values)
