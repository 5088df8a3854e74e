"""Results as Neo's objects, and spikes out of them (Garcia et al. 2014, Front Neuroinform 8:10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.foreign import MAX_ID, NO_NAME, Foreign, Train, to_result
from neurosim.interchange.libraries import library
from neurosim.interchange.regular import regular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neurosim.recording import Result, Trace

NO_RATE = 1.0
"""Sampling rate (Hz) of a train that was given none, by Neo's default."""


def to_neo(result: Result) -> Any:
    """Return a result as a `neo.Block` with one segment.

    Every recorded neuron is a `SpikeTrain` in ms, silent ones too, with the annotations population
    and index; every trace is an `AnalogSignal`, or an `IrregularlySampledSignal` where samples do
    not come at regular intervals, with one channel a neuron and the array annotation index. The
    block is annotated with seed and dt.

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
    neo, ms = library("neo"), library("quantities").ms
    block = neo.Block(name="neurosim", seed=int(result.seed), dt=result.dt * ms)
    segment = neo.Segment(name="simulation")
    block.segments.append(segment)
    trains_of_all = []
    for name, trains in result.spikes.items():
        # Results put together of several may have spikes beyond the end.
        end = max(result.duration, float(trains.times.max(initial=0.0)))
        for neuron, times in zip(trains.recorded.tolist(), trains.by_neuron(), strict=True):
            train = neo.SpikeTrain(
                times,
                units=ms,
                t_start=0.0 * ms,
                t_stop=end * ms,
                sampling_rate=(1.0 / result.dt) / ms,
                name=f"{name} {neuron}",
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
    """Return Neo's spike trains as a result, with times in ms from the start of the recording.

    The annotations population and index, where all trains have them, say whose they are; else
    there is one population, "units", and neurons are counted.

    Parameters
    ----------
    spikes : neo.Block, neo.Segment, neo.SpikeTrain or sequence of neo.SpikeTrain
        A block of one segment.
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
        For what is no set of spike trains, or trains that cover different spans.

    Warns
    -----
    UserWarning
        Where times are moved to the grid.
    """
    return to_result(foreign_of(spikes), dt)


def foreign_of(spikes: Any) -> Foreign:
    """Return what Neo's spike trains tell."""
    trains = _trains_of(spikes)
    times, duration = neo_times(trains)
    names, neurons = _owners(trains)
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        found.setdefault(name, []).append(place)
    populations = {}
    for name, places in found.items():
        ids = np.array([neurons[place] for place in places])
        counts = [len(times[place]) for place in places]
        merged = np.concatenate([times[place] for place in places])
        populations[name] = Train(merged, np.repeat(ids, counts), ids)
    return Foreign(populations, _step(spikes, trains), duration)


def is_neo_train(train: Any) -> bool:
    """Whether an object is a spike train of Neo's, or is as good as one."""
    return all(hasattr(train, name) for name in ("rescale", "magnitude", "t_start", "t_stop"))


def neo_times(trains: Sequence[Any]) -> tuple[list[NDArray[np.float64]], float]:
    """Return times (ms) since the start that all trains share, and how long they last (ms).

    Raises
    ------
    NeurosimError
        Where they cover different spans.
    """
    spans = {
        (float(train.t_start.rescale("ms")), float(train.t_stop.rescale("ms"))) for train in trains
    }
    if len(spans) > 1:
        found = ", ".join(f"{start:g} to {stop:g} ms" for start, stop in sorted(spans)[:3])
        raise NeurosimError(
            f"the Neo trains cover different spans ({found}): cut them to one with time_slice"
        )
    start, stop = spans.pop()
    times = [np.asarray(train.rescale("ms").magnitude, dtype=float) - start for train in trains]
    return times, stop - start


def _trains_of(spikes: Any) -> list[Any]:
    """Return the spike trains of a block, a segment or a list."""
    segments = getattr(spikes, "segments", None)
    if segments is not None:
        if len(segments) != 1:
            raise NeurosimError(
                f"the Neo block has {len(segments)} segments: give one of block.segments"
            )
        spikes = segments[0]
    if is_neo_train(spikes):
        spikes = [spikes]
    spikes = getattr(spikes, "spiketrains", spikes)
    trains = list(spikes) if hasattr(spikes, "__iter__") else []
    if not trains or not all(map(is_neo_train, trains)):
        raise NeurosimError(
            f"{type(spikes).__name__} holds no spike trains: give a neo.Block or neo.Segment that "
            "does, or a list of neo.SpikeTrain"
        )
    return trains


def _owners(trains: list[Any]) -> tuple[list[str], list[int]]:
    """Return population and neuron of each train, as annotated if all are and no two are one."""
    annotations = [getattr(train, "annotations", {}) for train in trains]
    names = [str(notes.get("population", NO_NAME)) for notes in annotations]
    told = [notes.get("index") for notes in annotations]
    numbers = [int(n) for n in told if isinstance(n, (int, np.integer)) and 0 <= n <= MAX_ID]
    if len(set(zip(names, numbers, strict=False))) == len(trains):
        return names, numbers
    counted: dict[str, int] = {}
    neurons = []
    for name in names:
        neurons.append(counted.get(name, 0))
        counted[name] = neurons[-1] + 1
    return names, neurons


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
