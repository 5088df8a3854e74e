"""Independent trials of one neuron in one time step: run, count and draw them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

import bridge
import neurosim as ns
from scenarios._kit.figures import SPIKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from bridge.spiking import NeuronGroup
    from neurosim.scenario import RunOptions

Key = TypeVar("Key", bound=Hashable)


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
    require_duration(options, needed)
    return net


def group_outputs(
    result: ns.Result, groups: Mapping[Key, NeuronGroup]
) -> dict[Key, NDArray[np.float64]]:
    """Return the outputs of converted networks with one output unit, by name.

    Fractions of neurons that fired, or potentials of a linear unit, shape (n_trials,).
    """
    return {name: group.outputs_in(result)[-1][:, 0] for name, group in groups.items()}


def require_duration(
    options: RunOptions, needed: float, reason: str = "ends before the last layer fires"
) -> None:
    """Raise an error with the reason if a run is shorter than `needed` (ms)."""
    if options.duration < needed:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms {reason}: give at least {needed:g} ms"
        )


def require_both(fired: NDArray[np.bool_], settings: str) -> None:
    """Raise an error that names settings to change if all trials, or none, have a spike."""
    if fired.all() or not fired.any():
        raise ns.NeurosimError(
            f"the neuron fires in {'all' if fired.any() else 'none'} of the trials, so a logistic "
            f"neuron cannot learn its weights: change {settings}"
        )


def activity(result: ns.Result, population: str, *, start: float, step: float) -> NDArray[np.bool_]:
    """Return which neurons fire in each step of a synchronous network, shape (n_steps, size).

    Parameters
    ----------
    result : Result
    population : str
    start, step : float
        Time of the first step, and duration of a step (ms). A spike belongs to the nearest step.
    """
    trains, size = result.spikes[population], result.populations[population].size
    active = np.zeros((1 + int((result.duration - start) / step + 1e-9), size), dtype=bool)
    index = np.rint((trains.times - start) / step).astype(int)
    inside = (index >= 0) & (index < len(active))
    active[index[inside], trains.ids[inside]] = True
    return active


def ready_trials(
    active: NDArray[np.bool_], pause: int
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the trials of neurons that were silent for a time.

    Parameters
    ----------
    active : (n_steps, n_neurons) ndarray of bool
        Which neurons fire in each step, as from `activity`.
    pause : int
        Number of steps without a spike before a trial.

    Returns
    -------
    steps : (n_trials,) ndarray of int
        Step of each trial, in ascending order.
    fired : (n_trials,) ndarray of bool

    Examples
    --------
    >>> import numpy as np
    >>> active = np.array([[0, 1, 0, 0, 0, 1]], dtype=bool).T
    >>> steps, fired = ready_trials(active, 2)
    >>> steps.tolist(), fired.tolist()
    ([4, 5], [False, True])
    """
    past = np.lib.stride_tricks.sliding_window_view(active, pause, axis=0)[:-1]
    first, neuron = np.nonzero(~past.any(axis=-1))
    return first + pause, active[first + pause, neuron]


def pool_trials(
    x: NDArray[np.float64], fired: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[Any], NDArray[Any]]:
    """Pool the trials of points with equal values, for `draw_fraction`.

    Parameters
    ----------
    x : (n_points,) ndarray
        Values, such as the score of a logistic neuron; they are rounded to 9 decimals.
    fired : (n_points, n_repeats) ndarray of bool

    Returns
    -------
    values : (n,) ndarray
        Distinct values in ascending order.
    spikes, trials : (n,) ndarray
        Number of trials with a spike, and of all trials.

    Examples
    --------
    >>> import numpy as np
    >>> fired = np.array([[True, False], [True, True], [False, False]])
    >>> values, spikes, trials = pool_trials(np.array([0.5, 0.5, -1.0]), fired)
    >>> values.tolist(), spikes.tolist(), trials.tolist()
    ([-1.0, 0.5], [0.0, 3.0], [2, 4])
    """
    values, index = np.unique(np.round(x, 9), return_inverse=True)
    return values, np.bincount(index, fired.sum(axis=1)), fired.shape[1] * np.bincount(index)


def draw_fraction(
    axes: Axes,
    x: ArrayLike,
    fired: ArrayLike,
    trials: ArrayLike,
    *,
    minus: ArrayLike = 0.0,
    **look: Any,
) -> None:
    """Draw the fraction of trials with a spike, with 95 % Wilson intervals.

    Parameters
    ----------
    axes : Axes
    x : (n,) array_like
    fired, trials : (n,) array_like
        Counts; `trials` may be one number.
    minus : (n,) array_like
        Probabilities to subtract, to draw differences. Default: 0.
    **look
        Arguments of ``Axes.errorbar``.
    """
    x, fired, trials = np.broadcast_arrays(x, np.asarray(fired, dtype=float), trials)
    low, high = bridge.wilson_interval(fired, trials)
    fraction = fired / trials
    bars = np.stack([fraction - low, high - fraction]).clip(0.0)
    options: dict[str, Any] = {"fmt": "D", "ms": 4, "capsize": 2, "color": SPIKING}
    axes.errorbar(x, fraction - np.asarray(minus), bars, **options | look)
