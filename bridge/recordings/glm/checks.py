"""Checks of the options of population models, and their warnings."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.recordings.data.observation import Counts
from bridge.recordings.data.trains import BinnedTrains
from bridge.recordings.glm.families import Family
from bridge.recordings.glm.pair_tests import PairTests
from bridge.recordings.slow.drives import Stimulus
from bridge.utils.checks import as_floats
from neurosim import NeurosimError
from neurosim.utils.warn import warn

# Smallest number of spikes, and of silent bins, of a neuron that is fitted.
FEWEST = 10
# Fraction of bins with spikes above which approximate standard errors are rough.
FULL = 0.5
# Largest value of a stimulus, whose square can be computed.
LARGEST = 1e100
# z of coincidences over all pairs above which to warn (p = 3e-7).
SYNCHRONOUS = 5.0
# Standard deviation of z of absent synapses above which to warn.
WIDE = 1.3


def features(stimulus: ArrayLike, n_bins: int) -> NDArray[np.float64]:
    """Return the stimulus as a finite array, shape (n_bins, n_features)."""
    values = as_floats(stimulus, "stimulus")
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or len(values) != n_bins or values.shape[1] == 0:
        raise NeurosimError(
            f"stimulus of shape {np.shape(stimulus)}: give one row for each of the {n_bins} bins, "
            "and one column per feature"
        )
    if not np.isfinite(values).all():
        raise NeurosimError("stimulus holds values that are not finite: replace or mask them")
    if np.abs(values).max(initial=0.0) > LARGEST:
        raise NeurosimError(
            f"stimulus holds {np.abs(values).max():.3g}: give values up to {LARGEST:g}, such as in "
            "another unit"
        )
    return values


def stimulus_like(
    stimulus: ArrayLike | None, fitted: Stimulus | None, n_bins: int
) -> Stimulus | None:
    """Return the stimulus of another recording, standardised as that of the fit."""
    if (stimulus is None) != (fitted is None):
        raise NeurosimError(
            "the model was fitted without stimulus: leave it out"
            if fitted is None
            else "the model was fitted with a stimulus: give it for this recording, too"
        )
    if stimulus is None or fitted is None:
        return None
    return fitted.like(features(stimulus, n_bins))


def require_same_neurons(trains: BinnedTrains, fitted: BinnedTrains) -> None:
    """Raise an error unless a recording has the neurons and the bin width of the fit."""
    if not np.array_equal(trains.neurons, fitted.neurons):
        raise NeurosimError(
            f"the neurons ({_named(trains.neurons)}) are not the {fitted.n_neurons} of the fit "
            f"({_named(fitted.neurons)}): give trains of the same neurons in the same order"
        )
    if trains.width != fitted.width:
        raise NeurosimError(
            f"bins of {trains.width:g} ms, but the model was fitted to bins of "
            f"{fitted.width:g} ms: bin the spikes again"
        )


def selected(
    trains: BinnedTrains, counts: Counts, family: Family, neurons: ArrayLike | None
) -> NDArray[np.intp]:
    """Return the indices of the selected neurons with enough spikes and silent bins."""
    indices = np.arange(trains.n_neurons)
    if neurons is not None:
        wanted = np.unique(np.asarray(neurons))
        known = np.isin(wanted, trains.neurons)
        if wanted.ndim != 1 or len(wanted) == 0 or not known.all():
            missing = ", ".join(map(str, wanted[~known][:5])) or "none given"
            raise NeurosimError(f"neurons not among the {trains.n_neurons} recorded: {missing}")
        indices = np.flatnonzero(np.isin(trains.neurons, wanted))
    some, constant = counts.spikes >= FEWEST, counts.constant(FEWEST, repeated=family.counts)
    if not some[indices].any():
        raise NeurosimError(f"no neuron fired at least {FEWEST} times: give a longer recording")
    remedy = "give a smaller bin_width" + (
        "" if family.counts else ', or family="poisson" for counts'
    )
    if not (some & ~constant)[indices].any():
        raise NeurosimError(
            f"all neurons are silent in fewer than {FEWEST} of {trains.n_bins:,} bins of "
            f"{trains.width:g} ms, so nothing can be fitted: {remedy}"
        )
    warn_of(
        trains.neurons[indices[~some[indices]]],
        f"neurons that fired fewer than {FEWEST} times ({{}}) are not fitted: their inputs are NaN",
    )
    warn_of(
        trains.neurons[constant],
        f"neurons that are silent in fewer than {FEWEST} bins ({{}}) are not fitted and not used "
        f"as inputs; {remedy}",
    )
    warn_of(
        trains.neurons[~constant & (counts.fired > FULL * (counts.fired + counts.silent))],
        f"neurons ({{}}) fire in more than half of the bins of {trains.width:g} ms: tests and "
        f"intervals are rough, so that false calls can exceed the fdr; {remedy}",
    )
    return indices[(some & ~constant)[indices]]


def slope_per_mv(beta: ArrayLike, n: int) -> NDArray[np.float64]:
    """Return the score per mV of each neuron or pair, which must be above 0."""
    values = as_floats(beta, "beta")
    if values.shape not in ((), (n,), (n, n)) or not (values[~np.isnan(values)] > 0).all():
        given = f"of shape {values.shape}" if values.ndim else f"= {values:g}"
        raise NeurosimError(
            f"beta {given}: give one number above 0 per mV, or one for each of the {n} neurons or "
            "pairs"
        )
    return values


def warn_of(neurons: NDArray, message: str) -> None:
    """Warn of these neurons, if any; their names replace {} in the message."""
    if len(neurons):
        warn(message.format(_named(neurons)))


def warn_of_misfit(found: PairTests, neurons: NDArray, filters: str, remedy: str) -> None:
    """Warn if residuals or scores show that the model is incorrect.

    Parameters
    ----------
    found : PairTests
    neurons : (n,) ndarray
        Names of the neurons.
    filters : str
        Description of the filters: "the kernel of 10 ms".
    remedy : str
        Remedy if they do not fit: "give another kernel".
    """
    uneven, n_scores = found.misfits(), len(found.null_scores)
    # A single pair is a synapse with another time course, which affects only its strength.
    if uneven.sum() > 1:
        worst = np.unravel_index(np.nanargmin(found.flatness), uneven.shape)
        first, second = (neurons[k] for k in worst)
        warn(
            f"the residuals after the spikes of a neuron are not flat for {int(uneven.sum())} of "
            f"{int(np.isfinite(found.flatness).sum())} pairs (most clearly {first} onto {second}): "
            f"{filters} cannot describe the synapses, or neurons share input that is faster than "
            f"the drives, so that false calls can exceed the fdr: {remedy}, or the shared input as "
            "stimulus"
        )
    if found.shared_input > SYNCHRONOUS:
        warn(
            "neurons fire in the same bin more often than the model expects (z = "
            f"{found.shared_input:.1f} over all pairs): they share input that is faster than the "
            "drives, so that false calls can exceed the fdr: give the shared input as stimulus"
        )
    if not np.isfinite(found.z).any():
        return
    if n_scores == 0:
        warn(
            "the standard deviation of z of absent synapses cannot be estimated from so few pairs "
            "and spikes: p-values assume 1, and shared rate changes can cause false calls"
        )
    elif found.null_sd > max(WIDE, 1.0 + 6.0 / math.sqrt(n_scores)):
        warn(
            f"the z of absent synapses have {found.null_sd:.2f} times the expected standard "
            "deviation, which the p-values account for: neurons share input that the drives do not "
            "follow; give it as stimulus, or a smaller value of shared"
        )


def _named(neurons: NDArray) -> str:
    """Return the names of the first neurons."""
    return ", ".join(map(str, neurons[:10])) + (", ..." if len(neurons) > 10 else "")
