"""Conversion of results to and from Neo objects.

Source: Garcia et al. 2014, Front Neuroinform 8:10.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.imported_spikes import ImportedSpikes, PopulationSpikes, warn_of_restarts
from neurosim.interchange.neo.neurons import identify, label_of, offsets_of, spans_of
from neurosim.interchange.sampling import sampling_interval
from neurosim.interchange.to_result import to_result
from neurosim.utils.optional import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neurosim.results import Result, SpikeTrains, Trace

NO_RATE = 1.0
"""Neo's default sampling rate (Hz)."""


def to_neo(result: Result) -> Any:
    """Convert a result to a `neo.Block` with one segment.

    Every recorded neuron, including silent ones, is a `SpikeTrain` in ms with the annotations
    population and index. Its name is the name of the neuron or, if it has none, population and
    index. It starts with the first interval in which the neuron was observed, and stops with the
    last. Every trace
    is an `AnalogSignal`, or an `IrregularlySampledSignal` if its samples are not evenly spaced,
    with one channel per neuron and the array annotation index. The block is annotated with seed and
    dt.

    Parameters
    ----------
    result : Result

    Returns
    -------
    neo.Block

    Raises
    ------
    NeurosimError
        If Neo is not installed.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 2, ns.LIF())
    >>> drive = net.drive(cells[0], ns.SpikeTimes([10.0, 30.0]), psp=16.0)
    >>> block = ns.to_neo(ns.simulate(net, 50.0))
    >>> [len(train) for train in block.segments[0].spiketrains]
    [2, 0]
    """
    neo = require("neo", "to_neo")
    ms = require("quantities", "to_neo").ms
    block = neo.Block(name="neurosim", seed=int(result.seed), dt=result.dt * ms)
    segment = neo.Segment(name="simulation")
    block.segments.append(segment)
    spike_trains = []
    for population, trains in result.spikes.items():
        # Combined results may have spikes after the end.
        end = max(result.duration, float(trains.times.max(initial=0.0)))
        recorded = trains.recorded.tolist()
        names = trains.names or [f"{population} {neuron}" for neuron in recorded]
        spike_trains += [
            neo.SpikeTrain(
                times,
                units=ms,
                t_start=start * ms,
                t_stop=stop * ms,
                sampling_rate=(1.0 / result.dt) / ms,
                name=name,
                population=population,
                index=neuron,
            )
            for neuron, times, name, (start, stop) in zip(
                recorded, trains.by_neuron(), names, _spans(trains, end), strict=True
            )
        ]
    # Add all trains together: Neo searches the whole list for each appended train.
    segment.spiketrains.extend(spike_trains)
    for (population, variable), trace in result.traces.items():
        signal = _signal(neo, ms, trace, f"{population} {variable}")
        signal.annotate(population=population, variable=variable)
        regular = isinstance(signal, neo.AnalogSignal)
        (segment.analogsignals if regular else segment.irregularlysampledsignals).append(signal)
    segment.check_relationships()
    block.check_relationships()
    return block


def _spans(trains: SpikeTrains, end: float) -> list[tuple[float, float]]:
    """Return the observed interval of each neuron (ms).

    It includes all spikes of the neuron.
    """
    spans = []
    for times, intervals in zip(trains.by_neuron(), trains.observed or (), strict=False):
        starts, stops = [*intervals[:, 0], *times[:1]], [*intervals[:, 1], *times[-1:]]
        spans.append((min(starts, default=0.0), max(stops, default=end)))
    return spans or [(0.0, end)] * len(trains.recorded)


def _signal(neo: Any, ms: Any, trace: Trace, name: str) -> Any:
    """Convert a trace to a Neo signal."""
    shared = {
        # Quantities has no unit "mV or pA".
        "units": trace.unit if trace.unit in ("mV", "pA") else "dimensionless",
        "name": name,
        "array_annotations": {"index": trace.ids.copy()},
        "unit": trace.unit,
    }
    interval = sampling_interval(trace.times)
    if interval is None:
        return neo.IrregularlySampledSignal(trace.times * ms, trace.values, **shared)
    start = float(trace.times[0]) * ms
    return neo.AnalogSignal(trace.values, sampling_period=interval * ms, t_start=start, **shared)


def from_neo(spikes: Any, *, dt: float | None = None) -> Result:
    """Convert Neo spike trains to a result.

    Times are in ms from the start of the recording.

    Annotations identify the neuron of a train: population (or source_population) is its population,
    index (or id, unit_id, source_id, cluster_id) its number, and unit_name or the name of the train
    its name. Neurons without unique numbers are counted; the population is "units" by default.

    Trains may cover different spans: `SpikeTrains.observed` then holds the span of each. Segments
    that follow each other in time are joined as they are; segments that overlap, such as trials
    that all start at 0, are placed one after another.

    Parameters
    ----------
    spikes : neo.Block, neo.Segment, neo.SpikeTrain or sequence of neo.SpikeTrain
    dt : float, optional
        Step of the time grid (ms), to which times are moved. Default: 1 / sampling rate if the
        trains lie on that grid; else times are unchanged.

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

    Examples
    --------
    >>> import neo
    >>> import neurosim as ns
    >>> train = neo.SpikeTrain([10.0, 20.5], units="ms", t_stop=100.0)
    >>> result = ns.from_neo(train)
    >>> result.spikes["units"].times
    array([10. , 20.5])
    """
    return to_result(spikes_of_neo(spikes), dt)


@dataclass
class _Neuron:
    """Name, spike times (ms) and spans of one neuron.

    There is one train and one span per segment.
    """

    name: str | None = None
    times: list[NDArray[np.float64]] = field(default_factory=list)
    observed: list[NDArray[np.float64]] = field(default_factory=list)


def spikes_of_neo(spikes: Any, *, spans_known: bool = True) -> ImportedSpikes:
    """Return the spikes of Neo objects.

    Parameters
    ----------
    spikes : as for `from_neo`
    spans_known : bool
        Whether start and stop of a train delimit the time in which its neuron was observed.
    """
    segments = _segments_of(spikes)
    spans = [spans_of(trains) for trains in segments]
    offsets, notes = offsets_of(spans)
    labels = [[label_of(train) for train in trains] for trains in segments]
    found: dict[str, dict[int, _Neuron]] = {}
    for k, keys in enumerate(identify(labels)):
        for train, (population, number), label, span in zip(
            segments[k], keys, labels[k], spans[k], strict=True
        ):
            neuron = found.setdefault(population, {}).setdefault(number, _Neuron())
            neuron.times.append(_times_of(train) + offsets[k])
            neuron.observed.append(span + offsets[k])
            neuron.name = label.name if neuron.name is None else neuron.name
    neurons = [(k, neuron) for population in found.values() for k, neuron in population.items()]
    notes += warn_of_restarts(
        [times for _, neuron in neurons for times in neuron.times],
        [neuron.name or str(k) for k, neuron in neurons for _ in neuron.times],
    )
    duration = float(max(stop for _, neuron in neurons for _, stop in neuron.observed))
    partly = spans_known and any(
        np.array(neuron.observed).tolist() != [[0.0, duration]] for _, neuron in neurons
    )
    populations = {name: _population(population, partly) for name, population in found.items()}
    return ImportedSpikes(populations, _step(spikes, segments), duration, notes)


def _population(neurons: dict[int, _Neuron], partly_observed: bool) -> PopulationSpikes:
    """Join the spikes of the neurons of a population."""
    ids, members = np.array(list(neurons)), list(neurons.values())
    named = any(neuron.name is not None for neuron in members)
    return PopulationSpikes(
        np.concatenate([times for neuron in members for times in neuron.times]),
        np.repeat(ids, [sum(map(len, neuron.times)) for neuron in members]),
        ids,
        [neuron.name or str(k) for k, neuron in neurons.items()] if named else None,
        [np.array(neuron.observed) for neuron in members] if partly_observed else None,
    )


def is_neo_train(train: Any) -> bool:
    """Whether an object has the interface of a Neo spike train."""
    return all(hasattr(train, name) for name in ("rescale", "magnitude", "t_start", "t_stop"))


def neo_times(trains: Sequence[Any]) -> tuple[list[NDArray[np.float64]], float]:
    """Return times (ms) from the common start of all trains, and their duration (ms).

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
    return [_times_of(train) - start for train in trains], stop - start


def _times_of(train: Any) -> NDArray[np.float64]:
    """Return the spike times of a train (ms)."""
    return np.asarray(train.rescale("ms").magnitude, dtype=float)


def _segments_of(spikes: Any) -> list[list[Any]]:
    """Return a list of spike trains for each segment that contains any."""
    segments = getattr(spikes, "segments", None)
    if segments is None:
        segments = [[spikes] if is_neo_train(spikes) else spikes]
    lists = [getattr(segment, "spiketrains", segment) for segment in segments]
    found = [list(trains) for trains in lists if hasattr(trains, "__iter__") and len(trains)]
    if not found or not all(is_neo_train(train) for trains in found for train in trains):
        raise NeurosimError(
            f"{type(spikes).__name__} holds no spike trains: give a neo.Block or neo.Segment that "
            "does, or a list of neo.SpikeTrain"
        )
    return found


def _step(spikes: Any, segments: list[list[Any]]) -> float | None:
    """Return the time step (ms) of a block.

    It is the annotated step, or the step common to all trains.
    """
    step: Any = getattr(spikes, "annotations", {}).get("dt")
    if hasattr(step, "rescale"):
        return float(step.rescale("ms"))
    rates = {
        float(train.sampling_rate.rescale("Hz"))
        for trains in segments
        for train in trains
        if getattr(train, "sampling_rate", None) is not None
    }
    rate = rates.pop() if len(rates) == 1 else NO_RATE
    return None if rate == NO_RATE or not 0.0 < rate < np.inf else 1e3 / rate
