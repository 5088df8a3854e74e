"""The result of a run, read-only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.results.analysis import cv_isi, end_of, mean_rate
from neurosim.results.spike_trains import SpikeTrains
from neurosim.results.trace import Trace
from neurosim.results.weights import WeightTrace
from neurosim.utils.frozen import FrozenMapping, read_only, set_fields
from neurosim.utils.optional import require
from neurosim.utils.table import Table, counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

MAX_RATES = 4
"""Largest number of populations of a result whose rates are displayed in one line."""


@dataclass(frozen=True, eq=False)
class PopulationInfo:
    """Properties of a population for analysis and plots.

    Attributes
    ----------
    name : str
    size : int
        Number of neurons.
    v_rest, v_threshold, v_reset, v_peak : float
        Potentials (mV); threshold and peak are NaN for neurons without fixed ones.
    tau_m, t_ref : float
        Membrane time constant and refractory period (ms).
    sign : {1, -1, 0}
        +1 if all outgoing synapses are excitatory, −1 if all are inhibitory, else 0.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> inh = net.add("inh", 10, ns.LIF(v_threshold=-50.0))
    >>> projection = net.connect(inh, inh, ns.FixedProbability(0.5), psp=-1.0)
    >>> info = ns.simulate(net, 10.0).populations["inh"]
    >>> info.size, info.v_threshold, info.sign
    (10, -50.0, -1)
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


UNSAVED = FrozenMapping({"saved": False})
"""Metadata of fields that are not saved."""


@dataclass(frozen=True, repr=False)
class RunStats:
    """Size and speed of a run.

    Times and the number of threads are not saved, so that equal runs give equal files. Statistics
    read from a file have 0 threads, and NaN for times.

    Attributes
    ----------
    neurons, synapses, threads : int
    build_s, wall_s : float
        Time for building and simulating the network (s), including callbacks of a stream and
        excluding compilation and waiting for the wall clock.
    real_time_factor : float
        `wall_s` over simulated time; below 1 is faster than real time. For a run paced to the wall
        clock, the fraction of time spent on computing.
    interrupted : bool
        Whether the run was stopped by Ctrl-C.
    events : int
        Synaptic events: number of spikes transmitted by synapses.
    profile : mapping of str to float, optional
        Simulation time by task (s), if requested: "delivery" of spikes, "update" of neurons,
        "noise", "waiting" for other threads and "recording".
    paced_chunks, late_chunks : int
        Number of chunks paced to the wall clock, and number of late ones.
    largest_lateness_ms : float
        Largest delay of a late chunk (ms).
    compile_s : float
        Time for compiling functions on their first use, or loading them from the cache (s).

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 10, ns.LIF())
    >>> projection = net.connect(cells, cells, ns.FixedInDegree(2), psp=0.1)
    >>> stats = ns.simulate(net, 10.0).stats
    >>> stats.neurons, stats.synapses, stats.events
    (10, 20, 0)
    >>> stats.real_time_factor  # doctest: +SKIP
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
    compile_s: float = field(default=math.nan, metadata=UNSAVED)

    def __repr__(self) -> str:
        parts = [counted(self.neurons, "neuron"), counted(self.synapses, "synapse")]
        parts.append(counted(self.events, "synaptic event"))
        if not math.isnan(self.wall_s):
            parts.append(f"built in {self.build_s:.3g} s, simulated in {self.wall_s:.3g} s")
        if self.threads:
            parts.append(counted(self.threads, "thread"))
        if self.paced_chunks:
            parts.append(f"{self.late_chunks:,} of {counted(self.paced_chunks, 'chunk')} late")
        return f"<RunStats: {', '.join(parts)}{', interrupted' if self.interrupted else ''}>"


class RecordedInputs(FrozenMapping[str, Any]):
    """Recorded inputs, by drive or by its name: `SpikeTrains` or, for currents, `Trace`."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(getattr(key, "name", key))


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """Result of a run.

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
        Further measurements of a scenario, such as timings, by name.
    weights : mapping of (str, str) to WeightTrace
        Recorded weights by (source, target). Of several projections between the same populations,
        the second has the key (source, target, 2), and so on.
    inputs : mapping of str to SpikeTrains or Trace
        Recorded inputs, by drive or its name. Indices of neurons are those of the targets.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> drive = net.drive(cell, ns.ConstantCurrent(300.0))
    >>> recording = net.record(cell, "v")
    >>> result = ns.simulate(net, 100.0)
    >>> result.spikes["cell"].times.round(1)
    array([19.7, 44.4, 69.1, 93.8])
    >>> result.traces["cell", "v"].values.shape
    (1000, 1)
    >>> result.populations["cell"].v_threshold
    -55.0
    """

    dt: float
    duration: float
    seed: int
    populations: Mapping[str, PopulationInfo]
    spikes: Mapping[str, SpikeTrains]
    traces: Mapping[tuple[str, str], Trace] = field(default_factory=dict)
    stats: RunStats = field(default_factory=lambda: RunStats(0, 0, 1, 0.0, 0.0, 0.0))
    measured: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    weights: Mapping[Any, WeightTrace] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        measured = {name: read_only(values) for name, values in self.measured.items()}
        for name in ("populations", "spikes", "traces", "weights"):
            set_fields(self, **{name: FrozenMapping(getattr(self, name))})
        set_fields(self, measured=FrozenMapping(measured), inputs=RecordedInputs(self.inputs))

    def __repr__(self) -> str:
        rates = [self._rate(name) for name in islice(self.spikes, MAX_RATES)]
        shown = ", ".join(rates) + (", …" if len(self.spikes) > MAX_RATES else "")
        spikes = counted(sum(map(len, self.spikes.values())), "spike")
        ended = ", interrupted" if self.stats.interrupted else ""
        return f"<Result: {self.duration:,.10g} ms, {self._neurons()} ({shown}), {spikes}{ended}>"

    def _neurons(self) -> str:
        """Return the number of neurons and populations in words."""
        neurons = counted(sum(info.size for info in self.populations.values()), "neuron")
        return f"{neurons} in {counted(len(self.populations), 'population')}"

    def _rate(self, name: str) -> str:
        """Return the name of a population with its mean firing rate."""
        trains = self.spikes[name]
        if not len(trains.recorded) or self.duration <= 0.0:
            return name
        return f"{name} {mean_rate(self, name):.3g} Hz"

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def summary(self, *, start: float = 0.0, stop: float | None = None) -> Table:
        """Return a table with one row per population.

        Parameters
        ----------
        start, stop : float
            Spikes with start < t <= stop count (ms). Default: the whole run.

        Returns
        -------
        Table
            With the columns population, neurons, rate (Hz), CV of intervals, spikes and, if
            variables were recorded, their names. Rate and coefficient of variation are means over
            neurons. It is iterable, and `to_dataframe` converts it.

        Raises
        ------
        NeurosimError
            If the window is empty or extends beyond the run.

        Examples
        --------
        >>> import neurosim as ns
        >>> net = ns.Network()
        >>> cells = net.add("cells", 10, ns.LIF())
        >>> drive = net.drive(cells, ns.ConstantCurrent(300.0))
        >>> ns.simulate(net, duration=500.0).summary()
        500 ms, 10 neurons in 1 population
        population  neurons  rate (Hz)  CV of intervals  spikes
        cells            10         40                0     200
        """
        empty = self.duration <= 0.0  # interrupted before the first step
        stop = self.duration if empty else end_of(self, start, stop)
        rows: tuple[tuple[Any, ...], ...] = tuple(
            (
                name,
                self.populations[name].size,
                math.nan if empty else mean_rate(self, name, start, stop),
                math.nan if empty else _mean(cv_isi(trains, start, stop)),
                0 if empty else int(np.count_nonzero(trains.inside(start, stop))),
                ", ".join(variable for owner, variable in self.traces if owner == name),
            )
            for name, trains in self.spikes.items()
        )
        columns = ["population", "neurons", "rate (Hz)", "CV of intervals", "spikes", "recorded"]
        if not self.traces:
            columns, rows = columns[:-1], tuple(row[:-1] for row in rows)
        return Table(f"{self.duration:,.10g} ms, {self._neurons()}", tuple(columns), rows)

    def to_dataframe(self) -> Any:
        """Return a pandas DataFrame with all spikes, one per row, ordered by population.

        Returns
        -------
        pandas.DataFrame
            With the columns population, time (ms) and neuron.

        Raises
        ------
        NeurosimError
            If pandas is not installed.
        """
        pandas = require("pandas", "to_dataframe")
        trains = self.spikes.values()
        codes = np.repeat(np.arange(len(trains)), [len(each) for each in trains])
        return pandas.DataFrame(
            {
                "population": pandas.Categorical.from_codes(codes, list(self.spikes)),
                "time": np.concatenate([np.empty(0), *(each.times for each in trains)]),
                "neuron": np.concatenate([np.empty(0, np.int64), *(each.ids for each in trains)]),
            }
        )

    def plot(
        self,
        populations: Sequence[str] | None = None,
        *,
        start: float = 0.0,
        stop: float | None = None,
        title: str = "",
    ) -> Figure:
        """Plot spikes, firing rates and recorded membrane potentials.

        Parameters
        ----------
        populations : sequence of str, optional
            From top to bottom. Default: all.
        start, stop : float
            ms. Default: the whole run.
        title : str

        Returns
        -------
        Figure
            Notebooks display it. In a script, ``figure.show()`` opens a window, and
            ``figure.savefig`` writes a file.

        See Also
        --------
        neurosim.plot.overview
        """
        from neurosim.plot import overview  # late: imports matplotlib

        return overview(self, populations, start=start, stop=stop, title=title)


def _mean(values: NDArray[np.float64]) -> float:
    """Return the mean of the values that are not NaN, NaN if there are none."""
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else math.nan
