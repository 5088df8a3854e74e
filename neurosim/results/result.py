"""The result of a run, read-only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neurosim.results.spike_trains import SpikeTrains
from neurosim.results.trace import Trace
from neurosim.utils.frozen import FrozenMapping, read_only

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
