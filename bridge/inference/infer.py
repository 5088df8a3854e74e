"""Synapses from spikes: one logistic neuron for every neuron recorded, all in parallel."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from bridge.inference.connectome import Connectome
from bridge.inference.covariates import Covariates, OwnPast
from bridge.inference.kernel import SynapticKernel
from bridge.inference.neuron import Fitted, Likelihood, fit, prior_variance, score_at_rest
from bridge.inference.trains import BinnedTrains, bin_trains
from neurosim import NeurosimError
from neurosim.progress import progress_bar
from neurosim.resources import available_cores

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
    ridge: float | None = None,
    neurons: ArrayLike | None = None,
    tol: float = 0.01,
    threads: int | None = None,
    progress: bool = False,
) -> Connectome:
    """Recover who is connected to whom, how strongly and with which sign, from spikes alone.

    Each neuron is a logistic neuron that hears the spikes of all others through a synaptic kernel
    and remembers its own last spike: maximum of the exact likelihood, with a normal prior on the
    weights (a generalised linear model of the population: Pillow et al. 2008, Nature 454:995).
    The design matrix is never made, so that a step costs bins + spikes and not bins × neurons.

    Parameters
    ----------
    spikes : SpikeTrains, sequence of arrays, (times, ids), or sequence of neo.SpikeTrain
        As in `bin_trains`: ms, ascending.
    duration : float, optional
        Length of the recording (ms); Neo's trains know theirs.
    bin_width : float
        ms; narrow enough that hardly a neuron fires twice in a bin.
    kernel : SynapticKernel, optional
        Course of a synapse's effect; 10 ms, after 1 ms, if not given.
    history : float
        How long a neuron remembers its last spike (ms), in steps that widen from 1 to 40 ms.
    reset : float, optional
        Refractory period (ms), where a spike wipes out what the neuron has received and input is
        lost until it is over: exact for `LIF` with escape noise. Not done if not given.
    ridge : float, optional
        1/variance of the prior of the weights. By default as large as the neurons' scores say
        (empirical Bayes by moments, over all pairs): long recordings are hardly shrunk, and short
        ones are ranked as by cross-correlation through the same kernel.
    neurons : (n_post,) array_like of int, optional
        Whose synapses to recover, by name; by default those of all.
    tol : float
        How near to the optimum to come, in standard errors.
    threads : int, optional
        By default as many as there are cores. The result is the same to the bit.
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
        Of neurons with too few spikes, of fits that did not converge, of bins with two spikes.
    """
    _check_parameters(history, reset, ridge, tol, threads)
    trains = bin_trains(spikes, duration, bin_width)
    covariates = Covariates(trains, SynapticKernel() if kernel is None else kernel)
    places = _places(trains, neurons)

    def likelihood(place: int) -> Likelihood:
        return Likelihood(covariates, place, OwnPast.of(covariates, place, history, reset))

    bar = progress_bar(len(places), show=progress, unit="neurons", text="fitting")
    # A BLAS that splits its work among threads would take the cores from the neurons.
    with threadpool_limits(limits=1, user_api="blas"), bar as said:
        precision = ridge
        if precision is None:
            rested = _in_parallel(lambda place: score_at_rest(likelihood(place)), places, threads)
            scores, spreads = (np.array(found) for found in zip(*rested, strict=True))
            precision = 1.0 / prior_variance(scores, spreads, places, covariates.covariance)
        _ = covariates.principal  # made once, before the threads ask for it
        fits = _in_parallel(
            lambda place: fit(likelihood(place), precision, tol=tol), places, threads, said
        )
    return _connectome(covariates, places, fits, precision)


def _connectome(
    covariates: Covariates, places: NDArray[np.intp], fits: list[Fitted], precision: float
) -> Connectome:
    """Put the fitted neurons side by side."""
    trains, n = covariates.trains, covariates.trains.n_neurons
    weights, errors, z = (np.full((n, n), np.nan) for _ in range(3))
    intercepts, losses = np.full(n, np.nan), np.full(n, np.nan)
    evaluations, converged = np.zeros(n, dtype=int), np.zeros(n, dtype=bool)
    heard = trains.counts > 0
    for place, found in zip(places, fits, strict=True):
        audible = heard.copy()
        audible[place] = False
        weights[audible, place] = found.weights[audible]
        errors[audible, place] = np.sqrt(found.posterior[audible])
        z[audible, place] = found.weights[audible] / np.sqrt(found.sampling[audible])
        intercepts[place], losses[place] = found.intercept, found.loss
        evaluations[place], converged[place] = found.evaluations, found.converged
    _tell_of_unfinished(trains.neurons[places[~converged[places]]])
    for array in (weights, errors, z):
        array.flags.writeable = False
    prior_sd = 1.0 / math.sqrt(precision) if precision > 0 else math.inf
    rates = covariates.rates / trains.width * 1e3
    return Connectome(
        *(weights, errors, z, intercepts, losses, rates, trains.neurons),
        *(covariates.kernel, trains.width, prior_sd, evaluations, converged),
    )


def _in_parallel(
    work: Callable[[int], T],
    places: Iterable[int],
    threads: int | None,
    said: Callable[[float], None] = lambda done: None,
) -> list[T]:
    """Return the work on each place, in order; Ctrl-C leaves what has not begun undone."""
    pool = ThreadPoolExecutor(threads or available_cores())
    try:
        found = []
        for result in pool.map(work, [int(place) for place in places]):
            found.append(result)
            said(len(found))
        return found
    finally:
        pool.shutdown(cancel_futures=True)


def _places(trains: BinnedTrains, neurons: ArrayLike | None) -> NDArray[np.intp]:
    """Return where the neurons to fit are, without those that fired too rarely."""
    places = np.arange(trains.n_neurons)
    if neurons is not None:
        wanted = np.unique(np.asarray(neurons))
        known = np.isin(wanted, trains.neurons)
        if wanted.ndim != 1 or len(wanted) == 0 or not known.all():
            missing = ", ".join(map(str, wanted[~known][:5])) or "none given"
            raise NeurosimError(f"neurons not among the {trains.n_neurons} recorded: {missing}")
        places = np.flatnonzero(np.isin(trains.neurons, wanted))
    enough = trains.counts[places] >= FEWEST
    if not enough.any():
        raise NeurosimError(
            f"no neuron fired {FEWEST} times or more: synapses cannot be told from so few spikes"
        )
    if not enough.all():
        few = trains.neurons[places[~enough]]
        named = ", ".join(map(str, few[:10])) + (", ..." if len(few) > 10 else "")
        warnings.warn(
            f"{len(few)} neurons fired fewer than {FEWEST} times ({named}): the synapses onto them "
            "are left as NaN",
            UserWarning,
            stacklevel=3,
        )
    return places[enough]


def _tell_of_unfinished(neurons: NDArray[np.int64]) -> None:
    if len(neurons):
        named = ", ".join(map(str, neurons[:10])) + (", ..." if len(neurons) > 10 else "")
        warnings.warn(
            f"the fit of {len(neurons)} neurons ({named}) did not come within tol of its optimum: "
            "give a larger tol or a ridge",
            UserWarning,
            stacklevel=4,
        )


def _check_parameters(
    history: float, reset: float | None, ridge: float | None, tol: float, threads: int | None
) -> None:
    for name, value, most in (("history", history, 1e4), ("reset", reset, 1e3)):
        if value is not None and not 0 <= value <= most:
            raise NeurosimError(f"{name} = {value:g} ms is outside 0 to {most:g} ms")
    if ridge is not None and not (math.isfinite(ridge) and ridge >= 0):
        raise NeurosimError(f"ridge = {ridge:g} is not a finite number from 0")
    if not (math.isfinite(tol) and tol > 0):
        raise NeurosimError(f"tol = {tol:g} standard errors is not a finite number above 0")
    if threads is not None and threads < 1:
        raise NeurosimError(f"threads = {threads} is below 1: give at least one thread")
