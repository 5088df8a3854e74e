"""Inference of synapses from spikes: one logistic neuron per recorded neuron, in parallel."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from bridge.inference.checks import (
    check_parameters,
    standardised,
    warn_of_absent,
    warn_of_misfit,
    warn_of_unfinished,
)
from bridge.inference.connectome import Connectome
from bridge.inference.covariates import Covariates, OwnPast
from bridge.inference.drive import Drive, SlowDrive
from bridge.inference.drives import Drives
from bridge.inference.kernel import SynapticKernel
from bridge.inference.neuron import Fitted, Likelihood, fit, prior_variance, score_at_rest
from bridge.inference.observation import Observation, count_spikes
from bridge.inference.trains import BinnedTrains, bin_trains
from neurosim import NeurosimError
from neurosim.utils.progress import progress_bar
from neurosim.utils.resources import available_cores

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

FEWEST = 10
"""Spikes below which a neuron's synapses are not fitted."""

T = TypeVar("T")


def infer_synapses(
    spikes: Any,
    duration: float | None = None,
    *,
    bin_width: float = 1.0,
    kernel: SynapticKernel | None = None,
    history: float = 100.0,
    reset: float | None = None,
    shared: float | None = 200.0,
    baseline: float | None = 2000.0,
    stimulus: ArrayLike | None = None,
    epochs: Any = None,
    presence: Any = None,
    ridge: float | None = None,
    neurons: ArrayLike | None = None,
    tol: float = 0.01,
    threads: int | None = None,
    progress: bool = False,
) -> Connectome:
    """Infer which neurons are connected, how strongly and with which sign, from spikes alone.

    Each neuron is a logistic neuron whose inputs are the spikes of all others, filtered by a
    synaptic kernel, its own last spike, slow drives and, if given, a stimulus: maximum of the
    exact likelihood, with a normal prior on the weights (a generalised linear model of the
    population: Pillow et al. 2008, Nature 454:995). The design matrix is never built, so a step
    costs bins + spikes and not bins × neurons.

    Rate changes that neurons share look like synapses. Two kinds of covariates account for slow
    ones: drives that neurons share, which are estimated from the spikes of all other neurons and
    act on each with a weight of its own, and a smooth baseline of each neuron. Faster shared input
    must be given as `stimulus`; otherwise it shows in the residuals, which are checked.

    Parameters
    ----------
    spikes : Result, SpikeTrains, list, dict, (times, ids), table, matrix or list of neo.SpikeTrain
        As in `bin_trains`: ms, ascending.
    duration : float, optional
        Length of the recording (ms); results, Neo's trains and matrices bring it with them.
    bin_width : float
        ms; narrow enough that a neuron rarely fires twice in a bin.
    kernel : SynapticKernel, optional
        Time course of a synapse's effect; by default 10 ms, after 1 ms.
    history : float
        How long a neuron remembers its last spike (ms), in steps that widen from 1 to 40 ms.
    reset : float, optional
        Refractory period (ms), where a spike erases the input received and input is lost until it
        is over: exact for `LIF` with escape noise. Not done by default.
    shared : float, optional
        Distance (ms) of the knots of the shared drives, up to three, which can follow periods of
        about six such distances and more. Their number and smoothness are chosen by marginal
        likelihood; neurons without shared rate changes get none. None for none in any case.
    baseline : float, optional
        Distance (ms) of the knots of the baseline of each neuron, a multiple of `shared`, whose
        smoothness is chosen likewise. None for a constant baseline.
    stimulus : (n_bins,) or (n_bins, n_features) array_like, optional
        Covariates that act on all neurons, each neuron with weights of its own: a stimulus (see
        `bridge.lagged` for its past), the rate of another area, a trial's phase. One row per bin.
    epochs : (n_epochs, 2) array_like, optional
        Starts and stops (ms) of the parts of the recording that count, such as trials. Spikes
        outside still act as inputs and as own history. By default the whole recording.
    presence : dict or sequence, optional
        For each neuron, by name or in order, the intervals (ms) in which it was observed, shape
        (n_intervals, 2); None or missing for those that always were. Its rate and its synapses are
        those of this time. While it is absent, its input to others is taken to be the mean.
    ridge : float, optional
        1/variance of the prior of the weights. By default chosen from the data (empirical Bayes by
        moments, over all pairs): long recordings are hardly shrunk, and short ones are ranked as by
        cross-correlation through the same kernel.
    neurons : (n_post,) array_like, optional
        Names of the neurons whose input synapses to infer; by default all.
    tol : float
        Distance from the optimum at which to stop, in standard errors.
    threads : int, optional
        By default the number of cores. The result does not depend on it, to the bit.
    progress : bool
        Whether to draw a progress bar with the time left on stderr.

    Returns
    -------
    Connectome

    Raises
    ------
    NeurosimError
        For spikes that `bin_trains` refuses, and parameters out of range.

    Warns
    -----
    UserWarning
        Where neurons have too few spikes, fits did not converge or bins hold two spikes, where
        spikes of absent neurons are left out, where the residuals after the spikes of a neuron are
        not flat, and where the z of absent synapses spread more widely than the model expects. In
        the last two cases the share of false calls can exceed the one asked for.
    """
    check_parameters(history, reset, shared, baseline, ridge, tol, threads)
    trains = bin_trains(spikes, duration, bin_width)
    observation = Observation.of(trains, epochs, presence)
    if not observation.is_present:
        trains, absent = observation.without_absent(trains)
        warn_of_absent(absent)
    counted = count_spikes(trains, observation)
    indices = _selected(trains, counted.spikes, neurons)
    features = None if stimulus is None else standardised(stimulus, trains.n_bins)
    drives = Drives.of(trains, observation, shared, baseline)
    covariates = Covariates(
        trains,
        SynapticKernel() if kernel is None else kernel,
        *(drives.slow_rates, drives.absent, counted.bins),
    )

    slow: dict[int, SlowDrive | None] = {}

    def likelihood(index: int) -> Likelihood:
        past = OwnPast.of(covariates, index, history, reset, observation.counted(index))
        if index not in slow:
            slow[index] = drives.of_neuron(index, past)
        drive = Drive(covariates, past, slow[index], features)
        return Likelihood(covariates, index, past, drive)

    bar = progress_bar(len(indices), show=progress, unit="neurons", text="fitting")
    # A BLAS that splits its work among threads would take the cores from the neurons.
    with threadpool_limits(limits=1, user_api="blas"), bar as report:
        precision = ridge
        if precision is None:
            rested = _in_parallel(lambda index: score_at_rest(likelihood(index)), indices, threads)
            scores, spreads = (np.array(found) for found in zip(*rested, strict=True))
            precision = 1.0 / prior_variance(scores, spreads, indices, covariates.covariance)
        _ = covariates.principal  # computed once, before the threads ask for it
        fits = _in_parallel(
            lambda index: fit(likelihood(index), precision, tol=tol), indices, threads, report
        )
    found = _connectome(covariates, indices, fits, precision)
    warn_of_misfit(found)
    return found


def _connectome(
    covariates: Covariates, indices: NDArray[np.intp], fits: list[Fitted], precision: float
) -> Connectome:
    """Return the fitted neurons side by side."""
    trains, n = covariates.trains, covariates.trains.n_neurons
    weights, errors, z, flatness, synchrony = (np.full((n, n), np.nan) for _ in range(5))
    intercepts, losses = np.full(n, np.nan), np.full(n, np.nan)
    evaluations, converged = np.zeros(n, dtype=int), np.zeros(n, dtype=bool)
    stimulus = np.full((len(fits[0].stimulus), n), np.nan)
    distant = np.full((n, n, fits[0].flatness.distant.shape[1]), np.nan)
    fired = trains.counts > 0
    for index, found in zip(indices, fits, strict=True):
        sources = fired.copy()
        sources[index] = False
        weights[sources, index] = found.weights[sources]
        errors[sources, index] = np.sqrt(found.posterior[sources])
        z[sources, index] = found.weights[sources] / np.sqrt(found.sampling[sources])
        flatness[sources, index] = found.flatness.p_values[sources]
        synchrony[sources, index] = found.flatness.z[sources, 0]
        distant[sources, index] = found.flatness.distant[sources]
        stimulus[:, index] = found.stimulus
        intercepts[index], losses[index] = found.intercept, found.loss
        evaluations[index], converged[index] = found.evaluations, found.converged
    warn_of_unfinished(trains.neurons[indices[~converged[indices]]])
    for array in (weights, errors, z, flatness, synchrony, distant, stimulus):
        array.flags.writeable = False
    prior_sd = 1.0 / math.sqrt(precision) if precision > 0 else math.inf
    rates = covariates.rates / trains.width * 1e3
    return Connectome(
        *(weights, errors, z, intercepts, losses, rates, trains.neurons),
        *(covariates.kernel, trains.width, prior_sd, evaluations, converged),
        *(stimulus, flatness, synchrony, distant),
    )


def _in_parallel(
    work: Callable[[int], T],
    indices: Iterable[int],
    threads: int | None,
    report: Callable[[float], None] = lambda done: None,
) -> list[T]:
    """Return the results for all indices, in order; Ctrl-C cancels work that has not begun."""
    pool = ThreadPoolExecutor(threads or available_cores())
    try:
        found = []
        for result in pool.map(work, [int(index) for index in indices]):
            found.append(result)
            report(len(found))
        return found
    finally:
        pool.shutdown(cancel_futures=True)


def _selected(
    trains: BinnedTrains, counts: NDArray[np.int64], neurons: ArrayLike | None
) -> NDArray[np.intp]:
    """Return the indices of the neurons to fit, without those that fired too rarely."""
    indices = np.arange(trains.n_neurons)
    if neurons is not None:
        wanted = np.unique(np.asarray(neurons))
        known = np.isin(wanted, trains.neurons)
        if wanted.ndim != 1 or len(wanted) == 0 or not known.all():
            missing = ", ".join(map(str, wanted[~known][:5])) or "none given"
            raise NeurosimError(f"neurons not among the {trains.n_neurons} recorded: {missing}")
        indices = np.flatnonzero(np.isin(trains.neurons, wanted))
    enough = counts[indices] >= FEWEST
    if not enough.any():
        raise NeurosimError(
            f"no neuron fired {FEWEST} times or more: so few spikes do not suffice for synapses"
        )
    if not enough.all():
        few = trains.neurons[indices[~enough]]
        named = ", ".join(map(str, few[:10])) + (", ..." if len(few) > 10 else "")
        warnings.warn(
            f"{len(few)} neurons fired fewer than {FEWEST} times ({named}): the synapses onto them "
            "are left as NaN",
            UserWarning,
            stacklevel=3,
        )
    return indices[enough]
