"""One copy of a network for each trial, all in one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import neurosim as ns
from bridge.utils.checks import as_floats
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bridge.networks import LayeredNetwork


def connect_copies(
    net: ns.Network,
    source: ns.Population,
    target: ns.Population,
    matrix: NDArray[np.float64],
    **options: Any,
) -> ns.Projection:
    """Connect each trial's neurons of one layer to its neurons of the next.

    Parameters
    ----------
    net : Network
    source, target : Population
        Trial by trial, the units of a trial side by side.
    matrix : (n_units, n_inputs) ndarray
        Weights, in the unit of the synapse.
    options : Any
        Of `Network.connect`.
    """
    n_units, n_inputs = matrix.shape
    trials = np.arange(target.size // n_units)[:, np.newaxis]
    inputs, units = np.nonzero(matrix.T)
    rule = ns.Explicit((trials * n_inputs + inputs).ravel(), (trials * n_units + units).ravel())
    weights = np.tile(matrix.T[inputs, units], len(trials))
    return net.connect(source, target, rule, weight=weights, **options)


def spike_counts(
    result: ns.Result, name: str, n_trials: int, stop: float = np.inf
) -> NDArray[np.int64]:
    """Return the spikes of a layer up to a time (ms), shape (n_trials, n_units)."""
    return result.spikes[name].counts(stop=stop).reshape(n_trials, -1)


def first_spikes(result: ns.Result, name: str, n_trials: int) -> NDArray[np.float64]:
    """Return each neuron's first spike (ms), inf where there is none; (n_trials, n_units)."""
    trains = result.spikes[name]
    first = np.full(result.populations[name].size, np.inf)
    np.minimum.at(first, trains.ids, trains.times)
    return first.reshape(n_trials, -1)


def fired_at(result: ns.Result, name: str, step: int = 1) -> NDArray[np.bool_]:
    """Return which neurons of a population fired at the end of a step, counted from 1."""
    trains = result.spikes[name]
    fired = np.zeros(result.populations[name].size, dtype=bool)
    fired[trains.ids[np.rint(trains.times / result.dt) == step]] = True
    return fired


def checked_inputs(inputs: ArrayLike, n_inputs: int, *, signed: bool) -> NDArray[np.float64]:
    """Return inputs of shape (n_trials, n_inputs); refuse what spikes cannot carry."""
    values = as_floats(inputs, "inputs")
    if values.ndim != 2 or values.shape[1] != n_inputs or not len(values):
        raise NeurosimError(f"inputs have shape {values.shape}: it must be (n_trials, {n_inputs})")
    if not np.isfinite(values).all():
        raise NeurosimError("inputs must be finite numbers: leave other trials out")
    if not signed and values.min() < 0.0:
        raise NeurosimError(
            f"an input is {values.min():g}: spikes cannot carry what is below 0; scale the inputs "
            "to 0 … 1 before training, or give them as currents"
        )
    return values


def require_chain(network: LayeredNetwork) -> None:
    """Refuse a network whose layers do not each see the one before and nothing else."""
    if not network.is_chain:
        raise NeurosimError(
            "layers of this network see others than the one before: spikes are handed from each "
            "to the next; give a network whose layers follow one another"
        )
