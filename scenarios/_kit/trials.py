"""Independent trials of one neuron in one time step: run, count and draw them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

import bridge
import neurosim as ns
from scenarios._kit.figures import SPIKING as SPIKING
from scenarios._kit.figures import TRAINED as TRAINED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from bridge.spiking import NeuronGroup
    from neurosim.scenario import RunOptions


DERIVED = "0.7"


def add_trials(
    net: ns.Network, name: str, unit: bridge.SpikingUnit, activity: NDArray[np.float64], dt: float
) -> ns.Population:
    """Add a population of equal neurons, one for each trial.

    All input arrives together at the end of the first time step, where the neuron fires or not.
    `bridge.spiking.fired_at` returns the outcome.

    Parameters
    ----------
    net : Network
    name : str
    unit : SpikingUnit
    activity : (n_trials, n_synapses) ndarray
        Spikes at each synapse, as in `SpikingUnit.present`.
    dt : float
        Time step (ms).
    """
    population = unit.add_to(net, name, len(activity), dt=dt)
    unit.present(net, population, activity, at=dt)
    return population


def group_trials(
    options: RunOptions, trials: Iterable[tuple[NeuronGroup, NDArray[np.float64]]]
) -> ns.Network:
    """Return a network with one copy of a converted network for each trial.

    Parameters
    ----------
    options : RunOptions
    trials : iterable of (NeuronGroup, (n_trials, n_inputs) ndarray)
        Converted networks, each with the inputs of its trials.

    Raises
    ------
    NeurosimError
        If the run ends before the last layer fires.
    """
    net, needed = ns.Network(dale=False), 0.0
    for group, inputs in trials:
        group.add_to(net, inputs, dt=options.dt)
        needed = max(needed, group.duration(options.dt))
    if options.duration < needed:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms ends before the last layer fires: give "
            f"{needed:g} ms or more"
        )
    return net


def draw_fraction(
    axes: Axes, x: ArrayLike, fired: ArrayLike, trials: ArrayLike, **look: Any
) -> None:
    """Draw the fraction of trials with a spike, with 95 % Wilson intervals.

    Parameters
    ----------
    axes : Axes
    x : (n,) array_like
    fired, trials : (n,) array_like
        Counts; `trials` may be one number.
    **look
        Arguments of ``Axes.errorbar``.
    """
    x, fired, trials = np.broadcast_arrays(x, np.asarray(fired, dtype=float), trials)
    low, high = bridge.wilson_interval(fired, trials)
    fraction = fired / trials
    bars = np.stack([fraction - low, high - fraction]).clip(0.0)
    options: dict[str, Any] = {"fmt": "D", "ms": 4, "capsize": 2, "color": SPIKING}
    axes.errorbar(x, fraction, bars, **options | look)


def draw_share(axes: Axes, x: ArrayLike, fired: ArrayLike, trials: ArrayLike, **look: Any) -> None:
    """Draw the share of trials that fired with its 95 % interval."""
    fired, trials = np.asarray(fired, dtype=float), np.asarray(trials, dtype=float)
    low, high = bridge.wilson_interval(fired, trials)
    share = fired / trials
    bars = np.stack([share - low, high - share]).clip(0.0)
    options: dict[str, Any] = {"fmt": "D", "ms": 4, "capsize": 2, "color": SPIKING}
    axes.errorbar(x, share, bars, **options | look)
