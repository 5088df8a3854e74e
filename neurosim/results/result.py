"""The result of a run, read-only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neurosim.results.spike_trains import SpikeTrains
from neurosim.results.trace import Trace
from neurosim.utils.frozen import FrozenMapping, read_only, set_fields

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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


@dataclass(frozen=True)
class RunStats:
    """Size and speed of a run.

    Times and the number of threads are not saved, so that equal runs give equal files. Statistics
    read from a file have 0 threads, and NaN for times.

    Attributes
    ----------
    neurons, synapses, threads : int
    build_s, wall_s : float
        Time for building and simulating the network (s), including callbacks of a stream and
        excluding waiting for the wall clock.
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


@dataclass(frozen=True, eq=False)
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

    def __post_init__(self) -> None:
        measured = {name: read_only(values) for name, values in self.measured.items()}
        for name in ("populations", "spikes", "traces"):
            set_fields(self, **{name: FrozenMapping(getattr(self, name))})
        set_fields(self, measured=FrozenMapping(measured))
