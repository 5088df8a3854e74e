"""The probability to fire in the next millisecond, as a logistic function of the potential."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import bridge
from scenarios._kit.figures import TRAINED, Panel
from scenarios._kit.layers import chart, curve
from scenarios._kit.trials import draw_fraction

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    import neurosim as ns

# Time after each sample in which a spike is counted (ms).
AHEAD = 1.0
# Length of the blocks of time that intervals treat as independent (ms).
BLOCK = 50.0
# Fewest spikes in either half of the data.
FEWEST = 20


@dataclass(frozen=True, eq=False)
class SoftThreshold:
    """A logistic neuron with the membrane potential as its input, trained on a simulation.

    Attributes
    ----------
    v : (n_samples,) ndarray
        Membrane potentials of the test data: the odd blocks of time (mV).
    fired : (n_samples,) ndarray of bool
        Whether the neuron fired within `AHEAD` after the sample.
    blocks : (n_samples,) ndarray
        Number of the block of time.
    neuron : LogisticNeuron
        Trained on the even blocks.
    """

    v: NDArray[np.float64]
    fired: NDArray[np.bool_]
    blocks: NDArray[np.int64]
    neuron: bridge.LogisticNeuron

    @property
    def beta(self) -> tuple[float, float]:
        """Slope of the logistic function, with its standard error (per mV)."""
        return float(self.neuron.coef_[0, 0]), float(self.neuron.standard_errors_[1])

    @property
    def half(self) -> float:
        """Potential at which the neuron fires with probability 1/2 (mV)."""
        return float(-self.neuron.intercept_[0] / self.neuron.coef_[0, 0])

    @property
    def probability(self) -> NDArray[np.float64]:
        """Predicted probability to fire, for the test data."""
        return self.neuron.predict_proba(self.v[:, None])[:, 1]

    @property
    def bits_per_spike(self) -> bridge.Measure:
        """Information about the spikes of the test data."""
        return bridge.bits_per_spike(self.fired, self.probability, self.blocks)

    def draw(self, axes: Axes) -> None:
        """Draw the fraction of samples before a spike, in bins of the potential, and the fit."""
        low, high = self.half - 7.0 / self.beta[0], self.v.max()
        edges = np.linspace(low, high, 16)
        bins = np.clip(np.digitize(self.v, edges), 0, len(edges) - 1)
        # Bin 0 holds all lower potentials.
        samples = np.bincount(bins, minlength=len(edges))[1:]
        spikes = np.bincount(bins, self.fired, minlength=len(edges))[1:]
        used = samples >= 10
        middle = 0.5 * (edges[:-1] + edges[1:])[used]
        draw_fraction(axes, middle, spikes[used], samples[used], label="simulated, 95 % interval")
        line = np.linspace(low, high, 300)
        fitted = self.neuron.predict_proba(line[:, None])[:, 1]
        axes.plot(line, fitted, color=TRAINED, lw=2, label="logistic neuron, trained")

    def panel(self, v_threshold: float, **labels: Any) -> Panel:
        """Describe a panel with the fraction, the fit and the sharp threshold."""
        names = {"xlabel": "membrane potential (mV)", "ylabel": f"P(fire within {AHEAD:g} ms)"}
        sharp = curve([v_threshold] * 2, [0.0, 1.0], "threshold", color="0.45", ls="--")
        return chart(self.draw, sharp, **names | labels)


def soft_threshold(result: ns.Result, population: str, start: float) -> SoftThreshold | None:
    """Return the soft threshold of the neurons whose potential was recorded.

    Samples in the refractory period are excluded.

    Parameters
    ----------
    result : Result
    population : str
    start : float
        Time to exclude at the start (ms).

    Returns
    -------
    SoftThreshold or None
        None if either half of the data has fewer than `FEWEST` spikes.
    """
    trace, trains = result.traces[population, "v"], result.spikes[population]
    every = max(1, round(AHEAD / (trace.times[1] - trace.times[0])))
    used = np.arange(0, len(trace.times), every)
    used = used[(trace.times[used] >= start) & (trace.times[used] + AHEAD <= result.duration)]
    times = trace.times[used]
    parts = []
    for column, neuron in enumerate(trace.ids):
        spikes = np.concatenate([[-np.inf], trains.times[trains.ids == neuron]])
        past = np.searchsorted(spikes, times, side="right")
        fired = np.searchsorted(spikes, times + AHEAD, side="right") > past
        ready = times >= spikes[past - 1] + result.populations[population].t_ref
        block = (times // BLOCK).astype(int)
        parts.append((trace.values[used, column][ready], fired[ready], block[ready]))
    v, fired, blocks = map(np.concatenate, zip(*parts, strict=True))
    test = blocks % 2 == 1
    if min(fired[test].sum(), fired[~test].sum()) < FEWEST:
        return None
    neuron = bridge.LogisticNeuron().fit(v[~test, None], fired[~test])
    return SoftThreshold(v[test], fired[test], blocks[test], neuron)
