"""Logistic neurons trained on grasshopper receptors, and the equivalent spiking neuron."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from bridge.datasets import grasshopper_recording
from scenarios import _kit as kit

if TYPE_CHECKING:
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

    Probabilities are cross-validated: they are predicted by neurons trained on the other parts of
    the recording.

    Attributes
    ----------
    fired : (n_bins,) ndarray of int
        Whether the receptor fired.
    sound : (n_bins, n_lags) ndarray
        Level of the sound (dB).
    by_sound, by_history : (n_bins,) ndarray
        Firing probability given the sound, and given the sound and past spikes.
    neuron : LogisticNeuron
        Neuron with past spikes, trained on the first `FITTED` ms.
    """

    fired: np.ndarray
    sound: kit.Floats
    by_sound: kit.Floats
    by_history: kit.Floats
    neuron: bridge.LogisticNeuron

    @classmethod
    @cache
    def on(cls, cell: int, settings: Settings) -> Training:
        """Return the training on one receptor, the same object each time."""
        recording = grasshopper_recording(cell)
        fired = bridge.bin_spikes(recording.spikes, recording.duration, BIN)
        sound = bridge.lagged(recording.level(BIN), settings.lags)
        columns = np.hstack([sound, bridge.spike_history(fired, settings.history)])
        # The margin excludes training bins that share sound or spikes with the test part.
        folds = bridge.blocked_folds(len(fired), margin=max(settings.lags, settings.history))
        neuron = bridge.LogisticNeuron(solver="newton", ridge=RIDGE)
        by_sound, by_history = (
            bridge.out_of_fold_probability(neuron, each, fired, folds) for each in (sound, columns)
        )
        used = slice(0, int(FITTED / BIN))
        return cls(fired, sound, by_sound, by_history, neuron.fit(columns[used], fired[used]))


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
