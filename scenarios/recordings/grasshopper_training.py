"""Logistic neurons trained on grasshopper receptors, and the equivalent spiking neurons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

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
# Time constants (ms) of the fast and slow adaptation of the receptors to the onset of the sound.
ADAPTATION = (300.0, 3000.0)
# Penalty (nats per trial). It limits the weights of lags at which no spike ever followed another.
RIDGE = 1e-3
# Penalty for unbiased weights: it reduces them by less than a fifth of their standard errors.
WEAK_RIDGE = 1e-4
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
    sound, history, other : (n_bins, n_lags) ndarray
        Level of the sound (dB), past spikes of the receptor, and of the other receptor.
    folds : list of (train, test)
        Parts of the recording.
    """

    fired: np.ndarray
    sound: kit.Floats
    history: kit.Floats
    other: kit.Floats
    folds: list[Fold]

    @classmethod
    @cache
    def on(cls, cell: int, settings: Settings) -> Training:
        """Return the training on one receptor, the same object each time."""
        fired, other = (spikes_by_bin(which) for which in (cell, 3 - cell))
        return cls(
            fired,
            bridge.lagged(grasshopper_recording(cell).level(BIN), settings.lags),
            bridge.spike_history(fired, settings.history),
            bridge.spike_history(other, settings.coupling),
            # The margin excludes training bins that share sound or spikes with the test part.
            bridge.blocked_folds(
                len(fired), settings.folds,
                margin=max(settings.lags, settings.history, settings.coupling),
            ),
        )  # fmt: skip

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
    def unbounded(self) -> kit.Bools:
        """Weights of `neuron` at lags at which no spike follows: only the ridge bounds them."""
        return (self.columns[self.fired == 1] == 0.0).all(axis=0)

    @property
    def part(self) -> np.ndarray:
        """Part of the recording in which each bin lies."""
        return np.repeat(np.arange(len(self.folds)), [len(test) for _, test in self.folds])

    @property
    def seconds(self) -> np.ndarray:
        """Second of each bin: neighbouring bins are not independent."""
        return np.arange(len(self.fired)) // 1000

    def coupled(self, *, adaptation: bool) -> Coupling:
        """Fit the coupling to the other receptor, with or without columns for adaptation."""
        time = BIN * (0.5 + np.arange(len(self.fired)))
        decay = np.exp(-time[:, np.newaxis] / np.array(ADAPTATION))
        columns = [self.columns, self.other, *([decay] if adaptation else [])]
        neuron = bridge.LogisticNeuron(solver="newton", ridge=WEAK_RIDGE)
        first = self.columns.shape[1]
        return Coupling(
            neuron.fit(np.hstack(columns), self.fired), slice(first, first + self.other.shape[1])
        )

    def _cross_validated(self, columns: kit.Floats) -> kit.Floats:
        return bridge.out_of_fold_probability(trainable(), columns, self.fired, self.folds)


@dataclass(frozen=True, eq=False)
class Coupling:
    """Weights of another neuron's past spikes in a trained logistic neuron."""

    neuron: bridge.LogisticNeuron
    weights: slice

    @property
    def psp(self) -> kit.Floats:
        """Effect of a spike 1, 2, … ms ago (mV)."""
        return self.neuron.psp_[self.weights]

    @property
    def interval(self) -> kit.Floats:
        """95 % intervals of `psp`, shape (n_lags, 2)."""
        return self.neuron.psp_interval_[self.weights]

    @property
    def total(self) -> kit.Measure:
        """Sum of the weights (log-odds), with its 95 % interval."""
        weights, covariance = self._estimate
        total, half = float(weights.sum()), bridge.NORMAL_95 * float(np.sqrt(covariance.sum()))
        return kit.Measure(total, "", total - half, total + half)

    @property
    def p_value(self) -> float:
        """P value of the hypothesis that all weights are 0 (Wald test)."""
        weights, covariance = self._estimate
        return float(chdtrc(len(weights), weights @ np.linalg.solve(covariance, weights)))

    @property
    def _estimate(self) -> tuple[kit.Floats, kit.Floats]:
        """Weights and their covariance."""
        covariance = self.neuron.sandwich_covariance_[1:, 1:]
        return self.neuron.coef_[0][self.weights], covariance[self.weights, self.weights]


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
    spikes, samples = [], []
    for k in range(settings.folds):
        trains, trace = simulated.spikes[f"part {k}"], simulated.traces[f"part {k}", "v"]
        kept = part[np.rint(trains.times / BIN).astype(int) - 1] == k
        spikes.append((trains.times[kept], trains.ids[kept]))
        kept = part[np.rint(trace.times / BIN).astype(int) - 1] == k
        samples.append((trace.times[kept], trace.values[kept]))
    times, ids = map(np.concatenate, zip(*spikes, strict=True))
    joined = ns.SpikeTrains(times, ids, trains.recorded)
    times, values = map(np.concatenate, zip(*samples, strict=True))
    potential = ns.Trace(times, values, trace.ids, trace.unit, joined, trace.v_peak)
    # The filters have both signs, so the neurons are neither excitatory nor inhibitory.
    info = replace(simulated.populations["part 0"], name=EQUIVALENT, sign=0)
    return replace(
        result,
        populations={**result.populations, EQUIVALENT: info},
        spikes={**result.spikes, EQUIVALENT: joined},
        traces={**result.traces, (EQUIVALENT, "v"): potential},
    )


def coupled_pairs(settings: Settings, seed: int, size: int = 1) -> list[Training]:
    """Simulate pairs of equivalent neurons, the second coupled to the first.

    Returns
    -------
    list of Training
        Of the first neuron of each pair, with the second as the other one.
    """
    net = ns.Network()
    first, second = (
        equivalent_to(Training.on(cell, settings).neuron, settings).add_to(
            net, f"receptor {cell}", grasshopper_recording(cell).level(BIN), size=size
        )
        for cell in CELLS
    )
    bridge.connect_filter(net, second, first, settings.coupled, width=BIN)
    training = Training.on(CELLS[0], settings)
    n_bins = len(training.fired)
    result = ns.simulate(net, n_bins * BIN, dt=BIN, seed=seed)
    pairs = []
    for k in range(size):
        fired, other = (
            bridge.bin_spikes(result.spikes[population.name].of(k), n_bins * BIN, BIN)
            for population in (first, second)
        )
        history = bridge.spike_history(fired, settings.history)
        others = bridge.spike_history(other, settings.coupling)
        pairs.append(replace(training, fired=fired, history=history, other=others))
    return pairs
