"""Networks whose firing rate steps up, timed at each rate, and what the machine can do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

import neurosim as ns
from neurosim.bench.machine import bytes_per_s, flop_per_s, limit_ns_per_event
from neurosim.bench.measurement import Span, build_compiled
from scenarios.benchmarks import drive_rate, even_network

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

WARMUP = 100.0
"""ms."""


@dataclass(frozen=True)
class Circuit:
    """A network to be timed, by its size at scale 1.

    Attributes
    ----------
    name, words : str
    neurons, synapses : int
        Neurons in all, synapses of each.
    """

    name: str
    words: str
    neurons: int
    synapses: int

    def network(self, settings: Settings, options: RunOptions) -> ns.Network:
        """Describe the network, whose drive steps through the rates."""
        times = WARMUP + settings.span(options) * np.arange(len(settings.rates))
        times[0] = 0.0  # the first rate holds during the warm-up too
        drive = ns.Poisson(drive_rate(np.array(settings.rates)), times)
        return even_network(round(self.neurons * settings.scale), self.synapses, drive)


LECTURE = Circuit("lecture", "the lecture's network", 71_000, 7_000)
CORTEX = Circuit("cortex", "a cubic millimetre of cortex", 50_000, 1_000)


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    scale: float = field(
        default=1.0,
        metadata={
            "help": "share of the neurons, each of which keeps all its synapses; 1 takes 1.4 GB"
        },
    )
    rates: tuple[float, ...] = field(
        default=(0.5, 1.0, 2.0, 5.0, 10.0, 20.0),
        metadata={"help": "mean firing rates to be timed at, ascending", "unit": "Hz"},
    )

    def __post_init__(self) -> None:
        if not 0.001 <= self.scale <= 10.0:
            raise ns.NeurosimError(
                f"scale = {self.scale:g} is outside 0.001 to 10: it is the share of the neurons"
            )
        rates = np.array(self.rates)
        if len(rates) < 2 or (np.diff(rates) <= 0).any() or not 0.1 <= rates[0] < rates[-1] <= 150:
            raise ns.NeurosimError(
                f"rates = {self.rates} are not two or more ascending rates from 0.1 to 150 Hz"
            )

    def span(self, options: RunOptions) -> float:
        """Return the simulated time (ms) at each rate, in whole steps."""
        span = (options.duration - WARMUP) / len(self.rates)
        return np.floor(span / options.dt + 1e-9) * options.dt


@dataclass(frozen=True, eq=False)
class Timing:
    """What was measured of a circuit.

    Attributes
    ----------
    neurons, synapses : float
    build_s : float
    bytes_per_event : float
        Size of the synapse tables over the number of synapses.
    limit_ns : float
        Least time for an event that the memory allows (ns).
    rates : (n_rates,) ndarray
        Mean firing rates that came out (Hz).
    factors : (n_rates,) ndarray
        Real-time factors.
    """

    neurons: float
    synapses: float
    build_s: float
    bytes_per_event: float
    limit_ns: float
    rates: NDArray[np.float64]
    factors: NDArray[np.float64]

    @classmethod
    def of(cls, result: ns.Result, circuit: Circuit) -> Timing:
        """Return what a result says of a circuit."""
        sizes, rates, factors = (
            result.measured[f"{circuit.name}_{what}"] for what in ("sizes", "rates", "factors")
        )
        neurons, synapses, build_s, bytes_per_event, limit_ns = sizes.tolist()
        return cls(neurons, synapses, build_s, bytes_per_event, limit_ns, rates, factors)

    def measured(self, circuit: Circuit) -> dict[str, NDArray[np.float64]]:
        """Return it as the arrays that `of` reads."""
        sizes = self.neurons, self.synapses, self.build_s, self.bytes_per_event, self.limit_ns
        return {
            f"{circuit.name}_sizes": np.array(sizes),
            f"{circuit.name}_rates": self.rates,
            f"{circuit.name}_factors": self.factors,
        }

    @property
    def real_time_rate(self) -> float:
        """Mean rate (Hz) at the real-time factor 1, on the line through the nearest two points."""
        late = np.flatnonzero(self.factors > 1.0)
        k = int(np.clip(late[0] if len(late) else len(self.rates), 1, len(self.rates) - 1))
        (x0, x1), (y0, y1) = self.rates[k - 1 : k + 1], self.factors[k - 1 : k + 1]
        return float(max(x0 + (1.0 - y0) * (x1 - x0) / (y1 - y0), 0.0))


def lecture_network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe the lecture's network."""
    return LECTURE.network(settings, options)


def simulate(settings: Settings, options: RunOptions, progress: bool) -> ns.Result:
    """Time both circuits, and what the machine can do; return the result of the lecture's."""
    if options.realtime:
        raise ns.NeurosimError("real-time-budget measures how fast it can be: leave --realtime out")
    if settings.span(options) < 1.0:
        least = WARMUP + len(settings.rates)
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms leaves less than 1 ms for each of "
            f"{len(settings.rates)} rates: give at least {least:g} ms"
        )
    cortex, _ = time_circuit(CORTEX, settings, options, progress)
    lecture, result = time_circuit(LECTURE, settings, options, progress)
    machine = {
        "flop_per_s": np.array([flop_per_s()]),
        "bytes_per_s": np.array([bytes_per_s(result.stats.threads)]),
        "threads": np.array([float(result.stats.threads)]),
    }
    measured = lecture.measured(LECTURE) | cortex.measured(CORTEX) | machine
    return replace(result, measured=measured)


def time_circuit(
    circuit: Circuit, settings: Settings, options: RunOptions, progress: bool
) -> tuple[Timing, ns.Result]:
    """Build a circuit, run it at each rate, and time what its events need at least."""
    network = circuit.network(settings, options)
    simulation = build_compiled(
        lambda: ns.Simulation(
            network,
            dt=options.dt,
            seed=options.seed,
            threads=options.threads,
            progress=progress,
            profile=options.profile,
        )
    )
    durations = [WARMUP] + [settings.span(options)] * len(settings.rates)
    results = [simulation.run(duration) for duration in durations]
    last = results[-1]
    stats = last.stats
    rates = [
        sum(trains.counts(a.duration, b.duration).sum() for trains in last.spikes.values())
        / (stats.neurons * (b.duration - a.duration) * 1e-3)
        for a, b in pairwise(results)
    ]
    timing = Timing(
        neurons=stats.neurons,
        synapses=stats.synapses,
        build_s=stats.build_s,
        bytes_per_event=simulation.table_bytes / stats.synapses,
        limit_ns=limit_ns_per_event(
            -(-stats.neurons // stats.threads), stats.threads, common=simulation.weights_in_common
        ),
        rates=np.array(rates),
        factors=np.array([Span.between(a, b).real_time_factor for a, b in pairwise(results)]),
    )
    return timing, last
