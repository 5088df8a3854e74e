"""The probability of a spike as a logistic function of the membrane potential."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bridge.evaluation.measures import NORMAL_95, Measure, bits_per_spike
from bridge.learning.logistic import LogisticNeuron
from bridge.utils.checks import finite, positive
from neurosim import NeurosimError

if TYPE_CHECKING:
    from neurosim import Population, Result

# Fewest spikes in either half of the data.
FEWEST = 20


@dataclass(frozen=True, eq=False)
class SoftThreshold:
    """A logistic neuron with the membrane potential as its input, trained on a simulation.

    Synaptic input that arrives after the potential was sampled acts as noise, so the threshold is
    not sharp: P(spike within 1 ms) = σ(β (V − half)). The slope β measures how soft it is.

    Attributes
    ----------
    v : (n_samples,) ndarray
        Membrane potentials of the test data, the odd blocks of time (mV).
    fired : (n_samples,) ndarray of bool
        Whether the neuron fired within the window after the sample.
    blocks : (n_samples,) ndarray of int
        Number of the block of time.
    neuron : LogisticNeuron
        Trained on the even blocks.

    Examples
    --------
    Neurons whose potential fluctuates by 2 mV:

    >>> import neurosim as ns
    >>> from bridge.recordings import SoftThreshold
    >>> net = ns.Network()
    >>> cells = net.add("cells", 20, ns.LIF())
    >>> mean = net.drive(cells, ns.ConstantCurrent(300.0))
    >>> noise = net.drive(cells, ns.MembraneNoise(2.0))
    >>> recording = net.record(cells, "v")
    >>> result = ns.simulate(net, 4000.0, seed=1)
    >>> soft = SoftThreshold.of(result, "cells", start=100.0)
    >>> print(f"{soft.half:.1f} mV, {soft.beta.value:.1f} per mV")
    -55.7 mV, 3.2 per mV
    """

    v: NDArray[np.float64]
    fired: NDArray[np.bool_]
    blocks: NDArray[np.int64]
    neuron: LogisticNeuron

    def __repr__(self) -> str:
        return f"<SoftThreshold: half {self.half:.4g} mV, slope {self.beta.value:.3g} per mV>"

    @classmethod
    def of(
        cls,
        result: Result,
        population: str | Population,
        *,
        start: float = 0.0,
        window: float = 1.0,
        block: float = 50.0,
    ) -> SoftThreshold:
        """Train on the recorded potentials and spikes of a population.

        Samples in the refractory period are excluded. Samples are one window apart.

        Parameters
        ----------
        result : Result
        population : str or Population
            Its potential "v" was recorded, at intervals of the window or less.
        start : float
            Time to exclude at the start (ms).
        window : float
            Time after a sample in which a spike counts (ms).
        block : float
            Length of the blocks of time (ms), which intervals treat as independent.

        Raises
        ------
        NeurosimError
            If the potential was not recorded, if either half of the data has fewer than 20 spikes,
            or if fewer than 20 samples of the training data are not followed by a spike.
        """
        window = positive(window, "window", "ms")
        block, start = positive(block, "block", "ms"), finite(start, "start", "ms", 0.0)
        name = population if isinstance(population, str) else population.name
        trace, trains = result.traces[name, "v"], result.spikes[name]
        every = max(1, round(window * (len(trace.times) - 1) / np.ptp(trace.times)))
        used = np.arange(0, len(trace.times), every)
        used = used[(trace.times[used] >= start) & (trace.times[used] + window <= result.duration)]
        times, t_ref = trace.times[used], result.populations[name].t_ref
        parts = []
        for column, neuron in enumerate(trace.ids):
            spikes = np.concatenate([[-np.inf], trains.times[trains.ids == neuron]])
            past = np.searchsorted(spikes, times, side="right")
            fired = np.searchsorted(spikes, times + window, side="right") > past
            ready = times >= spikes[past - 1] + t_ref
            parts.append((trace.values[used, column][ready], fired[ready], times[ready] // block))
        v, fired, blocks = map(np.concatenate, zip(*parts, strict=True))
        test = blocks % 2 == 1
        counts = int(fired[~test].sum()), int(fired[test].sum())
        if min(counts) < FEWEST:
            raise NeurosimError(
                f"{name} has {counts[0]} spikes to train on and "
                f"{counts[1]} to test: at least {FEWEST} of each are needed; simulate longer, or "
                "record more neurons"
            )
        silent = int((~fired[~test]).sum())
        if silent < FEWEST:
            raise NeurosimError(
                f"{name} spikes within {window:g} ms of all but {silent} of {silent + counts[0]:,} "
                f"samples to train on: at least {FEWEST} without a spike are needed; give a "
                "shorter window, or a network that fires less"
            )
        trained = LogisticNeuron().fit(v[~test, None], fired[~test])
        return cls(v[test], fired[test], blocks[test].astype(np.int64), trained)

    @property
    def beta(self) -> Measure:
        """Slope of the logistic function (per mV), with its 95 % interval."""
        slope = float(self.neuron.coef_[0, 0])
        half = NORMAL_95 * float(self.neuron.standard_errors_[1])
        return Measure(slope, "per mV", slope - half, slope + half)

    @property
    def half(self) -> float:
        """Potential at which the neuron fires with probability 1/2 (mV)."""
        return float(-self.neuron.intercept_[0] / self.neuron.coef_[0, 0])

    @property
    def probability(self) -> NDArray[np.float64]:
        """Predicted probability of a spike, for the test data."""
        return self.neuron.predict_proba(self.v[:, None])[:, 1]

    @property
    def bits_per_spike(self) -> Measure:
        """Information of the potential about the spikes of the test data."""
        return bits_per_spike(self.fired, self.probability, self.blocks)
