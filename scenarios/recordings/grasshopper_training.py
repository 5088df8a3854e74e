"""Models fitted to the spikes of grasshopper receptors, and the equivalent spiking neurons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from bridge.datasets import ReceptorRecording, grasshopper_recording
from bridge.recordings import Basis, NoHistory, RaisedCosines, Steps
from scenarios import _kit as kit

if TYPE_CHECKING:
    from scenarios.recordings.grasshopper import Settings

# Width of a bin (ms): one trial of a logistic neuron, one step of the equivalent neurons.
BIN = 1.0
# Time (ms) at the start of the recordings to which spiking neurons are fitted.
FITTED = 5000.0
# 1/variance of the weights of the sound. A tenth of it and three times as much predict held-out
# spikes equally well (within 0.03 bits).
PRECISION = 10.0
EQUIVALENT = "equivalent"


@dataclass(frozen=True, eq=False)
class Training:
    """Logistic neurons trained on one receptor; a trial is a bin of 1 ms.

    Probabilities are cross-validated: each second is predicted by neurons trained on the others.

    Attributes
    ----------
    fired : (n_bins,) ndarray of int
        Whether the receptor fired.
    by_sound, by_history : (n_bins,) ndarray
        Firing probability given the sound, and given the sound and past spikes.
    glm : PopulationGLM
        Model with past spikes, trained on the first `FITTED` ms.
    """

    fired: np.ndarray
    by_sound: kit.Floats
    by_history: kit.Floats
    glm: bridge.PopulationGLM

    @classmethod
    @cache
    def on(cls, cell: int, settings: Settings) -> Training:
        """Return the training on one receptor, the same object each time."""
        recording = grasshopper_recording(cell)
        history = RaisedCosines(min(6, settings.history), float(settings.history))
        by_sound, by_history = (
            1e-3 * BIN * _fit(basis, recording, settings).predict(n_folds=10)[:, 0]
            for basis in (NoHistory(), history)
        )
        fired = bridge.bin_spikes(recording.spikes, recording.duration, BIN)
        return cls(fired, by_sound, by_history, _fit(history, recording, settings, stop=FITTED))


def sound(recording: ReceptorRecording, settings: Settings) -> kit.Floats:
    """Return the level of the sound (dB) in each bin and before it, shape (n_bins, lags)."""
    return bridge.lagged(recording.level(BIN), settings.lags)


def _fit(
    history: Basis, recording: ReceptorRecording, settings: Settings, stop: float | None = None
) -> bridge.PopulationGLM:
    """Fit a model with these effects of own spikes to a recording up to a time (ms)."""
    coupling = Steps((0.0, BIN))  # unused: there is no other neuron
    glm = bridge.PopulationGLM(
        coupling, history_basis=history, stimulus_strength=PRECISION, progress=False
    )
    epochs = [[0.0, stop or recording.duration]]
    stimulus = sound(recording, settings)
    return glm.fit([recording.spikes], recording.duration, epochs=epochs, stimulus=stimulus)


def with_equivalent(result: ns.Result, settings: Settings, threads: int | None) -> ns.Result:
    """Simulate the equivalent neurons of a receptor, and add them to a result."""
    neuron = Training.on(settings.cell, settings).glm.to_population()
    net = neuron.repeated(settings.neurons).to_network(name=EQUIVALENT)
    net.record(net[EQUIVALENT], "v", ids=[0])
    duration = np.floor(result.duration / BIN + 1e-9) * BIN
    simulated = ns.simulate(net, duration, dt=BIN, seed=result.seed, threads=threads)
    return replace(
        result,
        populations={**result.populations, **simulated.populations},
        spikes={**result.spikes, **simulated.spikes},
        traces={**result.traces, **simulated.traces},
    )
