"""Figures of the probability of a spike as a logistic function of the potential."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scenarios._kit.figures import TRAINED, Panel
from scenarios._kit.layers import chart, curve, layer
from scenarios._kit.trials import draw_fraction

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bridge import SoftThreshold


def threshold_panel(soft: SoftThreshold, v_threshold: float, **labels: Any) -> Panel:
    """Describe a panel with the fraction of samples before a spike, the fit and the threshold."""
    names = {"xlabel": "membrane potential (mV)", "ylabel": "P(fire within 1 ms)"}
    sharp = curve([v_threshold] * 2, [0.0, 1.0], "threshold", color="0.45", ls="--")
    return chart(layer(draw_soft_threshold, soft), sharp, **names | labels)


def draw_soft_threshold(axes: Axes, soft: SoftThreshold) -> None:
    """Draw the fraction of samples before a spike, in bins of the potential, and the fit."""
    low, high = soft.half - 7.0 / soft.beta.value, soft.v.max()
    edges = np.linspace(low, high, 16)
    bins = np.clip(np.digitize(soft.v, edges), 0, len(edges) - 1)
    # Bin 0 holds all lower potentials.
    samples = np.bincount(bins, minlength=len(edges))[1:]
    spikes = np.bincount(bins, soft.fired, minlength=len(edges))[1:]
    used = samples >= 10
    middle = 0.5 * (edges[:-1] + edges[1:])[used]
    draw_fraction(axes, middle, spikes[used], samples[used], label="simulated, 95 % interval")
    line = np.linspace(low, high, 300)
    fitted = soft.neuron.predict_proba(line[:, None])[:, 1]
    axes.plot(line, fitted, color=TRAINED, lw=2, label="logistic neuron, trained")
