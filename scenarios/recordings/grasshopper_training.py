"""Logistic neurons trained on grasshopper receptors, and the equivalent spiking neuron."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from scenarios import _kit as kit
from scenarios.recordings.data import grasshopper_recording

if TYPE_CHECKING:
    from bridge.learning.features import Fold
    from scenarios.recordings.grasshopper import Settings

# Width of a bin (ms): one trial of a logistic neuron, one step of the equivalent neuron.
BIN = 1.0
# Time (ms) at the start of the recordings to which spiking neurons are fitted.
FITTED = 5000.0
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
        recording = grasshopper_recording(cell)
        fired = bridge.bin_spikes(recording.spikes, recording.duration, BIN)
        # The margin excludes training bins that share sound or spikes with the test part.
        margin = max(settings.lags, settings.history)
        return cls(
            fired,
            bridge.lagged(recording.level(BIN), settings.lags),
            bridge.spike_history(fired, settings.history),
            bridge.blocked_folds(len(fired), settings.folds, margin=margin),
        )

    @property
    def columns(self) -> kit.Floats:
        """Sound and past spikes, shape (n_bins, n_weights)."""
        return np.hstack([self.sound, self.history])

    @cached_property
    def by_sound(self) -> kit.Floats:
        """Firing probability given the sound."""
        return bridge.out_of_fold_probability(trainable(), self.sound, self.fired, self.folds)

    @cached_property
    def by_history(self) -> kit.Floats:
        """Firing probability given the sound and past spikes of the receptor."""
        return bridge.out_of_fold_probability(trainable(), self.columns, self.fired, self.folds)

    @cached_property
    def neuron(self) -> bridge.LogisticNeuron:
        """Neuron with past spikes, trained on the first `FITTED` ms."""
        used = slice(0, int(FITTED / BIN))
        return trainable().fit(self.columns[used], self.fired[used])


def trainable() -> bridge.LogisticNeuron:
    """Return an untrained neuron."""
    return bridge.LogisticNeuron(solver="newton", ridge=RIDGE)


def equivalent_to(neuron: bridge.LogisticNeuron, settings: Settings) -> bridge.FilteredNeuron:
    """Return the spiking neuron equivalent to a trained neuron with past spikes."""
    return bridge.FilteredNeuron.of(neuron, history=settings.history, width=BIN)


def with_equivalent(result: ns.Result, settings: Settings, threads: int | None) -> ns.Result:
    """Simulate the equivalent neurons of a receptor, and add them to a result."""
    net, duration = ns.Network(), np.floor(result.duration / BIN + 1e-9) * BIN
    equivalent = equivalent_to(Training.on(settings.cell, settings).neuron, settings)
    level = settings.recording.level(BIN)
    cells = equivalent.add_to(net, EQUIVALENT, level, size=settings.neurons)
    net.record(cells, "v", ids=[0])
    simulated = ns.simulate(net, duration, dt=BIN, seed=result.seed, threads=threads)
    return replace(
        result,
        populations={**result.populations, **simulated.populations},
        spikes={**result.spikes, **simulated.spikes},
        traces={**result.traces, **simulated.traces},
    )
