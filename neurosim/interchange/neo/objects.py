"""Convert results to and from Neo objects (Garcia et al. 2014, Front Neuroinform 8:10)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.common import import_optional
from neurosim.interchange.imported_spikes import (
    ImportedSpikes,
    PopulationSpikes,
    to_result,
    warn_of_restarts,
)
from neurosim.interchange.neo.neurons import identify, offsets_of, owner_of, spans_of
from neurosim.interchange.regular import regular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neurosim.results import Result, SpikeTrains, Trace

NO_RATE = 1.0
"""Sampling rate (Hz) of a train that was given none, by Neo's default."""


def to_neo(result: Result) -> Any:
    """Return a result as a `neo.Block` with one segment.

    Every recorded neuron is a `SpikeTrain` in ms, silent ones too, with the annotations population
    and index. Its name is that of the neuron, or else population and index. It starts with the
    first interval in which the neuron was observed, and stops with the last. Every trace is an
    `AnalogSignal`, or an `IrregularlySampledSignal` if its samples are not evenly spaced, with one
    channel a neuron and the array annotation index. The block is annotated with seed and dt.

    Parameters
    ----------
    result : Result

    Returns
    -------
    neo.Block

    Raises
    ------
    NeurosimError
        Where Neo is not installed.
    """
    neo, ms = import_optional("neo"), import_optional("quantities").ms
    block = neo.Block(name="neurosim", seed=int(result.seed), dt=result.dt * ms)
    segment = neo.Segment(name="simulation")
    block.segments.append(segment)
    trains_of_all = []
    for name, trains in result.spikes.items():
        # Results put together of several may have spikes beyond the end.
        end = max(result.duration, float(trains.times.max(initial=0.0)))
        spans = _spans(trains, end)
        names = trains.names or [f"{name} {neuron}" for neuron in trains.recorded.tolist()]
        for neuron, times, called, span in zip(
            trains.recorded.tolist(), trains.by_neuron(), names, spans, strict=True
        ):
            train = neo.SpikeTrain(
                times,
                units=ms,
                t_start=span[0] * ms,
                t_stop=span[1] * ms,
                sampling_rate=(1.0 / result.dt) / ms,
                name=called,
                population=name,
                index=neuron,
            )
            trains_of_all.append(train)
    # At once: Neo looks through all that is there for every one that is added.
    segment.spiketrains.extend(trains_of_all)
    for (name, variable), trace in result.traces.items():
        signal = _signal(neo, ms, trace, f"{name} {variable}")
        signal.annotate(population=name, variable=variable)
        regularly = isinstance(signal, neo.AnalogSignal)
        (segment.analogsignals if regularly else segment.irregularlysampledsignals).append(signal)
    segment.check_relationships()
    block.check_relationships()
    return block


def _spans(trains: SpikeTrains, end: float) -> list[tuple[float, float]]:
    """Return when each neuron was observed first and last (ms), and no spike outside."""
    spans = []
    for times, own in zip(trains.by_neuron(), trains.observed or (), strict=False):
        edges = [*own[:, 0], *times[:1]], [*own[:, 1], *times[-1:]]
        spans.append((min(edges[0], default=0.0), max(edges[1], default=end)))
    return spans or [(0.0, end)] * len(trains.recorded)


def _signal(neo: Any, ms: Any, trace: Trace, name: str) -> Any:
    # Quantities knows no "mV or pA".
    units = trace.unit if trace.unit in ("mV", "pA") else "dimensionless"
    shared = {
        "units": units,
        "name": name,
        "array_annotations": {"index": trace.ids.copy()},
        "unit": trace.unit,
    }
    interval = regular(trace.times)
    if interval is None:
        return neo.IrregularlySampledSignal(trace.times * ms, trace.values, **shared)
    start = float(trace.times[0]) * ms
    return neo.AnalogSignal(trace.values, sampling_period=interval * ms, t_start=start, **shared)


def from_neo(spikes: Any, *, dt: float | None = None) -> Result:
    """Return Neo spike trains as a result, with times in ms from the start of the recording.

    Annotations tell the neuron of a train: population (or source_population) its population, index
    (or id, unit_id, source_id, cluster_id) its number, and unit_name or the name of the train its
    name. Without numbers that differ, neurons are counted; without a population, it is "units".

    Trains may cover different spans: `SpikeTrains.observed` then holds the span of each. Segments
    that follow each other in time are joined as they are; segments that overlap, such as trials
    that all start at 0, are placed one after another.

    Parameters
    ----------
    spikes : neo.Block, neo.Segment, neo.SpikeTrain or sequence of neo.SpikeTrain
    dt : float, optional
        Step of the time grid (ms), to which times are moved. Default: 1 / sampling rate where the
        trains lie on that grid; else times stay what they are.

    Returns
    -------
    Result
        Without traces.

    Raises
    ------
    NeurosimError
        If there are no spike trains, or the trains of several segments cannot be assigned to
        neurons.

    Warns
    -----
    UserWarning
        If times are moved to the grid, segments are placed one after another, or the times of a
        train are not in order.
    """
    return to_result(spikes_of_neo(spikes), dt)


def spikes_of_neo(spikes: Any, *, spans_known: bool = True) -> ImportedSpikes:
    """Return the spikes of Neo objects.

    Parameters
    ----------
    spikes : as for `from_neo`
    spans_known : bool
        Whether start and stop of a train tell when its neuron was observed.
    """
    segments = _segments_of(spikes)
    spans = [spans_of(trains) for trains in segments]
    offsets, doubts = offsets_of(spans)
    owners = [[owner_of(train) for train in trains] for trains in segments]
    found: dict[str, dict[int, _Neuron]] = {}
    for trains, keys, owned, about, offset in zip(
        segments, identify(owners), owners, spans, offsets.tolist(), strict=True
    ):
        for train, (population, number), owner, span in zip(
            trains, keys, owned, about, strict=True
        ):
            neuron = found.setdefault(population, {}).setdefault(number, _Neuron(str(number)))
            neuron.add(_magnitude(train) + offset, span + offset, owner.name)
    neurons = [neuron for population in found.values() for neuron in population.values()]
    doubts += warn_of_restarts(
        [times for neuron in neurons for times in neuron.times],
        [neuron.name for neuron in neurons for _ in neuron.times],
    )
    duration = float(max(stop for neuron in neurons for _, stop in neuron.observed))
    partly = spans_known and any(
        np.array(neuron.observed).tolist() != [[0.0, duration]] for neuron in neurons
    )
    populations = {name: _train(population, partly) for name, population in found.items()}
    step = _step(spikes, [train for trains in segments for train in trains])
    return ImportedSpikes(populations, step, duration, tuple(doubts))


@dataclass
class _Neuron:
    """Name, spike times (ms) and spans of one neuron, one train and span a segment."""

    name: str
    named: bool = False
    times: list[NDArray[np.float64]] = field(default_factory=list)
    observed: list[NDArray[np.float64]] = field(default_factory=list)

    def add(self, times: NDArray[np.float64], span: NDArray[np.float64], name: str | None) -> None:
        """Append the spikes of a segment."""
        self.times.append(times)
        self.observed.append(span)
        if name is not None and not self.named:
            self.name, self.named = name, True


def _train(neurons: dict[int, _Neuron], partly_observed: bool) -> PopulationSpikes:
    """Join the spikes of the neurons of a population."""
    ids = np.array(list(neurons))
    counts = [sum(map(len, own.times)) for own in neurons.values()]
    named = any(own.named for own in neurons.values())
    return PopulationSpikes(
        np.concatenate([times for own in neurons.values() for times in own.times]),
        np.repeat(ids, counts),
        ids,
        tuple(own.name for own in neurons.values()) if named else None,
        tuple(np.array(own.observed) for own in neurons.values()) if partly_observed else None,
    )


def is_neo_train(train: Any) -> bool:
    """Whether an object is a Neo spike train, or can stand in for one."""
    return all(hasattr(train, name) for name in ("rescale", "magnitude", "t_start", "t_stop"))


def neo_times(trains: Sequence[Any]) -> tuple[list[NDArray[np.float64]], float]:
    """Return times (ms) since the start that all trains share, and how long they last (ms).

    Raises
    ------
    NeurosimError
        If the trains cover different spans, beyond rounding.
    """
    spans = np.unique(spans_of(trains), axis=0)
    if len(spans) > 1:
        found = ", ".join(f"{start:.15g} to {stop:.15g} ms" for start, stop in spans[:3].tolist())
        raise NeurosimError(
            f"the Neo trains cover different spans ({found}): read them with from_neo, which keeps "
            "the span of each as `observed`, or cut them to one span with time_slice"
        )
    start, stop = spans[0].tolist()
    return [_magnitude(train) - start for train in trains], stop - start


def _magnitude(train: Any) -> NDArray[np.float64]:
    return np.asarray(train.rescale("ms").magnitude, dtype=float)


def _segments_of(spikes: Any) -> list[list[Any]]:
    """Return the spike trains of each segment that has any."""
    segments = getattr(spikes, "segments", None)
    if segments is None:
        segments = [[spikes] if is_neo_train(spikes) else spikes]
    lists = [getattr(segment, "spiketrains", segment) for segment in segments]
    found = [list(trains) if hasattr(trains, "__iter__") else [] for trains in lists]
    found = [trains for trains in found if trains]
    if not found or not all(is_neo_train(train) for trains in found for train in trains):
        raise NeurosimError(
            f"{type(spikes).__name__} holds no spike trains: give a neo.Block or neo.Segment that "
            "does, or a list of neo.SpikeTrain"
        )
    return found


def _step(spikes: Any, trains: list[Any]) -> float | None:
    """Return the step (ms) that a block is annotated with or that all trains were sampled with."""
    step: Any = getattr(spikes, "annotations", {}).get("dt")
    if hasattr(step, "rescale"):
        return float(step.rescale("ms"))
    rates = {
        float(rate.rescale("Hz"))
        for train in trains
        if (rate := getattr(train, "sampling_rate", None)) is not None
    }
    rate = rates.pop() if len(rates) == 1 else NO_RATE
    return None if rate == NO_RATE or not 0.0 < rate < np.inf else 1e3 / rate
