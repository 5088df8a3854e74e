"""Logistic neurons trained in the place of a grasshopper's receptors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np

import bridge
from scenarios.recordings.data import grasshopper_recording
from scenarios.recordings.grasshopper_agreement import fired_bins
from scenarios.recordings.grasshopper_model import BIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bridge.learning.features import Fold
    from scenarios.recordings.grasshopper_model import Settings

ADAPTATION = (300.0, 3000.0)
"""ms in which the receptors adapt, fast and slowly, after the sound has begun."""
RIDGE = 1e-3
"""Nats per trial: holds the weights of spikes less than 3 ms ago, which none ever followed."""
WEAK_RIDGE = 1e-4
"""Where the weights themselves are asked for: it shrinks them by less than a fifth of their
standard errors, at a small cost to what is foretold."""
CELLS = (1, 2)


@dataclass(frozen=True, eq=False)
class Trained:
    """Logistic neurons in the place of one receptor, a trial being a bin of 1 ms.

    They are trained when first asked for. Probabilities to fire, of shape (n_bins,), come from
    neurons trained on the other parts of the recording.

    Attributes
    ----------
    fired : (n_bins,) ndarray of int
        Whether the receptor fired.
    sound, own, other : (n_bins, n_lags) ndarray
        Level of the sound, the receptor's past spikes, and those of the other receptor.
    folds : sequence of (train, test)
        Parts of the recording.
    """

    fired: NDArray[np.int64]
    sound: NDArray[np.float64]
    own: NDArray[np.float64]
    other: NDArray[np.float64]
    folds: list[Fold]

    @classmethod
    def on(cls, cell: int, settings: Settings) -> Trained:
        """Return neurons trained on a receptor's recording."""
        recording = grasshopper_recording(cell)
        fired = fired_bins(recording)
        stranger = fired_bins(grasshopper_recording(3 - cell))
        # Bins that share sound or spikes with the part left out are not trained on.
        margin = max(settings.lags, settings.history, settings.coupling)
        return cls(
            fired,
            bridge.lagged(recording.level(BIN), settings.lags),
            bridge.spike_history(fired, settings.history),
            bridge.spike_history(stranger, settings.coupling),
            bridge.blocked_folds(len(fired), settings.folds, margin=margin),
        )

    @cached_property
    def hearing(self) -> NDArray[np.float64]:
        """Probability to fire given the sound."""
        return self._foretold(self.sound)

    @cached_property
    def parts(self) -> tuple[bridge.LogisticNeuron, ...]:
        """Neurons with past spikes, the k-th trained on all but the k-th part."""
        return tuple(_neuron().fit(self.both[i], self.fired[i]) for i, _ in self.folds)

    @cached_property
    def remembering(self) -> NDArray[np.float64]:
        """Probability to fire given the sound and the receptor's past spikes."""
        found = [
            neuron.predict_proba(self.both[test])[:, 1]
            for neuron, (_, test) in zip(self.parts, self.folds, strict=True)
        ]
        return np.concatenate(found)

    @cached_property
    def coupled(self) -> NDArray[np.float64]:
        """Probability to fire given the other receptor's past spikes as well."""
        return self._foretold(self.all)

    def coupled_neuron(self, *, adapting: bool) -> bridge.LogisticNeuron:
        """Return the neuron given the other's spikes as well, trained on the whole recording.

        Its weights for these are `others`. Adapting, it knows too how long the sound has gone on.
        """
        time = BIN * (0.5 + np.arange(len(self.fired)))
        since = np.exp(-time[:, np.newaxis] / np.array(ADAPTATION))
        trials = np.hstack([self.all, since]) if adapting else self.all
        return bridge.LogisticNeuron(solver="newton", ridge=WEAK_RIDGE).fit(trials, self.fired)

    @property
    def others(self) -> slice:
        """Weights of the other's spikes in a coupled neuron."""
        return slice(self.both.shape[1], self.all.shape[1])

    @cached_property
    def neuron(self) -> bridge.LogisticNeuron:
        """The neuron with past spikes, trained on the whole recording."""
        return _neuron().fit(self.both, self.fired)

    @property
    def both(self) -> NDArray[np.float64]:
        """Sound and own past spikes, (n_bins, n_weights)."""
        return np.hstack([self.sound, self.own])

    @property
    def all(self) -> NDArray[np.float64]:
        """Sound, own past spikes and the other's, (n_bins, n_weights)."""
        return np.hstack([self.sound, self.own, self.other])

    @property
    def unbounded(self) -> NDArray[np.bool_]:
        """Weights of `neuron` that only the ridge keeps finite: no spike follows at those lags."""
        return (self.both[self.fired == 1] == 0.0).all(axis=0)

    @property
    def seconds(self) -> NDArray[np.int64]:
        """The second each bin lies in: neighbouring bins are not independent."""
        return np.arange(len(self.fired)) // 1000

    def _foretold(self, trials: NDArray[np.float64]) -> NDArray[np.float64]:
        return bridge.out_of_fold_probability(_neuron(), trials, self.fired, self.folds)


@cache
def trained(cell: int, settings: Settings) -> Trained:
    """Return the neurons of `Trained.on`, the same ones each time."""
    return Trained.on(cell, settings)


def _neuron() -> bridge.LogisticNeuron:
    return bridge.LogisticNeuron(solver="newton", ridge=RIDGE)
