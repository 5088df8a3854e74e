"""Spiking twins of the logistic neurons that a grasshopper's receptors trained, and their run."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from neurosim.results.windows import inside
from scenarios.recordings.grasshopper_model import BIN, TWIN, network
from scenarios.recordings.grasshopper_trained import trained

if TYPE_CHECKING:
    from bridge.learning.features import Fold
    from neurosim.scenario import RunOptions
    from scenarios.recordings.grasshopper_model import Settings


def simulate(settings: Settings, options: RunOptions, progress: bool | None) -> ns.Result:
    """Run the leaky neurons, then the spiking twins on the same sound; return both.

    They are two networks on two grids. The leaky membrane of 1.5 ms needs steps of 0.1 ms. A
    twin is its logistic neuron only where a step is that neuron's bin: in smaller steps a past
    spike would act by its distance in time, and a second one could follow in the same bin.
    """
    result = ns.simulate(
        network(settings, options),
        options.duration,
        dt=options.dt,
        seed=options.seed,
        threads=options.threads,
        progress=progress,
        realtime=options.realtime,
        profile=options.profile,
    )
    whole = math.floor(result.duration / BIN + 1e-9) * BIN
    if not whole:  # cut short at once
        return result
    twins = ns.simulate(
        twin_network(settings), whole, dt=BIN, seed=options.seed, threads=options.threads
    )
    return _merged(result, twins, trained(settings.cell, settings).folds)


def twin_of(neuron: bridge.LogisticNeuron, settings: Settings) -> bridge.FilteredNeuron:
    """Return the spiking twin of a neuron that was trained on sound and own past spikes."""
    return bridge.FilteredNeuron.of(neuron, history=settings.history, width=BIN)


def twin_network(settings: Settings) -> ns.Network:
    """Describe a population of twins for each part of the recording, trained on the others."""
    net = ns.Network()
    level = settings.recording.level(BIN)
    for part, neuron in enumerate(trained(settings.cell, settings).parts):
        twin = twin_of(neuron, settings)
        twins = twin.add_to(net, _name(part), level, size=settings.neurons)
        net.record(twins, "v", ids=[0])
    return net


def _name(part: int) -> str:
    return f"{TWIN} of part {part}"


def _merged(result: ns.Result, twins: ns.Result, folds: list[Fold]) -> ns.Result:
    """Put a population of twins into a result: in each part those that were not trained on it.

    All have heard and fired from the beginning, so that their past spikes are their own.
    """
    spikes, samples = [], []
    for part, (_, test) in enumerate(folds):
        start, stop = test[0] * BIN, (test[-1] + 1) * BIN
        trains, trace = twins.spikes[_name(part)], twins.traces[_name(part), "v"]
        chosen = inside(trains.times, start, stop, twins.dt)
        spikes.append((trains.times[chosen], trains.ids[chosen]))
        chosen = inside(trace.times, start, stop, twins.dt)
        samples.append((trace.times[chosen], trace.values[chosen]))
    times, ids = map(np.concatenate, zip(*spikes, strict=True))
    at, potential = map(np.concatenate, zip(*samples, strict=True))
    merged = ns.SpikeTrains(times, ids, trains.recorded)
    # A filter neither excites nor inhibits, whatever its values.
    info = replace(twins.populations[_name(0)], name=TWIN, sign=0)
    one, other = result.stats, twins.stats
    both = {
        name: getattr(one, name) + getattr(other, name)
        for name in ("neurons", "synapses", "build_s", "wall_s", "events")
    }
    return replace(
        result,
        populations={**result.populations, TWIN: info},
        spikes={**result.spikes, TWIN: merged},
        traces={
            **result.traces,
            (TWIN, "v"): ns.Trace(at, potential, trace.ids, trace.unit, merged, trace.v_peak),
        },
        stats=replace(one, **both, real_time_factor=both["wall_s"] / (1e-3 * result.duration)),
    )


def potential_error(result: ns.Result, settings: Settings) -> float:
    """Return by how much a twin's potential differs at most from its neuron's score (mV).

    The logistic neuron is given the spikes that the twin itself fired. Bins in which the twin
    fired, at whose end the potential is at reset, are left out.
    """
    own, potential = trained(settings.cell, settings), result.traces[TWIN, "v"].of(0)
    fired = np.zeros(len(own.fired))
    fired[np.round(result.spikes[TWIN].of(0) / BIN).astype(int) - 1] = 1.0
    trials = np.hstack([own.sound, bridge.spike_history(fired, settings.history)])
    above = potential - result.populations[TWIN].v_threshold
    largest = 0.0
    for neuron, (_, test) in zip(own.parts, own.folds, strict=True):
        # The first bins of a part follow spikes from before it, which are not kept.
        bins = test[settings.history :]
        bins = bins[bins < len(above)]
        bins = bins[fired[bins] == 0.0]
        if len(bins):
            score = neuron.decision_function(trials[bins]) / twin_of(neuron, settings).beta
            largest = max(largest, float(np.abs(above[bins] - score).max()))
    return largest
