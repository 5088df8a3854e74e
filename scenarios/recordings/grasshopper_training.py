"""Models fitted to the spikes of grasshopper receptors, and the equivalent spiking neurons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from bridge.datasets import ReceptorRecording, grasshopper_recording
from bridge.recordings import Basis, FilteredPopulation, NoHistory, RaisedCosines, Steps
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

    Probabilities are cross-validated: they are predicted by neurons trained on the other parts of
    the recording.

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
            _held_out(basis, recording, settings) for basis in (NoHistory(), history)
        )
        fired = bridge.bin_spikes(recording.spikes, recording.duration, BIN)
        fitted = _fit(history, recording, settings, [[0.0, FITTED]])
        return cls(fired, by_sound, by_history, fitted)


def sound(recording: ReceptorRecording, settings: Settings) -> kit.Floats:
    """Return the level of the sound (dB) in each bin and before it, shape (n_bins, lags)."""
    return bridge.lagged(recording.level(BIN), settings.lags)


def _fit(
    history: Basis, recording: ReceptorRecording, settings: Settings, epochs: list
) -> bridge.PopulationGLM:
    """Fit a model with these effects of own spikes to some epochs (ms) of a recording."""
    coupling = Steps((0.0, BIN))  # unused: there is no other neuron
    glm = bridge.PopulationGLM(
        coupling, history_basis=history, stimulus_strength=PRECISION, progress=False
    )
    stimulus = sound(recording, settings)
    return glm.fit([recording.spikes], recording.duration, epochs=epochs, stimulus=stimulus)


def _held_out(history: Basis, recording: ReceptorRecording, settings: Settings) -> kit.Floats:
    """Return the firing probability in each bin by models fitted to the other nine tenths."""
    stop, stimulus = recording.duration, sound(recording, settings)
    # The margin excludes training bins that share sound or spikes with the predicted part.
    edges, margin = np.linspace(0.0, stop, 11), max(settings.lags, settings.history) * BIN
    found = np.empty(len(stimulus))
    for first, last in pairwise(edges):
        epochs = [[0.0, max(first - margin, 0.0)], [min(last + margin, stop), stop]]
        epochs = [each for each in epochs if each[0] < each[1]]
        fit = _fit(history, recording, settings, epochs)
        rate = fit.predict([recording.spikes], stop, stimulus=stimulus)[:, 0]
        part = slice(round(first / BIN), round(last / BIN))
        found[part] = 1e-3 * BIN * rate[part]
    return found


def equivalent(glm: bridge.PopulationGLM, n: int) -> ns.Network:
    """Return a network of spiking neurons that fire independently with the fitted probabilities."""
    one = glm.to_population()
    copies = FilteredPopulation(
        one.filters * np.eye(n)[:, :, None],
        np.repeat(one.intercept, n),
        BIN,
        refractory=np.repeat(one.refractory, n),
        drive=np.repeat(one.drive, n, axis=1),
    )
    return copies.to_network(name=EQUIVALENT)


def with_equivalent(result: ns.Result, settings: Settings, threads: int | None) -> ns.Result:
    """Simulate the equivalent neurons of a receptor, and add them to a result."""
    net = equivalent(Training.on(settings.cell, settings).glm, settings.neurons)
    net.record(net[EQUIVALENT], "v", ids=[0])
    duration = np.floor(result.duration / BIN + 1e-9) * BIN
    simulated = ns.simulate(net, duration, dt=BIN, seed=result.seed, threads=threads)
    return replace(
        result,
        populations={**result.populations, **simulated.populations},
        spikes={**result.spikes, **simulated.spikes},
        traces={**result.traces, **simulated.traces},
    )
