"""Trials of the scenario decision: what was shown, and how both pools responded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import bridge
import neurosim as ns
from scenarios import _kit as kit

# Motion to the right is positive.
COHERENCES = np.array([-0.512, -0.256, -0.128, 0.0, 0.128, 0.256, 0.512])
# Inhibitory current, pause and motion in each trial (ms).
RESET, PAUSE, MOTION = 300.0, 200.0, 1000.0
TRIAL = RESET + PAUSE + MOTION
# Time after which the input is drawn anew, and bins of firing rates (ms).
BIN = 50.0
# Firing rate at which a pool has decided (Hz).
THRESHOLD = 15.0


def coherences(duration: float) -> kit.Floats:
    """Return the coherence of each trial: all of them in random order, again and again."""
    n_trials = int(duration / TRIAL + 1e-9)
    rng = np.random.default_rng(1)
    blocks = [rng.permutation(COHERENCES) for _ in range(-(-n_trials // len(COHERENCES)))]
    return np.concatenate([*blocks, []])[:n_trials]


@dataclass(frozen=True, eq=False)
class Trials:
    """Activity of both pools in each trial.

    Attributes
    ----------
    coherence : (n_trials,) ndarray
    rates : (n_trials, n_bins, 2) ndarray
        Firing rates of the pools "right" and "left" (Hz) in bins from the start of the motion.
    before : float
        Mean firing rate of both pools in the pauses (Hz).
    """

    coherence: kit.Floats
    rates: kit.Floats
    before: float

    @property
    def right(self) -> kit.Bools:
        """Whether the choice is "right": that pool has the higher rate in the last 250 ms."""
        late = self.rates[:, -round(250.0 / BIN) :].mean(axis=1)
        return late[:, 0] > late[:, 1]

    @property
    def winner(self) -> kit.Floats:
        """Rates of the pool that wins, and of the other one, like `rates`."""
        return np.where(self.right[:, None, None], self.rates, self.rates[..., ::-1])

    @property
    def times(self) -> kit.Floats:
        """Time from the start of the motion to the decision (ms); `MOTION` if there is none."""
        decided = self.winner[..., 0] > THRESHOLD
        return np.where(decided.any(axis=1), BIN * (1 + decided.argmax(axis=1)), MOTION)

    @property
    def psychometric(self) -> bridge.LogisticNeuron:
        """Logistic neuron trained on the coherence (in units of 10 %)."""
        return small_sample_neuron().fit(10.0 * self.coherence[:, None], self.right)

    def information(self, until: float) -> kit.Measure:
        """Return the information about the choice in coherence and rates.

        Rates are those of the last 100 ms before `until` (ms); for 0 only the coherence is used.
        The prediction is cross-validated.
        """
        inputs, last = 10.0 * self.coherence[:, None], round(until / BIN)
        if last:
            recent = self.rates[:, last - 2 : last].mean(axis=1)
            inputs = np.column_stack([inputs, recent[:, 0] - recent[:, 1]])
        folds = bridge.blocked_folds(len(inputs), len(COHERENCES))
        neuron = small_sample_neuron()
        probability = bridge.out_of_fold_probability(neuron, inputs, self.right, folds)
        return bridge.bits_per_spike(self.right, probability)


def small_sample_neuron() -> bridge.LogisticNeuron:
    """Return a logistic neuron whose weights are finite for few and separable trials."""
    return bridge.LogisticNeuron(firth=True)


def trials(result: ns.Result) -> Trials:
    """Return the activity of both pools in each trial."""
    shown = coherences(result.duration)
    stop = TRIAL * len(shown)
    rates = np.stack(
        [
            ns.analysis.population_rate(result.spikes[name], stop, bin_ms=BIN)[1]
            for name in ("right", "left")
        ],
        axis=-1,
    ).reshape(len(shown), -1, 2)
    first = round((RESET + PAUSE) / BIN)
    return Trials(shown, rates[:, first:], float(rates[:, first - 2 : first].mean()))
