"""Logistic neurons trained on grasshopper receptors, and the equivalent spiking neurons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

import bridge
import neurosim as ns
from scenarios import _kit as kit
from scenarios.recordings.data import grasshopper_recording

if TYPE_CHECKING:
    from bridge.learning.features import Fold
    from scenarios.recordings.grasshopper import Settings

CELLS = (1, 2)
# Width of a bin (ms): one trial of a logistic neuron, one step of the equivalent neuron.
BIN = 1.0
# Penalty (nats per trial). It limits the weights of lags at which no spike ever followed another.
# Given sound and past spikes, it predicts held-out spikes of both receptors better than 1e-4, 3e-4
# and 1e-2, and as well as 3e-3 (within 0.01 bits). A tenth of it leaves the sound filter noisy.
RIDGE = 1e-3
EQUIVALENT = "equivalent"


@dataclass(frozen=True, eq=False)
class Training:
    """Logistic neurons trained on one receptor; a trial is a bin of 1 ms.

    Probabilities, of shape (n_bins,), are cross-validated: they are predicted by neurons trained on
    the other parts of the recording.

    Attributes
    ----------
    fired : (n_bins,) ndarray of int
        Whether the receptor fired.
    sound, history : (n_bins, n_lags) ndarray
        Level of the sound (dB), and past spikes of the receptor.
    folds : list of (train, test)
        Parts of the recording.
    """

    fired: np.ndarray
    sound: kit.Floats
    history: kit.Floats
    folds: list[Fold]

    @classmethod
    @cache
    def on(cls, cell: int, settings: Settings) -> Training:
        """Return the training on one receptor, the same object each time."""
        fired, level = spikes_by_bin(cell), grasshopper_recording(cell).level(BIN)
        # The margin excludes training bins that share sound or spikes with the test part.
        margin = max(settings.lags, settings.history)
        return cls(
            fired,
            bridge.lagged(level, settings.lags),
            bridge.spike_history(fired, settings.history),
            bridge.blocked_folds(len(fired), settings.folds, margin=margin),
        )

    @cached_property
    def by_sound(self) -> kit.Floats:
        """Firing probability given the sound."""
        return self._cross_validated(self.sound)

    @cached_property
    def by_history(self) -> kit.Floats:
        """Firing probability given the sound and past spikes of the receptor."""
        return self._cross_validated(self.columns)

    @property
    def columns(self) -> kit.Floats:
        """Sound and past spikes, shape (n_bins, n_weights)."""
        return np.hstack([self.sound, self.history])

    @cached_property
    def neuron(self) -> bridge.LogisticNeuron:
        """Neuron with past spikes, trained on the whole recording."""
        return trainable().fit(self.columns, self.fired)

    @cached_property
    def neurons(self) -> list[bridge.LogisticNeuron]:
        """Neurons with past spikes; number k is trained on all but part k."""
        return [trainable().fit(self.columns[i], self.fired[i]) for i, _ in self.folds]

    @property
    def part(self) -> np.ndarray:
        """Part of the recording in which each bin lies."""
        return np.repeat(np.arange(len(self.folds)), [len(test) for _, test in self.folds])

    def _cross_validated(self, columns: kit.Floats) -> kit.Floats:
        return bridge.out_of_fold_probability(trainable(), columns, self.fired, self.folds)


def trainable() -> bridge.LogisticNeuron:
    """Return an untrained neuron."""
    return bridge.LogisticNeuron(solver="newton", ridge=RIDGE)


def spikes_by_bin(cell: int) -> np.ndarray:
    """Return whether a receptor fired in each bin; spikes are at least 3 ms apart."""
    recording = grasshopper_recording(cell)
    return bridge.bin_spikes(recording.spikes, recording.duration, BIN)


def equivalent_to(neuron: bridge.LogisticNeuron, settings: Settings) -> bridge.FilteredNeuron:
    """Return the spiking neuron equivalent to a trained neuron with past spikes."""
    return bridge.FilteredNeuron.of(neuron, history=settings.history, width=BIN)


def equivalent_network(settings: Settings) -> ns.Network:
    """Add equivalent neurons for each part of the recording, trained on the other parts."""
    net = ns.Network()
    level = settings.recording.level(BIN)
    for part, neuron in enumerate(Training.on(settings.cell, settings).neurons):
        equivalent = equivalent_to(neuron, settings)
        population = equivalent.add_to(net, f"part {part}", level, size=settings.neurons)
        net.record(population, "v", ids=[0])
    return net


def with_equivalents(result: ns.Result, settings: Settings, threads: int | None) -> ns.Result:
    """Simulate the equivalent neurons and add them to a result as one population.

    All populations run from the beginning, so that their past spikes are complete. In each part the
    one that was not trained on it is kept.
    """
    duration = max(1.0, np.floor(result.duration / BIN + 1e-9)) * BIN
    simulated = ns.simulate(
        equivalent_network(settings), duration, dt=BIN, seed=result.seed, threads=threads
    )
    part = Training.on(settings.cell, settings).part
    names = [f"part {k}" for k in range(settings.folds)]
    trains = [simulated.spikes[name] for name in names]
    traces = [simulated.traces[name, "v"] for name in names]

    def joined(pieces: list[Any], field: str) -> Any:
        bins = [np.rint(one.times / BIN).astype(int) - 1 for one in pieces]
        own = [getattr(one, field)[part[bins[k]] == k] for k, one in enumerate(pieces)]
        return np.concatenate(own)

    spikes = ns.SpikeTrains(joined(trains, "times"), joined(trains, "ids"), trains[0].recorded)
    potential = replace(
        traces[0], times=joined(traces, "times"), values=joined(traces, "values"), spikes=spikes
    )
    # The filters have both signs, so the neurons are neither excitatory nor inhibitory.
    info = replace(simulated.populations[names[0]], name=EQUIVALENT, sign=0)
    return replace(
        result,
        populations={**result.populations, EQUIVALENT: info},
        spikes={**result.spikes, EQUIVALENT: spikes},
        traces={**result.traces, (EQUIVALENT, "v"): potential},
    )
