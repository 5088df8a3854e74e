"""Many trials of one neuron in one step of time: what several scenarios run, count and draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import bridge

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    import neurosim as ns

SPIKING, DERIVED, TRAINED = "#009E73", "0.7", "#CC79A7"
"""Colours of what spiking neurons did, of a formula, and of what was trained."""


def add_trials(
    net: ns.Network, name: str, unit: bridge.SpikingUnit, activity: NDArray[np.float64], dt: float
) -> ns.Population:
    """Add a population of equal neurons, each a trial of its own.

    All input arrives together at the end of the first step, where the neuron fires or not; what it
    does later is no part of the trial.

    Parameters
    ----------
    net : Network
    name : str
    unit : SpikingUnit
    activity : (n_trials, n) ndarray
        Spikes of each synapse, as in `SpikingUnit.present`.
    dt : float
        ms.
    """
    population = unit.add_to(net, name, len(activity), dt=dt)
    unit.present(net, population, activity, at=dt)
    return population


def draw_share(axes: Axes, x: ArrayLike, fired: ArrayLike, trials: ArrayLike, **look: Any) -> None:
    """Draw the share of trials that fired with its 95 % interval."""
    fired, trials = np.asarray(fired, dtype=float), np.asarray(trials, dtype=float)
    low, high = bridge.wilson_interval(fired, trials)
    share = fired / trials
    bars = np.stack([share - low, high - share]).clip(0.0)
    options: dict[str, Any] = {"fmt": "D", "ms": 4, "capsize": 2, "color": SPIKING}
    axes.errorbar(x, share, bars, **options | look)
